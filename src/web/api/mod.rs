//! `/api/…`: everything that the console shows and does, for programs.
//!
//! One table ([`table`]) says what can be asked for, with what, and what is answered; requests are dispatched by it and the
//! description at `/api/openapi.json` is written from it. Handlers call the rooms that shell and console call, and hold no rule of
//! their own. Refusals are [`Problem`](super::problem::Problem)s.

mod account;
mod approvals;
mod call;
mod campaigns;
mod closures;
mod devices;
mod imports;
mod keyed;
mod limits;
mod loops;
mod media;
mod openapi;
mod orders;
mod peaks;
mod people;
mod reports;
mod samples;
mod screens;
mod session;
pub(super) mod table;
mod units;

use super::problem::{Problem, language};
use super::routes::{Need, Row};
use super::server::Whence;
use super::{App, Response};
use crate::error::StoreError;
use crate::library::Uploaded;
use crate::people::Caller;
use crate::planning::PlanningError;
use crate::sampling::SamplingError;
use crate::web::console::ConsoleError;
use crate::web::turns::COME_AGAIN_S;
use bytes::Bytes;
use call::Call;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
pub(super) use limits::{Buckets, Limits};
pub(super) use media::no_upload;
use std::sync::{Arc, LazyLock};
use table::{Operation, Takes, find};
use tracing::Instrument as _;
use warp::path::FullPath;
use warp::{Filter, Rejection, Reply as _};

/// Where the description is.
pub(super) const DESCRIPTION: &str = "/api/openapi.json";
/// Longest body of JSON, bytes.
pub(super) const JSON_BYTES: usize = 64 * 1024;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());

/// All routes under `/api`.
pub(super) fn routes(
    app: &App,
    limits: &Arc<Limits>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let (app, limits) = (app.clone(), Arc::clone(limits));
    let query = warp::query::raw().or_else(|_| async { Ok::<_, Rejection>((String::new(),)) });
    let sender = warp::ext::optional::<Caller>().and(warp::ext::optional::<Whence>());
    let sender = sender.and(warp::ext::optional()).and(warp::ext::optional());
    let head = warp::method().and(warp::path::full()).and(query).and(warp::header::headers_cloned()).and(sender);
    let asked = head.and(warp::body::bytes()).map(
        |method, path: FullPath, query, headers, caller, whence, file, left, body| Asked {
            method,
            path: path.as_str().to_owned(),
            query,
            headers,
            caller,
            whence,
            file,
            left,
            body,
        },
    );
    asked.then(move |asked: Asked| {
        let (app, limits) = (app.clone(), Arc::clone(&limits));
        async move {
            let (lang, mut told) = (language(&asked.headers), HeaderMap::new());
            let answer = answer(app, &limits, asked, &mut told).await;
            let mut response = finished(answer.unwrap_or_else(|problem| problem.answer(lang)));
            response.headers_mut().extend(told);
            response
        }
    })
}

/// A request as it came.
struct Asked {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    /// Who sends it; the gate says so, none where anybody may.
    caller: Option<Caller>,
    whence: Option<Whence>,
    /// The body, where it is a file.
    file: Option<Uploaded>,
    /// What was left to its sender when it began to come, where it is a file.
    left: Option<Left>,
    body: Bytes,
}

/// So many requests an account has left: it was counted before its file came.
#[derive(Clone, Copy)]
pub(super) struct Left(u32);

async fn answer(app: App, limits: &Limits, asked: Asked, told: &mut HeaderMap) -> Result<Response, Problem> {
    let Asked { method, path, query, headers, caller, whence, file, left, body } = asked;
    if path == DESCRIPTION {
        return Ok(description());
    }
    let Some((op, places)) = find(&method, &path) else { return Err(Problem::not_found()) };
    // strangers are counted by their networks alone: no one of them uses up what is another's
    if let Some(caller) = &caller {
        let left = left.map_or_else(|| limits.account(caller.account.as_str()), |Left(left)| Ok(left))?;
        limits.tell(told, left);
    }
    holds(op, &headers, &body)?;
    let key = keyed::key(op, &headers, caller.as_ref())?;
    let caller = caller.unwrap_or_else(Caller::nobody);
    let content = file.as_ref().map_or(&body[..], |file| file.hash_bytes());
    let request = keyed::hash(&method, &path, &query, &headers, content);
    let query = call::read_query(op, &query)?;
    let (once, now) = (Arc::clone(&app.once), app.clock.now());
    let city = app.console.city().await?;
    let sight = caller.sight(&city.directory, app.console.today().1);
    let lang = language(&headers);
    let from = super::server::whence(whence);
    let run = (op.run)(Call { app, lang, op, caller, from, city, sight, places, query, headers, file, body });
    let work = async move {
        match key {
            Some(key) => keyed::once(&*once, (op, key), (request, now), run, lang).await,
            None => run.await,
        }
    };
    if op.is_unsafe() { to_the_end(work).await } else { work.await }
}

/// Carries work out from its beginning to its end, though who asked for it hangs up meanwhile: what is written without its answer
/// would be written again by who repeats it, and what is taken in without its proposal would wait for nobody.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| Err(Problem::internal(&error)))
}

/// One row for each operation, what is spelled out before what has a place; and the description, which anybody may read.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    [("GET", DESCRIPTION, Need::Anyone)].into_iter().chain(table::operations().map(|op| (op.method, op.path, op.need)))
}

/// Longest body of a request, bytes; none: nothing is there.
pub(super) fn most_bytes(method: &Method, path: &str) -> Option<usize> {
    find(method, path).map(|(op, _)| match op.takes {
        Takes::Nothing | Takes::Json(_) => JSON_BYTES,
        Takes::Bytes(_, most) => most,
        Takes::File => 0, // not into memory
    })
}

/// Does it take a file, which is written down as it comes?
pub(super) fn takes_file(method: &Method, path: &str) -> bool {
    find(method, path).is_some_and(|(op, _)| matches!(op.takes, Takes::File))
}

/// What is refused of a file's head alone, before a byte of the file is taken in; else what is left to its sender. The whole of a file
/// comes also when the library has it: only its bytes show that its sender does.
pub(super) fn looked_at(limits: &Limits, parts: &Parts, caller: &Caller) -> Result<Left, Problem> {
    let Some((op, _)) = find(&parts.method, parts.uri.path()) else { return Err(Problem::not_found()) };
    let left = limits.account(caller.account.as_str())?;
    holds(op, &parts.headers, &Bytes::new())?;
    keyed::key(op, &parts.headers, Some(caller))?;
    call::read_query(op, parts.uri.query().unwrap_or(""))?;
    Ok(Left(left))
}

/// Is the body of a type that the operation takes?
fn holds(op: &Operation, headers: &HeaderMap, body: &Bytes) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let kind = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let taken = |kinds: &[&str]| match kinds.contains(&kind.as_str()) {
        true => Ok(()),
        false => {
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type").of("content-type", given))
        }
    };
    let most = |most| match body.len() > most {
        true => Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")),
        false => Ok(()),
    };
    match op.takes {
        Takes::Nothing => Ok(()),
        Takes::Json(_) => most(JSON_BYTES).and_then(|()| taken(&["application/json"])),
        Takes::Bytes(kinds, bytes) => most(bytes).and_then(|()| taken(kinds)),
        Takes::File => taken(&["application/octet-stream"]),
    }
}

fn description() -> Response {
    let reply = warp::reply::with_header(DOCUMENT.as_str(), header::CONTENT_TYPE, "application/json");
    reply.into_response()
}

/// What every answer says: it is for its asker alone, and is what it says it is.
fn finished(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, cookie, accept-language"));
    response
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::NotFound => Self::not_found(),
            ConsoleError::Unknown { kind: "unit", code } => call::unknown("unknown-unit", "unit", &code),
            ConsoleError::Unknown { kind: "order", code } => call::unknown("unknown-campaign", "campaign", &code),
            ConsoleError::Unknown { code, .. } => call::unknown("unknown-screen", "screen", &code),
            ConsoleError::Bad { kind, value } => Self::new(StatusCode::BAD_REQUEST, "bad-parameter").of(kind, &value),
            ConsoleError::SignedOut => Self::new(StatusCode::UNAUTHORIZED, "unauthorized"),
            ConsoleError::Denied(_) => Self::new(StatusCode::FORBIDDEN, "forbidden"),
            ConsoleError::Forbidden => Self::new(StatusCode::FORBIDDEN, "forbidden"),
            ConsoleError::Method => Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            ConsoleError::File(status, word, _) => Self::new(status, word),
            ConsoleError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "reports-wait").after_s(COME_AGAIN_S),
            ConsoleError::BusyOwn => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "reports-wait-own").after_s(COME_AGAIN_S)
            }
            ConsoleError::Making => Self::new(StatusCode::SERVICE_UNAVAILABLE, "reports-wait").after_s(COME_AGAIN_S),
            ConsoleError::Gone => Self::not_found(),
            ConsoleError::Internal(reason) => Self::internal(&reason),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::new(StatusCode::CONFLICT, "busy").after_s(1),
            error => Self::internal(&error),
        }
    }
}

impl From<PlanningError> for Problem {
    fn from(error: PlanningError) -> Self {
        Self::internal(&error)
    }
}

impl From<SamplingError> for Problem {
    fn from(error: SamplingError) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot::channel;

    #[tokio::test]
    async fn what_has_begun_ends_though_nobody_waits_for_it() {
        let ((go, may_go), (done, is_done)) = (channel(), channel());
        let work = async move {
            may_go.await.map_err(|error| Problem::internal(&error))?;
            done.send("written and answered").map_err(|error| Problem::internal(&error))
        };
        assert!(to_the_end(work).now_or_never().is_none(), "asked for, and hung up");
        go.send(()).unwrap();
        assert_eq!(is_done.await, Ok("written and answered"));
    }
}
