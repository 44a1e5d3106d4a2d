//! Asking something of a screen's player: a button posts it, the answer comes back on the screen's page.

use super::data::Console;
use super::page::shown;
use super::{Asked as Page, ConsoleError};
use crate::directory::Screen;
use crate::fleet::{Asked, Fleet, FleetError};
use crate::lang::{Lang, Values};
use crate::web::Response;
use base64::Engine as _;
use http::{StatusCode, header};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::command::{Ask, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use warp::Reply;

/// Commands on a screen's page.
const LISTED: u32 = 8;
/// Commands whose pictures can still be fetched.
const KEPT: u32 = 100;
/// Lines of a log that are fetched.
const LOG_LINES: u32 = 200;

/// What can be asked of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::web) enum Word {
    /// What does the screen show?
    Screenshot,
    /// Stop in order and start again.
    Restart,
    /// Show large which screen it is.
    Identify,
    /// Turn the sound down to `percent` of what the place allows.
    Volume,
    /// The last `lines` of the player's log.
    Log,
    /// Show a code that an inspector photographs.
    Challenge,
}

/// Something that somebody wants of a player.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Wish {
    /// What.
    ask: Word,
    /// Of `volume`: 0 to 100.
    #[serde(default)]
    percent: Option<u8>,
    /// Of `log`: 1 to 500; 200 when it is left out.
    #[serde(default)]
    lines: Option<u32>,
}

impl Wish {
    /// As the fleet takes it; else which value is missing.
    pub(in crate::web) fn ask(&self, screen: &Screen, fleet: &Fleet) -> Result<Ask, String> {
        Ok(match self.ask {
            Word::Screenshot => Ask::Screenshot,
            Word::Restart => Ask::Restart,
            Word::Identify => Ask::Identify { name: screen.name.clone() },
            Word::Volume => Ask::Volume { percent: self.percent.ok_or("volume: percent = 0-100")? },
            Word::Log => Ask::Log { lines: self.lines.unwrap_or(LOG_LINES) },
            Word::Challenge => fleet.challenge(),
        })
    }
}

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
    let percent = Some(form.percent.trim()).filter(|text| !text.is_empty()).map(str::parse);
    let percent = percent.transpose().map_err(|_| refused(format!("{}: 0-100", form.percent)))?;
    let ask = Word::deserialize(form.ask.as_str().into_deserializer());
    let ask = ask.map_err(|_: serde::de::value::Error| refused(form.ask.clone()))?;
    let ask = Wish { ask, percent, lines: None }.ask(screen, &console.fleet).map_err(refused)?;
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
    let id = file.strip_suffix(".jpg").ok_or(ConsoleError::NotFound)?;
    let bytes = picture_of(console, &screen, id).await?;
    let reply = warp::reply::with_header(bytes, header::CONTENT_TYPE, "image/jpeg");
    let reply = warp::reply::with_header(reply, header::CACHE_CONTROL, "private, max-age=86400");
    Ok(warp::reply::with_header(reply, header::X_CONTENT_TYPE_OPTIONS, "nosniff").into_response())
}

/// The JPEG that a player sent in answer to this command.
pub(in crate::web) async fn picture_of(
    console: &Console,
    screen: &ScreenCode,
    id: &str,
) -> Result<Vec<u8>, ConsoleError> {
    let all = console.fleet.asked(screen, KEPT).await?;
    let one = all.iter().find(|asked| asked.id.to_string() == id).ok_or(ConsoleError::NotFound)?;
    let Some(Outcome::Picture { jpeg }) = one.outcome(console.today().0) else { return Err(ConsoleError::NotFound) };
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(jpeg);
    decoded.map_err(|e| ConsoleError::Internal(e.to_string()))
}
