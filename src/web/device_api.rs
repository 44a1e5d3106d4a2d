//! `/device/v1/…`: the door for players; the protocol is described in
//! `lichphat_playlists::wire::device`.
//!
//! Every answer that a device keeps (plans, asset tables, media, receipts) is signed or named by
//! its hash, so a proxy in between can delay but not change it.

use super::api::Buckets;
use super::problem::{Problem, language};
use super::server::{Peer, Whence};
use super::{Admitted, App, Response};
use crate::care::Segment;
use crate::certs::devices::DeviceCertificate;
use crate::directory::problem::{Say, say};
use crate::fleet::{Call, Device, Fleet, FleetError};
use crate::library::{LibraryError, Range};
use crate::proof::ProofError;
use crate::proof::log::LogError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::segment::SegmentError;
use lichphat_playlists::wire::device::{CERTIFICATE_EXPIRED, Heartbeat, Register};
use lichphat_playlists::wire::proofs::ProofsAsked;
use lichphat_playlists::wire::sign::SignError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use warp::{Filter, Rejection, Reply};

/// Longest body of anything but pictures, bytes: a little more than a segment may have.
const SMALL_BYTES: usize = 65_536;

/// Codes that boxes of one network may ask for in a second, and ten times as many at once: each is a write to the store.
const CODES_PER_S: u32 = 4;

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

/// What a device may ask whose screen another box has taken: to hand its records in, and to hear what was taken back.
const RETIRED: [&str; 7] = ["segments", "receipt", "proofs", "heartbeat", "index", "approvals", "events"];

/// A device and the certificate by which it is known, among the extensions of a request that was let in.
#[derive(Debug, Clone)]
struct Sender {
    device: Device,
    certificate: DeviceCertificate,
}

/// The certificate that a request comes with: seen in the handshake of its connection (or, in this process, by whoever
/// calls), or in the clear handed on by the reverse proxy that saw it (RFC 9440).
fn certificate(parts: &Parts, fleet: &Fleet) -> Option<DeviceCertificate> {
    if let Some(known) = parts.extensions.get::<DeviceCertificate>() {
        return Some(known.clone());
    }
    let peer = parts.extensions.get::<Peer>()?;
    if peer.network.is_some() {
        return DeviceCertificate::read(peer.certificate.as_ref()?);
    }
    let header = parts.headers.get("client-cert")?.to_str().ok()?;
    let der = BASE64.decode(header.trim().strip_prefix(':')?.strip_suffix(':')?).ok()?;
    fleet.signed(&der)
}

/// Who sends a request, before its body is taken in: a device, or nobody yet who has a token in the body.
pub(super) fn gate(
    app: &App,
    door: Door,
) -> impl Fn(Parts) -> BoxFuture<'static, Result<Admitted, Response>> + Send + Sync + use<> {
    let (fleet, most_bytes) = (Arc::clone(&app.fleet), app.max_body_bytes as usize);
    let codes = Arc::new(Buckets::new("pairing", CODES_PER_S, &app.clock));
    move |mut parts| {
        let (fleet, codes) = (Arc::clone(&fleet), Arc::clone(&codes));
        Box::pin(async move {
            let lang = language(&parts.headers);
            let path = parts.uri.path().to_owned();
            let what = path.strip_prefix("/device/v1/").unwrap_or_default();
            let most_bytes = match what {
                "register" | "pairing" if door != Door::Players => {
                    if what == "pairing"
                        && parts.method == Method::POST
                        && let Some(Whence(network)) = parts.extensions.get::<Whence>()
                    {
                        codes.take(network).map_err(|problem| problem.answer(lang))?;
                    }
                    return Ok(Admitted { parts, most_bytes: SMALL_BYTES, upload: None, form: None, still: None });
                }
                "" | "register" | "pairing" => return Err(Problem::not_found().answer(lang)),
                _ if door == Door::Pairing => return Err(Problem::not_found().answer(lang)),
                "answers" => most_bytes, // pictures
                _ => SMALL_BYTES,
            };
            let Some(certificate) = certificate(&parts, &fleet) else {
                return Err(Problem::from(FleetError::Unauthorized).answer(lang));
            };
            if what == "certificate" {
                parts.extensions.insert(certificate); // whether it may be renewed is for the room to say
                return Ok(Admitted { parts, most_bytes, upload: None, form: None, still: None });
            }
            let device = fleet.admit(&certificate).await.map_err(|e| Problem::from(e).answer(lang))?;
            if device.retired && !RETIRED.contains(&what.split('/').next().unwrap_or_default()) {
                return Err(Problem::not_found().answer(lang));
            }
            parts.extensions.insert(Sender { device, certificate });
            Ok(Admitted { parts, most_bytes, upload: None, form: None, still: None })
        })
    }
}

/// All routes under `/device`.
pub(super) fn routes(app: &App) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let app = app.clone();
    warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Sender>())
        .and(warp::ext::optional::<DeviceCertificate>())
        .and(warp::ext::optional::<Whence>())
        .and(warp::body::bytes())
        .then(
            move |method: Method,
                  path: warp::path::FullPath,
                  headers: HeaderMap,
                  sender: Option<Sender>,
                  certificate: Option<DeviceCertificate>,
                  whence: Option<Whence>,
                  body: Bytes| {
                let (app, network) = (app.clone(), whence.map(|whence| whence.0));
                async move {
                    let rest = path.as_str().strip_prefix("/device/v1/").unwrap_or_default();
                    let answer = match (&method, rest, sender, certificate) {
                        (&Method::POST, "register", _, _) => register(&app, &body).await,
                        (&Method::POST, "pairing", _, _) => offer(&app, network, &body).await,
                        (&Method::GET, "pairing", _, _) => claimed(&app, &headers).await,
                        (&Method::POST, "certificate", _, Some(certificate)) => renew(&app, &certificate, &body).await,
                        (_, _, Some(sender), _) => answer(&app, (&method, rest), &headers, &sender, body).await,
                        _ => Err(Problem::not_found()),
                    };
                    answer.unwrap_or_else(|problem| problem.answer(language(&headers)))
                }
            },
        )
}

async fn register(app: &App, body: &[u8]) -> Result<Response, Problem> {
    let request: Register = json(body)?;
    Ok(warp::reply::json(&app.fleet.register(request).await?).into_response())
}

async fn offer(app: &App, network: Option<IpAddr>, body: &[u8]) -> Result<Response, Problem> {
    Ok(warp::reply::json(&app.fleet.offer(&json(body)?, network, &app.welcome).await?).into_response())
}

async fn claimed(app: &App, headers: &HeaderMap) -> Result<Response, Problem> {
    let claim = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Pairing "));
    let state = app.fleet.claimed(claim.unwrap_or_default(), &app.welcome).await?;
    Ok(warp::reply::json(&state).into_response())
}

async fn renew(app: &App, certificate: &DeviceCertificate, body: &[u8]) -> Result<Response, Problem> {
    Ok(warp::reply::json(&app.fleet.renew(certificate, &json(body)?).await?).into_response())
}

async fn answer(
    app: &App,
    (method, rest): (&Method, &str),
    headers: &HeaderMap,
    sender: &Sender,
    body: Bytes,
) -> Result<Response, Problem> {
    let device = &sender.device;
    match (method, rest.split_once('/').unwrap_or((rest, ""))) {
        (&Method::GET, ("index", "")) => index(app, device, headers).await,
        (&Method::GET, ("plans", hash)) => {
            let bytes = app.fleet.plan(device, parse_hash(hash)?).await?;
            Ok(immutable(bytes, "application/vnd.lichphat.playlist"))
        }
        (&Method::GET, ("assets", hash)) => {
            Ok(immutable(app.fleet.assets(parse_hash(hash)?).await?, "application/json"))
        }
        (&Method::GET, ("approvals", hash)) => {
            let bytes = app.fleet.approval(parse_hash(hash)?).await?;
            Ok(immutable(bytes, "application/vnd.lichphat.approval"))
        }
        (&Method::GET, ("media", hash)) => media(app, parse_hash(hash)?, headers).await,
        (&Method::GET, ("receipt", "")) => Ok(octets(app.proof.receipt(device.device).await?.into_bytes())),
        (&Method::POST, ("segments", "")) => {
            let taken = app.proof.ingest(&device.try_into()?, body.to_vec()).await;
            let metrics = &app.care.metrics;
            match taken {
                Ok((outcome, receipt)) => {
                    metrics.segment(Segment::Judged(&outcome));
                    app.console.news.of(&device.screen);
                    Ok(octets(receipt.into_bytes()))
                }
                Err(error) => {
                    metrics.segment(Segment::Refused(refusal(&error).1));
                    Err(error.into())
                }
            }
        }
        (&Method::POST, ("proofs", "")) => proofs(app, device, json(&body)?).await,
        (&Method::POST, ("heartbeat", "")) => {
            let mut heartbeat: Heartbeat = json(&body)?;
            if let Some(head) = heartbeat.head.take() {
                app.proof.hear(&device.try_into()?, &head).await?;
            }
            let answer = app.fleet.heartbeat(device, &sender.certificate, heartbeat).await?;
            app.console.news.of(&device.screen);
            Ok(warp::reply::json(&answer).into_response())
        }
        (&Method::POST, ("answers", "")) => {
            app.fleet.answered(device, body.to_vec()).await?;
            app.console.news.of(&device.screen);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        (&Method::GET, ("events", "")) => Ok(events(app, sender.clone())),
        _ => Err(Problem::not_found()),
    }
}

async fn index(app: &App, device: &Device, headers: &HeaderMap) -> Result<Response, Problem> {
    let (index, etag) = app.fleet.index(device).await?;
    let quoted = format!("\"{etag}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == quoted.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(warp::reply::with_header(warp::reply::json(&index), header::ETAG, quoted).into_response())
}

/// Where the log holds the device's segments; nothing before the log's first checkpoint.
async fn proofs(app: &App, device: &Device, asked: ProofsAsked) -> Result<Response, Problem> {
    let proofs = app.log.proofs(device.device, asked).await?.ok_or_else(Problem::not_found)?;
    Ok(octets(proofs.encode()))
}

/// Tells the device within moments that its screen has new plans or that something is asked of it; a comment line every
/// [`super::EVENTS_ALIVE`] keeps the connection known to be alive. As often the sender is looked at again: who was revoked hears nothing more, and
/// whose screen another box has taken comes again and hears of withdrawals alone.
fn events(app: &App, Sender { device, certificate }: Sender) -> Response {
    // A listener that was too slow has missed names, not news: it is told to look again.
    let calls = tokio_stream::wrappers::BroadcastStream::new(app.fleet.calls());
    let mine = calls.filter_map(move |call| {
        std::future::ready(match call {
            Ok(Call::Plans(_) | Call::Command(_)) if device.retired => None,
            Ok(Call::Plans(screen)) => (screen == device.screen).then_some("playlist"),
            Ok(Call::Command(screen)) => (screen == device.screen).then_some("command"),
            Ok(Call::Withdrawal) => Some("playlist"),
            Err(_) => Some("playlist"),
        })
    });
    let ((heard, refused), alive) = (oneshot::channel(), app.events_alive);
    tokio::spawn(until_refused(Arc::clone(&app.fleet), (certificate, device.retired), alive, heard));
    let events = futures_util::stream::iter(["playlist"])
        .chain(mine)
        .take_until(refused)
        .map(|name| Ok::<_, std::convert::Infallible>(warp::sse::Event::default().event(name).data("look")));
    warp::sse::reply(warp::sse::keep_alive().interval(alive).stream(events)).into_response()
}

/// Ends when the holder of a certificate is let in no longer, or as something else, or nobody listens any more.
async fn until_refused(
    fleet: Arc<Fleet>,
    (certificate, retired): (DeviceCertificate, bool),
    every: Duration,
    mut heard: oneshot::Sender<()>,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = heard.closed() => return,
        }
        match fleet.admit(&certificate).await {
            Ok(device) if device.retired == retired => {}
            Err(FleetError::Store(_)) => {}
            _ => return, // dropping `heard` ends the stream
        }
    }
}

/// A file's bytes, whole or in part.
pub(super) async fn media(app: &App, hash: Sha256Hash, headers: &HeaderMap) -> Result<Response, Problem> {
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

fn parse_hash(text: &str) -> Result<Sha256Hash, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").saying(both(&error)))
}

/// What a program is told, in its own words.
fn both(error: &dyn std::fmt::Display) -> Say {
    say(error.to_string(), error.to_string())
}

impl From<FleetError> for Problem {
    fn from(error: FleetError) -> Self {
        let of = |status, code| Self::new(status, code).saying(both(&error));
        match error {
            FleetError::TokenUnknown => of(StatusCode::FORBIDDEN, "token-unknown"),
            FleetError::TokenUsed => of(StatusCode::FORBIDDEN, "token-used"),
            FleetError::TokenExpired => of(StatusCode::FORBIDDEN, "token-expired"),
            FleetError::BadKey => of(StatusCode::UNPROCESSABLE_ENTITY, "bad-key"),
            FleetError::BadRequest => of(StatusCode::UNPROCESSABLE_ENTITY, "bad-request"),
            FleetError::OtherKey => of(StatusCode::FORBIDDEN, "other-key"),
            FleetError::RevokedKey => of(StatusCode::FORBIDDEN, "revoked"),
            FleetError::Unauthorized => of(StatusCode::UNAUTHORIZED, "unauthorized"),
            FleetError::Revoked => of(StatusCode::UNAUTHORIZED, "revoked"),
            FleetError::CertificateExpired => of(StatusCode::UNAUTHORIZED, CERTIFICATE_EXPIRED),
            FleetError::CertificateOver => of(StatusCode::UNAUTHORIZED, "certificate-over"),
            FleetError::NoRoomForCodes => of(StatusCode::TOO_MANY_REQUESTS, "no-room"),
            FleetError::TooManyTries => of(StatusCode::TOO_MANY_REQUESTS, "too-many-tries"),
            FleetError::NoClock => of(StatusCode::SERVICE_UNAVAILABLE, "clock"),
            FleetError::BadAnswer => of(StatusCode::FORBIDDEN, "bad-signature"),
            FleetError::NotFound | FleetError::NoSuchScreen(_) | FleetError::Release { .. } => Self::not_found(),
            FleetError::NoDevice(_) | FleetError::TooManyCommands(_) | FleetError::BadCommand(_) => Self::not_found(),
            FleetError::NoCode | FleetError::NoReason => Self::not_found(),
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

impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        match refusal(&error) {
            (StatusCode::INTERNAL_SERVER_ERROR, _) => Self::internal(&error),
            (status, code) => Self::new(status, code).saying(both(&error)),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        Self::internal(&error)
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::Unknown(_) => Self::not_found(),
            LibraryError::Range { .. } => Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad-range"),
            LibraryError::Full(_) => Self::new(StatusCode::CONFLICT, "disk-full").after_s(60),
            other => Self::internal(&other),
        }
    }
}
