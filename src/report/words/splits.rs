//! Tables of figures: by binding force, by kind of place, by unit, and screen by screen.

use super::super::beside::is_bad;
use super::super::columns::{Bond, Figures, LINE, apart, bonds, own_bond, result};
use super::super::document::{Block, Cell, Column};
use super::super::model::{Line, Order, UnitNumber};
use super::super::table::split;
use super::{Words, capital, number};
use crate::lang::{Values, shown};
use lichphat_playlists::ids::UnitCode;

impl<'a> Words<'a> {
    /// By binding force, by kind of place, by unit.
    pub(super) fn splits(&self) -> Vec<Block> {
        let lang = self.lang;
        let (mut forces, mut venues, mut units, mut inferred) = (Vec::new(), Vec::new(), Vec::new(), false);
        for order in self.orders() {
            for (bond, figures) in bonds(order) {
                inferred |= bond.inferred;
                forces.push((order, capital(&self.bond(bond)), figures));
            }
            let part = apart(order);
            if !part.is_empty() {
                forces.push((order, lang.text("report-part-of-units"), Figures::of(order, &part)));
            }
            let all: Vec<&Line> = order.lines.iter().collect();
            for ((venue, bond), lines) in split(&all, |l| (&l.venue, own_bond(order, l))) {
                let about = self.venue(venue);
                let about = bond.map_or_else(|| about.clone(), |bond| self.bound(about.clone(), bond));
                venues.push((order, about, Figures::of(order, &lines)));
            }
            units.extend(self.units(order, &all));
        }
        let mut blocks = vec![Block::Table(self.summed("forces", false, forces))];
        if inferred {
            blocks.push(self.said(lang.text("report-inferred-note")));
        }
        blocks.push(Block::Table(self.summed("venues", false, venues)));
        if self.orders().any(Order::is_of_units) {
            blocks.push(self.said(lang.text("report-of-units-note")));
        }
        blocks.push(Block::Table(self.summed("units", true, units)));
        blocks
    }

    fn units(&self, order: &'a Order, all: &[&'a Line]) -> Vec<(&'a Order, String, Figures)> {
        let mut rows: Vec<(Bond<'_>, String, Figures)> = if order.is_of_units() {
            let row = |number: &'a UnitNumber| {
                let bond = Bond::new(&number.force, number.inferred);
                (bond, self.unit(&number.figures.unit), Figures::of_units(order, &[number]))
            };
            order.quota_units.iter().map(row).collect()
        } else {
            let none = || self.lang.text("report-no-unit");
            let row = |((unit, bond), lines): ((Option<&UnitCode>, Bond<'a>), Vec<&Line>)| {
                (bond, unit.map_or_else(none, |u| self.unit(u)), Figures::of(order, &lines))
            };
            split(all, |l| (l.unit.as_ref(), Bond::of(l))).into_iter().map(row).collect()
        };
        // what is required first, and of that those with most missing
        rows.sort_by(|(a, x, of_a), (b, y, of_b)| {
            let missing = of_b.sums.short_plays.cmp(&of_a.sums.short_plays);
            b.is_binding().cmp(&a.is_binding()).then(missing).then_with(|| (x, a).cmp(&(y, b)))
        });
        rows.into_iter().map(|(bond, unit, figures)| (order, self.bound(unit, bond), figures)).collect()
    }

    /// Every screen, those with most missing first.
    pub(super) fn screens(&self) -> Vec<Block> {
        let lang = self.lang;
        let text = |key: &str, narrow| Column { title: lang.text(&format!("report-col-{key}")), narrow, number: false };
        let number = |key: &str, narrow| Column { number: true, ..text(key, narrow) };
        let mut columns = Vec::new();
        if self.many {
            columns.push(text("order", true));
        }
        columns.extend([text("screen", true), text("code", false), text("unit", true), text("venue", false)]);
        columns.extend([text("force", false), text("kind", false), text("standing", false)]);
        columns.extend(LINE.iter().map(|figure| number(figure.key, figure.narrow)));
        columns.extend([number("mean", false), text("result", true), text("cause", true)]);
        let mut lines: Vec<(&Order, &Line)> =
            self.orders().flat_map(|order| order.lines.iter().map(move |line| (order, line))).collect();
        let missing = |line: &Line| if line.figures.operating_days > 0 { line.figures.short } else { 0 };
        lines.sort_by(|(_, a), (_, b)| {
            missing(b).cmp(&missing(a)).then_with(|| a.figures.screen.cmp(&b.figures.screen))
        });
        let rows = lines.into_iter().map(|(order, line)| self.screen(order, line)).collect();
        let table = self.table("screens", true, columns, rows);
        vec![Block::Heading(lang.text("report-part-screens")), Block::Table(table)]
    }

    /// Has somebody who went to look seen another picture there, or none?
    fn is_seen_bad(&self, order: &Order, line: &Line) -> bool {
        let of = self.made.data.samples.iter().flatten().filter(|sample| sample.campaign == order.campaign);
        of.flat_map(|sample| &sample.seen).any(|seen| is_bad(seen.seen) && seen.screen == line.figures.screen)
    }

    fn screen(&self, order: &Order, line: &Line) -> Vec<Cell> {
        let (lang, l) = (self.lang, &line.figures);
        let force = self.bond(Bond::of(line));
        let unit = line.unit.as_ref().map_or_else(|| lang.text("report-no-unit"), |unit| self.unit(unit));
        let (result, cause) = if order.is_of_units() {
            (String::new(), String::new())
        } else {
            let cause = if l.main_cause.is_empty() { String::new() } else { self.cause(&l.main_cause) };
            let result = result(l.operating_days, l.met);
            let words = lang.term("result", result);
            // met by the count, and nobody can verify it: the line must not say the one without the other
            let unproven = line.copied && result == "met";
            let words =
                if unproven { lang.say("report-met-unproven", &Values::new().word("met", words)) } else { words };
            (words, cause)
        };
        let seen_bad = self.is_seen_bad(order, line);
        let tags =
            [(l.simulated, "tag-simulated"), (line.copied, "report-tag-copied"), (seen_bad, "report-tag-seen-bad")];
        let tags = tags.into_iter().filter(|(is, _)| *is).map(|(_, tag)| format!(" [{}]", lang.text(tag)));
        let name = shown(&l.name) + &tags.collect::<String>();
        let mut cells = Vec::new();
        if self.many {
            cells.push(self.order_title(order));
        }
        cells.extend([name, l.screen.to_string(), unit, self.venue(&line.venue), force]);
        cells.extend([lang.term("kind", &l.kind), lang.term("standing", l.standing.code())]);
        let mut cells: Vec<Cell> = cells.into_iter().map(Cell::Text).collect();
        cells.extend(LINE.iter().map(|figure| number(figure.get(order, l).map(u64::from))));
        cells.extend([Cell::Decimal(l.mean_per_day), Cell::Text(result), Cell::Text(cause)]);
        cells
    }
}
