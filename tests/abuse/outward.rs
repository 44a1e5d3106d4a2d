//! Who is called from here, and by whose word. A scheduler calls its witnesses alone, whose addresses stand in its settings; nothing
//! that comes in over the network or in a file names an address (`cve_2025_54445_xxe_in_imports` and `story_import` listen for that).
//! A name that is rebound leads to a machine that has not the witness's key, and its answer counts for nothing.

use crate::common::TestData;
use crate::common::town::{TownServer, at, town};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// Answers every request with these words, and keeps how often and what it was asked.
fn answering(words: String) -> (String, Arc<AtomicU32>, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (asked, heard) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(String::new())));
    let (count, keep) = (asked.clone(), heard.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut bytes = [0; 4096];
            let n = stream.read(&mut bytes).unwrap_or(0);
            keep.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
            let _ = stream.write_all(words.as_bytes());
        }
    });
    (address, asked, heard)
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{to}/admin\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2026_31955_ssrf_by_a_redirect_or_a_rebound_name() {
    let inside = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into());
    let witness = answering(redirect(&inside.0));
    let dir = tempfile::tempdir().unwrap();
    let lines =
        TestData::at(dir.path().into()).ok(&["witness", "init", "--name", "w", "--dir", dir.path().to_str().unwrap()]);
    let key = lines.lines().nth(1).unwrap().split(' ').nth(2).unwrap().to_owned();
    let data = town();
    let settings = data.path().join("witnessed.toml");
    let text = std::fs::read_to_string(crate::fixture("server.toml")).unwrap();
    let named = format!("{text}\n[[log.witnesses]]\nurl = \"http://{}\"\nkey = \"{key}\"\n", witness.0);
    std::fs::write(&settings, named).unwrap();
    let data = TestData::at(data.path().to_owned()).with_settings(settings.to_str().unwrap());
    let server = TownServer::start(&data, at("2024-09-19", "20:00")).await;
    server.rooms.log.round().await.unwrap();
    assert!(witness.1.load(Ordering::SeqCst) > 0, "the witness was asked");
    assert_eq!(inside.1.load(Ordering::SeqCst), 0, "and nobody else");
    let [(_, standing)] = &server.rooms.log.standings().await.unwrap()[..] else { panic!("one witness") };
    assert!(standing.cosigned.is_none() && standing.trouble.is_some(), "what it has not signed counts for nothing");

    // a player goes nowhere else, least of all with its secret
    let scheduler = answering(redirect(&inside.0));
    let transport = HttpTransport::new(&format!("http://{}", scheduler.0), "").unwrap();
    let answer = transport.send(Request::get("/device/v1/index").header("authorization", "Bearer 1.so-it-goes")).await;
    assert_eq!(answer.unwrap().status, 307);
    assert!(scheduler.2.lock().unwrap().contains("so-it-goes"));
    assert_eq!(inside.1.load(Ordering::SeqCst), 0);
}
