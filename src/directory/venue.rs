//! Venue profiles: when the screens of a kind of place are on, and when people are there. Profiles
//! are effective-dated: Hà Nội's metro peaks changed on 2026-02-09, and the days before keep theirs.

use super::calendar::{AppliesTo, CalendarDay, DayKind};
use super::problem::{Say, say};
use super::words::words;
use lichphat_playlists::ids::VenueType;
use lichphat_playlists::time::{IntervalSet, LocalDay};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use lichphat_playlists::peak::{BIN_S, BINS};

words! {
    /// Which days off a kind of place keeps.
    Observes {
        /// Days off and make-up days of state offices; closed on a day off unless it says otherwise.
        Offices = "offices",
        /// Days off of everybody, with the hours of `day-off` or else of Sunday; no swapped days.
        Public = "public",
        /// None: every day is its day of the week.
        Nothing = "none",
    }
}

words! {
    /// How well a profile is backed.
    Confidence {
        /// Hours and peaks have a source.
        Sourced = "sourced",
        /// Some of them; the others are marked as assumptions.
        Partly = "partly",
        /// None of them: to be verified before use.
        Assumption = "assumption",
    }
}

/// Hours as `08:00-12:00;13:00-17:00`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours(pub IntervalSet);

impl Hours {
    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Hours {
    type Error = lichphat_playlists::time::TimeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        IntervalSet::parse(&text).map(Self)
    }
}
impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.0.text()
    }
}

/// A class of days: Monday = 0 … Sunday = 6, 7 = a day off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayClass(u8);

impl DayClass {
    /// A day off of the calendar.
    pub const DAY_OFF: Self = Self(7);
    /// The class of a plain day of the week.
    pub fn of(day: LocalDay) -> Self {
        Self(day.weekday().num_days_from_monday() as u8)
    }
}

const DAY_NAMES: [&str; 8] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "day-off"];

/// A set of day classes: `mon-fri`, `sat,sun`, `mon-sun,day-off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Days(u8);

impl Days {
    /// Is the class inside?
    pub fn contains(self, class: DayClass) -> bool {
        self.0 & (1 << class.0) != 0
    }
    fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A text that names no days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("days {0:?} are not valid: write mon-fri, or sat,sun, or mon-sun,day-off")]
pub struct DaysError(String);

impl TryFrom<String> for Days {
    type Error = DaysError;
    fn try_from(text: String) -> Result<Self, DaysError> {
        let error = || DaysError(super::problem::short(&text));
        let index = |name: &str| DAY_NAMES.iter().position(|n| *n == name).ok_or_else(error);
        let mut days = 0;
        for part in text.split(',').map(str::trim) {
            let (first, last) = match part.split_once('-') {
                Some((a, b)) if part != "day-off" => (index(a)?, index(b)?),
                _ => (index(part)?, index(part)?),
            };
            if last < first {
                return Err(error());
            }
            (first..=last).for_each(|i| days |= 1 << i);
        }
        Ok(Self(days))
    }
}
impl From<Days> for String {
    fn from(days: Days) -> Self {
        days.to_string()
    }
}
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = (0..8).filter(|i| self.0 & (1 << i) != 0).map(|i| DAY_NAMES[i]).collect();
        f.write_str(&names.join(","))
    }
}

/// A term of every year, `09-05..05-31`: both days included, over the new year when the end is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Term {
    from: (u32, u32),
    to: (u32, u32),
}

/// A text that is no term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("term {0:?} is not valid: write month-day..month-day, for example 09-05..05-31")]
pub struct TermError(String);

impl Term {
    fn contains(&self, day: LocalDay) -> bool {
        use chrono::Datelike;
        let day = (day.0.month(), day.0.day());
        if self.from <= self.to { self.from <= day && day <= self.to } else { self.from <= day || day <= self.to }
    }
}
impl TryFrom<String> for Term {
    type Error = TermError;
    fn try_from(text: String) -> Result<Self, TermError> {
        let month_day = |part: &str| {
            // 2024 is a leap year: 02-29 may be written
            format!("2024-{part}").parse::<LocalDay>().ok().map(|d| {
                use chrono::Datelike;
                (d.0.month(), d.0.day())
            })
        };
        text.split_once("..")
            .and_then(|(a, b)| Some(Self { from: month_day(a)?, to: month_day(b)? }))
            .ok_or_else(|| TermError(super::problem::short(&text)))
    }
}
impl From<Term> for String {
    fn from(Term { from, to }: Term) -> Self {
        format!("{:02}-{:02}..{:02}-{:02}", from.0, from.1, to.0, to.1)
    }
}

/// People per bin where only the peaks are known: one weight inside them, one for other open hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlainWeights {
    /// While open, outside the peaks.
    pub open: u32,
    /// Inside the peaks.
    pub peak: u32,
}

impl Default for PlainWeights {
    /// Three to ten: an assumption, until footfall is imported.
    fn default() -> Self {
        Self { open: 30, peak: 100 }
    }
}

/// The hours of some classes of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayHours {
    /// The days they hold for.
    pub days: Days,
    /// When the screens are on; empty = closed.
    pub open: Hours,
    /// When they are off in between.
    #[serde(default)]
    pub lunch_break: Hours,
    /// When most people are there.
    #[serde(default)]
    pub peaks: Hours,
    /// People per hour 0 to 23, in place of the plain weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_hourly: Option<[u32; 24]>,
    /// The hours have no source.
    #[serde(default)]
    pub open_assumption: bool,
    /// The peaks have no source.
    #[serde(default)]
    pub peaks_assumption: bool,
}

/// How a kind of place lives, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueProfile {
    /// The kind of place.
    #[serde(rename = "type")]
    pub venue_type: VenueType,
    /// First day it holds; since ever when absent. It holds until the next profile of its type.
    #[serde(default)]
    pub valid_from: Option<LocalDay>,
    /// Vietnamese name of the kind of place.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// Which days off it keeps.
    pub calendar: Observes,
    /// Months in which it is open; all year when empty.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// How well it is backed.
    pub confidence: Confidence,
    /// Where it comes from.
    pub source: String,
    /// What the reader should know.
    #[serde(default)]
    pub note: String,
    /// Weights where only peaks are known.
    #[serde(default)]
    pub weights: PlainWeights,
    /// Hours by class of day; a class that is not named is closed.
    pub hours: Vec<DayHours>,
}

impl VenueProfile {
    /// The class of `day` for this kind of place, given what the calendar says of it.
    pub fn class(&self, day: LocalDay, marked: Option<&CalendarDay>) -> DayClass {
        let plain = DayClass::of(day);
        let Some(marked) = marked else { return plain };
        match (self.calendar, marked.kind) {
            (Observes::Nothing, _) => plain,
            (Observes::Public, DayKind::Workday) => plain,
            (Observes::Public, DayKind::DayOff) if marked.applies_to == AppliesTo::Offices => plain,
            (Observes::Public, DayKind::DayOff) if self.block(DayClass::DAY_OFF).is_none() => DayClass(6),
            (Observes::Public | Observes::Offices, DayKind::DayOff) => DayClass::DAY_OFF,
            // a make-up Saturday is worked like the Monday to Friday it stands for
            (Observes::Offices, DayKind::Workday) => DayClass(0),
        }
    }
    /// The hours of a class of days.
    pub fn block(&self, class: DayClass) -> Option<&DayHours> {
        self.hours.iter().find(|h| h.days.contains(class))
    }
    /// The hours of `day`; `None` when closed.
    pub fn hours_on(&self, day: LocalDay, marked: Option<&CalendarDay>) -> Option<&DayHours> {
        if !self.terms.is_empty() && !self.terms.iter().any(|t| t.contains(day)) {
            return None;
        }
        self.block(self.class(day, marked))
    }
    /// People per bin on a day with these hours.
    pub fn weights_of(&self, hours: &DayHours) -> [u32; BINS] {
        let on = hours.on();
        std::array::from_fn(|bin| {
            let start = bin as u32 * BIN_S;
            if let Some(hourly) = hours.weights_hourly {
                hourly[bin / 4]
            } else if hours.peaks.0.contains(start) {
                self.weights.peak
            } else if on.contains(start) {
                self.weights.open
            } else {
                0
            }
        })
    }
    /// What is wrong with it: path of the key inside the profile, value, mend.
    pub fn flaws(&self) -> Vec<(String, String, Say)> {
        let mut flaws = Vec::new();
        let mut flaw = |path: String, value: String, vi: &str, en: &str| flaws.push((path, value, say(vi, en)));
        for (i, hours) in self.hours.iter().enumerate() {
            let open = &hours.open.0;
            if self.hours[..i].iter().any(|earlier| earlier.days.overlaps(hours.days)) {
                let vi = "ngày này đã có giờ ở trên; mỗi ngày chỉ một lần";
                flaw(
                    format!("hours[{i}].days"),
                    hours.days.to_string(),
                    vi,
                    "these days have hours above; name each day once",
                );
            }
            for (key, set) in [("lunch_break", &hours.lunch_break.0), ("peaks", &hours.peaks.0)] {
                let outside = set.minus(open);
                if !outside.is_empty() {
                    let en = "lies outside `open`; widen `open` or cut it";
                    flaw(
                        format!("hours[{i}].{key}"),
                        outside.text(),
                        "nằm ngoài giờ mở (open); mở rộng open hoặc cắt bớt",
                        en,
                    );
                }
            }
        }
        let assumed = self.hours.iter().any(|h| h.open_assumption || h.peaks_assumption);
        if assumed != (self.confidence != Confidence::Sourced) {
            let (vi, en) = if assumed {
                (
                    "có giờ mang dấu *_assumption: viết partly hoặc assumption",
                    "some hours are marked *_assumption: write partly or assumption",
                )
            } else {
                (
                    "chưa giờ nào mang dấu: thêm open_assumption / peaks_assumption = true, hoặc viết sourced",
                    "no hour is marked: add open_assumption / peaks_assumption = true, or write sourced",
                )
            };
            flaw("confidence".into(), self.confidence.to_string(), vi, en);
        }
        if self.source.trim().is_empty() && self.confidence != Confidence::Assumption {
            flaw(
                "source".into(),
                String::new(),
                "ghi nguồn, hoặc confidence = \"assumption\"",
                "name the source, or say confidence = \"assumption\"",
            );
        }
        if self.weights.peak < self.weights.open {
            flaw(
                "weights".into(),
                self.weights.peak.to_string(),
                "giờ cao điểm không thể vắng hơn giờ thường",
                "a peak cannot be emptier than other hours",
            );
        }
        flaws
    }
}

impl DayHours {
    /// Open without the break.
    pub fn on(&self) -> IntervalSet {
        self.open.0.minus(&self.lunch_break.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_terms_read_back_what_they_write() {
        for (text, written) in
            [("mon-fri", "mon,tue,wed,thu,fri"), ("sat,sun", "sat,sun"), ("sun,day-off", "sun,day-off")]
        {
            assert_eq!(Days::try_from(text.to_owned()).unwrap().to_string(), written);
        }
        for bad in ["", "monday", "fri-mon", "mon-", "mon fri"] {
            assert!(Days::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        let term = Term::try_from("09-05..05-31".to_owned()).unwrap();
        assert_eq!(String::from(term), "09-05..05-31");
        for (day, inside) in [("2026-09-05", true), ("2026-12-31", true), ("2027-05-31", true), ("2027-06-01", false)] {
            assert_eq!(term.contains(day.parse().unwrap()), inside, "{day}");
        }
        assert!(Term::try_from("13-01..05-31".to_owned()).is_err());
    }
}
