//! Before an order is signed: who can carry it, who cannot, which hours lack how much, which contracts give way, and
//! the smallest relaxation that helps. Pure.
//!
//! Each day is asked for what it owes by itself: the run-ahead is insurance, and a day that cannot give it is no
//! reason not to sign. Screens whose days are alike are looked at once.

mod own;
mod relax;
mod sums;
#[cfg(test)]
mod tests;

pub use relax::{Relaxation, RelaxationKind};

use super::compose::{Composed, DayInput, compose};
use super::world::{Basis, Inputs, Unplayable, World};
use super::{PlanningError, why};
use crate::campaigns::Directive;
use crate::directory::{Screen, ScreenKind};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{Certificate, Effort, Lang};
use lichphat_playlists::time::{IntervalSet, LocalDay};
use own::Parts;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use sums::Sums;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The city, the order among its campaigns.
    pub world: World<'a>,
    /// The order.
    pub directive: &'a Directive,
    /// The days looked at.
    pub days: &'a [LocalDay],
}

/// What a screen can do for the order, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Some plays find no place.
    Cannot,
    /// The order has no variant it could play, or its file is not in the library.
    NoVariant,
    /// It has no safe loop to fall back on, so it is not planned.
    NoFallback,
    /// Somebody else plays on it, or nobody.
    NotManaged,
    /// Off duty on every day looked at.
    OffDuty,
    /// Nothing is asked on these days: suspended, or the period's number is reached.
    NothingAsked,
    /// Every play finds a place.
    Can,
}

impl Outcome {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cannot => "cannot",
            Self::NoVariant => "no-variant",
            Self::NoFallback => "no-fallback",
            Self::NotManaged => "not-managed",
            Self::OffDuty => "off-duty",
            Self::NothingAsked => "nothing-asked",
            Self::Can => "can",
        }
    }
}

/// One screen's answer, over the days looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenAnswer {
    /// The screen.
    pub screen: ScreenCode,
    /// Its name.
    pub name: String,
    /// What it can do.
    #[serde(rename = "result")]
    pub outcome: Outcome,
    /// Days of duty looked at.
    pub days: u32,
    /// Plays that these days owe.
    pub asked: u32,
    /// Plays that found a place.
    pub placed: u32,
    /// Hours that lack room on the worst day, `08:00-10:00;14:00-16:00`; empty when none does.
    pub windows: String,
    /// Seconds that are missing there: plays without a place times their length.
    pub lacks_s: u32,
    /// Plays of contracts that lose their place on the worst day.
    pub displaced_plays: u32,
    /// The same in seconds.
    pub displaced_s: u32,
    /// Why, in Vietnamese; empty when it can.
    pub reason_vi: String,
    /// The same in English.
    pub reason_en: String,
}

/// Hours that lack room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hours {
    /// `08:00-10:00;14:00-16:00`
    pub windows: String,
    /// Screens that lack room there.
    pub screens: u32,
    /// Seconds that are missing on the worst of them.
    pub most_s: u32,
    /// Seconds that are missing on all of them together, a day.
    pub total_s: u64,
}

/// A contract that gives way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Displaced {
    /// The contract.
    pub contract: CampaignCode,
    /// Its title.
    pub title: String,
    /// Screens on which it loses plays.
    pub screens: u32,
    /// Plays it loses on all of them together, a day (the worst day of each).
    pub plays_per_day: u64,
    /// The same in seconds.
    pub seconds_per_day: u64,
    /// Plays it loses a day on the screen that is worst off.
    pub most_plays: u32,
}

/// How many screens of each outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Screens the order is aimed at on these days.
    pub targeted: u32,
    /// Can carry it.
    pub can: u32,
    /// Lack room.
    pub cannot: u32,
    /// Off duty on every day.
    pub off_duty: u32,
    /// Not ours to plan.
    pub not_managed: u32,
    /// Without a variant they could play.
    pub no_variant: u32,
    /// Without a safe loop.
    pub no_fallback: u32,
    /// Nothing asked of them.
    pub nothing_asked: u32,
    /// Seconds that are missing a day, on all screens together.
    pub lacks_s: u64,
    /// Plays that contracts lose a day, on all screens together.
    pub displaced_plays: u64,
    /// The same in seconds.
    pub displaced_s: u64,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preflight {
    /// Sums.
    pub summary: Summary,
    /// Hours that lack room, the worst first.
    pub hours: Vec<Hours>,
    /// Contracts that give way, the worst first.
    pub contracts: Vec<Displaced>,
    /// What would help, the smallest step that helps most screens first.
    pub relaxations: Vec<Relaxation>,
    /// Every targeted screen, those with problems first.
    pub screens: Vec<ScreenAnswer>,
    /// Orders and items without a file.
    #[serde(skip)]
    pub unplayable: BTreeSet<Unplayable>,
}

/// A kind of day, asked for its own share, and how it was planned.
struct Look {
    asked: u32,
    placed: u32,
    /// The order is part of the day, even when nothing is asked.
    knows: bool,
    hours: IntervalSet,
    lacks_s: u32,
    /// Plays that contracts lose, by code, with the seconds of one.
    displaced: BTreeMap<CampaignCode, (u32, u32)>,
    /// Where something is missing: the day and its plan.
    short: Option<Box<(DayInput, Composed)>>,
}

/// Screens whose inputs are in memory at a time.
const SCREENS_AT_ONCE: usize = 512;

/// Answers for every screen the order is aimed at; `basis` is of the question's days.
pub fn preflight(question: &Question<'_>, basis: &Basis) -> Result<Preflight, PlanningError> {
    let targeted: Vec<&Screen> = question.targeted().collect();
    let parts = question.parts();
    let mut looks: BTreeMap<Sha256Hash, Look> = BTreeMap::new();
    let mut of: BTreeMap<&ScreenCode, Vec<Sha256Hash>> = BTreeMap::new();
    let (mut sums, mut screens, mut unplayable) = (Sums::default(), Vec::new(), BTreeSet::new());
    for some in targeted.chunks(SCREENS_AT_ONCE) {
        let managed = some.iter().copied().filter(|s| s.kind == ScreenKind::Managed);
        let inputs = question.world.inputs(managed, question.days, basis);
        let mut hashes = question.look_at(&inputs, &parts, &mut looks)?;
        for &screen in some {
            let hashes = hashes.remove(&screen.code).unwrap_or_default();
            let mine: Vec<&Look> = hashes.iter().filter_map(|h| looks.get(h)).collect();
            let answer = question.answer(screen, &mine, &inputs);
            sums.add(&answer, &mine);
            screens.push(answer);
            of.insert(&screen.code, hashes);
        }
        unplayable.extend(inputs.unplayable);
    }
    screens.sort_by_key(|a| (a.outcome, std::cmp::Reverse(a.lacks_s)));
    let relaxations = relax::relaxations(question, &relax::failing(&of, &looks))?;
    let (summary, hours) = (sums.summary.clone(), sums.hours());
    Ok(Preflight { summary, hours, contracts: sums.contracts(question), relaxations, screens, unplayable })
}

impl<'a> Question<'a> {
    /// The screens the order binds on one of the days.
    pub fn targeted(&self) -> impl Iterator<Item = &'a Screen> {
        let Self { world, directive, days } = *self;
        let bound = move |s: &Screen| days.iter().any(|d| directive.binds(world.directory, s, *d).is_some());
        world.directory.screens().filter(move |s| bound(s))
    }

    /// Plans every kind of day that was not looked at before; answers with the kinds of each screen's days.
    fn look_at(
        &self,
        inputs: &Inputs,
        parts: &Parts,
        looks: &mut BTreeMap<Sha256Hash, Look>,
    ) -> Result<BTreeMap<ScreenCode, Vec<Sha256Hash>>, PlanningError> {
        let campaign = self.directive.campaign();
        let days = self.own_shares(inputs, parts);
        let hashes: Vec<Sha256Hash> = days.par_iter().map(DayInput::shape_hash).collect();
        let mut new: BTreeMap<Sha256Hash, &DayInput> = BTreeMap::new();
        let mut of: BTreeMap<ScreenCode, Vec<Sha256Hash>> = BTreeMap::new();
        for (hash, input) in hashes.iter().zip(&days) {
            of.entry(input.screen.clone()).or_default().push(*hash);
            if !looks.contains_key(hash) {
                new.entry(*hash).or_insert(input);
            }
        }
        let looked = new.into_par_iter().map(|(hash, input)| Ok((hash, look(input, &campaign)?)));
        looks.extend(looked.collect::<Result<Vec<_>, PlanningError>>()?);
        Ok(of)
    }

    fn answer(&self, screen: &Screen, looks: &[&Look], inputs: &Inputs) -> ScreenAnswer {
        let asked: u32 = looks.iter().map(|l| l.asked).sum();
        let placed: u32 = looks.iter().map(|l| l.placed).sum();
        let worst = looks.iter().filter(|l| l.lacks_s > 0).max_by_key(|l| l.lacks_s);
        let outcome = match (screen.kind, worst) {
            (ScreenKind::ThirdParty | ScreenKind::None, _) => Outcome::NotManaged,
            _ if inputs.without_fallback.contains(&screen.code) => Outcome::NoFallback,
            (_, Some(_)) => Outcome::Cannot,
            _ if looks.is_empty() => Outcome::OffDuty,
            _ if asked > 0 => Outcome::Can,
            _ if looks.iter().any(|l| l.knows) || self.suspended(screen) => Outcome::NothingAsked,
            _ => Outcome::NoVariant,
        };
        let why = |lang| worst.map(|l| self.reason(l, lang)).unwrap_or_default();
        let displaced = |l: &&&Look| l.displaced.values().map(|(plays, s)| plays * s).sum::<u32>();
        let hit = looks.iter().max_by_key(displaced);
        ScreenAnswer {
            screen: screen.code.clone(),
            name: screen.name.clone(),
            outcome,
            days: looks.len() as u32,
            asked,
            placed,
            windows: worst.map(|l| l.hours.text()).unwrap_or_default(),
            lacks_s: worst.map_or(0, |l| l.lacks_s),
            displaced_plays: hit.map_or(0, |l| l.displaced.values().map(|(plays, _)| plays).sum()),
            displaced_s: hit.map_or(0, |l| displaced(&l)),
            reason_vi: why(Lang::Vi),
            reason_en: why(Lang::En),
        }
    }

    fn suspended(&self, screen: &Screen) -> bool {
        let World { directory, campaigns, .. } = self.world;
        self.days.iter().any(|d| !campaigns.suspended_on(directory, screen, *d).is_empty())
    }

    fn reason(&self, look: &Look, lang: Lang) -> String {
        let Some((_, composed)) = look.short.as_deref() else { return String::new() };
        let (name, code) = (|code: &str| why::title(self.world, code), self.directive.code.as_str());
        // a gap that is too wide by itself says it all; what the others lack is not this order's matter
        let missing = look.asked.saturating_sub(look.placed);
        let alone = |c: &&Certificate| matches!(c, Certificate::Spacing { campaign, max_plays, asked } if campaign == code && asked - max_plays >= missing);
        match composed.report.certificates.iter().find(alone) {
            Some(proof) => proof.sentence(&composed.problem, lang, &name),
            None => composed.report.lines_about(code, &composed.problem, lang, &name).join(" "),
        }
    }
}

/// Plans one kind of day with the order and, where a contract is short, without it.
fn look(input: &DayInput, campaign: &CampaignCode) -> Result<Look, PlanningError> {
    let composed = compose(input, None, Effort::Quick)?;
    let tally = composed.tally();
    let of = |code: &CampaignCode| tally.get(code.as_str()).copied().unwrap_or_default();
    let (asked, placed) = of(campaign);
    let mine = input.wanted.iter().find(|w| w.asset.code == *campaign);
    let contracts: Vec<_> = input.wanted.iter().filter(|w| w.quota.is_none()).map(|w| &w.asset).collect();
    let mut displaced = BTreeMap::new();
    if placed > 0 && contracts.iter().any(|c| of(&c.code).0 > of(&c.code).1) {
        let mut without = input.clone();
        without.wanted.retain(|w| w.asset.code != *campaign);
        let before = compose(&without, None, Effort::Quick)?.tally();
        for contract in contracts {
            let had = before.get(contract.code.as_str()).map_or(0, |(_, placed)| *placed);
            let lost = had.saturating_sub(of(&contract.code).1);
            if lost > 0 {
                displaced.insert(contract.code.clone(), (lost, contract.media.duration_s));
            }
        }
    }
    let missing = asked.saturating_sub(placed);
    Ok(Look {
        asked,
        placed,
        knows: mine.is_some(),
        hours: mine.map(|w| w.windows.clone()).unwrap_or_default(),
        lacks_s: missing * mine.map_or(0, |w| w.asset.media.duration_s),
        displaced,
        short: (missing > 0).then(|| Box::new((input.clone(), composed))),
    })
}
