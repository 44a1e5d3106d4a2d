//! A machine with the real player on it and a made-up scheduler on a real socket.

use crate::support::{self, FakeServer, SCREEN};
use futures_util::StreamExt as _;
use lichphat_player::journal::sqlite::FILE_NAME;
use lichphat_player::ports::{Method, Request, Transport as _};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::wire::device::Provisioning;
use rusqlite::{Connection, OpenFlags};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Serves the fake scheduler on a real socket; `call` sends a server-sent event.
async fn serve(listener: TcpListener, server: FakeServer, call: Arc<Notify>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, server.clone(), call.clone()));
    }
}

async fn answer(stream: TcpStream, server: FakeServer, call: Arc<Notify>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut headers, mut length) = (String::new(), Vec::new(), 0);
    stream.read_line(&mut first).await.ok()?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "range" => headers.push(("range", value.to_owned())),
            "authorization" => headers.push(("authorization", value.to_owned())),
            "if-none-match" => headers.push(("if-none-match", value.to_owned())),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut words = first.split(' ');
    let method = if words.next()? == "GET" { Method::Get } else { Method::Post };
    let path = words.next()?.to_owned();
    if server.lock().offline {
        return None; // the connection breaks
    }
    if path == "/device/v1/events" {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n").await.ok()?;
        loop {
            call.notified().await;
            let event = if server.lock().commands.is_empty() { "playlist" } else { "command" };
            stream.write_all(format!("event: {event}\ndata: \"new\"\n\n").as_bytes()).await.ok()?;
        }
    }
    let request = Request { method, path, headers, body: body.into(), urgent: false };
    let mut response = server.send(request).await.ok()?;
    let etag = response.header("etag").map_or(String::new(), |e| format!("etag: {e}\r\n"));
    let mut bytes = Vec::new();
    while let Some(chunk) = response.body.next().await {
        bytes.extend_from_slice(&chunk.ok()?);
    }
    write(&mut stream, response.status, &etag, &bytes).await
}

async fn write(stream: &mut BufReader<TcpStream>, status: u16, headers: &str, body: &[u8]) -> Option<()> {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    stream.flush().await.ok()
}

/// Two cores show one player's pictures in time, not three's.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub(crate) struct Machine {
    _alone: tokio::sync::MutexGuard<'static, ()>,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) server: FakeServer,
    pub(crate) call: Arc<Notify>,
}

impl Machine {
    pub(crate) async fn new() -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        let (server, call) = (FakeServer::new(), Arc::new(Notify::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provisioning = Provisioning {
            server: format!("http://{}", listener.local_addr().unwrap()),
            pairing: String::new(),
            authority: String::new(),
            screen: ScreenCode::new(SCREEN).unwrap(),
            plan_key: support::plan_key().verifying_key().to_base64(),
            approval_key: support::approval_key().verifying_key().to_base64(),
            receipt_key: support::receipt_key().verifying_key().to_base64(),
            command_key: support::command_key().verifying_key().to_base64(),
            log_key: support::log::log_key(4).1,
            token: "0a".into(),
        };
        tokio::spawn(serve(listener, server.clone(), call.clone()));
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("device.toml"), toml::to_string(&provisioning).unwrap()).unwrap();
        Self { _alone: alone, dir, server, call }
    }
    pub(crate) fn start(&self) -> Child {
        self.command().spawn().unwrap()
    }
    pub(crate) fn command(&self) -> Command {
        self.command_on("fake")
    }
    pub(crate) fn command_on(&self, sink: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
        command
            .args(["run", "--sink", sink, "--audio", "fake", "--provision"])
            .arg(self.dir.path().join("device.toml"))
            .arg("--state")
            .arg(self.dir.path().join("state"))
            .env("LICHPHAT_LOG", "lichphat_player=warn")
            .stderr(Stdio::inherit());
        command
    }
    pub(crate) fn asked_for(&self, path: &str) -> bool {
        self.server.lock().requests.iter().any(|r| r == path)
    }
    /// What the running player has written down and not yet sealed, oldest first.
    fn kept(&self) -> rusqlite::Result<Vec<PlayRecord>> {
        let journal = self.dir.path().join("state").join(FILE_NAME);
        let db = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = db.prepare("SELECT record FROM open_record ORDER BY seq")?;
        let records = query.query_map([], |row| row.get::<_, String>(0))?;
        records.map(|text| Ok(serde_json::from_str(&text?).unwrap())).collect()
    }
    /// Waits until at least so many of the records of the running player are such.
    pub(crate) async fn has_kept(&self, least: usize, such: impl Fn(&PlayRecord) -> bool) {
        // before its first moment it has no journal
        let enough = || self.kept().is_ok_and(|records| records.iter().filter(|r| such(r)).count() >= least);
        until("its records say what it showed", 60, enough).await;
    }
}

pub(crate) async fn until(what: &str, limit_s: u64, done: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(limit_s), "not within {limit_s} s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}

pub(crate) async fn stop(mut child: Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "the player does not stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(status.success(), "an orderly stop is a success: {status}");
}
