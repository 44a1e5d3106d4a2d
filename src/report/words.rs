//! The words of a report: from its data to a document. Pure; the words themselves are in `locales/*/report.ftl`.

use super::columns::{LINE, SUMS, result, sums, unit_sums, whole};
use super::document::{Block, Cell, Column, Document, Letterhead, Table};
use super::model::{Line, Name, Order, RaisedNumber, Selection, Span, SpanKind};
use super::table::split;
use super::{Made, Names};
use crate::campaigns::Force;
use crate::lang::{Lang, Values, shown};
use chrono::Datelike as _;
use lichphat_playlists::figures::{PENDING_DAYS, Sums};
use lichphat_playlists::ids::{UnitCode, VenueType};
use lichphat_playlists::time::UtcOffset;
use std::collections::BTreeMap;

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

/// What is counted of several orders, by a code: plays and screens.
type Tally = BTreeMap<String, (u64, u64)>;

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

    /// Each order in sentences, then all of them side by side.
    fn whole(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = self.orders().map(|order| self.order(order)).collect();
        if blocks.is_empty() {
            blocks.push(self.said(self.lang.text("report-no-orders")));
            return blocks;
        }
        if self.many {
            let rows = self.orders().map(|order| (self.order_title(order), whole(order)));
            blocks.push(Block::Table(self.summed("orders", false, rows.collect())));
        }
        blocks
    }

    fn order(&self, order: &Order) -> Block {
        let (lang, s) = (self.lang, whole(order));
        let mut about = format!("{}: {}", self.order_title(order), lang.rule(&order.quota));
        if let Some(number) = &order.number {
            about = lang.say("report-order-number", &Values::new().word("about", about).word("number", shown(number)));
        }
        if order.sample {
            about = format!("{about} [{}]", lang.text("tag-sample"));
        }
        let values = Values::new()
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
            .count(lang, "late", s.late)
            .count(lang, "said", s.declared_plays)
            .count(lang, "pending", s.pending);
        let mut list = vec![lang.say("report-screens", &values)];
        list.push(match (s.on_duty, order.is_of_units()) {
            (0, _) => lang.text("report-nothing-due"),
            (_, false) => lang.say("report-kept", &values),
            (_, true) => lang.say("report-kept-units", &values),
        });
        list.push(lang.say("report-plays", &values));
        list.push(lang.say("report-refused", &values));
        if s.declared_plays > 0 {
            list.push(lang.say("report-declared", &values));
        }
        if s.pending > 0 {
            list.push(lang.say("report-pending", &values));
        }
        Block::List(about, list)
    }

    /// A table of sums: what each row is about, and its figures.
    fn summed(&self, key: &'static str, long: bool, rows: Vec<(String, Sums)>) -> Table {
        let lang = self.lang;
        let text = |title: String| Column { title, narrow: true, number: false };
        let about = text(lang.text(&format!("report-table-{key}-of")));
        let figures = SUMS.iter().map(|figure| Column {
            title: lang.text(&format!("report-col-{}", figure.key)),
            narrow: figure.narrow,
            number: true,
        });
        let row = |(about, sums): (String, Sums)| {
            let figures = SUMS.iter().map(|figure| Cell::Number((figure.of)(&sums)));
            std::iter::once(Cell::Text(about)).chain(figures).collect()
        };
        self.table(key, long, std::iter::once(about).chain(figures).collect(), rows.into_iter().map(row).collect())
    }

    fn table(&self, key: &'static str, long: bool, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        let lang = self.lang;
        let name = lang.text(&format!("report-table-{key}"));
        Table { key, name, caption: lang.text(&format!("report-table-{key}-caption")), columns, rows, long }
    }

    /// `about`, with its order in front when there are several.
    fn of(&self, order: &Order, about: String) -> String {
        if self.many { format!("{} – {about}", self.order_title(order)) } else { about }
    }

    /// By binding force, by kind of place, by unit.
    fn splits(&self) -> Vec<Block> {
        let lang = self.lang;
        let (mut forces, mut venues, mut units, mut inferred) = (Vec::new(), Vec::new(), Vec::new(), false);
        for order in self.orders() {
            let all: Vec<&Line> = order.lines.iter().collect();
            let mut parts: Vec<_> =
                split(&all, |l| (l.figures.force.as_str(), l.figures.inferred)).into_iter().collect();
            // the strongest first
            parts.sort_by_key(|((force, inferred), _)| (force.parse::<Force>().ok(), *inferred));
            for ((force, guessed), lines) in parts {
                let word = lang.term("force", force);
                inferred |= guessed;
                let word = if guessed { lang.say("report-inferred", &Values::new().word("force", word)) } else { word };
                forces.push((self.of(order, capital(&word)), sums(order, &lines)));
            }
            for (venue, lines) in split(&all, |l| &l.venue) {
                venues.push((self.of(order, self.venue(venue)), sums(order, &lines)));
            }
            units.extend(self.units(order, &all));
        }
        let mut blocks = vec![Block::Table(self.summed("forces", false, forces))];
        if inferred {
            blocks.push(self.said(lang.text("report-inferred-note")));
        }
        blocks.push(Block::Table(self.summed("venues", false, venues)));
        blocks.push(Block::Table(self.summed("units", true, units)));
        blocks
    }

    fn units(&self, order: &Order, all: &[&'a Line]) -> Vec<(String, Sums)> {
        if order.is_of_units() {
            let number = |unit| (self.of(order, self.unit(&unit)), unit);
            let rows = order.quota_units.iter().map(|unit| (number(unit.unit.clone()).0, unit_sums(unit)));
            return rows.collect();
        }
        let named = |unit: Option<&UnitCode>| unit.map_or_else(|| self.lang.text("report-no-unit"), |u| self.unit(u));
        let rows = split(all, |l| l.unit.as_ref()).into_iter();
        let mut rows: Vec<_> = rows.map(|(unit, lines)| (self.of(order, named(unit)), sums(order, &lines))).collect();
        // those with most missing first
        rows.sort_by(|(a, x), (b, y)| y.short_plays.cmp(&x.short_plays).then_with(|| a.cmp(b)));
        rows
    }

    /// Why plays are missing, why records do not count, and how sure one is of what counts.
    fn why(&self) -> Vec<Block> {
        let lang = self.lang;
        let (mut missing, mut refused, mut levels, mut late) = (Tally::new(), Tally::new(), [0u64; 5], 0);
        for order in self.orders() {
            let s = whole(order);
            s.causes.iter().for_each(|(cause, n)| missing.entry(cause.clone()).or_default().0 += n);
            s.short_causes.iter().for_each(|(cause, n)| missing.entry(cause.clone()).or_default().1 += u64::from(*n));
            s.reasons.iter().for_each(|(reason, n)| refused.entry(reason.clone()).or_default().0 += n);
            levels.iter_mut().zip(s.by_level).for_each(|(sum, n)| *sum += n);
            late += s.late;
        }
        let word = |code: &str| Cell::Text(lang.cause(code));
        let missing = ordered(missing).into_iter().map(|(code, (plays, of))| {
            vec![word(&code), Cell::Number(plays), Cell::Number(of), Cell::Text(lang.mend(&code).unwrap_or_default())]
        });
        let refused = ordered(refused).into_iter().map(|(code, (plays, _))| vec![word(&code), Cell::Number(plays)]);
        let levels = ["D0", "D1", "D2", "D3"]
            .into_iter()
            .zip(&levels[1..])
            .map(|(level, n)| vec![Cell::Text(capital(&lang.term("level", level))), Cell::Number(*n)]);
        let (missing, refused, levels) = (missing.collect(), refused.collect(), levels.collect());
        let columns = |keys: &[(&str, bool)]| -> Vec<Column> {
            let column = |(key, number): &(&str, bool)| Column {
                title: lang.text(&format!("report-col-{key}")),
                narrow: true,
                number: *number,
            };
            keys.iter().map(column).collect()
        };
        let causes = [("cause", false), ("plays", true), ("screens-short", true), ("mend", false)];
        let tables = [
            self.table("causes", false, columns(&causes), missing),
            self.table("reasons", false, columns(&[("reason", false), ("plays", true)]), refused),
            self.table("levels", false, columns(&[("level", false), ("plays", true)]), levels),
        ];
        let tables = tables.into_iter().map(Block::Table);
        tables.chain([self.said(lang.say("report-late", &self.count(late)))]).collect()
    }

    /// The city's figure beside the unit's own, raised one.
    fn raised(&self) -> Vec<Block> {
        let lang = self.lang;
        let raised: Vec<(&Order, &RaisedNumber)> =
            self.orders().flat_map(|order| order.raised.iter().map(move |raised| (order, raised))).collect();
        if raised.is_empty() {
            return Vec::new();
        }
        let columns = [
            ("raised-unit", true, false),
            ("decision", true, false),
            ("from", false, false),
            ("city-plays", true, true),
            ("own-plays", true, true),
            ("due", true, true),
            ("met-city", true, true),
            ("met-own", true, true),
            ("owed-city", false, true),
            ("owed-own", false, true),
            ("counted", true, true),
        ];
        let columns = columns.into_iter().map(|(key, narrow, number)| Column {
            title: lang.text(&format!("report-col-{key}")),
            narrow,
            number,
        });
        let rows = raised.into_iter().map(|(order, r)| {
            let n = |n: u64| Cell::Number(n);
            vec![
                Cell::Text(self.of(order, self.unit(&r.unit))),
                Cell::Text(shown(&r.decision)),
                Cell::Text(lang.day(r.from)),
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
        let table = self.table("raised", false, columns.collect(), rows.collect());
        vec![Block::Heading(lang.text("report-part-raised")), Block::Table(table)]
    }

    /// What is another than when it was closed.
    fn changes(&self) -> Vec<Block> {
        let lang = self.lang;
        let Some(supplement) = &self.made.data.supplement else { return Vec::new() };
        let columns = [("changed", false), ("figure", false), ("before", true), ("after", true)];
        let columns = columns.into_iter().map(|(key, number)| Column {
            title: lang.text(&format!("report-col-{key}")),
            narrow: true,
            number,
        });
        let rows = supplement.changes.iter().map(|c| {
            let unit = || c.unit.as_ref().map_or_else(|| c.campaign.to_string(), |unit| self.unit(unit));
            let about = c.screen.as_ref().map_or_else(unit, ToString::to_string);
            let about = if self.many { format!("{} – {about}", c.campaign) } else { about };
            let n = |n: i64| Cell::Number(u64::try_from(n).unwrap_or(0));
            let figure = lang.text(&format!("report-col-{}", c.figure));
            vec![Cell::Text(about), Cell::Text(figure), n(c.before), n(c.after)]
        });
        let table = self.table("changes", true, columns.collect(), rows.collect());
        vec![Block::Heading(lang.text("report-part-changes")), Block::Table(table)]
    }

    fn explanations(&self) -> Vec<Block> {
        let lang = self.lang;
        let all = &self.made.data.explanations;
        if all.is_empty() {
            return Vec::new();
        }
        let quote = |e: &super::Explanation| {
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

    /// Every screen, those with most missing first.
    fn screens(&self) -> Vec<Block> {
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

    fn screen(&self, order: &Order, line: &Line) -> Vec<Cell> {
        let (lang, l) = (self.lang, &line.figures);
        let force = lang.term("force", &l.force);
        let force = if l.inferred { lang.say("report-inferred", &Values::new().word("force", force)) } else { force };
        let unit = line.unit.as_ref().map_or_else(|| lang.text("report-no-unit"), |unit| self.unit(unit));
        let (result, cause) = if order.is_of_units() {
            (String::new(), String::new())
        } else {
            let cause = if l.main_cause.is_empty() { String::new() } else { lang.cause(&l.main_cause) };
            (lang.term("result", result(l.operating_days, l.met)), cause)
        };
        let name = match l.simulated {
            true => format!("{} [{}]", shown(&l.name), lang.text("tag-simulated")),
            false => shown(&l.name),
        };
        let mut cells = Vec::new();
        if self.many {
            cells.push(self.order_title(order));
        }
        cells.extend([name, l.screen.to_string(), unit, self.venue(&line.venue), force]);
        cells.extend([lang.term("kind", &l.kind), lang.term("standing", l.standing.code())]);
        let mut cells: Vec<Cell> = cells.into_iter().map(Cell::Text).collect();
        cells.extend(LINE.iter().map(|figure| Cell::Number((figure.of)(l).into())));
        cells.extend([Cell::Decimal(l.mean_per_day), Cell::Text(result), Cell::Text(cause)]);
        cells
    }

    /// What the figures rest on, and how anybody checks that.
    fn ground(&self) -> Vec<Block> {
        let (lang, data) = (self.lang, &self.made.data);
        let mut said = Vec::new();
        let simulated: u64 =
            self.orders().flat_map(|o| &o.lines).map(|l| u64::from(l.figures.simulated)).max().unwrap_or(0);
        if simulated > 0 {
            let screens: std::collections::BTreeSet<_> = self
                .orders()
                .flat_map(|o| &o.lines)
                .collect::<Vec<_>>()
                .into_iter()
                .filter(|l| l.figures.simulated)
                .map(|l| &l.figures.screen)
                .collect();
            said.push(lang.say("report-simulated", &self.count(screens.len() as u64)));
        }
        let entries = self.count(data.log.entries);
        said.push(lang.say("report-entries", &entries));
        said.push(match &data.log.checkpoint {
            None => lang.text("report-no-checkpoint"),
            Some(c) => {
                let values = Values::new()
                    .word("origin", shown(&c.origin))
                    .word("size", lang.number(c.size))
                    .word("root", c.root.to_string())
                    .count(lang, "beyond", data.log.entries.saturating_sub(c.size));
                let key = if c.size < data.log.entries { "report-checkpoint-behind" } else { "report-checkpoint" };
                lang.say(key, &values)
            }
        });
        said.push(lang.say("report-hash", &Values::new().word("hash", self.made.hash.to_string())));
        said.push(lang.text("report-rule-counted"));
        said.push(lang.say("report-rule-waits", &self.count(PENDING_DAYS.into())));
        said.push(lang.text("report-rule-overlap"));
        said.into_iter().map(Block::Sentence).collect()
    }
}

/// The largest first.
fn ordered(tally: Tally) -> Vec<(String, (u64, u64))> {
    let mut all: Vec<_> = tally.into_iter().collect();
    all.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    all
}

/// With its first letter as a capital.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
