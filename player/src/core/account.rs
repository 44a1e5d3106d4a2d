//! What was shown and what is still owed: the device's own ledger, kept by the same counting rule
//! the scheduler uses, so that both come to the same misses.

use super::day::DayPlan;
use lichphat_playlists::ids::{CampaignCode, PlanHash, Seq};
use lichphat_playlists::media::Media;
use lichphat_playlists::proof::count::{CountTerms, SETTLED_AFTER_MS, Standing, Tally, judge};
use lichphat_playlists::proof::record::{Cause, Origin, PlayRecord, PlayResult};
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
    /// When it was due.
    pub(super) due: UtcMillis,
    pub(super) campaign: CampaignCode,
    pub(super) variant: String,
    pub(super) media: Media,
    /// Last day on which it may be made good.
    pub(super) until: LocalDay,
    /// A make-good for it is with the stage.
    pub(super) in_flight: bool,
    tries: u8,
}

/// A play of today that holds its campaign's gap and cap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    seq: Seq,
    pub(super) at: UtcMillis,
    /// False for a make-good that was tried in vain.
    counted: bool,
    /// Of a make-good for a slot of an earlier day: the record that said so.
    earlier_miss: Option<Seq>,
}

/// Records in, misses out.
#[derive(Debug)]
pub(super) struct Account {
    /// Number of the next record.
    next_seq: u64,
    tally: Tally,
    /// In the order of their records.
    misses: Vec<Miss>,
    /// Today's plays that hold the campaign's gap and cap: counted ones, and make-goods that were tried.
    starts: BTreeMap<CampaignCode, Vec<Start>>,
    starts_day: Option<LocalDay>,
    /// When what was shown last had ended, after each record since the scheduler's last word.
    ends: Vec<(Seq, UtcMillis)>,
    /// The scheduler has replanned every miss up to this record.
    through: u64,
    /// What was due before the device was registered is another's, or nobody's.
    since: UtcMillis,
    made_good: u64,
}

impl Account {
    pub(super) fn new(since: UtcMillis, last_seq: Seq) -> Self {
        Self {
            next_seq: last_seq.0 + 1,
            tally: Tally::default(),
            misses: Vec::new(),
            starts: BTreeMap::new(),
            starts_day: None,
            ends: Vec::new(),
            through: 0,
            since,
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
        let more = self.judge(seq, record, plan, offset);
        if let Some(end) = self.tally.last_end
            && self.ends.last().is_none_or(|(_, last)| *last < end)
        {
            self.ends.push((seq, end));
        }
        more
    }

    fn judge(&mut self, seq: Seq, record: &PlayRecord, plan: &DayPlan, offset: UtcOffset) -> bool {
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
                booked_ms: asset.media.duration_s * 1000,
                min_gap_s: terms.min_gap_s,
                min_display: terms.min_display,
                barred: None,
                windows: Some(&terms.windows),
            }),
            record.end,
            offset,
            &mut self.tally,
        );
        let counted = matches!(standing, Standing::Counted { .. });
        if counted || matches!(record.origin, Origin::MakeGood { .. }) && record.result.was_shown() {
            let earlier_miss = self.earlier_miss(record, offset);
            self.note_start(&asset.code, Start { seq, at: record.start, counted, earlier_miss }, offset);
        }
        match record.origin {
            Origin::Planned { slot } if counted => self.forget(plan.hash, slot),
            Origin::Planned { slot } => {
                let given_up = record.result == PlayResult::Skipped(Cause::AlreadyShown);
                let start_ms = plan.start_ms(slot as usize).filter(|_| !given_up);
                if let (Standing::NotCounted(_), Some(start_ms)) = (standing, start_ms) {
                    return self.add(Miss {
                        seq,
                        plan: plan.hash,
                        slot,
                        due: plan.at_ms(start_ms),
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
        if self.find(miss.plan, miss.slot).is_some() || !self.is_ours(&miss) {
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
        let Some(miss) = self.find(plan, slot) else { return true }; // the scheduler's by now: what it was for is open again
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

    /// The record that said of an earlier day's slot that it was missed, when `record` makes it good.
    fn earlier_miss(&mut self, record: &PlayRecord, offset: UtcOffset) -> Option<Seq> {
        let Origin::MakeGood { missed_plan, missed_slot } = record.origin else { return None };
        let day = record.start.day(offset);
        self.find(missed_plan, missed_slot).filter(|m| m.due.day(offset) < day).map(|m| m.seq)
    }

    fn note_start(&mut self, campaign: &CampaignCode, start: Start, offset: UtcOffset) {
        let day = start.at.day(offset);
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

    /// Does a slot that was due then concern this device?
    pub(super) fn concerns(&self, due: UtcMillis) -> bool {
        due >= self.since
    }

    /// The scheduler has seen every record up to `seq` and planned accordingly.
    pub(super) fn replanned_through(&mut self, seq: Seq) {
        if seq.0 <= self.through {
            return;
        }
        self.through = seq.0;
        let known = self.ends.partition_point(|(s, _)| *s <= seq);
        self.ends.drain(..known.saturating_sub(1));
        let misses = std::mem::take(&mut self.misses);
        self.misses = misses.into_iter().filter(|m| self.is_ours(m)).collect();
    }

    /// Is a miss this device's to make good? The scheduler plans again what it knew to be settled, and reckons with
    /// everything later as played, whatever it may have heard of it.
    fn is_ours(&self, miss: &Miss) -> bool {
        miss.seq.0 > self.through || self.open_from().is_some_and(|from| miss.due >= from)
    }

    /// Slots from here on were open when the scheduler last planned: it reckons with them as played. None when it has
    /// heard nothing of this device.
    pub(super) fn open_from(&self) -> Option<UtcMillis> {
        let known = self.ends.partition_point(|(s, _)| s.0 <= self.through);
        self.ends[..known].last().map(|(_, end)| end.plus_ms(-SETTLED_AFTER_MS))
    }

    /// Plays of today that counted and that the scheduler did not know of, but for make-goods of earlier days' misses
    /// that it does not know of either: those come on top.
    pub(super) fn unknown_to_scheduler(&self, campaign: &CampaignCode, day: LocalDay) -> usize {
        let unknown = |s: &&Start| {
            s.counted && s.seq.0 > self.through && s.earlier_miss.is_none_or(|miss| miss.0 <= self.through)
        };
        self.starts_on(campaign, day).iter().filter(unknown).count()
    }

    /// Would a make-good of this slot come on top of what the scheduler reckons with?
    pub(super) fn is_on_top(&self, plan: PlanHash, slot: u32, today: LocalDay, offset: UtcOffset) -> bool {
        let miss = self.misses.iter().find(|m| m.slot == slot && m.plan == plan);
        miss.is_some_and(|m| m.due.day(offset) < today && m.seq.0 > self.through)
    }

    /// Of the misses that `of` picks only the newest `most` stay.
    pub(super) fn keep_newest(&mut self, most: usize, of: impl Fn(&Miss) -> bool) {
        let mut surplus = self.misses.iter().filter(|m| of(m)).count().saturating_sub(most);
        self.misses.retain(|m| {
            let go = surplus > 0 && of(m);
            surplus -= usize::from(go);
            !go
        });
    }

    /// Misses whose time is over are given up.
    pub(super) fn expire(&mut self, today: LocalDay, offset: UtcOffset) {
        self.misses.retain(|m| m.until >= today);
        let old = self.ends.partition_point(|(_, end)| end.day(offset) < today.previous());
        self.ends.drain(..old.saturating_sub(1));
    }

    pub(super) fn misses(&self) -> &[Miss] {
        &self.misses
    }
    /// Starts on `day` that hold the campaign's gap and cap.
    pub(super) fn starts_on(&self, campaign: &CampaignCode, day: LocalDay) -> &[Start] {
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
