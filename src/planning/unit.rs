//! One number for all screens of a unit: the unit's ledger asks for each day, and the screens that operate share
//! it by what they can carry. Pure.

use super::ledger::CampaignLedger;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::quota::{Sharer, share};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// A screen's part of its unit's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Plays asked of this screen.
    pub target: u32,
    /// Its part of the most plays of the day, make-goods included.
    pub cap: u32,
    /// The oldest day of which the unit still misses plays.
    pub behind_since: Option<LocalDay>,
}

/// A screen that takes part in its unit's number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Most plays it can carry, on the days on which it belongs to the unit.
    pub capacity: BTreeMap<LocalDay, u32>,
    /// Of the day that has begun, what its rest can carry.
    pub left: Option<(LocalDay, u32)>,
    /// Plays it has had, or is reckoned with, by day.
    pub had: BTreeMap<LocalDay, u32>,
}

/// Parts of `days` (in order) for every screen that operates on them.
pub fn shares(
    ledger: &mut CampaignLedger,
    days: &[LocalDay],
    members: &BTreeMap<ScreenCode, Member>,
) -> BTreeMap<ScreenCode, BTreeMap<LocalDay, Share>> {
    let mut had: BTreeMap<&ScreenCode, BTreeMap<LocalDay, u32>> =
        members.iter().map(|(code, m)| (code, m.had.clone())).collect();
    let mut parts: BTreeMap<ScreenCode, BTreeMap<LocalDay, Share>> = BTreeMap::new();
    for &day in days {
        let Some((first, _)) = ledger.ledger().span(day) else { continue };
        let able: Vec<(&ScreenCode, u32)> =
            members.iter().filter_map(|(code, m)| Some((code, *m.capacity.get(&day).filter(|k| **k > 0)?))).collect();
        let sharers: Vec<Sharer> = able
            .iter()
            .map(|(code, capacity)| Sharer {
                capacity: *capacity,
                had: had[code].range(first..day).map(|(_, n)| n).sum(),
            })
            .collect();
        let behind_since = ledger.behind_since(day);
        let total = ledger.target(day, able.iter().fold(0u32, |sum, (_, k)| sum.saturating_add(*k)));
        let (targets, caps) = (share(total, &sharers), share(ledger.ledger().cap(day), &sharers));
        for ((code, _), (target, cap)) in able.iter().zip(targets.into_iter().zip(caps)) {
            had.entry(code).or_default().insert(day, target);
            let part = Share { target, cap: cap.max(target), behind_since };
            parts.entry((*code).clone()).or_default().insert(day, part);
        }
        let left = able.iter().filter_map(|(code, _)| members[*code].left.filter(|(d, _)| *d == day)).map(|(_, k)| k);
        let left = left.reduce(u32::saturating_add);
        ledger.plan(day, ledger.brings(day, total, left));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::quota::{DayOwed, Of, Over, Period, Quota, Ratio, Rule, Within};

    fn day(n: u32) -> LocalDay {
        "2026-11-02".parse::<LocalDay>().unwrap().plus(n)
    }

    fn member(capacity: &[u32]) -> Member {
        let days = capacity.iter().enumerate().map(|(n, k)| (day(n as u32), *k));
        Member { capacity: days.collect(), ..Member::default() }
    }

    fn unit(plays: u32, per: Period, rule: Rule, days: u32) -> CampaignLedger {
        let quota = Quota { plays, per, rule, over: Over::OperatingDays, within: Within::Duty, of: Of::Unit };
        let owed = (0..days).map(|n| DayOwed { day: day(n), owed: quota.owed_on(day(n), |_| true), operating: true });
        CampaignLedger::new(&quota, owed.collect(), BTreeMap::new())
    }

    fn table(parts: &BTreeMap<ScreenCode, BTreeMap<LocalDay, Share>>) -> Vec<(String, Vec<u32>)> {
        let row = |(code, days): (&ScreenCode, &BTreeMap<LocalDay, Share>)| {
            (code.to_string(), days.values().map(|s| s.target).collect())
        };
        parts.iter().map(row).collect()
    }

    #[test]
    fn a_units_day_is_shared_by_room_and_a_closed_screen_leaves_it_to_the_others() {
        let members = BTreeMap::from([
            (ScreenCode::new("a").unwrap(), member(&[24, 24, 0])),
            (ScreenCode::new("b").unwrap(), member(&[24, 24, 24])),
            (ScreenCode::new("c").unwrap(), member(&[12, 12, 12])),
        ]);
        let mut ledger = unit(10, Period::Day, Rule::Average, 3);
        let days: Vec<LocalDay> = (0..3).map(day).collect();
        let parts = shares(&mut ledger, &days, &members);
        // fifteen, fifteen, then ten for two of them
        let expected = [("a", vec![6, 6]), ("b", vec![6, 6, 7]), ("c", vec![3, 3, 3])];
        assert_eq!(table(&parts), expected.map(|(code, n)| (code.to_owned(), n)));
        assert_eq!(parts[&ScreenCode::new("b").unwrap()][&day(2)].cap, 10, "its part of fifteen");
    }

    #[test]
    fn two_a_month_wander_and_what_one_screen_missed_any_other_may_bring_in() {
        let members: BTreeMap<ScreenCode, Member> =
            ["a", "b", "c"].map(|code| (ScreenCode::new(code).unwrap(), member(&[9; 28]))).into();
        let days: Vec<LocalDay> = (0..28).map(day).collect();
        let mut ledger = unit(2, Period::Month, Rule::AtLeast, 28);
        let parts = shares(&mut ledger, &days, &members);
        let first: Vec<u32> = parts.values().map(|days| days.values().map(|s| s.target).sum()).collect();
        assert_eq!(first, [1, 1, 0]);
        // the first day's play is known to be lost: the next day asks again, of whoever has had least
        let mut facts = BTreeMap::new();
        facts.insert(day(0), super::super::DayFact { planned: 1, slots_seen: 1, ..Default::default() });
        let quota = Quota {
            plays: 2,
            per: Period::Month,
            rule: Rule::AtLeast,
            over: Over::OperatingDays,
            within: Within::Duty,
            of: Of::Unit,
        };
        let owed = (0..28).map(|n| DayOwed { day: day(n), owed: Ratio::new(2, 30), operating: true });
        let mut ledger = CampaignLedger::new(&quota, owed.collect(), facts);
        let parts = shares(&mut ledger, &days[1..], &members);
        let asked: u32 = parts.values().flat_map(|days| days.values()).map(|s| s.target).sum();
        assert_eq!((parts[&ScreenCode::new("a").unwrap()][&day(1)].target, asked), (1, 2));
    }
}
