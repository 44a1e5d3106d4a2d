//! The picture output: one always-on pipeline from the director to the screen, and the truth about each frame.
//!
//! `appsrc ! videoconvertscale ! clocksync ! gate ! sink sync=false`: a frame is converted ahead, `clocksync` waits for
//! its instant, the gate drops a frame that is more than a slot late, and whatever passes the gate is
//! checked against the sink's own `rendered` and `dropped` statistics. So every pushed frame is settled
//! once: rendered when the sink says so, otherwise dropped.

use super::window::Window;
use super::{TakingApart, Timeline, element_error};
use crate::stage::layout::Cover;
use crate::stage::tally::Fate;
use crate::stage::{PictureSink, StageSettings};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// A frame not settled after this long, and this many looks, means that the sink hangs. (Looks as well: after a sleep
/// of the whole machine the time alone would blame the sink.)
const STALL_NS: i64 = 2_000_000_000;
const STALL_LOOKS: u32 = 50;

/// An open picture output.
pub(super) struct Screen {
    pipeline: gst::Pipeline,
    src: gst_app::AppSrc,
    sink: gst::Element,
    /// Where there is an X server.
    window: Option<Window>,
    timeline: Timeline,
    gate: Arc<Mutex<Gate>>,
    /// Slots pushed and not yet settled, oldest first.
    pending: VecDeque<u64>,
    /// The oldest of them, and how often it was looked for.
    awaited: (u64, u32),
    /// Frames the sink has told of so far.
    rendered: u64,
    refused: u64,
}

/// What went through the gate since the last look.
#[derive(Debug, Default)]
struct Gate {
    passed: VecDeque<u64>,
    late: Vec<u64>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A sink that hangs would hang here as well. Its window goes after it: Xlib ends the whole program when a picture
        // is put into a window that is gone.
        let (window, taking_apart) = (self.window.take(), TakingApart::begin());
        self.pipeline.call_async(move |p| {
            let _ = p.set_state(gst::State::Null);
            drop((window, taking_apart));
        });
    }
}

/// Caps of the output raster.
pub(super) fn raster(settings: &StageSettings) -> gst::Caps {
    gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", settings.width_px as i32)
        .field("height", settings.height_px as i32)
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .field("framerate", gst::Fraction::new(settings.fps as i32, 1))
        .field("interlace-mode", "progressive")
        .field("colorimetry", "bt709")
        .build()
}

/// The sink this session offers.
pub(super) fn pick(kind: PictureSink) -> PictureSink {
    let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    match kind {
        PictureSink::Auto if set("WAYLAND_DISPLAY") => PictureSink::Wayland,
        PictureSink::Auto if set("DISPLAY") => PictureSink::X11,
        PictureSink::Auto => PictureSink::Kms,
        other => other,
    }
}

/// Name of the element that shows `kind`.
pub(super) fn element(kind: PictureSink) -> &'static str {
    match pick(kind) {
        PictureSink::X11 => "ximagesink",
        PictureSink::Wayland => "waylandsink",
        PictureSink::Kms => "kmssink",
        _ => "fakesink",
    }
}

impl Screen {
    /// Opens the picture's output, which must be a real sink or the fake one. The error is the sink's own words.
    pub(super) fn open(settings: &StageSettings, timeline: &Timeline) -> Result<Self, String> {
        let kind = pick(settings.picture);
        let sink = gst::ElementFactory::make(element(kind)).build().map_err(|e| e.to_string())?;
        let window = match (kind, settings.cover) {
            (PictureSink::X11, cover) => {
                let size = (settings.width_px, settings.height_px);
                let window = Window::open(cover, size, settings.background)?;
                let overlay = sink.dynamic_cast_ref::<gst_video::VideoOverlay>();
                overlay.inspect(|overlay| hand_over(overlay, &window));
                Some(window)
            }
            (PictureSink::Fake, _) | (_, Cover::Picture | Cover::Display) => None,
            (_, Cover::Part(..)) => {
                return Err("reserved: only sink = \"x11\" can leave a part to another program".into());
            }
        };
        let mut screen = Self::with(sink, &raster(settings), timeline)?;
        screen.window = window;
        Ok(screen)
    }

    /// Shows on `sink`.
    pub(super) fn with(sink: gst::Element, caps: &gst::Caps, timeline: &Timeline) -> Result<Self, String> {
        let make = |name: &str| gst::ElementFactory::make(name).build().map_err(|e| e.to_string());
        let src = gst_app::AppSrc::builder().caps(caps).format(gst::Format::Time).max_bytes(0).max_buffers(16).build();
        src.set_property_from_str("leaky-type", "upstream"); // a sink that hangs must not fill the memory
        let (sync, convert) = (make("clocksync")?, make("videoconvertscale")?);
        convert.set_property("qos", false);
        for (property, value) in [("sync", false), ("async", false), ("qos", false), ("enable-last-sample", false)] {
            sink.set_property(property, value);
        }
        let pipeline = gst::Pipeline::new();
        let chain = [src.upcast_ref(), &convert, &sync, &sink];
        pipeline.add_many(chain).and_then(|()| gst::Element::link_many(chain)).map_err(|e| e.to_string())?;
        timeline.apply(&pipeline);
        let gate = Arc::new(Mutex::new(Gate::default()));
        if let Some(pad) = sync.static_pad("src") {
            let (gate, timeline) = (Arc::clone(&gate), timeline.clone());
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| pass(&gate, &timeline, info));
        }
        if pipeline.set_state(gst::State::Playing).is_err() {
            let why = pipeline.bus().map_or_else(|| "it cannot start".into(), |bus| element_error(&bus));
            let _ = pipeline.set_state(gst::State::Null);
            return Err(why);
        }
        let timeline = timeline.clone();
        Ok(Self {
            pipeline,
            src,
            sink,
            window: None,
            timeline,
            gate,
            pending: VecDeque::new(),
            awaited: (0, 0),
            rendered: 0,
            refused: 0,
        })
    }

    /// Shows `picture` in `slot`.
    pub(super) fn push(&mut self, slot: u64, picture: &gst::Buffer) {
        let grid = self.timeline.grid;
        let mut buffer = picture.copy(); // shares the pixels
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(grid.start_ns(slot)));
            buffer.set_dts(gst::ClockTime::NONE);
            buffer.set_duration(gst::ClockTime::from_nseconds(grid.slot_ns()));
            buffer.unset_flags(gst::BufferFlags::DISCONT);
        }
        let _ = self.src.push_buffer(buffer); // refused after an error, which the bus tells
        self.pending.push_back(slot);
    }

    /// What became of frames pushed earlier, as far as it is known now.
    pub(super) fn settled(&mut self) -> Vec<(u64, Fate)> {
        let stats = self.sink.property::<gst::Structure>("stats");
        let told = |name: &str| stats.get::<u64>(name).unwrap_or(0);
        let (rendered, refused) = (told("rendered"), told("dropped"));
        let (mut good, mut bad) = (rendered - self.rendered.min(rendered), refused - self.refused.min(refused));
        let mut out = Vec::new();
        {
            let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            out.extend(gate.late.drain(..).map(|slot| (slot, Fate::Dropped)));
            while good + bad > 0
                && let Some(slot) = gate.passed.pop_front()
            {
                // The sink tells how many, not which; the sums are what a record claims.
                let fate = if bad > 0 { Fate::Dropped } else { Fate::Rendered };
                *(if bad > 0 { &mut bad } else { &mut good }) -= 1;
                out.push((slot, fate));
            }
        }
        (self.rendered, self.refused) = (rendered - good, refused - bad);
        self.pending.retain(|slot| !out.iter().any(|(s, _)| s == slot));
        out
    }

    /// Why it has stopped working, if it has.
    pub(super) fn fault(&mut self) -> Option<String> {
        let bus = self.pipeline.bus()?;
        while let Some(message) = bus.pop() {
            if let gst::MessageView::Error(e) = message.view() {
                return Some(e.error().to_string());
            }
        }
        let oldest = *self.pending.front()?;
        self.awaited = if self.awaited.0 == oldest { (oldest, self.awaited.1 + 1) } else { (oldest, 0) };
        let waits_ns = self.timeline.running_ns() - self.timeline.grid.start_ns(oldest) as i64;
        (waits_ns > STALL_NS && self.awaited.1 > STALL_LOOKS).then(|| "the picture output does not answer".to_owned())
    }

    /// Gives up; the frames still open were not seen.
    pub(super) fn give_up(mut self) -> Vec<(u64, Fate)> {
        let mut out = self.settled();
        out.extend(self.pending.drain(..).map(|slot| (slot, Fate::Dropped)));
        out
    }
}

#[allow(unsafe_code, reason = "a window's handle is a plain number, which nothing but its owner keeps alive")]
fn hand_over(overlay: &gst_video::VideoOverlay, window: &Window) {
    // SAFETY: the window is closed after the sink: see `Screen`'s drop.
    unsafe { overlay.set_window_handle(window.id() as usize) };
}

/// The gate: lets a frame through unless it is more than one slot late.
fn pass(gate: &Mutex<Gate>, timeline: &Timeline, info: &mut gst::PadProbeInfo<'_>) -> gst::PadProbeReturn {
    let Some(pts) = info.buffer().and_then(|b| b.pts()) else { return gst::PadProbeReturn::Ok };
    let slot = timeline.grid.nearest(pts.nseconds() as i64);
    let late_ns = timeline.running_ns() - pts.nseconds() as i64;
    let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
    if late_ns > timeline.grid.slot_ns() as i64 {
        gate.late.push(slot);
        return gst::PadProbeReturn::Drop;
    }
    gate.passed.push_back(slot);
    gst::PadProbeReturn::Ok
}
