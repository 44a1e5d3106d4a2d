//! The planner's working board: which second is taken, who starts where, and the earliest or latest
//! second at which a campaign fits. Every move of every search goes through [`Board::place`] and
//! [`Board::remove`], so a board is feasible at all times.

use super::bits::{clear, first_busy, first_clear, first_set, last_busy, last_set, set};
use super::bound;
use super::problem::{Past, PlayKind, Problem};
use crate::time::IntervalSet;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// No category.
const ALONE: usize = usize::MAX;

/// A stretch of allowed starts with one footfall.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// First allowed start.
    pub(super) lo: u32,
    /// Last allowed start, included.
    pub(super) hi: u32,
    /// People per play that starts here.
    pub(super) people: u32,
}

/// A campaign as the board sees it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) dur: u32,
    pub(super) gap: u32,
    pub(super) weight: u32,
    pub(super) priority: u8,
    /// Plays to place from now on: the target less what has counted.
    pub(super) target: u32,
    pub(super) windows: IntervalSet,
    /// Allowed starts in order of time, cut at the footfall's bins.
    pub(super) segments: Vec<Segment>,
    /// Segments from the richest to the poorest; ties to the earlier.
    pub(super) rich: Vec<u16>,
    /// Seconds of `windows`.
    pub(super) length: u32,
    /// Past plays among the starts.
    past: u32,
    pub(super) category: usize,
    category_gap: u32,
}

impl Item {
    /// May a play begin before `second` and end after it?
    pub(super) fn may_cross(&self, second: u32) -> bool {
        self.segments.iter().any(|s| s.lo < second && s.hi + self.dur > second)
    }

    /// Distance kept from competitors.
    pub(super) fn category_gap(&self) -> u32 {
        self.category_gap
    }

    /// The stretch of allowed starts that holds `second`.
    pub(super) fn segment_at(&self, second: u32) -> Option<Segment> {
        let i = self.segments.partition_point(|s| s.hi < second);
        self.segments.get(i).copied().filter(|s| s.lo <= second)
    }
}

/// A feasible set of campaign plays.
#[derive(Debug, Clone)]
pub(super) struct Board {
    pub(super) items: Vec<Item>,
    /// First second that can be planned.
    pub(super) cut_s: u32,
    /// What a second of each bin costs, in [`bound::PARTS`] of people; empty: nothing.
    pub(super) price: Vec<i64>,
    /// Seconds that plays may take: the screen is on, no fixed event, not past.
    open: IntervalSet,
    /// One bit per second: taken by a play or a fixed event, past, or the screen is off.
    busy: Vec<u64>,
    /// Starts of each campaign in order, past ones (before `cut_s`) included.
    pub(super) starts: Vec<Vec<u32>>,
    /// Starts of each category's members in order, with the campaign.
    pub(super) categories: Vec<Vec<(u32, u16)>>,
    /// Planned plays in order, by bin: short lists are cheap to change.
    pub(super) line: Vec<Vec<(u32, u16)>>,
    /// Planned plays.
    pub(super) plays: usize,
    /// Sum of people over planned plays.
    pub(super) audience: u64,
    /// Weighted plays missing.
    pub(super) shortfall: u64,
    bin_s: u32,
    people: Vec<u32>,
    /// Per bin: no free run of this length starts in it (a bound that only [`Board::remove`] loosens).
    full: Vec<u32>,
    pub(super) longest_s: u32,
}

impl Board {
    /// An empty board after the past. Fixed events that can still happen are on it.
    pub(super) fn new(problem: &Problem, past: &Past) -> Self {
        let cut_s = past.cut_s().min(problem.horizon_s);
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for name in problem.category_gap_s.keys() {
            names.insert(name, names.len());
        }
        let fixed: Vec<(u32, u32)> =
            problem.fixed.iter().filter(|f| f.start >= cut_s).map(|f| (f.start, f.start + f.dur)).collect();
        let free = problem.operating.minus(&IntervalSet::from(fixed)).minus(&IntervalSet::one(0, cut_s));
        let mut busy = vec![u64::MAX; problem.horizon_s as usize / 64 + 4];
        for (a, b) in free.iter() {
            clear(&mut busy, a, b);
        }
        let mut board = Self {
            items: Vec::with_capacity(problem.campaigns.len()),
            cut_s,
            price: Vec::new(),
            open: free.clone(),
            busy,
            starts: vec![Vec::new(); problem.campaigns.len()],
            categories: vec![Vec::new(); names.len()],
            line: vec![Vec::new(); (problem.horizon_s / problem.footfall.bin_s) as usize + 1],
            plays: 0,
            audience: 0,
            shortfall: 0,
            bin_s: problem.footfall.bin_s,
            people: problem.footfall.weights.clone(),
            full: vec![u32::MAX; (problem.horizon_s / problem.footfall.bin_s) as usize + 2],
            longest_s: problem.campaigns.iter().map(|c| c.dur).max().unwrap_or(0),
        };
        for c in &problem.campaigns {
            let category = c.category.as_deref().and_then(|k| names.get(k)).copied().unwrap_or(ALONE);
            let allowed = c.windows.intersect(&free);
            let segments = segments(&allowed, c.dur, problem);
            let mut rich: Vec<u16> = (0..segments.len() as u16).collect();
            rich.sort_by_key(|&i| (Reverse(segments[i as usize].people), i));
            board.items.push(Item {
                dur: c.dur,
                gap: c.min_gap_s,
                weight: c.shortfall_weight,
                priority: c.priority,
                target: c.target,
                windows: c.windows.clone(),
                segments,
                rich,
                length: c.windows.length(),
                past: 0,
                category,
                category_gap: problem.category_gap(c),
            });
        }
        board.take_in(problem, past);
        board
    }

    fn take_in(&mut self, problem: &Problem, past: &Past) {
        for p in past.plays.iter().filter(|p| p.play.kind == PlayKind::Campaign) {
            let Some(c) = problem.campaigns.iter().position(|c| c.id == p.play.id) else { continue };
            insert(&mut self.starts[c], p.play.start);
            self.items[c].past += 1;
            if let Some(members) = self.categories.get_mut(self.items[c].category) {
                insert(members, (p.play.start, c as u16));
            }
            if p.counted {
                self.items[c].target = self.items[c].target.saturating_sub(1);
            }
        }
        self.shortfall = self.items.iter().map(|i| u64::from(i.target) * u64::from(i.weight)).sum();
    }

    /// Lets [`Board::best_start`] weigh a bin's people against the price of its seconds, so that who needs few of
    /// them goes where they are dear.
    pub(super) fn set_prices(&mut self, price: Vec<i64>) {
        self.price = price;
        for c in 0..self.items.len() {
            let mut rich = std::mem::take(&mut self.items[c].rich);
            rich.sort_by_key(|&i| (Reverse(self.worth(c, self.items[c].segments[usize::from(i)])), i));
            self.items[c].rich = rich;
        }
    }

    /// People of a start in `segment` less the price of the play's seconds, in [`bound::PARTS`].
    pub(super) fn worth(&self, c: usize, segment: Segment) -> i64 {
        let price = self.price.get(self.bin_of(segment.lo)).copied().unwrap_or(0);
        i64::from(segment.people) * bound::PARTS - price * i64::from(self.items[c].dur)
    }

    /// Runs of seconds that plays may take, whatever is on the board.
    pub(super) fn open_runs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.open.iter()
    }

    /// Bins of the day.
    pub(super) fn bins(&self) -> usize {
        self.line.len()
    }

    /// The bin that holds `second`.
    pub(super) fn bin_of(&self, second: u32) -> usize {
        (second / self.bin_s) as usize
    }

    /// First second after `bin`.
    pub(super) fn bin_end(&self, bin: usize) -> u32 {
        (bin as u32 + 1).saturating_mul(self.bin_s)
    }

    /// People per play that starts at `second`.
    pub(super) fn people_at(&self, second: u32) -> u32 {
        self.people[((second / self.bin_s) as usize).min(self.people.len() - 1)]
    }

    /// Seconds of `c`'s windows before `second`: the campaign's own clock.
    pub(super) fn tau(&self, c: usize, second: u32) -> u32 {
        let windows = self.items[c].windows.as_slice();
        windows.iter().take_while(|w| w.0 < second).map(|w| w.1.min(second) - w.0).sum()
    }

    /// Sum of relative deviations from even spacing over the neighbours of `c`.
    pub(super) fn deviation(&self, c: usize) -> f64 {
        let starts = &self.starts[c];
        let ideal = f64::from(self.items[c].length) / starts.len() as f64;
        let pair = |p: &[u32]| (f64::from(self.tau(c, p[1]) - self.tau(c, p[0])) / ideal - 1.0).abs();
        starts.windows(2).map(pair).sum()
    }

    /// Planned plays of campaign `c`.
    pub(super) fn placed(&self, c: usize) -> u32 {
        self.starts[c].len() as u32 - self.items[c].past
    }

    /// Plays of campaign `c` that are still to be placed.
    pub(super) fn missing(&self, c: usize) -> u32 {
        self.items[c].target.saturating_sub(self.placed(c))
    }

    /// Puts a play on the board; the caller has asked [`Board::fit`] or [`Board::fits`].
    pub(super) fn place(&mut self, c: usize, start: u32) {
        let item = &self.items[c];
        set(&mut self.busy, start, start + item.dur);
        if let Some(members) = self.categories.get_mut(item.category) {
            insert(members, (start, c as u16));
        }
        self.shortfall -= u64::from(item.weight);
        self.audience += u64::from(self.people_at(start));
        insert(&mut self.starts[c], start);
        insert(&mut self.line[(start / self.bin_s) as usize], (start, c as u16));
        self.plays += 1;
    }

    /// Planned plays in order: start and campaign.
    pub(super) fn line(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.line.iter().flatten().map(|&(start, c)| (start, usize::from(c)))
    }

    /// Planned play number `i` in order of time.
    pub(super) fn play(&self, mut i: usize) -> Option<(u32, usize)> {
        for bin in &self.line {
            match bin.get(i) {
                Some(&(start, c)) => return Some((start, usize::from(c))),
                None => i -= bin.len(),
            }
        }
        None
    }

    /// Planned plays that start before `second`.
    pub(super) fn rank(&self, second: u32) -> usize {
        let bin = ((second / self.bin_s) as usize).min(self.line.len() - 1);
        let before: usize = self.line[..bin].iter().map(Vec::len).sum();
        before + self.line[bin].partition_point(|&(s, _)| s < second)
    }

    /// Free seconds around `start..end` when those were free as well.
    pub(super) fn room(&self, start: u32, end: u32) -> u32 {
        let (before, after) = self.runs_around(start, end, self.longest_s);
        before + (end - start) + after
    }

    /// Free seconds right before `start` and right after `end`, each at most `most`.
    pub(super) fn runs_around(&self, start: u32, end: u32, most: u32) -> (u32, u32) {
        let from = start.saturating_sub(most);
        let before =
            if from < start { last_set(&self.busy, from, start).map_or(start - from, |x| start - 1 - x) } else { 0 };
        let after = first_set(&self.busy, end, end + most).map_or(most, |x| x - end);
        (before, after)
    }

    /// Takes a planned play off the board.
    pub(super) fn remove(&mut self, c: usize, start: u32) {
        let item = &self.items[c];
        clear(&mut self.busy, start, start + item.dur);
        if let Some(members) = self.categories.get_mut(item.category) {
            take(members, (start, c as u16));
        }
        self.shortfall += u64::from(item.weight);
        self.audience -= u64::from(self.people_at(start));
        let end = start + item.dur;
        take(&mut self.starts[c], start);
        take(&mut self.line[(start / self.bin_s) as usize], (start, c as u16));
        self.plays -= 1;
        let bins = (start.saturating_sub(self.longest_s) / self.bin_s) as usize..=(end / self.bin_s) as usize;
        self.full[bins].fill(u32::MAX);
    }

    /// May a play of `c` start at `start`, as the board stands?
    pub(super) fn fits(&self, c: usize, start: u32) -> bool {
        self.fit(c, start, start) == Some(start) && self.items[c].segment_at(start).is_some()
    }

    /// Puts exactly `line`, a set of plays that was on it before, on the board.
    pub(super) fn set(&mut self, line: &[(u32, usize)]) {
        for (start, c) in self.line().collect::<Vec<_>>() {
            self.remove(c, start);
        }
        for &(start, c) in line {
            self.place(c, start);
        }
    }

    /// Earliest start of `c` in `lo..=hi` (a part of one segment) that the board allows.
    pub(super) fn fit(&self, c: usize, lo: u32, hi: u32) -> Option<u32> {
        let item = &self.items[c];
        let own = &self.starts[c];
        let mut s = lo;
        while s <= hi {
            s = self.free_from(s, item.dur, hi)?;
            let i = own.partition_point(|&x| x < s + item.gap);
            if i > 0 && own[i - 1] + item.gap > s {
                s = own[i - 1] + item.gap;
                continue;
            }
            if let Some(members) = self.categories.get(item.category) {
                let i = members.partition_point(|&(x, _)| x < s + item.category_gap);
                let clash = members[..i].iter().rev().take_while(|m| m.0 + item.category_gap > s);
                if let Some(m) = clash.filter(|m| usize::from(m.1) != c).map(|m| m.0).next() {
                    s = m + item.category_gap;
                    continue;
                }
            }
            return Some(s);
        }
        None
    }

    /// Latest start of `c` in `lo..=hi` (a part of one segment) that the board allows.
    pub(super) fn fit_back(&self, c: usize, lo: u32, hi: u32) -> Option<u32> {
        let item = &self.items[c];
        let own = &self.starts[c];
        let mut s = hi;
        loop {
            if s < lo {
                return None;
            }
            s = self.free_back(s, item.dur, lo)?;
            let i = own.partition_point(|&x| x + item.gap <= s);
            if i < own.len() && own[i] < s + item.gap {
                s = own[i].checked_sub(item.gap)?;
                continue;
            }
            if let Some(members) = self.categories.get(item.category) {
                let i = members.partition_point(|&(x, _)| x + item.category_gap <= s);
                let clash = members[i..].iter().take_while(|m| m.0 < s + item.category_gap);
                if let Some(m) = clash.filter(|m| usize::from(m.1) != c).map(|m| m.0).next() {
                    s = m.checked_sub(item.category_gap)?;
                    continue;
                }
            }
            return Some(s);
        }
    }

    /// The richest start that the board allows for `c`; ties to the earlier bin, earliest in it. `skip` may
    /// pass over a bin, so that a search does not always do the same.
    pub(super) fn best_start(&mut self, c: usize, late: bool, mut skip: impl FnMut() -> bool) -> Option<u32> {
        for k in 0..self.items[c].rich.len() {
            let item = &self.items[c];
            let seg = item.segments[usize::from(item.rich[k])];
            let bin = (seg.lo / self.bin_s) as usize;
            if self.full[bin] <= item.dur {
                continue;
            }
            let Some(from) = self.off_own(c, seg.lo, seg.hi).filter(|_| !skip()) else { continue };
            match self.free_from(from, item.dur, seg.hi) {
                None if from == seg.lo => {
                    let (first, last) = (bin as u32 * self.bin_s, self.bin_end(bin) - 1);
                    if self.free_from(first, item.dur, last).is_none() {
                        self.full[bin] = item.dur;
                    }
                }
                None => {}
                Some(s) => {
                    let found = if late { self.fit_back(c, s, seg.hi) } else { self.fit(c, s, seg.hi) };
                    if let Some(s) = found {
                        return Some(s);
                    }
                }
            }
        }
        None
    }

    /// The feasible start of `c` nearest to second `wish`; ties to the earlier.
    pub(super) fn nearest(&self, c: usize, wish: u32) -> Option<u32> {
        let segments = &self.items[c].segments;
        let i = segments.partition_point(|s| s.hi < wish);
        let later = segments[i..].iter().find_map(|s| self.fit(c, s.lo.max(wish), s.hi));
        let j = segments.partition_point(|s| s.lo <= wish);
        // no need to look further back than the later one is away
        let from = later.map_or(0, |l| wish.saturating_sub(l - wish));
        let back = segments[..j].iter().rev().take_while(|s| s.hi >= from);
        let earlier = back.filter_map(|s| self.fit_back(c, s.lo.max(from), s.hi.min(wish))).next();
        earlier.or(later)
    }

    /// The feasible start of `c` in `from..=to` nearest to second `wish` in it; ties to the earlier.
    pub(super) fn nearest_between(&self, c: usize, wish: u32, (from, to): (u32, u32)) -> Option<u32> {
        let later = self.fit_between(c, wish, to, false);
        let from = later.map_or(from, |l| from.max(wish.saturating_sub(l - wish)));
        self.fit_between(c, from, wish, true).or(later)
    }

    /// The earliest (or latest) feasible start of `c` in `from..=to`.
    pub(super) fn fit_between(&self, c: usize, from: u32, to: u32, late: bool) -> Option<u32> {
        let segments = &self.items[c].segments;
        let a = segments.partition_point(|s| s.hi < from);
        let b = segments.partition_point(|s| s.lo <= to);
        let mut inside = segments.get(a..b.max(a))?.iter();
        if late {
            inside.rev().find_map(|s| self.fit_back(c, s.lo.max(from), s.hi.min(to)))
        } else {
            inside.find_map(|s| self.fit(c, s.lo.max(from), s.hi.min(to)))
        }
    }

    /// Do the windows of `c` and the gap to its own plays leave it a start in `from..=to`, whatever others take?
    pub(super) fn may_start(&self, c: usize, from: u32, to: u32) -> bool {
        let segments = &self.items[c].segments;
        let inside = segments.get(segments.partition_point(|s| s.hi < from)).filter(|s| s.lo <= to);
        inside.is_some_and(|s| self.off_own(c, s.lo.max(from), to).is_some())
    }

    /// The first second of `from..=to` that the gap to its own plays leaves `c`.
    #[inline]
    fn off_own(&self, c: usize, from: u32, to: u32) -> Option<u32> {
        let (own, gap) = (&self.starts[c], self.items[c].gap);
        let near = own.partition_point(|&x| x + gap <= from);
        let mut first = from;
        for &x in &own[near..] {
            if x >= first + gap {
                break;
            }
            first = x + gap;
        }
        (first <= to).then_some(first)
    }

    /// The second at which `c`'s own clock shows `tau`.
    pub(super) fn second_at(&self, c: usize, tau: u64) -> Option<u32> {
        let mut left = u32::try_from(tau).ok()?;
        for &(a, b) in self.items[c].windows.as_slice() {
            if left < b - a {
                return Some(a + left);
            }
            left -= b - a;
        }
        None
    }

    /// Starts of all members of `c`'s category, with their campaigns, in order; none without a category.
    pub(super) fn rivals(&self, c: usize) -> Option<&[(u32, u16)]> {
        self.categories.get(self.items[c].category).map(Vec::as_slice)
    }

    /// How far apart starts of `c` and `other` must be when they compete; 0 when they do not.
    pub(super) fn reach(&self, c: usize, other: usize) -> u32 {
        let (a, b) = (&self.items[c], &self.items[other]);
        if a.category != ALONE && a.category == b.category { a.category_gap } else { 0 }
    }

    /// All starts that the board allows for `c` when its own plays do not matter (past ones do), as
    /// stretches `lo..=hi` with their people, in order.
    pub(super) fn free_stretches(&self, c: usize, out: &mut Vec<(u32, u32, i64)>) {
        out.clear();
        let item = &self.items[c];
        for seg in &item.segments {
            let mut s = seg.lo;
            while let Some(lo) = self.fit(c, s, seg.hi) {
                let busy = first_set(&self.busy, lo + item.dur, seg.hi + item.dur + 1);
                let mut hi = busy.map_or(seg.hi, |b| b - item.dur).min(seg.hi);
                if let Some(members) = self.categories.get(item.category) {
                    let i = members.partition_point(|&(x, _)| x <= lo);
                    if let Some(m) = members[i..].iter().find(|m| usize::from(m.1) != c) {
                        hi = hi.min(m.0.saturating_sub(item.category_gap)).max(lo);
                    }
                }
                out.push((lo, hi, i64::from(seg.people)));
                s = hi + 1;
            }
        }
    }

    /// Earliest `s` in `from..=hi` with `dur` free seconds.
    fn free_from(&self, from: u32, dur: u32, hi: u32) -> Option<u32> {
        let mut s = from;
        while s <= hi {
            match last_busy(&self.busy, s, dur) {
                None => return Some(s),
                Some(x) => s = first_clear(&self.busy, x + 1),
            }
        }
        None
    }

    /// Latest `s` in `lo..=from` with `dur` free seconds.
    fn free_back(&self, from: u32, dur: u32, lo: u32) -> Option<u32> {
        let mut s = from;
        loop {
            match first_busy(&self.busy, s, dur) {
                None => return Some(s),
                Some(x) => s = x.checked_sub(dur)?,
            }
            if s < lo {
                return None;
            }
        }
    }

    /// Free seconds in order: what the local loop may fill.
    pub(super) fn free_runs(&self) -> Vec<(u32, u32)> {
        let end = (self.busy.len() as u32 - 3) * 64;
        let mut runs = Vec::new();
        let mut s = first_clear(&self.busy, 0);
        while s < end {
            let e = first_set(&self.busy, s, end).unwrap_or(end);
            runs.push((s, e));
            s = first_clear(&self.busy, e);
        }
        runs
    }
}

/// The allowed starts of a play of `dur` seconds, cut at the footfall's bins.
fn segments(allowed: &IntervalSet, dur: u32, problem: &Problem) -> Vec<Segment> {
    let bin_s = problem.footfall.bin_s;
    let mut out: Vec<Segment> = Vec::new();
    for (a, b) in allowed.iter().filter(|(a, b)| b - a >= dur) {
        let (mut lo, last) = (a, b - dur);
        while lo <= last {
            let hi = last.min((lo / bin_s + 1).saturating_mul(bin_s) - 1);
            out.push(Segment { lo, hi, people: problem.footfall.at(lo) });
            lo = hi + 1;
        }
    }
    out
}

/// What lists are in order of: no two plays that are still to come begin at once.
trait Begins: Copy + PartialEq {
    fn begins(self) -> u32;
}

impl Begins for u32 {
    fn begins(self) -> u32 {
        self
    }
}

impl Begins for (u32, u16) {
    fn begins(self) -> u32 {
        self.0
    }
}

fn insert<T: Begins>(list: &mut Vec<T>, value: T) {
    let at = list.partition_point(|x| x.begins() < value.begins());
    list.insert(at, value);
}

fn take<T: Begins>(list: &mut Vec<T>, value: T) {
    let at = list.partition_point(|x| x.begins() < value.begins());
    debug_assert!(list.get(at) == Some(&value), "only what is on the board can be taken off");
    list.remove(at);
}
