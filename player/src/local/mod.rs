//! `lichphat-player play`: shows a local list without a server, and records what it showed.

mod feed;
mod kind;
mod list;
mod records;

pub use list::{List, ListError, ListItem};

use crate::decoders;
use crate::stage::gst::{GstStage, StageError};
use crate::stage::layout::Cover;
use crate::stage::{PictureSink, SoundRule, SoundSink, Stage, StageEvent, StageItem, StageResult, StageSettings};
use feed::Feed;
use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::time::UtcMillis;
use records::Records;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// `play` and its arguments.
#[derive(Debug, clap::Args)]
pub struct PlayArgs {
    /// The list: {"output":{"width":1280,"height":720,"fps":30},"loop":true,"items":[{"id":"a","path":"a.mp4","duration_ms":4000}]}
    pub list: PathBuf,
    /// Where the picture goes (wayland and kms are not tested by the project)
    #[arg(long, value_enum, default_value = "auto")]
    pub sink: PictureSink,
    /// Where the sound goes
    #[arg(long, value_enum, default_value = "auto")]
    pub audio: SoundSink,
    /// One JSON line per play is appended to this file as the play ends
    #[arg(long)]
    pub records: PathBuf,
    /// Stop in an orderly way after this many seconds
    #[arg(long)]
    pub duration_s: Option<u64>,
}

/// Why a list was not played, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The list.
    #[error(transparent)]
    List(#[from] ListError),
    /// The outputs.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The file of records.
    #[error("--records {path:?} cannot be written: {source}; give a file in a folder that exists and has room")]
    Records {
        /// The path as given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operating system.
    #[error("cannot start: {0}")]
    System(io::Error),
    /// The stage went away by itself.
    #[error("the stage ended unasked: this is a defect, please report it with the log")]
    Lost,
}

impl PlayError {
    /// 2 when the caller can mend it, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::List(_) | Self::Records { .. } => 2,
            Self::Stage(_) | Self::System(_) | Self::Lost => 1,
        }
    }
}

/// Plays the list to its end, to `--duration-s` or to a signal, whichever is first.
pub fn play(args: &PlayArgs) -> Result<(), PlayError> {
    let list = list::read(&args.list)?;
    let no_records = |source| PlayError::Records { path: args.records.clone(), source };
    let records = Records::open(&args.records).map_err(no_records)?;
    let settings = StageSettings {
        width_px: list.width_px,
        height_px: list.height_px,
        cover: Cover::Picture,
        background: list.background,
        fps: list.fps,
        fit: list.fit,
        picture: args.sink,
        sound: args.audio,
        sound_rule: SoundRule::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PlayError::System)?;
    runtime.block_on(async {
        // Signals first: from here on a stop is an orderly one.
        let mut interrupt = signal(SignalKind::interrupt()).map_err(PlayError::System)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(PlayError::System)?;
        let (tell, events) = unbounded_channel();
        decoders::init(true).map_err(|e| StageError::Gstreamer(e.to_string()))?;
        let stage = GstStage::open(settings, Arc::new(HostClock::default()), tell)?;
        let end = async {
            let limit = async {
                match args.duration_s {
                    Some(s) => tokio::time::sleep(Duration::from_secs(s)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = limit => {}
            }
        };
        Show { stage, feed: Feed::new(list.items.len(), list.repeat), list, records }
            .run(events, end)
            .await
            .map_err(|e| e.map_or(PlayError::Lost, no_records))
    })
}

struct Show {
    stage: GstStage,
    feed: Feed,
    list: List,
    records: Records,
}

impl Show {
    /// The error is none when the stage ended unasked.
    async fn run(
        mut self,
        mut events: UnboundedReceiver<StageEvent>,
        end: impl Future<Output = ()>,
    ) -> Result<(), Option<io::Error>> {
        let mut end = std::pin::pin!(end);
        let mut stopping = false;
        loop {
            while let Some((ticket, index)) = self.feed.next(Instant::now()) {
                self.stage.enqueue(stage_item(ticket, &self.list.items[index]));
            }
            if self.feed.is_over() && !stopping {
                stopping = true;
                self.stage.stop();
            }
            let rest_until = self.feed.rests_until();
            let rest = async {
                match rest_until {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => self.hear(event),
                    None if stopping => return self.records.save().map_err(Some),
                    None => return Err(None),
                },
                () = &mut end, if !stopping => {
                    stopping = true;
                    self.feed.close();
                    self.stage.stop();
                }
                () = rest => {}
            }
        }
    }

    fn hear(&mut self, event: StageEvent) {
        match event {
            StageEvent::Started { .. } | StageEvent::BrokenOff { .. } => {}
            StageEvent::Fault(what) => eprintln!("lichphat-player: {what}"),
            StageEvent::Ended(report) => {
                let Some(item) = self.feed.index(report.ticket).and_then(|i| self.list.items.get(i)) else { return };
                let failed = matches!(report.result, StageResult::Failed(_));
                if let Some(cause) = report.result.cause() {
                    eprintln!("lichphat-player: {} {:?}: {}: {cause}", item.id, item.path, report.result.name());
                }
                if let Err(e) = self.records.add(&item.id, &report) {
                    eprintln!(
                        "lichphat-player: --records cannot be written: {e}; make room, the line is kept and tried again"
                    );
                }
                self.feed.ended(failed, Instant::now());
            }
        }
    }
}

fn stage_item(ticket: u64, item: &ListItem) -> StageItem {
    StageItem {
        ticket,
        path: item.path.clone(),
        kind: kind::kind_of(&item.path),
        duration_ms: item.duration_ms,
        start_at: item.start_at,
        volume: item.volume,
        fades: item.fades,
    }
}

/// The clock of this machine, as far as a local list needs it.
#[derive(Debug)]
struct HostClock {
    begin: Instant,
}

impl Default for HostClock {
    fn default() -> Self {
        Self { begin: Instant::now() }
    }
}

impl Clock for HostClock {
    fn now(&self) -> UtcMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UtcMillis(since.as_millis() as i64)
    }
    fn mono_ms(&self) -> u64 {
        self.begin.elapsed().as_millis() as u64
    }
    fn boot_id(&self) -> BootId {
        BootId(0)
    }
    fn state(&self) -> (ClockState, u32) {
        (ClockState::Unset, u32::MAX)
    }
}
