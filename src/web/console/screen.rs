//! One screen, one day: planned against played, and what its ledgers say.

use super::ask::{self, AskedView};
use super::data::{City, Console};
use super::device::{self, BoxView};
use super::figures::CampaignNow;
use super::names::{self, state, time, title, tongue, why_href};
use super::overview::order_title;
use super::page::{Page, shown};
use super::screen_ledger::{self, Kept};
use super::screen_now::{self, Now};
use super::sums::Sums;
use super::timeline::{self, Timeline, draw};
use super::{Asked, ConsoleError, href};
use crate::campaigns::Suspension;
use crate::compliance::DeviceFacts;
use crate::compliance::screen_day::{DayLine, Moment, SlotState, day_lines};
use crate::directory::{Link, Screen, ScreenKind};
use crate::lang::{Lang, Values};
use crate::people::{Act, Caller, On, Sight};
use crate::planning::{PlannedCampaign, ScreenFacts, StoredPlan};
use crate::proof::Counts;
use crate::proof::evidence::{ScreenRecords, screen_day};
use askama::Template;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::proof::declared::Declared;
use lichphat_playlists::quota::Of;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::v1::Tier;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "screen.html")]
struct ScreenPage {
    page: Page,
    head: Head,
    /// What it shows now; of today alone.
    now: Option<Now>,
    /// How each order stands since its first day; on today's page.
    kept: Option<Vec<Kept>>,
    day: String,
    previous: String,
    next: String,
    today: Option<String>,
    notes: Vec<String>,
    timeline: Timeline,
    ledgers: Vec<Ledger>,
    rows: Vec<Row>,
    rows_caption: String,
    more: Option<(String, String)>,
    why: String,
    device: BoxView,
    /// Is there a player that could be asked?
    asks: bool,
    asked: Vec<AskedView>,
}

/// Who the screen is.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) simulated: bool,
    pub(super) crumbs: Vec<(String, String)>,
    facts: Vec<(String, String, Option<String>)>,
}

/// Numbers of one campaign on this screen.
#[derive(Debug, PartialEq, Eq)]
struct Ledger {
    title: String,
    tier: String,
    figures: Vec<(String, String, bool)>,
    plan_short: String,
}

/// One play, planned or made good.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    time: String,
    title: String,
    note: String,
    state: String,
    tone: &'static str,
    record: String,
    why: String,
}

/// Everything one screen's day is made of.
pub(in crate::web) struct Gathered {
    pub(in crate::web) city: Arc<City>,
    pub(in crate::web) screen: Screen,
    pub(in crate::web) day: LocalDay,
    pub(in crate::web) plan: Option<StoredPlan>,
    /// What its ledgers know.
    pub(in crate::web) facts: ScreenFacts,
    pub(in crate::web) evidence: ScreenRecords,
    pub(in crate::web) device: Option<DeviceFacts>,
    pub(in crate::web) lines: Vec<DayLine>,
    /// What others declare of the day.
    pub(in crate::web) declared: BTreeMap<CampaignCode, Declared>,
    pub(in crate::web) now: UtcMillis,
    pub(in crate::web) today: LocalDay,
    pub(in crate::web) offset: UtcOffset,
    /// Of who reads it.
    pub(in crate::web) sight: Sight,
}

/// The screen's day that a page was asked for.
pub(super) async fn asked_day(console: &Console, asked: &Asked, code: &str) -> Result<Gathered, ConsoleError> {
    let unknown = || ConsoleError::Unknown { kind: "screen", code: code.to_owned() };
    let code = ScreenCode::new(code).map_err(|_| unknown())?;
    let day = names::day(asked.value("day"), console.today().1)?;
    gather(console, &code, day, asked.caller()?).await
}

/// Reads one screen's day.
pub(in crate::web) async fn gather(
    console: &Console,
    code: &ScreenCode,
    day: LocalDay,
    caller: &Caller,
) -> Result<Gathered, ConsoleError> {
    let city = console.city().await?;
    let unknown = || ConsoleError::Unknown { kind: "screen", code: code.to_string() };
    let screen = city.directory.screen(code).cloned().ok_or_else(unknown)?;
    let (now, today) = console.today();
    let plan = console.plans.newest(code, day).await?;
    let from = names::world(&city).facts_from(day);
    let facts = console.plans.facts_of(code, from).await?;
    let evidence = screen_day(&*console.evidence, code, day, console.offset).await?;
    let device = console.devices().await?.get(code).cloned();
    let declared = console.declared_on(code, day).await?;
    let moment = Moment { now, offset: console.offset };
    let sight = caller.sight(&city.directory, today);
    let lines = day_lines(plan.as_ref(), &evidence, device.as_ref(), day, moment);
    Ok(Gathered {
        city,
        screen,
        day,
        plan,
        facts,
        evidence,
        device,
        lines,
        declared,
        now,
        today,
        offset: console.offset,
        sight,
    })
}

/// `GET /screens/{code}`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    let zoom = timeline::zoom(asked)?;
    let gathered = asked_day(console, asked, code).await?;
    let now = console.campaigns_now(&gathered.city).await?;
    let state = console.device(&gathered.screen.code).await?;
    let device = device::view(asked.lang, state.as_ref(), gathered.now, gathered.offset);
    let commands = ask::asked(console, asked.lang, &gathered.screen.code).await?;
    let page = Page::new(console, asked, shown(&gathered.screen.name)).of_figures(console, now.made(), now.newer);
    let (directory, on) = (&gathered.city.directory, On::Screen(&gathered.screen.code));
    let asks = state.is_some() && asked.caller()?.may(Act::Operate, on, directory, gathered.today).is_ok();
    let mut at_present = screen_now::of(asked.lang, &gathered, &now, (state.as_ref(), &commands));
    // the box asks every few seconds whether somebody has entered its code
    if let (None, Some(_), Some(present)) = (&state, asked.value("paired"), &mut at_present) {
        present.paired(asked.lang);
    }
    let view = view(page, asked, &gathered, &now, zoom, (device, asks, commands));
    Ok(ScreenPage { now: at_present, ..view }.render()?)
}

fn view(
    page: Page,
    asked: &Asked,
    g: &Gathered,
    now: &[Arc<CampaignNow>],
    zoom: Option<timeline::Zoom>,
    (device, asks, commands): (BoxView, bool, Vec<AskedView>),
) -> ScreenPage {
    let lang = asked.lang;
    let directory = &g.city.directory;
    let (duty, peak) = (directory.duty(&g.screen, g.day), directory.peak_windows(&g.screen, g.day));
    let mut titles: BTreeMap<&CampaignCode, String> = BTreeMap::new();
    for line in &g.lines {
        titles.entry(&line.campaign).or_insert_with(|| title(lang, &g.city, line.campaign.as_str()));
    }
    let name = |l: &DayLine| titles.get(&l.campaign).cloned().unwrap_or_default();
    let now_s = (g.day == g.today).then(|| g.now.local(g.offset).1 / 1000);
    let people = directory.weights(&g.screen, g.day);
    let day = timeline::Day { duty: &duty, peak: &peak, people: &people, lines: &g.lines, now_s };
    let to_day = |d: LocalDay| href(&asked.path, [("day", d.to_string().as_str())]);
    let (rows, more) = rows(asked, g, &name);
    let at = now_s.or(peak.iter().next().or(duty.iter().next()).map(|(a, _)| a)).unwrap_or(8 * 3_600);
    ScreenPage {
        head: head(lang, g),
        now: None,
        kept: (g.day == g.today).then(|| screen_ledger::of(lang, g, now)),
        day: lang.long_day(g.day),
        previous: to_day(g.day.previous()),
        next: to_day(g.day.next()),
        today: (g.day != g.today).then(|| asked.path.clone()),
        notes: notes(lang, g),
        timeline: draw(asked, &day, zoom, &name),
        ledgers: ledgers(lang, g),
        rows_caption: lang.say("plays-caption", &Values::new().count(lang, "n", rows.len() as u64)),
        rows,
        more,
        why: why_href(g.screen.code.as_str(), g.day, at / 60 * 60, None),
        device,
        asks,
        asked: commands,
        page,
    }
}

/// Who the screen is, and to whom it belongs.
pub(super) fn head(lang: Lang, g: &Gathered) -> Head {
    let directory = &g.city.directory;
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String, to: Option<String>| facts.push((lang.text(key), value, to));
    let venue = directory.venue(&g.screen.venue_type, g.day);
    let place = venue.map_or_else(|| g.screen.venue_type.to_string(), |v| shown(lang.pick(&v.name, &v.name_en)));
    fact("fact-place", place, None);
    for link in Link::ALL {
        if let Some(unit) = g.screen.unit(*link, g.day) {
            let name = directory.unit(unit).map_or_else(|| unit.to_string(), |u| shown(&u.name));
            fact(&format!("fact-{link}"), name, g.sight.unit(unit).then(|| format!("/units/{unit}")));
        }
    }
    fact("fact-kind", lang.term("kind", g.screen.kind.as_str()), None);
    let heard = super::unit::ago(lang, g.now, g.device.as_ref().and_then(super::unit::heard), g.offset);
    fact("fact-heard", heard, None);
    fact("fact-duty", names::hours(lang, &directory.duty(&g.screen, g.day), "duty-none"), None);
    fact("fact-peak", names::hours(lang, &directory.peak_windows(&g.screen, g.day), "peak-none"), None);
    let mut crumbs = vec![(lang.text("overview-title"), "/".to_owned())];
    let home = g.screen.unit(Link::Territory, g.day).or(g.screen.unit(Link::Owner, g.day));
    if let Some(unit) = home.and_then(|u| directory.unit(u)).filter(|u| g.sight.unit(&u.code)) {
        crumbs.push((shown(&unit.name), format!("/units/{}", unit.code)));
    }
    Head {
        name: shown(&g.screen.name),
        code: g.screen.code.to_string(),
        simulated: g.device.as_ref().is_some_and(|d| d.simulated),
        crumbs,
        facts,
    }
}

/// What is closed and suspended on a day.
pub(super) fn day_notes(lang: Lang, city: &City, screen: &Screen, day: LocalDay) -> Vec<String> {
    let mut notes = Vec::new();
    for closure in city.directory.closures_of(screen, day) {
        let values = Values::new()
            .word("hours", names::hours(lang, &closure.on(day), "duty-none"))
            .word("reason", shown(&closure.reason))
            .word("author", shown(&closure.author));
        let key = if closure.after_the_fact() { "note-closure-late" } else { "note-closure" };
        notes.push(lang.say(key, &values));
    }
    for suspension in city.campaigns.suspended_on(&city.directory, screen, day).iter() {
        notes.push(suspension_note(lang, suspension));
    }
    notes
}

/// What one should know of the day before reading its numbers.
fn notes(lang: Lang, g: &Gathered) -> Vec<String> {
    let mut notes = day_notes(lang, &g.city, &g.screen, g.day);
    notes.extend(
        g.declared.iter().filter(|(_, d)| !d.is_empty()).map(|(campaign, d)| declared_note(lang, g, campaign, d)),
    );
    if !g.screen.in_service.contains(g.day) {
        notes.push(lang.text("note-not-in-service"));
    } else if g.city.directory.duty(&g.screen, g.day).is_empty() {
        notes.push(lang.text("note-off-duty"));
    } else if g.plan.is_none() {
        notes.push(lang.text(if g.day < g.today { "note-no-plan-past" } else { "note-no-plan" }));
    }
    let missing = match g.screen.kind {
        // of today that is the first thing that the page says
        ScreenKind::Managed => (g.device.is_none() && g.day != g.today).then_some("no-device"),
        ScreenKind::ThirdParty => g.declared.is_empty().then_some("not-declared"),
        ScreenKind::None => Some("no-player"),
    };
    if let Some(code) = missing {
        notes.push(format!("{}. {}", lang.cause(code), lang.mend(code).unwrap_or_default()));
    }
    notes
}

/// Beside the figures, never in them.
fn declared_note(lang: Lang, g: &Gathered, campaign: &CampaignCode, declared: &Declared) -> String {
    let why: Vec<String> = declared.reasons.iter().map(|(code, n)| format!("{}: {n}", lang.cause(code))).collect();
    let values = Values::new()
        .word("order", title(lang, &g.city, campaign.as_str()))
        .count(lang, "n", declared.plays.into())
        .count(lang, "refused", declared.not_counted.into())
        .word("why", why.join("; "));
    lang.say(if why.is_empty() { "note-declared" } else { "note-declared-refused" }, &values)
}

fn suspension_note(lang: Lang, suspension: &Suspension<'_>) -> String {
    let terms = suspension.terms;
    let classes: Vec<String> = terms.content.iter().map(|c| lang.term("content", c.as_str())).collect();
    let in_place = if suspension.mutes { "mute" } else { terms.in_place.as_str() };
    let hours = if terms.hours.is_empty() { lang.text("all-day") } else { tongue(lang).windows(&terms.hours.0) };
    let values = Values::new()
        .word("order", order_title(lang, suspension.order))
        .word("hours", hours)
        .word("content", classes.join(", "))
        .word("in_place", lang.term("in-place", in_place))
        .word("days", lang.term("suspended", terms.days.as_str()));
    lang.say("note-suspended", &values)
}

/// What the day owes, what the plan was asked for and has, what became of it, and what was made good beside it.
fn figures(lang: Lang, g: &Gathered, campaign: &PlannedCampaign, sums: &Sums) -> Vec<(String, String, bool)> {
    let lines = |is: &dyn Fn(&SlotState) -> bool| {
        let mine = g.lines.iter().filter(|l| l.campaign == campaign.campaign && l.planned && is(&l.state));
        mine.count() as u64
    };
    // What has no record is told apart by the hour; a slot is missed only once nobody waits for it any more.
    let upcoming = lines(&|s| *s == SlotState::Upcoming).min(sums.open);
    let missed = lines(&|s| matches!(s, SlotState::Missed(_))).min(sums.open - upcoming);
    let all = [
        ("ledger-asked", campaign.asked.into(), true, false),
        ("ledger-planned", sums.planned, true, false),
        ("ledger-counted", sums.counted, true, false),
        ("ledger-not-counted", sums.refused, false, true),
        ("ledger-unknown", sums.unknown, false, true),
        ("ledger-outside", sums.outside, false, false),
        ("ledger-upcoming", upcoming, false, false),
        ("ledger-pending", sums.open - upcoming - missed, false, false),
        ("ledger-missed", missed, false, true),
        ("ledger-made-good", sums.made_good, false, false),
        ("ledger-made-good-refused", sums.made_good_refused, false, true),
        ("ledger-late", sums.late, false, false),
    ];
    let own = own_share(g, &campaign.campaign).map(|owed| (lang.text("ledger-owed"), lang.decimal(owed), false));
    let told = all.into_iter().filter(|(_, n, always, _)| *always || *n > 0);
    own.into_iter().chain(told.map(|(key, n, _, alarm)| (lang.text(key), lang.number(n), alarm))).collect()
}

/// What the day itself owes of the order, as the figures since the first day have it: a plan asks for more, to catch up
/// or to be ahead. None for a contract, and for an order whose number is a unit's.
fn own_share(g: &Gathered, campaign: &CampaignCode) -> Option<f64> {
    let order = g.city.campaigns.directive_of(campaign).filter(|o| o.quota.is_some_and(|q| q.of == Of::Screen))?;
    let days = g.city.campaigns.days_owed(&g.city.directory, order, &g.screen, g.day);
    let owed = days.iter().find(|d| d.day == g.day)?.owed;
    Some(*owed.numer() as f64 / *owed.denom() as f64)
}

fn ledgers(lang: Lang, g: &Gathered) -> Vec<Ledger> {
    let counts = g.evidence.counts();
    let mut planned: Vec<_> = g.plan.iter().flat_map(|p| &p.campaigns).collect();
    planned.retain(|c| matches!(c.tier, Tier::Order | Tier::Contract));
    planned.sort_by_key(|c| (c.tier, c.campaign.clone()));
    planned
        .into_iter()
        .map(|c| {
            let none = Counts::default();
            let sums = Sums::of(c.planned, counts.get(&c.campaign).unwrap_or(&none));
            Ledger {
                title: title(lang, &g.city, c.campaign.as_str()),
                tier: lang.text(&format!("tier-{}", names::tier(c.tier))),
                figures: figures(lang, g, c, &sums),
                plan_short: shown_or_empty(lang.pick(&c.short_vi, &c.short_en)),
            }
        })
        .collect()
}

fn shown_or_empty(text: &str) -> String {
    if text.is_empty() { String::new() } else { shown(text) }
}

/// The table: orders and make-goods, or everything but the loop; and the way to the other.
fn rows(asked: &Asked, g: &Gathered, name: &dyn Fn(&DayLine) -> String) -> (Vec<Row>, Option<(String, String)>) {
    let lang = asked.lang;
    let all = asked.value("plays") == Some("all");
    let of_table = |l: &&DayLine| matches!(l.tier, Tier::Fixed | Tier::Order | Tier::Contract);
    let chosen = |l: &&DayLine| all || l.tier == Tier::Order || l.in_place_of.is_some();
    let others = g.lines.iter().filter(of_table).filter(|l| !chosen(l)).count();
    let rows = g.lines.iter().filter(of_table).filter(chosen).map(|l| row(lang, g, l, name(l))).collect();
    let more = match (all, others) {
        (true, _) => Some((lang.text("plays-fewer"), asked.with("plays", None) + "#plays")),
        (false, 0) => None,
        (false, n) => {
            let text = lang.say("plays-more", &Values::new().count(lang, "n", n as u64));
            Some((text, asked.with("plays", Some("all")) + "#plays"))
        }
    };
    (rows, more)
}

fn row(lang: Lang, g: &Gathered, line: &DayLine, title: String) -> Row {
    let (state, tone) = state(lang, line);
    Row {
        time: time(line.start_s),
        title,
        note: names::in_place_of(lang, line, g.day).unwrap_or_default(),
        state,
        tone,
        record: line.record.map(|i| record_text(lang, g, i)).unwrap_or_default(),
        why: why_href(g.screen.code.as_str(), g.day, line.start_s, Some(&line.campaign)),
    }
}

/// The record a figure can be walked back to: its times, its evidence level and its identity.
pub(super) fn record_text(lang: Lang, g: &Gathered, i: usize) -> String {
    let judged = &g.evidence.records[i];
    let clock = |at: UtcMillis| time((at.local(g.offset).1 + 500) / 1000);
    let level = serde_json::to_value(judged.record.display).ok().and_then(|v| v.as_str().map(str::to_owned));
    let values = Values::new()
        .word("from", clock(judged.record.start))
        .word("to", clock(judged.record.end))
        .word("level", level.unwrap_or_default())
        .word("device", format!("{}.{}.{}", judged.device, judged.epoch, judged.seq));
    lang.say(if judged.record.result.was_shown() { "record-shown" } else { "record-not-shown" }, &values)
}
