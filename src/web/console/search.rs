//! `/search`: one field over screens, units, orders, contracts, items of loops and accounts, with Vietnamese marks or without; what the
//! reader may not see is not found.

use super::data::{City, Console, reaches};
use super::overview::order_title;
use super::page::{Page, shown};
use super::screens::Thing;
use super::{Asked, ConsoleError, href};
use crate::directory::{Findable, Finder, Link};
use crate::lang::Values;
use crate::people::{Act, Sight};
use askama::Template;
use std::collections::BTreeMap;

/// Of each kind so many are shown.
const SHOWN: usize = 20;

/// Kinds, in the order in which they are told.
const KINDS: [&str; 6] = ["screen", "unit", "order", "contract", "item", "account"];

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    page: Page,
    text: String,
    /// How many there are; empty while nothing was asked for.
    summary: String,
    groups: Vec<Group>,
}

/// What was found of one kind.
struct Group {
    kind: &'static str,
    title: String,
    hits: Vec<Hit>,
    /// The way to all of them, where there is one.
    all: Option<String>,
}

#[derive(Clone)]
struct Hit {
    name: String,
    code: String,
    /// Where it is: a unit, a name of somebody.
    beside: String,
    to: Option<String>,
}

/// `GET /search?q=`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let (lang, text) = (asked.lang, asked.value("q").unwrap_or_default());
    let city = console.city().await?;
    let (index, sight) = (console.index(&city).await?, asked.sight(&city, console)?);
    let screens: Vec<_> = if text.is_empty() { Vec::new() } else { city.directory.screens().collect() };
    let mut found: BTreeMap<&str, (usize, Vec<Hit>)> = BTreeMap::new();
    let mut keep = |kind: &'static str, hit: &dyn Fn() -> Hit| {
        let (n, hits) = found.entry(kind).or_default();
        *n += 1;
        if hits.len() < SHOWN {
            hits.push(hit());
        }
    };
    let today = console.today().1;
    for at in index.finder.find(text) {
        let at = at as usize;
        if let Some(screen) = screens.get(at).filter(|_| at < index.screens) {
            let owner = || screen.unit(Link::Owner, today).and_then(|unit| city.directory.unit(unit));
            let hit = || Hit {
                name: shown(&screen.name),
                code: screen.code.to_string(),
                beside: owner().map_or_else(String::new, |unit| shown(&unit.name)),
                to: Some(format!("/screens/{}", screen.code)),
            };
            if sight.screen(screen) {
                keep("screen", &hit);
            }
        } else if let Some((kind, hit)) =
            index.things.get(at - index.screens).and_then(|t| thing(asked, &city, &sight, t))
        {
            keep(kind, &|| hit.clone());
        }
    }
    for hit in accounts(console, asked, &city, text).await? {
        keep("account", &|| hit.clone());
    }
    let all: usize = found.values().map(|(n, _)| n).sum();
    let groups = KINDS.iter().filter_map(|kind| {
        let (n, hits) = found.remove(*kind)?;
        let title = lang.say(&format!("search-n-{kind}"), &Values::new().count(lang, "n", n as u64));
        let all = (*kind == "screen").then(|| href("/screens", [("q", text)]));
        Some(Group { kind, title, hits, all })
    });
    let said = match (text.is_empty(), all) {
        (true, _) => String::new(),
        (false, 0) => lang.say("search-none", &Values::new().word("text", shown(text))),
        (false, n) => lang.say("search-found", &Values::new().word("text", shown(text)).count(lang, "n", n as u64)),
    };
    let groups = groups.collect();
    let page = Page::new(console, asked, lang.text("search-title"));
    Ok(SearchPage { page, text: text.to_owned(), summary: said, groups }.render()?)
}

/// A thing as it is shown to who may know of it.
fn thing(asked: &Asked, city: &City, sight: &Sight, thing: &Thing) -> Option<(&'static str, Hit)> {
    let (campaigns, lang) = (&city.campaigns, asked.lang);
    let hit = |name: String, code: &str, beside: String, to| Hit { name, code: code.to_owned(), beside, to };
    Some(match thing {
        Thing::Unit(code) => {
            let unit = city.directory.unit(code).filter(|_| sight.unit(code))?;
            let above = city.directory.line_of(code).nth(1).map_or_else(String::new, |above| shown(&above.name));
            ("unit", hit(shown(&unit.name), code.as_str(), above, Some(format!("/units/{code}"))))
        }
        // orders are everybody's
        Thing::Order(code) => {
            let order = campaigns.directive(code)?;
            let issuer = city.directory.unit(&order.issuer).map_or_else(String::new, |unit| shown(&unit.name));
            let to = Some(href("/screens", [("order", code.as_str())]));
            ("order", hit(order_title(lang, order), code.as_str(), issuer, to))
        }
        Thing::Contract(code) => {
            let contract = campaigns.contracts().find(|c| c.code == *code)?;
            reaches(&city.directory, sight, &contract.place).then_some(())?;
            ("contract", hit(shown(&contract.title), code.as_str(), shown(&contract.advertiser), None))
        }
        Thing::Item(code) => {
            let item = campaigns.items().find(|i| i.code == *code)?;
            reaches(&city.directory, sight, &item.place).then_some(())?;
            ("item", hit(shown(&item.title), code.as_str(), String::new(), None))
        }
    })
}

/// Those that the reader may change; few ever ask, so nothing is kept for it.
async fn accounts(console: &Console, asked: &Asked, city: &City, text: &str) -> Result<Vec<Hit>, ConsoleError> {
    let caller = asked.caller()?;
    if text.is_empty() || caller.may_somewhere(Act::Administer, console.today().1).is_err() {
        return Ok(Vec::new());
    }
    let all = console.people.list(caller, &city.directory).await?;
    let finder = Finder::new(all.iter().map(|a| Findable { name: a.name.clone(), more: vec![a.code.to_string()] }));
    let found = finder.find(text).into_iter().filter_map(|at| all.get(at as usize));
    Ok(found
        .map(|account| Hit {
            name: shown(&account.name),
            code: account.code.to_string(),
            beside: String::new(),
            to: Some(format!("/people/{}", account.code)),
        })
        .collect())
}
