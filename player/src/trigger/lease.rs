//! How long an announcement holds. Pure: time is input, on a monotonic scale.
//!
//! One word holds for a few seconds and must be said again; what is not said again is over, so that a lost `release` costs
//! little. And all words together hold for so long in any ten minutes and no longer, whoever says them.

use super::{Announcements, Asked};
use std::collections::VecDeque;

/// The time in which all holds together have a limit, ms.
pub const WINDOW_MS: u64 = 600_000;
/// Holds closer together than this are one, the time between them included, ms: few are kept, however many come.
const CLOSE_MS: u64 = 1_000;

/// See the file's header.
#[derive(Debug, Clone)]
pub struct Lease {
    hold_ms: u64,
    most_ms: u64,
    /// From when until when it was held, oldest first; the last one may still grow.
    spells: VecDeque<(u64, u64)>,
}

impl Lease {
    /// A lease that nobody holds.
    pub fn new(announcements: &Announcements) -> Self {
        Self { hold_ms: announcements.hold_ms, most_ms: announcements.most_ms, spells: VecDeque::new() }
    }

    /// A word comes in. False when it asks for more than is left: nothing begins then, and what holds soon ends.
    pub fn ask(&mut self, asked: Asked, now_ms: u64) -> bool {
        self.spells.retain(|(_, to)| to + WINDOW_MS > now_ms);
        // Each costs a whole hold at least: a contact that chatters breaks off play after play.
        let whole = |from: u64, to: u64| within(from, to.max(from + self.hold_ms), now_ms);
        let used_ms: u64 = self.spells.iter().map(|(from, to)| whole(*from, *to)).sum();
        let left_ms = self.most_ms.saturating_sub(used_ms);
        let holds = self.holds(now_ms);
        match (asked, self.spells.back_mut()) {
            (Asked::Release, Some(spell)) => spell.1 = spell.1.min(now_ms),
            (Asked::Release, None) => {}
            (Asked::Hold, Some(spell)) if holds => {
                spell.1 = spell.1.max(now_ms + self.hold_ms.min(left_ms));
                return left_ms >= self.hold_ms;
            }
            (Asked::Hold, _) if left_ms < self.hold_ms => return false,
            (Asked::Hold, Some(spell)) if now_ms < spell.1 + CLOSE_MS => spell.1 = now_ms + self.hold_ms,
            (Asked::Hold, _) => self.spells.push_back((now_ms, now_ms + self.hold_ms)),
        }
        true
    }

    /// Is it held?
    pub fn holds(&self, now_ms: u64) -> bool {
        self.ends_ms().is_some_and(|to| now_ms < to)
    }

    /// When the newest hold ends, or ended, if nothing more is said.
    pub fn ends_ms(&self) -> Option<u64> {
        self.spells.back().map(|(_, to)| *to)
    }
}

/// How much of a hold lies in the window that ends now.
fn within(from: u64, to: u64, now_ms: u64) -> u64 {
    to.min(now_ms).saturating_sub(from.max(now_ms.saturating_sub(WINDOW_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lease(hold_ms: u64, most_ms: u64) -> Lease {
        Lease::new(&Announcements { hold_ms, most_ms, ..Announcements::default() })
    }

    #[test]
    fn a_word_holds_for_its_time_and_is_prolonged_or_ended_by_the_next() {
        let mut lease = lease(5_000, 120_000);
        assert!(!lease.holds(10));
        assert!(lease.ask(Asked::Hold, 1_000));
        assert_eq!((lease.holds(5_999), lease.holds(6_000)), (true, false), "a lost release costs five seconds");
        assert!(lease.ask(Asked::Hold, 20_000) && lease.ask(Asked::Hold, 23_000));
        assert_eq!((lease.holds(27_999), lease.ends_ms()), (true, Some(28_000)));
        assert!(lease.ask(Asked::Release, 24_000));
        assert!(!lease.holds(24_000));
    }

    #[test]
    fn who_never_stops_asking_is_not_heard_until_ten_minutes_have_passed() {
        let mut lease = lease(5_000, 120_000);
        let held: Vec<u64> = (0..1_200).filter(|s| lease.ask(Asked::Hold, s * 1000) | lease.holds(s * 1000)).collect();
        assert_eq!(held.len(), 2 * 120, "two minutes of each ten");
        assert_eq!((held[0], held[119], held[120]), (0, 119, 605), "a new hold begins only when a whole one is left");
    }

    #[test]
    fn a_contact_that_chatters_runs_out_of_holds() {
        let mut lease = lease(5_000, 120_000);
        let mut begun = 0;
        for s in (0..600).step_by(3) {
            begun += u32::from(lease.ask(Asked::Hold, s * 1000));
            lease.ask(Asked::Release, s * 1000 + 100);
        }
        assert!((24..=40).contains(&begun), "{begun} holds of a tenth of a second in ten minutes");
    }

    proptest! {
        #[test]
        fn no_ten_minutes_are_held_for_longer_than_they_may(
            asked in prop::collection::vec((0u64..40_000, prop::bool::weighted(0.8)), 1..200),
            hold_s in 1u64..60,
            more_s in 0u64..200,
        ) {
            let mut lease = lease(hold_s * 1000, (hold_s + more_s) * 1000);
            let mut held = Vec::new(); // tenths of a second
            let mut now = 0;
            for (wait_ms, hold) in asked {
                for tenth in now / 100..(now + wait_ms) / 100 {
                    held.push(lease.holds(tenth * 100));
                }
                now += wait_ms / 100 * 100;
                lease.ask(if hold { Asked::Hold } else { Asked::Release }, now);
                prop_assert!(lease.spells.len() <= 601);
                if !hold {
                    prop_assert!(!lease.holds(now));
                }
            }
            let mut in_window = 0;
            for (i, on) in held.iter().enumerate() {
                in_window += u64::from(*on);
                if i >= 6_000 {
                    in_window -= u64::from(held[i - 6_000]);
                }
                prop_assert!(in_window * 100 <= (hold_s + more_s) * 1000, "{in_window} tenths");
            }
        }
    }
}
