//! The form of an order: every field with its value, what is wrong in it, and what somebody else has written there meanwhile; and
//! below it, as somebody types, what the order would do.

use super::super::data::{City, Console};
use super::super::page::{Page, shown};
use super::super::preflight::words;
use super::super::{Asked, ConsoleError};
use super::one::{key_of, label};
use super::{unit_name, venue_name};
use crate::campaigns::{
    AmendmentKind, ContentClass, Directive, DirectiveKind, Force, Form, InPlace, Phase, SuspendedDays,
};
use crate::directory::{Link, Output, Shape};
use crate::lang::{Lang, Values};
use crate::library::MediaItem;
use crate::orders::{Conflict, Sheet, Wrong};
use askama::Template;
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files offered by name.
const FILES: usize = 500;

#[derive(Template)]
#[template(path = "order_form.html")]
struct FormPage {
    page: Page,
    action: String,
    back: (String, String),
    /// What it is a form for, `play`, `suspend` or `amend`.
    kind: &'static str,
    /// Code of the order that it changes, and what the change is called; empty: it is an order of its own.
    amends: (String, String),
    /// What this form was read at; 0: a new draft.
    revision: u32,
    problem: String,
    /// That somebody else has written meanwhile.
    meanwhile: String,
    sections: Vec<Section>,
    units: Vec<(String, String)>,
    files: Vec<(String, String)>,
    look: Option<Look>,
}

/// Fields that belong together.
struct Section {
    title: String,
    hint: String,
    fields: Vec<Field>,
    /// Where the script puts the newest count; empty: nothing is counted here.
    count_id: String,
    count: String,
}

/// One field.
struct Field {
    name: String,
    label: String,
    hint: String,
    value: String,
    /// `text`, `date`, `number`, `area`, `select`, `checks` or `flag`.
    kind: &'static str,
    needed: bool,
    /// Id of the list that it offers.
    list: &'static str,
    options: Vec<Choice>,
    wrong: Vec<String>,
    theirs: String,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

/// What it would do, in words.
struct Look {
    tone: &'static str,
    verdict: String,
    lines: Vec<String>,
    /// The script asks again.
    waits: bool,
}

/// A form as it is shown.
pub(super) struct Shown<'a> {
    /// Where it posts.
    pub(super) action: String,
    /// Revision that it was read at.
    pub(super) revision: u32,
    /// What stands in it.
    pub(super) sheet: &'a Sheet,
    /// What is wrong; none while nobody has asked.
    pub(super) read: Option<&'a Result<Directive, Vec<Wrong>>>,
    /// Where somebody else has written otherwise.
    pub(super) conflicts: Option<&'a [Conflict]>,
    /// Say what is wrong beside the fields.
    pub(super) tell: bool,
    /// Why it was not kept.
    pub(super) problem: String,
}

/// The page.
pub(super) async fn render(console: &Console, asked: &Asked, shown: Shown<'_>) -> Result<String, ConsoleError> {
    let (city, lang, today) = (console.city().await?, asked.lang, console.today().1);
    let media = console.orders.media().await.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    let suspends = shown.sheet.get("kind") == DirectiveKind::Suspend.as_str();
    let mut fields = Fields {
        lang,
        city: &city,
        sheet: shown.sheet,
        wrong: match shown.read {
            Some(Err(wrong)) if shown.tell => wrong,
            _ => &[],
        },
        conflicts: shown.conflicts.unwrap_or_default(),
        today,
        used: Vec::new(),
    };
    let amends = shown.sheet.amends();
    let sections = match (amends, suspends) {
        (true, _) => fields.of_amendment(),
        (_, true) => fields.of_suspension(),
        _ => fields.of_play(&media),
    };
    let rest = fields.rest();
    let problem = [shown.problem, rest].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n");
    let look = match shown.read {
        Some(Ok(order)) => Some(look(console, asked, &city, order).await?),
        Some(Err(wrong)) => Some(Look {
            tone: "wait",
            verdict: lang.say("orders-look-wrong", &Values::new().count(lang, "n", wrong.len() as u64)),
            lines: Vec::new(),
            waits: false,
        }),
        None => None,
    };
    let key = match (shown.revision, suspends) {
        _ if amends => "orders-amend-title",
        (0, false) => "orders-new-title",
        (0, true) => "orders-new-suspension",
        (_, false) => "orders-edit-title",
        (_, true) => "orders-edit-suspension",
    };
    let mut units: Vec<(String, String)> = city
        .directory
        .units()
        .filter(|u| u.effective.contains(today))
        .map(|u| (u.code.to_string(), super::super::page::shown(&u.name)))
        .collect();
    units.sort_by(|a, b| a.1.cmp(&b.1));
    let view = FormPage {
        page: Page::new(console, asked, lang.text(key)),
        back: ("/orders".to_owned(), lang.text("orders-title")),
        action: shown.action,
        kind: if amends {
            "amend"
        } else if suspends {
            "suspend"
        } else {
            "play"
        },
        amends: (shown.sheet.get("amends").to_owned(), shown.sheet.get("title").to_owned()),
        revision: shown.revision,
        problem,
        meanwhile: shown.conflicts.map_or_else(String::new, |all| {
            lang.say("orders-meanwhile", &Values::new().count(lang, "n", all.len() as u64))
        }),
        sections,
        units,
        files: media.values().take(FILES).map(|m| (m.media.hash.hex(), file(lang, m))).collect(),
        look,
    };
    Ok(view.render()?)
}

fn file(lang: Lang, item: &MediaItem) -> String {
    let values = Values::new().word("name", shown(&item.name)).count(lang, "seconds", item.media.duration_s.into());
    lang.say("orders-file", &values)
}

/// Gathers the fields of a form.
struct Fields<'a> {
    lang: Lang,
    city: &'a City,
    sheet: &'a Sheet,
    wrong: &'a [Wrong],
    conflicts: &'a [Conflict],
    today: LocalDay,
    /// Fields that are on the page: what is wrong elsewhere is told above them.
    used: Vec<String>,
}

impl Fields<'_> {
    /// A field whose words are those of its path without the numbers of rows.
    fn field(&mut self, name: impl Into<String>, kind: &'static str) -> Field {
        let name = name.into();
        self.used.push(name.clone());
        let key = key_of(&name);
        let hint = format!("{key}-hint");
        let wrong = self.wrong.iter().filter(|w| w.field == name).map(|w| w.mend.pick(self.lang).to_owned());
        let theirs = self.conflicts.iter().find(|c| c.field == name).map(|c| match c.theirs.as_str() {
            "" => self.lang.text("orders-theirs-empty"),
            text => self.lang.say("orders-theirs", &Values::new().word("text", shown(text))),
        });
        Field {
            label: self.lang.text(&key),
            hint: if self.lang.knows(&hint) { self.lang.text(&hint) } else { String::new() },
            value: self.sheet.get(&name).to_owned(),
            kind,
            needed: false,
            list: "",
            options: Vec::new(),
            wrong: wrong.collect(),
            theirs: theirs.unwrap_or_default(),
            name,
        }
    }

    fn needed(&mut self, name: &str, kind: &'static str) -> Field {
        Field { needed: true, ..self.field(name, kind) }
    }

    fn unit(&mut self, name: impl Into<String>) -> Field {
        let field = self.field(name, "text");
        let named = lichphat_playlists::ids::UnitCode::new(&*field.value)
            .ok()
            .filter(|c| self.city.directory.unit(c).is_some());
        let hint = named.map_or_else(|| field.hint.clone(), |code| unit_name(self.city, &code));
        Field { list: "units", hint, ..field }
    }

    /// One of a list of words, the first when nothing is chosen.
    fn select(&mut self, name: impl Into<String>, words: &[(&str, String)]) -> Field {
        let field = self.field(name, "select");
        let option = |(value, text): &(&str, String)| Choice {
            value: (*value).to_owned(),
            text: text.clone(),
            chosen: *value == field.value,
        };
        Field { options: words.iter().map(option).collect(), ..field }
    }

    /// Any of them.
    fn checks(&mut self, name: impl Into<String>, words: &[(String, String)]) -> Field {
        let field = self.field(name, "checks");
        let chosen: Vec<&str> = field.value.split(',').collect();
        let option = |(value, text): &(String, String)| Choice {
            chosen: chosen.contains(&&**value),
            value: value.clone(),
            text: text.clone(),
        };
        let options = words.iter().map(option).collect();
        Field { options, ..field }
    }

    fn words(&self, list: &str, words: impl IntoIterator<Item = &'static str>) -> Vec<(&'static str, String)> {
        words.into_iter().map(|word| (word, self.lang.term(list, word))).collect()
    }

    fn venues(&mut self, name: String) -> Field {
        let mut venues: Vec<(String, String)> = Vec::new();
        for profile in self.city.directory.venue_profiles() {
            let code = profile.venue_type.to_string();
            if !venues.iter().any(|(known, _)| *known == code) {
                let name = venue_name(self.lang, self.city, &profile.venue_type, self.today);
                venues.push((code, name));
            }
        }
        self.checks(name, &venues)
    }

    fn section(&self, key: &str, fields: Vec<Field>) -> Section {
        let hint = format!("orders-s-{key}-hint");
        Section {
            title: self.lang.text(&format!("orders-s-{key}")),
            hint: if self.lang.knows(&hint) { self.lang.text(&hint) } else { String::new() },
            fields,
            count_id: String::new(),
            count: String::new(),
        }
    }

    /// A row of a list, with its number.
    fn row(&self, key: &str, i: usize, fields: Vec<Field>) -> Section {
        let title = self.lang.say(&format!("orders-s-{key}"), &Values::new().word("n", (i + 1).to_string()));
        Section { title, ..self.section(key, fields) }
    }

    fn head(&mut self) -> Vec<Section> {
        let head = vec![
            self.needed("title", "text"),
            self.needed("code", "text"),
            Field { needed: true, ..self.unit("issuer") },
            self.field("number", "text"),
            self.field("issued", "date"),
            self.needed("source", "text"),
            self.field("title_en", "text"),
        ];
        let from = self.needed("from", "date");
        let is_play = self.sheet.get("kind") != "suspend"; // a suspension may begin today
        let hint = if is_play { self.lang.text("orders-from-tomorrow") } else { from.hint.clone() };
        let days = vec![Field { hint, ..from }, self.needed("to", "date")];
        let mut sections = vec![self.section("head", head), self.section("days", days)];
        for i in 0..=self.sheet.rows("legal_basis") {
            let field = |form: &mut Self, name, kind| form.field(format!("legal_basis[{i}].{name}"), kind);
            let fields = vec![field(self, "number", "text"), field(self, "date", "date"), field(self, "title", "text")];
            sections.push(self.row("basis", i, fields));
        }
        sections
    }

    fn targets(&mut self) -> Vec<Section> {
        let mut sections = Vec::new();
        let rows = self.sheet.rows("target");
        for i in 0..=rows {
            let name = |column: &str| format!("target[{i}].{column}");
            let link = self.words("link", Link::ALL.iter().map(|l| l.as_str()));
            let force = self.words("force", Force::ALL.iter().map(|f| f.as_str()));
            let video = self.words("orders-output", Output::ALL.iter().map(|o| o.as_str()));
            let needed = i < rows.max(1); // the row after the last is there to be left empty
            let fields = vec![
                Field { needed, ..self.unit(name("unit")) },
                self.select(name("link"), &link),
                self.select(name("force"), &force),
                Field { needed, ..self.field(name("reason"), "text") },
                self.field(name("inferred"), "flag"),
                self.select(name("video"), &video),
                self.venues(name("venue_types")),
            ];
            let count = self.screens(i);
            sections.push(Section { count_id: format!("count-{i}"), count, ..self.row("target", i, fields) });
        }
        if let Some(c) = self.conflicts.iter().find(|c| c.field == "target") {
            let theirs = self.lang.say("orders-theirs", &Values::new().word("text", shown(&c.theirs)));
            sections.iter_mut().take(1).for_each(|s| s.hint = theirs.clone());
        }
        sections
    }

    /// How many screens a line reaches by itself, today.
    fn screens(&self, i: usize) -> String {
        let at = |column: &str| self.sheet.get(&format!("target[{i}].{column}"));
        let Ok(unit) = self.city.directory.find_unit(at("unit"), self.today) else { return String::new() };
        let link = at("link").parse().unwrap_or(Link::Owner);
        let output = at("video").parse().unwrap_or(Output::Video);
        let venues: Vec<&str> = at("venue_types").split(',').filter(|v| !v.is_empty()).collect();
        let fits = |s: &&&crate::directory::Screen| {
            s.output == output && (venues.is_empty() || venues.contains(&s.venue_type.as_str()))
        };
        let n = self.city.directory.screens_in(&unit.code, Some(link), self.today).iter().filter(fits).count();
        self.lang.say("orders-reaches", &Values::new().count(self.lang, "n", n as u64))
    }

    fn of_play(&mut self, media: &BTreeMap<MediaHash, MediaItem>) -> Vec<Section> {
        let mut sections = self.head();
        sections.extend(self.targets());
        let per = self.words("orders-per", ["day", "iso-week", "month", "quarter", "year"]);
        let rule = self.words("orders-rule", ["average", "at-least"]);
        let within = self.words("orders-within", ["peak", "duty"]);
        let of = self.words("orders-of", ["screen", "unit"]);
        let over = self.words("orders-over", ["operating-days", "calendar-days"]);
        let quota = vec![
            self.field("quota.plays", "number"),
            self.select("quota.per", &per),
            self.select("quota.rule", &rule),
            self.select("quota.within", &within),
            self.select("quota.of", &of),
            self.select("quota.over", &over),
            self.field("min_gap_s", "number"),
            self.field("weight", "number"),
            self.field("priority", "number"),
            self.field("category", "text"),
        ];
        sections.push(self.section("quota", quota));
        let level = self.words("level", ["D1", "D0", "D2", "D3"]);
        let product = vec![
            self.field("product.title", "text"),
            self.field("product.length_s", "number"),
            self.select("product.min_display", &level),
            self.field("product.volume_percent", "number"),
            self.field("product.fades.in_ms", "number"),
            self.field("product.fades.out_ms", "number"),
        ];
        sections.push(self.section("product", product));
        sections.extend(self.variants(media));
        sections.extend(self.declared());
        let more = vec![self.field("note", "area"), self.field("sample", "flag")];
        sections.push(self.section("more", more));
        sections
    }

    fn variants(&mut self, media: &BTreeMap<MediaHash, MediaItem>) -> Vec<Section> {
        let mut sections = Vec::new();
        for i in 0..=self.sheet.rows("product.variant") {
            let name = |column: &str| format!("product.variant[{i}].{column}");
            let lang = self.words("orders-lang", ["vi", "en"]);
            let shape = self.words("orders-shape", [Shape::Any, Shape::Landscape, Shape::Portrait].map(Shape::as_str));
            let form = self.words("orders-form", Form::ALL.iter().map(|f| f.as_str()));
            let file_field = self.field(name("media"), "text");
            let known = file_field.value.parse::<MediaHash>().ok().and_then(|hash| media.get(&hash));
            let hint = known.map_or_else(|| file_field.hint.clone(), |item| file(self.lang, item));
            let fields = vec![
                Field { list: "files", hint, ..file_field },
                self.select(name("lang"), &lang),
                self.select(name("shape"), &shape),
                self.select(name("form"), &form),
                self.venues(name("venue_types")),
            ];
            sections.push(self.row("variant", i, fields));
        }
        sections
    }

    /// What no screen plays: other channels, recorded by hand.
    fn declared(&mut self) -> Vec<Section> {
        let mut sections = Vec::new();
        for i in 0..=self.sheet.rows("declared") {
            let name = |column: &str| format!("declared[{i}].{column}");
            let per = self.words("orders-per", ["month", "day", "iso-week", "quarter", "year"]);
            let rule = self.words("orders-rule", ["at-least", "average"]);
            let fields = vec![
                self.field(name("channel"), "text"),
                self.field(name("obliged"), "text"),
                self.field(name("reason"), "text"),
                self.field(name("quota.plays"), "number"),
                self.select(name("quota.per"), &per),
                self.select(name("quota.rule"), &rule),
            ];
            sections.push(self.row("declared", i, fields));
        }
        sections
    }

    /// One change of an order that is there already.
    fn of_amendment(&mut self) -> Vec<Section> {
        let kinds = self.words("orders-amend", AmendmentKind::ALL.iter().map(|k| k.as_str()));
        let fields = vec![
            self.select("amendment.kind", &kinds),
            self.needed("amendment.number", "text"),
            self.needed("amendment.date", "date"),
            self.field("amendment.to", "date"),
            self.field("amendment.from", "date"),
            self.field("amendment.plays", "number"),
        ];
        vec![self.section("amendment", fields)]
    }

    fn of_suspension(&mut self) -> Vec<Section> {
        let mut sections = self.head();
        let content: Vec<_> =
            ContentClass::ALL.iter().map(|c| (c.to_string(), self.lang.term("content", c.as_str()))).collect();
        let place = self.words("in-place", [InPlace::Blank, InPlace::Mute].map(InPlace::as_str));
        let days = self.words("suspended", SuspendedDays::ALL.iter().map(|d| d.as_str()));
        let terms = vec![
            self.checks("suspend.content", &content),
            self.select("suspend.in_place", &place),
            self.select("suspend.days", &days),
            self.field("suspend.hours", "text"),
        ];
        sections.push(self.section("suspend", terms));
        sections.extend(self.targets());
        let more = vec![self.field("note", "area"), self.field("sample", "flag")];
        sections.push(self.section("more", more));
        sections
    }

    /// What is wrong where the page has no field: told above all of them.
    fn rest(&self) -> String {
        let lost = self.wrong.iter().filter(|w| !self.used.contains(&w.field));
        lost.map(|w| format!("{}: {}", label(self.lang, &w.field), w.mend.pick(self.lang)))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// What an order that can be read would do: for one that asks for a number, whether the screens can carry it.
async fn look(console: &Console, asked: &Asked, city: &Arc<City>, order: &Directive) -> Result<Look, ConsoleError> {
    let lang = asked.lang;
    let reached = city.directory.screens().filter(|s| order.binds(&city.directory, s, order.from).is_some()).count();
    let count = lang.say("orders-look-screens", &Values::new().count(lang, "n", reached as u64));
    if order.phase(console.today().1) == Phase::Ended {
        let over = lang.text("orders-look-over");
        return Ok(Look { tone: "good", verdict: over, lines: Vec::new(), waits: false });
    }
    if order.quota.is_none() {
        return Ok(Look { tone: "good", verdict: count, lines: vec![lang.text("orders-look-good")], waits: false });
    }
    let preview = match console.preview_of(city, (order, order.changed_from()), &asked.caller()?.account).await {
        Ok(Some(preview)) => preview,
        not_yet => {
            let working = lang.text(super::super::preflight::waits(not_yet.map(drop))?);
            return Ok(Look { tone: "wait", verdict: count, lines: vec![working], waits: true });
        }
    };
    let (verdict, tone, mut lines) = words(lang, city, &preview);
    lines.insert(0, count);
    Ok(Look { tone, verdict, lines, waits: false })
}
