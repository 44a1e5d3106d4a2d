//! Units and screens by day: how much of what each day owed was counted.

use lichphat_playlists::figures::DayFacts;
use lichphat_playlists::quota::{DayOwed, ceil};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// Days that the map shows at most, today the last.
pub const HEAT_DAYS: u32 = 14;

/// One unit or screen on one day; sums add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Plays that the day owed, over the screens on duty.
    pub owed: u32,
    /// Of them counted; of each screen no more than it owed, so that no screen hides another's gap.
    pub counted: u32,
    /// Slots without a record that may still come: plays of a day whose logs are not all in.
    pub pending: u32,
}

impl Cell {
    /// Adds another up.
    pub fn add(&mut self, other: Self) {
        self.owed += other.owed;
        self.counted += other.counted;
        self.pending += other.pending;
    }
    /// Whole per cent of what was owed, rounded down so that 100 is everything; none when nothing was.
    pub fn percent(self) -> Option<u8> {
        let percent = (u64::from(self.counted) * 100).checked_div(u64::from(self.owed))?;
        Some(u8::try_from(percent.min(100)).unwrap_or(100))
    }
}

/// A screen's cells on `days`, in their order.
pub fn cells(days: &[LocalDay], owed: &[DayOwed], facts: &BTreeMap<LocalDay, DayFacts>) -> Vec<Cell> {
    let on = |day: LocalDay| {
        let Some(owed) = owed.iter().find(|d| d.day == day && d.operating).map(|d| ceil(d.owed)) else {
            return Cell::default();
        };
        let Some(facts) = facts.get(&day) else { return Cell { owed, ..Cell::default() } };
        let counted = facts.counts.counted.min(owed);
        let pending = facts.planned.saturating_sub(facts.counts.slots_seen).min(owed - counted);
        Cell { owed, counted, pending }
    };
    days.iter().map(|day| on(*day)).collect()
}
