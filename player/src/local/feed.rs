//! Which item of a list goes to the stage next. Pure: `now` is input.

use std::time::{Duration, Instant};

/// Most plays handed to the stage and not yet ended: the running one and enough behind it that the stage finds a
/// good one to open early even after some broken ones.
const MOST_AHEAD: u64 = 6;
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Hands out list items in order, for ever when the list repeats. When a whole round has failed, it rests
/// before the next one, longer each time, so that a list of broken clips does not keep a processor busy.
#[derive(Debug)]
pub(super) struct Feed {
    items: u64,
    ahead: u64,
    repeat: bool,
    given: u64,
    ended: u64,
    closed: bool,
    failed_in_a_row: u64,
    rest: Duration,
    rest_until: Option<Instant>,
}

impl Feed {
    pub(super) fn new(items: usize, repeat: bool) -> Self {
        let items = items as u64;
        Self {
            items,
            ahead: (items + 1).min(MOST_AHEAD),
            repeat,
            given: 0,
            ended: 0,
            closed: items == 0,
            failed_in_a_row: 0,
            rest: FIRST_REST,
            rest_until: None,
        }
    }
    /// The next ticket and item, when the stage should have one more.
    pub(super) fn next(&mut self, now: Instant) -> Option<(u64, usize)> {
        if self.closed || self.given - self.ended >= self.ahead || self.rest_until.is_some_and(|until| now < until) {
            return None;
        }
        self.rest_until = None;
        let ticket = self.given;
        self.given += 1;
        self.closed = !self.repeat && self.given >= self.items;
        Some((ticket, self.index(ticket)?))
    }
    /// The list item of `ticket`.
    pub(super) fn index(&self, ticket: u64) -> Option<usize> {
        ticket.checked_rem(self.items).map(|i| i as usize)
    }
    /// One play has ended.
    pub(super) fn ended(&mut self, failed: bool, now: Instant) {
        self.ended += 1;
        if !failed {
            (self.failed_in_a_row, self.rest) = (0, FIRST_REST);
            return;
        }
        self.failed_in_a_row += 1;
        if self.failed_in_a_row >= self.items.max(self.ahead) {
            self.rest_until = Some(now + self.rest);
            self.rest = (self.rest * 2).min(LONGEST_REST);
            self.failed_in_a_row = 0;
        }
    }
    /// No more items.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }
    /// Everything handed out has ended, and nothing more will be.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.given == self.ended
    }
    /// When to ask again although nothing ended.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.rest_until.filter(|_| !self.closed && self.given - self.ended < self.ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_loop_is_given_once_and_a_few_at_a_time() {
        let (mut feed, now) = (Feed::new(8, false), Instant::now());
        let given: Vec<_> = std::iter::from_fn(|| feed.next(now)).collect();
        assert_eq!(given, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
        feed.ended(true, now);
        assert_eq!((feed.next(now), feed.next(now)), (Some((6, 6)), None));
        feed.ended(false, now);
        assert_eq!((feed.next(now), feed.next(now)), (Some((7, 7)), None));
        for _ in 0..6 {
            assert!(!feed.is_over());
            feed.ended(false, now);
        }
        assert!(feed.is_over());
    }

    #[test]
    fn a_loop_of_broken_clips_does_not_spin() {
        let (mut feed, mut now, start) = (Feed::new(2, true), Instant::now(), Instant::now());
        let mut plays = 0;
        while now < start + Duration::from_secs(600) {
            while feed.next(now).is_some() {
                plays += 1;
            }
            match feed.rests_until() {
                Some(until) if feed.given == feed.ended => now = until,
                _ => feed.ended(true, now),
            }
        }
        assert!(plays < 100, "{plays} plays in ten minutes");
        assert!(plays > 20, "and it does not give up: {plays}");
    }

    #[test]
    fn one_broken_clip_among_good_ones_never_makes_it_rest() {
        let (mut feed, now) = (Feed::new(2, true), Instant::now());
        for i in 0..100 {
            while feed.next(now).is_some() {}
            feed.ended(i % 2 == 0, now);
            assert_eq!(feed.rests_until(), None);
        }
    }
}
