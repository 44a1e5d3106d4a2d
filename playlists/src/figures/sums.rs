//! What screens' lines come to together, figure by figure: for a report that splits them by binding force, kind of place
//! or unit. [`Totals`](super::Totals) are the few of them that a verdict needs.

use super::screen::{ScreenLine, Standing, note};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums of screens' lines; each screen counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Screens the order is aimed at and that stand.
    pub existing: u32,
    /// Of them, screens with records in the period.
    pub reporting: u32,
    /// With declared plays only.
    pub declared: u32,
    /// With nothing.
    pub silent: u32,
    /// Of all of them: with a simulated device.
    pub simulated: u32,
    /// On duty in the period: `met` and `short` together.
    pub on_duty: u32,
    /// Screens that met the quota so far.
    pub met: u32,
    /// Screens that fell short.
    pub short: u32,
    /// Whole plays owed.
    pub owed: u64,
    /// Counted toward the quota.
    pub counted: u64,
    /// Of `counted`: made good.
    pub made_good: u64,
    /// Counted outside the windows, apart.
    pub outside: u64,
    /// Of both counted: arrived late.
    pub late: u64,
    /// Records not counted.
    pub not_counted: u64,
    /// Records of which there is no telling.
    pub unknown: u64,
    /// Declared by others, not proven; no part of `counted`.
    pub declared_plays: u64,
    /// Slots without a record that may still come.
    pub pending: u64,
    /// Slots without a record that will not come.
    pub missed: u64,
    /// Plays missing, of the screens that are short.
    pub short_plays: u64,
    /// Counted by display level: dark, D0, D1, D2, D3.
    pub by_level: [u64; 5],
    /// Plays that are missing, by cause.
    pub causes: BTreeMap<String, u64>,
    /// Short screens by their main cause.
    pub short_causes: BTreeMap<String, u32>,
    /// Records that do not count or of which there is no telling, by reason: `not_counted` and `unknown` together.
    pub reasons: BTreeMap<String, u64>,
}

impl Sums {
    /// Of these lines.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a ScreenLine>) -> Self {
        let mut sums = Self::default();
        lines.into_iter().for_each(|line| sums.add(line));
        sums
    }

    fn add(&mut self, line: &ScreenLine) {
        self.existing += 1;
        match line.standing {
            Standing::Reporting => self.reporting += 1,
            Standing::Declared => self.declared += 1,
            Standing::Silent => self.silent += 1,
        }
        self.simulated += u32::from(line.simulated);
        self.owed += u64::from(line.owed);
        self.counted += u64::from(line.counted);
        self.made_good += u64::from(line.made_good);
        self.outside += u64::from(line.counted_outside);
        self.late += u64::from(line.late);
        self.not_counted += u64::from(line.not_counted);
        self.unknown += u64::from(line.unknown);
        self.declared_plays += u64::from(line.declared_plays);
        self.pending += u64::from(line.pending);
        self.missed += u64::from(line.missed);
        for (sum, n) in self.by_level.iter_mut().zip(line.by_level) {
            *sum += u64::from(n);
        }
        for (reason, n) in &line.reasons {
            *self.reasons.entry(reason.clone()).or_default() += u64::from(*n);
        }
        if line.operating_days == 0 {
            return;
        }
        self.on_duty += 1;
        if line.met {
            self.met += 1;
            return;
        }
        self.short += 1;
        self.short_plays += u64::from(line.short);
        note(&mut self.short_causes, &line.main_cause, 1);
        for (cause, n) in &line.causes {
            *self.causes.entry(cause.clone()).or_default() += u64::from(*n);
        }
    }
}
