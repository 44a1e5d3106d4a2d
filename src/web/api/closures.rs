//! Closures and repairs of one screen, what its next seven days hold, and what anyone did about it: as the console's pages say it.

use super::call::{Call, json};
use super::table::{Kind, Operation, Takes, gives, may};
use crate::directory::Closure;
use crate::people::Act::{Operate, View};
use crate::web::Response;
use crate::web::console::screen_week::{DAYS, NotEntered, enter, unapproved_codes};
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::StatusCode;
use lichphat_playlists::proof::entry::Statement;
use lichphat_playlists::time::UtcOffset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Deeds of a page.
const LINES: u32 = 100;

/// A closure or a repair.
#[derive(Debug, Serialize, JsonSchema)]
struct ClosureRow {
    /// Beginning, local time: `2026-11-24 08:00`.
    from: String,
    /// End, excluded; of a whole day `2026-11-24 24:00`.
    to: String,
    /// Why.
    reason: String,
    /// Who says so.
    author: String,
    /// When it was entered, RFC 3339.
    entered: String,
}

fn row(closure: &Closure, offset: UtcOffset) -> ClosureRow {
    ClosureRow {
        from: closure.from.to_string(),
        to: closure.to.to_string(),
        reason: closure.reason.clone(),
        author: closure.author.clone(),
        entered: closure.entered_at.rfc3339(offset),
    }
}

/// A closure as it is entered: ahead of time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewClosure {
    /// First day, `2026-11-24`.
    from: String,
    /// `08:00`; from the beginning of the day, and today from now on, when it is left out.
    #[serde(default)]
    from_time: Option<String>,
    /// Last day, included.
    to: String,
    /// `17:00`; to the end of the day when it is left out.
    #[serde(default)]
    to_time: Option<String>,
    /// Why, on one line.
    reason: String,
}

/// A closure as its reader has seen it: one that has begun ends with the next minute, one that has not is gone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reopened {
    /// Beginning, as it was listed.
    from: String,
    /// End, as it was listed.
    to: String,
    /// Reason, as it was listed.
    reason: String,
}

/// The closures of a screen itself.
#[derive(Debug, Serialize, JsonSchema)]
struct Closures {
    /// By their beginning.
    items: Vec<ClosureRow>,
}

/// One of the next seven days.
#[derive(Debug, Serialize, JsonSchema)]
struct WeekDay {
    /// The day.
    day: String,
    /// When the screen is on, `08:00-12:00;13:00-17:00`; empty: not at all.
    duty: String,
    /// What closes it, its own and its units'.
    closures: Vec<ClosureRow>,
    /// Is there a plan?
    planned: bool,
    /// What the plan holds of orders and contracts.
    campaigns: Vec<Held>,
    /// Campaigns that are wanted on the day and may not be shown: nobody has approved them.
    unapproved: Vec<String>,
}

/// Plays of a campaign in a plan.
#[derive(Debug, Serialize, JsonSchema)]
struct Held {
    /// The campaign.
    campaign: String,
    /// Plays that were asked for.
    asked: u32,
    /// Plays that found a place.
    planned: u32,
}

/// The next seven days of a screen.
#[derive(Debug, Serialize, JsonSchema)]
struct Week {
    /// Today first.
    items: Vec<WeekDay>,
}

/// Something that somebody did about the screen, as the log has it.
#[derive(Debug, Serialize, JsonSchema)]
struct DeedRow {
    /// Its entry of the log.
    entry: u64,
    /// When, RFC 3339.
    at: String,
    /// Whose account; `shell` for the server's command line.
    by: String,
    /// What: a stable word.
    act: String,
    /// What there is to say of it.
    detail: String,
}

/// What anyone did about a screen, newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct History {
    /// The newest first.
    items: Vec<DeedRow>,
    /// `before` of what comes next; null: nothing does.
    next: Option<u64>,
}

const LIST: Operation = Operation {
    method: "GET",
    path: "/api/v1/screens/{screen}/closures",
    need: May(View, Subject::Screen("screen")),
    id: "listClosures",
    about: "Closures and repairs of the screen itself, by their beginning.",
    query: &[],
    takes: Takes::Nothing,
    gives: &[gives(|g| g.subschema_for::<Closures>())],
    refuses: &[],
    run: |call| Box::pin(list(call)),
};

pub(super) const OPERATIONS: &[Operation] = &[
    LIST,
    Operation {
        method: "POST",
        need: May(Operate, Subject::Screen("screen")),
        id: "closeScreen",
        about: "Enters a closure or a repair, ahead of time only. 409 `closure-clash`: another one begins at the same time.",
        takes: Takes::Json(|g| g.subschema_for::<NewClosure>()),
        run: |call| Box::pin(close(call)),
        ..LIST
    },
    Operation {
        method: "POST",
        path: "/api/v1/screens/{screen}/reopening",
        need: May(Operate, Subject::Screen("screen")),
        id: "reopenScreen",
        about: "Takes a closure back: one that has begun ends with the next minute. 409 `changed-meanwhile`: it is over, or not as it was seen.",
        takes: Takes::Json(|g| g.subschema_for::<Reopened>()),
        run: |call| Box::pin(reopen(call)),
        ..LIST
    },
    Operation {
        path: "/api/v1/screens/{screen}/week",
        id: "getScreenWeek",
        about: "What the next seven days hold for a screen: hours, closures, plays of its plans, and what nobody has approved.",
        gives: &[gives(|g| g.subschema_for::<Week>())],
        run: |call| Box::pin(week(call)),
        ..LIST
    },
    Operation {
        path: "/api/v1/screens/{screen}/history",
        id: "getScreenHistory",
        about: "What anyone did about a screen, newest first, as the log has it.",
        query: &[&[may("before", Kind::Number(0, u32::MAX), "Only entries of the log before this one.")]],
        gives: &[gives(|g| g.subschema_for::<History>())],
        run: |call| Box::pin(history(call)),
        ..LIST
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    answer(&call, &call.city.directory)
}

fn answer(call: &Call, directory: &crate::directory::Directory) -> Result<Response, Problem> {
    let own = directory.own_closures(&call.screen()?.code);
    Ok(json(&Closures { items: own.map(|closure| row(closure, call.app.utc_offset)).collect() }))
}

/// Enters or takes back what the fields say, as the page does; the list as it is then.
async fn put(call: &Call, fields: BTreeMap<String, String>) -> Result<Response, Problem> {
    let console = &call.app.console;
    let done = enter(console, &call.caller, (&call.city, call.screen()?), &fields).await;
    done.map_err(|error| match error {
        NotEntered::Field(error) => {
            let field = error.field.strip_prefix("close_").unwrap_or(error.field);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").of(field, &error.value).saying(error.mend)
        }
        NotEntered::Clash => Problem::new(StatusCode::CONFLICT, "closure-clash"),
        NotEntered::Changed => Problem::new(StatusCode::CONFLICT, "changed-meanwhile"),
        NotEntered::Page(error) => error.into(),
    })?;
    answer(call, &console.city().await?.directory)
}

async fn close(call: Call) -> Result<Response, Problem> {
    let NewClosure { from, from_time, to, to_time, reason } = call.json_body()?;
    let fields = [
        ("close_from", Some(from)),
        ("close_from_time", from_time),
        ("close_to", Some(to)),
        ("close_to_time", to_time),
        ("reason", Some(reason)),
    ];
    put(&call, fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()).await
}

async fn reopen(call: Call) -> Result<Response, Problem> {
    let Reopened { from, to, reason } = call.json_body()?;
    let seen = format!("{from} – {to}: {reason}");
    put(&call, [("back".to_owned(), from), ("seen".to_owned(), seen)].into_iter().collect()).await
}

async fn week(call: Call) -> Result<Response, Problem> {
    let (screen, today, directory) = (call.screen()?, call.today(), &call.city.directory);
    let mut items = Vec::new();
    for day in today.through(today.plus(DAYS - 1)) {
        let plan = call.app.console.newest_plan(&screen.code, day).await?;
        let held = plan.iter().flat_map(|plan| &plan.campaigns);
        let held = held.map(|c| Held { campaign: c.campaign.to_string(), asked: c.asked, planned: c.planned });
        items.push(WeekDay {
            day: day.to_string(),
            duty: directory.duty(screen, day).text(),
            closures: directory.closures_of(screen, day).into_iter().map(|c| row(c, call.app.utc_offset)).collect(),
            planned: plan.is_some(),
            campaigns: held.collect(),
            unapproved: unapproved_codes(&call.city, screen, day).iter().map(ToString::to_string).collect(),
        });
    }
    Ok(json(&Week { items }))
}

async fn history(call: Call) -> Result<Response, Problem> {
    let before = call.number("before").map(u64::from);
    let said = call.app.log.about(&call.screen()?.code, before, LINES).await?;
    let next = said.last().filter(|_| said.len() == LINES as usize).map(|(entry, _)| *entry);
    let offset = call.app.utc_offset;
    let line = |(entry, statement): &(u64, Statement)| {
        let (at, by, act, detail) = match statement {
            Statement::Act { at_ms, account, act, detail, .. } => (at_ms, account.clone(), act.clone(), detail.clone()),
            Statement::Device { at_ms, approval, device, .. } => {
                (at_ms, approval.by.clone(), "device".to_owned(), device.to_string())
            }
            Statement::DeviceEnd { at_ms, by, device, .. } => {
                (at_ms, by.clone(), "device-end".to_owned(), device.to_string())
            }
            _ => return None,
        };
        Some(DeedRow { entry: *entry, at: at.rfc3339(offset), by, act, detail })
    };
    Ok(json(&History { items: said.iter().filter_map(line).collect(), next }))
}
