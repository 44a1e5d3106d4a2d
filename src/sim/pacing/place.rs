//! The made-up place of the simulation: one order inside its peak hours, contracts that want the same
//! seconds, and a local loop in between, so that every day is a real problem of some 3,600 plays.

use super::Setting;
use crate::planning::{DayInput, Hush, LoopItem, QuotaTerms, Wanted};
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::ports::Rng as _;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{IntervalSet, LocalDay};
use lichphat_playlists::wire::v1::{Asset, Tier};

/// Code of the order.
pub(super) const ORDER: &str = "order";
/// The screen is on in these hours, and longer when a peak hour lies outside them.
const OPENS_H: u8 = 6;
const CLOSES_H: u8 = 22;

/// Code, length s, plays a day, least gap s.
const CONTRACTS: [(&str, u32, u32, u32); 5] = [
    ("contract-a", 15, 240, 120),
    ("contract-b", 15, 240, 120),
    ("contract-c", 30, 120, 240),
    ("contract-d", 20, 160, 180),
    ("contract-e", 10, 240, 120),
];
/// The first two are rivals; their starts keep this distance, s.
const RIVALS: (&str, u32) = ("bank", 45);
/// Length s and share of voice of the local loop's items.
const LOOP: [(u32, u32); 4] = [(10, 1), (15, 2), (20, 1), (30, 1)];

/// A place whose days differ in what the order asks of them, and in nothing else.
#[derive(Debug)]
pub(super) struct Place {
    day: DayInput,
    cap: u32,
    last: LocalDay,
}

/// Peak hours as windows.
pub(super) fn windows(setting: &Setting) -> IntervalSet {
    let hour = |&h: &u8| (u32::from(h) * 3_600, (u32::from(h) + 1) * 3_600);
    IntervalSet::from(setting.peak_hours.iter().map(hour).collect::<Vec<_>>())
}

fn duty(setting: &Setting) -> IntervalSet {
    let opens = setting.peak_hours.iter().copied().min().map_or(OPENS_H, |h| h.min(OPENS_H));
    let closes = setting.peak_hours.iter().copied().max().map_or(CLOSES_H, |h| (h + 1).max(CLOSES_H));
    IntervalSet::one(u32::from(opens) * 3_600, u32::from(closes) * 3_600)
}

fn asset(code: &str, tier: Tier, duration_s: u32) -> Asset {
    let media = Media { hash: Sha256Hash::of(code.as_bytes()), size_bytes: 1, kind: MediaKind::Video, duration_s };
    let permit = Some(Sha256Hash::of(format!("permit {code}").as_bytes()));
    let code = CampaignCode::new(code).expect("a valid code");
    Asset { code, variant: String::new(), tier, media, volume_percent: 80, fades: Fades::default(), permit }
}

impl Place {
    /// The place that every screen has. `cap` is the ledger's daily cap, `last` the last day of the period.
    pub(super) fn new(setting: &Setting, cap: u32, last: LocalDay) -> Self {
        let (duty, peak) = (duty(setting), windows(setting));
        let people = |bin: u32| match bin * 900 {
            s if peak.contains(s) => 90 + bin * 11 % 23,
            s if duty.contains(s) => 20 + bin * 7 % 13,
            _ => 0,
        };
        let order = Wanted {
            asset: asset(ORDER, Tier::Order, setting.length_s),
            target: 0,
            windows: peak.clone(),
            min_gap_s: setting.gap_s(),
            priority: 1,
            category: None,
            behind_since: None, // it is alone: there is nobody to go before
            quota: None,
        };
        let contract = |(i, &(code, length_s, plays, gap_s)): (usize, &(&str, u32, u32, u32))| Wanted {
            asset: asset(code, Tier::Contract, length_s),
            target: plays,
            windows: duty.clone(),
            min_gap_s: gap_s,
            priority: 3,
            category: (i < 2).then(|| RIVALS.0.to_owned()),
            behind_since: None,
            quota: None,
        };
        let item = |(i, &(length_s, weight)): (usize, &(u32, u32))| LoopItem {
            asset: asset(&format!("loop-{}", i + 1), Tier::Local, length_s),
            weight,
            hours: None,
        };
        let day = DayInput {
            screen: ScreenCode::new("SIM").expect("a valid code"),
            day: setting.first_day(),
            venue: "simulated".to_owned(),
            weights: (0..96).map(people).collect(),
            wanted: std::iter::once(order).chain(CONTRACTS.iter().enumerate().map(contract)).collect(),
            fixed: Vec::new(),
            local: LOOP.iter().enumerate().map(item).collect(),
            hush: Hush::default(),
            fallback: asset("safe-loop", Tier::Fallback, 10),
            place: Sha256Hash::of(b"SIM"),
            category_gap_s: [(RIVALS.0.to_owned(), RIVALS.1)].into(),
            ledger_through: None,
            not_approved: Default::default(),
            so_far: None,
            duty,
            peak,
        };
        Self { day, cap, last }
    }

    /// A place of its own: other people, other contracts, another loop.
    pub(super) fn distinct(mut self, seed: u64) -> Self {
        let rng = SeededRng::new(seed);
        let draw = |from: u32, to: u32| {
            let mut bytes = [0; 8];
            rng.fill(&mut bytes);
            from + (u64::from_le_bytes(bytes) % u64::from(to - from + 1)) as u32
        };
        for people in &mut self.day.weights {
            *people = *people * draw(50, 150) / 100;
        }
        for contract in &mut self.day.wanted[1..] {
            contract.target = contract.target * draw(50, 125) / 100;
        }
        for item in &mut self.day.local {
            item.weight = draw(1, 4);
            item.asset.media.duration_s += draw(0, 5);
        }
        self
    }

    /// The day on which the ledger asks for `target` plays of the order.
    pub(super) fn day(&self, day: LocalDay, target: u32) -> DayInput {
        let mut input = DayInput { day, ..self.day.clone() };
        input.wanted[0].target = target;
        input.wanted[0].quota = Some(QuotaTerms {
            min_display: DisplayLevel::D1,
            daily_cap: self.cap.max(target),
            make_good_until: self.last,
        });
        input
    }
}
