//! Players, as they last said of themselves.

use super::call::{Call, List, json};
use super::table::{DONE, Kind, Operation, PAGE, Takes, gives, may};
use crate::directory::table::SourceFile;
use crate::fleet::pairing::Which;
use crate::fleet::{DeviceState, FleetError, list};
use crate::people::Act::{Enrol, View};
use crate::people::{Denied, On};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::{Account, May};
use crate::web::routes::Subject;
use http::StatusCode;
use lichphat_playlists::wire::health::Health;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::Reply as _;

/// A screen's present player; what it did not tell is null.
#[derive(Debug, Serialize, JsonSchema)]
struct DeviceRow {
    /// Its screen.
    screen: String,
    /// Its number.
    device: u64,
    /// A simulated one.
    simulated: bool,
    /// When it was heard last, RFC 3339; null: never.
    heard: Option<String>,
    /// Stable codes of what is wrong with it.
    troubles: Vec<String>,
    /// Degrees Celsius.
    temperature_c: Option<f64>,
    /// Bytes.
    disk_free_bytes: Option<u64>,
    /// Bytes.
    memory_free_bytes: Option<u64>,
    /// Milliseconds by which its clock differs from ours.
    clock_offset_ms: Option<i64>,
    /// How sure it is of the panel: `dark`, `D0` … `D3`.
    display: Option<String>,
    /// Its program.
    software: Option<String>,
    /// Seconds since it was switched on.
    uptime_s: Option<u64>,
    /// Media of the days to come that it has not got yet.
    media_missing: Option<u32>,
    /// Its last faults, newest last.
    faults: Vec<String>,
}

/// The code that a box shows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// Eight signs; capitals, blanks and dashes do not matter.
    code: String,
}

/// Why a player is revoked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Revoke {
    /// It stands in the log; at most 200 letters.
    why: String,
}

/// What a list of boxes has changed.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    /// Boxes that were not on a list before, or are on none any more.
    boxes: u32,
}

fn row(state: &DeviceState, call: &Call) -> DeviceRow {
    let beat = state.heard.as_ref().map(|(_, beat)| beat);
    let health = beat.map(|beat| &beat.health);
    let mut troubles: Vec<&str> = health.map(Health::troubles).unwrap_or_default().iter().map(|t| t.code()).collect();
    troubles.extend(state.is_doubled().then_some("doubled"));
    let word = |level| serde_json::to_value(level).ok().and_then(|v| v.as_str().map(str::to_owned));
    DeviceRow {
        screen: state.screen.to_string(),
        device: state.device.0.into(),
        simulated: state.simulated,
        heard: state.heard.as_ref().map(|(at, _)| at.rfc3339(call.app.utc_offset)),
        troubles: troubles.into_iter().map(str::to_owned).collect(),
        temperature_c: health.and_then(|h| h.temperature_mc).map(|mc| f64::from(mc) / 1_000.0),
        disk_free_bytes: health.and_then(|h| h.disk).map(|disk| disk.free_bytes),
        memory_free_bytes: health.and_then(|h| h.memory).map(|memory| memory.free_bytes),
        clock_offset_ms: health.and_then(|h| h.clock.offset_ms),
        display: health.and_then(|h| word(h.display.level)),
        software: health.map(|h| h.versions.software.clone()),
        uptime_s: health.and_then(|h| h.uptime_s),
        media_missing: beat.map(|beat| beat.media_missing),
        faults: beat.map(|beat| beat.faults.clone()).unwrap_or_default(),
    }
}

const LISTING: Operation = Operation {
    method: "POST",
    path: "/api/v1/devices/lists",
    need: May(Enrol, Subject::Somewhere),
    id: "listBoxes",
    about: "Lets all boxes of a list in (serial, sha256, screen), when they come within 90 days; no code is needed.",
    query: &[],
    takes: Takes::Bytes(&["text/csv", "application/toml"], super::imports::MOST_BYTES),
    gives: &[gives(|g| g.subschema_for::<Listed>())],
    refuses: &[],
    run: |call| Box::pin(add_list(call)),
};

pub(super) const OPERATIONS: &[Operation] = &[
    LISTING,
    Operation {
        path: "/api/v1/devices/lists/removal",
        id: "unlistBoxes",
        about: "Takes the boxes of a list that have not come off it again.",
        run: |call| Box::pin(remove_list(call)),
        ..LISTING
    },
    Operation {
        method: "GET",
        path: "/api/v1/devices",
        need: Account,
        id: "listDevices",
        about: "The players that stand at screens today, by screen.",
        query: &[PAGE, &[may("troubled", Kind::Flag, "Only those that say something is wrong, or were never heard.")]],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<DeviceRow>>())],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/screens/{screen}/device",
        need: May(View, Subject::Screen("screen")),
        id: "getDevice",
        about: "The player that stands at a screen today.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<DeviceRow>())],
        refuses: &[],
        run: |call| Box::pin(one(call)),
    },
    Operation {
        method: "POST",
        path: "/api/v1/screens/{screen}/pairing",
        need: May(Enrol, Subject::Screen("screen")),
        id: "pairBox",
        about: "Lets the box that shows this code stand at a screen; the screen's earlier box goes when it registers.",
        query: &[],
        takes: Takes::Json(|g| g.subschema_for::<Code>()),
        gives: &[DONE],
        refuses: &[],
        run: |call| Box::pin(pair(call)),
    },
    Operation {
        method: "POST",
        path: "/api/v1/screens/{screen}/device/revocation",
        need: May(Enrol, Subject::Screen("screen")),
        id: "revokeDevice",
        about: "Revokes the player that stands at a screen: nothing of it is accepted any more, and it gets nothing.",
        query: &[],
        takes: Takes::Json(|g| g.subschema_for::<Revoke>()),
        gives: &[DONE],
        refuses: &[],
        run: |call| Box::pin(revoke(call)),
    },
];

/// The list of the body, when he may let boxes in at each of its screens.
fn boxes(call: &Call) -> Result<SourceFile<'_>, Problem> {
    let file = SourceFile { name: "boxes", bytes: &call.body };
    for listed in list::parse(file, None).map_err(|problems| super::imports::mistakes(&problems))? {
        let (on, unfit) = (On::Screen(&listed.screen), |status, code| {
            Problem::new(status, code).of("screen", listed.screen.as_str())
        });
        call.caller.may(Enrol, on, &call.city.directory, call.today()).map_err(|why| match why {
            Denied::Unseen => unfit(StatusCode::UNPROCESSABLE_ENTITY, "unknown-screen"),
            Denied::Role => unfit(StatusCode::FORBIDDEN, "forbidden"),
            Denied::Weak => unfit(StatusCode::FORBIDDEN, "second-factor"),
        })?;
    }
    Ok(file)
}

async fn add_list(call: Call) -> Result<Response, Problem> {
    let (file, by) = (boxes(&call)?, &call.caller.account);
    let added = call.app.fleet.add_list(file, &call.city.directory, by).await?;
    Ok(json(&Listed { boxes: added.map_err(|problems| super::imports::mistakes(&problems))? }))
}

async fn remove_list(call: Call) -> Result<Response, Problem> {
    let gone = call.app.fleet.remove_list(boxes(&call)?, &call.caller.account).await?;
    Ok(json(&Listed { boxes: gone.map_err(|problems| super::imports::mistakes(&problems))? }))
}

async fn list(call: Call) -> Result<Response, Problem> {
    let troubled = call.flag("troubled");
    let states = call.app.fleet.states(None).await?;
    let seen = |state: &&DeviceState| {
        call.city.directory.screen(&state.screen).is_some_and(|screen| call.sight.screen(screen))
    };
    let rows = states.iter().filter(seen).map(|state| (state.screen.to_string(), row(state, &call)));
    call.page(rows.filter(|(_, row)| !troubled || row.heard.is_none() || !row.troubles.is_empty()))
}

async fn one(call: Call) -> Result<Response, Problem> {
    let screen = call.screen()?;
    let state = call.app.fleet.states(Some(&screen.code)).await?.pop();
    state
        .map(|state| json(&row(&state, &call)))
        .ok_or_else(|| super::call::unknown("no-device", "screen", screen.code.as_str()))
}

async fn pair(call: Call) -> Result<Response, Problem> {
    let screen = call.screen()?;
    let Code { code } = call.json_body()?;
    let unfit = |status, problem| Problem::new(status, problem).of("screen", screen.code.as_str());
    match call.app.fleet.confirm(&code, &screen.code, &call.city.directory, &call.caller.account).await {
        Err(FleetError::NoCode) => Err(unfit(StatusCode::UNPROCESSABLE_ENTITY, "no-code")),
        Err(FleetError::NoSuchScreen(_)) => Err(unfit(StatusCode::CONFLICT, "not-managed")),
        done => Ok(done.map(|()| StatusCode::NO_CONTENT.into_response())?),
    }
}

async fn revoke(call: Call) -> Result<Response, Problem> {
    let screen = call.screen()?;
    let Revoke { why } = call.json_body()?;
    match call.app.fleet.revoke(Which::At(screen.code.clone()), &why, &call.caller.account).await {
        Err(FleetError::NoReason) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no-reason").of("why", &why)),
        Err(FleetError::NoDevice(screen)) => {
            Err(Problem::new(StatusCode::CONFLICT, "no-device").of("screen", screen.as_str()))
        }
        done => Ok(done.map(|_| StatusCode::NO_CONTENT.into_response())?),
    }
}
