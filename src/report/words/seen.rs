//! What people saw who went to look at plays that nobody could choose.

use super::super::beside::{Sample, Sighting, is_bad, screen_names};
use super::super::document::{Block, Cell, Table};
use super::super::model::Order;
use super::Words;
use crate::lang::{Values, shown};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::sample::Seen;
use std::collections::{BTreeMap, BTreeSet};

impl Words<'_> {
    /// What was drawn, what was looked at, and each thing that was seen; it changes no figure.
    pub(super) fn seen(&self) -> Vec<Block> {
        let (lang, data) = (self.lang, &self.made.data);
        let Some(all) = data.samples.as_ref().filter(|_| !data.orders.is_empty()) else { return Vec::new() };
        let mut blocks = vec![Block::Heading(lang.text("report-part-seen"))];
        if all.is_empty() {
            blocks.push(self.said(lang.text("report-seen-none")));
            return blocks;
        }
        blocks.extend(all.iter().map(|sample| self.said(self.sample(sample))));
        let mut seen: Vec<(&Sample, &Sighting)> =
            all.iter().flat_map(|sample| sample.seen.iter().map(move |sighting| (sample, sighting))).collect();
        seen.sort_by_key(|(_, s)| (!is_bad(s.seen), s.seen != Seen::CouldNotLook)); // stable: by sample, screen and time
        if seen.is_empty() {
            blocks.push(self.said(lang.text("report-seen-nothing")));
            return blocks;
        }
        blocks.push(self.said(lang.text("report-seen-note")));
        let names = screen_names(&data.orders);
        let rows = |seen: &[(&Sample, &Sighting)]| {
            seen.iter().map(|(sample, sighting)| self.sighting(sample, sighting, &names)).collect::<Vec<_>>()
        };
        let columns = self.columns(&[
            ("screen", true, false),
            ("seen-play", true, false),
            ("seen", true, false),
            ("seen-by", true, false),
            ("seen-at", false, false),
            ("seen-note", true, false),
            ("seen-photo", false, false),
            ("seen-draw", false, false),
        ]);
        // what was as expected is counted above, and stands one by one in the workbook alone
        let wrong = seen.iter().filter(|(_, sighting)| sighting.seen != Seen::AsExpected).count();
        if wrong > 0 {
            blocks.push(Block::Table(self.beside("seen", columns.clone(), rows(&seen[..wrong]))));
        }
        let all = self.table("looked", true, columns, rows(&seen));
        blocks.push(Block::Table(Table { most_on_paper: Some(0), ..all }));
        blocks
    }

    /// That somebody went to look at plays of an order, and how many were wrong; none: nobody did.
    pub(super) fn looked_at(&self, order: &Order) -> Option<String> {
        let of = self.made.data.samples.iter().flatten().filter(|sample| sample.campaign == order.campaign);
        let seen: Vec<&Sighting> = of.flat_map(|s| &s.seen).filter(|s| s.seen != Seen::CouldNotLook).collect();
        let bad: Vec<&Sighting> = seen.iter().copied().filter(|sighting| is_bad(sighting.seen)).collect();
        let screens: BTreeSet<&ScreenCode> = bad.iter().map(|sighting| &sighting.screen).collect();
        let values = self.count(screens.len() as u64).count(self.lang, "looked", seen.len() as u64);
        let key = if bad.is_empty() { "report-looked-well" } else { "report-looked-bad" };
        (!seen.is_empty()).then(|| self.lang.say(key, &values.count(self.lang, "bad", bad.len() as u64)))
    }

    /// How many plays of it were drawn, looked at, and wrong.
    fn sample(&self, sample: &Sample) -> String {
        let lang = self.lang;
        let title = self.orders().find(|order| order.campaign == sample.campaign).map(|order| self.order_title(order));
        let (bad, not) = (sample.found(is_bad), sample.found(|seen| seen == Seen::CouldNotLook));
        let found = sample.seen.len() as u64;
        let values = Values::new()
            .word("order", title.unwrap_or_else(|| sample.campaign.to_string()))
            .word("draw", name(sample))
            .word("of", lang.text(&format!("report-seen-{}", sample.kind.word())))
            .word("from", lang.day(sample.days.0))
            .word("to", lang.day(sample.days.1))
            .count(lang, "drawn", sample.drawn.into())
            .count(lang, "looked", found - not)
            .count(lang, "bad", bad)
            .count(lang, "not", not)
            .count(lang, "open", u64::from(sample.drawn).saturating_sub(found));
        lang.say("report-seen-sample", &values)
    }

    fn sighting(&self, sample: &Sample, seen: &Sighting, names: &BTreeMap<&ScreenCode, &str>) -> Vec<Cell> {
        let lang = self.lang;
        let screen = &seen.screen;
        let cells = [
            names.get(screen).map_or_else(|| screen.to_string(), |name| format!("{} ({screen})", shown(name))),
            lang.instant(seen.start, self.offset),
            lang.text(&format!("report-seen-{}", seen.seen.word())),
            shown(&seen.by),
            lang.instant(seen.at, self.offset),
            if seen.note.is_empty() { String::new() } else { shown(&seen.note) },
            seen.photo.map_or_else(String::new, |photo| photo.hex()),
            name(sample),
        ];
        cells.into_iter().map(Cell::Text).collect()
    }
}

/// By which a draw is found on the console.
fn name(sample: &Sample) -> String {
    sample.draw.hex().chars().take(12).collect()
}
