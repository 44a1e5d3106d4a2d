//! The real stage, on GStreamer: a *director* that shows one item after another without a gap.
//!
//! Every item has its own decoding pipeline ([`source`]), opened ahead by a loader thread. The
//! director ([`director`]) takes one frame per output slot and pushes it into an always-on picture
//! output ([`screen`]) whose base time never moves; sound goes the same way, sample by sample
//! ([`sound`]). So a transition is nothing but the next frame, and what breaks in an item stays there.

mod borders;
mod director;
mod front;
mod queue;
mod screen;
mod sound;
mod source;
mod stills;
#[cfg(test)]
mod tests;
mod window;

use super::grid::Grid;
use super::{Front, PictureSink, SoundSink, Stage, StageEvent, StageItem, StageSettings};
use director::{Director, Outputs};
use front::GstFront;
use gstreamer as gst;
use gstreamer::prelude::*;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::UtcMillis;
use queue::{Loader, Queue};
use screen::{Screen, raster};
use sound::Speaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Why a stage cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// GStreamer itself is missing or too old.
    #[error("GStreamer cannot start: {0}; install the packages named in the Makefile")]
    Gstreamer(String),
    /// The picture output cannot be opened.
    #[error(
        "sink {sink} cannot be opened: {why}; start it where there is a display (DISPLAY={display:?}), or take --sink fake"
    )]
    Picture {
        /// The sink asked for.
        sink: PictureSink,
        /// In the sink's own words.
        why: String,
        /// The X display of this session, empty when none is named.
        display: String,
    },
    /// Neither picture nor sound.
    #[error("sink none and audio none: nothing could be seen or heard; take another sink or another audio")]
    Nothing,
}

/// Pipelines that are being taken apart, on threads of GStreamer's own.
static BEING_TAKEN_APART: AtomicUsize = AtomicUsize::new(0);

/// Counts one of them, from its making until it is dropped.
struct TakingApart;

impl TakingApart {
    fn begin() -> Self {
        BEING_TAKEN_APART.fetch_add(1, Ordering::AcqRel);
        Self
    }
}

impl Drop for TakingApart {
    fn drop(&mut self) {
        BEING_TAKEN_APART.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits until every pipeline is taken apart, before the program ends: the libraries' own clearing up at its end would pull
/// away what those threads still use, which ended one program in some with a segmentation fault. A sink that hangs is
/// waited for no longer than `most`.
pub fn settle(most: Duration) {
    let until = Instant::now() + most;
    while BEING_TAKEN_APART.load(Ordering::Acquire) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The stage. Dropping it stops it.
#[derive(Debug)]
pub struct GstStage {
    queue: Arc<Queue>,
    front: Arc<GstFront>,
}

impl GstStage {
    /// Opens the outputs and begins to show a plain dark picture. `events` hears what happens; `clock` is
    /// the wall clock that starts and reports are dated with.
    pub fn open(
        settings: StageSettings,
        clock: Arc<dyn Clock>,
        events: UnboundedSender<StageEvent>,
    ) -> Result<Self, StageError> {
        gst::init().map_err(|e| StageError::Gstreamer(e.to_string()))?;
        if settings.picture == PictureSink::None && settings.sound == SoundSink::None {
            return Err(StageError::Nothing);
        }
        let timeline = Timeline::begin(&settings, clock.as_ref());
        let outputs = Outputs::open(&settings, &timeline)?;
        Self::with(settings, timeline, clock, outputs, events)
    }

    /// Like [`GstStage::open`], with sinks of the caller's own in place of those that the settings name, each for as long
    /// as it works: what comes out can be watched and heard.
    pub fn open_on(
        (screen, speaker): (Option<gst::Element>, Option<gst::Element>),
        settings: StageSettings,
        clock: Arc<dyn Clock>,
        events: UnboundedSender<StageEvent>,
    ) -> Result<Self, StageError> {
        gst::init().map_err(|e| StageError::Gstreamer(e.to_string()))?;
        let timeline = Timeline::begin(&settings, clock.as_ref());
        let mut outputs = Outputs::open(&settings, &timeline)?;
        if let Some(sink) = screen {
            let opened = Screen::with(sink, &raster(&settings), &timeline);
            outputs.screen = Some(opened.map_err(StageError::Gstreamer)?);
        }
        if let Some(sink) = speaker {
            outputs.speaker = Some(Speaker::with(&sink, &timeline).map_err(StageError::Gstreamer)?);
        }
        Self::with(settings, timeline, clock, outputs, events)
    }

    fn with(
        settings: StageSettings,
        timeline: Timeline,
        clock: Arc<dyn Clock>,
        outputs: Outputs,
        events: UnboundedSender<StageEvent>,
    ) -> Result<Self, StageError> {
        let queue = Arc::new(Queue::default());
        let (told, wall) = (events.clone(), Arc::clone(&clock));
        let front = Arc::new(GstFront::new(&settings));
        let shared = (Arc::clone(&queue), Arc::clone(&front));
        let director = Director::new(settings, timeline, clock, outputs, shared, events);
        let (want, deaf) = director.wanted();
        let loader = Loader { queue: Arc::clone(&queue), want, deaf, clock: wall, events: told };
        let thread = |name: &str| std::thread::Builder::new().name(name.into());
        thread("loader")
            .spawn(move || loader.run())
            .and_then(|_| thread("director").spawn(move || director.run()))
            .map_err(|e| StageError::Gstreamer(e.to_string()))?;
        Ok(Self { queue, front })
    }

    /// What people may do to it while it plays.
    pub fn front(&self) -> Arc<dyn Front> {
        self.front.clone()
    }
}

impl Stage for GstStage {
    fn enqueue(&mut self, item: StageItem) {
        self.queue.push(item);
    }
    fn clear_queue(&mut self) -> Vec<u64> {
        self.queue.clear()
    }
    fn duck(&mut self, percent: u8) {
        self.queue.duck(percent);
    }
    fn interrupt(&mut self) {
        self.queue.interrupt();
    }
    fn stop(&mut self) {
        self.queue.stop();
    }
}

impl Drop for GstStage {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

/// The stage's time: GStreamer's monotonic clock from slot 0 on, shared by all its pipelines.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    clock: gst::Clock,
    base: gst::ClockTime,
    /// The same instant as `base`, for waiting.
    zero: Instant,
    /// The same instant on the injected clock's scales.
    zero_wall: UtcMillis,
    zero_mono_ms: u64,
    grid: Grid,
}

impl Timeline {
    /// Slot 0 lies on a whole second of the wall clock just past, so that starts on whole seconds, and the slots
    /// of screens side by side, fall together.
    fn begin(settings: &StageSettings, clock: &dyn Clock) -> Self {
        let system = gst::SystemClock::obtain();
        let (now, wall, mono_ms) = (Instant::now(), clock.now(), clock.mono_ms());
        let past_ms = wall.0.rem_euclid(1000) as u64;
        Self {
            base: system.time().saturating_sub(gst::ClockTime::from_mseconds(past_ms)),
            clock: system.upcast(),
            zero: now.checked_sub(Duration::from_millis(past_ms)).unwrap_or(now),
            zero_wall: wall.plus_ms(-(past_ms as i64)),
            zero_mono_ms: mono_ms.saturating_sub(past_ms),
            grid: Grid::new(settings.fps),
        }
    }
    /// Nanoseconds since slot 0; negative before it.
    fn running_ns(&self) -> i64 {
        self.clock.time().nseconds() as i64 - self.base.nseconds() as i64
    }
    /// The instant of running time `ns`.
    fn instant(&self, ns: i64) -> Instant {
        let shift = Duration::from_nanos(ns.unsigned_abs());
        if ns < 0 { self.zero.checked_sub(shift).unwrap_or(self.zero) } else { self.zero + shift }
    }
    /// Makes `pipeline` run on this time, for good.
    fn apply(&self, pipeline: &gst::Pipeline) {
        pipeline.use_clock(Some(&self.clock));
        pipeline.set_start_time(gst::ClockTime::NONE);
        pipeline.set_base_time(self.base);
    }
}

/// The first error on `bus`, in the element's words.
fn element_error(bus: &gst::Bus) -> String {
    while let Some(message) = bus.pop() {
        if let gst::MessageView::Error(e) = message.view() {
            return e.error().to_string();
        }
    }
    "no reason given".to_owned()
}

/// The element `name`, with its device open. The error is in the element's words.
fn ready(name: &str) -> Result<gst::Element, String> {
    let sink = gst::ElementFactory::make(name).build().map_err(|e| e.to_string())?;
    let bus = gst::Bus::new();
    sink.set_bus(Some(&bus));
    let opened = sink.set_state(gst::State::Ready).map_err(|_| element_error(&bus));
    sink.set_bus(None);
    match opened {
        Ok(_) => Ok(sink),
        Err(why) => {
            let _ = sink.set_state(gst::State::Null);
            Err(why)
        }
    }
}

/// Tries the output that [`GstStage::open`] would take for `kind`, without showing anything: the element's name, or
/// beside it why its device does not open.
pub fn try_picture(kind: PictureSink) -> Result<&'static str, (&'static str, String)> {
    try_device(screen::element(kind))
}

/// The same for the sound card: the first device that opens, or the last one's words.
pub fn try_sound() -> Result<&'static str, (&'static str, String)> {
    let mut tried = sound::DEVICES.iter().map(|name| try_device(name));
    let mut last = Err(("", String::new()));
    for one in tried.by_ref() {
        last = one;
        if last.is_ok() {
            break;
        }
    }
    last
}

fn try_device(name: &'static str) -> Result<&'static str, (&'static str, String)> {
    gst::init().map_err(|e| (name, e.to_string()))?;
    let sink = ready(name).map_err(|why| (name, why))?;
    let _ = sink.set_state(gst::State::Null);
    Ok(name)
}
