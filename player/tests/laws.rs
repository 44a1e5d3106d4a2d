//! Laws of the screen, whatever happens to it: power cuts, a dark panel, new plans, a clock that is set.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
mod support;

use lichphat_playlists::ids::{DeviceId, Epoch, PlanVersion};
use lichphat_playlists::proof::count::{CountTerms, Standing, Tally, judge};
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{HANOI, IntervalSet, UtcMillis};
use lichphat_playlists::wire::v1::LedgerThrough;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use support::*;

#[derive(Debug, Clone)]
enum Fate {
    Run(i64),
    PowerCut(i64),
    Dark(bool),
    Offline(bool),
    /// Orders moved by so many seconds; does the plan know the device's records?
    NewPlan(u32, bool),
    ClockSet(i64),
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        4 => (30_000i64..1_500_000).prop_map(Fate::Run),
        2 => (1_000i64..1_500_000).prop_map(Fate::PowerCut),
        2 => any::<bool>().prop_map(Fate::Dark),
        1 => any::<bool>().prop_map(Fate::Offline),
        1 => (0u32..600, any::<bool>()).prop_map(|(s, known)| Fate::NewPlan(s / 5 * 5, known)),
        1 => (-400_000i64..400_000).prop_map(Fate::ClockSet),
    ];
    prop::collection::vec(fate, 1..14)
}

const WINDOWS: &str = "08:10-09:30;10:00-11:00";
const CAP: usize = 12;

fn parts(version: u32, moved_s: u32, gap_s: u32) -> lichphat_playlists::wire::v1::Playlist {
    let orders: Vec<u32> = (0..8).map(|i| 29_400 + i * 660 + moved_s).filter(|s| *s < 33_600).collect();
    let mut parts = playlist(day("2026-11-20"), "08:00-11:30", &orders);
    parts.version = PlanVersion(version);
    parts.terms[0].windows = IntervalSet::parse(WINDOWS).unwrap();
    parts.terms[0].daily_cap = CAP as u32;
    parts.terms[0].min_gap_s = gap_s;
    parts
}

async fn live(fates: &[Fate], gap_s: u32) -> (Vec<PlayRecord>, bool, usize) {
    let on = day("2026-11-20");
    let world = World::at(at(on, "07:58")).await;
    let mut version = 1;
    world.server.publish(&parts(version, 0, gap_s));
    let mut device = world.device();
    let mut clock_set = false;
    device.meet().await;
    for fate in fates {
        match fate {
            Fate::Run(ms) => {
                let until = lichphat_playlists::ports::Clock::now(&*world.clock).plus_ms(*ms);
                device.run_until(until, 300_000).await;
            }
            Fate::PowerCut(ms) => {
                let until = lichphat_playlists::ports::Clock::now(&*world.clock).plus_ms(*ms);
                device = world.power_cut(device, until);
                device.agent.tick();
            }
            Fate::Dark(dark) => world.display.set(if *dark { DisplayLevel::Dark } else { DisplayLevel::D1 }),
            Fate::Offline(offline) => world.server.lock().offline = *offline,
            Fate::NewPlan(moved_s, known) => {
                version += 1;
                let mut parts = parts(version, *moved_s, gap_s);
                if let Some((seq, _)) = world.server.records().last().filter(|_| *known) {
                    parts.ledger_through = Some(LedgerThrough { device: DeviceId(7), epoch: Epoch(1), seq: *seq });
                }
                world.server.publish(&parts);
            }
            Fate::ClockSet(ms) => {
                clock_set = true;
                world.clock.step_ms(*ms);
                device.agent.tick();
            }
        }
    }
    world.server.lock().offline = false;
    device.run_until(at(on, "11:40"), 300_000).await;
    device.stop().await;
    let records = world.records();
    assert_eq!(world.server.records().len(), records.len(), "the scheduler holds every record");
    let faults = device.agent.playing().faults();
    assert!(!faults.iter().any(|f| f.contains("has not reported")), "{faults:?}");
    (records, clock_set, device.agent.playing().core().misses())
}

/// What the scheduler will count, by the one rule.
fn counted<'a>(records: &'a [PlayRecord], windows: &IntervalSet, gap_s: u32) -> Vec<&'a PlayRecord> {
    let asset = &assets().assets[usize::from(IHANOI)];
    let terms = CountTerms {
        campaign: &asset.code,
        booked_ms: asset.media.duration_s * 1000,
        min_gap_s: gap_s,
        min_display: DisplayLevel::D1,
        barred: None,
        windows: Some(windows),
    };
    let mut tally = Tally::default();
    let mut out = Vec::new();
    for record in records {
        if record.item != IHANOI {
            if record.result.was_shown() {
                tally.last_end = tally.last_end.max(Some(record.end));
            }
        } else if let Standing::Counted { .. } = judge(record, Some(&terms), record.end, HANOI, &mut tally) {
            out.push(record);
        }
    }
    out
}

fn start_s(at: UtcMillis) -> u32 {
    (at.plus_ms(500).local(HANOI).1) / 1000
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(96), ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_no_slot_is_shown_twice_and_make_goods_keep_the_rules(
        fates in fates(),
        // planned plays are eleven minutes apart: with the one gap a make-good fits between, with the other they must move
        gap_s in prop::sample::select(vec![300u32, 420]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (records, clock_set, _) = runtime.block_on(live(&fates, gap_s));
        let mut shown = BTreeSet::new();
        let mut noted = BTreeMap::new();
        for record in &records {
            if let Origin::Planned { slot } = record.origin {
                if record.result.was_shown() {
                    prop_assert!(shown.insert((record.plan, slot)), "slot {slot} twice");
                } else {
                    *noted.entry((record.plan, slot)).or_insert(0) += 1;
                }
            }
        }
        prop_assert!(noted.values().all(|n| *n == 1), "a miss is written once");
        let windows = IntervalSet::parse(WINDOWS).unwrap();
        let counted = counted(&records, &windows, gap_s);
        let is_good = |r: &PlayRecord| matches!(r.origin, Origin::MakeGood { .. });
        for pair in counted.windows(2) {
            let gap_ms = pair[1].start.since_ms(pair[0].start);
            prop_assert!(clock_set || gap_ms >= i64::from(gap_s) * 1000 - 1000, "{gap_ms} ms after {:?}", pair[0].start);
        }
        for record in records.iter().filter(|r| is_good(r)) {
            prop_assert!(windows.contains(start_s(record.start)), "a make-good outside the windows");
            let clean = record.result == PlayResult::Complete && record.display >= DisplayLevel::D1;
            prop_assert!(!clean || clock_set || counted.contains(&record), "a whole make-good that does not count");
        }
        prop_assert!(!counted.iter().any(|r| is_good(r)) || counted.len() <= CAP, "the daily cap");
        // A miss is made good at most once.
        let mut made = BTreeSet::new();
        for record in &counted {
            if let Origin::MakeGood { missed_plan, missed_slot } = record.origin {
                prop_assert!(made.insert((missed_plan, missed_slot)), "made good twice");
            }
        }
        if !clock_set {
            for pair in records.iter().filter(|r| r.result.was_shown()).collect::<Vec<_>>().windows(2) {
                prop_assert!(pair[1].start >= pair[0].end, "plays do not overlap");
            }
        }
    }
}
