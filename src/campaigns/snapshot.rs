//! All campaigns in memory: what imports compare with, and what planning asks for a screen and a day.

use super::contract::Contract;
use super::directive::{Directive, DirectiveKind};
use super::local::{Fallback, FixedItem, LoopItem};
use super::own;
use super::period::Phase;
use super::product::{Product, Variant};
use super::target::Bound;
use crate::directory::{Directory, Screen, Summary};
use lichphat_playlists::ids::{CampaignCode, DirectiveCode};
use lichphat_playlists::time::{IntervalSet, LocalDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One fact to be put in; a fact with the same key is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CampaignChange {
    /// Key: code.
    Directive(Box<Directive>),
    /// Key: code.
    Contract(Contract),
    /// Key: code.
    Item(LoopItem),
    /// Key: code.
    Fixed(FixedItem),
    /// Key: code.
    Fallback(Fallback),
    /// Key: category.
    CategoryGap {
        /// The category.
        category: String,
        /// Least seconds between starts of its different campaigns.
        gap_s: u32,
    },
}

impl CampaignChange {
    /// `directive`, `contract` …: the first part of its key in the store.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Directive(_) => "directive",
            Self::Contract(_) => "contract",
            Self::Item(_) => "item",
            Self::Fixed(_) => "fixed",
            Self::Fallback(_) => "fallback",
            Self::CategoryGap { .. } => "category-gap",
        }
    }
    /// The second part: code or category.
    pub fn code(&self) -> &str {
        match self {
            Self::Directive(d) => d.code.as_str(),
            Self::Contract(c) => c.code.as_str(),
            Self::Item(c) => c.code.as_str(),
            Self::Fixed(c) => c.code.as_str(),
            Self::Fallback(c) => c.code.as_str(),
            Self::CategoryGap { category, .. } => category,
        }
    }
}

/// What a file says, ready to be put in as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CampaignBatch {
    /// Facts in the order of the file.
    pub changes: Vec<CampaignChange>,
}

/// All campaigns, at one revision of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Campaigns {
    /// Goes up by one with every import that changes something.
    pub revision: u64,
    facts: BTreeMap<(&'static str, String), CampaignChange>,
}

/// A product on a screen's loop, with its share.
#[derive(Debug, Clone, Copy)]
pub struct LoopEntry<'a> {
    /// Its campaign's title.
    pub title: &'a str,
    /// Its product.
    pub product: &'a Product,
    /// The variant this screen plays.
    pub variant: &'a Variant,
    /// Share of voice, among all that is on the loop.
    pub weight: u32,
    /// Hours in which it is on the loop; none: all duty.
    pub hours: Option<&'a IntervalSet>,
}

impl Campaigns {
    /// Puts a batch in and returns the facts that were not there already, with a count of each kind.
    pub fn apply(&mut self, batch: CampaignBatch) -> (Vec<CampaignChange>, Summary) {
        let mut summary = Summary::default();
        let mut written = Vec::new();
        for change in batch.changes {
            let old = self.facts.insert((change.kind(), change.code().to_owned()), change.clone());
            match old {
                Some(old) if old == change => {
                    summary.unchanged += 1;
                    continue;
                }
                Some(_) => summary.changed += 1,
                None => summary.added += 1,
            }
            written.push(change);
        }
        (written, summary)
    }

    fn of(&self, kind: &'static str) -> impl Iterator<Item = &CampaignChange> {
        let after = (kind, String::new());
        self.facts.range(after..).take_while(move |((k, _), _)| *k == kind).map(|(_, change)| change)
    }

    /// What the code belongs to: `directive`, `contract`, `item`, `fixed` or `fallback`.
    pub fn kind_of(&self, code: &str) -> Option<&'static str> {
        ["directive", "contract", "item", "fixed", "fallback"]
            .into_iter()
            .find(|kind| self.facts.contains_key(&(*kind, code.to_owned())))
    }

    /// All directives, in order of their codes.
    pub fn directives(&self) -> impl Iterator<Item = &Directive> {
        self.of("directive").filter_map(|c| if let CampaignChange::Directive(d) = c { Some(d.as_ref()) } else { None })
    }
    /// The directive with this code.
    pub fn directive(&self, code: &DirectiveCode) -> Option<&Directive> {
        self.directives().find(|d| d.code == *code)
    }
    /// The directive behind a campaign.
    pub fn directive_of(&self, campaign: &CampaignCode) -> Option<&Directive> {
        self.directives().find(|d| d.code.as_str() == campaign.as_str())
    }
    /// All contracts, in order of their codes.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.of("contract").filter_map(|c| if let CampaignChange::Contract(c) = c { Some(c) } else { None })
    }
    /// All items of the loop, in order of their codes.
    pub fn items(&self) -> impl Iterator<Item = &LoopItem> {
        self.of("item").filter_map(|c| if let CampaignChange::Item(c) = c { Some(c) } else { None })
    }
    /// All fixed events, in order of their codes.
    pub fn fixed(&self) -> impl Iterator<Item = &FixedItem> {
        self.of("fixed").filter_map(|c| if let CampaignChange::Fixed(c) = c { Some(c) } else { None })
    }
    /// All safe loops, in order of their codes.
    pub fn fallbacks(&self) -> impl Iterator<Item = &Fallback> {
        self.of("fallback").filter_map(|c| if let CampaignChange::Fallback(c) = c { Some(c) } else { None })
    }
    /// Least seconds between starts of different campaigns of one category.
    pub fn category_gap_s(&self) -> BTreeMap<String, u32> {
        let gap = |c: &CampaignChange| match c {
            CampaignChange::CategoryGap { category, gap_s } => Some((category.clone(), *gap_s)),
            _ => None,
        };
        self.of("category-gap").filter_map(gap).collect()
    }

    /// The orders to play that bind a screen on a day and have something that it can play ([`Directive::product_for`]).
    pub fn orders_on<'a>(
        &'a self,
        directory: &'a Directory,
        screen: &'a Screen,
        day: LocalDay,
    ) -> impl Iterator<Item = (&'a Directive, Bound<'a>, &'a Variant)> {
        self.directives()
            .filter(move |d| d.kind == DirectiveKind::Play && d.phase(day) == Phase::Running)
            .filter_map(move |d| Some((d, d.binds(directory, screen, day)?, d.product_for(screen, day)?.1)))
    }

    /// The suspensions that bind a screen on a day.
    pub fn suspensions_on<'a>(
        &'a self,
        directory: &'a Directory,
        screen: &'a Screen,
        day: LocalDay,
    ) -> impl Iterator<Item = &'a Directive> {
        self.directives().filter(move |d| {
            d.kind == DirectiveKind::Suspend
                && d.phase(day) == Phase::Running
                && d.binds(directory, screen, day).is_some()
        })
    }

    /// The contracts of a screen on a day.
    pub fn contracts_on<'a>(
        &'a self,
        directory: &'a Directory,
        screen: &'a Screen,
        day: LocalDay,
    ) -> impl Iterator<Item = (&'a Contract, &'a Variant)> {
        self.contracts()
            .filter(move |c| c.plays_on(directory, screen, day))
            .filter_map(move |c| Some((c, c.product.variant_for(screen)?)))
    }

    /// The fixed events of a screen on a day.
    pub fn fixed_on<'a>(
        &'a self,
        directory: &'a Directory,
        screen: &'a Screen,
        day: LocalDay,
    ) -> impl Iterator<Item = (&'a FixedItem, &'a Variant)> {
        self.fixed()
            .filter(move |f| f.plays_on(directory, screen, day))
            .filter_map(move |f| Some((f, f.product.variant_for(screen)?)))
    }

    /// The loop of a screen on a day: local items, those that have a turn in its order, and orders that name no number.
    pub fn loop_on<'a>(
        &'a self,
        directory: &'a Directory,
        screen: &'a Screen,
        day: LocalDay,
    ) -> Vec<(CampaignCode, LoopEntry<'a>)> {
        let orders = self.orders_on(directory, screen, day).filter_map(|(d, ..)| {
            let (weight, (product, variant)) = (d.weight?, d.product_for(screen, day)?);
            Some((d.campaign(), LoopEntry { title: &d.title, product, variant, weight, hours: None }))
        });
        let entry = |i: &'a LoopItem| {
            let (title, product) = (i.title.as_str(), &i.product);
            let (variant, hours) = (product.variant_for(screen)?, Some(&i.hours.0).filter(|h| !h.is_empty()));
            Some((i.code.clone(), LoopEntry { title, product, variant, weight: i.weight, hours }))
        };
        let (mut round, others): (Vec<&LoopItem>, Vec<&LoopItem>) =
            self.items().filter(|i| i.plays_on(directory, screen, day)).partition(|i| i.turn > 0);
        round.sort_by_key(|i| i.turn);
        let round: Vec<_> = round.into_iter().filter_map(entry).collect();
        own::joined(round, orders.chain(others.into_iter().filter_map(entry)).collect())
    }

    /// What a screen shows when nothing else can be shown: the first safe loop it can play.
    pub fn fallback_of(&self, screen: &Screen) -> Option<(&Fallback, &Variant)> {
        self.fallbacks().find_map(|f| Some((f, f.product.variant_for(screen)?)))
    }

    /// All safe loops that it can play, in their order.
    pub fn fallbacks_of<'a>(&'a self, screen: &'a Screen) -> impl Iterator<Item = (&'a Fallback, &'a Variant)> {
        self.fallbacks().filter_map(|f| Some((f, f.product.variant_for(screen)?)))
    }
}
