//! Closures: dated times in which screens are off for a reason somebody answers for.

use super::problem::{Say, say};
use super::screen::Link;
use super::table::Field;
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::{DAY_S, HANOI, IntervalSet, LocalDay, UtcMillis, clock_text, parse_clock};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is closed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosureSubject {
    /// Every screen tied by this link to the unit or to one below it.
    Unit(Link, UnitCode),
    /// One screen.
    Screen(ScreenCode),
}

/// A minute of local time, `2026-11-20 14:30`; the end of a day is `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalTime {
    /// The day.
    pub day: LocalDay,
    /// Second of the day, at most 86,400.
    pub second: u32,
}

impl LocalTime {
    /// The instant in Hà Nội.
    pub fn instant(self) -> UtcMillis {
        self.day.at(self.second, HANOI)
    }
    /// Reads `2026-11-20` (as `default_second` of that day) or `2026-11-20 14:30`.
    pub fn parse(text: &str, default_second: u32) -> Result<Self, Say> {
        let (day, second) = match text.split_once([' ', 'T']) {
            None => (text, default_second),
            Some((day, clock)) => {
                (day, parse_clock(clock).map_err(|e| say("viết giờ theo dạng hh:mm, từ 00:00 đến 24:00", e.mend))?)
            }
        };
        Ok(Self { day: LocalDay::read(day)?, second })
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.day, &clock_text(self.second)[..5])
    }
}

/// A time in which screens are off with a reason. The same subject and beginning name the same
/// closure; a changed one is entered anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// What is closed.
    pub subject: ClosureSubject,
    /// Beginning.
    pub from: LocalTime,
    /// End, excluded.
    pub to: LocalTime,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub author: String,
    /// When it was first entered.
    pub entered_at: UtcMillis,
}

impl Closure {
    /// Entered after it had begun: shown with a flag, and no excuse for what was before it was entered.
    pub fn after_the_fact(&self) -> bool {
        self.entered_at > self.from.instant()
    }
    /// Its seconds on `day`.
    pub fn on(&self, day: LocalDay) -> IntervalSet {
        if day < self.from.day || day > self.to.day {
            return IntervalSet::empty();
        }
        let from = if day == self.from.day { self.from.second } else { 0 };
        let to = if day == self.to.day { self.to.second } else { DAY_S };
        IntervalSet::one(from, to)
    }
    /// Its seconds on `day` that were still to come when it was entered: only in these is a screen off duty. What it owed before somebody
    /// wrote that it was closed, it owes; otherwise a dark week would be closed afterwards.
    pub fn excuses(&self, day: LocalDay) -> IntervalSet {
        self.on(day).minus(&gone(day, self.entered_at))
    }
    /// The same words, whenever they were entered.
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { entered_at: other.entered_at, ..self.clone() } == *other
    }
}

/// Seconds of `day` that were over at an instant, the one under way among them. What was owed in them is owed: no entry of then or later
/// takes it away, be it a closure, a roster or a screen's last day.
pub(super) fn gone(day: LocalDay, at: UtcMillis) -> IntervalSet {
    let ms = at.since_ms(day.start(HANOI)).clamp(0, i64::from(DAY_S) * 1000);
    IntervalSet::one(0, (ms as u32).div_ceil(1000))
}
