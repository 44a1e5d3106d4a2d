//! `/pairing`: the code that a new box shows is entered, the screen chosen where it will stand, looked at, and confirmed. A QR code
//! on the box leads here with its code.

use super::data::{City, Console};
use super::page::{self, Page, shown};
use super::sign::{form, see};
use super::{Asked, ConsoleError};
use crate::directory::{Link, Screen};
use crate::fleet::FleetError;
use crate::fleet::pairing::{PairingCode, managed};
use crate::lang::{Lang, Values};
use crate::people::{Act, Caller, On};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::LocalDay;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "pairing.html")]
struct PairingPage {
    page: Page,
    problem: String,
    code: String,
    screen: String,
    chosen: Option<Chosen>,
}

/// The screen that was chosen, as the person shall look at it.
struct Chosen {
    code: String,
    facts: Vec<(String, String)>,
    /// Of the box that stands there now, if any.
    replaces: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    code: String,
}

/// `GET /pairing?code=…&screen=…`: what is missing is asked for, and what is there is shown before it is confirmed.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let (code, screen) = (asked.value("code").unwrap_or_default(), asked.value("screen").unwrap_or_default());
    view(console, asked, (code, screen.trim()), (StatusCode::OK, String::new())).await
}

/// `POST /screens/{code}/pairing`: the box that shows the code may stand there.
pub(super) async fn post(
    console: &Console,
    asked: &Asked,
    screen: &str,
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let city = console.city().await?;
    let code: Confirmed = form(body)?;
    let known = ScreenCode::new(screen).map_err(|_| ConsoleError::NotFound)?;
    let by = &asked.caller()?.account;
    let said = match console.fleet.confirm(&code.code, &known, &city.directory, by).await {
        Ok(()) => return Ok(see(&format!("/screens/{known}?paired=1"))),
        Err(FleetError::NoCode) => (StatusCode::UNPROCESSABLE_ENTITY, asked.lang.text("pairing-no-code")),
        Err(FleetError::TooManyTries) => (StatusCode::TOO_MANY_REQUESTS, asked.lang.text("pairing-wait")),
        Err(FleetError::NoSuchScreen(_)) => (StatusCode::UNPROCESSABLE_ENTITY, asked.lang.text("pairing-no-screen")),
        Err(error) => return Err(error.into()),
    };
    view(console, asked, (&code.code, screen), said).await
}

async fn view(
    console: &Console,
    asked: &Asked,
    (code, screen): (&str, &str),
    (mut status, mut problem): (StatusCode, String),
) -> Result<Response, ConsoleError> {
    let (city, lang, today) = (console.city().await?, asked.lang, console.today().1);
    let mut chosen = None;
    if problem.is_empty() && !code.is_empty() && PairingCode::read(code).is_none() {
        (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, lang.text("pairing-no-code"));
    } else if problem.is_empty() && !screen.is_empty() {
        match enrollable(&city, asked.caller()?, screen, today) {
            Some(screen) => chosen = Some(look_at(console, &city, lang, screen, today).await?),
            None => (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, lang.text("pairing-no-screen")),
        }
    }
    let view = PairingPage {
        page: Page::new(console, asked, lang.text("pairing-title")),
        problem,
        code: code.to_owned(),
        screen: screen.to_owned(),
        chosen: chosen.filter(|_| !code.is_empty()),
    };
    Ok(page::html(status, view.render()?))
}

/// A managed screen where he may let boxes in; any other is none for this page.
fn enrollable<'c>(city: &'c City, caller: &Caller, code: &str, today: LocalDay) -> Option<&'c Screen> {
    let screen = city.directory.screen(&ScreenCode::new(code).ok()?)?;
    managed(&city.directory, &screen.code).ok()?;
    caller.may(Act::Enrol, On::Screen(&screen.code), &city.directory, today).ok()?;
    Some(screen)
}

async fn look_at(
    console: &Console,
    city: &City,
    lang: Lang,
    screen: &Screen,
    today: LocalDay,
) -> Result<Chosen, ConsoleError> {
    let directory = &city.directory;
    let venue = directory.venue(&screen.venue_type, today);
    let place = venue.map_or_else(|| screen.venue_type.to_string(), |v| shown(lang.pick(&v.name, &v.name_en)));
    let mut facts = vec![(lang.text("pairing-screen"), shown(&screen.name)), (lang.text("fact-place"), place)];
    for link in Link::ALL {
        if let Some(unit) = screen.unit(*link, today) {
            let name = directory.unit(unit).map_or_else(|| unit.to_string(), |u| shown(&u.name));
            facts.push((lang.text(&format!("fact-{link}")), name));
        }
    }
    let present = console.fleet.states(Some(&screen.code)).await?;
    let replaces = present
        .first()
        .map(|device| lang.say("pairing-replaces", &Values::new().word("device", device.device.to_string())));
    Ok(Chosen { code: screen.code.to_string(), facts, replaces: replaces.unwrap_or_default() })
}
