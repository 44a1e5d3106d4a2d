//! Why this plays and that does not, on one screen at one second: the rules that keep a campaign off the screen before
//! any plan is made, then the planner's, each naming the record it rests on. Pure.

mod said;
#[cfg(test)]
mod tests;

use super::{CampaignLedger, DayFact, StoredPlan, World};
use crate::campaigns::{ContentClass, Contract, Directive, DirectiveKind, Phase};
use crate::directory::{Closure, Screen, ScreenKind};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::plan::{Lang, Play, PlayKind, Why, why};
use lichphat_playlists::quota::ceil;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::Tier;
use said::Say;
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer: a stable rule, a sentence, and the record it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Stable code of the rule.
    pub rule: String,
    /// One or two sentences for people.
    pub text: String,
    /// What the rule was applied to: a plan's version, an order's dates, a closure.
    pub record: String,
}

/// What is asked, with what is known.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The city.
    pub world: World<'a>,
    /// The screen.
    pub screen: &'a Screen,
    /// The day's newest plan.
    pub stored: Option<&'a StoredPlan>,
    /// What the screen's ledger of this campaign knows, by day.
    pub facts: &'a BTreeMap<LocalDay, DayFact>,
    /// The campaign or item.
    pub campaign: &'a CampaignCode,
    /// The day.
    pub day: LocalDay,
    /// Second of the day.
    pub second: u32,
    /// The day it is.
    pub today: LocalDay,
    /// Language of the answer.
    pub lang: Lang,
}

/// What a code belongs to.
enum Owner<'a> {
    Order(&'a Directive),
    Contract(&'a Contract),
    Local,
    Nobody,
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

/// Explains.
pub fn explain(asked: &Asked<'_>) -> Answer {
    asked.playing().or_else(|| asked.before_the_plan()).unwrap_or_else(|| asked.in_the_plan())
}

impl<'a> Asked<'a> {
    fn say(&self) -> Say {
        Say(self.lang)
    }

    fn owner(&self) -> Owner<'a> {
        let (campaigns, code) = (self.world.campaigns, self.campaign);
        let order = campaigns.directive_of(code).map(Owner::Order);
        let contract = || campaigns.contracts().find(|c| c.code == *code).map(Owner::Contract);
        let local = campaigns.items().map(|i| &i.code).chain(campaigns.fixed().map(|f| &f.code));
        let local = local.chain(campaigns.fallbacks().map(|f| &f.code)).any(|c| c == code);
        order.or_else(contract).unwrap_or(if local { Owner::Local } else { Owner::Nobody })
    }

    fn plan_record(plan: &StoredPlan) -> String {
        format!("plan {} {} v{} ({})", plan.head.screen, plan.head.day, plan.head.version, plan.cause)
    }

    /// It is on screen at that second.
    fn playing(&self) -> Option<Answer> {
        let plan = self.stored?;
        let plays = plays(plan);
        let on = plays.iter().find(|p| (p.start..p.end()).contains(&self.second) && p.id == self.campaign.as_str())?;
        let record = Self::plan_record(plan);
        if on.kind == PlayKind::Campaign {
            let text = why(&plan.problem, &plays, self.campaign.as_str(), self.second).text(self.lang, &str::to_owned);
            return Some(Answer { rule: "playing".to_owned(), text, record });
        }
        let solemn = matches!(self.owner(), Owner::Order(d) if d.kind == DirectiveKind::Suspend);
        Some(self.say().playing_beside(on, solemn, record))
    }

    /// What keeps it off whatever the plan says: whose screen it is, the dates, a closure, a suspension, the hours.
    fn before_the_plan(&self) -> Option<Answer> {
        let (say, owner) = (self.say(), self.owner());
        let screen = format!("screen {}", self.screen.code);
        if self.screen.kind != ScreenKind::Managed {
            return Some(say.not_managed(screen));
        }
        let class = match owner {
            Owner::Order(directive) => {
                if let Some(answer) = self.order_not_due(directive) {
                    return Some(answer);
                }
                ContentClass::Order
            }
            Owner::Contract(contract) => {
                if let Some(answer) = self.contract_not_due(contract) {
                    return Some(answer);
                }
                ContentClass::Contract
            }
            Owner::Local => ContentClass::Local,
            // a plan may know what the campaigns no longer hold
            Owner::Nobody if self.stored.is_some_and(|p| p.problem.campaign(self.campaign.as_str()).is_some()) => {
                ContentClass::Contract
            }
            Owner::Nobody => return Some(say.unknown(self.campaign, screen)),
        };
        self.closed().or_else(|| self.suspended(class)).or_else(|| {
            let duty = self.world.directory.duty(self.screen, self.day);
            (!duty.contains(self.second)).then(|| say.screen_off(&duty, screen))
        })
    }

    fn closed(&self) -> Option<Answer> {
        let closures = self.world.directory.closures_of(self.screen, self.day);
        let closure: &Closure = closures.into_iter().find(|c| c.on(self.day).contains(self.second))?;
        Some(self.say().closed(closure, self.day))
    }

    fn suspended(&self, class: ContentClass) -> Option<Answer> {
        let suspended = self.world.campaigns.suspended_on(self.world.directory, self.screen, self.day);
        let suspension = suspended.at(class, self.second)?;
        Some(self.say().suspended(suspension, record_of(suspension.order)))
    }

    /// Why an order asks nothing of the screen on the day, if so.
    fn order_not_due(&self, directive: &Directive) -> Option<Answer> {
        let (say, record) = (self.say(), record_of(directive));
        if directive.kind == DirectiveKind::Suspend {
            return Some(say.suspends(record));
        }
        match directive.phase(self.day) {
            Phase::Upcoming => {
                let first = directive.periods().first().map_or(directive.from, |p| p.0);
                Some(say.order_not_begun(first, record))
            }
            Phase::Ended | Phase::Paused => {
                let ends = directive.periods().into_iter().map(|(_, to)| to);
                let last = ends.filter(|to| *to < self.day).max().unwrap_or(directive.to);
                Some(say.order_expired(last, record))
            }
            Phase::Running if directive.binds(self.world.directory, self.screen, self.day).is_none() => {
                Some(say.order_not_targeted(record))
            }
            Phase::Running => None,
        }
    }

    /// Why a contract asks nothing of the screen on the day, if so.
    fn contract_not_due(&self, contract: &Contract) -> Option<Answer> {
        let (say, Contract { from, to, .. }) = (self.say(), contract);
        let record = format!("contract {} ({from} – {to})", contract.code);
        if self.day < *from {
            Some(say.contract_not_begun(*from, record))
        } else if self.day > *to {
            Some(say.contract_expired(*to, record))
        } else if !contract.plays_on(self.world.directory, self.screen, self.day) {
            Some(say.contract_not_targeted(record))
        } else {
            None
        }
    }

    /// The planner's rules; or why the plan does not know the campaign.
    fn in_the_plan(&self) -> Answer {
        let say = self.say();
        if matches!(self.owner(), Owner::Local) {
            return say.local_content(format!("item {}", self.campaign));
        }
        let planned = self.stored.filter(|plan| plan.problem.campaign(self.campaign.as_str()).is_some());
        if let Some(plan) = planned {
            return self.planned(plan); // what is planned was approved when it was
        }
        if let Some(answer) = self.not_approved() {
            return answer;
        }
        let record = match self.owner() {
            Owner::Order(directive) => record_of(directive),
            Owner::Contract(c) => format!("contract {} ({} – {})", c.code, c.from, c.to),
            Owner::Local | Owner::Nobody => format!("screen {}", self.screen.code),
        };
        let Some(plan) = self.stored else {
            return if self.day < self.today { say.past(record) } else { say.no_plan(record) };
        };
        let (fits, weight) = match self.owner() {
            Owner::Order(d) => (d.product_for(self.screen, self.day).is_some(), d.weight),
            Owner::Contract(c) => (c.product.variant_for(self.screen).is_some(), None),
            Owner::Local | Owner::Nobody => (false, None),
        };
        if !fits {
            return say.no_variant(record);
        }
        match weight {
            Some(weight) => say.in_loop(weight, Self::plan_record(plan)),
            None => say.not_in_plan(plan.head.version, Self::plan_record(plan)),
        }
    }

    /// Was it for the want of an approval? The day's plan says so, whatever was approved since; while there is none, what is
    /// approved now. What of an approval is wanting is told of days that are not over.
    fn not_approved(&self) -> Option<Answer> {
        let said = self.stored.map(|plan| (plan, plan.playlist.not_approved.contains_key(self.campaign)));
        match said {
            Some((plan, true)) => {
                let now = self.unapproved().filter(|_| self.day >= self.today);
                Some(now.unwrap_or_else(|| self.say().not_approved_then(Self::plan_record(plan))))
            }
            // the plan knows orders and contracts with a number, and is of before what came in since
            Some((_, false)) if self.day < self.today && self.has_number() => None,
            _ => self.unapproved(),
        }
    }

    /// Does it ask for a number of plays?
    fn has_number(&self) -> bool {
        match self.owner() {
            Owner::Order(directive) => directive.quota.is_some(),
            Owner::Contract(_) => true,
            Owner::Local | Owner::Nobody => false,
        }
    }

    /// Why it may not be shown here today, for the want of an approval.
    fn unapproved(&self) -> Option<Answer> {
        let product = match self.owner() {
            Owner::Order(directive) => self.world.in_effect(self.screen, self.day, directive)?,
            Owner::Contract(contract) => &contract.product,
            Owner::Local | Owner::Nobody => return None,
        };
        let why = self.world.unapproved(self.screen, self.day, self.campaign, product)?;
        let its = |file| product.variant.iter().any(|variant| variant.media == Some(file));
        let proposal = self.world.permissions.newest_of(self.campaign, its);
        let record = match proposal {
            Some((number, state)) => format!("proposal {number} ({})", state.word()),
            None => "no proposal".to_owned(),
        };
        Some(self.say().not_approved(why, record))
    }

    fn planned(&self, plan: &StoredPlan) -> Answer {
        let answer = why(&plan.problem, &plays(plan), self.campaign.as_str(), self.second);
        let name = |code: &str| title(self.world, code);
        let (rule, text) = match &answer {
            Why::QuotaMet { target, .. } => ("quota-met", answer.text(self.lang, &name) + &self.ledger(*target)),
            Why::LostToPriority { play, priority, own_priority } => {
                ("lost-to-priority", self.say().lost(&name(&play.id), play, *priority, *own_priority))
            }
            Why::Playing { .. } => ("playing", answer.text(self.lang, &name)),
            Why::UnknownCampaign { .. } => ("unknown-campaign", answer.text(self.lang, &name)),
            Why::ScreenOff { .. } => ("screen-off", answer.text(self.lang, &name)),
            Why::OutsideWindow { .. } => ("outside-window", answer.text(self.lang, &name)),
            Why::GapToPlay { .. } => ("gap-to-play", answer.text(self.lang, &name)),
            Why::CategoryGap { .. } => ("category-gap", answer.text(self.lang, &name)),
            Why::OtherPlay { .. } => ("other-play", answer.text(self.lang, &name)),
            Why::PlacedElsewhere { .. } => ("placed-elsewhere", answer.text(self.lang, &name)),
        };
        Answer { rule: rule.to_owned(), text, record: Self::plan_record(plan) }
    }

    /// What the order's ledger says of the day: what is owed, what counted, how far ahead it may run.
    fn ledger(&self, target: u32) -> String {
        let World { directory, campaigns, .. } = self.world;
        let Owner::Order(directive) = self.owner() else { return String::new() };
        let Some(quota) = directive.quota else { return String::new() };
        if directive.is_of_units() {
            return self.say().part_of_unit();
        }
        let days = campaigns.days_owed(directory, directive, self.screen, self.day);
        let ledger = CampaignLedger::new(&quota, days, self.facts.clone());
        let owed = ceil(ledger.ledger().status(self.day, 0).owed_so_far);
        let ahead = ledger.ledger().envelope(self.day).saturating_sub(owed);
        self.say().ledger(self.day, owed, ledger.before(self.day), ahead, target)
    }
}

fn record_of(directive: &Directive) -> String {
    format!("directive {} ({} – {})", directive.code, directive.from, directive.to)
}
