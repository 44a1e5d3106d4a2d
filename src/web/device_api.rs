//! `/device/v1/…`: the door for players; the protocol is described in
//! `lichphat_playlists::wire::device`.
//!
//! Every answer that a device keeps (plans, asset tables, media, receipts) is signed or named by
//! its hash, so a proxy in between can delay but not change it.

use super::{Admitted, App, Response};
use crate::care::Segment;
use crate::fleet::{Call, Device, FleetError};
use crate::library::{LibraryError, Range};
use crate::proof::ProofError;
use crate::proof::log::LogError;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::segment::SegmentError;
use lichphat_playlists::wire::device::{Heartbeat, Problem, Register};
use lichphat_playlists::wire::proofs::ProofsAsked;
use lichphat_playlists::wire::sign::SignError;
use std::sync::Arc;
use std::time::Duration;
use warp::{Filter, Rejection, Reply};

/// Longest body of anything but pictures, bytes: a little more than a segment may have.
const SMALL_BYTES: usize = 65_536;

/// Which requests a door is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Those of registered players.
    Players,
    /// Those of boxes that are not registered yet.
    Pairing,
    /// Both.
    Both,
}

/// Who sends a request, before its body is taken in: a device, or nobody yet who has a token in the body.
pub(super) fn gate(
    app: &App,
    door: Door,
) -> impl Fn(Parts) -> BoxFuture<'static, Result<Admitted, Response>> + Send + Sync + use<> {
    let (fleet, most_bytes) = (Arc::clone(&app.fleet), app.max_body_bytes as usize);
    move |mut parts| {
        let fleet = Arc::clone(&fleet);
        Box::pin(async move {
            let path = parts.uri.path();
            let most_bytes = match path.strip_prefix("/device/v1/") {
                Some("register") if door != Door::Players => return Ok(Admitted { parts, most_bytes: SMALL_BYTES }),
                None | Some("register") => return Err(ApiError::not_found().into_response()),
                Some(_) if door == Door::Pairing => return Err(ApiError::not_found().into_response()),
                Some("answers") => most_bytes, // pictures
                Some(_) => SMALL_BYTES,
            };
            let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
            let device = fleet.authenticate(authorization).await.map_err(|e| ApiError::from(e).into_response())?;
            parts.extensions.insert(device);
            Ok(Admitted { parts, most_bytes })
        })
    }
}

/// All routes under `/device`.
pub(super) fn routes(app: &App) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = app.clone();
    warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Device>())
        .and(warp::body::bytes())
        .then(
            move |method: Method,
                  path: warp::path::FullPath,
                  headers: HeaderMap,
                  device: Option<Device>,
                  body: Bytes| {
                let app = app.clone();
                async move {
                    let answer = answer(&app, &method, path.as_str(), &headers, (device, body)).await;
                    answer.unwrap_or_else(|e| e.into_response())
                }
            },
        )
}

async fn answer(
    app: &App,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    (device, body): (Option<Device>, Bytes),
) -> Result<Response, ApiError> {
    let rest = path.strip_prefix("/device/v1/").ok_or_else(ApiError::not_found)?;
    if (method, rest) == (&Method::POST, "register") {
        let request: Register = json(&body)?;
        return Ok(warp::reply::json(&app.fleet.register(request).await?).into_response());
    }
    let device = device.ok_or(FleetError::Unauthorized)?;
    match (method, rest.split_once('/').unwrap_or((rest, ""))) {
        (&Method::GET, ("index", "")) => index(app, &device, headers).await,
        (&Method::GET, ("plans", hash)) => {
            let bytes = app.fleet.plan(&device, parse_hash(hash)?).await?;
            Ok(immutable(bytes, "application/vnd.lichphat.playlist"))
        }
        (&Method::GET, ("assets", hash)) => {
            Ok(immutable(app.fleet.assets(parse_hash(hash)?).await?, "application/json"))
        }
        (&Method::GET, ("media", hash)) => media(app, parse_hash(hash)?, headers).await,
        (&Method::GET, ("receipt", "")) => Ok(octets(app.proof.receipt(device.device).await?.into_bytes())),
        (&Method::POST, ("segments", "")) => {
            let taken = app.proof.ingest(&(&device).try_into()?, body.to_vec()).await;
            let metrics = &app.care.metrics;
            match taken {
                Ok((outcome, receipt)) => {
                    metrics.segment(Segment::Judged(&outcome));
                    Ok(octets(receipt.into_bytes()))
                }
                Err(error) => {
                    metrics.segment(Segment::Refused(refusal(&error).1));
                    Err(error.into())
                }
            }
        }
        (&Method::POST, ("proofs", "")) => proofs(app, &device, json(&body)?).await,
        (&Method::POST, ("heartbeat", "")) => {
            let mut heartbeat: Heartbeat = json(&body)?;
            if let Some(head) = heartbeat.head.take() {
                app.proof.hear(&(&device).try_into()?, &head).await?;
            }
            Ok(warp::reply::json(&app.fleet.heartbeat(&device, heartbeat).await?).into_response())
        }
        (&Method::POST, ("answers", "")) => {
            app.fleet.answered(&device, body.to_vec()).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        (&Method::GET, ("events", "")) => Ok(events(app, device)),
        _ => Err(ApiError::not_found()),
    }
}

async fn index(app: &App, device: &Device, headers: &HeaderMap) -> Result<Response, ApiError> {
    let (index, etag) = app.fleet.index(device).await?;
    let quoted = format!("\"{etag}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == quoted.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(warp::reply::with_header(warp::reply::json(&index), header::ETAG, quoted).into_response())
}

/// Where the log holds the device's segments; nothing before the log's first checkpoint.
async fn proofs(app: &App, device: &Device, asked: ProofsAsked) -> Result<Response, ApiError> {
    let proofs = app.log.proofs(device.device, asked).await?.ok_or_else(ApiError::not_found)?;
    Ok(octets(proofs.encode()))
}

/// Tells the device within moments that its screen has new plans or that something is asked of it; a comment line every
/// 15 s keeps the connection known to be alive.
fn events(app: &App, device: Device) -> Response {
    // A listener that was too slow has missed names, not news: it is told to look again.
    let calls = tokio_stream::wrappers::BroadcastStream::new(app.fleet.calls());
    let mine = calls.filter_map(move |call| {
        std::future::ready(match call {
            Ok(Call::Plans(screen)) => (screen == device.screen).then_some("playlist"),
            Ok(Call::Command(screen)) => (screen == device.screen).then_some("command"),
            Err(_) => Some("playlist"),
        })
    });
    let events = futures_util::stream::iter(["playlist"])
        .chain(mine)
        .map(|name| Ok::<_, std::convert::Infallible>(warp::sse::Event::default().event(name).data("look")));
    warp::sse::reply(warp::sse::keep_alive().interval(Duration::from_secs(15)).stream(events)).into_response()
}

async fn media(app: &App, hash: Sha256Hash, headers: &HeaderMap) -> Result<Response, ApiError> {
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let range = asked.map_or(Range::Whole, Range::asked);
    let reader = app.library.open(hash, range).await?;
    let partial = reader.length() != reader.size_bytes;
    let length = reader.length();
    let content_range = format!("bytes {}-{}/{}", reader.start, reader.end.saturating_sub(1), reader.size_bytes);
    let mut response = warp::reply::stream(reader.into_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    if let Ok(etag) = header::HeaderValue::from_str(&format!("\"{hash}\"")) {
        headers.insert(header::ETAG, etag);
    }
    if partial {
        if let Ok(value) = header::HeaderValue::from_str(&content_range) {
            headers.insert(header::CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn octets(bytes: Vec<u8>) -> Response {
    warp::reply::with_header(bytes, header::CONTENT_TYPE, "application/octet-stream").into_response()
}

fn immutable(bytes: Vec<u8>, content_type: &'static str) -> Response {
    let reply = warp::reply::with_header(bytes, header::CONTENT_TYPE, content_type);
    warp::reply::with_header(reply, header::CACHE_CONTROL, "private, max-age=31536000, immutable").into_response()
}

fn parse_hash(text: &str) -> Result<Sha256Hash, ApiError> {
    text.parse().map_err(|_| ApiError::not_found())
}

fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|e| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body", "the body is not what this route takes").detail(e)
    })
}

/// An error as RFC 9457 has it.
struct ApiError(Problem);

impl ApiError {
    fn new(status: StatusCode, kind: &str, title: &str) -> Self {
        Self(Problem { status: status.as_u16(), kind: kind.into(), title: title.into(), detail: String::new() })
    }
    fn detail(mut self, detail: impl std::fmt::Display) -> Self {
        self.0.detail = detail.to_string();
        self
    }
    fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here")
    }
    /// The log has the reason; the answer says only that it is ours to mend.
    fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a device's request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed; try again later")
    }
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = warp::reply::with_status(warp::reply::json(&self.0), status);
        warp::reply::with_header(reply, header::CONTENT_TYPE, "application/problem+json").into_response()
    }
}

impl From<FleetError> for ApiError {
    fn from(error: FleetError) -> Self {
        let of = |status, kind| Self::new(status, kind, &error.to_string());
        match error {
            FleetError::TokenUnknown => of(StatusCode::FORBIDDEN, "token-unknown"),
            FleetError::TokenUsed => of(StatusCode::FORBIDDEN, "token-used"),
            FleetError::TokenExpired => of(StatusCode::FORBIDDEN, "token-expired"),
            FleetError::BadKey => of(StatusCode::UNPROCESSABLE_ENTITY, "bad-key"),
            FleetError::Unauthorized => of(StatusCode::UNAUTHORIZED, "unauthorized"),
            FleetError::BadAnswer => of(StatusCode::FORBIDDEN, "bad-signature"),
            FleetError::NotFound | FleetError::NoSuchScreen(_) | FleetError::Release { .. } => Self::not_found(),
            FleetError::NoDevice(_) | FleetError::TooManyCommands(_) | FleetError::BadCommand(_) => Self::not_found(),
            FleetError::Store(_) => Self::internal(&error),
        }
    }
}

/// How a refused segment or head is answered, and the stable word for why.
fn refusal(error: &ProofError) -> (StatusCode, &'static str) {
    match error {
        ProofError::UnknownDevice(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
        ProofError::WrongSender { .. } | ProofError::Simulated(_) => (StatusCode::FORBIDDEN, "wrong-sender"),
        ProofError::Segment(SegmentError::Sign(SignError::BadSignature))
        | ProofError::Head(SignError::BadSignature) => (StatusCode::FORBIDDEN, "bad-signature"),
        ProofError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-segments"),
        ProofError::Head(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-head"),
        ProofError::Segment(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-segment"),
        ProofError::Unreadable { .. } | ProofError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

impl From<ProofError> for ApiError {
    fn from(error: ProofError) -> Self {
        match refusal(&error) {
            (StatusCode::INTERNAL_SERVER_ERROR, _) => Self::internal(&error),
            (status, kind) => Self::new(status, kind, &error.to_string()),
        }
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        Self::internal(&error)
    }
}

impl From<LibraryError> for ApiError {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::Unknown(_) => Self::not_found(),
            LibraryError::Range { .. } => {
                Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad-range", "the file is shorter than that")
            }
            other => Self::internal(&other),
        }
    }
}
