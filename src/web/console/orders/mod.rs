//! `/orders`: the city's orders for people: which there are, what each says, and how it gets to its screens; drafts, which are written by
//! form and decided by two; raises by heads of units.

mod delivered;
mod drafts;
mod form;
mod list;
mod one;
mod raise;

pub(super) use drafts::trouble;

use super::data::{City, Console};
use super::page::{self, shown};
use super::{Asked, ConsoleError, approvals};
use crate::approval::State;
use crate::campaigns::{ContentClass, Directive, DirectiveKind, Phase, Target};
use crate::directory::Link;
use crate::lang::{Lang, Values};
use crate::web::Response;
use http::{HeaderMap, StatusCode};
use lichphat_playlists::ids::{DirectiveCode, MediaHash, UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use warp::Reply as _;

/// Every page of them.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    reads: bool,
    segments: &[&str],
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<Response, ConsoleError> {
    let ok = |html| page::html(StatusCode::OK, html);
    let number = |text: &str| text.parse::<u32>().map_err(|_| ConsoleError::NotFound);
    match (reads, segments) {
        (true, ["orders"]) => list::show(console, asked).await.map(ok),
        (true, ["orders", "new"]) => drafts::blank(console, asked).await,
        (false, ["orders", "new"]) => drafts::write(console, asked, (None, body)).await,
        (true, ["orders", "drafts", draft]) => drafts::show(console, asked, number(draft)?).await,
        (false, ["orders", "drafts", draft]) => drafts::post(console, asked, (number(draft)?, body)).await,
        (true, ["orders", "drafts", draft, "edit"]) => drafts::edit(console, asked, number(draft)?).await,
        (false, ["orders", "drafts", draft, "edit"]) => {
            drafts::write(console, asked, (Some(number(draft)?), body)).await
        }
        (true, ["orders", "drafts", draft, "files", hash]) => {
            drafts::file(console, asked, (number(draft)?, hash), headers).await
        }
        (true, ["orders", code]) => one::show(console, asked, code).await.map(ok),
        (true, ["orders", code, "document"]) => document(console, code).await,
        (true, ["orders", code, "files", hash]) => file(console, code, hash, headers).await,
        (true, ["orders", code, "raise"]) => raise::show(console, asked, code).await,
        (false, ["orders", code, "raise"]) => raise::post(console, asked, code, body).await,
        _ => Err(ConsoleError::NotFound),
    }
}

/// The order as a file that `lichphat import directives` takes.
async fn document(console: &Console, code: &str) -> Result<Response, ConsoleError> {
    let city = console.city().await?;
    let order = order(&city, code)?;
    let text = crate::orders::text(order).map_err(ConsoleError::Internal)?;
    Ok(page::kept(text.into_response(), "application/toml; charset=utf-8", &format!("{}.toml", order.code)))
}

/// The order of this code.
fn order<'c>(city: &'c City, code: &str) -> Result<&'c Directive, ConsoleError> {
    let found = DirectiveCode::new(code).ok().and_then(|code| city.campaigns.directive(&code));
    found.ok_or_else(|| ConsoleError::Unknown { kind: "order", code: code.to_owned() })
}

/// A file that an order plays, to be looked at.
async fn file(console: &Console, code: &str, hash: &str, headers: &HeaderMap) -> Result<Response, ConsoleError> {
    let (city, hash) = (console.city().await?, hash.parse::<MediaHash>().map_err(|_| ConsoleError::NotFound)?);
    let mut variants = order(&city, code)?.products().flat_map(|(_, p)| &p.variant);
    if variants.any(|v| v.media == Some(hash)) {
        return approvals::stream(console, hash, headers).await;
    }
    Err(ConsoleError::NotFound)
}

/// What a unit is called.
fn unit_name(city: &City, code: &UnitCode) -> String {
    city.directory.unit(code).map_or_else(|| code.to_string(), |unit| shown(&unit.name))
}

/// What a kind of place is called.
fn venue_name(lang: Lang, city: &City, kind: &VenueType, day: LocalDay) -> String {
    let profile = city.directory.venue(kind, day);
    profile.map_or_else(|| kind.to_string(), |v| shown(lang.pick(&v.name, &v.name_en)))
}

/// `Phường Ba Đình (địa bàn): Trường học, Bệnh viện`
fn place(lang: Lang, city: &City, t: &Target, day: LocalDay) -> String {
    let mut text = unit_name(city, &t.unit);
    if t.link != Link::Owner {
        text = format!("{text} ({})", lang.term("link", t.link.as_str()));
    }
    let venues: Vec<String> = t.venue_types.iter().map(|v| venue_name(lang, city, v, day)).collect();
    if venues.is_empty() { text } else { format!("{text}: {}", venues.join(", ")) }
}

/// Where an order stands on a day, and in which tone to say it.
fn phase(lang: Lang, city: &City, order: &Directive, today: LocalDay) -> (String, &'static str) {
    let stopped = order.kind == DirectiveKind::Play && order.phase(today) == Phase::Running;
    if stopped && suspensions(city, order, today).iter().any(|s| s.phase(today) == Phase::Running) {
        return (lang.text("orders-phase-suspended"), "wait");
    }
    match order.phase(today) {
        Phase::Upcoming => (lang.text("orders-phase-upcoming"), "wait"),
        Phase::Running => (lang.text("orders-phase-running"), "good"),
        Phase::Paused => (lang.text("orders-phase-paused"), "wait"),
        Phase::Ended => (lang.text("orders-phase-ended"), "soft"),
    }
}

/// The suspensions that keep other orders off a screen of this one, on any of its days from today on.
fn suspensions<'c>(city: &'c City, order: &Directive, today: LocalDay) -> Vec<&'c Directive> {
    let takes_off = |d: &&Directive| {
        d.code != order.code && d.suspend.as_ref().is_some_and(|s| s.content.contains(&ContentClass::Order))
    };
    let meet = |d: &Directive| {
        d.periods().into_iter().find_map(|(first, last)| {
            let both = order.periods().into_iter().map(|(f, l)| (f.max(first).max(today), l.min(last)));
            both.into_iter().find(|(from, to)| from <= to).map(|(from, _)| from)
        })
    };
    let hits = |d: &&Directive| {
        let Some(day) = meet(d) else { return false };
        let bound = |d: &Directive, s| d.binds(&city.directory, s, day).is_some();
        city.directory.screens().any(|s| bound(d, s) && bound(order, s))
    };
    city.campaigns.directives().filter(takes_off).filter(hits).collect()
}

/// The words of its lines, each once, the strongest first: `yêu cầu, đề nghị`.
fn forces(lang: Lang, order: &Directive) -> String {
    let all: std::collections::BTreeSet<_> = order.target.iter().map(|t| t.force).collect();
    all.into_iter().map(|force| lang.term("force", force.as_str())).collect::<Vec<_>>().join(", ")
}

/// Its first and last day, whatever lies between its periods.
fn days(lang: Lang, order: &Directive) -> String {
    let periods = order.periods();
    let (from, to) = (periods.first().map_or(order.from, |p| p.0), periods.last().map_or(order.to, |p| p.1));
    lang.say("period", &Values::new().word("from", lang.day(from)).word("to", lang.day(to)))
}

/// What became of what it wants to show; none: it shows nothing of its own.
fn approval(lang: Lang, city: &City, order: &Directive) -> (String, &'static str) {
    if order.product.is_none() {
        return (lang.text("orders-approval-none"), "soft");
    }
    match city.permissions.newest(&order.campaign()) {
        None => (lang.text("orders-approval-missing"), "wait"),
        Some((_, state)) => {
            let tone = match state {
                State::Approved => "good",
                State::Open => "wait",
                State::Refused | State::Lapsed | State::Withdrawn => "bad",
            };
            (lang.term("state", state.word()), tone)
        }
    }
}
