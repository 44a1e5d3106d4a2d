//! How many plays somebody has to look at, which ones, and what it proves: a sample that anybody can draw again.
//!
//! **How many.** The smallest `n` with `(1 - max_bad)^n <= 1 - confidence`, in whole numbers: 299 for 0.95 and 0.01. Where
//! `n` would be more than a twentieth of all plays, the smallest `n` with `C(N - K, n) / C(N, n) <= 1 - confidence`, `N` plays of which
//! `K`, `max_bad` of them rounded up, are bad: drawing from few without putting back tells more (hypergeometric).
//!
//! **Which.** Plays are numbered from 0 in the order of their population ([`Population`]). With `i` = 0, 1, 2 …, the text
//!
//! ```text
//! lichphat audit sample v1⏎
//! <seed>⏎
//! <SHA-256 of the population, 64 hexadecimal digits>⏎
//! <i, decimal>⏎
//! ```
//!
//! is hashed with SHA-256 (⏎ is one byte, 10), and the hash's first 8 bytes are a big-endian number `x`. When
//! `x >= 2^64 - (2^64 mod N)` it is left out, so that every play is equally likely; else play `x mod N` is drawn unless it was drawn
//! before. This goes on until `n` are drawn. `printf 'lichphat audit sample v1\n%s\n%s\n%s\n' SEED HASH I | sha256sum` is all it takes.
//!
//! **What it proves.** With `k` bad of `n` looked at, the one-sided bound of Clopper and Pearson: the largest share of bad plays
//! at which so few would still be seen with a chance above `1 - confidence` ([`upper`]); of a small population the
//! same in whole plays ([`upper_of`]).

mod draw;
mod finding;

pub use draw::{Draw, DrawError, Drawn, Item, Kind, Population, Record, SCHEMA, ScreenCounts};
pub use finding::{Finding, Proven, Seen, SeenCode, Tally, Verdict, in_time};

use crate::ids::Sha256Hash;
use num_bigint::BigUint;
use num_traits::{One, Zero};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// One, in millionths.
const ONE: u32 = 1_000_000;
/// A sample of more than one in so many plays is reckoned without putting back.
const FEW: u64 = 20;

/// A share between 0 and 1, in millionths: exact, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share(u32);

/// Why a text is not a share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no share between 0 and 1 with at most six decimals; write it as 0.95 or 95%")]
pub struct ShareError(String);

impl Share {
    /// So many millionths, at most all of them.
    pub const fn millionths(n: u32) -> Self {
        Self(if n > ONE { ONE } else { n })
    }
    /// The part that is missing to 1.
    const fn rest(self) -> u32 {
        ONE - self.0
    }
    /// As per cent, `0.9969`, without the sign.
    pub fn percent(self) -> String {
        decimals(self.0, 4)
    }
}

/// `n` with its last `places` digits behind the point, no more of them than are needed.
fn decimals(n: u32, places: usize) -> String {
    let digits = format!("{n:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

impl std::str::FromStr for Share {
    type Err = ShareError;
    fn from_str(text: &str) -> Result<Self, ShareError> {
        let wrong = || ShareError(text.chars().take(40).collect());
        let (number, places) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim().to_owned(), 4),
            None => (text.trim().to_owned(), 6),
        };
        let number = number.replace(',', ".");
        let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
        if whole.is_empty() || part.len() > places || whole.len() > 3 {
            return Err(wrong());
        }
        let digits = format!("{whole}{part:0<places$}");
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        let n = Some(digits).filter(|_| plain).and_then(|d| d.parse::<u32>().ok()).ok_or_else(wrong)?;
        if n > ONE { Err(wrong()) } else { Ok(Self(n)) }
    }
}
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimals(self.0, 6))
    }
}
impl TryFrom<String> for Share {
    type Error = ShareError;
    fn try_from(text: String) -> Result<Self, ShareError> {
        text.parse()
    }
}
impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

/// What a sample is to show: with this confidence, fewer than this share of plays are bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aim {
    /// How sure, `0.95`.
    pub confidence: Share,
    /// Which share of bad plays is too much, `0.01`.
    pub max_bad: Share,
}

/// Why an aim is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AimError {
    /// Too sure, or not sure at all.
    #[error("confidence = {0}: use 0.5 to 0.9999")]
    Confidence(Share),
    /// Nobody looks at so many, or nothing would be shown.
    #[error("max-bad = {0}: use 0.0005 to 0.5")]
    MaxBad(Share),
}

/// How many to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// However many plays there are.
    pub of_any: u64,
    /// Of these.
    pub drawn: u64,
}

impl Aim {
    /// Is it one that a sample can reach?
    pub fn check(&self) -> Result<(), AimError> {
        if !(500_000..=999_900).contains(&self.confidence.0) {
            return Err(AimError::Confidence(self.confidence));
        }
        if !(500..=500_000).contains(&self.max_bad.0) {
            return Err(AimError::MaxBad(self.max_bad));
        }
        Ok(())
    }

    /// How many of `population` plays have to be looked at.
    pub fn size(&self, population: u64) -> Size {
        let of_any = self.of_any();
        let few = population < of_any.saturating_mul(FEW);
        Size { of_any, drawn: if few { self.of_few(population) } else { of_any } }
    }

    /// Smallest n with (1 - max_bad)^n <= 1 - confidence: found in floats, settled in whole numbers.
    fn of_any(&self) -> u64 {
        let guess = (f64::from(self.confidence.rest()) / f64::from(ONE)).ln()
            / (f64::from(self.max_bad.rest()) / f64::from(ONE)).ln();
        let enough = |n: u32| {
            let clean = BigUint::from(self.max_bad.rest()).pow(n) * ONE;
            clean <= BigUint::from(ONE).pow(n) * self.confidence.rest()
        };
        let mut n = (guess as u32).max(1);
        while n > 1 && enough(n - 1) {
            n -= 1;
        }
        while !enough(n) {
            n += 1;
        }
        n.into()
    }

    /// Fewest bad plays of `population` that are too many.
    pub fn too_many(&self, population: u64) -> u64 {
        (u128::from(population) * u128::from(self.max_bad.0)).div_ceil(ONE.into()) as u64
    }

    /// Smallest n with C(N - K, n) / C(N, n) <= 1 - confidence.
    fn of_few(&self, population: u64) -> u64 {
        let good = population - self.too_many(population).min(population);
        let (mut clean, mut all) = (BigUint::from(ONE), BigUint::from(self.confidence.rest()));
        let mut n = 0;
        while n < population && clean > all {
            clean *= good.saturating_sub(n);
            all *= population - n;
            n += 1;
        }
        n
    }
}

/// The numbers of the plays that are drawn, in the order of drawing; all of them when `n` is not below `population`.
pub fn indices(seed: &str, population_hash: Sha256Hash, population: u64, n: u64) -> Vec<u64> {
    let mut drawn = Vec::new();
    let mut before = BTreeSet::new();
    let n = n.min(population);
    // 2^64 mod N
    let odd = (u64::MAX % population.max(1) + 1) % population.max(1);
    let mut i: u64 = 0;
    while (drawn.len() as u64) < n {
        let text = format!("lichphat audit sample v1\n{seed}\n{population_hash}\n{i}\n");
        i += 1;
        let hash = Sha256::digest(text.as_bytes());
        let x = hash.iter().take(8).fold(0u64, |x, byte| x << 8 | u64::from(*byte));
        if x > u64::MAX - odd {
            continue;
        }
        if before.insert(x % population) {
            drawn.push(x % population);
        }
    }
    drawn
}

/// Clopper and Pearson's one-sided upper bound of the share of bad plays, with `bad` of `looked` seen: found by halving
/// on the binomial sum, rounded up to a millionth. A bound of whole millionths (0.9 where the one play looked at was good) comes out
/// of the floats a hair above or below itself; within a millionth of a millionth it is taken for what it is.
pub fn upper(looked: u64, bad: u64, confidence: Share) -> Share {
    if bad >= looked {
        return Share(ONE);
    }
    let alpha = (f64::from(confidence.rest()) / f64::from(ONE)).ln();
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if ln_at_most(bad, looked, middle) > alpha { low = middle } else { high = middle }
    }
    let bound = high * f64::from(ONE);
    let whole = bound.round();
    Share::millionths(if (bound - whole).abs() < 1e-6 { whole } else { bound.ceil() } as u32)
}

/// ln P(X <= k) of a binomial; terms in logarithms, so that none is lost below the smallest float.
fn ln_at_most(k: u64, n: u64, p: f64) -> f64 {
    let odds = p.ln() - (-p).ln_1p();
    let mut term = n as f64 * (-p).ln_1p();
    let mut sum = term;
    for i in 0..k {
        term += ((n - i) as f64 / (i + 1) as f64).ln() + odds;
        let (more, less) = if term > sum { (term, sum) } else { (sum, term) };
        sum = more + (less - more).exp().ln_1p();
    }
    sum
}

/// Most bad plays of a `population` of which `looked` were drawn and `bad` were seen, in whole numbers: the largest number at which so
/// few would still be seen with a chance above `1 - confidence`.
pub fn upper_of(population: u64, looked: u64, bad: u64, confidence: Share) -> u64 {
    let (mut low, mut high) = (bad, population - (looked - bad));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if is_likely(population, middle, looked, bad, confidence) { low = middle } else { high = middle - 1 }
    }
    low
}

/// P(X <= seen) > 1 - confidence, for `looked` drawn of `population` plays with `bad` among them.
fn is_likely(population: u64, bad: u64, looked: u64, seen: u64, confidence: Share) -> bool {
    let good = population - bad;
    let least = looked.saturating_sub(good);
    let mut term = choose(bad, least) * choose(good, looked - least);
    let mut sum = BigUint::zero();
    for x in least..=seen.min(looked).min(bad) {
        sum += &term;
        term = term * (bad - x) * (looked - x) / ((x + 1) * (good + x + 1 - looked));
    }
    sum * ONE > choose(population, looked) * confidence.rest()
}

fn choose(n: u64, k: u64) -> BigUint {
    (0..k).fold(BigUint::one(), |c, i| c * (n - i) / (i + 1))
}

#[cfg(test)]
mod tests;
