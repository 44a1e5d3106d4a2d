//! The days ahead of one screen: what each asks for, so that the ledger of every order is kept.

use super::SoFar;
use super::compose::{DayInput, FixedEvent, Hush, LoopItem, QuotaTerms, Wanted, muted};
use super::ledger::{CampaignLedger, DayFact};
use super::unit::Share;
use lichphat_playlists::ids::{CampaignCode, PlaceHash, ScreenCode};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::quota::{DayOwed, Quota, Within};
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay};
use lichphat_playlists::wire::v1::{Asset, LedgerThrough, Tier};
use std::collections::BTreeMap;

/// One order as it binds one screen.
#[derive(Debug, Clone)]
pub struct ScreenOrder {
    /// The variant this screen plays.
    pub asset: Asset,
    /// What is asked.
    pub quota: Quota,
    /// What every day of the order owes by itself on this screen, from the first to the last.
    pub owed: Vec<DayOwed>,
    /// Least seconds between counted starts.
    pub min_gap_s: u32,
    /// Least display level that counts.
    pub min_display: DisplayLevel,
    /// 1 (first) to 3.
    pub priority: u8,
    /// Competitive separation.
    pub category: Option<String>,
    /// When the number is its unit's: this screen's part of every day on which it operates.
    pub part: Option<BTreeMap<LocalDay, Share>>,
}

/// A contract as it binds one screen on one day: plays that are sold, not owed by an order.
#[derive(Debug, Clone)]
pub struct ScreenContract {
    /// What to play.
    pub asset: Asset,
    /// Plays a day.
    pub plays: u32,
    /// Where they may lie.
    pub windows: IntervalSet,
    /// Least seconds between starts.
    pub min_gap_s: u32,
    /// 2 or 3, among contracts.
    pub priority: u8,
    /// Competitive separation.
    pub category: Option<String>,
}

/// One day of a screen, without what is asked of it.
#[derive(Debug, Clone)]
pub struct DayFrame {
    /// The day.
    pub day: LocalDay,
    /// Seconds in which the screen should be on.
    pub duty: IntervalSet,
    /// Its busiest windows.
    pub peak: IntervalSet,
    /// People per 15 minutes.
    pub weights: Vec<u32>,
    /// Contracts of the day.
    pub contracts: Vec<ScreenContract>,
    /// Fixed events of the day.
    pub fixed: Vec<FixedEvent>,
    /// The local loop of the day.
    pub local: Vec<LoopItem>,
    /// The safe loop of the day.
    pub fallback: Asset,
    /// Contracts of the day of which nobody has approved anything, with the plays they ask for.
    pub not_approved: BTreeMap<CampaignCode, (Tier, u32)>,
    /// What suspensions take from the day.
    pub hush: Hush,
    /// Seconds in which no order plays.
    pub orders_off: IntervalSet,
    /// Orders play without sound.
    pub orders_muted: bool,
}

impl DayFrame {
    /// Where an order's plays count.
    pub fn windows(&self, within: Within) -> IntervalSet {
        windows(within, &self.duty, &self.peak).minus(&self.orders_off)
    }
}

/// Where plays count on a day of these hours.
pub fn windows(within: Within, duty: &IntervalSet, peak: &IntervalSet) -> IntervalSet {
    match within {
        Within::Peak => peak.intersect(duty),
        Within::Duty => duty.clone(),
    }
}

/// One screen's horizon.
#[derive(Debug, Clone)]
pub struct ScreenHorizon {
    /// The screen.
    pub screen: ScreenCode,
    /// Kind of place.
    pub venue: String,
    /// The newest word on where it stands.
    pub place: PlaceHash,
    /// Days to plan, in order.
    pub days: Vec<DayFrame>,
    /// Orders.
    pub orders: Vec<ScreenOrder>,
    /// Least seconds between starts of different campaigns of one category.
    pub category_gap_s: BTreeMap<String, u32>,
    /// Records the facts hold.
    pub ledger_through: Option<LedgerThrough>,
    /// The day that has begun.
    pub today: LocalDay,
    /// What has become of it.
    pub so_far: SoFar,
}

/// What each day asks for, days off duty included: a closed day that was planned before needs a plan without a play.
/// `facts` are the screen's own, by campaign.
pub fn horizon(screen: &ScreenHorizon, facts: impl Fn(&Asset) -> BTreeMap<LocalDay, DayFact>) -> Vec<DayInput> {
    let mut ledgers: Vec<CampaignLedger> =
        screen.orders.iter().map(|o| CampaignLedger::new(&o.quota, o.owed.clone(), facts(&o.asset))).collect();
    screen.days.iter().map(|frame| day(screen, frame, &mut ledgers)).collect()
}

fn day(screen: &ScreenHorizon, frame: &DayFrame, ledgers: &mut [CampaignLedger]) -> DayInput {
    let mut wanted = Vec::new();
    for (order, ledger) in screen.orders.iter().zip(ledgers) {
        let windows = frame.windows(order.quota.within);
        let gap_s = order.min_gap_s.max(order.asset.media.duration_s);
        let Share { target, cap, behind_since } = match &order.part {
            Some(days) => match days.get(&frame.day) {
                Some(part) => *part,
                None => continue,
            },
            None => {
                let room = |windows: &IntervalSet| left_packing(windows, order.asset.media.duration_s, gap_s);
                let rest = IntervalSet::one(screen.so_far.from_s, DAY_S);
                let left = (frame.day == screen.today).then(|| room(&windows.intersect(&rest)));
                ask(ledger, frame.day, room(&windows), left)
            }
        };
        if cap == 0 && target == 0 {
            continue;
        }
        wanted.push(Wanted {
            asset: muted(order.asset.clone(), frame.orders_muted),
            target,
            windows,
            min_gap_s: gap_s,
            priority: order.priority,
            category: order.category.clone(),
            quota: Some(QuotaTerms {
                min_display: order.min_display,
                daily_cap: cap.max(target),
                make_good_until: ledger.make_good_until(frame.day),
            }),
            behind_since,
        });
    }
    wanted.extend(frame.contracts.iter().map(|c| Wanted {
        asset: c.asset.clone(),
        target: c.plays,
        windows: c.windows.clone(),
        min_gap_s: c.min_gap_s.max(c.asset.media.duration_s),
        priority: c.priority,
        category: c.category.clone(),
        quota: None,
        behind_since: None,
    }));
    DayInput {
        screen: screen.screen.clone(),
        day: frame.day,
        venue: screen.venue.clone(),
        duty: frame.duty.clone(),
        peak: frame.peak.clone(),
        weights: frame.weights.clone(),
        wanted,
        fixed: frame.fixed.clone(),
        local: frame.local.clone(),
        hush: frame.hush.clone(),
        fallback: frame.fallback.clone(),
        not_approved: frame.not_approved.clone(),
        place: screen.place,
        category_gap_s: screen.category_gap_s.clone(),
        ledger_through: screen.ledger_through,
        so_far: (frame.day == screen.today).then(|| screen.so_far.clone()),
    }
}

/// What the screen's own ledger asks of a day that can carry `capacity` plays, `left` in the rest of a day that has
/// begun.
fn ask(ledger: &mut CampaignLedger, day: LocalDay, capacity: u32, left: Option<u32>) -> Share {
    let (target, behind_since) = (ledger.target(day, capacity), ledger.behind_since(day));
    ledger.plan(day, ledger.brings(day, target, left));
    Share { target, cap: ledger.ledger().cap(day), behind_since }
}

/// Most plays of `dur_s` with starts `gap_s` apart inside `windows`: greedy packing from the left,
/// optimal for one campaign (3-planning: the first bound on what a day can carry).
pub fn left_packing(windows: &IntervalSet, dur_s: u32, gap_s: u32) -> u32 {
    let mut plays = 0;
    let mut next = 0u32;
    for (a, b) in windows.iter().filter(|(a, b)| b - a >= dur_s) {
        let first = a.max(next);
        let last = b - dur_s;
        if first <= last {
            let more = (last - first) / gap_s.max(1) + 1;
            plays += more;
            next = first + more * gap_s;
        }
    }
    plays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_carries_what_its_gap_allows() {
        let windows = IntervalSet::parse("08:00-10:00;14:00-16:00").unwrap();
        assert_eq!(left_packing(&windows, 15, 600), 24);
        assert_eq!(left_packing(&windows, 15, 7_200), 2);
        assert_eq!(left_packing(&IntervalSet::parse("08:00-08:00:10").unwrap(), 15, 600), 0);
    }
}
