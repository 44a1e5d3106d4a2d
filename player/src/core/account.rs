//! What was shown and what is still owed: the device's own ledger, kept by the same counting rule
//! the scheduler uses, so that both come to the same misses.

use super::day::DayPlan;
use lichphat_playlists::ids::{CampaignCode, PlanHash, Seq};
use lichphat_playlists::media::Media;
use lichphat_playlists::proof::count::{CountTerms, Standing, Tally, judge};
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;

/// Most misses kept; older ones give way (a device that was off for months owes no months).
const MAX_MISSES: usize = 4096;
/// How often one miss is tried again when its make-goods do not count either.
const MAX_TRIES: u8 = 3;

/// A quota play that did not count and may still be made good.
#[derive(Debug, Clone)]
pub(super) struct Miss {
    /// Record that says so.
    pub(super) seq: Seq,
    pub(super) plan: PlanHash,
    pub(super) slot: u32,
    pub(super) campaign: CampaignCode,
    pub(super) variant: String,
    pub(super) media: Media,
    /// Last day on which it may be made good.
    pub(super) until: LocalDay,
    /// A make-good for it is with the stage.
    pub(super) in_flight: bool,
    tries: u8,
}

/// Records in, misses out.
#[derive(Debug)]
pub(super) struct Account {
    /// Number of the next record.
    next_seq: u64,
    tally: Tally,
    /// In the order of their records.
    misses: Vec<Miss>,
    /// Starts of today's plays that hold the campaign's gap and cap: counted ones, and make-goods that were tried.
    starts: BTreeMap<CampaignCode, Vec<UtcMillis>>,
    starts_day: Option<LocalDay>,
    /// The scheduler has replanned every miss up to this record.
    through: u64,
    made_good: u64,
}

impl Account {
    pub(super) fn new(last_seq: Seq) -> Self {
        Self {
            next_seq: last_seq.0 + 1,
            tally: Tally::default(),
            misses: Vec::new(),
            starts: BTreeMap::new(),
            starts_day: None,
            through: 0,
            made_good: 0,
        }
    }

    /// Takes the next record in; true when there is one more miss to make good, or one may be tried again.
    pub(super) fn write(&mut self, record: &PlayRecord, plan: &DayPlan, offset: UtcOffset) -> bool {
        let seq = Seq(self.next_seq);
        self.next_seq += 1;
        self.take(seq, record, plan, offset)
    }

    /// Takes a record of an earlier run in.
    pub(super) fn take(&mut self, seq: Seq, record: &PlayRecord, plan: &DayPlan, offset: UtcOffset) -> bool {
        let (Some(asset), Some(terms)) = (plan.asset(record.item), plan.terms(record.item)) else {
            if record.result.was_shown() {
                self.tally.last_end = self.tally.last_end.max(Some(record.end));
            }
            return false;
        };
        let standing = judge(
            record,
            Some(&CountTerms {
                campaign: &asset.code,
                kind: asset.media.kind,
                booked_ms: asset.media.duration_s * 1000,
                min_gap_s: terms.min_gap_s,
                min_display: terms.min_display,
                windows: Some(&terms.windows),
            }),
            record.end,
            offset,
            &mut self.tally,
        );
        let counted = matches!(standing, Standing::Counted { .. });
        if counted || matches!(record.origin, Origin::MakeGood { .. }) && record.result.was_shown() {
            self.note_start(&asset.code, record.start, offset);
        }
        match record.origin {
            Origin::Planned { slot } if counted => self.forget(plan.hash, slot),
            Origin::Planned { slot } => {
                if matches!(standing, Standing::NotCounted(_)) && seq.0 > self.through {
                    return self.add(Miss {
                        seq,
                        plan: plan.hash,
                        slot,
                        campaign: asset.code.clone(),
                        variant: asset.variant.clone(),
                        media: asset.media.clone(),
                        until: terms.make_good_until,
                        in_flight: false,
                        tries: 0,
                    });
                }
            }
            Origin::MakeGood { missed_plan, missed_slot } if counted => {
                self.made_good += 1;
                self.forget(missed_plan, missed_slot);
            }
            Origin::MakeGood { missed_plan, missed_slot } => return self.try_again(missed_plan, missed_slot),
            Origin::Fallback => {}
        }
        false
    }

    fn add(&mut self, miss: Miss) -> bool {
        if self.find(miss.plan, miss.slot).is_some() {
            return false;
        }
        if self.misses.len() >= MAX_MISSES {
            self.misses.remove(0);
        }
        self.misses.push(miss);
        true
    }

    fn find(&mut self, plan: PlanHash, slot: u32) -> Option<&mut Miss> {
        self.misses.iter_mut().find(|m| m.slot == slot && m.plan == plan)
    }

    fn forget(&mut self, plan: PlanHash, slot: u32) {
        self.misses.retain(|m| m.slot != slot || m.plan != plan);
    }

    fn try_again(&mut self, plan: PlanHash, slot: u32) -> bool {
        let Some(miss) = self.find(plan, slot) else { return false };
        miss.in_flight = false;
        miss.tries += 1;
        if miss.tries >= MAX_TRIES {
            self.forget(plan, slot);
            return false;
        }
        true
    }

    /// Says whether a make-good for a miss is with the stage.
    pub(super) fn set_in_flight(&mut self, plan: PlanHash, slot: u32, in_flight: bool) {
        if let Some(miss) = self.find(plan, slot) {
            miss.in_flight = in_flight;
        }
    }

    fn note_start(&mut self, campaign: &CampaignCode, start: UtcMillis, offset: UtcOffset) {
        let day = start.day(offset);
        if self.starts_day != Some(day) {
            self.starts_day = Some(day);
            self.starts.clear();
        }
        match self.starts.get_mut(campaign) {
            Some(starts) => starts.push(start),
            None => {
                self.starts.insert(campaign.clone(), vec![start]);
            }
        }
    }

    /// The scheduler has seen every record up to `seq` and planned accordingly.
    pub(super) fn replanned_through(&mut self, seq: Seq) {
        self.through = self.through.max(seq.0);
        let through = self.through;
        self.misses.retain(|m| m.seq.0 > through);
    }

    /// Misses whose time is over are given up.
    pub(super) fn expire(&mut self, today: LocalDay) {
        self.misses.retain(|m| m.until >= today);
    }

    pub(super) fn misses(&self) -> &[Miss] {
        &self.misses
    }
    /// Starts on `day` that hold the campaign's gap and cap.
    pub(super) fn starts_on(&self, campaign: &CampaignCode, day: LocalDay) -> &[UtcMillis] {
        if self.starts_day != Some(day) {
            return &[];
        }
        self.starts.get(campaign).map_or(&[], Vec::as_slice)
    }
    /// Start of the campaign's last counted play, on whatever day.
    pub(super) fn last_counted(&self, campaign: &CampaignCode) -> Option<UtcMillis> {
        self.tally.last_counted.get(campaign).copied()
    }
    pub(super) fn made_good(&self) -> u64 {
        self.made_good
    }
}
