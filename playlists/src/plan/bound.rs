//! No plan can be better: an upper bound of a day's audience, from a price for each second of each bin.
//!
//! Lagrangian relaxation (Held and Karp 1971). What couples the campaigns is that a bin's seconds are shown once:
//! with `free_b` seconds of bin `b` and `o_b` seconds by which its last play runs over into the next,
//!
//! ```text
//! sum of d_c over plays that start in b, + o_{b-1} - o_b <= free_b,     0 <= o_b <= D - 1
//! ```
//!
//! Whoever pays `price_b` for each of its seconds takes the starts that are worth it, and each campaign by itself is
//! solved exactly ([`Row`]). For any prices that are not negative the sum is a bound; a few steps along the
//! subgradient make it a good one. Bounds are reckoned in whole numbers, so they hold exactly; category gaps are
//! left out, which can only make a bound larger.

use super::board::{Board, Item};
use super::row::Row;

/// Prices are in people per second, in this many parts.
pub(super) const PARTS: i64 = 1024;

/// Seconds and prices by bin.
struct Bins {
    free_s: Vec<i64>,
    /// Most seconds by which a play may run over into the next bin.
    over_s: Vec<i64>,
    price: Vec<i64>,
}

/// An upper bound of the audience of all plays that can still be planned on `board` (which may hold a plan: it is
/// not looked at), after `steps` steps. `reached` is the audience of some plan: the nearer to the best, the better
/// the steps.
pub(super) fn audience(board: &Board, reached: u64, steps: u32) -> u64 {
    prices(board, reached, steps).0
}

/// The bound with the prices that gave it, in parts of people per second.
pub(super) fn prices(board: &Board, reached: u64, steps: u32) -> (u64, Vec<i64>) {
    let mut bins = Bins::new(board);
    let mut row = Row::default();
    let mut best = i64::MAX;
    let mut found = bins.price.clone();
    let (mut boldness, mut idle) = (1.0, 0);
    for _ in 0..=steps {
        let (bound, slack) = bins.relax(board, &mut row);
        if bound < best {
            (best, idle) = (bound, 0);
            found.clone_from(&bins.price);
        } else {
            idle += 1;
            if idle == 5 {
                (boldness, idle) = (boldness / 2.0, 0);
            }
        }
        let length: i64 = slack.iter().map(|g| g * g).sum();
        let gap = bound - reached as i64 * PARTS;
        if length == 0 || gap <= 0 {
            break;
        }
        for (price, g) in bins.price.iter_mut().zip(&slack) {
            let step = boldness * gap as f64 * *g as f64 / length as f64;
            *price = (*price - step as i64).max(0);
        }
    }
    (u64::try_from(best.max(0)).unwrap_or(0).div_ceil(PARTS as u64), found)
}

impl Bins {
    fn new(board: &Board) -> Self {
        let count = board.bins();
        let mut bins = Self { free_s: vec![0; count], over_s: vec![0; count], price: vec![0; count] };
        for (a, b) in board.open_runs() {
            let mut s = a;
            while s < b {
                let bin = board.bin_of(s);
                let end = b.min(board.bin_end(bin));
                bins.free_s[bin] += i64::from(end - s);
                if end < b {
                    let longest = board.items.iter().filter(|i| i.may_cross(end)).map(|i| i.dur).max().unwrap_or(0);
                    bins.over_s[bin] = i64::from(longest.saturating_sub(1).min(b - end));
                }
                s = end;
            }
        }
        bins
    }

    /// The bound at these prices, and by how many seconds each bin's demand stays below what it has.
    fn relax(&self, board: &Board, row: &mut Row) -> (i64, Vec<i64>) {
        let mut slack = self.free_s.clone();
        let mut bound: i64 = self.price.iter().zip(&self.free_s).map(|(p, s)| p * s).sum();
        for (b, over_s) in self.over_s.iter().enumerate() {
            let falls = self.price[b] - self.price.get(b + 1).copied().unwrap_or(0);
            if falls > 0 {
                bound += falls * over_s;
                slack[b] += over_s;
                if let Some(next) = slack.get_mut(b + 1) {
                    *next -= over_s;
                }
            }
        }
        for item in &board.items {
            bound += self.best_of(item, board, row, &mut slack);
        }
        (bound, slack)
    }

    /// The most that `item` by itself can make of its starts at these prices.
    fn best_of(&self, item: &Item, board: &Board, row: &mut Row, slack: &mut [i64]) -> i64 {
        let dur = i64::from(item.dur);
        let worth = |people: u32, bin: usize| i64::from(people) * PARTS - self.price[bin] * dur;
        row.free.clear();
        row.free.extend(item.segments.iter().map(|s| (s.lo, s.hi, worth(s.people, board.bin_of(s.lo)))));
        row.free.retain(|f| f.2 > 0);
        let mut starts = Vec::new();
        let sum = row.richest(item.target as usize, item.gap, &mut starts);
        for start in starts {
            slack[board.bin_of(start)] -= dur;
        }
        sum
    }
}
