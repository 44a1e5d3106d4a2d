//! What stands in the way of a play: starts that are taken, with what it would cost to take them.

use super::board::Board;
use super::bound;
use super::row::Stretch;

/// What stands in a play's way, as half-open runs of starts that it spoils; each list in order of time.
#[derive(Debug, Default)]
pub(super) struct Way {
    plays: Vec<(u32, u32)>,
    rivals: Vec<(u32, u32)>,
    /// Runs begun and ended so far.
    begun: usize,
    ended: usize,
    rivals_begun: usize,
    rivals_ended: usize,
    penalty: i64,
}

impl Way {
    fn clear(&mut self, penalty: i64) {
        *self = Self {
            plays: std::mem::take(&mut self.plays),
            rivals: std::mem::take(&mut self.rivals),
            penalty,
            ..Self::default()
        };
        self.plays.clear();
        self.rivals.clear();
    }

    /// What a start at `second` costs, and the first later second with another cost. `second` only grows.
    fn at(&mut self, second: u32) -> (i64, u32) {
        let step = |at: &mut usize, list: &[(u32, u32)], edge: fn(&(u32, u32)) -> u32| {
            while list.get(*at).is_some_and(|r| edge(r) <= second) {
                *at += 1;
            }
            list.get(*at).map_or(u32::MAX, edge)
        };
        let next = step(&mut self.begun, &self.plays, |r| r.0)
            .min(step(&mut self.ended, &self.plays, |r| r.1))
            .min(step(&mut self.rivals_begun, &self.rivals, |r| r.0))
            .min(step(&mut self.rivals_ended, &self.rivals, |r| r.1));
        let count = self.begun - self.ended + self.rivals_begun - self.rivals_ended;
        (count as i64 * self.penalty, next)
    }
}

impl Board {
    /// Allowed starts of `c` in `from..=to` with what each is worth: its people less `penalty` for every play of
    /// another campaign that would be in its way.
    pub(super) fn stretches_over(
        &self,
        c: usize,
        (from, to): (u32, u32),
        penalty: i64,
        priced: bool,
        way: &mut Way,
        out: &mut Vec<Stretch>,
    ) {
        out.clear();
        let item = &self.items[c];
        let a = item.segments.partition_point(|s| s.hi < from);
        let b = item.segments.partition_point(|s| s.lo <= to);
        let Some(inside) = item.segments.get(a..b.max(a)).filter(|i| !i.is_empty()) else { return };
        let (from, to) = (from.max(inside[0].lo), to.min(inside[inside.len() - 1].hi));
        way.clear(penalty);
        let first = self.bin_of(from.saturating_sub(self.longest_s));
        let last = self.bin_of(to + item.dur).min(self.line.len() - 1);
        for &(start, other) in self.line[first..=last].iter().flatten() {
            let end = start + self.items[usize::from(other)].dur;
            if end > from && start < to + item.dur {
                way.plays.push(((start + 1).saturating_sub(item.dur), end));
            }
        }
        if let Some(members) = self.categories.get(item.category) {
            let gap = item.category_gap();
            let i = members.partition_point(|m| m.0 + gap <= from);
            for &(m, _) in members[i..].iter().take_while(|m| m.0 < to + gap).filter(|m| usize::from(m.1) != c) {
                way.rivals.push(((m + 1).saturating_sub(gap), m + gap));
            }
        }
        for seg in inside {
            let (mut lo, end) = (seg.lo.max(from), seg.hi.min(to));
            let worth = if priced { self.worth(c, *seg) / bound::PARTS } else { i64::from(seg.people) };
            while lo <= end {
                let (cost, until) = way.at(lo);
                let hi = end.min(until - 1);
                out.push((lo, hi, worth - cost));
                lo = hi + 1;
            }
        }
    }

    /// Planned plays of other campaigns that a play of `c` at `start` cannot go with.
    pub(super) fn in_the_way(&self, c: usize, start: u32, out: &mut Vec<(u32, u16)>) {
        out.clear();
        let item = &self.items[c];
        let first = self.bin_of(start.saturating_sub(self.longest_s));
        let last = self.bin_of(start + item.dur).min(self.line.len() - 1);
        for &(s, other) in self.line[first..=last].iter().flatten() {
            if s < start + item.dur && s + self.items[usize::from(other)].dur > start && usize::from(other) != c {
                out.push((s, other));
            }
        }
        if let Some(members) = self.categories.get(item.category) {
            let i = members.partition_point(|m| m.0 + item.category_gap() <= start);
            for &m in members[i..].iter().take_while(|m| m.0 < start + item.category_gap()) {
                if usize::from(m.1) != c && m.0 >= self.cut_s && !out.contains(&m) {
                    out.push(m);
                }
            }
        }
    }
}
