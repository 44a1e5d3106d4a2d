//! The frame around every page, and the pages that say what went wrong.

use super::nav::{self, Entry};
use super::{Asked, Console, ConsoleError, help};
pub(super) use crate::lang::shown;
use crate::lang::{Lang, Values};
use crate::people::Denied;
use crate::web::Response;
use crate::web::turns::COME_AGAIN_S;
use askama::Template;
use http::{StatusCode, header};
use lichphat_playlists::time::UtcMillis;
use std::sync::LazyLock;
use warp::Reply;

/// The style sheet.
pub(super) const CSS: &str = include_str!("../../../templates/console.css");
/// The script.
pub(super) const SCRIPT: &str = include_str!("../../../templates/live.js");
/// What asks browsers for passkeys.
pub(super) const PASSKEY: &str = include_str!("../../../templates/passkey.js");
/// What shows how far a file has come, and lets one drag a loop's items.
pub(super) const CONTENT: &str = include_str!("../../../templates/content.js");
/// What looks ahead while an order is written.
pub(super) const ORDERS: &str = include_str!("../../../templates/orders.js");
/// The letters of the pages, normal and strong: Latin and Vietnamese of Be Vietnam Pro (OFL, beside them).
pub(super) const LETTERS: [&[u8]; 2] = [
    include_bytes!("../../../templates/fonts/BeVietnamPro-Regular.woff2"),
    include_bytes!("../../../templates/fonts/BeVietnamPro-SemiBold.woff2"),
];
/// Under which terms they may be passed on.
pub(super) const LETTERS_LICENCE: &str = include_str!("../../../templates/fonts/BeVietnamPro-OFL.txt");
/// What reads a chosen file into a field.
pub(super) const FILE: &str = include_str!("../../../templates/file.js");
/// The mark in the browser's tab.
pub(super) const ICON: &str = include_str!("../../../templates/icon.svg");

/// Changes with the style sheet and the scripts, so that browsers fetch a newer one.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all = [CSS, SCRIPT, PASSKEY, CONTENT, ORDERS, FILE].concat();
    lichphat_playlists::ids::Sha256Hash::of(all.as_bytes()).hex()[..8].to_owned()
});

/// What the frame shows.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// Language.
    pub(super) lang: Lang,
    /// Title of the page.
    pub(super) title: String,
    /// The same page in the other language.
    pub(super) other_lang: String,
    /// When its figures were made.
    pub(super) as_of: String,
    /// What they are made of has changed since, and newer ones are being made.
    pub(super) newer: bool,
    oldest: Option<UtcMillis>,
    /// Version of style sheet and script.
    pub(super) version: &'static str,
    /// Whose page it is; empty when nobody has signed in.
    pub(super) account: String,
    /// The rooms of the console that he may find.
    pub(super) menu: Vec<Entry>,
    /// What helps on this page.
    pub(super) help: String,
    form_token: String,
}

impl Page {
    /// The frame of a page that was asked for; its figures are of now.
    pub(super) fn new(console: &Console, asked: &Asked, title: String) -> Self {
        let as_of = asked.lang.instant(console.clock.now(), console.offset);
        let other = if asked.lang == Lang::Vi { Lang::En } else { Lang::Vi };
        let account = asked.caller.as_ref().map_or_else(String::new, |caller| caller.account.to_string());
        Self {
            lang: asked.lang,
            title,
            other_lang: asked.with("lang", Some(other.code())),
            as_of,
            newer: false,
            oldest: None,
            version: &VERSION,
            account,
            menu: nav::menu(asked, console.today().1),
            help: help::of(&asked.path),
            form_token: asked.form_token.clone(),
        }
    }
    /// With the age of figures that are on it, if they are older than others on it, and whether newer ones are being made.
    pub(super) fn of_figures(mut self, console: &Console, made: Option<UtcMillis>, newer: bool) -> Self {
        self.newer |= newer;
        self.oldest = [self.oldest, made].into_iter().flatten().min();
        if let Some(oldest) = self.oldest {
            self.as_of = self.lang.instant(oldest, console.offset);
        }
        self
    }
    /// What every form that posts carries: a field that no other site's page knows. Nothing when nobody is signed in.
    pub(super) fn form_token(&self) -> String {
        if self.form_token.is_empty() {
            return String::new();
        }
        format!("<input type=\"hidden\" name=\"form_token\" value=\"{}\">", self.form_token)
    }
    /// A message.
    pub(super) fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }
    /// `vi` or `en`.
    pub(super) fn code(&self) -> &'static str {
        self.lang.code()
    }
    /// That newer figures are being made, and of when these are.
    pub(super) fn newer_text(&self) -> String {
        self.lang.say("as-of-newer", &Values::new().word("time", self.as_of.clone()))
    }
    /// When the figures were made, as a sentence.
    pub(super) fn as_of_text(&self) -> String {
        self.lang.say("as-of", &Values::new().word("time", self.as_of.clone()))
    }
}

/// Pages of a long list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pages {
    /// `Trang 2 trên 9`.
    pub(super) text: String,
    /// Address of the page before.
    pub(super) previous: Option<String>,
    /// Address of the next page.
    pub(super) next: Option<String>,
}

/// Lines on one page of a list.
pub(super) const PER_PAGE: usize = 50;

/// The part of `len` lines that was asked for, and the way to the others; none when all fit.
pub(super) fn pages(asked: &Asked, len: usize) -> (std::ops::Range<usize>, Option<Pages>) {
    let count = len.div_ceil(PER_PAGE).max(1);
    let page = asked.page().min(count);
    let range = (page - 1) * PER_PAGE..(page * PER_PAGE).min(len);
    if count == 1 {
        return (range, None);
    }
    let lang = asked.lang;
    let values = Values::new().count(lang, "page", page as u64).count(lang, "of", count as u64);
    let to = |n: usize| asked.with("page", Some(&n.to_string()));
    let pages = Pages {
        text: lang.say("pages", &values),
        previous: (page > 1).then(|| to(page - 1)),
        next: (page < count).then(|| to(page + 1)),
    };
    (range, Some(pages))
}

/// An answer of HTML, with the headers that keep hostile text harmless.
pub(super) fn html(status: StatusCode, html: String) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let mut response = warp::reply::with_status(warp::reply::html(html), status).into_response();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

/// A file to be kept, that no browser shows or runs.
pub(super) fn kept(mut response: Response, kind: &str, name: &str) -> Response {
    for (header, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, &*format!("attachment; filename=\"{name}\"")),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(header, value);
        }
    }
    response
}

/// Seconds after which a page comes again whose figures are being made.
const MADE_S: u32 = 1;

/// A sentence on what went wrong, and the way on.
#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    page: Page,
    sentence: String,
    mend: String,
    link: (String, String),
}

/// The page for an error. What is ours to mend goes to the log, not to the reader.
pub(super) fn error(console: &Console, asked: &Asked, error: &ConsoleError) -> Response {
    let lang = asked.lang;
    let (status, key, value) = match error {
        ConsoleError::NotFound => (StatusCode::NOT_FOUND, "not-found", String::new()),
        ConsoleError::Unknown { kind: "unit", code } => (StatusCode::NOT_FOUND, "unknown-unit", code.clone()),
        ConsoleError::Unknown { kind: "account", code } => (StatusCode::NOT_FOUND, "unknown-account", code.clone()),
        ConsoleError::Unknown { kind: "draft", .. } => (StatusCode::NOT_FOUND, "unknown-draft", String::new()),
        ConsoleError::Unknown { kind: "order", code } => (StatusCode::NOT_FOUND, "unknown-order", code.clone()),
        ConsoleError::Unknown { code, .. } => (StatusCode::NOT_FOUND, "unknown-screen", code.clone()),
        ConsoleError::Bad { kind: "command", value } => (StatusCode::BAD_REQUEST, "bad-command", value.clone()),
        ConsoleError::Forbidden => (StatusCode::FORBIDDEN, "forbidden", String::new()),
        ConsoleError::Denied(Denied::Weak) => (StatusCode::FORBIDDEN, "weak", String::new()),
        ConsoleError::Denied(_) => (StatusCode::FORBIDDEN, "role", String::new()),
        ConsoleError::SignedOut => (StatusCode::UNAUTHORIZED, "signed-out", String::new()),
        ConsoleError::Bad { kind: "time", value } => (StatusCode::BAD_REQUEST, "bad-time", value.clone()),
        ConsoleError::Bad { value, .. } => (StatusCode::BAD_REQUEST, "bad-day", value.clone()),
        ConsoleError::File(status, word, value) => (*status, *word, value.clone()),
        ConsoleError::Method => (StatusCode::METHOD_NOT_ALLOWED, "bad-method", String::new()),
        ConsoleError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", String::new()),
        ConsoleError::BusyOwn => (StatusCode::SERVICE_UNAVAILABLE, "busy-own", String::new()),
        ConsoleError::Making => (StatusCode::ACCEPTED, "making", String::new()),
        ConsoleError::Gone => (StatusCode::GONE, "gone", String::new()),
        ConsoleError::Internal(reason) => {
            tracing::error!(path = asked.path, reason, "a page could not be shown");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", String::new())
        }
    };
    let short: String = shown(&value).chars().take(160).collect();
    let link = match error {
        ConsoleError::Bad { kind: "command", .. } | ConsoleError::Forbidden => {
            (asked.path.trim_end_matches("/ask").to_owned(), lang.text("error-back-to-today"))
        }
        ConsoleError::SignedOut | ConsoleError::Denied(Denied::Weak) => ("/login".to_owned(), lang.text("sign-in")),
        ConsoleError::File(..) => (asked.path.trim_end_matches("/upload").to_owned(), lang.text("content-back")),
        ConsoleError::Busy | ConsoleError::BusyOwn | ConsoleError::Making => {
            (asked.with("lang", None), lang.text("error-busy-again"))
        }
        ConsoleError::Gone => {
            let of = Asked { path: "/reports".to_owned(), ..asked.clone() };
            (of.with("made", None), lang.text("error-gone-again"))
        }
        ConsoleError::Bad { .. } => (asked.path.clone(), lang.text("error-back-to-today")),
        _ => ("/".to_owned(), lang.text("error-back-home")),
    };
    let message = Message {
        page: Page::new(console, asked, lang.text(&format!("error-{key}-title"))),
        sentence: lang.say(&format!("error-{key}"), &Values::new().word("value", short)),
        mend: lang.text(&format!("error-{key}-mend")),
        link,
    };
    match message.render() {
        Ok(text) => {
            let mut response = html(status, text);
            let again_s = match error {
                ConsoleError::Busy | ConsoleError::BusyOwn => Some(COME_AGAIN_S),
                ConsoleError::Making => Some(MADE_S),
                _ => None,
            };
            // it comes again by itself, also without a script
            for name in [header::RETRY_AFTER, header::REFRESH].into_iter().filter(|_| again_s.is_some()) {
                response.headers_mut().insert(name, again_s.unwrap_or_default().into());
            }
            response
        }
        Err(failed) => {
            tracing::error!(%failed, "the page for an error could not be shown");
            status.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_loses_its_tricks_and_keeps_its_letters() {
        assert_eq!(shown("Phường \u{202e}Ba\u{2069} Đình\u{0}"), "Phường Ba Đình");
        assert_eq!(shown("\u{202e}"), "—");
        assert_eq!(shown("<script>"), "<script>", "escaping is the template's work");
    }
}
