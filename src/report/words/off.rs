//! When screens were off for a reason that somebody answers for, and when he wrote that: what they owe less for.

use super::super::beside::{EntryTime, TimeOff, screen_names};
use super::super::document::{Block, Cell};
use super::{NAMED, Words};
use crate::directory::LocalTime;
use crate::lang::{Values, shown};
use crate::people::AccountCode;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::DAY_S;
use std::collections::BTreeMap;

/// Most letters of the codes in a cell of the workbook, which holds no more; the data have all.
const LETTERS: usize = 32_000;

impl Words<'_> {
    /// What was excused, and whether it was entered beforehand; what an order suspended stands with the order.
    pub(super) fn off(&self) -> Vec<Block> {
        let (lang, data) = (self.lang, &self.made.data);
        let Some(all) = data.times_off.as_ref().filter(|_| !data.orders.is_empty()) else { return Vec::new() };
        let heading = Block::Heading(lang.text("report-part-off"));
        if all.is_empty() {
            return vec![heading, self.said(lang.text("report-off-none"))];
        }
        let columns = self.columns(&[
            ("off-what", true, false),
            ("off-time", true, false),
            ("off-why", true, false),
            ("off-entered", true, false),
            ("off-ahead", true, false),
            ("off-days", true, true),
            ("codes", false, false),
        ]);
        let names = screen_names(&data.orders);
        let rows = all.iter().map(|time| {
            let ahead = match time.entry() {
                EntryTime::Before => "report-off-before",
                EntryTime::Meanwhile => "report-off-meanwhile",
                EntryTime::Afterwards => "report-off-afterwards",
            };
            let cells = [self.closed(time, &names), self.time(time), shown(&time.reason), self.entered(time)];
            let mut cells: Vec<Cell> = cells.into_iter().chain([lang.text(ahead)]).map(Cell::Text).collect();
            cells.extend([Cell::Number(time.days.into()), Cell::Text(self.codes(time))]);
            cells
        });
        let table = self.beside("off", columns, rows.collect());
        vec![heading, self.said(lang.text("report-off-note")), Block::Table(table)]
    }

    /// Which screens, in a line.
    fn closed(&self, time: &TimeOff, names: &BTreeMap<&ScreenCode, &str>) -> String {
        let (lang, n) = (self.lang, time.screens.len());
        if let Some((link, unit)) = &time.unit {
            let values = self.count(n as u64).word("unit", self.unit(unit));
            return lang.say("report-off-unit", &values.word("link", lang.term("link", link.as_str())));
        }
        if let [screen] = time.screens.as_slice() {
            return match names.get(screen) {
                Some(name) => format!("{} ({screen})", shown(name)),
                None => screen.to_string(),
            };
        }
        let first: Vec<&str> = time.screens.iter().take(NAMED).map(ScreenCode::as_str).collect();
        let values = self.count(n as u64).word("screens", first.join(", "));
        let more = n.saturating_sub(NAMED);
        let key = if more > 0 { "report-off-screens-more" } else { "report-off-screens" };
        lang.say(key, &values.count(lang, "more", more as u64))
    }

    /// Whole days by their days, anything else by the minute.
    fn time(&self, time: &TimeOff) -> String {
        let lang = self.lang;
        let (from, to) = (time.from, time.to);
        let at = |t: LocalTime| format!("{}, {}", lang.clock(t.second), lang.day(t.day));
        match (from.second, to.second, from.day == to.day) {
            (0, DAY_S, true) => lang.day(from.day),
            (0, DAY_S, false) => {
                let values = Values::new().word("from", lang.day(from.day)).word("to", lang.day(to.day));
                lang.say("report-off-days", &values)
            }
            (_, _, true) => format!("{}–{}", lang.clock(from.second), at(to)),
            (_, _, false) => format!("{} – {}", at(from), at(to)),
        }
    }

    /// Under whose account, when, and on whose word.
    fn entered(&self, time: &TimeOff) -> String {
        let values = Values::new()
            .word("time", self.lang.instant(time.entered_at, self.offset))
            .word("by", shown(&time.entered_by))
            .word("author", shown(&time.author));
        let key = match time.entered_by.as_str() {
            AccountCode::SHELL => "report-off-shell",
            by if by == time.author => "report-off-account",
            _ => "report-off-account-for",
        };
        self.lang.say(key, &values)
    }

    /// Every screen, for the workbook; of a unit it is the unit's name that says which.
    fn codes(&self, time: &TimeOff) -> String {
        if time.unit.is_some() {
            return String::new();
        }
        let (mut text, mut left) = (String::new(), time.screens.len() as u64);
        for screen in time.screens.iter().map(ScreenCode::as_str) {
            if text.len() + screen.len() > LETTERS {
                return self.lang.say("report-off-codes-more", &self.count(left).word("screens", text));
            }
            let between = if text.is_empty() { "" } else { " " };
            text = text + between + screen;
            left -= 1;
        }
        text
    }
}
