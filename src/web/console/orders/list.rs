//! `/orders`: every order with where it stands.

use super::super::data::Console;
use super::super::overview::{order_title, rule_text};
use super::super::page::{Page, Pages, pages, shown};
use super::super::{Asked, ConsoleError};
use super::{approval, days, forces, phase};
use crate::campaigns::{DirectiveKind, Phase};
use crate::lang::Values;
use crate::orders::{Draft, State, rule};
use crate::people::Denied;
use askama::Template;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    page: Page,
    rows: Vec<Row>,
    pages: Option<Pages>,
    drafts: Vec<DraftRow>,
    /// May the reader write orders?
    writes: bool,
}

/// One draft.
struct DraftRow {
    number: u32,
    title: String,
    state: (String, &'static str),
    written: String,
}

/// Drafts that are shown.
const DRAFTS: usize = 50;

/// One order.
struct Row {
    code: String,
    title: String,
    sample: bool,
    phase: (String, &'static str),
    force: String,
    rule: String,
    days: String,
    approval: (String, &'static str),
}

/// `GET /orders`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let (city, lang, today) = (console.city().await?, asked.lang, console.today().1);
    let mut orders: Vec<_> = city.campaigns.directives().collect();
    // what runs, then what comes next, then what is over, the newest first
    orders.sort_by_key(|d| match d.phase(today) {
        Phase::Running => (0, d.from.0.signed_duration_since(today.0).num_days()),
        Phase::Paused | Phase::Upcoming => (1, d.from.0.signed_duration_since(today.0).num_days()),
        Phase::Ended => (2, today.0.signed_duration_since(d.to.0).num_days()),
    });
    let (range, pages) = pages(asked, orders.len());
    let rows = orders[range].iter().map(|d| Row {
        code: d.code.to_string(),
        title: order_title(lang, d),
        sample: d.sample,
        phase: phase(lang, &city, d, today),
        force: forces(lang, d),
        rule: match (&d.quota, d.kind) {
            (Some(quota), _) => rule_text(lang, quota),
            (None, DirectiveKind::Suspend) => lang.text("orders-suspends"),
            (None, DirectiveKind::Play) => lang.text("orders-no-number"),
        },
        days: days(lang, d),
        approval: approval(lang, &city, d),
    });
    let rows = rows.collect();
    let caller = asked.caller()?;
    let drafts = console.orders.drafts(caller, &city.directory).await.map_err(super::drafts::trouble)?;
    let open = drafts.iter().filter(|d| matches!(d.state, State::Writing | State::Put)).take(DRAFTS);
    let draft = |d: &Draft| DraftRow {
        number: d.number,
        title: if d.title().is_empty() { lang.text("orders-untitled") } else { shown(d.title()) },
        state: super::drafts::state(lang, d),
        written: lang.say(
            "orders-written",
            &Values::new().word("by", shown(&d.by)).word("time", lang.instant(d.at, console.offset)).count(
                lang,
                "revision",
                d.revision.into(),
            ),
        ),
    };
    let view = OrdersPage {
        page: Page::new(console, asked, lang.text("orders-title")),
        rows,
        pages,
        drafts: open.map(draft).collect(),
        writes: matches!(rule::may_write(caller, &city.directory, today), Ok(()) | Err(Denied::Weak)),
    };
    Ok(view.render()?)
}
