//! Screens: who they are, what a day of theirs is made of, why, and what is asked of their players.

use super::call::{Call, List, json, tag_of, unknown, with_status};
use super::table::{Gives, Kind, Operation, PAGE, Takes, UNCHANGED, bytes, gives, may};
use crate::compliance::screen_day::{DayLine, SlotState};
use crate::directory::{Link, Screen, ScreenKind};
use crate::fleet::{Asked, FleetError};
use crate::people::Act::{Operate, View};
use crate::planning::why::{Asked as Question, explain};
use crate::web::Response;
use crate::web::console::ask::{Wish, picture_of};
use crate::web::console::data::knows;
use crate::web::console::names::{tier, tongue, world};
use crate::web::console::screen::{Gathered, gather};
use crate::web::problem::Problem;
use crate::web::routes::Need::{Account, May};
use crate::web::routes::Subject;
use http::{HeaderValue, StatusCode, header};
use lichphat_playlists::ids::{CampaignCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis, clock_text, parse_clock};
use lichphat_playlists::wire::command::Outcome;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use warp::Reply as _;

/// Commands of a screen that are listed.
const LISTED: u32 = 100;
const KINDS: &[&str] = &["managed", "third-party", "none"];
const LINKS: &[&str] = &["owner", "territory", "sector", "operator"];

/// A place where people look.
#[derive(Debug, Serialize, JsonSchema)]
struct ScreenRow {
    /// Its code, for life.
    code: String,
    /// What people call it.
    name: String,
    /// Where it is; empty when nobody has said.
    address: String,
    /// The kind of place.
    venue_type: String,
    /// Who plays on it: `managed` (a player of ours), `third-party`, `none`.
    kind: String,
    /// How the player reaches the panels.
    connection: String,
    /// Panels behind the output.
    panels: u16,
    /// Pixels; 0 for a loudspeaker.
    width_px: u16,
    /// Pixels; 0 for a loudspeaker.
    height_px: u16,
    /// `video`, or `none` for a loudspeaker.
    output: String,
    /// The unit at the end of each link today: `owner`, `territory`, `sector`, `operator`.
    units: BTreeMap<String, String>,
    /// First day on which it stands there; none: it always did.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
}

fn row(screen: &Screen, today: LocalDay) -> ScreenRow {
    let unit = |link: &Link| Some((link.to_string(), screen.unit(*link, today)?.to_string()));
    ScreenRow {
        code: screen.code.to_string(),
        name: screen.name.clone(),
        address: screen.address.clone(),
        venue_type: screen.venue_type.to_string(),
        kind: screen.kind.to_string(),
        connection: screen.connection.to_string(),
        panels: screen.panels,
        width_px: screen.width_px,
        height_px: screen.height_px,
        output: screen.output.to_string(),
        units: Link::ALL.iter().filter_map(unit).collect(),
        from: screen.in_service.from.map(|day| day.to_string()),
        to: screen.in_service.to.map(|day| day.to_string()),
    }
}

/// One day of one screen: hours, plan, and what became of every slot.
#[derive(Debug, Serialize, JsonSchema)]
struct Day {
    /// The screen.
    screen: String,
    /// The day.
    day: String,
    /// When it should be on: `08:00-12:00;13:30-17:00`; empty: not at all.
    duty: String,
    /// Its peak hours.
    peak: String,
    /// The plan that is in force; none: the day is not planned.
    plan: Option<Plan>,
    /// Slots of orders and contracts, and plays beside the plan, by time.
    lines: Vec<Line>,
}

/// A version of a day's plan.
#[derive(Debug, Serialize, JsonSchema)]
struct Plan {
    /// Its version.
    version: u32,
    /// Its name: SHA-256 of the signed playlist.
    hash: String,
    /// Why it was made.
    cause: String,
}

/// A slot, or a play beside the plan.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    /// Local time of its start, `08:15:00`.
    start: String,
    /// Booked length, seconds.
    length_s: u32,
    /// Its campaign.
    campaign: String,
    /// `order`, `contract`, `local`, `fixed` or `fallback`.
    tier: String,
    /// Part of the plan; false for make-goods and the safe loop.
    planned: bool,
    /// `upcoming`, `counted`, `not-counted`, `unknown`, `pending` or `missed`.
    state: String,
    /// Stable code of why it does not count or was missed.
    cause: Option<String>,
    /// The play's name, `device.epoch.seq`: for ever.
    record: Option<String>,
    /// Of a missed slot: local time at which it was made good.
    made_good: Option<String>,
}

fn line(line: &DayLine, g: &Gathered) -> Line {
    let (state, cause) = match &line.state {
        SlotState::Upcoming => ("upcoming", None),
        SlotState::Counted { .. } => ("counted", None),
        SlotState::NotCounted(code) => ("not-counted", Some(code.clone())),
        SlotState::Unknown(code) => ("unknown", Some(code.clone())),
        SlotState::Pending => ("pending", None),
        SlotState::Missed(code) => ("missed", Some((*code).to_owned())),
    };
    Line {
        start: clock_text(line.start_s),
        length_s: line.length_s,
        campaign: line.campaign.to_string(),
        tier: tier(line.tier).to_owned(),
        planned: line.planned,
        state: state.to_owned(),
        cause,
        record: line
            .record
            .and_then(|i| g.evidence.records.get(i))
            .map(|play| format!("{}.{}.{}", play.device, play.epoch, play.seq)),
        made_good: line.made_good_s.map(clock_text),
    }
}

/// Why a campaign plays at a moment, or does not.
#[derive(Debug, Serialize, JsonSchema)]
struct Why {
    /// Stable code of the rule.
    rule: String,
    /// One or two sentences, in the language of `Accept-Language`.
    text: String,
    /// What the rule was applied to.
    record: String,
}

/// Something that is asked of a player.
#[derive(Debug, Serialize, JsonSchema)]
struct Command {
    /// Its number.
    id: u64,
    /// What: `screenshot`, `restart`, `identify`, `volume`, `log` or `challenge`.
    ask: String,
    /// Who asked.
    by: String,
    /// When, RFC 3339.
    asked: String,
    /// Not to be done after this, RFC 3339.
    expires: String,
    /// `waiting`, `done`, `picture`, `log`, `shown`, `failed` or `expired`.
    outcome: String,
    /// Of one that failed: why, a stable code.
    cause: Option<String>,
    /// Where its picture is.
    picture: Option<String>,
    /// The lines of its log.
    log: Option<String>,
}

fn command(asked: &Asked, now: UtcMillis, call: &Call) -> Command {
    let offset = call.app.utc_offset;
    let outcome = asked.outcome(now);
    let (word, cause) = match &outcome {
        None => ("waiting", None),
        Some(Outcome::Done) => ("done", None),
        Some(Outcome::Picture { .. }) => ("picture", None),
        Some(Outcome::Log { .. }) => ("log", None),
        Some(Outcome::Shown(_)) => ("shown", None),
        Some(Outcome::Failed { cause }) => ("failed", Some(cause.clone())),
        Some(Outcome::Expired) => ("expired", None),
    };
    let here = |asked: &Asked| format!("/api/v1/screens/{}/commands/{}/picture", asked.screen, asked.id);
    Command {
        id: asked.id.0,
        ask: asked.ask.word().to_owned(),
        by: asked.by.clone(),
        asked: asked.asked.rfc3339(offset),
        expires: asked.expires.rfc3339(offset),
        outcome: word.to_owned(),
        cause,
        picture: matches!(outcome, Some(Outcome::Picture { .. })).then(|| here(asked)),
        log: match outcome {
            Some(Outcome::Log { text }) => Some(text),
            _ => None,
        },
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/screens",
        need: Account,
        id: "listScreens",
        about: "Screens, by code or by name.",
        query: &[
            PAGE,
            &[
                may("unit", Kind::Code, "Only screens of this unit and of what lies below it, today."),
                may("link", Kind::OneOf(LINKS), "By which link a screen is the unit's; by any when it is left out."),
                may("kind", Kind::OneOf(KINDS), "Only screens on which these play."),
                may("venue_type", Kind::Code, "Only screens at this kind of place."),
                may("sort", Kind::OneOf(&["code", "name"]), "What they are sorted by; `code` when it is left out."),
            ],
        ],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<ScreenRow>>()), UNCHANGED],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/screens/{screen}",
        need: May(View, Subject::Screen("screen")),
        id: "getScreen",
        about: "One screen.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<ScreenRow>()), UNCHANGED],
        refuses: &[],
        run: |call| Box::pin(one(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/screens/{screen}/days/{day}",
        need: May(View, Subject::Screen("screen")),
        id: "getScreenDay",
        about: "A day of a screen: its hours, its plan, and what became of every slot.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<Day>())],
        refuses: &[],
        run: |call| Box::pin(day(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/screens/{screen}/days/{day}/why",
        need: May(View, Subject::Screen("screen")),
        id: "whyOnScreen",
        about: "Why a campaign plays at a moment, or does not: in a sentence, by rule and record.",
        query: &[&[
            super::table::Param { name: "campaign", kind: Kind::Code, needed: true, about: "The campaign." },
            super::table::Param { name: "at", kind: Kind::Clock, needed: true, about: "The moment, local time." },
        ]],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<Why>())],
        refuses: &[],
        run: |call| Box::pin(why(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/screens/{screen}/commands",
        need: May(View, Subject::Screen("screen")),
        id: "listCommands",
        about: "The newest commands of a screen and what became of them, newest first.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<Command>>())],
        refuses: &[],
        run: |call| Box::pin(commands(call)),
    },
    Operation {
        method: "POST",
        path: "/api/v1/screens/{screen}/commands",
        need: May(Operate, Subject::Screen("screen")),
        id: "askOfScreen",
        about: "Asks something of a screen's player; what becomes of it is listed.",
        query: &[],
        takes: Takes::Json(|g| g.subschema_for::<Wish>()),
        gives: &[Gives { status: 202, ..gives(|g| g.subschema_for::<Command>()) }],
        refuses: &[],
        run: |call| Box::pin(ask(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/screens/{screen}/commands/{command}/picture",
        need: May(View, Subject::Screen("screen")),
        id: "getPicture",
        about: "The picture that a player sent.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[bytes("image/jpeg")],
        refuses: &[],
        run: |call| Box::pin(picture(call)),
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    let today = call.today();
    let directory = &call.city.directory;
    let unit: Option<Result<UnitCode, _>> = call.value("unit").map(str::parse);
    let link: Option<Link> = call.value("link").and_then(|link| link.parse().ok());
    let kind: Option<ScreenKind> = call.value("kind").and_then(|kind| kind.parse().ok());
    let venue = call.value("venue_type");
    let found: Vec<&Screen> = match &unit {
        Some(Ok(unit)) => directory.screens_in(unit, link, today),
        Some(Err(_)) => Vec::new(), // no code of anything
        None => directory.screens().collect(),
    };
    let wanted = |screen: &&Screen| {
        kind.is_none_or(|kind| screen.kind == kind)
            && venue.is_none_or(|venue| screen.venue_type.as_str() == venue)
            && call.sight.screen(screen)
    };
    let by_name = call.value("sort") == Some("name");
    let key = |screen: &Screen| match by_name {
        true => format!("{}\0{}", screen.name, screen.code),
        false => screen.code.to_string(),
    };
    let rows = found.into_iter().filter(wanted).map(|screen| (key(screen), row(screen, today)));
    call.tagged(&format!("{}-{today}", tag_of(&call.city)), || call.page(rows))
}

async fn one(call: Call) -> Result<Response, Problem> {
    let today = call.today();
    let screen = call.screen()?;
    call.tagged(&format!("{}-{today}", tag_of(&call.city)), || Ok(json(&row(screen, today))))
}

/// The day of the path.
fn day_of(call: &Call) -> Result<LocalDay, Problem> {
    let text = call.place("day");
    let day = text.parse().ok().filter(|_| Kind::Day.holds(text));
    day.ok_or_else(|| unknown("unknown-day", "day", text))
}

async fn day(call: Call) -> Result<Response, Problem> {
    let day = day_of(&call)?;
    let screen = call.screen()?;
    let g = gather(&call.app.console, &screen.code, day, &call.caller).await?;
    Ok(json(&Day {
        screen: g.screen.code.to_string(),
        day: g.day.to_string(),
        duty: g.city.directory.duty(&g.screen, day).text(),
        peak: g.city.directory.peak_windows(&g.screen, day).text(),
        plan: g.plan.as_ref().map(|plan| Plan {
            version: plan.head.version.0,
            hash: plan.head.hash.to_string(),
            cause: plan.cause.clone(),
        }),
        lines: g.lines.iter().map(|l| line(l, &g)).collect(),
    }))
}

async fn why(call: Call) -> Result<Response, Problem> {
    let day = day_of(&call)?;
    let screen = call.screen()?;
    let console = &call.app.console;
    let text = call.value("campaign").unwrap_or_default();
    let campaign = CampaignCode::new(text).map_err(|_| unknown("unknown-campaign", "campaign", text))?;
    let stored = console.plans.newest(&screen.code, day).await?;
    if !knows(&call.city, &call.sight, (screen, day, stored.as_ref()), &campaign) {
        return Err(unknown("unknown-campaign", "campaign", text));
    }
    let facts = console.plans.facts_of(&screen.code, world(&call.city).facts_from(day)).await?;
    let answer = explain(&Question {
        world: world(&call.city),
        screen,
        stored: stored.as_ref(),
        facts: facts.get(&campaign).unwrap_or(&BTreeMap::new()),
        campaign: &campaign,
        day,
        second: call.value("at").and_then(|at| parse_clock(at).ok()).unwrap_or_default(),
        today: call.today(),
        lang: tongue(call.lang),
    });
    Ok(json(&Why { rule: answer.rule, text: answer.text, record: answer.record }))
}

async fn commands(call: Call) -> Result<Response, Problem> {
    let screen = call.screen()?;
    let now = call.app.console.today().0;
    let all = call.app.fleet.asked(&screen.code, LISTED).await?;
    Ok(json(&List { items: all.iter().map(|asked| command(asked, now, &call)).collect(), next: None }))
}

async fn ask(call: Call) -> Result<Response, Problem> {
    let screen = call.screen()?;
    let wish: Wish = call.json_body()?;
    let unfit = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-command").of("ask", &why);
    let ask = wish.ask(screen, &call.app.fleet).map_err(unfit)?;
    let id = match call.app.fleet.ask(screen.code.clone(), ask, &call.caller, None).await {
        Err(FleetError::NoDevice(screen)) => {
            return Err(Problem::new(StatusCode::CONFLICT, "no-device").of("screen", screen.as_str()));
        }
        Err(FleetError::TooManyCommands(screen)) => {
            return Err(Problem::new(StatusCode::CONFLICT, "too-many-commands").of("screen", screen.as_str()));
        }
        Err(FleetError::BadCommand(why)) => return Err(unfit(why)),
        asked => asked?,
    };
    let all = call.app.fleet.asked(&screen.code, LISTED).await?;
    let asked = all.iter().find(|asked| asked.id == id).ok_or_else(|| Problem::internal(&"a command is lost"))?;
    Ok(with_status(StatusCode::ACCEPTED, &command(asked, call.app.console.today().0, &call)))
}

async fn picture(call: Call) -> Result<Response, Problem> {
    let screen = call.screen()?;
    let jpeg = picture_of(&call.app.console, &screen.code, call.place("command")).await?;
    let mut response = jpeg.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    Ok(response)
}
