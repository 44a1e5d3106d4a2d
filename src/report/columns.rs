//! The figures of a report, each under one word: for tables, for CSV and for what has changed.

use super::model::{Line, Order, UnitNumber};
use crate::campaigns::Force;
use lichphat_playlists::figures::{ScreenLine, Sums};
use std::collections::BTreeMap;

/// A figure of many screens.
pub(super) struct Summed {
    /// Its word; `report-col-…` is its heading.
    pub(super) key: &'static str,
    /// Also where there is little room.
    pub(super) narrow: bool,
    /// It is measured by a number: of screens that have none by themselves nothing is said.
    judged: bool,
    /// It.
    of: fn(&Sums) -> u64,
}

const fn sum(key: &'static str, narrow: bool, of: fn(&Sums) -> u64) -> Summed {
    Summed { key, narrow, judged: false, of }
}

const fn judged(key: &'static str, narrow: bool, of: fn(&Sums) -> u64) -> Summed {
    Summed { key, narrow, judged: true, of }
}

/// Figures of many screens, in the order in which they are printed.
pub(super) const SUMS: &[Summed] = &[
    sum("existing", true, |s| s.existing.into()),
    sum("reporting", true, |s| s.reporting.into()),
    sum("declared", true, |s| s.declared.into()),
    sum("silent", true, |s| s.silent.into()),
    judged("on-duty", false, |s| s.on_duty.into()),
    judged("met", true, |s| s.met.into()),
    judged("short", true, |s| s.short.into()),
    judged("owed", true, |s| s.owed),
    sum("counted", true, |s| s.counted),
    sum("made-good", false, |s| s.made_good),
    sum("outside", false, |s| s.outside),
    sum("late", false, |s| s.late),
    sum("not-counted", false, |s| s.not_counted),
    sum("unknown", false, |s| s.unknown),
    sum("declared-plays", false, |s| s.declared_plays),
    sum("pending", false, |s| s.pending),
    sum("missed", false, |s| s.missed),
    judged("short-plays", true, |s| s.short_plays),
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
    /// It is measured by a number: of a screen that has none by itself nothing is said.
    pub(super) judged: bool,
    /// It.
    pub(super) of: fn(&ScreenLine) -> u32,
}

impl OfLine {
    /// It; none: nothing is said of it.
    pub(super) fn get(&self, order: &Order, line: &ScreenLine) -> Option<u32> {
        (!self.judged || !order.is_of_units()).then(|| (self.of)(line))
    }
}

const fn line(key: &'static str, narrow: bool, of: fn(&ScreenLine) -> u32) -> OfLine {
    OfLine { key, narrow, judged: false, of }
}

const fn held(key: &'static str, narrow: bool, of: fn(&ScreenLine) -> u32) -> OfLine {
    OfLine { key, narrow, judged: true, of }
}

/// Figures of one screen, in the order in which they are printed.
pub(super) const LINE: &[OfLine] = &[
    line("days", false, |l| l.operating_days),
    held("owed", true, |l| l.owed),
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
    held("days-at-target", false, |l| l.days_at_target),
    line("days-at-zero", false, |l| l.days_at_zero),
    held("short-plays", true, |l| if l.operating_days > 0 { l.short } else { 0 }),
];

/// How a screen, or a unit, stands: a stable word. Of one that is not bound by a number of its order nothing is said but what is missing.
pub(super) const fn result(operating_days: u32, met: bool) -> &'static str {
    match (operating_days, met) {
        (0, _) => "not-due",
        (_, true) => "met",
        (_, false) => "short",
    }
}

/// What some screens come to.
pub(super) struct Figures {
    /// The sums.
    pub(super) sums: Sums,
    /// Are they held to a number? Where it is a unit's, only all screens of the unit together are.
    pub(super) judged: bool,
}

impl Figures {
    /// One of them; none: nothing is said of it.
    pub(super) fn get(&self, figure: &Summed) -> Option<u64> {
        (self.judged || !figure.judged).then(|| (figure.of)(&self.sums))
    }

    /// Of some lines of an order, whatever they have in common.
    pub(super) fn of(order: &Order, lines: &[&Line]) -> Self {
        Self { sums: Sums::of(lines.iter().map(|line| &line.figures)), judged: !order.is_of_units() }
    }

    /// Of units' own numbers, and of just the screens that reach them.
    pub(super) fn of_units(order: &Order, numbers: &[&UnitNumber]) -> Self {
        let of = |line: &&Line| line.number_of.as_ref().is_some_and(|u| numbers.iter().any(|n| n.figures.unit == *u));
        let mut sums = Sums {
            on_duty: 0,
            met: 0,
            short: 0,
            owed: 0,
            short_plays: 0,
            causes: BTreeMap::new(),
            short_causes: BTreeMap::new(),
            ..Sums::of(order.lines.iter().filter(of).map(|line| &line.figures))
        };
        for unit in numbers.iter().map(|number| &number.figures).filter(|unit| unit.operating_days > 0) {
            sums.on_duty += 1;
            sums.owed += u64::from(unit.owed);
            if unit.met {
                sums.met += 1;
                continue;
            }
            sums.short += 1;
            sums.short_plays += u64::from(unit.short);
            *sums.short_causes.entry(unit.main_cause.clone()).or_default() += 1;
            unit.causes.iter().for_each(|(cause, n)| *sums.causes.entry(cause.clone()).or_default() += u64::from(*n));
        }
        Self { sums, judged: true }
    }
}

/// How strongly an order binds: its word, the strongest first, and whether the number is one that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bond<'a> {
    /// Its place among the words; one that is unknown comes last.
    rank: (bool, Option<Force>),
    /// The number is inferred.
    pub(super) inferred: bool,
    /// The word.
    pub(super) force: &'a str,
}

impl<'a> Bond<'a> {
    pub(super) fn new(force: &'a str, inferred: bool) -> Self {
        let rank: Option<Force> = force.parse().ok();
        Self { rank: (rank.is_none(), rank), inferred, force }
    }

    /// How strongly a screen is bound.
    pub(super) fn of(line: &'a Line) -> Self {
        Self::new(&line.figures.force, line.figures.inferred)
    }

    /// Is it simply required?
    pub(super) fn is_required(self) -> bool {
        !self.inferred && self.rank.1 == Some(Force::Required)
    }

    /// Is falling short of it falling short of what was ordered?
    pub(super) fn is_binding(self) -> bool {
        !self.inferred && matches!(self.rank.1, Some(Force::Required | Force::Assigned))
    }
}

/// What an order comes to, by how strongly it binds, the strongest first: of screens or, where the number is a unit's, of the units that
/// the report holds whole. What is required is never added to what is not.
pub(super) fn bonds(order: &Order) -> BTreeMap<Bond<'_>, Figures> {
    if order.is_of_units() {
        let mut by: BTreeMap<Bond<'_>, Vec<&UnitNumber>> = BTreeMap::new();
        for number in &order.quota_units {
            by.entry(Bond::new(&number.force, number.inferred)).or_default().push(number);
        }
        return by.into_iter().map(|(bond, numbers)| (bond, Figures::of_units(order, &numbers))).collect();
    }
    let all: Vec<&Line> = order.lines.iter().collect();
    let by = super::table::split(&all, |l| Bond::new(&l.figures.force, l.figures.inferred)).into_iter();
    by.map(|(bond, lines)| (bond, Figures::of(order, &lines))).collect()
}

/// Screens that are a part of a unit whose number is for all of its screens.
pub(super) fn apart(order: &Order) -> Vec<&Line> {
    order.lines.iter().filter(|line| order.is_of_units() && line.number_of.is_none()).collect()
}

/// How strongly a screen is bound by itself; none where the number is a unit's: its screens are bound together, as strongly as the
/// unit is, and a force beneath a kind of place or a unit by another link would be read as another one.
pub(super) fn own_bond<'a>(order: &Order, line: &'a Line) -> Option<Bond<'a>> {
    (!order.is_of_units()).then(|| Bond::of(line))
}
