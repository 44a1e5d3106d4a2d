//! The running server and the processes beside it: a listening device hears of a new plan within two
//! seconds, whoever published it; the server plans by itself what was imported; it stops in order.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::town::{fixture, provision, town};
use common::{Serve, TestData};
use lichphat::clock::SystemClock;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport};
use lichphat_player::sim_support::SeededRng;
use lichphat_player::sync::sse::EventReader;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::v1::PlaylistIndex;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A device of screen C-01 that asks and listens.
struct Listener {
    transport: HttpTransport,
    events: EventReader,
}

impl Listener {
    async fn new(data: &TestData, server: &Serve) -> Self {
        let (_, provisioning) = provision(data, "C-01", &server.doors[0]);
        assert_eq!(provisioning.authority, server.authority);
        let pairing = HttpTransport::new(&server.doors[1], &provisioning.authority).unwrap();
        let (key, credentials) = (make_key(&SeededRng::new(1)), Credentials::in_memory().unwrap());
        let identity = register(&pairing, &provisioning, key, credentials, true).await.unwrap();
        let transport = HttpTransport::of(&identity).unwrap();
        let request = Request::get("/device/v1/events");
        let events = transport.events(request).await.unwrap();
        assert_eq!((events.status, events.header("content-type")), (200, Some("text/event-stream")));
        Self { transport, events: EventReader::new(events.body) }
    }

    /// Waits for the next event; false when none comes within `limit`.
    async fn hears(&mut self, limit: Duration) -> bool {
        match tokio::time::timeout(limit, self.events.next()).await {
            Ok(event) => event.expect("the stream goes on").name == "playlist",
            Err(_) => false,
        }
    }

    /// The index when it is another than `etag`, with its own ETag.
    async fn index(&self, etag: &str) -> Option<(PlaylistIndex, String)> {
        let request = Request::get("/device/v1/index");
        let answer = self.transport.send(request.header("if-none-match", etag)).await.unwrap();
        let new = answer.header("etag").unwrap_or_default().to_owned();
        match answer.status {
            304 => None,
            status => {
                assert_eq!(status, 200);
                Some((serde_json::from_slice(&answer.bytes(1 << 20).await.unwrap()).unwrap(), new))
            }
        }
    }
}

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_listening_device_hears_of_a_plan_within_two_seconds_whoever_published_it() {
    let data = town();
    data.ok(&["plan", "run"]); // the server finds nothing new when it starts
    let mut server = data.serve();
    let mut device = Listener::new(&data, &server).await;
    assert!(device.hears(SOON).await, "at once: look at the index");
    let (index, etag) = device.index("").await.unwrap();
    assert_eq!(index.days.len(), 7);
    assert!(device.index(&etag).await.is_none(), "nothing new, nothing sent");

    // another process publishes: one more day for the neighbour, then one for this screen
    let longer = data.path().join("longer.toml");
    std::fs::write(&longer, "horizon_days = 8\n[probe]\nprogram = \"no-such-probe\"\n").unwrap();
    let planner = TestData::at(data.path().to_owned()).with_settings(longer.to_str().unwrap());
    for screen in ["C-02", "C-01"] {
        let done: serde_json::Value = serde_json::from_str(&planner.ok(&["plan", "run", "--screen", screen])).unwrap();
        assert_eq!((done["published"].as_u64(), done["unchanged"].as_u64()), (Some(1), Some(7)), "{done}");
    }
    assert!(device.hears(SOON).await);
    assert!(!device.hears(Duration::from_millis(300)).await, "of its own screen only");
    let (index, etag) = device.index(&etag).await.expect("it is new");
    assert_eq!(index.days.len(), 8);

    // an import is reason enough: the server plans it by itself
    let today = SystemClock::new().now().day(HANOI);
    let order = std::fs::read_to_string(fixture("order.toml")).unwrap();
    let order = order.replace("2024-09-20", &today.to_string()).replace("2024-09-22", &today.plus(2).to_string());
    let path = data.path().join("order.toml");
    std::fs::write(&path, order).unwrap();
    std::fs::copy(fixture("spot.mp4"), path.with_file_name("spot.mp4")).unwrap();
    data.bring("directives", path.to_str().unwrap());
    assert!(device.hears(SOON).await, "of the order's days");
    let (index, _) = device.index(&etag).await.expect("it is new");
    let renewed: Vec<LocalDay> = index.days.iter().filter(|d| d.version.0 > 1).map(|d| d.day).collect();
    assert_eq!(renewed, [today, today.next(), today.plus(2)], "only the order's own days have new versions");

    // another process takes the order back: every listening device is called at once
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(&data.ok(&["approval", "list", "--all", "--format", "json"])).unwrap();
    let order = rows.iter().find(|row| row["campaign"] == "clean-street").unwrap()["number"].to_string();
    data.ok(&["approval", "withdraw", &order, "--reason", "nội dung sai"]);
    let taken_back = Instant::now();
    while device.index("").await.unwrap().0.withdrawals.is_none() {
        assert!(device.hears(SOON).await);
    }
    assert!(device.hears(SOON).await, "it is called");
    let took = taken_back.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");

    // another process asks something of the screen: its device is called, and only its device
    data.ok(&["device", "command", "--screen", "C-01", "--by", "An", "--wait-s", "0", "restart"]);
    let called = async { while device.events.next().await.expect("the stream goes on").name != "command" {} };
    tokio::time::timeout(SOON, called).await.expect("its device is called");
    assert!(data.fails(1, &["device", "command", "--screen", "C-02", "screenshot"]).contains("has no player"));

    // a listener does not hold the server up
    let asked = Instant::now();
    server.stop();
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    data.ok(&["check"]);
}

#[test]
fn processes_that_plan_at_the_same_time_do_not_stumble_over_each_other() {
    let data = town();
    let children: Vec<_> =
        (0..4).map(|_| data.command(&["plan", "run"]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    let published = children.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let done: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        done["published"].as_u64().unwrap()
    });
    assert_eq!(published.sum::<u64>(), 21, "three screens, seven days, each once");
    data.ok(&["check"]);
}
