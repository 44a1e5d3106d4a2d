//! The agent: the pure core and its hands, in small sequential steps, so that a real screen's loop
//! ([`run`]) and the scheduler's simulated fleet drive the very same thing.
//!
//! It has two halves. [`Playing`] decides, shows and writes down, and never waits for anybody;
//! [`Link`] talks to the scheduler. They share the journal and what is known of the media.

mod playing;

pub use playing::Playing;

use crate::cache::Cache;
use crate::core::CoreOptions;
use crate::display::Display;
use crate::identity::{Identity, SOFTWARE};
use crate::journal::{Journal, JournalError, Sealer};
use crate::ports::{MediaFs, Transport};
use crate::stage::{Stage, StageEvent};
use crate::sync::{News, SyncError, Syncer, Tell};
use crate::uplink::{SharedJournal, Uplink, UplinkError, lock};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::segment::{CUT_AT_AGE_MS, CUT_AT_RECORDS};
use lichphat_playlists::time::{HANOI, UtcMillis};
use lichphat_playlists::wire::device::{Heartbeat, HeartbeatAnswer};
use std::sync::{Arc, Mutex};

/// Settings of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentOptions {
    /// Settings of its mind.
    pub core: CoreOptions,
    /// Plays after which a segment is cut.
    pub cut_at_records: usize,
    /// Age after which a segment is cut, ms.
    pub cut_at_age_ms: i64,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self { core: CoreOptions::default(), cut_at_records: CUT_AT_RECORDS, cut_at_age_ms: CUT_AT_AGE_MS }
    }
}

/// Everything an agent is made of.
pub struct AgentParts {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// Time.
    pub clock: Arc<dyn Clock>,
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
}

/// One screen's agent.
#[derive(Debug)]
pub struct Agent {
    playing: Playing,
    link: Link,
}

impl Agent {
    /// Takes up where the last run ended: playlists, media and records on the disk are enough to play
    /// at once. Call [`Agent::tick`] next.
    pub fn start(parts: AgentParts) -> Self {
        let cache = Cache::new(parts.fs.clone());
        let now = parts.clock.now();
        let (mut syncer, plans, faults) =
            Syncer::load(parts.transport.clone(), parts.identity.clone(), parts.fs.clone(), cache.clone());
        let sealer = Sealer {
            device: parts.identity.device,
            epoch: parts.identity.epoch,
            screen: parts.identity.screen.clone(),
            offset: plans.last().map_or(HANOI, |p| p.playlist.offset_min),
            simulated: parts.identity.simulated,
            key: parts.identity.evidence_copy(),
        };
        let journal: SharedJournal = Arc::new(Mutex::new(parts.journal));
        let mut playing = Playing::new(
            playing::Hands {
                clock: parts.clock.clone(),
                stage: parts.stage,
                display: parts.display.clone(),
                journal: journal.clone(),
                sealer,
                cache,
            },
            parts.options,
        );
        for fault in faults {
            playing.fault(fault);
        }
        playing.restore(&plans);
        for plan in syncer.newest().into_values() {
            playing.take(News::Playlist(plan.clone()));
        }
        syncer.check_media(now, &mut |news| playing.take(news));
        let uplink = Uplink::new(parts.transport, parts.identity, journal.clone());
        let link = Link { syncer, uplink, journal, clock: parts.clock, display: parts.display, fs: parts.fs };
        Self { playing, link }
    }

    /// Its two halves, for a loop that plays and talks at the same time.
    pub fn split(self) -> (Playing, Link) {
        (self.playing, self.link)
    }
    /// The playing half.
    pub fn playing(&self) -> &Playing {
        &self.playing
    }

    /// One round of fetching: index, playlists, media.
    pub async fn sync_once(&mut self) -> Result<(), AgentError> {
        let playing = &mut self.playing;
        self.link.sync_once(&mut |news| playing.take(news)).await
    }
    /// Sends every sealed segment the scheduler does not hold; returns how many went.
    pub async fn upload_once(&mut self) -> Result<usize, AgentError> {
        self.link.upload_once().await
    }
    /// Says how it is.
    pub async fn heartbeat(&mut self) -> Result<HeartbeatAnswer, AgentError> {
        self.link.heartbeat(self.playing.faults()).await
    }
    /// The stage said something.
    pub fn on_stage_event(&mut self, event: StageEvent) {
        self.playing.on_stage_event(event);
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
        self.playing.fault(text);
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

/// The half that talks to the scheduler.
pub struct Link {
    syncer: Syncer,
    uplink: Uplink,
    journal: SharedJournal,
    clock: Arc<dyn Clock>,
    display: Arc<dyn Display>,
    fs: Arc<dyn MediaFs>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("syncer", &self.syncer).finish_non_exhaustive()
    }
}

impl Link {
    /// One round of fetching.
    pub async fn sync_once(&mut self, tell: Tell<'_>) -> Result<(), AgentError> {
        Ok(self.syncer.sync_once(self.clock.now(), tell).await?)
    }
    /// Sends every sealed segment the scheduler does not hold; returns how many went.
    pub async fn upload_once(&mut self) -> Result<usize, AgentError> {
        Ok(self.uplink.upload_once(self.clock.now()).await?)
    }
    /// ETag of the index last taken.
    pub fn etag(&self) -> Option<&str> {
        self.syncer.etag()
    }
    /// Says how the device is.
    pub async fn heartbeat(&self, faults: Vec<String>) -> Result<HeartbeatAnswer, AgentError> {
        let (last_seq, acked_seq) = {
            let journal = lock(&self.journal);
            (journal.last_seq(), journal.acked())
        };
        let heartbeat = Heartbeat {
            at_ms: self.clock.now(),
            boot: self.clock.boot_id(),
            last_seq,
            acked_seq,
            display: self.display.level(),
            clock: self.clock.state().0,
            software: SOFTWARE.to_owned(),
            disk_free_bytes: self.fs.free_bytes().unwrap_or(0),
            media_missing: self.syncer.media_missing(),
            faults,
        };
        Ok(self.uplink.heartbeat(&heartbeat).await?)
    }
}
