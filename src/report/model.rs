//! What is asked of a report, and the data that answer it: no words in them, so that a hash of them says the same in every language.

use super::beside::{Sample, TimeOff};
use crate::directory::Link;
use crate::directory::words::words;
use crate::people::AccountCode;
use chrono::Datelike as _;
use lichphat_playlists::figures::{QuotaUnit, ScreenLine};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash, UnitCode, VenueType};
use lichphat_playlists::quota::{Of, Period, Quota};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Longest span of a report, days.
pub const LONGEST_DAYS: i64 = 366;
/// Longest explanation, characters.
pub const LONGEST_EXPLANATION: usize = 4_000;
/// How this version writes [`Data`].
pub(super) const FORM: u32 = 1;

words! {
    /// How long a report reaches: the periods for which offices report.
    SpanKind {
        /// A day: ngày.
        Day = "day",
        /// Monday to Sunday: tuần.
        Week = "week",
        /// A calendar month: tháng.
        Month = "month",
        /// A quarter: quý.
        Quarter = "quarter",
        /// January to June: 6 tháng.
        HalfYear = "6-months",
        /// January to September: 9 tháng.
        NineMonths = "9-months",
        /// A year: năm.
        Year = "year",
        /// From a day to a day.
        Days = "days",
    }
}

/// The days of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// How they are named.
    pub kind: SpanKind,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
}

impl Span {
    /// The span of that kind that holds `day`; 6 and 9 months are those of its year, of `Days` it is that day.
    pub fn of(kind: SpanKind, day: LocalDay) -> Self {
        let (first, last) = Period::Year.span(day);
        let until = |month| LocalDay::from_ymd(day.0.year(), month, 30).unwrap_or(last);
        let (from, to) = match kind {
            SpanKind::Day | SpanKind::Days => (day, day),
            SpanKind::Week => Period::IsoWeek.span(day),
            SpanKind::Month => Period::Month.span(day),
            SpanKind::Quarter => Period::Quarter.span(day),
            SpanKind::HalfYear => (first, until(6)),
            SpanKind::NineMonths => (first, until(9)),
            SpanKind::Year => (first, last),
        };
        Self { kind, from, to }
    }

    /// From a day to a day; none when they lie the wrong way round or too far apart.
    pub fn days(from: LocalDay, to: LocalDay) -> Option<Self> {
        (from <= to && to.days_since(from) < LONGEST_DAYS).then_some(Self { kind: SpanKind::Days, from, to })
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// One order; none: every one that asks for a number of plays in these days.
    pub campaign: Option<CampaignCode>,
    /// The screens of that unit and of those below it; none: all.
    pub unit: Option<UnitCode>,
    /// By which link they are its; none: by any. Figures are split by this one, by the owner when there is none.
    pub link: Option<Link>,
    /// One kind of place; none: all.
    pub venue: Option<VenueType>,
    /// The days.
    pub span: Span,
}

impl Selection {
    /// The link by which figures are split by unit.
    pub fn split(&self) -> Link {
        self.link.unwrap_or(Link::Owner)
    }
}

/// A name in Vietnamese and, where there is one, in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Vietnamese.
    pub vi: String,
    /// English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

/// How far the log of evidence went when the figures were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// Entries that were there: the figures are sums of just these.
    pub entries: u64,
    /// The checkpoint that is printed: of a closed report one that covers them all, else the newest; none before the first.
    pub checkpoint: Option<Checkpoint>,
}

/// A checkpoint, as much as is printed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Sha256Hash,
}

/// One screen of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its unit by [`Selection::split`], on the last day.
    pub unit: Option<UnitCode>,
    /// Its kind of place.
    pub venue: VenueType,
    /// Where the number is a unit's: the unit, when the report holds all of its screens, so that what they reached stands beside what it owes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_of: Option<UnitCode>,
    /// Its device told two stories for one place of its log, in what a bundle of these days shows: it was copied, or put back from an old image, and
    /// whoever verifies the bundle takes nothing of the screen as proven from there on. The figures count as they do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copied: bool,
    /// Its figures.
    pub figures: ScreenLine,
}

/// A unit's own number, of which the report holds every screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitNumber {
    /// How strongly the order binds it: the strongest word there is for one of its screens.
    pub force: String,
    /// The number is inferred, not ordered.
    pub inferred: bool,
    /// Its figures.
    pub figures: QuotaUnit,
}

/// A unit of whose screens the report holds a part: its number is for all of them together and for no part, so nothing is said of it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DividedUnit {
    /// The unit.
    pub unit: UnitCode,
    /// Its screens in the report.
    pub here: u32,
    /// All its screens.
    pub all: u32,
}

/// A number that the head of a unit has raised: the city's figure beside the unit's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaisedNumber {
    /// The unit.
    pub unit: UnitCode,
    /// By which link screens are its.
    pub link: Link,
    /// Number of the decision.
    pub decision: String,
    /// First day.
    pub from: LocalDay,
    /// Last day, included; none: to the end of the order.
    pub to: Option<LocalDay>,
    /// Plays of the city's number.
    pub city_plays: u32,
    /// Plays of the unit's.
    pub own_plays: u32,
    /// Screens it is for that were on duty; units where the number is a unit's.
    pub on_duty: u32,
    /// Of them met, held to the city's number.
    pub met_city: u32,
    /// Met, held to their own.
    pub met_own: u32,
    /// Owed by the city's number.
    pub owed_city: u64,
    /// Owed by their own.
    pub owed_own: u64,
    /// Counted.
    pub counted: u64,
}

/// An order that kept this one off screens of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspendedBy {
    /// Its code.
    pub code: String,
    /// Its number as printed.
    pub number: Option<String>,
    /// Its title.
    pub title: Name,
    /// First and last day of the report on which it did.
    pub days: (LocalDay, LocalDay),
    /// Screens of the report.
    pub screens: u32,
}

/// One order of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its campaign.
    pub campaign: CampaignCode,
    /// Its title.
    pub title: Name,
    /// Its number as printed.
    pub number: Option<String>,
    /// Made up to show something.
    pub sample: bool,
    /// What it asks for.
    pub quota: Quota,
    /// By screen; where the number is a unit's, what the plans asked of each stands for what it owes.
    pub lines: Vec<Line>,
    /// By unit, where the number is a unit's: units that are the report's with all their screens.
    pub quota_units: Vec<UnitNumber>,
    /// Units that are in the report with a part of their screens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub divided: Vec<DividedUnit>,
    /// Orders that suspended it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<SuspendedBy>,
    /// Numbers that were raised.
    pub raised: Vec<RaisedNumber>,
}

impl Order {
    /// Is its number one for all screens of a unit?
    pub fn is_of_units(&self) -> bool {
        self.quota.of == Of::Unit
    }
}

/// From which state of the directory and of the orders the figures were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revisions {
    /// Of units, screens, hours and calendar.
    pub directory: u64,
    /// Of the orders.
    pub campaigns: u64,
}

/// What a unit says of its figures (giải trình); it changes none of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The unit.
    pub unit: UnitCode,
    /// Of which order; none: of all.
    pub campaign: Option<CampaignCode>,
    /// First and last day that it is about.
    pub days: (LocalDay, LocalDay),
    /// What it says.
    pub text: String,
    /// Under whose account.
    pub by: AccountCode,
    /// When.
    pub at: UtcMillis,
}

/// One figure that is another than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The order.
    pub campaign: CampaignCode,
    /// The screen; none: a unit's figure.
    pub screen: Option<ScreenCode>,
    /// The unit, where the number is a unit's.
    pub unit: Option<UnitCode>,
    /// Which figure: a column's code.
    pub figure: String,
    /// As it was closed.
    pub before: i64,
    /// As it is now.
    pub after: i64,
}

/// That a report comes after one that was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supplement {
    /// Its number, from 1.
    pub number: u32,
    /// SHA-256 of the data before.
    pub of: Sha256Hash,
    /// What is another.
    pub changes: Vec<Change>,
}

/// That a named person has closed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Under whose account.
    pub by: AccountCode,
    /// When.
    pub at: UtcMillis,
}

/// Everything that is printed, and nothing of how: what is hashed and, once closed, kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// How it is written: [`FORM`].
    pub form: u32,
    /// What was asked for.
    pub selection: Selection,
    /// The day on which the figures were reckoned: what is waited for until when depends on it.
    pub day: LocalDay,
    /// What they are sums of.
    pub log: LogState,
    /// What else they were made from.
    pub revisions: Revisions,
    /// The orders, by code.
    pub orders: Vec<Order>,
    /// When its screens were off for a reason that somebody answers for; none: it was made by a version that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times_off: Option<Vec<TimeOff>>,
    /// What people saw who went to look at plays that nobody could choose; none: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Vec<Sample>>,
    /// What units say of it.
    pub explanations: Vec<Explanation>,
    /// None: provisional.
    pub closed: Option<Closed>,
    /// None: the first.
    pub supplement: Option<Supplement>,
    /// Names of units.
    pub units: BTreeMap<UnitCode, Name>,
    /// Names of kinds of place.
    pub venues: BTreeMap<VenueType, Name>,
}

impl Data {
    /// Does the same stand beside its figures? Of what an earlier version did not say there is no telling.
    pub(super) fn stands_beside(&self, other: &Self) -> bool {
        let copied = |data: &Self| -> BTreeSet<ScreenCode> {
            let lines = data.orders.iter().flat_map(|order| &order.lines).filter(|line| line.copied);
            lines.map(|line| line.figures.screen.clone()).collect()
        };
        fn alike<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
            a.zip(b).is_none_or(|(a, b)| a == b)
        }
        alike(self.times_off.as_ref(), other.times_off.as_ref())
            && alike(self.samples.as_ref(), other.samples.as_ref())
            && copied(self) == copied(other)
    }

    /// The bytes that are hashed: JSON, fields in the order of this file, maps in that of their keys.
    ///
    /// # Errors
    /// A defect: everything in here can be written.
    pub fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_those_for_which_offices_report() {
        let day: LocalDay = "2026-11-26".parse().unwrap();
        let span = |kind| {
            let Span { from, to, .. } = Span::of(kind, day);
            format!("{from} {to}")
        };
        assert_eq!(span(SpanKind::Day), "2026-11-26 2026-11-26");
        assert_eq!(span(SpanKind::Week), "2026-11-23 2026-11-29");
        assert_eq!(span(SpanKind::Month), "2026-11-01 2026-11-30");
        assert_eq!(span(SpanKind::Quarter), "2026-10-01 2026-12-31");
        assert_eq!(span(SpanKind::HalfYear), "2026-01-01 2026-06-30");
        assert_eq!(span(SpanKind::NineMonths), "2026-01-01 2026-09-30");
        assert_eq!(span(SpanKind::Year), "2026-01-01 2026-12-31");
        assert!(Span::days(day, day.previous()).is_none() && Span::days(day, day.plus(366)).is_none());
        assert!(Span::days(day, day.plus(365)).is_some());
    }
}
