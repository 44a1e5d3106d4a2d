//! What was done to many screens: its result with what players have answered, and taking it back while that can be done.

use super::super::data::Console;
use super::super::page::{self, Page, Pages, pages, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError};
use super::list::file;
use super::words::{lines_csv, refusals, sentence};
use crate::error::StoreError;
use crate::lang::Values;
use crate::many::{Done, Refusal, UNDO_MS, Who, Work};
use crate::people::{Act, On};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::wire::command::Outcome;
use std::collections::BTreeMap;

/// Things that the list goes back.
const LISTED: u32 = 100;

#[derive(Template)]
#[template(path = "many_done.html")]
struct DonePage {
    page: Page,
    problem: String,
    sentence: String,
    by: String,
    refused: Vec<String>,
    /// What players have answered, counted.
    answers: Vec<String>,
    rows: Vec<(String, String, String, &'static str)>,
    pages: Option<Pages>,
    csv: String,
    list: String,
    /// The page that takes it back, until when.
    undo: Option<(String, String)>,
    /// The way to what it takes back, or to what took it back.
    other: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "many_list.html")]
struct ListPage {
    page: Page,
    rows: Vec<(String, String, String)>,
}

/// Of these numbers; only its doer and who looks behind figures find it.
async fn find(console: &Console, asked: &Asked, id: &str) -> Result<Done, ConsoleError> {
    let id = id.parse().map_err(|_| ConsoleError::NotFound)?;
    let done = console.many.done(id).await?.ok_or(ConsoleError::NotFound)?;
    if is_shown(console, asked, &done).await? { Ok(done) } else { Err(ConsoleError::NotFound) }
}

async fn is_shown(console: &Console, asked: &Asked, done: &Done) -> Result<bool, ConsoleError> {
    let (caller, (city, today)) = (asked.caller()?, console.directory_today().await?);
    let looks = |act| caller.may(act, On::City, &city.directory, today).is_ok();
    Ok(done.by == caller.account.as_str() || looks(Act::Audit) || looks(Act::Operate))
}

/// `GET /many/done`: the newest, newest first.
pub(in super::super) async fn list(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let (lang, city) = (asked.lang, console.city().await?);
    let mut rows = Vec::new();
    for done in console.many.newest_done(LISTED).await? {
        if is_shown(console, asked, &done).await? {
            let said = said(asked, &city, &done);
            let at = lang.instant(done.at, console.offset);
            let by = lang.say("asked-by", &Values::new().word("time", at).word("by", shown(&done.by)));
            rows.push((format!("/many/done/{}", done.id), said, by));
        }
    }
    let page = Page::new(console, asked, lang.text("many-done-title"));
    Ok(ListPage { page, rows }.render()?)
}

fn said(asked: &Asked, city: &super::super::data::City, done: &Done) -> String {
    let n = done.lines.iter().filter(|line| line.refused.is_none()).count();
    let said = sentence(asked.lang, city, &done.work, n);
    match done.undoes {
        None => said,
        Some(_) => asked.lang.say("many-taken-back", &Values::new().word("what", said)),
    }
}

/// `GET /many/done/{done}`.
pub(in super::super) async fn show(console: &Console, asked: &Asked, id: &str) -> Result<Response, ConsoleError> {
    let done = find(console, asked, id).await?;
    render(console, asked, &done, (StatusCode::OK, String::new())).await
}

/// `GET /many/done/{done}/list.csv`.
pub(in super::super) async fn csv(console: &Console, asked: &Asked, id: &str) -> Result<Response, ConsoleError> {
    let done = find(console, asked, id).await?;
    let city = console.city().await?;
    Ok(file(lines_csv(asked.lang, &city.directory, &done.lines), &format!("viec-{}.csv", done.id)))
}

/// `POST /many/done/{done}/undo`.
pub(in super::super) async fn undo(console: &Console, asked: &Asked, id: &str) -> Result<Response, ConsoleError> {
    let done = find(console, asked, id).await?;
    let (now, today) = console.today();
    let no = async |status, key: &str| render(console, asked, &done, (status, asked.lang.text(key))).await;
    if !done.can_be_undone(now) {
        return no(StatusCode::CONFLICT, "many-undo-over").await;
    }
    let city = console.city().await?;
    let job = done.undo(&city.directory, Who { caller: asked.caller()?, now, today });
    let asks: Vec<_> = job.commands.iter().map(|command| command.screen.clone()).collect();
    if job.lines.iter().all(|line| line.refused.is_some()) {
        return no(StatusCode::CONFLICT, "many-undo-nothing").await;
    }
    match console.many.carry_out(job).await {
        Ok(id) => {
            console.fleet.call(asks);
            Ok(see(&format!("/many/done/{id}")))
        }
        Err(StoreError::Busy) => no(StatusCode::CONFLICT, "many-undo-busy").await,
        Err(error) => Err(error.into()),
    }
}

async fn render(
    console: &Console,
    asked: &Asked,
    done: &Done,
    (status, problem): (StatusCode, String),
) -> Result<Response, ConsoleError> {
    let (lang, city, now) = (asked.lang, console.city().await?, console.today().0);
    let mut refused: BTreeMap<Refusal, usize> = BTreeMap::new();
    for why in done.lines.iter().filter_map(|line| line.refused) {
        *refused.entry(why).or_default() += 1;
    }
    let mut answers: BTreeMap<String, (String, &'static str)> = BTreeMap::new();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    if done.work.asks() {
        for command in console.many.asked_in(done).await? {
            let outcome = command.outcome(now);
            let tone = match &outcome {
                None => "wait",
                Some(Outcome::Failed { .. } | Outcome::Expired) => "bad",
                Some(_) => "good",
            };
            let said = lang.outcome(outcome.as_ref(), console.offset);
            // what a screen showed, and when, is its own; what is counted is that it did
            let kind =
                if matches!(outcome, Some(Outcome::Shown(_))) { lang.text("outcome-done") } else { said.clone() };
            *counted.entry(kind).or_default() += 1;
            answers.insert(command.screen.to_string(), (said, tone));
        }
    }
    let (range, pages) = pages(asked, done.lines.len());
    let row = |line: &crate::many::Line| {
        let name = city.directory.screen(&line.screen).map_or_else(String::new, |screen| shown(&screen.name));
        let (what, tone) = match line.refused {
            Some(why) => (lang.text(&format!("many-refused-{why}")), "bad"),
            None => answers.get(line.screen.as_str()).cloned().unwrap_or((lang.text("many-line-done"), "good")),
        };
        (line.screen.to_string(), name, what, tone)
    };
    let (until, key) = match &done.work {
        Work::Close { to, .. } => (to.instant(), "many-reopen-until"),
        _ => (done.at.plus_ms(UNDO_MS), "many-undo-until"),
    };
    let until = Values::new().word("time", lang.instant(until, console.offset));
    let undo = done.can_be_undone(now).then(|| (format!("/many/done/{}/undo", done.id), lang.say(key, &until)));
    let other = done.undoes.map(|of| (of, "many-undoes")).or(done.undone.map(|by| (by, "many-undone")));
    let at = lang.instant(done.at, console.offset);
    let view = DonePage {
        page: Page::new(console, asked, lang.text("many-done-one")),
        problem,
        sentence: said(asked, &city, done),
        by: lang.say("asked-by", &Values::new().word("time", at).word("by", shown(&done.by))),
        refused: refusals(lang, &refused),
        answers: counted
            .into_iter()
            .map(|(said, n)| lang.say("many-answers", &Values::new().word("said", said).count(lang, "n", n as u64)))
            .collect(),
        rows: done.lines[range].iter().map(row).collect(),
        pages,
        csv: format!("/many/done/{}/list.csv", done.id),
        list: done.list.to_string(),
        undo,
        other: other.map(|(id, key)| (format!("/many/done/{id}"), lang.text(key))),
    };
    Ok(page::html(status, view.render()?))
}
