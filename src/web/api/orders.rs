//! Orders that are written, put to two people and published; raises by heads of units; how an order gets to its screens.

use super::call::{Call, List, json, unknown};
use super::table::{Gives, Kind, Operation, PAGE, Takes, bytes, gives, may};
use crate::campaigns::{Directive, DirectiveKind, Override};
use crate::directory::problem::say;
use crate::directory::table::Field as _;
use crate::lang::Lang;
use crate::orders::{Draft, Effect, Kept, OrderError, Raise, RaiseEnd, Sheet, State, Wrong};
use crate::people::Act::{Direct, View};
use crate::people::{Act, Denied};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::{Account, May};
use crate::web::routes::Subject;
use http::{HeaderValue, StatusCode, header};
use lichphat_playlists::ids::{DirectiveCode, UnitCode};
use lichphat_playlists::time::LocalDay;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use warp::Reply as _;

const STATES: &[&str] = &["writing", "put", "published", "dropped"];

/// An order that is being written.
#[derive(Debug, Serialize, JsonSchema)]
struct DraftRow {
    /// Its number.
    number: u32,
    /// How often it was written, from 1: whoever writes or decides says which he has read.
    revision: u32,
    /// `writing`, `put` (it waits for people), `published` or `dropped`.
    state: String,
    /// What it is called.
    title: String,
    /// The order that it became.
    order: Option<String>,
    /// Who has written this revision.
    written_by: String,
    /// When, RFC 3339.
    written: String,
    /// Field by field, as it was written; names are the paths of the document: `target[0].unit`.
    fields: BTreeMap<String, String>,
    /// What was said of this revision.
    said: Vec<SaidRow>,
}

/// What somebody said of it.
#[derive(Debug, Serialize, JsonSchema)]
struct SaidRow {
    /// Who.
    by: String,
    /// Yes or no.
    yes: bool,
    /// The decision he rests on, or why not.
    words: String,
    /// When, RFC 3339.
    at: String,
}

/// One of them, whole.
#[derive(Debug, Serialize, JsonSchema)]
struct DraftWhole {
    /// The row of the list.
    #[serde(flatten)]
    row: DraftRow,
    /// What is wrong with it as things stand; it is put when nothing is.
    mistakes: Vec<Mistake>,
}

/// What is wrong in a field.
#[derive(Debug, Serialize, JsonSchema)]
struct Mistake {
    /// Which.
    field: String,
    /// How to mend it, in the reader's language.
    mend: String,
}

/// What somebody writes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Field by field; what is empty may be left out.
    fields: BTreeMap<String, String>,
}

/// What somebody writes over what he has read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rewritten {
    /// The revision that he has read.
    revision: u32,
    /// Field by field, all of them.
    fields: BTreeMap<String, String>,
}

/// What somebody says.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Word {
    /// It is put to people; who does so says yes to it.
    Put,
    /// Yes; with the second one it is published.
    Approve,
    /// No.
    Refuse,
    /// Nobody wants it any more.
    Drop,
}

/// Somebody's word on a draft.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Says {
    /// What.
    say: Word,
    /// The revision that he has looked at.
    revision: u32,
    /// The decision it rests on, or why not.
    #[serde(default)]
    words: String,
}

/// A raise by the head of a unit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRaise {
    /// The unit; for its screens, and those of the units below it.
    unit: String,
    /// Plays in place of the order's; more, never fewer.
    plays: u32,
    /// First day.
    from: String,
    /// Last day, included; to the end of the order when it is left out.
    #[serde(default)]
    to: Option<String>,
    /// Number of the decision.
    number: String,
    /// What `dry_run` answered as `seen`: a raise is given by who has looked at what it does. Needed but for `dry_run`.
    #[serde(default)]
    seen: Option<String>,
}

/// A raise that stands in an order.
#[derive(Debug, Serialize, JsonSchema)]
struct RaiseRow {
    /// Its number among the order's raises, from 1.
    raise: usize,
    /// The unit; for its screens, and those of the units below it.
    unit: String,
    /// Plays in place of the order's.
    plays: u32,
    /// First day.
    from: String,
    /// Last day, included, as later decisions leave it; null: to the end of the order. The day before `from`: it never holds.
    to: Option<String>,
    /// Numbers of the decision, and of those that brought its end forward.
    numbers: Vec<String>,
}

/// The end of a raise comes sooner.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewEnd {
    /// Its new last day, included; today or later.
    to: String,
    /// Number of the decision.
    number: String,
}

/// What a raise does.
#[derive(Debug, Serialize, JsonSchema)]
struct RaiseDone {
    /// Screens of the unit that the order binds on the first day.
    screens: u32,
    /// Those that owe more from then on.
    more: u32,
    /// The most that one of these owed before.
    before: u32,
    /// Screens of the unit that can carry it, of those that are planned.
    can: u32,
    /// Those that lack room.
    lacks: u32,
    /// Those of which nothing can be said ahead: nobody plays on them for us, nothing fits, or they are off on the days looked at.
    others: u32,
    /// Seconds a day that they lack together.
    seconds: u64,
    /// The hash of this raise with these figures, for `seen`.
    seen: String,
    /// Nothing was kept: it was only looked at.
    dry_run: bool,
}

/// How an order gets to its screens.
#[derive(Debug, Serialize, JsonSchema)]
struct DeliveryRow {
    /// Screens of ours that it binds on its first day.
    screens: u32,
    /// Those that had a counted play.
    reached: u32,
    /// As many as make 95 %.
    needed: u32,
    /// Milliseconds from the first day's midnight until so many had one; null: not yet.
    took_ms: Option<u64>,
    /// That length is of records; else it was no longer than that.
    exact: bool,
    /// How many by when.
    steps: Vec<StepRow>,
}

/// So many screens after so many hours.
#[derive(Debug, Serialize, JsonSchema)]
struct StepRow {
    /// Hours after the first day's midnight.
    hours: u32,
    /// Screens that had a counted play by then.
    reached: u32,
}

const ONE: Operation = Operation {
    method: "GET",
    path: "/api/v1/order-drafts/{draft}",
    need: Account,
    id: "getOrderDraft",
    about: "A draft with what is wrong with it.",
    query: &[],
    takes: Takes::Nothing,
    gives: &[gives(|g| g.subschema_for::<DraftWhole>())],
    refuses: &[],
    run: |call| Box::pin(one(call)),
};

pub(super) const OPERATIONS: &[Operation] = &[
    // who may know of drafts is the room's to say: several roles may
    Operation {
        path: "/api/v1/order-drafts",
        id: "listOrderDrafts",
        about: "Drafts of orders, by number; those that the caller may know of.",
        query: &[PAGE, &[may("state", Kind::OneOf(STATES), "Only those that stand so.")]],
        gives: &[gives(|g| g.subschema_for::<List<DraftRow>>())],
        run: |call| Box::pin(list(call)),
        ..ONE
    },
    Operation {
        method: "POST",
        path: "/api/v1/order-drafts",
        need: May(Direct, Subject::City),
        id: "writeOrderDraft",
        about: "Keeps a new draft of an order; it may be full of mistakes.",
        takes: Takes::Json(|g| g.subschema_for::<Written>()),
        run: |call| Box::pin(begin(call)),
        ..ONE
    },
    ONE,
    Operation {
        method: "PUT",
        need: May(Direct, Subject::City),
        id: "rewriteOrderDraft",
        about: "Writes over a draft that the caller has read; it has to be put anew. 409 `changed-meanwhile`: somebody else was quicker.",
        takes: Takes::Json(|g| g.subschema_for::<Rewritten>()),
        run: |call| Box::pin(rewrite(call)),
        ..ONE
    },
    Operation {
        method: "POST",
        path: "/api/v1/order-drafts/{draft}/words",
        id: "sayOfOrderDraft",
        about: "Puts a draft to people, says yes or no, or drops it; two have to say yes, of whom one at most has written it.",
        takes: Takes::Json(|g| g.subschema_for::<Says>()),
        run: |call| Box::pin(said(call)),
        ..ONE
    },
    Operation {
        method: "POST",
        path: "/api/v1/orders/{campaign}/raises",
        need: May(Act::Raise, Subject::Somewhere),
        id: "raiseOrder",
        about: "The head of a unit decides that an order is played more often on its screens, having seen what that does; a lower number is refused with the rule. 202: what it does is being worked out; ask again. 409 `not-seen`: look (`dry_run`), then say `seen`.",
        query: &[&[may("dry_run", Kind::Flag, "Only look: say what it would do, keep nothing.")]],
        takes: Takes::Json(|g| g.subschema_for::<NewRaise>()),
        gives: &[gives(|g| g.subschema_for::<RaiseDone>()), Gives { status: 202, ..bytes("") }],
        refuses: &[409],
        run: |call| Box::pin(raise(call)),
    },
    Operation {
        path: "/api/v1/orders/{campaign}/raises",
        need: May(View, Subject::Somewhere),
        id: "listRaises",
        about: "The raises of an order, by number.",
        query: &[PAGE],
        gives: &[gives(|g| g.subschema_for::<List<RaiseRow>>())],
        run: |call| Box::pin(raises(call)),
        ..ONE
    },
    Operation {
        method: "POST",
        path: "/api/v1/orders/{campaign}/raises/{raise}/end",
        need: May(Act::Raise, Subject::Somewhere),
        id: "endRaise",
        about: "The head of the unit brings the end of a raise forward; what its days owed until then stands.",
        takes: Takes::Json(|g| g.subschema_for::<NewEnd>()),
        gives: &[gives(|g| g.subschema_for::<RaiseRow>())],
        run: |call| Box::pin(end(call)),
        ..ONE
    },
    Operation {
        path: "/api/v1/orders/{campaign}/delivery",
        need: May(View, Subject::Somewhere),
        id: "getOrderDelivery",
        about: "How an order that has begun gets to its screens. 202: it is being worked out; ask again.",
        gives: &[gives(|g| g.subschema_for::<DeliveryRow>()), Gives { status: 202, ..bytes("") }],
        refuses: &[409],
        run: |call| Box::pin(delivery(call)),
        ..ONE
    },
];

fn row(draft: &Draft, call: &Call) -> DraftRow {
    let offset = call.app.utc_offset;
    DraftRow {
        number: draft.number,
        revision: draft.revision,
        state: draft.state.to_string(),
        title: draft.title().to_owned(),
        order: draft.code.as_ref().map(ToString::to_string),
        written_by: draft.by.clone(),
        written: draft.at.rfc3339(offset),
        fields: draft.sheet.iter().map(|(field, value)| (field.to_owned(), value.to_owned())).collect(),
        said: draft
            .said
            .iter()
            .map(|s| SaidRow { by: s.by.clone(), yes: s.yes, words: s.words.clone(), at: s.at.rfc3339(offset) })
            .collect(),
    }
}

async fn list(call: Call) -> Result<Response, Problem> {
    let mut all =
        call.app.console.orders.drafts(&call.caller, &call.city.directory).await.map_err(|e| refused(e, &call))?;
    let state: Option<State> = call.value("state").and_then(|state| state.parse().ok());
    all.retain(|draft| state.is_none_or(|state| draft.state == state));
    call.page(all.iter().map(|draft| (format!("{:010}", draft.number), row(draft, &call))))
}

fn number(call: &Call) -> Result<u32, Problem> {
    let text = call.place("draft");
    text.parse().map_err(|_| unknown("unknown-draft", "draft", text))
}

async fn whole(call: &Call, number: u32) -> Result<Response, Problem> {
    let (orders, directory) = (&call.app.console.orders, &call.city.directory);
    let draft = orders.draft(number, &call.caller, directory).await.map_err(|e| refused(e, call))?;
    let open = matches!(draft.state, State::Writing | State::Put);
    let wrong = match open {
        true => orders.look(&draft.sheet, directory).await.map_err(|e| refused(e, call))?.err().unwrap_or_default(),
        false => Vec::new(),
    };
    let mistake = |w: &Wrong| Mistake { field: w.field.clone(), mend: w.mend.pick(call.lang).to_owned() };
    Ok(json(&DraftWhole { row: row(&draft, call), mistakes: wrong.iter().map(mistake).collect() }))
}

async fn one(call: Call) -> Result<Response, Problem> {
    whole(&call, number(&call)?).await
}

fn sheet(fields: BTreeMap<String, String>) -> Result<Sheet, Problem> {
    Sheet::of_fields(fields).map_err(|error| {
        let said = say(format!("không nhận được: {error}"), error.to_string());
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").saying(said)
    })
}

async fn begin(call: Call) -> Result<Response, Problem> {
    let Written { fields } = call.json_body()?;
    write(&call, None, sheet(fields)?).await
}

async fn rewrite(call: Call) -> Result<Response, Problem> {
    let (number, Rewritten { revision, fields }) = (number(&call)?, call.json_body()?);
    write(&call, Some((number, revision)), sheet(fields)?).await
}

async fn write(call: &Call, draft: Option<(u32, u32)>, sheet: Sheet) -> Result<Response, Problem> {
    let orders = &call.app.console.orders;
    let kept = orders.write(&call.caller, &call.city.directory, (draft, sheet)).await.map_err(|e| refused(e, call))?;
    match kept {
        Kept::At { number, .. } => whole(call, number).await,
        Kept::Both { revision, .. } => {
            Err(Problem::new(StatusCode::CONFLICT, "changed-meanwhile").of("revision", &revision.to_string()))
        }
    }
}

async fn said(call: Call) -> Result<Response, Problem> {
    let number = number(&call)?;
    let (orders, who, directory) = (&call.app.console.orders, &call.caller, &call.city.directory);
    // what he may not know of is not there for him, whatever he sends
    orders.draft(number, who, directory).await.map_err(|e| refused(e, &call))?;
    let Says { say, revision, words } = call.json_body()?;
    let at = (number, revision);
    let done = match say {
        Word::Put => orders.put(who, directory, at).await,
        Word::Approve => orders.approve((who, &words), directory, at).await.map(drop),
        Word::Refuse => orders.refuse((who, &words), directory, at).await,
        Word::Drop => orders.drop(who, directory, at).await,
    };
    done.map_err(|error| refused(error, &call))?;
    whole(&call, number).await
}

fn bad(field: &str, value: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").of(field, value)
}

fn day(field: &str, text: &str) -> Result<LocalDay, Problem> {
    LocalDay::read(text).map_err(|mend| bad(field, text).saying(mend))
}

/// The order that the path names.
fn order(call: &Call) -> Result<&Directive, Problem> {
    let text = call.place("campaign");
    let found = DirectiveCode::new(text).ok().and_then(|code| call.city.campaigns.directive(&code));
    found.ok_or_else(|| unknown("unknown-campaign", "campaign", text))
}

/// It is being worked out: ask again.
fn wait() -> Response {
    let mut response = StatusCode::ACCEPTED.into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
    response
}

async fn raise(call: Call) -> Result<Response, Problem> {
    let NewRaise { unit, plays, from, to, number, seen } = call.json_body()?;
    let code = UnitCode::read(&unit).map_err(|mend| bad("unit", &unit).saying(mend))?;
    let to = to.map(|text| day("to", &text)).transpose()?;
    let raise = Raise { unit: code, plays, from: day("from", &from)?, to, number };
    let seen = seen.map(|text| text.parse().map_err(|_| bad("seen", &text))).transpose()?;
    let of = (&order(&call)?.code, &raise);
    let (orders, directory, dry_run) = (&call.app.console.orders, &call.city.directory, call.flag("dry_run"));
    let raised = orders.look_at_raise(&call.caller, directory, of).await.map_err(|error| refused(error, &call))?;
    let (console, would) = (&call.app.console, (&raised.order, raise.from));
    let Some(ahead) = console.preview_of(&call.city, would, &call.caller.account).await? else {
        return Ok(wait());
    };
    if !dry_run {
        let given =
            orders.raise(&call.caller, directory, of, (seen, call.city.campaigns.revision, &ahead.answer)).await;
        given.map_err(|error| refused(error, &call))?;
    }
    let effect = Effect::of(directory, (&raise, &raised), &ahead.answer);
    let Effect { screens, more, before, can, lacks, others, seconds, .. } = effect;
    let seen = effect.seen(of.0, &raise).hex();
    Ok(json(&RaiseDone { screens, more, before, can, lacks, others, seconds, seen, dry_run }))
}

fn raise_row((i, raise): (usize, &Override)) -> RaiseRow {
    let numbers = [&raise.number].into_iter().chain(raise.ended.iter().map(|e| &e.number));
    RaiseRow {
        raise: i + 1,
        unit: raise.unit.to_string(),
        plays: raise.plays,
        from: raise.from.to_string(),
        to: raise.last().map(|day| day.to_string()),
        numbers: numbers.cloned().collect(),
    }
}

async fn raises(call: Call) -> Result<Response, Problem> {
    let rows = order(&call)?.overrides.iter().enumerate().map(raise_row);
    call.page(rows.map(|row| (format!("{:010}", row.raise), row)))
}

async fn end(call: Call) -> Result<Response, Problem> {
    let NewEnd { to, number } = call.json_body()?;
    let text = call.place("raise");
    let none = || unknown("unknown-raise", "raise", text);
    let raise = text.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).ok_or_else(none)?;
    let (order, of) = (order(&call)?, RaiseEnd { raise, to: day("to", &to)?, number });
    order.overrides.get(raise).ok_or_else(none)?;
    let done = call.app.console.orders.end_raise(&call.caller, &call.city.directory, (&order.code, &of)).await;
    Ok(json(&raise_row((raise, &done.map_err(|error| refused(error, &call))?))))
}

async fn delivery(call: Call) -> Result<Response, Problem> {
    let order = order(&call)?;
    if order.kind != DirectiveKind::Play || call.today() < order.from {
        return Err(Problem::new(StatusCode::CONFLICT, "no-delivery").of("campaign", order.code.as_str()));
    }
    let Some(d) = call.app.console.delivery(&call.city, order).await? else { return Ok(wait()) };
    let steps = d.steps.iter().map(|s| StepRow { hours: s.hours, reached: s.reached }).collect();
    let crate::orders::delivery::Delivery { screens, reached, needed, took_ms, exact, .. } = *d;
    Ok(json(&DeliveryRow { screens, reached, needed, took_ms, exact, steps }))
}

fn refused(error: OrderError, call: &Call) -> Problem {
    match error {
        OrderError::Store(error) => error.into(),
        OrderError::Unknown(number) => unknown("unknown-draft", "draft", &number.to_string()),
        OrderError::Denied(Denied::Unseen) => unknown("unknown-unit", "unit", ""),
        OrderError::Denied(Denied::Role) => Problem::new(StatusCode::FORBIDDEN, "forbidden"),
        OrderError::Denied(Denied::Weak) => Problem::new(StatusCode::FORBIDDEN, "second-factor"),
        error @ OrderError::Unseen => {
            let said = say(error.words(Lang::Vi), error.words(Lang::En));
            Problem::new(StatusCode::CONFLICT, "not-seen").saying(said)
        }
        OrderError::Wrong(_) => {
            let said = say(error.words(Lang::Vi), error.words(Lang::En));
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-order").saying(said)
        }
        error => {
            let said = say(error.words(Lang::Vi), error.words(Lang::En));
            Problem::new(StatusCode::CONFLICT, "not-taken").of("draft", call.place("draft")).saying(said)
        }
    }
}
