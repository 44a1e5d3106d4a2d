//! `/screens`: the list, its filter, its figures, and the same list as a file.

use super::super::data::{City, Console};
use super::super::overview::{Bar, order_title};
use super::super::page::{self, Page, Pages, pages, shown};
use super::super::unit::ago;
use super::super::{Asked, ConsoleError, href};
use super::shelf::{Index, Row, Rows};
use crate::attention::State as Now;
use crate::directory::{Link, Screen, ScreenKind, screens_csv};
use crate::lang::{Lang, Values};
use crate::many::{Filter, FilterError, Group, Holds, State};
use crate::people::{Act, Denied, On, Sight};
use crate::web::Response;
use askama::Template;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use warp::Reply as _;

/// Units that a field offers; whoever knows another one writes it.
const OFFERED: usize = 600;

/// What the list is sorted by: problems first when nothing is said.
const SORTS: [&str; 5] = ["problems", "name", "code", "short", "heard"];

#[derive(Template)]
#[template(path = "screens.html")]
struct ScreensPage {
    page: Page,
    problem: String,
    summary: String,
    form: FilterForm,
    tabs: Vec<(String, String, bool)>,
    heads: Vec<Head>,
    rows: Vec<ScreenView>,
    pages: Option<Pages>,
    csv: String,
    /// Saved groups: their names, their addresses, the one that is open.
    groups: Vec<(String, String, bool)>,
    group: String,
    group_open: bool,
    /// May he bring a file?
    brings: bool,
    /// The words of the filter, for forms that act on it; none for who may act on nothing.
    acts: Option<Acts>,
}

/// What can be done to the list.
struct Acts {
    hidden: Vec<(&'static str, String)>,
    all: String,
    works: Vec<(&'static str, String)>,
}

/// A choice: its word, what people call it, and whether it is taken.
type Choice = (String, String, bool);

struct FilterForm {
    text: String,
    unit: String,
    units: Vec<(String, String)>,
    selects: Vec<Select>,
    /// More than words is filtered by.
    open: bool,
}

struct Select {
    name: &'static str,
    label: String,
    /// What it says when nothing is chosen; none: something always is.
    any: Option<String>,
    choices: Vec<Choice>,
}

/// A column that can be sorted by.
struct Head {
    text: String,
    to: String,
    current: bool,
    number: bool,
}

struct ScreenView {
    code: String,
    name: String,
    unit: String,
    venue: String,
    states: Vec<(String, &'static str)>,
    simulated: bool,
    today: String,
    bar: Option<Bar>,
    short: String,
    is_short: bool,
    heard: String,
}

/// The list as it was asked for.
pub(super) struct Gathered {
    pub(super) city: Arc<City>,
    index: Arc<Index>,
    rows: Arc<Rows>,
    pub(super) sight: Sight,
    pub(super) at: (UtcMillis, LocalDay),
    groups: Vec<Group>,
}

/// A screen with how it is; its place in the index.
#[derive(Clone, Copy)]
struct Found<'a> {
    at: usize,
    screen: &'a Screen,
    row: &'a Row,
}

pub(super) async fn gather(console: &Console, asked: &Asked) -> Result<Gathered, ConsoleError> {
    let city = console.city().await?;
    let (index, rows) = (console.index(&city).await?, console.rows(&city).await?);
    let sight = asked.sight(&city, console)?;
    let groups = super::groups::found(console, asked).await?;
    Ok(Gathered { index, rows, sight, at: console.today(), city, groups })
}

impl Gathered {
    /// A filter, as its reader may mean it.
    pub(super) fn read<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<Filter, FilterError> {
        Filter::read(value, &self.city.directory, self.at.1, |unit| self.sight.unit(unit))
    }

    fn filter(&self, asked: &Asked) -> Result<Filter, FilterError> {
        self.read(|name| asked.value(name))
    }

    /// The group of that number, when the reader finds it.
    pub(super) fn group_of(&self, number: Option<&str>) -> Option<&Group> {
        let number: u32 = number?.parse().ok()?;
        self.groups.iter().find(|group| group.id == number)
    }

    /// The screens that stand today and fit, in the group if there is one, whatever their state; a group's own filter counts its state.
    fn found(&self, filter: &Filter, group: Option<&Group>) -> Vec<Found<'_>> {
        let mut found = self.fitting(filter);
        match group.map(|group| &group.holds) {
            None => {}
            Some(Holds::Screens(all)) => {
                let all: BTreeSet<&ScreenCode> = all.iter().collect();
                found.retain(|f| all.contains(&f.screen.code));
            }
            Some(Holds::Filter(words)) => {
                let value = |name: &str| words.get(name).map(String::as_str);
                // what it names may be gone since: then nothing fits
                let Ok(own) = Filter::read(value, &self.city.directory, self.at.1, |_| true) else { return Vec::new() };
                let in_it: BTreeSet<usize> =
                    self.fitting(&own).iter().filter(|f| self.is(f, own.state)).map(|f| f.at).collect();
                found.retain(|f| in_it.contains(&f.at));
            }
        }
        found
    }

    fn is(&self, found: &Found<'_>, state: Option<State>) -> bool {
        state.is_none_or(|state| state.holds(found.screen, &found.row.facts))
    }

    /// The codes of all that fit, in order.
    pub(super) fn codes(&self, filter: &Filter, group: Option<&Group>) -> Vec<ScreenCode> {
        let found = self.found(filter, group);
        found.into_iter().filter(|f| self.is(f, filter.state)).map(|f| f.screen.code.clone()).collect()
    }

    /// Of these codes, those that the reader may see.
    pub(super) fn seen(&self, codes: &[ScreenCode]) -> Vec<ScreenCode> {
        let seen =
            |code: &&ScreenCode| self.city.directory.screen(code).is_some_and(|screen| self.sight.screen(screen));
        codes.iter().filter(seen).cloned().collect()
    }

    fn fitting(&self, filter: &Filter) -> Vec<Found<'_>> {
        let directory = &self.city.directory;
        let order = filter.order.as_ref().and_then(|code| self.city.campaigns.directive(code));
        let wanted = filter.places(directory, order, self.at.1);
        let worded = (!filter.text.trim().is_empty()).then(|| {
            let mut has = vec![false; self.index.screens];
            let found = self.index.finder.find(&filter.text);
            found.into_iter().filter(|at| (*at as usize) < self.index.screens).for_each(|at| has[at as usize] = true);
            has
        });
        let all = directory.screens().zip(self.rows.all.iter()).enumerate();
        all.map(|(at, (screen, row))| Found { at, screen, row })
            .filter(|f| worded.as_ref().is_none_or(|has| has.get(f.at) == Some(&true)))
            .filter(|f| f.screen.in_service.contains(self.at.1) && wanted(f.screen) && self.sight.screen(f.screen))
            .collect()
    }

    fn sort(&self, found: &mut [Found<'_>], by: &str) {
        let plain = |f: &Found<'_>| self.index.finder.plain(f.at);
        match by {
            "name" => found.sort_by(|a, b| (plain(a), a.at).cmp(&(plain(b), b.at))),
            "code" => {} // the order they come in
            "short" => found.sort_by_key(|f| (std::cmp::Reverse(f.row.short), f.at)),
            "heard" => found.sort_by_key(|f| (f.row.facts.heard, f.at)),
            _ => found.sort_by_key(|f| (!f.row.facts.is_short, f.row.facts.heard.is_some(), f.at)),
        }
    }
}

fn sorted_by(asked: &Asked) -> &str {
    asked.value("sort").filter(|by| SORTS.contains(by)).unwrap_or(SORTS[0])
}

/// `GET /screens`.
pub(in super::super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let gathered = gather(console, asked).await?;
    let (page, rows) = (Page::new(console, asked, asked.lang.text("screens-page-title")), &gathered.rows);
    let page = page.of_figures(console, Some(rows.made), rows.newer);
    Ok(view(page, asked, &gathered, console).render()?)
}

/// `GET /many/list.csv`: the list as filtered, in the columns of the import.
pub(in super::super) async fn csv(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let gathered = gather(console, asked).await?;
    let filter = gathered.filter(asked);
    let filter =
        filter.map_err(|e| ConsoleError::Bad { kind: "command", value: format!("{} = {}", e.field, e.value) })?;
    let mut found = gathered.found(&filter, gathered.group_of(asked.value("group")));
    found.retain(|f| gathered.is(f, filter.state));
    // as spreadsheets of the reader's language divide fields
    let delimiter = if asked.lang == Lang::Vi { b';' } else { b',' };
    Ok(file(screens_csv(found.into_iter().map(|f| f.screen), delimiter), "man-hinh.csv"))
}

/// A CSV to be kept.
pub(in super::super) fn file(bytes: Vec<u8>, name: &str) -> Response {
    page::kept(bytes.into_response(), "text/csv; charset=utf-8", name)
}

fn view(page: Page, asked: &Asked, g: &Gathered, console: &Console) -> ScreensPage {
    let (lang, filter) = (asked.lang, g.filter(asked));
    let group = g.group_of(asked.value("group"));
    let problem = filter.as_ref().err().map_or_else(String::new, |error| problem(lang, error));
    // a filter that makes no sense shows nothing: better than a list that was not asked for
    let (filter, mut found) = match filter {
        Ok(filter) => (filter.clone(), g.found(&filter, group)),
        Err(_) => (Filter::default(), Vec::new()),
    };
    let tabs = tabs(asked, &found, filter.state);
    found.retain(|f| g.is(f, filter.state));
    g.sort(&mut found, sorted_by(asked));
    let (range, pages) = pages(asked, found.len());
    let head = |key: &str, by: &str, number| Head {
        text: lang.text(key),
        to: asked.with("sort", Some(by)),
        current: sorted_by(asked) == by,
        number,
    };
    let mut query: Vec<(&'static str, String)> = filter.pairs();
    query.extend(group.map(|group| ("group", group.id.to_string())));
    let groups =
        g.groups.iter().map(|one| (shown(&one.name), super::groups::address(one), Some(one.id) == group.map(|g| g.id)));
    ScreensPage {
        groups: groups.collect(),
        group: group.map_or_else(String::new, |group| group.id.to_string()),
        group_open: group.is_some(),
        brings: asked.caller.as_ref().is_some_and(|caller| {
            !matches!(
                caller.may(Act::Administer, On::City, &g.city.directory, g.at.1),
                Err(Denied::Role | Denied::Unseen)
            )
        }),
        acts: acts(asked, found.len(), &query, g.at.1),
        summary: lang.say("n-screens", &Values::new().count(lang, "n", found.len() as u64)),
        form: form(asked, g, &filter),
        tabs,
        heads: vec![
            head("col-screen", "name", false),
            head("col-missing", "short", true),
            head("col-heard", "heard", true),
        ],
        rows: found[range].iter().map(|f| row(lang, g, f, console)).collect(),
        pages,
        csv: href("/many/list.csv", query.iter().map(|(name, value)| (*name, value.as_str()))),
        problem,
        page,
    }
}

/// What the reader may do to many screens.
fn acts(asked: &Asked, n: usize, query: &[(&'static str, String)], today: LocalDay) -> Option<Acts> {
    let (caller, lang) = (asked.caller.as_ref()?, asked.lang);
    // who only lacks the second factor is told so by the preview
    let may = |act| matches!(caller.may_somewhere(act, today), Ok(()) | Err(Denied::Weak));
    let works = [
        ("identify", Act::Operate),
        ("screenshot", Act::Operate),
        ("restart", Act::Operate),
        ("volume", Act::Operate),
        ("close", Act::Operate),
        ("move", Act::Administer),
        ("group", Act::View),
    ];
    let works: Vec<_> = works.into_iter().filter(|(_, act)| may(*act)).map(|(word, _)| word).collect();
    let all = lang.say("many-all", &Values::new().count(lang, "n", n as u64));
    let works = works.into_iter().map(|word| (word, lang.text(&format!("many-do-{word}")))).collect();
    (n > 0).then(|| Acts { hidden: query.to_vec(), all, works })
}

/// What is wrong with a filter, in a sentence.
pub(in super::super) fn problem(lang: Lang, error: &FilterError) -> String {
    let field = lang.text(&format!("screens-by-{}", error.field));
    let value: String = shown(&error.value).chars().take(80).collect();
    let values = Values::new().word("field", field).word("value", value).word("mend", error.mend.pick(lang));
    lang.say("screens-problem", &values)
}

fn tabs(asked: &Asked, found: &[Found<'_>], current: Option<State>) -> Vec<(String, String, bool)> {
    let lang = asked.lang;
    let tab = |word: &str, state: Option<State>, n: usize| {
        let values =
            Values::new().word("state", lang.text(&format!("screens-state-{word}"))).count(lang, "n", n as u64);
        let base = Asked { query: without_page(asked), ..asked.clone() };
        (lang.say("screens-tab", &values), base.with("state", state.map(State::as_str)), current == state)
    };
    let states = State::all().filter_map(|state| {
        let n = found.iter().filter(|f| state.holds(f.screen, &f.row.facts)).count();
        // what needs nobody is offered where there is any
        let asks = !matches!(state, State::Stands(Now::OffDuty | Now::Unmanaged));
        (asks || n > 0 || current == Some(state)).then(|| tab(state.as_str(), Some(state), n))
    });
    std::iter::once(tab("all", None, found.len())).chain(states).collect()
}

fn without_page(asked: &Asked) -> BTreeMap<String, String> {
    asked.query.iter().filter(|(name, _)| *name != "page").map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn form(asked: &Asked, g: &Gathered, filter: &Filter) -> FilterForm {
    let (lang, directory) = (asked.lang, &g.city.directory);
    let given = |name: &str| asked.value(name).unwrap_or_default().to_owned();
    let units = directory.units().filter(|u| u.effective.contains(g.at.1) && g.sight.unit(&u.code));
    let choice = |name: &str, word: &str, text: String| (word.to_owned(), text, asked.value(name) == Some(word));
    let select = |name: &'static str, choices: Vec<Choice>| Select {
        name,
        label: lang.text(&format!("screens-by-{name}")),
        any: (name != "sort").then(|| lang.text("screens-any")),
        choices,
    };
    let mut venues: BTreeMap<&str, String> = BTreeMap::new();
    for profile in directory.venue_profiles() {
        let name = if lang == Lang::En { &profile.name_en } else { &profile.name };
        venues.insert(profile.venue_type.as_str(), shown(name));
    }
    let term = |list: &'static str, field: &'static str| move |word: &str| choice(field, word, lang.term(list, word));
    let selects = vec![
        select("link", Link::ALL.iter().map(|l| term("link", "link")(l.as_str())).collect()),
        select("venue", venues.into_iter().map(|(word, name)| choice("venue", word, name)).collect()),
        select("kind", ScreenKind::ALL.iter().map(|k| term("kind", "kind")(k.as_str())).collect()),
        select("state", State::all().map(|s| term("screens-state", "state")(s.as_str())).collect()),
        select(
            "order",
            g.city.campaigns.directives().map(|o| choice("order", o.code.as_str(), order_title(lang, o))).collect(),
        ),
        select(
            "sort",
            SORTS
                .iter()
                .map(|by| ((*by).to_owned(), lang.text(&format!("screens-sort-{by}")), sorted_by(asked) == *by))
                .collect(),
        ),
    ];
    FilterForm {
        text: given("q"),
        unit: given("unit"),
        units: units.take(OFFERED).map(|u| (u.code.to_string(), shown(&u.name))).collect(),
        selects,
        open: !Filter { text: String::new(), ..filter.clone() }.is_empty() || asked.value("unit").is_some(),
    }
}

fn row(lang: Lang, g: &Gathered, found: &Found<'_>, console: &Console) -> ScreenView {
    let (screen, row, directory) = (found.screen, found.row, &g.city.directory);
    let unit = screen.unit(Link::Owner, g.at.1).and_then(|code| directory.unit(code));
    let venue = directory.venue(&screen.venue_type, g.at.1);
    let tone = |state: State| match state {
        State::Stands(Now::Ok) => "good",
        State::Stands(Now::Dark | Now::Offline) | State::Short => "bad",
        State::Stands(Now::Silent | Now::Behind) | State::NoDevice => "wait",
        State::Stands(Now::OffDuty | Now::Unmanaged) | State::Closed => "soft",
    };
    let states = State::all().filter(|state| state.holds(screen, &row.facts));
    // without a player nothing can be heard: that is said once
    let no_device = State::NoDevice.holds(screen, &row.facts);
    let states = states.filter(|state| !(no_device && matches!(state, State::Stands(Now::Offline | Now::Silent))));
    ScreenView {
        code: screen.code.to_string(),
        name: shown(&screen.name),
        unit: unit.map_or_else(|| "—".to_owned(), |unit| shown(&unit.name)),
        venue: venue.map_or_else(
            || screen.venue_type.to_string(),
            |v| shown(if lang == Lang::En { &v.name_en } else { &v.name }),
        ),
        states: states.map(|state| (lang.text(&format!("screens-state-{state}")), tone(state))).collect(),
        simulated: row.simulated,
        today: row.today.short(lang),
        bar: row.today.bar(),
        short: if row.started { lang.number(row.short) } else { "–".to_owned() },
        is_short: row.facts.is_short,
        heard: ago(lang, g.at.0, row.facts.heard, console.offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_filter_has_wrong_is_said_with_field_value_and_mend() {
        let mend = crate::directory::problem::say("viết lại", "write it again");
        let error = FilterError { field: "unit", value: "\u{202e}Nơi nào".to_owned(), mend };
        assert_eq!(problem(Lang::Vi, &error), "Đơn vị: “Nơi nào” – viết lại");
        assert_eq!(problem(Lang::En, &error), "Unit: “Nơi nào” – write it again");
    }
}
