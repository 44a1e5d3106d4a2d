//! Days of `families.rs` as the planning room takes them: assets instead of names, a safe loop, quotas. Tests and
//! benchmarks take this file in beside `families`.
#![allow(dead_code, unreachable_pub, reason = "each of its users takes what it needs")]

use super::families::{Family, instance};
use lichphat::planning::{DayInput, FixedEvent, Hush, LoopItem, QuotaTerms, Wanted};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::plan::{Campaign, Problem};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::{Asset, Tier};

/// What screen `i` asks of `day`: the day that `seed` makes. Seeds take the six families in turn, with loads spread evenly from 0.2
/// to 0.95.
pub fn input(i: u32, seed: u32, day: LocalDay) -> DayInput {
    let problem = problem(seed);
    let asset = |code: &str, tier, dur| asset(seed, code, tier, dur);
    DayInput {
        screen: ScreenCode::new(format!("S{i:06}")).unwrap(),
        day,
        venue: problem.family.clone(),
        duty: problem.operating.clone(),
        peak: problem.peak.clone(),
        weights: problem.footfall.weights.clone(),
        wanted: wanted(&problem, day, &asset),
        fixed: problem
            .fixed
            .iter()
            .map(|f| FixedEvent { asset: asset(&f.id, Tier::Fixed, f.dur), start_s: f.start })
            .collect(),
        local: problem
            .fillers
            .iter()
            .map(|f| LoopItem { asset: asset(&f.id, Tier::Local, f.dur), weight: f.weight, hours: f.windows.clone() })
            .collect(),
        hush: Hush::default(),
        fallback: asset("safe-loop", Tier::Fallback, 10),
        place: Sha256Hash::of(b"place"),
        category_gap_s: problem.category_gap_s.clone(),
        ledger_through: None,
        not_approved: Default::default(),
        so_far: None,
    }
}

/// The day of `seed` as the generator makes it.
pub fn problem(seed: u32) -> Problem {
    // 200 to 950, evenly: 467 and 751 have no common divisor
    instance(Family::ALL[seed as usize % 6], u64::from(seed), 200 + seed / 6 * 467 % 751)
}

/// Priorities 1 and 2 as orders with a quota, 3 as contracts.
fn wanted(problem: &Problem, day: LocalDay, asset: &dyn Fn(&str, Tier, u32) -> Asset) -> Vec<Wanted> {
    let one = |c: &Campaign| Wanted {
        asset: asset(&c.id, if c.priority < 3 { Tier::Order } else { Tier::Contract }, c.dur),
        target: c.target,
        windows: c.windows.clone(),
        min_gap_s: c.min_gap_s,
        priority: c.priority,
        category: c.category.clone(),
        quota: (c.priority < 3).then(|| QuotaTerms {
            min_display: DisplayLevel::D1,
            daily_cap: c.target * 3 / 2,
            make_good_until: day.plus(6),
        }),
        behind_since: None,
    };
    problem.campaigns.iter().map(one).collect()
}

fn asset(seed: u32, code: &str, tier: Tier, duration_s: u32) -> Asset {
    let hash = Sha256Hash::of(format!("{seed} {code}").as_bytes());
    let media = Media { hash, size_bytes: 1_000_000, kind: MediaKind::Video, duration_s };
    Asset {
        code: CampaignCode::new(code).unwrap(),
        variant: "vi".into(),
        tier,
        media,
        volume_percent: 80,
        fades: Fades::default(),
        permit: None,
    }
}
