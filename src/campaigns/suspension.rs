//! Suspensions: what is kept off a screen, in which seconds, and what becomes of the quotas of such days.
//!
//! `blank` and `solemn-loop` take content off; `mute` leaves it on without sound, so nothing of a quota
//! changes (a loudspeaker has nothing but sound: there it takes off). A day of which no second is left in which
//! an order counts is suspended for it; a day that keeps some is played, and owed, in what is left.

use super::directive::{ContentClass, Directive, InPlace, Suspend, SuspendedDays};
use super::product::Variant;
use super::snapshot::Campaigns;
use crate::directory::{Directory, Output, Screen};
use lichphat_playlists::quota::{DayOwed, Ratio, Within};
use lichphat_playlists::time::{IntervalSet, LocalDay};

/// One suspension as it binds a screen on a day.
#[derive(Debug, Clone)]
pub struct Suspension<'a> {
    /// The order.
    pub order: &'a Directive,
    /// Its terms.
    pub terms: &'a Suspend,
    /// Its seconds of the day.
    pub seconds: IntervalSet,
    /// The content goes on without sound.
    pub mutes: bool,
    /// What plays instead.
    solemn: Option<&'a Variant>,
}

/// Every suspension of a screen's day; none on nearly every day.
#[derive(Debug, Clone, Default)]
pub struct Suspended<'a>(Vec<Suspension<'a>>);

impl Suspension<'_> {
    fn takes_off(&self, class: ContentClass) -> bool {
        !self.mutes && self.terms.content.contains(&class)
    }
}

impl<'a> Suspended<'a> {
    /// Nothing is suspended.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// In order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &Suspension<'a>> {
        self.0.iter()
    }
    /// Seconds in which nothing of the class plays.
    pub fn off(&self, class: ContentClass) -> IntervalSet {
        let off = self.0.iter().filter(|s| s.takes_off(class));
        off.fold(IntervalSet::empty(), |all, s| all.union(&s.seconds))
    }
    /// The suspension that keeps the class off at a second.
    pub fn at(&self, class: ContentClass, second: u32) -> Option<&Suspension<'a>> {
        self.0.iter().find(|s| s.takes_off(class) && s.seconds.contains(second))
    }
    /// The first order that keeps the class off in some of these seconds.
    pub fn taking(&self, class: ContentClass, seconds: &IntervalSet) -> Option<&'a Directive> {
        let taking = |s: &&Suspension<'a>| s.takes_off(class) && !s.seconds.intersect(seconds).is_empty();
        self.0.iter().find(taking).map(|s| s.order)
    }
    /// Does the class play without sound on this day?
    pub fn mutes(&self, class: ContentClass) -> bool {
        self.0.iter().any(|s| s.mutes && s.terms.content.contains(&class))
    }
    /// What plays over and over in place of the loop, when this screen can play it.
    pub fn solemn(&self) -> Option<(&'a Directive, &'a Variant)> {
        self.0.iter().find_map(|s| Some((s.order, s.solemn?)))
    }
    /// Seconds in which the loop is off and nothing stands in its place.
    pub fn blank(&self) -> IntervalSet {
        let blank = self.0.iter().filter(|s| s.takes_off(ContentClass::Local) && s.solemn.is_none());
        blank.fold(IntervalSet::empty(), |all, s| all.union(&s.seconds))
    }
}

impl Campaigns {
    /// The suspensions of a screen's day.
    pub fn suspended_on<'a>(&'a self, directory: &'a Directory, screen: &'a Screen, day: LocalDay) -> Suspended<'a> {
        let of = |order: &'a Directive| {
            let terms = order.suspend.as_ref()?;
            let solemn = order.product.as_ref().filter(|_| terms.in_place == InPlace::SolemnLoop);
            Some(Suspension {
                order,
                terms,
                seconds: if terms.hours.0.is_empty() { IntervalSet::full_day() } else { terms.hours.0.clone() },
                mutes: terms.in_place == InPlace::Mute && screen.output != Output::None,
                solemn: solemn.and_then(|product| product.variant_for(screen)),
            })
        };
        Suspended(self.suspensions_on(directory, screen, day).filter_map(of).collect())
    }

    /// Seconds of a day in which an order's plays count on a screen: its windows while the screen is on duty, less what is
    /// suspended.
    pub fn windows_on(&self, directory: &Directory, order: &Directive, screen: &Screen, day: LocalDay) -> IntervalSet {
        let duty = directory.duty(screen, day);
        let within = match order.quota.map(|q| q.within) {
            Some(Within::Peak) => directory.peak_windows(screen, day).intersect(&duty),
            Some(Within::Duty) | None => duty,
        };
        within.minus(&self.suspended_on(directory, screen, day).off(ContentClass::Order))
    }

    /// What becomes of an order's quota on a day that is suspended for it, and the suspension that says so: no second is left in which it
    /// counts.
    pub fn suspends<'a>(
        &'a self,
        directory: &'a Directory,
        order: &Directive,
        screen: &'a Screen,
        day: LocalDay,
    ) -> Option<(SuspendedDays, &'a Directive)> {
        let suspended = self.suspended_on(directory, screen, day);
        let off = suspended.off(ContentClass::Order);
        if off.is_empty() {
            return None;
        }
        let counts = match order.quota?.within {
            Within::Peak => directory.peak_windows(screen, day),
            Within::Duty => directory.duty(screen, day),
        };
        if !counts.minus(&off).is_empty() {
            return None;
        }
        // of several the one that asks least, then the first by its code
        let taken = suspended.0.iter().filter(|s| s.takes_off(ContentClass::Order));
        let says = taken.min_by_key(|s| s.terms.days != SuspendedDays::LeaveQuota)?;
        Some((says.terms.days, says.order))
    }

    /// What every day of the order's period that holds `day` owes on a screen, suspensions heeded: the input of the
    /// period ledger. A suspended day is not played; it owes nothing, or owes what the days around it bring in.
    pub fn days_owed(&self, directory: &Directory, order: &Directive, screen: &Screen, day: LocalDay) -> Vec<DayOwed> {
        let mut days = order.days_owed(directory, screen, day);
        for owed in &mut days {
            match self.suspends(directory, order, screen, owed.day) {
                None => {}
                Some((SuspendedDays::MakeGood, _)) => owed.operating = false,
                Some((SuspendedDays::LeaveQuota, _)) => {
                    (owed.operating, owed.owed) = (false, Ratio::from_integer(0));
                }
            }
        }
        days
    }
}
