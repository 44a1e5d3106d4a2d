//! Holes through which signage systems were really broken into, each tried against the running product. A test bears the name of its hole.
//!
//! | hole | where it is tried |
//! | --- | --- |
//! | traversal on upload and log download, CVE-2024-7399, CVE-2025-4632, CVE-2019-20354 | `uploads`, `doors` |
//! | hard-coded credentials, CVE-2025-54454 | `secrets` |
//! | XXE in XML and SVG, CVE-2025-54445 | `files`; in media: `files_that_mean_harm_are_refused_one_by_one_and_leave_nothing_behind` (`story_import`) |
//! | zip slip, CVE-2023-33177 | `files`; sticks: `a_hostile_stick_comes_to_nothing` (`story_usb`) |
//! | SQL injection in filters and sort, CVE-2024-41802 | `doors` |
//! | secrets in API answers, CVE-2024-29023 | `secrets`, where logs and lists of processes are read as well; `every_request_has_an_id_in_the_log_and_no_secret_is_there` (`story_care`) |
//! | template injection, CVE-2025-62369 | `names` |
//! | SSRF with redirects and rebinding, CVE-2026-31955 | `outward` |
//! | every route x every role x a foreign unit, CVE-2026-31956 | `matrix` |
//! | hostile media names, CVE-2018-17173 | `names_that_mean_harm_are_only_words_and_never_paths` (`story_import`) |
//! | player as root, CVE-2025-3925 | `no_service_runs_as_root_and_each_is_shut_in_as_far_as_its_work_allows` (`presets`) |
//! | XSS in any name of the console, CVE-2017-17737 | `names` |
//! | replayed statistics, count = 1e9 | `evidence` |
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "../common/mod.rs"]
mod common;

mod doors;
mod evidence;
mod files;
mod matrix;
mod names;
mod outward;
mod programs;
mod promises;
mod secrets;
mod uploads;

use common::people::{Pass, everything};
use common::town::{fixture, import, provision, town};
use common::{Serve, TestData};
use lichphat::store::Store;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::device::Provisioning;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// A town with an order, a server with TLS on real ports, and a player that is registered there.
struct House {
    data: TestData,
    server: Serve,
    player: Identity,
    /// Of whoever may everything.
    pass: Pass,
}

impl House {
    async fn new() -> Self {
        let data = town();
        let settings = data.path().join("busy.toml"); // whoever asks so much is not to be told to wait
        let text = std::fs::read_to_string(fixture("server.toml")).unwrap()
            + "[web]\napi_requests_per_s = 10000\nmax_upload_mib = 1\n";
        std::fs::write(&settings, text).unwrap();
        let data = data.with_settings(settings.to_str().unwrap());
        let today = today();
        let order = std::fs::read_to_string(fixture("order.toml")).unwrap();
        let order = order.replace("from = 2024-09-20", &format!("from = {today}"));
        let order = order.replace("to = 2024-09-22", &format!("to = {}", today.plus(20)));
        import(&data, "directives", "order.toml", &order);
        data.ok(&["plan", "run"]);
        // what comes over the network is measured, or it does not come in; this probe takes everything for a still
        let probe = data.path().join("probe");
        std::fs::write(&probe, "#!/bin/sh\necho '{\"kind\":\"still\",\"duration_ms\":null}'\n").unwrap();
        std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o755)).unwrap();
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, text.replace("no-such-probe", probe.to_str().unwrap())).unwrap();
        let server = data.serve();
        let (_, file) = provision(&data, "C-01", &server.doors[0]);
        let player = player(&server, &file).await;
        let pass = pass_of(&data).await;
        Self { data, server, player, pass }
    }

    /// The player at its door, with this method, path and body.
    fn as_player(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        as_player(&self.server, &self.player, &format!("{method} {path}"), body)
    }

    /// Somebody who has signed in with a browser.
    fn page(&self, path: &str) -> Answer {
        let headers = format!("cookie: {}\r\n", self.pass.cookie);
        ask(&self.server.url, &self.server.authority, &format!("GET {path}"), &headers, b"")
    }

    /// A program with a token.
    fn api(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let headers = format!("authorization: {}\r\ncontent-type: {kind}\r\n", self.pass.bearer);
        ask(&self.server.url, &self.server.authority, &format!("{method} {path}"), &headers, body)
    }

    /// Every file below the data directory that is no working file of the database, by path, with its length.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut dirs = vec![self.data.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => dirs.push(entry.path()),
                    false => files.push(entry.path().display().to_string()),
                }
            }
        }
        files.retain(|path| !path.contains("lichphat.db") && !path.contains("/log/"));
        files.sort();
        files
    }
}

/// An account with every role, signed in now.
async fn pass_of(data: &TestData) -> Pass {
    let store = Store::open(data.path(), 1).unwrap();
    everything(&store, lichphat::clock::SystemClock::new().now()).await
}

/// The day it is.
fn today() -> LocalDay {
    lichphat::clock::SystemClock::new().now().day(HANOI)
}

/// What a server said.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// A player that was registered with this file.
async fn player(server: &Serve, file: &Provisioning) -> Identity {
    let door = HttpTransport::new(&server.doors[1], &server.authority).unwrap();
    let credentials = Credentials::in_memory().unwrap();
    register(&door, file, make_key(&SeededRng::new(1)), credentials, true).await.unwrap()
}

/// A player at its door.
fn as_player(server: &Serve, player: &Identity, what: &str, body: &[u8]) -> Answer {
    said(&server.doors[0], &server.authority, Some(&player.credentials), what, "", body).unwrap()
}

/// Somebody without a certificate.
fn ask(door: &str, authority: &str, what: &str, headers: &str, body: &[u8]) -> Answer {
    loop {
        let answer = said(door, authority, None, what, headers, body).unwrap();
        if answer.status != 202 || !what.starts_with("GET /") || what.starts_with("GET /api/") {
            return answer;
        }
        // a page whose figures are not there yet comes by itself
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// One request, byte by byte as it stands here: clients of HTTP would straighten what is crooked. An error: nothing was said.
fn said(
    door: &str,
    authority: &str,
    shown: Option<&Arc<Credentials>>,
    what: &str,
    headers: &str,
    body: &[u8],
) -> Result<Answer, String> {
    let mut stream = line_to(door, authority, shown);
    stream.write_all(&[&head_of(door, what, headers, body.len()), body].concat()).map_err(|error| error.to_string())?;
    answered(stream, what)
}

type Line = StreamOwned<ClientConnection, TcpStream>;

/// A line to a door, on which nothing was said yet.
fn line_to(door: &str, authority: &str, shown: Option<&Arc<Credentials>>) -> Line {
    let address = door.strip_prefix("https://").unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let config = match shown {
        Some(credentials) => config.with_client_cert_resolver(Arc::clone(credentials) as Arc<dyn ResolvesClientCert>),
        None => config.with_no_client_auth(),
    };
    let tls = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    StreamOwned::new(tls, TcpStream::connect(address).unwrap())
}

/// The head of a request whose body is as long as that.
fn head_of(door: &str, what: &str, headers: &str, length: usize) -> Vec<u8> {
    let address = door.strip_prefix("https://").unwrap();
    format!("{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n")
        .into()
}

/// What comes back on it.
fn answered(mut stream: Line, what: &str) -> Result<Answer, String> {
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said); // who closes without a TLS farewell has answered all the same
    let said = String::from_utf8_lossy(&said).into_owned();
    let (head, body) = said.split_once("\r\n\r\n").ok_or_else(|| format!("{what}: no answer: {said:?}"))?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| format!("{what}: {head}"))?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Private keys of a data directory: what must never be seen, a line each.
fn private_keys(data: &Path) -> Vec<String> {
    let files = std::fs::read_dir(data.join("keys")).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.map(|path| std::fs::read_to_string(path).unwrap());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.len() >= 40 && !line.contains(['-', '#', ' '])).collect()
}
