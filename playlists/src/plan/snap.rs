//! Less dead air: shifts some plays that follow each other by some seconds, each inside its own bin of footfall, so
//! that the runs before the first and after the last can be filled to the second. Audience stays as it is.

use super::board::Board;
use super::fill::Cover;

/// Plays are shifted at most so far, seconds.
const FAR_S: i64 = 30;

/// Shifts up to `together` plays at a time, in order of time, again and again until nothing is gained, at most
/// `passes` times.
pub(super) fn snap(board: &mut Board, cover: &Cover, (together, passes): (usize, usize)) {
    for _ in 0..passes {
        let mut plays: Vec<(u32, usize)> = board.line().collect();
        let mut better = false;
        for first in 0..plays.len() {
            if let Some((count, by)) = best_shift(board, cover, &plays[first..], together) {
                for (start, c) in &plays[first..first + count] {
                    board.remove(*c, *start);
                }
                for (start, c) in &mut plays[first..first + count] {
                    *start = start.saturating_add_signed(by);
                    board.place(*c, *start);
                }
                better = true;
            }
        }
        if !better {
            break;
        }
    }
}

/// How many of `plays`, from the first on, to shift, and by how much; none when no shift makes less dead air.
fn best_shift(board: &Board, cover: &Cover, plays: &[(u32, usize)], together: usize) -> Option<(usize, i32)> {
    let &(from, _) = plays.first()?;
    let (before, _) = board.runs_around(from, from, cover.exact_s());
    let mut back = FAR_S.min(i64::from(before));
    let mut asked = 0;
    let mut best: Option<(u32, i64, usize)> = None;
    for count in 1..=together.min(plays.len()) {
        let (until, c) = plays[count - 1];
        let end = until + board.items[c].dur;
        let (_, after) = board.runs_around(end, end, cover.exact_s());
        let now = cover.dead_s(before) + cover.dead_s(after);
        if now == 0 || best.is_some_and(|b| b.0 >= now) {
            continue;
        }
        let room = plays[asked..count].iter().map(|&(start, c)| leeway_back(board, from, start, c));
        back = room.fold(back, i64::min);
        asked = count;
        let leeways = plays[..count].iter().map(|&(start, c)| leeway_forth(board, until, start, c));
        let forth = leeways.min().unwrap_or(0).min(FAR_S).min(i64::from(after));
        for by in -back..=forth {
            let run = |s: u32, by: i64| cover.dead_s((i64::from(s) + by) as u32);
            let gain = now.saturating_sub(run(before, by) + run(after, -by));
            if gain > 0 && best.is_none_or(|b| (gain, -by.abs()) > (b.0, -b.1.abs())) {
                best = Some((gain, by, count));
            }
        }
    }
    best.map(|(_, by, count)| (count, by as i32))
}

/// How far the play of `c` at `start` may move back while the plays from `from` on move with it.
fn leeway_back(board: &Board, from: u32, start: u32, c: usize) -> i64 {
    let item = &board.items[c];
    let Some(segment) = item.segment_at(start) else { return 0 };
    let own = &board.starts[c];
    let before = own.partition_point(|&s| s < from).checked_sub(1).map(|i| own[i] + item.gap);
    let rival = board.rivals(c).and_then(|members| {
        let earlier = members[..members.partition_point(|m| m.0 < from)].iter().rev();
        earlier.map(|&(s, other)| (s, usize::from(other))).find(|m| m.1 != c).map(|m| m.0 + item.category_gap())
    });
    let least = segment.lo.max(before.unwrap_or(0)).max(rival.unwrap_or(0));
    i64::from(start) - i64::from(least)
}

/// How far the play of `c` at `start` may move on while the plays up to `until` move with it.
fn leeway_forth(board: &Board, until: u32, start: u32, c: usize) -> i64 {
    let item = &board.items[c];
    let Some(segment) = item.segment_at(start) else { return 0 };
    let own = &board.starts[c];
    let after = own.get(own.partition_point(|&s| s <= until)).map(|s| s.saturating_sub(item.gap));
    let rival = board.rivals(c).and_then(|members| {
        let later = members[members.partition_point(|m| m.0 <= until)..].iter();
        later
            .map(|&(s, other)| (s, usize::from(other)))
            .find(|m| m.1 != c)
            .map(|m| m.0.saturating_sub(item.category_gap()))
    });
    let most = segment.hi.min(after.unwrap_or(u32::MAX)).min(rival.unwrap_or(u32::MAX));
    i64::from(most) - i64::from(start)
}
