//! Counts of people over many days, and what they say of a kind of day: exact means per 15 minutes.
//!
//! A count is spread evenly over its own time. A mean is taken over the days that have that time: a missing
//! hour is missing, not zero. No count is rounded before the windows are found, because a bin more or less
//! hangs on who has one person more.

use super::{BIN_S, BINS, Share, windows_from_counts};
use crate::time::{DAY_S, IntervalSet, LocalDay};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::Zero;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Days that have peaks of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayClass {
    /// Monday to Friday, and days of rest that are worked in exchange.
    WorkingDay,
    /// Saturday.
    Saturday,
    /// Sunday, and days off of the calendar.
    SundayHoliday,
}

impl DayClass {
    /// All of them, in the order in which people read them.
    pub const ALL: [Self; 3] = [Self::WorkingDay, Self::Saturday, Self::SundayHoliday];

    /// The class of a day: by what a calendar says of it (is it worked?), or by its day of the week alone.
    pub fn of(day: LocalDay, worked: Option<bool>) -> Self {
        match (worked, day.weekday().num_days_from_monday()) {
            (Some(true), _) | (None, 0..=4) => Self::WorkingDay,
            (None, 5) => Self::Saturday,
            _ => Self::SundayHoliday,
        }
    }

    /// Stable code, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::WorkingDay => "working_day",
            Self::Saturday => "saturday",
            Self::SundayHoliday => "sunday_holiday",
        }
    }
}

/// Counts of one place over some days, in whole units of any size (people, thousandths of people …), each at most
/// 10^28: a million of them still have an exact sum.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Day, first second and length -> people; counts of the same time are added up.
    people: BTreeMap<(LocalDay, u32, u32), u128>,
}

/// Seconds in an hour: counts are compared as people per hour.
const HOUR_S: u32 = 3600;

impl Counts {
    /// Adds what was counted from `from_s` on for `length_s` seconds of `day`: the length divides an hour, the
    /// beginning is a multiple of it (anything else is left out). The same time twice (two doors of a station,
    /// an hour that a clock change repeats) adds up.
    pub fn add(&mut self, day: LocalDay, from_s: u32, length_s: u32, people: u128) {
        let fits = length_s > 0 && HOUR_S.is_multiple_of(length_s) && from_s.is_multiple_of(length_s);
        if fits && from_s < DAY_S {
            *self.people.entry((day, from_s, length_s)).or_default() += people;
        }
    }

    /// The days with a count, in order.
    pub fn days(&self) -> Vec<LocalDay> {
        let mut days: Vec<LocalDay> = self.people.keys().map(|(day, ..)| *day).collect();
        days.dedup();
        days
    }

    /// Units of the counted time that all lengths are made of: at most a bin long, seconds.
    fn unit_s(&self) -> u32 {
        self.people.keys().fold(BIN_S, |unit_s, (_, _, length_s)| unit_s.gcd(length_s))
    }

    /// Per bin the sum over its counted units of (units' people per hour over all `days`, days that have it);
    /// empty where nothing was counted.
    fn units(&self, days: impl Fn(LocalDay) -> bool) -> Vec<Vec<(u128, u64)>> {
        let unit_s = self.unit_s();
        let mut units: BTreeMap<u32, (u128, BTreeSet<LocalDay>)> = BTreeMap::new();
        for (&(day, from_s, length_s), &people) in self.people.iter().filter(|((day, ..), _)| days(*day)) {
            let per_hour = people * u128::from(HOUR_S / length_s);
            for unit in from_s / unit_s..(from_s + length_s) / unit_s {
                let (sum, days) = units.entry(unit).or_default();
                *sum += per_hour;
                days.insert(day);
            }
        }
        let mut bins = vec![Vec::new(); BINS];
        for (unit, (sum, days)) in units {
            if let Some(bin) = bins.get_mut((unit * unit_s / BIN_S) as usize) {
                bin.push((sum, days.len() as u64));
            }
        }
        bins
    }

    /// Mean people per bin over the days that `days` lets through, exact, all in one common unit that means
    /// nothing by itself; `None` where nobody counted. Where only part of a bin was counted, it stands for
    /// the whole.
    pub fn bins(&self, days: impl Fn(LocalDay) -> bool) -> Vec<Option<BigUint>> {
        let units = self.units(days);
        // sum / days, and the mean of a bin's units: one denominator for all bins
        let parts = |bin: &[(u128, u64)]| bin.len().max(1) as u64;
        let common = units.iter().flat_map(|bin| bin.iter().map(move |(_, days)| days * parts(bin)));
        let common = common.fold(BigUint::from(1u8), |common, denominator| common.lcm(&denominator.into()));
        let exact = |bin: &[(u128, u64)]| {
            let share = |&(sum, days): &(u128, u64)| BigUint::from(sum) * (&common / (days * parts(bin)));
            (!bin.is_empty()).then(|| bin.iter().map(share).fold(BigUint::zero(), |all, one| all + one))
        };
        units.iter().map(|bin| exact(bin)).collect()
    }

    /// Mean people per bin, rounded to whole ones (halves up); `None` where nobody counted.
    pub fn means(&self, days: impl Fn(LocalDay) -> bool) -> Vec<Option<u32>> {
        let rounded = |bin: &Vec<(u128, u64)>| {
            let common = bin.iter().fold(1u128, |common, (_, days)| common.lcm(&u128::from(*days)));
            let sum = bin.iter().map(|(sum, days)| sum * (common / u128::from(*days))).sum::<u128>();
            // people per hour -> per bin
            let whole = common * bin.len() as u128 * u128::from(HOUR_S / BIN_S);
            (!bin.is_empty()).then(|| u32::try_from((2 * sum + whole) / (2 * whole)).unwrap_or(u32::MAX))
        };
        self.units(days).iter().map(rounded).collect()
    }

    /// The peak windows of these days inside `operating`: see [`windows_from_counts`].
    pub fn windows(&self, days: impl Fn(LocalDay) -> bool, operating: &IntervalSet, share: Share) -> IntervalSet {
        windows_from_counts(&self.bins(days), operating, share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_rational::Ratio;
    use proptest::prelude::*;

    fn day(text: &str) -> LocalDay {
        text.parse().unwrap()
    }

    #[test]
    fn a_make_up_saturday_is_worked_and_a_holiday_is_a_sunday() {
        assert_eq!(DayClass::of(day("2026-08-22"), Some(true)), DayClass::WorkingDay, "a Saturday that is worked");
        assert_eq!(DayClass::of(day("2026-09-02"), Some(false)), DayClass::SundayHoliday, "a Wednesday off");
        assert_eq!(DayClass::of(day("2026-08-29"), Some(false)), DayClass::SundayHoliday, "a Saturday off");
        assert_eq!(DayClass::of(day("2013-11-28"), None), DayClass::WorkingDay, "no calendar knows this Thursday");
        assert_eq!(DayClass::of(day("2013-11-30"), None), DayClass::Saturday);
        assert_eq!(DayClass::of(day("2013-12-01"), None), DayClass::SundayHoliday);
    }

    #[test]
    fn means_are_over_the_days_that_have_the_hour() {
        let mut counts = Counts::default();
        for (of, hour, people) in [(1, 7, 400), (2, 7, 800), (1, 8, 900), (1, 9, 4), (2, 9, 0)] {
            counts.add(LocalDay::from_ymd(2026, 11, of).unwrap(), hour * 3600, 3600, people);
        }
        let means = counts.means(|_| true);
        // 08:00 was counted on one day only and is that day's; 09:00 is 2 an hour, half a person a bin
        assert_eq!(
            means[27..37],
            [None, Some(150), Some(150), Some(150), Some(150), Some(225), Some(225), Some(225), Some(225), Some(1)]
        );
        let bins = counts.bins(|_| true);
        assert_eq!(bins[28].clone().unwrap() * 3u8, bins[32].clone().unwrap() * 2u8, "600 to 900, exactly");
        assert!(counts.bins(|d| d == day("2026-11-02"))[32].is_none());
        assert_eq!(counts.windows(|_| true, &IntervalSet::full_day(), Share::HALF).text(), "08:00-09:00");
    }

    #[test]
    fn lengths_may_differ_and_a_part_stands_for_its_bin() {
        let mut counts = Counts::default();
        let d = day("2026-11-02");
        counts.add(d, 8 * 3600, 1800, 60); // half an hour
        counts.add(d, 9 * 3600, 300, 10); // five minutes of a quarter that nobody else counted
        counts.add(d, 10 * 3600, 900, 30);
        counts.add(d, 10 * 3600, 900, 30); // a second door
        counts.add(d, 11 * 3600 + 1, 900, 99); // begins nowhere
        let means = counts.means(|_| true);
        assert_eq!(means[32..42], [Some(30), Some(30), None, None, Some(30), None, None, None, Some(60), None]);
        assert_eq!(counts.days(), [d]);
    }

    type Row = (u32, u32, u32, u64);
    type Exact = Ratio<i128>;

    /// The text of the design, read word by word, minute by minute.
    fn by_hand(rows: &[Row], operating: &IntervalSet, share: Exact) -> Vec<(u32, u32)> {
        let mut minutes: BTreeMap<u32, BTreeMap<u32, Exact>> = BTreeMap::new();
        for &(day, from_s, length_s, people) in rows {
            for minute in from_s / 60..(from_s + length_s) / 60 {
                let of_day = minutes.entry(minute).or_default().entry(day).or_insert(Ratio::from_integer(0));
                *of_day += Ratio::new(i128::from(people), i128::from(length_s / 60));
            }
        }
        let mean = |minute: u32| {
            let days = minutes.get(&minute)?;
            Some(days.values().sum::<Exact>() / days.len() as i128)
        };
        let open = |minute: u32| operating.contains(minute * 60);
        let mut left: Vec<(u32, Exact, Exact)> = Vec::new(); // bin, its mean, what of it is inside operating hours
        for bin in 0..96 {
            let known: Vec<Exact> = (bin * 15..bin * 15 + 15).filter_map(mean).collect();
            let inside = (bin * 15..bin * 15 + 15).filter(|m| open(*m)).count() as i128;
            if !known.is_empty() && inside > 0 {
                let of_bin = known.iter().sum::<Exact>() / known.len() as i128 * 15;
                left.push((bin, of_bin, of_bin * inside / 15));
            }
        }
        let total: Exact = left.iter().map(|(.., inside)| *inside).sum();
        let (mut held, mut on) = (Ratio::from_integer(0), [false; 1440]);
        while held < share * total {
            let mut best = 0;
            for i in 1..left.len() {
                if left[i].1 > left[best].1 {
                    best = i;
                }
            }
            let (bin, _, inside) = left.remove(best);
            held += inside;
            (bin * 15..bin * 15 + 15).filter(|m| open(*m)).for_each(|m| on[m as usize] = true);
        }
        for (a, b) in runs(&on).windows(2).map(|w| (w[0].1, w[1].0)).filter(|(a, b)| b - a < 30).collect::<Vec<_>>() {
            (a..b).filter(|m| open(*m)).for_each(|m| on[m as usize] = true);
        }
        let all = runs(&on);
        let longest = all.iter().map(|(a, b)| b - a).max().unwrap_or(0);
        let first = all.iter().find(|(a, b)| b - a == longest);
        let keep = |w: &(u32, u32)| if longest >= 30 { w.1 - w.0 >= 30 } else { Some(w) == first };
        all.iter().filter(|w| keep(w)).map(|(a, b)| (a * 60, b * 60)).collect()
    }

    fn runs(on: &[bool; 1440]) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for m in (0..1440u32).filter(|m| on[*m as usize]) {
            match runs.last_mut() {
                Some(run) if run.1 == m => run.1 = m + 1,
                _ => runs.push((m, m + 1)),
            }
        }
        runs
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let length = prop::sample::select(vec![3600u32, 3600, 3600, 1800, 900, 900, 600, 300]);
        // few people, so that many bins tie
        let row = (0u32..6, length, 0u32..288, 0u64..12);
        let row = row.prop_map(|(day, length_s, at, people)| (day, at * 300 / length_s * length_s, length_s, people));
        prop::collection::vec(row, 0..160)
    }

    proptest! {
        #[test]
        fn the_windows_are_those_of_the_text_read_word_by_word(
            rows in rows(),
            operating in prop::collection::vec((0u32..1380, 10u32..1200), 1..4),
            share in 1u32..=1000,
        ) {
            let hours: Vec<(u32, u32)> = operating.iter().map(|(a, l)| (a * 60, (a + l).min(1440) * 60)).collect();
            let operating = IntervalSet::from(hours);
            let mut counts = Counts::default();
            for &(of, from_s, length_s, people) in &rows {
                counts.add(LocalDay::from_ymd(2026, 11, 1 + of).unwrap(), from_s, length_s, people.into());
            }
            let windows = counts.windows(|_| true, &operating, Share::permille(share).unwrap());
            prop_assert_eq!(windows.as_slice(), by_hand(&rows, &operating, Ratio::new(share.into(), 1000)));
        }
    }
}
