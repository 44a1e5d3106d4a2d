//! A screen's days, told through its public doors: simulated clock and stage, a tiny scheduler in
//! memory, the real agent.

mod log;
mod support;

use lichphat_player::core::{Action, Core, CoreOptions, DayPlan, Event, Now};
use lichphat_player::ports::MediaFs as _;
use lichphat_playlists::ids::{BootId, DeviceId, Epoch, PlanVersion, ScreenCode, Seq};
use lichphat_playlists::media::Fades;
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::SigningKey;
use lichphat_playlists::wire::v1::LedgerThrough;
use std::sync::Arc;
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
    let plan = world.server.publish(&parts.clone());
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
    world.server.publish(&playlist(today(), "08:00-08:30", &[]));
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:01"));
    let records = world.records();
    assert_eq!(records[0].origin, Origin::Fallback);
    assert_eq!(records[0].start, at(today(), "08:00:03"));
    assert!(records[0].end <= at(today(), "08:00:10"));
    assert_eq!(planned(&records)[0].0, 1, "slot 0 had begun and gets no partial credit");
    assert_eq!(records[1].start, at(today(), "08:00:10"));

    // Stopped in the middle of a stand-in: that is no fault of the stand-in's.
    let mut device = world.device();
    device.agent.tick();
    device.step_until(at(today(), "08:01:02"));
    device.stop().await;
    assert_eq!(world.records().last().unwrap().result, PlayResult::Partial(Cause::Stopped));
    assert_eq!(device.agent.playing().faults(), Vec::<String>::new());
}

const ORDERS: [u32; 4] = [29_100, 30_600, 32_400, 43_800]; // 08:05, 08:30, 09:00, 12:10

fn results(records: &[PlayRecord], item: u16) -> Vec<(Origin, PlayResult)> {
    records.iter().filter(|r| r.item == item).map(|r| (r.origin, r.result)).collect()
}

fn counted(records: &[PlayRecord], item: u16) -> Vec<&PlayRecord> {
    let shown = |r: &&PlayRecord| {
        r.item == item
            && r.result == PlayResult::Complete
            && r.display >= DisplayLevel::D1
            && r.origin != Origin::Fallback
    };
    records.iter().filter(shown).collect()
}

#[tokio::test]
async fn a_power_cut_loses_only_the_running_play_and_repeats_nothing() {
    let world = World::at(at(today(), "07:55")).await;
    let parts = playlist(today(), "08:00-09:00", &[29_100, 30_600]);
    world.server.publish(&parts.clone());
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:05:06")); // six seconds into the order's spot
    let before = world.records();
    assert_eq!(before.last().unwrap().end, at(today(), "08:05"), "everything that had ended is in the journal");

    world.server.lock().offline = true;
    let mut device = world.power_cut(device, at(today(), "08:05:28"));
    device.run_until(at(today(), "09:10"), MINUTE_MS).await;
    let records = world.records();
    let after = &records[before.len()..];
    let slot = parts.slots.iter().position(|s| s.start_s == 29_100).unwrap() as u32;
    assert_eq!(after[0].origin, Origin::Planned { slot });
    assert_eq!(after[0].result, PlayResult::Skipped(Cause::DeviceOff), "the cut play is written down as missed");
    assert_eq!(after[1].origin, Origin::Fallback, "the screen shows something at once, without network");
    assert_eq!(after[1].start, at(today(), "08:05:28"));
    let shown: Vec<u32> = planned(&records).iter().filter(|(_, r)| r.was_shown()).map(|(s, _)| *s).collect();
    assert!(shown.windows(2).all(|w| w[0] < w[1]), "no slot twice: {shown:?}");
    let good = records.iter().find(|r| matches!(r.origin, Origin::MakeGood { missed_slot, .. } if missed_slot == slot));
    assert_eq!(good.unwrap().result, PlayResult::Complete);
    assert_eq!(counted(&records, IHANOI).len(), 2, "both of the day's plays were shown in the end");

    world.server.lock().offline = false;
    device.stop().await;
    assert_eq!(world.server.records().len(), world.records().len(), "one chain across the power cut");
}

#[tokio::test]
async fn a_planted_core_that_skips_make_goods_is_seen() {
    for make_good in [true, false] {
        let mut world = World::at(at(today(), "07:55")).await;
        world.options.core.make_good = make_good;
        world.server.publish(&playlist(today(), "08:00-10:00;12:00-13:00", &ORDERS));
        let mut device = world.device();
        device.meet().await;
        device.step_until(at(today(), "08:02"));
        let mut device = world.power_cut(device, at(today(), "09:30"));
        device.step_until(at(today(), "13:10"));
        let made_good = if make_good { 3 } else { 0 };
        assert_eq!(device.agent.playing().core().made_good(), made_good);
        assert_eq!(counted(&world.records(), IHANOI).len() as u64, 1 + made_good);
    }
}

#[tokio::test]
async fn a_week_offline_makes_its_own_misses_good_inside_the_windows() {
    let first = day("2026-11-16");
    let world = World::at(at(first, "07:00")).await;
    let days: Vec<LocalDay> = first.through(first.plus(6)).collect();
    for &on in &days {
        let mut parts = playlist(on, "08:00-10:00;12:00-13:00", &ORDERS);
        parts.terms[0].windows = lichphat_playlists::time::IntervalSet::parse("08:00-09:30;12:00-12:30").unwrap();
        parts.terms[0].daily_cap = 6;
        world.server.publish(&parts);
    }
    let mut device = world.device();
    device.meet().await;
    world.server.lock().offline = true;
    for &on in &days {
        world.display.set(if on == days[1] { DisplayLevel::Dark } else { DisplayLevel::D1 });
        device.run_until(at(on, "23:00"), 60 * MINUTE_MS).await;
    }
    let records = world.records();
    let starts: Vec<_> = counted(&records, IHANOI).iter().map(|r| r.start).collect();
    assert_eq!(starts.len(), 7 * 4, "the dark day's four plays were shown on other days");
    let windows = lichphat_playlists::time::IntervalSet::parse("08:00-09:30;12:00-12:30").unwrap();
    for pair in starts.windows(2) {
        assert!(pair[1].since_ms(pair[0]) >= 300_000, "the gap is kept");
    }
    for start in &starts {
        assert!(windows.contains(start.local(HANOI).1 / 1000), "inside the windows");
    }
    for &on in &days {
        assert!(starts.iter().filter(|s| s.day(HANOI) == on).count() <= 6, "the daily cap is kept");
    }
    world.server.lock().offline = false;
    device.stop().await;
    assert_eq!(world.server.records().len(), records.len());
}

#[tokio::test]
async fn a_box_that_starts_says_nothing_anew_of_days_that_it_does_not_remember() {
    let first = day("2026-11-16");
    let world = World::at(at(first, "07:00")).await;
    let days: Vec<LocalDay> = first.through(first.plus(11)).collect();
    for &on in &days {
        world.server.publish(&playlist(on, "08:00-10:00", &ORDERS));
    }
    let mut device = world.device();
    device.run_until(at(days[10], "23:00"), 60 * MINUTE_MS).await;
    let before = world.records().len();
    let mut device = world.power_cut(device, at(days[11], "07:00"));
    device.run_until(at(days[11], "23:00"), 60 * MINUTE_MS).await;
    let told: Vec<_> = planned(&world.records()[before..]).into_iter().filter(|(_, r)| !r.was_shown()).collect();
    assert_eq!(told, [], "every slot of the days before had been shown");
}

#[tokio::test]
async fn a_new_plan_replaces_the_future_and_takes_over_the_misses_it_knew() {
    let world = World::at(at(today(), "07:55")).await;
    let first = playlist(today(), "08:00-10:00;12:00-13:00", &ORDERS);
    world.server.publish(&first.clone());
    let mut device = world.device();
    device.meet().await;
    world.display.set(DisplayLevel::Dark);
    device.run_until(at(today(), "08:45:04"), MINUTE_MS).await; // 08:05 and 08:30 were dark
    assert_eq!(device.agent.playing().core().misses(), 2);
    let seq = world.journal.records().last().unwrap().0;

    // The scheduler has seen everything and moves the two misses to 09:10 and 09:20.
    let mut second = playlist(today(), "08:00-10:00;12:00-13:00", &[29_100, 30_600, 32_400, 33_000, 33_600, 43_800]);
    second.version = PlanVersion(2);
    second.ledger_through = Some(LedgerThrough { device: DeviceId(7), epoch: Epoch(1), seq });
    let plan = world.server.publish(&second);
    world.display.set(DisplayLevel::D1);
    device.run_until(at(today(), "13:10"), MINUTE_MS).await;
    let records = world.records();
    assert_eq!(device.agent.playing().core().misses(), 0);
    assert!(!records.iter().any(|r| matches!(r.origin, Origin::MakeGood { .. })), "never both");
    let shown: Vec<_> = counted(&records, IHANOI).iter().map(|r| r.start.rfc3339(HANOI)[11..16].to_owned()).collect();
    assert_eq!(shown, ["09:00", "09:10", "09:20", "12:10"]);
    assert!(records.iter().filter(|r| r.start > at(today(), "08:46")).all(|r| r.plan == plan));

    // An older version is never taken up again.
    let mut third = first;
    third.cause = "restored from a backup".into();
    world.server.publish(&third);
    device.meet().await;
    assert!(device.agent.playing().faults().iter().any(|f| f.contains("version 1 is offered, version 2 is held")));
    assert_eq!(device.agent.playing().core().plan_of(today()).unwrap().hash, plan);
}

#[tokio::test]
async fn a_playlist_with_a_bad_signature_or_of_another_screen_is_refused_and_the_old_one_goes_on() {
    let world = World::at(at(today(), "07:55")).await;
    let good = world.server.publish(&playlist(today(), "08:00-08:20", &[]));
    let mut device = world.device();
    device.meet().await;
    let mut forged = playlist(today(), "08:00-08:20", &[28_800]);
    forged.version = PlanVersion(2);
    world.server.publish_signed(&forged, &SigningKey::from_seed(&[9; 32]));
    device.run_until(at(today(), "08:05"), MINUTE_MS).await;
    forged.screen = ScreenCode::new("P00009-01").unwrap();
    world.server.publish(&forged.clone());
    device.run_until(at(today(), "08:10"), MINUTE_MS).await;
    (forged.screen, forged.slots[1].start_s) = (ScreenCode::new(SCREEN).unwrap(), 28_801);
    world.server.publish(&forged);
    device.run_until(at(today(), "08:20"), MINUTE_MS).await;
    let faults = device.agent.playing().faults();
    // A day whose document the scheduler does not have stops no other day.
    let lost = world.server.publish(&playlist(today().next(), "08:00-08:20", &[]));
    world.server.lock().plans.remove(&lost);
    world.server.publish(&playlist(today().plus(2), "08:00-08:20", &[]));
    device.meet().await;
    assert!(device.agent.playing().core().plan_of(today().plus(2)).is_some());
    assert!(device.agent.playing().faults().iter().any(|f| f.contains("answered 404")));
    for word in ["signature does not match", "is for screen P00009-01", "starts before the one before it ends"] {
        assert_eq!(faults.iter().filter(|f| f.contains(word)).count(), 1, "{word} in {faults:?}");
    }
    let records = world.records();
    assert!(records.len() >= 120 && records.iter().all(|r| r.plan == good && r.result == PlayResult::Complete));
}

#[tokio::test]
async fn a_missing_or_broken_clip_gives_way_to_the_safe_loop_and_is_written_down() {
    let world = World::at(at(today(), "07:55")).await;
    let parts = playlist(today(), "08:00-08:30", &[29_100, 29_700]);
    world.server.publish(&parts.clone());
    let order = assets().assets[usize::from(IHANOI)].media.clone();
    let bytes = world.server.lock().media.remove(&order.hash).unwrap();
    let mut device = world.device();
    device.run_until(at(today(), "08:06"), MINUTE_MS).await;
    let records = world.records();
    let (index, missed) = records.iter().enumerate().find(|(_, r)| r.item == IHANOI).unwrap();
    assert_eq!(missed.result, PlayResult::Failed(Cause::NotFound));
    assert_eq!((records[index + 1].origin, records[index + 1].start), (Origin::Fallback, at(today(), "08:05")));
    assert_eq!(records[index + 2].origin, Origin::Fallback, "ten seconds of safe loop, then five");
    assert_eq!(records[index + 2].end, at(today(), "08:05:15"));

    // The clip arrives, rotten on the way at first.
    world.server.lock().media.insert(order.hash, vec![b'x'; order.size_bytes as usize]);
    device.run_until(at(today(), "08:07"), MINUTE_MS).await;
    assert!(device.agent.playing().faults().iter().any(|f| f.contains("not the approved ones")));
    world.server.lock().media.insert(order.hash, bytes);
    device.run_until(at(today(), "08:30"), MINUTE_MS).await;
    let shown = counted(&world.records(), IHANOI).len();
    assert_eq!(shown, 2, "08:15 and the make-good of 08:05");

    // The disk rots; the stage cannot decode, the bytes are looked at again, and the clip is fetched again.
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&parts);
    let mut device = world.device();
    device.meet().await;
    world.fs.plant(&format!("media/{}", order.hash), b"rot".to_vec());
    device.stage.break_media(order.hash, 0);
    device.step_until(at(today(), "08:06"));
    let records = world.records();
    let missed = records.iter().find(|r| r.item == IHANOI).unwrap();
    assert_eq!(missed.result, PlayResult::Failed(Cause::Corrupt));
    let stand_in = records.iter().find(|r| r.origin == Origin::Fallback).unwrap();
    assert_eq!(stand_in.start, at(today(), "08:05"));
    device.meet().await;
    assert_eq!(world.fs.sha256(&format!("media/{}", order.hash)).unwrap(), order.hash);
}

#[tokio::test]
async fn a_new_box_answers_only_for_what_was_due_since_it_was_registered() {
    let world = World::registered(at(today(), "10:16")).await;
    world.server.publish(&playlist(today(), "08:00-12:00", &[29_100, 32_700, 39_900]));
    let mut device = world.device();
    device.run_until(at(today(), "10:30"), MINUTE_MS).await;
    let began = at(today(), "10:16");
    assert!(world.records().iter().all(|r| r.start >= began), "{:?}", world.records());
    assert_eq!(counted(&world.records(), IHANOI).len(), 0, "08:05 and 09:05 were another's, or nobody's");
    // The same after a restart; what it misses itself it makes good.
    let mut device = world.power_cut(device, at(today(), "11:10"));
    device.run_until(at(today(), "12:00"), MINUTE_MS).await;
    let records = world.records();
    assert!(records.iter().all(|r| r.start >= began), "{records:?}");
    assert_eq!(counted(&records, IHANOI).len(), 1, "the one of 11:05");
}

#[tokio::test]
async fn a_clip_that_breaks_half_way_is_partial_and_the_safe_loop_takes_over_at_once() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&playlist(today(), "08:00-08:30", &[29_100]));
    let mut device = world.device();
    device.meet().await;
    device.stage.break_media(assets().assets[usize::from(IHANOI)].media.hash, 6_000);
    device.run_until(at(today(), "08:10"), MINUTE_MS).await;
    let records = world.records();
    let broken = records.iter().position(|r| r.item == IHANOI).unwrap();
    assert_eq!(records[broken].result, PlayResult::Partial(Cause::DecodeError));
    assert_eq!(records[broken].end, at(today(), "08:05:06"));
    let stand_in = &records[broken + 1];
    assert_eq!((stand_in.origin, stand_in.start), (Origin::Fallback, at(today(), "08:05:06")));
    assert_eq!(records[broken + 2].start, at(today(), "08:05:15"), "the loop goes on at its second");
    assert_eq!(counted(&records, IHANOI).len(), 0);
}

#[tokio::test]
async fn without_the_safe_loop_another_item_stands_in_and_without_any_nothing_breaks() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&playlist(today(), "08:00-08:30", &[29_100]));
    world.server.lock().media.clear();
    let mut device = world.device();
    device.run_until(at(today(), "08:05:30"), MINUTE_MS).await;
    assert!(world.records().iter().all(|r| r.result == PlayResult::Failed(Cause::NotFound)));
    world.server.lock().media.insert(assets().assets[3].media.hash, clip("local-5"));
    device.run_until(at(today(), "08:30"), MINUTE_MS).await;
    let records = world.records();
    assert!(
        records
            .iter()
            .filter(|r| r.start > at(today(), "08:08"))
            .any(|r| r.origin == Origin::Fallback && r.item == LOCAL_5)
    );
}

#[tokio::test]
async fn a_lower_receipt_is_obeyed_and_the_same_answer_twice_harms_nothing() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&playlist(today(), "08:00-12:00", &[]));
    let mut device = world.device();
    device.run_until(at(today(), "09:00"), 10 * MINUTE_MS).await;
    let held = world.server.lock().segments.len();
    assert!(held > 4);
    // The scheduler is restored from a backup that knew one segment.
    {
        let mut server = world.server.lock();
        server.segments.truncate(1);
        server.acked = server.segments[0].last_seq().0;
    }
    device.run_until(at(today(), "10:00"), 10 * MINUTE_MS).await;
    device.stop().await;
    assert_eq!(world.server.records().len(), world.records().len(), "everything was sent again");

    // A receipt that never moves is a fault, not a loop.
    let stuck = world.server.receipt(10);
    world.server.lock().stuck_receipt = Some(stuck);
    let mut device = world.device();
    device.meet().await;
    device.run_until(at(today(), "11:00"), 10 * MINUTE_MS).await;
    assert!(device.agent.playing().faults().iter().any(|f| f.contains("did not take the segment")));
    let posts = world.server.lock().segment_posts;
    assert!(posts < 60, "{posts} posts");
    world.server.lock().stuck_receipt = None;
    device.stop().await;
    assert_eq!(world.server.records().len(), world.records().len());
}

#[tokio::test]
async fn a_full_disk_keeps_the_screen_going_and_loses_no_record() {
    let world = World::at(at(today(), "07:55")).await;
    let parts = playlist(today(), "08:00-09:00", &[29_100]);
    world.server.publish(&parts.clone());
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:10"));
    let before = world.records().len();
    world.journal.set_full(true);
    device.step_until(at(today(), "08:30"));
    assert_eq!(world.records().len(), before);
    assert!(device.agent.playing().unwritten() > 100, "the screen went on");
    assert!(device.agent.playing().faults().iter().any(|f| f.contains("disk is full")));
    world.journal.set_full(false);
    device.step_until(at(today(), "09:05"));
    device.stop().await;
    let records = world.server.records();
    assert_eq!(planned(&records.iter().map(|(_, r)| *r).collect::<Vec<_>>()).len(), parts.slots.len(), "every slot");
    assert!(records.windows(2).all(|w| w[1].0.0 == w[0].0.0 + 1 && w[0].1.end <= w[1].1.start));
}

#[tokio::test]
async fn a_clock_that_is_set_back_repeats_nothing() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&playlist(today(), "08:00-10:00", &[29_100, 32_400]));
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:20:03"));
    world.clock.step_ms(-10 * MINUTE_MS);
    device.agent.tick();
    device.step_until(at(today(), "08:19:55"));
    let records = world.records();
    let again = records.iter().filter(|r| matches!(r.origin, Origin::Fallback)).count();
    assert!(again >= 55, "the safe loop fills the ten minutes, {again} times");
    device.step_until(at(today(), "10:05"));
    let shown: Vec<u32> = planned(&world.records()).iter().map(|(s, _)| *s).collect();
    assert!(shown.windows(2).all(|w| w[1] == w[0] + 1), "each slot once, in order: {shown:?}");
}

#[tokio::test]
async fn a_clock_that_was_a_day_ahead_costs_minutes_and_not_the_day() {
    let world = World::at(at(today(), "07:55")).await;
    for on in [today(), today().next()] {
        world.server.publish(&playlist(on, "08:00-10:00", &[29_100, 30_600, 32_400]));
    }
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "08:10"));
    world.clock.step_ms(86_400_000);
    device.agent.tick();
    device.step_until(at(today().next(), "08:20"));
    world.clock.step_ms(-86_400_000);
    device.agent.tick();
    device.step_until(at(today(), "10:05"));
    let records = world.records();
    let on_day = |r: &&PlayRecord| r.start.day(HANOI) == today() && r.result == PlayResult::Complete;
    let orders: Vec<_> = records.iter().filter(on_day).filter(|r| r.item == IHANOI).collect();
    assert_eq!(
        orders.len(),
        3,
        "08:30 and 09:00 are played although they had been given up: {:?}",
        results(&records, IHANOI)
    );
    assert!(records.iter().any(|r| r.result == PlayResult::Skipped(Cause::ClockUnset)));
}

#[tokio::test]
async fn when_the_horizon_runs_out_the_safe_loop_goes_on() {
    let world = World::at(at(today(), "07:55")).await;
    let plan = world.server.publish(&playlist(today(), "08:00-08:10", &[]));
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today(), "23:00"));
    let before = world.records().len();
    device.step_until(at(today().plus(3), "23:00"));
    let records = world.records();
    let later = &records[before..];
    assert_eq!(later.len(), 3 * 60, "ten minutes of the safe loop on each of three days");
    assert!(later.iter().all(|r| r.plan == plan && r.origin == Origin::Fallback));
}

#[tokio::test]
async fn after_a_closed_day_without_a_plan_the_last_hours_of_duty_go_on_even_a_month_later() {
    let world = World::at(at(today(), "07:55")).await;
    let plan = world.server.publish(&playlist(today(), "08:00-08:10", &[]));
    world.server.publish(&playlist(today().next(), "", &[]));
    let mut device = world.device();
    device.meet().await;
    device.step_until(at(today().next(), "23:00"));
    assert_eq!(world.records().len(), 60, "the closed day is dark");
    device.step_until(at(today().plus(2), "23:00"));
    let records = world.records();
    assert_eq!(records.len(), 2 * 60);
    assert!(records[60..].iter().all(|r| r.plan == plan && r.origin == Origin::Fallback));

    // The scheduler answers all the time and knows nothing of this screen; then the power fails.
    world.server.lock().index.clear();
    device.run_until(at(today().plus(30), "23:00"), 12 * 60 * MINUTE_MS).await;
    let mut device = world.power_cut(device, at(today().plus(31), "07:00"));
    let before = world.records().len();
    device.step_until(at(today().plus(31), "23:00"));
    assert_eq!(world.records().len() - before, 60);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_stopped() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&playlist(today(), "08:00-08:10", &[]));
    world.server.lock().break_media_at = Some(9_000);
    let mut device = world.device();
    for _ in 0..12 {
        device.meet().await;
    }
    assert!(world.server.lock().ranges.iter().any(|r| r == "bytes=9000-"), "{:?}", world.server.lock().ranges);
    device.step_until(at(today(), "08:10"));
    assert_eq!(planned(&world.records()).len(), 60);
}

#[tokio::test]
async fn a_contract_gives_way_to_a_make_good_only_when_no_loop_is_left_and_is_written_down() {
    let world = World::at(at(today(), "07:55")).await;
    let mut parts = playlist(today(), "08:00-08:20", &[28_800]);
    // After the order's spot nothing but the contract: no second of the loop is left.
    let duty = parts.duty.clone();
    parts.slots = vec![lichphat_playlists::wire::v1::Slot { start_s: 28_800, item: IHANOI }];
    let contract = |i: u32| lichphat_playlists::wire::v1::Slot { start_s: 28_820 + i * 20, item: TVC };
    parts.slots.extend((0..59).map(contract));
    parts.terms.push(lichphat_playlists::wire::v1::Terms {
        campaign: assets().assets[usize::from(TVC)].code.clone(),
        windows: duty,
        min_gap_s: 0,
        min_display: DisplayLevel::D1,
        daily_cap: 100,
        make_good_until: today(),
        priority: 3,
    });
    world.server.publish(&parts);
    let mut device = world.device();
    device.meet().await;
    world.display.set(DisplayLevel::Dark);
    device.step_until(at(today(), "08:00:18"));
    world.display.set(DisplayLevel::D1);
    device.step_until(at(today(), "08:25"));
    let records = world.records();
    let good: Vec<_> = records.iter().filter(|r| matches!(r.origin, Origin::MakeGood { .. })).collect();
    assert_eq!(good.len(), 1, "the contract's own loss is never another contract's: {good:?}");
    assert_eq!((good[0].item, good[0].result), (IHANOI, PlayResult::Complete));
    let displaced: Vec<_> =
        records.iter().filter(|r| r.result == PlayResult::Skipped(Cause::Displaced)).map(|r| r.item).collect();
    assert_eq!(displaced, [TVC]);
    let planned = planned(&records);
    assert_eq!(planned.len(), 60, "every slot of both campaigns has its record");
}

#[test]
fn the_stage_gets_the_sound_of_an_item_as_the_signed_table_has_it() {
    let mut table = assets();
    (table.assets[usize::from(LOCAL_10)].volume_percent, table.assets[usize::from(LOCAL_10)].fades) =
        (35, Fades { in_ms: 300, out_ms: 700 });
    let mut parts = playlist(today(), "08:00-09:00", &[]);
    parts.assets = table.encode().1;
    let hash = table.assets[usize::from(LOCAL_10)].media.hash;
    let grounds = lichphat_player::sim_support::approve::grounds(&parts.screen, &table);
    let plan = DayPlan::new(parts.assets, parts, Arc::new(table), grounds).unwrap();
    let now = Now {
        utc: at(today(), "08:00"),
        mono_ms: 0,
        boot: BootId(1),
        clock: ClockState::Synced,
        clock_error_ms: 0,
        panel: DisplayLevel::D1,
        area_percent: 100,
    };
    let mut core = Core::new(DeviceId(7), Epoch(1), UtcMillis(0), Seq(0), CoreOptions::default());
    let mut actions = core.handle(Event::MediaReady { hash, path: "clip".into() }, &now);
    actions.extend(core.handle(Event::Playlist(Arc::new(plan)), &now));
    let item = actions.into_iter().find_map(|action| match action {
        Action::Enqueue(item) => Some(item),
        _ => None,
    });
    let item = item.expect("the loop begins");
    assert_eq!((item.volume, item.fades), (0.35, Fades { in_ms: 300, out_ms: 700 }));
}
