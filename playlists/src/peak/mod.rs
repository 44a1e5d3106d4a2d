//! Peak windows: when most people are in front of a screen.
//!
//! From counts: the smallest set of 15-minute bins that holds a share of the day's people, as windows a
//! person can read. Then cut to what the screen can do: a bus has its peaks only while it runs, and a
//! "peak" of 13 hours is no peak.

mod counts;

pub use counts::{Counts, DayClass};

use crate::time::{DAY_S, IntervalSet, TimeError};
use num_traits::Num;

/// Length of a bin, seconds.
pub const BIN_S: u32 = 900;
/// Bins in a day.
pub const BINS: usize = (DAY_S / BIN_S) as usize;
/// Shorter windows are dropped, shorter gaps closed, seconds.
const SHORT_S: u32 = 30 * 60;
/// A screen has at least this much peak time if its duty allows, seconds.
const LEAST_S: u32 = 60 * 60;

/// How much of a day's people the windows hold: an exact fraction above 0, at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: u64,
    whole: u64,
}

impl Share {
    /// The default.
    pub const HALF: Self = Self { part: 1, whole: 2 };

    /// So many thousandths; from 1 to 1000.
    pub fn permille(part: u32) -> Option<Self> {
        (1..=1000).contains(&part).then(|| Self { part: part.into(), whole: 1000 })
    }
}

/// Reads `0.5`, `0.425` or `1`: at most nine decimals.
impl std::str::FromStr for Share {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let mend = "write a share above 0, at most 1, with at most nine decimals: 0.5 is half";
        let error = || TimeError { what: "share", value: text.chars().take(80).collect(), mend };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return Err(error());
        }
        let number = |text: &str| text.parse::<u64>().map_err(|_| error());
        let part = number(whole)? * 1_000_000_000 + number(&format!("{decimals:0<9}"))?;
        let share = Self { part, whole: 1_000_000_000 };
        if (1..=share.whole).contains(&part) { Ok(share) } else { Err(error()) }
    }
}

/// Seconds of one bin inside `hours`.
fn bin_inside(bin: usize, hours: &IntervalSet) -> IntervalSet {
    let a = bin as u32 * BIN_S;
    IntervalSet::one(a, a + BIN_S).intersect(hours)
}

/// Bins by people, most first, ties to the earlier; bins without a count or without a second in `hours`
/// are left out. The people of a bin are taken as evenly spread over its seconds.
fn richest<W: Ord>(counts: impl Iterator<Item = Option<W>>, hours: &IntervalSet) -> Vec<(W, IntervalSet)> {
    let mut bins: Vec<(W, IntervalSet)> = counts
        .take(BINS)
        .enumerate()
        .filter_map(|(bin, count)| Some((count?, bin_inside(bin, hours))))
        .filter(|(_, inside)| !inside.is_empty())
        .collect();
    // stable: bins of a tie stay in the order of the day
    bins.sort_by(|(a, _), (b, _)| b.cmp(a));
    bins
}

/// The peak windows of a day with `counts` people per 15-minute bin (any unit; a missing count is
/// `None` and is not a zero) inside `operating`: bins from the fullest (ties: the earlier) until they hold
/// `share` of the people inside `operating`, merged, gaps under 30 minutes closed, windows under 30 minutes
/// dropped unless none is left (then the longest stays, ties: the earliest). Empty when nobody was counted.
///
/// `W` is an exact whole number with room for a day's people times 86,400 times 10^9: `u128` for
/// counts of 64 bits, big integers for means over any number of days.
pub fn windows_from_counts<W: Num + Ord + Clone + From<u64>>(
    counts: &[Option<W>],
    operating: &IntervalSet,
    share: Share,
) -> IntervalSet {
    let bins = richest(counts.iter().cloned(), operating);
    let people = |(count, inside): &(W, IntervalSet)| count.clone() * W::from(inside.length().into());
    let total = bins.iter().map(people).fold(W::zero(), |all, one| all + one);
    let wanted = total * W::from(share.part);
    let mut held = W::zero();
    let mut taken = Vec::new();
    for bin in &bins {
        if held.clone() * W::from(share.whole) >= wanted {
            break;
        }
        held = held + people(bin);
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
        let counts: Vec<Option<u128>> = weights.iter().map(|&w| Some(w.into())).collect();
        let busiest = windows_from_counts(&counts, duty, Share::HALF);
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
    let counts = (0..BINS).map(|bin| Some(weights.get(bin).copied().unwrap_or(0)));
    let mut left = length_s;
    let mut taken = Vec::new();
    for (a, b) in richest(counts, hours).iter().flat_map(|(_, inside)| inside.iter()) {
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
    fn hourly(hours: &[u128]) -> Vec<Option<u128>> {
        (0..BINS).map(|bin| hours.get(bin / 4).copied()).collect()
    }

    #[test]
    fn a_commuters_day_has_two_peaks() {
        let mut hours = [10u128; 24];
        (hours[7], hours[8], hours[17], hours[18]) = (90, 80, 90, 70);
        let windows = windows_from_counts(&hourly(&hours), &set("05:00-22:30"), Share::HALF);
        assert_eq!(windows.text(), "07:00-08:45;17:00-18:00");
        let more = windows_from_counts(&hourly(&hours), &set("05:00-22:30"), "0.6".parse().unwrap());
        assert_eq!(more.text(), "07:00-09:00;17:00-18:30");
    }

    #[test]
    fn ties_go_to_the_earlier_bin_and_missing_hours_are_not_zeros() {
        let windows = windows_from_counts(&hourly(&[5; 24]), &set("08:00-12:00"), Share::HALF);
        assert_eq!(windows.text(), "08:00-10:00");
        let mut counts = hourly(&[5; 24]);
        counts[32..36].fill(None);
        assert_eq!(windows_from_counts(&counts, &set("08:00-12:00"), Share::HALF).text(), "09:00-10:30");
        assert!(windows_from_counts(&[None::<u128>; BINS], &IntervalSet::full_day(), Share::HALF).is_empty());
    }

    #[test]
    fn small_gaps_close_and_small_windows_go_unless_none_is_left() {
        let mut counts = vec![Some(0u128); BINS];
        (counts[40], counts[42], counts[43], counts[60]) = (Some(100), Some(100), Some(100), Some(100));
        assert_eq!(windows_from_counts(&counts, &IntervalSet::full_day(), "1".parse().unwrap()).text(), "10:00-11:00");
        assert_eq!(
            windows_from_counts(&counts, &IntervalSet::full_day(), "0.1".parse().unwrap()).text(),
            "10:00-10:15"
        );
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

    #[test]
    fn a_share_is_exact_or_refused() {
        assert_eq!("0.5".parse::<Share>().map(|s| s.part * 2 == s.whole), Ok(true));
        assert_eq!("0.333333333".parse::<Share>().map(|s| s.part), Ok(333_333_333));
        assert!("1".parse::<Share>().is_ok() && "1.0".parse::<Share>().is_ok() && "0.001".parse::<Share>().is_ok());
        for bad in ["0", "0.0", "1.01", "2", "-0.5", "50%", "0,5", "", ".5", "1e-1", "0.1234567890", "99999999999"] {
            assert!(bad.parse::<Share>().unwrap_err().to_string().contains("0.5 is half"), "{bad}");
        }
        // with a share that no float hits, ten equal bins hold 30 % in three, not in four
        let counts: Vec<Option<u128>> = (0..BINS).map(|bin| (32..42).contains(&bin).then_some(7)).collect();
        let windows = windows_from_counts(&counts, &IntervalSet::full_day(), "0.3".parse().unwrap());
        assert_eq!(windows.text(), "08:00-08:45");
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
            counts in prop::collection::vec(prop::option::of(0u128..1000), BINS..=BINS),
            operating in prop::collection::vec((0u32..86_400, 60u32..40_000), 1..3),
            share in 1u32..=1000,
        ) {
            let operating = IntervalSet::from(operating.iter().map(|&(a, l)| (a, (a + l).min(DAY_S))).collect::<Vec<_>>());
            let windows = windows_from_counts(&counts, &operating, Share::permille(share).unwrap());
            prop_assert!(windows.minus(&operating).is_empty());
        }
    }
}
