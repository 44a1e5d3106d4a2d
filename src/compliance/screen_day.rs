//! One screen's day: every order and contract slot of the plan beside what became of it. Pure.

use super::DeviceFacts;
use super::PENDING_DAYS;
use crate::planning::StoredPlan;
use crate::proof::evidence::{Judged, ScreenRecords};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::record::Origin;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::v1::{Asset, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a slot, or of a play beside the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotState {
    /// Its time has not come.
    Upcoming,
    /// It counted; false = outside the campaign's windows.
    Counted {
        /// Toward the quota.
        within: bool,
        /// Arrived long after it ended.
        late: bool,
    },
    /// A record says why it does not count.
    NotCounted(String),
    /// A record that leaves no telling.
    Unknown(String),
    /// No record yet; one may still come.
    Pending,
    /// No record, and none will come.
    Missed(&'static str),
}

/// One line of the day's table.
#[derive(Debug, Clone)]
pub struct DayLine {
    /// Second of the day: of the slot, or of the first frame when there is no slot.
    pub start_s: u32,
    /// Booked length, seconds.
    pub length_s: u32,
    /// Campaign or item.
    pub campaign: CampaignCode,
    /// Its rank.
    pub tier: Tier,
    /// Part of the plan; false for make-goods and the safe loop.
    pub planned: bool,
    /// What became of it.
    pub state: SlotState,
    /// The record, an index into the evidence.
    pub record: Option<usize>,
    /// Of a make-good: day and second of the slot it stands in for.
    pub in_place_of: Option<(LocalDay, u32)>,
    /// Of a missed slot: second at which it was made good.
    pub made_good_s: Option<u32>,
}

/// When and by whom figures are reckoned.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: UtcMillis,
    /// Offset of local time.
    pub offset: UtcOffset,
}

/// How a judged record stands, in the words of the table.
pub fn state_of(standing: Standing) -> SlotState {
    match standing {
        Standing::Counted { within, late } => SlotState::Counted { within, late },
        Standing::NotCounted(reason) => SlotState::NotCounted(reason.code()),
        Standing::Unknown(doubt) => SlotState::Unknown(doubt.code().to_owned()),
    }
}

/// All slots of the plan and all plays beside it, in order of time.
pub fn day_lines(
    plan: Option<&StoredPlan>,
    evidence: &ScreenRecords,
    device: Option<&DeviceFacts>,
    day: LocalDay,
    moment: Moment,
) -> Vec<DayLine> {
    let mut by_slot: BTreeMap<(u32, &CampaignCode), usize> = BTreeMap::new();
    let mut lines = Vec::new();
    let mut made_good: BTreeMap<(LocalDay, u32), u32> = BTreeMap::new();
    for (i, judged) in evidence.records.iter().enumerate() {
        match judged.record.origin {
            Origin::Planned { slot } => {
                if let Some((_, start_s, _)) = evidence.slot(&judged.record.plan, slot) {
                    by_slot.insert((start_s, &judged.campaign), i);
                }
            }
            Origin::MakeGood { missed_plan, missed_slot } => {
                let missed = evidence.slot(&missed_plan, missed_slot).map(|(day, start_s, _)| (day, start_s));
                let line = beside(evidence, i, judged, missed, moment);
                if let (Some(missed), SlotState::Counted { .. }) = (missed, &line.state) {
                    made_good.insert(missed, line.start_s);
                }
                lines.push(line);
            }
            Origin::Fallback => lines.push(beside(evidence, i, judged, None, moment)),
        }
    }
    let mut in_plan = BTreeSet::new();
    for slot in plan.iter().flat_map(|p| &p.playlist.slots) {
        let Some(asset) = plan.and_then(|p| p.assets.assets.get(usize::from(slot.item))) else { continue };
        let record = by_slot.get(&(slot.start_s, &asset.code)).copied();
        in_plan.extend(record);
        let end = day.at(slot.start_s + asset.media.duration_s, moment.offset);
        let state = match record {
            Some(i) => state_of(evidence.records[i].standing),
            None if moment.now < end => SlotState::Upcoming,
            None => open(device, day, moment),
        };
        lines.push(DayLine {
            start_s: slot.start_s,
            length_s: asset.media.duration_s,
            campaign: asset.code.clone(),
            tier: asset.tier,
            planned: true,
            state,
            record,
            in_place_of: None,
            made_good_s: made_good.get(&(day, slot.start_s)).copied(),
        });
    }
    // Played by an earlier version's slot that the newest plan no longer has, or by a plan that is not held.
    for (i, judged) in evidence.records.iter().enumerate() {
        if matches!(judged.record.origin, Origin::Planned { .. }) && !in_plan.contains(&i) {
            lines.push(beside(evidence, i, judged, None, moment));
        }
    }
    lines.sort_by_key(|l| (l.start_s, l.planned));
    lines
}

fn asset_of<'a>(evidence: &'a ScreenRecords, judged: &Judged) -> Option<&'a Asset> {
    evidence.plans.get(&judged.record.plan)?.assets.assets.get(usize::from(judged.record.item))
}

fn beside(
    evidence: &ScreenRecords,
    i: usize,
    judged: &Judged,
    missed: Option<(LocalDay, u32)>,
    moment: Moment,
) -> DayLine {
    let asset = asset_of(evidence, judged);
    DayLine {
        start_s: judged.record.start.local(moment.offset).1 / 1000,
        length_s: asset.map_or(0, |a| a.media.duration_s),
        campaign: judged.campaign.clone(),
        tier: asset.map_or(Tier::Fallback, |a| a.tier),
        planned: false,
        state: state_of(judged.standing),
        record: Some(i),
        in_place_of: missed,
        made_good_s: None,
    }
}

/// The figures' own rule for a slot without a record.
fn open(device: Option<&DeviceFacts>, day: LocalDay, moment: Moment) -> SlotState {
    let Some(device) = device else { return SlotState::Missed("no-device") };
    let day_end = day.next().start(moment.offset);
    if device.reported_until.is_some_and(|until| until >= day_end) {
        return SlotState::Missed("no-record");
    }
    if moment.now >= day.plus(PENDING_DAYS + 1).start(moment.offset) {
        return SlotState::Missed("silent");
    }
    SlotState::Pending
}
