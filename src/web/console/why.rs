//! Why this plays and that does not, for any second of a screen's day.

use super::data::Console;
use super::data::knows;
use super::names::{self, state, time, title, tongue, world};
use super::page::{Page, shown};
use super::screen::{Gathered, Head, asked_day, head, record_text};
use super::{Asked, ConsoleError, href};
use crate::lang::{Lang, Values};
use crate::planning::why::{Answer as Explained, Asked as Question, explain};
use askama::Template;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::time::clock_text;
use lichphat_playlists::wire::v1::{Asset, Tier};

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    page: Page,
    head: Head,
    back: String,
    day: String,
    day_value: String,
    at: String,
    at_value: String,
    choices: Vec<(String, String, bool)>,
    on_screen: String,
    on_screen_tier: String,
    reason: String,
    record: String,
    record_tone: &'static str,
    answers: Vec<Answer>,
    plan: String,
}

/// Why one campaign does, or does not, play.
struct Answer {
    title: String,
    tier: String,
    text: String,
    rule: String,
    record: String,
    plays: bool,
}

/// `GET /screens/{code}/why`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    let g = asked_day(console, asked, code).await?;
    let second = match asked.value("at") {
        Some(text) => names::second(text)?,
        None => g.now.local(g.offset).1 / 1000,
    };
    let sight = asked.sight(&g.city, console)?;
    let known = |code: &CampaignCode| knows(&g.city, &sight, (&g.screen, g.day, g.plan.as_ref()), code);
    let chosen = match asked.value("campaign") {
        // What is no code names no campaign, and what he may not know of is none either; the answer for an unknown one says so.
        Some(text) => CampaignCode::new(text).ok().filter(known).or_else(|| CampaignCode::new("-").ok()),
        None => None,
    };
    let page = Page::new(console, asked, format!("{} {}", asked.lang.text("why-title"), shown(&g.screen.name)));
    Ok(view(page, asked.lang, &g, second, chosen.as_ref()).render()?)
}

/// The orders and contracts of the day, then running orders and contracts that are not in its plan.
fn asked_for(g: &Gathered) -> Vec<CampaignCode> {
    let mut codes: Vec<(Tier, CampaignCode)> = g
        .plan
        .iter()
        .flat_map(|p| &p.campaigns)
        .filter(|c| matches!(c.tier, Tier::Order | Tier::Contract))
        .map(|c| (c.tier, c.campaign.clone()))
        .collect();
    codes.sort();
    let mut codes: Vec<CampaignCode> = codes.into_iter().map(|(_, c)| c).collect();
    let orders = super::data::running(&g.city.campaigns, g.day).map(|d| d.campaign());
    let contracts = g.city.campaigns.contracts_on(&g.city.directory, &g.screen, g.day).map(|(c, _)| c.code.clone());
    for code in orders.chain(contracts) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

fn view(page: Page, lang: Lang, g: &Gathered, second: u32, chosen: Option<&CampaignCode>) -> WhyPage {
    let on_screen = playing(g, second);
    let tier_text = |code: &CampaignCode| {
        let of = g.plan.iter().flat_map(|p| &p.campaigns).find(|c| c.campaign == *code);
        let sold = g.city.campaigns.contracts().any(|c| c.code == *code);
        let tier = of.map_or(if sold { Tier::Contract } else { Tier::Order }, |c| c.tier);
        lang.text(&format!("tier-{}", names::tier(tier)))
    };
    let codes = asked_for(g);
    let mut asked = codes.clone();
    if let Some(chosen) = chosen {
        asked.retain(|c| c == chosen);
        if asked.is_empty() {
            asked.push(chosen.clone());
        }
    }
    let answers = asked
        .iter()
        .map(|code| {
            let answer = answer_of(g, code, second, lang);
            Answer {
                title: title(lang, &g.city, code.as_str()),
                tier: tier_text(code),
                plays: answer.rule == "playing",
                text: shown(&answer.text),
                rule: answer.rule,
                record: record_words(lang, &answer.record),
            }
        })
        .collect();
    let (what, tier, reason) = on_screen_text(lang, g, on_screen, second);
    let (record, record_tone) = evidence_text(lang, g, second, on_screen.map(|(asset, ..)| &asset.code));
    let day_value = g.day.to_string();
    WhyPage {
        page,
        head: head(lang, g),
        back: href(&format!("/screens/{}", g.screen.code), [("day", day_value.as_str())]),
        day: lang.long_day(g.day),
        day_value,
        at: time(second),
        at_value: clock_text(second),
        choices: codes.iter().map(|c| (c.to_string(), title(lang, &g.city, c.as_str()), Some(c) == chosen)).collect(),
        on_screen: what,
        on_screen_tier: tier,
        reason,
        record,
        record_tone,
        answers,
        plan: plan_text(lang, g),
    }
}

fn answer_of(g: &Gathered, code: &CampaignCode, second: u32, lang: Lang) -> Explained {
    let none = std::collections::BTreeMap::new();
    explain(&Question {
        world: world(&g.city),
        screen: &g.screen,
        stored: g.plan.as_ref(),
        facts: g.facts.get(code).unwrap_or(&none),
        campaign: code,
        day: g.day,
        second,
        today: g.today,
        lang: tongue(lang),
    })
}

/// What a rule was applied to; the plan stands below for all of them.
fn record_words(lang: Lang, record: &str) -> String {
    match record.split_once(' ') {
        Some(("plan", _)) => String::new(),
        Some((kind, rest)) => format!("{} {}", lang.term("record-of", kind), shown(rest)),
        None => shown(record),
    }
}

/// The asset of the slot that holds the second, with its start and end.
pub(super) fn playing(g: &Gathered, second: u32) -> Option<(&Asset, u32, u32)> {
    let plan = g.plan.as_ref()?;
    let i = plan.playlist.slots.partition_point(|s| s.start_s <= second).checked_sub(1)?;
    let slot = plan.playlist.slots[i];
    let asset = plan.assets.assets.get(usize::from(slot.item))?;
    let end = slot.start_s + asset.media.duration_s;
    (second < end).then_some((asset, slot.start_s, end))
}

/// What the plan shows at the second, its rank and the reason.
fn on_screen_text(lang: Lang, g: &Gathered, on: Option<(&Asset, u32, u32)>, second: u32) -> (String, String, String) {
    let Some((asset, from, to)) = on else {
        let duty = g.city.directory.duty(&g.screen, g.day);
        let key = match (&g.plan, duty.contains(second)) {
            (_, false) => "why-off-duty",
            (None, true) => "why-no-plan",
            (Some(_), true) => "why-gap",
        };
        let values = Values::new().word("hours", names::hours(lang, &duty, "duty-none"));
        return (lang.text("why-nothing"), String::new(), lang.say(key, &values));
    };
    let tier = names::tier(asset.tier);
    let what = format!("{} ({}–{})", title(lang, &g.city, asset.code.as_str()), time(from), time(to));
    let ordered = g.city.campaigns.directive_of(&asset.code).is_some();
    let reason = if ordered || matches!(asset.tier, Tier::Order | Tier::Contract) {
        shown(&answer_of(g, &asset.code, second, lang).text)
    } else {
        lang.text(&format!("why-tier-{tier}"))
    };
    (what, lang.text(&format!("tier-{tier}")), reason)
}

/// What the screen's device says of the second.
fn evidence_text(lang: Lang, g: &Gathered, second: u32, by_plan: Option<&CampaignCode>) -> (String, &'static str) {
    let at = g.day.at(second, g.offset);
    let line = g.lines.iter().find(|l| {
        l.record.is_some_and(|i| {
            let record = &g.evidence.records[i].record;
            record.result.was_shown() && record.start <= at && at < record.end
        })
    });
    let planned = || g.lines.iter().find(|l| l.planned && l.start_s <= second && second < l.start_s + l.length_s);
    match line.or_else(planned) {
        Some(line) => {
            let (said, tone) = state(lang, line);
            let record = line.record.map(|i| record_text(lang, g, i)).unwrap_or_default();
            let what = if by_plan == Some(&line.campaign) {
                String::new()
            } else {
                title(lang, &g.city, line.campaign.as_str()) + ": "
            };
            (format!("{what}{said}. {record}").trim_end().to_owned(), tone)
        }
        None => (lang.text("why-no-record"), "soft"),
    }
}

fn plan_text(lang: Lang, g: &Gathered) -> String {
    let Some(plan) = &g.plan else { return String::new() };
    let values = Values::new()
        .word("version", plan.head.version.to_string())
        .word("made", lang.instant(plan.playlist.made_ms, g.offset))
        .word("cause", lang.term("plan-cause", &plan.cause.replace(' ', "-")));
    lang.say("plan-version", &values)
}
