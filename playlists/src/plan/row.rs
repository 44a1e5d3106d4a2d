//! One campaign laid out anew, given all others: the best set of starts, exactly, by dynamic programming.
//!
//! `F_k(t)`, the best sum of `k` plays whose last starts at `t` or before, is a staircase; a layer keeps its steps
//! only. Between two steps of the layer before (each later by the gap) a start is worth a look only where its
//! stretch is richer than all looked at since the step, so a table of "next richer stretch" passes over the rest.

use super::board::Board;

/// Allowed starts `lo..=hi` and what each is worth.
pub(super) type Stretch = (u32, u32, i64);

/// A step of a staircase.
#[derive(Debug, Clone, Copy)]
struct Step {
    start: u32,
    /// The stretch it lies in.
    stretch: u32,
    sum: i64,
    /// Step of the layer before.
    from: u32,
}

/// Room for the tables, kept between calls.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Stretches in order of time, disjoint.
    pub(super) free: Vec<Stretch>,
    /// Index of the next richer stretch.
    richer: Vec<u32>,
    /// The layers, one after the other.
    steps: Vec<Step>,
    /// Latest start of each layer: a later one leaves no room for the plays after it.
    latest: Vec<u32>,
    /// Last and best step of each layer.
    tops: Vec<Step>,
}

impl Row {
    /// Starts for all plays of `c` that are not on the board (as many as fit), richest sum first. The
    /// board's plays of `c` must all be off, except past ones.
    pub(super) fn lay(&mut self, board: &Board, c: usize, out: &mut Vec<u32>) {
        board.free_stretches(c, &mut self.free);
        self.choose(board.missing(c) as usize, board.items[c].gap, out);
    }

    /// At most `want` starts out of `free`, `gap` apart: as many as fit, of these the richest, of these the earliest.
    pub(super) fn choose(&mut self, want: usize, gap: u32, out: &mut Vec<u32>) {
        self.latest(want, gap);
        self.layers(gap);
        self.walk_back(self.tops.last().copied(), out);
    }

    /// The richest set of at most `want` starts out of `free`, `gap` apart, whatever their number; answers with its sum.
    pub(super) fn richest(&mut self, want: usize, gap: u32, out: &mut Vec<u32>) -> i64 {
        self.latest.clear();
        self.latest.resize(want, u32::MAX);
        self.layers(gap);
        let best = self.tops.iter().copied().max_by_key(|s| s.sum).filter(|s| s.sum > 0);
        self.walk_back(best, out);
        best.map_or(0, |s| s.sum)
    }

    /// For each of at most `want` plays, as many as fit, the latest start that leaves room for those after it.
    fn latest(&mut self, want: usize, gap: u32) {
        self.latest.clear();
        let mut before = i64::MAX;
        for &(lo, hi, _) in self.free.iter().rev() {
            let mut start = i64::from(hi).min(before);
            while start >= i64::from(lo) && self.latest.len() < want {
                self.latest.push(start as u32);
                before = start - i64::from(gap);
                start = before;
            }
        }
        self.latest.reverse();
    }

    /// Lays a layer for each of the latest starts and keeps the best step of each.
    fn layers(&mut self, gap: u32) {
        self.link();
        self.steps.clear();
        self.tops.clear();
        let mut layer = 0..0;
        for k in 0..self.latest.len() {
            let next = self.steps.len();
            if k == 0 {
                self.first_layer();
            } else {
                self.next_layer(layer.clone(), gap, self.latest[k]);
            }
            layer = next..self.steps.len();
            match self.steps.last().filter(|_| !layer.is_empty()) {
                Some(&top) => self.tops.push(top),
                None => break,
            }
        }
    }

    fn first_layer(&mut self) {
        let (mut best, mut j) = (i64::MIN, 0);
        let last = self.latest[0];
        while let Some(&(start, _, worth)) = self.free.get(j).filter(|f| f.0 <= last) {
            if worth > best {
                best = worth;
                self.steps.push(Step { start, stretch: j as u32, sum: worth, from: u32::MAX });
            }
            j = self.richer[j] as usize;
        }
    }

    /// Reads the starts that lead to `last`.
    fn walk_back(&self, last: Option<Step>, out: &mut Vec<u32>) {
        out.clear();
        let mut at = last;
        while let Some(step) = at {
            out.push(step.start);
            at = self.steps.get(step.from as usize).copied();
        }
        out.reverse();
    }

    fn link(&mut self) {
        let n = self.free.len();
        self.richer.clear();
        self.richer.resize(n, n as u32);
        for j in (0..n).rev() {
            let mut k = j + 1;
            while k < n && self.free[k].2 <= self.free[j].2 {
                k = self.richer[k] as usize;
            }
            self.richer[j] = k as u32;
        }
    }

    fn next_layer(&mut self, before: std::ops::Range<usize>, gap: u32, latest: u32) {
        let mut best = i64::MIN;
        // first stretch that ends at the step's earliest next start or later
        let mut first = 0;
        for i in before.clone() {
            let Step { start, stretch, sum, .. } = self.steps[i];
            first = first.max(stretch as usize);
            let from = start + gap;
            // from here on the step after this one is better in every case
            let better = if i + 1 < before.end { self.steps[i + 1].start + gap } else { u32::MAX };
            let until = better.min(latest.saturating_add(1));
            while first < self.free.len() && self.free[first].1 < from {
                first += 1;
            }
            let mut j = first;
            while let Some(&(lo, _, worth)) = self.free.get(j) {
                let start = lo.max(from);
                if start >= until {
                    break;
                }
                if sum + worth > best {
                    best = sum + worth;
                    self.steps.push(Step { start, stretch: j as u32, sum: best, from: i as u32 });
                }
                j = self.richer[j] as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every set of at most `want` starts, one second at a time: for each number of plays the best sum.
    fn by_hand(free: &[Stretch], want: usize, gap: u32) -> Vec<i64> {
        let starts: Vec<(u32, i64)> = free.iter().flat_map(|&(lo, hi, w)| (lo..=hi).map(move |s| (s, w))).collect();
        let mut best: Vec<i64> = Vec::new();
        let mut sums: Vec<i64> = starts.iter().map(|s| s.1).collect();
        while best.len() < want && sums.iter().any(|&s| s > i64::MIN) {
            best.push(sums.iter().copied().max().unwrap_or(i64::MIN));
            let before = sums.clone();
            for (j, sum) in sums.iter_mut().enumerate() {
                let earlier = (0..j).filter(|&i| starts[i].0 + gap <= starts[j].0 && before[i] > i64::MIN);
                *sum = earlier.map(|i| before[i] + starts[j].1).max().unwrap_or(i64::MIN);
            }
        }
        best
    }

    proptest! {
        #[test]
        fn a_row_is_the_best_there_is(
            runs in prop::collection::vec((0u32..12, 0u32..14, -9i64..60), 1..7),
            want in 1usize..6,
            gap in 1u32..18,
        ) {
            let mut at = 0;
            let mut row = Row::default();
            for (pause, length, worth) in runs {
                row.free.push((at + pause, at + pause + length, worth));
                at += pause + length + 1;
            }
            let best = by_hand(&row.free, want, gap);
            let mut starts = Vec::new();
            row.choose(want, gap, &mut starts);
            prop_assert_eq!(starts.len(), best.len());
            prop_assert!(starts.windows(2).all(|p| p[1] - p[0] >= gap));
            let free = row.free.clone();
            prop_assert_eq!(starts.iter().map(|&s| row_worth(&free, s)).sum::<i64>(), best[best.len() - 1]);
            let sum = row.richest(want, gap, &mut starts);
            prop_assert_eq!(sum, best.iter().copied().max().unwrap_or(0).max(0));
            prop_assert_eq!(starts.iter().map(|&s| row_worth(&free, s)).sum::<i64>(), sum);
        }
    }

    fn row_worth(free: &[Stretch], start: u32) -> i64 {
        free.iter().find(|f| f.0 <= start && start <= f.1).map_or(i64::MIN, |f| f.2)
    }
}
