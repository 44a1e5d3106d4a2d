//! One unit: its screens today, those with problems first.

use super::data::{City, Console};
use super::figures::{CampaignNow, Devices};
use super::outlook::{Boxes, Look};
use super::overview::{Bar, CauseLine, causes, order_title, really_short};
use super::page::{Page, Pages, pages, shown};
use super::sums::Sums;
use super::today::{self, Today};
use super::{Asked, ConsoleError, heat};
use crate::attention::State;
use crate::campaigns::Directive;
use crate::compliance::{DeviceFacts, ScreenLine, Totals};
use crate::directory::{Link, Screen, Unit, UnitKind};
use crate::lang::{Lang, Values};
use crate::people::{Act, On, Sight};
use askama::Template;
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::quota::Of;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitPage {
    page: Page,
    code: String,
    name: String,
    crumbs: Vec<(String, String)>,
    /// What asks for the reader himself, where he comes in.
    notices: Vec<(String, String)>,
    /// The day, and the way back to today, when it is a day by itself.
    day: Option<(String, String)>,
    /// What to know and do first; none for a day by itself.
    today: Option<Today>,
    summary: String,
    orders: Vec<OrderLine>,
    tabs: Vec<(String, String, bool)>,
    rows: Vec<ScreenRow>,
    pages: Option<Pages>,
    children: Vec<(String, String)>,
    children_title: String,
    /// How many screens of its own it has that the reader may close, all at once; empty: he may not.
    closes: String,
}

/// How one order stands in the unit.
struct OrderLine {
    title: String,
    sample: bool,
    verdict: String,
    tone: &'static str,
    bar: Option<Bar>,
    causes: Vec<CauseLine>,
}

/// One screen, today.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ScreenRow {
    name: String,
    code: String,
    kind: String,
    simulated: bool,
    today: String,
    bar: Option<Bar>,
    made_good: String,
    short: String,
    is_short: bool,
    heard: String,
    cause: String,
    /// What others declare of it, in a sentence; empty when nothing.
    declared: String,
}

/// A screen with what its row is made of.
struct Found<'a> {
    screen: &'a Screen,
    lines: Vec<&'a ScreenLine>,
    today: Sums,
    device: Option<&'a DeviceFacts>,
    state: State,
}

impl Found<'_> {
    fn short(&self) -> u64 {
        self.lines.iter().map(|l| u64::from(l.short)).sum()
    }
    fn is_short(&self) -> bool {
        self.lines.iter().any(|l| l.operating_days > 0 && !l.met)
    }
    fn heard(&self) -> Option<UtcMillis> {
        self.device.and_then(heard)
    }
}

/// When something of the device was last heard.
pub(super) fn heard(device: &DeviceFacts) -> Option<UtcMillis> {
    device.heard.max(device.reported_until)
}

/// `GET /units/{code}`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    let unknown = || ConsoleError::Unknown { kind: "unit", code: code.to_owned() };
    let code = UnitCode::new(code).map_err(|_| unknown())?;
    let city = console.city().await?;
    let unit = city.directory.unit(&code).ok_or_else(unknown)?;
    let (at, alone) = (console.today(), asked.value("day").is_some());
    let day = super::names::day(asked.value("day"), at.1)?;
    let now = async {
        match alone {
            true => console.campaigns_of(&city, day, &asked.caller()?.account).await,
            false => console.campaigns_now(&city).await,
        }
    };
    let (now, devices, boxes) = tokio::try_join!(now, console.devices(), console.boxes(&city))?;
    let page = Page::new(console, asked, shown(&unit.name)).of_figures(console, now.made(), now.newer);
    let page = page.of_figures(console, Some(boxes.made).filter(|_| !alone), boxes.newer && !alone);
    let (offset, sight) = (console.offset, asked.sight(&city, console)?);
    let whole = asked.caller()?.may(Act::View, On::City, &city.directory, at.1).is_ok();
    let facts =
        Facts { city: &city, now: &now, devices: &devices, boxes: &boxes, at, day, alone, offset, sight, whole };
    let (mut notices, mut own) = (Vec::new(), Vec::new());
    if asked.path == "/" {
        (notices, own) = (super::notices::gather(console, asked).await?, today::own(console, asked).await?);
    }
    let operates = !alone && asked.caller()?.may(Act::Operate, On::Unit(&code), &city.directory, at.1).is_ok();
    let closes = match city.directory.screens_in(&code, Some(Link::Owner), at.1).len() as u64 {
        n if n > 0 && operates => asked.lang.say("unit-close", &Values::new().count(asked.lang, "n", n)),
        _ => String::new(),
    };
    let view = UnitPage { notices, closes, ..view(page, asked, unit, &facts, own) };
    Ok(view.render()?)
}

struct Facts<'a> {
    city: &'a City,
    now: &'a [Arc<CampaignNow>],
    devices: &'a Devices,
    boxes: &'a Boxes,
    at: (UtcMillis, LocalDay),
    /// The day of the figures, and whether it is told by itself.
    day: LocalDay,
    alone: bool,
    offset: UtcOffset,
    /// Of who reads it.
    sight: Sight,
    /// May he see the city as a whole?
    whole: bool,
}

/// What to know and do first in the unit.
fn of_today(asked: &Asked, unit: &Unit, facts: &Facts<'_>, screens: &[&Screen], own: Vec<today::ThingView>) -> Today {
    let look = Look { boxes: facts.boxes, now: facts.now };
    let of = today::Facts { city: facts.city, now: facts.now, look: &look, at: facts.at, offset: facts.offset };
    let scope =
        today::Scope { screens: screens.to_vec(), top: Some(&unit.code), whole: facts.whole, sight: &facts.sight };
    let mut view = today::view(asked, &of, &scope, own);
    let now = super::overview::current(asked, facts.now).map(|i| &facts.now[i]);
    let here = facts.city.directory.units().filter(|u| u.effective.contains(facts.at.1));
    let below: Vec<&Unit> = here.filter(|u| u.parent.as_ref() == Some(&unit.code)).collect();
    view.heat = now.and_then(|now| match below.is_empty() {
        true => heat::of_screens(asked, facts.city, now, screens),
        false => heat::of_units(asked, facts.city, now, Link::Territory, &below)
            .or_else(|| heat::of_units(asked, facts.city, now, Link::Owner, &below)),
    });
    view
}

fn view(page: Page, asked: &Asked, unit: &Unit, facts: &Facts<'_>, own: Vec<today::ThingView>) -> UnitPage {
    let lang = asked.lang;
    let directory = &facts.city.directory;
    let all = directory.screens_in(&unit.code, None, facts.day);
    let today = (!facts.alone).then(|| of_today(asked, unit, facts, &all, own));
    let mut screens: Vec<Found<'_>> = all.into_iter().map(|s| find(s, facts)).collect();
    let orders = facts.now.iter().filter_map(|now| order(lang, facts.city, now, &screens)).collect();
    let silent = |f: &Found<'_>| f.heard().is_none();
    let (all, short, quiet) =
        (screens.len(), screens.iter().filter(|f| f.is_short()).count(), screens.iter().filter(|f| silent(f)).count());
    let show = asked.value("show").filter(|s| ["short", "silent"].contains(s));
    match show {
        Some("short") => screens.retain(Found::is_short),
        Some(_) => screens.retain(silent),
        None => {}
    }
    let state = asked.value("state").and_then(|word| word.parse::<State>().ok()).filter(|_| !facts.alone);
    if let Some(state) = state {
        screens.retain(|f| f.state == state);
    }
    screens.sort_by(|a, b| (!a.is_short(), &a.screen.code).cmp(&(!b.is_short(), &b.screen.code)));
    let (range, pages) = pages(asked, screens.len());
    let tab = |key: &str, value: Option<&str>, n: usize| {
        let label = lang.say(&format!("screens-{key}"), &Values::new().count(lang, "n", n as u64));
        let base = Asked { query: std::collections::BTreeMap::new(), ..asked.clone() };
        let base = match facts.alone {
            true => base.with("day", Some(&facts.day.to_string())),
            false => base.with("show", value),
        };
        (label, base + "#screens", show == value && state.is_none())
    };
    let mut tabs =
        vec![tab("all", None, all), tab("short", Some("short"), short), tab("silent", Some("silent"), quiet)];
    if facts.alone {
        tabs.truncate(1);
    }
    if let Some(state) = state {
        let word = Values::new().word("state", lang.text(&format!("state-{state}")));
        tabs.push((lang.say("screens-of-state", &word), asked.with("page", None) + "#screens", true));
    }
    let children: Vec<(String, String)> = directory
        .units()
        .filter(|u| u.parent.as_ref() == Some(&unit.code) && u.effective.contains(facts.at.1))
        .map(|u| (shown(&u.name), format!("/units/{}", u.code)))
        .collect();
    let mut crumbs: Vec<(String, String)> = directory
        .line_of(&unit.code)
        .skip(1)
        .filter(|u| u.kind != UnitKind::City && facts.sight.unit(&u.code))
        .map(|u| (shown(&u.name), format!("/units/{}", u.code)))
        .collect();
    crumbs.push((lang.text("overview-title"), "/".to_owned()));
    crumbs.reverse();
    UnitPage {
        page,
        code: unit.code.to_string(),
        name: shown(&unit.name),
        crumbs,
        notices: Vec::new(),
        day: facts.alone.then(|| (lang.long_day(facts.day), format!("/units/{}", unit.code))),
        today,
        summary: lang.say("n-screens", &Values::new().count(lang, "n", all as u64)),
        orders,
        tabs,
        rows: screens[range].iter().map(|f| row(lang, f, facts)).collect(),
        pages,
        children_title: lang.say("children-title", &Values::new().count(lang, "n", children.len() as u64)),
        children,
        closes: String::new(),
    }
}

fn find<'a>(screen: &'a Screen, facts: &Facts<'a>) -> Found<'a> {
    let look = Look { boxes: facts.boxes, now: facts.now };
    let (device, state) = (facts.devices.get(&screen.code), look.standing(screen).state);
    let mut found = Found { screen, lines: Vec::new(), today: Sums::default(), device, state };
    for now in facts.now {
        found.lines.extend(now.line(&screen.code));
        if let Some(day) = now.today.get(&screen.code) {
            found.today.add(Sums::of(day.planned, &day.counts));
        }
    }
    found
}

/// How an order stands over the unit's screens, each counted once; none when it is aimed at none of them.
fn order(lang: Lang, city: &City, now: &CampaignNow, screens: &[Found<'_>]) -> Option<OrderLine> {
    let directive = city.campaigns.directive_of(&now.report.campaign)?;
    if now.report.of == Of::Unit {
        return order_of_units(lang, city, now, screens);
    }
    let mut t = Totals::default();
    for line in screens.iter().filter_map(|f| now.line(&f.screen.code)) {
        t.existing += 1;
        if line.operating_days > 0 {
            t.on_duty += 1;
            if line.met {
                t.met += 1;
            } else {
                t.short += 1;
                *t.short_causes.entry(line.main_cause.clone()).or_default() += 1;
            }
        }
    }
    (t.existing > 0).then(|| order_line(lang, directive, Of::Screen, &t))
}

/// Where the number is a unit's: this unit and those to which its screens belong for the order.
fn order_of_units(lang: Lang, city: &City, now: &CampaignNow, screens: &[Found<'_>]) -> Option<OrderLine> {
    let directive = city.campaigns.directive_of(&now.report.campaign)?;
    let day = now.report.to;
    let mine: BTreeSet<&UnitCode> = screens
        .iter()
        .filter(|f| now.line(&f.screen.code).is_some())
        .filter_map(|f| directive.quota_unit(&city.directory, f.screen, day))
        .collect();
    let mut t = Totals { existing: mine.len() as u32, ..Totals::default() };
    for unit in now.report.quota_units.iter().filter(|u| u.operating_days > 0 && mine.contains(&u.unit)) {
        t.on_duty += 1;
        if unit.met {
            t.met += 1;
        } else {
            t.short += 1;
            *t.short_causes.entry(unit.main_cause.clone()).or_default() += 1;
        }
    }
    (t.existing > 0).then(|| order_line(lang, directive, Of::Unit, &t))
}

fn order_line(lang: Lang, directive: &Directive, of: Of, t: &Totals) -> OrderLine {
    let (verdict, tone) = super::overview::verdict(lang, of, t);
    OrderLine {
        title: order_title(lang, directive),
        sample: directive.sample,
        verdict,
        tone,
        bar: Bar::of(t.met.into(), really_short(t).into(), t.on_duty.into()),
        causes: causes(lang, of, t),
    }
}

/// `5 phút trước`; a day and more ago as a date.
pub(super) fn ago(lang: Lang, now: UtcMillis, then: Option<UtcMillis>, offset: UtcOffset) -> String {
    let Some(then) = then else { return lang.text("heard-never") };
    let minutes = now.since_ms(then).max(0).unsigned_abs() / 60_000;
    let said = |key: &str, n: u64| lang.say(key, &Values::new().count(lang, "n", n));
    match minutes {
        0 => lang.text("ago-now"),
        1..60 => said("ago-minutes", minutes),
        60..1_440 => said("ago-hours", minutes / 60),
        _ => lang.instant(then, offset),
    }
}

fn row(lang: Lang, found: &Found<'_>, facts: &Facts<'_>) -> ScreenRow {
    let line = found.lines.iter().filter(|l| !l.main_cause.is_empty()).max_by_key(|l| l.short);
    let declared: u64 = found.lines.iter().map(|l| u64::from(l.declared_plays)).sum();
    let started = found.lines.iter().any(|l| l.operating_days > 0);
    ScreenRow {
        name: shown(&found.screen.name),
        code: found.screen.code.to_string(),
        kind: lang.term("kind", found.screen.kind.as_str()),
        simulated: found.device.is_some_and(|d| d.simulated),
        today: found.today.short(lang),
        bar: found.today.bar(),
        made_good: lang.number(found.today.made_good),
        short: if started { lang.number(found.short()) } else { "–".to_owned() },
        is_short: found.is_short(),
        heard: ago(lang, facts.at.0, found.heard(), facts.offset),
        cause: line.map(|l| lang.cause(&l.main_cause)).unwrap_or_default(),
        declared: match declared {
            0 => String::new(),
            n => lang.say("screen-declared", &Values::new().count(lang, "n", n)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::time::HANOI;

    #[test]
    fn how_long_ago_is_said_as_people_say_it() {
        let now = UtcMillis(1_763_614_800_000);
        let said = |lang, ms: i64| ago(lang, now, Some(now.plus_ms(-ms)), HANOI);
        assert_eq!(said(Lang::Vi, 20_000), "vừa xong");
        assert_eq!(said(Lang::En, 60_000), "1 minute ago");
        assert_eq!(said(Lang::Vi, 5 * 60_000), "5 phút trước");
        assert_eq!(said(Lang::En, 3 * 3_600_000), "3 hours ago");
        assert_eq!(said(Lang::Vi, 3 * 24 * 3_600_000), "12:00, 17/11/2025");
        assert_eq!(ago(Lang::Vi, now, None, HANOI), "chưa có tin");
    }
}
