//! The ledger of every running order that a screen carries: what is owed, planned, shown, counted and made good since its first day, why
//! anything is missing, and how it will end. The figures are those of the order's own report and of the page of today.

use super::figures::CampaignNow;
use super::names::title;
use super::page::shown;
use super::screen::Gathered;
use crate::attention::Fate;
use crate::compliance::ScreenLine;
use crate::lang::{Lang, Values};
use lichphat_playlists::quota::Of;
use std::cmp::Reverse;
use std::sync::Arc;

/// So many reasons are named.
const REASONS: usize = 3;

/// One order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) title: String,
    pub(super) href: String,
    /// Owed, planned, shown, counted, made good; a label each.
    pub(super) numbers: Vec<(&'static str, String)>,
    /// How it stands, and in which tone.
    pub(super) stands: String,
    pub(super) tone: &'static str,
    /// Why plays are missing, the largest first.
    pub(super) why: Vec<String>,
    /// What is owed by its last day, and what the plans of the coming days hold.
    pub(super) end: String,
    /// How it will end as things stand, and in which tone.
    pub(super) fate: String,
    pub(super) fate_tone: &'static str,
}

/// Every running order that asks a number of plays of this screen, or of its unit.
pub(super) fn of(lang: Lang, g: &Gathered, now: &[Arc<CampaignNow>]) -> Vec<Kept> {
    now.iter().filter_map(|order| Some(kept(lang, g, order, order.line(&g.screen.code)?))).collect()
}

fn kept(lang: Lang, g: &Gathered, order: &CampaignNow, line: &ScreenLine) -> Kept {
    let account = order.outlook.accounts.get(&g.screen.code).copied().unwrap_or_default();
    let of_unit = order.report.of == Of::Unit;
    let (stands, tone) = stands(lang, line, of_unit);
    let mut why: Vec<(&String, &u32)> = line.causes.iter().filter(|(_, n)| **n > 0).collect();
    why.sort_by_key(|(code, n)| (Reverse(**n), (*code).clone()));
    if line.met || line.operating_days == 0 {
        why.clear();
    }
    let reason = |(code, n): (&String, &u32)| {
        let values = Values::new().count(lang, "n", (*n).into()).word("cause", lang.cause(code));
        lang.say("kept-why", &values)
    };
    let directive = g.city.campaigns.directive_of(&order.report.campaign);
    let unit = directive.filter(|_| of_unit).and_then(|d| d.quota_unit(&g.city.directory, &g.screen, g.today));
    let fate = match unit {
        Some(unit) => order.outlook.units.get(unit),
        None => order.outlook.screens.get(&g.screen.code),
    };
    let (fate, fate_tone) = ends(lang, fate.map_or(Fate::NotDue, |fates| fates[2]), of_unit);
    let values = Values::new()
        .word("day", lang.day(order.period.1))
        .count(lang, "owed", account.owed_to_end.into())
        .count(lang, "ahead", account.ahead.into());
    let end = match unit.and_then(|unit| g.city.directory.unit(unit)) {
        Some(unit) => lang.say("kept-end-unit", &values.word("unit", shown(&unit.name))),
        None => lang.say("kept-end", &values),
    };
    let number = |n: u32| lang.number(n.into());
    let owed = if of_unit { "–".to_owned() } else { number(line.owed) };
    Kept {
        title: title(lang, &g.city, order.report.campaign.as_str()),
        href: directive.map_or_else(String::new, |d| format!("/orders/{}", d.code)),
        numbers: vec![
            ("kept-owed", owed),
            ("kept-planned", number(account.planned)),
            ("kept-shown", number(account.shown)),
            ("kept-counted", number(line.counted)),
            ("kept-made-good", number(line.made_good)),
        ],
        stands,
        tone,
        why: why.into_iter().take(REASONS).map(reason).collect(),
        end,
        fate,
        fate_tone,
    }
}

/// How it stands after the days that have ended.
fn stands(lang: Lang, line: &ScreenLine, of_unit: bool) -> (String, &'static str) {
    let values = Values::new()
        .count(lang, "short", line.short.into())
        .count(lang, "surplus", line.surplus.into())
        .count(lang, "days", line.operating_days.into());
    match line {
        _ if of_unit => (lang.text("kept-of-unit"), "soft"),
        ScreenLine { operating_days: 0, .. } => (lang.text("so-far-first-day"), "wait"),
        ScreenLine { met: true, .. } => (lang.say("kept-met", &values), "good"),
        ScreenLine { inferred: true, .. } => (lang.say("kept-inferred", &values), "wait"),
        ScreenLine { main_cause, .. } if main_cause == "pending" => (lang.say("kept-waiting", &values), "wait"),
        _ => (lang.say("kept-short", &values), "bad"),
    }
}

/// How it ends as things stand.
fn ends(lang: Lang, fate: Fate, of_unit: bool) -> (String, &'static str) {
    let of = if of_unit { "-unit" } else { "" };
    match fate {
        Fate::NotDue => (String::new(), ""),
        Fate::Met => (lang.text(&format!("kept-ends-met{of}")), "good"),
        Fate::Open => (lang.text(&format!("kept-ends-open{of}")), "wait"),
        Fate::Short(n) => (lang.say(&format!("kept-ends-short{of}"), &Values::new().count(lang, "n", n.into())), "bad"),
    }
}
