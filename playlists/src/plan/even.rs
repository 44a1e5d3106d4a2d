//! Even spacing, paid for with a set share of the audience.
//!
//! First whole campaigns are laid out anew at a price of people per unit of unevenness ([`Spaced`]); the price
//! is raised while the audience stays at the floor or above, and halved in between when it does not. Then single
//! plays move toward the middle of their neighbours, the cheapest improvements first.

use super::board::Board;
use super::spaced::Spaced;

/// Prices of single moves, in sixteenths of a play's mean people per unit of relative deviation, from free to dear.
const PRICE_STEPS: [u64; 7] = [0, 1, 2, 4, 8, 16, 64];

/// Evens `board` out while its audience stays at `floor` or above: `rows` passes over whole campaigns on a
/// grid of `grain` points per ideal distance, then `nudges`
/// passes over single plays at each price.
pub(super) fn even_out(board: &mut Board, floor: u64, (rows, grain, nudges): (usize, u32, usize)) {
    let mean = (board.audience / board.plays.max(1) as u64).max(1);
    lay_rows(board, floor, rows, grain, mean);
    for price in PRICE_STEPS {
        for _ in 0..nudges {
            if !sweep(board, floor, price * mean / 16) {
                break;
            }
        }
    }
}

/// The plays on a board, and how uneven they are.
type State = (f64, Vec<(u32, usize)>);

fn state(board: &Board) -> State {
    let uneven = (0..board.items.len()).filter(|&c| board.starts[c].len() > 1).map(|c| board.deviation(c)).sum();
    (uneven, board.line().collect())
}

/// Looks for the highest price of unevenness that the audience can bear.
fn lay_rows(board: &mut Board, floor: u64, rows: usize, grain: u32, mean: u64) {
    let mut best = state(board);
    let mut table = Spaced::new(grain);
    let (mut bearable, mut too_dear, mut price) = (0, u64::MAX, mean.div_ceil(2));
    for _ in 0..rows {
        for c in 0..board.items.len() {
            lay_row(board, &mut table, c, price);
        }
        if board.audience >= floor {
            bearable = bearable.max(price);
            let now = state(board);
            if now.0 < best.0 {
                best = now;
            }
        } else {
            too_dear = too_dear.min(price);
        }
        price = if too_dear == u64::MAX { price.saturating_mul(3) } else { u64::midpoint(bearable, too_dear) };
    }
    board.set(&best.1);
}

fn lay_row(board: &mut Board, table: &mut Spaced, c: usize, price: u64) {
    let own: Vec<u32> = board.starts[c].iter().copied().filter(|&s| s >= board.cut_s).collect();
    if own.len() < 2 {
        return;
    }
    for &start in &own {
        board.remove(c, start);
    }
    let mut starts = Vec::new();
    table.lay(board, c, own.len(), price as i64, &own, &mut starts);
    for &start in if starts.len() == own.len() { &starts } else { &own } {
        board.place(c, start);
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
    let between = (i.checked_sub(1).map_or(0, |j| board.starts[c][j]), board.starts[c].get(i).map_or(u32::MAX, |&x| x));
    let found = board.nearest_between(c, wish, between).filter(|&s| {
        let gain = now.saturating_sub(off(u64::from(board.tau(c, s))));
        let people = board.audience + u64::from(board.people_at(s));
        let lost = u64::from(board.people_at(start)).saturating_sub(u64::from(board.people_at(s)));
        gain > 0 && people >= floor && lost * ideal <= price * gain
    });
    board.place(c, found.unwrap_or(start));
    found.is_some()
}
