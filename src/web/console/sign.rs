//! Coming in and going out: the pages of `/login`, `/first`, `/logout` and `/account`.

use super::data::Console;
use super::page::{self, Page, shown};
use super::{Asked, ConsoleError, href, passkey, people};
use crate::lang::{Lang, Values};
use crate::people::{AccountCode, Act, Chosen, Entered, First, Grant, NotIn, Offer, PeopleError, SignIn, SignedIn};
use crate::web::Response;
use crate::web::gate::{BROWSER, SESSION, cookie, end_session, keep_session};
use askama::Template;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use warp::Reply;

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    page: Page,
    /// What went wrong; empty at first.
    problem: String,
    account: String,
    /// What there is to say of passkeys; empty: nothing.
    passkeys: String,
    /// Where to then.
    next: String,
}

#[derive(Template)]
#[template(path = "first.html")]
struct FirstPage {
    page: Page,
    problem: String,
    code: String,
    /// What is chosen with a good code.
    choose: Option<Choose>,
}

struct Choose {
    /// Whose account it is; none: it is made now.
    whose: Option<String>,
    account: String,
    name: String,
    /// The authenticator as a picture, and as text.
    picture: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    problem: String,
    /// What was done, in a sentence.
    done: String,
    strong: bool,
    grants: Vec<String>,
    /// Roles of his own, which he may pass on: number and text.
    own: Vec<(u32, String)>,
    /// What he has passed on: account, number and text.
    passed: Vec<(String, u32, String)>,
    passkeys: passkey::Part,
    /// May he give accounts?
    administers: bool,
    enrols: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    account: String,
    password: String,
    #[serde(default)]
    digits: String,
    #[serde(default)]
    next: String,
    /// Of a session that has ended meanwhile; while it lasts, the gate has taken this out.
    #[serde(default, rename = "form_token")]
    _form_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstForm {
    code: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    name: String,
    /// Absent on the page that asks for the code alone.
    password: Option<String>,
    #[serde(default)]
    again: String,
    #[serde(default)]
    digits: String,
    /// Of a session that has ended meanwhile; while it lasts, the gate has taken this out.
    #[serde(default, rename = "form_token")]
    _form_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeForm {
    account: String,
    grant: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    old: String,
    password: String,
    again: String,
}

/// Every page of them.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    reads: bool,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, ConsoleError> {
    match (reads, asked.path.as_str()) {
        (true, "/login") => {
            let next = asked.value("next").unwrap_or_default().to_owned();
            login(console, asked, StatusCode::OK, (String::new(), String::new(), next))
        }
        (false, "/login") => sign_in(console, asked, headers, form(body)?).await,
        (false, "/logout") => sign_out(console, headers).await,
        (true, "/first") => first_page(console, asked, (StatusCode::OK, String::new()), String::new(), None),
        (false, "/first") => first(console, asked, form(body)?).await,
        (true, "/account") => account(console, asked, Ok(""), None).await,
        (false, "/account/delegate") => {
            let passed = people::delegate(console, asked.caller()?, body).await?;
            account(console, asked, passed.map(|_| "account-delegated"), None).await
        }
        (false, "/account/revoke") => revoke(console, asked, form(body)?).await,
        (false, "/account/password") => change_password(console, asked, headers, form(body)?).await,
        _ => Err(ConsoleError::NotFound),
    }
}

pub(super) fn form<T: DeserializeOwned>(body: &[u8]) -> Result<T, ConsoleError> {
    serde_urlencoded::from_bytes(body).map_err(|error| ConsoleError::Bad { kind: "command", value: error.to_string() })
}

/// To the page where one signs in, and back from there.
pub(super) fn to_login(asked: &Asked) -> Response {
    let next = href(&asked.path, asked.query.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let home = next == "/";
    see(&href("/login", (!home).then_some(("next", next.as_str()))))
}

pub(super) fn see(to: &str) -> Response {
    let reply = warp::reply::with_status(warp::reply(), StatusCode::SEE_OTHER);
    let reply = warp::reply::with_header(reply, header::CACHE_CONTROL, "no-store");
    warp::reply::with_header(reply, header::LOCATION, to).into_response()
}

/// Only to a page of this server: `//elsewhere` and `/\elsewhere` are none.
pub(super) fn own_page(next: &str) -> &str {
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if plain && next.starts_with('/') && !next.starts_with("//") { next } else { "/" }
}

/// What went wrong, with the status for it; a defect is no answer to a form.
pub(super) fn problem(lang: Lang, error: &PeopleError) -> Result<(StatusCode, String), ConsoleError> {
    let status = match error {
        PeopleError::NotIn(NotIn::Wait(_)) => StatusCode::TOO_MANY_REQUESTS,
        PeopleError::NotIn(_) => StatusCode::UNAUTHORIZED,
        PeopleError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        PeopleError::Refused(_) | PeopleError::Said(_) => StatusCode::UNPROCESSABLE_ENTITY,
        PeopleError::Denied(denied) => return Err(ConsoleError::Denied(*denied)),
        PeopleError::Store(_) | PeopleError::Internal(_) => return Err(ConsoleError::Internal(error.to_string())),
    };
    Ok((status, error.words(lang)))
}

fn login(
    console: &Console,
    asked: &Asked,
    status: StatusCode,
    (problem, account, next): (String, String, String),
) -> Result<Response, ConsoleError> {
    let (page, lang) = (Page::new(console, asked, asked.lang.text("sign-in")), asked.lang);
    let passkeys = match console.people.offers_passkeys(Some(&asked.host)) {
        Offer::Here => lang.text("sign-passkey"),
        Offer::At(address) => lang.say("sign-passkey-at", &Values::new().word("address", address)),
        Offer::Nowhere => String::new(),
    };
    Ok(page::html(status, Login { page, problem, account, passkeys, next }.render()?))
}

async fn sign_in(
    console: &Console,
    asked: &Asked,
    headers: &HeaderMap,
    form: LoginForm,
) -> Result<Response, ConsoleError> {
    let LoginForm { account, password, digits, next, .. } = form;
    let kept = |name| cookie(headers, name).map(str::to_owned);
    let (browser, before) = (kept(BROWSER), kept(SESSION));
    let passkeys = console.people.offers_passkeys(Some(&asked.host)) == Offer::Here;
    let shown = SignIn { account: account.clone(), password, digits, passkeys, browser, before };
    match console.people.sign_in(shown, asked.from).await {
        Ok(SignedIn::Entered(entered)) => Ok(enter(own_page(&next), &entered)),
        Ok(SignedIn::Asked(question)) => passkey::show(console, asked, &question, next),
        Err(error) => not_in(console, asked, &error, (account, next)),
    }
}

/// The page to sign in on again, with what went wrong.
pub(super) fn not_in(
    console: &Console,
    asked: &Asked,
    error: &PeopleError,
    (account, next): (String, String),
) -> Result<Response, ConsoleError> {
    let (status, sentence) = problem(asked.lang, error)?;
    let mut response = login(console, asked, status, (sentence, account, next))?;
    if let PeopleError::NotIn(NotIn::Wait(s)) = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*s));
    }
    Ok(response)
}

/// In, with the cookies of the session.
pub(super) fn enter(to: &str, entered: &Entered) -> Response {
    let mut response = see(to);
    keep_session(&mut response, entered);
    response
}

async fn sign_out(console: &Console, headers: &HeaderMap) -> Result<Response, ConsoleError> {
    if let Some(session) = cookie(headers, SESSION) {
        console.people.sign_out(session).await?;
    }
    let mut response = see("/login");
    end_session(&mut response);
    Ok(response)
}

fn first_page(
    console: &Console,
    asked: &Asked,
    (status, problem): (StatusCode, String),
    code: String,
    choose: Option<Choose>,
) -> Result<Response, ConsoleError> {
    let page = Page::new(console, asked, asked.lang.text("first-title"));
    Ok(page::html(status, FirstPage { page, problem, code, choose }.render()?))
}

async fn first(console: &Console, asked: &Asked, form: FirstForm) -> Result<Response, ConsoleError> {
    let FirstForm { code, account, name, password, again, digits, .. } = form;
    let mut said = (StatusCode::OK, String::new());
    if let Some(password) = password {
        let (account, name, code) = (account.clone(), name.clone(), code.clone());
        let chosen = Chosen { code, account, name, password, again, digits };
        match console.people.choose(chosen, asked.from).await {
            Ok(entered) => return Ok(enter("/", &entered)),
            Err(error) => said = problem(asked.lang, &error)?,
        }
    }
    match console.people.first(&code, asked.from).await {
        Ok(First { account: known, authenticator }) => {
            let picture = authenticator.picture(known.as_ref().map(|known| &known.code))?;
            let whose = known.map(|known| format!("{} ({})", shown(&known.name), known.code));
            let choose = Choose { whose, account, name, picture, secret: authenticator.secret() };
            first_page(console, asked, said, code, Some(choose))
        }
        Err(error) => first_page(console, asked, problem(asked.lang, &error)?, String::new(), None),
    }
}

/// A role as its holder reads it.
pub(super) fn grant_text(lang: Lang, grant: &Grant, unit: &str) -> String {
    let values = Values::new().word("role", lang.term("role", grant.role.as_str())).word("unit", unit);
    let mut text = lang.say("grant", &values);
    if grant.days.from.is_some() || grant.days.to.is_some() {
        let day = |day: Option<_>| day.map_or_else(|| "…".to_owned(), |day| lang.day(day));
        let span = Values::new().word("from", day(grant.days.from)).word("to", day(grant.days.to));
        text = format!("{text}, {}", lang.say("grant-days", &span));
    }
    if let Some(by) = &grant.given_by {
        text = format!("{text}, {}", lang.say("grant-by", &Values::new().word("by", by.as_str())));
    }
    if !grant.decision.is_empty() {
        text = format!("{text} ({})", shown(&grant.decision));
    }
    text
}

/// The page of one's own account, after what was done: the key of a sentence, or what went wrong; with what is asked of an authenticator.
pub(super) async fn account(
    console: &Console,
    asked: &Asked,
    done: Result<&'static str, PeopleError>,
    options: Option<String>,
) -> Result<Response, ConsoleError> {
    let (lang, caller, city, (_, today)) = (asked.lang, asked.caller()?, console.city().await?, console.today());
    let (status, problem, done) = match done {
        Ok(key) => (StatusCode::OK, String::new(), if key.is_empty() { String::new() } else { lang.text(key) }),
        Err(error) => {
            let (status, problem) = problem(lang, &error)?;
            (status, problem, String::new())
        }
    };
    let own: Vec<Grant> = caller.grants.iter().filter(|g| g.given_by.is_none()).cloned().collect();
    let passed = console.people.passed_on(caller).await?.into_iter().map(|(to, grant)| {
        let text = people::grants(lang, &city, std::slice::from_ref(&grant)).pop().map_or_else(String::new, |g| g.1);
        (to.code.to_string(), grant.id, format!("{} ({}): {text}", shown(&to.name), to.code))
    });
    let view = AccountPage {
        page: Page::new(console, asked, lang.text("account-title")),
        problem,
        done,
        strong: caller.strong,
        grants: people::grants(lang, &city, &caller.grants).into_iter().map(|(_, text)| text).collect(),
        own: people::grants(lang, &city, &own),
        passed: passed.collect(),
        passkeys: passkey::Part::of(console, asked, options).await?,
        administers: caller.may_somewhere(Act::Administer, today).is_ok(),
        enrols: caller.may_somewhere(Act::Enrol, today).is_ok(),
    };
    Ok(page::html(status, view.render()?))
}

async fn change_password(
    console: &Console,
    asked: &Asked,
    headers: &HeaderMap,
    form: PasswordForm,
) -> Result<Response, ConsoleError> {
    let (caller, session) = (asked.caller()?, cookie(headers, SESSION).ok_or(ConsoleError::SignedOut)?);
    let PasswordForm { old, password, again } = form;
    let here = (session, cookie(headers, BROWSER), asked.from);
    let done = console.people.change_password(&caller.account, here, (&old, &password, &again)).await;
    account(console, asked, done.map(|()| "account-password-done"), None).await
}

/// Takes back what he has passed on.
async fn revoke(console: &Console, asked: &Asked, form: RevokeForm) -> Result<Response, ConsoleError> {
    let unknown = || ConsoleError::Unknown { kind: "account", code: form.account.clone() };
    let (to, city) = (AccountCode::new(&form.account).map_err(|_| unknown())?, console.city().await?);
    let done = console.people.revoke(asked.caller()?, &to, form.grant, &city.directory).await;
    account(console, asked, done.map(|()| "person-done"), None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_led_elsewhere() {
        for own in ["/", "/screens/C-01?day=2026-11-20", "/units/P1?show=short"] {
            assert_eq!(own_page(own), own);
        }
        for other in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\r\nb: c", "/ô"]
        {
            assert_eq!(own_page(other), "/", "{other:?}");
        }
    }
}
