//! The stage: shows one thing after another, never goes black, and says honestly what it showed.
//!
//! This file is the port between the pure core and the picture. The core hands over [`StageItem`]s
//! and hears [`StageEvent`]s; it knows nothing of decoders and screens. [`gst`] is the real stage
//! (cargo feature `stage-gstreamer`); a simulated fleet brings its own.
//!
//! What every stage promises:
//! - when nothing is queued, the last frame stays; before the first item a plain dark picture;
//! - items are shown in the order given, back to back, and each is reported exactly once, in that order but for one
//!   that cannot begin: of that the owner hears as soon as it is known, and what is behind it moves up;
//! - `frames_rendered + frames_dropped` of a report = the output slots the play took, exactly;
//! - a file that is broken or missing harms nothing but its own play.

pub mod grid;
#[cfg(feature = "stage-gstreamer")]
pub mod gst;
pub mod layout;
pub mod notice;
pub mod tally;

use layout::{Colour, Cover};
use lichphat_playlists::media::{Fades, MediaKind};
use lichphat_playlists::time::{IntervalSet, UtcMillis};
use notice::Notice;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One thing to show. `ticket` is the caller's own number, given back in every event.
#[derive(Debug, Clone, PartialEq)]
pub struct StageItem {
    /// The caller's number for this play.
    pub ticket: u64,
    /// The file. `/proc/self/fd/N` plays an open, already verified file.
    pub path: PathBuf,
    /// What the bytes are.
    pub kind: MediaKind,
    /// How long it is shown, milliseconds; a longer source is cut.
    pub duration_ms: u32,
    /// Wall-clock start, to the nearest output frame; an instant already past means at once.
    pub start_at: Option<UtcMillis>,
    /// Linear gain of its sound, 0 to 1.
    pub volume: f64,
    /// How its sound comes and goes.
    pub fades: Fades,
}

/// How a play went. The text is a stable kebab-case cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageResult {
    /// Shown from its first frame to its end.
    Complete,
    /// Begun and not finished: `ended-early`, `decode-error`, `too-slow`, `stopped`, `stalled`; `interrupted`, too, when
    /// it is sound alone and was ducked for more than 2 % of its slots.
    Partial(String),
    /// Never shown: `not-found`, `not-readable`, `unknown-format`, `no-decoder`, `decode-error`, `no-picture`,
    /// `no-sound`, `too-slow`, `no-picture-output`, `no-sound-device`, `not-rendered`.
    Failed(String),
}

impl StageResult {
    /// `complete`, `partial` or `failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Failed(_) => "failed",
        }
    }
    /// The cause; none when complete.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Complete => None,
            Self::Partial(cause) | Self::Failed(cause) => Some(cause),
        }
    }
}

/// What one play was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReport {
    /// The caller's number.
    pub ticket: u64,
    /// Instant of the first frame shown.
    pub start: UtcMillis,
    /// End of the last frame shown; equals `start` when none was.
    pub end: UtcMillis,
    /// `start` on the injected clock's monotonic scale, milliseconds.
    pub mono_start_ms: u64,
    /// Output slots in which its frame reached the screen (for sound alone: the loudspeaker's device).
    pub frames_rendered: u32,
    /// Output slots of the play in which it did not: decoded too late, or given to the screen too late.
    pub frames_dropped: u32,
    /// How it went.
    pub result: StageResult,
}

/// What the stage tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageEvent {
    /// The first frame of a play is on the screen.
    Started {
        /// The caller's number.
        ticket: u64,
        /// When.
        at: UtcMillis,
    },
    /// The running play breaks off before its time, some frames before that is seen: what stands in for it can be handed
    /// over. Its report follows.
    BrokenOff {
        /// The caller's number.
        ticket: u64,
    },
    /// A play is over; sent after its last frame has left the screen's queue.
    Ended(StageReport),
    /// Something other than an item is wrong (screen or sound device); the stage goes on and mends it when it can.
    Fault(String),
}

/// A picture, a loudspeaker or both. Events go to the channel given at construction, which closes
/// after [`Stage::stop`] once the last play is reported.
pub trait Stage: Send {
    /// Shows `item` after everything queued before it; at most 2 ahead are kept ready.
    fn enqueue(&mut self, item: StageItem);
    /// Forgets what is queued but not yet started; the tickets given back are not reported as plays.
    fn clear_queue(&mut self) -> Vec<u64>;
    /// Leaves so much of all sound, per cent, until told otherwise; the way there is a short ramp.
    fn duck(&mut self, percent: u8);
    /// The running item ends as `Partial("interrupted")`, its sound fading out; its last picture stays.
    fn interrupt(&mut self);
    /// Orderly stop, for good: the running item ends as `Partial("stopped")`.
    fn stop(&mut self);
}

/// The stage's other side: what people may do to it while it plays. Whoever holds it shares the same stage.
pub trait Front: Send + Sync {
    /// Shows a notice in place of the one that stands; none takes it away. False when there is no picture to show it on.
    fn notice(&self, notice: Option<&Notice>) -> bool;
    /// Turns all sound down to `percent` of what items and the place's rule allow; never above it.
    fn set_volume(&self, percent: u8);
    /// What the screen shows now, notices included, as JPEG at most `width_px` wide; else a stable cause. It takes some
    /// tens of milliseconds, and the stage does not wait for it.
    fn screenshot(&self, width_px: u32) -> Result<Vec<u8>, &'static str>;
}

/// A stage that nobody stands before: the simulated fleet's.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFront;

impl Front for NoFront {
    fn notice(&self, _: Option<&Notice>) -> bool {
        false
    }
    fn set_volume(&self, _: u8) {}
    fn screenshot(&self, _: u32) -> Result<Vec<u8>, &'static str> {
        Err("no-picture")
    }
}

/// Where the picture goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PictureSink {
    /// Wayland, X11 or KMS, whichever this session offers.
    Auto,
    /// A window on the X server named by `DISPLAY`.
    X11,
    /// A Wayland surface. Not tested by the project.
    Wayland,
    /// The bare display, without a window system. Not tested by the project.
    Kms,
    /// Nowhere, in real time: for tests and machines without a display.
    Fake,
    /// No picture at all: a loudspeaker.
    None,
}

impl std::fmt::Display for PictureSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::X11 => "x11",
            Self::Wayland => "wayland",
            Self::Kms => "kms",
            Self::Fake => "fake",
            Self::None => "none",
        })
    }
}

/// Where the sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SoundSink {
    /// The sound card; without one, nowhere until there is one (said once as a fault, and sound-only items fail meanwhile).
    Auto,
    /// Nowhere, in real time.
    Fake,
    /// No sound at all.
    None,
}

/// What becomes of a source of another shape than the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// All of it is seen, with black borders.
    #[default]
    Letterbox,
    /// The output is filled, and what does not fit is cut off at both sides alike.
    Crop,
    /// The output is filled, and the picture distorted.
    Stretch,
}

/// When and how loud a place may be heard. No item and no plan overrides it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoundRule {
    /// Hours of the local day in which there may be sound, written `06:00-11:30;13:30-21:00`; none: all of them,
    /// empty: never.
    #[serde(deserialize_with = "hours")]
    pub hours: Option<IntervalSet>,
    /// Loudest gain, per cent; 0 forbids sound.
    pub most_percent: u8,
}

impl Default for SoundRule {
    fn default() -> Self {
        Self { hours: None, most_percent: 100 }
    }
}

pub(crate) fn hours<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<IntervalSet>, D::Error> {
    let text = String::deserialize(from)?;
    let set = if text.is_empty() { Ok(IntervalSet::empty()) } else { IntervalSet::parse(&text) };
    set.map(Some).map_err(|e| serde::de::Error::custom(format!("{e}; write it as 06:00-11:30;13:30-21:00")))
}

impl SoundRule {
    /// May there be sound at this second of the local day?
    pub fn allows(&self, second: u32) -> bool {
        self.most_percent > 0 && self.hours.as_ref().is_none_or(|hours| hours.contains(second))
    }
    /// Linear gain of an item that asks for `volume`.
    pub fn gain(&self, volume: f64) -> f64 {
        volume.min(f64::from(self.most_percent) / 100.0)
    }
}

/// How a stage is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSettings {
    /// Picture width, pixels.
    pub width_px: u32,
    /// Picture height, pixels.
    pub height_px: u32,
    /// Where its window lies.
    pub cover: Cover,
    /// Beside pictures of another shape.
    pub background: Colour,
    /// Output frames per second; also the grid that sound-only stages count on.
    pub fps: u32,
    /// Sources of another shape.
    pub fit: Fit,
    /// Where the picture goes.
    pub picture: PictureSink,
    /// Where the sound goes.
    pub sound: SoundSink,
    /// When and how loud.
    pub sound_rule: SoundRule,
}
