//! What stands beside the figures: raised numbers, what has changed since it was closed, what units say.

use super::super::document::{Block, Cell};
use super::super::model::{Explanation, Order, RaisedNumber};
use super::Words;
use crate::lang::{Values, shown};

impl<'a> Words<'a> {
    /// The city's figure beside the unit's own, raised one.
    pub(super) fn raised(&self) -> Vec<Block> {
        let lang = self.lang;
        let raised: Vec<(&Order, &RaisedNumber)> =
            self.orders().flat_map(|order| order.raised.iter().map(move |raised| (order, raised))).collect();
        if raised.is_empty() {
            return Vec::new();
        }
        let columns = self.columns(&[
            ("raised-unit", true, false),
            ("decision", true, false),
            ("raised-days", true, false),
            ("city-plays", true, true),
            ("own-plays", true, true),
            ("due", true, true),
            ("met-city", true, true),
            ("met-own", true, true),
            ("owed-city", false, true),
            ("owed-own", false, true),
            ("counted", true, true),
        ]);
        let rows = raised.into_iter().map(|(order, r)| {
            let n = |n: u64| Cell::Number(n);
            vec![
                Cell::Text(self.of(order, self.unit(&r.unit))),
                Cell::Text(shown(&r.decision)),
                Cell::Text(self.raised_days(r)),
                n(r.city_plays.into()),
                n(r.own_plays.into()),
                n(r.on_duty.into()),
                n(r.met_city.into()),
                n(r.met_own.into()),
                n(r.owed_city),
                n(r.owed_own),
                n(r.counted),
            ]
        });
        let table = self.table("raised", false, columns, rows.collect());
        vec![Block::Heading(lang.text("report-part-raised")), Block::Table(table)]
    }

    /// From when until when a number is raised.
    fn raised_days(&self, raised: &RaisedNumber) -> String {
        let lang = self.lang;
        let values = Values::new().word("from", lang.day(raised.from));
        match raised.to {
            Some(to) => lang.say("report-raised-days", &values.word("to", lang.day(to))),
            None => lang.say("report-raised-from", &values),
        }
    }

    /// What is another than when it was closed.
    pub(super) fn changes(&self) -> Vec<Block> {
        let lang = self.lang;
        let Some(supplement) = &self.made.data.supplement else { return Vec::new() };
        let columns =
            [("changed", true, false), ("figure", true, false), ("before", true, true), ("after", true, true)];
        let columns = self.columns(&columns);
        let rows = supplement.changes.iter().map(|c| {
            let unit = || c.unit.as_ref().map_or_else(|| c.campaign.to_string(), |unit| self.unit(unit));
            let about = c.screen.as_ref().map_or_else(unit, ToString::to_string);
            let about = if self.many { format!("{} – {about}", c.campaign) } else { about };
            let n = |n: i64| Cell::Number(u64::try_from(n).unwrap_or(0));
            let figure = lang.text(&format!("report-col-{}", c.figure));
            vec![Cell::Text(about), Cell::Text(figure), n(c.before), n(c.after)]
        });
        let heading = Block::Heading(lang.text("report-part-changes"));
        if supplement.changes.is_empty() {
            return vec![heading, self.said(lang.text("report-changes-beside"))];
        }
        vec![heading, Block::Table(self.table("changes", true, columns, rows.collect()))]
    }

    pub(super) fn explanations(&self) -> Vec<Block> {
        let lang = self.lang;
        let all = &self.made.data.explanations;
        if all.is_empty() {
            return Vec::new();
        }
        let quote = |e: &Explanation| {
            let values = Values::new()
                .word("unit", self.unit(&e.unit))
                .word("by", shown(e.by.as_str()))
                .word("time", lang.instant(e.at, self.offset));
            let text: Vec<String> = e.text.lines().map(shown).collect();
            Block::Quote(lang.say("report-explained", &values), text.join("\n"))
        };
        let mut blocks = vec![Block::Heading(lang.text("report-part-explanations"))];
        blocks.push(self.said(lang.text("report-explanations-note")));
        blocks.extend(all.iter().map(quote));
        blocks
    }
}
