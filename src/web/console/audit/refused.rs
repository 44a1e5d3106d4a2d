//! Plays that do not count, each with its reason: asked by campaign, unit, days and reason, page by page and as a file. The address names
//! the log's entries that it looks at, so that it gives the same answer again whatever comes in later.

use super::super::data::{City, Console, running};
use super::super::overview::order_title;
use super::super::page::{Page, shown};
use super::super::screens::file;
use super::super::{Asked, ConsoleError, href};
use crate::directory::{Directory, Link, inert};
use crate::lang::{Lang, Values};
use crate::people::{Act, Caller, On, Sight};
use crate::sampling::{RefusedPlay, RefusedPlays, RefusedQuery, ScreenDay};
use crate::web::Response;
use askama::Template;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcOffset, clock_text};
use std::collections::BTreeSet;

/// Plays of a page.
const PER_PAGE: usize = 50;
/// Plays of a file; who asks for more takes fewer days.
const MOST: usize = 100_000;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    page: Page,
    problem: String,
    campaign: String,
    campaigns: Vec<(String, String, bool)>,
    unit: String,
    from: String,
    to: String,
    reason: String,
    answer: Option<AnswerView>,
    /// Another bundle is being made.
    busy: String,
    /// He may draw samples and take bundles: they are of the whole city.
    everywhere: bool,
}

struct AnswerView {
    summary: String,
    reasons: Vec<(String, String, String)>,
    rows: Vec<RowView>,
    next: Option<String>,
    again: String,
    csv: String,
    checkpoint: String,
    empty: bool,
}

struct RowView {
    screen: String,
    name: String,
    day: String,
    time: String,
    why: String,
    record: String,
    entry: String,
}

/// What is asked, as the address says it.
struct Wanted {
    query: RefusedQuery,
    unit: Option<UnitCode>,
}

/// Why there is no answer: a field, its value, and what is wrong.
type Wrong = (&'static str, String, String);

fn wanted(asked: &Asked, (city, sight): (&City, &Sight), size: u64, today: LocalDay) -> Result<Option<Wanted>, Wrong> {
    let lang = asked.lang;
    let value = |name: &str| asked.value(name).unwrap_or_default().to_owned();
    let Some(campaign) = asked.value("campaign") else { return Ok(None) };
    let wrong = |field: &'static str, key: &str| (field, value(field), lang.text(key));
    let campaign = CampaignCode::new(campaign).map_err(|_| wrong("campaign", "audit-bad-campaign"))?;
    let day = |field: &'static str, otherwise: LocalDay| match asked.value(field) {
        None => Ok(otherwise),
        given => super::super::names::day(given, today).map_err(|_| wrong(field, "audit-bad-day")),
    };
    let to = day("to", today)?;
    let from = day("from", to)?;
    if from > to || to.days_since(from) > 366 {
        return Err(wrong("from", "audit-bad-days"));
    }
    let unit = match asked.value("unit") {
        None => None,
        Some(text) => {
            let found = city.directory.find_unit_among(text, today, |unit| sight.unit(unit));
            let unit = found.map_err(|error| ("unit", text.to_owned(), error.say().pick(lang).to_owned()))?;
            Some(unit.code.clone())
        }
    };
    let after = asked.value("after").map(|text| {
        let (screen, day) = text.rsplit_once('_').ok_or_else(|| wrong("after", "audit-bad-after"))?;
        let screen = ScreenCode::new(screen).map_err(|_| wrong("after", "audit-bad-after"))?;
        Ok((screen, day.parse::<LocalDay>().map_err(|_| wrong("after", "audit-bad-after"))?))
    });
    let size = match asked.value("log") {
        None => size,
        Some(text) => text.parse().ok().filter(|n| *n <= size).ok_or_else(|| wrong("log", "audit-bad-log"))?,
    };
    let reason = asked.value("reason").map(str::to_owned);
    let query = RefusedQuery { campaign, from, to, reason, size, after: after.transpose()? };
    Ok(Some(Wanted { query, unit }))
}

/// Which screens he may look behind, and asks about.
fn screens(directory: &Directory, caller: &Caller, unit: Option<&UnitCode>, today: LocalDay) -> BTreeSet<ScreenCode> {
    let below = unit.map(|unit| directory.subtree(unit));
    let tied = |screen: &crate::directory::Screen, units: &BTreeSet<UnitCode>| {
        Link::ALL.iter().any(|link| screen.unit(*link, today).is_some_and(|unit| units.contains(unit)))
    };
    let everywhere = caller.may(Act::Audit, On::City, directory, today).is_ok();
    let may = |code: &ScreenCode| everywhere || caller.may(Act::Audit, On::Screen(code), directory, today).is_ok();
    let all = directory.screens().filter(|screen| below.as_ref().is_none_or(|units| tied(screen, units)));
    all.map(|screen| screen.code.clone()).filter(may).collect()
}

async fn find(
    console: &Console,
    asked: &Asked,
    city: &City,
    wanted: &Wanted,
    most: usize,
) -> Result<RefusedPlays, ConsoleError> {
    let today = console.today().1;
    let screens = screens(&city.directory, asked.caller()?, wanted.unit.as_ref(), today);
    Ok(console.sampling.refused(&wanted.query, |screen| screens.contains(screen), most).await?)
}

/// The address of this question, at these entries of the log.
fn address(path: &str, asked: &Asked, query: &RefusedQuery, after: Option<&ScreenDay>) -> String {
    let (size, from, to) = (query.size.to_string(), query.from.to_string(), query.to.to_string());
    let after = after.map(|(screen, day)| format!("{screen}_{day}"));
    let mut pairs = vec![("campaign", query.campaign.as_str()), ("from", from.as_str()), ("to", &*to), ("log", &*size)];
    pairs.extend(asked.value("unit").map(|unit| ("unit", unit)));
    pairs.extend(query.reason.as_deref().map(|reason| ("reason", reason)));
    pairs.extend(after.as_deref().map(|after| ("after", after)));
    href(path, pairs)
}

/// `GET /audit`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let (lang, (city, today)) = (asked.lang, console.directory_today().await?);
    let head = console.log.head().await?;
    let size = head.as_ref().map_or(0, |head| head.size);
    let given = |name: &str| asked.value(name).unwrap_or_default().to_owned();
    let (mut problem, mut answer) = (String::new(), None);
    match wanted(asked, (&city, &asked.sight(&city, console)?), size, today) {
        Ok(None) => {}
        Ok(Some(wanted)) => {
            let found = find(console, asked, &city, &wanted, PER_PAGE).await?;
            let note = head.filter(|head| head.size == wanted.query.size).map_or_else(String::new, |head| head.note);
            answer = Some(view(asked, &city, &wanted, &found, (console.offset, note)));
        }
        Err((field, value, mend)) => {
            let values = Values::new()
                .word("field", lang.text(&format!("audit-{field}")))
                .word("value", shown(&value).chars().take(80).collect::<String>())
                .word("mend", mend);
            problem = lang.say("screens-problem", &values);
        }
    }
    let campaign = given("campaign");
    let orders = city
        .campaigns
        .directives()
        .map(|order| (order.code.to_string(), order_title(lang, order), order.code.as_str() == campaign));
    // the first running order is what most auditors come for
    let first = running(&city.campaigns, today).next().map_or_else(String::new, |order| order.code.to_string());
    let view = AuditPage {
        page: Page::new(console, asked, lang.text("audit-title")),
        problem,
        campaigns: orders.collect(),
        campaign: if campaign.is_empty() { first } else { campaign },
        unit: given("unit"),
        from: given("from"),
        to: given("to"),
        reason: given("reason"),
        answer,
        busy: match asked.value("bundle") {
            Some("none") => lang.text("audit-bundle-none"),
            Some(_) => lang.text("audit-bundle-busy"),
            None => String::new(),
        },
        everywhere: asked.caller()?.may(Act::Audit, On::City, &city.directory, today).is_ok(),
    };
    Ok(view.render()?)
}

fn view(
    asked: &Asked,
    city: &City,
    wanted: &Wanted,
    found: &RefusedPlays,
    (offset, note): (UtcOffset, String),
) -> AnswerView {
    let (lang, query) = (asked.lang, &wanted.query);
    let all: u64 = found.sums.values().sum();
    let reason = |(code, n): (&String, &u64)| {
        let only = RefusedQuery { reason: Some(code.clone()), after: None, ..query.clone() };
        (lang.cause(code), lang.number(*n), address("/audit", asked, &only, None))
    };
    let first = RefusedQuery { after: None, ..query.clone() };
    AnswerView {
        summary: lang.say("audit-summary", &Values::new().count(lang, "n", all)),
        reasons: found.sums.iter().map(reason).collect(),
        rows: found.plays.iter().map(|play| row(lang, city, play, offset)).collect(),
        next: found.next.as_ref().map(|after| address("/audit", asked, query, Some(after))),
        again: address("/audit", asked, query, query.after.as_ref()),
        csv: address("/audit/plays.csv", asked, &first, None),
        checkpoint: lang.say("audit-checkpoint", &Values::new().count(lang, "n", query.size)) + "\n" + &note,
        empty: found.plays.is_empty(),
    }
}

fn record(play: &RefusedPlay) -> String {
    format!("{}.{}.{}", play.device, play.epoch, play.seq)
}

fn row(lang: Lang, city: &City, play: &RefusedPlay, offset: UtcOffset) -> RowView {
    let time = clock_text(play.start.local(offset).1 / 1000);
    RowView {
        screen: play.screen.to_string(),
        name: city.directory.screen(&play.screen).map_or_else(String::new, |screen| shown(&screen.name)),
        day: lang.day(play.day),
        time,
        why: lang.cause(&play.reason),
        record: record(play),
        entry: play.log_index.to_string(),
    }
}

/// `GET /audit/plays.csv`: the whole answer.
pub(super) async fn csv(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let (city, today) = console.directory_today().await?;
    let size = console.log.head().await?.map_or(0, |head| head.size);
    let bad = |(field, value, _): Wrong| ConsoleError::Bad { kind: "command", value: format!("{field} = {value}") };
    let Some(wanted) = wanted(asked, (&city, &asked.sight(&city, console)?), size, today).map_err(bad)? else {
        return Err(bad(("campaign", String::new(), String::new())));
    };
    let found = find(console, asked, &city, &wanted, MOST).await?;
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(b"\xef\xbb\xbf".to_vec());
    // into memory: writing there does not fail
    let _ = out.write_record(["screen", "name", "day", "start", "end", "reason", "unclear", "record", "log_index"]);
    for play in &found.plays {
        let name = city.directory.screen(&play.screen).map_or("", |screen| screen.name.as_str());
        let _ = out.write_record([
            play.screen.as_str(),
            &inert(name),
            &play.day.to_string(),
            &play.start.rfc3339(console.offset),
            &play.end.rfc3339(console.offset),
            &play.reason,
            if play.unclear { "yes" } else { "no" },
            &record(play),
            &play.log_index.to_string(),
        ]);
    }
    if let Some(after) = &found.next {
        // said in the file itself, or it would be taken for all of it
        let rest = address("/audit/plays.csv", asked, &wanted.query, Some(after));
        let _ = out.write_record([format!("# goes on at {rest}")]);
    }
    Ok(file(out.into_inner().unwrap_or_default(), "luot-khong-tinh.csv"))
}
