//! What really happened to each screen, which only the story knows.

use lichphat_playlists::time::{DAY_S, HANOI, IntervalSet, LocalDay, UtcMillis};
use std::collections::BTreeMap;

/// One screen-day of it; a day that is not in it passed as it should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// Seconds without power.
    pub(crate) off: IntervalSet,
    /// Seconds in which the panel is dark, and the box sees that it is.
    pub(crate) dark: IntervalSet,
    /// Seconds in which the panel is dark and no box can see it.
    pub(crate) lies: IntervalSet,
    /// Seconds without network.
    pub(crate) apart: IntervalSet,
    /// Seconds in which the speakers of the place talk.
    pub(crate) spoken: IntervalSet,
    /// Seconds that its clock, which somebody set ahead, has gone over before they came.
    pub(crate) leapt: IntervalSet,
}

impl Day {
    /// Seconds in which nobody can have seen anything, as far as a box can tell.
    pub(crate) fn unseen(&self) -> IntervalSet {
        self.off.union(&self.dark)
    }
}

/// All of it, by screen and day.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    days: BTreeMap<(String, LocalDay), Day>,
    /// Of which somebody should hear.
    pub(crate) darknesses: Vec<Darkness>,
}

/// A screen that went dark or silent in hours in which it should have played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Darkness {
    pub(crate) screen: String,
    pub(crate) from: UtcMillis,
    /// How long nobody is told, minutes: of a vehicle four hours.
    pub(crate) patience_min: i64,
    /// Who should hear of it.
    pub(crate) who: &'static [&'static str],
}

impl Truth {
    pub(crate) fn day(&self, screen: &str, day: LocalDay) -> Day {
        self.days.get(&(screen.to_owned(), day)).cloned().unwrap_or_default()
    }
    fn of(&mut self, screen: &str, day: LocalDay) -> &mut Day {
        self.days.entry((screen.to_owned(), day)).or_default()
    }
    /// Without power from a second to another.
    pub(crate) fn cut(&mut self, screen: &str, day: LocalDay, from_s: u32, to_s: u32) {
        add(&mut self.of(screen, day).off, from_s, to_s);
    }
    /// Its panel is dark, and its box sees that.
    pub(crate) fn darken(&mut self, screen: &str, day: LocalDay, from_s: u32, to_s: u32) {
        add(&mut self.of(screen, day).dark, from_s, to_s);
    }
    /// Its panel is dark, and nothing that plays can see that.
    pub(crate) fn darken_unseen(&mut self, screen: &str, day: LocalDay, from_s: u32, to_s: u32) {
        add(&mut self.of(screen, day).lies, from_s, to_s);
    }
    /// Without network.
    pub(crate) fn part(&mut self, screen: &str, day: LocalDay, from_s: u32, to_s: u32) {
        add(&mut self.of(screen, day).apart, from_s, to_s);
    }
    /// Somebody speaks over it.
    pub(crate) fn speak(&mut self, screen: &str, day: LocalDay, from_s: u32, to_s: u32) {
        add(&mut self.of(screen, day).spoken, from_s, to_s);
    }
    /// Its clock goes over these seconds before they come.
    pub(crate) fn leap(&mut self, screen: &str, day: LocalDay, from_s: u32, to_s: u32) {
        add(&mut self.of(screen, day).leapt, from_s, to_s);
    }
    /// Whether nobody can have seen what a screen showed at an instant, as far as its box can tell.
    pub(crate) fn unseen_at(&self, screen: &str, at: UtcMillis) -> bool {
        let (day, ms) = at.local(HANOI);
        self.days.get(&(screen.to_owned(), day)).is_some_and(|d| d.unseen().contains(ms / 1000))
    }
}

fn add(to: &mut IntervalSet, from_s: u32, to_s: u32) {
    *to = to.union(&IntervalSet::one(from_s, to_s.min(DAY_S)));
}
