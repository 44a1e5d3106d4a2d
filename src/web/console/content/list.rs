//! The list of a unit's content: what is in the loop and how it stands, a form that takes files, the round in its order.

use super::super::data::Console;
use super::super::page::{Page, html, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError, names};
use super::{Place, Said};
use crate::approval::{Proposal, Standing, of_item};
use crate::campaigns::LoopItem;
use crate::exchange::loops::{is_current, order_tag};
use crate::lang::{Lang, Values};
use crate::people::{Act, On};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::{Media, MediaKind};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "content.html")]
struct ContentPage {
    page: Page,
    path: String,
    unit: String,
    unit_path: String,
    /// Why a form was not carried out; empty at first.
    problem: String,
    /// That a film was cut to whole seconds; empty: none was.
    cut: String,
    /// That films are cut now; empty: none is.
    cutting: String,
    /// May the reader change anything?
    composes: bool,
    /// How the unit's screens stand to this, in a sentence.
    summary: String,
    /// `Một vòng: 3 nội dung, 45 giây.`
    round: String,
    /// Longest file, for the script that looks before it sends.
    most_bytes: u64,
    limits: String,
    order_seen: String,
    rows: Vec<Row>,
    /// Drafts that nobody was asked about.
    drafts: String,
    over: Vec<Row>,
}

/// One item.
struct Row {
    code: String,
    title: String,
    hash: String,
    /// Its place in the round, from 1.
    turn: usize,
    first: bool,
    last: bool,
    /// Kind, length, plays in a round.
    what: String,
    /// Days and hours.
    when: String,
    /// Kinds of place.
    place: String,
    state: String,
    tone: &'static str,
    /// Who said no, and why; what happens next.
    note: String,
}

#[derive(Template)]
#[template(path = "content-choose.html")]
struct ChoosePage {
    page: Page,
    problem: String,
    search: String,
    units: Vec<(String, String)>,
}

/// `GET /content`: to the only unit of the reader's, or a choice.
pub(super) async fn choose(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let (caller, city, today) = (asked.caller()?, console.city().await?, console.today().1);
    let may = |code| caller.may(Act::Compose, On::Unit(code), &city.directory, today).is_ok();
    let search = asked.value("unit").unwrap_or_default();
    let mut problem = String::new();
    if !search.is_empty() {
        let sight = asked.sight(&city, console)?;
        match city.directory.find_unit_among(search, today, |unit| sight.unit(unit)) {
            Ok(unit) if may(&unit.code) => return Ok(see(&format!("/content/{}", unit.code))),
            Ok(_) => problem = asked.lang.text("content-choose-denied"),
            Err(error) => {
                let say = error.say();
                problem = shown(asked.lang.pick(&say.vi, &say.en));
            }
        }
    }
    let units: Vec<_> = caller.units(&city.directory, today).into_iter().filter(|unit| may(&unit.code)).collect();
    if let ([one], true) = (&units[..], problem.is_empty()) {
        return Ok(see(&format!("/content/{}", one.code)));
    }
    let view = ChoosePage {
        page: Page::new(console, asked, asked.lang.text("content-title")),
        problem,
        search: search.to_owned(),
        units: units.iter().map(|u| (shown(&u.name), format!("/content/{}", u.code))).collect(),
    };
    Ok(html(StatusCode::OK, view.render()?))
}

/// `GET /content/{unit}`, and the same page where a form was refused.
pub(super) async fn show(place: &Place<'_>, asked: &Asked, said: Option<Said>) -> Result<Response, ConsoleError> {
    let (lang, media) = (asked.lang, place.media().await?);
    let proposals = place.console.approvals.proposals().await?;
    let own = place.own();
    let (current, over): (Vec<&LoopItem>, Vec<&LoopItem>) = own.iter().partition(|item| is_current(item, place.today));
    let facts = Facts { lang, place, media: &media, proposals: &proposals, kinds: place.kinds(lang) };
    let count = current.len();
    let rows = current.iter().enumerate().map(|(i, item)| Row {
        turn: i + 1,
        first: i == 0,
        last: i + 1 == count,
        ..facts.row(item)
    });
    let drafts = current.iter().filter(|item| item.draft).count() as u64;
    let (status, problem) = said.unwrap_or((StatusCode::OK, String::new()));
    let most_bytes = place.console.most_upload_bytes;
    let view = ContentPage {
        page: Page::new(place.console, asked, lang.text("content-title")),
        path: place.path(),
        unit: shown(&place.unit.name),
        unit_path: format!("/units/{}", place.unit.code),
        problem,
        cut: asked.value("cut").and_then(|ms| ms.parse().ok()).map(|ms| cut(lang, ms)).unwrap_or_default(),
        cutting: match place.console.library.cutting() as u64 {
            0 => String::new(),
            n => lang.say("content-cutting", &Values::new().count(lang, "n", n)),
        },
        composes: place.may_compose(asked)?,
        summary: lang.say("content-screens", &Values::new().count(lang, "n", place.screens().len() as u64)),
        round: round(lang, &current),
        most_bytes,
        limits: lang.say("content-limits", &Values::new().word("most", lang.number(most_bytes >> 20))),
        order_seen: order_tag(&own),
        rows: rows.collect(),
        drafts: match drafts {
            0 => String::new(),
            n => lang.say("content-drafts", &Values::new().count(lang, "n", n)),
        },
        over: over.iter().map(|item| facts.row(item)).collect(),
    };
    Ok(html(status, view.render()?))
}

/// That a film of so many milliseconds was cut.
fn cut(lang: Lang, ms: u64) -> String {
    let was = lang.decimal((ms as f64 / 100.0).round() / 10.0);
    lang.say("content-cut", &Values::new().word("was", was).word("length", length(lang, ms / 1000)))
}

/// How long one round of the loop is.
fn round(lang: Lang, current: &[&LoopItem]) -> String {
    if current.is_empty() {
        return String::new();
    }
    let seconds: u64 = current.iter().map(|i| u64::from(i.product.length_s) * u64::from(i.weight)).sum();
    let values = Values::new().count(lang, "n", current.len() as u64).word("length", length(lang, seconds));
    lang.say("content-round", &values)
}

/// `1 phút 15 giây`.
pub(super) fn length(lang: Lang, seconds: u64) -> String {
    let values = Values::new().count(lang, "m", seconds / 60).count(lang, "s", seconds % 60);
    match (seconds / 60, seconds % 60) {
        (0, _) => lang.say("content-seconds", &values),
        (_, 0) => lang.say("content-minutes", &values),
        _ => lang.say("content-minutes-seconds", &values),
    }
}

/// What rows are made of.
struct Facts<'a> {
    lang: Lang,
    place: &'a Place<'a>,
    media: &'a BTreeMap<MediaHash, Media>,
    proposals: &'a [Proposal],
    /// Kinds of place by code.
    kinds: BTreeMap<String, String>,
}

impl Facts<'_> {
    fn row(&self, item: &LoopItem) -> Row {
        let (state, tone, note) = self.state(item);
        Row {
            code: item.code.to_string(),
            title: shown(&item.title),
            hash: item.file().map(|hash| hash.hex()).unwrap_or_default(),
            turn: 0,
            first: true,
            last: true,
            what: self.what(item),
            when: when(self.lang, item),
            place: self.kinds_of(item),
            state,
            tone,
            note,
        }
    }

    fn what(&self, item: &LoopItem) -> String {
        let kind = match item.file().and_then(|hash| self.media.get(&hash)).map(|file| file.kind) {
            Some(MediaKind::Still) => "content-kind-still",
            Some(MediaKind::Audio) => "content-kind-audio",
            _ => "content-kind-video",
        };
        let long = length(self.lang, item.product.length_s.into());
        let values = Values::new().word("kind", self.lang.text(kind)).word("length", long);
        self.lang.say("content-what", &values.count(self.lang, "plays", item.weight.into()))
    }

    fn kinds_of(&self, item: &LoopItem) -> String {
        let kinds: Vec<String> = item
            .place
            .first()
            .into_iter()
            .flat_map(|p| &p.venue_types)
            .map(|kind| self.kinds.get(kind.as_str()).cloned().unwrap_or_else(|| kind.to_string()))
            .collect();
        if kinds.is_empty() { self.lang.text("content-everywhere") } else { kinds.join(", ") }
    }

    /// How it stands, its tone, and what there is to say of it.
    fn state(&self, item: &LoopItem) -> (String, &'static str, String) {
        let (lang, said) = (self.lang, |key: &str| self.lang.text(key));
        if item.draft {
            return (said("content-state-draft"), "wait", said("content-state-draft-note"));
        }
        if !is_current(item, self.place.today) {
            return (said("content-state-over"), "soft", String::new());
        }
        let Some(draft) = of_item(item, self.media) else {
            return (said("content-state-no-file"), "bad", said("content-state-no-file-note"));
        };
        let number = |p: &Proposal| Values::new().word("number", p.number.to_string());
        match Standing::of(&draft, &self.place.city.permissions, self.proposals) {
            Standing::Approved => {
                let later = item.days.from.filter(|from| *from > self.place.today);
                let note =
                    later.map(|from| lang.say("content-state-later", &Values::new().word("day", lang.day(from))));
                (said("content-state-approved"), "good", note.unwrap_or_default())
            }
            Standing::Waits(p) => (lang.say("content-state-waits", &number(p)), "wait", String::new()),
            Standing::Refused(p) => {
                let no = p.said.iter().rev().find(|said| !said.yes);
                let values = no.map(|no| Values::new().word("by", shown(&no.by)).word("words", shown(&no.words)));
                let note = values.map(|values| lang.say("content-state-refused-note", &values));
                (said("content-state-refused"), "bad", note.unwrap_or_default())
            }
            Standing::Withdrawn(_) => (said("content-state-withdrawn"), "bad", said("content-state-withdrawn-note")),
            Standing::Unasked => (said("content-state-unasked"), "wait", said("content-state-unasked-note")),
        }
    }
}

/// Days, days of the week and hours, in one line.
fn when(lang: Lang, item: &LoopItem) -> String {
    let days = match (item.days.from, item.days.to) {
        (Some(from), Some(to)) => format!("{} – {}", lang.day(from), lang.day(to)),
        (Some(from), None) => lang.say("approvals-from", &Values::new().word("day", lang.day(from))),
        (None, Some(to)) => lang.say("approvals-until", &Values::new().word("day", lang.day(to))),
        (None, None) => lang.text("content-always"),
    };
    let mut parts = vec![days];
    if let Some(on) = item.on {
        let named = |(n, _): (usize, _)| lang.text(&format!("weekday-{n}"));
        let of = super::item::WEEK.iter().enumerate().filter(|(_, day)| super::item::holds(on, day));
        parts.push(of.map(named).collect::<Vec<_>>().join(", "));
    }
    if !item.hours.is_empty() {
        parts.push(names::hours(lang, &item.hours.0, "duty-none"));
    }
    parts.join(" · ")
}
