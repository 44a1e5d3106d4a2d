//! Figures of a number that binds whole units: one line per unit.

use super::report::UnitBasis;
use super::screen::{
    NOT_APPROVED, Period, ScreenFacts, ScreenLine, Totals, largest, note, note_kept_off, round4, standing_at,
};
use crate::ids::UnitCode;
use crate::quota::{DayOwed, Quota, ceil};
use crate::time::LocalDay;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One unit's line: what its screens reached together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaUnit {
    /// The unit.
    pub unit: UnitCode,
    /// Its name.
    pub name: String,
    /// Screens that belong to it for this order.
    pub screens: u32,
    /// Days in the period on which one of them was on duty.
    pub operating_days: u32,
    /// Whole plays owed in the period.
    pub owed: u32,
    /// Counted toward the quota, on all its screens.
    pub counted: u32,
    /// Of `counted`: made good.
    pub made_good: u32,
    /// Declared by others, not proven; no part of `counted`.
    pub declared_plays: u32,
    /// Slots without a record that may still come.
    pub pending: u32,
    /// Slots without a record that will not come.
    pub missed: u32,
    /// Average plays per operating day so far.
    pub mean_per_day: f64,
    /// Days that reached their own target.
    pub days_at_target: u32,
    /// Operating days with no counted play.
    pub days_at_zero: u32,
    /// Counted plays beyond what is owed.
    pub surplus: u32,
    /// Plays missing.
    pub short: u32,
    /// Nothing is missing.
    pub met: bool,
    /// Why plays are missing, by code.
    pub causes: BTreeMap<String, u32>,
    /// The largest cause, empty when met.
    pub main_cause: String,
}

/// One unit's line.
pub(super) fn unit_line(
    quota: &Quota,
    facts: &UnitBasis,
    screens: &[(&ScreenFacts, &ScreenLine)],
    period: &Period,
) -> QuotaUnit {
    let last_ended = period.last_ended();
    let counted_in = |(from, to): (LocalDay, LocalDay)| -> u32 {
        screens.iter().flat_map(|(f, _)| f.days.range(from..=to)).map(|(_, f)| f.counts.counted).sum()
    };
    let at = standing_at(quota, &facts.owed, period.from, last_ended, counted_in);
    let on = |d: &&DayOwed| d.operating && d.day >= period.from && d.day <= last_ended;
    let days: Vec<(&DayOwed, u32)> = facts.owed.iter().filter(on).map(|d| (d, counted_in((d.day, d.day)))).collect();
    let sum = |of: fn(&ScreenLine) -> u32| screens.iter().map(|(_, line)| of(line)).sum::<u32>();
    let mut causes = BTreeMap::new();
    for (cause, n) in screens.iter().flat_map(|(_, line)| &line.causes) {
        note(&mut causes, cause, *n);
    }
    // the screens' parts are asked for anew each day: no more is missing for it than is missing
    causes.entry(NOT_APPROVED.to_owned()).and_modify(|n| *n = at.short.min(*n));
    causes.retain(|_, n| *n > 0);
    // no screen owes a part of a day that is suspended; the unit may
    let why = |day| screens.iter().find_map(|(f, _)| f.kept_off.get(&day)).map(String::as_str);
    let idle = facts.owed.iter().filter(|d| !d.operating && d.day >= period.from && d.day <= last_ended);
    let idle = idle.filter_map(|d| Some((d, why(d.day)?, counted_in((d.day, d.day)))));
    note_kept_off(&mut causes, idle, at.short);
    let declared_plays = sum(|l| l.declared_plays);
    if !at.met && causes.is_empty() {
        let cause = if declared_plays > 0 { "declared-only" } else { "not-planned" };
        causes.insert(cause.to_owned(), at.short);
    }
    let counted = sum(|l| l.counted);
    QuotaUnit {
        unit: facts.unit.clone(),
        name: facts.name.clone(),
        screens: screens.len() as u32,
        operating_days: days.len() as u32,
        owed: at.owed,
        counted,
        made_good: sum(|l| l.made_good),
        declared_plays,
        pending: sum(|l| l.pending),
        missed: sum(|l| l.missed),
        mean_per_day: if days.is_empty() { 0.0 } else { round4(f64::from(counted) / days.len() as f64) },
        days_at_target: days.iter().filter(|(d, n)| *n >= ceil(d.owed)).count() as u32,
        days_at_zero: days.iter().filter(|(_, n)| *n == 0).count() as u32,
        surplus: at.surplus,
        short: at.short,
        met: at.met,
        main_cause: if at.met { String::new() } else { largest(&causes) },
        causes,
    }
}

/// Sums in which units stand where a screen's own quota has screens: on duty, met, short and the mean.
pub(super) fn unit_totals<'a>(screens: &Totals, units: impl Iterator<Item = &'a QuotaUnit>) -> Totals {
    let on_duty = units.filter(|u| u.operating_days > 0);
    let mut t = Totals { on_duty: 0, met: 0, short: 0, short_causes: BTreeMap::new(), ..screens.clone() };
    let (mut mean, mut min) = (0.0, f64::INFINITY);
    for unit in on_duty {
        t.on_duty += 1;
        mean += unit.mean_per_day;
        min = unit.mean_per_day.min(min);
        if unit.met {
            t.met += 1;
        } else {
            t.short += 1;
            *t.short_causes.entry(unit.main_cause.clone()).or_default() += 1;
        }
    }
    (t.mean_per_day, t.min_per_day) =
        if t.on_duty == 0 { (0.0, 0.0) } else { (round4(mean / f64::from(t.on_duty)), min) };
    t
}
