//! The compliance report of one campaign: a line per screen, roll-ups along every link, totals.

use super::figures::{Period, ScreenFacts, ScreenLine, Totals, screen_line, totals};
use super::unit_quota::{self, QuotaUnit, unit_totals};
use super::{ComplianceError, ComplianceStore, DeviceFacts};
use crate::campaigns::{Campaigns, Directive};
use crate::directory::{Directory, Link, Screen};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, UnitCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::quota::{DayOwed, Of, Ratio};
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
        let mut all = Lines::default();
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
                    all.links.entry((*link, unit.code.clone())).or_default().push(all.lines.len());
                }
            }
            all.lines.push(screen_line(&quota, &facts, &period));
            all.facts.push(facts);
        }
        let quota_units = all.quota_units(campaigns, directive, directory, &period);
        let mut report = Report {
            campaign: campaign.clone(),
            title: directive.title.clone(),
            sample: directive.sample,
            from,
            to,
            of: directive.quota.map(|q| q.of).unwrap_or_default(),
            totals: totals(&all.lines),
            units: all.units(directory),
            lines: all.lines,
            quota_units,
        };
        if report.of == Of::Unit {
            report.count_units(directory);
        }
        Ok(report)
    }
}

/// What a report is made from: lines by screen, with the facts behind them and the units they add up to.
#[derive(Default)]
struct Lines {
    lines: Vec<ScreenLine>,
    facts: Vec<ScreenFacts>,
    links: BTreeMap<(Link, UnitCode), Vec<usize>>,
}

impl Lines {
    fn units(&self, directory: &Directory) -> Vec<UnitLine> {
        let line = |((link, unit), of): (&(Link, UnitCode), &Vec<usize>)| UnitLine {
            link: *link,
            name: name_of(directory, unit),
            unit: unit.clone(),
            totals: totals(&of.iter().map(|&i| self.lines[i].clone()).collect::<Vec<_>>()),
        };
        self.links.iter().map(line).collect()
    }

    /// A line for each unit that has a number of its own.
    fn quota_units(
        &self,
        campaigns: &Campaigns,
        directive: &Directive,
        directory: &Directory,
        period: &Period,
    ) -> Vec<QuotaUnit> {
        let Some(quota) = directive.quota.filter(|q| q.of == Of::Unit) else { return Vec::new() };
        let index: BTreeMap<&ScreenCode, usize> = self.facts.iter().enumerate().map(|(i, f)| (&f.screen, i)).collect();
        let mut units: BTreeMap<UnitCode, unit_quota::Facts<'_>> = BTreeMap::new();
        for (first, last) in directive.periods() {
            let (from, to) = (first.max(period.from), last.min(period.to));
            if from > to {
                continue;
            }
            for (unit, screens) in directive.quota_units(directory, (from, to)) {
                let facts = units.entry(unit.clone()).or_insert_with(|| unit_quota::Facts {
                    unit: unit.clone(),
                    name: name_of(directory, unit),
                    owed: Vec::new(),
                    screens: Vec::new(),
                });
                facts.owed.extend(campaigns.unit_days_owed(directory, directive, (unit, &screens), from));
                for &i in screens.iter().filter_map(|s| index.get(&s.code)) {
                    if facts.screens.iter().all(|(f, _)| f.screen != self.facts[i].screen) {
                        facts.screens.push((&self.facts[i], &self.lines[i]));
                    }
                }
            }
        }
        units.values().map(|facts| unit_quota::unit_line(&quota, facts, period)).collect()
    }
}

fn name_of(directory: &Directory, unit: &UnitCode) -> String {
    directory.unit(unit).map_or_else(|| unit.to_string(), |u| u.name.clone())
}

impl Report {
    /// Where the number is a unit's, units are met or short, not screens. A unit above sums those below it.
    fn count_units(&mut self, directory: &Directory) {
        self.totals = unit_totals(&self.totals, self.quota_units.iter());
        for line in &mut self.units {
            let below =
                self.quota_units.iter().filter(|u| directory.line_of(&u.unit).any(|above| above.code == line.unit));
            line.totals = unit_totals(&line.totals, below);
        }
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
    if directive.is_of_units() {
        // no screen owes a number of its own: what its plans asked of it is its part
        for DayOwed { day, owed, .. } in &mut facts.owed {
            *owed = Ratio::from_integer(facts.days.get(day).map_or(0, |f| f.asked.into()));
        }
    }
    bound
}
