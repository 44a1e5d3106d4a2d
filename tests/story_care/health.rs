//! What the scheduler says of itself is true: each condition is broken in turn, and seen.

use super::DAY;
use super::common::people::client_of;
use super::common::town::{TownServer, at, fixture, town};
use super::common::{TestData, client};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;

async fn get(server: &TownServer, path: &str) -> (u16, String) {
    let client = client_of(&server.rooms.store).await;
    let answer = client.get(format!("{}/{path}", server.url)).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A moment later, so that nothing is answered from before: the status, and why what is not well.
async fn ready(server: &TownServer) -> (u16, BTreeMap<String, String>) {
    server.clock.jump_to(server.rooms.clock.now().plus_ms(2_000));
    let (status, text) = get(server, "readyz/why").await;
    let said: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(said["ready"], status == 200, "{text}");
    let checks = said["checks"].as_array().unwrap();
    assert_eq!(
        checks.iter().map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["store", "log", "plans", "disk"]
    );
    let bad = checks.iter().filter(|check| check["ok"] == false);
    (status, bad.map(|c| (c["name"].as_str().unwrap().to_owned(), c["why"].as_str().unwrap().to_owned())).collect())
}

fn only(bad: &BTreeMap<String, String>, name: &str) -> String {
    assert_eq!(bad.keys().collect::<Vec<_>>(), [name], "{bad:?}");
    bad[name].clone()
}

/// The figures by name with labels.
async fn figures(server: &TownServer) -> BTreeMap<String, f64> {
    let (status, text) = get(server, "metrics").await;
    assert!(status == 200 && text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(name, n)| (name.to_owned(), n.parse().unwrap())).collect()
}

fn database(data: &TestData) -> Connection {
    Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_only_while_each_condition_holds_and_says_which_does_not() {
    let data = town();
    let server = TownServer::start(&data, at(DAY, "07:50")).await;
    let (status, bad) = ready(&server).await;
    assert_eq!(status, 503);
    assert!(
        only(&bad, "plans")
            .contains("3 screens have no plan of 2024-09-20 (C-01, C-02, L-01 …): today has not been planned yet")
    );
    server.plan().await;
    server.rooms.log.round().await.unwrap();
    assert_eq!(ready(&server).await, (200, BTreeMap::new()));

    // somebody else holds the database: nothing can be written
    let other = database(&data);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, bad) = ready(&server).await;
    assert_eq!((status, only(&bad, "store").as_str()), (503, "nothing could be written for 2 s"));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ready(&server).await.0, 200);

    // the log stands still, first because nobody carries it on, then for a reason of its own
    server.clock.jump_to(at(DAY, "07:56"));
    let (status, bad) = ready(&server).await;
    assert!(status == 503 && only(&bad, "log").starts_with("no round of the log has ended well for 3"), "{bad:?}");
    server.rooms.log.round().await.unwrap();
    assert_eq!(ready(&server).await.0, 200);
    let waits = data.path().join(lichphat::proof::log::HELD);
    std::fs::write(&waits, "").unwrap();
    assert!(server.rooms.log.round().await.is_err());
    server.clock.jump_to(at(DAY, "08:30"));
    assert!(only(&ready(&server).await.1, "log").contains("the data were restored from a backup"));
    std::fs::remove_file(waits).unwrap();
    server.rooms.log.round().await.unwrap();
    assert_eq!(ready(&server).await.0, 200);

    // the plans have run out, and planning says why it makes none
    server.clock.jump_to(at("2024-09-27", "06:00"));
    server.rooms.log.round().await.unwrap();
    assert!(only(&ready(&server).await.1, "plans").contains("2024-09-27"));
    assert_eq!(get(&server, "healthz").await.0, 200, "alive all the same");
    server.plan().await;
    assert_eq!(ready(&server).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_and_a_city_that_cannot_be_planned_are_told() {
    let data = town();
    let settings = data.path().join("greedy.toml");
    let text = std::fs::read_to_string(fixture("server.toml")).unwrap();
    std::fs::write(&settings, format!("{text}\n[store]\nleast_free_mib = 1000000000\n")).unwrap();
    let greedy = TestData::at(data.path().to_owned()).with_settings(settings.to_str().unwrap());
    let server = TownServer::start(&greedy, at(DAY, "07:50")).await;
    server.plan().await;
    let (status, bad) = ready(&server).await;
    assert!(status == 503 && only(&bad, "disk").contains("less than store.least_free_mib = 1000000000"), "{bad:?}");

    let empty = TestData::new().with_settings(&fixture("server.toml"));
    for (kind, file) in [("units", "units.csv"), ("venues", "venues.toml"), ("screens", "screens.csv")] {
        empty.ok(&["import", kind, &fixture(file)]);
    }
    let server = TownServer::start(&empty, at(DAY, "07:50")).await;
    let city = server.rooms.city().await.unwrap();
    server.rooms.plan(&city, |_| true, "story").await.unwrap_err();
    assert!(only(&ready(&server).await.1, "plans").contains("fallback"), "there is no safe loop");
    let figures = figures(&server).await;
    assert_eq!(
        (figures["lichphat_planning_runs_total{ended=\"failed\"}"], figures["lichphat_screens_unplanned"]),
        (1.0, 3.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_what_happened() {
    let data = town();
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(&data, at(DAY, "07:50")).await;
    server.plan().await;
    let mut device = server.device(&data, "C-01").await;
    server.live(&mut device, at(DAY, "09:00")).await;
    device.sim.agent.heartbeat().await.unwrap();
    server.rooms.log.round().await.unwrap();
    // one is refused, and somebody tries words and paths that are none of ours
    let client = client();
    let certificate = device.identity.credentials.header().unwrap();
    let segments = || client.post(format!("{}/device/v1/segments", server.url)).header("client-cert", &certificate);
    assert_eq!(segments().body("no segment").send().await.unwrap().status(), 422);
    let odd = client.request("BREW".parse().unwrap(), format!("{}/wp-login.php", server.url));
    assert_eq!(odd.send().await.unwrap().status(), 404);
    server.clock.jump_to(at(DAY, "09:01"));

    let then = figures(&server).await;
    let db = database(&data);
    let n = |sql: &str| db.query_row(sql, [], |row| row.get::<_, f64>(0)).unwrap();
    let (acked, entries) =
        ("SELECT CAST(sum(acked_seq) AS REAL) FROM mark", "SELECT CAST(max(size) AS REAL) FROM log_checkpoint");
    assert!(then["lichphat_records_total"] == n(acked) && n(acked) > 10.0, "{then:?}");
    assert!(then["lichphat_log_published_entries"] == n(entries) && then["lichphat_log_entries"] == n(entries));
    assert_eq!(then["lichphat_plans_published_total"], 21.0);
    for (name, value) in [
        ("lichphat_segments_total{outcome=\"refused\"}", 1.0),
        ("lichphat_segments_refused_total{reason=\"bad-segment\"}", 1.0),
        ("lichphat_requests_total{class=\"other\",method=\"other\",status=\"404\"}", 1.0),
        ("lichphat_devices{state=\"present\"}", 1.0),
        ("lichphat_devices{state=\"silent\"}", 0.0),
        ("lichphat_planning_runs_total{ended=\"well\"}", 1.0),
        ("lichphat_planning_seconds_count", 1.0),
        ("lichphat_screens_unplanned", 0.0),
        ("lichphat_log_round_age_seconds", 60.0),
        ("lichphat_log_checkpoint_age_seconds", 60.0),
        ("lichphat_store_waiting", 0.0),
        ("lichphat_ready{check=\"log\"}", 1.0),
    ] {
        assert_eq!(then.get(name), Some(&value), "{name}: {then:#?}");
    }
    let accepted = "lichphat_segments_total{outcome=\"accepted\"}";
    let asked = then["lichphat_requests_total{class=\"device\",method=\"POST\",status=\"200\"}"];
    assert!(then[accepted] > 0.0 && asked > then[accepted] && then["lichphat_disk_free_bytes"] > 0.0);

    // silence, a log that stands still and a writer that waits are seen
    let other = database(&data);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    server.clock.jump_to(at(DAY, "09:30"));
    let now = figures(&server).await;
    assert!(now["lichphat_store_waiting"] > 0.0, "the pulse waits");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!((now["lichphat_devices{state=\"silent\"}"], now["lichphat_ready{check=\"log\"}"]), (1.0, 0.0));
    assert_eq!((now["lichphat_ready{check=\"store\"}"], now["lichphat_log_round_age_seconds"]), (0.0, 1800.0));
    assert_eq!(now[accepted], then[accepted]);

    // nothing that grows with the city, and no secret
    let (_, text) = get(&server, "metrics").await;
    assert!(!text.contains("C-01") && !text.contains(&certificate) && text.lines().count() < 200, "{text}");
}
