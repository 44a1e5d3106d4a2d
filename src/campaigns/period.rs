//! The days of an order: its periods as its amendments leave them, and what each day owes.

use super::directive::{Amendment, AmendmentKind, Directive, Override};
use crate::directory::{Directory, Screen};
use lichphat_playlists::quota::{DayOwed, Quota, Ratio};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// Days from the first to the second, both included.
pub type Period = (LocalDay, LocalDay);

/// Where an order stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its first day is still to come.
    Upcoming,
    /// It is in force.
    Running,
    /// Between two of its periods.
    Paused,
    /// Its last day has passed.
    Ended,
}

/// Where the number in force comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised<'a> {
    /// The order itself.
    Order,
    /// A later change of the order.
    Amendment(&'a Amendment),
    /// The head of a unit.
    Override(&'a Override),
}

impl Directive {
    /// The first day on which its newest change makes something another; of an order without changes its own first day.
    pub fn changed_from(&self) -> LocalDay {
        let Some((newest, before)) = self.amendment.split_last() else { return self.from };
        let end = self.periods_after(before).last().map_or(self.to, |(_, last)| *last);
        match newest.kind {
            AmendmentKind::Extend => newest.from.unwrap_or(end.next()),
            AmendmentKind::Raise => newest.from.unwrap_or(self.from),
            AmendmentKind::End => self.from,
        }
    }

    /// Its periods in order, as the amendments leave them. A period owes nothing from the one before.
    pub fn periods(&self) -> Vec<Period> {
        self.periods_after(&self.amendment)
    }

    /// Its periods after only some of its amendments.
    pub(super) fn periods_after(&self, amendments: &[Amendment]) -> Vec<Period> {
        let mut periods = vec![(self.from, self.to)];
        for amendment in amendments {
            match (amendment.kind, amendment.to) {
                (AmendmentKind::Extend, Some(to)) => {
                    let end = periods.last().map(|(_, last)| *last);
                    match (end, amendment.from) {
                        (Some(end), Some(from)) if from > end.next() => periods.push((from, to)),
                        (Some(end), _) => {
                            if let Some(last) = periods.last_mut() {
                                last.1 = end.max(to);
                            }
                        }
                        (None, _) => {}
                    }
                }
                (AmendmentKind::End, Some(to)) => {
                    periods.retain(|(first, _)| *first <= to);
                    if let Some(last) = periods.last_mut() {
                        last.1 = last.1.min(to);
                    }
                }
                _ => {}
            }
        }
        periods
    }

    /// The period that holds a day.
    pub fn period(&self, day: LocalDay) -> Option<Period> {
        self.periods().into_iter().find(|(first, last)| *first <= day && day <= *last)
    }

    /// Where it stands on a day.
    pub fn phase(&self, day: LocalDay) -> Phase {
        let periods = self.periods();
        if periods.iter().any(|(first, last)| *first <= day && day <= *last) {
            Phase::Running
        } else if periods.iter().all(|(_, last)| *last < day) {
            Phase::Ended
        } else if periods.iter().all(|(first, _)| day < *first) {
            Phase::Upcoming
        } else {
            Phase::Paused
        }
    }

    /// The same order with one more amendment.
    pub fn with_amendment(&self, amendment: Amendment) -> Self {
        let mut amended = self.clone();
        amended.amendment.push(amendment);
        amended
    }

    /// The quota of the order itself on a day, after the raises in force.
    pub(super) fn order_quota(&self, day: LocalDay) -> Option<(Quota, Raised<'_>)> {
        let quota = self.quota?;
        let raises = self.amendment.iter().filter(|a| a.kind == AmendmentKind::Raise && a.from <= Some(day));
        let best = raises.filter_map(|a| Some((a.plays?, a))).max_by_key(|(plays, _)| *plays);
        Some(match best {
            Some((plays, amendment)) if plays > quota.plays => (Quota { plays, ..quota }, Raised::Amendment(amendment)),
            _ => (quota, Raised::Order),
        })
    }

    /// What is asked of a screen on a day, and by whom: the highest of the order, its raises and the
    /// overrides of the screen's units. `None` outside the order's days, for a screen it does not bind,
    /// and for an order without a number.
    pub fn quota_on(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> Option<(Quota, Raised<'_>)> {
        self.period(day)?;
        self.binds(directory, screen, day)?;
        let order = self.order_quota(day)?;
        let mine = self.overrides.iter().filter(|o| o.holds(day) && directory.is_in(screen, &o.unit, o.link, day));
        Some(match mine.max_by_key(|o| o.plays) {
            Some(o) if o.plays > order.0.plays => (Quota { plays: o.plays, ..order.0 }, Raised::Override(o)),
            _ => order,
        })
    }

    /// What a day owes by itself on a screen: 0 when it is not bound, or closed (unless the quota is over
    /// calendar days).
    pub fn owed(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> Ratio {
        match self.quota_on(directory, screen, day) {
            Some((quota, _)) => quota.owed_on(day, |d| directory.operating(screen, d)),
            None => Ratio::from_integer(0),
        }
    }

    /// What every day of the period that holds `day` owes on a screen: the input of the period ledger.
    /// Empty outside the order's days.
    pub fn days_owed(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> Vec<DayOwed> {
        let Some((first, last)) = self.period(day) else { return Vec::new() };
        // a month's plays are shared by all its operating days: each day is looked at once
        let span = |d| self.quota.map_or((d, d), |q| q.per.span(d));
        let operating: BTreeMap<LocalDay, bool> =
            span(first).0.through(span(last).1).map(|d| (d, directory.operating(screen, d))).collect();
        let on = |d: LocalDay| operating.get(&d).copied().unwrap_or(false);
        first
            .through(last)
            .map(|d| {
                let owed = self.quota_on(directory, screen, d).map(|(quota, _)| quota.owed_on(d, on));
                DayOwed { day: d, owed: owed.unwrap_or(Ratio::from_integer(0)), operating: on(d) }
            })
            .collect()
    }
}
