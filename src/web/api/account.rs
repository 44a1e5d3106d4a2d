//! One's own account: what it holds, its password, what of it is passed on, and its tokens; and the tokens of accounts below one.

use super::call::{Call, List, json};
use super::people::{GrantRow, days, grant, number};
use super::session::once;
use super::table::{DONE, Operation, PAGE, Takes, gives, gives_once};
use crate::people::{AccountCode, Act, Grant, PeopleError, Refused, Role, Scope, Token, Via};
use crate::web::Response;
use crate::web::gate::{BROWSER, SESSION, cookie};
use crate::web::problem::Problem;
use crate::web::routes::Need::{Account, May, Session};
use crate::web::routes::Subject;
use http::StatusCode;
use lichphat_playlists::ids::UnitCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use warp::Reply as _;

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
struct Own {
    /// Its name.
    account: String,
    /// Was a second factor shown in this session? Never for a token.
    strong: bool,
    /// What it holds, whatever the days.
    grants: Vec<GrantRow>,
    /// What it has passed on.
    passed_on: Vec<Passed>,
}

/// A role that was passed on.
#[derive(Debug, Serialize, JsonSchema)]
struct Passed {
    /// To whom.
    to: String,
    /// Which.
    grant: GrantRow,
}

/// Another password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Password {
    /// The one until now.
    old: String,
    /// The one from now on.
    password: String,
}

/// A role of one's own, passed on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delegation {
    /// Its number.
    grant: u32,
    /// To whom.
    to: String,
    /// First day; without one since ever.
    from: Option<String>,
    /// Last day, included.
    until: String,
    /// Number of the decision behind it.
    #[serde(default)]
    decision: String,
}

/// Given: its number.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Given {
    /// By which it is taken back; null: it was held already.
    pub(super) grant: Option<u32>,
}

/// A token without its secret.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenRow {
    /// Its number, by which it is taken back.
    token: u32,
    /// Whose.
    account: String,
    /// What people call it.
    label: String,
    /// What it may be used for.
    acts: Vec<String>,
    /// Only there and below; null: wherever the account may.
    unit: Option<String>,
    /// Good until then, RFC 3339.
    expires: String,
}

/// A token that is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What people call it.
    label: String,
    /// What it may be used for: `view`, `operate`, `compose`, `audit`, `watch`; nothing that needs a second factor.
    acts: Vec<String>,
    /// Only there and below.
    unit: Option<String>,
    /// For how many days, 1 to 366.
    days: u32,
}

/// A new token.
#[derive(Debug, Serialize, JsonSchema)]
struct Made {
    /// Its secret, shown once: `Authorization: Bearer …`.
    token: String,
}

const OWN: Operation = Operation {
    method: "GET",
    path: "/api/v1/account",
    need: Account,
    id: "getAccount",
    about: "The account that asks: what it holds and what it has passed on.",
    query: &[],
    takes: Takes::Nothing,
    gives: &[gives(|g| g.subschema_for::<Own>())],
    refuses: &[],
    run: |call| Box::pin(own(call)),
};
const TOKENS: Operation = Operation {
    path: "/api/v1/account/tokens",
    need: Session,
    id: "listOwnTokens",
    about: "One's own tokens that were not taken back.",
    query: &[PAGE],
    gives: &[gives(|g| g.subschema_for::<List<TokenRow>>())],
    run: |call| Box::pin(tokens(call)),
    ..OWN
};
const NEW_TOKEN: Operation = Operation {
    method: "POST",
    id: "makeOwnToken",
    about: "Makes a token of one's own account: its secret is shown once.",
    query: &[],
    takes: Takes::Json(|g| g.subschema_for::<NewToken>()),
    gives: &[gives_once(|g| g.subschema_for::<Made>())],
    run: |call| Box::pin(make_token(call)),
    ..TOKENS
};
const END_TOKEN: Operation = Operation {
    method: "DELETE",
    path: "/api/v1/account/tokens/{token}",
    id: "endOwnToken",
    about: "Takes a token back.",
    query: &[],
    gives: &[DONE],
    run: |call| Box::pin(end_token(call)),
    ..TOKENS
};

pub(super) const OPERATIONS: &[Operation] = &[
    OWN,
    Operation {
        method: "POST",
        path: "/api/v1/account/password",
        need: Session,
        id: "changePassword",
        about: "Another password; every other session of the account ends.",
        takes: Takes::Json(|g| g.subschema_for::<Password>()),
        gives: &[DONE],
        run: |call| Box::pin(password(call)),
        ..OWN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/delegations",
        need: Session,
        id: "delegate",
        about: "Passes a role of one's own on: no longer than one holds it, and no further.",
        takes: Takes::Json(|g| g.subschema_for::<Delegation>()),
        gives: &[gives(|g| g.subschema_for::<Given>())],
        run: |call| Box::pin(delegate(call)),
        ..OWN
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/account/delegations/{grant}",
        need: Session,
        id: "endDelegation",
        about: "Takes a role back that one has passed on.",
        gives: &[DONE],
        run: |call| Box::pin(end_delegation(call)),
        ..OWN
    },
    TOKENS,
    NEW_TOKEN,
    END_TOKEN,
    Operation {
        path: "/api/v1/people/{account}/tokens",
        need: May(Act::Administer, Subject::Somewhere),
        id: "listTokens",
        about: "An account's tokens that were not taken back.",
        ..TOKENS
    },
    Operation {
        path: "/api/v1/people/{account}/tokens",
        need: May(Act::Administer, Subject::Somewhere),
        id: "makeToken",
        about: "Makes a token of an account that the caller may change: its secret is shown once.",
        ..NEW_TOKEN
    },
    Operation {
        path: "/api/v1/people/{account}/tokens/{token}",
        need: May(Act::Administer, Subject::Somewhere),
        id: "endToken",
        about: "Takes an account's token back.",
        ..END_TOKEN
    },
];

async fn own(call: Call) -> Result<Response, Problem> {
    let caller = &call.caller;
    let passed = call.app.people.passed_on(caller).await?;
    let passed_on = passed.iter().map(|(to, given)| Passed { to: to.code.to_string(), grant: grant(given) }).collect();
    let strong = caller.strong && caller.via == Via::Session;
    let grants = caller.grants.iter().map(grant).collect();
    Ok(json(&Own { account: caller.account.to_string(), strong, grants, passed_on }))
}

async fn password(call: Call) -> Result<Response, Problem> {
    let Password { old, password } = call.json_body()?;
    let session = cookie(&call.headers, SESSION).unwrap_or_default();
    let here = (session, cookie(&call.headers, BROWSER), call.from);
    call.app.people.change_password(&call.caller.account, here, (&old, &password, &password)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn delegate(call: Call) -> Result<Response, Problem> {
    let Delegation { grant, to, from, until, decision } = call.json_body()?;
    let days = days(from.as_deref(), Some(&until))?;
    let to = AccountCode::new(&to).map_err(|_| PeopleError::from(Refused::Account(to)))?;
    let decision = decision.trim().to_owned();
    // role and unit are those of the grant that is passed on
    let passed = Grant { id: grant, role: Role::Viewer, unit: None, days, decision, given_by: None };
    let number = call.app.people.delegate(&call.caller, &call.caller.account, &to, passed).await?;
    Ok(json(&Given { grant: Some(number) }))
}

async fn end_delegation(call: Call) -> Result<Response, Problem> {
    let (wanted, passed) = (number(&call, "grant"), call.app.people.passed_on(&call.caller).await?);
    let found = passed.into_iter().find(|(_, grant)| Some(grant.id) == wanted);
    let (to, grant) = found.ok_or(PeopleError::from(Refused::Gone))?;
    call.app.people.revoke(&call.caller, &to.code, grant.id, &call.city.directory).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The account of the path, else one's own.
async fn of(call: &Call) -> Result<AccountCode, Problem> {
    match call.place("account") {
        "" => Ok(call.caller.account.clone()),
        _ => Ok(super::people::found(call).await?.code),
    }
}

async fn tokens(call: Call) -> Result<Response, Problem> {
    let offset = call.app.utc_offset;
    let tokens = call.app.people.tokens(Some(of(&call).await?)).await?;
    let row = |token: Token| TokenRow {
        token: token.id,
        account: token.account.to_string(),
        label: token.label,
        acts: token.scope.acts.iter().map(ToString::to_string).collect(),
        unit: token.scope.unit.map(|unit| unit.to_string()),
        expires: token.expires.rfc3339(offset),
    };
    call.page(tokens.into_iter().map(|token| (format!("{:010}", token.id), row(token))))
}

async fn make_token(call: Call) -> Result<Response, Problem> {
    let account = of(&call).await?;
    let NewToken { label, acts, unit, days } = call.json_body()?;
    let acts: Result<BTreeSet<Act>, _> = acts.iter().map(|act| act.parse()).collect();
    let acts = acts.map_err(|_| PeopleError::from(Refused::Acts))?;
    let unit = unit.map(|unit| UnitCode::new(&unit).map_err(|_| unit)).transpose();
    let unit = unit.map_err(|unit| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-unit").of("unit", &unit))?;
    let (people, directory) = (&call.app.people, &call.city.directory);
    let scope = Scope { acts, unit };
    let token = people.token(&call.caller, &account, (&label, scope, days), directory).await?;
    Ok(once(json(&Made { token })))
}

async fn end_token(call: Call) -> Result<Response, Problem> {
    let (wanted, tokens) = (number(&call, "token"), call.app.people.tokens(Some(of(&call).await?)).await?);
    let found = tokens.iter().find(|token| Some(token.id) == wanted);
    let token = found.ok_or(PeopleError::from(Refused::Gone))?;
    call.app.people.revoke_token(&call.caller, token.id, &call.city.directory).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
