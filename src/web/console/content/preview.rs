//! Exactly what a screen will show in an hour of a day, with what is not yet approved of the unit's own content as if it were: by the
//! planner that plans it, in its order, as a list with pictures or one after the other. Nothing moves by itself.

use super::super::page::{Page, html, shown};
use super::super::{Asked, ConsoleError, href, names};
use super::Place;
use crate::approval;
use crate::campaigns::Campaigns;
use crate::directory::Screen;
use crate::lang::{Lang, Values};
use crate::people::AccountCode;
use crate::planning::{World, compose};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::plan::Effort;
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay};
use lichphat_playlists::wire::v1::{Asset, AssetTable};
use std::sync::Arc;

/// So much of a day is on one page.
const SPAN_S: u32 = 3_600;
/// Most lines of a page; an hour of one-second items has more.
const MOST: usize = 240;

#[derive(Template)]
#[template(path = "content-preview.html")]
struct PreviewPage {
    page: Page,
    back: String,
    unit: String,
    path: String,
    screens: Vec<(String, String, bool)>,
    day: String,
    at: String,
    title: String,
    /// What this is: the plan that is in force, or one made for the look.
    about: String,
    /// Duty hours of the day.
    duty: String,
    rows: Vec<Row>,
    earlier: Option<String>,
    later: Option<String>,
    /// One of them alone, large.
    step: Option<Step>,
}

/// One play.
struct Row {
    at: String,
    title: String,
    what: String,
    hash: String,
    /// Its own page in the stepped view.
    step: String,
    /// Not approved yet.
    waits: bool,
}

/// One play alone.
struct Step {
    number: String,
    at: String,
    title: String,
    what: String,
    hash: String,
    previous: Option<String>,
    next: Option<String>,
    list: String,
}

/// A day as it is shown: plays in order, and what stands in where there is none.
struct Shown {
    plays: Vec<(u32, Asset)>,
    fallback: Asset,
}

/// `GET /content/{unit}/preview`.
pub(super) async fn show(place: &Place<'_>, asked: &Asked) -> Result<Response, ConsoleError> {
    let (lang, screens) = (asked.lang, place.screens());
    let day = names::day(asked.value("day"), place.today)?;
    let code = asked.value("screen").map(str::to_owned);
    let screen = match &code {
        Some(code) => screens.iter().find(|s| s.code.as_str() == code),
        None => screens.first(),
    };
    let campaigns = place.city.campaigns.clone().as_if_sent(&place.unit.code);
    let duty = screen.map_or_else(IntervalSet::empty, |screen| place.directory().duty(screen, day));
    let at = match asked.value("at") {
        Some(text) => names::second(text)?,
        None => begin(place, day, &duty),
    };
    let made = match screen {
        Some(screen) => plan(place, &campaigns, (screen, day), &asked.caller()?.account).await?,
        None => None,
    };
    let named = screen.map(|screen| screen.code.clone());
    let rows = made.as_ref().map(|(shown, _)| rows(place, lang, &campaigns, shown, (&duty, at, day, named.as_ref())));
    let rows = rows.unwrap_or_default();
    let path = format!("{}/preview", place.path());
    let to = |at: u32, step: Option<usize>| link(&path, named.as_ref(), day, at, step);
    let stepped = asked.value("step").and_then(|step| step.parse::<usize>().ok()).filter(|step| *step < rows.len());
    let step = stepped.map(|n| Step {
        number: lang
            .say("content-step", &Values::new().count(lang, "n", n as u64 + 1).count(lang, "of", rows.len() as u64)),
        at: rows[n].at.clone(),
        title: rows[n].title.clone(),
        what: rows[n].what.clone(),
        hash: rows[n].hash.clone(),
        previous: n.checked_sub(1).map(|n| to(at, Some(n))),
        next: (n + 1 < rows.len()).then(|| to(at, Some(n + 1))),
        list: to(at, None),
    });
    let about = match &made {
        None if screen.is_none() => "content-preview-no-screen",
        None => "content-preview-nothing",
        Some((_, true)) => "content-preview-in-force",
        Some((_, false)) => "content-preview-as-if",
    };
    let view = PreviewPage {
        page: Page::new(place.console, asked, lang.text("content-preview-title")),
        back: place.path(),
        unit: shown(&place.unit.name),
        screens: screens
            .iter()
            .map(|s| (s.code.to_string(), shown(&s.name), Some(&s.code) == named.as_ref()))
            .collect(),
        day: day.to_string(),
        at: lang.clock(at),
        title: format!("{}, {}", lang.long_day(day), lang.clock(at)),
        about: lang.text(about),
        duty: names::hours(lang, &duty, "duty-none"),
        earlier: (at > 0).then(|| to(at.saturating_sub(SPAN_S), None)),
        later: (at + SPAN_S < DAY_S).then(|| to(at + SPAN_S, None)),
        path,
        rows,
        step,
    };
    Ok(html(StatusCode::OK, view.render()?))
}

fn link(path: &str, screen: Option<&ScreenCode>, day: LocalDay, at: u32, step: Option<usize>) -> String {
    let (day, at, step) = (day.to_string(), names::time(at), step.map(|n| n.to_string()));
    let screen = screen.map(|code| ("screen", code.as_str()));
    let rest = [("day", day.as_str()), ("at", at.as_str())];
    href(path, screen.into_iter().chain(rest).chain(step.as_deref().map(|n| ("step", n))))
}

/// Now, of today; of another day, when duty begins.
fn begin(place: &Place<'_>, day: LocalDay, duty: &IntervalSet) -> u32 {
    let second = place.console.today().0.local(place.console.offset).1 / 1000;
    let now = (day == place.today).then_some(second / 60 * 60).filter(|now| duty.contains(*now));
    now.or_else(|| duty.iter().next().map(|(from, _)| from)).unwrap_or(8 * SPAN_S)
}

/// The day of the screen, and whether it is the plan in force: today's is, for it has been sent; another day is planned anew, as the
/// scheduler will, with the unit's own content as if it were approved.
async fn plan(
    place: &Place<'_>,
    campaigns: &Campaigns,
    (screen, day): (&Screen, LocalDay),
    who: &AccountCode,
) -> Result<Option<(Shown, bool)>, ConsoleError> {
    let console = place.console;
    if day <= place.today {
        let stored = console.plans.newest(&screen.code, day).await?;
        return Ok(stored.and_then(|plan| Some((in_force(&plan.playlist, &plan.assets)?, true))));
    }
    let media = place.media().await?;
    let own = campaigns.own_loop(&place.unit.code);
    let drafts = own.iter().filter_map(|item| approval::of_item(item, &media)).collect::<Vec<_>>();
    let permissions = (*place.city.permissions).clone().granting(drafts, place.directory());
    let (city, campaigns, screen) = (Arc::clone(&place.city), campaigns.clone(), screen.clone());
    let (plans, moment) = (Arc::clone(&console.plans), (console.today().0, console.offset));
    let runtime = tokio::runtime::Handle::current();
    // a moment's work for one, and there may be many who look at once
    let work = move || {
        let world =
            World { directory: &city.directory, campaigns: &campaigns, media: &media, permissions: &permissions };
        let basis = runtime.block_on(world.basis_of(&*plans, &[day], moment, |code| *code == screen.code))?;
        let mut input = world.inputs(std::iter::once(&screen), &[day], &basis).days;
        let Some(input) = input.pop().filter(|input| !input.duty.is_empty()) else { return Ok(None) };
        let made = compose(&input, None, Effort::Quick)?;
        let asset = |id: &str| made.assets.assets.iter().find(|a| a.code.as_str() == id).cloned();
        let plays = made.plan.plays.iter().filter_map(|play| Some((play.start, asset(&play.id)?))).collect();
        Ok(Some((Shown { plays, fallback: input.fallback }, false)))
    };
    console.preview_turns.take(who, work).await?
}

/// A stored plan; none: it does not fit its own table, which `check` tells.
fn in_force(playlist: &lichphat_playlists::wire::v1::Playlist, assets: &AssetTable) -> Option<Shown> {
    let of = |item: u16| assets.assets.get(usize::from(item)).cloned();
    let plays = playlist.slots.iter().map(|slot| Some((slot.start_s, of(slot.item)?)));
    Some(Shown { plays: plays.collect::<Option<_>>()?, fallback: of(playlist.fallback)? })
}

/// The plays of an hour, and the safe loop where nothing is planned while the screen is on.
fn rows(
    place: &Place<'_>,
    lang: Lang,
    campaigns: &Campaigns,
    shown_day: &Shown,
    (duty, at, day, screen): (&IntervalSet, u32, LocalDay, Option<&ScreenCode>),
) -> Vec<Row> {
    let (end, path) = ((at + SPAN_S).min(DAY_S), format!("{}/preview", place.path()));
    let mut lines: Vec<(u32, u32, &Asset)> = Vec::new();
    let plays = shown_day.plays.iter().map(|(start, asset)| (*start, start + asset.media.duration_s, asset));
    let taken = IntervalSet::from(plays.clone().map(|(start, end, _)| (start, end)).collect::<Vec<_>>());
    lines.extend(plays.filter(|(start, stop, _)| *start < end && *stop > at));
    let free = duty.intersect(&IntervalSet::one(at, end)).minus(&taken);
    lines.extend(free.iter().map(|(from, to)| (from, to, &shown_day.fallback)));
    lines.sort_by_key(|(start, ..)| *start);
    let title = |asset: &Asset| {
        let own = campaigns.items().find(|item| item.code == asset.code);
        own.map_or_else(|| names::title(lang, &place.city, asset.code.as_str()), |item| shown(&item.title))
    };
    let waits = |asset: &Asset| {
        let hash = asset.media.hash;
        let permitted = |code: &ScreenCode| place.city.permissions.find((&asset.code, &asset.media), code, day).is_ok();
        campaigns.items().any(|item| item.code == asset.code && item.file() == Some(hash))
            && screen.is_some_and(|code| !permitted(code))
    };
    let row = |(n, (start, stop, asset)): (usize, (u32, u32, &Asset))| Row {
        at: names::time(start.max(at)),
        title: title(asset),
        what: format!(
            "{} · {}",
            lang.text(&format!("tier-{}", names::tier(asset.tier))),
            super::list::length(lang, (stop - start).into())
        ),
        hash: asset.media.hash.hex(),
        step: link(&path, screen, day, at, Some(n)),
        waits: waits(asset),
    };
    lines.into_iter().take(MOST).enumerate().map(row).collect()
}
