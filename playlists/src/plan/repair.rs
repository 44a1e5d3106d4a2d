//! Finds places for what is missing: directly, by asking one other play to move or to give way, or by laying the
//! campaign's own plays anew.
//!
//! Ends at a fixed point at which no single step of this kind helps. The test of a step is exact, so the
//! same plan met again later in its day, with less room, still stands: replanning with nothing new
//! changes nothing.

use super::board::Board;
use crate::quota::relay::{Task, packing, relay};
use std::cmp::Reverse;

/// Repairs `board` until no step helps.
pub(super) fn repair(board: &mut Board) {
    loop {
        let mut short: Vec<usize> = (0..board.items.len()).filter(|&c| board.missing(c) > 0).collect();
        short.sort_by_key(|&c| (Reverse(board.items[c].weight), c));
        let before = board.shortfall;
        for c in short {
            while board.missing(c) > 0 && (direct(board, c) || by_moving_one(board, c) || by_laying_anew(board, c)) {}
        }
        if board.shortfall == before {
            return;
        }
    }
}

fn direct(board: &mut Board, c: usize) -> bool {
    let start = board.best_start(c, false, || false);
    if let Some(start) = start {
        board.place(c, start);
    }
    start.is_some()
}

/// Takes one other play away, puts `c` where that makes room, and finds the other a new place, or drops it when
/// it weighs less.
fn by_moving_one(board: &mut Board, c: usize) -> bool {
    let (weight, dur) = (board.items[c].weight, board.items[c].dur);
    for (start, other) in board.line().collect::<Vec<_>>() {
        let (reach, end) = (board.reach(c, other), start + board.items[other].dur);
        let (from, to) = (start.saturating_sub(reach.max(dur)), end + reach);
        if other == c || (reach == 0 && board.room(start, end) < dur) || !board.may_start(c, from, to) {
            continue;
        }
        board.remove(other, start);
        for late in [false, true] {
            let Some(place) = board.fit_between(c, from, to, late) else { break };
            board.place(c, place);
            if let Some(again) = board.best_start(other, false, || false) {
                board.place(other, again);
                return true;
            }
            if weight > board.items[other].weight {
                return true;
            }
            board.remove(c, place);
        }
        board.place(other, start);
    }
    false
}

/// Moves plays of `c` itself: a plan that spreads them wider than the gap has room that no single step finds. As many
/// are added as any layout allows beside the other campaigns, and the fewest move.
fn by_laying_anew(board: &mut Board, c: usize) -> bool {
    let from = board.starts[c].partition_point(|s| *s < board.cut_s);
    let pending = board.starts[c][from..].to_vec();
    for &start in &pending {
        board.remove(c, start);
    }
    let mut stretches = Vec::new();
    board.free_stretches(c, &mut stretches);
    let mut free: Vec<(u32, u32)> = Vec::new();
    for (lo, hi, _) in stretches {
        match free.last_mut() {
            Some(last) if last.1 + 1 >= lo => last.1 = hi,
            _ => free.push((lo, hi)),
        }
    }
    let step = board.items[c].gap.max(board.items[c].dur);
    let room = packing(&free, step, 0, u32::MAX).count().saturating_sub(pending.len());
    let more = room.min(board.missing(c) as usize - pending.len());
    let (mut starts, mut added) = (pending, 0);
    if more > 0 {
        let laid = relay(&Task { free: &free, better: &free, step, pending: &starts, more });
        for (i, start) in laid.moved {
            starts[i] = start;
        }
        added = laid.added.len();
        starts.extend(laid.added);
    }
    for start in starts {
        board.place(c, start);
    }
    added > 0
}
