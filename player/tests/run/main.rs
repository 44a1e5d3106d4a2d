//! Stories of `lichphat-player run`, through the real program: real files, real HTTP, real time, the
//! real stage on a fake sink.
#![cfg(feature = "stage-gstreamer")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

mod announced;
mod loops;
mod machine;
mod outside;
#[path = "../screen/mod.rs"]
mod screen;
mod stick;
#[path = "../support/mod.rs"]
mod support;

use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::wire::command::{Ask, Outcome};
use lichphat_playlists::wire::sign::Envelope;
use loops::{check_chain, now, publish_now, table};
use machine::{Machine, stop, until};
use std::process::Command;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_real_player_plays_hears_of_changes_survives_a_kill_and_a_dead_scheduler() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    let first = publish_now(&machine.server, &table, 1);
    let child = machine.start();
    let frames = |name: &str| machine.dir.path().join("state").join(name);
    until("the first playlist is asked for", 60, || machine.asked_for(&format!("/device/v1/plans/{}", first[0]))).await;
    until("a heartbeat comes", 60, || machine.asked_for("/device/v1/heartbeat")).await;
    machine.has_kept(2, is_whole).await;

    // The scheduler calls: the new playlist is fetched long before the next look, a minute away.
    let second = publish_now(&machine.server, &table, 2);
    machine.call.notify_one();
    let path = format!("/device/v1/plans/{}", second[0]);
    until("the new playlist is asked for", 10, || machine.asked_for(&path)).await;
    machine.has_kept(2, |r| is_whole(r) && second.contains(&r.plan)).await;
    stop(child).await;
    let records = machine.server.records();
    check_chain(&records);
    let whole: Vec<&PlayRecord> = records.iter().map(|(_, r)| r).filter(|r| is_whole(r)).collect();
    assert!(whole.len() >= 4, "what it wrote down it hands over: {records:?}");
    for record in &whole {
        let length_ms = i64::from(table.assets[usize::from(record.item)].media.duration_s) * 1000;
        let taken = i64::from(record.frames_rendered + record.frames_dropped);
        assert_eq!(taken, length_ms * 30 / 1000, "every output slot is accounted for");
        assert_eq!(record.display, DisplayLevel::D1);
    }
    assert!(whole.iter().any(|r| second.contains(&r.plan)));
    for name in ["identity.toml", "evidence.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(frames(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }

    // Killed in the middle of a play, and on again with the scheduler gone: it plays from its disk.
    let held = records.len();
    let mut child = machine.start();
    machine.has_kept(1, |r| r.result.was_shown()).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    machine.server.lock().offline = true;
    let child = machine.start();
    machine.has_kept(3, |r| r.result.was_shown()).await;
    stop(child).await;
    assert_eq!(machine.server.records().len(), held, "nothing can be sent");
    machine.server.lock().offline = false;
    let child = machine.start();
    until("everything is sent", 60, || machine.server.records().len() > held + 2).await;
    stop(child).await;
    check_chain(&machine.server.records());
    let registered = machine.server.lock().requests.iter().filter(|r| *r == "/device/v1/register").count();
    assert_eq!(registered, 1, "a registered device never registers again");

    // An auditor in front of the box takes its own word on how far its records go, past every scheduler.
    let word = machine.dir.path().join("word");
    let mut ask = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
    let asked = ask.arg("head").arg(&word).arg("--state").arg(frames("")).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let envelope = Envelope::from_bytes(std::fs::read(word).unwrap()).unwrap();
    let head = DeviceHead::open(&envelope, &machine.server.lock().device_key.unwrap()).unwrap();
    assert_eq!(Some(head.sealed), machine.server.records().last().map(|(seq, _)| *seq));
}

/// A play of the plan, shown from its beginning to its end.
fn is_whole(record: &PlayRecord) -> bool {
    record.result == PlayResult::Complete && matches!(record.origin, Origin::Planned { .. })
}

/// Milliseconds until the next kill, from a small seeded sequence: the same moments in every run.
fn moments() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(20_261_126u64), |x| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
        .map(|x| 300 + (x >> 33) % 1_500)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_plays_again_and_counts_nothing_twice() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    let first = publish_now(&machine.server, &table, 1);
    let child = machine.start();
    until("the playlist is asked for", 60, || machine.asked_for(&format!("/device/v1/plans/{}", first[0]))).await;
    machine.has_kept(1, |r| r.result.was_shown()).await;
    stop(child).await;
    let mut last = now();
    let kills = std::env::var("LICHPHAT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    for (n, ms) in moments().take(kills).enumerate() {
        if n % 50 == 49 {
            publish_now(&machine.server, &table, 2 + n as u32 / 50); // the loop lasts five minutes
        }
        let mut child = machine.start();
        tokio::time::sleep(Duration::from_millis(ms)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        last = now();
    }
    let child = machine.start();
    machine.has_kept(1, |r| r.start > last && r.result.was_shown()).await;
    stop(child).await;
    let records = machine.server.records();
    check_chain(&records);
    let shown = records.iter().map(|(_, r)| r).find(|r| r.start > last && r.result.was_shown());
    let waited_ms = shown.expect("it plays again").start.since_ms(last);
    assert!(waited_ms < 5_000, "dark for {waited_ms} ms after the last kill");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_hears_of_the_start_of_every_breath_and_of_the_stop() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let path = machine.dir.path().join("notify");
    let manager = tokio::net::UnixDatagram::bind(&path).unwrap();
    let child = machine.command().env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "600000").spawn().unwrap();
    let mut heard = Vec::new();
    let mut bytes = [0u8; 256];
    while heard.iter().filter(|text| *text == "WATCHDOG=1").count() < 5 {
        let read = tokio::time::timeout(Duration::from_secs(20), manager.recv(&mut bytes)).await.unwrap().unwrap();
        heard.push(String::from_utf8_lossy(&bytes[..read]).trim().to_owned());
    }
    assert_eq!(heard[0], "READY=1");
    stop(child).await;
    while let Ok(read) = manager.try_recv(&mut bytes) {
        heard.push(String::from_utf8_lossy(&bytes[..read]).trim().to_owned());
    }
    assert_eq!(heard.last().unwrap(), "STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_player_shows_itself_says_its_log_and_starts_again_once_when_asked() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    publish_now(&machine.server, &table, 1);
    machine.server.lock().no_receipts = true; // a fault of its records keeps nobody from asking what is wrong
    let mut child = machine.start();
    until("a heartbeat comes", 60, || machine.asked_for("/device/v1/heartbeat")).await;
    let soon = now().plus_ms(600_000);
    machine.server.ask(1, Ask::Identify { name: "Sảnh tiếp dân".into() }, soon);
    machine.server.ask(2, Ask::Screenshot, soon);
    machine.server.ask(3, Ask::Log { lines: 50 }, soon);
    machine.call.notify_one();
    until("all is answered", 60, || machine.server.outcomes().len() == 3).await;
    let outcomes = machine.server.outcomes();
    assert!(matches!(&outcomes[0].1, Outcome::Shown(shown) if shown.challenge.is_none()), "{outcomes:?}");
    let Outcome::Picture { jpeg } = &outcomes[1].1 else { panic!("{outcomes:?}") };
    assert!(jpeg.starts_with("/9j/") && jpeg.len() > 2_000, "a JPEG, by its first three bytes");
    assert!(matches!(&outcomes[2].1, Outcome::Log { text } if text.contains("a command")), "{outcomes:?}");
    let health = machine.server.lock().heartbeats.last().unwrap().health.clone();
    assert!(health.disk.is_some() && health.memory.is_some() && health.player_memory_bytes > Some(10 << 20));
    assert!(health.versions.framework.is_some_and(|v| v.starts_with("GStreamer")) && health.versions.kernel.is_some());

    let faults = machine.server.lock().heartbeats.last().unwrap().faults.join(" ");
    assert!(faults.contains("500 to the receipt"), "{faults}");
    machine.server.lock().no_receipts = false;
    machine.server.ask(4, Ask::Restart, soon);
    machine.call.notify_one();
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(75), "it asks to be started again");
    assert_eq!(machine.server.outcomes().len(), 3, "nobody has started again yet");
    let child = machine.start();
    until("the started player answers", 60, || machine.server.outcomes().len() == 4).await;
    assert_eq!(machine.server.outcomes()[3], (4, Outcome::Done));
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop(child).await; // it still runs: the restart was done once
    check_chain(&machine.server.records());
}
