//! Where the device's own misses go: the board of the rest of today, handed to the one decision
//! scheduler and device share ([`lichphat_playlists::quota::make_good`]).
//!
//! How many it may make good is a matter of counting, not of lists. When the plan in force was made, the scheduler
//! reckoned with every slot that was still open then. So a campaign is owed as many plays as there are such slots
//! behind the screen by now, less those that counted since. When fewer misses are known than that, slots were passed
//! over unseen (a plan that came late, a power cut): they are written down now. When more are known, the surplus is
//! dropped; and when more counted than the slots were, pending slots are given up. So a day ends with the plays that
//! were asked for, in whatever order plans and records found their way.

use super::account::{Account, Miss};
use super::day::{Away, Day, DayPlan};
use lichphat_playlists::ids::{CampaignCode, PlanHash};
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin};
use lichphat_playlists::quota::{OtherSlot, QuotaSlot, Repair, SAME_PLAY_S, SlotState, Tier as Rank, make_good};
use lichphat_playlists::time::{DAY_S, IntervalSet, UtcMillis};
use lichphat_playlists::wire::v1::{Asset, Terms, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// Plans are whole seconds and frames are not: how much closer than the gap a planned start may be and still count, s.
const GAP_TOLERANCE_S: u32 = 1;

/// A play with a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Milliseconds after local midnight.
    pub(super) start_ms: u32,
    pub(super) end_ms: u32,
    /// Asset in the table of the plan in force.
    pub(super) item: u16,
    /// A make-good, or a slot of the plan in force that moves.
    pub(super) origin: Origin,
}

/// Something with the stage that is not recorded yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) campaign: &'a CampaignCode,
    pub(super) start_s: u32,
    /// Does it come on top of what the scheduler reckons with?
    pub(super) on_top: bool,
}

/// The rest of a day.
pub(super) struct Rest<'a> {
    pub(super) plan: &'a DayPlan,
    pub(super) state: &'a Day,
    /// First second that is free to plan.
    pub(super) from_s: u32,
    /// What is with the stage.
    pub(super) held: &'a [Held<'a>],
    /// Slots that are with the stage, or whose "was not shown" is about to be written.
    pub(super) spoken_for: &'a BTreeSet<(PlanHash, u32)>,
    /// The panel now.
    pub(super) panel: DisplayLevel,
}

/// What is to be done in the rest of the day.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Plays with their places, by start.
    pub(super) placed: Vec<Placed>,
    /// Slots that are not to be shown at their second.
    pub(super) away: BTreeMap<u32, Away>,
    /// Slots that have no place any more, and why.
    pub(super) lost: Vec<(u32, Cause)>,
    /// Slots that were passed over unseen.
    pub(super) unseen: Vec<u32>,
}

/// One campaign's slots of the plan in force.
struct Slots<'a> {
    terms: &'a Terms,
    /// Still to be shown, in order.
    pending: Vec<u32>,
    /// Behind the screen without record.
    unseen: Vec<u32>,
    /// Plays it is owed beside the pending ones; below 0 it has had too many.
    owed: i64,
}

/// Places for the misses that fit into the rest of the day. Campaigns are served by priority, then by the age of
/// their oldest miss, then by code.
pub(super) fn place(rest: &Rest<'_>, account: &mut Account, ready: impl Fn(u16) -> bool) -> Places {
    let mut places = Places::default();
    let mut campaigns = slots_by_campaign(rest, account);
    for slots in &mut campaigns {
        settle(rest, account, slots, &mut places);
    }
    let age = |code| waiting(rest, account, code).map(|m| m.due).min().unwrap_or(UtcMillis(i64::MAX));
    campaigns.sort_by_cached_key(|s| (s.terms.priority, age(&s.terms.campaign), s.terms.campaign.clone()));
    for slots in &campaigns {
        if rest.panel >= slots.terms.min_display.max(DisplayLevel::D0) {
            place_campaign(rest, account, &ready, slots, &mut places);
        }
    }
    places.placed.sort_unstable_by_key(|p| p.start_ms);
    places
}

/// Does a miss wait for a place? One whose slot is to be shown after all (a clock was set back) does not.
fn waits(rest: &Rest<'_>, campaign: &CampaignCode, miss: &Miss) -> bool {
    let again = miss.plan == rest.plan.hash && rest.state.is_pending(miss.slot as usize);
    !miss.in_flight && miss.campaign == *campaign && miss.until >= rest.plan.day() && !again
}

/// Misses of a campaign that wait for a place, oldest record first.
fn waiting<'a>(rest: &Rest<'_>, account: &'a Account, campaign: &CampaignCode) -> impl Iterator<Item = &'a Miss> {
    account.misses().iter().filter(|m| waits(rest, campaign, m))
}

fn slots_by_campaign<'a>(rest: &Rest<'a>, account: &Account) -> Vec<Slots<'a>> {
    let (plan, state) = (rest.plan, rest.state);
    let open_ms = account.open_from().map_or(0, |at| at.since_ms(plan.at_ms(0)));
    let mut by_code: BTreeMap<&CampaignCode, Slots<'a>> = BTreeMap::new();
    for terms in &plan.playlist.terms {
        let counted = account.unknown_to_scheduler(&terms.campaign, plan.day());
        let held = rest.held.iter().filter(|h| *h.campaign == terms.campaign && !h.on_top).count();
        let owed = -((counted + held) as i64);
        by_code.insert(&terms.campaign, Slots { terms, pending: Vec::new(), unseen: Vec::new(), owed });
    }
    for (index, slot) in plan.playlist.slots.iter().enumerate() {
        let Some(slots) = plan.terms(slot.item).and_then(|t| by_code.get_mut(&t.campaign)) else { continue };
        if state.is_pending(index) {
            slots.pending.push(index as u32);
        } else if i64::from(slot.start_s) * 1000 >= open_ms && account.concerns(plan.at_ms(slot.start_s * 1000)) {
            slots.owed += 1;
            let spoken_for = rest.spoken_for.contains(&(plan.hash, index as u32));
            if state.record_of(index).is_none() && !spoken_for {
                slots.unseen.push(index as u32);
            }
        }
    }
    by_code.into_values().collect()
}

/// Brings the known misses and the pending slots of a campaign to the number that is owed.
fn settle(rest: &Rest<'_>, account: &mut Account, slots: &mut Slots<'_>, places: &mut Places) {
    let (plan, today) = (rest.plan, rest.plan.day());
    let (code, offset) = (&slots.terms.campaign, plan.playlist.offset_min);
    let of_today = |m: &Miss| waits(rest, code, m) && m.due.day(offset) == today;
    account.keep_newest(slots.owed.max(0) as usize, of_today);
    let known = account.misses().iter().filter(|m| of_today(m)).count();
    let unknown = usize::try_from(slots.owed).unwrap_or(0).saturating_sub(known);
    let shown_s: Vec<u32> = account.starts_on(code, today).iter().map(|s| second(plan, s.at)).collect();
    let start_s = |slot: u32| plan.playlist.slots[slot as usize].start_s;
    let shown = |slot: &u32| shown_s.iter().any(|s| s.abs_diff(start_s(*slot)) <= SAME_PLAY_S);
    places.unseen.extend(slots.unseen.iter().rev().filter(|s| !shown(s)).take(unknown));
    let too_many = usize::try_from(-slots.owed).unwrap_or(0).min(slots.pending.len());
    for slot in slots.pending.split_off(slots.pending.len() - too_many) {
        if rest.state.late.contains(&slot) {
            places.lost.push((slot, Cause::AlreadyShown));
        } else {
            places.away.insert(slot, Away::GivenUp);
        }
    }
}

/// What a place is sought for.
#[derive(Clone, Copy)]
enum Sought<'a> {
    Pending(u32),
    Late(u32),
    Miss(&'a Miss),
}

fn place_campaign(
    rest: &Rest<'_>,
    account: &Account,
    ready: &impl Fn(u16) -> bool,
    slots: &Slots<'_>,
    places: &mut Places,
) {
    let (plan, terms) = (rest.plan, slots.terms);
    let fixed = fixed_starts(rest, account, terms);
    let room = (terms.daily_cap as usize).saturating_sub(fixed.len() + slots.pending.len());
    let windows = windows_left(rest, account, terms);
    let mut sought: Vec<(Sought<'_>, u16)> = Vec::new();
    for &slot in &slots.pending {
        let planned = plan.playlist.slots[slot as usize];
        let free_again_s = account.last_counted(&terms.campaign).map_or(0, |last| free_again(plan, terms, last));
        let too_near = |f: &u32| f.abs_diff(planned.start_s) + GAP_TOLERANCE_S < terms.min_gap_s;
        let late = rest.state.late.contains(&slot)
            || planned.start_s + GAP_TOLERANCE_S < free_again_s
            || fixed.iter().any(too_near);
        if !late {
            sought.push((Sought::Pending(slot), planned.item));
        } else if ready(planned.item) {
            sought.push((Sought::Late(slot), planned.item));
        }
    }
    let misses =
        waiting(rest, account, &terms.campaign).filter_map(|m| Some((Sought::Miss(m), item_for(plan, m, ready)?)));
    sought.extend(misses.take(room));
    if sought.iter().all(|(s, _)| matches!(s, Sought::Pending(_))) {
        return;
    }
    // late ones go before misses, misses in their order
    let mut board: Vec<QuotaSlot> = Vec::new();
    for (i, (what, item)) in sought.iter().enumerate() {
        let dur_s = plan.asset(*item).map_or(1, |a| a.media.duration_s);
        let start_s = |slot: u32| plan.playlist.slots[slot as usize].start_s;
        let (start_s, state) = match what {
            Sought::Pending(slot) if ready(*item) => (start_s(*slot), SlotState::Pending),
            Sought::Pending(slot) => (start_s(*slot), SlotState::Counted), // nobody knows when it can be shown
            Sought::Late(_) => (0, SlotState::Late),
            Sought::Miss(_) => (1, SlotState::Missed),
        };
        board.push(QuotaSlot { index: i as u32, start_s, dur_s, state });
    }
    let held = |&start_s: &u32| QuotaSlot { index: u32::MAX, start_s, dur_s: 1, state: SlotState::Counted };
    board.extend(fixed.iter().map(held));
    let repair = make_good(&board, &windows, terms.min_gap_s, &others(rest, terms, places));
    take(rest, &sought, &repair, places);
}

/// Writes a campaign's repair into the day's places.
fn take(rest: &Rest<'_>, sought: &[(Sought<'_>, u16)], repair: &Repair, places: &mut Places) {
    let plan = rest.plan;
    let mut found = BTreeSet::new();
    for placed in repair.made_good.iter().chain(&repair.moved) {
        let Some((what, item)) = sought.get(placed.index as usize) else { continue };
        found.insert(placed.index);
        let origin = match what {
            Sought::Miss(miss) => Origin::MakeGood { missed_plan: miss.plan, missed_slot: miss.slot },
            Sought::Pending(slot) | Sought::Late(slot) => Origin::Planned { slot: *slot },
        };
        if let Origin::Planned { slot } = origin {
            places.away.insert(slot, Away::Moved);
        }
        let dur_s = plan.asset(*item).map_or(0, |a| a.media.duration_s);
        let (start_ms, end_ms) = (placed.start_s * 1000, (placed.start_s + dur_s) * 1000);
        places.placed.push(Placed { start_ms, end_ms, item: *item, origin });
    }
    for (i, (what, _)) in sought.iter().enumerate() {
        // one whose second is still to come is shown there, though it may not count
        if let Sought::Late(slot) = what
            && !found.contains(&(i as u32))
            && rest.state.late.contains(slot)
        {
            places.lost.push((*slot, Cause::Displaced));
        }
    }
}

/// Start seconds of the campaign's plays that nothing can move: counted today, tried, or with the stage.
fn fixed_starts(rest: &Rest<'_>, account: &Account, terms: &Terms) -> Vec<u32> {
    let held = rest.held.iter().filter(|h| *h.campaign == terms.campaign).map(|h| h.start_s);
    let shown = account.starts_on(&terms.campaign, rest.plan.day()).iter().map(|s| second(rest.plan, s.at));
    held.chain(shown).collect()
}

/// Everything else of the rest of the day.
fn others(rest: &Rest<'_>, terms: &Terms, places: &Places) -> Vec<OtherSlot> {
    let plan = rest.plan;
    let contract = plan.table.assets.iter().any(|a| a.code == terms.campaign && a.tier == Tier::Contract);
    let rank = |asset: &Asset| match asset.tier {
        Tier::Local | Tier::Fallback => Rank::Loop,
        Tier::Contract if !contract => Rank::Contract, // one contract's loss is never another's
        _ => Rank::Order,
    };
    let slots = plan.playlist.slots.iter().enumerate().skip(rest.state.cursor).filter_map(|(index, slot)| {
        let asset = plan.asset(slot.item)?;
        let here = rest.state.away(index).is_none_or(|a| a == Away::Moved || a == Away::GivenUp);
        let stays = here && !places.away.contains_key(&(index as u32)) && asset.code != terms.campaign;
        stays.then(|| OtherSlot { start_s: slot.start_s, dur_s: asset.media.duration_s, tier: rank(asset) })
    });
    let taken =
        |p: &Placed| OtherSlot { start_s: p.start_ms / 1000, dur_s: (p.end_ms - p.start_ms) / 1000, tier: Rank::Order };
    slots.chain(places.placed.iter().map(taken)).collect()
}

/// Second of the plan's day, to the nearest: a frame early or late is the same second.
fn second(plan: &DayPlan, at: UtcMillis) -> u32 {
    at.plus_ms(500).local(plan.playlist.offset_min).1 / 1000
}

/// First second of the plan's day that keeps the gap from a play that counted at `last`, on whatever day.
fn free_again(plan: &DayPlan, terms: &Terms, last: UtcMillis) -> u32 {
    let after_ms = last.since_ms(plan.at_ms(0)) + i64::from(terms.min_gap_s) * 1000;
    (after_ms.clamp(0, i64::from(DAY_S) * 1000) as u32 + 500) / 1000
}

fn windows_left(rest: &Rest<'_>, account: &Account, terms: &Terms) -> IntervalSet {
    let free_again_s = account.last_counted(&terms.campaign).map_or(0, |last| free_again(rest.plan, terms, last));
    terms.windows.intersect(&rest.plan.playlist.duty).intersect(&IntervalSet::one(rest.from_s.max(free_again_s), DAY_S))
}

/// The missed asset in today's table: the same bytes, else the same variant, else the same campaign.
fn item_for(plan: &DayPlan, miss: &Miss, ready: &impl Fn(u16) -> bool) -> Option<u16> {
    let fit = |a: &Asset| u8::from(a.variant == miss.variant) + 2 * u8::from(a.media.hash == miss.media.hash);
    let same = plan.table.assets.iter().enumerate().filter(|(_, a)| a.code == miss.campaign);
    same.filter(|(item, _)| ready(*item as u16)).max_by_key(|(_, a)| fit(a)).map(|(item, _)| item as u16)
}
