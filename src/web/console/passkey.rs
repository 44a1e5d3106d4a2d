//! Passkeys on pages: the second step of signing in, and those of one's own account.

use super::data::Console;
use super::page::{self, Page, shown};
use super::sign::{account, enter, form, not_in, own_page};
use super::{Asked, ConsoleError};
use crate::lang::Values;
use crate::people::{Act, Offer, On, Question};
use crate::web::Response;
use crate::web::gate::{SESSION, cookie};
use askama::Template;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "passkey.html")]
struct ShowPage {
    page: Page,
    ceremony: String,
    /// What the browser is asked, as JSON.
    options: String,
    next: String,
}

/// What the page of an account says of passkeys.
pub(super) struct Part {
    /// Why none can be made here; empty: they can.
    pub(super) refused: String,
    /// Number and text.
    pub(super) rows: Vec<(u32, String)>,
    /// What the browser is asked now, as JSON.
    pub(super) options: Option<String>,
    /// Are there six digits beside them, which may be taken away?
    pub(super) digits: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownForm {
    ceremony: String,
    answer: String,
    #[serde(default)]
    next: String,
    /// Of a session that has ended meanwhile; while it lasts, the gate has taken this out.
    #[serde(default, rename = "form_token")]
    _form_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameForm {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeForm {
    answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveForm {
    passkey: u32,
}

/// The page that asks for a passkey, after the password.
pub(super) fn show(
    console: &Console,
    asked: &Asked,
    question: &Question,
    next: String,
) -> Result<Response, ConsoleError> {
    let page = Page::new(console, asked, asked.lang.text("passkey-show-title"));
    let Question { ceremony, options } = question.clone();
    Ok(page::html(StatusCode::OK, ShowPage { page, ceremony, options, next }.render()?))
}

/// Everything that is posted about passkeys.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let people = &console.people;
    if asked.path == "/login/passkey" {
        let ShownForm { ceremony, answer, next, .. } = form(body)?;
        return match people.sign_in_by_passkey(&ceremony, &answer, asked.from).await {
            Ok(entered) => Ok(enter(own_page(&next), &entered)),
            Err(error) => not_in(console, asked, &error, (String::new(), next)),
        };
    }
    let (caller, session) = (asked.caller()?, cookie(headers, SESSION).ok_or(ConsoleError::SignedOut)?);
    let done = match asked.path.as_str() {
        "/account/passkeys" => {
            let NameForm { name } = form(body)?;
            match people.ask_for_new_passkey(caller, session, &name).await {
                Ok(options) => return account(console, asked, Ok(""), Some(options)).await,
                Err(error) => Err(error),
            }
        }
        "/account/passkeys/made" => {
            let MadeForm { answer } = form(body)?;
            people.add_passkey(caller, session, &answer).await.map(|()| "passkey-added")
        }
        "/account/passkeys/remove" => {
            let RemoveForm { passkey } = form(body)?;
            people.remove_passkey(caller, session, passkey).await.map(|()| "passkey-removed")
        }
        "/account/digits/remove" => people.end_digits(caller, session).await.map(|()| "digits-removed"),
        _ => return Err(ConsoleError::NotFound),
    };
    account(console, asked, done, None).await
}

impl Part {
    /// For who asks.
    pub(super) async fn of(console: &Console, asked: &Asked, options: Option<String>) -> Result<Self, ConsoleError> {
        let (lang, people, caller) = (asked.lang, &console.people, asked.caller()?);
        let refused = match people.offers_passkeys(Some(&asked.host)) {
            Offer::Here if caller.strong => String::new(),
            Offer::Here => lang.text("passkeys-weak"),
            Offer::At(address) => lang.say("passkeys-at", &Values::new().word("address", address)),
            // a setting's name means something to who can change it
            Offer::Nowhere => {
                let (city, today) = console.directory_today().await?;
                let runs = caller.may(Act::Watch, On::City, &city.directory, today).is_ok();
                lang.text(if runs { "passkeys-nowhere-setting" } else { "passkeys-nowhere" })
            }
        };
        let instant = |at| lang.instant(at, console.offset);
        let keys = people.passkeys(&caller.account).await?;
        // one that never let anybody in may not do so here
        let proven = refused.is_empty() && keys.iter().any(|key| key.used.is_some());
        let rows = keys.into_iter().map(|key| {
            let used = key.used.map_or_else(|| lang.text("passkey-unused"), instant);
            let values =
                Values::new().word("name", shown(&key.name)).word("made", instant(key.made)).word("used", used);
            (key.id, lang.say("passkey-row", &values))
        });
        let digits = proven && people.has_digits(&caller.account).await?;
        Ok(Self { refused, rows: rows.collect(), options, digits })
    }
}
