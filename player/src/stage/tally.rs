//! Counting: every output slot of a play is settled exactly once, as rendered or as dropped.
//!
//! Pure. The director says which slots a play took, the outputs say what became of each; a play is
//! reported when it is over and nothing of it is open, so the sum is right by construction.

use super::{StageEvent, StageReport, StageResult};
use std::collections::{BTreeSet, VecDeque};

/// What became of one output slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It reached the screen (or the sound device) in time.
    Rendered,
    /// It did not.
    Dropped,
}

/// One play in the book.
#[derive(Debug)]
struct Play<D> {
    ticket: u64,
    dates: D,
    /// First slot, and the slot after its last one so far.
    slots: (u64, u64),
    open: BTreeSet<u64>,
    rendered: u32,
    dropped: u32,
    shown: Option<(u64, u64)>,
    told: bool,
    over: Option<StageResult>,
}

/// The dates of slots. Each play keeps those it began with, so that a clock that is set meanwhile neither stretches
/// nor shortens it.
pub trait SlotDates {
    /// Wall clock and monotonic milliseconds at the beginning of `slot`.
    fn at(&self, slot: u64) -> (lichphat_playlists::time::UtcMillis, u64);
}

/// The book of plays not yet reported, oldest first.
#[derive(Debug)]
pub struct Tally<D> {
    plays: VecDeque<Play<D>>,
}

impl<D> Default for Tally<D> {
    fn default() -> Self {
        Self { plays: VecDeque::new() }
    }
}

impl<D: SlotDates> Tally<D> {
    /// A play begins at `slot`; `dates` are those of its slots.
    pub fn begin(&mut self, ticket: u64, slot: u64, dates: D) {
        self.plays.push_back(Play {
            ticket,
            dates,
            slots: (slot, slot),
            open: BTreeSet::new(),
            rendered: 0,
            dropped: 0,
            shown: None,
            told: false,
            over: None,
        });
    }
    /// The running play takes `slot`; its fate follows.
    pub fn take(&mut self, slot: u64) {
        if let Some(play) = self.plays.back_mut().filter(|p| p.over.is_none()) {
            play.slots.1 = slot + 1;
            play.open.insert(slot);
        }
    }
    /// The fate of `slot` is known. Slots that belong to no play, and second words, are ignored.
    pub fn settle(&mut self, slot: u64, fate: Fate) {
        let Some(play) = self.plays.iter_mut().find(|p| p.open.contains(&slot)) else { return };
        play.open.remove(&slot);
        match fate {
            Fate::Rendered => {
                play.rendered += 1;
                play.shown = Some(play.shown.map_or((slot, slot), |(a, b)| (a.min(slot), b.max(slot))));
            }
            Fate::Dropped => play.dropped += 1,
        }
    }
    /// The running play is over.
    pub fn finish(&mut self, result: StageResult) {
        if let Some(play) = self.plays.back_mut().filter(|p| p.over.is_none()) {
            play.over = Some(result);
        }
    }
    /// Slots whose fate is not known yet.
    pub fn open_slots(&self) -> usize {
        self.plays.iter().map(|p| p.open.len()).sum()
    }
    /// True when every play is reported.
    pub fn is_empty(&self) -> bool {
        self.plays.is_empty()
    }
    /// What can be told now, in the order of the plays.
    pub fn events(&mut self) -> Vec<StageEvent> {
        let mut out = Vec::new();
        for play in &mut self.plays {
            if let Some((first, _)) = play.shown.filter(|_| !play.told) {
                play.told = true;
                out.push(StageEvent::Started { ticket: play.ticket, at: play.dates.at(first).0 });
            }
            if play.over.is_none() || !play.open.is_empty() {
                break;
            }
        }
        while self.plays.front().is_some_and(|p| p.over.is_some() && p.open.is_empty()) {
            out.extend(self.plays.pop_front().map(|play| StageEvent::Ended(play.report())));
        }
        out
    }
}

impl<D: SlotDates> Play<D> {
    fn report(self) -> StageReport {
        let (first, end) = self.shown.map_or((self.slots.0, self.slots.0), |(a, b)| (a, b + 1));
        let (start, mono_start_ms) = self.dates.at(first);
        let mut result = self.over.unwrap_or(StageResult::Complete);
        if self.rendered == 0 && !matches!(result, StageResult::Failed(_)) {
            // Nothing of it was seen: no play, whatever the clip did.
            let cause = result.cause().unwrap_or("not-rendered").to_owned();
            result = StageResult::Failed(cause);
        }
        StageReport {
            ticket: self.ticket,
            start,
            end: self.dates.at(end).0,
            mono_start_ms,
            frames_rendered: self.rendered,
            frames_dropped: self.dropped,
            result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::time::UtcMillis;
    use proptest::prelude::*;

    struct Tenths;
    impl SlotDates for Tenths {
        fn at(&self, slot: u64) -> (UtcMillis, u64) {
            (UtcMillis(1_000_000 + slot as i64 * 100), slot * 100)
        }
    }

    proptest! {
        /// However fates come in (late, twice, out of order, for slots of nobody), the sum is the slots taken.
        #[test]
        fn rendered_plus_dropped_is_what_was_taken(
            lengths in prop::collection::vec(0u64..9, 1..6),
            fates in prop::collection::vec((0u64..60, any::<bool>()), 0..200),
        ) {
            let mut tally = Tally::default();
            let (mut slot, mut reports, mut fates) = (0, Vec::new(), fates.into_iter());
            for (ticket, length) in lengths.iter().enumerate() {
                tally.begin(ticket as u64, slot, Tenths);
                for _ in 0..*length {
                    tally.take(slot);
                    slot += 1;
                    for (s, good) in fates.by_ref().take(3) {
                        tally.settle(s, if good { Fate::Rendered } else { Fate::Dropped });
                    }
                }
                tally.finish(StageResult::Complete);
                reports.extend(tally.events());
            }
            for s in 0..slot {
                tally.settle(s, Fate::Dropped);
            }
            reports.extend(tally.events());
            prop_assert!(tally.is_empty());
            let ended: Vec<_> =
                reports.into_iter().filter_map(|e| if let StageEvent::Ended(r) = e { Some(r) } else { None }).collect();
            prop_assert_eq!(ended.len(), lengths.len());
            for (i, (report, length)) in ended.iter().zip(&lengths).enumerate() {
                prop_assert_eq!(report.ticket, i as u64, "reports come in the order of the plays");
                prop_assert_eq!(u64::from(report.frames_rendered + report.frames_dropped), *length);
                prop_assert_eq!(report.frames_rendered == 0, matches!(report.result, StageResult::Failed(_)));
                prop_assert!(report.start <= report.end);
            }
        }
    }

    #[test]
    fn a_play_is_reported_after_its_last_frame_and_begins_with_the_first_one_seen() {
        let mut tally = Tally::default();
        tally.begin(7, 10, Tenths);
        for slot in 10..14 {
            tally.take(slot);
        }
        tally.settle(10, Fate::Dropped);
        tally.settle(11, Fate::Rendered);
        assert_eq!(tally.events(), [StageEvent::Started { ticket: 7, at: UtcMillis(1_001_100) }]);
        tally.finish(StageResult::Partial("ended-early".into()));
        tally.settle(13, Fate::Rendered);
        assert_eq!(tally.events(), [], "one frame is still on its way");
        tally.settle(12, Fate::Rendered);
        let report = StageReport {
            ticket: 7,
            start: UtcMillis(1_001_100),
            end: UtcMillis(1_001_400),
            mono_start_ms: 1100,
            frames_rendered: 3,
            frames_dropped: 1,
            result: StageResult::Partial("ended-early".into()),
        };
        assert_eq!(tally.events(), [StageEvent::Ended(report)]);
    }
}
