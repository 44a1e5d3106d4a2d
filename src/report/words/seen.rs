//! What people saw who went to look at plays that nobody could choose.

use super::super::beside::{Sample, Sighting, is_bad, screen_names};
use super::super::document::{Block, Cell};
use super::Words;
use crate::lang::{Values, shown};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::sample::Seen;
use std::collections::BTreeMap;

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
        let names = screen_names(&data.orders);
        let mut rows: Vec<(bool, bool, Vec<Cell>)> = Vec::new();
        for sample in all {
            let row = |seen: &Sighting| {
                (is_bad(seen.seen), seen.seen == Seen::CouldNotLook, self.sighting(sample, seen, &names))
            };
            rows.extend(sample.seen.iter().map(row));
        }
        rows.sort_by_key(|(bad, not, _)| (!bad, !not)); // stable: by sample, screen and time
        if rows.is_empty() {
            blocks.push(self.said(lang.text("report-seen-nothing")));
            return blocks;
        }
        let columns = self.columns(&[
            ("screen", true, false),
            ("seen-play", true, false),
            ("seen", true, false),
            ("seen-by", true, false),
            ("seen-at", true, false),
            ("seen-note", true, false),
            ("seen-photo", false, false),
            ("seen-draw", false, false),
        ]);
        blocks.push(self.said(lang.text("report-seen-note")));
        blocks.push(Block::Table(self.beside("seen", columns, rows.into_iter().map(|(.., row)| row).collect())));
        blocks
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
            shown(&seen.note),
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
