//! Dispatch by first path segment, and the service that both sockets and simulated devices call.

use super::traced::Asked;
use crate::care::Care;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service as _;
use warp::{Filter, Rejection, Reply};

/// An answer; its body is an `http_body::Body` of bytes.
pub type Response = warp::reply::Response;
/// What every request's body becomes before dispatch: gathered in memory, within its limits.
pub type RequestBody = Full<Bytes>;
type Handler = Arc<dyn Fn(http::Request<RequestBody>) -> BoxFuture<'static, Response> + Send + Sync>;

/// Longest time for a request's body to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// First path segment -> filter.
#[derive(Clone, Default)]
pub struct Router {
    routes: BTreeMap<&'static str, Handler>,
    otherwise: Option<Handler>,
}

fn handler<F, R>(filter: F) -> Handler
where
    F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
    F::Future: Send,
    R: Reply + Send + 'static,
{
    let service = warp::service(filter.recover(|rejection| async move { Ok::<_, Infallible>(refuse(&rejection)) }));
    Arc::new(move |request| -> BoxFuture<'static, Response> {
        let answer = service.clone().call(request);
        Box::pin(async move { answer.await.unwrap_or_else(|never| match never {}) })
    })
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
        self.routes.insert(segment, handler(filter));
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
        self.otherwise = Some(handler(filter));
        self
    }

    /// The service. A body longer than `max_body_bytes` never reaches a filter.
    pub fn into_service(self, max_body_bytes: u32) -> Service {
        let max_body_bytes = max_body_bytes as usize;
        Service { routes: Arc::new(self.routes), otherwise: self.otherwise, max_body_bytes, care: None }
    }
}

/// The whole web service, callable with or without a socket. Clones share everything.
#[derive(Clone)]
pub struct Service {
    routes: Arc<BTreeMap<&'static str, Handler>>,
    otherwise: Option<Handler>,
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
        if request.uri().path_and_query().is_none() {
            return words(http::StatusCode::BAD_REQUEST, "a path is missing"); // a bare `host`, at which warp's own filters panic
        }
        let path = request.uri().path();
        let segment = path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or("");
        let Some(handler) = self.routes.get(segment).or(self.otherwise.as_ref()).cloned() else {
            return words(http::StatusCode::NOT_FOUND, "not found");
        };
        let (parts, body) = request.into_parts();
        match tokio::time::timeout(BODY_TIME, Limited::new(body, self.max_body_bytes).collect()).await {
            Ok(Ok(body)) => handler(http::Request::from_parts(parts, Full::new(body.to_bytes()))).await,
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                words(http::StatusCode::PAYLOAD_TOO_LARGE, "body too large")
            }
            Ok(Err(_)) => words(http::StatusCode::BAD_REQUEST, "the body was cut"),
            Err(_) => words(http::StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        }
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

/// The one place that turns what no handler answered into HTTP.
fn refuse(rejection: &Rejection) -> Response {
    use http::StatusCode as S;
    let is = |known: bool, status: S, text: &'static str| known.then_some((status, text));
    let (status, text) = None
        .or_else(|| is(rejection.is_not_found(), S::NOT_FOUND, "not found"))
        .or_else(|| {
            is(rejection.find::<warp::reject::PayloadTooLarge>().is_some(), S::PAYLOAD_TOO_LARGE, "body too large")
        })
        .or_else(|| {
            is(rejection.find::<warp::reject::LengthRequired>().is_some(), S::LENGTH_REQUIRED, "length required")
        })
        .or_else(|| {
            is(
                rejection.find::<warp::reject::UnsupportedMediaType>().is_some(),
                S::UNSUPPORTED_MEDIA_TYPE,
                "content type not supported",
            )
        })
        .or_else(|| {
            is(rejection.find::<warp::reject::MissingHeader>().is_some(), S::BAD_REQUEST, "a header is missing")
        })
        .or_else(|| {
            is(rejection.find::<warp::reject::InvalidHeader>().is_some(), S::BAD_REQUEST, "a header is not valid")
        })
        .or_else(|| {
            is(rejection.find::<warp::reject::InvalidQuery>().is_some(), S::BAD_REQUEST, "the query is not valid")
        })
        .or_else(|| {
            is(
                rejection.find::<warp::filters::body::BodyDeserializeError>().is_some(),
                S::BAD_REQUEST,
                "the body is not valid",
            )
        })
        .or_else(|| {
            is(
                rejection.find::<warp::reject::MethodNotAllowed>().is_some(),
                S::METHOD_NOT_ALLOWED,
                "method not allowed",
            )
        })
        .unwrap_or((S::INTERNAL_SERVER_ERROR, "internal error"));
    if status.is_server_error() {
        tracing::error!(?rejection, "a request was rejected in an unknown way");
    }
    words(status, text)
}

fn words(status: http::StatusCode, text: &'static str) -> Response {
    warp::reply::with_status(text, status).into_response()
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
