//! The gate of the people's door: who sends a request, and may he? Asked of its head alone, before a byte of its body is taken in.
//!
//! A browser shows a cookie, a program `Authorization: Bearer`, or the cookie of whoever has signed in through it. A cookie goes along
//! with whatever a page makes the browser send, so what changes something is taken only from a page of this server, and with the token
//! that its form carries; at the API with that token in a header, which no form sends.

use super::App;
use super::api;
use super::console::{self, Why};
use super::problem::{Problem, language};
use super::router::{Admitted, Response};
use super::routes::{self, Found, Need, Subject, find};
use super::server::Peer;
use crate::library::Upload;
use crate::people::{Caller, Denied, Entered, On, PeopleError, Via, form_token};
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use std::sync::Arc;

/// The session's cookie. `__Host-`: only over TLS, of this host alone. A proxy before us speaks TLS with the browser, so it holds there, too.
pub(super) const SESSION: &str = "__Host-lichphat";
/// The cookie by which a browser is known again.
pub(super) const BROWSER: &str = "__Host-lichphat-browser";
/// Longest body of who has not signed in, bytes.
const STRANGER_BYTES: usize = 8_192;
/// Where a page that asks by itself for newer figures says so.
pub(super) const LIVE: &str = "x-live";
/// Where a script gives the form's token.
const FORM_TOKEN: &str = "x-form-token";
/// For how long a browser is known again, seconds: a year.
const KNOWN_S: u32 = 31_536_000;

/// What the session's forms carry; among a request's extensions.
#[derive(Debug, Clone)]
pub(super) struct FormToken(pub(super) String);

/// Who is at the door.
enum Shown {
    Nobody,
    Browser(Caller, FormToken),
    Program(Caller),
}

impl Shown {
    fn caller(&self) -> Option<&Caller> {
        match self {
            Self::Nobody => None,
            Self::Browser(caller, _) | Self::Program(caller) => Some(caller),
        }
    }
}

/// The gate over `app`.
pub(super) fn gate(
    app: &App,
    limits: &Arc<api::Limits>,
) -> impl Fn(Parts) -> BoxFuture<'static, Result<Admitted, Response>> + Send + Sync + use<> {
    let (app, limits) = (app.clone(), Arc::clone(limits));
    move |parts| {
        let (app, limits) = (app.clone(), Arc::clone(&limits));
        Box::pin(async move {
            let network = parts.extensions.get::<Peer>().and_then(|peer| peer.network);
            if let Some(network) = network.filter(|_| parts.uri.path().starts_with("/api/")) {
                limits.address(network).map_err(|problem| problem.answer(language(&parts.headers)))?;
            }
            admit(&app, &limits, parts).await
        })
    }
}

async fn admit(app: &App, limits: &api::Limits, mut parts: Parts) -> Result<Admitted, Response> {
    let path = parts.uri.path().to_owned();
    let shown = known(app, &parts).await?;
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    let at_api = path.starts_with("/api/");
    let ours = is_own_page(&parts.headers) || at_api && is_no_page(&parts.headers);
    if changes && !matches!(shown, Shown::Program(_)) && !ours {
        return Err(refuse(app, &parts, Why::OtherSite));
    }
    let mut form = None;
    if let Shown::Browser(_, FormToken(token)) = &shown
        && changes
        && parts.headers.get(FORM_TOKEN).is_none_or(|given| given.as_bytes() != token.as_bytes())
    {
        let refusal = refuse(app, &parts, Why::OtherSite);
        if at_api {
            return Err(refusal);
        }
        form = Some((token.clone(), Box::new(refusal)));
    }
    let caller = shown.caller().cloned();
    if let Shown::Browser(_, token) = shown {
        parts.extensions.insert(token);
    }
    let most_bytes = match &caller {
        Some(_) => api::most_bytes(&parts.method, &path)
            .or_else(|| console::most_bytes(&parts.method, &path))
            .unwrap_or(app.max_body_bytes as usize),
        None => STRANGER_BYTES,
    };
    let upload = match &caller {
        Some(caller) if api::takes_file(&parts.method, &path) => {
            let begun = upload(app, limits, &mut parts, caller).await;
            Some(begun.map_err(|problem| problem.answer(language(&parts.headers)))?)
        }
        Some(caller) if console::content::takes_file(&parts.method, &path) => {
            let begun = app.uploads.begin(length(&parts.headers), caller.account.as_str()).await;
            Some(begun.map_err(|no| refuse(app, &parts, Why::File(Arc::new(no))))?)
        }
        _ => None,
    };
    let still = (changes && caller.is_some()).then(|| still(app.clone(), parts.clone()));
    if let Some(caller) = caller {
        parts.extensions.insert(caller);
    }
    Ok(Admitted { parts, most_bytes, upload, form, still })
}

/// A file may begin to come: all that its head says is looked at now, and not after a gigabyte.
async fn upload(app: &App, limits: &api::Limits, parts: &mut Parts, caller: &Caller) -> Result<Upload, Problem> {
    let left = api::looked_at(limits, parts, caller)?;
    parts.extensions.insert(left);
    let begun = app.uploads.begin(length(&parts.headers), caller.account.as_str()).await;
    begun.map_err(|no| api::no_upload(&no))
}

/// Who sends this, of whom its row lets it be sent.
async fn known(app: &App, parts: &Parts) -> Result<Shown, Response> {
    let (need, words) = match find(&parts.method, parts.uri.path()) {
        Found::Row(need, words) => (need, words),
        Found::OtherMethod => return Err(refuse(app, parts, Why::Method)),
        Found::Nothing => return Err(refuse(app, parts, Why::NotThere)),
    };
    let shown = match shown(app, parts).await {
        Ok(shown) => shown,
        Err(Shows::Nothing) => return Err(refuse(app, parts, Why::SignIn)),
        Err(Shows::Failed(error)) => return Err(refuse(app, parts, Why::Failed(error.to_string()))),
    };
    if need != Need::Anyone {
        let Some(caller) = shown.caller() else { return Err(refuse(app, parts, Why::SignIn)) };
        may(app, caller, need, &words).await.map_err(|why| refuse(app, parts, why))?;
    }
    Ok(shown)
}

/// A body may come as slowly as its sender likes: an account that was ended meanwhile, or whose sessions were, changes nothing with it.
fn still(app: App, parts: Parts) -> BoxFuture<'static, Result<Caller, Response>> {
    Box::pin(async move {
        let shown = known(&app, &parts).await?;
        shown.caller().cloned().ok_or_else(|| refuse(&app, &parts, Why::SignIn))
    })
}

/// As long as the body says that it is, bytes.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Why nobody is known.
enum Shows {
    /// A token that is none.
    Nothing,
    Failed(PeopleError),
}

async fn shown(app: &App, parts: &Parts) -> Result<Shown, Shows> {
    if let Some(given) = parts.headers.get(header::AUTHORIZATION) {
        let token = given.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).ok_or(Shows::Nothing)?;
        let caller = app.people.by_token(token).await.map_err(Shows::Failed)?;
        return caller.map(Shown::Program).ok_or(Shows::Nothing);
    }
    let Some(session) = cookie(&parts.headers, SESSION) else { return Ok(Shown::Nobody) };
    let active = !parts.headers.contains_key(LIVE);
    let caller = app.people.by_session(session, active).await.map_err(Shows::Failed)?;
    Ok(caller.map_or(Shown::Nobody, |caller| Shown::Browser(caller, FormToken(form_token(session)))))
}

async fn may(app: &App, caller: &Caller, need: Need, words: &[(&'static str, &str)]) -> Result<(), Why> {
    let (act, subject) = match need {
        Need::Anyone | Need::Account => return Ok(()),
        Need::Session if caller.via == Via::Session => return Ok(()),
        Need::Session => return Err(Why::Denied { why: Denied::Role, kind: "", code: String::new() }),
        Need::May(act, subject) => (act, subject),
    };
    let code = |word: &str| words.iter().find(|(name, _)| *name == word).map_or("", |(_, code)| *code);
    let (city, today) = app.console.directory_today().await.map_err(|error| Why::Failed(error.to_string()))?;
    let directory = &city.directory;
    let denied = |kind: &'static str, code: &str| {
        let code = code.to_owned();
        move |why| Why::Denied { why, kind, code }
    };
    match subject {
        Subject::Somewhere => caller.may_somewhere(act, today).map_err(denied("", "")),
        Subject::City => caller.may(act, On::City, directory, today).map_err(denied("", "")),
        Subject::Unit(word) => {
            let unknown = || Why::Unknown { kind: "unit", code: code(word).to_owned() };
            let unit = UnitCode::new(code(word)).map_err(|_| unknown())?;
            directory.unit(&unit).ok_or_else(unknown)?;
            caller.may(act, On::Unit(&unit), directory, today).map_err(denied("unit", code(word)))
        }
        Subject::Screen(word) => {
            let unknown = || Why::Unknown { kind: "screen", code: code(word).to_owned() };
            let screen = ScreenCode::new(code(word)).map_err(|_| unknown())?;
            directory.screen(&screen).ok_or_else(unknown)?;
            caller.may(act, On::Screen(&screen), directory, today).map_err(denied("screen", code(word)))
        }
    }
}

/// Says no: where people come with a page, where programs do with a problem as RFC 9457 has it.
fn refuse(app: &App, parts: &Parts, why: Why) -> Response {
    let path = parts.uri.path();
    if !["/api", "/metrics", "/readyz", "/log/"].iter().any(|p| path.starts_with(p)) {
        return console::refuse(&app.console, parts, why);
    }
    use StatusCode as S;
    let problem = match why {
        Why::Method => {
            Problem::new(S::METHOD_NOT_ALLOWED, "method-not-allowed").allowing(&routes::methods_of(parts.uri.path()))
        }
        Why::SignIn => Problem::new(S::UNAUTHORIZED, "unauthorized"),
        Why::OtherSite => Problem::new(S::FORBIDDEN, "other-site"),
        Why::Failed(error) => Problem::internal(&error),
        Why::File(no) => api::no_upload(&no),
        Why::NotThere | Why::Denied { why: Denied::Unseen, kind: "", .. } => Problem::not_found(),
        Why::Unknown { kind, code } | Why::Denied { why: Denied::Unseen, kind, code } => {
            let unknown = if kind == "unit" { "unknown-unit" } else { "unknown-screen" };
            Problem::new(S::NOT_FOUND, unknown).of(kind, &code)
        }
        Why::Denied { why: Denied::Role, .. } => Problem::new(S::FORBIDDEN, "forbidden"),
        Why::Denied { why: Denied::Weak, .. } => Problem::new(S::FORBIDDEN, "second-factor"),
    };
    let signs_in = matches!(problem.status(), S::UNAUTHORIZED);
    let mut response = problem.answer(language(&parts.headers));
    if signs_in {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    }
    response
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';')).find_map(|c| c.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Does a page of this server send this? Browsers of today say so; of older ones the page's address must be the one they ask.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let (Some(host), Some(origin)) = (text("host"), text("origin")) else { return false };
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) == Some(host)
}

/// Is it no page at all? Browsers say of every request that changes something whence it comes, programs of none; and the API takes no
/// body that a form could send.
fn is_no_page(headers: &HeaderMap) -> bool {
    !headers.contains_key("sec-fetch-site") && !headers.contains_key(header::ORIGIN)
}

/// With the cookies of a session that begins. `Lax`: whoever follows a link from a letter is signed in there, too; what changes
/// something needs a page of ours and its token besides.
pub(super) fn keep_session(response: &mut Response, Entered { session, browser }: &Entered) {
    for value in [
        format!("{SESSION}={session}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        format!("{BROWSER}={browser}; Path=/; Max-Age={KNOWN_S}; Secure; HttpOnly; SameSite=Lax"),
    ] {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

/// With the session's cookie taken away.
pub(super) fn end_session(response: &mut Response) {
    let gone = format!("{SESSION}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    response.headers_mut().extend(gone.parse().map(|gone| (header::SET_COOKIE, gone)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_a_page_of_this_server_changes_something() {
        let host = ("host", "lich.example:8087");
        for own in [
            vec![host, ("sec-fetch-site", "same-origin")],
            vec![host, ("origin", "https://lich.example:8087")],
            vec![("host", "inner:80"), ("sec-fetch-site", "same-origin"), ("origin", "https://lich.example")],
        ] {
            assert!(is_own_page(&headers(&own)), "{own:?}");
        }
        for other in [
            vec![host],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "https://evil.example")],
            vec![host, ("origin", "https://lich.example:8087.evil.example")],
            vec![host, ("origin", "https://lich.example:8087"), ("sec-fetch-site", "same-site")],
            vec![host, ("sec-fetch-site", "none")],
        ] {
            assert!(!is_own_page(&headers(&other)), "{other:?}");
            assert_eq!(is_no_page(&headers(&other)), other == [host], "{other:?}");
        }
    }

    #[test]
    fn a_cookie_is_its_whole_name() {
        let all =
            headers(&[("cookie", "lang=en; __Host-lichphat-browser=b; x__Host-lichphat=evil; __Host-lichphat=s")]);
        assert_eq!((cookie(&all, SESSION), cookie(&all, BROWSER), cookie(&all, "lan")), (Some("s"), Some("b"), None));
    }
}
