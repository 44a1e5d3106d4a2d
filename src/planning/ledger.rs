//! How many plays a campaign asks of one screen on one day: the period ledger over what was
//! counted, what is still unreported, and what is planned for the days in between.

use lichphat_playlists::quota::{DayOwed, Ledger, LedgerOptions, Quota};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// What is known of one (screen, campaign, day).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayFact {
    /// Slots in the newest plan.
    pub planned: u32,
    /// Of them, slots that have a record.
    pub slots_seen: u32,
    /// Plays counted toward the quota.
    pub counted: u32,
    /// Slots of the newest plan that may still be played, when they were looked up; else they are reckoned from
    /// the two numbers above.
    pub open: Option<u32>,
    /// Of them, slots that can still be moved, as far as they were looked up.
    pub ahead: u32,
}

impl DayFact {
    /// Plays to reckon with: those counted, and unreported slots as planned. A device that is
    /// offline keeps its own ledger; the server never plans a miss again that it does not know of.
    pub fn expected(&self) -> u32 {
        self.counted + self.open.unwrap_or(self.planned.saturating_sub(self.slots_seen))
    }
}

/// One campaign's ledger on one screen, with its facts.
#[derive(Debug, Clone)]
pub struct CampaignLedger {
    ledger: Ledger,
    facts: BTreeMap<LocalDay, DayFact>,
}

impl CampaignLedger {
    /// Over the days of the campaign on this screen, each with what it owes by itself.
    pub fn new(quota: &Quota, days: Vec<DayOwed>, facts: BTreeMap<LocalDay, DayFact>) -> Self {
        Self { ledger: Ledger::new(quota.rule, quota.per, days, LedgerOptions::default()), facts }
    }

    /// The facts of all screens of a unit, as one.
    pub fn sum(of: impl IntoIterator<Item = BTreeMap<LocalDay, DayFact>>) -> BTreeMap<LocalDay, DayFact> {
        let mut sum: BTreeMap<LocalDay, DayFact> = BTreeMap::new();
        for (day, fact) in of.into_iter().flatten() {
            let all = sum.entry(day).or_default();
            // an unreported slot of one screen is not told by another's record
            all.planned += fact.expected();
            all.slots_seen += fact.counted;
            all.counted += fact.counted;
            all.ahead += fact.ahead;
        }
        sum
    }

    /// Plays counted or to be reckoned with in `day`'s span before `day`.
    pub fn before(&self, day: LocalDay) -> u32 {
        let Some((first, _)) = self.ledger.span(day) else { return 0 };
        self.facts.range(first..day).map(|(_, f)| f.expected()).sum()
    }

    /// Plays to plan on `day`, when the screen can carry `capacity` of them.
    pub fn target(&self, day: LocalDay, capacity: u32) -> u32 {
        self.ledger.target(day, self.before(day), capacity)
    }

    /// The oldest day before `day` whose plays are still missing, when the oldest are brought in first.
    pub fn behind_since(&self, day: LocalDay) -> Option<LocalDay> {
        self.ledger.behind_since(day, self.before(day))
    }

    /// Last day on which a miss of `day` may be made good.
    pub fn make_good_until(&self, day: LocalDay) -> LocalDay {
        self.ledger.span(day).map_or(day, |(_, last)| last)
    }

    /// What is known of a day that has a plan.
    pub fn fact(&self, day: LocalDay) -> Option<DayFact> {
        self.facts.get(&day).copied()
    }

    /// Of `target` plays on a day, those to reckon with for the days after it. Of a day that has begun, `left` can
    /// still find room: what is missing of it may be brought in there, and no more than that.
    pub fn brings(&self, day: LocalDay, target: u32, left: Option<u32>) -> u32 {
        match (left, self.fact(day)) {
            (Some(left), Some(fact)) => {
                target.min(fact.expected().saturating_sub(fact.ahead).saturating_add(left)).max(fact.counted)
            }
            (Some(left), None) => target.min(left),
            _ => target,
        }
    }

    /// Reckons with `planned` plays on a day that is being planned, those that counted among them, for the days after
    /// it.
    pub fn plan(&mut self, day: LocalDay, planned: u32) {
        self.facts.insert(day, DayFact { planned, ..DayFact::default() });
    }

    /// The ledger itself.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::quota::{Of, Over, Period, Ratio, Rule, Within};

    fn ten_a_day(days: u32) -> (CampaignLedger, LocalDay) {
        let first: LocalDay = "2026-11-16".parse().unwrap();
        let quota = Quota {
            plays: 10,
            per: Period::Day,
            rule: Rule::Average,
            over: Over::OperatingDays,
            within: Within::Peak,
            of: Of::Screen,
        };
        let owed =
            (0..days).map(|i| DayOwed { day: first.plus(i), owed: Ratio::from_integer(10), operating: true }).collect();
        (CampaignLedger::new(&quota, owed, BTreeMap::new()), first)
    }

    #[test]
    fn the_first_days_run_ahead_and_the_rest_are_even() {
        let (mut ledger, first) = ten_a_day(5);
        let planned: Vec<u32> = (0..5)
            .map(|i| {
                let x = ledger.target(first.plus(i), 100);
                ledger.plan(first.plus(i), x);
                x
            })
            .collect();
        assert_eq!(planned, [15, 15, 10, 10, 10]);
    }

    #[test]
    fn a_dark_day_is_caught_up_and_an_unreported_one_is_not_planned_twice() {
        let (mut ledger, first) = ten_a_day(5);
        ledger.facts.insert(first, DayFact { planned: 15, slots_seen: 15, ..DayFact::default() });
        assert_eq!(ledger.target(first.plus(1), 100), 15);
        ledger.facts.insert(first, DayFact { planned: 15, ..DayFact::default() });
        ledger.plan(first.plus(1), 15);
        assert_eq!(ledger.target(first.plus(2), 100), 10);
    }
}
