//! Seen from outside, on a real X screen: broken clips, a part left to others, a box that is nobody's.

use crate::loops::{SAFE, STILL, VIDEO, check_chain, keep_table, publish_now, table};
use crate::machine::{Machine, stop, until};
use crate::screen::clips::{self, MIXED};
use crate::screen::display::Display;
use crate::screen::witness::{Seen, Witness};
use crate::support::FakeServer;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::proof::record::{Cause, PlayRecord, PlayResult};
use lichphat_playlists::wire::device::Provisioning;
use lichphat_playlists::wire::v1::AssetTable;
use std::process::Command;

/// Clip 1 breaks half-way, what follows cannot begin, still 6 is the safe loop.
fn broken_table(server: &FakeServer) -> AssetTable {
    let film = clips::file(&MIXED[0]);
    let broken = clips::half_broken(&std::fs::read(film).unwrap());
    let still = std::fs::read(clips::file(&MIXED[5])).unwrap();
    let noise = (vec![0x5a; 5000], MediaKind::Video, 1);
    keep_table(server, [(broken, MediaKind::Video, 2), noise, (still, MediaKind::Still, 4)])
}

/// The safe loop is on the screen, after something of the plan.
fn is_safe(record: &PlayRecord) -> bool {
    record.item == SAFE && record.result.was_shown()
}

#[tokio::test(flavor = "multi_thread")]
async fn seen_from_outside_a_broken_clip_gives_way_to_the_safe_loop() {
    let machine = Machine::new().await;
    let table = broken_table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let display = Display::start(1280, 720);
    let child = machine.command_on("x11").env("DISPLAY", &display.name).spawn().unwrap();
    machine.has_kept(1, is_safe).await;
    let witness = Witness::watch(&display.name, 1280, 720);
    machine.has_kept(6, is_safe).await;
    let sights = witness.stop();
    stop(child).await;
    let records = machine.server.records();
    check_chain(&records);
    let results = |item: u16| records.iter().filter(move |(_, r)| r.item == item).map(|(_, r)| r.result);
    assert!(results(VIDEO).any(|r| r == PlayResult::Partial(Cause::DecodeError)), "{records:?}");
    assert!(results(STILL).any(|r| matches!(r, PlayResult::Failed(_))), "{records:?}");
    let mut gaps_ms = Vec::new();
    for pair in sights.windows(2) {
        let (Seen::Frame(clip, _), Seen::Frame(next, _)) = (pair[0].seen, pair[1].seen) else {
            panic!("black or something else: {pair:?}")
        };
        if (clip, next) == (1, 6) {
            gaps_ms.push((pair[1].at_us - pair[0].at_us) / 1000);
        }
    }
    println!("from the last good frame to the safe loop, ms: {gaps_ms:?}");
    assert!(gaps_ms.len() > 1, "{sights:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_display_is_left_to_another_program_and_every_record_says_so() {
    let machine = Machine::new().await;
    let table = broken_table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let display = Display::start(1280, 720);
    let settings = machine.dir.path().join("player.toml");
    std::fs::write(&settings, "reserved = { x = 0, y = 540, width = 1280, height = 180 }").unwrap();
    let mut command = machine.command_on("x11");
    let child = command.arg("--config").arg(&settings).env("DISPLAY", &display.name).spawn().unwrap();
    machine.has_kept(1, is_safe).await;
    let lit = [20, 538, 541, 700].map(|y| display.is_lit(y, 1280));
    stop(child).await;
    assert_eq!(lit, [true, true, false, false], "the picture above, nothing of it in the part below");
    let records = machine.server.records();
    assert!(!records.is_empty() && records.iter().all(|(_, r)| r.area_percent == 75), "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_is_nobodys_shows_a_code_until_somebody_enters_it_and_is_never_black() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    machine.server.lock().offline = true;
    let file = machine.dir.path().join("device.toml");
    let provisioning: Provisioning = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let settings = machine.dir.path().join("player.toml");
    let state = machine.dir.path().join("state");
    std::fs::write(&settings, "width_px = 640\nheight_px = 192\n").unwrap();
    let display = Display::start(640, 192);
    let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
    command.args(["run", "--sink", "x11", "--audio", "fake", "--config"]).arg(&settings).arg("--state").arg(&state);
    command.env("DISPLAY", &display.name).env("LICHPHAT_LOG", "lichphat_player=error");
    let refused = command.output().unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(2) && words.contains("--provision FILE") && words.contains("server ="),
        "{words}"
    );

    std::fs::write(&settings, format!("server = {:?}\nwidth_px = 640\nheight_px = 192\n", provisioning.server))
        .unwrap();
    let child = command.spawn().unwrap();
    until("it says that the server cannot be reached", 60, || display.ink_percent(0, 640) > 4).await;
    let witness = Witness::watch(&display.name, 640, 192);
    machine.server.lock().offline = false;
    until("it asks for a code", 60, || machine.server.lock().codes == 1).await;
    until("the QR code is on the screen", 60, || display.ink_percent(480, 160) > 35).await;
    machine.server.lock().codes = 2; // the first code is over
    until("it asks for another code", 60, || machine.server.lock().codes == 3).await;
    publish_now(&machine.server, &table, 1);
    machine.server.lock().lost_registrations = vec![429, 0];
    machine.server.lock().confirmed = Some(provisioning);
    until("it plays", 60, || machine.asked_for("/device/v1/index")).await;
    let registrations = machine.server.lock().requests.iter().filter(|r| *r == "/device/v1/register").count();
    assert_eq!((registrations, machine.server.lock().codes), (3, 3), "a lost answer costs nobody another code");
    machine.has_kept(1, |r| r.result.was_shown()).await;
    let sights = witness.stop();
    stop(child).await;
    assert!(sights.iter().all(|s| s.seen != Seen::Black), "{sights:?}");
    let shown = machine.server.records().iter().filter(|(_, r)| r.result.was_shown()).count();
    assert!(shown >= 1 && machine.asked_for("/device/v1/register"), "{shown}");
}
