//! Repair on the screen, told through its public doors: what a dark hour took is made good as far as the windows hold,
//! pending plays make room, and a plan that comes late adds nothing to what was shown.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
mod support;

use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, PlanVersion, Seq};
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::{Asset, LedgerThrough, Playlist, Terms, Tier};
use support::*;

const MINUTE_MS: i64 = 60_000;
const GAP_S: u32 = 600;
const LENGTH_S: u32 = 15;

fn today() -> LocalDay {
    day("2026-11-20")
}

/// A play every quarter of an hour from eight to eleven, ten minutes of gap: nothing fits between as it stands.
fn sparse() -> Playlist {
    let orders: Vec<u32> = (0..12).map(|i| 28_800 + i * 900).collect();
    let mut parts = playlist(today(), "08:00-11:00", &orders);
    parts.terms[0].min_gap_s = GAP_S;
    parts.terms[0].daily_cap = 18;
    parts
}

fn counted(records: &[PlayRecord]) -> Vec<&PlayRecord> {
    let good = |r: &&PlayRecord| r.item == IHANOI && r.result == PlayResult::Complete && r.display >= DisplayLevel::D1;
    records.iter().filter(good).collect()
}

/// Most plays that start at `from` or later, gap by gap, and end by `until`.
fn packed(from: &str, until: &str) -> usize {
    let (from, until) = (at(today(), from), at(today(), until));
    let starts = std::iter::successors(Some(from), |s| Some(s.plus_ms(i64::from(GAP_S) * 1000)));
    starts.take_while(|s| s.plus_ms(i64::from(LENGTH_S) * 1000) <= until).count()
}

fn keep_their_distance(records: &[PlayRecord]) {
    for pair in counted(records).windows(2) {
        assert!(pair[1].start.since_ms(pair[0].start) >= i64::from(GAP_S) * 1000, "{pair:?}");
    }
}

/// Each slot of the order has one record, and is shown once at most, wherever it was moved.
fn every_slot_has_its_record(records: &[PlayRecord], plan: &Playlist) {
    for (index, _) in plan.slots.iter().enumerate().filter(|(_, s)| s.item == IHANOI) {
        let of = |r: &&PlayRecord| r.origin == Origin::Planned { slot: index as u32 };
        assert_eq!(records.iter().filter(of).count(), 1, "slot {index}");
    }
}

#[tokio::test]
async fn a_dark_hour_in_mid_peak_is_made_good_as_far_as_the_windows_hold() {
    for power_cut in [false, true] {
        let world = World::at(at(today(), "07:55")).await;
        let plan = sparse();
        world.server.publish(&plan.clone());
        let mut device = world.device();
        device.meet().await;
        device.step_until(at(today(), "08:40"));
        world.server.lock().offline = true; // nobody else repairs it
        if power_cut {
            device = world.power_cut(device, at(today(), "09:40"));
        } else {
            world.display.set(DisplayLevel::Dark);
            device.step_until(at(today(), "09:40"));
            world.display.set(DisplayLevel::D1);
        }
        device.step_until(at(today(), "11:05"));
        let records = world.records();
        // 08:00, 08:15 and 08:30 counted; 08:45, 09:00, 09:15 and 09:30 were dark; twelve were asked for
        assert_eq!(counted(&records).len(), 3 + packed("09:40", "11:00"), "power cut: {power_cut}");
        assert_eq!(counted(&records).len(), 11);
        keep_their_distance(&records);
        every_slot_has_its_record(&records, &plan);
        let moved = counted(&records).into_iter().filter(|r| match r.origin {
            Origin::Planned { slot } => r.start != today().at(plan.slots[slot as usize].start_s, HANOI),
            _ => false,
        });
        let moved: Vec<UtcMillis> = moved.map(|r| r.start).collect();
        assert!((1..=4).contains(&moved.len()), "the fewest that make room: {moved:?}");
        assert_eq!(device.agent.playing().core().made_good(), 3);
        assert_eq!(device.agent.playing().core().misses(), 1, "one has to wait for another day");
    }
}

#[tokio::test]
async fn a_play_that_was_moved_is_not_lost_to_a_power_cut_and_not_shown_twice() {
    // the moment of the second cut goes through the whole repair
    for minute in (0..80).step_by(7) {
        let world = World::at(at(today(), "07:55")).await;
        let plan = sparse();
        world.server.publish(&plan.clone());
        let mut device = world.device();
        device.meet().await;
        device.step_until(at(today(), "08:20"));
        world.server.lock().offline = true;
        let mut device = world.power_cut(device, at(today(), "09:00"));
        let moment = at(today(), "09:00:05").plus_ms(minute * MINUTE_MS);
        device.step_until(moment);
        let mut device = world.power_cut(device, moment.plus_ms(MINUTE_MS));
        device.step_until(at(today(), "11:05"));
        let records = world.records();
        keep_their_distance(&records);
        every_slot_has_its_record(&records, &plan);
        // at most one start is lost to the minute that was dark, and one to the play that it cut
        let most = 2 + packed("09:00", "11:00");
        let n = counted(&records).len();
        assert!((most.min(12) - 1..=12).contains(&n), "{n} plays, cut at minute {minute}");
    }
}

/// Two orders of fifteen seconds on one screen.
fn two_orders(world: &World, codes: [&str; 2], priorities: [u8; 2]) -> Playlist {
    let mut table = assets();
    let second = Asset { tier: Tier::Order, ..table.assets[usize::from(IHANOI)].clone() };
    table.assets[usize::from(TVC)] = second;
    for (asset, code) in table.assets.iter_mut().zip(codes) {
        asset.code = CampaignCode::new(code).unwrap();
    }
    support::approve(&mut table);
    let (bytes, hash) = table.encode();
    world.server.lock().assets.insert(hash, bytes);
    let mut parts = playlist(today(), "08:00-08:20", &[28_800, 29_100]);
    parts.assets = hash;
    parts.slots.iter_mut().filter(|s| s.start_s == 29_100).for_each(|s| s.item = TVC);
    let terms = parts.terms.remove(0);
    for (code, priority) in codes.into_iter().zip(priorities) {
        parts.terms.push(Terms { campaign: CampaignCode::new(code).unwrap(), priority, ..terms.clone() });
    }
    parts
}

#[tokio::test]
async fn for_the_last_free_second_priority_goes_first_then_the_older_miss() {
    // the first is due at 08:00, the second at 08:05, both in the dark; what is left in the end is room for one
    for (codes, priorities, winner) in [
        (["z-older", "a-newer"], [1, 1], IHANOI),
        (["z-older", "a-newer"], [2, 1], TVC),
        (["a-older", "z-newer"], [1, 2], IHANOI),
    ] {
        let world = World::at(at(today(), "07:55")).await;
        let plan = two_orders(&world, codes, priorities);
        world.server.publish(&plan);
        let mut device = world.device();
        device.meet().await;
        world.display.set(DisplayLevel::Dark);
        device.step_until(at(today(), "08:19:21"));
        world.display.set(DisplayLevel::D1);
        device.step_until(at(today(), "08:25"));
        let records = world.records();
        let good: Vec<u16> =
            records.iter().filter(|r| matches!(r.origin, Origin::MakeGood { .. })).map(|r| r.item).collect();
        assert_eq!(good, [winner], "{codes:?} with priorities {priorities:?}");
    }
}

/// A plan that the scheduler makes when it has heard the records through `seq`.
fn version(n: u32, orders: &[u32], seq: Option<Seq>) -> Playlist {
    let mut parts = sparse();
    parts.version = PlanVersion(n);
    parts.slots = slots(&parts.duty, orders, IHANOI, LENGTH_S);
    parts.ledger_through = seq.map(|seq| LedgerThrough { device: DeviceId(7), epoch: Epoch(1), seq });
    parts
}

#[tokio::test]
async fn a_plan_that_comes_late_and_lies_elsewhere_neither_repeats_nor_loses_a_play() {
    let quarter = |n: std::ops::Range<u32>| n.map(|i| 28_800 + i * 900).collect::<Vec<u32>>();
    // the scheduler moved everything from 08:30 on: once to later seconds, once to earlier ones
    for (shift, what) in [(300, "later"), (-240, "earlier")] {
        let world = World::at(at(today(), "07:55")).await;
        world.server.publish(&version(1, &quarter(0..12), None));
        let mut device = world.device();
        device.meet().await;
        device.step_until(at(today(), "08:20"));
        world.server.lock().offline = true;
        let moved = quarter(0..12).into_iter().map(|s| if s < 30_600 { s } else { s.saturating_add_signed(shift) });
        world.server.publish(&version(2, &moved.collect::<Vec<_>>(), None));
        device.step_until(at(today(), "09:32"));
        assert_eq!(counted(&world.records()).len(), 7);
        world.server.lock().offline = false;
        device.run_until(at(today(), "11:05"), MINUTE_MS).await;
        let records = world.records();
        assert_eq!(counted(&records).len(), 12, "{what}: {:?}", starts(&records));
        keep_their_distance(&records);
    }
}

fn starts(records: &[PlayRecord]) -> Vec<String> {
    counted(records).iter().map(|r| r.start.rfc3339(HANOI)[11..19].to_owned()).collect()
}

#[tokio::test]
async fn what_the_device_made_good_before_the_plan_came_is_given_up_in_the_plan() {
    let world = World::at(at(today(), "07:55")).await;
    let hourly = [28_800, 32_400, 36_000]; // 08:00, 09:00, 10:00
    world.server.publish(&version(1, &hourly, None));
    let mut device = world.device();
    device.meet().await;
    world.display.set(DisplayLevel::Dark);
    device.step_until(at(today(), "08:03"));
    world.display.set(DisplayLevel::D1);
    let known = world.journal.records().last().unwrap().0;
    device.step_until(at(today(), "08:20"));
    assert_eq!(device.agent.playing().core().made_good(), 1, "08:00 was made good at once");

    // the scheduler heard of the miss, not of the make-good: it plans the play again
    let plan = version(2, &[28_800, 32_400, 34_200, 36_000], Some(known));
    world.server.publish(&plan.clone());
    device.run_until(at(today(), "11:05"), MINUTE_MS).await;
    let records = world.records();
    assert_eq!(counted(&records).len(), 3, "{:?}", starts(&records));
    let given_up: Vec<Origin> =
        records.iter().filter(|r| r.result == PlayResult::Skipped(Cause::AlreadyShown)).map(|r| r.origin).collect();
    let last = plan.slots.iter().rposition(|s| s.item == IHANOI).unwrap() as u32;
    assert_eq!(given_up, [Origin::Planned { slot: last }], "and says why the last slot was not shown");
}

#[tokio::test]
async fn a_give_up_is_taken_back_when_another_play_fails() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&version(1, &[28_800, 32_400, 36_000], None));
    let mut device = world.device();
    device.meet().await;
    world.display.set(DisplayLevel::Dark);
    device.step_until(at(today(), "08:03"));
    world.display.set(DisplayLevel::D1);
    let known = world.journal.records().last().unwrap().0;
    device.step_until(at(today(), "08:20"));
    world.server.publish(&version(2, &[28_800, 32_400, 34_200, 36_000], Some(known)));
    device.run_until(at(today(), "08:55"), MINUTE_MS).await;
    world.display.set(DisplayLevel::Dark);
    device.step_until(at(today(), "09:05")); // 09:00 is lost
    world.display.set(DisplayLevel::D1);
    // a power cut in between forgets nothing
    let mut device = world.power_cut(device, at(today(), "09:06"));
    device.run_until(at(today(), "11:05"), MINUTE_MS).await;
    assert_eq!(counted(&world.records()).len(), 3, "{:?}", starts(&world.records()));
    assert_eq!(device.agent.playing().core().misses(), 0);
}

#[tokio::test]
async fn windows_bound_what_moves() {
    let world = World::at(at(today(), "07:55")).await;
    let mut plan = sparse();
    plan.terms[0].windows = IntervalSet::parse("08:00-10:00;10:25-11:00").unwrap();
    plan.slots = slots(&plan.duty, &[28_800, 29_700, 30_600, 31_500, 32_400, 37_800, 38_700], IHANOI, LENGTH_S);
    world.server.publish(&plan.clone());
    let mut device = world.device();
    device.meet().await;
    world.display.set(DisplayLevel::Dark);
    device.step_until(at(today(), "08:25"));
    world.display.set(DisplayLevel::D1);
    device.step_until(at(today(), "11:05"));
    let records = world.records();
    assert_eq!(counted(&records).len(), 7, "{:?}", starts(&records));
    for record in counted(&records) {
        assert!(plan.terms[0].windows.contains(record.start.local(HANOI).1 / 1000), "{:?}", starts(&records));
    }
    keep_their_distance(&records);
}
