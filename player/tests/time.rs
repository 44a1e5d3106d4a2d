//! Time that is set, lost and found: nothing is repeated, skipped or misdated by more than the step, and a record says how
//! far its clock could be trusted.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use lichphat_player::sim_support::SimDevice;
use lichphat_playlists::ports::{Clock as _, ClockState};
use lichphat_playlists::proof::record::{Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::*;

const SECOND_MS: i64 = 1_000;
const HOUR_MS: i64 = 3_600_000;

fn today() -> LocalDay {
    day("2026-11-20")
}

fn shown(records: &[PlayRecord]) -> Vec<&PlayRecord> {
    records.iter().filter(|r| r.result.was_shown() && matches!(r.origin, Origin::Planned { .. })).collect()
}

fn slots_shown(records: &[PlayRecord]) -> BTreeSet<u32> {
    let mut out = BTreeSet::new();
    for record in shown(records) {
        if let Origin::Planned { slot } = record.origin {
            assert!(out.insert(slot), "slot {slot} twice");
        }
    }
    out
}

/// Lives to `end` by the true clock; `steps` set the wall clock at true milliseconds after `begin`. Returns what the wall
/// clock was wrong by, and from when on.
fn live(
    world: &World,
    device: &mut SimDevice,
    begin: UtcMillis,
    end: UtcMillis,
    steps: &[(i64, i64)],
) -> Vec<(i64, i64)> {
    let mut wrong = vec![(i64::MIN, 0)];
    let mut by_ms = 0;
    for (after_ms, step_ms) in steps {
        device.step_until(begin.plus_ms(after_ms + by_ms));
        world.clock.step_ms(*step_ms);
        by_ms += step_ms;
        wrong.push((begin.0 + after_ms, by_ms));
        device.agent.tick();
    }
    device.step_until(end.plus_ms(by_ms));
    wrong
}

/// Every record is wrong by what the wall clock was wrong by when it began or ended, and by nothing else.
fn check_dates(records: &[PlayRecord], base_ms: i64, wrong: &[(i64, i64)]) {
    for record in records.iter().filter(|r| r.result.was_shown()) {
        let truly = base_ms + record.mono_start_ms as i64;
        let until = truly + record.end.since_ms(record.start);
        let by_ms = record.start.0 - truly;
        let in_force = wrong.iter().rev().skip_while(|(from, _)| *from > until);
        let mut allowed = Vec::new();
        for (from, by) in in_force {
            allowed.push(*by);
            if *from <= truly {
                break;
            }
        }
        assert!(
            allowed.iter().any(|by| (by - by_ms).abs() <= 40),
            "wrong by {by_ms}, the clock by {allowed:?}: {record:?}"
        );
    }
}

fn steps() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let step =
        prop_oneof![prop::sample::select(vec![SECOND_MS, -SECOND_MS, HOUR_MS, -HOUR_MS]), -7_200_000i64..7_200_000,];
    prop::collection::vec((300_000i64..12_000_000, step), 1..6).prop_map(|mut steps| {
        steps.sort_unstable();
        steps
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(64), ..ProptestConfig::default() })]
    #[test]
    fn whatever_the_clock_is_set_to_no_slot_is_shown_twice_and_no_play_is_misdated_by_more(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let begin = at(today(), "07:55");
            let world = World::at(begin).await;
            let base_ms = begin.0 - world.clock.mono_ms() as i64;
            let parts = playlist(today(), "08:00-12:00", &[29_100, 32_400, 40_000]);
            world.server.publish(&parts);
            let mut device = world.device();
            device.meet().await;
            let wrong = live(&world, &mut device, begin, at(today(), "11:30"), &steps);
            // The time service puts it right, whatever it was.
            let back_ms = -wrong.last().unwrap().1;
            world.clock.step_ms(back_ms);
            let right_from = world.clock.now();
            device.agent.tick();
            device.step_until(at(today(), "12:05"));
            let mut wrong = wrong;
            wrong.push((right_from.0, 0));
            let records = world.records();
            check_dates(&records, base_ms, &wrong);
            let seen = slots_shown(&records);
            // From the next slot on the day is played as planned, but for what was shown ahead of its time.
            for (slot, planned) in parts.slots.iter().enumerate() {
                let start = today().at(planned.start_s, HANOI);
                // A step costs what it meets (the play that runs, and the one that should have begun), and what it jumps
                // over: that is written down as missed, and made good where a quota asks for it.
                let met = wrong.windows(2).any(|w| {
                    let (from, to) = (w[1].0 + w[0].1, w[1].0 + w[1].1);
                    (from.min(to) - 30_000..from.max(to) + 30_000).contains(&start.0) && (to > from || {
                        let near = |at: i64| (start.0 - at).abs() < 30_000;
                        near(from) || near(to)
                    })
                });
                // The loop gives way to what is made good.
                let gave_way = records.iter().any(|r| {
                    let good = matches!(r.origin, Origin::MakeGood { .. });
                    good && (r.start.plus_ms(-15_000)..r.end.plus_ms(15_000)).contains(&start)
                });
                if start > right_from && !met && !gave_way {
                    assert!(seen.contains(&(slot as u32)), "slot {slot} was skipped: {steps:?}");
                }
            }
        });
    }
}

#[tokio::test]
async fn a_second_or_an_hour_forward_or_back_costs_at_most_what_it_meets() {
    // 08:20:03 is in the middle of a play, 08:20:10 between two.
    for after_s in [1_503, 1_510] {
        for step_ms in [SECOND_MS, -SECOND_MS, HOUR_MS, -HOUR_MS] {
            let begin = at(today(), "07:55");
            let world = World::at(begin).await;
            let base_ms = begin.0 - world.clock.mono_ms() as i64;
            let parts = playlist(today(), "08:00-12:00", &[29_100, 32_400]);
            world.server.publish(&parts);
            let mut device = world.device();
            device.meet().await;
            let end = at(today(), "12:05").plus_ms(-step_ms.min(0));
            let wrong = live(&world, &mut device, begin, end, &[(after_s * 1000, step_ms)]);
            let records = world.records();
            check_dates(&records, base_ms, &wrong);
            let seen = slots_shown(&records).len();
            let jumped = if step_ms == HOUR_MS { 360 } else { 0 };
            let lost = parts.slots.len() - seen;
            assert!(lost <= jumped + 2, "{step_ms} ms at {after_s}: {lost} of {} slots", parts.slots.len());
            let order = |r: &&PlayRecord| r.item == IHANOI && matches!(r.origin, Origin::Planned { .. });
            assert_eq!(records.iter().filter(order).count(), 2, "each play of the order has its record, seen or not");
            let whole = |r: &&PlayRecord| r.item == IHANOI && r.result == PlayResult::Complete;
            assert_eq!(records.iter().filter(whole).count(), 2, "and what was jumped over is made good");
        }
    }
}

#[tokio::test]
async fn midnight_and_the_end_of_a_quarter_are_seconds_like_others() {
    let (last, first) = (day("2026-12-31"), day("2027-01-01"));
    let world = World::at(at(last, "23:30")).await;
    for (on, orders) in [(last, &[86_380][..]), (first, &[])] {
        let mut parts = playlist(on, "00:00-24:00", orders);
        parts.terms[0].make_good_until = last; // the quarter's number ends with the quarter
        world.server.publish(&parts);
    }
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(last, "23:59:35"));
    // The order's last play of the quarter is not seen; no day of the next quarter owes it.
    world.display.set(lichphat_playlists::proof::record::DisplayLevel::Dark);
    device.step_until(at(last, "23:59:56"));
    world.display.set(lichphat_playlists::proof::record::DisplayLevel::D1);
    device.step_until(at(first, "02:00"));
    let records: Vec<PlayRecord> = world.records().into_iter().filter(|r| r.result.was_shown()).collect();
    for pair in records.windows(2) {
        let gap_ms = pair[1].start.since_ms(pair[0].end);
        assert!((0..=10_000).contains(&gap_ms), "{gap_ms} ms of nothing after {:?}", pair[0].end);
    }
    assert!(records.iter().all(|r| !matches!(r.origin, Origin::MakeGood { .. })), "{:?}", records.last());
    let started = records.iter().filter(|r| r.start >= first.start(HANOI)).count();
    assert!(started > 700, "{started}");
    assert!(records.iter().any(|r| r.start == first.start(HANOI)), "the new day begins in its first millisecond");
}

#[tokio::test]
async fn without_time_it_plays_on_from_the_last_known_instant_and_every_record_says_so() {
    let world = World::at(at(today(), "07:55")).await;
    let parts = playlist(today(), "08:00-12:00", &[29_100, 32_400]);
    world.server.publish(&parts);
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:59:30"));
    // A night without power or network: no clock in the box, so time goes on from the last record.
    world.server.lock().offline = true;
    device.stage.cut_power();
    drop(device);
    world.clock.reboot();
    world.clock.set_state(ClockState::Unset);
    let before = world.records().len();
    let mut device = world.device();
    device.agent.tick();
    device.step_until(at(today(), "09:30"));
    let records = world.records();
    let blind = &records[before..];
    let order = blind.iter().find(|r| r.item == IHANOI && r.result == PlayResult::Complete);
    assert_eq!(order.unwrap().start, at(today(), "09:00"), "the mandated spot, not only the safe loop");
    assert!(blind.iter().filter(|r| r.result.was_shown()).all(|r| r.clock == ClockState::Unset), "and it says so");

    // Time comes back, two hours later than was thought.
    world.clock.step_ms(2 * HOUR_MS);
    world.clock.set_state(ClockState::Synced);
    device.agent.tick();
    device.step_until(at(today(), "12:20"));
    let known = world.records();
    let after: Vec<_> =
        known.iter().filter(|r| r.clock == ClockState::Synced && r.start > at(today(), "11:00")).collect();
    assert!(after.iter().any(|r| r.result.was_shown()), "trusted again");
    slots_shown(&known);

    // What was shown without time is signed with the time that is known now.
    world.server.lock().offline = false;
    device.stop().await;
    let base_ms = world.clock.now().0 - world.clock.mono_ms() as i64;
    let signed: Vec<PlayRecord> = world.server.records().into_iter().map(|(_, r)| r).collect();
    let boot = world.clock.boot_id();
    let dated: Vec<_> = signed.iter().filter(|r| r.boot == boot && r.result.was_shown()).collect();
    assert!(dated.len() > 300 && signed.len() == known.len());
    for record in dated {
        assert_eq!(record.start.0, base_ms + record.mono_start_ms as i64, "{record:?}");
        assert!(record.clock == ClockState::Synced && record.clock_error_ms < 2_000, "{record:?}");
    }
}
