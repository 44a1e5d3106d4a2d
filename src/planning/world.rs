//! From directory, campaigns and library to each screen's horizon: pure.

use super::compose::{FixedEvent, LoopItem};
use super::horizon::{DayFrame, ScreenContract, ScreenHorizon, ScreenOrder, horizon};
use super::{DayInput, Facts, PlanningError};
use crate::campaigns::{Campaigns, Directive, Product, Variant};
use crate::directory::{Directory, Screen, ScreenKind};
use lichphat_playlists::ids::{CampaignCode, MediaHash, ScreenCode};
use lichphat_playlists::media::Media;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::{Asset, LedgerThrough, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that plans are made from, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// Units, screens, duty.
    pub directory: &'a Directory,
    /// Orders, contracts, loops.
    pub campaigns: &'a Campaigns,
    /// Files of the library.
    pub media: &'a BTreeMap<MediaHash, Media>,
}

/// Something that should play and cannot, because its file is not in the library or has another length.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unplayable {
    /// Campaign or item.
    pub code: CampaignCode,
    /// Its variant.
    pub variant: String,
    /// What is wrong, for people.
    pub problem: &'static str,
}

/// Inputs of a fleet's days, and what could not be used for them.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// One per screen and day of duty.
    pub days: Vec<DayInput>,
    /// Orders and items without a file.
    pub unplayable: BTreeSet<Unplayable>,
}

impl World<'_> {
    /// The managed screens that may be planned.
    pub fn managed(&self) -> impl Iterator<Item = &Screen> {
        self.directory.screens().filter(|s| s.kind == ScreenKind::Managed)
    }

    /// First day whose facts the ledgers of running orders need, for planning from `today` on.
    pub fn facts_from(&self, today: LocalDay) -> LocalDay {
        let starts = self.campaigns.directives().filter_map(|d| d.period(today)).map(|(first, _)| first);
        starts.min().unwrap_or(today)
    }

    /// What `screens` ask for on `days`.
    pub fn inputs<'s>(
        &self,
        screens: impl Iterator<Item = &'s Screen>,
        days: &[LocalDay],
        facts: &Facts,
        marks: &BTreeMap<ScreenCode, LedgerThrough>,
    ) -> Result<Inputs, PlanningError> {
        let mut inputs = Inputs::default();
        let category_gap_s = self.campaigns.category_gap_s();
        for screen in screens {
            let Some(fallback) = self.fallback(screen, &mut inputs.unplayable) else {
                return Err(PlanningError::NoFallback);
            };
            let frames = days.iter().map(|&day| self.frame(screen, day, &mut inputs.unplayable)).collect();
            let planned = ScreenHorizon {
                screen: screen.code.clone(),
                venue: screen.venue_type.to_string(),
                days: frames,
                orders: self.orders(screen, days, &mut inputs.unplayable),
                fallback,
                category_gap_s: category_gap_s.clone(),
                ledger_through: marks.get(&screen.code).copied(),
            };
            let of = |asset: &Asset| facts.get(&(screen.code.clone(), asset.code.clone())).cloned().unwrap_or_default();
            inputs.days.extend(horizon(&planned, of));
        }
        Ok(inputs)
    }

    fn orders(&self, screen: &Screen, days: &[LocalDay], lost: &mut BTreeSet<Unplayable>) -> Vec<ScreenOrder> {
        let mut orders = Vec::new();
        let mut seen = BTreeSet::new();
        for &day in days {
            for (directive, _, variant) in self.campaigns.orders_on(self.directory, screen, day) {
                // A period owes nothing from the one before: each has its own ledger.
                if !seen.insert((directive.campaign(), directive.period(day))) {
                    continue;
                }
                orders.extend(self.order(directive, variant, screen, day, lost));
            }
        }
        orders
    }

    fn order(
        &self,
        directive: &Directive,
        variant: &Variant,
        screen: &Screen,
        day: LocalDay,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Option<ScreenOrder> {
        let product = directive.product.as_ref()?;
        Some(ScreenOrder {
            quota: directive.quota?,
            asset: self.asset(directive.campaign(), Tier::Order, product, variant, lost)?,
            owed: directive.days_owed(self.directory, screen, day),
            min_gap_s: directive.min_gap_s,
            min_display: product.min_display,
            priority: directive.priority,
            category: directive.category.clone(),
        })
    }

    fn frame(&self, screen: &Screen, day: LocalDay, lost: &mut BTreeSet<Unplayable>) -> DayFrame {
        let (directory, campaigns) = (self.directory, self.campaigns);
        let contracts = campaigns.contracts_on(directory, screen, day).filter_map(|(c, variant)| {
            Some(ScreenContract {
                asset: self.asset(c.code.clone(), Tier::Contract, &c.product, variant, lost)?,
                plays: c.plays_per_day,
                windows: Some(c.windows.0.clone()).filter(|w| !w.is_empty()),
                min_gap_s: c.min_gap_s,
                priority: c.priority,
                category: c.category.clone(),
            })
        });
        let contracts = contracts.collect();
        let fixed = campaigns.fixed_on(directory, screen, day).filter_map(|(f, variant)| {
            let asset = self.asset(f.code.clone(), Tier::Fixed, &f.product, variant, lost)?;
            Some(FixedEvent { asset, start_s: f.start_s() })
        });
        let fixed = fixed.collect();
        let local = campaigns.loop_on(directory, screen, day).into_iter().filter_map(|(code, entry)| {
            let asset = self.asset(code, Tier::Local, entry.product, entry.variant, lost)?;
            Some(LoopItem { asset, weight: entry.weight })
        });
        let local = local.collect();
        DayFrame {
            day,
            duty: directory.duty(screen, day),
            peak: directory.peak_windows(screen, day),
            weights: directory.weights(screen, day).to_vec(),
            contracts,
            fixed,
            local,
        }
    }

    fn fallback(&self, screen: &Screen, lost: &mut BTreeSet<Unplayable>) -> Option<Asset> {
        let (fallback, variant) = self.campaigns.fallback_of(screen)?;
        self.asset(fallback.code.clone(), Tier::Fallback, &fallback.product, variant, lost)
    }

    fn asset(
        &self,
        code: CampaignCode,
        tier: Tier,
        product: &Product,
        variant: &Variant,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Option<Asset> {
        let media = variant.media.and_then(|hash| self.media.get(&hash));
        let problem = match media {
            None => "its file is not in the library: import the document again beside its files",
            Some(m) if m.duration_s != product.length_s => "its file has another length than length_s",
            Some(m) => {
                let volume_percent = product.volume_percent;
                return Some(Asset { code, variant: variant.name(), tier, media: m.clone(), volume_percent });
            }
        };
        lost.insert(Unplayable { code, variant: variant.name(), problem });
        None
    }
}
