//! Where the device's own misses go: the board of the rest of today, handed to the one decision
//! scheduler and device share ([`lichphat_playlists::quota::make_good`]).

use super::account::Account;
use super::day::DayPlan;
use lichphat_playlists::ids::{CampaignCode, PlanHash};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::quota::{OtherSlot, QuotaSlot, SlotState, Tier as Rank, make_good};
use lichphat_playlists::time::{DAY_S, IntervalSet};
use lichphat_playlists::wire::v1::{Terms, Tier};
use std::collections::BTreeSet;

/// A miss with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Milliseconds after local midnight.
    pub(super) start_ms: u32,
    pub(super) end_ms: u32,
    /// Asset in the table of the plan in force.
    pub(super) item: u16,
    pub(super) missed_plan: PlanHash,
    pub(super) missed_slot: u32,
}

/// The rest of a day.
pub(super) struct Rest<'a> {
    pub(super) plan: &'a DayPlan,
    /// First slot that can still be displaced.
    pub(super) cursor: usize,
    /// First second that is free to plan.
    pub(super) from_s: u32,
    /// What is with the stage and not recorded yet: campaign and start second.
    pub(super) queued: &'a [(&'a CampaignCode, u32)],
    /// The panel now.
    pub(super) panel: DisplayLevel,
}

/// Places for the misses that fit into the rest of the day, by start.
pub(super) fn place(rest: &Rest<'_>, account: &Account, ready: impl Fn(u16) -> bool) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    let campaigns: BTreeSet<&CampaignCode> =
        account.misses().iter().filter(|m| !m.in_flight).map(|m| &m.campaign).collect();
    let mut terms: Vec<&Terms> = campaigns.into_iter().filter_map(|c| rest.plan.playlist.terms_of(c)).collect();
    terms.sort_by_key(|t| t.priority);
    for terms in terms {
        if rest.panel >= terms.min_display.max(DisplayLevel::D0) {
            place_campaign(rest, account, &ready, terms, &mut placed);
        }
    }
    placed.sort_unstable_by_key(|p| p.start_ms);
    placed
}

fn place_campaign(
    rest: &Rest<'_>,
    account: &Account,
    ready: &impl Fn(u16) -> bool,
    terms: &Terms,
    placed: &mut Vec<Placed>,
) {
    let today = rest.plan.day();
    let (mut slots, others) = board(rest, account, terms, placed);
    let Some(room) = terms.daily_cap.checked_sub(slots.len() as u32).filter(|&room| room > 0) else { return };
    let misses: Vec<_> = account
        .misses()
        .iter()
        .filter(|m| !m.in_flight && m.campaign == terms.campaign && m.until >= today)
        .filter_map(|m| Some((m, item_for(rest.plan, m, ready)?)))
        .take(room as usize)
        .collect();
    for (index, (_, item)) in misses.iter().enumerate() {
        let dur_s = rest.plan.asset(*item).map_or(0, |a| a.media.duration_s);
        slots.push(QuotaSlot { index: index as u32, start_s: 0, dur_s, state: SlotState::Missed });
    }
    for good in make_good(&slots, &windows_left(rest, account, terms), terms.min_gap_s, &others) {
        let Some((miss, item)) = misses.get(good.missed_index as usize) else { continue };
        let dur_s = rest.plan.asset(*item).map_or(0, |a| a.media.duration_s);
        placed.push(Placed {
            start_ms: good.start_s * 1000,
            end_ms: (good.start_s + dur_s) * 1000,
            item: *item,
            missed_plan: miss.plan,
            missed_slot: miss.slot,
        });
    }
}

/// The campaign's own plays of today, and everything else of the rest of the day.
fn board(rest: &Rest<'_>, account: &Account, terms: &Terms, placed: &[Placed]) -> (Vec<QuotaSlot>, Vec<OtherSlot>) {
    let plan = rest.plan;
    let (mut own, mut others) = (Vec::new(), Vec::new());
    let quota = |start_s, dur_s, state| QuotaSlot { index: u32::MAX, start_s, dur_s, state };
    let contract = plan.table.assets.iter().any(|a| a.code == terms.campaign && a.tier == Tier::Contract);
    let queued = rest.queued.iter().filter(|(campaign, _)| **campaign == terms.campaign);
    own.extend(queued.map(|&(_, start_s)| quota(start_s, 1, SlotState::Pending)));
    for start in account.starts_on(&terms.campaign, plan.day()) {
        // Rounded to the nearest second: a frame early or late is the same second.
        let start_s = (start.plus_ms(500).local(plan.playlist.offset_min).1) / 1000;
        own.push(quota(start_s, 1, SlotState::Counted));
    }
    for slot in plan.playlist.slots.get(rest.cursor..).unwrap_or_default() {
        let Some(asset) = plan.asset(slot.item) else { continue };
        if asset.code == terms.campaign {
            own.push(quota(slot.start_s, asset.media.duration_s, SlotState::Pending));
            continue;
        }
        let tier = match asset.tier {
            Tier::Local | Tier::Fallback => Rank::Loop,
            Tier::Contract if !contract => Rank::Contract, // one contract's loss is never another's
            _ => Rank::Order,
        };
        others.push(OtherSlot { start_s: slot.start_s, dur_s: asset.media.duration_s, tier });
    }
    let taken =
        |p: &Placed| OtherSlot { start_s: p.start_ms / 1000, dur_s: (p.end_ms - p.start_ms) / 1000, tier: Rank::Order };
    others.extend(placed.iter().map(taken));
    (own, others)
}

fn windows_left(rest: &Rest<'_>, account: &Account, terms: &Terms) -> IntervalSet {
    let plan = rest.plan;
    let midnight = plan.at_ms(0);
    let free_again_s = account.last_counted(&terms.campaign).map_or(0, |last| {
        let after_ms = last.since_ms(midnight) + i64::from(terms.min_gap_s) * 1000;
        (after_ms.clamp(0, i64::from(DAY_S) * 1000) as u32 + 500) / 1000
    });
    terms.windows.intersect(&plan.playlist.duty).intersect(&IntervalSet::one(rest.from_s.max(free_again_s), DAY_S))
}

/// The missed asset in today's table: the same bytes, else the same variant, else the same campaign.
fn item_for(plan: &DayPlan, miss: &super::account::Miss, ready: &impl Fn(u16) -> bool) -> Option<u16> {
    let fit = |a: &lichphat_playlists::wire::v1::Asset| {
        u8::from(a.variant == miss.variant) + 2 * u8::from(a.media.hash == miss.media.hash)
    };
    let same = plan.table.assets.iter().enumerate().filter(|(_, a)| a.code == miss.campaign);
    same.filter(|(item, _)| ready(*item as u16)).max_by_key(|(_, a)| fit(a)).map(|(item, _)| item as u16)
}
