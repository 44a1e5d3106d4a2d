//! Asking something of a screen's player: a button posts it, the answer comes back on the screen's page.

use super::data::Console;
use super::page::shown;
use super::{Asked as Page, ConsoleError};
use crate::fleet::{Asked, FleetError};
use crate::lang::{Lang, Values};
use crate::web::Response;
use base64::Engine as _;
use http::{StatusCode, header};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::command::{Ask, Outcome};
use serde::Deserialize;
use warp::Reply;

/// Commands on a screen's page.
const LISTED: u32 = 8;
/// Lines of a log that are fetched.
const LOG_LINES: u32 = 200;

/// What a button posts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    ask: String,
    #[serde(default)]
    percent: String,
}

/// One command on the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AskedView {
    /// `Chụp màn hình`
    pub(super) what: String,
    /// Who and when.
    pub(super) by: String,
    /// What became of it.
    pub(super) outcome: String,
    /// `good`, `bad` or `wait`.
    pub(super) tone: &'static str,
    /// Address and description of its picture.
    pub(super) picture: Option<(String, String)>,
    /// Its log.
    pub(super) log: String,
}

/// The newest commands of a screen, newest first.
pub(super) async fn asked(console: &Console, lang: Lang, screen: &ScreenCode) -> Result<Vec<AskedView>, ConsoleError> {
    let (now, offset) = (console.today().0, console.offset);
    let all = console.fleet.asked(screen, LISTED).await?;
    Ok(all.iter().map(|asked| view(lang, asked, now, offset)).collect())
}

fn view(lang: Lang, asked: &Asked, now: UtcMillis, offset: UtcOffset) -> AskedView {
    let outcome = asked.outcome(now);
    let time = lang.instant(asked.asked, offset);
    let described = |at: &str| lang.say("asked-picture-alt", &Values::new().word("time", at));
    let picture = matches!(outcome, Some(Outcome::Picture { .. }))
        .then(|| (format!("/screens/{}/asked/{}.jpg", asked.screen, asked.id), described(&time)));
    AskedView {
        what: lang.text(&format!("ask-{}", asked.ask.word())),
        by: lang.say("asked-by", &Values::new().word("time", time).word("by", shown(&asked.by))),
        outcome: lang.outcome(outcome.as_ref(), offset),
        tone: match &outcome {
            None => "wait",
            Some(Outcome::Failed { .. } | Outcome::Expired) => "bad",
            Some(_) => "good",
        },
        picture,
        log: match outcome {
            Some(Outcome::Log { text }) => text.lines().map(shown).collect::<Vec<_>>().join("\n"),
            _ => String::new(),
        },
    }
}

/// `POST /screens/{code}/ask`: asks, and leads back to the screen's page.
pub(super) async fn post(console: &Console, page: &Page, code: &str, body: &[u8]) -> Result<Response, ConsoleError> {
    let city = console.city().await?;
    let screen = ScreenCode::new(code).ok().and_then(|code| city.directory.screen(&code));
    let screen = screen.ok_or_else(|| ConsoleError::Unknown { kind: "screen", code: code.to_owned() })?;
    let refused = |why: String| ConsoleError::Bad { kind: "command", value: why };
    let form: Form = serde_urlencoded::from_bytes(body).map_err(|e| refused(e.to_string()))?;
    let ask = match form.ask.as_str() {
        "screenshot" => Ask::Screenshot,
        "restart" => Ask::Restart,
        "identify" => Ask::Identify { name: screen.name.clone() },
        "volume" => {
            let percent = form.percent.parse();
            Ask::Volume { percent: percent.map_err(|_| refused(format!("{}: 0-100", form.percent)))? }
        }
        "log" => Ask::Log { lines: LOG_LINES },
        "challenge" => console.fleet.challenge(),
        other => return Err(refused(other.to_owned())),
    };
    match console.fleet.ask(screen.code.clone(), ask, page.caller()?, None).await {
        Ok(_) => {}
        Err(FleetError::Store(error)) => return Err(ConsoleError::Internal(error)),
        Err(error) => return Err(refused(error.to_string())),
    }
    let back = page.path.trim_end_matches("/ask").to_owned() + "#box";
    let reply = warp::reply::with_status(warp::reply(), StatusCode::SEE_OTHER);
    Ok(warp::reply::with_header(reply, header::LOCATION, back).into_response())
}

/// `GET /screens/{code}/asked/{id}.jpg`: a picture that a player sent.
pub(super) async fn picture(console: &Console, code: &str, file: &str) -> Result<Response, ConsoleError> {
    let screen = ScreenCode::new(code).map_err(|_| ConsoleError::NotFound)?;
    let all = console.fleet.asked(&screen, LISTED).await?;
    let one = all.iter().find(|asked| format!("{}.jpg", asked.id) == file).ok_or(ConsoleError::NotFound)?;
    let Some(Outcome::Picture { jpeg }) = one.outcome(console.today().0) else { return Err(ConsoleError::NotFound) };
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(jpeg);
    let bytes = decoded.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    let reply = warp::reply::with_header(bytes, header::CONTENT_TYPE, "image/jpeg");
    let reply = warp::reply::with_header(reply, header::CACHE_CONTROL, "private, max-age=86400");
    Ok(warp::reply::with_header(reply, header::X_CONTENT_TYPE_OPTIONS, "nosniff").into_response())
}
