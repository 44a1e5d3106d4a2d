//! One campaign's pending plays laid anew so that more of its plays fit, with the least change.
//!
//! Exact for one campaign given everything else: as many plays are added as any layout allows (with no play
//! kept in place that is the left packing of the free starts), and among the layouts that add so many one that
//! leaves the most pending plays where they are. Moved plays then go as near to their old second as the layout
//! lets them.

use std::cmp::Reverse;

/// Allowed starts `lo..=hi`, in order, none touching another.
pub(crate) type Stretches = [(u32, u32)];

/// A layout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Laid {
    /// Pending plays that move: index among them, new start.
    pub(crate) moved: Vec<(usize, u32)>,
    /// Starts of the plays that were added, in order.
    pub(crate) added: Vec<u32>,
}

/// What is laid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    /// Allowed starts. A play that stays where it is need not be in them.
    pub(crate) free: &'a Stretches,
    /// The better ones among them: used before the others where there is a choice.
    pub(crate) better: &'a Stretches,
    /// Least seconds from start to start.
    pub(crate) step: u32,
    /// Starts of the pending plays, in order.
    pub(crate) pending: &'a [u32],
    /// Most plays to add.
    pub(crate) more: usize,
}

/// A run between two plays that stay (or an end of the day): its starts, and the pending plays in it that move.
#[derive(Debug, Clone)]
struct Run {
    lo: u32,
    hi: u32,
    /// Plays that it can hold.
    holds: usize,
    pending: std::ops::Range<usize>,
}

/// Most steps of one search: about a tenth of a second on a small box, which some 250 pending plays take. A screen must
/// not wait longer.
const MOST_STEPS: usize = 20_000_000;

/// Lays `task` anew; nothing moves when nothing can be added. Where looking for the least change would take too long,
/// as many are added, and whatever is in the way moves.
pub(crate) fn relay(task: &Task<'_>) -> Laid {
    let plays = task.pending.len() + 1;
    if plays.saturating_mul(plays).saturating_mul(plays + task.more) > MOST_STEPS {
        return pack(task);
    }
    let Some((runs, added)) = keep_most(task).filter(|(_, added)| *added > 0) else { return Laid::default() };
    let labels = label(task, &runs, added);
    let mut laid = Laid::default();
    for (run, labels) in runs.iter().zip(&labels) {
        settle(task, run, labels, &mut laid);
    }
    laid
}

/// Everything packed from the left.
fn pack(task: &Task<'_>) -> Laid {
    let n = task.pending.len();
    let mut starts: Vec<u32> = packing(task.free, task.step, 0, u32::MAX).take(n + task.more).collect();
    if starts.len() <= n {
        return Laid::default();
    }
    let added = starts.split_off(n);
    let moved = starts.into_iter().enumerate().filter(|(i, start)| task.pending[*i] != *start).collect();
    Laid { moved, added }
}

/// Most starts `step` apart in `free`, none before `lo` and none after `hi`: packed from the left.
pub(crate) fn packing(free: &Stretches, step: u32, lo: u32, hi: u32) -> impl Iterator<Item = u32> {
    let mut at = Some(lo);
    std::iter::from_fn(move || {
        let start = first_from(free, at?).filter(|s| *s <= hi)?;
        at = start.checked_add(step.max(1));
        Some(start)
    })
}

/// The best way to a play that stays.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Plays that stay; and of two ways with as many the one that adds earlier.
    worth: (usize, Reverse<usize>),
    /// The play before it that stays, one more than its index, and the gain up to there.
    from: (usize, usize),
}

/// The runs of a layout that adds the most, of those keeps the most in place, and of those adds early; and how many
/// it adds.
fn keep_most(task: &Task<'_>) -> Option<(Vec<Run>, usize)> {
    let n = task.pending.len();
    let runs = all_runs(task);
    // best[i][g]: the first i plays, the last of them staying, with a gain of g - n over what is pending; everything
    // beyond `more` is as good as `more`
    let width = n + task.more + 1;
    let mut best: Vec<Vec<Option<Way>>> = vec![vec![None; width]; n + 1];
    best[0][n] = Some(Way { worth: (0, Reverse(0)), from: (0, 0) });
    let mut end: Option<(usize, Way)> = None;
    for i in 0..=n {
        for g in 0..width {
            let Some(Way { worth: (stay, Reverse(late)), .. }) = best[i][g] else { continue };
            for j in i..=n {
                let holds = runs[i][j - i];
                let Some(gain) = (g + holds).checked_sub(j - i).map(|g| g.min(width - 1)) else { continue };
                let late = Reverse(late + holds.saturating_sub(j - i) * j);
                let way = |stays| Way { worth: (stays, late), from: (i, g) };
                if j == n {
                    if end.is_none_or(|(most, w)| (gain, stay, late) > (most, w.worth.0, w.worth.1)) {
                        end = Some((gain, way(stay)));
                    }
                } else if best[j + 1][gain].is_none_or(|w| (stay + 1, late) > w.worth) {
                    best[j + 1][gain] = Some(way(stay + 1));
                }
            }
        }
    }
    let (gain, Way { from: (mut i, mut g), .. }) = end?;
    let mut cuts = vec![n + 1, i];
    while i > 0 {
        (i, g) = best[i][g]?.from;
        cuts.push(i);
    }
    cuts.reverse();
    let run = |pair: &[usize]| {
        let (i, j) = (pair[0], pair[1] - 1);
        Run { lo: first_of(task, i), hi: last_of(task, j).unwrap_or(0), holds: runs[i][j - i], pending: i..j }
    };
    Some((cuts.windows(2).map(run).collect(), gain.checked_sub(n)?))
}

/// For each pair of plays that might stay: how many plays the run between them holds. Row `i`, column `j - i`: the
/// plays `i..j` move, `i - 1` and `j` stay; the ends of the day stand before the first and after the last.
fn all_runs(task: &Task<'_>) -> Vec<Vec<usize>> {
    let n = task.pending.len();
    (0..=n)
        .map(|i| {
            let mut packed = packing(task.free, task.step, first_of(task, i), u32::MAX).peekable();
            let mut plays = 0;
            let count = |j: usize| {
                let last = last_of(task, j);
                while packed.next_if(|s| last.is_some_and(|last| *s <= last)).is_some() {
                    plays += 1;
                }
                plays
            };
            (i..=n).map(count).collect()
        })
        .collect()
}

/// First start of the run in which the plays from `i` on move.
fn first_of(task: &Task<'_>, i: usize) -> u32 {
    i.checked_sub(1).map_or(0, |before| task.pending[before].saturating_add(task.step))
}

/// Last start of the run that the play `j` ends; none when there is no room before it at all.
fn last_of(task: &Task<'_>, j: usize) -> Option<u32> {
    task.pending.get(j).map_or(Some(u32::MAX), |next| next.checked_sub(task.step))
}

/// For every run what its plays are, in order: `Some` a pending play, `None` an added one. Pending plays go where the
/// sum of their ways is least, added ones to the earliest places that are left.
fn label(task: &Task<'_>, runs: &[Run], added: usize) -> Vec<Vec<Option<usize>>> {
    let moving: Vec<usize> = runs.iter().flat_map(|r| r.pending.clone()).collect();
    let mut places: Vec<(usize, u32, u32)> = Vec::new();
    for (r, run) in runs.iter().enumerate() {
        let latest = from_the_right(task, run, run.holds);
        let earliest = packing(task.free, task.step, run.lo, run.hi);
        places.extend(earliest.zip(latest).map(|(from, to)| (r, from, to)));
    }
    let at = nearest_places(task, &moving, &places);
    let mut labels: Vec<Vec<Option<usize>>> = vec![Vec::new(); runs.len()];
    let (mut next, mut left) = (0, added);
    for (k, (r, ..)) in places.iter().enumerate() {
        if at.get(next) == Some(&k) {
            labels[*r].push(Some(moving[next]));
            next += 1;
        } else if left > 0 {
            labels[*r].push(None);
            left -= 1;
        }
    }
    labels
}

/// A place for each of `moving`, in order, with the least sum of ways.
fn nearest_places(task: &Task<'_>, moving: &[usize], places: &[(usize, u32, u32)]) -> Vec<usize> {
    let (m, n) = (moving.len(), places.len());
    // least[a][k]: the first `a` in the first `k` places
    let mut least = vec![vec![u64::MAX; n + 1]; m + 1];
    least[0].fill(0);
    for a in 1..=m {
        let wish = task.pending[moving[a - 1]];
        for k in a..=n {
            let (_, from, to) = places[k - 1];
            let way = u64::from(from.saturating_sub(wish).max(wish.saturating_sub(to)));
            least[a][k] = least[a][k - 1].min(least[a - 1][k - 1].saturating_add(way));
        }
    }
    let (mut at, mut k) = (vec![0; m], n);
    for a in (1..=m).rev() {
        while k > a && least[a][k - 1] <= least[a][k] {
            k -= 1;
        }
        k -= 1;
        at[a - 1] = k;
    }
    at
}

/// Latest starts of `plays` plays in the run, in order.
fn from_the_right(task: &Task<'_>, run: &Run, plays: usize) -> Vec<u32> {
    let mut latest = Vec::with_capacity(plays);
    let mut to = Some(run.hi);
    while latest.len() < plays
        && let Some(start) = to.and_then(|to| last_until(task.free, to)).filter(|s| *s >= run.lo)
    {
        latest.push(start);
        to = start.checked_sub(task.step);
    }
    latest.reverse();
    latest
}

/// Starts for the plays of a run: pending ones as near as can be to where they were, added ones early.
fn settle(task: &Task<'_>, run: &Run, labels: &[Option<usize>], laid: &mut Laid) {
    let mut from = run.lo;
    for (label, to) in labels.iter().zip(from_the_right(task, run, labels.len())) {
        let start = match label {
            None => first_from(task.better, from).filter(|s| *s <= to).or(first_from(task.free, from)),
            Some(play) => nearest(task.better, task.pending[*play], from, to)
                .or_else(|| nearest(task.free, task.pending[*play], from, to)),
        };
        let start = start.unwrap_or(to).min(to);
        match label {
            None => laid.added.push(start),
            Some(play) if task.pending[*play] != start => laid.moved.push((*play, start)),
            Some(_) => {}
        }
        from = start.saturating_add(task.step);
    }
}

/// First allowed start at or after `second`.
fn first_from(free: &Stretches, second: u32) -> Option<u32> {
    let i = free.partition_point(|(_, hi)| *hi < second);
    free.get(i).map(|(lo, _)| (*lo).max(second))
}

/// Last allowed start at or before `second`.
fn last_until(free: &Stretches, second: u32) -> Option<u32> {
    let i = free.partition_point(|(lo, _)| *lo <= second);
    free[..i].last().map(|(_, hi)| (*hi).min(second))
}

/// The allowed start in `from..=to` nearest to `wish`; of two the earlier.
fn nearest(free: &Stretches, wish: u32, from: u32, to: u32) -> Option<u32> {
    let inside = |s: &u32| (from..=to).contains(s);
    let wish = wish.clamp(from, to.max(from));
    let (before, after) = (last_until(free, wish).filter(inside), first_from(free, wish).filter(inside));
    match (before, after) {
        (Some(b), Some(a)) if a - wish < wish - b => Some(a),
        (b, a) => b.or(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every set of starts at least `step` apart, the slow way: most plays added, then most plays that stay.
    fn brute(task: &Task<'_>, from: u32, taken: usize, stay: usize) -> (usize, usize) {
        let n = task.pending.len();
        let mut best = if taken >= n { ((taken - n).min(task.more), stay) } else { (0, 0) };
        for s in from..40 {
            let own = task.pending.contains(&s);
            if own || task.free.iter().any(|(lo, hi)| (*lo..=*hi).contains(&s)) {
                best = best.max(brute(task, s + task.step, taken + 1, stay + usize::from(own)));
            }
        }
        best
    }

    fn stretches(of: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let set = crate::time::IntervalSet::from(of.iter().map(|&(a, l)| (a, (a + l).min(36))).collect::<Vec<_>>());
        set.iter().map(|(a, b)| (a, b - 1)).collect()
    }

    #[test]
    fn two_hours_of_a_play_every_quarter_take_a_third_more() {
        // 8 pending plays a quarter of an hour apart, a gap of 10 minutes, room for 12
        let pending: Vec<u32> = (0..8).map(|i| 36_000 + i * 900).collect();
        let free = [(36_000, 36_000 + 7_200 - 15)];
        let laid = relay(&Task { free: &free, better: &free, step: 600, pending: &pending, more: 9 });
        assert_eq!(laid.added.len(), 4, "{laid:?}");
        assert_eq!(laid.moved, [(1, 36_600), (3, 38_400), (5, 40_200)], "by five minutes each; five plays stay");
        let one = relay(&Task { free: &free, better: &free, step: 600, pending: &pending, more: 1 });
        assert_eq!((one.added.len(), one.moved.len()), (1, 0), "there is room for one at the end: {one:?}");
        let two = relay(&Task { free: &free, better: &free, step: 600, pending: &pending, more: 2 });
        assert_eq!((two.moved, two.added[0]), (vec![(1, 36_600)], 37_200), "and for another early, when one moves");
    }

    #[test]
    fn a_day_too_full_to_search_is_packed_and_takes_what_it_can() {
        let pending: Vec<u32> = (0..600).map(|i| i * 60).collect();
        let free = [(0, 36_000)];
        let task = Task { free: &free, better: &free, step: 40, pending: &pending, more: 900 };
        let laid = relay(&task);
        let mut starts = pending.clone();
        laid.moved.iter().for_each(|(i, start)| starts[*i] = *start);
        starts.extend(&laid.added);
        starts.sort_unstable();
        assert_eq!(starts.len(), 36_000 / 40 + 1);
        assert!(starts.windows(2).all(|w| w[1] - w[0] >= 40));
        assert_eq!(relay(&Task { step: 60, more: 0, ..task }), Laid::default(), "nothing moves for nothing");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn no_layout_adds_more_or_moves_less(
            free in prop::collection::vec((0u32..34, 1u32..12), 0..4),
            pending in prop::collection::vec(0u32..36, 0..6),
            step in 4u32..9,
            more in 0usize..5,
        ) {
            let free = stretches(&free);
            let mut kept: Vec<u32> = Vec::new();
            let mut pending = pending;
            pending.sort_unstable();
            for p in pending {
                if kept.last().is_none_or(|k| p >= k + step) {
                    kept.push(p);
                }
            }
            let task = Task { free: &free, better: &free[..free.len() / 2], step, pending: &kept, more };
            let laid = relay(&task);
            let (added, stay) = brute(&task, 0, 0, 0);
            prop_assert_eq!(laid.added.len(), added);
            if added > 0 {
                prop_assert!(kept.len() - laid.moved.len() >= stay, "{:?} of {:?}", laid, kept);
            } else {
                prop_assert_eq!(&laid, &Laid::default(), "nothing moves for nothing");
            }
            let mut all: Vec<u32> = kept.clone();
            for &(i, s) in &laid.moved {
                all[i] = s;
            }
            let news: Vec<u32> = laid.moved.iter().map(|m| m.1).chain(laid.added.iter().copied()).collect();
            prop_assert!(news.iter().all(|s| free.iter().any(|(lo, hi)| (lo..=hi).contains(&s))));
            all.extend(&laid.added);
            all.sort_unstable();
            prop_assert!(all.windows(2).all(|w| w[1] - w[0] >= step), "{:?}", all);
            // what was laid once stands
            let again = relay(&Task { pending: &all, more: more - added, ..task });
            prop_assert_eq!(again, Laid::default());
        }
    }
}
