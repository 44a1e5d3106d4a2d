//! A unit's own loop: its items in order, what may be said of one, and sending it for approval. Files come in by `PUT /api/v1/media/{media}`.

use super::call::{Call, json, unknown};
use super::media::item as file;
use super::table::{DONE, Kind, Operation, Param, Takes, gives};
use crate::campaigns::{Edit, LoopItem};
use crate::directory::problem::say;
use crate::directory::{DaySpan, Days, Hours};
use crate::error::StoreError;
use crate::exchange::loops::{LoopError, STILL_S, Workshop, order_tag};
use crate::people::Act::{Compose, View};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::StatusCode;
use lichphat_playlists::ids::VenueType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A unit's own loop.
#[derive(Debug, Serialize, JsonSchema)]
struct Loop {
    /// Names the order: who changes it says which one he has looked at.
    seen: String,
    /// Its items, in their order, with those that are over.
    items: Vec<ItemRow>,
}

/// One item of it.
#[derive(Debug, Serialize, JsonSchema)]
struct ItemRow {
    /// Its code.
    code: String,
    /// Title.
    title: String,
    /// Its file, SHA-256.
    media: Option<String>,
    /// For how long it plays, seconds.
    length_s: u32,
    /// Plays in each round.
    plays: u32,
    /// First day.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
    /// Days of the week, `mon,tue`; none: all.
    on: Option<String>,
    /// Hours, `08:00-12:00;13:00-17:00`; empty: all duty.
    hours: String,
    /// Kinds of place; empty: all of the unit's.
    venue_types: Vec<String>,
    /// It was sent to nobody yet.
    draft: bool,
    /// Names how it stands: who changes it says what he has looked at.
    seen: String,
}

fn row(item: &LoopItem) -> ItemRow {
    ItemRow {
        code: item.code.to_string(),
        title: item.title.clone(),
        media: item.file().map(|hash| hash.hex()),
        length_s: item.product.length_s,
        plays: item.weight,
        from: item.days.from.map(|day| day.to_string()),
        to: item.days.to.map(|day| day.to_string()),
        on: item.on.map(|days| days.to_string()),
        hours: item.hours.0.text(),
        venue_types: item.place.first().into_iter().flat_map(|p| &p.venue_types).map(ToString::to_string).collect(),
        draft: item.draft,
        seen: item.tag(),
    }
}

/// A file of the library that goes to the end of the loop, as a draft.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewItem {
    /// SHA-256 of the file.
    media: String,
}

/// The whole of what may be said of an item.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ItemForm {
    /// `seen` of the item as it was looked at.
    seen: String,
    /// What it is called.
    title: String,
    /// For how long a still is shown, seconds; of anything else it says nothing.
    #[serde(default)]
    length_s: Option<u32>,
    /// Plays in each round.
    plays: u32,
    /// First day.
    #[serde(default)]
    from: Option<String>,
    /// Last day, included.
    #[serde(default)]
    to: Option<String>,
    /// Days of the week, `mon-fri`.
    #[serde(default)]
    on: Option<String>,
    /// Hours, `08:00-12:00`.
    #[serde(default)]
    hours: String,
    /// Kinds of place.
    #[serde(default)]
    venue_types: Vec<String>,
}

/// Another order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// `seen` of the loop as it was looked at.
    seen: String,
    /// Codes of its items; those that are not named come last, as they stand.
    order: Vec<String>,
}

/// What sending has done.
#[derive(Debug, Serialize, JsonSchema)]
struct Sent {
    /// Proposals that are new.
    proposals: usize,
}

const SEEN: Param =
    Param { name: "seen", kind: Kind::Code, needed: true, about: "`seen` of the item as it was looked at." };

const CHANGE: Operation = Operation {
    method: "POST",
    path: "/api/v1/units/{unit}/loop",
    need: May(Compose, Subject::Unit("unit")),
    id: "addToLoop",
    about: "Puts a file of the library at the end of the unit's loop, as a draft; a draft of the same file stays the one.",
    query: &[],
    takes: Takes::Json(|g| g.subschema_for::<NewItem>()),
    gives: &[gives(|g| g.subschema_for::<ItemRow>())],
    refuses: &[],
    run: |call| Box::pin(add(call)),
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        need: May(View, Subject::Unit("unit")),
        id: "getLoop",
        about: "The unit's own loop, in its order.",
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<Loop>())],
        run: |call| Box::pin(whole(call)),
        ..CHANGE
    },
    CHANGE,
    Operation {
        method: "PUT",
        id: "orderLoop",
        about: "Puts the unit's loop in another order.",
        takes: Takes::Json(|g| g.subschema_for::<Order>()),
        gives: &[gives(|g| g.subschema_for::<Loop>())],
        run: |call| Box::pin(arrange(call)),
        ..CHANGE
    },
    Operation {
        path: "/api/v1/units/{unit}/loop/sending",
        id: "sendLoop",
        about: "Sends every draft of the unit's loop to who approves.",
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<Sent>())],
        run: |call| Box::pin(send(call)),
        ..CHANGE
    },
    Operation {
        method: "PUT",
        path: "/api/v1/units/{unit}/loop/items/{item}",
        id: "putLoopItem",
        about: "Says of an item what it is called, when, where and how often it plays. What is beyond what was approved waits for approval.",
        takes: Takes::Json(|g| g.subschema_for::<ItemForm>()),
        run: |call| Box::pin(save(call)),
        ..CHANGE
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/units/{unit}/loop/items/{item}",
        id: "takeOffLoop",
        about: "Takes an item off the loop from tomorrow's plan on; a draft is thrown away.",
        query: &[&[SEEN]],
        takes: Takes::Nothing,
        gives: &[DONE],
        run: |call| Box::pin(take_off(call)),
        ..CHANGE
    },
];

fn workshop(call: &Call) -> Result<Workshop<'_>, Problem> {
    let console = &call.app.console;
    Ok(Workshop {
        campaigns: console.campaigns_store(),
        approvals: console.approvals.store(),
        library: &call.app.library,
        directory: &call.city.directory,
        unit: &call.unit()?.code,
        by: &call.caller.account,
        now: console.today(),
    })
}

async fn whole(call: Call) -> Result<Response, Problem> {
    let city = call.app.console.city().await?;
    let own = city.campaigns.own_loop(&call.unit()?.code);
    Ok(json(&Loop { seen: order_tag(&own), items: own.into_iter().map(row).collect() }))
}

async fn add(call: Call) -> Result<Response, Problem> {
    let NewItem { media } = call.json_body()?;
    let item = file(&call, &media).await?;
    let added = workshop(&call)?.add_known(&item.media, &item.name, STILL_S).await;
    let added = added.map_err(|error| refused(error, &call))?;
    Ok(json(&row(&added)))
}

async fn arrange(call: Call) -> Result<Response, Problem> {
    let Order { seen, order } = call.json_body()?;
    workshop(&call)?.arrange(&seen, &order).await.map_err(|error| refused(error, &call))?;
    whole(call).await
}

async fn send(call: Call) -> Result<Response, Problem> {
    let proposals = workshop(&call)?.send().await.map_err(|error| refused(error, &call))?;
    Ok(json(&Sent { proposals }))
}

fn bad(field: &str, value: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").of(field, value)
}

async fn save(call: Call) -> Result<Response, Problem> {
    let form: ItemForm = call.json_body()?;
    let day = |field: &str, text: &Option<String>| {
        text.as_ref().map(|text| text.parse().map_err(|_| bad(field, text))).transpose()
    };
    let venue = |kind: &String| {
        let known = VenueType::new(kind.as_str()).ok().filter(|kind| call.city.directory.has_venue(kind));
        known.ok_or_else(|| bad("venue_types", kind))
    };
    let edit = Edit {
        title: form.title,
        length_s: form.length_s,
        plays: form.plays,
        days: DaySpan::new(day("from", &form.from)?, day("to", &form.to)?),
        on: form.on.map(|on| Days::try_from(on.clone()).map_err(|_| bad("on", &on))).transpose()?,
        hours: Hours::try_from(form.hours.clone()).map_err(|_| bad("hours", &form.hours))?,
        venue_types: form.venue_types.iter().map(venue).collect::<Result<_, _>>()?,
    };
    let code = call.place("item");
    workshop(&call)?.save(code, &form.seen, &edit).await.map_err(|error| refused(error, &call))?;
    let city = call.app.console.city().await?;
    let own = city.campaigns.own_loop(&call.unit()?.code);
    let now = own.into_iter().find(|item| item.code.as_str() == code);
    now.map(|item| json(&row(item))).ok_or_else(|| unknown("unknown-campaign", "item", code))
}

async fn take_off(call: Call) -> Result<Response, Problem> {
    let (code, seen) = (call.place("item"), call.value("seen").unwrap_or_default());
    workshop(&call)?.take_off(code, seen).await.map_err(|error| refused(error, &call))?;
    Ok(warp::Reply::into_response(StatusCode::NO_CONTENT))
}

fn refused(error: LoopError, call: &Call) -> Problem {
    match error {
        LoopError::Unknown(code) => unknown("unknown-campaign", "item", &code),
        LoopError::Changed => Problem::new(StatusCode::CONFLICT, "changed").of("seen", "…"),
        LoopError::Wrong(wrong) => {
            let (vi, en): (Vec<String>, Vec<String>) =
                wrong.iter().map(|(field, s)| (format!("{field}: {}", s.vi), format!("{field}: {}", s.en))).unzip();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").saying(say(vi.join("; "), en.join("; ")))
        }
        LoopError::Full => Problem::new(StatusCode::CONFLICT, "loop-full").of("unit", call.place("unit")),
        LoopError::Library(error) => error.into(),
        LoopError::Approval(error) => StoreError::Engine(error.to_string()).into(),
        LoopError::Store(error) => error.into(),
    }
}
