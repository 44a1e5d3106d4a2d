//! The agent: the pure core and its hands, in small sequential steps, so that a real screen's loop
//! ([`run`]) and the scheduler's simulated fleet drive the very same thing.
//!
//! It has three parts that a real loop runs side by side. [`Playing`] decides, shows and writes down,
//! and never waits for anybody; [`Fetching`] brings documents and media; [`Reporting`] hands records
//! over. They share the journal, what is known of the media, and the list of faults.

#[cfg(feature = "stage-gstreamer")]
mod guard;
#[cfg(feature = "stage-gstreamer")]
mod lobby;
#[cfg(feature = "stage-gstreamer")]
mod opening;
mod playing;
#[cfg(feature = "stage-gstreamer")]
pub mod run;
#[cfg(feature = "stage-gstreamer")]
mod show;
#[cfg(feature = "stage-gstreamer")]
mod sticks;
mod vitals;

pub use playing::Playing;

use crate::cache::{Cache, CacheError};
use crate::clock::Advised;
use crate::commands::{Commands, Tools};
use crate::core::CoreOptions;
use crate::display::Display;
use crate::display::hours::PanelRule;
use crate::identity::Identity;
use crate::journal::{Journal, JournalError, Sealer};
use crate::machine::Machine;
use crate::ports::{MediaFs, Transport, TransportError};
use crate::stage::{Stage, StageEvent};
use crate::sync::{News, SyncError, Syncer, Tell};
use crate::trigger::{Announcements, Asked};
use crate::update::{UpdateError, Updates};
use crate::uplink::{PROVE_EVERY_MS, SharedJournal, Uplink, UplinkError, lock};
use crate::usb::Stick;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::segment::{CUT_AT_AGE_MS, CUT_AT_RECORDS};
use lichphat_playlists::time::{HANOI, UtcMillis};
use lichphat_playlists::wire::device::{Heartbeat, HeartbeatAnswer};
use lichphat_playlists::wire::health::Health;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use vitals::Vitals;

/// Settings of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentOptions {
    /// Settings of its mind.
    pub core: CoreOptions,
    /// Plays after which a segment is cut.
    pub cut_at_records: usize,
    /// Age after which a segment is cut, ms.
    pub cut_at_age_ms: i64,
    /// Share of the screen that the picture has, per cent.
    pub area_percent: u8,
    /// What an announcement of the place does.
    pub announcements: Announcements,
    /// When the panel is to be on.
    pub panel: PanelRule,
    /// How often the log is asked for proofs, ms.
    pub prove_every_ms: i64,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self {
            core: CoreOptions::default(),
            cut_at_records: CUT_AT_RECORDS,
            cut_at_age_ms: CUT_AT_AGE_MS,
            announcements: Announcements::default(),
            panel: PanelRule::default(),
            prove_every_ms: PROVE_EVERY_MS,
            area_percent: 100,
        }
    }
}

/// Everything an agent is made of.
pub struct AgentParts {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// Time.
    pub clock: Arc<Advised>,
    /// The way to the scheduler.
    pub transport: Arc<dyn Transport>,
    /// Media and documents.
    pub fs: Arc<dyn MediaFs>,
    /// Records.
    pub journal: Box<dyn Journal>,
    /// The picture.
    pub stage: Box<dyn Stage>,
    /// The panel.
    pub display: Arc<dyn Display>,
    /// The box; none for a simulated one, which has no heat and no disk.
    pub machine: Option<Machine>,
    /// What commands are done with.
    pub tools: Tools,
    /// New versions of the player; none when it takes none.
    pub updates: Option<Arc<Updates>>,
    /// Settings.
    pub options: AgentOptions,
}

impl std::fmt::Debug for AgentParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentParts").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// Why the agent could not do it; whatever it is, the screen goes on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Fetching.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Reporting.
    #[error(transparent)]
    Uplink(#[from] UplinkError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A new version of the player.
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// The last faults, newest last, shared by the parts of an agent.
#[derive(Debug, Clone, Default)]
pub struct FaultLog(Arc<Mutex<VecDeque<String>>>);

impl FaultLog {
    /// Faults told with a heartbeat.
    const MOST: usize = 8;

    /// Notes a fault; the same one again is noted once.
    pub fn note(&self, text: String) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.back() == Some(&text) {
            return;
        }
        tracing::warn!("{text}");
        if faults.len() == Self::MOST {
            faults.pop_front();
        }
        faults.push_back(text);
    }
    /// The last ones, newest last.
    pub fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// One screen's agent.
#[derive(Debug)]
pub struct Agent {
    playing: Playing,
    fetching: Fetching,
    reporting: Reporting,
}

impl Agent {
    /// Takes up where the last run ended: playlists, media and records on the disk are enough to play
    /// at once. Call [`Agent::tick`] next.
    pub fn start(parts: AgentParts) -> Self {
        let mut agent = Self::start_unchecked(parts);
        let playing = &mut agent.playing;
        agent.fetching.check_media(&mut |news| playing.take(news));
        agent
    }

    /// Like [`Agent::start`], with the media on the disk not hashed yet: [`Fetching::check_media`] is to follow.
    fn start_unchecked(parts: AgentParts) -> Self {
        let clock = parts.clock;
        let faults = FaultLog::default();
        let cache = Cache::new(parts.fs.clone());
        let (syncer, plans, refused) =
            Syncer::load(parts.transport.clone(), parts.identity.clone(), parts.fs.clone(), cache.clone());
        refused.into_iter().for_each(|fault| faults.note(fault));
        let sealer = Sealer {
            device: parts.identity.device,
            epoch: parts.identity.epoch,
            screen: parts.identity.screen.clone(),
            offset: plans.last().map_or(HANOI, |p| p.playlist.offset_min),
            simulated: parts.identity.simulated,
            key: parts.identity.evidence_copy(),
            dating: None,
        };
        let journal: SharedJournal = Arc::new(Mutex::new(parts.journal));
        let hands = playing::Hands {
            clock: clock.clone(),
            stage: parts.stage,
            display: parts.display.clone(),
            journal: journal.clone(),
            sealer,
            since: parts.identity.since,
            cache,
            faults: faults.clone(),
            updates: parts.updates.clone(),
        };
        let mut playing = Playing::new(hands, parts.options);
        playing.restore(&plans);
        playing.take(News::Withdrawn(syncer.withdrawals().clone()));
        for plan in syncer.newest().into_values() {
            playing.take(News::Playlist(plan.clone()));
        }
        let run = parts.tools.chance();
        let commands =
            Commands::load(parts.identity.clone(), clock.clone(), parts.display.clone(), parts.fs, parts.tools);
        let missing = Arc::new(AtomicU32::new(0));
        let updates = parts.updates.clone().map(|updates| (updates, parts.transport.clone()));
        let vitals = Vitals::new(parts.machine, parts.display, clock.clone(), parts.transport.clone());
        let reporting = Reporting {
            uplink: Uplink::new(parts.transport, parts.identity, journal.clone(), parts.options.prove_every_ms),
            journal,
            clock: clock.clone(),
            run,
            commands,
            vitals,
            faults,
            missing: missing.clone(),
            updates: parts.updates,
        };
        Self { playing, fetching: Fetching { syncer, clock, missing, updates }, reporting }
    }

    /// Its parts, for a loop that runs them side by side.
    pub fn split(self) -> (Playing, Fetching, Reporting) {
        (self.playing, self.fetching, self.reporting)
    }
    /// The part that plays.
    pub fn playing(&self) -> &Playing {
        &self.playing
    }

    /// One round of fetching: index, playlists, media.
    pub async fn sync_once(&mut self) -> Result<(), AgentError> {
        let playing = &mut self.playing;
        self.fetching.sync_once(&mut |news| playing.take(news)).await
    }
    /// Sends every sealed segment the scheduler does not hold; returns how many went.
    pub async fn upload_once(&mut self) -> Result<usize, AgentError> {
        self.reporting.upload_once().await
    }
    /// Takes what a stick brings, and leaves on it every record until now; returns how many segments.
    pub async fn visit(&mut self, stick: &Stick) -> Result<usize, AgentError> {
        let playing = &mut self.playing;
        playing.cut_for_stick();
        let left = self.reporting.visit(stick).await?;
        self.fetching.visit(stick, &mut |news| playing.take(news)).await?;
        Ok(left)
    }
    /// Says how it is.
    pub async fn heartbeat(&mut self) -> Result<HeartbeatAnswer, AgentError> {
        self.reporting.heartbeat().await
    }
    /// True once somebody asked for the player to stop in order and start again.
    pub fn restart_is_due(&self) -> bool {
        self.reporting.restart_is_due()
    }
    /// The stage said something.
    pub fn on_stage_event(&mut self, event: StageEvent) {
        self.playing.on_stage_event(event);
    }
    /// Somebody says that an announcement of the place begins, goes on or ends.
    pub fn hear(&mut self, asked: Asked) {
        self.playing.hear(asked);
    }
    /// Time passed.
    pub fn tick(&mut self) {
        self.playing.tick();
    }
    /// When [`Agent::tick`] is due at the latest.
    pub fn next_wake(&self) -> Option<UtcMillis> {
        self.playing.next_wake()
    }
    /// Notes something people should know; the last eight go out with the heartbeat.
    pub fn fault(&mut self, text: String) {
        self.reporting.faults.note(text);
    }
    /// First half of an orderly stop: the stage ends its running play. Deliver its last events, then
    /// call [`Agent::stop`].
    pub fn begin_stop(&mut self) {
        self.playing.begin_stop();
    }
    /// Second half of an orderly stop: cuts the last segment and sends it.
    pub async fn stop(&mut self) -> Result<(), AgentError> {
        self.playing.cut()?;
        self.upload_once().await?;
        Ok(())
    }
}

/// The part that brings documents and media.
pub struct Fetching {
    syncer: Syncer,
    clock: Arc<dyn Clock>,
    missing: Arc<AtomicU32>,
    /// New versions, and the way to them.
    updates: Option<(Arc<Updates>, Arc<dyn Transport>)>,
}

impl std::fmt::Debug for Fetching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetching").field("syncer", &self.syncer).finish_non_exhaustive()
    }
}

impl Fetching {
    /// Hashes the media on the disk that the horizon needs; no network.
    pub fn check_media(&mut self, tell: Tell<'_>) {
        self.syncer.check_media(self.clock.now(), tell);
        self.missing.store(self.syncer.media_missing(), Relaxed);
    }
    /// One round of fetching. May be dropped at any point: what came so far is gone on with.
    pub async fn sync_once(&mut self, tell: Tell<'_>) -> Result<(), AgentError> {
        let result = self.syncer.sync_once(self.clock.now(), tell).await;
        self.missing.store(self.syncer.media_missing(), Relaxed);
        result?;
        // What is to be shown comes first.
        if let Some((updates, transport)) = &self.updates {
            match updates.fetch(&**transport, self.clock.now()).await {
                // It waits for the line like any other file.
                Err(UpdateError::Fetch(CacheError::Transport(TransportError::HeldBack(_)))) => {}
                fetched => fetched?,
            }
        }
        Ok(())
    }
    /// The same from a stick.
    pub async fn visit(&mut self, stick: &Stick, tell: Tell<'_>) -> Result<(), AgentError> {
        let result = self.syncer.visit(stick, self.clock.now(), tell).await;
        self.missing.store(self.syncer.media_missing(), Relaxed);
        result?;
        if let Some((updates, _)) = &self.updates {
            updates.visit(stick, self.clock.now(), self.clock.state().0).await?;
        }
        Ok(())
    }
}

/// The part that hands records over and says how the device is.
pub struct Reporting {
    uplink: Uplink,
    journal: SharedJournal,
    clock: Arc<Advised>,
    /// By which the scheduler tells this run from another of the same identity.
    run: String,
    commands: Commands,
    vitals: Vitals,
    faults: FaultLog,
    missing: Arc<AtomicU32>,
    updates: Option<Arc<Updates>>,
}

impl std::fmt::Debug for Reporting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporting").field("uplink", &self.uplink).finish_non_exhaustive()
    }
}

impl Reporting {
    /// Sends every sealed segment the scheduler does not hold yet; returns how many went.
    pub async fn upload_once(&mut self) -> Result<usize, AgentError> {
        Ok(self.uplink.upload_once(self.clock.now()).await?)
    }
    /// Obeys the receipt on a stick and leaves everything sealed on it that no receipt covers; returns how many segments.
    pub async fn visit(&self, stick: &Stick) -> Result<usize, AgentError> {
        Ok(self.uplink.visit(stick, self.clock.now()).await?)
    }
    /// Notes something people should know.
    pub fn fault(&self, text: String) {
        self.faults.note(text);
    }
    /// True once somebody asked for the player to stop in order and start again.
    pub fn restart_is_due(&self) -> bool {
        self.commands.restart_is_due()
    }
    /// Says how the device is, does what is asked of it, and answers.
    pub async fn heartbeat(&mut self) -> Result<HeartbeatAnswer, AgentError> {
        let now = self.clock.now();
        let (last_seq, acked_seq, log, unproven) = {
            let journal = lock(&self.journal);
            let unproven = journal.first_unproven().unwrap_or_default();
            (journal.last_seq(), journal.acked(), journal.log_fault().unwrap_or_default(), unproven)
        };
        let unproven_s = unproven.map(|(_, sealed_at)| now.since_ms(sealed_at).max(0).unsigned_abs() / 1000);
        let heartbeat = Heartbeat {
            at_ms: now,
            boot: self.clock.boot_id(),
            run: self.run.clone(),
            last_seq,
            acked_seq,
            head: None, // the uplink adds it
            health: Health { log, unproven_s, ..self.vitals.read() },
            release: self.updates.as_ref().map(|updates| updates.standing()),
            media_missing: self.missing.load(Relaxed),
            faults: self.faults.list(),
        };
        let (said_mono_ms, told) = (self.clock.mono_ms(), heartbeat.release.clone());
        let answer = self.uplink.heartbeat(heartbeat).await?;
        self.clock.told(answer.at_ms, said_mono_ms);
        if let (Some(updates), Some(told)) = (&self.updates, &told)
            && let Err(error) = updates.heard(told, answer.release.as_deref(), self.clock.now(), self.clock.state().0)
        {
            self.fault(error.to_string());
        }
        for fault in self.commands.take(&answer.commands).await {
            self.faults.note(fault);
        }
        while let Some(sealed) = self.commands.next_answer() {
            self.uplink.answer_command(sealed).await?;
            self.commands.answered();
        }
        Ok(answer)
    }
}
