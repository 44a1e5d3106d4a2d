//! The compliance report of one campaign: a line per screen, roll-ups along every link, totals.

use super::figures::{Period, ScreenFacts, ScreenLine, Totals, screen_line, totals};
use super::{ComplianceError, ComplianceStore, DeviceFacts};
use crate::campaigns::{Campaigns, Directive};
use crate::directory::{Directory, Link, Screen};
use lichphat_playlists::ids::{CampaignCode, UnitCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcOffset};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One unit's sum along one link. Links overlap; the city's total counts each screen once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitLine {
    /// Link by which the screens belong to the unit.
    pub link: Link,
    /// The unit.
    pub unit: UnitCode,
    /// Its name.
    pub name: String,
    /// Figures of its screens.
    pub totals: Totals,
}

/// Figures of one campaign over a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    /// All screens.
    pub totals: Totals,
    /// By unit, along every link.
    pub units: Vec<UnitLine>,
    /// By screen.
    pub lines: Vec<ScreenLine>,
}

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
        let directive =
            campaigns.directive_of(campaign).ok_or_else(|| ComplianceError::NoSuchCampaign(campaign.clone()))?;
        let days = self.store.days(campaign, from, to).await?;
        let devices = self.store.devices().await?;
        let period = Period { from, to, now: self.clock.now(), offset: self.offset };
        let mut lines = Vec::new();
        let mut links: BTreeMap<(Link, UnitCode), Vec<usize>> = BTreeMap::new();
        for screen in directory.screens() {
            let mut facts = ScreenFacts {
                screen: screen.code.clone(),
                name: screen.name.clone(),
                kind: screen.kind.to_string(),
                force: String::new(),
                inferred: false,
                owed: Vec::new(),
                days: days.get(&screen.code).cloned().unwrap_or_default(),
                has_device: false,
                simulated: false,
                reported_until: None,
            };
            if !owed(campaigns, directive, (directory, screen), &period, &mut facts) {
                continue;
            }
            if let Some(DeviceFacts { simulated, reported_until, .. }) = devices.get(&screen.code) {
                (facts.has_device, facts.simulated, facts.reported_until) = (true, *simulated, *reported_until);
            }
            let Some(quota) = directive.quota else { continue };
            for link in Link::ALL {
                for unit in directory.units_of(screen, *link, to) {
                    links.entry((*link, unit.code.clone())).or_default().push(lines.len());
                }
            }
            lines.push(screen_line(&quota, &facts, &period));
        }
        let units = links
            .into_iter()
            .map(|((link, unit), of)| UnitLine {
                link,
                name: directory.unit(&unit).map_or_else(|| unit.to_string(), |u| u.name.clone()),
                unit,
                totals: totals(&of.iter().map(|&i| lines[i].clone()).collect::<Vec<_>>()),
            })
            .collect();
        Ok(Report {
            campaign: campaign.clone(),
            title: directive.title.clone(),
            sample: directive.sample,
            from,
            to,
            totals: totals(&lines),
            units,
            lines,
        })
    }
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
    bound
}
