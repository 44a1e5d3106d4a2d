//! A screen's days, told through its public doors: simulated clock and stage, a tiny scheduler in
//! memory, the real agent.

mod support;

use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{HANOI, LocalDay};
use support::*;

const MINUTE_MS: i64 = 60_000;

fn today() -> LocalDay {
    day("2026-11-20")
}

fn planned(records: &[PlayRecord]) -> Vec<(u32, PlayResult)> {
    let slot = |r: &PlayRecord| match r.origin {
        Origin::Planned { slot } => Some((slot, r.result)),
        _ => None,
    };
    records.iter().filter_map(slot).collect()
}

#[tokio::test]
async fn a_day_is_played_to_its_end_and_every_record_is_exact() {
    let world = World::at(at(today(), "07:30")).await;
    let parts = playlist(today(), "08:00-09:00;13:00-14:00", &[29_100, 30_000, 31_500, 47_000, 48_005]);
    let plan = world.server.publish(parts.clone());
    let mut device = world.device();
    device.run_until(at(today(), "15:00"), 10 * MINUTE_MS).await;
    device.stop().await;

    let table = assets();
    let records = world.server.records();
    assert_eq!(records.len(), parts.slots.len(), "one record for each slot, and no more");
    for (i, ((seq, record), slot)) in records.iter().zip(&parts.slots).enumerate() {
        let length_ms = i64::from(table.assets[usize::from(slot.item)].media.duration_s) * 1000;
        assert_eq!(seq.0, i as u64 + 1);
        assert_eq!(record.origin, Origin::Planned { slot: i as u32 });
        assert_eq!((record.plan, record.item), (plan, slot.item));
        assert_eq!(record.start, today().at(slot.start_s, HANOI), "slot {i} starts to the millisecond");
        assert_eq!(record.end.since_ms(record.start), length_ms);
        assert_eq!(i64::from(record.frames_rendered), length_ms * 30 / 1000);
        assert_eq!((record.display, record.result), (DisplayLevel::D1, PlayResult::Complete));
    }
    assert!(device.agent.playing().faults().is_empty(), "{:?}", device.agent.playing().faults());
}

#[tokio::test]
async fn joining_in_the_middle_shows_the_safe_loop_until_the_next_slot() {
    let world = World::at(at(today(), "08:00:03")).await;
    world.server.publish(playlist(today(), "08:00-08:30", &[]));
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:01"));
    let records = world.records();
    assert_eq!(records[0].origin, Origin::Fallback);
    assert_eq!(records[0].start, at(today(), "08:00:03"));
    assert!(records[0].end <= at(today(), "08:00:10"));
    assert_eq!(planned(&records)[0].0, 1, "slot 0 had begun and gets no partial credit");
    assert_eq!(records[1].start, at(today(), "08:00:10"));
}
