//! What a media file is, as the stage's own decoders see it: `lichphat-player probe FILE`.

use gstreamer as gst;
use gstreamer::glib;
use gstreamer_pbutils as gst_pbutils;
use gstreamer_pbutils::prelude::*;
use lichphat_playlists::media::MediaKind;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
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
}

/// A decoder that needs longer than this for the first frame is no use on a screen.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// Looks at the file at `path`: decodes its first frame, reads its streams, and sees that its end is there.
pub fn probe(path: &Path) -> Result<Probe, ProbeError> {
    let unreadable = |why: String| ProbeError::Unreadable { path: path.into(), why };
    gst::init().map_err(ProbeError::Gstreamer)?;
    let meta = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !meta.is_file() {
        return Err(unreadable("it is not a file".into()));
    }
    let absolute = std::path::absolute(path).map_err(|e| unreadable(e.to_string()))?;
    let uri = glib::filename_to_uri(&absolute, None).map_err(|e| unreadable(e.to_string()))?;
    let discoverer = gst_pbutils::Discoverer::new(LIMIT).map_err(ProbeError::Gstreamer)?;
    let info = discoverer.discover_uri(&uri).map_err(|e| unreadable(e.to_string()))?;
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
    let still = kind == MediaKind::Still;
    let duration = info.duration().filter(|_| !still);
    if let Some(promised) = duration {
        end_is_there(&uri, promised).map_err(unreadable)?;
    }
    let rate = video.map(|v| v.framerate()).filter(|r| !still && r.numer() > 0 && r.denom() > 0);
    Ok(Probe {
        kind,
        duration_ms: duration.map(|d| d.mseconds()),
        width: video.map(|v| v.width()),
        height: video.map(|v| v.height()),
        fps: rate.map(|r| (f64::from(r.numer()) / f64::from(r.denom()) * 1000.0).round() / 1000.0),
        video_codec: video.and_then(|v| codec(v.upcast_ref())),
        audio_codec: audio.and_then(|a| codec(a.upcast_ref())),
        has_audio: audio.is_some(),
    })
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
