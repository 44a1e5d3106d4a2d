//! Why this plays and that does not, on one screen at one second: the planner's rules, and the ones
//! before it that keep a campaign out of the day's problem altogether. Pure.

use super::{StoredPlan, World};
use crate::campaigns::{Contract, Directive, Phase};
use crate::directory::{Screen, ScreenKind};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::plan::{Lang, Play, PlayKind, why};
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::Tier;
use serde::Serialize;

/// The answer: a stable rule, a sentence, and the record it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Stable code of the rule.
    pub rule: String,
    /// One sentence for people.
    pub text: String,
    /// What the rule was applied to: a plan's version, an order's dates.
    pub record: String,
}

/// Explains `campaign` on `screen` at `second` of `day`; `stored` is the day's newest plan.
pub fn explain(
    world: World<'_>,
    screen: &Screen,
    stored: Option<&StoredPlan>,
    campaign: &CampaignCode,
    day: LocalDay,
    second: u32,
    lang: Lang,
) -> Answer {
    let name = |code: &str| title(world, code);
    if let Some(plan) = stored
        && plan.problem.campaign(campaign.as_str()).is_some()
    {
        let answer = why(&plan.problem, &plays(plan), campaign.as_str(), second);
        let rule = serde_json::to_value(&answer).ok().and_then(|v| v["rule"].as_str().map(str::to_owned));
        return Answer {
            rule: rule.unwrap_or_else(|| "unknown".to_owned()),
            text: answer.text(lang, &name),
            record: format!("plan {} {} v{} ({})", plan.head.screen, plan.head.day, plan.head.version, plan.cause),
        };
    }
    not_in_plan(world, screen, stored, campaign, day, lang)
}

/// The plays of a stored plan, as the planner's rules read them.
pub fn plays(plan: &StoredPlan) -> Vec<Play> {
    let slots = plan.playlist.slots.iter().filter_map(|slot| {
        let asset = plan.assets.assets.get(usize::from(slot.item))?;
        let kind = match asset.tier {
            Tier::Fixed => PlayKind::Fixed,
            Tier::Order | Tier::Contract => PlayKind::Campaign,
            Tier::Local | Tier::Fallback => PlayKind::Filler,
        };
        Some(Play { start: slot.start_s, dur: asset.media.duration_s, kind, id: asset.code.to_string() })
    });
    slots.collect()
}

/// What people call a campaign or an item.
pub fn title(world: World<'_>, code: &str) -> String {
    let campaigns = world.campaigns;
    let order = campaigns.directives().find(|d| d.code.as_str() == code).map(|d| d.title.clone());
    let contract = || campaigns.contracts().find(|c| c.code.as_str() == code).map(|c| c.title.clone());
    let item = || campaigns.items().find(|c| c.code.as_str() == code).map(|c| c.title.clone());
    let fixed = || campaigns.fixed().find(|c| c.code.as_str() == code).map(|c| c.title.clone());
    order.or_else(contract).or_else(item).or_else(fixed).unwrap_or_else(|| code.to_owned())
}

/// A campaign that is not part of the day's problem: which rule kept it out.
fn not_in_plan(
    world: World<'_>,
    screen: &Screen,
    stored: Option<&StoredPlan>,
    campaign: &CampaignCode,
    day: LocalDay,
    lang: Lang,
) -> Answer {
    let say = |rule: &str, vi: String, en: String, record: String| Answer {
        rule: rule.to_owned(),
        text: if lang == Lang::En { en } else { vi },
        record,
    };
    let screen_record = format!("screen {}", screen.code);
    if screen.kind != ScreenKind::Managed {
        let vi = "Màn hình này không do hệ thống điều khiển, nên không có lịch phát.".to_owned();
        let en = "This screen is not ours to play on, so it has no plan.".to_owned();
        return say("not-managed", vi, en, screen_record);
    }
    let record;
    let campaigns = world.campaigns;
    if let Some(directive) = campaigns.directive_of(campaign) {
        record = format!("directive {} ({} – {})", directive.code, directive.from, directive.to);
        if let Some((rule, vi, en)) = order_not_due(world, directive, screen, day) {
            return say(rule, vi, en, record);
        }
    } else if let Some(contract) = campaigns.contracts().find(|c| c.code == *campaign) {
        record = format!("contract {} ({} – {})", contract.code, contract.from, contract.to);
        if let Some((rule, vi, en)) = contract_not_due(world, contract, screen, day) {
            return say(rule, vi, en, record);
        }
    } else if title(world, campaign.as_str()) != campaign.as_str() || campaigns.fallbacks().any(|f| f.code == *campaign)
    {
        let vi = "Đây là nội dung tại chỗ: phát xen vào những lúc còn trống, không có chỉ tiêu số lượt.".to_owned();
        let en = "This is local content: it fills what is free, and nobody asks for a number of plays.".to_owned();
        return say("local-content", vi, en, format!("item {campaign}"));
    } else {
        let vi = format!("Không có đợt truyền thông nào mang mã {campaign}.");
        return say("unknown-campaign", vi, format!("No campaign has the code {campaign}."), screen_record);
    }
    if !world.directory.operating(screen, day) {
        let vi = "Màn hình không làm việc trong ngày này.".to_owned();
        return say("screen-off", vi, "The screen is off duty all day.".to_owned(), screen_record);
    }
    if stored.is_none() {
        let vi = "Chưa có lịch phát cho ngày này.".to_owned();
        return say("no-plan", vi, "No plan has been made for this day.".to_owned(), record);
    }
    let vi = "Nội dung của đợt này chưa có bản phù hợp trong kho.".to_owned();
    say("no-variant", vi, "No variant that this screen can play is in the library.".to_owned(), record)
}

/// Rule, Vietnamese, English.
type NotDue = (&'static str, String, String);

/// Why an order asks nothing of the screen on the day, if so.
fn order_not_due(world: World<'_>, directive: &Directive, screen: &Screen, day: LocalDay) -> Option<NotDue> {
    match directive.phase(day) {
        Phase::Upcoming => {
            let vi = format!("Văn bản có hiệu lực từ {}.", directive.from);
            Some(("not-begun", vi, format!("The order begins on {}.", directive.from)))
        }
        Phase::Ended | Phase::Paused => {
            let ends = directive.periods().into_iter().map(|(_, to)| to);
            let last = ends.filter(|to| *to < day).max().unwrap_or(directive.to);
            let vi = format!("Văn bản chỉ yêu cầu phát đến hết ngày {last}.");
            Some(("expired", vi, format!("The order asked for plays to the end of {last}.")))
        }
        Phase::Running if directive.binds(world.directory, screen, day).is_none() => {
            let vi = "Văn bản không áp dụng cho màn hình này.".to_owned();
            Some(("not-targeted", vi, "The order does not bind this screen.".to_owned()))
        }
        Phase::Running => None,
    }
}

/// Why a contract asks nothing of the screen on the day, if so.
fn contract_not_due(world: World<'_>, contract: &Contract, screen: &Screen, day: LocalDay) -> Option<NotDue> {
    let Contract { from, to, .. } = contract;
    if day < *from {
        Some(("not-begun", format!("Hợp đồng có hiệu lực từ {from}."), format!("The contract begins on {from}.")))
    } else if day > *to {
        Some(("expired", format!("Hợp đồng đã hết từ sau ngày {to}."), format!("The contract ended after {to}.")))
    } else if !contract.plays_on(world.directory, screen, day) {
        let vi = "Hợp đồng không gồm màn hình này.".to_owned();
        Some(("not-targeted", vi, "The contract does not name this screen.".to_owned()))
    } else {
        None
    }
}
