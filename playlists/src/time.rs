//! Instants, local days and half-open intervals inside a day.
//!
//! An instant is UTC milliseconds. Planning works in whole seconds of one local day. Vietnam has
//! no daylight saving time, so a day has 86,400 seconds; the offset is stored beside every instant
//! all the same.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seconds in a local day.
pub const DAY_S: u32 = 86_400;

/// Offset of Asia/Ho_Chi_Minh from UTC, minutes.
pub const HANOI: UtcOffset = UtcOffset(420);

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct UtcMillis(pub i64);

impl UtcMillis {
    /// This instant plus `ms` milliseconds, saturating.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    /// Local day and milliseconds since its midnight.
    pub fn local(self, offset: UtcOffset) -> (LocalDay, u32) {
        let local_ms = self.0.saturating_add(offset.ms());
        let days = local_ms.div_euclid(i64::from(DAY_S) * 1000);
        let ms = local_ms.rem_euclid(i64::from(DAY_S) * 1000);
        let date = i32::try_from(days + 719_163)
            .ok()
            .and_then(NaiveDate::from_num_days_from_ce_opt)
            .unwrap_or(if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX });
        (LocalDay(date), ms as u32)
    }
    /// Local day of this instant.
    pub fn day(self, offset: UtcOffset) -> LocalDay {
        self.local(offset).0
    }
    /// RFC 3339 with offset and milliseconds, `2026-11-22T09:00:00.000+07:00`.
    pub fn rfc3339(self, offset: UtcOffset) -> String {
        let (day, ms) = self.local(offset);
        let (sign, minutes) = if offset.0 < 0 { ('-', -offset.0) } else { ('+', offset.0) };
        format!("{day}T{}.{:03}{sign}{:02}:{:02}", clock_text(ms / 1000), ms % 1000, minutes / 60, minutes % 60)
    }
}

/// Offset of local time from UTC, minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcOffset(pub i16);

impl UtcOffset {
    fn ms(self) -> i64 {
        i64::from(self.0) * 60_000
    }
}

/// A calendar day at the screen, `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalDay(pub NaiveDate);

impl LocalDay {
    /// The day, when there is one: month and day from 1.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }
    /// Midnight at its beginning.
    pub fn start(self, offset: UtcOffset) -> UtcMillis {
        let days = i64::from(self.0.num_days_from_ce()) - 719_163;
        UtcMillis(days * i64::from(DAY_S) * 1000 - offset.ms())
    }
    /// The instant `second` seconds after its midnight.
    pub fn at(self, second: u32, offset: UtcOffset) -> UtcMillis {
        self.start(offset).plus_ms(i64::from(second) * 1000)
    }
    /// The day after.
    pub fn next(self) -> Self {
        self.plus(1)
    }
    /// The day before.
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN))
    }
    /// `days` days later.
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX))
    }
    /// Days from `earlier` to this day; negative when `earlier` is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.signed_duration_since(earlier.0).num_days()
    }
    /// Day of the week.
    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }
    /// Every day from this one to `last`, both included; none when `last` is earlier.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> + Clone {
        std::iter::successors((self <= last).then_some(self), move |d| (*d < last).then(|| d.next()))
    }
}
impl fmt::Display for LocalDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}
impl std::str::FromStr for LocalDay {
    type Err = TimeError;
    fn from_str(value: &str) -> Result<Self, TimeError> {
        NaiveDate::parse_from_str(value, "%Y-%m-%d").map(Self).map_err(|_| TimeError {
            what: "date",
            value: value.chars().take(80).collect(),
            mend: "write it as 2024-10-10 (year-month-day), a day that exists",
        })
    }
}

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not valid: {mend}")]
pub struct TimeError {
    /// What the text was meant to be.
    pub what: &'static str,
    /// The text as given, cut to 80 characters.
    pub value: String,
    /// How to write it.
    pub mend: &'static str,
}

/// `hh:mm` or `hh:mm:ss`, from `00:00` to `24:00`, as seconds of the day.
pub fn parse_clock(value: &str) -> Result<u32, TimeError> {
    let error = || TimeError {
        what: "time of day",
        value: value.chars().take(80).collect(),
        mend: "write it as hh:mm or hh:mm:ss, from 00:00 to 24:00",
    };
    let parts: Vec<&str> = value.trim().split(':').collect();
    if !(2..=3).contains(&parts.len())
        || parts.iter().any(|p| p.is_empty() || p.len() > 2 || !p.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(error());
    }
    let number = |i: usize| parts.get(i).map_or(Ok(0), |p| p.parse::<u32>()).map_err(|_| error());
    let (hour, minute, second) = (number(0)?, number(1)?, number(2)?);
    let total = hour * 3600 + minute * 60 + second;
    if minute > 59 || second > 59 || total > DAY_S { Err(error()) } else { Ok(total) }
}

/// Seconds of the day as `hh:mm:ss`; 86,400 is `24:00:00`.
pub fn clock_text(second: u32) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Half-open intervals `[a, b)` in whole seconds of one local day: sorted, disjoint, none empty,
/// none touching another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(u32, u32)>", into = "Vec<(u32, u32)>")]
pub struct IntervalSet(Vec<(u32, u32)>);

impl IntervalSet {
    /// No second at all.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }
    /// `[a, b)`; empty when `a >= b`.
    pub fn one(a: u32, b: u32) -> Self {
        Self::from(vec![(a, b)])
    }
    /// The whole day.
    pub fn full_day() -> Self {
        Self::one(0, DAY_S)
    }
    /// Parses `08:00-12:00;13:00-17:00`; an empty text is the empty set.
    pub fn parse(value: &str) -> Result<Self, TimeError> {
        let mut out = Vec::new();
        for part in value.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let error = |mend| TimeError { what: "time range", value: part.chars().take(80).collect(), mend };
            let (a, b) = part.split_once('-').ok_or_else(|| error("write it as 08:00-12:00;13:00-17:00"))?;
            let (a, b) = (parse_clock(a)?, parse_clock(b)?);
            if a >= b {
                return Err(error("the end must be later than the beginning; split a range that passes midnight"));
            }
            out.push((a, b));
        }
        Ok(Self::from(out))
    }
    /// The intervals in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.0.iter().copied()
    }
    /// The intervals in order.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.0
    }
    /// True when no second is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Seconds in it.
    pub fn length(&self) -> u32 {
        self.iter().map(|(a, b)| b - a).sum()
    }
    /// Is `second` inside?
    pub fn contains(&self, second: u32) -> bool {
        self.interval_at(second).is_some()
    }
    /// The interval that holds `second`.
    pub fn interval_at(&self, second: u32) -> Option<(u32, u32)> {
        let i = self.0.partition_point(|&(a, _)| a <= second);
        self.0[..i].last().copied().filter(|&(_, b)| second < b)
    }
    /// Does ONE interval hold the whole of `[a, b)`?
    pub fn holds(&self, a: u32, b: u32) -> bool {
        self.interval_at(a).is_some_and(|(_, end)| b <= end)
    }
    /// Seconds in either.
    pub fn union(&self, other: &Self) -> Self {
        Self::from(self.iter().chain(other.iter()).collect::<Vec<_>>())
    }
    /// Seconds in both.
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut i, mut j, mut out) = (0, 0, Vec::new());
        while let (Some(&(a, b)), Some(&(c, d))) = (self.0.get(i), other.0.get(j)) {
            if a.max(c) < b.min(d) {
                out.push((a.max(c), b.min(d)));
            }
            if b < d { i += 1 } else { j += 1 }
        }
        Self(out)
    }
    /// Seconds in this one and not in the other.
    pub fn minus(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        for (a, b) in self.iter() {
            let mut from = a;
            for (c, d) in other.iter().filter(|&(c, d)| d > a && c < b) {
                if c > from {
                    out.push((from, c));
                }
                from = from.max(d);
            }
            if from < b {
                out.push((from, b));
            }
        }
        Self(out)
    }
    /// `08:00-12:00;13:00-17:00`; reads back with [`IntervalSet::parse`].
    pub fn text(&self) -> String {
        let short = |s: u32| if s.is_multiple_of(60) { clock_text(s)[..5].to_owned() } else { clock_text(s) };
        self.iter().map(|(a, b)| format!("{}-{}", short(a), short(b))).collect::<Vec<_>>().join(";")
    }
}
impl From<Vec<(u32, u32)>> for IntervalSet {
    fn from(mut intervals: Vec<(u32, u32)>) -> Self {
        intervals.retain(|(a, b)| a < b);
        intervals.sort_unstable();
        let mut out: Vec<(u32, u32)> = Vec::with_capacity(intervals.len());
        for (a, b) in intervals {
            match out.last_mut() {
                Some(last) if a <= last.1 => last.1 = last.1.max(b),
                _ => out.push((a, b)),
            }
        }
        Self(out)
    }
}
impl From<IntervalSet> for Vec<(u32, u32)> {
    fn from(value: IntervalSet) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sets() -> impl Strategy<Value = IntervalSet> {
        prop::collection::vec((0u32..400, 0u32..60), 0..12)
            .prop_map(|v| IntervalSet::from(v.into_iter().map(|(a, l)| (a, a + l)).collect::<Vec<_>>()))
    }

    proptest! {
        #[test]
        fn set_operations_agree_with_membership(a in sets(), b in sets()) {
            for s in 0..480 {
                prop_assert_eq!(a.union(&b).contains(s), a.contains(s) || b.contains(s));
                prop_assert_eq!(a.intersect(&b).contains(s), a.contains(s) && b.contains(s));
                prop_assert_eq!(a.minus(&b).contains(s), a.contains(s) && !b.contains(s));
            }
            prop_assert_eq!(a.length() + b.length(), a.union(&b).length() + a.intersect(&b).length());
            prop_assert_eq!(IntervalSet::parse(&a.text()).unwrap(), a);
        }

        #[test]
        fn a_local_day_and_its_instants_agree(ms in -4_000_000_000_000i64..8_000_000_000_000, offset in -720i16..840) {
            let (day, of_day) = UtcMillis(ms).local(UtcOffset(offset));
            prop_assert_eq!(day.start(UtcOffset(offset)).plus_ms(i64::from(of_day)), UtcMillis(ms));
        }
    }

    #[test]
    fn midnight_in_hanoi_is_seventeen_hours_utc() {
        let day: LocalDay = "2024-10-10".parse().unwrap();
        assert_eq!(day.start(HANOI).rfc3339(UtcOffset(0)), "2024-10-09T17:00:00.000+00:00");
        assert_eq!(day.at(86_399, HANOI).rfc3339(HANOI), "2024-10-10T23:59:59.000+07:00");
    }

    #[test]
    fn impossible_times_are_refused_with_the_mend() {
        for bad in ["25:00", "24:01", "8", "08:60", "-1:00", "8h", "08:00:61", "1:2:3:4", "+8:00"] {
            assert!(parse_clock(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_clock("24:00").unwrap(), DAY_S);
        assert!(IntervalSet::parse("22:00-05:00").unwrap_err().to_string().contains("midnight"));
        assert!("2024-02-30".parse::<LocalDay>().unwrap_err().to_string().contains("2024-10-10"));
    }
}
