//! When a screen should be on, and when people are there: pure rules over a [`Directory`].
//!
//! Duty of a day = the vehicle's roster of that day, or else the hours of the venue's profile in force,
//! by the calendar; minus closures. A screen that does not stand yet, or no longer, has none.

use super::calendar::DayKind;
use super::closure::{Closure, ClosureSubject, LocalTime, gone};
use super::follow::{self, ClassPeaks};
use super::footfall::{FootfallProfile, FootfallSubject};
use super::screen::{Link, Screen};
use super::snapshot::Directory;
use super::venue::{BIN_S, BINS, DayHours, VenueProfile};
use lichphat_playlists::ids::{ScreenCode, VenueType};
use lichphat_playlists::peak::{DayClass, Share, fit_to_duty, windows_from_counts};
use lichphat_playlists::time::{IntervalSet, LocalDay, UtcMillis};

impl Directory {
    /// The profile in force for a kind of place on a day.
    pub fn venue(&self, venue_type: &VenueType, day: LocalDay) -> Option<&VenueProfile> {
        self.venues.get(venue_type)?.range(..=Some(day)).next_back().map(|(_, profile)| profile)
    }

    /// Do state offices work on this day? Monday to Friday and make-up days, but not on days off.
    pub fn offices_work(&self, day: LocalDay) -> bool {
        match self.calendar.get(&day).map(|d| d.kind) {
            Some(DayKind::DayOff) => false,
            Some(DayKind::Workday) => true,
            None => day.weekday().num_days_from_monday() < 5,
        }
    }

    /// The class of a day whose people are counted together, by the calendar; a day that it does not mark goes
    /// by its day of the week alone.
    pub fn day_class(&self, day: LocalDay) -> DayClass {
        DayClass::of(day, self.calendar.get(&day).map(|marked| marked.kind == DayKind::Workday))
    }

    /// Does the calendar mark any day of that year?
    pub fn calendar_holds(&self, year: i32) -> bool {
        let first = LocalDay::from_ymd(year, 1, 1);
        let last = LocalDay::from_ymd(year, 12, 31);
        first.zip(last).is_some_and(|(first, last)| self.calendar.range(first..=last).next().is_some())
    }

    fn hours(&self, screen: &Screen, day: LocalDay) -> Option<(&VenueProfile, &DayHours)> {
        self.venue_hours(&screen.venue_type, day)
    }

    /// The profile in force for a kind of place, and its hours of the day; none when it is closed.
    pub(super) fn venue_hours(&self, venue: &VenueType, day: LocalDay) -> Option<(&VenueProfile, &DayHours)> {
        let profile = self.venue(venue, day)?;
        Some((profile, profile.hours_on(day, self.calendar.get(&day))?))
    }

    /// The closure of that subject that begins at that time.
    pub fn closure_at(&self, subject: &ClosureSubject, from: LocalTime) -> Option<&Closure> {
        self.closures.get(subject)?.get(&from)
    }

    /// The screen's own closures, of whatever day, by their beginning.
    pub fn own_closures(&self, screen: &ScreenCode) -> impl Iterator<Item = &Closure> {
        self.closures.get(&ClosureSubject::Screen(screen.clone())).into_iter().flat_map(|own| own.values())
    }

    /// Every closure, of whatever subject and day.
    pub fn closures(&self) -> impl Iterator<Item = &Closure> {
        self.closures.values().flat_map(|of| of.values())
    }

    /// The closures that leave a screen no second of duty on a day; none when some is left, or when it would have had none anyway.
    pub fn closed_all_day(&self, screen: &Screen, day: LocalDay) -> Vec<&Closure> {
        let open = self.open(screen, day);
        if open.is_empty() || self.operating(screen, day) {
            return Vec::new();
        }
        let mut closures = self.closures_of(screen, day);
        closures.retain(|closure| !closure.excuses(day).intersect(&open).is_empty());
        closures
    }

    /// The closures that touch a screen on a day, its own first.
    pub fn closures_of(&self, screen: &Screen, day: LocalDay) -> Vec<&Closure> {
        let mut found = Vec::new();
        if self.closures.is_empty() {
            return found;
        }
        let mut look = |subject: ClosureSubject| {
            let closures = self.closures.get(&subject).into_iter().flat_map(|c| c.values());
            found.extend(closures.filter(|c| !c.on(day).is_empty()));
        };
        look(ClosureSubject::Screen(screen.code.clone()));
        for link in Link::ALL {
            for unit in self.units_of(screen, *link, day) {
                look(ClosureSubject::Unit(*link, unit.code.clone()));
            }
        }
        found
    }

    /// The seconds in which the screen should be on. A closure takes what lay ahead when it was entered.
    pub fn duty(&self, screen: &Screen, day: LocalDay) -> IntervalSet {
        let open = self.open(screen, day);
        if open.is_empty() {
            return open;
        }
        self.closures_of(screen, day).into_iter().fold(open, |on, closure| on.minus(&closure.excuses(day)))
    }

    /// The seconds in which it should be on if nothing closed it.
    fn open(&self, screen: &Screen, day: LocalDay) -> IntervalSet {
        if !screen.in_service.contains(day) {
            return IntervalSet::empty();
        }
        match self.roster.get(&screen.code).and_then(|days| days.get(&day)) {
            Some(hours) => hours.clone(),
            None => self.hours(screen, day).map(|(_, hours)| hours.on()).unwrap_or_default(),
        }
    }

    /// Its seconds of duty on a day that are over: whatever is entered from now on, they stay owed.
    pub fn owed_before(&self, screen: &Screen, day: LocalDay, now: UtcMillis) -> IntervalSet {
        self.duty(screen, day).intersect(&gone(day, now))
    }

    /// Does a roster say when the screen runs on that day, as for a vehicle?
    pub fn is_rostered(&self, screen: &Screen, day: LocalDay) -> bool {
        self.roster.get(&screen.code).is_some_and(|days| days.contains_key(&day))
    }

    /// Is there any second of duty on the day?
    pub fn operating(&self, screen: &Screen, day: LocalDay) -> bool {
        !self.duty(screen, day).is_empty()
    }

    /// Where counts speak for a screen, nearest first: what was accepted for it, its own counts, then the same
    /// of its kind of place.
    fn counted(&self, screen: &Screen, day: LocalDay) -> impl Iterator<Item = Counted<'_>> {
        let own = FootfallSubject::Screen(screen.code.clone());
        let venue = FootfallSubject::Venue(screen.venue_type.clone());
        [own, venue].into_iter().flat_map(move |subject| {
            let accepted = self.accepted_peaks(&subject, day).map(Counted::Accepted);
            accepted.into_iter().chain(self.footfall.get(&subject).map(Counted::Profile))
        })
    }

    /// People per 15 minutes: from counts of the screen, else of its kind of place, else from the
    /// profile's peaks; 0 off duty.
    pub fn weights(&self, screen: &Screen, day: LocalDay) -> [u32; BINS] {
        let duty = self.duty(screen, day);
        let counted = self.counted(screen, day).find_map(|counted| counted.weights(day));
        let weights = counted.or_else(|| self.hours(screen, day).map(|(profile, hours)| profile.weights_of(hours)));
        // a rostered bus on a day its profile calls closed still carries people
        let weights = weights.unwrap_or([1; BINS]);
        std::array::from_fn(|bin| {
            let (a, b) = (bin as u32 * BIN_S, (bin as u32 + 1) * BIN_S);
            if duty.intersect(&IntervalSet::one(a, b)).is_empty() { 0 } else { weights[bin] }
        })
    }

    /// When most people are there: what was accepted from counts, else counts of the screen itself, else the
    /// peaks of the profile in force, else (a day without any) its busiest hours; as the screen's duty can serve
    /// them.
    pub fn peak_windows(&self, screen: &Screen, day: LocalDay) -> IntervalSet {
        let duty = self.duty(screen, day);
        if duty.is_empty() {
            return duty;
        }
        let counted = self.counted(screen, day).find_map(|counted| counted.windows(screen, day, &duty));
        let profile = || self.hours(screen, day).map(|(_, hours)| hours.peaks.0.clone());
        fit_to_duty(&counted.or_else(profile).unwrap_or_default(), &duty, &self.weights(screen, day))
    }
}

/// Counts that speak for a screen.
enum Counted<'a> {
    /// Derived and accepted.
    Accepted(&'a ClassPeaks),
    /// As they were imported, for every day.
    Profile(&'a FootfallProfile),
}

impl Counted<'_> {
    fn weights(&self, day: LocalDay) -> Option<[u32; BINS]> {
        match self {
            Self::Accepted(peaks) => Some(follow::weights(peaks)),
            Self::Profile(profile) => profile.weights(day.weekday().num_days_from_monday() as usize),
        }
    }

    /// Imported counts of a kind of place weigh its hours and leave its windows alone: those have a source.
    fn windows(&self, screen: &Screen, day: LocalDay, duty: &IntervalSet) -> Option<IntervalSet> {
        match self {
            Self::Accepted(peaks) => Some(peaks.windows.0.clone()),
            Self::Profile(profile) if profile.subject == FootfallSubject::Screen(screen.code.clone()) => {
                let people = self.weights(day)?.map(|people| Some(u128::from(people)));
                Some(windows_from_counts(&people, duty, Share::HALF))
            }
            Self::Profile(_) => None,
        }
    }
}
