//! Figures of one screen, and their sums.

use super::*;
use crate::quota::{Of, Over, Period as Per, Ratio, Rule, Within};
use crate::time::HANOI;

const QUOTA: Quota = Quota {
    plays: 10,
    per: Per::Day,
    rule: Rule::Average,
    over: Over::OperatingDays,
    within: Within::Peak,
    of: Of::Screen,
};

fn monday() -> LocalDay {
    "2026-11-16".parse().unwrap()
}

fn screen(counted: &[u32]) -> ScreenFacts {
    let day = |i: usize| monday().plus(i as u32);
    let fact = |&c: &u32| DayFacts {
        asked: 10,
        planned: 10,
        not_approved: false,
        counts: Counts {
            slots_seen: 10,
            counted: c,
            not_counted: 10u32.saturating_sub(c),
            reasons: BTreeMap::from([("skipped:device-off".to_owned(), 10u32.saturating_sub(c))]),
            ..Counts::default()
        },
        declared: Declared::default(),
    };
    ScreenFacts {
        screen: ScreenCode::new("P00004-01").unwrap(),
        name: "Sảnh".into(),
        kind: "managed".into(),
        force: "required".into(),
        inferred: false,
        owed: (0..counted.len())
            .map(|i| DayOwed { day: day(i), owed: Ratio::from_integer(10), operating: true })
            .collect(),
        kept_off: BTreeMap::new(),
        days: counted.iter().enumerate().map(|(i, c)| (day(i), fact(c))).collect(),
        has_device: true,
        simulated: false,
        reported_until: Some(day(counted.len() + 1).start(HANOI)),
    }
}

fn week(now_day: u32) -> Period {
    Period { from: monday(), to: monday().plus(4), now: monday().plus(now_day).start(HANOI), offset: HANOI }
}

#[test]
fn an_average_is_kept_by_days_that_make_up_for_each_other() {
    let line = screen_line(&QUOTA, &screen(&[15, 5, 10, 10, 10]), &week(5));
    assert_eq!((line.met, line.short, line.counted, line.owed), (true, 0, 50, 50));
    assert_eq!((line.mean_per_day, line.min_per_day, line.days_at_target), (10.0, 5, 4));
}

#[test]
fn what_is_missing_has_a_cause_and_a_number() {
    let line = screen_line(&QUOTA, &screen(&[10, 0, 10, 10, 10]), &week(5));
    assert_eq!((line.met, line.short, line.days_at_zero), (false, 10, 1));
    assert_eq!(line.main_cause, "skipped:device-off");
    let totals = totals(&[line]);
    assert_eq!((totals.met, totals.short, totals.on_duty), (0, 1, 1));
    assert_eq!(totals.short_causes, BTreeMap::from([("skipped:device-off".to_owned(), 1)]));
}

#[test]
fn days_on_which_nothing_may_play_say_why_and_no_more_than_is_missing() {
    let suspended = |counted: &[u32]| {
        let mut facts = screen(counted);
        for (day, owed) in (1u32..).zip(&mut facts.owed[1..3]) {
            owed.operating = false;
            facts.days.remove(&monday().plus(day));
            facts.kept_off.insert(monday().plus(day), format!("{SUSPENDED}:quoc-tang"));
        }
        screen_line(&QUOTA, &facts, &week(5))
    };
    let line = suspended(&[15, 0, 0, 15, 14]);
    assert_eq!((line.owed, line.counted, line.short, line.operating_days), (50, 44, 6, 3));
    assert_eq!(line.causes, BTreeMap::from([("suspended:quoc-tang".to_owned(), 6)]));
    assert!(suspended(&[20, 0, 0, 15, 15]).main_cause.is_empty(), "made good");

    let mut facts = screen(&[10, 0, 0, 10, 10]);
    facts.days.clear();
    facts.kept_off = (0..5).map(|day| (monday().plus(day), NO_VARIANT.to_owned())).collect();
    let line = screen_line(&QUOTA, &facts, &week(5));
    assert_eq!((line.short, line.main_cause.as_str(), line.causes[NO_VARIANT]), (50, NO_VARIANT, 50));
}

#[test]
fn a_silent_device_is_pending_first_and_missed_later() {
    let mut facts = screen(&[0, 0, 0, 0, 0]);
    facts.reported_until = None;
    for f in facts.days.values_mut() {
        *f = DayFacts { asked: 10, planned: 10, ..DayFacts::default() };
    }
    let line = screen_line(&QUOTA, &facts, &week(5));
    assert_eq!((line.pending, line.missed, line.main_cause.as_str()), (50, 0, "pending"));
    let line = screen_line(&QUOTA, &facts, &week(30));
    assert_eq!((line.pending, line.missed, line.main_cause.as_str()), (0, 50, "silent"));
    assert_eq!(line.standing, Standing::Silent);
}

#[test]
fn what_others_declare_stands_beside_and_proves_nothing() {
    let mut facts = screen(&[0, 0, 0, 0, 0]);
    (facts.kind, facts.has_device, facts.reported_until) = ("third-party".into(), false, None);
    for f in facts.days.values_mut() {
        let declared = Declared { plays: 10, not_counted: 1, ..Declared::default() };
        *f = DayFacts { declared, ..DayFacts::default() };
    }
    let line = screen_line(&QUOTA, &facts, &week(5));
    assert_eq!((line.standing, line.main_cause.as_str()), (Standing::Declared, "declared-only"));
    assert_eq!((line.counted, line.met, line.short), (0, false, 50), "however much is declared");
    assert_eq!((line.declared_plays, line.declared_not_counted), (50, 5));
    let t = totals([line].iter());
    assert_eq!((t.declared, t.reporting, t.silent), (1, 0, 0));
    assert_eq!((t.declared_plays, t.counted), (50, 0));
}

#[test]
fn at_least_is_kept_in_every_period_by_itself_and_an_open_one_waits() {
    let quota = Quota { plays: 7, per: Per::IsoWeek, rule: Rule::AtLeast, ..QUOTA };
    // two weeks and a half: nothing, then twice as much, then two days
    let mut facts = screen(&[0, 0, 0, 0, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    for d in &mut facts.owed {
        d.owed = Ratio::from_integer(1);
    }
    let period = Period { from: monday(), to: monday().plus(30), now: monday().plus(16).start(HANOI), offset: HANOI };
    let line = screen_line(&quota, &facts, &period);
    assert_eq!((line.met, line.short, line.surplus), (false, 8, 7), "the second week's plays are too late");
    assert_eq!((line.owed, line.counted), (16, 15), "seven, seven, and two days of the third");
}

#[test]
fn sums_hold_each_screen_once_and_every_figure_of_its_line() {
    let lines = [[10, 10, 10, 10, 10], [10, 4, 10, 10, 10]].map(|days| screen_line(&QUOTA, &screen(&days), &week(5)));
    let sums = super::super::Sums::of(&lines);
    assert_eq!((sums.existing, sums.on_duty, sums.met, sums.short, sums.short_plays), (2, 2, 1, 1, 6));
    assert_eq!((sums.owed, sums.counted, sums.not_counted), (100, 94, 6));
    assert_eq!(
        sums.reasons.values().sum::<u64>(),
        sums.not_counted + sums.unknown,
        "every refused play has its reason"
    );
    assert_eq!(sums.causes, BTreeMap::from([("skipped:device-off".to_owned(), 6)]));
    let whole = totals(&lines);
    assert_eq!(
        (whole.existing, whole.met, whole.short, whole.counted),
        (sums.existing, sums.met, sums.short, sums.counted)
    );
}

#[test]
fn today_is_not_owed_before_it_has_ended() {
    let line = screen_line(&QUOTA, &screen(&[10, 4, 0, 0, 0]), &week(1));
    assert_eq!((line.operating_days, line.met), (1, true));
}
