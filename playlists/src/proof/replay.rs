//! A screen's segments judged again in order of the log, as they were at ingest: for bundles and for whoever checks them.

use super::book::PlanBook;
use super::bundle::Start;
use super::chain::{DeviceMark, Outcome, decide};
use super::count::Tally;
use super::rollup::{Counts, RollupDelta};
use super::segment::Segment;
use crate::figures::{Period, ScreenFacts};
use crate::ids::{CampaignCode, DeviceId, Epoch, Seq, Sha256Hash};
use crate::time::{LocalDay, UtcMillis};
use std::collections::{BTreeMap, BTreeSet};

/// What the replay has come to.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    /// Of the newest box: a new one goes on where the one before it stopped.
    tally: Tally,
    /// End of the newest record.
    reported_until: Option<UtcMillis>,
    rollup: RollupDelta,
}

impl Replay {
    /// Begins where the players stood before their first segment.
    pub fn new(starts: &[Start]) -> Self {
        let mark = |s: &Start| DeviceMark { acked: s.acked, head: s.head, tally: s.tally.clone() };
        Self {
            marks: starts.iter().map(|s| ((s.device, s.epoch), mark(s))).collect(),
            tally: starts.iter().max_by_key(|s| (s.device, s.epoch)).map(|s| s.tally.clone()).unwrap_or_default(),
            reported_until: starts.iter().filter_map(|s| s.tally.last_end).max(),
            rollup: RollupDelta::new(),
        }
    }

    /// Takes the next segment. What follows a hole is judged for itself, so that one hole is told once.
    pub fn segment(&mut self, segment: &Segment, hash: Sha256Hash, received: UtcMillis, plans: &PlanBook) -> Outcome {
        let key = (segment.device, segment.epoch);
        let fresh = || DeviceMark { tally: self.tally.clone(), ..DeviceMark::default() };
        let mut mark = self.marks.get(&key).cloned().unwrap_or_else(fresh);
        let outcome = decide(&mark, segment, hash, received, plans);
        if !matches!(outcome, Outcome::Hole { .. }) {
            self.take(key, &outcome);
            return outcome;
        }
        (mark.acked, mark.head) = (Seq(segment.first_seq.0 - 1), Some(segment.previous));
        self.take(key, &decide(&mark, segment, hash, received, plans));
        outcome
    }

    fn take(&mut self, key: (DeviceId, Epoch), outcome: &Outcome) {
        let Outcome::Accepted { delta, mark } = outcome else { return };
        self.reported_until = self.reported_until.max(mark.tally.last_end);
        if self.marks.keys().all(|other| *other <= key) {
            self.tally = mark.tally.clone();
        }
        self.marks.insert(key, mark.clone());
        for (at, counts) in delta {
            self.rollup.entry(at.clone()).or_default().merge(counts);
        }
    }

    /// Players of which something is known.
    pub fn devices(&self) -> BTreeSet<DeviceId> {
        self.marks.keys().map(|(device, _)| *device).collect()
    }

    /// Figures of the campaign, by day of the period.
    pub fn days(&self, campaign: &CampaignCode, period: &Period) -> BTreeMap<LocalDay, Counts> {
        let of = |((day, code), counts): (&(LocalDay, CampaignCode), &Counts)| {
            (code == campaign && (period.from..=period.to).contains(day)).then(|| (*day, counts.clone()))
        };
        self.rollup.iter().filter_map(of).collect()
    }

    /// The screen's facts with what the records say in place of what was stated.
    pub fn facts(&self, stated: &ScreenFacts, campaign: &CampaignCode, period: &Period) -> ScreenFacts {
        let mut facts = ScreenFacts { reported_until: self.reported_until, ..stated.clone() };
        facts.days.values_mut().for_each(|day| day.counts = Counts::default());
        for (day, counts) in self.days(campaign, period) {
            facts.days.entry(day).or_default().counts = counts;
        }
        facts
    }
}
