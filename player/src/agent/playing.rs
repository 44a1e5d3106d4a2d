//! The half that plays: it asks the core, moves the stage, and writes every play down before
//! anything else.

use super::{AgentOptions, FaultLog};
use crate::cache::{Cache, Held};
use crate::core::{Action, Core, DayPlan, Event, Now};
use crate::display::Display;
use crate::display::watch::Wanted;
use crate::journal::{Dating, JournalError, Sealer};
use crate::ports::Pinned;
use crate::stage::{Stage, StageEvent, StageItem, StageReport, StageResult};
use crate::sync::News;
use crate::trigger::lease::Lease;
use crate::trigger::{Asked, Mode};
use crate::update::{Scene, Updates};
use crate::uplink::{SharedJournal, lock};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::proof::record::{Cause, PlayRecord};
use lichphat_playlists::time::{DAY_S, UtcMillis};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Most records kept in memory while the disk takes none: several days.
const MAX_UNWRITTEN: usize = 20_000;
/// Most records that wait for somebody to know the time: some five hours; a segment holds twice as many.
const MOST_UNDATED: usize = 2_000;
/// How soon writing is tried again, ms.
const RETRY_MS: i64 = 10_000;
/// How far back records are read at the start, ms: the horizon and a day.
const RESTORE_MS: i64 = 8 * 86_400_000;

/// What the playing half works with.
pub(super) struct Hands {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stage: Box<dyn Stage>,
    pub(super) display: Arc<dyn Display>,
    pub(super) journal: SharedJournal,
    pub(super) sealer: Sealer,
    /// When the device was registered.
    pub(super) since: UtcMillis,
    pub(super) cache: Cache,
    pub(super) faults: FaultLog,
    pub(super) updates: Option<Arc<Updates>>,
}

/// Decides, shows, writes down.
pub struct Playing {
    core: Core,
    hands: Hands,
    options: AgentOptions,
    unwritten: VecDeque<PlayRecord>,
    retry_at: Option<UtcMillis>,
    /// Records in the open run, and the start of the oldest; the journal's own, remembered.
    open: (usize, Option<UtcMillis>),
    lease: Lease,
    /// Files of what is with the stage, by ticket.
    open_files: BTreeMap<u64, Pinned>,
    /// An announcement has its way with the stage.
    announced: bool,
    /// Time shown in this run with rendered frames, ms.
    shown_ms: u64,
    stopping: bool,
    refetch: bool,
    sealed: bool,
}

impl std::fmt::Debug for Playing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playing").field("core", &self.core).finish_non_exhaustive()
    }
}

impl Playing {
    pub(super) fn new(hands: Hands, options: AgentOptions) -> Self {
        let (last_seq, open) = {
            let journal = lock(&hands.journal);
            (journal.last_seq(), journal.open_run())
        };
        Self {
            core: Core::new(hands.sealer.device, hands.sealer.epoch, hands.since, last_seq, options.core),
            hands,
            options,
            unwritten: VecDeque::new(),
            retry_at: None,
            open,
            lease: Lease::new(&options.announcements),
            open_files: BTreeMap::new(),
            announced: false,
            shown_ms: 0,
            stopping: false,
            refetch: false,
            sealed: false,
        }
    }

    pub(super) fn restore(&mut self, plans: &[Arc<DayPlan>]) {
        let since = self.hands.clock.now().plus_ms(-RESTORE_MS);
        let records = lock(&self.hands.journal).records_since(since);
        match records {
            Ok(records) => self.core.restore(plans, &records),
            Err(error) => self.fault(format!("earlier records cannot be read: {error}")),
        }
    }

    /// Takes in what the other half brought.
    pub fn take(&mut self, news: News) {
        match news {
            News::Playlist(plan) => self.decide(Event::Playlist(plan)),
            News::MediaReady { hash, path } => self.decide(Event::MediaReady { hash, path }),
            News::MediaLost { hash, cause } => self.decide(Event::MediaLost { hash, cause }),
            News::Withdrawn(list) => self.decide(Event::Withdrawn(list)),
            News::Fault(text) => self.fault(text),
        }
    }

    /// The stage said something. A play that failed on its bytes has its file hashed again.
    pub fn on_stage_event(&mut self, mut event: StageEvent) {
        if let StageEvent::Started { ticket, at } = &event
            && let Some(media) = self.core.media_of(*ticket)
        {
            tracing::debug!(ticket, at_ms = at.0, %media, "a play begins");
        }
        let mut lost = None;
        if let StageEvent::Ended(report) = &mut event
            && let StageResult::Partial(code) | StageResult::Failed(code) = &mut report.result
            && is_about_the_bytes(code)
            && let Some(hash) = self.core.media_of(report.ticket)
        {
            lost = self.look_again(hash, code);
        }
        self.decide(Event::Stage(event));
        if let Some(event) = lost {
            self.decide(event);
        }
    }

    fn look_again(&mut self, hash: MediaHash, code: &mut String) -> Option<Event> {
        let cause = match self.hands.cache.recheck(hash) {
            Held::Ready => return None, // the bytes are the approved ones; this machine cannot show them
            Held::Corrupt => Cause::Corrupt,
            Held::Missing => Cause::NotFound,
        };
        cause.code().clone_into(code);
        self.refetch = true;
        self.fault(format!("media {hash}: {} on the disk; it is fetched again", cause.code()));
        Some(Event::MediaLost { hash, cause })
    }

    /// True once after a file was lost: the other half should fetch.
    pub fn take_refetch(&mut self) -> bool {
        std::mem::take(&mut self.refetch)
    }

    /// True once after a segment was sealed: it can be sent.
    pub fn take_sealed(&mut self) -> bool {
        std::mem::take(&mut self.sealed)
    }

    /// Somebody says that an announcement begins, goes on or ends.
    pub fn hear(&mut self, asked: Asked) {
        if !self.lease.ask(asked, self.hands.clock.mono_ms()) {
            let most_s = self.options.announcements.most_ms / 1000;
            self.fault(format!("announcements have held for {most_s} s of ten minutes and are not heard for a while; a stuck contact, or a stranger?"));
        }
        self.heed_announcement();
    }

    /// Lowers the sound or breaks the play off while an announcement holds, and goes on after it.
    fn heed_announcement(&mut self) {
        let on = self.lease.holds(self.hands.clock.mono_ms());
        if std::mem::replace(&mut self.announced, on) == on {
            return;
        }
        match self.options.announcements.mode {
            Mode::Duck => self.hands.stage.duck(if on { self.options.announcements.duck_percent } else { 100 }),
            Mode::Pause => self.decide(Event::Announcement(on)),
        }
    }

    /// Time passed.
    pub fn tick(&mut self) {
        self.heed_announcement();
        self.write_waiting();
        self.cut_when_due();
        self.decide(Event::Tick);
    }

    /// When [`Playing::tick`] is due at the latest.
    pub fn next_wake(&self) -> Option<UtcMillis> {
        let cut = self.open.1.map(|oldest| oldest.plus_ms(self.options.cut_at_age_ms));
        let core = if self.stopping { None } else { self.core.next_wake() };
        let silence = self.lease.ends_ms().filter(|_| self.announced).map(|to| {
            let in_ms = to.saturating_sub(self.hands.clock.mono_ms());
            self.hands.clock.now().plus_ms(in_ms as i64)
        });
        [core, self.retry_at, cut, silence].into_iter().flatten().min()
    }

    /// Notes something people should know.
    pub fn fault(&self, text: String) {
        self.hands.faults.note(text);
    }
    /// The last faults, newest last.
    pub fn faults(&self) -> Vec<String> {
        self.hands.faults.list()
    }
    /// The mind, to look at.
    pub fn core(&self) -> &Core {
        &self.core
    }
    /// What the hours of duty ask of the panel now. While something is on the screen it stays on.
    pub fn panel_wanted(&self) -> Wanted {
        let (clock, core) = (&self.hands.clock, &self.core);
        let duty = |day| core.duty_of(day);
        match self.options.panel.wanted(clock.now(), clock.state().0, core.offset(), duty) {
            Wanted::Standby if core.is_showing() => Wanted::On,
            wanted => wanted,
        }
    }
    /// True when the player is to stop in order and be started again: into a new version, or back from one.
    pub fn restart_due(&self) -> bool {
        let Some(updates) = &self.hands.updates else { return false };
        let due = updates.step(&self.scene());
        updates.take_faults().into_iter().for_each(|fault| self.fault(fault));
        due
    }
    fn scene(&self) -> Scene {
        let now = self.hands.clock.now();
        let (today, ms) = now.local(self.core.offset());
        let second = (ms / 1000).max(1);
        let hours = |day| self.core.duty_of(day);
        let full = hours(today).is_some_and(|duty| duty.holds(second, DAY_S))
            && hours(today.next()).is_some_and(|duty| duty.holds(0, second));
        Scene {
            now,
            mono_ms: self.hands.clock.mono_ms(),
            on_duty: hours(today).is_some_and(|duty| duty.contains(second)),
            rests: !full,
            matters: self.core.is_showing_a_quota(),
            shown_ms: self.shown_ms,
            stage_answers: self.core.stage_answers(),
        }
    }
    /// Records that wait for room on the disk.
    pub fn unwritten(&self) -> usize {
        self.unwritten.len()
    }

    /// The stage ends its running play; nothing more is given to it.
    pub fn begin_stop(&mut self) {
        self.stopping = true;
        self.hands.stage.stop();
    }

    /// Seals the open run.
    pub fn cut(&mut self) -> Result<(), JournalError> {
        self.write_waiting();
        let now = self.now();
        self.hands.sealer.dating = (now.clock != ClockState::Unset).then_some(Dating {
            boot: now.boot,
            mono_ms: now.mono_ms,
            now: now.utc,
            clock: (now.clock, now.clock_error_ms),
        });
        let result = lock(&self.hands.journal).cut(&self.hands.sealer, self.hands.clock.now());
        self.open = lock(&self.hands.journal).open_run();
        self.sealed |= matches!(result, Ok(Some(_)));
        result.map(|_| ())
    }

    /// Seals what was shown until now, for a stick to carry away; what cannot be sealed goes with the next one.
    pub fn cut_for_stick(&mut self) {
        if let Err(error) = self.cut() {
            self.fault(error.to_string());
        }
    }

    fn decide(&mut self, event: Event) {
        let mut next = VecDeque::from([event]);
        while let Some(event) = next.pop_front() {
            if let Event::Stage(StageEvent::Ended(report)) = &event {
                self.open_files.remove(&report.ticket);
            }
            let now = self.now();
            for action in self.core.handle(event, &now) {
                match action {
                    Action::Record(record) => self.write(record),
                    Action::Enqueue(_) if self.stopping => {}
                    Action::Enqueue(item) => match self.open(item) {
                        Ok(item) => self.hands.stage.enqueue(item),
                        Err(events) => next.extend(events),
                    },
                    Action::ClearQueue => {
                        let tickets = self.hands.stage.clear_queue();
                        tickets.iter().for_each(|ticket| drop(self.open_files.remove(ticket)));
                        next.push_back(Event::Cleared(tickets));
                    }
                    Action::Interrupt => self.hands.stage.interrupt(),
                    Action::Fault(text) => self.fault(text),
                }
            }
        }
        self.hands.sealer.offset = self.core.offset();
    }

    /// The item with the file that was hashed, open until its play is over; or what becomes of it when that is not there.
    fn open(&mut self, mut item: StageItem) -> Result<StageItem, Vec<Event>> {
        let Some(hash) = self.core.media_of(item.ticket) else { return Ok(item) };
        let cause = match self.hands.cache.open(hash) {
            Ok(file) => {
                item.path.clone_from(&file.path);
                self.open_files.insert(item.ticket, file);
                return Ok(item);
            }
            Err(Held::Missing) => Cause::NotFound,
            Err(Held::Ready | Held::Corrupt) => Cause::Corrupt,
        };
        self.refetch = true;
        self.fault(format!("media {hash}: {} on the disk; it is fetched again", cause.code()));
        let now = self.now();
        let report = StageReport {
            ticket: item.ticket,
            start: now.utc,
            end: now.utc,
            mono_start_ms: now.mono_ms,
            frames_rendered: 0,
            frames_dropped: 0,
            result: StageResult::Failed(cause.code().to_owned()),
        };
        Err(vec![Event::MediaLost { hash, cause }, Event::Stage(StageEvent::Ended(report))])
    }

    fn now(&self) -> Now {
        let (clock, clock_error_ms) = self.hands.clock.state();
        Now {
            utc: self.hands.clock.now(),
            mono_ms: self.hands.clock.mono_ms(),
            boot: self.hands.clock.boot_id(),
            clock,
            clock_error_ms,
            panel: self.hands.display.level(),
            area_percent: self.options.area_percent,
        }
    }

    fn write(&mut self, record: PlayRecord) {
        if record.frames_rendered > 0 {
            self.shown_ms += record.end.since_ms(record.start).max(0) as u64;
        }
        if self.unwritten.len() >= MAX_UNWRITTEN {
            self.fault(format!("{MAX_UNWRITTEN} records wait for room on the disk: later ones are lost"));
            return;
        }
        self.unwritten.push_back(record);
        if self.retry_at.is_none_or(|at| self.hands.clock.now() >= at) {
            self.write_waiting();
        }
        self.cut_when_due();
    }

    /// Writes what waits, in order; what cannot be written goes on waiting.
    fn write_waiting(&mut self) {
        self.retry_at = None;
        while let Some(record) = self.unwritten.front() {
            let written = lock(&self.hands.journal).append(record);
            if let Err(error) = written {
                self.retry_at = Some(self.hands.clock.now().plus_ms(RETRY_MS));
                self.fault(error.to_string());
                return;
            }
            self.open = (self.open.0 + 1, self.open.1.or(Some(record.start)));
            self.unwritten.pop_front();
        }
    }

    fn cut_when_due(&mut self) {
        let now = self.hands.clock.now();
        let old = self.open.1.is_some_and(|oldest| now.since_ms(oldest) >= self.options.cut_at_age_ms);
        // What is sealed cannot be dated any more: while nobody knows the time, it waits for it.
        if self.open.0 < MOST_UNDATED && self.hands.clock.state().0 == ClockState::Unset {
            self.open.1 = if old { Some(now) } else { self.open.1 };
            return;
        }
        if self.open.0 >= self.options.cut_at_records || old {
            if let Err(error) = self.cut() {
                self.fault(error.to_string());
            }
            if old && self.open.1.is_some() {
                self.open.1 = Some(now); // could not be cut: not again at once
            }
        }
    }
}

fn is_about_the_bytes(code: &str) -> bool {
    matches!(
        code,
        "not-found"
            | "not-readable"
            | "unknown-format"
            | "no-decoder"
            | "decode-error"
            | "no-picture"
            | "no-sound"
            | "ended-early"
    )
}
