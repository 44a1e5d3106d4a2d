//! The words of a report: from its data to a document. Pure; the words themselves are in `locales/*/report.ftl`.

use super::columns::{Bond, Figures, LINE, SUMS, apart, bonds, own_bond, result};
use super::document::{Block, Cell, Column, Document, Letterhead, Table};
use super::model::{Line, Name, Order, RaisedNumber, Selection, Span, SpanKind, SuspendedBy};
use super::table::split;
use super::{Made, Names};
use crate::lang::{Lang, Values, shown};
use chrono::Datelike as _;
use lichphat_playlists::figures::PENDING_DAYS;
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
        }
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

    /// By binding force, by kind of place, by unit.
    fn splits(&self) -> Vec<Block> {
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
            let row = |number: &'a super::UnitNumber| {
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

    /// Why plays are missing where they are required and where they are not, why records do not count, and how sure one is of what counts.
    fn why(&self) -> Vec<Block> {
        let lang = self.lang;
        let (mut missing, mut beside, mut refused, mut levels, mut late) =
            (Tally::new(), Tally::new(), Tally::new(), [0u64; 5], 0);
        for order in self.orders() {
            for (bond, figures) in bonds(order) {
                let tally = if bond.is_binding() { &mut missing } else { &mut beside };
                let s = figures.sums;
                s.causes.iter().for_each(|(cause, n)| tally.entry(cause.clone()).or_default().0 += n);
                s.short_causes.iter().for_each(|(cause, n)| tally.entry(cause.clone()).or_default().1 += u64::from(*n));
            }
            let all = Figures::of(order, &order.lines.iter().collect::<Vec<_>>()).sums;
            all.reasons.iter().for_each(|(reason, n)| refused.entry(reason.clone()).or_default().0 += n);
            levels.iter_mut().zip(all.by_level).for_each(|(sum, n)| *sum += n);
            late += all.late;
        }
        let word = |code: &str| Cell::Text(lang.cause(code));
        let columns = |keys: &[(&str, bool)]| -> Vec<Column> {
            let column = |(key, number): &(&str, bool)| Column {
                title: lang.text(&format!("report-col-{key}")),
                narrow: true,
                number: *number,
            };
            keys.iter().map(column).collect()
        };
        let causes = |key: &'static str, tally: Tally| {
            let row = |(code, (plays, of)): (String, (u64, u64))| {
                let mend = Cell::Text(lang.mend(&code).unwrap_or_default());
                vec![word(&code), Cell::Number(plays), Cell::Number(of), mend]
            };
            let keys = [("cause", false), ("plays", true), ("screens-short", true), ("mend", false)];
            self.table(key, false, columns(&keys), ordered(tally).into_iter().map(row).collect())
        };
        let refused = ordered(refused).into_iter().map(|(code, (plays, _))| vec![word(&code), Cell::Number(plays)]);
        let levels = ["D0", "D1", "D2", "D3"]
            .into_iter()
            .zip(&levels[1..])
            .map(|(level, n)| vec![Cell::Text(capital(&lang.term("level", level))), Cell::Number(*n)]);
        let apart = (!beside.is_empty()).then(|| causes("causes-beside", beside));
        let tables = std::iter::once(causes("causes", missing)).chain(apart).chain([
            self.table("reasons", false, columns(&[("reason", false), ("plays", true)]), refused.collect()),
            self.table("levels", false, columns(&[("level", false), ("plays", true)]), levels.collect()),
        ]);
        tables.map(Block::Table).chain([self.said(lang.say("report-late", &self.count(late)))]).collect()
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
            ("raised-days", true, false),
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
        let table = self.table("raised", false, columns.collect(), rows.collect());
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
        let force = self.bond(Bond::of(line));
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
        cells.extend(LINE.iter().map(|figure| number(figure.get(order, l).map(u64::from))));
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
        let revisions = Values::new()
            .word("directory", lang.number(data.revisions.directory))
            .word("campaigns", lang.number(data.revisions.campaigns));
        said.push(lang.say("report-revisions", &revisions));
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

/// A figure, or that nothing is said of it.
fn number(figure: Option<u64>) -> Cell {
    figure.map_or_else(|| Cell::Text("–".to_owned()), Cell::Number)
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
