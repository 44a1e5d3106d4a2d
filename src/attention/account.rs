//! What plans and records say of one order on one screen since its first day, and what is still to come to its last.

use lichphat_playlists::figures::DayFacts;
use lichphat_playlists::quota::{DayOwed, Ledger, LedgerOptions, Quota};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// Plays of one order on one screen. What is owed, counted and made good so far the order's figures say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// In plans, up to and with today.
    pub planned: u32,
    /// Shown, as a record says, whether they count or not.
    pub shown: u32,
    /// In the plans of the days to come, as far as these are made.
    pub ahead: u32,
    /// Owed by the end of the order, in whole plays.
    pub owed_to_end: u32,
}

impl Account {
    /// Of what the days of the order's period owe and hold, those to come among them.
    pub fn of(quota: &Quota, owed: &[DayOwed], days: &BTreeMap<LocalDay, DayFacts>, today: LocalDay) -> Self {
        let ledger = Ledger::new(quota.rule, quota.per, owed.to_vec(), LedgerOptions::default());
        let whole = |(first, _)| ledger.forecast(first, 0, |_| 0).owed;
        let mut account = Self { owed_to_end: ledger.spans().map(whole).sum(), ..Self::default() };
        for (day, facts) in days {
            if *day > today {
                account.ahead += facts.planned;
                continue;
            }
            // a slot that only an earlier version of the plan had was planned too, once there is a record of it
            account.planned += facts.planned.max(facts.counts.slots_seen);
            account.shown += shown(facts);
        }
        account
    }
}

/// Records of something that was seen: what was skipped or could not begin was not.
fn shown(facts: &DayFacts) -> u32 {
    let unseen = |code: &str| code.starts_with("skipped:") || code.starts_with("failed:");
    let of: u32 = facts.counts.reasons.iter().filter(|(code, _)| unseen(code)).map(|(_, n)| n).sum();
    u32::try_from(facts.counts.records()).unwrap_or(u32::MAX).saturating_sub(of)
}
