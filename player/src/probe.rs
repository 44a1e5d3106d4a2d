//! What a media file is, as the stage's own decoders see it: `lichphat-player probe FILE`, a process of its own that gives up
//! what it does not need before it looks ([`crate::confine`]).

use gstreamer as gst;
use gstreamer::glib;
use gstreamer_pbutils as gst_pbutils;
use gstreamer_pbutils::prelude::*;
use lichphat_playlists::media::MediaKind;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// Moving picture, still, or sound alone.
    pub kind: MediaKind,
    /// Length, milliseconds; none for a still, and where the container does not say.
    pub duration_ms: Option<u64>,
    /// Picture width, pixels.
    pub width: Option<u32>,
    /// Picture height, pixels.
    pub height: Option<u32>,
    /// Frames per second, to three places; none for a still and for a variable rate.
    pub fps: Option<f64>,
    /// `h264`, `vp9`, `jpeg` …
    pub video_codec: Option<String>,
    /// `aac`, `opus` …
    pub audio_codec: Option<String>,
    /// Is there sound?
    pub has_audio: bool,
    /// Frames that this machine decodes in a second when nothing holds it back; none without a moving picture.
    pub decode_fps: Option<f64>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The process could not give up its rights, so it looked at nothing.
    #[error("the probe cannot confine itself: {0}")]
    Confine(String),
    /// A player would need too much memory for one picture of it.
    #[error(
        "file {path:?} is too large: {width}x{height}; export it with at most 1920x1080, and never more than {LARGEST_PIXELS} pixels"
    )]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// GStreamer is missing.
    #[error("GStreamer cannot start: {0}; install the packages named in the Makefile")]
    Gstreamer(glib::Error),
    /// The file.
    #[error("file {path:?} cannot be played: {why}; give a video, picture or sound file that is whole")]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// In the decoder's words.
        why: String,
    },
    /// It has more pixels than this machine can show.
    #[error(
        "file {path:?} is too heavy: {width}x{height} at {fps} frames a second, of which this machine decodes {decode_fps:.0} \
         a second and needs {:.0}; export it with at most 1920x1080 and 30 frames a second", .fps * HEADROOM
    )]
    TooHeavy {
        /// The path as given.
        path: PathBuf,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Frames per second of the source.
        fps: f64,
        /// Measured.
        decode_fps: f64,
    },
}

/// What is said of a file that is none of what a screen opens (`decoders::OPENED`).
const FOREIGN: &str = "it is none of MP4, WebM, MKV, Ogg, WAV, MP3, PNG, JPEG, WebP as a screen plays them";
/// Most pixels of one picture: 4096 by 4096, of which a player keeps a few at 4 bytes each.
const LARGEST_PIXELS: u64 = 1 << 24;
/// A machine must decode this much faster than a clip runs: it opens the next one meanwhile.
const HEADROOM: f64 = 1.5;
/// The speed is measured over this much time at most.
const MEASURED: gst::ClockTime = gst::ClockTime::from_seconds(2);

/// A decoder that needs longer than this for the first frame is no use on a screen.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// [`probe`] for a process that does nothing else: first it gives up what it does not need, for good.
pub fn alone(path: &Path) -> Result<Probe, ProbeError> {
    crate::confine::confine(path).map_err(ProbeError::Confine)?;
    probe(path)
}

/// Looks at the file at `path`: decodes its first frame, reads its streams, and sees that its end is there.
pub fn probe(path: &Path) -> Result<Probe, ProbeError> {
    let unreadable = |why: String| ProbeError::Unreadable { path: path.into(), why };
    crate::decoders::init(true).map_err(ProbeError::Gstreamer)?;
    let meta = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !meta.is_file() {
        return Err(unreadable("it is not a file".into()));
    }
    let absolute = std::path::absolute(path).map_err(|e| unreadable(e.to_string()))?;
    let uri = glib::filename_to_uri(&absolute, None).map_err(|e| unreadable(e.to_string()))?;
    let discoverer = gst_pbutils::Discoverer::new(LIMIT).map_err(ProbeError::Gstreamer)?;
    let info = discoverer.discover_uri(&uri).map_err(|e| match e.kind::<gst::CoreError>() {
        Some(gst::CoreError::MissingPlugin) => unreadable(FOREIGN.into()),
        _ => unreadable(e.to_string()),
    })?;
    match info.result() {
        gst_pbutils::DiscovererResult::Ok => {}
        gst_pbutils::DiscovererResult::Timeout => return Err(unreadable("no first frame within 20 s".into())),
        gst_pbutils::DiscovererResult::MissingPlugins => {
            return Err(unreadable(format!("no decoder for {}", info.missing_elements_installer_details().join(", "))));
        }
        other => return Err(unreadable(format!("{other:?}"))),
    }
    let (video, audio) = (info.video_streams(), info.audio_streams());
    let (video, audio) = (video.first(), audio.first());
    let kind = match (video, audio) {
        (Some(v), _) if v.is_image() => MediaKind::Still,
        (Some(_), _) => MediaKind::Video,
        (None, Some(_)) => MediaKind::Audio,
        (None, None) => return Err(unreadable("neither picture nor sound is in it".into())),
    };
    if let Some((width, height)) = video.map(|v| (v.width(), v.height()))
        && u64::from(width) * u64::from(height) > LARGEST_PIXELS
    {
        return Err(ProbeError::TooLarge { path: path.into(), width, height });
    }
    let still = kind == MediaKind::Still;
    let duration = info.duration().filter(|_| !still);
    if let Some(promised) = duration {
        end_is_there(&uri, promised).map_err(unreadable)?;
    }
    let rate = video.map(|v| v.framerate()).filter(|r| !still && r.numer() > 0 && r.denom() > 0);
    let probe = Probe {
        kind,
        duration_ms: duration.map(|d| d.mseconds()),
        width: video.map(|v| v.width()),
        height: video.map(|v| v.height()),
        fps: rate.map(|r| (f64::from(r.numer()) / f64::from(r.denom()) * 1000.0).round() / 1000.0),
        video_codec: video.and_then(|v| codec(v.upcast_ref())),
        audio_codec: audio.and_then(|a| codec(a.upcast_ref())),
        has_audio: audio.is_some(),
        decode_fps: if kind == MediaKind::Video { decode_speed(&uri).map_err(unreadable)? } else { None },
    };
    match (probe.width, probe.height, probe.fps, probe.decode_fps) {
        (Some(width), Some(height), Some(fps), Some(decode_fps)) if decode_fps < fps * HEADROOM => {
            Err(ProbeError::TooHeavy { path: path.into(), width, height, fps, decode_fps })
        }
        _ => Ok(probe),
    }
}

/// Decodes as fast as it goes for two seconds at most: frames a second; none where there are too few to say.
fn decode_speed(uri: &str) -> Result<Option<f64>, String> {
    let words = |e: &dyn std::fmt::Display| e.to_string();
    let description = "uridecodebin name=source caps=video/x-raw(ANY) ! fakesink name=sink sync=false";
    let pipeline = gst::parse::launch(description).map_err(|e| words(&e))?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| "no pipeline")?;
    if let Some(source) = pipeline.by_name("source") {
        source.set_property("uri", uri);
    }
    let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let seen = Arc::clone(&times);
    if let Some(pad) = pipeline.by_name("sink").and_then(|sink| sink.static_pad("sink")) {
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            gst::PadProbeReturn::Ok
        });
    }
    let started = pipeline.set_state(gst::State::Playing);
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = pipeline.bus().and_then(|bus| bus.timed_pop_filtered(MEASURED, &ends));
    let _ = pipeline.set_state(gst::State::Null);
    started.map_err(|e| words(&e))?;
    if let Some(gst::MessageView::Error(e)) = message.as_ref().map(|m| m.view()) {
        return Err(words(&e.error()));
    }
    let times = times.lock().unwrap_or_else(PoisonError::into_inner);
    let [first, .., last] = times[..] else { return Ok(None) };
    let seconds = last.duration_since(first).as_secs_f64();
    Ok((seconds > 0.0).then(|| ((times.len() - 1) as f64 / seconds).round()))
}

/// Decodes the last second: a file that was cut off may still promise its whole length in its head. What is
/// broken in the middle is seen only when it plays; then its record says `partial` or `failed`.
fn end_is_there(uri: &str, promised: gst::ClockTime) -> Result<(), String> {
    let words = |e: &dyn std::fmt::Display| e.to_string();
    let source = gst::ElementFactory::make("uridecodebin").property("uri", uri).build().map_err(|e| words(&e))?;
    let pipeline = gst::Pipeline::new();
    pipeline.add(&source).map_err(|e| words(&e))?;
    let last_ns = Arc::new(AtomicU64::new(0));
    let (weak, seen) = (pipeline.downgrade(), last_ns.clone());
    source.connect_pad_added(move |_, pad| {
        // a stream that finds no sink ends with an error on the bus
        if let Some(pipeline) = weak.upgrade() {
            let _ = watch_end(&pipeline, pad, seen.clone());
        }
    });
    let run = || -> Result<(), String> {
        let bus = pipeline.bus().ok_or("it has no bus")?;
        let wait = |kinds: &[gst::MessageType]| match bus.timed_pop_filtered(LIMIT, kinds).as_ref().map(|m| m.view()) {
            Some(gst::MessageView::Error(e)) => Err(words(&e.error())),
            _ => Ok(()), // slow is not broken
        };
        pipeline.set_state(gst::State::Paused).map_err(|e| words(&e))?;
        wait(&[gst::MessageType::AsyncDone, gst::MessageType::Error])?;
        let second = gst::ClockTime::SECOND;
        // what cannot be sought is read from its beginning
        let _ = pipeline
            .seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT, promised.saturating_sub(second))
            .is_ok();
        pipeline.set_state(gst::State::Playing).map_err(|e| words(&e))?;
        let eos = bus.timed_pop_filtered(LIMIT, &[gst::MessageType::Eos, gst::MessageType::Error]);
        let reached = gst::ClockTime::from_nseconds(last_ns.load(Relaxed));
        match eos {
            Some(_) if reached * 100 < promised * 95 => {
                Err(format!("it promises {} ms and ends after {} ms", promised.mseconds(), reached.mseconds()))
            }
            _ => Ok(()),
        }
    };
    let found = run();
    let _ = pipeline.set_state(gst::State::Null);
    found
}

/// Notes how far a stream comes.
fn watch_end(pipeline: &gst::Pipeline, pad: &gst::Pad, last_ns: Arc<AtomicU64>) -> Option<()> {
    let sink = gst::ElementFactory::make("fakesink").property("sync", false).build().ok()?;
    pipeline.add(&sink).ok()?;
    sink.sync_state_with_parent().ok()?;
    let into = sink.static_pad("sink")?;
    into.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let segment = pad.sticky_event::<gst::event::Segment>(0);
        if let (Some(buffer), Some(event)) = (info.buffer(), segment)
            && let (Some(pts), Some(segment)) = (buffer.pts(), event.segment().downcast_ref::<gst::ClockTime>())
            && let Some(at) = segment.to_stream_time(pts)
        {
            last_ns.fetch_max((at + buffer.duration().unwrap_or_default()).nseconds(), Relaxed);
        }
        gst::PadProbeReturn::Ok
    });
    pad.link(&into).ok().map(|_| ())
}

/// The short name of a stream's coding.
fn codec(stream: &gst_pbutils::DiscovererStreamInfo) -> Option<String> {
    let caps = stream.caps()?;
    let s = caps.structure(0)?;
    let name = match s.name().as_str() {
        "audio/mpeg" if s.get::<i32>("mpegversion").is_ok_and(|v| v != 1) => "aac",
        "audio/mpeg" => "mp3",
        "audio/x-raw" => "pcm",
        other => {
            let short = other.split_once('/').map_or(other, |(_, short)| short);
            short.strip_prefix("x-").unwrap_or(short)
        }
    };
    Some(name.to_owned())
}
