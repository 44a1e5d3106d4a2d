//! The log lines of a session: one object each, every request under its id, what was played named, and no secret in them.

use super::common::town::{fixture, provision, town};
use super::common::{Serve, TestData, client};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ids::{BootId, PlanHash, Seq, Sha256Hash};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::{DisplayLevel, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::HANOI;
use serde_json::Value;

/// A port that is free.
const ANY: &str = "127.0.0.1:0";

/// The server at its most talkative, logging into a file.
fn serve(data: &TestData, file: &std::path::Path) -> Serve {
    let mut command = data.command(&["serve", "--listen", ANY, "--players", ANY, "--pairing", ANY]);
    command.env("RUST_LOG", "trace").stderr(std::fs::File::create(file).unwrap());
    Serve::logging_to(command, file, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_has_an_id_in_the_log_and_no_secret_is_there() {
    let data = town();
    let (settings, file) = (data.path().join("json.toml"), data.path().join("serve.log"));
    let text = std::fs::read_to_string(fixture("server.toml")).unwrap();
    std::fs::write(&settings, format!("log_lines = \"json\"\n{text}[tls]\nenabled = false\n")).unwrap();
    let data = TestData::at(data.path().to_owned()).with_settings(settings.to_str().unwrap());
    let mut server = serve(&data, &file);
    let (_, provisioning) = provision(&data, "C-01", &server.doors[0]);
    let transport = HttpTransport::new(&server.doors[1], "").unwrap();
    let identity =
        register(&transport, &provisioning, make_key(&SeededRng::new(1)), Credentials::in_memory().unwrap(), false)
            .await
            .unwrap();
    let client = client();
    let device = |method: &str, path: &str, id: &str| {
        let request = client.request(method.parse().unwrap(), format!("{}/device/v1/{path}", server.doors[0]));
        request.header("client-cert", identity.credentials.header().unwrap()).header("x-request-id", id)
    };
    let now = lichphat::clock::SystemClock::new().now();
    let play = PlayRecord {
        plan: PlanHash::of(b"a plan that is not held"),
        boot: BootId(1),
        display: DisplayLevel::D1,
        ..PlayRecord::whole(now.plus_ms(-60_000), now.plus_ms(-50_000))
    };
    let segment = Segment {
        device: identity.device,
        epoch: identity.epoch,
        first_seq: Seq(1),
        screen: identity.screen.clone(),
        offset: HANOI,
        simulated: false,
        previous: Sha256Hash([0; 32]),
        anchor: String::new(),
        records: vec![play],
    };
    let body = segment.seal(&identity.evidence).as_bytes().to_vec();
    let taken = device("POST", "segments", "proxy-17").body(body).send().await.unwrap();
    assert_eq!((taken.status().as_u16(), &taken.headers()["x-request-id"]), (200, &"proxy-17".parse().unwrap()));
    let odd = device("GET", "index?secret=so-it-goes", "two words \"}").send().await.unwrap();
    let made = odd.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert!(made.len() == 16 && made.chars().all(|c| c.is_ascii_hexdigit()), "{made}");
    let wrong =
        client.get(format!("{}/device/v1/index", server.doors[0])).header("authorization", "Bearer 1.0123456789abcdef");
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    server.stop();

    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |message: &str, id: &str| {
        let found = lines.iter().find(|line| line["message"] == message && line["span"]["id"] == id);
        found.unwrap_or_else(|| panic!("{message}, {id}: {text}")).clone()
    };
    let answered = of("answered", "proxy-17");
    assert_eq!((&answered["span"]["method"], &answered["span"]["class"]), (&"POST".into(), &"device".into()));
    assert_eq!(answered["status"], 200);
    assert!(answered["took_ms"].is_u64() && answered["timestamp"].is_string() && answered["level"] == "DEBUG");
    let came = of("a segment came", "proxy-17");
    let play = (came["device"].as_str(), came["epoch"].as_str(), came["first"].as_str(), came["last"].as_str());
    let (number, epoch) = (identity.device.to_string(), identity.epoch.to_string());
    assert_eq!(play, (Some(&*number), Some(&*epoch), Some("1"), Some("1")));
    assert_eq!(of("answered", &made)["span"]["class"], "device");
    // the first lines of the session are words for people, the rest is JSON
    assert!(text.lines().count() - lines.len() <= 4, "{text}");

    let certificate = identity.credentials.header().unwrap();
    let seed = hex::encode(identity.evidence.seed());
    let keys = ["plan", "receipt", "command", "log"].map(|name| {
        let file = std::fs::read_to_string(data.path().join(format!("keys/{name}.key"))).unwrap();
        file.lines().nth(1).unwrap().to_owned()
    });
    let secrets = [&certificate, &provisioning.token, &seed, "0123456789abcdef", "so-it-goes"].map(str::to_owned);
    for secret in secrets.iter().chain(&keys) {
        assert!(secret.len() >= 10 && !text.contains(secret.as_str()), "{secret} is in the log");
    }
}
