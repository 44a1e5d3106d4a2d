//! Everything a screen is made of, opened as the settings say.

use super::lobby::Lobby;
use super::run::RunError;
use super::{AgentOptions, AgentParts};
use crate::cache::StdMediaFs;
use crate::clock::{Advised, SystemClock, SystemRng};
use crate::commands::Tools;
use crate::config::{ConfigError, PlayerConfig};
use crate::decoders;
use crate::display::drm::{DrmDisplay, Link};
use crate::display::watch::Panel;
use crate::display::{Display, FixedDisplay};
use crate::identity::Identity;
use crate::journal::broken::BrokenJournal;
use crate::journal::sqlite::{FILE_NAME, SqliteJournal};
use crate::journal::{Journal, JournalError};
use crate::log::LogRing;
use crate::machine::Machine;
use crate::meter::{Metered, interface};
use crate::ports::{MediaFs, Transport};
use crate::stage::gst::{GstStage, StageError};
use crate::stage::layout::{Area, Cover};
use crate::stage::{Front, PictureSink, StageEvent, StageSettings};
use crate::update::Updates;
use crate::update::launch::running;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::record::DisplayLevel;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Where the kernel says what it knows of the connectors.
pub(super) const DRM: &str = "/sys/class/drm";

/// Opens picture and sound as the settings say.
pub(super) fn open_stage(
    config: &PlayerConfig,
    clock: Arc<dyn Clock>,
    tell: UnboundedSender<StageEvent>,
) -> Result<GstStage, RunError> {
    let area = area(config)?;
    let settings = StageSettings {
        width_px: area.width,
        height_px: area.height,
        cover: match config.reserved {
            Some(_) => Cover::Part(area, (config.width_px, config.height_px)),
            None if config.full_screen => Cover::Display,
            None => Cover::Picture,
        },
        background: config.background,
        fps: config.fps,
        fit: config.fit,
        picture: config.sink,
        sound: config.sound,
        sound_rule: config.sound_rule.clone(),
    };
    decoders::init(config.hardware_decoders).map_err(|e| StageError::Gstreamer(e.to_string()))?;
    Ok(GstStage::open(settings, clock, tell)?)
}

fn area(config: &PlayerConfig) -> Result<Area, ConfigError> {
    config.area().map_err(|problem| ConfigError { path: "player.toml".into(), problem })
}

/// A screen that is about to run.
pub(super) struct Opened {
    pub(super) parts: AgentParts,
    /// A panel that can be asked and switched.
    pub(super) panel: Option<Arc<Panel>>,
    pub(super) front: Arc<dyn Front>,
    pub(super) events: UnboundedReceiver<StageEvent>,
}

pub(super) fn open(
    config: &PlayerConfig,
    identity: Identity,
    transport: Arc<dyn Transport>,
    lobby: Option<Lobby>,
    log: &LogRing,
) -> Result<Opened, RunError> {
    let state = &config.state_dir;
    let key = identity.evidence.verifying_key();
    let opened = SqliteJournal::open(&state.join(FILE_NAME), identity.device, identity.epoch, key);
    let mut last_known = None;
    let journal: Box<dyn Journal> = match opened {
        Ok(journal) => {
            last_known = journal.last_end()?;
            Box::new(journal)
        }
        Err(error @ JournalError::Foreign { .. }) => return Err(error.into()),
        Err(error) => {
            tracing::error!("{error}");
            Box::new(BrokenJournal(error.to_string()))
        }
    };
    let (stage, events, clock) = match lobby {
        Some(lobby) => (lobby.stage, lobby.events, lobby.clock),
        None => {
            let clock = Advised::new(Arc::new(SystemClock::start(state, last_known)?));
            let (tell, events) = unbounded_channel();
            (open_stage(config, clock.clone(), tell)?, events, clock)
        }
    };
    let panel = match config.sink {
        PictureSink::Fake | PictureSink::None => None,
        _ => {
            let connector = DrmDisplay::new(DRM, config.link, state.join("panel-seen"));
            Some(Arc::new(Panel::new(connector, clock.clone())))
        }
    };
    let display: Arc<dyn Display> = match &panel {
        Some(panel) => panel.clone(),
        // Without a panel of its own, a play claims no more than that its frames were rendered.
        None => Arc::new(FixedDisplay::new(DisplayLevel::D1)),
    };
    let fs: Arc<dyn MediaFs> = Arc::new(StdMediaFs::new(state)?);
    let key = config.update.key().map_err(|problem| ConfigError { path: "player.toml".into(), problem })?;
    let updates = key.map(|key| Arc::new(Updates::new(fs.clone(), key, identity.device, running())));
    let front = stage.front();
    let pace = config.data.pace(config.poll_s, config.segment_age_s, config.proofs_every_s);
    let transport = Arc::new(Metered::new(transport, config.data.clone(), clock.clone(), fs.clone(), interface));
    let parts = AgentParts {
        identity: Arc::new(identity),
        clock,
        transport,
        fs,
        updates,
        journal,
        tools: Tools::new(stage.front(), log.clone(), Arc::new(SystemRng)),
        stage: Box::new(stage),
        display,
        machine: Some(Machine::new("/", state)),
        options: AgentOptions {
            cut_at_records: config.segment_plays as usize,
            cut_at_age_ms: i64::from(pace.segment_age_s) * 1000,
            area_percent: area(config)?.percent_of(config.width_px, config.height_px),
            announcements: config.trigger.announcements(),
            panel: config.panel,
            prove_every_ms: i64::from(pace.proofs_every_s) * 1000,
            ..AgentOptions::default()
        },
    };
    // Behind a splitter or an LED processor whoever answers is not the panel.
    Ok(Opened { parts, panel: panel.filter(|_| config.link == Link::Direct), front, events })
}
