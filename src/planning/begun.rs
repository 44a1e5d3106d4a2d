//! A day that has begun, as the planner takes it: what was played, what is reckoned with as played, and what is known to
//! have been missed. Pure.

use super::compose::play;
use super::{DayInput, InForce, PlanningError, SoFar};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::plan::{Past, PastPlay, Play, Problem};
use lichphat_playlists::quota::SAME_PLAY_S;
use lichphat_playlists::wire::v1::Tier;
use std::collections::BTreeMap;

/// What of a day has passed.
#[derive(Debug)]
pub(super) struct Begun {
    /// What was played, or is reckoned with as played.
    pub(super) past: Past,
    /// Slots that are known to have been missed: they stand in the plan, and take no time and keep no distance.
    pub(super) missed: Vec<Play>,
    /// Plays that counted beyond the slots of the plan in force, by campaign: they are not asked for again.
    beside: BTreeMap<CampaignCode, u32>,
}

impl Begun {
    /// The slots of the plan in force before the cut, and what became of them as far as it is known.
    pub(super) fn new(input: &DayInput, kept: Option<&InForce<'_>>) -> Result<Self, PlanningError> {
        let mut begun = Self { past: Past::none(), missed: Vec::new(), beside: BTreeMap::new() };
        let Some(kept) = kept else {
            // the first plan of a day that has begun: what is over cannot be planned any more
            begun.past.from_s = input.so_far.as_ref().map_or(0, |s| s.from_s);
            return Ok(begun);
        };
        begun.past.from_s = kept.from_s;
        let nothing = SoFar::default();
        let so_far = input.so_far.as_ref().unwrap_or(&nothing);
        let mut settled: BTreeMap<&CampaignCode, Vec<Play>> = BTreeMap::new();
        if so_far.settled_s.is_some() {
            settled.extend(so_far.facts.keys().map(|code| (code, Vec::new())));
        }
        for slot in kept.playlist.slots.iter().filter(|s| s.start_s < kept.from_s) {
            let asset = kept.assets.assets.get(usize::from(slot.item)).ok_or(PlanningError::BrokenPlan)?;
            let play = play(asset, slot.start_s);
            match settled.get_mut(&asset.code) {
                Some(plays) if asset.tier == Tier::Order && so_far.settled_s.is_some_and(|s| slot.start_s < s) => {
                    plays.push(play);
                }
                _ => begun.past.plays.push(PastPlay { play, counted: true }),
            }
        }
        for (code, plays) in settled {
            begun.judge(code, plays, so_far);
        }
        begun.past.plays.sort_by(|a, b| a.play.cmp(&b.play));
        Ok(begun)
    }

    /// Which of a campaign's settled slots counted: their number is known, and the last second at which one did.
    fn judge(&mut self, code: &CampaignCode, mut settled: Vec<Play>, so_far: &SoFar) {
        let counted = so_far.facts.get(code).map_or(0, |f| f.counted) as usize;
        // what came after the last play that counted was missed for certain; of the rest only the number matters
        let last_s = so_far.last_counted_s.get(code).copied().unwrap_or(0);
        settled.sort_by_key(|p| (p.start <= last_s + SAME_PLAY_S, p.start));
        let shown = settled.split_off(settled.len().saturating_sub(counted));
        if counted > shown.len() {
            self.beside.insert(code.clone(), (counted - shown.len()) as u32);
        }
        self.missed.extend(settled);
        self.past.plays.extend(shown.into_iter().map(|play| PastPlay { play, counted: true }));
    }

    /// Takes what was played beside the plan in force off what the day asks for.
    pub(super) fn lessen(&self, problem: &mut Problem) {
        for campaign in &mut problem.campaigns {
            let beside = self.beside.iter().find(|(code, _)| code.as_str() == campaign.id).map_or(0, |(_, n)| *n);
            campaign.target = campaign.target.saturating_sub(beside);
        }
    }
}
