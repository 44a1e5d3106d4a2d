//! Peak windows: when most people are in front of a screen.
//!
//! From counts: the smallest set of 15-minute bins that holds a share of the day's people, as windows a
//! person can read. Then cut to what the screen can do: a bus has its peaks only while it runs, and a
//! "peak" of 13 hours is no peak.

use crate::time::{DAY_S, IntervalSet};

/// Length of a bin, seconds.
pub const BIN_S: u32 = 900;
/// Bins in a day.
pub const BINS: usize = (DAY_S / BIN_S) as usize;
/// Share of the day's people that the windows hold unless told otherwise, in thousandths.
pub const DEFAULT_SHARE_PERMILLE: u32 = 500;
/// Shorter windows are dropped, shorter gaps closed, seconds.
const SHORT_S: u32 = 30 * 60;
/// A screen has at least this much peak time if its duty allows, seconds.
const LEAST_S: u32 = 60 * 60;

/// Seconds of one bin inside `hours`.
fn bin_inside(bin: usize, hours: &IntervalSet) -> IntervalSet {
    let a = bin as u32 * BIN_S;
    IntervalSet::one(a, a + BIN_S).intersect(hours)
}

/// Bins by people, most first, ties to the earlier; bins without a count or without a second in `hours`
/// are left out. The people of a bin are taken as evenly spread over its seconds.
fn richest(counts: &[Option<u64>], hours: &IntervalSet) -> Vec<(u64, IntervalSet)> {
    let mut bins: Vec<(u64, usize, IntervalSet)> = counts
        .iter()
        .take(BINS)
        .enumerate()
        .filter_map(|(bin, count)| Some(((*count)?, bin, bin_inside(bin, hours))))
        .filter(|(_, _, inside)| !inside.is_empty())
        .collect();
    bins.sort_by_key(|&(people, bin, _)| (std::cmp::Reverse(people), bin));
    bins.into_iter().map(|(people, _, inside)| (people, inside)).collect()
}

/// The peak windows of a day with `counts` people per 15-minute bin (any unit; a missing count is
/// `None` and is not a zero) inside `operating`: bins from the fullest (ties: the earlier) until they hold
/// `share_permille` of the people, merged, gaps under 30 minutes closed, windows under 30 minutes dropped
/// unless none is left (then the longest stays, ties: the earliest). Empty when nobody was counted.
pub fn windows_from_counts(counts: &[Option<u64>], operating: &IntervalSet, share_permille: u32) -> IntervalSet {
    let bins = richest(counts, operating);
    let people = |bin: &(u64, IntervalSet)| u128::from(bin.0) * u128::from(bin.1.length());
    let total: u128 = bins.iter().map(people).sum();
    let mut held = 0u128;
    let mut taken = Vec::new();
    for bin in &bins {
        if held * 1000 >= total * u128::from(share_permille.min(1000)) {
            break;
        }
        held += people(bin);
        taken.extend(bin.1.iter());
    }
    drop_short(&close_gaps(&IntervalSet::from(taken)).intersect(operating))
}

/// Windows as the screen can serve them: cut to `duty`; when less than 60 minutes is left, the screen's own
/// busiest duty hours by `weights` (people per 15-minute bin) instead; never more than half of the duty time
/// (the best half by `weights`). Empty only without duty.
pub fn fit_to_duty(windows: &IntervalSet, duty: &IntervalSet, weights: &[u32]) -> IntervalSet {
    let half_s = duty.length() / 2;
    let cut = windows.intersect(duty);
    if cut.length() < LEAST_S.min(half_s) {
        let counts: Vec<Option<u64>> = weights.iter().map(|&w| Some(u64::from(w))).collect();
        let busiest = windows_from_counts(&counts, duty, DEFAULT_SHARE_PERMILLE);
        let enough = busiest.length() >= LEAST_S.min(half_s) && busiest.length() <= half_s;
        return if enough {
            busiest
        } else {
            best(duty, weights, busiest.length().clamp(LEAST_S, half_s.max(LEAST_S)).min(half_s))
        };
    }
    if cut.length() > half_s { best(&cut, weights, half_s) } else { cut }
}

/// The richest `length_s` seconds of `hours`, bin by bin; windows under 30 minutes dropped unless none is
/// left.
fn best(hours: &IntervalSet, weights: &[u32], length_s: u32) -> IntervalSet {
    let counts: Vec<Option<u64>> = (0..BINS).map(|bin| Some(weights.get(bin).map_or(0, |&w| u64::from(w)))).collect();
    let mut left = length_s;
    let mut taken = Vec::new();
    for (a, b) in richest(&counts, hours).iter().flat_map(|(_, inside)| inside.iter()) {
        let length = left.min(b - a);
        taken.push((a, a + length));
        left -= length;
    }
    drop_short(&IntervalSet::from(taken))
}

fn close_gaps(windows: &IntervalSet) -> IntervalSet {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for (a, b) in windows.iter() {
        match out.last_mut() {
            Some(last) if a - last.1 < SHORT_S => last.1 = b,
            _ => out.push((a, b)),
        }
    }
    IntervalSet::from(out)
}

fn drop_short(windows: &IntervalSet) -> IntervalSet {
    let long: Vec<(u32, u32)> = windows.iter().filter(|(a, b)| b - a >= SHORT_S).collect();
    if !long.is_empty() {
        return IntervalSet::from(long);
    }
    let longest = windows.iter().max_by_key(|&(a, b)| (b - a, std::cmp::Reverse(a)));
    longest.map_or_else(IntervalSet::empty, |(a, b)| IntervalSet::one(a, b))
}

/// People per 15-minute bin for a venue without counts: nobody off duty, even on duty, three times as many
/// in the profile's peaks.
pub fn default_weights(duty: &IntervalSet, peaks: &IntervalSet) -> Vec<u32> {
    let of_bin = |bin: usize| {
        let inside = bin_inside(bin, duty);
        let peak_s = inside.intersect(peaks).length();
        // by seconds, so that a window cut inside a bin weighs what it holds
        (inside.length() + 2 * peak_s) / 60
    };
    (0..BINS).map(of_bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(text: &str) -> IntervalSet {
        IntervalSet::parse(text).unwrap()
    }

    /// Hourly counts from 00:00, spread over their four bins.
    fn hourly(hours: &[u64]) -> Vec<Option<u64>> {
        (0..BINS).map(|bin| hours.get(bin / 4).copied()).collect()
    }

    #[test]
    fn a_commuters_day_has_two_peaks() {
        let mut hours = [10u64; 24];
        (hours[7], hours[8], hours[17], hours[18]) = (90, 80, 90, 70);
        let windows = windows_from_counts(&hourly(&hours), &set("05:00-22:30"), 500);
        assert_eq!(windows.text(), "07:00-08:45;17:00-18:00");
        let more = windows_from_counts(&hourly(&hours), &set("05:00-22:30"), 600);
        assert_eq!(more.text(), "07:00-09:00;17:00-18:30");
    }

    #[test]
    fn ties_go_to_the_earlier_bin_and_missing_hours_are_not_zeros() {
        let windows = windows_from_counts(&hourly(&[5; 24]), &set("08:00-12:00"), 500);
        assert_eq!(windows.text(), "08:00-10:00");
        let mut counts = hourly(&[5; 24]);
        counts[32..36].fill(None);
        assert_eq!(windows_from_counts(&counts, &set("08:00-12:00"), 500).text(), "09:00-10:30");
        assert!(windows_from_counts(&[None; BINS], &IntervalSet::full_day(), 500).is_empty());
    }

    #[test]
    fn small_gaps_close_and_small_windows_go_unless_none_is_left() {
        let mut counts = vec![Some(0); BINS];
        (counts[40], counts[42], counts[43], counts[60]) = (Some(100), Some(100), Some(100), Some(100));
        assert_eq!(windows_from_counts(&counts, &IntervalSet::full_day(), 1000).text(), "10:00-11:00");
        assert_eq!(windows_from_counts(&counts, &IntervalSet::full_day(), 100).text(), "10:00-10:15");
    }

    #[test]
    fn a_bus_keeps_the_peaks_in_which_it_runs_or_its_own_busiest_hours() {
        let peaks = set("06:30-09:00;16:30-19:00");
        let weights = default_weights(&IntervalSet::full_day(), &peaks);
        assert_eq!(fit_to_duty(&peaks, &set("05:00-13:00"), &weights).text(), "06:30-09:00");
        let night = set("20:00-24:00");
        let own = fit_to_duty(&peaks, &night, &weights);
        assert!(own.length() >= 3600 && own.minus(&night).is_empty(), "{}", own.text());
        let airport = fit_to_duty(&set("06:00-19:00"), &set("05:00-23:00"), &weights);
        assert!(airport.length() <= 9 * 3600);
        assert!(peaks.minus(&airport).is_empty(), "the best half holds the profile's peaks: {}", airport.text());
    }

    proptest! {
        #[test]
        fn windows_stay_inside_duty_and_below_half(
            windows in prop::collection::vec((0u32..86_400, 60u32..20_000), 0..5),
            duty in prop::collection::vec((0u32..86_400, 60u32..30_000), 0..4),
            weights in prop::collection::vec(0u32..500, BINS..=BINS),
        ) {
            let make = |v: &[(u32, u32)]| {
                IntervalSet::from(v.iter().map(|&(a, l)| (a, (a + l).min(DAY_S))).collect::<Vec<_>>())
            };
            let (windows, duty) = (make(&windows), make(&duty));
            let fitted = fit_to_duty(&windows, &duty, &weights);
            prop_assert!(fitted.minus(&duty).is_empty());
            prop_assert!(fitted.length() <= duty.length() / 2);
            prop_assert!(!fitted.is_empty() || duty.length() < 2);
            let cut = windows.intersect(&duty);
            if cut.length() >= 3600 && cut.length() <= duty.length() / 2 {
                prop_assert_eq!(fitted, cut);
            }
        }

        #[test]
        fn peak_windows_lie_in_operating_hours(
            counts in prop::collection::vec(prop::option::of(0u64..1000), BINS..=BINS),
            operating in prop::collection::vec((0u32..86_400, 60u32..40_000), 1..3),
            share in 0u32..1000,
        ) {
            let operating = IntervalSet::from(operating.iter().map(|&(a, l)| (a, (a + l).min(DAY_S))).collect::<Vec<_>>());
            let windows = windows_from_counts(&counts, &operating, share);
            prop_assert!(windows.minus(&operating).is_empty());
        }
    }
}
