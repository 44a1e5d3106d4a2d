//! One campaign laid out anew, given all others: the best set of starts by dynamic programming.
//!
//! Between two changes of footfall a start is best as early as the gap allows, so a play's state is its
//! stretch of free starts and the earliest second in it that reaches the best sum. Quick and all but
//! exact: of two ways into a stretch only the richer is kept.

use super::board::Board;

/// Room for the tables, kept between calls.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Free stretches `lo..=hi` with people, in order of time.
    free: Vec<(u32, u32, i64)>,
    /// Best sum and its earliest last start, per stretch: of the layer before and of this one.
    before: Vec<(i64, u32)>,
    layer: Vec<(i64, u32)>,
    /// For each (play, stretch) the stretch of the play before.
    came: Vec<u16>,
}

/// No way in.
const NONE: (i64, u32) = (i64::MIN, u32::MAX);

impl Row {
    /// Starts for all plays of `c` that are not on the board (as many as fit), richest sum first. The
    /// board's plays of `c` must all be off, except past ones.
    pub(super) fn lay(&mut self, board: &Board, c: usize, out: &mut Vec<u32>) {
        out.clear();
        let want = board.missing(c) as usize;
        board.free_stretches(c, &mut self.free);
        let n = self.free.len().min(usize::from(u16::MAX));
        if want == 0 || n == 0 {
            return;
        }
        let gap = board.items[c].gap;
        self.came.clear();
        self.before.clear();
        self.before.extend(self.free[..n].iter().map(|f| (f.2, f.0)));
        let mut layers = 1;
        while layers < want {
            self.layer.clear();
            let (mut next, mut best, mut from) = (0, NONE, 0u16);
            for j in 0..n {
                let (lo, hi, people) = self.free[j];
                while next <= j && (self.before[next] == NONE || self.before[next].1 + gap <= hi) {
                    if self.before[next].0 > best.0 {
                        (best, from) = (self.before[next], next as u16);
                    }
                    next += 1;
                }
                self.came.push(from);
                self.layer.push(if best == NONE { NONE } else { (best.0 + people, lo.max(best.1 + gap)) });
            }
            if self.layer.iter().all(|l| *l == NONE) {
                break;
            }
            std::mem::swap(&mut self.before, &mut self.layer);
            layers += 1;
        }
        self.walk_back(n, layers, gap, out);
    }

    /// Reads the starts off the tables, last to first, then settles them from the first on.
    fn walk_back(&self, n: usize, layers: usize, gap: u32, out: &mut Vec<u32>) {
        let Some(mut j) = (0..n).max_by_key(|&j| (self.before[j].0, std::cmp::Reverse(j))) else { return };
        out.push(j as u32);
        for k in (1..layers).rev() {
            j = usize::from(self.came[(k - 1) * n + j]);
            out.push(j as u32);
        }
        out.reverse();
        let mut last = None;
        for stretch in out.iter_mut() {
            let lo = self.free[*stretch as usize].0;
            let start = last.map_or(lo, |l: u32| lo.max(l + gap));
            *stretch = start;
            last = Some(start);
        }
    }
}
