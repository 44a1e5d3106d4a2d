//! Even spacing where the board is full: strings of neighbours are taken off together and put back into the widest
//! holes of their campaigns. The last word of [`super::even`], for boards on which no play can move by itself.

use super::board::Board;
use super::search::Search;

impl Search<'_> {
    /// `rounds` tries; keeps each after which spacing is more even while audience stays at `floor` or above and
    /// nothing more is missing.
    pub(super) fn level(&mut self, rounds: usize, floor: u64) {
        if self.board.plays == 0 {
            return;
        }
        let mut uneven: Vec<f64> = (0..self.board.items.len()).map(|c| deviation(self.board, c)).collect();
        let mut touched: Vec<usize> = Vec::new();
        for _ in 0..rounds {
            let short = self.board.shortfall;
            self.begin();
            self.take_strings();
            self.fill_holes();
            self.touched(&mut touched);
            let now = |c: &usize| deviation(self.board, *c);
            let gain: f64 = touched.iter().map(|c| uneven[*c] - now(c)).sum();
            if gain > 0.0 && self.board.audience >= floor && self.board.shortfall <= short {
                for &c in &touched {
                    uneven[c] = deviation(self.board, c);
                }
            } else {
                self.undo();
            }
        }
        self.begin();
    }

    /// Puts each play that is off into the middle of the widest hole of its campaign, or near it.
    fn fill_holes(&mut self) {
        let mut off = std::mem::take(&mut self.off);
        for i in (1..off.len()).rev() {
            off.swap(i, self.rng.below(i + 1));
        }
        for c in off.drain(..).map(usize::from) {
            let wish = hole(self.board, c);
            if let Some(start) = wish.and_then(|wish| self.board.nearest(c, wish)) {
                self.place(c, start);
            }
        }
        self.off = off;
    }
}

fn deviation(board: &Board, c: usize) -> f64 {
    if board.starts[c].len() > 1 { board.deviation(c) } else { 0.0 }
}

/// The middle of the widest hole between two starts of `c`; before the first and after the last a hole counts half
/// as wide again, since only one distance depends on it.
fn hole(board: &Board, c: usize) -> Option<u32> {
    let length = board.items[c].length;
    let mut best = (0, length / 2);
    let mut last: Option<u32> = None;
    let ideal = length / (board.starts[c].len() as u32 + 1);
    for tau in board.starts[c].iter().map(|&s| board.tau(c, s)) {
        let (width, middle) = match last {
            Some(l) => (tau - l, l + (tau - l) / 2),
            None => (tau + tau / 2, tau.saturating_sub(ideal)),
        };
        if width > best.0 {
            best = (width, middle);
        }
        last = Some(tau);
    }
    if let Some(l) = last {
        let width = length - l;
        if width + width / 2 > best.0 {
            best = (width + width / 2, (l + ideal).min(length - 1));
        }
    }
    board.second_at(c, u64::from(best.1))
}
