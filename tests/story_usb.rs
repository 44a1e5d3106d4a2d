//! A screen that no network reaches, with the real scheduler's data: sticks go there and back, and its figures are those
//! of any other screen.
#![allow(clippy::unwrap_used, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{TownDevice, TownServer, at, fixture, town};
use lichphat::cmd::usb::{self, Imported};
use lichphat_player::journal::{Journal as _, KEEP_MS};
use lichphat_player::usb::watch::Sticks;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::anchor;
use std::path::Path;

const EVE: &str = "2024-09-19";
const ORDER: &str = "clean-street";

fn counted(data: &TestData, from: &str, to: &str) -> u64 {
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", from, "--to", to, "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let lines = report["lines"].as_array().unwrap();
    lines.iter().find(|l| l["screen"] == "C-01").unwrap()["counted"].as_u64().unwrap()
}

async fn export(server: &TownServer, mount: &Path) -> usize {
    let screens = ["C-01".parse().unwrap()];
    let rows = usb::export(&server.rooms, &usb::Stick::open(mount).unwrap(), &screens, None).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].missing, 0);
    rows[0].days
}

async fn import(server: &TownServer, mount: &Path) -> Imported {
    let mut rows = usb::import(&server.rooms, &usb::Stick::open(mount).unwrap()).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// Somebody puts the stick into the screen and takes it along again.
async fn carry(device: &mut TownDevice, mount: &Path) -> usize {
    let (stick, _) = Sticks::new(mount.to_owned(), device.identity.screen.clone()).look();
    device.sim.agent.visit(&stick.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_without_network_lives_from_sticks_and_its_records_count_once() {
    let data = town();
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(&data, at(EVE, "20:00")).await;
    server.plan().await;
    // It was registered in the office; from here on it has nobody to call.
    let mut device = server.device(&data, "C-01").await;
    let mount = tempfile::tempdir().unwrap();

    assert_eq!(export(&server, mount.path()).await, 7);
    assert_eq!(carry(&mut device, mount.path()).await, 0, "nothing was shown yet");
    device.sim.clock.advance_to(at("2024-09-20", "07:00"));
    device.sim.step_until(at("2024-09-21", "23:00"));
    assert!(carry(&mut device, mount.path()).await > 0);

    // The way back: taken once, however often; the receipt goes along on the next trip.
    server.clock.jump_to(at("2024-09-22", "05:00"));
    let before = counted(&data, "2024-09-20", "2024-09-21");
    let kept = tempfile::tempdir().unwrap();
    copy(mount.path(), kept.path());
    let row = import(&server, mount.path()).await;
    assert!(row.taken > 0 && (row.known, row.waiting, row.refused) == (0, 0, 0), "{row:?}");
    assert_eq!(row.proven, row.taken as usize, "the log has them at once, and the stick goes back with the proofs");
    let shown = counted(&data, "2024-09-20", "2024-09-21");
    assert!(before == 0 && shown >= 8, "two days of at least four plays: {shown}");
    let again = import(&server, kept.path()).await;
    assert_eq!((again.taken, again.known), (0, row.taken), "another copy of the same stick");
    assert_eq!(counted(&data, "2024-09-20", "2024-09-21"), shown);
    assert_eq!(import(&server, mount.path()).await.known, 0, "what is held was removed from the stick");

    server.plan().await;
    export(&server, mount.path()).await;
    device.sim.step_until(at("2024-09-22", "06:00"));
    carry(&mut device, mount.path()).await;
    let journal = device.journal();
    assert_eq!((journal.log_fault().unwrap(), journal.first_unproven().unwrap()), (None, None));
    assert!(anchor::size(&journal.anchor().unwrap()) > u64::from(row.taken), "registration and segments");
    let old = device.sim.clock.now().plus_ms(KEEP_MS);
    assert_eq!(
        device.journal().prune(old).unwrap(),
        row.taken as usize,
        "a bus forgets what it has verified, and only that"
    );
    device.sim.step_until(at("2024-09-26", "23:00"));
    carry(&mut device, mount.path()).await;
    server.clock.jump_to(at("2024-09-27", "09:00"));
    assert!(import(&server, mount.path()).await.taken > 0);
    assert!(counted(&data, "2024-09-20", "2024-09-26") > shown, "a week, and no network in it");
    assert_eq!(device.sim.agent.playing().faults(), Vec::<String>::new());
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_stick_comes_to_nothing() {
    let data = town();
    let server = TownServer::start(&data, at(EVE, "20:00")).await;
    let _device = server.device(&data, "C-01").await;
    let mount = tempfile::tempdir().unwrap();
    let victim = tempfile::tempdir().unwrap();
    let ours = mount.path().join("lichphat/screens");
    let segments = ours.join("C-01/segments");
    std::fs::create_dir_all(&segments).unwrap();
    std::fs::write(segments.join("0000000001-0000000001-00000000000000000001"), b"LPH1 nonsense").unwrap();
    std::fs::write(segments.join("large"), vec![0; 1 << 20]).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", segments.join("link")).unwrap();
    std::fs::create_dir(segments.join("directory")).unwrap();
    std::os::unix::fs::symlink(victim.path(), ours.join("C-02")).unwrap();
    std::fs::create_dir(ours.join("..C-03")).unwrap();
    let rows = usb::import(&server.rooms, &usb::Stick::open(mount.path()).unwrap()).await.unwrap();
    let refused: Vec<_> = rows.iter().map(|r| (r.screen.as_str(), r.taken, r.refused)).collect();
    assert_eq!(refused, [("C-01", 0, 4), ("C-02", 0, 1)]);

    // Where the office would write, a link leads away.
    std::fs::remove_dir_all(ours.join("C-01")).unwrap();
    std::os::unix::fs::symlink(victim.path(), ours.join("C-01")).unwrap();
    let screens = ["C-01".parse().unwrap()];
    let stick = usb::Stick::open(mount.path()).unwrap();
    assert!(usb::export(&server.rooms, &stick, &screens, None).await.is_err());
    assert_eq!(std::fs::read_dir(victim.path()).unwrap().count(), 0);

    let words = data.fails(2, &["usb", "export", "--dir", "/no/such/stick"]);
    assert!(words.contains("--dir /no/such/stick") && words.contains("mounted"), "{words}");
    let words = data.fails(2, &["usb", "export", "--dir", victim.path().to_str().unwrap(), "--screen", "C-02"]);
    assert!(words.contains("--screen C-02: has no device yet"), "{words}");
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(|e| e.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
}
