//! Planning a fleet: what changed is planned again, what is alike is planned once.

use super::publish::{DayPlan, Press};
use super::{Composed, DayInput, InForce, NewPlan, PlanHead, PlanStore, PlanningError, SoFar, compose};
use lichphat_playlists::ids::{PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::Effort;
use lichphat_playlists::time::{DAY_S, LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::{PlanSigning, SigningKey};
use lichphat_playlists::wire::v1::{AssetTable, LEAD_S, Playlist};
use lru::LruCache;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::task::{JoinError, JoinHandle};

/// Screen-days that are looked at, and about so many that are computed and saved, together. Few such batches are in
/// memory at a time, however large the fleet, and a transaction stays short.
const BATCH: usize = 256;
/// Plans kept for screens whose days are alike and come in a later batch; about 50 MB.
const SHAPES_KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

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
    /// Screen-days that could not be planned: a plan in force stays in force.
    pub left_out: Vec<LeftOut>,
    /// Screens with something new.
    #[serde(skip)]
    pub screens: Vec<ScreenCode>,
}

/// A screen-day that could not be planned, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The screen.
    pub screen: ScreenCode,
    /// The day.
    pub day: LocalDay,
    /// What contradicts itself, or what the checker found.
    pub reason: String,
}

/// The room's door for making plans.
pub struct Planning {
    store: Arc<dyn PlanStore>,
    key: Arc<SigningKey<PlanSigning>>,
    offset: UtcOffset,
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
        let mut run = self.begin(now, cause);
        run.add(inputs).await?;
        run.finish().await
    }

    /// Begins a run whose inputs come piece by piece, as those of a large fleet do.
    pub fn begin(&self, now: UtcMillis, cause: &str) -> Run {
        let press = Press { cause: cause.to_owned(), made: now, offset: self.offset, key: Arc::clone(&self.key) };
        Run {
            store: Arc::clone(&self.store),
            press: Arc::new(press),
            heads: BTreeMap::new(),
            new: Vec::new(),
            alike: LruCache::new(SHAPES_KEPT),
            saving: None,
            done: Replanned::default(),
        }
    }
}

/// A run under way. Each screen-day is whole by itself: a run that ends early, or is dropped, leaves the plans it has
/// published; the next one finds them unchanged.
#[must_use = "only `finish` says that everything is stored"]
pub struct Run {
    store: Arc<dyn PlanStore>,
    press: Arc<Press>,
    /// Newest versions, read when a day is first seen.
    heads: BTreeMap<LocalDay, BTreeMap<ScreenCode, PlanHead>>,
    /// What is new and not yet planned: where little is, it gathers over many batches, so that all cores have work.
    new: Vec<Job>,
    /// First plans by shape, so that alike screens share one even when they are batches apart.
    alike: LruCache<Shape, Arc<DayPlan>>,
    /// The batch that the store is writing while the next one is computed.
    saving: Option<JoinHandle<Result<(), PlanningError>>>,
    done: Replanned,
}

/// What first plans have in common that may be shared: the day's own shape, and the second from which it is planned.
type Shape = (Sha256Hash, u32);

/// One screen-day that is new.
struct Job {
    input: DayInput,
    shape: Sha256Hash,
    input_hash: Sha256Hash,
    version: PlanVersion,
    kept: Option<(Playlist, AssetTable, u32)>,
    /// Is the plan in force of the same input? Then only plays may differ.
    same_input: bool,
}

impl Job {
    fn shape(&self) -> Shape {
        (self.shape, self.input.so_far.as_ref().map_or(0, |s| s.from_s))
    }

    fn in_force(&self) -> Option<InForce<'_>> {
        self.kept.as_ref().map(|(playlist, assets, from_s)| InForce { playlist, assets, from_s: *from_s })
    }

    /// Does the plan in force say the same already? So it is with a day in progress whose misses found no place, or
    /// have theirs.
    fn stands(&self, composed: &Composed) -> bool {
        self.same_input && self.in_force().is_some_and(|kept| kept.plays() == composed.plan.plays)
    }
}

impl Run {
    /// Takes `inputs`; what is new among them is planned and handed to the store, at the latest by [`Run::finish`].
    pub async fn add(&mut self, inputs: Vec<DayInput>) -> Result<(), PlanningError> {
        let mut inputs = inputs.into_iter();
        loop {
            let batch: Vec<DayInput> = inputs.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let new = self.jobs(batch).await?;
            self.new.extend(new);
            if self.new.len() >= BATCH {
                self.publish().await?;
            }
        }
    }

    /// Plans the rest and waits until everything is stored.
    pub async fn finish(mut self) -> Result<Replanned, PlanningError> {
        self.publish().await?;
        self.saved().await?;
        Ok(self.done)
    }

    /// What of `inputs` is new, with what a day that has begun keeps.
    async fn jobs(&mut self, inputs: Vec<DayInput>) -> Result<Vec<Job>, PlanningError> {
        for input in &inputs {
            if !self.heads.contains_key(&input.day) {
                let heads = self.store.heads(input.day, input.day).await?;
                self.heads.insert(input.day, heads.into_iter().map(|h| (h.screen.clone(), h)).collect());
            }
        }
        let hashed = inputs.into_par_iter().map(|input| {
            let shape = input.shape_hash();
            (input.input_hash(shape), shape, input)
        });
        let first = self.store.first_version().await?;
        let mut jobs = Vec::new();
        for (input_hash, shape, input) in hashed.collect::<Vec<_>>() {
            let head = self.heads.get(&input.day).and_then(|heads| heads.get(&input.screen));
            if head.is_none() && input.duty.is_empty() {
                continue; // off duty and never planned: there is nothing to take back
            }
            self.done.screen_days += 1;
            // what is below was published before a backup was restored: players may hold a newer one that is lost here
            let same_input = head.is_some_and(|h| h.input_hash == input_hash && h.version >= first);
            if same_input && input.so_far.as_ref().is_none_or(SoFar::as_planned) {
                self.done.unchanged += 1;
                continue;
            }
            let version = PlanVersion(head.map_or(1, |h| h.version.0 + 1)).max(first);
            let kept = if head.is_some() { self.kept(&input).await? } else { None };
            jobs.push(Job { input, shape, input_hash, version, kept, same_input });
        }
        Ok(jobs)
    }

    /// A day that has begun keeps what was played.
    async fn kept(&self, input: &DayInput) -> Result<Option<(Playlist, AssetTable, u32)>, PlanningError> {
        let (today, of_day_ms) = self.press.made.local(self.press.offset);
        if input.day != today {
            return Ok(None);
        }
        let newest = self.store.newest(&input.screen, input.day).await?;
        Ok(newest.map(|p| (p.playlist, p.assets, (of_day_ms / 1000 + LEAD_S).min(DAY_S))))
    }

    /// Plans what has gathered and hands it to the store.
    async fn publish(&mut self) -> Result<(), PlanningError> {
        let jobs = std::mem::take(&mut self.new);
        let plans = self.compute(jobs).await?;
        self.save(plans).await
    }

    /// Computes what is not alike on all cores, then makes every screen's own document.
    async fn compute(&mut self, jobs: Vec<Job>) -> Result<Vec<NewPlan>, PlanningError> {
        // A day that has a plan already has a past of its own; only first plans are shared.
        let mut shapes: BTreeMap<(Option<usize>, Shape), Vec<usize>> = BTreeMap::new();
        for (i, job) in jobs.iter().enumerate() {
            shapes.entry((job.kept.as_ref().map(|_| i), job.shape())).or_default().push(i);
        }
        let groups: Vec<(Vec<usize>, Option<Arc<DayPlan>>)> = shapes
            .into_iter()
            .map(|((past, shape), group)| (group, if past.is_none() { self.alike.get(&shape).cloned() } else { None }))
            .collect();
        let press = Arc::clone(&self.press);
        // off the threads that answer devices and people
        let made = tokio::task::spawn_blocking(move || {
            let made = groups.into_par_iter().map(|(group, known)| {
                make(&jobs, &group, known, &press).unwrap_or_else(|error| Made::left_out(&jobs, &group, &error))
            });
            made.collect::<Vec<Made>>()
        });
        let made = made.await.map_err(lost)?;
        let mut plans = Vec::new();
        for group in made {
            self.done.computed += u32::from(group.computed);
            self.done.unchanged += u32::from(group.stands);
            self.done.left_out.extend(group.left_out);
            if let Some((shape, plan)) = group.share {
                self.alike.put(shape, plan);
            }
            plans.extend(group.plans);
        }
        plans.sort_by_key(|(i, _)| *i);
        Ok(plans.into_iter().map(|(_, plan)| plan).collect())
    }

    /// Lets the store write while the next batch is computed.
    async fn save(&mut self, plans: Vec<NewPlan>) -> Result<(), PlanningError> {
        self.saved().await?;
        if plans.is_empty() {
            return Ok(());
        }
        self.done.published += plans.len() as u32;
        self.done.screens.extend(plans.iter().map(|p| p.head.screen.clone()));
        self.done.screens.dedup();
        let store = Arc::clone(&self.store);
        self.saving = Some(tokio::spawn(async move { store.save(plans).await }));
        Ok(())
    }

    async fn saved(&mut self) -> Result<(), PlanningError> {
        match self.saving.take() {
            Some(saving) => saving.await.unwrap_or_else(|error| Err(lost(error))),
            None => Ok(()),
        }
    }
}

/// Plans of jobs whose days are alike.
#[derive(Default)]
struct Made {
    /// By index of the job.
    plans: Vec<(usize, NewPlan)>,
    /// Was the day's plan computed, or known from an earlier batch?
    computed: bool,
    /// The plan in force says the same already.
    stands: bool,
    /// One screen's contradiction is no reason to leave all others without a plan.
    left_out: Vec<LeftOut>,
    /// For later batches.
    share: Option<(Shape, Arc<DayPlan>)>,
}

impl Made {
    fn left_out(jobs: &[Job], group: &[usize], error: &PlanningError) -> Self {
        let left_out = |&i: &usize| {
            let input = &jobs[i].input;
            LeftOut { screen: input.screen.clone(), day: input.day, reason: error.to_string() }
        };
        Self { left_out: group.iter().map(left_out).collect(), ..Self::default() }
    }
}

fn make(jobs: &[Job], group: &[usize], known: Option<Arc<DayPlan>>, press: &Press) -> Result<Made, PlanningError> {
    let first = &jobs[group[0]];
    let computed = known.is_none();
    let day = match known {
        Some(day) => day,
        None => {
            let composed = compose(&first.input, first.in_force().as_ref(), Effort::Quick)?;
            if first.stands(&composed) {
                return Ok(Made { computed, stands: true, ..Made::default() });
            }
            Arc::new(DayPlan::new(&first.input, composed)?)
        }
    };
    let document = |&i: &usize| {
        let job = &jobs[i];
        Ok((i, day.document(&job.input, job.input_hash, job.version, press)?))
    };
    let plans = group.iter().map(document).collect::<Result<_, PlanningError>>()?;
    let share = (computed && first.kept.is_none()).then(|| (first.shape(), Arc::clone(&day)));
    Ok(Made { plans, computed, share, ..Made::default() })
}

/// A task that did not end: a defect goes on as the panic it was, the end of the program as an error.
fn lost(error: JoinError) -> PlanningError {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => PlanningError::Store("the program ended before it was done".to_owned()),
    }
}
