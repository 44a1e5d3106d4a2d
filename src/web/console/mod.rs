//! The console: pages for people, rendered here, in Vietnamese first and English by a switch.
//!
//! Handlers gather facts, pure functions turn them into views, templates only print them. Nothing
//! is fetched from outside, every name is escaped, and a page works without script; one script brings newer
//! figures in and says so when it cannot, another asks the browser for passkeys, where six digits would do.

mod alerts;
pub(super) mod approvals;
pub(super) mod ask;
mod audit;
mod chart;
pub(super) mod content;
pub(super) mod data;
mod device;
mod figures;
mod fresh;
mod heat;
mod help;
mod home;
mod live;
mod log;
pub(super) mod names;
mod nav;
mod notices;
mod orders;
mod outlook;
mod overview;
mod page;
mod pairing;
mod passkey;
mod peaks;
mod people;
mod preflight;
mod preview;
mod reports;
pub(super) mod screen;
mod screen_history;
mod screen_ledger;
mod screen_now;
pub(super) mod screen_week;
mod screens;
mod search;
mod sign;
mod squeezed;
mod sums;
mod timeline;
mod today;
mod unit;
mod why;

pub use data::{BehindPages, Console, Reach};
pub use figures::Reckoned;

use super::gate::{FormToken, LIVE};
use super::server::{self, Whence};
use super::{App, Response};
use crate::approval::ApprovalError;
use crate::compliance::ComplianceError;
use crate::error::StoreError;
use crate::fleet::FleetError;
use crate::lang::Lang;
use crate::library::{NoUpload, Uploaded};
use crate::people::{Caller, Denied, PeopleError, Sight};
use crate::planning::PlanningError;
use crate::proof::ProofError;
use crate::proof::log::LogError;
use crate::web::turns::NoTurn;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use warp::{Filter, Rejection, Reply};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(in crate::web) enum ConsoleError {
    /// No such page.
    #[error("no such page")]
    NotFound,
    /// No such unit, screen or order; the code as given.
    #[error("{kind} {code}: is not known")]
    Unknown {
        /// `unit`, `screen` or `order`.
        kind: &'static str,
        /// As given.
        code: String,
    },
    /// A day or a time that does not exist, a command that makes no sense.
    #[error("{kind} {value:?} is not valid")]
    Bad {
        /// `day`, `time` or `command`.
        kind: &'static str,
        /// As given.
        value: String,
    },
    /// Something that only a page of this server may ask.
    #[error("not from a page of this server")]
    Forbidden,
    /// He sees it, and may not do that.
    #[error("{0}")]
    Denied(Denied),
    /// The session is over.
    #[error("not signed in")]
    SignedOut,
    /// Only reading is possible here.
    #[error("method not allowed")]
    Method,
    /// A file may not come, or not now: the status, a stable word, and a value.
    #[error("{1} {2}")]
    File(StatusCode, &'static str, String),
    /// So many wait for work of seconds that this is not begun; a little later it may be.
    #[error("too many wait")]
    Busy,
    /// The same, of his own.
    #[error("too many of his own wait")]
    BusyOwn,
    /// What the page shows is being made for the first time of this day; it comes again by itself.
    #[error("is being made")]
    Making,
    /// The figures of a page that somebody has had open for long are no longer kept.
    #[error("no longer kept")]
    Gone,
    /// A defect or a failed store; the log has the reason.
    #[error("{0}")]
    Internal(String),
}

impl From<NoTurn> for ConsoleError {
    fn from(error: NoTurn) -> Self {
        match error {
            NoTurn::Busy => Self::Busy,
            NoTurn::Own => Self::BusyOwn,
            NoTurn::Failed(reason) => Self::Internal(reason),
        }
    }
}

impl From<StoreError> for ConsoleError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<PeopleError> for ConsoleError {
    fn from(error: PeopleError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<ApprovalError> for ConsoleError {
    fn from(error: ApprovalError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<ComplianceError> for ConsoleError {
    fn from(error: ComplianceError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<PlanningError> for ConsoleError {
    fn from(error: PlanningError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<FleetError> for ConsoleError {
    fn from(error: FleetError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<ProofError> for ConsoleError {
    fn from(error: ProofError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<LogError> for ConsoleError {
    fn from(error: LogError) -> Self {
        Self::Internal(error.to_string())
    }
}
impl From<askama::Error> for ConsoleError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

/// What a page was asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Language of the answer.
    pub(super) lang: Lang,
    path: String,
    query: BTreeMap<String, String>,
    /// Who asks; none on the pages that let people in.
    caller: Option<Caller>,
    /// What his forms carry.
    form_token: String,
    /// From where.
    from: IpAddr,
    /// Under which name and port the browser reached us.
    host: String,
    /// The file that came with it.
    file: Option<Uploaded>,
}

/// Why the gate says no.
#[derive(Debug, Clone)]
pub(super) enum Why {
    /// There is no such page.
    NotThere,
    /// There is one, and not for this.
    Method,
    /// Nobody has signed in, or not for long enough ago.
    SignIn,
    /// It was not a page of this server that asked.
    OtherSite,
    /// A code that is nobody's.
    Unknown { kind: &'static str, code: String },
    /// His roles do not allow it; whose code it is about.
    Denied { why: Denied, kind: &'static str, code: String },
    /// A file may not begin to come.
    File(Arc<NoUpload>),
    /// The store failed.
    Failed(String),
}

impl Asked {
    /// A page that nobody asked for.
    #[cfg(test)]
    fn of(path: &str) -> Self {
        let (path, query, form_token) = (path.to_owned(), BTreeMap::new(), String::new());
        Self {
            lang: Lang::Vi,
            path,
            query,
            caller: None,
            form_token,
            from: server::whence(None),
            host: String::new(),
            file: None,
        }
    }
    /// Who asks: the gate lets nobody else to the pages that need it.
    pub(super) fn caller(&self) -> Result<&Caller, ConsoleError> {
        self.caller.as_ref().ok_or(ConsoleError::SignedOut)
    }
    /// What he may see.
    pub(super) fn sight(&self, city: &data::City, console: &Console) -> Result<Sight, ConsoleError> {
        Ok(self.caller()?.sight(&city.directory, console.today().1))
    }
    /// A value of the query; empty ones are absent.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).map(str::trim).filter(|v| !v.is_empty())
    }
    /// Page of a list, from 1.
    pub(super) fn page(&self) -> usize {
        self.value("page").and_then(|p| p.parse().ok()).filter(|p| *p >= 1).unwrap_or(1)
    }
    /// This address with some values set, or taken out.
    pub(super) fn with_all(&self, values: &[(String, Option<String>)]) -> String {
        let mut asked = self.clone();
        for (name, value) in values {
            asked.query.remove(name);
            asked.query.extend(value.clone().map(|value| (name.clone(), value)));
        }
        asked.with("lang", None)
    }
    /// This address with one value set, or taken out.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut query = self.query.clone();
        query.remove("lang");
        query.remove(name);
        if let Some(value) = value {
            query.insert(name.to_owned(), value.to_owned());
        }
        href(&self.path, query.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }
}

/// A path with a query, safely encoded.
pub(super) fn href<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => char::from(b).to_string(),
                _ => format!("%{b:02X}"),
            })
            .collect()
    };
    let query: Vec<String> = query.into_iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Language: of the switch, else of the cookie, else Vietnamese.
fn language(query: &BTreeMap<String, String>, headers: &HeaderMap) -> (Lang, bool) {
    if let Some(lang) = query.get("lang").and_then(|code| Lang::from_code(code)) {
        return (lang, true);
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let cookie = cookies.flat_map(|v| v.split(';')).find_map(|c| c.trim().strip_prefix("lang="));
    (cookie.and_then(Lang::from_code).unwrap_or_default(), false)
}

/// Every page; the whole path is looked at here.
pub(super) fn routes(app: &App) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let console = Arc::clone(&app.console);
    let who = warp::ext::optional::<Caller>()
        .and(warp::ext::optional::<FormToken>())
        .and(warp::ext::optional::<Whence>())
        .and(warp::ext::optional::<Uploaded>())
        .map(|caller, form: Option<FormToken>, whence, file| {
            (caller, form.map_or_else(String::new, |f| f.0), whence, file)
        });
    warp::method()
        .and(warp::path::full())
        .and(warp::query::<BTreeMap<String, String>>())
        .and(who)
        .and(warp::header::headers_cloned())
        .and(warp::body::bytes())
        .then(
            move |method: Method,
                  path: warp::path::FullPath,
                  query: BTreeMap<String, String>,
                  (caller, form_token, whence, file): (Option<Caller>, String, Option<Whence>, Option<Uploaded>),
                  headers: HeaderMap,
                  body: Bytes| {
                let console = Arc::clone(&console);
                async move {
                    let (lang, switched) = language(&query, &headers);
                    let path = path.as_str().to_owned();
                    let asked = Asked {
                        lang,
                        path,
                        query,
                        caller,
                        form_token,
                        from: server::whence(whence),
                        host: host(&headers),
                        file,
                    };
                    let changes = !matches!(method, Method::GET | Method::HEAD);
                    let response = answer(&console, &method, &asked, &headers, &body).await;
                    let mut response = squeezed::squeezed(&headers, asked.path.starts_with("/static/"), response).await;
                    if changes && !response.status().is_client_error() && asked.caller.is_some() {
                        console.news.of_people();
                    }
                    if switched
                        && let Ok(cookie) =
                            format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax", lang.code()).parse()
                    {
                        response.headers_mut().append(header::SET_COOKIE, cookie);
                    }
                    response
                }
            },
        )
}

fn host(headers: &HeaderMap) -> String {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned()
}

/// The page with which the gate says no; whoever has not signed in is led there and back.
pub(super) fn refuse(console: &Console, parts: &Parts, why: Why) -> Response {
    let query = parts.uri.query().unwrap_or_default();
    let query: BTreeMap<String, String> = serde_urlencoded::from_str(query).unwrap_or_default();
    let (lang, _) = language(&query, &parts.headers);
    let (path, form_token) = (parts.uri.path().to_owned(), String::new());
    let asked = Asked {
        lang,
        path,
        query,
        caller: None,
        form_token,
        from: server::whence(None),
        host: host(&parts.headers),
        file: None,
    };
    // a script, or a program with a token that is not good: a page to sign in on is of no use to it
    let by_itself = parts.headers.contains_key(LIVE) || parts.headers.contains_key(header::AUTHORIZATION);
    let error = match why {
        Why::SignIn if parts.method == Method::GET && !by_itself => return sign::to_login(&asked),
        Why::SignIn => ConsoleError::SignedOut,
        Why::NotThere => ConsoleError::NotFound,
        Why::Method => ConsoleError::Method,
        Why::OtherSite => ConsoleError::Forbidden,
        Why::Unknown { kind, code } => ConsoleError::Unknown { kind, code },
        // in the same words as what is not there
        Why::Denied { why: Denied::Unseen, kind, code } => ConsoleError::Unknown { kind, code },
        Why::Denied { why, .. } => ConsoleError::Denied(why),
        Why::File(no) => content::not_now(&no),
        Why::Failed(reason) => ConsoleError::Internal(reason),
    };
    page::error(console, &asked, &error)
}

async fn answer(console: &Arc<Console>, method: &Method, asked: &Asked, headers: &HeaderMap, body: &[u8]) -> Response {
    if let Some(asset) = asset(&asked.path) {
        return asset;
    }
    let segments: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let reads = *method == Method::GET || *method == Method::HEAD;
    let answer = match (reads, segments.as_slice()) {
        (false, ["login", "passkey"] | ["account", "passkeys" | "digits", ..]) => {
            passkey::answer(console, asked, headers, body).await
        }
        (_, ["login" | "logout" | "first" | "account", ..]) => sign::answer(console, asked, reads, headers, body).await,
        (_, ["people", ..]) => people::answer(console, asked, reads, &segments, body).await,
        (true, ["approvals", "files", hash]) => approvals::file(console, asked, hash, headers).await,
        (false, ["approvals", number]) if *method == Method::POST => {
            approvals::post(console, asked, number, body).await
        }
        (_, ["orders", ..]) => orders::answer(console, asked, reads, &segments, (headers, body)).await,
        (false, ["reports", what]) if *method == Method::POST => reports::post(console, asked, what, body).await,
        (true, ["reports", name]) => reports::file(console, asked, name).await,
        (_, ["content", ..]) => content::answer(console, asked, reads, &segments, body).await,
        (true, ["alerts"]) => alerts::show(console, asked).await,
        (false, ["alerts"]) if *method == Method::POST => alerts::subscribe(console, asked, body).await,
        (false, ["alerts", case]) if *method == Method::POST => alerts::take(console, asked, case).await,
        (true, ["live"]) => live::stream(console, asked, headers).await,
        (_, ["audit", below @ ..]) => audit::answer(console, asked, reads, below, body).await,
        (_, ["many", below @ ..]) => screens::answer(console, asked, reads, below, body).await,
        (true, ["help", lang, picture]) => help::picture(lang, picture),
        (true, ["pairing"]) => pairing::show(console, asked).await,
        (false, ["screens", code, "closure"]) if *method == Method::POST => {
            screen_week::post(console, asked, code, body).await
        }
        (false, ["screens", code, "pairing"]) => pairing::post(console, asked, code, body).await,
        (true, ["screens", code, "asked", file]) => ask::picture(console, code, file).await,
        (true, segments) => dispatch(console, asked, segments).await.map(|html| page::html(StatusCode::OK, html)),
        (false, ["screens", code, "ask"]) if *method == Method::POST => ask::post(console, asked, code, body).await,
        (false, _) => Err(ConsoleError::Method),
    };
    answer.unwrap_or_else(|error| page::error(console, asked, &error))
}

async fn dispatch(console: &Console, asked: &Asked, segments: &[&str]) -> Result<String, ConsoleError> {
    match segments {
        [""] => home::show(console, asked).await,
        ["help"] => help::all(console, asked),
        ["help", guide] => help::one(console, asked, guide),
        ["approvals"] => approvals::show(console, asked).await,
        ["peaks"] => peaks::show(console, asked).await,
        ["preflight", code] => preflight::show(console, asked, code).await,
        ["screens"] => screens::show(console, asked).await,
        ["search"] => search::show(console, asked).await,
        ["reports"] => reports::show(console, asked).await,
        ["screens", code] => screen::show(console, asked, code).await,
        ["screens", code, "week"] => screen_week::show(console, asked, code).await,
        ["screens", code, "history"] => screen_history::show(console, asked, code).await,
        ["screens", code, "why"] => why::show(console, asked, code).await,
        ["units", code] => unit::show(console, asked, code).await,
        _ => Err(ConsoleError::NotFound),
    }
}

/// Longest body of a form that holds a file, bytes; none: as long as any other.
pub(super) fn most_bytes(method: &Method, path: &str) -> Option<usize> {
    (*method == Method::POST && ["/audit/findings", "/many/import"].contains(&path)).then_some(screens::MOST_FILE_BYTES)
}

/// The style sheet, the scripts and the letters, out of the program itself.
fn asset(path: &str) -> Option<Response> {
    let (kind, bytes) = match path {
        "/static/orders.js" => ("text/javascript; charset=utf-8", page::ORDERS.as_bytes()),
        "/static/content.js" => ("text/javascript; charset=utf-8", page::CONTENT.as_bytes()),
        "/static/console.css" => ("text/css; charset=utf-8", page::CSS.as_bytes()),
        "/static/live.js" => ("text/javascript; charset=utf-8", page::SCRIPT.as_bytes()),
        "/static/file.js" => ("text/javascript; charset=utf-8", page::FILE.as_bytes()),
        "/static/passkey.js" => ("text/javascript; charset=utf-8", page::PASSKEY.as_bytes()),
        "/static/icon.svg" => ("image/svg+xml", page::ICON.as_bytes()),
        "/static/be-vietnam-pro-400.woff2" => ("font/woff2", page::LETTERS[0]),
        "/static/be-vietnam-pro-600.woff2" => ("font/woff2", page::LETTERS[1]),
        "/static/be-vietnam-pro-ofl.txt" => ("text/plain; charset=utf-8", page::LETTERS_LICENCE.as_bytes()),
        _ => return None,
    };
    let reply = warp::reply::with_header(bytes, header::CONTENT_TYPE, kind);
    let reply = warp::reply::with_header(reply, header::CACHE_CONTROL, "public, max-age=86400");
    Some(warp::reply::with_header(reply, "X-Content-Type-Options", "nosniff").into_response())
}
