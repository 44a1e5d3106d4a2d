//! `summary.json`: what the demonstration came to, from the same sources as the reports.

use super::{Lived, real};
use crate::cmd::rooms::Rooms;
use crate::error::AppError;
use crate::proof::audit::AuditStore;
use lichphat_playlists::ids::{CampaignCode, DeviceId};
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

/// The whole.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Screens of the directory.
    screens: usize,
    /// All slots of the simulated day: orders, contracts and loop.
    planned_plays: u64,
    pub(super) real_player: RealPlayer,
    simulated: Simulated,
    compliance: Compliance,
    duration_s: f64,
}

/// What the real player's records say.
#[derive(Debug, Serialize)]
pub(super) struct RealPlayer {
    plays: u64,
    counted: u64,
    frames_rendered: u64,
    frames_dropped: u64,
}

impl RealPlayer {
    /// Did it show something, of which something counts? A demonstration in which it did not has shown nothing.
    pub(super) fn played(&self) -> bool {
        self.plays > 0 && self.counted > 0
    }
}

#[derive(Debug, Serialize)]
struct Simulated {
    screens: usize,
    plays: u64,
    screens_with_outages: usize,
    made_good: u64,
}

#[derive(Debug, Serialize)]
struct Compliance {
    campaign: CampaignCode,
    day: LocalDay,
    met: u32,
    short: u32,
    mean_per_day: f64,
    min_per_day: f64,
    short_causes: BTreeMap<String, u32>,
}

pub(super) async fn make(
    rooms: &Rooms,
    lived: &Lived,
    campaign: &CampaignCode,
    day: LocalDay,
    started: Instant,
) -> Result<Summary, AppError> {
    let city = rooms.city().await?;
    let report = rooms.report(campaign, day, day).await?;
    let simulated: BTreeSet<DeviceId> = rooms.store.simulated_devices().await?;
    let (mut sim_plays, mut made_good, mut real_counted) = (0, 0, 0);
    for (device, rollup) in rooms.store.rollups().await? {
        for counts in rollup.values() {
            let counted = u64::from(counts.counted) + u64::from(counts.counted_outside);
            if simulated.contains(&device) {
                sim_plays += counted;
                made_good += u64::from(counts.made_good);
            } else {
                real_counted += counted;
            }
        }
    }
    let (plays, frames_rendered, frames_dropped) = real::frames(&rooms.store).await?;
    let totals = report.totals;
    Ok(Summary {
        screens: city.directory.screens().count(),
        planned_plays: rooms.planning.store().slots_on(day).await?,
        real_player: RealPlayer { plays, counted: real_counted, frames_rendered, frames_dropped },
        simulated: Simulated {
            screens: lived.screens,
            plays: sim_plays,
            screens_with_outages: lived.with_outages,
            made_good,
        },
        compliance: Compliance {
            campaign: campaign.clone(),
            day,
            met: totals.met,
            short: totals.short,
            mean_per_day: totals.mean_per_day,
            min_per_day: totals.min_per_day,
            short_causes: totals.short_causes,
        },
        duration_s: (started.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    })
}

pub(super) fn write(path: &Path, summary: &Summary) -> Result<(), AppError> {
    let text = serde_json::to_string_pretty(summary).map_err(|e| AppError::Failed(e.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|e| AppError::io(path.display().to_string(), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_player_has_played_when_something_of_it_counts() {
        let real = |plays, counted| RealPlayer { plays, counted, frames_rendered: 0, frames_dropped: 0 };
        assert_eq!(
            [(0, 0), (3, 0), (3, 2)].map(|(plays, counted)| real(plays, counted).played()),
            [false, false, true]
        );
    }
}
