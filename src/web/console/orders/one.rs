//! `/orders/{code}`: an order in plain words, and how it gets to its screens.

use super::super::chart::{Chart, Part};
use super::super::data::{City, Console};
use super::super::overview::{Bar, order_title, rule_text};
use super::super::page::{Page, shown};
use super::super::{Asked, ConsoleError, href};
use super::{approval, days, order, phase, place, suspensions, unit_name, venue_name};
use crate::campaigns::{Amendment, AmendmentKind, Directive, DirectiveKind, Override, Phase, Suspend, Variant};
use crate::lang::{Lang, Values};
use crate::orders::delivery::{Delivery, SHARE_PERCENT};
use crate::orders::rule;
use crate::people::Denied;
use askama::Template;
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    page: Page,
    code: String,
    sample: bool,
    phase: (String, &'static str),
    approval: (String, &'static str),
    /// Label and text of what the order says of itself.
    facts: Vec<(String, String)>,
    basis: Vec<String>,
    lines: Vec<Line>,
    variants: Vec<VariantView>,
    suspensions: Vec<(String, String)>,
    /// What heads of units and later documents have changed.
    changes: Vec<String>,
    declared: Vec<String>,
    delivery: Option<View>,
    /// It has begun, and the figures are being worked out.
    waits: bool,
    links: Vec<(String, String)>,
    /// Where its files are looked at.
    files: String,
    /// It is none yet: how the draft stands.
    draft: Option<DraftPart>,
}

/// What stands above a draft, and its buttons.
pub(super) struct DraftPart {
    pub(super) number: u32,
    pub(super) revision: u32,
    /// Why a word was not taken; empty at first.
    pub(super) problem: String,
    pub(super) state: (String, &'static str),
    /// Who has written it, when.
    pub(super) written: String,
    /// What was said of it.
    pub(super) said: Vec<String>,
    /// Field and mend of everything that is still wrong.
    pub(super) wrong: Vec<(String, String)>,
    /// May the reader change it, put it to people, decide on it?
    pub(super) edits: bool,
    pub(super) puts: bool,
    pub(super) decides: bool,
    /// He would have to show a second factor first.
    pub(super) waits_weak: bool,
    /// The order that it became.
    pub(super) code: Option<String>,
    /// The order that it changes.
    pub(super) amends: Option<String>,
    /// What it changes, in a sentence.
    pub(super) change: String,
}

/// One line of it: whom it binds.
struct Line {
    force: String,
    place: String,
    reason: String,
    screens: String,
}

/// One version of its product.
struct VariantView {
    /// The episode of a series; empty for what is none.
    of: String,
    what: String,
    name: String,
    hash: String,
    still: bool,
    only: String,
}

/// How it gets to its screens.
struct View {
    verdict: String,
    tone: &'static str,
    bar: Option<Bar>,
    /// Screens reached by each step.
    chart: Option<Chart>,
    steps: Vec<(String, String)>,
    since: String,
}

/// `GET /orders/{code}`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    let (city, lang, today) = (console.city().await?, asked.lang, console.today().1);
    let d = order(&city, code)?;
    let delivery = console.delivery(&city, d).await?;
    let waits = delivery.is_none() && d.kind == DirectiveKind::Play && d.from <= today;
    let page = Page::new(console, asked, order_title(lang, d));
    let stopped = suspensions(&city, d, today);
    let mut links = links(lang, d, today);
    let raises = d.quota.is_some() && d.phase(today) != Phase::Ended && console.orders.raises(asked.caller()?);
    if raises {
        links.push((lang.text("orders-raise-link"), format!("/orders/{}/raise", d.code)));
    }
    let writes = matches!(rule::may_write(asked.caller()?, &city.directory, today), Ok(()) | Err(Denied::Weak));
    if writes && d.phase(today) != Phase::Ended {
        links.push((lang.text("orders-amend-link"), href("/orders/new", [("amends", d.code.as_str())])));
    }
    links.push((lang.text("orders-document"), format!("/orders/{}/document", d.code)));
    let view = OrderPage {
        phase: phase(lang, &city, d, today),
        approval: approval(lang, &city, d),
        suspensions: stopped.into_iter().map(|s| (format!("/orders/{}", s.code), suspension(lang, s))).collect(),
        delivery: delivery.map(|d2| delivered(lang, d, &d2)),
        waits,
        links,
        files: format!("/orders/{}/files", d.code),
        ..said(console, (page, lang, today), &city, Some(d)).await?
    };
    Ok(view.render()?)
}

/// The page of a draft; what it says, as far as it makes an order.
pub(super) async fn draft(
    console: &Console,
    asked: &Asked,
    (title, part): (String, DraftPart),
    order: Option<&Directive>,
) -> Result<String, ConsoleError> {
    let (city, lang, today) = (console.city().await?, asked.lang, console.today().1);
    let page = Page::new(console, asked, title);
    let view = OrderPage {
        files: format!("/orders/drafts/{}/files", part.number),
        draft: Some(DraftPart { change: changed(lang, (&part, order)), ..part }),
        ..said(console, (page, lang, today), &city, order).await?
    };
    Ok(view.render()?)
}

/// What a change of an order that is there already changes; empty of a draft that is none.
fn changed(lang: Lang, (part, order): (&DraftPart, Option<&Directive>)) -> String {
    let added = order.filter(|_| part.amends.is_some() && part.code.is_none()).and_then(|d| d.amendment.last());
    added.map(|a| amendment(lang, a)).unwrap_or_default()
}

/// What an order says, and nothing of where it stands.
async fn said(
    console: &Console,
    (page, lang, today): (Page, Lang, LocalDay),
    city: &City,
    order: Option<&Directive>,
) -> Result<OrderPage, ConsoleError> {
    let names: BTreeMap<MediaHash, (String, MediaKind)> =
        console.media.media_list().await?.into_iter().map(|m| (m.media.hash, (m.name, m.media.kind))).collect();
    let none = || (String::new(), "soft");
    let mut view = OrderPage {
        page,
        code: String::new(),
        sample: false,
        phase: none(),
        approval: none(),
        facts: Vec::new(),
        basis: Vec::new(),
        lines: Vec::new(),
        variants: Vec::new(),
        suspensions: Vec::new(),
        changes: Vec::new(),
        declared: Vec::new(),
        delivery: None,
        waits: false,
        links: Vec::new(),
        files: String::new(),
        draft: None,
    };
    if let Some(d) = order {
        (view.code, view.sample) = (d.code.to_string(), d.sample);
        (view.facts, view.basis) = (facts(lang, city, d), basis(lang, d));
        view.lines = lines(lang, city, d, today);
        for (number, from, product) in episodes(d) {
            let of = |v| VariantView { of: episode(lang, (number, from)), ..variant(lang, city, &names, v, today) };
            view.variants.extend(product.variant.iter().map(of));
        }
        view.changes = changes(lang, city, d);
        let declared = |d: &crate::campaigns::Declared| {
            format!("{}: {} ({})", shown(&d.channel), shown(&d.obliged), shown(&d.reason))
        };
        view.declared = d.declared.iter().map(declared).collect();
    }
    Ok(view)
}

/// What a field is called where it is told that something is wrong with it.
pub(super) fn label(lang: Lang, field: &str) -> String {
    let name = lang.text(&key_of(field));
    let row = field.split_once('[').and_then(|(list, rest)| Some((list, rest.split_once(']')?.0)));
    match row.and_then(|(list, n)| Some((list, n.parse::<usize>().ok()?))) {
        Some((list, n)) => {
            let list = match list {
                "legal_basis" => "orders-s-basis",
                "target" => "orders-s-target",
                "declared" => "orders-s-declared",
                _ => "orders-s-variant",
            };
            let row = lang.say(list, &Values::new().word("n", (n + 1).to_string()));
            format!("{row} – {name}")
        }
        None => name,
    }
}

/// The key of a field's words: that of its path without the numbers of rows.
pub(super) fn key_of(field: &str) -> String {
    let plain: String = field.chars().filter(|c| !c.is_ascii_digit()).collect();
    format!("orders-f-{}", plain.replace("[].", "-").replace(['.', '_'], "-"))
}

fn facts(lang: Lang, city: &City, d: &Directive) -> Vec<(String, String)> {
    let mut all = vec![("orders-issuer", unit_name(city, &d.issuer))];
    let blank = || lang.text("orders-not-printed");
    all.push(("orders-number", d.number.as_deref().map_or_else(blank, shown)));
    all.push(("orders-issued", d.issued.map_or_else(blank, |day| lang.day(day))));
    all.push(("orders-days", days(lang, d)));
    if let Some(terms) = &d.suspend {
        all.push(("orders-suspension", terms_text(lang, terms)));
    } else if let Some(quota) = &d.quota {
        all.push(("orders-quota", rule_text(lang, quota)));
    } else if let Some(weight) = d.weight {
        all.push(("orders-quota", lang.say("orders-weight", &Values::new().word("weight", weight.to_string()))));
    }
    if let Some(product) = &d.product {
        let values = Values::new().word("title", shown(&product.title)).count(lang, "seconds", product.length_s.into());
        all.push(("orders-product", lang.say("orders-product-text", &values)));
    }
    if d.min_gap_s > 0 && d.quota.is_some() {
        let (key, n) = match d.min_gap_s {
            s if s % 60 == 0 => ("orders-minutes", s / 60),
            s => ("orders-seconds", s),
        };
        let values = Values::new().word("gap", lang.say(key, &Values::new().count(lang, "n", n.into())));
        all.push(("orders-gap", lang.say("orders-gap-text", &values)));
    }
    all.push(("orders-source", shown(&d.source)));
    if !d.note.is_empty() {
        all.push(("orders-note", shown(&d.note)));
    }
    all.into_iter().map(|(key, text)| (lang.text(key), text)).collect()
}

/// What a suspension does, in a sentence.
pub(super) fn terms_text(lang: Lang, terms: &Suspend) -> String {
    let content: Vec<String> = terms.content.iter().map(|c| lang.term("content", c.as_str())).collect();
    let hours = if terms.hours.is_empty() { lang.text("orders-all-day") } else { terms.hours.0.text() };
    let values = Values::new()
        .word("content", content.join(", "))
        .word("place", lang.term("in-place", terms.in_place.as_str()))
        .word("days", lang.term("suspended", terms.days.as_str()))
        .word("hours", hours);
    lang.say("orders-terms", &values)
}

fn suspension(lang: Lang, s: &Directive) -> String {
    let number = s.number.as_deref().map(|n| format!(" ({})", shown(n))).unwrap_or_default();
    format!("{}{number}: {}", order_title(lang, s), days(lang, s))
}

fn basis(lang: Lang, d: &Directive) -> Vec<String> {
    let one = |b: &crate::campaigns::LegalBasis| {
        let values = Values::new().word("number", shown(&b.number)).word("title", shown(&b.title));
        match b.date {
            Some(day) => lang.say("orders-basis-dated", &values.word("day", lang.day(day))),
            None => lang.say("orders-basis-undated", &values),
        }
    };
    d.legal_basis.iter().map(one).collect()
}

/// Its lines with the screens that each binds, on its next day.
fn lines(lang: Lang, city: &City, d: &Directive, today: LocalDay) -> Vec<Line> {
    let last = d.periods().last().map_or(d.to, |p| p.1);
    let day = today.max(d.from).min(last.max(d.from));
    let mut counts = vec![0_u64; d.target.len()];
    for screen in city.directory.screens() {
        if let Some(bound) = d.binds(&city.directory, screen, day) {
            counts[bound.line] += 1;
        }
    }
    let line = |(t, n): (&crate::campaigns::Target, u64)| Line {
        force: match t.inferred {
            true => lang.say("orders-inferred", &Values::new().word("force", lang.term("force", t.force.as_str()))),
            false => lang.term("force", t.force.as_str()),
        },
        place: place(lang, city, t, day),
        reason: match t.opt_in {
            true => format!("{} ({})", shown(&t.reason), lang.text("orders-only-asked")),
            false => shown(&t.reason),
        },
        screens: lang.say("n-screens", &Values::new().count(lang, "n", n)),
    };
    d.target.iter().zip(counts).map(line).collect()
}

fn variant(
    lang: Lang,
    city: &City,
    names: &BTreeMap<MediaHash, (String, MediaKind)>,
    v: &Variant,
    day: LocalDay,
) -> VariantView {
    let known = v.media.and_then(|hash| names.get(&hash));
    let venues: Vec<String> = v.venue_types.iter().map(|t| venue_name(lang, city, t, day)).collect();
    VariantView {
        of: String::new(),
        what: format!(
            "{}, {}, {}",
            lang.term("orders-lang", &v.lang),
            lang.term("orders-shape", v.shape.as_str()),
            lang.term("orders-form", v.form.as_str())
        ),
        name: known.map_or_else(|| lang.text("orders-no-file"), |(name, _)| shown(name)),
        hash: v.media.map(|hash| hash.hex()).unwrap_or_default(),
        still: known.is_some_and(|(_, kind)| *kind == MediaKind::Still),
        only: if venues.is_empty() {
            String::new()
        } else {
            lang.say("orders-only-at", &Values::new().word("venues", venues.join(", ")))
        },
    }
}

/// Amendments and the raises of heads of units, in words.
fn changes(lang: Lang, city: &City, d: &Directive) -> Vec<String> {
    let amendments = d.amendment.iter().map(|a| amendment(lang, a));
    let overrides = d.overrides.iter().map(|o| raised(lang, city, (d, o)));
    let asked = d.opt_in.iter().map(|o| {
        let values = Values::new().word("unit", unit_name(city, &o.unit)).word("from", lang.day(o.from));
        let to = o.to.map_or_else(|| lang.text("orders-to-the-end"), |day| lang.day(day));
        lang.say("orders-asked", &values.word("to", to).word("number", shown(&o.number)))
    });
    amendments.chain(overrides).chain(asked).collect()
}

/// All that it plays, of a series with number and first day of each episode.
fn episodes(d: &Directive) -> impl Iterator<Item = (Option<&str>, LocalDay, &crate::campaigns::Product)> {
    let own = d.product.iter().map(|p| (None, d.from, p));
    own.chain(d.episode.iter().map(|e| (Some(e.number.as_str()), e.from, &e.product)))
}

fn episode(lang: Lang, (number, from): (Option<&str>, LocalDay)) -> String {
    let values = |number: &str| Values::new().word("number", shown(number)).word("from", lang.day(from));
    number.map_or_else(String::new, |number| lang.say("orders-episode", &values(number)))
}

fn amendment(lang: Lang, a: &Amendment) -> String {
    let day = |day: Option<LocalDay>| day.map_or_else(|| "…".to_owned(), |day| lang.day(day));
    let values = Values::new().word("number", shown(&a.number)).word("from", day(a.from)).word("to", day(a.to)).count(
        lang,
        "plays",
        a.plays.unwrap_or(0).into(),
    );
    let key = match a.kind {
        AmendmentKind::Extend if a.from.is_some() => "orders-extended-anew",
        AmendmentKind::Extend => "orders-extended",
        AmendmentKind::Raise => "orders-raised",
        AmendmentKind::End => "orders-ended",
    };
    lang.say(key, &values)
}

/// A raise by the head of a unit, with the decisions that brought its end forward.
pub(super) fn raised(lang: Lang, city: &City, (d, o): (&Directive, &Override)) -> String {
    let per = d.quota.map(|q| rule_text(lang, &lichphat_playlists::quota::Quota { plays: o.plays, ..q }));
    let values = |to: Option<LocalDay>, number: &str| {
        Values::new()
            .word("unit", unit_name(city, &o.unit))
            .word("rule", per.clone().unwrap_or_default())
            .word("from", lang.day(o.from))
            .word("to", to.map_or_else(|| lang.text("orders-to-the-end"), |day| lang.day(day)))
            .word("number", shown(number))
    };
    let mut text = lang.say("orders-override", &values(o.to, &o.number));
    for end in &o.ended {
        let key = if end.to < o.from { "orders-override-never" } else { "orders-override-ended" };
        text = format!("{text}; {}", lang.say(key, &values(Some(end.to), &end.number)));
    }
    text
}

/// `5 giờ 12 phút`
fn length(lang: Lang, ms: u64) -> String {
    let minutes = ms.div_ceil(60_000);
    let values = Values::new().count(lang, "hours", minutes / 60).count(lang, "minutes", minutes % 60);
    lang.say("orders-length", &values)
}

fn delivered(lang: Lang, order: &Directive, d: &Delivery) -> View {
    let values = Values::new()
        .count(lang, "reached", d.reached.into())
        .count(lang, "n", d.screens.into())
        .count(lang, "needed", d.needed.into())
        .word("share", SHARE_PERCENT.to_string());
    let (verdict, tone) = match d.took_ms {
        _ if d.screens == 0 => (lang.text("orders-delivery-nobody"), "wait"),
        None => (lang.say("orders-delivery-so-far", &values), "wait"),
        Some(ms) => {
            let key = if d.exact { "orders-delivery-done" } else { "orders-delivery-done-within" };
            (lang.say(key, &values.word("length", length(lang, ms))), "good")
        }
    };
    let step = |s: &crate::orders::delivery::Step| {
        let hours = lang.say("orders-step-hours", &Values::new().count(lang, "hours", s.hours.into()));
        let percent = u64::from(s.reached) * 100 / u64::from(d.screens.max(1));
        let reached = Values::new().count(lang, "n", s.reached.into()).word("percent", percent.to_string());
        (hours, lang.say("orders-step-reached", &reached))
    };
    let bars: Vec<Part> = d
        .steps
        .iter()
        .map(|s| Part { label: s.hours.to_string(), done: s.reached.into(), whole: d.screens.into() })
        .collect();
    View {
        verdict,
        tone,
        bar: Bar::of(d.reached.into(), 0, d.screens.into()),
        chart: Chart::bars(lang, lang.text("orders-delivery-chart"), &bars),
        steps: d.steps.iter().map(step).collect(),
        since: lang.say("orders-delivery-since", &Values::new().word("day", lang.day(order.from))),
    }
}

/// Where to go on from here.
fn links(lang: Lang, d: &Directive, today: LocalDay) -> Vec<(String, String)> {
    let mut links = Vec::new();
    if d.quota.is_some() && d.phase(today) != Phase::Ended {
        links.push((lang.text("preflight-link"), format!("/preflight/{}", d.code)));
    }
    if d.quota.is_some() && d.phase(today) == Phase::Running {
        links.push((lang.text("orders-figures"), href("/", [("campaign", d.code.as_str())]) + "#units"));
    }
    if d.quota.is_some() && d.from <= today {
        links.push((lang.text("orders-report"), href("/reports", [("campaign", d.code.as_str())])));
    }
    links
}
