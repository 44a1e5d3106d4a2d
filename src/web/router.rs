//! Dispatch by first path segment, and the service that both sockets and simulated devices call.

use super::filled::NotFilled;
use super::problem::{Problem, language};
use super::traced::Asked;
use crate::care::Care;
use crate::lang::Lang;
use crate::library::{Upload, Uploaded};
use crate::people::Caller;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode as S;
use http::request::Parts;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::{timeout, timeout_at};
use tower_service::Service as _;
use warp::{Filter, Rejection, Reply};

/// An answer; its body is an `http_body::Body` of bytes.
pub type Response = warp::reply::Response;
/// What every request's body becomes before dispatch: gathered in memory, within its limits.
pub type RequestBody = Full<Bytes>;
type Handler = Arc<dyn Fn(http::Request<RequestBody>) -> BoxFuture<'static, Response> + Send + Sync>;
type Gate = Arc<dyn Fn(Parts) -> BoxFuture<'static, Result<Admitted, Response>> + Send + Sync>;

/// A request whose body may be taken in.
pub struct Admitted {
    /// Its head; who sends it is among the extensions.
    pub parts: Parts,
    /// Longest body, bytes.
    pub most_bytes: usize,
    /// Where the body is written as it comes, in place of being gathered; the filter finds it among the extensions.
    pub upload: Option<Upload>,
    /// What its form has to carry as `form_token`, which the filter does not see, and what is said when it does not. None: nothing.
    pub form: Option<(String, Box<Response>)>,
    /// Asked again once the body is in, which takes its sender as long as he likes: may he still? Who he is then goes among the extensions.
    pub still: Option<BoxFuture<'static, Result<Caller, Response>>>,
}

#[derive(Clone)]
struct Route {
    gate: Option<Gate>,
    handler: Handler,
}

/// The field of a form that shows that a page of the session's own posts it.
pub(super) const FORM_TOKEN: &str = "form_token";

/// Longest time for a request's body to arrive; of a file that is written down as it comes, for its next `PIECE_BYTES`, or its end.
const BODY_TIME: Duration = Duration::from_secs(30);
/// What comes more slowly is dripping, and keeps others from their place.
const PIECE_BYTES: usize = 64 * 1024;
/// Longest time for such a file.
const UPLOAD_TIME: Duration = Duration::from_secs(3_600);

/// First path segment -> filter.
#[derive(Clone, Default)]
pub struct Router {
    routes: BTreeMap<&'static str, Route>,
    otherwise: Option<Route>,
}

fn open<F, R>(filter: F) -> Route
where
    F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
    F::Future: Send,
    R: Reply + Send + 'static,
{
    let service = warp::service(filter.recover(|rejection| async move { Ok::<_, Infallible>(refuse(&rejection)) }));
    let handler = Arc::new(move |request| -> BoxFuture<'static, Response> {
        let answer = service.clone().call(request);
        Box::pin(async move { answer.await.unwrap_or_else(|never| match never {}) })
    });
    Route { gate: None, handler }
}

impl Router {
    /// Without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends every request whose path begins with `/<segment>` to `filter`, which sees the whole
    /// path, the segment included. `""` is the home page `/`. A second filter for the same segment
    /// replaces the first.
    #[must_use]
    pub fn route<F, R>(mut self, segment: &'static str, filter: F) -> Self
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        F::Future: Send,
        R: Reply + Send + 'static,
    {
        self.routes.insert(segment, open(filter));
        self
    }

    /// The same, for senders that `gate` lets in: it looks at the head of a request before a byte of its body is taken in,
    /// and says how long that may be.
    #[must_use]
    pub fn guarded<G, A, F, R>(mut self, segment: &'static str, gate: G, filter: F) -> Self
    where
        G: Fn(Parts) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Admitted, Response>> + Send + 'static,
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        F::Future: Send,
        R: Reply + Send + 'static,
    {
        let gate: Gate = Arc::new(move |parts| Box::pin(gate(parts)));
        self.routes.insert(segment, Route { gate: Some(gate), ..open(filter) });
        self
    }

    /// Sends every request that no route takes to `filter`, in place of a bare 404.
    #[must_use]
    pub fn otherwise<F, R>(mut self, filter: F) -> Self
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        F::Future: Send,
        R: Reply + Send + 'static,
    {
        self.otherwise = Some(open(filter));
        self
    }

    /// Sends everything that has no gate of its own, wanted or not, past this one.
    #[must_use]
    pub fn behind<G, A>(mut self, gate: G) -> Self
    where
        G: Fn(Parts) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Admitted, Response>> + Send + 'static,
    {
        let gate: Gate = Arc::new(move |parts| Box::pin(gate(parts)));
        for route in self.routes.values_mut().chain(&mut self.otherwise) {
            route.gate.get_or_insert_with(|| Arc::clone(&gate));
        }
        self
    }

    /// The service. A body longer than `max_body_bytes`, or than its gate says, never reaches a filter.
    pub fn into_service(self, max_body_bytes: u32) -> Service {
        let max_body_bytes = max_body_bytes as usize;
        Service { routes: Arc::new(self.routes), otherwise: self.otherwise, max_body_bytes, care: None }
    }
}

/// The whole web service, callable with or without a socket. Clones share everything.
#[derive(Clone)]
pub struct Service {
    routes: Arc<BTreeMap<&'static str, Route>>,
    otherwise: Option<Route>,
    max_body_bytes: usize,
    care: Option<Arc<Care>>,
}

impl Service {
    /// Its requests are counted there.
    #[must_use]
    pub fn watched_by(self, care: Arc<Care>) -> Self {
        Self { care: Some(care), ..self }
    }

    /// Answers one request, under its id.
    pub async fn answer<B>(&self, request: http::Request<B>) -> Response
    where
        B: http_body_util::BodyExt<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Asked::of(&request).answer(self.care.as_deref(), self.dispatch(request)).await
    }

    async fn dispatch<B>(&self, request: http::Request<B>) -> Response
    where
        B: http_body_util::BodyExt<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let lang = language(request.headers());
        let refused = |status, code| Problem::new(status, code).answer(lang);
        if request.uri().path_and_query().is_none() {
            return refused(S::BAD_REQUEST, "bad-path"); // a bare `host`, at which warp's own filters panic
        }
        let path = request.uri().path();
        let segment = path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or("");
        let Some(Route { gate, handler }) = self.routes.get(segment).or(self.otherwise.as_ref()).cloned() else {
            return refused(S::NOT_FOUND, "not-found");
        };
        let (parts, body) = request.into_parts();
        let admitted = match gate {
            Some(gate) => gate(parts).await,
            None => Ok(Admitted { parts, most_bytes: self.max_body_bytes, upload: None, form: None, still: None }),
        };
        let Admitted { mut parts, most_bytes, upload, mut form, still } = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return unread(refusal, &body),
        };
        let body = match upload {
            Some(upload) if super::filled::is_form(&parts.headers) => {
                let token = form.as_ref().map(|(token, _)| token.as_str());
                let filled = super::filled::filled(&parts.headers, body, upload, token);
                match timeout(UPLOAD_TIME, filled).await.unwrap_or_else(|_| Err(NotFilled::Because(too_slow()))) {
                    Ok((uploaded, fields)) => {
                        parts.extensions.insert(uploaded);
                        form = None;
                        fields
                    }
                    Err(NotFilled::Foreign) => {
                        return form.map_or_else(|| refused(S::FORBIDDEN, "other-site"), |(_, no)| *no);
                    }
                    Err(NotFilled::Because(problem)) => return problem.answer(lang),
                }
            }
            Some(upload) => match timeout(UPLOAD_TIME, written(body, upload)).await.unwrap_or_else(|_| Err(too_slow()))
            {
                Ok(uploaded) => {
                    parts.extensions.insert(uploaded);
                    Bytes::new()
                }
                Err(problem) => return problem.answer(lang),
            },
            None => match timeout(BODY_TIME, Limited::new(body, most_bytes).collect()).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) if error.is::<LengthLimitError>() => {
                    return refused(S::PAYLOAD_TOO_LARGE, "body-too-large");
                }
                Ok(Err(_)) => return refused(S::BAD_REQUEST, "body-cut"),
                Err(_) => return too_slow().answer(lang),
            },
        };
        let body = match form {
            None => body,
            Some((token, refusal)) => match without_token(&body, &token) {
                Some(body) => body,
                None => return *refusal,
            },
        };
        if let Some(still) = still {
            match still.await {
                Ok(caller) => drop(parts.extensions.insert(caller)),
                Err(refusal) => return refusal,
            }
        }
        handler(http::Request::from_parts(parts, Full::new(body))).await
    }

    /// Answers one request whose body is in memory, and gathers the answer's body: for simulated
    /// devices and tests. Not for endless answers (server-sent events).
    pub async fn exchange(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, warp::Error> {
        let (parts, body) = self.answer(request.map(Full::new)).await.into_parts();
        Ok(http::Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

impl<B> tower_service::Service<http::Request<B>> for Service
where
    B: http_body_util::BodyExt<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

pub(super) fn too_slow() -> Problem {
    Problem::new(S::REQUEST_TIMEOUT, "body-too-slow")
}

/// Writes a body down as it comes; cut off, it leaves nothing.
async fn written<B>(body: B, mut upload: Upload) -> Result<Uploaded, Problem>
where
    B: BodyExt<Data = Bytes>,
{
    let (mut body, mut pace) = (std::pin::pin!(body), Pace::from(Instant::now()));
    loop {
        let piece = match timeout_at(pace.until.into(), body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(upload.finish()),
            Ok(Some(Err(_))) => return Err(Problem::new(S::BAD_REQUEST, "body-cut")),
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        };
        let bytes = piece.len();
        upload = upload.write(piece).await?;
        pace.came(bytes, Instant::now());
    }
}

/// How fast a file has to come: a few bytes now and then buy no time.
#[derive(Debug, PartialEq)]
pub(super) struct Pace {
    /// By then the next `PIECE_BYTES` have come.
    pub(super) until: Instant,
    /// So many of them are there.
    bytes: usize,
}

impl Pace {
    pub(super) fn from(now: Instant) -> Self {
        Self { until: now + BODY_TIME, bytes: 0 }
    }
    pub(super) fn came(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes;
        if self.bytes >= PIECE_BYTES {
            *self = Self::from(now);
        }
    }
}

/// An answer that leaves a body unread: the connection ends with it, and its sender is told, or he would send the next one into the void.
fn unread<B: hyper::body::Body>(mut refusal: Response, body: &B) -> Response {
    if !body.is_end_stream() {
        refusal.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    }
    refusal
}

/// The one place that turns what no handler answered into HTTP; by then nobody knows any more who reads it.
fn refuse(rejection: &Rejection) -> Response {
    let is = |known: bool, status: S, code: &'static str| known.then_some((status, code));
    let (status, code) = None
        .or_else(|| is(rejection.is_not_found(), S::NOT_FOUND, "not-found"))
        .or_else(|| {
            is(rejection.find::<warp::reject::PayloadTooLarge>().is_some(), S::PAYLOAD_TOO_LARGE, "body-too-large")
        })
        .or_else(|| {
            is(rejection.find::<warp::reject::LengthRequired>().is_some(), S::LENGTH_REQUIRED, "length-required")
        })
        .or_else(|| {
            is(
                rejection.find::<warp::reject::UnsupportedMediaType>().is_some(),
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
            )
        })
        .or_else(|| is(rejection.find::<warp::reject::MissingHeader>().is_some(), S::BAD_REQUEST, "bad-header"))
        .or_else(|| is(rejection.find::<warp::reject::InvalidHeader>().is_some(), S::BAD_REQUEST, "bad-header"))
        .or_else(|| is(rejection.find::<warp::reject::InvalidQuery>().is_some(), S::BAD_REQUEST, "bad-query"))
        .or_else(|| {
            is(rejection.find::<warp::filters::body::BodyDeserializeError>().is_some(), S::BAD_REQUEST, "bad-body")
        })
        .or_else(|| {
            is(
                rejection.find::<warp::reject::MethodNotAllowed>().is_some(),
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
            )
        })
        .unwrap_or((S::INTERNAL_SERVER_ERROR, "internal"));
    if status.is_server_error() {
        tracing::error!(?rejection, "a request was rejected in an unknown way");
    }
    Problem::new(status, code).answer(Lang::default())
}

/// A form without its token; none when it does not carry that one.
fn without_token(body: &[u8], token: &str) -> Option<Bytes> {
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    let at = fields.iter().position(|(name, value)| name == FORM_TOKEN && value == token)?;
    fields.remove(at);
    serde_urlencoded::to_string(fields).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> http::Request<Bytes> {
        http::Request::get(path).body(Bytes::new()).unwrap()
    }

    #[tokio::test]
    async fn a_host_in_the_place_of_a_path_is_refused_before_any_filter() {
        let service = Router::new().otherwise(warp::get().and(warp::path::full()).map(|_| "seen")).into_service(10);
        assert_eq!(service.exchange(get("example")).await.unwrap().status(), http::StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn who_is_not_let_in_is_answered_before_a_byte_of_the_body_is_taken_in() {
        let gate = |parts: Parts| async move {
            match parts.headers.contains_key("key") {
                true => Ok(Admitted { parts, most_bytes: 2, upload: None, form: None, still: None }),
                false => Err(Problem::new(S::UNAUTHORIZED, "unauthorized").answer(Lang::Vi)),
            }
        };
        let echo = warp::body::bytes().map(|body: Bytes| format!("{} bytes", body.len()));
        let service = Router::new().guarded("device", gate, echo).into_service(100);
        let endless = futures_util::stream::pending::<Result<hyper::body::Frame<Bytes>, Infallible>>();
        let request = http::Request::post("/device").body(http_body_util::StreamBody::new(endless)).unwrap();
        let answer = service.answer(request).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["connection"]), (401, &"close".parse().unwrap()));
        for (body, status) in [("12", 200), ("123", 413)] {
            let request = http::Request::post("/device").header("key", "k").body(Bytes::from(body)).unwrap();
            assert_eq!(service.exchange(request).await.unwrap().status(), status, "the gate says how long it may be");
        }
    }

    #[test]
    fn a_file_that_drips_gets_no_more_time_for_it() {
        let begun = Instant::now();
        let at = |s| begun + Duration::from_secs(s);
        let mut pace = Pace::from(begun);
        for s in 1..30 {
            pace.came(2_000, at(s));
            assert_eq!(pace.until, at(30));
        }
        pace.came(PIECE_BYTES - 29 * 2_000, at(29));
        assert_eq!(pace, Pace { until: at(59), bytes: 0 });
    }

    #[tokio::test]
    async fn a_form_without_the_sessions_token_is_refused_and_the_filter_does_not_see_it() {
        let gate = |parts: Parts| async move {
            let refusal = Box::new(Problem::new(S::FORBIDDEN, "other-site").answer(Lang::Vi));
            Ok(Admitted { parts, most_bytes: 99, upload: None, form: Some(("t".into(), refusal)), still: None })
        };
        let echo = warp::body::bytes().map(|body: Bytes| String::from_utf8_lossy(&body).into_owned());
        let service = Router::new().route("a", echo).otherwise(echo).behind(gate).into_service(100);
        for (path, body, said) in [
            ("/a", "x=1&form_token=t&y=%C3%A1", Some("x=1&y=%C3%A1")),
            ("/b", "form_token=t", Some("")),
            ("/a", "x=1&form_token=other", None),
            ("/a", "form_token=t%00", None),
            ("/b", "", None),
            ("/b", "{\"form_token\":\"t\"}", None),
        ] {
            let answer = service.exchange(http::Request::post(path).body(Bytes::from(body)).unwrap()).await.unwrap();
            match said {
                Some(said) => assert_eq!(answer.body(), said),
                None => assert_eq!(answer.status(), 403, "{body}"),
            }
        }
    }

    #[tokio::test]
    async fn each_request_goes_to_the_filter_of_its_first_segment() {
        let echo = warp::path!("device" / String).and(warp::post()).and(warp::body::bytes());
        let service = Router::new()
            .route("device", echo.map(|name: String, body: Bytes| format!("{name}: {} bytes", body.len())))
            .route("", warp::path::end().map(|| "home"))
            .into_service(4);
        let post = |body: &'static str| http::Request::post("/device/a").body(Bytes::from(body)).unwrap();
        let said = service.exchange(post("1234")).await.unwrap();
        assert_eq!((said.status().as_u16(), said.body().as_ref()), (200, b"a: 4 bytes".as_ref()));
        assert_eq!(service.exchange(get("/")).await.unwrap().body().as_ref(), b"home");
        for (request, status) in
            [(get("/nowhere"), 404), (get("/device/a"), 405), (get("/device/a/b"), 404), (post("12345"), 413)]
        {
            assert_eq!(service.exchange(request).await.unwrap().status().as_u16(), status);
        }
    }
}
