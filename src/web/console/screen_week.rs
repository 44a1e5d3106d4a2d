//! What the next seven days hold for a screen: hours of duty, plays of each order and contract, events, what is closed, days off, and what
//! may not be shown yet; and the form by which a closure or a repair is entered and taken back. One page, for whoever looks after the screen.

use super::data::{City, Console};
use super::names::{self, time, title};
use super::page::{self, Page, shown};
use super::screen::day_notes;
use super::screens::{Field, Form, fields, pairs, problem, value};
use super::sign::see;
use super::{Asked, ConsoleError, href};
use crate::directory::{Batch, Change, Closure, ClosureSubject, DayKind, LocalTime, Screen};
use crate::error::StoreError;
use crate::lang::{Lang, Values};
use crate::many::{FilterError, Work, closing, reopening};
use crate::people::{Act, Caller, Deed, On};
use crate::planning::{PlannedCampaign, StoredPlan};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::Tier;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Days that are shown.
pub(in crate::web) const DAYS: u32 = 7;

#[derive(Template)]
#[template(path = "screen-week.html")]
struct WeekPage {
    page: Page,
    name: String,
    back: String,
    /// Why the form was not carried out; empty at first.
    problem: String,
    days: Vec<Day>,
    /// The form; none for who may not enter a closure.
    form: Option<Vec<Field>>,
    closures: Vec<Entered>,
}

/// One day.
struct Day {
    title: String,
    to: String,
    duty: String,
    /// Days off, closures, suspensions.
    notes: Vec<String>,
    /// What its plan holds: title, rank, plays, and whether that is less than was asked for.
    holds: Vec<(String, String, String, bool)>,
    /// What is wanted and not approved.
    unapproved: Vec<String>,
    plan: String,
}

/// A closure that is not over, and what names it.
struct Entered {
    sentence: String,
    from: String,
    /// What the button that takes it back says; empty: it is no longer to be taken back.
    button: String,
    /// What the page says of it, so that one which somebody has changed meanwhile is not taken back unseen.
    seen: String,
}

async fn of(console: &Console, code: &str) -> Result<(Arc<City>, Screen), ConsoleError> {
    let unknown = || ConsoleError::Unknown { kind: "screen", code: code.to_owned() };
    let city = console.city().await?;
    let screen = ScreenCode::new(code).ok().and_then(|code| city.directory.screen(&code).cloned());
    Ok((city, screen.ok_or_else(unknown)?))
}

/// `GET /screens/{code}/week`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    Ok(view(console, asked, code, (String::new(), &Form::new())).await?.render()?)
}

async fn view(
    console: &Console,
    asked: &Asked,
    code: &str,
    (problem, form): (String, &Form),
) -> Result<WeekPage, ConsoleError> {
    let (city, screen) = of(console, code).await?;
    let (lang, (now, today)) = (asked.lang, console.today());
    let mut days = Vec::new();
    for day in today.through(today.plus(DAYS - 1)) {
        let plan = console.plans.newest(&screen.code, day).await?;
        days.push(one(lang, (&city, &screen), day, plan.as_ref()));
    }
    let operates = asked.caller()?.may(Act::Operate, On::Screen(&screen.code), &city.directory, today).is_ok();
    let open = city.directory.own_closures(&screen.code).filter(|c| c.to.instant() > now);
    let entered = |c: &Closure| Entered {
        sentence: sentence(lang, c),
        from: c.from.to_string(),
        button: match reopening(c, now).filter(|_| operates) {
            Some(Change::NoClosure(..)) => lang.text("week-take-back"),
            Some(_) => lang.text("week-end-now"),
            None => String::new(),
        },
        seen: seen(c),
    };
    Ok(WeekPage {
        page: Page::new(console, asked, lang.text("week-title")),
        name: shown(&screen.name),
        back: format!("/screens/{}", screen.code),
        problem,
        days,
        form: operates.then(|| fields(lang, "close", form, today)),
        closures: open.map(entered).collect(),
    })
}

fn sentence(lang: Lang, c: &Closure) -> String {
    let values = Values::new().word("when", when(lang, c.from, c.to)).word("reason", shown(&c.reason));
    lang.say("week-closure", &values.word("author", shown(&c.author)))
}

/// `08:00–12:00, 20/11/2026`, or with both days.
fn when(lang: Lang, from: LocalTime, to: LocalTime) -> String {
    let at = |t: LocalTime| format!("{}, {}", lang.clock(t.second), lang.day(t.day));
    if from.day == to.day {
        format!("{}–{}", lang.clock(from.second), at(to))
    } else {
        format!("{} – {}", at(from), at(to))
    }
}

/// What the log has of a closure, in the reader's words; as it is when it is of another form.
pub(super) fn read_again(lang: Lang, detail: &str) -> String {
    let read = || {
        let (from, rest) = detail.split_once(" – ")?;
        let (to, reason) = rest.split_once(": ")?;
        let at = |text| LocalTime::parse(text, 0).ok();
        Some(format!("{}: {reason}", when(lang, at(from)?, at(to)?)))
    };
    read().unwrap_or_else(|| detail.to_owned())
}

/// What a closure says, as the log has it.
fn seen(c: &Closure) -> String {
    format!("{} – {}: {}", c.from, c.to, c.reason)
}

fn one(lang: Lang, (city, screen): (&City, &Screen), day: LocalDay, plan: Option<&StoredPlan>) -> Day {
    let directory = &city.directory;
    let duty = directory.duty(screen, day);
    let mut notes = Vec::new();
    if let Some(marked) = directory.calendar_day(day) {
        let name = shown(lang.pick(&marked.name, marked.name_en.as_deref().unwrap_or(&marked.name)));
        let key = if marked.kind == DayKind::DayOff { "week-day-off" } else { "week-workday" };
        notes.push(lang.say(key, &Values::new().word("name", name)));
    }
    notes.extend(day_notes(lang, city, screen, day));
    Day {
        title: lang.long_day(day),
        to: href(&format!("/screens/{}", screen.code), [("day", day.to_string().as_str())]),
        duty: names::hours(lang, &duty, "duty-none"),
        notes,
        holds: plan.map(|plan| holds(lang, city, plan)).unwrap_or_default(),
        unapproved: unapproved(lang, city, screen, day),
        plan: match (plan, duty.is_empty()) {
            (_, true) => String::new(),
            (Some(_), _) => lang.text("week-planned"),
            (None, _) => lang.text("week-no-plan"),
        },
    }
}

/// What a plan holds: events with their times, each order and contract with its plays, and how many items of the place's own.
fn holds(lang: Lang, city: &City, plan: &StoredPlan) -> Vec<(String, String, String, bool)> {
    let tier = |tier| lang.text(&format!("tier-{}", names::tier(tier)));
    let (mut held, mut local) = (Vec::new(), BTreeSet::new());
    for slot in &plan.playlist.slots {
        match plan.assets.assets.get(usize::from(slot.item)) {
            Some(asset) if asset.tier == Tier::Fixed => {
                held.push((title(lang, city, asset.code.as_str()), tier(Tier::Fixed), time(slot.start_s), false));
            }
            Some(asset) if asset.tier == Tier::Local => drop(local.insert(&asset.code)),
            _ => {}
        }
    }
    let mut campaigns: Vec<&PlannedCampaign> = plan.campaigns.iter().collect();
    // what is not approved stands below, by itself
    campaigns.retain(|c| matches!(c.tier, Tier::Order | Tier::Contract) && !(c.not_approved && c.planned == 0));
    campaigns.sort_by_key(|c| (c.tier, c.campaign.clone()));
    held.extend(campaigns.into_iter().map(|c| {
        let values = Values::new().count(lang, "planned", c.planned.into()).count(lang, "asked", c.asked.into());
        let is_short = c.planned < c.asked;
        let key = if is_short { "week-plays-short" } else { "week-plays" };
        (title(lang, city, c.campaign.as_str()), tier(c.tier), lang.say(key, &values), is_short)
    }));
    if !local.is_empty() {
        let said = lang.say("week-items", &Values::new().count(lang, "n", local.len() as u64));
        held.push((lang.text("week-local"), String::new(), said, false));
    }
    held
}

/// What is wanted on the day and nobody has approved.
fn unapproved(lang: Lang, city: &City, screen: &Screen, day: LocalDay) -> Vec<String> {
    unapproved_codes(city, screen, day).iter().map(|code| title(lang, city, code.as_str())).collect()
}

/// The same by code.
pub(in crate::web) fn unapproved_codes(city: &City, screen: &Screen, day: LocalDay) -> Vec<CampaignCode> {
    let (campaigns, directory) = (&city.campaigns, &city.directory);
    let world = names::world(city);
    let orders = campaigns.orders_on(directory, screen, day);
    let orders = orders.filter_map(|(d, ..)| Some((d.campaign(), world.in_effect(screen, day, d)?)));
    let contracts = campaigns.contracts_on(directory, screen, day).map(|(c, _)| (c.code.clone(), &c.product));
    let local = campaigns.loop_on(directory, screen, day).into_iter().map(|(code, entry)| (code, entry.product));
    let fixed = campaigns.fixed_on(directory, screen, day).map(|(f, _)| (f.code.clone(), &f.product));
    let mut wanted: Vec<_> = orders.chain(contracts).chain(local).chain(fixed).collect();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    wanted.dedup_by(|a, b| a.0 == b.0);
    let missing = wanted.into_iter().filter(|(code, product)| world.unapproved(screen, day, code, product).is_some());
    missing.map(|(code, _)| code).collect()
}

/// Why a closure was not entered, or not taken back.
pub(in crate::web) enum NotEntered {
    /// A field makes no sense, or lies in the past.
    Field(FilterError),
    /// Another one begins at the same time.
    Clash,
    /// It is over, it is not as its reader has seen it, or somebody was quicker.
    Changed,
    /// Ours to mend.
    Page(ConsoleError),
}

/// Enters a closure of one screen, or takes the one back that begins at `back` and was `seen` so.
pub(in crate::web) async fn enter(
    console: &Console,
    who: &Caller,
    (city, screen): (&City, &Screen),
    form: &Form,
) -> Result<(), NotEntered> {
    let now = console.today().0;
    let (act, change, detail) = match value(form, "back") {
        Some(from) => {
            let held = LocalTime::parse(from, 0)
                .ok()
                .and_then(|from| city.directory.closure_at(&ClosureSubject::Screen(screen.code.clone()), from));
            let held = held.filter(|c| value(form, "seen") == Some(&*seen(c)));
            let back = held.and_then(|c| Some((c, reopening(c, now)?)));
            let (closure, change) = back.ok_or(NotEntered::Changed)?;
            ("reopen", change, seen(closure))
        }
        None => {
            let (from, to, reason) = match closing(|field| value(form, field), now) {
                Ok(Work::Close { from, to, reason }) => (from, to, reason),
                Ok(_) => {
                    return Err(NotEntered::Page(ConsoleError::Bad { kind: "command", value: String::new() }));
                }
                Err(error) => return Err(NotEntered::Field(error)),
            };
            if city.directory.closure_at(&ClosureSubject::Screen(screen.code.clone()), from).is_some() {
                return Err(NotEntered::Clash);
            }
            let (subject, author) = (ClosureSubject::Screen(screen.code.clone()), who.account.to_string());
            let closure = Closure { subject, from, to, reason, author, entered_at: now };
            let detail = seen(&closure);
            ("close", Change::Closure(closure), detail)
        }
    };
    let deed = Deed { at: now, by: who.account.clone(), act, on: format!("screen {}", screen.code), detail };
    match console.many.bring(Batch { changes: vec![change] }, city.directory.revision, deed).await {
        Ok(_) => Ok(()),
        Err(StoreError::Busy) => Err(NotEntered::Changed),
        Err(error) => Err(NotEntered::Page(error.into())),
    }
}

/// `POST /screens/{code}/closure`: enters one, or takes one back.
pub(super) async fn post(console: &Console, asked: &Asked, code: &str, body: &[u8]) -> Result<Response, ConsoleError> {
    let form: Form = pairs(body)?.into_iter().collect();
    let (city, screen) = of(console, code).await?;
    let (status, why) = match enter(console, asked.caller()?, (&city, &screen), &form).await {
        Ok(()) => return Ok(see(&format!("/screens/{}/week#closures", screen.code))),
        Err(NotEntered::Field(error)) => (StatusCode::UNPROCESSABLE_ENTITY, problem(asked.lang, &error)),
        Err(NotEntered::Clash) => (StatusCode::CONFLICT, asked.lang.text("week-clash")),
        Err(NotEntered::Changed) => (StatusCode::CONFLICT, asked.lang.text("week-changed")),
        Err(NotEntered::Page(error)) => return Err(error),
    };
    Ok(page::html(status, view(console, asked, code, (why, &form)).await?.render()?))
}
