//! The figures of a report, each under one word: for tables, for CSV and for what has changed.

use super::model::{Line, Order};
use lichphat_playlists::figures::{QuotaUnit, ScreenLine, Sums};

/// A figure of many screens.
pub(super) struct Summed {
    /// Its word; `report-col-…` is its heading.
    pub(super) key: &'static str,
    /// Also where there is little room.
    pub(super) narrow: bool,
    /// It.
    pub(super) of: fn(&Sums) -> u64,
}

const fn sum(key: &'static str, narrow: bool, of: fn(&Sums) -> u64) -> Summed {
    Summed { key, narrow, of }
}

/// Figures of many screens, in the order in which they are printed.
pub(super) const SUMS: &[Summed] = &[
    sum("existing", true, |s| s.existing.into()),
    sum("reporting", true, |s| s.reporting.into()),
    sum("declared", true, |s| s.declared.into()),
    sum("silent", true, |s| s.silent.into()),
    sum("on-duty", false, |s| s.on_duty.into()),
    sum("met", true, |s| s.met.into()),
    sum("short", true, |s| s.short.into()),
    sum("owed", true, |s| s.owed),
    sum("counted", true, |s| s.counted),
    sum("made-good", false, |s| s.made_good),
    sum("outside", false, |s| s.outside),
    sum("late", false, |s| s.late),
    sum("not-counted", false, |s| s.not_counted),
    sum("unknown", false, |s| s.unknown),
    sum("declared-plays", false, |s| s.declared_plays),
    sum("pending", false, |s| s.pending),
    sum("missed", false, |s| s.missed),
    sum("short-plays", true, |s| s.short_plays),
    sum("d0", false, |s| s.by_level[1]),
    sum("d1", false, |s| s.by_level[2]),
    sum("d2", false, |s| s.by_level[3]),
    sum("d3", false, |s| s.by_level[4]),
];

/// A figure of one screen.
pub(super) struct OfLine {
    /// Its word.
    pub(super) key: &'static str,
    /// Also where there is little room.
    pub(super) narrow: bool,
    /// It.
    pub(super) of: fn(&ScreenLine) -> u32,
}

const fn line(key: &'static str, narrow: bool, of: fn(&ScreenLine) -> u32) -> OfLine {
    OfLine { key, narrow, of }
}

/// Figures of one screen, in the order in which they are printed.
pub(super) const LINE: &[OfLine] = &[
    line("days", false, |l| l.operating_days),
    line("owed", true, |l| l.owed),
    line("counted", true, |l| l.counted),
    line("made-good", false, |l| l.made_good),
    line("outside", false, |l| l.counted_outside),
    line("late", false, |l| l.late),
    line("not-counted", false, |l| l.not_counted),
    line("unknown", false, |l| l.unknown),
    line("declared-plays", false, |l| l.declared_plays),
    line("pending", false, |l| l.pending),
    line("missed", false, |l| l.missed),
    line("d0", false, |l| l.by_level[1]),
    line("d1", false, |l| l.by_level[2]),
    line("d2", false, |l| l.by_level[3]),
    line("d3", false, |l| l.by_level[4]),
    line("days-at-target", false, |l| l.days_at_target),
    line("days-at-zero", false, |l| l.days_at_zero),
    line("short-plays", true, |l| if l.operating_days > 0 { l.short } else { 0 }),
];

/// How a screen, or a unit, stands: a stable word. Of one that is not bound by a number of its order nothing is said but what is missing.
pub(super) const fn result(operating_days: u32, met: bool) -> &'static str {
    match (operating_days, met) {
        (0, _) => "not-due",
        (_, true) => "met",
        (_, false) => "short",
    }
}

/// What some lines of an order come to. Where the number is a unit's, no screen is met or short by itself.
pub(super) fn sums(order: &Order, lines: &[&Line]) -> Sums {
    let sums = Sums::of(lines.iter().map(|line| &line.figures));
    if order.is_of_units() {
        return Sums {
            on_duty: 0,
            met: 0,
            short: 0,
            owed: 0,
            short_plays: 0,
            causes: Default::default(),
            short_causes: Default::default(),
            ..sums
        };
    }
    sums
}

/// What an order comes to as a whole: of the screens or, where the number is a unit's, of the units.
pub(super) fn whole(order: &Order) -> Sums {
    let all: Vec<&Line> = order.lines.iter().collect();
    let mut whole = sums(order, &all);
    for unit in order.quota_units.iter().filter(|unit| unit.operating_days > 0) {
        let of = unit_sums(unit);
        whole.on_duty += 1;
        whole.met += of.met;
        whole.short += of.short;
        whole.owed += of.owed;
        whole.short_plays += of.short_plays;
        if !unit.met {
            *whole.short_causes.entry(unit.main_cause.clone()).or_default() += 1;
            unit.causes.iter().for_each(|(cause, n)| *whole.causes.entry(cause.clone()).or_default() += u64::from(*n));
        }
    }
    whole
}

/// A unit's own number, in the same columns.
pub(super) fn unit_sums(unit: &QuotaUnit) -> Sums {
    let due = unit.operating_days > 0;
    Sums {
        existing: unit.screens,
        on_duty: due.into(),
        met: (due && unit.met).into(),
        short: (due && !unit.met).into(),
        owed: unit.owed.into(),
        counted: unit.counted.into(),
        made_good: unit.made_good.into(),
        declared_plays: unit.declared_plays.into(),
        pending: unit.pending.into(),
        missed: unit.missed.into(),
        short_plays: if due { unit.short.into() } else { 0 },
        ..Sums::default()
    }
}
