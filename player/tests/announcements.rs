//! Stops and gates are announced while the schedule plays: what gives way, what is written down of it, what is made good.

mod support;

use lichphat_player::sim_support::SimDevice;
use lichphat_player::trigger::{Asked, Mode};
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::{Cause, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use support::*;

fn today() -> LocalDay {
    day("2026-11-20")
}

fn clock(text: &str) -> UtcMillis {
    at(today(), text)
}

/// A device at 08:05:06, six seconds into the order's spot of 08:05; the next order's is at 08:05:45, the last at 08:30.
async fn in_the_order(mode: Mode) -> (World, SimDevice) {
    let mut world = World::at(clock("07:55")).await;
    world.options.announcements.mode = mode;
    let mut parts = playlist(today(), "08:00-09:00", &[29_100, 29_145, 30_600]);
    parts.terms[0].min_gap_s = 0;
    world.server.publish(&parts);
    let mut device = world.device();
    device.meet().await;
    device.step_until(clock("08:05:06"));
    (world, device)
}

fn of_order(records: &[PlayRecord]) -> Vec<PlayRecord> {
    records.iter().filter(|r| r.item == IHANOI).copied().collect()
}

fn complete(records: &[PlayRecord]) -> usize {
    of_order(records).iter().filter(|r| r.result == PlayResult::Complete).count()
}

#[tokio::test]
async fn an_announcement_breaks_the_play_off_and_what_was_missed_is_made_good() {
    let (world, mut device) = in_the_order(Mode::Pause).await;
    let before = world.records().len();
    // said again every three seconds, for 45 seconds
    for _ in 0..15 {
        device.agent.hear(Asked::Hold);
        let next = device.clock.now().plus_ms(3_000);
        device.step_until(next);
    }
    let records = world.records();
    assert_eq!(records.len(), before + 1, "nothing begins while it is made");
    let broken = records[before];
    assert_eq!((broken.result, broken.end), (PlayResult::Partial(Cause::Interrupted), clock("08:05:06")));

    device.agent.hear(Asked::Release);
    device.step_until(clock("09:00"));
    let records = world.records();
    let orders = of_order(&records);
    assert_eq!(orders[1].result, PlayResult::Skipped(Cause::Interrupted), "its second went by meanwhile");
    let next = records[before..].iter().find(|r| r.start > broken.end && r.result.was_shown()).unwrap();
    assert_eq!(next.start, clock("08:05:51"), "the screen goes on at once");
    assert_eq!(complete(&records), 3, "all three were shown in the end: {orders:?}");
    let made_good = orders.iter().filter(|r| matches!(r.origin, Origin::MakeGood { .. })).count();
    assert_eq!((made_good, device.agent.playing().core().misses()), (2, 0));
    assert_eq!(device.agent.playing().faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_word_that_is_not_said_again_holds_for_five_seconds() {
    let (world, mut device) = in_the_order(Mode::Pause).await;
    device.agent.hear(Asked::Hold);
    device.step_until(clock("08:10"));
    let records = world.records();
    let at = records.iter().position(|r| r.result == PlayResult::Partial(Cause::Interrupted)).unwrap();
    assert_eq!(records[at + 1].start, clock("08:05:11"));
}

#[tokio::test]
async fn a_contact_that_is_stuck_costs_two_minutes_of_ten_and_is_told() {
    for mode in [Mode::Pause, Mode::Duck] {
        let (world, mut device) = in_the_order(mode).await;
        while device.clock.now() < clock("08:35") {
            device.agent.hear(Asked::Hold);
            let next = device.clock.now().plus_ms(500);
            device.step_until(next);
        }
        let shown_ms: i64 = world
            .records()
            .iter()
            .filter(|r| r.start >= clock("08:05") && r.result.was_shown())
            .map(|r| r.end.since_ms(r.start))
            .sum();
        let lost_s = if mode == Mode::Pause { 3 * 120 } else { 0 };
        assert!((29 * 60 - lost_s - 10..=30 * 60 - lost_s).contains(&(shown_ms / 1000)), "{mode:?}: {shown_ms} ms");
        assert!(device.agent.playing().faults().iter().any(|f| f.contains("stuck contact")));
    }
}

#[tokio::test]
async fn under_a_lowered_sound_a_picture_counts_and_sound_alone_is_made_good() {
    for kind in [MediaKind::Video, MediaKind::Audio] {
        let mut world = World::at(clock("07:55")).await;
        world.options.announcements.mode = Mode::Duck;
        let mut table = assets();
        table.assets[usize::from(IHANOI)].media.kind = kind;
        let (bytes, hash) = table.encode();
        world.server.lock().assets.insert(hash, bytes);
        let mut parts = playlist(today(), "08:00-09:00", &[29_100, 30_600]);
        parts.assets = hash;
        world.server.publish(&parts);
        let mut device = world.device();
        device.meet().await;
        device.step_until(clock("08:05:06"));
        device.agent.hear(Asked::Hold);
        device.step_until(clock("09:00"));
        let orders = of_order(&world.records());
        let (first, made_good) = match kind {
            MediaKind::Audio => (PlayResult::Partial(Cause::Interrupted), 1),
            _ => (PlayResult::Complete, 0),
        };
        assert_eq!((orders[0].result, orders[0].end), (first, clock("08:05:15")), "it is played to its end");
        assert_eq!(device.agent.playing().core().made_good(), made_good);
        assert_eq!(complete(&orders), 2);
    }
}
