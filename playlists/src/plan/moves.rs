//! The search's moves. Each takes some plays off the board and puts back, together with whatever is missing, all that
//! finds a place; the search keeps or undoes it.
//!
//! - *String*: some neighbours, in one or two places (slack induction by string removals, Christiaens and Vanden
//!   Berghe 2020).
//! - *Comb*: some plays of one campaign that follow each other, laid out anew exactly ([`super::row`]) over whatever
//!   stands in their way, for a penalty: the only move that shifts a campaign whose gap leaves it hardly any room.
//! - *Pack*: some neighbours laid back tightly in their order, with something missing among them.
//! - *Beside*: one play put beside another, which shoves aside what stands there ([`super::shove`]).
//!
//! The numbers were tuned on the 30 days of `tests/dayplan/instances` and held against generated ones
//! (`tests/dayplan/families.rs`).

use super::search::Search;
use std::cmp::Reverse;

/// Most strings at a time, and plays in one.
const STRINGS: usize = 2;
const STRING: usize = 6;
/// Most plays of a comb, and of a pack.
const COMB: usize = 14;
const PACK: usize = 21;
/// Most that a play in the way of a comb costs, in hundredths of a play's mean people.
const PENALTY: i64 = 80;
/// A pack reaches so far beyond its first and last play, seconds.
const REACH_S: u32 = 300;

impl Search<'_> {
    /// Takes strings of neighbours off and lays them anew.
    pub(super) fn string(&mut self) {
        self.take_strings();
        self.back();
    }

    /// Takes one or two strings of neighbours off.
    pub(super) fn take_strings(&mut self) {
        self.spans.clear();
        self.off.clear();
        for _ in 0..=self.rng.below(STRINGS) {
            let length = 1 + self.rng.below(STRING);
            let from = self.where_to();
            let mut span = (u32::MAX, 0);
            for _ in 0..length {
                let Some((start, c)) = self.board.play(from) else { break };
                self.remove(c, start);
                self.off.push(c as u16);
                span = (span.0.min(start), span.1.max(start + self.board.items[c].dur));
            }
            if span.0 < span.1 {
                self.spans.push(span);
            }
        }
    }

    /// Lays some plays of one campaign anew between their neighbours, over others' plays where that pays. `mean` are
    /// a play's mean people. Those in the way are shoved aside, or taken off.
    pub(super) fn comb(&mut self, mean: i64, aside: bool) {
        self.spans.clear();
        self.off.clear();
        let Some((start, c)) = self.board.play(self.rng.below(self.board.plays)) else { return };
        let (gap, dur) = (self.board.items[c].gap, self.board.items[c].dur);
        let own = &self.board.starts[c];
        let length = 1 + self.rng.below(COMB);
        let i = own.partition_point(|&s| s < start);
        let a = i.saturating_sub(self.rng.below(length)).max(own.partition_point(|&s| s < self.board.cut_s));
        let b = (a + length).min(own.len());
        let from = if a > 0 { own[a - 1] + gap } else { 0 };
        let to = own.get(b).map_or(u32::MAX, |&s| s.saturating_sub(gap));
        let mut starts = std::mem::take(&mut self.starts);
        starts.clear();
        starts.extend_from_slice(&own[a..b]);
        for &s in &starts {
            self.remove(c, s);
            self.spans.push((s, s + dur));
        }
        let penalty = self.rng.below((mean * PENALTY / 100).max(1) as usize) as i64;
        let priced = self.rng.next() & 1 == 0;
        self.board.stretches_over(c, (from, to), penalty, priced, &mut self.way, &mut self.row.free);
        let more = usize::from(self.board.missing(c) as usize > starts.len());
        self.row.choose(starts.len() + more, gap, &mut starts);
        if aside {
            self.shoved.extend(starts.iter().map(|&s| (s, c as u16)));
            self.shove();
        } else {
            for &s in &starts {
                self.displace(c, s);
            }
        }
        self.starts = starts;
        self.back();
    }

    /// Puts a play of `c` at `start`, and takes off what is in its way.
    fn displace(&mut self, c: usize, start: u32) {
        let mut plays = std::mem::take(&mut self.plays);
        self.board.in_the_way(c, start, &mut plays);
        for &(at, other) in &plays {
            self.remove(usize::from(other), at);
            self.off.push(other);
            self.spans.push((at, at + self.board.items[usize::from(other)].dur));
        }
        self.plays = plays;
        // a past play can still forbid it
        if self.board.fits(c, start) {
            self.place(c, start);
        } else {
            self.off.push(c as u16);
        }
    }

    /// Packs neighbours tightly.
    pub(super) fn pack(&mut self) {
        self.spans.clear();
        self.off.clear();
        let length = 2 + self.rng.below(PACK - 1);
        let from = self.where_to();
        let mut order = std::mem::take(&mut self.plays);
        order.clear();
        while let Some((start, c)) = self.board.play(from).filter(|_| order.len() < length) {
            self.remove(c, start);
            order.push((start, c as u16));
        }
        if let (Some(&(first, _)), Some(&(last, c))) = (order.first(), order.last()) {
            let end = last + self.board.items[usize::from(c)].dur;
            let (before, after) = self.board.runs_around(first, end, REACH_S);
            self.spans.push((first, end));
            if self.rng.next() & 1 == 0 {
                let (i, j) = (self.rng.below(order.len()), self.rng.below(order.len()));
                order.swap(i, j);
            }
            let items = self.board.items.len();
            let lucky = self.rng.below(items);
            let new = |&c: &usize| self.board.missing(c) > 0 && !order.iter().any(|o| usize::from(o.1) == c);
            if let Some(c) = (0..items).map(|k| (lucky + k) % items).find(new) {
                order.insert(self.rng.below(order.len() + 1), (0, c as u16));
            }
            self.lay_tightly(&order, first - before, end + after);
        }
        self.plays = order;
        self.back();
    }

    /// Lays plays of `order`'s campaigns one after the other, each as early as it may, between `from` and `to`.
    fn lay_tightly(&mut self, order: &[(u32, u16)], mut from: u32, to: u32) {
        for &(_, c) in order {
            let (c, dur) = (usize::from(c), self.board.items[usize::from(c)].dur);
            match self.board.fit_between(c, from, to.saturating_sub(dur), false) {
                Some(start) => {
                    self.place(c, start);
                    from = start + dur;
                }
                None => self.off.push(c as u16),
            }
        }
    }

    /// Number of the play at which neighbours are taken off: anywhere, or where something that is missing may go.
    fn where_to(&mut self) -> usize {
        let lack = self.board.shortfall > 0 && self.rng.next() & 1 == 0;
        let lacking = if lack { self.something_missing() } else { None };
        if let Some(second) = lacking.and_then(|c| self.somewhere(c)) {
            return self.board.rank(second).saturating_sub(self.rng.below(4));
        }
        self.rng.below(self.board.plays)
    }

    /// A campaign that is missing plays.
    pub(super) fn something_missing(&mut self) -> Option<usize> {
        let items = self.board.items.len();
        let from = self.rng.below(items);
        (0..items).map(|k| (from + k) % items).find(|&c| self.board.missing(c) > 0)
    }

    /// Some second at which `c` may start, whatever is on the board.
    pub(super) fn somewhere(&mut self, c: usize) -> Option<u32> {
        let segments = &self.board.items[c].segments;
        let &segment = segments.get(self.rng.below(segments.len()))?;
        Some(segment.lo + self.rng.below((segment.hi - segment.lo) as usize + 1) as u32)
    }

    /// Where `c` is worth most, now and then not quite.
    fn richest(&mut self, c: usize) -> Option<u32> {
        let late = self.rng.next() & 3 == 0;
        let rng = &mut self.rng;
        self.board.best_start(c, late, || rng.next() & 63 == 0)
    }

    /// A start for something that was missing before: only this round's spans can have room for it.
    fn in_the_room_made(&self, c: usize) -> Option<u32> {
        let reach = self.board.items[c].dur.max(self.board.items[c].category_gap());
        self.spans.iter().find_map(|&(a, b)| self.board.fit_between(c, a.saturating_sub(reach), b + reach, false))
    }

    /// Puts back what is off and what is missing, as far as it finds a place.
    pub(super) fn back(&mut self) {
        let mut off = std::mem::take(&mut self.off);
        for c in 0..self.board.items.len() {
            if self.board.missing(c) > 0 && !off.contains(&(c as u16)) {
                off.push(c as u16);
            }
        }
        self.mark_taken_off();
        // who goes first: short ones pay best per second, long ones and heavy ones fit worst
        let way = self.rng.below(4);
        for i in (1..off.len()).rev() {
            off.swap(i, self.rng.below(i + 1));
        }
        let items = &self.board.items;
        match way {
            0 => off.sort_by_key(|&c| Reverse(items[usize::from(c)].weight)),
            1 => off.sort_by_key(|&c| items[usize::from(c)].dur),
            2 => off.sort_by_key(|&c| Reverse(items[usize::from(c)].dur)),
            _ => {}
        }
        self.stuck.clear();
        self.stuck.resize(self.board.items.len(), false);
        for c in off.iter().map(|&c| usize::from(c)) {
            // what found no place finds none a moment later on a fuller board
            if self.stuck[c] {
                continue;
            }
            match if self.taken_off[c] { self.richest(c) } else { self.in_the_room_made(c) } {
                Some(start) => self.place(c, start),
                None => self.stuck[c] = true,
            }
        }
        self.off = off;
    }
}
