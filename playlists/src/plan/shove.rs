//! Shoving aside: a play goes where it is wanted, and what stands there moves on just as far as it must, shoving the
//! next, until a free run takes up the rest. Order stays, so a full peak changes by a single play, which neither
//! taking off and putting back ([`super::moves`]) nor a pack of bounded length can do.

use super::board::Board;
use super::search::Search;

/// Most plays shoved in one round, and how far each goes, seconds.
const SHOVES: usize = 40;
const FAR_S: u32 = 200;
/// A round in which more plays than this find no place leads nowhere (measured).
const LOST: usize = 3;
/// Of 100 plays put beside another: something missing while anything is, and beside one of the neighbours.
const MISSING: usize = 33;
const NEAR: usize = 60;
/// Neighbours to each side.
const NEIGHBOURS: usize = 30;

impl Search<'_> {
    /// Puts a play, or one that is missing, beside another.
    pub(super) fn beside(&mut self) {
        self.spans.clear();
        self.off.clear();
        let Some((c, (start, other))) = self.guest_and_host() else { return };
        let items = &self.board.items;
        let wish = if self.rng.next() & 1 == 0 { start.saturating_sub(items[c].dur) } else { start + items[other].dur };
        self.shoved.push((wish, c as u16));
        self.shove();
        self.back();
    }

    /// Campaign of a play that is off, and a play that it shall stand beside.
    fn guest_and_host(&mut self) -> Option<(usize, (u32, usize))> {
        let plays = self.board.plays;
        if self.board.shortfall > 0 && self.rng.below(100) < MISSING {
            let c = self.something_missing()?;
            let second = self.somewhere(c)?;
            return Some((c, self.board.play(self.board.rank(second).min(plays.saturating_sub(1)))?));
        }
        let i = self.rng.below(plays);
        let near = self.rng.below(100) < NEAR;
        let j = if near {
            (i + self.rng.below(2 * NEIGHBOURS)).saturating_sub(NEIGHBOURS).min(plays.saturating_sub(1))
        } else {
            self.rng.below(plays)
        };
        let (a, b) = (self.board.play(i)?, self.board.play(j).filter(|_| i != j)?);
        let ((start, c), host) =
            if near || self.board.people_at(a.0) <= self.board.people_at(b.0) { (a, b) } else { (b, a) };
        self.remove(c, start);
        self.spans.push((start, start + self.board.items[c].dur));
        Some((c, host))
    }

    /// Places what is in `shoved` in order of time (or, as often, against it), each where it wants to be or as little
    /// later (earlier) as those before it (after it) ask; whatever else is in its way is shoved on. Takes all back
    /// when too many find no place.
    pub(super) fn shove(&mut self) {
        let late = self.rng.next() & 1 == 0;
        let mut pending = std::mem::take(&mut self.shoved);
        let mut plays = std::mem::take(&mut self.plays);
        let (mut edge, mut left) = (if late { u32::MAX } else { 0 }, SHOVES);
        while let Some((wish, c16)) = next(&mut pending, late) {
            let c = usize::from(c16);
            let place = self.board.shoved(c, wish, edge, late).filter(|s| left > 0 && s.abs_diff(wish) < FAR_S);
            if let Some(start) = place {
                left -= 1;
                self.board.in_the_way(c, start, &mut plays);
                self.board.own_in_the_way(c, start, &mut plays);
                for &(at, other) in &plays {
                    self.remove(usize::from(other), at);
                }
                pending.extend_from_slice(&plays);
            }
            // a past play can still forbid it
            match place.filter(|&start| self.board.fits(c, start)) {
                Some(start) => {
                    self.place(c, start);
                    edge = if late { start } else { start + self.board.items[c].dur };
                }
                None => self.off.push(c16),
            }
            if self.off.len() > LOST {
                self.undo();
                self.off.clear();
                break;
            }
        }
        pending.clear();
        self.shoved = pending;
        self.plays = plays;
    }
}

/// Takes the first of `pending` out, or the last.
fn next(pending: &mut Vec<(u32, u16)>, late: bool) -> Option<(u32, u16)> {
    let all = 0..pending.len();
    let k = if late { all.max_by_key(|&k| pending[k].0) } else { all.min_by_key(|&k| pending[k].0) };
    k.map(|k| pending.swap_remove(k))
}

impl Board {
    /// Where `c` starts that wants to at `wish`: there, or as little later as `edge` and the plays before `wish` ask;
    /// when `late`, as little earlier as it takes to end by `edge` and to leave room for those after `wish`.
    fn shoved(&self, c: usize, wish: u32, edge: u32, late: bool) -> Option<u32> {
        let (item, own, rivals) = (&self.items[c], &self.starts[c], self.rivals(c).unwrap_or_default());
        let gap = item.category_gap();
        if late {
            let mut start = wish.min(edge.checked_sub(item.dur)?);
            if let Some(after) = own.get(own.partition_point(|&s| s <= wish)) {
                start = start.min(after.checked_sub(item.gap)?);
            }
            let after = &rivals[rivals.partition_point(|r| r.0 <= wish)..];
            if let Some(after) = after.iter().find(|r| usize::from(r.1) != c) {
                start = start.min(after.0.checked_sub(gap)?);
            }
            let segment = item.segments[..item.segments.partition_point(|s| s.lo <= start)].last()?;
            Some(start.min(segment.hi))
        } else {
            let mut start = wish.max(edge);
            if let Some(before) = own[..own.partition_point(|&s| s < wish)].last() {
                start = start.max(before + item.gap);
            }
            let before = &rivals[..rivals.partition_point(|r| r.0 < wish)];
            if let Some(before) = before.iter().rfind(|r| usize::from(r.1) != c) {
                start = start.max(before.0 + gap);
            }
            let segment = item.segments.get(item.segments.partition_point(|s| s.hi < start))?;
            Some(start.max(segment.lo))
        }
    }

    /// Adds the planned plays of `c` itself that are too near to `start`.
    fn own_in_the_way(&self, c: usize, start: u32, out: &mut Vec<(u32, u16)>) {
        let gap = self.items[c].gap;
        let own = &self.starts[c];
        let near = own[own.partition_point(|s| s + gap <= start)..].iter().take_while(|&&s| s < start + gap);
        out.extend(near.filter(|&&s| s >= self.cut_s).map(|&s| (s, c as u16)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::{Campaign, Past, Problem};
    use super::super::start;
    use super::*;
    use crate::time::IntervalSet;
    use proptest::prelude::*;

    prop_compose! {
        fn campaign()(
            dur in 10u32..90,
            target in 1u32..12,
            from in 0u32..4_000,
            length in 900u32..6_000,
            gap in 120u32..900,
            competing in any::<bool>(),
        ) -> Campaign {
            Campaign {
                id: String::new(),
                dur,
                target,
                windows: IntervalSet::one(30_000 + from, (30_000 + from + length).min(37_200)),
                min_gap_s: gap,
                priority: 2,
                shortfall_weight: 10,
                category: competing.then(|| "bank".into()),
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_shoved_every_play_keeps_the_rules_and_all_can_be_undone(
            mut campaigns in prop::collection::vec(campaign(), 2..9),
            seed in any::<u64>(),
        ) {
            for (i, c) in campaigns.iter_mut().enumerate() {
                c.id = format!("c{i}");
            }
            let people = (0..96).map(|bin| 1 + bin * 37 % 90).collect();
            let mut day = Problem::new("day", IntervalSet::one(30_000, 37_200), people);
            day.campaigns = campaigns;
            day.category_gap_s = [("bank".to_owned(), 100)].into();
            let mut board = Board::new(&day, &Past::none());
            start::even(&mut board);
            prop_assume!(board.plays > 0);
            let mut search = Search::new(&mut board, seed);
            for round in 0..40 {
                let before: Vec<_> = search.board.line().collect();
                search.begin();
                if round % 2 == 0 { search.beside() } else { search.comb(50, true) }
                let after: Vec<_> = search.board.line().collect();
                for &(start, c) in &after {
                    search.board.remove(c, start);
                    prop_assert!(search.board.fits(c, start), "{c} at {start}");
                    search.board.place(c, start);
                }
                if round % 3 == 0 {
                    search.undo();
                    prop_assert_eq!(search.board.line().collect::<Vec<_>>(), before);
                }
            }
        }
    }
}
