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
    /// Slots of the plan that have a record of the screen's own box, whatever became of it.
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
    /// Records that were judged.
    pub fn records(&self) -> u64 {
        [self.counted, self.counted_outside, self.not_counted, self.unknown].into_iter().map(u64::from).sum()
    }

    /// Adds one judged record.
    pub fn add(&mut self, record: &PlayRecord, standing: Standing) {
        let own = !matches!(standing, Standing::NotCounted(Reason::Replaced | Reason::Unregistered));
        if own && matches!(record.origin, Origin::Planned { .. }) {
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

    /// What is left of these without `part`; none when they are not the sum of `part` and something else.
    pub fn without(&self, part: &Self) -> Option<Self> {
        let mut reasons = self.reasons.clone();
        for (reason, n) in &part.reasons {
            let left = reasons.get_mut(reason)?;
            *left = left.checked_sub(*n)?;
        }
        reasons.retain(|_, n| *n > 0);
        let mut by_level = self.by_level;
        for (left, n) in by_level.iter_mut().zip(part.by_level) {
            *left = left.checked_sub(n)?;
        }
        Some(Self {
            slots_seen: self.slots_seen.checked_sub(part.slots_seen)?,
            counted: self.counted.checked_sub(part.counted)?,
            counted_outside: self.counted_outside.checked_sub(part.counted_outside)?,
            made_good: self.made_good.checked_sub(part.made_good)?,
            late: self.late.checked_sub(part.late)?,
            not_counted: self.not_counted.checked_sub(part.not_counted)?,
            unknown: self.unknown.checked_sub(part.unknown)?,
            by_level,
            reasons,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn sums()(n in prop::array::uniform7(0u32..1_000), by_level in prop::array::uniform5(0u32..1_000),
                  reasons in prop::collection::btree_map("[a-c]", 1u32..1_000, 0..3)) -> Counts {
            let [slots_seen, counted, counted_outside, made_good, late, not_counted, unknown] = n;
            Counts { slots_seen, counted, counted_outside, made_good, late, not_counted, unknown, by_level, reasons }
        }
    }

    proptest! {
        #[test]
        fn what_was_added_is_what_is_left_and_nothing_less_than_the_part_has_a_rest(a in sums(), b in sums()) {
            let mut both = a.clone();
            both.merge(&b);
            prop_assert_eq!(both.without(&a), Some(b.clone()));
            prop_assert_eq!(a.without(&both).is_some(), b == Counts::default());
        }
    }
}
