//! Making good: a missed quota play gets another second of the same day, and pending ones move for it when they must.
//!
//! One pure decision for server and device. It never decides who repairs (a plan's `ledger_through`
//! does); it only says where a missed play can still go.

use super::relay::{Task, relay};
use crate::time::IntervalSet;
use serde::{Deserialize, Serialize};

/// A play that began this near to a slot's start was that slot, under whatever version of the plan, s: server and device
/// draw the same line.
pub const SAME_PLAY_S: u32 = 2;

/// How a quota slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotState {
    /// It holds its second: counted, or with the stage now.
    Counted,
    /// Did not count, and never will.
    Missed,
    /// Still to come at its second; may be moved when that makes room.
    Pending,
    /// Still to come, but its own second is over or would not count: it needs another one.
    Late,
}

/// One slot of the campaign today, planned or already a make-good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuotaSlot {
    /// The slot's index in its plan.
    pub index: u32,
    /// Start, second of the day.
    pub start_s: u32,
    /// Length, seconds.
    pub dur_s: u32,
    /// How it stands.
    pub state: SlotState,
}

/// Who gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The local loop: gives way first.
    Loop,
    /// A contract: gives way when no second of the loop is left.
    Contract,
    /// Another order's play, a fixed event: never gives way.
    Order,
}

/// Something else on screen today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OtherSlot {
    /// Start, second of the day.
    pub start_s: u32,
    /// Length, seconds.
    pub dur_s: u32,
    /// Does it give way?
    pub tier: Tier,
}

/// A new second for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Placed {
    /// Index of the slot.
    pub index: u32,
    /// New start, second of the day.
    pub start_s: u32,
}

/// What is to be done for one campaign's misses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repair {
    /// Missed and late slots that have a place, oldest first.
    pub made_good: Vec<Placed>,
    /// Pending slots that move so that those fit.
    pub moved: Vec<Placed>,
}

/// Places for the missed (and late) slots of one campaign, oldest first.
///
/// First without moving anything: the earliest second that displaces the local loop only, else the earliest that
/// displaces a contract; orders and fixed events stay. When that does not place all, pending slots of the campaign
/// are laid anew: as many misses are placed as any layout allows, for that the fewest pending slots move, and those
/// that move stay near; a layout that spares the contracts goes before one that does not. Every start keeps
/// `min_gap_s` from all others of the campaign. `windows_left` are the campaign's windows cut to the seconds still
/// to come. A slot that finds no place is left out; done once, there is nothing left to do.
pub fn make_good(slots: &[QuotaSlot], windows_left: &IntervalSet, min_gap_s: u32, others: &[OtherSlot]) -> Repair {
    let mut missed: Vec<&QuotaSlot> =
        slots.iter().filter(|s| matches!(s.state, SlotState::Missed | SlotState::Late)).collect();
    missed.sort_by_key(|s| (s.start_s, s.index));
    let span = |o: &OtherSlot| (o.start_s, o.start_s.saturating_add(o.dur_s));
    let taken = |from: Tier| IntervalSet::from(others.iter().filter(|o| o.tier >= from).map(span).collect::<Vec<_>>());
    let free = [windows_left.minus(&taken(Tier::Contract)), windows_left.minus(&taken(Tier::Order))];
    let made_good = insert(slots, &missed, min_gap_s, &free);
    let inserted = Repair { made_good, moved: Vec::new() };
    if inserted.made_good.len() == missed.len() {
        return inserted;
    }
    let relaid = free.each_ref().map(|free_s| lay_anew(slots, &missed, min_gap_s, [&free[0], free_s]));
    // of two that place as many the earlier one spares more
    relaid.into_iter().fold(inserted, |best, new| if new.made_good.len() > best.made_good.len() { new } else { best })
}

/// The missed slots one by one, each at the earliest second that is left; nothing moves.
fn insert(slots: &[QuotaSlot], missed: &[&QuotaSlot], min_gap_s: u32, free: &[IntervalSet]) -> Vec<Placed> {
    let holds = |s: &&QuotaSlot| matches!(s.state, SlotState::Counted | SlotState::Pending);
    let mut kept: Vec<(u32, u32)> = slots.iter().filter(holds).map(|s| (s.start_s, s.dur_s)).collect();
    kept.sort_unstable();
    let mut out = Vec::new();
    for slot in missed {
        let start = free.iter().find_map(|free| earliest(free, slot.dur_s, min_gap_s, &kept));
        if let Some(start_s) = start {
            kept.push((start_s, slot.dur_s));
            kept.sort_unstable();
            out.push(Placed { index: slot.index, start_s });
        }
    }
    out
}

/// Earliest start inside one interval of `free`, at distance `gap_s` from and without overlap of `kept`.
fn earliest(free: &IntervalSet, dur_s: u32, gap_s: u32, kept: &[(u32, u32)]) -> Option<u32> {
    free.iter().find_map(|(a, b)| {
        let last = b.checked_sub(dur_s)?;
        let mut s = a;
        for &(start, dur) in kept {
            let distance = gap_s.max(dur);
            if s < start.saturating_add(distance) && start < s.saturating_add(gap_s.max(dur_s)) {
                s = start.saturating_add(distance);
            }
        }
        (s <= last).then_some(s)
    })
}

/// Pending slots laid anew around the counted ones: the seconds of `free[1]` may be used, those of `free[0]` rather.
fn lay_anew(slots: &[QuotaSlot], missed: &[&QuotaSlot], min_gap_s: u32, free: [&IntervalSet; 2]) -> Repair {
    let mut pending: Vec<&QuotaSlot> = slots.iter().filter(|s| s.state == SlotState::Pending).collect();
    pending.sort_by_key(|s| (s.start_s, s.index));
    // lengths of one campaign differ only when it was given a new variant: then room for the longest
    let dur_s = pending.iter().chain(missed).map(|s| s.dur_s).max().unwrap_or(1);
    let counted = slots.iter().filter(|s| s.state == SlotState::Counted);
    let near = |s: &QuotaSlot| {
        // the day's first second is near, too
        let from = (s.start_s + 1).saturating_sub(min_gap_s.max(dur_s));
        (from.min(s.start_s), s.start_s.saturating_add(min_gap_s.max(s.dur_s)))
    };
    let near = IntervalSet::from(counted.map(near).collect::<Vec<_>>());
    let [better, free] = free.map(|free| {
        let whole = free.iter().filter(|(a, b)| b - a >= dur_s).map(|(a, b)| (a, b - dur_s + 1));
        let starts = IntervalSet::from(whole.collect::<Vec<_>>()).minus(&near);
        starts.iter().map(|(a, b)| (a, b - 1)).collect::<Vec<_>>()
    });
    let starts: Vec<u32> = pending.iter().map(|s| s.start_s).collect();
    let step = min_gap_s.max(dur_s);
    let laid = relay(&Task { free: &free, better: &better, step, pending: &starts, more: missed.len() });
    Repair {
        made_good: missed.iter().zip(laid.added).map(|(s, start_s)| Placed { index: s.index, start_s }).collect(),
        moved: laid.moved.into_iter().map(|(i, start_s)| Placed { index: pending[i].index, start_s }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::relay::packing;
    use SlotState::{Counted, Late, Missed, Pending};
    use proptest::prelude::*;

    const LENGTH_S: u32 = 15;

    fn slot(index: u32, start_s: u32, state: SlotState) -> QuotaSlot {
        QuotaSlot { index, start_s, dur_s: LENGTH_S, state }
    }

    fn other(start_s: u32, dur_s: u32, tier: Tier) -> OtherSlot {
        OtherSlot { start_s, dur_s, tier }
    }

    fn places(of: &[Placed]) -> Vec<(u32, u32)> {
        of.iter().map(|p| (p.index, p.start_s)).collect()
    }

    /// The slots as they stand after a repair.
    fn after(slots: &[QuotaSlot], repair: &Repair) -> Vec<QuotaSlot> {
        let mut slots = slots.to_vec();
        for placed in repair.made_good.iter().chain(&repair.moved) {
            let slot = slots.iter_mut().find(|s| s.index == placed.index).unwrap();
            (slot.start_s, slot.state) = (placed.start_s, Pending);
        }
        slots
    }

    #[test]
    fn the_local_loop_gives_way_before_a_contract_and_an_order_never() {
        let slots = [slot(0, 100, Missed), slot(1, 5000, Pending)];
        let windows = IntervalSet::one(1000, 1100);
        let order = other(1060, 40, Tier::Order);
        let contract = other(1000, 45, Tier::Contract);
        let good = make_good(&slots, &windows, 600, &[contract, other(1045, 15, Tier::Loop), order]);
        assert_eq!(places(&good.made_good), [(0, 1045)], "only the loop is displaced");
        let good = make_good(&slots, &windows, 600, &[contract, other(1045, 10, Tier::Order), order]);
        assert_eq!(places(&good.made_good), [(0, 1000)], "then a contract");
        let all = other(1000, 100, Tier::Order);
        assert_eq!(make_good(&slots, &windows, 600, &[all]), Repair::default(), "an order stays");
    }

    #[test]
    fn a_dark_hour_is_made_good_in_the_rest_of_the_peak() {
        let slots = [
            slot(0, 28_800, Counted),
            slot(3, 30_600, Missed),
            slot(7, 32_400, Missed),
            slot(9, 34_200, Pending),
            slot(12, 36_000, Pending),
        ];
        let good = make_good(&slots, &IntervalSet::one(33_000, 37_800), 600, &[]);
        assert_eq!(places(&good.made_good), [(3, 33_000), (7, 33_600)]);
        assert_eq!(good.moved, [], "there is room as it is");
    }

    #[test]
    fn pending_plays_move_together_when_the_gap_leaves_no_room_between_them() {
        // every quarter of an hour with a gap of ten minutes: nothing fits between
        let mut slots: Vec<QuotaSlot> = (0..8).map(|i| slot(i, 50_400 + i * 900, Pending)).collect();
        slots.extend((8..13).map(|i| slot(i, 30_000 + i, Missed)));
        let windows = IntervalSet::one(50_400, 57_600);
        let good = make_good(&slots, &windows, 600, &[]);
        assert_eq!(good.made_good.len(), 4, "twelve plays in two hours: {good:?}");
        assert_eq!(good.made_good.iter().map(|p| p.index).collect::<Vec<_>>(), [8, 9, 10, 11], "the oldest first");
        assert_eq!(good.moved.len(), 3, "{good:?}");
        // an order in the way is gone around, a contract gives way when it must
        let order = other(53_300, 60, Tier::Order);
        let around = make_good(&slots, &windows, 600, &[order]);
        assert!(after(&slots, &around).iter().all(|s| s.start_s + LENGTH_S <= 53_300 || s.start_s >= 53_360));
        let contracts = [other(50_400, 7_200, Tier::Contract)];
        assert_eq!(make_good(&slots, &windows, 600, &contracts).made_good.len(), 4);
    }

    #[test]
    fn just_after_midnight_the_gap_reaches_back_to_the_days_first_second() {
        let slots: Vec<QuotaSlot> =
            [slot(0, 1, Counted)].into_iter().chain((1..5).map(|i| slot(i, 0, Missed))).collect();
        assert_eq!(make_good(&slots, &IntervalSet::one(0, 15), 20, &[]), Repair::default());
    }

    #[test]
    fn a_late_slot_gets_another_second_before_the_misses_do() {
        let slots = [slot(4, 0, Late), slot(5, 10, Missed), slot(6, 2_000, Pending)];
        let good = make_good(&slots, &IntervalSet::one(1_000, 1_100), 600, &[]);
        assert_eq!(places(&good.made_good), [(4, 1_000)]);
    }

    type Board = (Vec<QuotaSlot>, IntervalSet, Vec<OtherSlot>, u32);

    /// Pending and counted slots keep the gap, as a plan's do; pending ones lie in the windows beside no order.
    fn boards() -> impl Strategy<Value = Board> {
        let slots = prop::collection::vec((0u32..4000, 0u8..4), 0..14);
        let windows = prop::collection::vec((0u32..4000, 1u32..900), 0..4);
        let others = prop::collection::vec((0u32..4000, 5u32..60, 0u8..3), 0..20);
        (slots, windows, others, 20u32..400).prop_map(|(slots, windows, others, gap)| {
            let windows = IntervalSet::from(windows.iter().map(|&(a, l)| (a, a + l)).collect::<Vec<_>>());
            let tiers = [Tier::Loop, Tier::Contract, Tier::Order];
            let others: Vec<OtherSlot> = others.iter().map(|&(s, d, t)| other(s, d, tiers[usize::from(t)])).collect();
            let orders = others.iter().filter(|o| o.tier == Tier::Order).map(|o| (o.start_s, o.start_s + o.dur_s));
            let free = windows.minus(&IntervalSet::from(orders.collect::<Vec<_>>()));
            let mut kept: Vec<QuotaSlot> = Vec::new();
            for (i, (start_s, state)) in slots.into_iter().enumerate() {
                let slot = slot(i as u32, start_s, [Counted, Missed, Pending, Late][usize::from(state)]);
                let holds = |s: &QuotaSlot| matches!(s.state, Counted | Pending);
                let clear = kept.iter().filter(|s| holds(s)).all(|s| s.start_s.abs_diff(start_s) >= gap);
                if !holds(&slot) || clear && (state == 0 || free.holds(start_s, start_s + LENGTH_S)) {
                    kept.push(slot);
                }
            }
            (kept, windows, others, gap)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn make_goods_keep_windows_gaps_and_orders((slots, windows, others, gap) in boards()) {
            let good = make_good(&slots, &windows, gap, &others);
            let now = after(&slots, &good);
            let changed: Vec<&Placed> = good.made_good.iter().chain(&good.moved).collect();
            for p in &changed {
                prop_assert!(windows.holds(p.start_s, p.start_s + LENGTH_S));
                prop_assert!(others.iter().filter(|o| o.tier == Tier::Order)
                    .all(|o| o.start_s + o.dur_s <= p.start_s || p.start_s + LENGTH_S <= o.start_s));
            }
            let mut starts: Vec<u32> =
                now.iter().filter(|s| matches!(s.state, Counted | Pending)).map(|s| s.start_s).collect();
            starts.sort_unstable();
            prop_assert!(starts.windows(2).all(|w| w[1] - w[0] >= gap), "{:?}", starts);
            prop_assert!(good.moved.is_empty() || !good.made_good.is_empty(), "nothing moves for nothing");
            prop_assert_eq!(make_good(&slots, &windows, gap, &others), good, "the same again");
            prop_assert_eq!(make_good(&now, &windows, gap, &others), Repair::default(), "done once, it is done");
        }

        /// As many as can be packed from the left around what counted, and never fewer than without moving.
        #[test]
        fn as_many_are_made_good_as_the_windows_hold((slots, windows, others, gap) in boards()) {
            let of = |state| slots.iter().filter(move |s| s.state == state).count();
            let good = make_good(&slots, &windows, gap, &others);
            let orders = others.iter().filter(|o| o.tier == Tier::Order).map(|o| (o.start_s, o.start_s + o.dur_s));
            let free = windows.minus(&IntervalSet::from(orders.collect::<Vec<_>>()));
            let allowed = (0..5000u32).filter(|&s| {
                free.holds(s, s + LENGTH_S)
                    && slots.iter().all(|c| c.state != Counted || c.start_s.abs_diff(s) >= gap.max(LENGTH_S))
            });
            let allowed = IntervalSet::from(allowed.map(|s| (s, s + 1)).collect::<Vec<_>>());
            let allowed: Vec<(u32, u32)> = allowed.iter().map(|(a, b)| (a, b - 1)).collect();
            let most = packing(&allowed, gap.max(LENGTH_S), 0, u32::MAX).count();
            prop_assert_eq!(good.made_good.len(), (most - of(Pending)).min(of(Missed) + of(Late)));
            let missed: Vec<&QuotaSlot> = slots.iter().filter(|s| matches!(s.state, Missed | Late)).collect();
            let contracts = others.iter().filter(|o| o.tier == Tier::Contract).map(|o| (o.start_s, o.start_s + o.dur_s));
            let spared = free.minus(&IntervalSet::from(contracts.collect::<Vec<_>>()));
            prop_assert!(good.made_good.len() >= insert(&slots, &missed, gap, &[spared, free]).len());
        }
    }
}
