//! The map of the last days: a row for each unit, or for each screen of a unit that has none below it; a column for each day.

use super::Asked;
use super::chart::{Chart, Part};
use super::data::City;
use super::figures::CampaignNow;
use super::overview::order_title;
use super::page::{Pages, shown};
use crate::attention::Cell;
use crate::directory::{Link, Screen, Unit};
use crate::lang::{Lang, Values};
use lichphat_playlists::time::LocalDay;

/// Rows on a page: 14 days of each are enough to look at.
const ROWS: usize = 20;
/// Columns that a telephone has room for; older days are for wider screens.
const ON_A_PHONE: usize = 6;
/// From here on a day is nearly kept, per cent.
const NEARLY: u8 = 80;

/// The map.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heat {
    pub(super) title: String,
    /// What a row is.
    pub(super) of: String,
    /// Short date, and whether only wide screens show it.
    pub(super) days: Vec<(String, bool)>,
    pub(super) rows: Vec<Row>,
    pub(super) pages: Option<Pages>,
}

/// A unit or a screen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) cells: Vec<Square>,
}

/// One day of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Square {
    pub(super) sign: &'static str,
    /// Per cent; empty when nothing was owed or all was met.
    pub(super) text: String,
    pub(super) class: &'static str,
    pub(super) href: String,
    /// Only wide screens show it.
    pub(super) old: bool,
}

/// The map over `units` along a link, those with the largest gaps first.
pub(super) fn of_units(asked: &Asked, city: &City, now: &CampaignNow, link: Link, units: &[&Unit]) -> Option<Heat> {
    let rows = units.iter().filter_map(|unit| {
        let cells = now.outlook.heat.get(&(link, unit.code.clone()))?;
        Some((shown(&unit.name), format!("/units/{}", unit.code), cells.as_slice()))
    });
    map(asked, city, now, "heat-unit", rows.collect())
}

/// The map over screens.
pub(super) fn of_screens(asked: &Asked, city: &City, now: &CampaignNow, screens: &[&Screen]) -> Option<Heat> {
    let rows = screens.iter().filter_map(|screen| {
        let cells = now.outlook.cells.get(&screen.code)?;
        Some((shown(&screen.name), format!("/screens/{}", screen.code), cells.as_slice()))
    });
    map(asked, city, now, "heat-screen", rows.collect())
}

/// The same days over all these screens together: how much of what each owed was counted.
pub(super) fn days(lang: Lang, city: &City, now: &CampaignNow, screens: &[&Screen]) -> Option<Chart> {
    let directive = city.campaigns.directive_of(&now.report.campaign)?;
    let days = &now.outlook.days;
    let mut sums = vec![Cell::default(); days.len()];
    for cells in screens.iter().filter_map(|screen| now.outlook.cells.get(&screen.code)) {
        sums.iter_mut().zip(cells).for_each(|(sum, cell)| sum.add(*cell));
    }
    let part = |(day, cell): (&LocalDay, &Cell)| Part {
        label: short(lang, *day),
        done: cell.counted.into(),
        whole: cell.owed.into(),
    };
    let parts: Vec<Part> = days.iter().zip(&sums).map(part).collect();
    let sum = |n: fn(&Part) -> u64| parts.iter().map(n).sum::<u64>();
    let values = Values::new()
        .word("order", order_title(lang, directive))
        .count(lang, "counted", sum(|p| p.done))
        .count(lang, "owed", sum(|p| p.whole));
    Chart::bars(lang, lang.say("heat-days", &values), &parts)
}

/// A day without its year.
fn short(lang: Lang, day: LocalDay) -> String {
    day.0.format(lang.pick("%d/%m", "%-d %b")).to_string()
}

fn map(
    asked: &Asked,
    city: &City,
    now: &CampaignNow,
    of: &str,
    mut rows: Vec<(String, String, &[Cell])>,
) -> Option<Heat> {
    let lang = asked.lang;
    let directive = city.campaigns.directive_of(&now.report.campaign)?;
    let gap =
        |cells: &[Cell]| -> u64 { cells.iter().map(|c| u64::from(c.owed.saturating_sub(c.counted + c.pending))).sum() };
    rows.sort_by_cached_key(|(name, href, cells)| (std::cmp::Reverse(gap(cells)), name.clone(), href.clone()));
    let count = rows.len().div_ceil(ROWS).max(1);
    let page = asked.value("map").and_then(|p| p.parse().ok()).unwrap_or(1).clamp(1, count);
    let days = &now.outlook.days;
    let old = |i: usize| i + ON_A_PHONE < days.len();
    let row = |(name, href, cells): &(String, String, &[Cell])| Row {
        name: name.clone(),
        href: href.clone(),
        cells: (0..).zip(days).zip(*cells).map(|((i, day), cell)| square(lang, href, *day, *cell, old(i))).collect(),
    };
    let to = |n: usize| asked.with("map", Some(&n.to_string())) + "#heat";
    let values = Values::new().count(lang, "page", page as u64).count(lang, "of", count as u64);
    let pages = Pages {
        text: lang.say("pages", &values),
        previous: (page > 1).then(|| to(page - 1)),
        next: (page < count).then(|| to(page + 1)),
    };
    (!rows.is_empty()).then(|| Heat {
        title: lang.say("heat-title", &Values::new().word("order", order_title(lang, directive))),
        of: lang.text(of),
        days: days.iter().enumerate().map(|(i, day)| (short(lang, *day), old(i))).collect(),
        rows: rows.iter().skip((page - 1) * ROWS).take(ROWS).map(row).collect(),
        pages: (count > 1).then_some(pages),
    })
}

fn square(lang: Lang, href: &str, day: LocalDay, cell: Cell, old: bool) -> Square {
    let (sign, class) = match cell.percent() {
        None => ("–", "none"),
        Some(100) => ("✓", "met"),
        _ if cell.counted + cell.pending >= cell.owed => ("…", "wait"),
        Some(NEARLY..) => ("!", "near"),
        Some(_) => ("✗", "bad"),
    };
    let text = cell.percent().filter(|p| *p < 100).map(|p| lang.number(p.into())).unwrap_or_default();
    Square { sign, text, class, href: format!("{href}?day={day}"), old }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_square_has_a_sign_and_never_only_a_colour() {
        let day: LocalDay = "2026-11-20".parse().unwrap();
        let told = |owed, counted, pending| {
            let s = square(Lang::Vi, "/units/W1", day, Cell { owed, counted, pending }, false);
            (s.sign, s.text, s.class)
        };
        assert_eq!(told(0, 0, 0), ("–", String::new(), "none"));
        assert_eq!(told(20, 20, 0), ("✓", String::new(), "met"));
        assert_eq!(told(20, 5, 15), ("…", "25".into(), "wait"), "what may still come is no gap");
        assert_eq!(told(200, 199, 0), ("!", "99".into(), "near"), "99,5 % is not everything");
        assert_eq!(told(20, 0, 19), ("✗", "0".into(), "bad"));
    }
}
