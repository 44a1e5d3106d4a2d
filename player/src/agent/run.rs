//! `lichphat-player run`: the real screen. Playing, fetching and reporting run side by side; playing
//! waits for neither of the others.

use super::guard::Guard;
use super::lobby::Lobby;
use super::sticks::{Tend, Visit, Visits};
use super::{Agent, AgentError, AgentOptions, AgentParts, Fetching, Playing, Reporting};
use crate::cache::StdMediaFs;
use crate::clock::{SystemClock, SystemRng};
use crate::commands::Tools;
use crate::config::{ConfigError, PlayerConfig};
use crate::decoders;
use crate::display::drm::{DrmDisplay, Link};
use crate::display::line::Lines;
use crate::display::watch::{Panel, PanelNews, Watch};
use crate::display::{Display, FixedDisplay};
use crate::identity::store::{load, provision, read_provisioning};
use crate::identity::{Identity, IdentityError};
use crate::journal::broken::BrokenJournal;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::{Journal, JournalError};
use crate::log::LogRing;
use crate::machine::Machine;
use crate::meter::{DataRule, Metered, Pace, interface};
use crate::ports::http::HttpTransport;
use crate::ports::{MediaFs, Request, Transport, TransportError};
use crate::stage::gst::{GstStage, StageError};
use crate::stage::layout::{Area, Cover};
use crate::stage::{Front, PictureSink, SoundSink, StageEvent, StageSettings};
use crate::sync::sse::EventReader;
use crate::sync::{Backoff, News};
use crate::trigger::listen::Heard;
use crate::trigger::{self, TriggerSettings};
use crate::update::Updates;
use crate::update::launch::{launch, running};
use crate::usb::watch::Sticks;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::UtcMillis;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::{Notify, watch};

/// Words of announcements that wait to be heard; whoever says more waits.
const WORDS: usize = 16;
/// Where the kernel says what it knows of the connectors.
const DRM: &str = "/sys/class/drm";
/// How long the stage may take to report its last play at a stop.
const LAST_WORD: Duration = Duration::from_secs(5);
/// How long the last segment may take to be sent at a stop.
const LAST_UPLOAD: Duration = Duration::from_secs(10);

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
        "{state}: this device is not registered; give --provision FILE from `lichphat device add --screen SCREEN`, or server = \"http://ADDRESS:PORT\" in player.toml to pair it"
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
    /// The operating system.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl RunError {
    /// 2 when the caller can mend it, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::NotRegistered { .. } | Self::Journal(_) => 2,
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
    let transport = HttpTransport::new(&provisioning.server)?;
    Ok(runtime()?.block_on(provision(&state, &provisioning, &transport, &SystemRng, false))?)
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
    std::fs::create_dir_all(&config.state_dir)?;
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
                (identity, Some(lobby))
            }
        };
        let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(&identity.server)?);
        let Opened { parts, panel, front, events } = open(&config, identity, transport, lobby, log)?;
        let sticks = Sticks::new(config.usb_root, parts.identity.screen.clone());
        let ended = Show {
            transport: parts.transport.clone(),
            authorization: parts.identity.authorization(),
            clock: parts.clock.clone(),
            panel,
            pace: config.data.pace(config.poll_s, config.segment_age_s),
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
struct Opened {
    parts: AgentParts,
    /// A panel that can be asked and switched.
    panel: Option<Arc<Panel>>,
    front: Arc<dyn Front>,
    events: UnboundedReceiver<StageEvent>,
}

fn open(
    config: &PlayerConfig,
    identity: Identity,
    transport: Arc<dyn Transport>,
    lobby: Option<Lobby>,
    log: &LogRing,
) -> Result<Opened, RunError> {
    let state = &config.state_dir;
    let key = identity.evidence.verifying_key();
    let opened = SqliteJournal::open(&state.join("journal.db"), identity.device, identity.epoch, key);
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
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::start(state, last_known)?);
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
    let pace = config.data.pace(config.poll_s, config.segment_age_s);
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
            ..AgentOptions::default()
        },
    };
    // Behind a splitter or an LED processor whoever answers is not the panel.
    Ok(Opened { parts, panel: panel.filter(|_| config.link == Link::Direct), front, events })
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

/// What commands bring about.
#[derive(Clone, Default)]
struct Calls {
    /// Something is asked: say a heartbeat, whose answer brings it.
    command: Arc<Notify>,
    /// Somebody asked for a restart.
    restart: Arc<Notify>,
}

struct Show {
    transport: Arc<dyn Transport>,
    authorization: String,
    clock: Arc<dyn Clock>,
    /// A panel that can be asked and switched.
    panel: Option<Arc<Panel>>,
    pace: Pace,
    trigger: TriggerSettings,
    front: Arc<dyn Front>,
}

impl Show {
    async fn run(self, agent: Agent, mut events: UnboundedReceiver<StageEvent>, sticks: Sticks, mut end: End) -> Ended {
        let (mut playing, fetching, reporting) = agent.split();
        let (news, mut heard) = unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let (look, sealed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let calls = Calls::default();
        let (tend, mut to_cut, [to_fetch, to_report]) = Tend::new(sticks, self.front.clone());
        let fetch = tokio::spawn(fetch(fetching, news, look.clone(), self.pace.poll_s, to_fetch, stopped.clone()));
        let report = tokio::spawn(report(
            reporting,
            Duration::from_secs(self.pace.heartbeat_s.into()),
            sealed.clone(),
            calls.clone(),
            to_report,
            stopped.clone(),
        ));
        let call = Request::get("/device/v1/events").header("authorization", self.authorization.clone());
        let listen =
            self.pace.listens.then(|| tokio::spawn(listen(self.transport.clone(), call, look.clone(), calls.clone())));
        let tend = tokio::spawn(tend.run());
        let (tell, mut announced) = channel(WORDS);
        let trigger = tokio::spawn(trigger::listen::listen(self.trigger.clone(), tell));
        playing.tick();
        let mut panel_news = self.watch();
        let mut guard = Guard::ready();
        let mut ended = Ended::Stopped;
        loop {
            let wake = playing.next_wake();
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => playing.on_stage_event(event),
                    None => break, // the stage is gone: the service manager starts the player again
                },
                Some(news) = heard.recv() => playing.take(news),
                Some(word) = announced.recv() => match word {
                    Heard::Asked(asked) => playing.hear(asked),
                    Heard::Fault(text) => playing.fault(text),
                },
                Some(news) = panel_news.recv() => match news {
                    PanelNews::Level(_) => playing.tick(), // the running play is judged by the worst level it met
                    PanelNews::Fault(text) => playing.fault(text),
                },
                () = self.sleep_until(wake) => playing.tick(),
                () = guard.due() => playing.tick(),
                () = calls.restart.notified() => {
                    ended = Ended::ToRestart;
                    break;
                }
                Some(done) = to_cut.recv() => {
                    playing.cut_for_stick();
                    let _ = done.send(()); // whoever asked may have been stopped
                }
                () = end.wait() => break,
            }
            guard.feed(playing.core().stage_answers());
            if playing.restart_due() {
                break; // the service manager starts the player again, and its first step picks the version
            }
            if let Some(panel) = &self.panel {
                panel.want(playing.panel_wanted());
            }
            if playing.take_refetch() {
                look.notify_one();
            }
            if playing.take_sealed() {
                sealed.notify_one();
            }
        }
        guard.stopping();
        stop.send_replace(true);
        if let Some(listen) = listen {
            listen.abort();
        }
        tend.abort();
        trigger.abort();
        fetch.abort();
        last_words(&mut playing, &mut events).await;
        let upload = async {
            let mut reporting = report.await.ok()?;
            Some(reporting.upload_once().await)
        };
        match tokio::time::timeout(LAST_UPLOAD, upload).await {
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => tracing::warn!("the last records are sent at the next start: {error}"),
            _ => tracing::warn!("the last records are sent at the next start"),
        }
        ended
    }

    /// Watches the panel on a thread of its own, which ends when nobody takes its news any more.
    fn watch(&self) -> UnboundedReceiver<PanelNews> {
        let (tell, news) = unbounded_channel();
        if let Some(panel) = self.panel.clone() {
            let watch = Watch::new(panel, Box::new(Lines::new("/dev", DRM, true)));
            std::thread::spawn(move || watch.run(|news| tell.send(news).is_ok(), || !tell.is_closed()));
        }
        news
    }

    /// Until the wall clock shows `wake`, or a minute: the clock may be set meanwhile.
    async fn sleep_until(&self, wake: Option<UtcMillis>) {
        let ms = wake.map_or(60_000, |at| at.since_ms(self.clock.now()).clamp(5, 60_000));
        tokio::time::sleep(Duration::from_millis(ms as u64)).await;
    }
}

/// Orderly stop: the running play is reported, the last segment is cut.
async fn last_words(playing: &mut Playing, events: &mut UnboundedReceiver<StageEvent>) {
    playing.begin_stop();
    let drain = async {
        while let Some(event) = events.recv().await {
            playing.on_stage_event(event);
        }
    };
    if tokio::time::timeout(LAST_WORD, drain).await.is_err() {
        tracing::warn!("the stage did not report its last play in time");
    }
    if let Err(error) = playing.cut() {
        tracing::error!("{error}");
    }
}

async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // An error means that the run is over as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn fetch(
    mut fetching: Fetching,
    news: UnboundedSender<News>,
    look: Arc<Notify>,
    poll_s: u32,
    mut visits: Visits,
    mut stopped: watch::Receiver<bool>,
) {
    let mut tell = |item: News| {
        let _ = news.send(item); // nobody listens any more: the run is over
    };
    fetching.check_media(&mut tell);
    let mut backoff = Backoff::new(u64::from(poll_s) * 1000);
    let mut visit: Option<Visit> = None;
    loop {
        if let Some(visit) = visit.take() {
            let result = fetching.visit(&visit.stick, &mut tell).await;
            visit.done(result.map(|()| 0));
        }
        // A call of the scheduler breaks off a long download; it goes on where it stopped.
        let result = tokio::select! {
            result = fetching.sync_once(&mut tell) => Some(result),
            () = look.notified() => None,
            Some(came) = visits.recv() => {
                visit = Some(came);
                None
            }
            () = stopping(&mut stopped) => return,
        };
        let Some(result) = result else { continue };
        if let Err(error) = &result {
            tell(News::Fault(error.to_string()));
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(backoff.next_ms(result.is_ok(), &SystemRng))) => {}
            () = look.notified() => {}
            Some(came) = visits.recv() => visit = Some(came),
            () = stopping(&mut stopped) => return,
        }
    }
}

/// Sends what is sealed and says how the device is; gives the part back at the stop.
async fn report(
    mut reporting: Reporting,
    heartbeat: Duration,
    sealed: Arc<Notify>,
    calls: Calls,
    mut visits: Visits,
    mut stopped: watch::Receiver<bool>,
) -> Reporting {
    let mut backoff = Backoff::new(heartbeat.as_millis() as u64);
    let mut said: Option<Instant> = None;
    let mut visit: Option<Visit> = None;
    loop {
        if let Some(visit) = visit.take() {
            let result = reporting.visit(&visit.stick).await;
            visit.done(result);
        }
        let round = async {
            let uploaded = reporting.upload_once().await;
            // Records that cannot be handed over are a reason to be heard, not to be silent.
            if said.is_none_or(|at| at.elapsed() >= heartbeat / 2) {
                reporting.heartbeat().await?;
                said = Some(Instant::now());
                if reporting.restart_is_due() {
                    calls.restart.notify_one();
                }
            }
            uploaded?;
            Ok::<_, AgentError>(())
        };
        let result = tokio::select! {
            result = round => result,
            Some(came) = visits.recv() => {
                visit = Some(came);
                continue;
            }
            () = stopping(&mut stopped) => return reporting,
        };
        if let Err(error) = &result {
            reporting.fault(error.to_string());
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(backoff.next_ms(result.is_ok(), &SystemRng))) => {}
            () = sealed.notified() => {}
            () = calls.command.notified() => said = None,
            Some(came) = visits.recv() => visit = Some(came),
            () = stopping(&mut stopped) => return reporting,
        }
    }
}

/// Listens for the scheduler's call that playlists have changed. After every interruption the index
/// is looked at: a call may have been missed.
async fn listen(transport: Arc<dyn Transport>, request: Request, look: Arc<Notify>, calls: Calls) {
    let mut backoff = Backoff::new(1_000);
    loop {
        let opened = transport.events(request.clone()).await.ok().filter(|r| r.status == 200);
        let ok = opened.is_some();
        if let Some(response) = opened {
            look.notify_one();
            let mut reader = EventReader::new(response.body);
            while let Some(event) = reader.next().await {
                match event.name.as_str() {
                    "playlist" => look.notify_one(),
                    "command" => calls.command.notify_one(),
                    _ => {}
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(backoff.next_ms(ok, &SystemRng))).await;
    }
}
