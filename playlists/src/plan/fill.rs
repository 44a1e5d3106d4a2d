//! The local loop: fills what the campaigns leave free, in the shares of its weights.
//!
//! Two aims: the least dead air that the fillers' lengths allow (every run is filled as far as any
//! combination of lengths can), and air time in proportion to the weights (always the item that is
//! furthest behind, Webster's rule, among those that keep the first aim). Of items that are equally far behind the first
//! listed goes first: so weights that are lengths give rounds in the order of the list.
//!
//! Items with windows: a run is cut where one of them opens or closes, and in the pieces in which the same items may play
//! they share the air among themselves. What waited all morning does not make up for it in the afternoon.

use super::problem::{Filler, Play, PlayKind};
use std::collections::BTreeMap;

/// Runs longer than this are filled by share alone; every combination has met by then.
const EXACT_S: usize = 640;

/// Fills `runs` (in order) and adds the plays to `out`. `air_s` is what each filler has had so far
/// today; it is carried on.
pub(super) fn fill(fillers: &[Filler], cover: &Cover, runs: &[(u32, u32)], air_s: &mut [u64], out: &mut Vec<Play>) {
    if fillers.iter().all(|f| f.windows.is_none()) {
        return fill_alike(fillers, cover, runs, air_s, out);
    }
    let mut alike: BTreeMap<Vec<usize>, Vec<(u32, u32)>> = BTreeMap::new();
    for &run in runs {
        for piece in pieces(fillers, run) {
            let may = (0..fillers.len()).filter(|&i| fillers[i].may_play(piece.0, piece.1)).collect();
            alike.entry(may).or_default().push(piece);
        }
    }
    for (may, runs) in alike {
        let some: Vec<Filler> = may.iter().map(|&i| fillers[i].clone()).collect();
        fill_alike(&some, &Cover::new(&some), &runs, &mut vec![0; some.len()], out);
    }
}

/// A run, cut where an item's window opens or closes.
fn pieces(fillers: &[Filler], (a, b): (u32, u32)) -> Vec<(u32, u32)> {
    let edges = fillers.iter().filter_map(|f| f.windows.as_ref()).flat_map(|w| w.iter().flat_map(|(s, e)| [s, e]));
    let mut cuts: Vec<u32> = edges.filter(|&at| a < at && at < b).chain([a, b]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|two| (two[0], two[1])).collect()
}

/// Scale of shares: so fine that no share is rounded where the weights allow that, as those of rounds do.
fn scale(fillers: &[Filler]) -> u64 {
    const FINE: u64 = 1 << 24;
    const FINEST: u64 = 1 << 40; // times a day's air, twice, still far inside 64 bits
    let both = |a: u64, b: u64| a / common(a, b) * b;
    let all = fillers.iter().try_fold(1, |all, f| Some(both(all, u64::from(f.weight))).filter(|&all| all <= FINEST));
    all.map_or(FINE, |all| all * (FINE / all).max(1))
}

/// Greatest common divisor.
fn common(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { common(b, a % b) }
}

/// [`fill`] where every item may play in every run.
fn fill_alike(fillers: &[Filler], cover: &Cover, runs: &[(u32, u32)], air_s: &mut [u64], out: &mut Vec<Play>) {
    if fillers.is_empty() {
        return;
    }
    // Webster: the next play goes to the least (2 air + dur) / weight, compared as integers
    let scale = scale(fillers);
    let per_weight: Vec<u64> = fillers.iter().map(|f| scale / u64::from(f.weight)).collect();
    let mut key: Vec<u64> =
        fillers.iter().zip(air_s.iter()).zip(&per_weight).map(|((f, a), p)| (2 * a + u64::from(f.dur)) * p).collect();
    // short runs take what fits; the long ones, last, have the choice to set the shares right
    let mut order = runs.to_vec();
    order.sort_by_key(|(a, b)| (b - a, *a));
    for (a, b) in order {
        let mut at = a;
        loop {
            let left = (b - at) as usize;
            let best =
                (0..fillers.len()).filter(|&i| cover.keeps(left, fillers[i].dur as usize)).min_by_key(|&i| key[i]);
            let Some(i) = best else { break };
            let dur = fillers[i].dur;
            out.push(Play { start: at, dur, kind: PlayKind::Filler, id: fillers[i].id.clone() });
            at += dur;
            air_s[i] += u64::from(dur);
            key[i] += 2 * u64::from(dur) * per_weight[i];
        }
    }
}

/// Puts the fillers of a plan in force back wherever their seconds are still free; answers with the runs that
/// are left.
pub(super) fn keep_fillers(
    fillers: &[Filler],
    prefer: &[Play],
    runs: &[(u32, u32)],
    air_s: &mut [u64],
    out: &mut Vec<Play>,
) -> Vec<(u32, u32)> {
    let mut left = Vec::with_capacity(runs.len());
    let mut old = prefer.iter().filter(|p| p.kind == PlayKind::Filler).peekable();
    for &(a, b) in runs {
        let mut at = a;
        while let Some(p) = old.next_if(|p| p.start < b) {
            let Some(i) = fillers.iter().position(|f| f.id == p.id && f.dur == p.dur) else { continue };
            if p.start < at || p.end() > b || !fillers[i].may_play(p.start, p.end()) {
                continue;
            }
            if p.start > at {
                left.push((at, p.start));
            }
            at = p.end();
            air_s[i] += u64::from(p.dur);
            out.push(p.clone());
        }
        if at < b {
            left.push((at, b));
        }
    }
    left
}

/// How far combinations of the fillers' lengths cover a run.
#[derive(Debug)]
pub(super) struct Cover {
    /// Most seconds of each length that can be covered.
    reach: Vec<usize>,
}

impl Cover {
    pub(super) fn new(fillers: &[Filler]) -> Self {
        let mut reach = vec![0usize; EXACT_S + 1];
        for n in 1..=EXACT_S {
            let with = |f: &Filler| n.checked_sub(f.dur as usize).map(|rest| reach[rest] + f.dur as usize);
            reach[n] = fillers.iter().filter_map(with).max().unwrap_or(0);
        }
        Self { reach }
    }

    /// Runs up to this length are reckoned exactly.
    pub(super) fn exact_s(&self) -> u32 {
        EXACT_S as u32
    }

    /// Seconds of a run that no combination covers; a long run is taken as coverable.
    pub(super) fn dead_s(&self, run_s: u32) -> u32 {
        self.reach.get(run_s as usize).map_or(0, |&r| run_s - r as u32)
    }

    /// Does a play of `dur` leave the best cover of `left` seconds possible?
    fn keeps(&self, left: usize, dur: usize) -> bool {
        dur <= left && (left > EXACT_S || self.reach[left - dur] + dur == self.reach[left])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::IntervalSet;

    fn item(id: &str, dur: u32, weight: u32) -> Filler {
        Filler { id: id.into(), dur, weight, windows: None }
    }

    fn filled(fillers: &[Filler], runs: &[(u32, u32)]) -> Vec<(u32, String)> {
        let mut out = Vec::new();
        fill(fillers, &Cover::new(fillers), runs, &mut vec![0; fillers.len()], &mut out);
        out.sort();
        out.into_iter().map(|p| (p.start, p.id)).collect()
    }

    #[test]
    fn weights_that_are_lengths_give_rounds_in_the_order_of_the_list() {
        let all = [item("c", 30, 30), item("a", 15, 15), item("b", 7, 7), item("twice", 20, 40)];
        let order: Vec<String> = filled(&all, &[(0, 4_000)]).into_iter().map(|(_, id)| id).collect();
        for round in order.chunks_exact(5).take(20) {
            let of = |id: &str| round.iter().filter(|i| *i == id).count();
            assert_eq!((of("c"), of("a"), of("b"), of("twice")), (1, 1, 1, 2), "{round:?}");
            let once: Vec<&String> = round.iter().filter(|id| *id != "twice").collect();
            assert_eq!(once, ["c", "a", "b"], "{round:?}");
        }
    }

    #[test]
    fn an_item_keeps_its_hours_and_makes_up_for_nothing_in_them() {
        let hours = |a: u32, b: u32| Some(IntervalSet::one(a * 3_600, b * 3_600));
        let all = [item("all-day", 10, 10), Filler { windows: hours(14, 15), ..item("afternoon", 10, 10) }];
        let plays = filled(&all, &[(8 * 3_600, 17 * 3_600)]);
        let there: Vec<u32> = plays.iter().filter(|(_, id)| id == "afternoon").map(|(at, _)| *at).collect();
        assert!(there.iter().all(|at| (14 * 3_600..15 * 3_600).contains(at)), "{there:?}");
        assert_eq!((plays.len(), there.len()), (9 * 360, 180), "no second is lost, and half of the hour is enough");
    }
}
