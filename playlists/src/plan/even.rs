//! Even spacing, paid for with a set share of the audience.
//!
//! Moves one play at a time toward the middle of its neighbours on the campaign's own clock, the
//! cheapest improvements first, and stops before the audience falls below the floor.

use super::board::Board;

/// Prices tried, people per 1/1000 of relative deviation, from free to dear: a move is made when it costs at most so much.
const PRICE_STEPS: [u64; 7] = [0, 1, 2, 4, 8, 16, 64];

/// Evens `board` out while its audience stays at `floor` or above.
pub(super) fn even_out(board: &mut Board, floor: u64, sweeps: usize) {
    let plays = board.plays.max(1) as u64;
    let mean = (board.audience / plays).max(1);
    for price in PRICE_STEPS {
        for _ in 0..sweeps {
            if !sweep(board, floor, price * mean / 16) {
                break;
            }
        }
    }
}

/// One pass over all plays; true when any moved. `price` is in people per unit of deviation.
fn sweep(board: &mut Board, floor: u64, price: u64) -> bool {
    let mut moved = false;
    for c in 0..board.items.len() {
        let n = board.starts[c].len();
        if n < 2 {
            continue;
        }
        let mut i = board.starts[c].partition_point(|&s| s < board.cut_s);
        while i < n {
            moved |= nudge(board, c, i, floor, price);
            i += 1;
        }
    }
    moved
}

/// Moves play `i` of `c` to where its two distances are most even, if that is worth its price.
fn nudge(board: &mut Board, c: usize, i: usize, floor: u64, price: u64) -> bool {
    let starts = &board.starts[c];
    let start = starts[i];
    let ideal = u64::from(board.items[c].length) / starts.len() as u64;
    let before = i.checked_sub(1).map(|j| u64::from(board.tau(c, starts[j])));
    let after = starts.get(i + 1).map(|&s| u64::from(board.tau(c, s)));
    let off = |t: u64| before.map_or(0, |b| (t - b).abs_diff(ideal)) + after.map_or(0, |a| (a - t).abs_diff(ideal));
    let now = off(u64::from(board.tau(c, start)));
    if now * 50 <= ideal {
        return false;
    }
    let wish = match (before, after) {
        (Some(b), Some(a)) => u64::midpoint(a, b),
        (Some(b), None) => b + ideal,
        (None, Some(a)) => a.saturating_sub(ideal),
        (None, None) => return false,
    };
    let most = now.saturating_sub(off(wish));
    let Some(wish) = board.second_at(c, wish) else { return false };
    let worth = |gain: u64, to: u32| {
        let (had, has) = (u64::from(board.people_at(start)), u64::from(board.people_at(to)));
        let lost = had.saturating_sub(has);
        gain > 0 && board.audience + has >= floor + had && lost * ideal <= price * gain
    };
    if !worth(most, wish) {
        return false;
    }
    board.remove(c, start);
    let found = board.nearest(c, wish).filter(|&s| {
        let between =
            i.checked_sub(1).is_none_or(|j| board.starts[c][j] < s) && board.starts[c].get(i).is_none_or(|&x| s < x);
        if !between {
            return false;
        }
        let gain = now.saturating_sub(off(u64::from(board.tau(c, s))));
        let people = board.audience + u64::from(board.people_at(s));
        let lost = u64::from(board.people_at(start)).saturating_sub(u64::from(board.people_at(s)));
        gain > 0 && people >= floor && lost * ideal <= price * gain
    });
    board.place(c, found.unwrap_or(start));
    found.is_some()
}
