//! `/many/import`: a file of screens, pasted or chosen; seen line by line before it is taken, and taken when exactly what was seen is
//! confirmed. The same file in the same form as `lichphat import screens` and the API.

use super::super::data::{City, Console};
use super::super::page::{self, Page, Pages, pages, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError};
use super::draft::{Form, pairs, value};
use crate::clock::SystemRng;
use crate::directory::Batch;
use crate::directory::import::{Context, Kind, parse};
use crate::directory::problem::Problems;
use crate::directory::table::SourceFile;
use crate::error::StoreError;
use crate::lang::{Lang, Values};
use crate::many::{Brought, brought, brought_hash};
use crate::people::{AccountCode, Deed};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ports::Rng as _;
use lichphat_playlists::time::UtcMillis;
use std::sync::{Arc, PoisonError};

/// Longest form, bytes: 20,000 screens are three million letters, of which an address writes many as six.
pub(in super::super) const MOST_BYTES: usize = 16 << 20;
/// For how long a file is kept, ms.
const KEPT_MS: i64 = 30 * 60_000;
/// Mistakes that are told at once.
const TOLD: usize = 100;

/// A file that somebody has brought and not confirmed yet.
#[derive(Debug, Clone)]
pub(super) struct Given {
    account: AccountCode,
    text: Arc<str>,
    made: UtcMillis,
}

#[derive(Template)]
#[template(path = "many_import.html")]
struct ImportPage {
    page: Page,
    problem: String,
    problems: Vec<String>,
    text: String,
    done: String,
}

#[derive(Template)]
#[template(path = "many_brought.html")]
struct BroughtPage {
    page: Page,
    id: String,
    problem: String,
    summary: String,
    rows: Vec<BroughtView>,
    pages: Option<Pages>,
    hash: String,
    nothing: bool,
}

struct BroughtView {
    code: String,
    name: String,
    is_new: bool,
    changed: Vec<(&'static str, String, String)>,
}

fn given(console: &Console, asked: &Asked, id: &str) -> Result<Given, ConsoleError> {
    let found = console.shelf.files.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
    let (account, now) = (&asked.caller()?.account, console.today().0);
    found
        .filter(|given| given.account == *account && now.since_ms(given.made) <= KEPT_MS)
        .ok_or_else(|| ConsoleError::Unknown { kind: "draft", code: String::new() })
}

/// Reads it against the city; screens that stay as they are come last.
fn looked_at(city: &City, text: &str, now: UtcMillis) -> Result<(Batch, Vec<Brought>), Problems> {
    let file = SourceFile { name: "screens.csv", bytes: text.as_bytes() };
    let batch = parse(Kind::Screens, file, Context { directory: &city.directory, now })?;
    let mut all = brought(&city.directory, &batch);
    all.sort_by_key(Brought::is_same);
    Ok((batch, all))
}

/// `GET /many/import`.
pub(in super::super) async fn show(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let done = asked.value("done").map(|_| asked.lang.text("import-done")).unwrap_or_default();
    let page = Page::new(console, asked, asked.lang.text("import-title"));
    let none = String::new;
    let view = ImportPage { page, problem: none(), problems: Vec::new(), text: none(), done };
    Ok(page::html(StatusCode::OK, view.render()?))
}

/// `POST /many/import`: looks at it, and leads to what it would change.
pub(in super::super) async fn post(console: &Console, asked: &Asked, body: &[u8]) -> Result<Response, ConsoleError> {
    let form: Form = pairs(body)?.into_iter().collect();
    let text = form.get("text").cloned().unwrap_or_default();
    let (city, now) = (console.city().await?, console.today().0);
    // a file of another encoding was read into the field with this sign in place of what it could not read
    let problems = match text.contains('\u{fffd}') {
        true => Err(vec![asked.lang.text("import-not-utf-8")]),
        false => looked_at(&city, &text, now).map(drop).map_err(|problems| told(asked.lang, &problems)),
    };
    if let Err(problems) = problems {
        let page = Page::new(console, asked, asked.lang.text("import-title"));
        let problem = asked.lang.text("import-refused");
        let view = ImportPage { page, problem, problems, text, done: String::new() };
        return Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, view.render()?));
    }
    let mut bytes = [0; 12];
    SystemRng.fill(&mut bytes);
    let (id, account) = (hex::encode(bytes), asked.caller()?.account.clone());
    let given = Given { account, text: text.into(), made: now };
    console.shelf.files.lock().unwrap_or_else(PoisonError::into_inner).put(id.clone(), given);
    Ok(see(&format!("/many/import/{id}")))
}

fn told(lang: Lang, problems: &Problems) -> Vec<String> {
    let mut told: Vec<String> = problems.iter().take(TOLD).map(|problem| shown(&problem.line_text(lang))).collect();
    let more = problems.iter().count().saturating_sub(TOLD);
    if more > 0 {
        told.push(lang.say("import-more", &Values::new().count(lang, "n", more as u64)));
    }
    told
}

/// `GET /many/import/{file}`.
pub(in super::super) async fn preview(console: &Console, asked: &Asked, id: &str) -> Result<Response, ConsoleError> {
    let given = given(console, asked, id)?;
    render(console, asked, (id, &given), (StatusCode::OK, String::new())).await
}

async fn render(
    console: &Console,
    asked: &Asked,
    (id, given): (&str, &Given),
    (status, problem): (StatusCode, String),
) -> Result<Response, ConsoleError> {
    let lang = asked.lang;
    let city = console.city().await?;
    let all = match looked_at(&city, &given.text, console.today().0) {
        Ok((_, all)) => all,
        Err(problems) => {
            let page = Page::new(console, asked, lang.text("import-title"));
            let (problem, problems, text) =
                (lang.text("import-refused"), told(lang, &problems), given.text.to_string());
            let view = ImportPage { page, problem, problems, text, done: String::new() };
            return Ok(page::html(StatusCode::CONFLICT, view.render()?));
        }
    };
    let new = all.iter().filter(|one| one.is_new).count();
    let same = all.iter().filter(|one| one.is_same()).count();
    let changed = all.len() - new - same;
    let values = Values::new().count(lang, "new", new as u64).count(lang, "changed", changed as u64);
    let (range, pages) = pages(asked, new + changed);
    let view = |one: &Brought| BroughtView {
        code: one.screen.to_string(),
        name: shown(&one.name),
        is_new: one.is_new,
        changed: one.changed.iter().map(|c| (c.field, cell(&c.old), cell(&c.new))).collect(),
    };
    let view = BroughtPage {
        page: Page::new(console, asked, lang.text("import-preview")),
        id: id.to_owned(),
        problem,
        summary: lang.say("import-summary", &values.count(lang, "same", same as u64)),
        rows: all[range].iter().map(view).collect(),
        pages,
        hash: brought_hash(&all).to_string(),
        nothing: new + changed == 0,
    };
    Ok(page::html(status, view.render()?))
}

fn cell(text: &str) -> String {
    if text.is_empty() { "—".to_owned() } else { shown(text) }
}

/// `POST /many/import/{file}`: takes exactly what was seen, or nothing.
pub(in super::super) async fn confirm(
    console: &Console,
    asked: &Asked,
    id: &str,
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let given = given(console, asked, id)?;
    let form: Form = pairs(body)?.into_iter().collect();
    let (city, now) = (console.city().await?, console.today().0);
    let again = || async {
        let said = (StatusCode::CONFLICT, asked.lang.text("import-changed"));
        render(console, asked, (id, &given), said).await
    };
    let Ok((batch, all)) = looked_at(&city, &given.text, now) else { return again().await };
    let hash = brought_hash(&all);
    if value(&form, "hash") != Some(&hash.to_string()) {
        return again().await;
    }
    let (new, same) = (all.iter().filter(|b| b.is_new).count(), all.iter().filter(|b| b.is_same()).count());
    let deed = Deed {
        at: now,
        by: asked.caller()?.account.clone(),
        act: "import",
        on: format!("{} screens", all.len()),
        detail: format!("{new} new, {} changed, list {hash}", all.len() - new - same),
    };
    match console.many.bring(batch, city.directory.revision, deed).await {
        Ok(_) => {
            console.shelf.files.lock().unwrap_or_else(PoisonError::into_inner).pop(id);
            Ok(see("/many/import?done=1"))
        }
        Err(StoreError::Busy) => again().await,
        Err(error) => Err(error.into()),
    }
}
