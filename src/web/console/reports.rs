//! Reports: chosen by a form, read on the page, taken home as a file. The page asks nothing of roles but who may see what.

use super::data::{City, Console, Fresh, Tag};
use super::page::{self, Page, Pages, pages, shown};
use super::{Asked, ConsoleError, href};
use crate::directory::table::Field as _;
use crate::directory::{Link, UnitKind};
use crate::lang::{Lang, Values};
use crate::people::Sight;
use crate::report::{Block, Document, Facts, Form, Letterhead, Made, ReportError, Selection, Span, SpanKind, Table};
use crate::web::Response;
use crate::web::turns::in_turn;
use askama::Template;
use http::{HeaderValue, header};
use lichphat_playlists::ids::{CampaignCode, UnitCode, VenueType};
use lichphat_playlists::time::{LocalDay, UtcOffset};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use warp::Reply as _;

/// Figures younger than this are shown as they are, ms.
const FRESH_MS: u64 = 30_000;
/// Reports that are kept; one of a large fleet has megabytes.
const KEPT: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");
/// How long a page waits before it says that the report is being made.
const PATIENCE: Duration = Duration::from_secs(3);
/// Units that a field offers; beyond that one types.
const OFFERED: usize = 300;
/// What a form may choose, by the names of its fields.
const CHOICES: [&str; 8] = ["campaign", "unit", "link", "venue", "period", "of", "from", "to"];

/// Reports by what was asked for.
pub(super) type Kept = Mutex<lru::LruCache<Selection, Arc<Fresh<Held>>>>;

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
    Mutex::new(lru::LruCache::new(KEPT))
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    page: Page,
    form: Choose,
    /// A field, what was given, and what to do; empty: nothing is wrong.
    problem: String,
    /// It is being made, and the page asks again by itself.
    waits: bool,
    report: Option<View>,
}

/// The form as it was filled in.
struct Choose {
    campaigns: Vec<Choice>,
    unit: String,
    units: Vec<String>,
    whole: bool,
    links: Vec<Choice>,
    venues: Vec<Choice>,
    periods: Vec<Choice>,
    of: String,
    from: String,
    to: String,
}

/// A value of a list: its code, its name, and whether it is the one.
struct Choice {
    code: String,
    name: String,
    chosen: bool,
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

/// What is wrong with a field: its name, what was given, what to do instead.
struct Wrong {
    field: &'static str,
    value: String,
    mend: String,
}

/// `GET /reports`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let (city, today) = (console.city().await?, console.today().1);
    let sight = asked.sight(&city, console)?;
    let mut page = Page::new(console, asked, asked.lang.text("reports-title"));
    let chosen = selection(asked, &city, &sight, today);
    let form = form(asked, &city, &sight, today);
    let (problem, made) = match &chosen {
        Ok(selection) => (String::new(), made(console, &city, (selection, asked.lang), Some(PATIENCE)).await?),
        Err(wrong) => (asked.lang.say("reports-wrong", &wrong.values(asked.lang)), None),
    };
    let report = made.as_ref().map(|made| {
        let document = made.document(asked.lang, console.offset);
        page.title = format!("{} – {}", asked.lang.text("reports-title"), document.title);
        view(asked, document)
    });
    let waits = chosen.is_ok() && report.is_none();
    Ok(ReportsPage { page, form, problem, waits, report }.render()?)
}

/// `GET /reports/{file}`: `report.xlsx`, of the same choices.
pub(super) async fn file(console: &Console, asked: &Asked, file: &str) -> Result<Response, ConsoleError> {
    let form = file.strip_prefix("report.").and_then(Form::of_extension).ok_or(ConsoleError::NotFound)?;
    let (city, today) = (console.city().await?, console.today().1);
    let sight = asked.sight(&city, console)?;
    let selection = selection(asked, &city, &sight, today)
        .map_err(|wrong| ConsoleError::Bad { kind: "day", value: wrong.value })?;
    let made = made(console, &city, (&selection, asked.lang), None).await?.ok_or(ConsoleError::NotFound)?;
    let (lang, offset) = (asked.lang, console.offset);
    let name = format!("bao-cao-{}-{}.{form}", selection.span.from, selection.span.to);
    let bytes = in_turn(move || made.made.file(form, lang, &Letterhead::default(), offset)).await;
    let bytes = bytes.map_err(ConsoleError::Internal)?.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    let mut response = bytes.into_response();
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    set.insert(header::CONTENT_DISPOSITION, name.map_err(|e| ConsoleError::Internal(e.to_string()))?);
    page::seal(set);
    Ok(response)
}

/// The report, made when it is nobody's yet or old; none: it is being made, and whoever asks has waited for so long.
async fn made(
    console: &Console,
    city: &Arc<City>,
    (selection, lang): (&Selection, Lang),
    patience: Option<Duration>,
) -> Result<Option<Arc<Held>>, ConsoleError> {
    let fresh = {
        let mut kept = console.reports_kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.get_or_insert(selection.clone(), Fresh::new))
    };
    let (work_city, reporting, asked) = (Arc::clone(city), Arc::clone(&console.reporting), selection.clone());
    let offset = console.offset;
    let make = async move {
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            let facts = Facts { directory: &work_city.directory, campaigns: &work_city.campaigns };
            let made = runtime.block_on(reporting.now(facts, &asked))?;
            let held = Held { made, documents: Default::default() };
            held.document(lang, offset);
            Ok::<_, ReportError>(held)
        };
        in_turn(work).await.map_err(ConsoleError::Internal)?.map_err(|e| ConsoleError::Internal(e.to_string()))
    };
    let tag: Tag = (city.directory.revision, city.campaigns.revision, console.today().1);
    let mono_ms = console.clock.mono_ms();
    // it goes on when nobody waits for it any more
    let making = tokio::spawn(async move { fresh.get_younger(tag, mono_ms, FRESH_MS, make).await });
    let done = match patience {
        Some(patience) => match tokio::time::timeout(patience, making).await {
            Ok(done) => done,
            Err(_) => return Ok(None),
        },
        None => making.await,
    };
    done.map_err(|e| ConsoleError::Internal(e.to_string()))?.map(Some)
}

impl Wrong {
    fn new(lang: Lang, field: &'static str, value: &str, mend: &str) -> Self {
        Self { field, value: value.to_owned(), mend: lang.text(mend) }
    }
    fn values(&self, lang: Lang) -> Values {
        let value: String = shown(&self.value).chars().take(160).collect();
        let field = lang.text(&format!("reports-{}", self.field));
        Values::new().word("field", field).word("value", value).word("mend", self.mend.clone())
    }
}

/// What the form asks for, within what its reader may see: without a unit the whole city or, for who may not see it, his own.
fn selection(asked: &Asked, city: &City, sight: &Sight, today: LocalDay) -> Result<Selection, Wrong> {
    let lang = asked.lang;
    let wrong = |field, value: &str, mend| Wrong::new(lang, field, value, mend);
    let campaign = asked.value("campaign").map(|text| {
        let code = CampaignCode::new(text).ok().filter(|code| city.campaigns.directive_of(code).is_some());
        code.ok_or_else(|| wrong("campaign", text, "reports-mend-campaign"))
    });
    let venue = asked.value("venue").map(|text| {
        let venue = VenueType::new(text).ok().filter(|venue| city.directory.has_venue(venue));
        venue.ok_or_else(|| wrong("venue", text, "reports-mend-venue"))
    });
    let link =
        asked.value("link").map(|text| text.parse::<Link>().map_err(|_| wrong("link", text, "reports-mend-link")));
    let unit = match asked.value("unit") {
        Some(text) => Some(unit(asked, city, sight, text, today)?),
        None if sight.is_whole() => None,
        None => {
            let own = asked.caller().ok().and_then(|c| c.units(&city.directory, today).first().map(|u| u.code.clone()));
            Some(own.ok_or_else(|| wrong("unit", "", "reports-mend-unit"))?)
        }
    };
    Ok(Selection {
        campaign: campaign.transpose()?,
        unit,
        link: link.transpose()?,
        venue: venue.transpose()?,
        span: span(asked, today)?,
    })
}

/// What the reader may not see is for him not there.
fn unit(asked: &Asked, city: &City, sight: &Sight, text: &str, today: LocalDay) -> Result<UnitCode, Wrong> {
    let no = |mend: String| Wrong { field: "unit", value: text.to_owned(), mend };
    match city.directory.find_unit(text, today) {
        Ok(unit) if sight.unit(&unit.code) => Ok(unit.code.clone()),
        Err(error) if sight.is_whole() => {
            let say = error.say();
            Err(no(asked.lang.pick(&say.vi, &say.en).to_owned()))
        }
        _ => Err(no(asked.lang.text("reports-mend-unit"))),
    }
}

fn span(asked: &Asked, today: LocalDay) -> Result<Span, Wrong> {
    let lang = asked.lang;
    let kind = asked.value("period").map_or(Ok(SpanKind::Month), |text| {
        text.parse::<SpanKind>().map_err(|_| Wrong::new(lang, "period", text, "reports-mend-period"))
    })?;
    let day = |field: &'static str| {
        let text = asked.value(field);
        text.map(|text| LocalDay::read(text).map_err(|_| Wrong::new(lang, field, text, "reports-mend-day"))).transpose()
    };
    if kind != SpanKind::Days {
        return Ok(Span::of(kind, day("of")?.unwrap_or(today)));
    }
    let (from, to) = (day("from")?.unwrap_or(today), day("to")?.unwrap_or(today));
    Span::days(from, to).ok_or_else(|| Wrong::new(lang, "to", &to.to_string(), "reports-mend-days"))
}

fn form(asked: &Asked, city: &City, sight: &Sight, today: LocalDay) -> Choose {
    let lang = asked.lang;
    let value = |name: &str| asked.value(name).unwrap_or_default().to_owned();
    let choice =
        |field: &str, code: &str, name: String| Choice { chosen: value(field) == code, code: code.to_owned(), name };
    let all = |field: &str| choice(field, "", lang.text(&format!("reports-{field}-all")));
    let orders = city.campaigns.directives().filter(|d| d.quota.is_some());
    let orders = orders.map(|d| choice("campaign", d.code.as_str(), super::overview::order_title(lang, d)));
    let mut venues: Vec<Choice> = Vec::new();
    for profile in city.directory.venue_profiles() {
        if venues.last().is_none_or(|last| last.code != profile.venue_type.as_str()) {
            let name = shown(lang.pick(&profile.name, &profile.name_en));
            venues.push(choice("venue", profile.venue_type.as_str(), name));
        }
    }
    let links = Link::ALL.iter().map(|link| choice("link", link.as_str(), lang.term("link", link.as_str())));
    let units = city.directory.units().filter(|u| u.effective.contains(today) && u.kind != UnitKind::City);
    let units = units.filter(|u| sight.unit(&u.code)).map(|u| shown(&u.name)).take(OFFERED);
    let period = asked.value("period").unwrap_or(SpanKind::Month.as_str());
    let periods = SpanKind::ALL.iter().map(|kind| Choice {
        code: kind.to_string(),
        name: lang.text(&format!("reports-period-{kind}")),
        chosen: period == kind.as_str(),
    });
    Choose {
        campaigns: std::iter::once(all("campaign")).chain(orders).collect(),
        unit: value("unit"),
        units: units.collect(),
        whole: sight.is_whole(),
        links: std::iter::once(all("link")).chain(links).collect(),
        venues: std::iter::once(all("venue")).chain(venues).collect(),
        periods: periods.collect(),
        of: asked.value("of").map_or_else(|| today.to_string(), str::to_owned),
        from: value("from"),
        to: value("to"),
    }
}

/// The document as the page shows it: sentences and short tables whole, of the long lists one, page by page.
fn view(asked: &Asked, document: &Document) -> View {
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
    let query: Vec<(&str, &str)> = CHOICES.iter().filter_map(|name| Some((*name, asked.value(name)?))).collect();
    let files = Form::ALL.into_iter().map(|form| {
        let to = href(&format!("/reports/report.{form}"), query.iter().copied());
        let (name, about) = (form.to_string().to_uppercase(), lang.text(&format!("reports-file-{form}")));
        (to, name, about)
    });
    View {
        title: document.title.clone(),
        state: document.state.clone(),
        tone: if document.provisional { "wait" } else { "good" },
        parts,
        tabs: tabs.collect(),
        list: shown.map(|table| table_view(lang, table, range)),
        pages,
        files: files.collect(),
    }
}

fn without_page(asked: &Asked) -> std::collections::BTreeMap<String, String> {
    asked.query.iter().filter(|(name, _)| *name != "page").map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn table_view(lang: Lang, table: &Table, range: std::ops::Range<usize>) -> TableView {
    let narrow = table.narrow();
    let cells = |row: &Vec<crate::report::Cell>| narrow.iter().map(|i| row[*i].text(lang)).collect();
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
    fn every_form_and_period_has_its_words() {
        for lang in [Lang::Vi, Lang::En] {
            for form in Form::ALL {
                assert!(lang.knows(&format!("reports-file-{form}")), "{form}");
            }
            for kind in SpanKind::ALL {
                assert!(lang.knows(&format!("reports-period-{kind}")), "{kind}");
            }
            for field in CHOICES {
                assert!(lang.knows(&format!("reports-{field}")), "{field}");
            }
        }
    }
}
