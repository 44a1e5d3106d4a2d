//! The period ledger of one screen and one campaign (or of one unit: its screens' days summed).
//!
//! With `a_t` plays owed by day `t`, the envelope `A_t = a_1 + … + a_t + h`, `D` plays counted so far,
//! `K_t` plays that day `t` can carry and the daily cap `M_t`, a day is asked for
//!
//! ```text
//! x_t = min(M_t, K_t, ceil(A_t) - D_{t-1})
//! ```
//!
//! Because the envelope grows by `a_t` every day, no operating day is planned silent; a screen that is
//! behind catches up, one that is ahead by `h` stops running ahead. `h` is insurance against outages:
//! the largest `a` so far for `average` (so a raise never makes a day smaller), 0 for `at_least`, whose
//! envelope starts anew in every calendar period. What is lost for good has a closed form, see
//! [`Ledger::lost`].

use super::{Period, Ratio, Rule, ceil, floor};
use crate::time::LocalDay;
use serde::{Deserialize, Serialize};

/// One day of the campaign on this screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayOwed {
    /// The day.
    pub day: LocalDay,
    /// What it owes by itself; see [`super::Quota::owed_on`]. 0 on days taken out of the quota. Written as `10` or `10/31`.
    #[serde(with = "ratio_text")]
    pub owed: Ratio,
    /// Can anything play on this day? False when closed or suspended: what it owes (if it does) is
    /// played on other days.
    pub operating: bool,
}

mod ratio_text {
    use super::Ratio;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(ratio: &Ratio, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(ratio)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ratio, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is no fraction like 10 or 10/31")))
    }
}

/// Settings; the defaults are those of the theory above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LedgerOptions {
    /// Run-ahead `h`, plays. Default: the largest `a` so far for `average`, 0 for `at_least`.
    pub run_ahead_h: Option<Ratio>,
    /// Daily cap `M`, plays. Default: `max(1, ceil(1.5 a))` of the day's own `a`.
    pub daily_cap_m: Option<u32>,
}

/// Where a campaign stands at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    /// Sum of the days' own `a` so far (in the period of the day for `at_least`).
    pub owed_so_far: Ratio,
    /// Plays that counted.
    pub counted: u32,
    /// Whole plays beyond what is owed: run-ahead, shown apart.
    pub surplus: u32,
    /// Whole plays missing.
    pub short: u32,
    /// Nothing is missing.
    pub met: bool,
}

/// What can no longer be placed, and the days that are to blame.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Loss {
    /// First and last day of the span (one for `average`, one per period for `at_least`).
    pub span: (LocalDay, LocalDay),
    /// Whole plays lost for good; above 0.
    pub lost: u32,
    /// The days after which nothing could be caught up and which could not carry their own share.
    pub guilty: Vec<LocalDay>,
}

/// How a span will end if every day from now on carries what it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Forecast {
    /// Plays counted by the end of the span.
    pub counted: u32,
    /// Plays the span owes in whole.
    pub owed: u32,
    /// Plays that will be missing.
    pub short: u32,
}

/// The days of a campaign on one screen, in order, with their envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    rule: Rule,
    days: Vec<DayOwed>,
    /// Whole envelope `ceil(A_t)` of each day.
    envelope: Vec<u32>,
    /// Sum of `a` up to and including each day, within its span.
    owed: Vec<Ratio>,
    cap: Vec<u32>,
    /// Index ranges of the spans: the whole campaign, or calendar periods.
    spans: Vec<std::ops::Range<usize>>,
}

impl Ledger {
    /// A ledger over `days` (any order; a day given twice keeps its last entry). `per` cuts the spans of
    /// `at_least`; `average` runs over the whole campaign.
    pub fn new(rule: Rule, per: Period, days: Vec<DayOwed>, options: LedgerOptions) -> Self {
        let by_day: std::collections::BTreeMap<LocalDay, DayOwed> = days.into_iter().map(|d| (d.day, d)).collect();
        let days: Vec<DayOwed> = by_day.into_values().collect();
        let mut ledger = Self {
            rule,
            envelope: Vec::new(),
            owed: Vec::new(),
            cap: Vec::new(),
            spans: spans(rule, per, &days),
            days,
        };
        for span in ledger.spans.clone() {
            let (mut sum, mut largest) = (Ratio::ZERO, Ratio::ZERO);
            for d in &ledger.days[span] {
                sum += d.owed;
                largest = largest.max(d.owed);
                let default_h = if rule == Rule::Average { largest } else { Ratio::ZERO };
                ledger.owed.push(sum);
                ledger.envelope.push(ceil(sum + options.run_ahead_h.unwrap_or(default_h)));
                let default_m = ceil(d.owed * Ratio::new(3, 2)).max(1);
                ledger.cap.push(options.daily_cap_m.unwrap_or(default_m));
            }
        }
        ledger
    }

    /// The days, in order.
    pub fn days(&self) -> &[DayOwed] {
        &self.days
    }

    fn index(&self, day: LocalDay) -> Option<usize> {
        self.days.binary_search_by_key(&day, |d| d.day).ok()
    }

    fn span_of(&self, index: usize) -> std::ops::Range<usize> {
        self.spans.iter().find(|s| s.contains(&index)).cloned().unwrap_or(0..0)
    }

    /// First and last day over which `counted` is summed for `day`: the whole campaign for `average`, the
    /// calendar period for `at_least`. None outside the campaign.
    pub fn span(&self, day: LocalDay) -> Option<(LocalDay, LocalDay)> {
        let span = self.span_of(self.index(day)?);
        Some((self.days[span.start].day, self.days[span.end - 1].day))
    }

    /// First and last day of every span over which plays are summed, in order.
    pub fn spans(&self) -> impl Iterator<Item = (LocalDay, LocalDay)> + '_ {
        self.spans.iter().map(|s| (self.days[s.start].day, self.days[s.end - 1].day))
    }

    /// Most plays that the ledger lets a campaign have by the end of `day`, run-ahead included, within its span; 0
    /// outside the campaign.
    pub fn envelope(&self, day: LocalDay) -> u32 {
        self.index(day).map_or(0, |t| self.envelope[t])
    }

    /// Plays to plan on `day`: `min(M, K, ceil(A) - D)`. `counted_before` are the plays counted in the
    /// day's span ([`Ledger::span`]) before `day`; `capacity` is `K`, what the day can carry.
    pub fn target(&self, day: LocalDay, counted_before: u32, capacity: u32) -> u32 {
        let Some(t) = self.index(day) else { return 0 };
        self.carry(t, capacity).min(self.envelope[t].saturating_sub(counted_before))
    }

    /// Most plays on `day`, make-goods included: the daily cap `M`; 0 outside the campaign and on a day on
    /// which nothing can play.
    pub fn cap(&self, day: LocalDay) -> u32 {
        self.index(day).map_or(0, |t| self.carry(t, u32::MAX))
    }

    /// `min(M, K)`, nothing on a day on which nothing can play.
    fn carry(&self, t: usize, capacity: u32) -> u32 {
        if self.days[t].operating { self.cap[t].min(capacity) } else { 0 }
    }

    /// What a span owes in whole plays up to day `t`: rounded down while `average` or unfinished, up for a
    /// finished `at_least` period.
    fn whole(&self, t: usize) -> u32 {
        let finished = self.span_of(t).end == t + 1;
        if self.rule == Rule::AtLeast && finished { ceil(self.owed[t]) } else { floor(self.owed[t]) }
    }

    /// Where the campaign stands at the end of `day` with `counted` plays in the day's span so far.
    /// Before the first day nothing is owed; after the last the last day stands; in a gap between days
    /// the day before it.
    pub fn status(&self, day: LocalDay, counted: u32) -> Status {
        let Some(t) = self.days.partition_point(|d| d.day <= day).checked_sub(1) else {
            return Status { owed_so_far: Ratio::ZERO, counted, surplus: counted, short: 0, met: true };
        };
        let whole = self.whole(t);
        Status {
            owed_so_far: self.owed[t],
            counted,
            surplus: counted.saturating_sub(whole),
            short: whole.saturating_sub(counted),
            met: counted >= whole,
        }
    }

    /// The oldest day of `day`'s span, before `day`, whose plays are still missing when `counted_before`
    /// bring in the oldest first: how long the campaign has waited.
    pub fn behind_since(&self, day: LocalDay, counted_before: u32) -> Option<LocalDay> {
        let t = self.index(day)?;
        let behind = |&s: &usize| floor(self.owed[s]) > counted_before;
        (self.span_of(t).start..t).find(behind).map(|s| self.days[s].day)
    }

    /// Plays that no plan under the envelope can place, span by span, when day `t` can carry
    /// `capacities[t]` (missing entries: nothing). With `A_0 = 0` and `Q` the span's whole plays:
    ///
    /// ```text
    /// lost = max(0, max over 0 <= s <= T of [ Q - ceil(A_s) - sum over t > s of min(M_t, K_t) ])
    /// ```
    ///
    /// The last maximising `s` names the days at fault: those after it that cannot carry their own share.
    pub fn lost(&self, capacities: &[u32]) -> Vec<Loss> {
        let carry = |t: usize| self.carry(t, capacities.get(t).copied().unwrap_or(0));
        let mut losses = Vec::new();
        for span in &self.spans {
            let whole = i64::from(self.whole(span.end - 1));
            let (mut rest, mut worst, mut after) = (0i64, 0i64, span.end);
            for t in span.clone().rev() {
                // s = the day t itself: everything up to it was in time
                let short = whole - i64::from(self.envelope[t]) - rest;
                if short > worst {
                    (worst, after) = (short, t + 1);
                }
                rest += i64::from(carry(t));
            }
            if whole - rest > worst {
                (worst, after) = (whole - rest, span.start);
            }
            if worst > 0 {
                let at_fault = |&t: &usize| Ratio::from_integer(i128::from(carry(t))) < self.days[t].owed;
                losses.push(Loss {
                    span: (self.days[span.start].day, self.days[span.end - 1].day),
                    lost: u32::try_from(worst).unwrap_or(u32::MAX),
                    guilty: (after..span.end).filter(at_fault).map(|t| self.days[t].day).collect(),
                });
            }
        }
        losses
    }

    /// How the span of `today` ends when `counted` plays counted before `today` and each day from `today`
    /// on plays what it is asked for, as far as `capacity` allows.
    pub fn forecast(&self, today: LocalDay, counted: u32, capacity: impl Fn(LocalDay) -> u32) -> Forecast {
        let from = self.days.partition_point(|d| d.day < today);
        let Some(span) = (!self.days.is_empty()).then(|| self.span_of(from.min(self.days.len() - 1))) else {
            return Forecast { counted, owed: 0, short: 0 };
        };
        let mut total = counted;
        for t in from..span.end {
            total += self.target(self.days[t].day, total, capacity(self.days[t].day));
        }
        let owed = self.whole(span.end - 1);
        Forecast { counted: total, owed, short: owed.saturating_sub(total) }
    }
}

fn spans(rule: Rule, per: Period, days: &[DayOwed]) -> Vec<std::ops::Range<usize>> {
    if rule == Rule::Average {
        return if days.is_empty() { Vec::new() } else { std::iter::once(0..days.len()).collect() };
    }
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for (t, d) in days.iter().enumerate() {
        match spans.last_mut() {
            Some(last) if per.span(days[last.start].day) == per.span(d.day) => last.end = t + 1,
            _ => spans.push(t..t + 1),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: u32) -> LocalDay {
        LocalDay::from_ymd(2026, 1, 1).unwrap().plus(n)
    }

    fn days(owed: &[(u8, u8, bool)]) -> Vec<DayOwed> {
        let one = |(n, &(num, den, operating)): (usize, &(u8, u8, bool))| DayOwed {
            day: day(n as u32),
            owed: Ratio::new(i128::from(num), i128::from(den)),
            operating,
        };
        owed.iter().enumerate().map(one).collect()
    }

    fn ten_a_day(n: usize) -> Ledger {
        Ledger::new(Rule::Average, Period::Day, days(&vec![(10, 1, true); n]), LedgerOptions::default())
    }

    #[test]
    fn ten_a_day_runs_ahead_for_two_days_and_then_holds() {
        let ledger = ten_a_day(5);
        let mut counted = 0;
        let planned: Vec<u32> = (0..5)
            .map(|t| {
                let x = ledger.target(day(t), counted, 1000);
                counted += x;
                x
            })
            .collect();
        assert_eq!(planned, [15, 15, 10, 10, 10]);
        let status = ledger.status(day(4), counted);
        assert!(status.met);
        assert_eq!((status.surplus, status.short), (10, 0));
    }

    #[test]
    fn a_dark_day_is_caught_up_and_no_day_is_silent() {
        let ledger = ten_a_day(4);
        assert_eq!(ledger.target(day(1), 0, 1000), 15, "behind: as much as the cap allows");
        assert_eq!(ledger.target(day(3), 50, 1000), 0, "more than the envelope: nothing left to ask for");
        assert_eq!(ledger.target(day(3), 40, 1000), 10, "ahead by h: still the day's own share");
        assert!(ledger.lost(&[0, 20, 20, 20]).is_empty(), "the run-ahead makes one dark day good");
    }

    #[test]
    fn lost_names_the_days_at_fault() {
        let ledger = ten_a_day(4);
        let losses = ledger.lost(&[20, 20, 0, 0]);
        assert_eq!(losses, [Loss { span: (day(0), day(3)), lost: 10, guilty: vec![day(2), day(3)] }]);
    }

    #[test]
    fn raising_a_quota_never_rewrites_the_past_and_a_late_joiner_owes_nothing_earlier() {
        let raised = Ledger::new(
            Rule::Average,
            Period::Day,
            days(&[(10, 1, true), (10, 1, true), (20, 1, true)]),
            LedgerOptions::default(),
        );
        assert_eq!(raised.status(day(1), 20), ten_a_day(2).status(day(1), 20));
        assert_eq!(raised.status(day(2), 40).short, 0);
        assert_eq!(ten_a_day(3).status(day(0).previous(), 0).owed_so_far, Ratio::ZERO);
    }

    #[test]
    fn at_least_starts_anew_in_every_month_and_rounds_a_part_up() {
        // two a month, joining on 20 January: 12 of 31 days owe 24/31, which is one play
        let share = |n: u32, owed: Ratio| DayOwed { day: day(n), owed, operating: true };
        let mut all: Vec<DayOwed> = (19..31).map(|n| share(n, Ratio::new(2, 31))).collect();
        all.extend((31..59).map(|n| share(n, Ratio::new(2, 28))));
        let ledger = Ledger::new(Rule::AtLeast, Period::Month, all, LedgerOptions::default());
        assert_eq!(ledger.span(day(40)), Some((day(31), day(58))));
        assert_eq!(ledger.target(day(19), 0, 9), 1);
        assert!(!ledger.status(day(30), 0).met, "a finished part period rounds up");
        assert!(ledger.status(day(29), 0).met, "an unfinished one rounds down");
        assert!(ledger.status(day(30), 1).met);
        assert_eq!(ledger.status(day(58), 1).short, 1, "January's play does not help February");
    }

    #[test]
    fn a_forecast_says_how_the_campaign_will_end() {
        let forecast = ten_a_day(5).forecast(day(3), 5, |_| 12);
        assert_eq!(forecast, Forecast { counted: 29, owed: 50, short: 21 });
    }

    type Case = (Vec<(u8, u8, bool)>, Vec<u32>);
    fn case() -> impl Strategy<Value = Case> {
        prop::collection::vec((0u8..12, 1u8..8, prop::bool::weighted(0.85), 0u32..25), 1..70)
            .prop_map(|v| v.into_iter().map(|(n, d, o, k)| ((n, d, o), k)).unzip())
    }

    /// Plays every span as the ledger asks.
    fn run(ledger: &Ledger, capacities: &[u32]) -> Vec<u32> {
        let (mut counted, mut span, mut out) = (0, None, Vec::new());
        for (t, d) in ledger.days().iter().enumerate() {
            let now = ledger.span(d.day);
            counted = if now == span { counted } else { 0 };
            span = now;
            let x = ledger.target(d.day, counted, capacities[t]);
            counted += x;
            out.push(x);
        }
        out
    }

    proptest! {
        #[test]
        fn the_closed_form_of_loss_equals_the_recursion((owed, capacities) in case(), at_least: bool, week: bool) {
            let rule = if at_least { Rule::AtLeast } else { Rule::Average };
            let per = if week { Period::IsoWeek } else { Period::Month };
            let ledger = Ledger::new(rule, per, days(&owed), LedgerOptions::default());
            let played = run(&ledger, &capacities);
            let mut expected = Vec::new();
            for span in &ledger.spans {
                let total: u32 = played[span.clone()].iter().sum();
                let whole = ledger.whole(span.end - 1);
                if total < whole {
                    expected.push((ledger.days[span.start].day, whole - total));
                }
            }
            let losses = ledger.lost(&capacities);
            let found: Vec<_> = losses.iter().map(|l| (l.span.0, l.lost)).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(losses.iter().all(|l| !l.guilty.is_empty()), "a loss names who caused it");
        }

        #[test]
        fn no_order_of_playing_loses_less((owed, capacities) in case()) {
            // brute force: the most that any plan under envelope and caps can have played by each day
            let ledger = Ledger::new(Rule::Average, Period::Day, days(&owed), LedgerOptions::default());
            let mut most: std::collections::BTreeSet<u32> = [0].into();
            for (t, &capacity) in capacities.iter().enumerate() {
                let carry = ledger.carry(t, capacity);
                let envelope = ledger.envelope[t];
                most = most.iter().flat_map(|&d| (0..=carry).map(move |x| d + x)).filter(|&d| d <= envelope).collect();
            }
            let best = most.last().copied().unwrap_or(0);
            prop_assert_eq!(run(&ledger, &capacities).iter().sum::<u32>(), best);
        }

        #[test]
        fn an_operating_day_plays_at_least_its_own_share((owed, capacities) in case()) {
            let ledger = Ledger::new(Rule::Average, Period::Day, days(&owed), LedgerOptions::default());
            for (t, x) in run(&ledger, &capacities).into_iter().enumerate() {
                let own = floor(ledger.days[t].owed).min(ledger.carry(t, capacities[t]));
                prop_assert!(x >= own, "day {t} plays {x} of {own}");
            }
        }
    }
}
