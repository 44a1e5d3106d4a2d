//! A screen's segments judged again in order of the log, as they were at ingest: for bundles, for whoever checks them, and
//! for `lichphat check`.

use super::book::PlanBook;
use super::bundle::Start;
use super::chain::{DeviceMark, Outcome, decide};
use super::rollup::{Counts, RollupDelta};
use super::segment::Segment;
use super::tenure::{Tenure, known};
use crate::figures::{Period, ScreenFacts};
use crate::ids::{CampaignCode, DeviceId, Epoch, Seq, Sha256Hash};
use crate::time::{LocalDay, UtcMillis};
use std::collections::{BTreeMap, BTreeSet};

/// What the replay has come to.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    /// The boxes that were registered at the screen.
    tenures: Vec<Tenure>,
    /// End of the newest record.
    reported_until: Option<UtcMillis>,
    rollups: BTreeMap<DeviceId, RollupDelta>,
}

impl Replay {
    /// Begins where the players stood before their first segment.
    pub fn new(starts: &[Start]) -> Self {
        let mut replay = Self::default();
        starts.iter().for_each(|start| replay.start(start));
        replay
    }

    /// A player stood here before its first segment: what it sent earlier is not shown.
    pub fn start(&mut self, start: &Start) {
        let Start { device, epoch, acked, head, tally } = start.clone();
        self.stand((device, epoch), DeviceMark { acked, head, tally });
    }

    /// A box was registered at the screen; in order of the log, and before the segments that follow it there.
    pub fn registered(&mut self, tenure: Tenure) {
        self.tenures.push(tenure);
    }

    /// The boxes that were registered at the screen, as far as they were told.
    pub fn tenures(&self) -> &[Tenure] {
        &self.tenures
    }

    /// Where a player stands; none before its first segment.
    pub fn mark(&self, device: DeviceId, epoch: Epoch) -> Option<&DeviceMark> {
        self.marks.get(&(device, epoch))
    }

    /// Where a player stands before its next segment: a new box goes on where the one before it stopped.
    pub fn expected(&self, device: DeviceId, epoch: Epoch) -> DeviceMark {
        let newest = || self.marks.last_key_value().map(|(_, mark)| mark.tally.clone()).unwrap_or_default();
        let fresh = || DeviceMark { tally: newest(), ..DeviceMark::default() };
        self.mark(device, epoch).cloned().unwrap_or_else(fresh)
    }

    /// Takes the next segment, `of` entry and moment of arrival. What follows a hole is judged for itself, so that one hole
    /// is told once.
    pub fn segment(&mut self, segment: &Segment, hash: Sha256Hash, of: (u64, UtcMillis), plans: &PlanBook) -> Outcome {
        let key = (segment.device, segment.epoch);
        let mut mark = self.expected(segment.device, segment.epoch);
        let (log_index, received) = of;
        let decide = |mark: &DeviceMark| decide(mark, segment, hash, received, plans, known(&self.tenures, log_index));
        let outcome = decide(&mark);
        if !matches!(outcome, Outcome::Hole { .. }) {
            self.take(key, &outcome);
            return outcome;
        }
        (mark.acked, mark.head) = (Seq(segment.first_seq.0 - 1), Some(segment.previous));
        let after = decide(&mark);
        self.take(key, &after);
        outcome
    }

    fn take(&mut self, key: (DeviceId, Epoch), outcome: &Outcome) {
        let Outcome::Accepted { delta, mark } = outcome else { return };
        self.stand(key, mark.clone());
        let rollup = self.rollups.entry(key.0).or_default();
        for (at, counts) in delta {
            rollup.entry(at.clone()).or_default().merge(counts);
        }
    }

    fn stand(&mut self, key: (DeviceId, Epoch), mark: DeviceMark) {
        self.reported_until = self.reported_until.max(mark.tally.last_end);
        self.marks.insert(key, mark);
    }

    /// What it came to: where each player stands, and the sums of each.
    pub fn finish(self) -> (BTreeMap<(DeviceId, Epoch), DeviceMark>, BTreeMap<DeviceId, RollupDelta>) {
        (self.marks, self.rollups)
    }

    /// Players of which something is known.
    pub fn devices(&self) -> BTreeSet<DeviceId> {
        self.marks.keys().map(|(device, _)| *device).collect()
    }

    /// Last record held of a player's epoch; 0 when nothing is known of it.
    pub fn acked(&self, device: DeviceId, epoch: Epoch) -> Seq {
        self.marks.get(&(device, epoch)).map_or(Seq(0), |mark| mark.acked)
    }

    /// Figures of the campaign, by day of the period.
    pub fn days(&self, campaign: &CampaignCode, period: &Period) -> BTreeMap<LocalDay, Counts> {
        let mut days: BTreeMap<LocalDay, Counts> = BTreeMap::new();
        for ((day, code), counts) in self.rollups.values().flatten() {
            if code == campaign && (period.from..=period.to).contains(day) {
                days.entry(*day).or_default().merge(counts);
            }
        }
        days
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
