//! Unions of sets of seconds, and which of them are asked for more than they hold: the search behind the proofs.
//!
//! Seconds that lie in the same sets are one *cell*, a set is a row of bits over the cells, a union is an `|`. What
//! a union holds never shrinks when it grows, so nothing is searched beyond a union that holds all that is asked for.

use crate::time::IntervalSet;
use std::collections::{BTreeMap, BTreeSet};

/// Distinct sets, over their cells, each with what is asked for inside it.
#[derive(Debug)]
pub(super) struct Sets {
    /// The intervals of each cell.
    cells: Vec<Vec<(u32, u32)>>,
    /// The cells of each set, in order.
    sets: Vec<Vec<usize>>,
    asked: Vec<u64>,
}

/// So many distinct sets have so many unions that not all are looked at.
const MANY: usize = 14;

/// One union, as bits over the cells.
type Bits<const W: usize> = [u64; W];

impl Sets {
    /// Takes sets with what is asked for in each; equal ones become one. An empty set lies inside every union.
    pub(super) fn new<'a>(asking: impl Iterator<Item = (&'a IntervalSet, u64)>) -> Self {
        let mut by_set: BTreeMap<&IntervalSet, u64> = BTreeMap::new();
        for (set, asked) in asking {
            *by_set.entry(set).or_default() += asked;
        }
        let mut cuts: Vec<u32> = by_set.keys().flat_map(|set| set.iter()).flat_map(|(a, b)| [a, b]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut cells: BTreeMap<Vec<usize>, Vec<(u32, u32)>> = BTreeMap::new();
        for pair in cuts.windows(2) {
            let holders: Vec<usize> =
                by_set.keys().enumerate().filter(|(_, set)| set.contains(pair[0])).map(|(i, _)| i).collect();
            if !holders.is_empty() {
                cells.entry(holders).or_default().push((pair[0], pair[1]));
            }
        }
        let mut sets = vec![Vec::new(); by_set.len()];
        for (cell, holders) in cells.keys().enumerate() {
            holders.iter().for_each(|&set| sets[set].push(cell));
        }
        Self { cells: cells.into_values().collect(), sets, asked: by_set.into_values().collect() }
    }

    /// Unions of at most `most` sets, and the union of all, that are asked for more than `hold` says of their cells,
    /// summed; `hold` gets the intervals of one cell.
    pub(super) fn overloaded(&self, most: usize, hold: impl Fn(&[(u32, u32)]) -> u64) -> Vec<IntervalSet> {
        match self.cells.len() {
            0..=64 => self.summed::<1>(most, hold),
            65..=256 => self.summed::<4>(most, hold),
            257..=2048 => self.summed::<32>(most, hold),
            _ => self.summed::<1350>(most, hold), // a bit for every second of the day
        }
    }

    /// Unions that are asked for more than `hold` says of them: every one there is, and of more than [`MANY`] sets
    /// those of at most `most` and the union of all. `hold` must not fall when a union grows.
    pub(super) fn overloaded_by(&self, most: usize, hold: impl Fn(&IntervalSet) -> u64) -> Vec<IntervalSet> {
        match self.cells.len() {
            0..=64 => self.closed::<1>(most, hold),
            65..=256 => self.closed::<4>(most, hold),
            257..=2048 => self.closed::<32>(most, hold),
            _ => self.closed::<1350>(most, hold),
        }
    }

    fn bits<const W: usize>(&self) -> Vec<Bits<W>> {
        let bits = |cells: &Vec<usize>| {
            let mut bits = [0; W];
            cells.iter().for_each(|&cell| bits[cell / 64] |= 1 << (cell % 64));
            bits
        };
        self.sets.iter().map(bits).collect()
    }

    fn intervals<const W: usize>(&self, union: &Bits<W>) -> IntervalSet {
        let inside = (0..self.cells.len()).filter(|cell| union[cell / 64] >> (cell % 64) & 1 == 1);
        IntervalSet::from(inside.flat_map(|cell| self.cells[cell].iter().copied()).collect::<Vec<_>>())
    }

    fn summed<const W: usize>(&self, most: usize, hold: impl Fn(&[(u32, u32)]) -> u64) -> Vec<IntervalSet> {
        let mut walk = Walk {
            sets: &self.bits::<W>(),
            asked: &self.asked,
            holds: &self.cells.iter().map(|cell| hold(cell)).collect::<Vec<_>>(),
            total: self.asked.iter().sum(),
            most,
            found: BTreeSet::new(),
        };
        if asked_inside(walk.sets, walk.asked, &[0; W]) > 0 {
            walk.found.insert([0; W]);
        }
        walk.widen(&[0; W], 0, 0, 0);
        let all = walk.sets.iter().fold([0; W], |all, set| or(&all, set));
        if walk.total > walk.holds.iter().sum() {
            walk.found.insert(all);
        }
        walk.found.iter().map(|union| self.intervals(union)).collect()
    }

    fn closed<const W: usize>(&self, most: usize, hold: impl Fn(&IntervalSet) -> u64) -> Vec<IntervalSet> {
        let (sets, total): (_, u64) = (self.bits::<W>(), self.asked.iter().sum());
        let most = if sets.len() > MANY { most } else { sets.len() };
        let mut seen: BTreeSet<Bits<W>> = sets.iter().copied().collect();
        let mut widest: Vec<Bits<W>> = sets.clone();
        let mut out = BTreeSet::new();
        for size in 1..=most {
            for union in std::mem::take(&mut widest) {
                let intervals = self.intervals(&union);
                let held = hold(&intervals);
                if held >= total {
                    continue;
                }
                if asked_inside(&sets, &self.asked, &union) > held {
                    out.insert(intervals);
                }
                if size < most {
                    widest.extend(sets.iter().map(|set| or(&union, set)).filter(|wider| seen.insert(*wider)));
                }
            }
        }
        let all = self.intervals(&sets.iter().fold([0; W], |all, set| or(&all, set)));
        if total > hold(&all) {
            out.insert(all);
        }
        out.into_iter().collect()
    }
}

/// The search over unions of a few sets.
struct Walk<'a, const W: usize> {
    sets: &'a [Bits<W>],
    asked: &'a [u64],
    /// What each cell holds.
    holds: &'a [u64],
    /// All that is asked for.
    total: u64,
    most: usize,
    found: BTreeSet<Bits<W>>,
}

impl<const W: usize> Walk<'_, W> {
    /// Widens `union`, which holds `held` and is made of `size` sets, by one set from `from` on, and so on.
    fn widen(&mut self, union: &Bits<W>, held: u64, from: usize, size: usize) {
        for i in from..self.sets.len() {
            let set = &self.sets[i];
            if inside(set, union) {
                continue;
            }
            let held = held + self.gain(set, union);
            if held >= self.total {
                continue;
            }
            let wider = or(union, set);
            if asked_inside(self.sets, self.asked, &wider) > held {
                self.found.insert(wider);
            }
            if size + 1 < self.most {
                self.widen(&wider, held, i + 1, size + 1);
            }
        }
    }

    /// What the cells of `set` that are not in `union` hold.
    fn gain(&self, set: &Bits<W>, union: &Bits<W>) -> u64 {
        let mut gain = 0;
        for word in 0..W {
            let mut new = set[word] & !union[word];
            while new != 0 {
                gain += self.holds[word * 64 + new.trailing_zeros() as usize];
                new &= new - 1;
            }
        }
        gain
    }
}

fn or<const W: usize>(a: &Bits<W>, b: &Bits<W>) -> Bits<W> {
    std::array::from_fn(|word| a[word] | b[word])
}

fn inside<const W: usize>(set: &Bits<W>, union: &Bits<W>) -> bool {
    set.iter().zip(union).all(|(set, union)| set & !union == 0)
}

fn asked_inside<const W: usize>(sets: &[Bits<W>], asked: &[u64], union: &Bits<W>) -> u64 {
    sets.iter().zip(asked).filter(|(set, _)| inside(set, union)).map(|(_, asked)| asked).sum()
}
