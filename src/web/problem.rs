//! Every refusal over HTTP, in one place: problem details (RFC 9457) in the reader's language.
//!
//! `type` is a stable code that programs may compare; `title` says in a sentence what is wrong with such requests, `detail` names the
//! field, its value and the mend. Words are those of `locales/*/api.ftl`: `problem-CODE` and `problem-CODE-mend`.

use super::Response;
use crate::directory::problem::{Say, short};
use crate::lang::Lang;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use warp::Reply as _;

/// How a problem is written down.
pub(super) const KIND: &str = "application/problem+json";

/// Why a request is refused; one pointer, for it is the other half of many results.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    /// Status.
    status: StatusCode,
    /// Stable code.
    code: &'static str,
    /// Which field, and what stood there.
    field: Option<(String, String)>,
    /// What is wrong and how to mend it, when a room says it better than the code.
    said: Option<Say>,
    /// Seconds after which the same request may be answered.
    retry_after_s: Option<u32>,
    /// Methods that are there instead.
    allow: String,
}

impl Problem {
    /// By its code.
    pub(super) fn new(status: StatusCode, code: &'static str) -> Self {
        Self(Box::new(Refusal { status, code, field: None, said: None, retry_after_s: None, allow: String::new() }))
    }
    /// Nothing is there, or nothing that the caller may see.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found")
    }
    /// A defect of ours; the log has the reason.
    pub(super) fn internal(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!(%reason, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    }
    /// Which field is meant, and what stood there.
    #[must_use]
    pub(super) fn of(mut self, field: &str, value: &str) -> Self {
        self.0.field = Some((field.to_owned(), short(value)));
        self
    }
    /// In a room's own words.
    #[must_use]
    pub(super) fn saying(mut self, said: Say) -> Self {
        self.0.said = Some(said);
        self
    }
    /// Later it may go.
    #[must_use]
    pub(super) fn after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Only these methods are there.
    #[must_use]
    pub(super) fn allowing(mut self, methods: &[&str]) -> Self {
        self.0.allow = methods.join(", ");
        self
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// As an answer.
    pub(super) fn answer(&self, lang: Lang) -> Response {
        let mend = match &self.0.said {
            Some(said) => said.pick(lang).to_owned(),
            None => lang.text(&format!("problem-{}-mend", self.0.code)),
        };
        let detail = match &self.0.field {
            Some((field, value)) => format!("{field} = {value:?}: {mend}"),
            None => mend,
        };
        let body = json!({
            "type": self.0.code, "title": lang.text(&format!("problem-{}", self.0.code)), "status": self.0.status.as_u16(), "detail": detail
        });
        let mut response = warp::reply::with_status(warp::reply::json(&body), self.0.status).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(KIND));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(allow) = Some(&self.0.allow).filter(|allow| !allow.is_empty())
            && let Ok(allow) = HeaderValue::from_str(allow)
        {
            headers.insert(header::ALLOW, allow);
        }
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The language that a program's user reads: the first of ours that `Accept-Language` names, Vietnamese without one. Weights are not
/// looked at: whoever writes English first means English.
pub(super) fn language(headers: &HeaderMap) -> Lang {
    let named = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let first = |range: &str| Lang::from_code(range.trim().split(['-', ';']).next()?.to_ascii_lowercase().as_str());
    named.split(',').find_map(first).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_is_answered_in_his_language() {
        let asked = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(text));
            language(&headers)
        };
        assert_eq!(language(&HeaderMap::new()), Lang::Vi);
        for (text, lang) in [
            ("en-GB,en;q=0.9", Lang::En),
            ("fr, en;q=0.5", Lang::En),
            ("vi-VN", Lang::Vi),
            ("fr", Lang::Vi),
            ("EN", Lang::En),
        ] {
            assert_eq!(asked(text), lang, "{text}");
        }
    }

    /// Every word in quotes that follows the making of a problem in the code of this room.
    fn codes(dir: &std::path::Path, found: &mut std::collections::BTreeSet<String>) {
        for path in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                if !path.ends_with("console") {
                    codes(&path, found); // what pages say is in a file of their own
                }
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for maker in
                ["Problem::new(", "Self::new(S", "of(StatusCode", "refused(S::", "conflict(", "unknown(", "is(", "bad("]
            {
                for (at, _) in code.match_indices(maker) {
                    let quoted = code[at..].split('"').nth(1).unwrap_or("");
                    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
                    if quoted.contains('-') && quoted.len() < 40 && quoted.chars().all(plain) {
                        found.insert(quoted.to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn every_refusal_has_its_words_in_both_languages() {
        let mut found = std::collections::BTreeSet::new();
        codes(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web")), &mut found);
        assert!(found.len() > 40 && found.contains("not-found") && found.contains("token-used"), "{found:?}");
        found.insert(lichphat_playlists::wire::device::CERTIFICATE_EXPIRED.to_owned());
        for code in found {
            for lang in [Lang::Vi, Lang::En] {
                for key in [format!("problem-{code}"), format!("problem-{code}-mend")] {
                    assert!(lang.knows(&key), "locales/{}/api.ftl lacks {key}", lang.code());
                }
            }
        }
    }
}
