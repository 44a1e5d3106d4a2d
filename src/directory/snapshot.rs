//! A snapshot of the whole directory, in memory: what imports compare with and every other room asks.
//! 20,000 screens are a few tens of megabytes, and every question is a look-up.

use super::calendar::CalendarDay;
use super::closure::{Closure, ClosureSubject, LocalTime};
use super::follow::{Accepted, Following};
use super::footfall::{FootfallDay, FootfallProfile, FootfallSubject};
use super::name::{matching_key, plain_key, without_kind};
use super::screen::Screen;
use super::unit::Unit;
use super::venue::VenueProfile;
use lichphat_playlists::ids::{ScreenCode, UnitCode, VenueType};
use lichphat_playlists::time::{IntervalSet, LocalDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The intervals in which a vehicle's screen runs on one day, in place of its venue's hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// The vehicle's screen.
    pub screen: ScreenCode,
    /// The day.
    pub day: LocalDay,
    /// When it runs; empty = it stays in the depot.
    pub hours: IntervalSet,
}

/// One fact to be put into the directory; a fact with the same key is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Key: code.
    Unit(Unit),
    /// Key: code.
    Screen(Screen),
    /// Key: type and first day.
    Venue(VenueProfile),
    /// Key: date.
    Calendar(CalendarDay),
    /// Key: subject and beginning.
    Closure(Closure),
    /// There is no closure of that subject and beginning: one that was entered a moment ago is taken back.
    NoClosure(ClosureSubject, LocalTime),
    /// Key: screen and day.
    Roster(RosterEntry),
    /// Key: subject.
    Footfall(FootfallProfile),
    /// Key: subject and day. Kept by the store alone: only weekly proposals ask for them.
    FootfallDay(FootfallDay),
    /// Key: subject and first day.
    Following(Following),
}

/// What a file says, ready to be put in as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Facts in the order of the file.
    pub changes: Vec<Change>,
}

/// What putting a batch in did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Facts that were new.
    pub added: u32,
    /// Facts that replaced another of their key.
    pub changed: u32,
    /// Facts that were there already.
    pub unchanged: u32,
}

impl Summary {
    /// True when nothing was written.
    pub fn nothing_changed(&self) -> bool {
        self.added == 0 && self.changed == 0
    }
}

/// Everything the city is made of, at one revision of the store.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Goes up by one with every import that changes something.
    pub revision: u64,
    pub(super) units: BTreeMap<UnitCode, Unit>,
    pub(super) screens: BTreeMap<ScreenCode, Screen>,
    pub(super) venues: BTreeMap<VenueType, BTreeMap<Option<LocalDay>, VenueProfile>>,
    pub(super) calendar: BTreeMap<LocalDay, CalendarDay>,
    pub(super) closures: BTreeMap<ClosureSubject, BTreeMap<LocalTime, Closure>>,
    pub(super) roster: BTreeMap<ScreenCode, BTreeMap<LocalDay, IntervalSet>>,
    pub(super) footfall: BTreeMap<FootfallSubject, FootfallProfile>,
    pub(super) following: BTreeMap<FootfallSubject, BTreeMap<LocalDay, Following>>,
    pub(super) accepted: BTreeMap<FootfallSubject, Accepted>,
    pub(super) names: NameIndex,
}

/// Units by every key of their name.
#[derive(Debug, Clone, Default)]
pub(super) struct NameIndex {
    pub(super) exact: BTreeMap<String, Vec<UnitCode>>,
    pub(super) plain: BTreeMap<String, Vec<UnitCode>>,
}

impl NameIndex {
    fn add(&mut self, unit: &Unit) {
        let enter = |map: &mut BTreeMap<String, Vec<UnitCode>>, key: &str| {
            for key in [key, without_kind(key)] {
                let codes = map.entry(key.to_owned()).or_default();
                if !codes.contains(&unit.code) {
                    codes.push(unit.code.clone());
                }
            }
        };
        enter(&mut self.exact, &matching_key(&unit.name));
        enter(&mut self.plain, &plain_key(&unit.name));
    }
    fn remove(&mut self, unit: &Unit) {
        for map in [&mut self.exact, &mut self.plain] {
            map.retain(|_, codes| {
                codes.retain(|c| *c != unit.code);
                !codes.is_empty()
            });
        }
    }
}

enum Put {
    Added,
    Changed,
    Unchanged,
}

fn put<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, V>, key: K, value: V) -> Put {
    match map.get(&key) {
        Some(old) if *old == value => Put::Unchanged,
        Some(_) => {
            map.insert(key, value);
            Put::Changed
        }
        None => {
            map.insert(key, value);
            Put::Added
        }
    }
}

impl Directory {
    /// Puts a batch in and returns the facts that were not there already, with a count of each kind.
    /// The same batch a second time returns no fact. Counts of a day are not looked at: the store holds them.
    pub fn apply(&mut self, batch: Batch) -> (Vec<Change>, Summary) {
        let mut summary = Summary::default();
        let mut written = Vec::new();
        for change in batch.changes.into_iter().filter(|c| !matches!(c, Change::FootfallDay(_))) {
            let done = self.put(change.clone());
            match done {
                Put::Added => summary.added += 1,
                Put::Changed => summary.changed += 1,
                Put::Unchanged => summary.unchanged += 1,
            }
            if !matches!(done, Put::Unchanged) {
                written.push(change);
            }
        }
        (written, summary)
    }

    fn put(&mut self, change: Change) -> Put {
        match change {
            Change::Unit(unit) => {
                if let Some(old) = self.units.get(&unit.code).filter(|old| old.name != unit.name) {
                    self.names.remove(old);
                }
                self.names.add(&unit);
                put(&mut self.units, unit.code.clone(), unit)
            }
            Change::Screen(screen) => put(&mut self.screens, screen.code.clone(), screen),
            Change::Venue(profile) => {
                put(self.venues.entry(profile.venue_type.clone()).or_default(), profile.valid_from, profile)
            }
            Change::Calendar(day) => put(&mut self.calendar, day.date, day),
            Change::Closure(closure) => {
                let closures = self.closures.entry(closure.subject.clone()).or_default();
                match closures.get(&closure.from) {
                    Some(old) if old.says_the_same(&closure) => Put::Unchanged,
                    _ => put(closures, closure.from, closure),
                }
            }
            Change::NoClosure(subject, from) => {
                let Some(closures) = self.closures.get_mut(&subject) else { return Put::Unchanged };
                let taken = closures.remove(&from).is_some();
                if closures.is_empty() {
                    self.closures.remove(&subject);
                }
                if taken { Put::Changed } else { Put::Unchanged }
            }
            Change::Roster(entry) => put(self.roster.entry(entry.screen).or_default(), entry.day, entry.hours),
            Change::Footfall(profile) => put(&mut self.footfall, profile.subject.clone(), profile),
            Change::FootfallDay(_) => Put::Unchanged,
            Change::Following(following) => {
                put(self.following.entry(following.subject.clone()).or_default(), following.from, following)
            }
        }
    }
}
