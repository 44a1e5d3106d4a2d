//! The compliance report of one campaign: a line per screen, roll-ups along every link, totals.

use super::screen::{Period, ScreenFacts, ScreenLine, Totals, screen_line, totals};
use super::unit::{QuotaUnit, unit_line, unit_totals};
use crate::ids::{CampaignCode, UnitCode};
use crate::quota::{DayOwed, Of, Quota};
use crate::time::LocalDay;
use serde::{Deserialize, Serialize};

/// One unit's sum along one link. Links overlap; the city's total counts each screen once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLine {
    /// Link by which the screens belong to the unit: `owner`, `territory`, `sector`, `operator`.
    pub link: String,
    /// The unit.
    pub unit: UnitCode,
    /// Its name.
    pub name: String,
    /// Figures of its screens.
    pub totals: Totals,
}

/// Figures of one campaign over a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The campaign.
    pub campaign: CampaignCode,
    /// Its title.
    pub title: String,
    /// True for a sample of a demonstration.
    pub sample: bool,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Whose number it is: each screen's, or a unit's.
    pub of: Of,
    /// All screens; where the number is a unit's, `on_duty`, `met`, `short` and the means are of units.
    pub totals: Totals,
    /// By unit, along every link.
    pub units: Vec<UnitLine>,
    /// By screen; where the number is a unit's, what the plans asked of each stands for what it owes.
    pub lines: Vec<ScreenLine>,
    /// By unit, where the number is a unit's.
    pub quota_units: Vec<QuotaUnit>,
}

/// Everything a report is made from but the records: the scheduler's word on the order, the screens and what their days
/// owe. What the records add is in [`ScreenFacts::days`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The campaign.
    pub campaign: CampaignCode,
    /// Its title.
    pub title: String,
    /// True for a sample of a demonstration.
    pub sample: bool,
    /// What it asks for; none for an order without a number, whose report is empty.
    pub quota: Option<Quota>,
    /// The days, and the moment figures are reckoned at.
    pub period: Period,
    /// The screens it binds, by code.
    pub screens: Vec<ScreenFacts>,
    /// Units by link.
    pub links: Vec<LinkBasis>,
    /// Units that have a number of their own.
    pub quota_units: Vec<UnitBasis>,
}

/// A unit to which screens belong by one link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkBasis {
    /// The link.
    pub link: String,
    /// The unit.
    pub unit: UnitCode,
    /// Its name.
    pub name: String,
    /// Its screens, as places in [`Basis::screens`].
    pub screens: Vec<u32>,
    /// Units with a number of their own that are it or lie below it, as places in [`Basis::quota_units`].
    pub below: Vec<u32>,
}

/// A unit with a number of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitBasis {
    /// The unit.
    pub unit: UnitCode,
    /// Its name.
    pub name: String,
    /// What its days owe.
    pub owed: Vec<DayOwed>,
    /// Its screens, as places in [`Basis::screens`].
    pub screens: Vec<u32>,
}

impl Basis {
    /// The report. A place that names no screen is passed over.
    pub fn report(&self) -> Report {
        let lines: Vec<ScreenLine> = match &self.quota {
            Some(quota) => self.screens.iter().map(|facts| screen_line(quota, facts, &self.period)).collect(),
            None => Vec::new(),
        };
        let of = self.quota.map(|q| q.of).unwrap_or_default();
        let quota_units: Vec<QuotaUnit> = match &self.quota {
            Some(quota) => self.quota_units.iter().map(|unit| self.quota_unit(quota, unit, &lines)).collect(),
            None => Vec::new(),
        };
        let whole = totals(lines.iter());
        let units = self.links.iter().map(|link| Self::link(link, of, &lines, &quota_units)).collect();
        Report {
            campaign: self.campaign.clone(),
            title: self.title.clone(),
            sample: self.sample,
            from: self.period.from,
            to: self.period.to,
            of,
            totals: if of == Of::Unit { unit_totals(&whole, quota_units.iter()) } else { whole },
            units,
            lines,
            quota_units,
        }
    }

    fn quota_unit(&self, quota: &Quota, unit: &UnitBasis, lines: &[ScreenLine]) -> QuotaUnit {
        let screens: Vec<_> = unit
            .screens
            .iter()
            .filter_map(|&i| Some((self.screens.get(i as usize)?, lines.get(i as usize)?)))
            .collect();
        unit_line(quota, unit, &screens, &self.period)
    }

    /// Where the number is a unit's, units are met or short, not screens. A unit above sums those below it.
    fn link(link: &LinkBasis, of: Of, lines: &[ScreenLine], quota_units: &[QuotaUnit]) -> UnitLine {
        let mut sums = totals(link.screens.iter().filter_map(|&i| lines.get(i as usize)));
        if of == Of::Unit {
            sums = unit_totals(&sums, link.below.iter().filter_map(|&i| quota_units.get(i as usize)));
        }
        UnitLine { link: link.link.clone(), unit: link.unit.clone(), name: link.name.clone(), totals: sums }
    }
}
