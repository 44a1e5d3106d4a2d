//! The local loop: fills what the campaigns leave free, in the shares of its weights.
//!
//! Two aims: the least dead air that the fillers' lengths allow (every run is filled as far as any
//! combination of lengths can), and air time in proportion to the weights (always the item that is
//! furthest behind, Webster's rule, among those that keep the first aim).

use super::problem::{Filler, Play, PlayKind};

/// Runs longer than this are filled by share alone; every combination has met by then.
const EXACT_S: usize = 640;

/// Fills `runs` (in order) and adds the plays to `out`. `air_s` is what each filler has had so far
/// today; it is carried on.
pub(super) fn fill(fillers: &[Filler], cover: &Cover, runs: &[(u32, u32)], air_s: &mut [u64], out: &mut Vec<Play>) {
    if fillers.is_empty() {
        return;
    }
    // Webster: the next play goes to the least (2 air + dur) / weight, compared as integers
    let scale: u64 = 1 << 24;
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
            if p.start < at || p.end() > b {
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
