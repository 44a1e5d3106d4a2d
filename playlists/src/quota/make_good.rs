//! Making good: a missed quota play gets another second of the same day.
//!
//! One pure decision for server and device. It never decides who repairs (a plan's `ledger_through`
//! does); it only says where a missed play can still go.

use crate::time::IntervalSet;
use serde::{Deserialize, Serialize};

/// How a quota slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotState {
    /// Played and counted.
    Counted,
    /// Did not count, and never will.
    Missed,
    /// Still to come, or on screen now.
    Pending,
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

/// Where a missed play goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MadeGood {
    /// Index of the missed slot.
    pub missed_index: u32,
    /// New start, second of the day.
    pub start_s: u32,
}

/// Places for the missed slots of one campaign, oldest first: the earliest second of `windows_left` that
/// displaces the local loop only, else the earliest that displaces a contract; orders and fixed events
/// stay. Every start keeps `min_gap_s` from the starts of counted, pending and newly placed slots.
/// `windows_left` are the campaign's windows cut to the seconds still to come. A missed slot that finds no
/// place is left out.
pub fn make_good(
    slots: &[QuotaSlot],
    windows_left: &IntervalSet,
    min_gap_s: u32,
    others: &[OtherSlot],
) -> Vec<MadeGood> {
    let mut missed: Vec<&QuotaSlot> = slots.iter().filter(|s| s.state == SlotState::Missed).collect();
    missed.sort_by_key(|s| (s.start_s, s.index));
    let mut kept: Vec<(u32, u32)> =
        slots.iter().filter(|s| s.state != SlotState::Missed).map(|s| (s.start_s, s.dur_s)).collect();
    kept.sort_unstable();
    let span = |o: &OtherSlot| (o.start_s, o.start_s.saturating_add(o.dur_s));
    let taken = |from: Tier| IntervalSet::from(others.iter().filter(|o| o.tier >= from).map(span).collect::<Vec<_>>());
    let free = [windows_left.minus(&taken(Tier::Contract)), windows_left.minus(&taken(Tier::Order))];
    let mut out = Vec::new();
    for slot in missed {
        let start = free.iter().find_map(|free| earliest(free, slot.dur_s, min_gap_s, &kept));
        if let Some(start_s) = start {
            kept.push((start_s, slot.dur_s));
            kept.sort_unstable();
            out.push(MadeGood { missed_index: slot.index, start_s });
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slot(index: u32, start_s: u32, state: SlotState) -> QuotaSlot {
        QuotaSlot { index, start_s, dur_s: 15, state }
    }

    fn other(start_s: u32, dur_s: u32, tier: Tier) -> OtherSlot {
        OtherSlot { start_s, dur_s, tier }
    }

    #[test]
    fn the_local_loop_gives_way_before_a_contract_and_an_order_never() {
        use SlotState::{Missed, Pending};
        let slots = [slot(0, 100, Missed), slot(1, 5000, Pending)];
        let windows = IntervalSet::one(1000, 1100);
        let order = other(1060, 40, Tier::Order);
        let contract = other(1000, 45, Tier::Contract);
        let good = make_good(&slots, &windows, 600, &[contract, other(1045, 15, Tier::Loop), order]);
        assert_eq!(good, [MadeGood { missed_index: 0, start_s: 1045 }], "only the loop is displaced");
        let good = make_good(&slots, &windows, 600, &[contract, other(1045, 10, Tier::Order), order]);
        assert_eq!(good, [MadeGood { missed_index: 0, start_s: 1000 }], "then a contract");
        let all = other(1000, 100, Tier::Order);
        assert_eq!(make_good(&slots, &windows, 600, &[all]), [], "an order stays");
    }

    #[test]
    fn a_dark_hour_is_made_good_in_the_rest_of_the_peak() {
        use SlotState::{Counted, Missed, Pending};
        let slots = [
            slot(0, 28_800, Counted),
            slot(3, 30_600, Missed),
            slot(7, 32_400, Missed),
            slot(9, 34_200, Pending),
            slot(12, 36_000, Pending),
        ];
        let good = make_good(&slots, &IntervalSet::one(33_000, 37_800), 600, &[]);
        let places: Vec<(u32, u32)> = good.iter().map(|g| (g.missed_index, g.start_s)).collect();
        assert_eq!(places, [(3, 33_000), (7, 33_600)]);
    }

    proptest! {
        #[test]
        fn make_goods_keep_windows_gaps_and_orders(
            slots in prop::collection::vec((0u32..4000, 0u8..3), 0..12),
            windows in prop::collection::vec((0u32..4000, 1u32..900), 0..4),
            others in prop::collection::vec((0u32..4000, 5u32..60, 0u8..3), 0..20),
            gap in 20u32..400,
        ) {
            let slots: Vec<QuotaSlot> = slots.iter().enumerate().map(|(i, &(s, state))| {
                let state = [SlotState::Counted, SlotState::Missed, SlotState::Pending][usize::from(state)];
                slot(i as u32, s, state)
            }).collect();
            let windows = IntervalSet::from(windows.iter().map(|&(a, l)| (a, a + l)).collect::<Vec<_>>());
            let tiers = [Tier::Loop, Tier::Contract, Tier::Order];
            let others: Vec<OtherSlot> =
                others.iter().map(|&(s, d, t)| other(s, d, tiers[usize::from(t)])).collect();
            let good = make_good(&slots, &windows, gap, &others);
            let mut starts: Vec<u32> =
                slots.iter().filter(|s| s.state != SlotState::Missed).map(|s| s.start_s).collect();
            for g in &good {
                prop_assert!(windows.holds(g.start_s, g.start_s + 15));
                prop_assert!(starts.iter().all(|s| s.abs_diff(g.start_s) >= gap));
                prop_assert!(others.iter().filter(|o| o.tier == Tier::Order)
                    .all(|o| o.start_s + o.dur_s <= g.start_s || g.start_s + 15 <= o.start_s));
                starts.push(g.start_s);
            }
            prop_assert_eq!(make_good(&slots, &windows, gap, &others), good);
        }
    }
}
