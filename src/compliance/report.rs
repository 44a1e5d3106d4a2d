//! What a report is made from: the order or contract, the screens it is for, what their days owe, what plans and rollups say of them.

use super::{Basis, ComplianceError, ComplianceStore, DeviceFacts, Period, Report, ScreenFacts};
use crate::campaigns::{Campaigns, Contract, Directive};
use crate::directory::{Directory, Link, Screen};
use lichphat_playlists::figures::{LinkBasis, NO_VARIANT, SUSPENDED, UnitBasis};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, UnitCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::quota::{DayOwed, Of, Quota, Ratio};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stands in the place of a binding force: plays that were sold.
const CONTRACT: &str = "contract";

/// The room's door.
pub struct Reports {
    store: Arc<dyn ComplianceStore>,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
}

impl Reports {
    /// Ties the room to its store and clock.
    pub fn new(store: Arc<dyn ComplianceStore>, clock: Arc<dyn Clock>, offset: UtcOffset) -> Self {
        Self { store, clock, offset }
    }

    /// The report of `campaign` from `from` to `to`, both included.
    pub async fn compliance(
        &self,
        directory: &Directory,
        campaigns: &Campaigns,
        campaign: &CampaignCode,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<Report, ComplianceError> {
        Ok(self.basis(directory, campaigns, campaign, (from, to), self.clock.now()).await?.report())
    }

    /// What that report is made from, as of `now`.
    pub async fn basis(
        &self,
        directory: &Directory,
        campaigns: &Campaigns,
        campaign: &CampaignCode,
        days: (LocalDay, LocalDay),
        now: UtcMillis,
    ) -> Result<Basis, ComplianceError> {
        self.basis_of(directory, campaigns, campaign, days, now, &|_| true).await
    }

    /// The same of some screens alone; of all where the number is a unit's, which its screens reach together.
    pub async fn basis_of(
        &self,
        directory: &Directory,
        campaigns: &Campaigns,
        campaign: &CampaignCode,
        (from, to): (LocalDay, LocalDay),
        now: UtcMillis,
        wanted: &(dyn Fn(&Screen) -> bool + Sync),
    ) -> Result<Basis, ComplianceError> {
        let asks = Asks::of(campaigns, campaign).ok_or_else(|| ComplianceError::NoSuchCampaign(campaign.clone()))?;
        let mut days = self.store.days(campaign, from, to).await?;
        let devices = self.store.devices().await?;
        let period = Period { from, to, now, offset: self.offset };
        let mut screens = Vec::new();
        let mut members: BTreeMap<(Link, UnitCode), Vec<u32>> = BTreeMap::new();
        let quota = asks.quota();
        let asked = |screen: &&Screen| quota.is_some_and(|q| q.of == Of::Unit || wanted(screen));
        for screen in directory.screens().filter(asked) {
            let mut facts = ScreenFacts {
                screen: screen.code.clone(),
                name: screen.name.clone(),
                kind: screen.kind.to_string(),
                force: String::new(),
                inferred: false,
                owed: Vec::new(),
                kept_off: BTreeMap::new(),
                days: days.remove(&screen.code).unwrap_or_default(),
                has_device: false,
                simulated: false,
                reported_until: None,
            };
            if !asks.owed(campaigns, (directory, screen), &period, &mut facts) {
                continue;
            }
            if let Some(DeviceFacts { simulated, reported_until, .. }) = devices.get(&screen.code) {
                (facts.has_device, facts.simulated, facts.reported_until) = (true, *simulated, *reported_until);
            }
            for link in Link::ALL {
                for unit in directory.units_of(screen, *link, to) {
                    members.entry((*link, unit.code.clone())).or_default().push(screens.len() as u32);
                }
            }
            screens.push(facts);
        }
        let quota_units = match asks {
            Asks::Order(directive) => quota_units(campaigns, directive, directory, &period, &screens),
            Asks::Contract(_) => Vec::new(),
        };
        let link = |((link, unit), screens): ((Link, UnitCode), Vec<u32>)| LinkBasis {
            link: link.to_string(),
            name: name_of(directory, &unit),
            below: (0..)
                .zip(&quota_units)
                .filter(|(_, u)| is_below(directory, &u.unit, &unit))
                .map(|(i, _)| i)
                .collect(),
            screens,
            unit,
        };
        Ok(Basis {
            campaign: campaign.clone(),
            title: asks.title().to_owned(),
            sample: asks.is_sample(),
            quota,
            period,
            links: members.into_iter().map(link).collect(),
            screens,
            quota_units,
        })
    }
}

/// What asks for plays: an order, or a contract.
#[derive(Clone, Copy)]
enum Asks<'a> {
    Order(&'a Directive),
    Contract(&'a Contract),
}

impl<'a> Asks<'a> {
    fn of(campaigns: &'a Campaigns, code: &CampaignCode) -> Option<Self> {
        let contract = || campaigns.contracts().find(|c| c.code == *code).map(Self::Contract);
        campaigns.directive_of(code).map(Self::Order).or_else(contract)
    }
    fn title(self) -> &'a str {
        match self {
            Self::Order(d) => &d.title,
            Self::Contract(c) => &c.title,
        }
    }
    fn is_sample(self) -> bool {
        match self {
            Self::Order(d) => d.sample,
            Self::Contract(c) => c.sample,
        }
    }
    fn quota(self) -> Option<Quota> {
        match self {
            Self::Order(d) => d.quota,
            Self::Contract(c) => Some(c.quota()),
        }
    }

    /// What its days owe on a screen; false when it asks nothing of it on any day of the period.
    fn owed(
        self,
        campaigns: &Campaigns,
        (directory, screen): (&Directory, &Screen),
        period: &Period,
        facts: &mut ScreenFacts,
    ) -> bool {
        match self {
            Self::Order(directive) => owed(campaigns, directive, (directory, screen), period, facts),
            Self::Contract(contract) => {
                let sold = |day| contract.plays_on(directory, screen, day);
                facts.force = CONTRACT.to_owned();
                facts.owed = campaigns.contract_days_owed(directory, contract, screen, (period.from, period.to));
                let fits = contract.product.variant_for(screen).is_some();
                keep_off(facts, period, |d| {
                    if d.operating {
                        return (!fits).then(|| NO_VARIANT.to_owned());
                    }
                    let suspended = sold(d.day).then(|| campaigns.suspended_on(directory, screen, d.day))?;
                    contract.suspended_by(&directory.duty(screen, d.day), &suspended).map(suspension)
                });
                period.from.through(period.to).any(sold)
            }
        }
    }
}

/// Days of the period on which nothing can play, each with its cause.
fn keep_off(facts: &mut ScreenFacts, period: &Period, why: impl Fn(&DayOwed) -> Option<String>) {
    let days = facts.owed.iter().filter(|d| period.from <= d.day && d.day <= period.to);
    facts.kept_off = days.filter_map(|d| Some((d.day, why(d)?))).collect();
}

/// The cause of a day that an order takes off.
fn suspension(order: &Directive) -> String {
    format!("{SUSPENDED}:{}", order.code)
}

fn is_below(directory: &Directory, unit: &UnitCode, above: &UnitCode) -> bool {
    directory.line_of(unit).any(|u| u.code == *above)
}

/// The units that have a number of their own, with what their days owe.
fn quota_units(
    campaigns: &Campaigns,
    directive: &Directive,
    directory: &Directory,
    period: &Period,
    facts: &[ScreenFacts],
) -> Vec<UnitBasis> {
    if directive.quota.is_none_or(|q| q.of != Of::Unit) {
        return Vec::new();
    }
    let index: BTreeMap<&ScreenCode, u32> = facts.iter().map(|f| &f.screen).zip(0..).collect();
    let mut units: BTreeMap<UnitCode, UnitBasis> = BTreeMap::new();
    for (first, last) in directive.periods() {
        let (from, to) = (first.max(period.from), last.min(period.to));
        if from > to {
            continue;
        }
        for (unit, screens) in directive.quota_units(directory, (from, to)) {
            let basis = units.entry(unit.clone()).or_insert_with(|| UnitBasis {
                unit: unit.clone(),
                name: name_of(directory, unit),
                owed: Vec::new(),
                screens: Vec::new(),
            });
            basis.owed.extend(campaigns.unit_days_owed(directory, directive, (unit, &screens), from));
            for &i in screens.iter().filter_map(|s| index.get(&s.code)) {
                if !basis.screens.contains(&i) {
                    basis.screens.push(i);
                }
            }
        }
    }
    let mut units: Vec<UnitBasis> = units.into_values().collect();
    units.iter_mut().for_each(|unit| unit.screens.sort_unstable());
    units
}

fn name_of(directory: &Directory, unit: &UnitCode) -> String {
    directory.unit(unit).map_or_else(|| unit.to_string(), |u| u.name.clone())
}

/// What the order's days owe on a screen; false when it binds the screen on no day of the period.
fn owed(
    campaigns: &Campaigns,
    directive: &Directive,
    (directory, screen): (&Directory, &Screen),
    period: &Period,
    facts: &mut ScreenFacts,
) -> bool {
    let mut bound = false;
    for (first, last) in directive.periods() {
        let (from, to) = (first.max(period.from), last.min(period.to));
        if from > to {
            continue;
        }
        if let Some(line) = from.through(to).find_map(|day| directive.binds(directory, screen, day)) {
            bound = true;
            facts.force = line.target.force.to_string();
            facts.inferred = line.target.inferred;
            facts.owed.extend(campaigns.days_owed(directory, directive, screen, from));
        }
    }
    keep_off(facts, period, |d| {
        if !d.operating && directory.operating(screen, d.day) {
            campaigns.suspends(directory, directive, screen, d.day).map(|(_, order)| suspension(order))
        } else {
            (d.operating && directive.product_for(screen, d.day).is_none()).then(|| NO_VARIANT.to_owned())
        }
    });
    if directive.is_of_units() {
        // no screen owes a number of its own: what its plans asked of it is its part
        for DayOwed { day, owed, .. } in &mut facts.owed {
            *owed = Ratio::from_integer(facts.days.get(day).map_or(0, |f| f.asked.into()));
        }
    }
    bound
}
