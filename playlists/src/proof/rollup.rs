//! What a segment adds to the figures of (day, campaign).

use crate::ids::CampaignCode;
use crate::proof::count::{Doubt, Reason, Standing};
use crate::proof::record::{DisplayLevel, Origin, PlayRecord};
use crate::time::LocalDay;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures of one device, day and campaign. Additive: segments add up to days, days to periods.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Slots of the plan that have a record, whatever became of it.
    pub slots_seen: u32,
    /// Counted inside the campaign's windows: toward the quota.
    pub counted: u32,
    /// Counted outside them: reported apart.
    pub counted_outside: u32,
    /// Of `counted`: in place of a slot that was missed.
    pub made_good: u32,
    /// Of both counted: arrived more than a day late.
    pub late: u32,
    /// Judged not to count.
    pub not_counted: u32,
    /// No telling.
    pub unknown: u32,
    /// Counted toward the quota by display level, lowest first.
    pub by_level: [u32; 5],
    /// Not counted and unknown, by stable code.
    pub reasons: BTreeMap<String, u32>,
}

impl Counts {
    /// Adds one judged record.
    pub fn add(&mut self, record: &PlayRecord, standing: Standing) {
        if matches!(record.origin, Origin::Planned { .. }) {
            self.slots_seen += 1;
        }
        match standing {
            Standing::Counted { within, late } => {
                self.late += u32::from(late);
                if within {
                    self.counted += 1;
                    self.made_good += u32::from(matches!(record.origin, Origin::MakeGood { .. }));
                    let level = DisplayLevel::ALL.iter().position(|l| *l == record.display).unwrap_or(0);
                    self.by_level[level] += 1;
                } else {
                    self.counted_outside += 1;
                }
            }
            Standing::NotCounted(reason) => self.refuse(reason),
            Standing::Unknown(doubt) => self.doubt(doubt),
        }
    }

    fn refuse(&mut self, reason: Reason) {
        self.not_counted += 1;
        *self.reasons.entry(reason.code()).or_default() += 1;
    }

    fn doubt(&mut self, doubt: Doubt) {
        self.unknown += 1;
        *self.reasons.entry(doubt.code().to_owned()).or_default() += 1;
    }

    /// Can these be the sum of `part` and something else?
    pub fn covers(&self, part: &Self) -> bool {
        let figures = |c: &Self| {
            [c.slots_seen, c.counted, c.counted_outside, c.made_good, c.late, c.not_counted, c.unknown]
                .into_iter()
                .chain(c.by_level)
                .collect::<Vec<_>>()
        };
        figures(self).iter().zip(figures(part)).all(|(all, some)| *all >= some)
            && part.reasons.iter().all(|(reason, n)| self.reasons.get(reason).is_some_and(|all| all >= n))
    }

    /// Adds another's figures.
    pub fn merge(&mut self, other: &Self) {
        self.slots_seen += other.slots_seen;
        self.counted += other.counted;
        self.counted_outside += other.counted_outside;
        self.made_good += other.made_good;
        self.late += other.late;
        self.not_counted += other.not_counted;
        self.unknown += other.unknown;
        for (level, n) in self.by_level.iter_mut().zip(other.by_level) {
            *level += n;
        }
        for (reason, n) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += n;
        }
    }
}

/// What a segment adds, by day and campaign.
pub type RollupDelta = BTreeMap<(LocalDay, CampaignCode), Counts>;
