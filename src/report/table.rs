//! CSV: one table for programs, with every level of the figures row by row under stable names. What people call a thing stands beside
//! its code and in Vietnamese; each row bears the hash of the data and how far the log went, so that no row is without its ground.

use super::columns::{LINE, SUMS, result, sums, unit_sums, whole};
use super::model::{Line, Name, Order};
use super::{Made, Names};
use crate::exchange::cell::harmless;
use lichphat_playlists::figures::Sums;
use lichphat_playlists::ids::UnitCode;
use std::collections::BTreeMap;

/// What stands before the figures.
const BEFORE: [&str; 10] =
    ["row", "campaign", "code", "name", "unit", "venue", "force", "inferred", "standing", "simulated"];
/// What a screen's row has besides.
const BESIDES: [&str; 3] = ["days", "days-at-target", "days-at-zero"];
/// What stands behind them.
const BEHIND: [&str; 6] = ["result", "cause", "report_sha256", "log_entries", "checkpoint_size", "checkpoint_root"];

/// One row, before its figures and behind them.
#[derive(Default)]
struct Row<'a> {
    before: [&'a str; BEFORE.len()],
    besides: Option<[u32; BESIDES.len()]>,
    behind: [&'a str; 2],
}

struct Writer<'a> {
    csv: csv::Writer<Vec<u8>>,
    ground: [String; 4],
    units: &'a Names<UnitCode>,
}

impl Writer<'_> {
    fn row(&mut self, row: &Row<'_>, sums: Option<&Sums>) -> Result<(), csv::Error> {
        let figures = SUMS.iter().map(|figure| sums.map_or_else(String::new, |sums| (figure.of)(sums).to_string()));
        let besides = match row.besides {
            Some(days) => days.map(|n| n.to_string()),
            None => Default::default(),
        };
        let words = row.before.iter().map(|cell| harmless(cell).into_owned());
        let behind = row.behind.iter().map(|cell| harmless(cell).into_owned());
        self.csv.write_record(words.chain(figures).chain(besides).chain(behind).chain(self.ground.iter().cloned()))
    }

    fn order(&mut self, order: &Order) -> Result<(), csv::Error> {
        let campaign = order.campaign.as_str();
        let all: Vec<&Line> = order.lines.iter().collect();
        let title = order.title.vi.as_str();
        self.row(
            &Row { before: first(["campaign", campaign, campaign, title]), ..Row::default() },
            Some(&whole(order)),
        )?;
        for ((force, inferred), lines) in split(&all, |l| (l.figures.force.as_str(), l.figures.inferred)) {
            let mut before = first(["force", campaign, force, ""]);
            (before[6], before[7]) = (force, yes(inferred));
            self.row(&Row { before, ..Row::default() }, Some(&sums(order, &lines)))?;
        }
        for (venue, lines) in split(&all, |l| l.venue.as_str()) {
            let mut before = first(["venue", campaign, venue, ""]);
            before[5] = venue;
            self.row(&Row { before, ..Row::default() }, Some(&sums(order, &lines)))?;
        }
        let names = self.units;
        for (unit, lines) in split(&all, |l| l.unit.as_ref()) {
            let code = unit.map_or("", UnitCode::as_str);
            let name = unit.and_then(|unit| names.get(unit)).map_or("", |name: &Name| &name.vi);
            let mut before = first(["unit", campaign, code, name]);
            before[4] = code;
            self.row(&Row { before, ..Row::default() }, Some(&sums(order, &lines)))?;
        }
        for unit in &order.quota_units {
            let name = names.get(&unit.unit).map_or(unit.name.as_str(), |name| &name.vi);
            let mut before = first(["unit-number", campaign, unit.unit.as_str(), name]);
            before[4] = unit.unit.as_str();
            let behind = [result(unit.operating_days, unit.met), unit.main_cause.as_str()];
            self.row(&Row { before, behind, ..Row::default() }, Some(&unit_sums(unit)))?;
        }
        all.iter().try_for_each(|line| self.screen(order, line))
    }

    fn screen(&mut self, order: &Order, line: &Line) -> Result<(), csv::Error> {
        let l = &line.figures;
        let mut before = first(["screen", order.campaign.as_str(), l.screen.as_str(), &l.name]);
        before[4] = line.unit.as_ref().map_or("", UnitCode::as_str);
        (before[5], before[6], before[7]) = (line.venue.as_str(), &l.force, yes(l.inferred));
        (before[8], before[9]) = (l.standing.code(), yes(l.simulated));
        let days = BESIDES.map(|key| LINE.iter().find(|f| f.key == key).map_or(0, |f| (f.of)(l)));
        // where the number is a unit's, no screen is met or short by itself
        let behind = if order.is_of_units() { ["", ""] } else { [result(l.operating_days, l.met), &l.main_cause] };
        self.row(&Row { before, besides: Some(days), behind }, Some(&sums(order, &[line])))
    }
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
