//! The period ledger against a simulation that shares nothing with it: its own calendar arithmetic, its own
//! fractions (whole numbers over one denominator), day by day, on random periods with raises, late joiners, holidays,
//! closed days, days that leave the quota and days that are made good.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use chrono::{Datelike, NaiveDate};
use lichphat_playlists::quota::{DayOwed, Ledger, LedgerOptions, Loss, Of, Over, Period, Quota, Ratio, Rule, Within};
use lichphat_playlists::time::LocalDay;
use proptest::prelude::*;

/// What befalls a day.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Works,
    /// Off duty: a holiday, a closure, before the screen was put up.
    Closed,
    /// Suspended; its share leaves the quota.
    Leaves,
    /// Suspended; its share is owed all the same.
    MadeGood,
}

#[derive(Debug, Clone)]
struct Case {
    first: NaiveDate,
    per: Period,
    rule: Rule,
    over: Over,
    plays: u32,
    /// From this day on (an index) so many plays more.
    raise: (usize, u32),
    /// The screen stands from this day on.
    joins: usize,
    days: Vec<(Fate, u32, bool)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let fate = prop_oneof![8 => Just(Fate::Works), 3 => Just(Fate::Closed), 1 => Just(Fate::Leaves), 1 => Just(Fate::MadeGood)];
    let per = prop_oneof![
        Just(Period::Day),
        Just(Period::IsoWeek),
        Just(Period::Month),
        Just(Period::Quarter),
        Just(Period::Year)
    ];
    let days = prop::collection::vec((fate, 0u32..40, prop::bool::weighted(0.1)), 1..130);
    (0i64..900, per, any::<bool>(), any::<bool>(), 1u32..60, (0usize..140, 0u32..30), 0usize..20, days).prop_map(
        |(from, per, average, operating, plays, raise, joins, days)| Case {
            first: NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(from.unsigned_abs()),
            per,
            rule: if average { Rule::Average } else { Rule::AtLeast },
            over: if operating { Over::OperatingDays } else { Over::CalendarDays },
            plays,
            raise,
            joins,
            days,
        },
    )
}

impl Case {
    fn date(&self, t: usize) -> NaiveDate {
        self.first + chrono::Days::new(t as u64)
    }

    /// Is the screen on duty? Outside the order's days Sundays are off.
    fn on_duty(&self, date: NaiveDate) -> bool {
        match usize::try_from((date - self.first).num_days()).ok().filter(|&t| t < self.days.len()) {
            Some(t) => t >= self.joins && self.days[t].0 != Fate::Closed,
            None => date >= self.date(self.joins) && date.weekday().num_days_from_sunday() != 0,
        }
    }

    fn asked(&self, t: usize) -> u32 {
        self.plays + if t >= self.raise.0 { self.raise.1 } else { 0 }
    }

    // ------------------------------------------------------------------- the ledger's way

    fn ledger(&self) -> Ledger {
        let day = |t: usize| {
            let quota = Quota {
                plays: self.asked(t),
                per: self.per,
                rule: self.rule,
                over: self.over,
                within: Within::Duty,
                of: Of::Screen,
            };
            let fate = self.days[t].0;
            let bound = t >= self.joins && fate != Fate::Leaves;
            let owed = quota.owed_on(LocalDay(self.date(t)), |d| self.on_duty(d.0));
            DayOwed {
                day: LocalDay(self.date(t)),
                owed: if bound { owed } else { Ratio::from_integer(0) },
                operating: t >= self.joins && fate == Fate::Works,
            }
        };
        let days = (0..self.days.len()).map(day).collect();
        Ledger::new(self.rule, self.per, days, LedgerOptions::default())
    }

    // ------------------------------------------------------------------- the slow way

    /// The name of the calendar period of a date.
    fn period(&self, date: NaiveDate) -> (i32, u32) {
        match self.per {
            Period::Day => (date.year(), date.ordinal()),
            Period::IsoWeek => (date.iso_week().year(), date.iso_week().week()),
            Period::Month => (date.year(), date.month()),
            Period::Quarter => (date.year(), date.month().div_ceil(3)),
            Period::Year => (date.year(), 0),
        }
    }

    /// Days that share the period of day `t`: walked to both sides while the period's name stays.
    fn sharers(&self, t: usize) -> i128 {
        let (date, name) = (self.date(t), self.period(self.date(t)));
        let shares = |d: &NaiveDate| self.over == Over::CalendarDays || self.on_duty(*d);
        let back = date.iter_days().rev().take_while(|d| self.period(*d) == name);
        let on = date.iter_days().skip(1).take_while(|d| self.period(*d) == name);
        back.chain(on).filter(shares).count() as i128
    }

    /// What day `t` owes, as numerator and denominator.
    fn owes(&self, t: usize) -> (i128, i128) {
        let date = self.date(t);
        let shares = self.over == Over::CalendarDays || self.on_duty(date);
        let bound = t >= self.joins && self.days[t].0 != Fate::Leaves;
        if bound && shares { (i128::from(self.asked(t)), self.sharers(t)) } else { (0, 1) }
    }

    /// Day by day: what each day is asked for and plays, where an outage plays nothing; and each span's missing plays.
    fn simulate(&self, outages: bool) -> (Vec<i128>, Vec<(usize, i128)>) {
        let owes: Vec<(i128, i128)> = (0..self.days.len()).map(|t| self.owes(t)).collect();
        let (mut asked, mut lost) = (Vec::new(), Vec::new());
        let mut t = 0;
        while t < owes.len() {
            let begin = t;
            let same =
                |u: usize| self.rule == Rule::Average || self.period(self.date(u)) == self.period(self.date(begin));
            // one denominator for the whole span keeps every number whole
            let mut span = 0;
            let mut unit = 1;
            while begin + span < owes.len() && same(begin + span) {
                unit = lcm(unit, owes[begin + span].1);
                span += 1;
            }
            let (mut sum, mut largest, mut played) = (0, 0, 0);
            for (u, (plays, of)) in owes.iter().enumerate().skip(begin).take(span) {
                let own = plays * (unit / of);
                sum += own;
                largest = largest.max(own);
                let ahead = if self.rule == Rule::Average { largest } else { 0 };
                let envelope = (sum + ahead + unit - 1) / unit;
                let cap = ((3 * own + 2 * unit - 1) / (2 * unit)).max(1);
                let works = u >= self.joins && self.days[u].0 == Fate::Works;
                let room = if works { cap.min(i128::from(self.days[u].1)) } else { 0 };
                let x = room.min((envelope - played).max(0));
                asked.push(x);
                played += if outages && self.days[u].2 { 0 } else { x };
            }
            let whole = if self.rule == Rule::Average { sum / unit } else { (sum + unit - 1) / unit };
            if played < whole {
                lost.push((begin, whole - played));
            }
            t = begin + span;
        }
        (asked, lost)
    }
}

fn lcm(a: i128, b: i128) -> i128 {
    let gcd = |mut a: i128, mut b: i128| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    a / gcd(a, b) * b
}

/// What the ledger asks, played as it asks but for outages.
fn play(case: &Case, ledger: &Ledger, outages: bool) -> Vec<i128> {
    let (mut counted, mut span, mut out) = (0, None, Vec::new());
    for (t, d) in ledger.days().iter().enumerate() {
        let now = ledger.span(d.day);
        if now != span {
            (counted, span) = (0, now);
        }
        let x = ledger.target(d.day, counted, case.days[t].1);
        counted += if outages && case.days[t].2 { 0 } else { x };
        out.push(i128::from(x));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_days_number_is_that_of_a_plain_simulation(case in cases()) {
        let ledger = case.ledger();
        for outages in [false, true] {
            prop_assert_eq!(play(&case, &ledger, outages), case.simulate(outages).0, "outages: {}", outages);
        }
    }

    #[test]
    fn what_is_lost_for_good_is_what_the_simulation_lacks_and_its_days_are_named(case in cases()) {
        let ledger = case.ledger();
        let capacities: Vec<u32> = case.days.iter().map(|d| d.1).collect();
        let lost = ledger.lost(&capacities);
        let found: Vec<(LocalDay, i128)> = lost.iter().map(|l| (l.span.0, i128::from(l.lost))).collect();
        let expected: Vec<(LocalDay, i128)> =
            case.simulate(false).1.into_iter().map(|(t, n)| (LocalDay(case.date(t)), n)).collect();
        prop_assert_eq!(found, expected);
        for loss in &lost {
            prop_assert!(less_with(&case, &capacities, loss), "{:?} are not to blame", loss);
        }
    }

    #[test]
    fn a_finished_span_is_met_exactly_when_the_simulation_lacks_nothing(case in cases()) {
        let ledger = case.ledger();
        let (played, lost) = (play(&case, &ledger, true), case.simulate(true).1);
        let (mut begin, mut spans) = (0, Vec::new());
        for t in 0..played.len() {
            if t + 1 == played.len() || ledger.span(ledger.days()[t + 1].day) != ledger.span(ledger.days()[t].day) {
                spans.push((begin, t));
                begin = t + 1;
            }
        }
        for (from, to) in spans {
            let counted: i128 = (from..=to).filter(|&t| !case.days[t].2).map(|t| played[t]).sum();
            let status = ledger.status(ledger.days()[to].day, counted as u32);
            let short = lost.iter().find(|(t, _)| *t == from).map_or(0, |(_, n)| *n);
            prop_assert_eq!((status.met, i128::from(status.short)), (short == 0, short));
        }
    }
}

/// Had the days at fault carried their own share, less would be lost: on an otherwise equal ledger.
fn less_with(case: &Case, capacities: &[u32], loss: &Loss) -> bool {
    let before = case.ledger();
    let at = |day: LocalDay| before.days().binary_search_by_key(&day, |d| d.day).unwrap();
    let (mut days, mut better) = (before.days().to_vec(), capacities.to_vec());
    for &day in &loss.guilty {
        days[at(day)].operating = true;
        better[at(day)] = 10_000;
    }
    let after = Ledger::new(case.rule, case.per, days, LedgerOptions::default());
    let left = after.lost(&better).into_iter().find(|l| l.span == loss.span).map_or(0, |l| l.lost);
    !loss.guilty.is_empty() && left < loss.lost
}

#[test]
fn a_quarter_of_work_days_is_reckoned_by_hand() {
    // at least 65 in the third quarter of 2024, over its 65 working days less National Day: 65/65 a day
    let off = |d: LocalDay| {
        let (month, day) = (d.0.month(), d.0.day());
        d.0.weekday().num_days_from_monday() >= 5 || (month, day) == (9, 2)
    };
    let quota = Quota {
        plays: 65,
        per: Period::Quarter,
        rule: Rule::AtLeast,
        over: Over::OperatingDays,
        within: Within::Duty,
        of: Of::Screen,
    };
    let from: LocalDay = "2024-07-01".parse().unwrap();
    let days: Vec<DayOwed> = from
        .through("2024-09-30".parse().unwrap())
        .map(|day| DayOwed { day, owed: quota.owed_on(day, |d| !off(d)), operating: !off(day) })
        .collect();
    let working = days.iter().filter(|d| d.operating).count();
    assert_eq!((days.len(), working), (92, 65));
    let ledger = Ledger::new(quota.rule, quota.per, days, LedgerOptions::default());
    let mut counted = 0;
    for d in ledger.days() {
        // August is dark
        let x = ledger.target(d.day, counted, 20);
        counted += if d.day.0.month() == 8 { 0 } else { x };
    }
    // 22 working days were lost, and each day of September may bring in one more than its own
    assert_eq!(counted, 65 - 22 + 20);
}
