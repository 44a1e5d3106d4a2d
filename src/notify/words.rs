//! What is said, in the reader's language: one message for everything that one round has to say to one reader.

use super::model::{Case, Message};
use super::rule::Round;
use crate::attention::Thing;
use crate::directory::Directory;
use crate::lang::{Lang, Values};
use lichphat_playlists::text::misleads;
use lichphat_playlists::time::{LocalDay, UtcOffset};

/// Sites that are named in one mail, and screens of each; who has more opens the page.
const NAMED: usize = 20;
const NAMED_SCREENS: usize = 3;

/// What words need.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Language.
    pub lang: Lang,
    /// Names.
    pub directory: &'a Directory,
    /// Where people come in; empty: it has no name, and the mail no link.
    pub address: &'a str,
    /// Offset of local time.
    pub offset: UtcOffset,
}

/// A name from outside on one line of plain text.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !misleads(*c) && !c.is_control()).take(120).collect()
}

impl Reader<'_> {
    fn place(&self, unit: Option<&lichphat_playlists::ids::UnitCode>, address: &str) -> String {
        let unit = unit.and_then(|code| self.directory.unit(code));
        let name = unit.map_or_else(|| self.lang.text("today-nobody"), |unit| plain(&unit.name));
        if address.is_empty() { name } else { format!("{name}, {}", plain(address)) }
    }

    /// Which screens they are: whoever goes there has to know at which one to look.
    fn screens(&self, case: &Case) -> String {
        let named = case.screens.iter().take(NAMED_SCREENS).map(|code| {
            let screen = self.directory.screen(code);
            screen.map_or_else(|| code.to_string(), |screen| format!("{} ({code})", plain(&screen.name)))
        });
        let more = case.screens.len().saturating_sub(NAMED_SCREENS) as u64;
        let values = Values::new().count(self.lang, "n", more).word("screens", named.collect::<Vec<_>>().join("; "));
        format!("  {}", self.lang.say("alert-screens", &values))
    }

    fn line(&self, case: &Case, over: bool) -> String {
        let (_, ms) = case.opened.local(self.offset);
        let since = self.lang.say("today-since", &Values::new().word("at", self.lang.clock(ms / 1000)));
        let values = Values::new()
            .count(self.lang, "n", case.screens.len() as u64)
            .word("place", self.place(case.site.unit.as_ref(), &case.site.address))
            .word("since", since);
        let what = self.lang.say(&format!("today-thing-{}", case.cause), &values);
        let mend =
            if over { String::new() } else { format!(" {}", self.lang.text(&format!("today-mend-{}", case.cause))) };
        format!("- {what}{mend}\n{}", self.screens(case))
    }

    fn section(&self, out: &mut Vec<String>, title: &str, cases: &[Case]) {
        if cases.is_empty() {
            return;
        }
        out.push(self.lang.text(title));
        out.extend(cases.iter().take(NAMED).map(|case| self.line(case, title == "alert-over")));
        if cases.len() > NAMED {
            let more = Values::new().count(self.lang, "n", (cases.len() - NAMED) as u64);
            out.push(self.lang.say("alert-more", &more));
        }
        out.push(String::new());
    }

    fn signed(&self, mut lines: Vec<String>, path: &str) -> String {
        if !self.address.is_empty() {
            lines.push(self.lang.say("alert-link", &Values::new().word("link", format!("{}{path}", self.address))));
        }
        lines.push(self.lang.text("alert-foot"));
        lines.join("\n")
    }

    /// What a round says of the sites that this reader sees; none: nothing.
    pub fn dark(&self, round: &Round) -> Option<Message> {
        let first = round.new.first().or(round.again.first());
        let subject = match (first, round.over.first()) {
            (Some(case), _) => {
                let cases = round.new.len() + round.again.len();
                let screens: usize = round.new.iter().chain(&round.again).map(|c| c.screens.len()).sum();
                let values = Values::new()
                    .count(self.lang, "n", screens as u64)
                    .count(self.lang, "more", cases.saturating_sub(1) as u64)
                    .word("place", self.place(case.site.unit.as_ref(), &case.site.address));
                self.lang.say(if cases > 1 { "alert-subject-many" } else { "alert-subject" }, &values)
            }
            (None, Some(case)) => {
                let place = self.place(case.site.unit.as_ref(), &case.site.address);
                self.lang.say("alert-subject-over", &Values::new().word("place", place))
            }
            (None, None) => return None,
        };
        let mut lines = Vec::new();
        self.section(&mut lines, "alert-new", &round.new);
        self.section(&mut lines, "alert-again", &round.again);
        self.section(&mut lines, "alert-over", &round.over);
        Some(Message { subject, body: self.signed(lines, "/alerts") })
    }

    /// The morning's digest: what is to be done, how orders stand (each a sentence), and what waits for the reader's word.
    pub fn digest(&self, day: LocalDay, things: &[Thing], orders: &[String], waiting: u64) -> Message {
        let lang = self.lang;
        let mut lines = Vec::new();
        if waiting > 0 {
            lines.push(format!("- {}.", lang.say("approvals-waiting", &Values::new().count(lang, "n", waiting))));
        }
        for thing in things.iter().take(NAMED) {
            let place = match (&thing.unit, thing.units) {
                (None, 2..) => lang.say("n-units", &Values::new().count(lang, "n", thing.units.into())),
                (unit, _) => self.place(unit.as_ref(), ""),
            };
            let since = thing.since.map(|at| lang.day(at.day(self.offset)));
            let since = since.map(|at| lang.say("today-since-day", &Values::new().word("at", at))).unwrap_or_default();
            let values = Values::new()
                .count(lang, "n", thing.screens.into())
                .count(lang, "plays", thing.plays.into())
                .word("place", place)
                .word("since", since);
            lines.push(format!("- {}", lang.say(&format!("today-thing-{}", thing.cause), &values)));
        }
        if lines.is_empty() {
            lines.push(lang.text("today-calm"));
        }
        lines.insert(0, lang.text("alert-digest-do"));
        if !orders.is_empty() {
            lines.extend([String::new(), lang.text("alert-digest-orders")]);
            lines.extend(orders.iter().map(|order| format!("- {order}")));
        }
        lines.push(String::new());
        let subject = lang.say("alert-digest-subject", &Values::new().word("day", lang.day(day)));
        Message { subject, body: self.signed(lines, "/") }
    }
}
