//! Footfall: how many people are there, per 15 minutes and day of the week, from counts.
//!
//! A missing hour is missing, not zero: a mean is taken over the hours that were counted.

use super::problem::{Say, say};
use super::table::Field;
use super::venue::{BIN_S, BINS};
use lichphat_playlists::ids::{ScreenCode, VenueType};
use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FootfallSubject {
    /// One screen's place.
    Screen(ScreenCode),
    /// A kind of place.
    Venue(VenueType),
}

impl fmt::Display for FootfallSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Screen(screen) => f.pad(screen.as_str()),
            Self::Venue(venue) => f.pad(&format!("venue:{venue}")),
        }
    }
}

impl Field for FootfallSubject {
    fn read(text: &str) -> Result<Self, Say> {
        match text.split_once(':') {
            Some(("venue", venue)) => VenueType::read(venue).map(Self::Venue),
            Some(_) => Err(say("ghi mã màn hình hoặc venue:loại", "write a screen code or venue:type")),
            None => ScreenCode::read(text).map(Self::Screen),
        }
    }
}

/// Everything that was counted at one subject on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FootfallDay {
    /// What was counted.
    pub subject: FootfallSubject,
    /// The day.
    pub day: LocalDay,
    /// Beginning and length, seconds of the day (900 or 3,600 long), and people; in order of the day.
    pub counts: Vec<(u32, u32, u32)>,
}

/// People counted from `from_s` on, for `length_s` seconds of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FootfallCount {
    /// The day.
    pub day: LocalDay,
    /// Beginning, second of the day, a multiple of 900.
    pub from_s: u32,
    /// 900 or 3,600.
    pub length_s: u32,
    /// People.
    pub people: u32,
}

/// Mean people per bin, Monday to Sunday; `None` where nothing was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FootfallProfile {
    /// What was counted.
    pub subject: FootfallSubject,
    /// First day with a count.
    pub first: LocalDay,
    /// Last day with a count.
    pub last: LocalDay,
    /// Seven rows of 96 bins.
    pub means: Vec<Vec<Option<u32>>>,
    /// Where the counts come from.
    pub source: String,
}

impl FootfallProfile {
    /// The profile of counts of one subject; `None` without a count.
    pub fn of(subject: FootfallSubject, source: &str, counts: &[FootfallCount]) -> Option<Self> {
        let first = counts.iter().map(|c| c.day).min()?;
        let last = counts.iter().map(|c| c.day).max()?;
        let mut sums: BTreeMap<(usize, usize), (u64, u64)> = BTreeMap::new();
        for count in counts {
            let weekday = count.day.weekday().num_days_from_monday() as usize;
            let bins = (count.length_s / BIN_S).max(1);
            for bin in 0..bins {
                let index = ((count.from_s / BIN_S + bin) as usize).min(BINS - 1);
                let sum = sums.entry((weekday, index)).or_default();
                // the remainder goes to the first bins, so that no person is lost
                sum.0 += u64::from(count.people / bins + u32::from(bin < count.people % bins));
                sum.1 += 1;
            }
        }
        let mut means = vec![vec![None; BINS]; 7];
        for ((weekday, bin), (people, days)) in sums {
            means[weekday][bin] = u32::try_from((people + days / 2) / days).ok();
        }
        Some(Self { subject, first, last, means, source: source.to_owned() })
    }
    /// People per bin on a weekday (Monday = 0). A bin nobody counted takes the mean of the bins
    /// before and after it that day; `None` when the weekday was never counted.
    pub fn weights(&self, weekday: usize) -> Option<[u32; BINS]> {
        filled(self.means.get(weekday)?)
    }
}

/// A row of 96 means without holes: a bin nobody counted takes the mean of the bins before and after it;
/// `None` when no bin was counted.
pub(super) fn filled(row: &[Option<u32>]) -> Option<[u32; BINS]> {
    let known: Vec<(usize, u32)> = row.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))).collect();
    let (first, last) = (*known.first()?, *known.last()?);
    Some(std::array::from_fn(|bin| {
        let after = known.partition_point(|(i, _)| *i < bin);
        match (after.checked_sub(1).map(|i| known[i]), known.get(after)) {
            (_, Some(&(i, v))) if i == bin => v,
            (Some((_, a)), Some(&(_, b))) => a.midpoint(b),
            // outside the counted hours: the nearest one
            (None, _) => first.1,
            (_, None) => last.1,
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(day: &str, hour: u32, people: u32) -> FootfallCount {
        FootfallCount { day: day.parse().unwrap(), from_s: hour * 3600, length_s: 3600, people }
    }

    #[test]
    fn a_missing_hour_is_missing_not_zero() {
        let subject = FootfallSubject::Venue(VenueType::new("airport").unwrap());
        // two Mondays, the second without 08:00
        let counts = [
            count("2026-11-02", 7, 400),
            count("2026-11-02", 8, 802),
            count("2026-11-02", 9, 40),
            count("2026-11-09", 7, 800),
        ];
        let profile = FootfallProfile::of(subject, "test", &counts).unwrap();
        assert_eq!(profile.means[0][28..32], [Some(150), Some(150), Some(150), Some(150)]);
        assert_eq!(profile.means[0][32..36], [Some(201), Some(201), Some(200), Some(200)], "no person is lost");
        let weights = profile.weights(0).unwrap();
        assert_eq!((weights[28], weights[32], weights[0], weights[95]), (150, 201, 150, 10));
        assert_eq!(profile.weights(1), None, "Tuesday was never counted");
    }
}
