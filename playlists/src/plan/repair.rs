//! Finds places for what is missing: directly, or by asking one other play to move or to give way.
//!
//! Ends at a fixed point at which no single step of this kind helps. The test of a step is exact, so the
//! same plan met again later in its day, with less room, still stands: replanning with nothing new
//! changes nothing.

use super::board::Board;
use std::cmp::Reverse;

/// Repairs `board` until no step helps.
pub(super) fn repair(board: &mut Board) {
    loop {
        let mut short: Vec<usize> = (0..board.items.len()).filter(|&c| board.missing(c) > 0).collect();
        short.sort_by_key(|&c| (Reverse(board.items[c].weight), c));
        let before = board.shortfall;
        for c in short {
            while board.missing(c) > 0 && (direct(board, c) || by_moving_one(board, c)) {}
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
    let windows =
        board.items[c].segments.first().map_or(0, |s| s.lo)..board.items[c].segments.last().map_or(0, |s| s.hi);
    for (start, other) in board.line().collect::<Vec<_>>() {
        let (reach, end) = (board.reach(c, other), start + board.items[other].dur);
        let (from, to) = (start.saturating_sub(reach.max(dur)), end + reach);
        if other == c || to < windows.start || from > windows.end || (reach == 0 && board.room(start, end) < dur) {
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
