//! What a screen on a spared line says and hears in a month, in bytes: the real server over real HTTP, sixteen hours of
//! duty a day, the settings of `[data] sparing`, time told. A week is lived and taken four times and a bit: four weeks took
//! four times as long and came to the same figure. A real box tells some 250 bytes more in each heartbeat. The log follows, and is
//! asked once a day to prove what it holds; in a log of millions a proof has some 24 hashes and not 7, reckoned at 0.3 MB a month more.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends by panicking; helpers outside #[test] do too"
)]

mod common;

use common::TestData;
use common::town::{TownServer, at, fixture};
use lichphat_player::agent::AgentOptions;
use lichphat_player::journal::Journal as _;
use lichphat_player::meter::DataRule;
use lichphat_playlists::proof::anchor;
use lichphat_playlists::time::LocalDay;

/// The town, with sixteen hours a day at its corners.
fn long_days() -> TestData {
    let data = TestData::new().with_settings(&fixture("server.toml"));
    let venues = std::fs::read_to_string(fixture("venues.toml")).unwrap();
    let path = data.path().join("venues.toml");
    std::fs::write(&path, venues.replace("open = \"08:00-12:00\"", "open = \"06:00-22:00\"")).unwrap();
    data.ok(&["import", "units", &fixture("units.csv")]);
    data.ok(&["import", "venues", path.to_str().unwrap()]);
    data.ok(&["import", "screens", &fixture("screens.csv")]);
    data.bring("campaigns", &fixture("loop.toml"));
    data.bring("directives", &fixture("order.toml"));
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spared_line_carries_less_than_ten_megabytes_a_month_beside_media() {
    let data = long_days();
    let (first, days) = ("2024-09-16".parse::<LocalDay>().unwrap(), 7);
    let server = TownServer::start(&data, at("2024-09-15", "20:00")).await;
    let mut device = server.device(&data, "C-01").await;
    let rule = DataRule { sparing: true, ..DataRule::default() };
    let pace = rule.pace(60, 900, 21_600);
    let options = AgentOptions {
        cut_at_age_ms: i64::from(pace.segment_age_s) * 1000,
        prove_every_ms: i64::from(pace.proofs_every_s) * 1000,
        ..AgentOptions::default()
    };
    let line = device.behind(rule, options);
    for day in first.through(first.plus(days - 1)) {
        let text = day.to_string();
        server.clock.jump_to(at(&text, "05:00"));
        server.plan().await;
        let end = at(&day.next().to_string(), "05:00");
        let mut beat = at(&text, "05:00");
        while beat < end {
            server.clock.jump_to(beat);
            device.sim.step_until(beat);
            if beat.since_ms(at(&text, "05:00")) % (i64::from(pace.poll_s) * 1000) == 0 {
                device.sim.agent.sync_once().await.unwrap();
            }
            server.rooms.log.round().await.unwrap(); // so that there is something to prove, and it is asked for
            device.sim.agent.upload_once().await.unwrap();
            device.sim.agent.heartbeat().await.unwrap();
            beat = beat.plus_ms(i64::from(pace.heartbeat_s) * 1000);
        }
    }
    let used = line.used();
    let month_mb = used.control_bytes as f64 * 30.0 / f64::from(days) / 1e6;
    println!("control: {month_mb:.2} MB in 30 days; media: {:.2} MB", used.media_bytes as f64 / 1e6);
    assert!(month_mb < 10.0, "{used:?}");
    assert!(month_mb > 1.0, "it was counted: {used:?}");
    assert_eq!(device.sim.agent.playing().faults(), Vec::<String>::new());
    let journal = device.journal();
    assert!(anchor::size(&journal.anchor().unwrap()) > 90, "it has verified the log");
    assert_eq!(journal.log_fault().unwrap(), None);
}
