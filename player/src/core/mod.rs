//! The decisions of a screen, pure: an event and the time in, actions out. What is due, what stands
//! in when it cannot be shown, what is written down, what is made good and when.
//!
//! Invariants:
//! - a slot is shown at most once, whatever the clock, the plan's version or the power do; one that moves so that
//!   misses fit beside it stays the slot it is;
//! - the screen never goes idle on duty while anything verified is on the disk, but for an announcement of the place,
//!   which breaks the play off and leaves the last picture;
//! - every play that was with the stage is recorded exactly once, when the stage reports it;
//! - a version never goes back;
//! - nothing begins that was not approved for this screen and day, and what is taken back is broken off.

mod account;
mod choose;
mod day;
mod making_good;
mod passing;
mod repair;
mod staged;
mod written;

pub use day::DayPlan;

use crate::stage::{StageEvent, StageItem};
use account::Account;
use day::Day;
use lichphat_playlists::ids::{BootId, DeviceId, Epoch, MediaHash, PlanHash, Seq};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::permit::Withdrawals;
use repair::Placed;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// How late a slot may begin, ms; later than that it is skipped.
pub const LATE_MS: u32 = 1_500;
/// How long before its start an item is given to an idle stage, ms, so that it is ready in time.
pub const LEAD_MS: u32 = 15_000;
/// Gaps shorter than this keep the last picture, ms.
pub const MIN_FILL_MS: u32 = 1_000;
/// A wall clock that moves this much against the monotonic one has been set, ms.
const STEP_MS: i64 = 1_000;
/// How long after its end the stage may keep a play's report, ms.
const REPORT_GRACE_MS: u64 = 30_000;
/// Awake this much later than asked for means: was not running, ms.
const ABSENT_MS: i64 = 60_000;
/// How long a stand-in that could not be shown is left alone, ms.
const REST_MS: u64 = 20_000;
/// Unreported plays in a row after which the stage is held to be gone.
const MOST_UNHEARD: u32 = 3;
/// Days before today whose misses and marks are kept.
const DAYS_KEPT: u32 = 8;

/// The world at the moment of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall clock.
    pub utc: UtcMillis,
    /// Monotonic clock, ms.
    pub mono_ms: u64,
    /// Boot.
    pub boot: BootId,
    /// Trust in the wall clock.
    pub clock: ClockState,
    /// Its estimated error, ms.
    pub clock_error_ms: u32,
    /// The panel.
    pub panel: DisplayLevel,
    /// Share of the screen that is the picture's, per cent.
    pub area_percent: u8,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A verified playlist arrived.
    Playlist(Arc<DayPlan>),
    /// A verified file can be played.
    MediaReady {
        /// Its name.
        hash: MediaHash,
        /// Where the stage opens it.
        path: PathBuf,
    },
    /// A file can no longer be played.
    MediaLost {
        /// Its name.
        hash: MediaHash,
        /// `Corrupt` or `NotFound`.
        cause: Cause,
    },
    /// The stage says something.
    Stage(StageEvent),
    /// Answer to [`Action::ClearQueue`]: the tickets the stage forgot.
    Cleared(Vec<u64>),
    /// All that was taken back.
    Withdrawn(Arc<Withdrawals>),
    /// An announcement that breaks plays off begins (true) or is over.
    Announcement(bool),
    /// Time passed.
    Tick,
}

/// What to do now, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Write this down; before anything else is done with it.
    Record(PlayRecord),
    /// Hand this to the stage.
    Enqueue(StageItem),
    /// Take back what the stage has not begun, and say so with [`Event::Cleared`].
    ClearQueue,
    /// End the running play: for an announcement, or because it was taken back.
    Interrupt,
    /// Tell people; the screen goes on.
    Fault(String),
}

/// Settings and switches of the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreOptions {
    /// False plants a core that never makes good, so that a test can see the difference.
    pub make_good: bool,
}

impl Default for CoreOptions {
    fn default() -> Self {
        Self { make_good: true }
    }
}

/// One item with the stage.
#[derive(Debug)]
struct Queued {
    ticket: u64,
    plan: Arc<DayPlan>,
    item: u16,
    origin: Origin,
    /// Expected, and once it has started, real.
    start: UtcMillis,
    end: UtcMillis,
    /// Expected end on the monotonic scale, ms: no clock that is set can make the stage look silent.
    end_mono_ms: u64,
    started: bool,
    panel: DisplayLevel,
    /// `played_ms` of its day before it was chosen, to go back to when the stage forgets it.
    undo_ms: u32,
    /// What its place was taken from, written when it ends.
    notes: Notes,
}

/// Records that wait to be written, each with the plan it belongs to.
type Notes = Vec<(Arc<DayPlan>, PlayRecord)>;

/// The screen's mind.
#[derive(Debug)]
pub struct Core {
    options: CoreOptions,
    device: DeviceId,
    epoch: Epoch,
    offset: UtcOffset,
    days: BTreeMap<LocalDay, Day>,
    media: HashMap<MediaHash, Result<PathBuf, Cause>>,
    withdrawals: Arc<Withdrawals>,
    queue: VecDeque<Queued>,
    /// What began last: its last picture stays until something else begins.
    last: Option<(Arc<DayPlan>, u16)>,
    next_ticket: u64,
    account: Account,
    placed: Vec<Placed>,
    placed_day: Option<LocalDay>,
    /// Misses or the board changed since places were last sought.
    unplaced: bool,
    /// Notes that wait for the next item.
    carry: Notes,
    /// Stand-ins that could not be shown just now, and until when (monotonic ms) they are left alone.
    resting: BTreeMap<MediaHash, u64>,
    /// Slots that start before the instant were missed for this cause.
    excuses: Vec<(UtcMillis, Cause)>,
    /// Wall minus monotonic clock, at the last event.
    clock_offset: Option<(BootId, i64)>,
    /// When to wake up at the latest.
    wake: Option<UtcMillis>,
    clearing: bool,
    /// An announcement is made: nothing begins.
    interrupted: bool,
    /// Plays in a row that the stage has not reported.
    unheard: u32,
    today: Option<LocalDay>,
}

impl Core {
    /// A core that knows nothing yet. `since` is when the device was registered, `last_seq` the last record in the journal.
    pub fn new(device: DeviceId, epoch: Epoch, since: UtcMillis, last_seq: Seq, options: CoreOptions) -> Self {
        Self {
            options,
            device,
            epoch,
            offset: HANOI,
            days: BTreeMap::new(),
            media: HashMap::new(),
            withdrawals: Arc::default(),
            queue: VecDeque::new(),
            last: None,
            next_ticket: 1,
            account: Account::new(since, last_seq),
            placed: Vec::new(),
            placed_day: None,
            unplaced: false,
            carry: Vec::new(),
            resting: BTreeMap::new(),
            excuses: Vec::new(),
            clock_offset: None,
            wake: None,
            clearing: false,
            interrupted: false,
            unheard: 0,
            today: None,
        }
    }

    /// Takes the records of earlier runs back in, oldest first, before the first event. `plans` are
    /// all versions still on the disk; a record whose plan is gone only marks its time as past.
    pub fn restore(&mut self, plans: &[Arc<DayPlan>], records: &[(Seq, PlayRecord)]) {
        let by_hash: HashMap<PlanHash, &Arc<DayPlan>> = plans.iter().map(|p| (p.hash, p)).collect();
        for (seq, record) in records {
            let plan = by_hash.get(&record.plan);
            if let Origin::Planned { slot } = record.origin {
                match plan {
                    Some(plan) => self.mark_slot(plan, slot, record),
                    None => {
                        let (day, start_ms) = record.start.plus_ms(500).local(self.offset);
                        self.mark(day, start_ms, record.result);
                        // It may come again, and is not to be told a second time what became of its slots.
                        let recorded = &mut self.days.entry(day).or_default().recorded;
                        *recorded.entry((record.plan, slot)).or_default() |= record.result.was_shown();
                    }
                }
            }
            if let Some(plan) = plan {
                self.account.take(*seq, record, plan, plan.playlist.offset_min);
            }
        }
        for plan in plans {
            self.heed_ledger(plan);
        }
        self.unplaced = true;
    }

    /// Decides. The actions are to be done in order.
    #[must_use]
    pub fn handle(&mut self, event: Event, now: &Now) -> Vec<Action> {
        let mut out = Vec::new();
        self.notice_time(now, &mut out);
        match event {
            Event::Playlist(plan) => self.on_playlist(plan, now, &mut out),
            Event::MediaReady { hash, path } => {
                self.media.insert(hash, Ok(path));
                self.unplaced = true;
                self.clear_stand_ins(&mut out); // one may stand in for this very file
            }
            Event::MediaLost { hash, cause } => {
                self.media.insert(hash, Err(cause));
                self.unplaced = true;
            }
            Event::Stage(StageEvent::Started { ticket, at }) => {
                self.unheard = 0;
                self.on_started(ticket, at, now, &mut out);
            }
            Event::Stage(StageEvent::BrokenOff { ticket }) => self.on_broken_off(ticket, now, &mut out),
            Event::Stage(StageEvent::Ended(report)) => {
                self.unheard = 0;
                self.on_ended(&report, now, &mut out);
            }
            Event::Stage(StageEvent::Fault(text)) => out.push(Action::Fault(format!("stage: {text}"))),
            Event::Cleared(tickets) => self.on_cleared(&tickets),
            Event::Withdrawn(list) => self.on_withdrawn(list, now, &mut out),
            Event::Announcement(on) => self.on_announcement(on, now, &mut out),
            Event::Tick => self.give_up_on_silence(now, &mut out),
        }
        if self.clearing {
            self.wake = Some(now.utc.plus_ms(1_000));
        } else {
            self.fill(now, &mut out);
        }
        out
    }

    /// When [`Event::Tick`] is due at the latest; none when only an event from outside can matter.
    pub fn next_wake(&self) -> Option<UtcMillis> {
        let wall = |mono_ms: u64| {
            let (_, offset_ms) = self.clock_offset?;
            Some(UtcMillis((mono_ms as i64).saturating_add(offset_ms)))
        };
        let silence = self.queue.front().and_then(|q| wall(q.end_mono_ms + REPORT_GRACE_MS));
        match (self.wake, silence) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Make-goods that counted, by the device's own judgement.
    pub fn made_good(&self) -> u64 {
        self.account.made_good()
    }
    /// Misses that still wait to be made good.
    pub fn misses(&self) -> usize {
        self.account.misses().len()
    }
    /// False once the stage has left several plays in a row unreported: whatever it shows, nobody can vouch for it.
    pub fn stage_answers(&self) -> bool {
        self.unheard < MOST_UNHEARD
    }
    /// Media of the item with a ticket that the stage still holds.
    pub fn media_of(&self, ticket: u64) -> Option<MediaHash> {
        let queued = self.queue.iter().find(|q| q.ticket == ticket)?;
        Some(queued.plan.asset(queued.item)?.media.hash)
    }
    /// Newest version held of a day.
    pub fn plan_of(&self, day: LocalDay) -> Option<&Arc<DayPlan>> {
        self.days.get(&day)?.plan.as_ref()
    }
    /// Hours of duty of a day: its plan's, or, when nothing is known of it, those in which the safe loop goes on. None when
    /// no plan says anything.
    pub fn duty_of(&self, day: LocalDay) -> Option<&IntervalSet> {
        let stand_by = || DayPlan::stand_by(self.days.range(..day).filter_map(|(_, d)| d.plan.as_ref()));
        Some(&self.plan_of(day).or_else(stand_by)?.playlist.duty)
    }
    /// Is a play on now that somebody counts?
    pub fn is_showing_a_quota(&self) -> bool {
        self.queue.front().is_some_and(|q| q.started && q.plan.terms(q.item).is_some())
    }
    /// Is something on the screen now?
    pub fn is_showing(&self) -> bool {
        self.queue.front().is_some_and(|q| q.started)
    }
    /// Offset of local time from UTC at the screen.
    pub fn offset(&self) -> UtcOffset {
        self.offset
    }

    fn on_playlist(&mut self, plan: Arc<DayPlan>, now: &Now, out: &mut Vec<Action>) {
        let day = plan.day();
        if let Some(held) = self.plan_of(day) {
            if held.hash == plan.hash {
                // The same on better grounds: what was barred may be due after all.
                self.days.entry(day).or_default().plan = Some(plan);
                self.unplaced = true;
                self.clear_stand_ins(out);
                return;
            }
            let (old, new) = (held.playlist.version, plan.playlist.version);
            if new <= old {
                out.push(Action::Fault(format!("playlist of {day}: version {new} is refused, version {old} is held")));
                return;
            }
            // What the old version owed until now stays with the old version.
            let (today, now_ms) = now.utc.local(self.offset);
            if day <= today {
                let end_ms = if day < today { u32::MAX } else { now_ms };
                self.pass(day, end_ms, now, out);
                if let Some(state) = self.days.get_mut(&day) {
                    state.noted_ms = state.noted_ms.max(end_ms);
                }
            }
            if let Some(running) = self.queue.front().filter(|q| q.started && day == today) {
                self.excuses.push((running.end, Cause::Replanned));
            }
        } else {
            self.excuses.push((now.utc, Cause::Replanned)); // until now there was no plan for the day
        }
        self.offset = plan.playlist.offset_min;
        self.heed_ledger(&plan);
        let state = self.days.entry(day).or_default();
        state.take_up(plan);
        if now.utc.day(self.offset).days_since(day) >= i64::from(DAYS_KEPT) {
            state.noted_ms = u32::MAX; // its records are not read any more: what became of it was told long ago
        }
        self.unplaced = true;
        if self.queue.iter().any(|q| !q.started && q.start.day(self.offset) == day) {
            self.clear_queue(out);
        }
    }

    /// The scheduler says in a plan which records it knew; their misses are its to repair.
    fn heed_ledger(&mut self, plan: &DayPlan) {
        if let Some(known) = plan.playlist.ledger_through
            && (known.device, known.epoch) == (self.device, self.epoch)
        {
            self.account.replanned_through(known.seq);
        }
    }
}
