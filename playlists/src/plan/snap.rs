//! Less dead air: moves a campaign's play by some seconds, inside its own bin of footfall, so that the
//! runs before and after it can be filled to the second. Audience stays as it is.

use super::board::Board;
use super::fill::Cover;

/// A play moves at most so far, seconds.
const FAR_S: u32 = 90;

/// One pass over all plays in order of time.
pub(super) fn snap(board: &mut Board, cover: &Cover) {
    for (start, c) in board.line().collect::<Vec<_>>() {
        let end = start + board.items[c].dur;
        let (before, after) = board.runs_around(start, end, cover.exact_s());
        let now = cover.dead_s(before) + cover.dead_s(after);
        if now == 0 {
            continue;
        }
        if let Some(segment) = board.items[c].segment_at(start) {
            let (lo, hi) =
                (segment.lo.max(start.saturating_sub(FAR_S.min(before))), segment.hi.min(start + FAR_S.min(after)));
            board.remove(c, start);
            let mut best = (now, 0, start);
            for s in lo..=hi {
                let dead = cover.dead_s((before + s) - start) + cover.dead_s((after + start) - s);
                let rank = (dead, s.abs_diff(start), s);
                if rank < best && board.fit(c, s, s).is_some() {
                    best = rank;
                }
            }
            board.place(c, best.2);
        }
    }
}
