//! Stories of the command line: a newcomer makes a data directory, fills the library, serves it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};

#[test]
fn a_newcomer_inits_twice_and_nothing_is_lost() {
    let data = TestData::empty();
    let before = data.fails(2, &["media", "list"]);
    assert!(before.contains("run first") && before.contains("init"), "{before}");
    data.ok(&["init"]);
    let files = ["keys/plan.key", "keys/authority.key", "tls/authority.pem", "tls/server.pem"];
    let made = || files.map(|file| std::fs::read(data.path().join(file)).unwrap());
    let first = made();
    data.ok(&["init"]);
    assert_eq!(made(), first);
}

#[test]
fn files_go_into_the_library_and_come_out_as_a_list() {
    let data = TestData::new();
    let poster = data.path().join("poster.png");
    std::fs::write(&poster, b"pixels").unwrap();
    let settings = data.path().join("server.toml");
    std::fs::write(&settings, "[probe]\nprogram = \"no-such-player\"\n").unwrap();
    let (poster, settings) = (poster.to_str().unwrap(), settings.to_str().unwrap());
    let add = ["--config", settings, "media", "add", poster];
    assert!(data.fails(1, &add).contains("--kind"));
    data.ok(&[add.as_slice(), &["--kind", "still", "--duration-s", "10"]].concat());
    let list: serde_json::Value = serde_json::from_str(&data.ok(&["media", "list", "--format", "json"])).unwrap();
    assert_eq!((list[0]["name"].as_str(), list[0]["duration_s"].as_u64()), (Some("poster.png"), Some(10)));
    let csv = data.ok(&["media", "list", "--format", "csv"]);
    assert!(csv.starts_with("hash,kind,duration_s,duration_ms,size_bytes,name,added\n") && csv.lines().count() == 2);
}

#[test]
fn the_server_answers_and_stops_when_asked() {
    let data = TestData::new();
    let mut server = data.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let health: serde_json::Value = runtime.block_on(async {
        let transport = HttpTransport::new(&server.url, &server.authority).unwrap();
        let answer = transport.send(Request::get("/healthz")).await.unwrap();
        serde_json::from_slice(&answer.bytes(4096).await.unwrap()).unwrap()
    });
    assert_eq!(health["status"], "ok");
    server.stop();
}

#[test]
fn wrong_settings_end_with_the_line_and_the_key() {
    let data = TestData::new();
    let settings = data.path().join("server.toml");
    std::fs::write(&settings, "# mine\nlisten = \"127.0.0.1:1\"\nhorizont_days = 3\n").unwrap();
    let words = data.fails(2, &["--config", settings.to_str().unwrap(), "media", "list"]);
    assert!(words.contains("line 3") && words.contains("horizont_days"), "{words}");
    assert!(data.fails(2, &["media", "list", "--format", "xml"]).contains("xml"));
}

#[test]
fn whoever_reads_vietnamese_is_told_in_vietnamese() {
    let data = TestData::new();
    for (call, code, wanted) in [
        (&["report", "compliance", "--campaign", "x", "--from", "26/11/2026"][..], 2, "theo mẫu 2026-11-26"),
        (&["media", "lst"], 2, "có phải bạn muốn viết: list"),
        (&["people", "code", "ai-do"], 2, "không có tài khoản này"),
        (&["peaks", "follow", "nowhere", "--by", "A"], 2, "không có màn hình hay loại địa điểm này"),
        (&["usb", "export", "--dir", "no/such/place"], 2, "hãy ghi thư mục nơi USB được gắn"),
        (&["verify", "no-such.zip"], 2, "không đọc hoặc ghi được"),
        (&["release", "list", "--config", "no-such.toml"], 2, "cấu hình sai"),
    ] {
        let words = data.fails(code, &[call, &["--lang", "vi"]].concat());
        assert!(words.contains(wanted), "{call:?}: {words}");
    }
    assert!(data.ok(&["media", "list", "--lang", "vi"]).contains("dài giây"), "headings are for people");
    assert!(data.ok(&["media", "list", "--lang", "vi", "--format", "csv"]).starts_with("hash,kind,duration_s,"));
}
