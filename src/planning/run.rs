//! Planning a fleet: what changed is planned again, what is alike is planned once.

use super::{
    Composed, DayInput, Edition, InForce, NewPlan, PlanHead, PlanStore, PlannedCampaign, PlanningError, compose,
};
use lichphat_playlists::ids::{CampaignCode, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{Effort, Lang};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::{PlanSigning, SigningKey};
use lichphat_playlists::wire::v1::{AssetTable, Playlist, Tier};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Seconds before a new version's first new slot: time for devices to fetch it.
const LEAD_S: u32 = 60;

/// What a planning run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Replanned {
    /// Screen-days looked at.
    pub screen_days: u32,
    /// New versions published.
    pub published: u32,
    /// Screen-days for which nothing was new.
    pub unchanged: u32,
    /// Plans computed; the rest of the published ones share one with a screen whose day is alike.
    pub computed: u32,
    /// Screens with something new.
    #[serde(skip)]
    pub screens: Vec<ScreenCode>,
}

/// The room's door for making plans.
pub struct Planning {
    store: Arc<dyn PlanStore>,
    key: Arc<SigningKey<PlanSigning>>,
    offset: UtcOffset,
}

struct Job {
    input: DayInput,
    version: PlanVersion,
    kept: Option<(Playlist, AssetTable, u32)>,
}

impl Planning {
    /// Ties the room to its store and key.
    pub fn new(store: Arc<dyn PlanStore>, key: Arc<SigningKey<PlanSigning>>, offset: UtcOffset) -> Self {
        Self { store, key, offset }
    }

    /// The store, for questions about plans.
    pub fn store(&self) -> &dyn PlanStore {
        &*self.store
    }

    /// Looks at every stored plan: what was signed, and what its figures say.
    pub async fn audit(&self) -> Result<super::audit::PlanAudit, PlanningError> {
        super::audit::audit(&*self.store, &self.key.verifying_key()).await
    }

    /// Plans `inputs` (any screens, any days from today on) and publishes what is new.
    pub async fn plan(&self, inputs: Vec<DayInput>, now: UtcMillis, cause: &str) -> Result<Replanned, PlanningError> {
        let mut done = Replanned::default();
        let (Some(from), Some(to)) = (inputs.iter().map(|i| i.day).min(), inputs.iter().map(|i| i.day).max()) else {
            return Ok(done);
        };
        let heads: BTreeMap<(ScreenCode, LocalDay), PlanHead> =
            self.store.heads(from, to).await?.into_iter().map(|h| ((h.screen.clone(), h.day), h)).collect();
        let mut jobs = Vec::new();
        for input in inputs {
            let head = heads.get(&(input.screen.clone(), input.day));
            if head.is_none() && input.duty.is_empty() {
                continue; // off duty and never planned: there is nothing to take back
            }
            done.screen_days += 1;
            if head.is_some_and(|h| h.input_hash == input.input_hash()) {
                done.unchanged += 1;
                continue;
            }
            jobs.push(self.job(input, head, now).await?);
        }
        let (plans, computed) = compute(&jobs, now, self.offset, cause, &self.key)?;
        done.computed = computed;
        done.published = plans.len() as u32;
        done.screens = plans.iter().map(|p| p.head.screen.clone()).collect();
        done.screens.dedup();
        // Batches keep a transaction short; each plan is whole by itself.
        let mut plans = plans.into_iter().peekable();
        while plans.peek().is_some() {
            self.store.save(plans.by_ref().take(256).collect()).await?;
        }
        Ok(done)
    }

    /// A day that has begun keeps what was played.
    async fn job(&self, input: DayInput, head: Option<&PlanHead>, now: UtcMillis) -> Result<Job, PlanningError> {
        let (today, of_day_ms) = now.local(self.offset);
        let version = PlanVersion(head.map_or(1, |h| h.version.0 + 1));
        let kept = match head {
            Some(_) if input.day == today => self
                .store
                .newest(&input.screen, input.day)
                .await?
                .map(|p| (p.playlist, p.assets, of_day_ms / 1000 + LEAD_S)),
            _ => None,
        };
        Ok(Job { input, version, kept })
    }
}

/// Computes what is not alike on all cores, then makes every screen's own document.
fn compute(
    jobs: &[Job],
    now: UtcMillis,
    offset: UtcOffset,
    cause: &str,
    key: &SigningKey<PlanSigning>,
) -> Result<(Vec<NewPlan>, u32), PlanningError> {
    // A day in progress has a past of its own; only whole days are shared.
    let mut shapes: BTreeMap<(Option<usize>, Sha256Hash), Vec<usize>> = BTreeMap::new();
    for (i, job) in jobs.iter().enumerate() {
        shapes.entry((job.kept.as_ref().map(|_| i), job.input.shape_hash())).or_default().push(i);
    }
    let groups: Vec<Vec<usize>> = shapes.into_values().collect();
    let plans: Result<Vec<Vec<(usize, NewPlan)>>, PlanningError> = groups
        .par_iter()
        .map(|group| {
            let job = &jobs[group[0]];
            let kept =
                job.kept.as_ref().map(|(playlist, assets, from_s)| InForce { playlist, assets, from_s: *from_s });
            let composed = compose(&job.input, kept.as_ref(), Effort::Quick)?;
            group.iter().map(|&i| Ok((i, document(&jobs[i], &composed, now, offset, cause, key)?))).collect()
        })
        .collect();
    let mut plans: Vec<(usize, NewPlan)> = plans?.into_iter().flatten().collect();
    plans.sort_by_key(|(i, _)| *i);
    Ok((plans.into_iter().map(|(_, p)| p).collect(), groups.len() as u32))
}

fn document(
    job: &Job,
    composed: &Composed,
    now: UtcMillis,
    offset: UtcOffset,
    cause: &str,
    key: &SigningKey<PlanSigning>,
) -> Result<NewPlan, PlanningError> {
    let input = &job.input;
    let edition = Edition { version: job.version, cause: cause.to_owned(), made: now, offset };
    let playlist = composed.playlist(input, edition)?;
    let envelope = playlist.seal(key);
    let (assets, hash) = composed.assets.encode();
    let mut problem = composed.problem.clone();
    problem.id = "-".to_owned(); // screens whose days are alike share the stored problem
    Ok(NewPlan {
        head: PlanHead {
            screen: input.screen.clone(),
            day: input.day,
            version: job.version,
            hash: envelope.hash(),
            input_hash: input.input_hash(),
        },
        cause: cause.to_owned(),
        made: now,
        envelope: envelope.into_bytes(),
        assets: (hash, assets),
        problem: serde_json::to_vec(&problem).map_err(|_| PlanningError::BrokenPlan)?,
        slots: playlist.slots.len() as u32,
        campaigns: campaigns(input, composed)?,
    })
}

fn campaigns(input: &DayInput, composed: &Composed) -> Result<Vec<PlannedCampaign>, PlanningError> {
    let tiers: BTreeMap<&CampaignCode, Tier> = composed.assets.assets.iter().map(|a| (&a.code, a.tier)).collect();
    let asked: BTreeMap<&CampaignCode, Tier> = input.wanted.iter().map(|w| (&w.asset.code, w.asset.tier)).collect();
    composed
        .tally()
        .into_iter()
        .map(|(id, (asked_plays, planned))| {
            let campaign = CampaignCode::new(id).map_err(|_| PlanningError::BrokenPlan)?;
            let tier = asked.get(&campaign).or(tiers.get(&campaign)).copied().unwrap_or(Tier::Local);
            let short = |lang| shortfall_text(composed, campaign.as_str(), lang);
            let (short_vi, short_en) = (short(Lang::Vi), short(Lang::En));
            Ok(PlannedCampaign { campaign, tier, asked: asked_plays, planned, short_vi, short_en })
        })
        .collect()
}

/// Why a campaign has fewer plays than it asks for: its proofs, or that none was found.
pub(super) fn shortfall_text(composed: &Composed, campaign: &str, lang: Lang) -> String {
    composed.report.lines_about(campaign, &composed.problem, lang, &str::to_owned).join(" ")
}
