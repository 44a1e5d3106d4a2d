//! Every request has an id, a span in the log, and its place in the figures.
//!
//! The id is the caller's `x-request-id` when that is a plain word, so that a reverse proxy's lines and ours say the same, and made
//! here otherwise; the answer bears it. Neither path, query nor headers are logged: they may hold what is nobody's business.

use super::Response;
use crate::care::{Care, RequestDone};
use crate::clock::SystemRng;
use http::{HeaderName, HeaderValue, Method};
use lichphat_playlists::ports::Rng as _;
use std::time::Instant;
use tracing::Instrument as _;

/// The header that bears the id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id of a caller's, letters.
const MAX_ID: usize = 64;

/// What is known of a request before it is answered.
pub(super) struct Asked {
    id: HeaderValue,
    method: &'static str,
    class: &'static str,
}

impl Asked {
    pub(super) fn of<B>(request: &http::Request<B>) -> Self {
        let given = request.headers().get(REQUEST_ID).filter(|id| is_sane(id.as_bytes()));
        let id = given.cloned().unwrap_or_else(new_id);
        Self { id, method: method(request.method()), class: class(request.uri().path()) }
    }

    /// Answers inside the request's span.
    pub(super) async fn answer(self, care: Option<&Care>, answer: impl Future<Output = Response>) -> Response {
        let Self { id, method, class } = self;
        let text = id.to_str().unwrap_or_default();
        let span = tracing::info_span!("request", id = text, method, class);
        let began = Instant::now(); // a duration, and no decision
        let mut response = answer.instrument(span.clone()).await;
        let (status, took_s) = (response.status().as_u16(), began.elapsed().as_secs_f64());
        let took_ms = (took_s * 1000.0).round() as u64;
        span.in_scope(|| match response.status().is_server_error() {
            true => tracing::warn!(status, took_ms, "answered"),
            false => tracing::debug!(status, took_ms, "answered"),
        });
        if let Some(care) = care {
            care.metrics.answered(RequestDone { class, method, status, took_s });
        }
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.iter().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(c))
}

fn new_id() -> HeaderValue {
    let mut bytes = [0; 8];
    SystemRng.fill(&mut bytes);
    HeaderValue::from_str(&hex::encode(bytes)).unwrap_or(HeaderValue::from_static("-"))
}

fn method(method: &Method) -> &'static str {
    const OURS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    OURS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The class of a route: its first path segment, of those that there are.
fn class(path: &str) -> &'static str {
    match path.split('/').nth(1).unwrap_or("") {
        "device" => "device",
        "log" => "log",
        "api" => "api",
        "static" => "static",
        "healthz" | "readyz" | "metrics" => "care",
        "account" | "first" | "help" | "login" | "logout" | "people" => "people",
        "" | "alerts" | "approvals" | "audit" | "content" | "live" | "many" | "orders" | "pairing" | "peaks"
        | "preflight" | "reports" | "screens" | "search" | "units" => "console",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: &[u8]) -> Asked {
        let id = HeaderValue::from_bytes(id).unwrap();
        Asked::of(&http::Request::get("/device/v1/index?secret=1").header(REQUEST_ID, id).body(()).unwrap())
    }

    #[test]
    fn an_id_is_the_callers_when_it_is_a_plain_word() {
        assert_eq!(asked(b"proxy-7.ab_C").id, "proxy-7.ab_C");
        for hostile in [b"".as_slice(), b"a b", b"a\"}", "kí".as_bytes(), b"\x1b[31m", &[b'a'; 65]] {
            let Ok(id) = HeaderValue::from_bytes(hostile) else { continue };
            let made = Asked::of(&http::Request::get("/").header(REQUEST_ID, id).body(()).unwrap()).id;
            assert!(is_sane(made.as_bytes()) && made.len() == 16, "{made:?}");
        }
    }

    #[test]
    fn no_caller_makes_up_a_label() {
        let odd = http::Request::builder().method("BREW").uri("/wp-admin/x").body(()).unwrap();
        let asked = Asked::of(&odd);
        assert_eq!((asked.method, asked.class), ("other", "other"));
        assert_eq!(class("/device/v1/index"), "device");
    }
}
