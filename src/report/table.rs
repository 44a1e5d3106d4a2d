//! CSV: one table for programs, with every level of the figures row by row under stable names. What people call a thing stands beside
//! its code and in Vietnamese; each row bears the hash of the data and how far the log went, so that no row is without its ground.

use super::columns::{Bond, Figures, LINE, SUMS, apart, bonds, own_bond, result};
use super::model::{Line, Name, Order, UnitNumber};
use super::{Made, Names};
use crate::exchange::cell::harmless;
use lichphat_playlists::ids::UnitCode;
use std::collections::BTreeMap;

/// What stands before the figures.
const BEFORE: [&str; 10] =
    ["row", "campaign", "code", "name", "unit", "venue", "force", "inferred", "standing", "simulated"];
/// What a screen's row has besides.
const BESIDES: [&str; 3] = ["days", "days-at-target", "days-at-zero"];
/// What stands behind them.
const BEHIND: [&str; 7] =
    ["result", "cause", "copied", "report_sha256", "log_entries", "checkpoint_size", "checkpoint_root"];

/// One row, before its figures and behind them.
#[derive(Default)]
struct Row<'a> {
    before: [&'a str; BEFORE.len()],
    besides: [String; BESIDES.len()],
    behind: [&'a str; 3],
}

struct Writer<'a> {
    csv: csv::Writer<Vec<u8>>,
    ground: [String; 4],
    units: &'a Names<UnitCode>,
}

impl Writer<'_> {
    fn row(&mut self, row: &Row<'_>, figures: Option<&Figures>) -> Result<(), csv::Error> {
        let cell = |figure| figures.and_then(|f| f.get(figure)).map_or_else(String::new, |n| n.to_string());
        let words = row.before.iter().map(|cell| harmless(cell).into_owned());
        let behind = row.behind.iter().map(|cell| harmless(cell).into_owned());
        let figures = SUMS.iter().map(cell);
        self.csv.write_record(
            words.chain(figures).chain(row.besides.iter().cloned()).chain(behind).chain(self.ground.iter().cloned()),
        )
    }

    /// What is required and what is not are rows of their own on every level: no figure adds them up.
    fn order(&mut self, order: &Order) -> Result<(), csv::Error> {
        let campaign = order.campaign.as_str();
        let title = order.title.vi.as_str();
        self.row(&Row { before: first(["campaign", campaign, campaign, title]), ..Row::default() }, None)?;
        for (bond, figures) in bonds(order) {
            let before = bound(first(["force", campaign, bond.force, ""]), bond);
            self.row(&Row { before, ..Row::default() }, Some(&figures))?;
        }
        let part = apart(order);
        if !part.is_empty() {
            self.row(
                &Row { before: first(["part", campaign, "", ""]), ..Row::default() },
                Some(&Figures::of(order, &part)),
            )?;
        }
        let all: Vec<&Line> = order.lines.iter().collect();
        for ((venue, bond), lines) in split(&all, |l| (l.venue.as_str(), own_bond(order, l))) {
            let before = first(["venue", campaign, venue, ""]);
            let mut before = bond.map_or(before, |bond| bound(before, bond));
            before[5] = venue;
            self.row(&Row { before, ..Row::default() }, Some(&Figures::of(order, &lines)))?;
        }
        for ((unit, bond), lines) in split(&all, |l| (l.unit.as_ref(), own_bond(order, l))) {
            let code = unit.map_or("", UnitCode::as_str);
            let name = unit.and_then(|unit| self.units.get(unit)).map_or("", |name: &Name| &name.vi);
            let before = first(["unit", campaign, code, name]);
            let mut before = bond.map_or(before, |bond| bound(before, bond));
            before[4] = code;
            self.row(&Row { before, ..Row::default() }, Some(&Figures::of(order, &lines)))?;
        }
        order.quota_units.iter().try_for_each(|number| self.number(order, number))?;
        all.iter().try_for_each(|line| self.screen(order, line))
    }

    fn number(&mut self, order: &Order, number: &UnitNumber) -> Result<(), csv::Error> {
        let unit = &number.figures;
        let name = self.units.get(&unit.unit).map_or(unit.name.as_str(), |name| &name.vi);
        let bond = Bond::new(&number.force, number.inferred);
        let mut before = bound(first(["unit-number", order.campaign.as_str(), unit.unit.as_str(), name]), bond);
        before[4] = unit.unit.as_str();
        let behind = [result(unit.operating_days, unit.met), unit.main_cause.as_str(), ""];
        self.row(&Row { before, behind, ..Row::default() }, Some(&Figures::of_units(order, &[number])))
    }

    fn screen(&mut self, order: &Order, line: &Line) -> Result<(), csv::Error> {
        let l = &line.figures;
        let mut before = bound(first(["screen", order.campaign.as_str(), l.screen.as_str(), &l.name]), Bond::of(line));
        before[4] = line.unit.as_ref().map_or("", UnitCode::as_str);
        before[5] = line.venue.as_str();
        (before[8], before[9]) = (l.standing.code(), yes(l.simulated));
        let besides = BESIDES.map(|key| {
            let figure = LINE.iter().find(|f| f.key == key).and_then(|f| f.get(order, l));
            figure.map_or_else(String::new, |n| n.to_string())
        });
        // where the number is a unit's, no screen is met or short by itself
        let [result, cause] =
            if order.is_of_units() { ["", ""] } else { [result(l.operating_days, l.met), l.main_cause.as_str()] };
        let behind = [result, cause, yes(line.copied)];
        self.row(&Row { before, besides, behind }, Some(&Figures::of(order, &[line])))
    }
}

fn bound<'a>(mut before: [&'a str; BEFORE.len()], bond: Bond<'a>) -> [&'a str; BEFORE.len()] {
    (before[6], before[7]) = (bond.force, yes(bond.inferred));
    before
}

fn first(words: [&str; 4]) -> [&str; BEFORE.len()] {
    let mut before = [""; BEFORE.len()];
    before[..4].copy_from_slice(&words);
    before
}

const fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Lines by what they have in common, in order of it.
pub(super) fn split<'a, K: Ord>(lines: &[&'a Line], key: impl Fn(&'a Line) -> K) -> BTreeMap<K, Vec<&'a Line>> {
    let mut parts: BTreeMap<K, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        parts.entry(key(line)).or_default().push(line);
    }
    parts
}

/// The table.
///
/// # Errors
/// A defect: a row with another number of cells.
pub(super) fn csv(made: &Made) -> Result<Vec<u8>, csv::Error> {
    let data = &made.data;
    let checkpoint = data.log.checkpoint.as_ref();
    let mut writer = Writer {
        csv: csv::Writer::from_writer(Vec::new()),
        ground: [
            made.hash.to_string(),
            data.log.entries.to_string(),
            checkpoint.map_or_else(String::new, |c| c.size.to_string()),
            checkpoint.map_or_else(String::new, |c| c.root.to_string()),
        ],
        units: &data.units,
    };
    let figures = SUMS.iter().map(|figure| figure.key);
    let columns = BEFORE.into_iter().chain(figures).chain(BESIDES).chain(BEHIND);
    writer.csv.write_record(columns.map(|name| name.replace('-', "_")))?;
    // the first row says what all of it rests on, also of a report without a screen; orders overlap, so it sums nothing
    let days = format!("{} {}", data.selection.span.from, data.selection.span.to);
    let state = if data.closed.is_some() { "closed" } else { "provisional" };
    writer.row(&Row { before: first(["report", "", state, &days]), ..Row::default() }, None)?;
    data.orders.iter().try_for_each(|order| writer.order(order))?;
    writer.csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
