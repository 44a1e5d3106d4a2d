//! Doing something to many screens: chosen on the list, asked for what it takes, looked at screen by screen, and done when exactly what
//! was looked at is confirmed. What was chosen is kept in memory for a while: a list that nobody confirms leaves nothing.

use super::super::data::{City, Console};
use super::super::overview::order_title;
use super::super::page::{self, Page, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError};
use super::list::{file, gather, problem};
use super::words::{Field, fields, lines_csv, refusals, sentence};
use crate::clock::SystemRng;
use crate::directory::Link;
use crate::directory::problem::say;
use crate::directory::table::Field as _;
use crate::error::StoreError;
use crate::lang::{Lang, Values};
use crate::many::{FilterError, Holds, Means, Preview, QUIET_RESTARTS, Who, Work, closing, means};
use crate::people::AccountCode;
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::Rng as _;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// For how long what was chosen is kept, ms.
const KEPT_MS: i64 = 30 * 60_000;
/// Lines that the page shows; the file has all.
const SHOWN: usize = 50;

/// What somebody has chosen and not confirmed yet.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    account: AccountCode,
    pub(super) screens: Vec<ScreenCode>,
    /// The word of what is to be done.
    word: String,
    work: Option<Work>,
    made: UtcMillis,
}

#[derive(Template)]
#[template(path = "many_draft.html")]
struct DraftPage {
    page: Page,
    id: String,
    problem: String,
    chosen: String,
    /// What is asked for first; empty when it is known.
    fields: Vec<Field>,
    preview: Option<PreviewView>,
}

struct PreviewView {
    sentence: String,
    refused: Vec<String>,
    lines: Vec<(String, String, String)>,
    more: String,
    hash: String,
    /// Restarts in peak hours: said, and to be ticked.
    peak: String,
    nothing: bool,
    undo: String,
    /// What a closure comes to for each order.
    means: Vec<String>,
}

/// The values of a form, by name; the last one counts.
pub(in super::super) type Form = BTreeMap<String, String>;

pub(in super::super) fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, ConsoleError> {
    serde_urlencoded::from_bytes(body).map_err(|e| ConsoleError::Bad { kind: "command", value: e.to_string() })
}

pub(in super::super) fn value<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// `POST /many/choose`: these screens, or all of this filter, for this.
pub(in super::super) async fn choose(console: &Console, asked: &Asked, body: &[u8]) -> Result<Response, ConsoleError> {
    let pairs = pairs(body)?;
    let picked = pairs.iter().filter(|(name, _)| name == "pick").filter_map(|(_, code)| ScreenCode::new(code).ok());
    let picked: Vec<ScreenCode> = picked.collect();
    let form: Form = pairs.into_iter().collect();
    let gathered = loop {
        match gather(console, asked).await {
            Err(ConsoleError::Making) => {} // what somebody sends is not sent by itself again: it waits here
            gathered => break gathered?,
        }
    };
    let screens = match value(&form, "which") {
        Some("all") => {
            let filter = gathered.read(|name| value(&form, name));
            let bad =
                |e: FilterError| ConsoleError::Bad { kind: "command", value: format!("{} = {}", e.field, e.value) };
            gathered.codes(&filter.map_err(bad)?, gathered.group_of(value(&form, "group")))
        }
        _ => gathered.seen(&picked),
    };
    let word = value(&form, "do").unwrap_or_default().to_owned();
    let work = match word.as_str() {
        "screenshot" => Some(Work::Screenshot),
        "identify" => Some(Work::Identify),
        "restart" => Some(Work::Restart),
        "volume" | "close" | "move" | "group" => None,
        _ => return Err(ConsoleError::Bad { kind: "command", value: word }),
    };
    let account = asked.caller()?.account.clone();
    let draft = Draft { account, screens, word, work, made: gathered.at.0 };
    Ok(see(&format!("/many/drafts/{}", console.keep_draft(draft))))
}

impl Console {
    fn keep_draft(&self, draft: Draft) -> String {
        let mut bytes = [0; 12];
        SystemRng.fill(&mut bytes);
        let id = hex::encode(bytes);
        self.shelf.drafts.lock().unwrap_or_else(PoisonError::into_inner).put(id.clone(), draft);
        id
    }
    fn draft(&self, asked: &Asked, id: &str) -> Result<Draft, ConsoleError> {
        let found = self.shelf.drafts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let (account, now) = (&asked.caller()?.account, self.today().0);
        found
            .filter(|draft| draft.account == *account && now.since_ms(draft.made) <= KEPT_MS)
            .ok_or_else(|| ConsoleError::Unknown { kind: "draft", code: String::new() })
    }
    fn set_draft(&self, id: &str, draft: Draft) {
        self.shelf.drafts.lock().unwrap_or_else(PoisonError::into_inner).put(id.to_owned(), draft);
    }
}

/// `GET /many/drafts/{draft}`.
pub(in super::super) async fn show(console: &Console, asked: &Asked, id: &str) -> Result<Response, ConsoleError> {
    let draft = console.draft(asked, id)?;
    render(console, asked, (id, &draft), &Form::new(), (StatusCode::OK, String::new())).await
}

/// `GET /many/drafts/{draft}/list.csv`: exactly what would be done, screen by screen.
pub(in super::super) async fn csv(console: &Console, asked: &Asked, id: &str) -> Result<Response, ConsoleError> {
    let draft = console.draft(asked, id)?;
    let work = draft.work.clone().ok_or(ConsoleError::NotFound)?;
    let city = console.city().await?;
    let preview = preview(console, asked, &city, work, &draft.screens).await?;
    Ok(file(lines_csv(asked.lang, &city.directory, &preview.lines), "man-hinh.csv"))
}

/// `POST /many/drafts/{draft}`: says what it takes, or confirms.
pub(in super::super) async fn post(
    console: &Console,
    asked: &Asked,
    id: &str,
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let draft = console.draft(asked, id)?;
    let form: Form = pairs(body)?.into_iter().collect();
    let at = format!("/many/drafts/{id}");
    match (&draft.work, value(&form, "hash")) {
        (Some(_), Some(hash)) => confirm(console, asked, (id, &draft), hash, value(&form, "peak").is_some()).await,
        _ if draft.word == "group" => {
            super::groups::keep(console, asked, &form, Holds::Screens(draft.screens.clone())).await
        }
        _ => {
            let city = console.city().await?;
            match read(&draft.word, &form, &city, console.today()) {
                Ok(work) => {
                    console.set_draft(id, Draft { work: Some(work), ..draft });
                    Ok(see(&at))
                }
                Err(error) => {
                    let said = (StatusCode::UNPROCESSABLE_ENTITY, problem(asked.lang, &error));
                    render(console, asked, (id, &Draft { work: None, ..draft }), &form, said).await
                }
            }
        }
    }
}

async fn preview(
    console: &Console,
    asked: &Asked,
    city: &City,
    work: Work,
    screens: &[ScreenCode],
) -> Result<Preview, ConsoleError> {
    let devices = console.devices().await?;
    let (now, today) = console.today();
    let who = Who { caller: asked.caller()?, now, today };
    Ok(Preview::of(work, screens, &city.directory, who, |screen| devices.contains_key(screen)))
}

async fn confirm(
    console: &Console,
    asked: &Asked,
    (id, draft): (&str, &Draft),
    hash: &str,
    peak: bool,
) -> Result<Response, ConsoleError> {
    let Some(work) = draft.work.clone() else { return Err(ConsoleError::NotFound) };
    let city = console.city().await?;
    let preview = preview(console, asked, &city, work, &draft.screens).await?;
    let again = async |status, key: &str| {
        render(console, asked, (id, draft), &Form::new(), (status, asked.lang.text(key))).await
    };
    if preview.hash().to_string() != hash {
        return again(StatusCode::CONFLICT, "many-changed").await;
    }
    let (now, today) = console.today();
    if !peak && asks_for_peak(&preview, &city, console) > 0 {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "many-peak-needed").await;
    }
    if preview.taken().next().is_none() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "many-nothing").await;
    }
    let job = preview.job(&city.directory, Who { caller: asked.caller()?, now, today });
    match console.many.carry_out(job).await {
        Ok(done) => {
            if preview.work.asks() {
                console.fleet.call(preview.taken().cloned());
            }
            console.shelf.drafts.lock().unwrap_or_else(PoisonError::into_inner).pop(id);
            Ok(see(&format!("/many/done/{done}")))
        }
        Err(StoreError::Busy) => again(StatusCode::CONFLICT, "many-changed").await,
        Err(error) => Err(error.into()),
    }
}

/// How many restarts of many would fall into peak hours now.
fn asks_for_peak(preview: &Preview, city: &City, console: &Console) -> usize {
    if preview.work != Work::Restart || preview.taken().count() <= QUIET_RESTARTS {
        return 0;
    }
    let (now, today) = console.today();
    preview.in_peak(&city.directory, (today, now.local(console.offset).1 / 1000))
}

async fn render(
    console: &Console,
    asked: &Asked,
    (id, draft): (&str, &Draft),
    form: &Form,
    (status, problem): (StatusCode, String),
) -> Result<Response, ConsoleError> {
    let lang = asked.lang;
    let city = console.city().await?;
    let n = draft.screens.len() as u64;
    let preview = match &draft.work {
        None => None,
        Some(work) => {
            let preview = preview(console, asked, &city, work.clone(), &draft.screens).await?;
            let peak = asks_for_peak(&preview, &city, console);
            Some(view(asked, &city, &preview, (peak, console.today().0)))
        }
    };
    let title = lang.text(&format!("many-do-{}", draft.word));
    let view = DraftPage {
        page: Page::new(console, asked, title),
        id: id.to_owned(),
        problem: if n == 0 && problem.is_empty() { lang.text("many-none-picked") } else { problem },
        chosen: lang.say("many-chosen", &Values::new().count(lang, "n", n)),
        fields: if preview.is_none() && n > 0 {
            fields(lang, &draft.word, form, console.today().1)
        } else {
            Vec::new()
        },
        preview,
    };
    Ok(page::html(status, view.render()?))
}

fn view(asked: &Asked, city: &City, preview: &Preview, (peak, now): (usize, UtcMillis)) -> PreviewView {
    let lang = asked.lang;
    let (all, taken) = (preview.lines.len(), preview.taken().count());
    let line = |line: &crate::many::Line| {
        let name = city.directory.screen(&line.screen).map_or_else(String::new, |screen| shown(&screen.name));
        let what = line.refused.map_or_else(String::new, |why| lang.text(&format!("many-refused-{why}")));
        (line.screen.to_string(), name, what)
    };
    let mut lines: Vec<&crate::many::Line> = preview.lines.iter().collect();
    lines.sort_by_key(|line| line.refused.is_none()); // what is left out first
    PreviewView {
        sentence: sentence(lang, city, &preview.work, taken),
        refused: refusals(lang, &preview.refused()),
        lines: lines.into_iter().take(SHOWN).map(line).collect(),
        more: match all.saturating_sub(SHOWN) {
            0 => String::new(),
            n => lang.say("many-more", &Values::new().count(lang, "n", n as u64)),
        },
        hash: preview.hash().to_string(),
        peak: match peak {
            0 => String::new(),
            n => lang.say("many-peak", &Values::new().count(lang, "n", n as u64)),
        },
        nothing: taken == 0,
        undo: match preview.work {
            Work::Close { .. } => lang.text("many-can-reopen"),
            _ if preview.work.can_be_undone() => lang.text("many-can-undo"),
            _ => lang.text("many-cannot-undo"),
        },
        means: orders(lang, city, preview, now),
    }
}

/// What a closure comes to for the orders that run in its days, in words.
fn orders(lang: Lang, city: &City, preview: &Preview, now: UtcMillis) -> Vec<String> {
    if !matches!(preview.work, Work::Close { .. }) {
        return Vec::new();
    }
    let Some(all) = means(preview, (&city.directory, &city.campaigns), now) else {
        return vec![lang.text("many-means-too-many")];
    };
    if all.is_empty() {
        return vec![lang.text("many-means-none")];
    }
    let one = |m: &Means| {
        let title = city.campaigns.directive(&m.order).map_or_else(|| m.order.to_string(), |d| order_title(lang, d));
        let values = Values::new()
            .word("order", title)
            .count(lang, "n", m.screens.into())
            .count(lang, "before", m.before)
            .count(lang, "after", m.after);
        let key = match m {
            Means { of_unit: true, .. } => "many-means-unit",
            Means { before, after, .. } if before == after => "many-means-same",
            _ => "many-means-less",
        };
        lang.say(key, &values)
    };
    all.iter().map(one).collect()
}

/// What a form says of the work.
fn read(word: &str, form: &Form, city: &City, (now, today): (UtcMillis, LocalDay)) -> Result<Work, FilterError> {
    let wrong = |field: &'static str, mend| FilterError {
        field,
        value: value(form, field).unwrap_or_default().to_owned(),
        mend,
    };
    let needed = |field: &'static str| {
        value(form, field).ok_or_else(|| wrong(field, say("không được để trống", "must not be empty")))
    };
    let day = |field: &'static str| LocalDay::read(needed(field)?).map_err(|mend| wrong(field, mend));
    match word {
        "volume" => {
            let percent = needed("percent")?.parse().ok().filter(|percent: &u8| *percent <= 100);
            let mend = || say("viết một số từ 0 đến 100", "write a number from 0 to 100");
            Ok(Work::Volume { percent: percent.ok_or_else(|| wrong("percent", mend()))? })
        }
        "close" => closing(|field| value(form, field), now),
        _ => {
            let link = Link::read(needed("move_link")?).map_err(|mend| wrong("move_link", mend))?;
            let from = day("move_from")?;
            let unit = city.directory.find_unit(needed("move_unit")?, from.max(today));
            let unit = unit.map_err(|error| wrong("move_unit", error.say()))?.code.clone();
            Ok(Work::Move { link, unit, from })
        }
    }
}
