//! Drafts of orders: `/orders/new` and `/orders/drafts/{draft}…`: written by form, put to two people, published with the second yes.

use super::super::data::Console;
use super::super::page::{self, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError, approvals};
use super::form::{self, Shown};
use super::one::{self, DraftPart};
use crate::campaigns::DirectiveKind;
use crate::lang::{Lang, Values};
use crate::orders::{Draft, Kept, OrderError, Sheet, State, rule};
use crate::people::{Denied, Via};
use crate::web::Response;
use http::{HeaderMap, StatusCode};
use lichphat_playlists::ids::MediaHash;
use serde::Deserialize;

/// What comes beside the fields of an order.
const DO: &str = "do";
const REVISION: &str = "revision";

/// A button below a draft.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    say: String,
    revision: u32,
    #[serde(default)]
    words: String,
}

/// What a form posts.
struct Posted {
    sheet: Sheet,
    /// `save`, `look` or `more`.
    what: String,
    revision: u32,
}

fn bad(value: &impl ToString) -> ConsoleError {
    ConsoleError::Bad { kind: "command", value: value.to_string() }
}

fn posted(body: &[u8]) -> Result<Posted, ConsoleError> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|e| bad(&e))?;
    let (mut what, mut revision, mut fields) = ("save".to_owned(), 0, Vec::new());
    for (name, value) in pairs {
        match name.as_str() {
            DO => what = value,
            REVISION => revision = value.parse().map_err(|e| bad(&e))?,
            _ => fields.push((name, value)),
        }
    }
    if !["save", "look", "more"].contains(&what.as_str()) {
        return Err(bad(&what));
    }
    Ok(Posted { sheet: Sheet::of_fields(fields).map_err(|e| bad(&e))?, what, revision })
}

/// A draft that does not exist for the reader; what he may not do; or a defect of ours.
pub(in crate::web::console) fn trouble(error: OrderError) -> ConsoleError {
    match error {
        OrderError::Unknown(_) => ConsoleError::NotFound,
        OrderError::Denied(Denied::Unseen) => ConsoleError::NotFound,
        OrderError::Denied(why) => ConsoleError::Denied(why),
        other => ConsoleError::Internal(other.to_string()),
    }
}

/// Is it something to tell beside the form?
pub(super) fn told(error: &OrderError) -> bool {
    !matches!(error, OrderError::Unknown(_) | OrderError::Denied(_) | OrderError::Store(_))
}

/// `GET /orders/new`.
pub(super) async fn blank(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    if let Some(code) = asked.value("amends") {
        let city = console.city().await?;
        let order = super::order(&city, code)?;
        let title = Lang::Vi.say("orders-amends-title", &Values::new().word("title", order.title.as_str()));
        return new(console, asked, &Sheet::amendment_of(order.code.as_str(), &title)).await;
    }
    let kind = if asked.value("kind") == Some("suspend") { DirectiveKind::Suspend } else { DirectiveKind::Play };
    let sheet = Sheet::of_fields([("kind".to_owned(), kind.to_string())]).map_err(|e| bad(&e))?;
    new(console, asked, &sheet).await
}

async fn new(console: &Console, asked: &Asked, sheet: &Sheet) -> Result<Response, ConsoleError> {
    let shown = Shown {
        action: "/orders/new".to_owned(),
        revision: 0,
        sheet,
        read: None,
        conflicts: None,
        tell: false,
        problem: String::new(),
    };
    Ok(page::html(StatusCode::OK, form::render(console, asked, shown).await?))
}

/// `GET /orders/drafts/{draft}/edit`.
pub(super) async fn edit(console: &Console, asked: &Asked, number: u32) -> Result<Response, ConsoleError> {
    let city = console.city().await?;
    let draft = console.orders.draft(number, asked.caller()?, &city.directory).await.map_err(trouble)?;
    let read = console.orders.look(&draft.sheet, &city.directory).await.map_err(trouble)?;
    let problem = match draft.state {
        State::Writing | State::Put => String::new(),
        state => OrderError::Closed { number, state }.words(asked.lang),
    };
    let shown = Shown {
        action: format!("/orders/drafts/{number}/edit"),
        revision: draft.revision,
        sheet: &draft.sheet,
        read: Some(&read),
        conflicts: None,
        tell: true,
        problem,
    };
    Ok(page::html(StatusCode::OK, form::render(console, asked, shown).await?))
}

/// `POST /orders/new` and `POST /orders/drafts/{draft}/edit`: keeps what was written, or only looks at it.
pub(super) async fn write(
    console: &Console,
    asked: &Asked,
    (number, body): (Option<u32>, &[u8]),
) -> Result<Response, ConsoleError> {
    let Posted { sheet, what, revision } = posted(body)?;
    let (city, caller) = (console.city().await?, asked.caller()?);
    let action = number.map_or_else(|| "/orders/new".to_owned(), |n| format!("/orders/drafts/{n}/edit"));
    let read = console.orders.look(&sheet, &city.directory).await.map_err(trouble)?;
    let plain = Shown {
        action,
        revision,
        sheet: &sheet,
        read: Some(&read),
        conflicts: None,
        tell: true,
        problem: String::new(),
    };
    if what != "save" {
        let shown = Shown { tell: what == "look", ..plain };
        return Ok(page::html(StatusCode::OK, form::render(console, asked, shown).await?));
    }
    let kept = console.orders.write(caller, &city.directory, (number.map(|n| (n, revision)), sheet.clone())).await;
    match kept {
        Ok(Kept::At { number, .. }) => Ok(see(&format!("/orders/drafts/{number}"))),
        Ok(Kept::Both { sheet, conflicts, revision }) => {
            let read = console.orders.look(&sheet, &city.directory).await.map_err(trouble)?;
            let shown = Shown { sheet: &sheet, read: Some(&read), conflicts: Some(&conflicts), revision, ..plain };
            Ok(page::html(StatusCode::CONFLICT, form::render(console, asked, shown).await?))
        }
        Err(error) if told(&error) => {
            let shown = Shown { problem: error.words(asked.lang), ..plain };
            Ok(page::html(StatusCode::CONFLICT, form::render(console, asked, shown).await?))
        }
        Err(error) => Err(trouble(error)),
    }
}

/// `GET /orders/drafts/{draft}`.
pub(super) async fn show(console: &Console, asked: &Asked, number: u32) -> Result<Response, ConsoleError> {
    Ok(page::html(StatusCode::OK, view(console, asked, number, String::new()).await?))
}

async fn view(console: &Console, asked: &Asked, number: u32, problem: String) -> Result<String, ConsoleError> {
    let (city, caller, lang, today) = (console.city().await?, asked.caller()?, asked.lang, console.today().1);
    let draft = console.orders.draft(number, caller, &city.directory).await.map_err(trouble)?;
    // what has become an order is checked no more: it would be its own double
    let read = match draft.state {
        State::Published => Err(Vec::new()),
        _ => console.orders.look(&draft.sheet, &city.directory).await.map_err(trouble)?,
    };
    let me = caller.account.as_str();
    let document = read.as_ref().ok().map(crate::orders::document).transpose().map_err(trouble)?;
    let stands = |s: &crate::orders::Said| !s.yes || draft.state != State::Put || s.document == document;
    let writes = rule::may_write(caller, &city.directory, today).is_ok();
    let decides = rule::may_decide(caller, &city.directory, today).is_ok();
    let open = matches!(draft.state, State::Writing | State::Put);
    let part = DraftPart {
        number,
        revision: draft.revision,
        problem,
        state: state(lang, &draft),
        written: lang.say(
            "orders-written",
            &Values::new().word("by", shown(&draft.by)).word("time", lang.instant(draft.at, console.offset)).count(
                lang,
                "revision",
                draft.revision.into(),
            ),
        ),
        said: draft.said.iter().map(|s| said(lang, console, (s, stands(s)))).collect(),
        wrong: match &read {
            Err(wrong) if open => {
                wrong.iter().map(|w| (one::label(lang, &w.field), w.mend.pick(lang).to_owned())).collect()
            }
            _ => Vec::new(),
        },
        edits: writes && open,
        puts: writes && draft.state == State::Writing && read.is_ok(),
        decides: decides && draft.state == State::Put && !draft.said.iter().any(|s| s.yes && s.by == me && stands(s)),
        waits_weak: !decides && draft.state == State::Put,
        code: draft.code.as_ref().map(ToString::to_string),
        amends: draft.sheet.amends().then(|| draft.sheet.get("amends").to_owned()),
        change: String::new(),
    };
    let title = if draft.title().is_empty() { lang.text("orders-untitled") } else { shown(draft.title()) };
    one::draft(console, asked, (title, part), read.ok().as_ref()).await
}

/// What somebody said; of a yes to a document that is another by now, that it counts no more.
fn said(lang: Lang, console: &Console, (s, stands): (&crate::orders::Said, bool)) -> String {
    let key = if s.yes { "approvals-said-yes" } else { "approvals-said-no" };
    let time = lang.instant(s.at, console.offset);
    let text = lang.say(key, &Values::new().word("by", shown(&s.by)).word("time", time).word("words", shown(&s.words)));
    if stands { text } else { format!("{text} {}", lang.text("orders-said-before")) }
}

/// How it stands, and in which tone to say it.
pub(super) fn state(lang: Lang, draft: &Draft) -> (String, &'static str) {
    let refused = draft.said.iter().any(|s| !s.yes) && draft.state == State::Writing;
    match draft.state {
        State::Writing if refused => (lang.text("orders-draft-refused"), "bad"),
        State::Writing => (lang.text("orders-draft-writing"), "wait"),
        State::Put => (lang.text("orders-draft-put"), "wait"),
        State::Published => (lang.text("orders-draft-published"), "good"),
        State::Dropped => (lang.text("orders-draft-dropped"), "soft"),
    }
}

/// `POST /orders/drafts/{draft}`: somebody puts it, says yes or no, or drops it.
pub(super) async fn post(
    console: &Console,
    asked: &Asked,
    (number, body): (u32, &[u8]),
) -> Result<Response, ConsoleError> {
    let (city, caller) = (console.city().await?, asked.caller()?);
    // what he may not know of is not there for him, whatever he sends
    console.orders.draft(number, caller, &city.directory).await.map_err(trouble)?;
    let Word { say, revision, words } = super::super::sign::form(body)?;
    let (orders, at, directory) = (&console.orders, (number, revision), &city.directory);
    let done = match say.as_str() {
        _ if caller.via == Via::Shell => return Err(ConsoleError::NotFound),
        "put" => orders.put(caller, directory, at).await.map(|()| None),
        "drop" => orders.drop(caller, directory, at).await.map(|()| None),
        "refuse" => orders.refuse((caller, &words), directory, at).await.map(|()| None),
        "approve" => orders.approve((caller, &words), directory, at).await.map(|(_, code)| code),
        _ => return Err(bad(&say)),
    };
    match done {
        Ok(Some(code)) => Ok(see(&format!("/orders/{code}"))),
        Ok(None) => Ok(see(&format!("/orders/drafts/{number}"))),
        Err(error) if told(&error) => {
            let html = view(console, asked, number, error.words(asked.lang)).await?;
            Ok(page::html(StatusCode::CONFLICT, html))
        }
        Err(error) => Err(trouble(error)),
    }
}

/// `GET /orders/drafts/{draft}/files/{media}`: a file that it wants to show, to be looked at.
pub(super) async fn file(
    console: &Console,
    asked: &Asked,
    (number, hash): (u32, &str),
    headers: &HeaderMap,
) -> Result<Response, ConsoleError> {
    let (city, hash) = (console.city().await?, hash.parse::<MediaHash>().map_err(|_| ConsoleError::NotFound)?);
    let draft = console.orders.draft(number, asked.caller()?, &city.directory).await.map_err(trouble)?;
    let read = console.orders.look(&draft.sheet, &city.directory).await.map_err(trouble)?;
    let shows = read.is_ok_and(|order| order.product.iter().flat_map(|p| &p.variant).any(|v| v.media == Some(hash)));
    if shows { approvals::stream(console, hash, headers).await } else { Err(ConsoleError::NotFound) }
}
