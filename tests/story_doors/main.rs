//! Who comes in where: a box is registered at one door and lives with another, people have a third, each with TLS under an
//! authority that nobody had to buy; a new certificate is shown without a restart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod first_day;
mod first_steps;
mod pairing;

use common::town::{again, provision, town};
use common::{Serve, TestData};
use lichphat::certs::Own;
use lichphat::web::{Certificate, Limits, Listener, Router};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _, TransportError};
use lichphat_player::sim_support::SeededRng;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use warp::Filter as _;

/// The status that a door answers with.
async fn asked(url: &str, authority: &str, request: Request) -> Result<u16, TransportError> {
    Ok(HttpTransport::new(url, authority)?.send(request).await?.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_door_answers_what_it_is_for_and_nothing_else() {
    let data = town();
    let server = data.serve();
    let (_, provisioning) = provision(&data, "C-01", &server.doors[0]);
    let (people, [players, pairing]) = (&server.url, [&server.doors[0], &server.doors[1]]);
    let authority = &server.authority;
    let pair = HttpTransport::new(pairing, authority).unwrap();
    let wrong = HttpTransport::new(players, authority).unwrap();
    let register = |door| {
        let (key, credentials) = (make_key(&SeededRng::new(1)), Credentials::in_memory().unwrap());
        register(door, &provisioning, key, credentials, true)
    };
    let refused = register(&wrong).await.unwrap_err().to_string();
    assert!(refused.contains("404"), "nobody is registered where players live: {refused}");
    let identity = register(&pair).await.unwrap();
    let at = |server: &str| HttpTransport::of(&Identity { server: server.to_owned(), ..again(&identity) }).unwrap();
    for (door, status) in [(players, 200), (pairing, 404), (people, 404)] {
        let answer = at(door).send(Request::get("/device/v1/index")).await.unwrap();
        assert_eq!(answer.status, status, "{door}");
    }
    for (door, request, status) in [
        (players, Request::get("/device/v1/index"), 401),
        (players, Request::get("/"), 404),
        (pairing, Request::get("/screens/C-01"), 404),
        (people, Request::get("/screens/C-01"), 303),
        (people, Request::get("/metrics"), 401),
        (people, Request::get("/healthz"), 200),
        (players, Request::get("/healthz"), 200),
    ] {
        let what = format!("{door} {}", request.path);
        assert_eq!(asked(door, authority, request).await.unwrap(), status, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_believed_without_a_certificate_of_the_authority() {
    let (data, other) = (town(), TestData::new());
    let server = data.serve();
    let stranger = other.serve();
    let health = || Request::get("/healthz");
    for door in [&server.url, &server.doors[0], &server.doors[1]] {
        assert_eq!(asked(door, &server.authority, health()).await.unwrap(), 200);
        let refused = asked(door, &stranger.authority, health()).await.unwrap_err().to_string();
        assert!(refused.contains("certificate"), "{refused}");
        assert!(asked(door, "", health()).await.is_err(), "no machine trusts it by itself");
        let mut clear = TcpStream::connect(door.strip_prefix("https://").unwrap()).unwrap();
        clear.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = clear.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "in the clear nothing is said");
    }
    let clear = HttpTransport::new("http://10.1.2.3:8088", "").unwrap_err().to_string();
    assert!(clear.contains("10.1.2.3") && clear.contains("https://"), "no player speaks in the clear: {clear}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_does_not_know_the_time_comes_in_and_believes_nobody_else() {
    let stranger = TestData::new();
    let stranger = std::fs::read_to_string(stranger.path().join("tls/authority.pem")).unwrap();
    for day in ["2020-01-01", "2090-01-01"] {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("keys")).unwrap();
        let own = Own::of(data.path());
        own.keep(&[], day.parse().unwrap()).unwrap();
        let authority = std::fs::read_to_string(&own.authority).unwrap();
        let certificate = Certificate::load(&own.chain, &own.key).unwrap();
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), Some(&certificate)).await.unwrap();
        let url = format!("https://{}", listener.address());
        let service = Router::new().route("healthz", warp::path("healthz").map(|| "ok")).into_service(100);
        tokio::spawn(listener.serve(service, Limits::default(), std::future::pending()));
        assert_eq!(asked(&url, &authority, Request::get("/healthz")).await.unwrap(), 200, "{day}");
        assert!(asked(&url, &stranger, Request::get("/healthz")).await.is_err());
        let elsewhere = url.replace("127.0.0.1", "127.0.0.2");
        assert!(asked(&elsewhere, &authority, Request::get("/healthz")).await.is_err(), "nor another name");
    }
}

/// The certificate that a door shows, as its fingerprint is to a client: who has signed what he believes.
async fn shown(server: &Serve, authority: &str) -> bool {
    asked(&server.url, authority, Request::get("/healthz")).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_from_elsewhere_is_shown_and_its_renewal_without_a_restart() {
    let (first, second) = (TestData::new(), TestData::new());
    for data in [&first, &second] {
        data.serve().stop(); // makes the certificate
    }
    let (data, dir) = (town(), tempfile::tempdir().unwrap());
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let lay = |from: &TestData| {
        for (name, to) in [("tls/server.pem", "chain.pem"), ("keys/tls.key", "key.pem")] {
            std::fs::copy(from.path().join(name), file(to)).unwrap();
        }
        std::fs::read_to_string(from.path().join("tls/authority.pem")).unwrap()
    };
    let old = lay(&first);
    let settings = format!(
        "[probe]\nprogram = 'no-such-probe'\n[tls]\nchain = '{}'\nkey = '{}'\n",
        file("chain.pem"),
        file("key.pem")
    );
    std::fs::write(file("server.toml"), settings).unwrap();
    let data = data.with_settings(&file("server.toml"));
    let server = data.serve();
    assert!(shown(&server, &old).await);
    let (_, provisioning) = provision(&data, "C-01", "https://bang-dien-tu.example");
    assert_eq!(provisioning.authority, "", "whose certificate it is, is for the player's machine to know");

    std::fs::write(file("chain.pem"), "half a fi").unwrap();
    let new = lay(&second);
    let renewed = async {
        while !shown(&server, &new).await {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), renewed).await.expect("it is shown");
    assert!(!shown(&server, &old).await);

    std::fs::write(file("key.pem"), "no key").unwrap();
    let refused = data.fails(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("key.pem") && refused.contains("PEM"), "{refused}");
}
