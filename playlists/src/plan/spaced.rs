//! One campaign laid out anew for people and even spacing together, given all others.
//!
//! Exact over a grid of free seconds: a start earns its people, a pair of neighbours pays for each second by
//! which its distance on the campaign's own clock misses the ideal. The best predecessor of a start is found
//! without looking at all of them: those further away than the ideal by a running maximum, the nearer ones by a
//! sliding one. A layer holds only the points that leave room, at the campaign's gap, for the plays before and
//! after: where the target is close to what the gap allows, these are few.

use super::board::Board;

#[derive(Debug, Clone, Copy)]
struct Point {
    second: u32,
    tau: i64,
    people: i64,
}

/// Room for the tables, kept between calls.
#[derive(Debug, Default)]
pub(super) struct Spaced {
    /// Grid points per ideal distance.
    grain: u32,
    free: Vec<(u32, u32, i64)>,
    points: Vec<Point>,
    /// First and last point of each layer.
    bands: Vec<(usize, usize)>,
    /// Best sums by point; of a layer only its band means anything.
    before: Vec<i64>,
    layer: Vec<i64>,
    /// Point of the layer before, for the bands of all layers but the first, one after the other.
    came: Vec<u16>,
    near: Vec<(i64, u32)>,
}

const NONE: i64 = i64::MIN / 4;

impl Spaced {
    pub(super) fn new(grain: u32) -> Self {
        Self { grain, ..Self::default() }
    }

    /// Starts for `want` plays of `c`, none of which are on the board (except past ones), that make the most of
    /// `ideal x people - price x |distance - ideal|`; `also` are seconds worth a look. Empty when they do not fit.
    pub(super) fn lay(&mut self, board: &Board, c: usize, want: usize, price: i64, also: &[u32], out: &mut Vec<u32>) {
        out.clear();
        let all = board.starts[c].len() + want;
        let ideal = i64::from(board.items[c].length) / all.max(1) as i64;
        self.grid(board, c, ideal as u32, also);
        let n = self.points.len();
        if want == 0 || n == 0 || n > usize::from(u16::MAX) {
            return;
        }
        if !self.bands(want, board.items[c].gap) {
            return;
        }
        let past = board.starts[c].last().map(|&s| i64::from(board.tau(c, s)));
        let miss = |from: i64, to: i64| (to - from - ideal).abs() * price;
        self.before.clear();
        self.before.extend(self.points.iter().map(|p| p.people * ideal - past.map_or(0, |t| miss(t, p.tau))));
        self.layer.clear();
        self.layer.resize(n, NONE);
        self.came.clear();
        for k in 1..want {
            self.next_layer(k, board.items[c].gap, ideal, price);
            std::mem::swap(&mut self.before, &mut self.layer);
        }
        let (lo, hi) = self.bands[want - 1];
        let Some(mut j) = (lo..=hi).max_by_key(|&j| (self.before[j], std::cmp::Reverse(j))) else { return };
        if self.before[j] == NONE {
            return;
        }
        out.push(self.points[j].second);
        let mut row = self.came.len();
        for &(lo, hi) in self.bands[1..].iter().rev() {
            row -= hi - lo + 1;
            j = usize::from(self.came[row + j - lo]);
            out.push(self.points[j].second);
        }
        out.reverse();
    }

    /// For each of `want` plays the first point that so many others can precede and the last that so many can
    /// follow; false when not all fit.
    fn bands(&mut self, want: usize, gap: u32) -> bool {
        self.bands.clear();
        let (mut lo, mut next) = (0, 0);
        for _ in 0..want {
            while self.points.get(lo).is_some_and(|p| p.second < next) {
                lo += 1;
            }
            let Some(first) = self.points.get(lo) else { return false };
            self.bands.push((lo, 0));
            next = first.second + gap;
        }
        let (mut hi, mut last) = (self.points.len(), u32::MAX);
        for band in self.bands.iter_mut().rev() {
            while hi > 0 && self.points[hi - 1].second > last {
                hi -= 1;
            }
            // the earliest starts fit, so the latest do, and none is before its earliest
            band.1 = hi - 1;
            last = self.points[hi - 1].second.saturating_sub(gap);
        }
        true
    }

    /// Seconds worth a look: `also`, and enough of every free stretch for its length. A point hard by another
    /// with the same people is left out.
    fn grid(&mut self, board: &Board, c: usize, ideal: u32, also: &[u32]) {
        board.free_stretches(c, &mut self.free);
        self.points.clear();
        let step = (ideal / self.grain).max(1);
        let mut also = also.iter().copied().peekable();
        for &(lo, hi, people) in &self.free {
            let mut s = lo;
            loop {
                let own = also.next_if(|&a| a <= s.min(hi));
                let second = own.unwrap_or(s.min(hi));
                let close = self.points.last().is_some_and(|p| p.people == people && second < p.second + step / 2);
                if own.is_some() || !close {
                    self.points.push(Point { second, tau: i64::from(board.tau(c, second)), people });
                }
                if own.is_none_or(|a| a == s) {
                    if s >= hi {
                        break;
                    }
                    s += step;
                }
            }
        }
    }

    /// Best sums of the band of play `k`.
    fn next_layer(&mut self, k: usize, gap: u32, ideal: i64, price: i64) {
        let points = self.points.as_slice();
        let before = &self.before[..points.len()];
        let ((first, _), (lo, hi)) = (self.bands[k - 1], self.bands[k]);
        self.near.clear();
        // `far`: best of those at the ideal distance or further; `open`: first not yet far enough for the gap;
        // `far_to`: first not yet as far as the ideal; `head`: where the sliding maximum begins
        let (mut far, mut far_from, mut far_to, mut open, mut head) = (NONE, 0usize, first, first, 0usize);
        for (p, sum) in points[lo..=hi].iter().zip(&mut self.layer[lo..=hi]) {
            while points[open].second + gap <= p.second {
                if before[open] > NONE {
                    let value = before[open] - price * points[open].tau;
                    while self.near.len() > head && self.near[self.near.len() - 1].0 <= value {
                        self.near.pop();
                    }
                    self.near.push((value, open as u32));
                }
                open += 1;
            }
            while far_to < open && p.tau - points[far_to].tau >= ideal {
                let value = before[far_to] + price * points[far_to].tau;
                if before[far_to] > NONE && value > far {
                    (far, far_from) = (value, far_to);
                }
                far_to += 1;
            }
            while self.near.get(head).is_some_and(|f| (f.1 as usize) < far_to) {
                head += 1;
            }
            // further than ideal pays (tau - tau_i - ideal); nearer pays (ideal - tau + tau_i)
            let shift = price * (p.tau - ideal);
            let (mut best, mut from) = if far > NONE { (far - shift, far_from) } else { (NONE, 0) };
            if let Some(&(value, i)) = self.near.get(head)
                && value + shift > best
            {
                (best, from) = (value + shift, i as usize);
            }
            self.came.push(from as u16);
            *sum = if best > NONE { best + p.people * ideal } else { NONE };
        }
    }
}
