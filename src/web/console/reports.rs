//! Reports: chosen by a form, read on the page, taken home as a file; closed and explained by who may, which the room says.

mod choices;
mod rules;

use self::choices::{Choose, form, selection};
use self::rules::{Rules, rules};
use super::data::{City, Console};
use super::fresh::{Fresh, Pace, Tag, trim};
use super::page::{self, Page, Pages, pages, shown};
use super::sign::{form as posted, see};
use super::{Asked, ConsoleError, href};
use crate::directory::table::Field as _;
use crate::lang::{Lang, Values};
use crate::report::{
    Block, Closing, Document, Facts, Form, Letterhead, Made, Refused, ReportError, Selection, Table, may_close,
    may_explain,
};
use crate::web::Response;
use crate::web::turns::NoTurn;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::{LocalDay, UtcOffset};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use warp::Reply as _;

/// How often a report is made anew, and how long a page waits before it says that it is being made.
const PACE: Pace = Pace { fresh_ms: 30_000, rests: 0, patience_ms: 250 };
/// Reports that are kept; one of a large fleet has megabytes.
const KEPT: usize = 8;
/// What a form may choose, by the names of its fields.
const CHOICES: [&str; 8] = ["campaign", "unit", "link", "venue", "period", "of", "from", "to"];

/// Longest field of what is written around a report on paper, characters, and most lines.
const LONGEST: (usize, usize) = (200, 30);

/// Reports by what was asked for, as it is now or as it was closed.
pub(super) type Kept = Mutex<lru::LruCache<(Selection, Option<u32>), Arc<Fresh<Held>>>>;

/// A report with its words, which for a large fleet take a while, too.
pub(super) struct Held {
    made: Made,
    documents: [OnceLock<Document>; 2],
}

impl Held {
    fn document(&self, lang: Lang, offset: UtcOffset) -> &Document {
        let made = || self.made.document(lang, &Letterhead::default(), offset);
        self.documents[usize::from(lang == Lang::En)].get_or_init(made)
    }
}

/// Nothing is made yet.
pub(super) fn kept() -> Kept {
    Mutex::new(lru::LruCache::unbounded()) // until [`trim`]
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    page: Page,
    form: Choose,
    /// A field, what was given, and what to do; empty: nothing is wrong.
    problem: String,
    /// It is being made, or waits for its turn, and the page asks again by itself; empty: it is here.
    waits: String,
    report: Option<View>,
    /// What makes itself; none: the reader does not watch over the server.
    rules: Option<Rules>,
}

struct View {
    title: String,
    state: String,
    tone: &'static str,
    parts: Vec<Part>,
    /// Long lists, one of which is shown.
    tabs: Vec<(String, String, bool)>,
    list: Option<TableView>,
    pages: Option<Pages>,
    /// Address, name and what for.
    files: Vec<(String, String, String)>,
    /// What was closed: a sentence, its address, and whether it is shown.
    closings: Vec<(String, String, bool)>,
    /// The reader may close it: what the button says.
    close: String,
    /// The reader may explain it.
    explain: bool,
    /// What the forms carry of what was chosen.
    chosen: Vec<(&'static str, String)>,
    /// Forms on paper: form and button.
    papers: Vec<(String, String)>,
    issuer: String,
    /// What was typed as an explanation and not taken.
    typed: String,
}

enum Part {
    Heading(String),
    Sentence(String),
    List(String, Vec<String>),
    Table(TableView),
    Quote(String, String),
}

struct TableView {
    caption: String,
    /// Heading, and whether it is over numbers.
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
    none: String,
}

/// `GET /reports`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    page_of(console, asked, (String::new(), String::new())).await
}

/// The page, with what went wrong and what was typed then.
async fn page_of(console: &Console, asked: &Asked, (failed, typed): (String, String)) -> Result<String, ConsoleError> {
    let (city, today) = (console.city().await?, console.today().1);
    let sight = asked.sight(&city, console)?;
    let mut page = Page::new(console, asked, asked.lang.text("reports-title"));
    let chosen = selection(asked, &city, &sight, today);
    let form = form(asked, &city, &sight, today);
    let (mut report, mut waits) = (None, String::new());
    let problem = match &chosen {
        Err(wrong) => asked.lang.say("reports-wrong", &wrong.values(asked.lang)),
        Ok(selection) => {
            let closings = closings(console, selection).await?;
            let closed = closed(asked, &closings);
            let made = match made(console, &city, (selection, closed, asked), true).await {
                Err(ConsoleError::Busy) => {
                    waits = asked.lang.text("reports-busy");
                    None
                }
                Err(ConsoleError::BusyOwn) => {
                    waits = asked.lang.text("reports-busy-own");
                    None
                }
                made => made?,
            };
            if let Some(made) = made {
                let document = made.document(asked.lang, console.offset);
                page.title = format!("{} – {}", asked.lang.text("reports-title"), document.title);
                let mut view = view(asked, document, (closed, selection.span.from));
                view.closings = closing_lines(console, asked, &closings, closed);
                let caller = asked.caller()?;
                let (unit, ended) = (selection.unit.as_ref(), selection.span.to < today);
                let may = ended && may_close(caller, unit, &city.directory, today).is_ok();
                if may && (closings.is_empty() || closed.is_none()) {
                    let key = if closings.is_empty() { "reports-close" } else { "reports-supplement" };
                    view.close = asked.lang.text(key);
                }
                view.explain = unit.is_some_and(|unit| may_explain(caller, unit, &city.directory, today).is_ok());
                view.issuer =
                    unit.and_then(|unit| city.directory.unit(unit)).map_or_else(String::new, |unit| shown(&unit.name));
                view.typed = typed;
                report = Some(view);
            }
            failed
        }
    };
    if chosen.is_ok() && report.is_none() && waits.is_empty() {
        waits = asked.lang.text("reports-waits");
    }
    let rules = rules(console, asked, &city).await?;
    Ok(ReportsPage { page, form, problem, waits, report, rules }.render()?)
}

/// `GET /reports/{file}`: `report.xlsx`, of the same choices.
pub(super) async fn file(console: &Console, asked: &Asked, file: &str) -> Result<Response, ConsoleError> {
    let form = file.strip_prefix("report.").and_then(Form::of_extension);
    let form = form.filter(|form| form.is_there()).ok_or(ConsoleError::NotFound)?;
    let (city, today) = (console.city().await?, console.today().1);
    let sight = asked.sight(&city, console)?;
    let selection = selection(asked, &city, &sight, today)
        .map_err(|wrong| ConsoleError::Bad { kind: "day", value: wrong.value })?;
    let closed = closed(asked, &closings(console, &selection).await?);
    let (letterhead, who) = (letterhead(asked)?, &asked.caller()?.account);
    let (lang, offset) = (asked.lang, console.offset);
    let name = format!("bao-cao-{}-{}.{form}", selection.span.from, selection.span.to);
    let hash = match asked.value("made").filter(|_| closed.is_none()) {
        Some(text) => Some(text.parse().map_err(|_| ConsoleError::Gone)?),
        None => None,
    };
    let bytes = if let Some(hash) = hash {
        // the very figures that somebody has looked at, whatever came in since
        let (reporting, runtime) = (Arc::clone(&console.reporting), tokio::runtime::Handle::current());
        let work = move || {
            let Some(made) = runtime.block_on(reporting.kept(&selection, hash))? else { return Ok(None) };
            made.file(form, lang, &letterhead, offset).map(Some)
        };
        console.turns.take(who, work).await?.transpose().ok_or(ConsoleError::Gone)?
    } else {
        let held = made(console, &city, (&selection, closed, asked), false).await?.ok_or(ConsoleError::NotFound)?;
        console.turns.take(who, move || held.made.file(form, lang, &letterhead, offset)).await?
    };
    let bytes = bytes.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    Ok(page::kept(bytes.into_response(), form.content_type(), &name))
}

/// The report, made when it is nobody's yet or old; none: it is being made, and the page that asked does not wait for it.
async fn made(
    console: &Console,
    city: &Arc<City>,
    (selection, closed, asked): (&Selection, Option<u32>, &Asked),
    of_page: bool,
) -> Result<Option<Arc<Held>>, ConsoleError> {
    let fresh = {
        let mut kept = console.reports_kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Arc::clone(kept.get_or_insert((selection.clone(), closed), Fresh::new));
        trim(&mut kept, KEPT);
        fresh
    };
    let (work_city, reporting, selection) = (Arc::clone(city), Arc::clone(&console.reporting), selection.clone());
    let (lang, offset, turns, who) =
        (asked.lang, console.offset, console.turns.clone(), asked.caller()?.account.clone());
    let make = async move {
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            let facts = Facts { directory: &work_city.directory, campaigns: &work_city.campaigns };
            let made = match closed {
                None => Some(runtime.block_on(reporting.now_kept(facts, &selection))?),
                Some(id) => runtime.block_on(reporting.closed(id))?,
            };
            let Some(made) = made else { return Err(ReportError::Refused(Refused::Raced)) };
            let held = Held { made, documents: Default::default() };
            held.document(lang, offset);
            Ok::<_, ReportError>(held)
        };
        turns.take(&who, work).await?.map_err(|e| ConsoleError::Internal(e.to_string()))
    };
    let tag: Tag = (city.directory.revision, city.campaigns.revision, console.today().1);
    let pace = (&console.clock, PACE);
    if of_page {
        // an older one is not shown: what a report says is of the moment that it bears
        return Ok(fresh.soon(tag, pace, make).await?.filter(|seen| !seen.newer).map(|seen| seen.value));
    }
    fresh.newest(tag, pace, make).await.map(Some)
}

/// The document as the page shows it: sentences and short tables whole, of the long lists one, page by page.
fn view(asked: &Asked, document: &Document, (closed, of): (Option<u32>, LocalDay)) -> View {
    let lang = asked.lang;
    let (mut parts, mut long, mut heading) = (Vec::new(), Vec::new(), None);
    for block in &document.blocks {
        let part = match block {
            Block::Heading(words) => {
                heading = Some(words.clone());
                continue;
            }
            Block::Table(table) if table.long => {
                long.push(table);
                continue;
            }
            Block::Sentence(words) => Part::Sentence(words.clone()),
            Block::List(about, list) => Part::List(about.clone(), list.clone()),
            Block::Quote(about, words) => Part::Quote(about.clone(), words.clone()),
            Block::Table(table) => Part::Table(table_view(lang, table, 0..table.rows.len())),
        };
        // the heading of a long list alone stands over its tabs
        parts.extend(heading.take().map(Part::Heading));
        parts.push(part);
    }
    let wanted = asked.value("list");
    let shown = long.iter().copied().find(|table| Some(table.key) == wanted).or(long.first().copied());
    let tabs = long.iter().map(|table| {
        let n = Values::new().count(lang, "n", table.rows.len() as u64).word("name", table.name.clone());
        let first = Asked { query: without_page(asked), ..asked.clone() };
        let to = first.with("list", Some(table.key)) + "#lists";
        (lang.say("reports-tab", &n), to, shown.is_some_and(|shown| shown.key == table.key))
    });
    let (range, pages) = pages(asked, shown.map_or(0, |table| table.rows.len()));
    // a file is of what the page shows, however it is asked for later
    let which = match closed {
        Some(id) => vec![("closed", id.to_string())],
        None => vec![("now", "1".to_owned()), ("made", document.hash.clone())],
    };
    let chosen = CHOICES.iter().filter_map(|name| Some((*name, asked.value(name)?.to_owned())));
    let mut chosen: Vec<(&str, String)> = chosen.chain(which).collect();
    if !chosen.iter().any(|(name, _)| *name == "of") {
        // a page that is left open over midnight asks for the period that it shows
        chosen.push(("of", of.to_string()));
    }
    let forms = Form::ALL.iter().filter(|form| !form.is_paper()).map(|form| {
        let to = href(&format!("/reports/report.{form}"), chosen.iter().map(|(name, value)| (*name, value.as_str())));
        (to, form.to_string().to_uppercase(), lang.text(&format!("reports-file-{form}")))
    });
    let papers = Form::ALL.iter().filter(|form| form.is_paper() && form.is_there());
    let papers = papers.map(|form| (form.to_string(), lang.text(&format!("reports-file-{form}"))));
    View {
        title: document.title.clone(),
        state: document.state.clone(),
        tone: if document.provisional { "wait" } else { "good" },
        parts,
        tabs: tabs.collect(),
        list: shown.map(|table| table_view(lang, table, range)),
        pages,
        files: forms.collect(),
        closings: Vec::new(),
        close: String::new(),
        explain: false,
        papers: papers.collect(),
        chosen,
        issuer: String::new(),
        typed: String::new(),
    }
}

/// `POST /reports/close`, `POST /reports/explain`: of the report whose choices the form carries.
pub(super) async fn post(console: &Console, asked: &Asked, what: &str, body: &[u8]) -> Result<Response, ConsoleError> {
    let query: BTreeMap<String, String> = posted(body)?;
    let typed = query.get("words").cloned().unwrap_or_default();
    let seen = query.get("made").and_then(|hash| hash.parse::<Sha256Hash>().ok());
    let query = query.into_iter().filter(|(name, _)| CHOICES.contains(&name.as_str())).collect();
    let asked = Asked { query, path: "/reports".to_owned(), ..asked.clone() };
    let (city, today) = (console.city().await?, console.today().1);
    let sight = asked.sight(&city, console)?;
    let selection = selection(&asked, &city, &sight, today)
        .map_err(|wrong| ConsoleError::Bad { kind: "day", value: wrong.value })?;
    let caller = asked.caller()?;
    let done = match what {
        "close" => {
            let (reporting, log) = (Arc::clone(&console.reporting), Arc::clone(&console.log));
            let (city, caller, selection) = (Arc::clone(&city), caller.clone(), selection.clone());
            let (runtime, who) = (tokio::runtime::Handle::current(), caller.account.clone());
            let work = move || {
                let facts = Facts { directory: &city.directory, campaigns: &city.campaigns };
                runtime.block_on(reporting.close(&caller, facts, &selection, seen, &log)).map(drop)
            };
            match console.turns.take(&who, work).await {
                Ok(done) => done,
                Err(no @ (NoTurn::Busy | NoTurn::Own)) => {
                    let key = if no == NoTurn::Own { "reports-busy-own" } else { "reports-refused-busy" };
                    let problem = (asked.lang.text(key), typed);
                    return Ok(page::html(StatusCode::SERVICE_UNAVAILABLE, page_of(console, &asked, problem).await?));
                }
                Err(failed) => return Err(failed.into()),
            }
        }
        "explain" => console.reporting.explain(caller, &city.directory, &selection, &typed).await,
        _ => return Err(ConsoleError::NotFound),
    };
    match done {
        Ok(()) => {
            // what was made before is not what there is now
            let mut kept = console.reports_kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.pop(&(selection, None));
            let now = if what == "explain" { Some(("now", "1")) } else { None };
            let query = asked.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            Ok(see(&href("/reports", query.chain(now))))
        }
        Err(ReportError::Denied(denied)) => Err(ConsoleError::Denied(denied)),
        Err(ReportError::Refused(refused)) => {
            let problem = asked.lang.text(&format!("reports-refused-{}", refused.code()));
            Ok(page::html(StatusCode::CONFLICT, page_of(console, &asked, (problem, typed)).await?))
        }
        Err(error) => Err(ConsoleError::Internal(error.to_string())),
    }
}

async fn closings(console: &Console, selection: &Selection) -> Result<Vec<Closing>, ConsoleError> {
    console.reporting.closings(selection).await.map_err(|e| ConsoleError::Internal(e.to_string()))
}

/// Which of them is shown: the one that was asked for, else the newest; none: the figures as they are now.
fn closed(asked: &Asked, closings: &[Closing]) -> Option<u32> {
    if asked.value("now").is_some() {
        return None;
    }
    let wanted = asked.value("closed").and_then(|id| id.parse::<u32>().ok());
    let wanted = closings.iter().find(|closing| Some(closing.id) == wanted);
    wanted.or(closings.last()).map(|closing| closing.id)
}

fn closing_lines(
    console: &Console,
    asked: &Asked,
    closings: &[Closing],
    shown_one: Option<u32>,
) -> Vec<(String, String, bool)> {
    let lang = asked.lang;
    if closings.is_empty() {
        return Vec::new();
    }
    let query = asked.query.iter().filter(|(name, _)| CHOICES.contains(&name.as_str()));
    let base = Asked { query: query.map(|(k, v)| (k.clone(), v.clone())).collect(), ..asked.clone() };
    let line = |closing: &Closing| {
        let values = Values::new()
            .word("number", closing.number.to_string())
            .word("by", shown(closing.by.as_str()))
            .word("time", lang.instant(closing.at, console.offset));
        let key = if closing.number == 0 { "reports-closed" } else { "reports-closed-supplement" };
        (lang.say(key, &values), base.with("closed", Some(&closing.id.to_string())), shown_one == Some(closing.id))
    };
    let now = (lang.text("reports-now"), base.with("now", Some("1")), shown_one.is_none());
    closings.iter().map(line).chain([now]).collect()
}

/// What is written around a report on paper.
fn letterhead(asked: &Asked) -> Result<Letterhead, ConsoleError> {
    let text = |name: &str| asked.value(name).unwrap_or_default().chars().take(LONGEST.0).collect::<String>();
    let lines = |name: &str| -> Vec<String> {
        let lines = asked.value(name).unwrap_or_default().lines().take(LONGEST.1);
        lines.map(|line| line.chars().take(LONGEST.0).collect()).collect()
    };
    let date = asked
        .value("date")
        .map(|text| LocalDay::read(text).map_err(|_| ConsoleError::Bad { kind: "day", value: text.to_owned() }));
    Ok(Letterhead {
        parent: text("parent"),
        issuer: text("issuer"),
        number: text("number"),
        symbol: text("symbol"),
        place: text("place"),
        date: date.transpose()?,
        to: lines("addressees"),
        copies: lines("copies"),
        position: text("position"),
        signer: text("signer"),
    })
}

fn without_page(asked: &Asked) -> BTreeMap<String, String> {
    asked.query.iter().filter(|(name, _)| *name != "page").map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn table_view(lang: Lang, table: &Table, range: std::ops::Range<usize>) -> TableView {
    let mut narrow = table.narrow();
    // a row is found by one name, its order in front
    let order = table.by_order.then(|| narrow.remove(0));
    let cells = |row: &Vec<crate::report::Cell>| {
        let mut cells: Vec<String> = narrow.iter().map(|i| row[*i].text(lang)).collect();
        if let (Some(order), Some(first)) = (order, cells.first_mut()) {
            *first = format!("{} – {first}", row[order].text(lang));
        }
        cells
    };
    TableView {
        caption: table.caption.clone(),
        columns: narrow.iter().map(|i| (table.columns[*i].title.clone(), table.columns[*i].number)).collect(),
        rows: table.rows[range].iter().map(cells).collect(),
        none: lang.text("reports-none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_made_is_not_forgotten_however_many_ask() {
        let mut kept = lru::LruCache::unbounded();
        let made: Vec<Arc<usize>> = (0..KEPT + 3).map(|n| Arc::clone(kept.get_or_insert(n, || Arc::new(n)))).collect();
        trim(&mut kept, KEPT);
        assert_eq!(kept.len(), KEPT + 3, "all of them are somebody's");
        let first = Arc::clone(&made[0]);
        drop(made);
        trim(&mut kept, KEPT);
        assert_eq!(kept.len(), KEPT);
        assert!(kept.contains(&*first) && !kept.contains(&1), "the oldest is still being made, so the next one went");
    }

    #[test]
    fn every_form_and_period_has_its_words() {
        let letterhead =
            ["parent", "issuer", "number", "symbol", "place", "date", "position", "signer", "addressees", "copies"];
        for lang in [Lang::Vi, Lang::En] {
            for &form in Form::ALL {
                assert!(lang.knows(&format!("reports-file-{form}")), "{form}");
            }
            for kind in crate::report::SpanKind::ALL {
                assert!(lang.knows(&format!("reports-period-{kind}")), "{kind}");
            }
            for field in CHOICES.into_iter().chain(letterhead) {
                assert!(lang.knows(&format!("reports-{field}")), "{field}");
            }
            for word in ["running", "unchanged", "raced", "no-checkpoint", "moved", "words", "no-unit", "busy"] {
                assert!(lang.knows(&format!("reports-refused-{word}")), "{word}");
            }
        }
    }
}
