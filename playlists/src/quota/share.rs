//! A unit's number for a day, shared among the screens that operate.
//!
//! In proportion to what each can carry, in whole plays (largest remainders); a play that is left over goes to
//! the screen that has had least for its room so far, so that one play a month wanders through the unit.

/// A screen that takes part on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sharer {
    /// Most plays it can carry on this day.
    pub capacity: u32,
    /// Plays it has had in this period.
    pub had: u32,
}

/// Plays of each screen, in order; together `total`, or all they can carry. Equal screens: the first one first.
pub fn share(total: u32, screens: &[Sharer]) -> Vec<u32> {
    let room: u64 = screens.iter().map(|s| u64::from(s.capacity)).sum();
    let total = u64::from(total).min(room);
    if total == 0 {
        return vec![0; screens.len()];
    }
    let exact = |s: &Sharer| total * u64::from(s.capacity);
    let mut plays: Vec<u32> = screens.iter().map(|s| (exact(s) / room) as u32).collect();
    let left = total - plays.iter().map(|&n| u64::from(n)).sum::<u64>();
    let mut waiting: Vec<usize> = (0..screens.len()).filter(|&i| exact(&screens[i]) % room > 0).collect();
    waiting.sort_by(|&a, &b| {
        let (a, b) = (&screens[a], &screens[b]);
        (u64::from(a.had) * u64::from(b.capacity)).cmp(&(u64::from(b.had) * u64::from(a.capacity)))
    });
    for &i in waiting.iter().take(left as usize) {
        plays[i] += 1;
    }
    plays
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn screens(of: &[(u32, u32)]) -> Vec<Sharer> {
        of.iter().map(|&(capacity, had)| Sharer { capacity, had }).collect()
    }

    #[test]
    fn a_number_is_shared_by_room_and_a_single_play_wanders() {
        assert_eq!(share(10, &screens(&[(24, 0), (24, 0), (12, 0)])), [4, 4, 2]);
        assert_eq!(share(7, &screens(&[(3, 0), (0, 0), (2, 0)])), [3, 0, 2], "no more than there is room for");
        let mut had = [0, 0, 0];
        for first in [0, 1, 2, 0] {
            let got = share(1, &screens(&had.map(|h| (24, h))));
            assert_eq!(got.iter().position(|&n| n == 1), Some(first));
            had[first] += 1;
        }
    }

    proptest! {
        #[test]
        fn a_share_is_whole_fair_and_never_beyond_a_screens_room(
            total in 0u32..300,
            of in prop::collection::vec((0u32..40, 0u32..50), 0..12),
        ) {
            let (list, room) = (screens(&of), of.iter().map(|s| s.0).sum::<u32>());
            let got = share(total, &list);
            prop_assert_eq!(got.iter().sum::<u32>(), total.min(room));
            for (n, s) in got.iter().zip(&list) {
                prop_assert!(*n <= s.capacity);
                let exact = f64::from(total.min(room)) * f64::from(s.capacity) / f64::from(room.max(1));
                prop_assert!((f64::from(*n) - exact).abs() < 1.0, "{n} for {exact}");
            }
        }
    }
}
