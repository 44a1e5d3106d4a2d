//! One day of one screen, lived by the player's own core: it gets the day's playlist and decides from event
//! to event what a stage that only keeps time shows; what it writes down is judged by the counting rule.

use super::place::ORDER;
use crate::planning::{Composed, DayInput, Edition, PlanningError};
use crate::proof::{PlanContext, PlanDocument};
use crate::sim::SimError;
use lichphat_player::core::{Action, Core, CoreOptions, DayPlan, Event, Now};
use lichphat_player::sim_support::approve;
use lichphat_player::sim_support::{SimClock, SimStage};
use lichphat_player::stage::Stage as _;
use lichphat_playlists::ids::{DeviceId, Epoch, PlanVersion, Seq, Sha256Hash};
use lichphat_playlists::plan::Cause;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::count::{Standing, Tally, judge};
use lichphat_playlists::proof::record::{DisplayLevel, PlayRecord};
use lichphat_playlists::time::{DAY_S, HANOI, UtcMillis};
use lichphat_playlists::wire::permit::Withdrawals;
use std::path::PathBuf;
use std::sync::Arc;

/// Output frames per second of the stage.
const FPS: u32 = 30;

/// What a day that was lit came to, for the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lived {
    /// Plays that the planner found a place for.
    pub(super) planned: u32,
    /// Is it proven that the others have none?
    pub(super) proven: bool,
    /// Plays that counted toward the quota.
    pub(super) counted: u32,
}

/// The day's published document, as the device and the counting rule hold it.
pub(super) fn publish(
    composed: &Composed,
    input: &DayInput,
    version: u32,
) -> Result<(Arc<DayPlan>, PlanContext), SimError> {
    let edition = Edition {
        version: PlanVersion(version),
        cause: "first plan".to_owned(),
        made: input.day.start(HANOI),
        offset: HANOI,
    };
    let playlist = composed.playlist(input, edition)?;
    // a name is all that is needed of the signed bytes: there is no wire here
    let name = format!("{}/{}/{version}/{}", input.screen, input.day, input.input_hash(input.shape_hash()));
    let hash = Sha256Hash::of(name.as_bytes());
    let grounds = approve::grounds(&input.screen, &composed.assets);
    let assets = Arc::new(composed.assets.clone());
    let document = PlanDocument { hash, playlist: playlist.clone(), assets, grounds: grounds.clone() };
    let plan = DayPlan::new(hash, playlist, Arc::new(composed.assets.clone()), grounds).map_err(PlanningError::from)?;
    Ok((Arc::new(plan), PlanContext::from(document)))
}

/// Lives the day from midnight to midnight with a box that gets its power at the beginning. A pure function of
/// its arguments: screens whose days are alike live them alike.
pub(super) fn live(composed: &Composed, input: &DayInput) -> Result<Lived, SimError> {
    let (plan, context) = publish(composed, input, 1)?;
    let mut player = Player::new(plan.at_ms(0), Seq(0));
    player.hear(&plan);
    player.live_until(plan.at_ms(DAY_S * 1000));
    let report = composed.report.campaigns.iter().find(|c| c.id == ORDER);
    Ok(Lived {
        planned: report.map_or(0, |c| c.placed),
        proven: report.is_some_and(|c| matches!(c.cause, Cause::Proven { .. })),
        counted: counted(&player.records, &context),
    })
}

/// Plays of the order among `records` that count toward its quota.
fn counted(records: &[PlayRecord], context: &PlanContext) -> u32 {
    let mut tally = Tally::default();
    let mut counted = 0;
    for record in records {
        let terms = context.count_terms(record, record.end, &Withdrawals::default());
        let standing = judge(record, terms.as_ref(), record.end, context.offset, &mut tally);
        let order = terms.is_some_and(|t| t.campaign.as_str() == ORDER);
        counted += u32::from(order && matches!(standing, Standing::Counted { within: true, .. }));
    }
    counted
}

/// The core with its clock, its stage and what it wrote.
pub(super) struct Player {
    pub(super) core: Core,
    pub(super) clock: Arc<SimClock>,
    stage: SimStage,
    pub(super) records: Vec<PlayRecord>,
}

/// The device of the one simulated screen, in its first epoch.
pub(super) const DEVICE: (DeviceId, Epoch) = (DeviceId(1), Epoch(1));

impl Player {
    /// A box that gets its power at `now`, with `last_seq` as the last record in its journal.
    pub(super) fn new(now: UtcMillis, last_seq: Seq) -> Self {
        let clock = Arc::new(SimClock::new(now));
        let stage = SimStage::new(Arc::clone(&clock), FPS);
        let core = Core::new(DEVICE.0, DEVICE.1, UtcMillis(0), last_seq, CoreOptions::default());
        Self { core, clock, stage, records: Vec::new() }
    }

    /// A plan arrives, with every file it names.
    pub(super) fn hear(&mut self, plan: &Arc<DayPlan>) {
        for asset in &plan.table.assets {
            let path = PathBuf::from(asset.code.as_str());
            self.tell(Event::MediaReady { hash: asset.media.hash, path });
        }
        self.tell(Event::Playlist(Arc::clone(plan)));
    }

    /// Lives from event to event; what is due at `until` is left for later.
    pub(super) fn live_until(&mut self, until: UtcMillis) {
        loop {
            let events = self.stage.pop_events();
            let quiet = events.is_empty();
            for event in events {
                self.tell(Event::Stage(event));
            }
            let now = self.clock.now();
            if self.core.next_wake().is_some_and(|at| at <= now) {
                self.tell(Event::Tick);
            } else if quiet {
                let next = [self.core.next_wake(), self.stage.next_event_at()].into_iter().flatten().min();
                let Some(at) = next.filter(|at| *at < until) else { return self.clock.advance_to(until) };
                self.clock.advance_to(at);
            }
        }
    }

    fn tell(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let (clock, clock_error_ms) = self.clock.state();
            let now = Now {
                utc: self.clock.now(),
                mono_ms: self.clock.mono_ms(),
                boot: self.clock.boot_id(),
                clock,
                clock_error_ms,
                panel: DisplayLevel::D1,
                area_percent: 100,
            };
            for action in self.core.handle(event, &now) {
                match action {
                    Action::Record(record) => self.records.push(record),
                    Action::Enqueue(item) => self.stage.enqueue(item),
                    Action::ClearQueue => next = Some(Event::Cleared(self.stage.clear_queue())),
                    Action::Interrupt => self.stage.interrupt(),
                    Action::Fault(text) => tracing::debug!(fault = text, "a simulated screen"),
                }
            }
        }
    }
}
