//! The figures of a report as rows: one form for the shell's tables, for CSV and for the API.

use super::{QuotaUnit, ScreenLine};
use schemars::JsonSchema;
use serde::Serialize;

/// One row for tables and CSV.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row<'a> {
    /// The screen.
    pub screen: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Who plays on it.
    pub kind: &'a str,
    /// Binding force; `(inferred)` when nobody ordered the number.
    pub force: String,
    /// Reporting, declared or silent.
    pub standing: &'static str,
    /// Days on duty.
    pub days: u32,
    /// Plays owed.
    pub owed: u32,
    /// Counted toward the quota.
    pub counted: u32,
    /// Of them made good.
    pub made_good: u32,
    /// Counted outside the windows, apart.
    pub outside: u32,
    /// Records not counted.
    pub not_counted: u32,
    /// Declared by others, not proven; no part of `counted`.
    pub declared: u32,
    /// Slots without a record that may still come.
    pub pending: u32,
    /// Slots without a record that will not come.
    pub missed: u32,
    /// Average plays per day on duty.
    pub mean_per_day: f64,
    /// Days that reached their own target.
    pub days_at_target: u32,
    /// Days on duty with no counted play.
    pub days_at_zero: u32,
    /// Plays missing.
    pub short: u32,
    /// Plays expected by the end if every coming day brings what it owes.
    pub forecast: u32,
    /// `met`, `short`, or `not-due` while no day has ended.
    pub result: &'static str,
    /// The largest cause, a stable code; empty when met.
    pub cause: &'a str,
}

/// Names of the columns.
pub const COLUMNS: [&str; 21] = [
    "screen",
    "name",
    "kind",
    "force",
    "standing",
    "days",
    "owed",
    "counted",
    "made_good",
    "outside",
    "not_counted",
    "declared",
    "pending",
    "missed",
    "mean_per_day",
    "days_at_target",
    "days_at_zero",
    "short",
    "forecast",
    "result",
    "cause",
];

/// The row of a screen.
pub fn row(line: &ScreenLine) -> Row<'_> {
    Row {
        screen: line.screen.as_str(),
        name: &line.name,
        kind: &line.kind,
        // A number nobody ordered is never a breach: the row says so.
        force: if line.inferred { format!("{} (inferred)", line.force) } else { line.force.clone() },
        standing: line.standing.code(),
        days: line.operating_days,
        owed: line.owed,
        counted: line.counted,
        made_good: line.made_good,
        outside: line.counted_outside,
        not_counted: line.not_counted,
        declared: line.declared_plays,
        pending: line.pending,
        missed: line.missed,
        mean_per_day: line.mean_per_day,
        days_at_target: line.days_at_target,
        days_at_zero: line.days_at_zero,
        short: line.short,
        forecast: line.forecast,
        result: result(line.operating_days, line.met),
        cause: &line.main_cause,
    }
}

/// One row where the number is a unit's.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnitRow<'a> {
    /// The unit.
    pub unit: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Screens that belong to it for this order.
    pub screens: u32,
    /// Days on duty.
    pub days: u32,
    /// Plays owed.
    pub owed: u32,
    /// Counted toward the quota.
    pub counted: u32,
    /// Of them made good.
    pub made_good: u32,
    /// Declared by others, not proven; no part of `counted`.
    pub declared: u32,
    /// Slots without a record that may still come.
    pub pending: u32,
    /// Slots without a record that will not come.
    pub missed: u32,
    /// Average plays per day on duty.
    pub mean_per_day: f64,
    /// Days that reached their own target.
    pub days_at_target: u32,
    /// Days on duty with no counted play.
    pub days_at_zero: u32,
    /// Plays missing.
    pub short: u32,
    /// `met`, `short`, or `not-due` while no day has ended.
    pub result: &'static str,
    /// The largest cause, a stable code; empty when met.
    pub cause: &'a str,
}

/// Names of the columns where the number is a unit's.
pub const UNIT_COLUMNS: [&str; 16] = [
    "unit",
    "name",
    "screens",
    "days",
    "owed",
    "counted",
    "made_good",
    "declared",
    "pending",
    "missed",
    "mean_per_day",
    "days_at_target",
    "days_at_zero",
    "short",
    "result",
    "cause",
];

/// The row of a unit.
pub fn unit_row(line: &QuotaUnit) -> UnitRow<'_> {
    UnitRow {
        unit: line.unit.as_str(),
        name: &line.name,
        screens: line.screens,
        days: line.operating_days,
        owed: line.owed,
        counted: line.counted,
        made_good: line.made_good,
        declared: line.declared_plays,
        pending: line.pending,
        missed: line.missed,
        mean_per_day: line.mean_per_day,
        days_at_target: line.days_at_target,
        days_at_zero: line.days_at_zero,
        short: line.short,
        result: result(line.operating_days, line.met),
        cause: &line.main_cause,
    }
}

fn result(operating_days: u32, met: bool) -> &'static str {
    match (operating_days, met) {
        // no day of duty has ended yet: nothing is owed
        (0, _) => "not-due",
        (_, true) => "met",
        (_, false) => "short",
    }
}
