//! The words of a report: from its data to a document. Pure; the words themselves are in `locales/*/report.ftl`.

mod beside;
mod ground;
mod off;
mod seen;
mod splits;
mod why;

use super::columns::{Bond, Figures, SUMS, apart, bonds};
use super::document::{Block, Cell, Column, Document, Letterhead, Table};
use super::model::{Line, Name, Order, Selection, Span, SpanKind, SuspendedBy};
use super::{Made, Names};
use crate::lang::{Lang, Values, shown};
use chrono::Datelike as _;
use lichphat_playlists::figures::SUSPENDED;
use lichphat_playlists::ids::{UnitCode, VenueType};
use lichphat_playlists::time::UtcOffset;

/// Screens that are named in a line of paper; the workbook names all.
const NAMED: usize = 3;
/// Rows on paper of what stands beside the figures.
const MOST_BESIDE: usize = 40;

/// The document of a report.
pub(super) fn document(made: &Made, lang: Lang, letterhead: &Letterhead, offset: UtcOffset) -> Document {
    let data = &made.data;
    let words = Words { made, lang, offset, many: data.orders.len() > 1 };
    let mut blocks = vec![Block::Heading(lang.text("report-part-whole"))];
    blocks.extend(words.whole());
    blocks.push(Block::Heading(lang.text("report-part-split")));
    blocks.extend(words.splits());
    blocks.push(Block::Heading(lang.text("report-part-why")));
    blocks.extend(words.why());
    blocks.extend(words.off());
    blocks.extend(words.seen());
    blocks.extend(words.raised());
    blocks.extend(words.changes());
    blocks.extend(words.explanations());
    blocks.extend(words.screens());
    blocks.push(Block::Heading(lang.text("report-part-ground")));
    blocks.extend(words.ground());
    Document {
        lang,
        letterhead: letterhead.clone(),
        title: words.title(),
        state: words.state(),
        provisional: data.closed.is_none(),
        blocks,
        day: data.day,
        hash: made.hash.to_string(),
    }
}

/// `tháng 11 năm 2026`, `November 2026`.
pub fn describe(lang: Lang, span: &Span) -> String {
    let date = span.from.0;
    let values = Values::new()
        .word("from", lang.day(span.from))
        .word("to", lang.day(span.to))
        .word("year", date.year().to_string())
        .word("month", date.month().to_string())
        .word("quarter", ["I", "II", "III", "IV"][(date.month0() / 3) as usize % 4]);
    let key = match span.kind {
        SpanKind::Day => "report-span-day",
        SpanKind::Week => "report-span-week",
        SpanKind::Month => "report-span-month",
        SpanKind::Quarter => "report-span-quarter",
        SpanKind::HalfYear => "report-span-6-months",
        SpanKind::NineMonths => "report-span-9-months",
        SpanKind::Year => "report-span-year",
        SpanKind::Days => "report-span-days",
    };
    lang.say(key, &values)
}

struct Words<'a> {
    made: &'a Made,
    lang: Lang,
    offset: UtcOffset,
    /// More than one order: each row says of which it is.
    many: bool,
}

impl<'a> Words<'a> {
    fn selection(&self) -> &'a Selection {
        &self.made.data.selection
    }
    fn orders(&self) -> impl Iterator<Item = &'a Order> {
        self.made.data.orders.iter()
    }
    fn name(&self, name: &Name) -> String {
        let english = name.en.as_deref().filter(|_| self.lang == Lang::En);
        shown(english.unwrap_or(&name.vi))
    }
    fn named<C: Ord + std::fmt::Display>(&self, names: &Names<C>, code: &C) -> String {
        names.get(code).map_or_else(|| code.to_string(), |name| self.name(name))
    }
    fn unit(&self, code: &UnitCode) -> String {
        self.named(&self.made.data.units, code)
    }
    fn venue(&self, code: &VenueType) -> String {
        self.named(&self.made.data.venues, code)
    }
    fn order_title(&self, order: &Order) -> String {
        self.name(&order.title)
    }
    fn said(&self, sentence: String) -> Block {
        Block::Sentence(sentence)
    }
    fn count(&self, n: u64) -> Values {
        Values::new().count(self.lang, "n", n)
    }

    fn title(&self) -> String {
        let (lang, of) = (self.lang, self.selection());
        let span = describe(lang, &of.span);
        let mut title = match &of.unit {
            None => lang.say("report-title", &Values::new().word("span", span)),
            Some(unit) => {
                let values = Values::new().word("span", span).word("unit", self.unit(unit));
                let key = if of.link.is_some() { "report-title-unit-by" } else { "report-title-unit" };
                let link = of.link.map_or_else(String::new, |link| lang.term("link", link.as_str()));
                lang.say(key, &values.word("link", link))
            }
        };
        if let Some(venue) = &of.venue {
            let venue = self.venue(venue);
            title = format!("{title}, {}", lang.say("report-title-venue", &Values::new().word("venue", venue)));
        }
        match self.orders().next().filter(|_| of.campaign.is_some()) {
            Some(order) => format!("{title}: {}", self.order_title(order)),
            None => title,
        }
    }

    fn state(&self) -> String {
        let (lang, data) = (self.lang, &self.made.data);
        let day = Values::new().word("day", lang.day(data.day));
        match (&data.closed, &data.supplement) {
            (None, _) if data.selection.span.to >= data.day => lang.say("report-state-running", &day),
            (None, _) => lang.say("report-state-provisional", &day),
            (Some(closed), supplement) => {
                let values = Values::new()
                    .word("by", shown(closed.by.as_str()))
                    .word("time", lang.instant(closed.at, self.offset))
                    .word("number", supplement.as_ref().map_or(0, |s| s.number).to_string())
                    .word("of", supplement.as_ref().map_or_else(String::new, |s| s.of.to_string()));
                let key = if supplement.is_some() { "report-state-supplement" } else { "report-state-closed" };
                lang.say(key, &values)
            }
        }
    }

    /// Each order in sentences.
    fn whole(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = self.orders().map(|order| self.order(order)).collect();
        if blocks.is_empty() {
            blocks.push(self.said(self.lang.text("report-no-orders")));
        }
        blocks
    }

    /// First what is required; what is asked for less strongly, or by a number that nobody ordered, stands apart below and is never added to it.
    fn order(&self, order: &Order) -> Block {
        let lang = self.lang;
        let mut about = format!("{}: {}", self.order_title(order), lang.rule(&order.quota));
        if let Some(number) = &order.number {
            about = lang.say("report-order-number", &Values::new().word("about", about).word("number", shown(number)));
        }
        if order.sample {
            about = format!("{about} [{}]", lang.text("tag-sample"));
        }
        let (binding, others): (Vec<_>, Vec<_>) = bonds(order).into_iter().partition(|(bond, _)| bond.is_binding());
        let mut list = Vec::new();
        if binding.is_empty() {
            list.push(lang.text("report-nothing-required"));
        }
        for (bond, figures) in binding {
            list.extend(self.came(order, bond, &figures));
        }
        let beside = others.into_iter().map(|(bond, figures)| {
            let words = self.came(order, bond, &figures).join(" ");
            lang.say("report-beside", &Values::new().word("words", words))
        });
        list.extend(beside);
        list.extend(self.looked_at(order));
        list.extend(self.copied(order));
        list.extend(self.divided(order));
        list.extend(order.suspended.iter().map(|by| self.suspended(by)));
        Block::List(about, list)
    }

    /// What became of some screens, or units, that are bound alike.
    fn came(&self, order: &Order, bond: Bond<'_>, figures: &Figures) -> Vec<String> {
        let (lang, s) = (self.lang, &figures.sums);
        let who = if bond.inferred { "report-who-inferred" } else { "report-who" };
        let who = lang.say(who, &Values::new().word("force", lang.term("force", bond.force)));
        let values = Values::new()
            .word("who", who)
            .count(lang, "existing", s.existing.into())
            .count(lang, "reporting", s.reporting.into())
            .count(lang, "declared", s.declared.into())
            .count(lang, "silent", s.silent.into())
            .count(lang, "due", s.on_duty.into())
            .count(lang, "met", s.met.into())
            .count(lang, "short", s.short.into())
            .count(lang, "plays", s.short_plays)
            .count(lang, "owed", s.owed)
            .count(lang, "counted", s.counted)
            .count(lang, "madegood", s.made_good)
            .count(lang, "outside", s.outside)
            .count(lang, "refused", s.not_counted)
            .count(lang, "unknown", s.unknown)
            .count(lang, "said", s.declared_plays)
            .count(lang, "pending", s.pending);
        let kept = match (s.on_duty, order.is_of_units()) {
            (0, _) => "report-nothing-due",
            (_, false) => "report-kept",
            (_, true) => "report-kept-units",
        };
        let mut keys = vec![kept, "report-screens", "report-plays", "report-refused"];
        keys.extend((s.declared_plays > 0).then_some("report-declared"));
        keys.extend((s.pending > 0).then_some("report-pending"));
        keys.into_iter().map(|key| lang.say(key, &values)).collect()
    }

    /// That nothing of some screens is proven, because their devices were copied; what counts is counted all the same.
    fn copied(&self, order: &Order) -> Option<String> {
        let copied: Vec<&Line> = order.lines.iter().filter(|line| line.copied).collect();
        let first: Vec<String> = copied.iter().take(NAMED).map(|line| line.figures.screen.to_string()).collect();
        let values = self.count(copied.len() as u64).word("screens", first.join(", "));
        let more = copied.len().saturating_sub(NAMED) as u64;
        let key = if more > 0 { "report-copied-more" } else { "report-copied" };
        (!copied.is_empty()).then(|| self.lang.say(key, &values.count(self.lang, "more", more)))
    }

    /// That the report holds a part of the screens that reach a unit's number together.
    fn divided(&self, order: &Order) -> Option<String> {
        let part = apart(order);
        let sums = Figures::of(order, &part).sums;
        let values = self.count(order.divided.len() as u64).count(self.lang, "screens", sums.existing.into()).count(
            self.lang,
            "counted",
            sums.counted,
        );
        (!part.is_empty()).then(|| self.lang.say("report-divided", &values))
    }

    /// Which order kept it off, on which days and how many screens.
    fn suspended(&self, by: &SuspendedBy) -> String {
        let lang = self.lang;
        let mut about = format!("“{}”", self.name(&by.title));
        if let Some(number) = &by.number {
            about = lang.say("report-order-number", &Values::new().word("about", about).word("number", shown(number)));
        }
        let values = self.count(by.screens.into()).word("order", about);
        lang.say("report-suspended", &values.word("from", lang.day(by.days.0)).word("to", lang.day(by.days.1)))
    }

    /// Why plays are missing or do not count: a suspension by its document, not by its code.
    fn cause(&self, code: &str) -> String {
        let by = code.split_once(':').filter(|(kind, _)| *kind == SUSPENDED).map(|(_, order)| order);
        let by = by.and_then(|code| self.orders().flat_map(|order| &order.suspended).find(|by| by.code == code));
        match by {
            Some(by) => self.lang.say("cause-suspended", &Values::new().word("order", self.name(&by.title))),
            None => self.lang.cause(code),
        }
    }

    /// A table of sums: what each row is about, and its figures.
    fn summed(&self, key: &'static str, long: bool, rows: Vec<(&Order, String, Figures)>) -> Table {
        let lang = self.lang;
        let text = |title: String| Column { title, narrow: true, number: false };
        let order = self.many.then(|| text(lang.text("report-col-order")));
        let about = order.into_iter().chain([text(lang.text(&format!("report-table-{key}-of")))]);
        let figures = SUMS.iter().map(|figure| Column {
            title: lang.text(&format!("report-col-{}", figure.key)),
            narrow: figure.narrow,
            number: true,
        });
        let row = |(order, about, came): (&Order, String, Figures)| {
            let figures = SUMS.iter().map(|figure| number(came.get(figure)));
            let order = self.many.then(|| Cell::Text(self.order_title(order)));
            order.into_iter().chain([Cell::Text(about)]).chain(figures).collect()
        };
        let table = self.table(key, long, about.chain(figures).collect(), rows.into_iter().map(row).collect());
        Table { by_order: self.many, ..table }
    }

    fn table(&self, key: &'static str, long: bool, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        let lang = self.lang;
        let name = lang.text(&format!("report-table-{key}"));
        Table {
            key,
            name,
            caption: lang.text(&format!("report-table-{key}-caption")),
            columns,
            rows,
            by_order: false,
            long,
            most_on_paper: None,
        }
    }

    /// What stands beside the figures: on the page whole when it is short, on paper no more of it than somebody reads.
    fn beside(&self, key: &'static str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        let long = rows.len() > MOST_BESIDE;
        Table { most_on_paper: Some(MOST_BESIDE), ..self.table(key, long, columns, rows) }
    }

    /// Headings of columns: their words, whether there is room for them on paper, and whether they stand over numbers.
    fn columns(&self, columns: &[(&str, bool, bool)]) -> Vec<Column> {
        let title = |key: &str| self.lang.text(&format!("report-col-{key}"));
        columns
            .iter()
            .map(|(key, narrow, number)| Column { title: title(key), narrow: *narrow, number: *number })
            .collect()
    }

    /// `about`, with its order in front when there are several.
    fn of(&self, order: &Order, about: String) -> String {
        if self.many { format!("{} – {about}", self.order_title(order)) } else { about }
    }

    /// How strongly it binds, in words.
    fn bond(&self, bond: Bond<'_>) -> String {
        let word = self.lang.term("force", bond.force);
        match bond.inferred {
            true => self.lang.say("report-inferred", &Values::new().word("force", word)),
            false => word,
        }
    }

    /// `about`, saying how strongly it binds wherever that is not simply required.
    fn bound(&self, about: String, bond: Bond<'_>) -> String {
        if bond.is_required() { about } else { format!("{about} – {}", self.bond(bond)) }
    }
}

/// A figure, or that nothing is said of it.
fn number(figure: Option<u64>) -> Cell {
    figure.map_or_else(|| Cell::Text("–".to_owned()), Cell::Number)
}

/// With its first letter as a capital.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
