//! Where a search begins: a plan in force as far as it still holds, then every campaign evenly over its
//! windows, the most important and the least free first.

use super::board::Board;
use super::problem::{Play, PlayKind, Problem};
use std::cmp::Reverse;

/// Puts the plays of a plan in force back on the board wherever they are still allowed.
pub(super) fn keep(board: &mut Board, problem: &Problem, prefer: &[Play]) {
    let mut plays: Vec<(u32, usize)> = prefer
        .iter()
        .filter(|p| p.kind == PlayKind::Campaign && p.start >= board.cut_s)
        .filter_map(|p| Some((p, problem.campaigns.iter().position(|c| c.id == p.id && c.dur == p.dur)?)))
        .map(|(p, c)| (p.start, c))
        .collect();
    // where two of them no longer go together the more important one stays
    plays.sort_by_key(|&(start, c)| (board.items[c].priority, start, c));
    for (start, c) in plays {
        if board.missing(c) > 0 && board.fits(c, start) {
            board.place(c, start);
        }
    }
}

/// Campaigns in the order in which they are served.
pub(super) fn order(board: &Board) -> Vec<usize> {
    let mut order: Vec<usize> = (0..board.items.len()).collect();
    order.sort_by_key(|&c| {
        let i = &board.items[c];
        let tightness = u64::from(i.target) * u64::from(i.gap) * 1000 / u64::from(i.length.max(1));
        (Reverse(i.weight), i.priority, Reverse(tightness), Reverse(i.dur), c)
    });
    order
}

/// Spaces every campaign's missing plays evenly over the starts its windows allow.
pub(super) fn even(board: &mut Board) {
    for c in order(board) {
        let need = u64::from(board.missing(c));
        let segments = board.items[c].segments.clone();
        let total: u64 = segments.iter().map(|s| u64::from(s.hi + 1 - s.lo)).sum();
        let (mut passed, mut i) = (0u64, 0);
        for k in 0..need {
            let at = (2 * k + 1) * total / (2 * need);
            while i < segments.len() && at >= passed + u64::from(segments[i].hi + 1 - segments[i].lo) {
                passed += u64::from(segments[i].hi + 1 - segments[i].lo);
                i += 1;
            }
            let Some(segment) = segments.get(i) else { break };
            // a play without any place: those after it have none either
            let Some(start) = board.nearest(c, segment.lo + (at - passed) as u32) else { break };
            board.place(c, start);
        }
    }
}
