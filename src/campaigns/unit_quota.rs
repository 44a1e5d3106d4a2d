//! Quotas of units: the number binds a unit, and its screens reach it together.
//!
//! The unit is the one to which a screen is tied by the link of the line that binds it: "each ward plays two a
//! month on its loudspeakers" is a line for the city by `territory`, and each ward has a number of its own.

use super::directive::{Directive, SuspendedDays};
use super::period::Period;
use super::snapshot::Campaigns;
use crate::directory::{Directory, Screen};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::quota::{DayOwed, Of, Ratio};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

impl Directive {
    /// Is its number one for all screens of a unit?
    pub fn is_of_units(&self) -> bool {
        self.quota.is_some_and(|q| q.of == Of::Unit)
    }

    /// The unit to whose number a screen's plays of a day are added; none when the order does not bind it.
    pub fn quota_unit<'a>(&self, directory: &Directory, screen: &'a Screen, day: LocalDay) -> Option<&'a UnitCode> {
        let line = self.binds(directory, screen, day)?;
        screen.unit(line.target.link, day)
    }

    /// The units that its line binds on some day of a period, each with the screens that were ever its own in it,
    /// whoever plays on them.
    pub fn quota_units<'a>(
        &self,
        directory: &'a Directory,
        (first, last): Period,
    ) -> BTreeMap<&'a UnitCode, Vec<&'a Screen>> {
        let mut units: BTreeMap<&UnitCode, Vec<&Screen>> = BTreeMap::new();
        for screen in directory.screens() {
            let mut of = None;
            for day in first.through(last) {
                let unit = self.quota_unit(directory, screen, day);
                if let Some(unit) = unit.filter(|_| unit != of) {
                    let screens = units.entry(unit).or_default();
                    if screens.last().is_none_or(|s| s.code != screen.code) {
                        screens.push(screen);
                    }
                }
                of = unit;
            }
        }
        units
    }
}

impl Campaigns {
    /// What every day of the order's period that holds `day` owes for the whole unit: it operates when one of
    /// `screens` ([`Directive::quota_units`]) does, and is suspended when all that would operate are.
    pub fn unit_days_owed(
        &self,
        directory: &Directory,
        order: &Directive,
        (unit, screens): (&UnitCode, &[&Screen]),
        day: LocalDay,
    ) -> Vec<DayOwed> {
        let Some((first, last)) = order.period(day) else { return Vec::new() };
        let own = |s: &&&Screen, d: LocalDay| order.quota_unit(directory, s, d) == Some(unit);
        let span = |d| order.quota.map_or((d, d), |q| q.per.span(d));
        let operates = |d: LocalDay| screens.iter().any(|s| own(&s, d) && directory.operating(s, d));
        let operating: BTreeMap<LocalDay, bool> =
            span(first).0.through(span(last).1).map(|d| (d, operates(d))).collect();
        let on = |d: LocalDay| operating.get(&d).copied().unwrap_or(false);
        let days = first.through(last).map(|d| {
            let now: Vec<&&Screen> = screens.iter().filter(|s| own(s, d)).collect();
            let highest = now.iter().filter_map(|s| order.quota_on(directory, s, d)).max_by_key(|(q, _)| q.plays);
            let owed = highest.map_or(Ratio::from_integer(0), |(quota, _)| quota.owed_on(d, on));
            let suspended = now
                .iter()
                .filter(|s| directory.operating(s, d))
                .map(|s| self.suspends(directory, order, s, d).map(|(days, _)| days))
                .collect::<Option<Vec<SuspendedDays>>>()
                .unwrap_or_default();
            match suspended.iter().max_by_key(|days| **days == SuspendedDays::LeaveQuota) {
                Some(SuspendedDays::LeaveQuota) => DayOwed { day: d, owed: Ratio::from_integer(0), operating: false },
                Some(SuspendedDays::MakeGood) => DayOwed { day: d, owed, operating: false },
                None => DayOwed { day: d, owed, operating: on(d) },
            }
        });
        days.collect()
    }
}
