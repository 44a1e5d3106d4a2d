//! Coming in and going out as a person: what needs a second factor no token may, so a program that does such things signs in as
//! whoever answers for them, through the same door and the same throttling as a browser.

use super::call::{Call, json, with_status};
use super::table::{DONE, Operation, Takes, gives, gives_once};
use crate::people::{self, Chosen, Entered, First, NotIn, PeopleError, SignIn, form_token};
use crate::web::Response;
use crate::web::gate::{BROWSER, SESSION, cookie, end_session, keep_session};
use crate::web::problem::Problem;
use crate::web::routes::Need::Anyone;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::Reply as _;

/// What somebody shows who wants to come in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// The account's name.
    account: String,
    /// Its password.
    password: String,
    /// Six digits of its authenticator.
    #[serde(default)]
    digits: String,
}

/// Who comes in has the session in the cookie `__Host-lichphat`.
#[derive(Serialize, JsonSchema)]
struct SignedIn {
    /// Goes along as `X-Form-Token` with every request that changes something.
    form_token: String,
    /// Was a second factor shown?
    strong: bool,
}

/// A one-time code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// As an administrator, or the server's shell, has given it.
    code: String,
}

/// What a one-time code is for.
#[derive(Serialize, JsonSchema)]
struct Known {
    /// The account; null: one that is made with it, an administrator of the whole city.
    account: Option<String>,
    /// Whose it is.
    name: Option<String>,
    /// The secret of the authenticator that it sets up, base32 (RFC 6238, 30 s, SHA-1).
    authenticator: String,
}

/// What is chosen with a one-time code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// The code.
    code: String,
    /// Name of the account, when it is made now.
    #[serde(default)]
    account: String,
    /// Whose it is, then.
    #[serde(default)]
    name: String,
    /// The password.
    password: String,
    /// Six digits of the authenticator.
    digits: String,
}

const SIGN_IN: Operation = Operation {
    method: "POST",
    path: "/api/v1/session",
    need: Anyone,
    id: "signIn",
    about: "Signs a person in: the answer sets the session's cookie, and says what goes along with it.",
    query: &[],
    takes: Takes::Json(|g| g.subschema_for::<Shown>()),
    gives: &[gives_once(|g| g.subschema_for::<SignedIn>())],
    refuses: &[],
    run: |call| Box::pin(sign_in(call)),
};

pub(super) const OPERATIONS: &[Operation] = &[
    SIGN_IN,
    Operation {
        method: "DELETE",
        id: "signOut",
        about: "Ends the session that the cookie names, if any.",
        takes: Takes::Nothing,
        gives: &[DONE],
        run: |call| Box::pin(sign_out(call)),
        ..SIGN_IN
    },
    Operation {
        path: "/api/v1/first",
        id: "readCode",
        about: "What a one-time code is for, and the authenticator that it sets up; it is not used up by that.",
        takes: Takes::Json(|g| g.subschema_for::<Code>()),
        gives: &[gives(|g| g.subschema_for::<Known>())],
        run: |call| Box::pin(first(call)),
        ..SIGN_IN
    },
    Operation {
        path: "/api/v1/first/choice",
        id: "useCode",
        about: "Uses a one-time code up: its owner chooses a password, shows the authenticator, and is signed in.",
        takes: Takes::Json(|g| g.subschema_for::<Choice>()),
        run: |call| Box::pin(choose(call)),
        ..SIGN_IN
    },
];

async fn sign_in(call: Call) -> Result<Response, Problem> {
    let Shown { account, password, digits } = call.json_body()?;
    let kept = |name| cookie(&call.headers, name).map(str::to_owned);
    // a program has no passkey
    let shown = SignIn { account, password, digits, passkeys: false, browser: kept(BROWSER), before: kept(SESSION) };
    match call.app.people.sign_in(shown, call.from).await? {
        people::SignedIn::Entered(entered) => signed_in(&call, &entered).await,
        people::SignedIn::Asked(_) => Err(PeopleError::from(NotIn::Passkey).into()),
    }
}

async fn signed_in(call: &Call, entered: &Entered) -> Result<Response, Problem> {
    let strong = call.app.people.by_session(&entered.session, false).await?.is_some_and(|caller| caller.strong);
    let said = SignedIn { form_token: form_token(&entered.session), strong };
    let mut response = once(with_status(StatusCode::OK, &said));
    keep_session(&mut response, entered);
    Ok(response)
}

/// With a secret in it, which nobody keeps on the way.
pub(super) fn once(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn sign_out(call: Call) -> Result<Response, Problem> {
    if let Some(session) = cookie(&call.headers, SESSION) {
        call.app.people.sign_out(session).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    end_session(&mut response);
    Ok(response)
}

async fn first(call: Call) -> Result<Response, Problem> {
    let Code { code } = call.json_body()?;
    let First { account, authenticator } = call.app.people.first(&code, call.from).await?;
    let (account, name) = account.map(|known| (known.code.to_string(), known.name)).unzip();
    Ok(once(json(&Known { account, name, authenticator: authenticator.secret() })))
}

async fn choose(call: Call) -> Result<Response, Problem> {
    let Choice { code, account, name, password, digits } = call.json_body()?;
    let chosen = Chosen { code, account, name, again: password.clone(), password, digits };
    let entered = call.app.people.choose(chosen, call.from).await?;
    signed_in(&call, &entered).await
}
