//! Laws of the simulation: what it shares it may share, and its figures are what the ledger's theory says.

use super::day::{DEVICE, Player, publish};
use super::place::{ORDER, Place};
use super::*;
use crate::planning::{CampaignLedger, Composed, DayFact, compose};
use crate::proof::{Counts, PlanContext};
use lichphat_player::core::DayPlan;
use lichphat_playlists::ids::{PlanHash, Seq};
use lichphat_playlists::plan::Effort;
use lichphat_playlists::proof::count::{Tally, judge};
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::quota::{Of, Over, Quota, Within};
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::v1::LedgerThrough;
use std::collections::BTreeMap;
use std::sync::Arc;

fn ten_a_day() -> Setting {
    Setting {
        screens: 400,
        days: 26,
        peak_hours: vec![7, 8, 17, 18],
        quota: 10,
        outage: 0.0,
        seed: 1,
        length_s: 15,
        min_gap_s: 600,
        distinct: false,
    }
}

fn figures(setting: &Setting) -> Figures {
    run(setting, || {}).unwrap()
}

#[test]
fn without_outages_every_day_of_every_screen_has_its_ten_plays() {
    let all = figures(&ten_a_day());
    let with_run_ahead = (270e6 / 26.0_f64).round() / 1e6; // 26 days of ten, and the run-ahead of ten
    assert_eq!((all.min, all.p5, all.mean), (with_run_ahead, with_run_ahead, with_run_ahead));
    assert_eq!((all.zero_days, all.lost_mean, all.causes), (0, 0.0, Causes::default()));
}

#[test]
fn outages_cost_what_the_theory_says_and_the_causes_add_up() {
    let all = figures(&Setting { screens: 4_000, outage: 0.05, ..ten_a_day() });
    let screen_days = 4_000.0 * 26.0;
    assert!((all.zero_days as f64 / screen_days - 0.05).abs() < 0.004, "{} dark days", all.zero_days);
    assert!(all.lost_mean > 0.03 && all.lost_mean < 0.12, "theory: 0.07, here {}", all.lost_mean);
    assert_eq!(all.causes.outage as f64, (all.lost_mean * 4_000.0).round());
    let dark = figures(&Setting { screens: 3, outage: 1.0, ..ten_a_day() });
    assert_eq!((dark.mean, dark.zero_days, dark.lost_mean, dark.causes.outage), (0.0, 78, 260.0, 780));
}

#[test]
fn windows_that_cannot_hold_the_quota_are_named_as_the_cause() {
    let all = figures(&Setting { screens: 2, quota: 50, ..ten_a_day() });
    assert_eq!((all.min, all.lost_mean), (24.0, 26.0 * 26.0), "four hours hold 24 plays ten minutes apart");
    assert_eq!(all.causes, Causes { no_room: 2 * 26 * 26, ..Causes::default() });
}

#[test]
fn more_screens_and_more_days_change_nobodys_fate() {
    let (short, long) = (ten_a_day(), Setting { days: 40, screens: 9_000, ..ten_a_day() });
    let [short, long] = [short, long].map(|s| Setting { outage: 0.3, ..s }.outages(17).take(26).collect::<Vec<_>>());
    assert_eq!(short, long);
    assert!(short.contains(&true) && short.contains(&false));
}

#[test]
fn screens_of_their_own_have_problems_of_their_own_and_the_same_ledger() {
    let alike = figures(&Setting { screens: 4, days: 4, ..ten_a_day() });
    let own = figures(&Setting { screens: 4, days: 4, distinct: true, ..ten_a_day() });
    assert_eq!(alike, own, "the ledger asks the same of both, and both can carry it");
    let ledger = ten_a_day().ledger();
    let last = ledger.days()[25].day;
    let shape = |place: Place| place.day(last, 10).shape_hash();
    let place = || Place::new(&ten_a_day(), 15, last);
    assert_eq!(shape(place()), shape(place()));
    assert_ne!(shape(place().distinct(1)), shape(place().distinct(2)));
    let plays = compose(&place().day(last, 10), None, Effort::Quick).unwrap().plan.plays.len();
    assert!((3_500..3_700).contains(&plays), "{plays} plays a day");
    let tomorrow = place().day(last.next(), 10).shape_hash();
    assert_eq!(tomorrow, shape(place()), "the date decides nothing but the document's name");
}

/// A screen with one core that is never made anew but by outages, and a server that knows only what was reported.
struct LongLife {
    place: Place,
    /// What each day of the order owes.
    owed: Vec<DayOwed>,
    plans: BTreeMap<LocalDay, (Arc<DayPlan>, PlanContext)>,
    by_hash: BTreeMap<PlanHash, LocalDay>,
    composed: BTreeMap<u32, Composed>,
    records: Vec<PlayRecord>,
    capacity: u32,
}

impl LongLife {
    fn new(setting: &Setting) -> Self {
        let owed = setting.ledger().days().to_vec();
        let last = owed[owed.len() - 1].day;
        Self {
            place: Place::new(setting, 15, last),
            owed,
            plans: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            composed: BTreeMap::new(),
            records: Vec::new(),
            capacity: left_packing(&setting.windows(), setting.length_s, setting.gap_s()),
        }
    }

    /// The server plans the week from `from` on, from the records it has: unreported slots count as played.
    fn plan_week(&mut self, from: LocalDay) {
        let counts = self.counts();
        let mut facts: BTreeMap<LocalDay, DayFact> = BTreeMap::new();
        for (day, (plan, _)) in self.plans.range(..from) {
            let planned = plan.playlist.slots.iter().filter(|s| plan.terms(s.item).is_some()).count() as u32;
            let seen = counts.get(day).cloned().unwrap_or_default();
            facts.insert(
                *day,
                DayFact { planned, slots_seen: seen.slots_seen, counted: seen.counted, ..DayFact::default() },
            );
        }
        let (rule, over, within) = (Rule::Average, Over::OperatingDays, Within::Peak);
        let quota = Quota { plays: 10, per: Period::Day, rule, over, within, of: Of::Screen };
        let mut ledger = CampaignLedger::new(&quota, self.owed.clone(), facts);
        let ahead: Vec<LocalDay> = self.owed.iter().map(|d| d.day).filter(|d| *d >= from).take(7).collect();
        for day in ahead {
            let target = ledger.target(day, self.capacity);
            ledger.plan(day, target);
            let seq = Seq(self.records.len() as u64);
            let mut input = self.place.day(day, target);
            input.ledger_through = Some(LedgerThrough { device: DEVICE.0, epoch: DEVICE.1, seq });
            let composed = self.composed.entry(target).or_insert_with(|| compose(&input, None, Effort::Quick).unwrap());
            let (plan, context) = publish(composed, &input, 1 + seq.0 as u32).unwrap();
            self.by_hash.insert(plan.hash, day);
            self.plans.insert(day, (plan, context));
        }
    }

    /// What the device has on its disk on the morning of `day`: the week before and the week ahead.
    fn held(&self, day: LocalDay) -> Vec<Arc<DayPlan>> {
        let week = self.plans.values().map(|(plan, _)| plan).filter(|p| day.days_since(p.day()) <= 7);
        week.map(Arc::clone).collect()
    }

    /// What counted, by day, judged in one go.
    fn counts(&self) -> BTreeMap<LocalDay, Counts> {
        let (mut counts, mut tally) = (BTreeMap::<LocalDay, Counts>::new(), Tally::default());
        for record in &self.records {
            let planned = self.by_hash[&record.plan];
            let context = &self.plans[&planned].1;
            let terms =
                context.count_terms(record, record.end, &lichphat_playlists::wire::permit::Withdrawals::default());
            let standing = judge(record, terms.as_ref(), record.end, HANOI, &mut tally);
            if terms.is_some_and(|t| t.campaign.as_str() == ORDER) {
                // a planned slot belongs to its plan's day, a make-good to the day it was played
                let slot = matches!(record.origin, lichphat_playlists::proof::record::Origin::Planned { .. });
                let day = if slot { planned } else { record.start.day(HANOI) };
                counts.entry(day).or_default().add(record, standing);
            }
        }
        counts
    }
}

/// Plays that counted on each day, when one core lives them all and device and server share the repairs.
fn lived_in_one_go(setting: &Setting, screen: u32) -> Vec<u32> {
    let mut life = LongLife::new(setting);
    let mut player: Option<Player> = None;
    for (t, dark) in setting.outages(screen).enumerate() {
        let day = setting.first_day().plus(t as u32);
        if dark {
            player = None; // the power goes at midnight and takes the core with it
            continue;
        }
        if player.is_none() {
            let records: Vec<_> = (1..).map(Seq).zip(life.records.iter().cloned()).collect();
            let mut fresh = Player::new(day.start(HANOI), Seq(records.len() as u64));
            let held: Vec<_> = life.held(day);
            fresh.core.restore(&held, &records);
            held.iter().for_each(|plan| fresh.hear(plan));
            player = Some(fresh);
            if t == 0 {
                life.plan_week(day);
            }
        }
        let player = player.as_mut().unwrap();
        life.held(day).iter().for_each(|plan| player.hear(plan));
        player.live_until(day.next().start(HANOI));
        life.records.append(&mut player.records);
        life.plan_week(day.next());
    }
    let counts = life.counts();
    let day = |t: u32| counts.get(&setting.first_day().plus(t)).map_or(0, |c| c.counted);
    (0..setting.days).map(day).collect()
}

#[test]
fn a_month_lived_in_one_go_comes_to_the_same() {
    let setting = Setting { outage: 0.12, ..ten_a_day() };
    let ledger = setting.ledger();
    let shelf = Shelf::new(Place::new(&setting, 15, ledger.days()[25].day));
    for screen in 0..4 {
        let mut counted = 0;
        let alone: Vec<u32> = ledger
            .days()
            .iter()
            .zip(setting.outages(screen))
            .map(|(owed, dark)| {
                let asked = ledger.target(owed.day, counted, 24);
                let played = if dark { 0 } else { shelf.live(owed.day, asked).unwrap().counted };
                counted += played;
                played
            })
            .collect();
        assert_eq!(lived_in_one_go(&setting, screen), alone, "screen {screen}");
    }
}
