//! `lichphat-player run`: the real screen, from its arguments to what ended it.

use super::Agent;
use super::lobby::Lobby;
use super::opening::{Opened, open};
use super::show::Show;
use crate::clock::{SystemRng, look};
use crate::config::{ConfigError, PlayerConfig};
use crate::identity::credentials::Credentials;
use crate::identity::store::{load, provision, read_provisioning, trust_log as pin_log};
use crate::identity::{Identity, IdentityError};
use crate::journal::JournalError;
use crate::journal::sqlite::{FILE_NAME, SqliteJournal};
use crate::log::LogRing;
use crate::meter::DataRule;
use crate::ports::http::HttpTransport;
use crate::ports::{Transport, TransportError};
use crate::stage::gst::StageError;
use crate::stage::{PictureSink, SoundSink};
use crate::update::launch::launch;
use crate::uplink::head_of;
use crate::usb::watch::Sticks;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::wire::sign::LogSigning;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// `run` and its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// Settings file; what is not in it, and everything without it, is built in
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Provisioning file of `lichphat device add`, used at the first run only
    #[arg(long)]
    pub provision: Option<PathBuf>,
    /// Directory of keys, playlists, media and records
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Where the picture goes (wayland and kms are not tested by the project)
    #[arg(long, value_enum)]
    pub sink: Option<PictureSink>,
    /// A window as large as the output instead of the whole display
    #[arg(long)]
    pub window: bool,
    /// Where the sound goes
    #[arg(long, value_enum)]
    pub audio: Option<SoundSink>,
    /// Fetch media now, whatever `[data]` says of month, hours and networks
    #[arg(long)]
    pub media_now: bool,
    /// Stop in an orderly way after this many seconds
    #[arg(long)]
    pub duration_s: Option<u64>,
}

/// `provision` and its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct ProvisionArgs {
    /// Provisioning file of `lichphat device add`
    pub file: PathBuf,
    /// Directory of keys, playlists, media and records
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// `head` and its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct HeadArgs {
    /// Where to write it
    pub out: PathBuf,
    /// Directory of keys, playlists, media and records
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// `trust-log` and its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct TrustLogArgs {
    /// Public key of the new log, as `lichphat log restart` and `lichphat init` print it: NAME+ID+KEY
    pub key: VerifierKey<LogSigning>,
    /// Directory of keys, playlists, media and records
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// `key` and its arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyArgs {
    /// Directory of keys, playlists, media and records
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// Why the screen cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Who it is.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It was never registered.
    #[error(
        "{state}: this device is not registered; give --provision FILE from `lichphat device add --screen SCREEN`, or server = \"https://ADDRESS:PORT\" in player.toml to pair it"
    )]
    NotRegistered {
        /// The state directory.
        state: PathBuf,
    },
    /// The journal is another device's.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Picture or sound.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The way to the scheduler.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Nothing can be kept there.
    #[error(
        "{state}: {error}; name a directory that this user may write with --state DIR, or state_dir in player.toml"
    )]
    State {
        /// The state directory.
        state: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The operating system.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl RunError {
    /// 2 when the caller can mend it, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::NotRegistered { .. } | Self::State { .. } | Self::Journal(_) => 2,
            Self::Identity(IdentityError::File { .. } | IdentityError::Key { .. } | IdentityError::Refused { .. }) => 2,
            _ => 1,
        }
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Registers the device; one that is registered stays who it is. Returns who it is.
pub fn register_device(args: &ProvisionArgs) -> Result<Identity, RunError> {
    let state = args.state.clone().unwrap_or_else(|| PlayerConfig::default().state_dir);
    let provisioning = read_provisioning(&args.file)?;
    let transport = HttpTransport::to_pair(&provisioning)?;
    Ok(runtime()?.block_on(provision(&state, &provisioning, &transport, &SystemRng, false))?)
}

/// Writes what the device signs of how far its records go, for whoever stands in front of it: an auditor's verifier takes
/// it with `--head`, and no scheduler had its hands on it. The player may be running.
pub fn write_head(args: &HeadArgs) -> Result<DeviceHead, RunError> {
    let state = args.state.clone().unwrap_or_else(|| PlayerConfig::default().state_dir);
    let (identity, path) = (load(&state)?, state.join(FILE_NAME));
    let identity = identity.filter(|_| path.exists()).ok_or(RunError::NotRegistered { state })?;
    let journal = SqliteJournal::open(&path, identity.device, identity.epoch, identity.evidence.verifying_key())?;
    let head = head_of(&identity, &journal, look().0)?;
    std::fs::write(&args.out, head.seal(&identity.evidence).as_bytes())?;
    Ok(head)
}

/// Pins another key of the scheduler's log; who the device is, and its records, stay.
pub fn trust_log(args: &TrustLogArgs) -> Result<(), RunError> {
    let state = args.state.clone().unwrap_or_else(|| PlayerConfig::default().state_dir);
    Ok(pin_log(&state, args.key.clone())?)
}

/// By what a list of boxes names this one; its key is made when there is none.
pub fn fingerprint(args: &KeyArgs) -> Result<Sha256Hash, RunError> {
    let state = args.state.clone().unwrap_or_else(|| PlayerConfig::default().state_dir);
    make(&state)?;
    Ok(Credentials::load_or_make(&state)?.fingerprint())
}

/// The directory of everything that the device keeps.
fn make(state: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(state).map_err(|error| RunError::State { state: state.to_owned(), error })
}

/// What ended a run in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A signal, or its time was over.
    Stopped,
    /// Somebody asked for a restart: whoever started it should start it again.
    ToRestart,
}

/// Runs the screen until a signal, `--duration-s`, or somebody asks for a restart. `log` is where its last lines are.
pub fn run(args: &RunArgs, log: &LogRing) -> Result<Ended, RunError> {
    let config = settings(args)?;
    make(&config.state_dir)?;
    if config.update.release_key.is_some() {
        launch(&config.state_dir);
    }
    runtime()?.block_on(async {
        // Signals first: from here on a stop is an orderly one.
        let mut end = End {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            at: args.duration_s.map(|s| Instant::now() + Duration::from_secs(s)),
        };
        let (identity, lobby) = match load(&config.state_dir)? {
            Some(identity) => (identity, None),
            None if args.provision.is_none() && config.server.is_none() => {
                return Err(RunError::NotRegistered { state: config.state_dir.clone() });
            }
            None => {
                let mut lobby = Lobby::open(&config)?;
                let identity = lobby.identity(args, &config, &mut end).await?;
                let Some(identity) = identity else { return Ok(Ended::Stopped) };
                eprintln!("lichphat-player: registered as device {} at screen {}", identity.device, identity.screen);
                (identity, Some(lobby))
            }
        };
        let transport: Arc<dyn Transport> = Arc::new(HttpTransport::of(&identity)?);
        let Opened { parts, panel, front, events } = open(&config, identity, transport, lobby, log)?;
        let sticks = Sticks::new(config.usb_root, parts.identity.screen.clone());
        let ended = Show {
            transport: parts.transport.clone(),
            clock: parts.clock.clone(),
            panel,
            pace: config.data.pace(config.poll_s, config.segment_age_s, config.proofs_every_s),
            trigger: config.trigger,
            front,
        }
        .run(Agent::start_unchecked(parts), events, sticks, end)
        .await;
        Ok(ended)
    })
}

fn settings(args: &RunArgs) -> Result<PlayerConfig, ConfigError> {
    let mut config = args.config.as_deref().map_or_else(|| Ok(PlayerConfig::default()), PlayerConfig::read)?;
    config.state_dir = args.state.clone().unwrap_or(config.state_dir);
    config.full_screen &= !args.window;
    if args.media_now {
        config.data = DataRule { sparing: config.data.sparing, ..DataRule::default() };
    }
    config.sink = args.sink.unwrap_or(config.sink);
    config.sound = args.audio.unwrap_or(config.sound);
    Ok(config)
}

/// What ends a run.
pub(super) struct End {
    interrupt: Signal,
    terminate: Signal,
    at: Option<Instant>,
}

impl End {
    pub(super) async fn wait(&mut self) {
        let limit = async {
            match self.at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = limit => {}
        }
    }
}
