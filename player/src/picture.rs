//! A small picture of a media file, for people who look at lists: `lichphat-player picture FILE`, a process of its own that gives
//! up what it does not need before it looks, as the probe does ([`crate::confine`]). The picture goes out as JPEG; it writes no file.

use crate::probe::ProbeError;
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use std::path::Path;

/// A decoder that needs longer than this is no use.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(20);
/// A film's first frames are often black, so its picture is taken a little later: so much of its length.
const PART: u64 = 5;

/// A picture of the file, no side longer than `most_px`, for a process that does nothing else: first it gives up what it does not
/// need, for good.
///
/// # Errors
/// The file has no picture, or none that can be decoded.
pub fn alone(path: &Path, most_px: u32) -> Result<Vec<u8>, ProbeError> {
    crate::confine::confine(path).map_err(ProbeError::Confine)?;
    picture(path, most_px)
}

/// The same, without giving anything up.
///
/// # Errors
/// As [`alone`].
pub fn picture(path: &Path, most_px: u32) -> Result<Vec<u8>, ProbeError> {
    let unreadable = |why: String| ProbeError::Unreadable { path: path.into(), why };
    crate::decoders::init(false).map_err(ProbeError::Gstreamer)?; // a frame or two: no chip is worth its waking up
    let absolute = std::path::absolute(path).map_err(|e| unreadable(e.to_string()))?;
    let uri = glib::filename_to_uri(&absolute, None).map_err(|e| unreadable(e.to_string()))?;
    let description = format!(
        "uridecodebin name=source caps=video/x-raw(ANY) ! videoconvert ! videoscale ! \
         video/x-raw,width=(int)[1,{most_px}],height=(int)[1,{most_px}],pixel-aspect-ratio=(fraction)1/1 ! \
         videoconvert ! jpegenc quality=80 ! fakesink name=sink sync=false enable-last-sample=true"
    );
    let pipeline = gst::parse::launch(&description).map_err(ProbeError::Gstreamer)?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| unreadable("no pipeline".to_owned()))?;
    if let Some(source) = pipeline.by_name("source") {
        source.set_property("uri", &*uri);
    }
    let taken = take(&pipeline);
    let _ = pipeline.set_state(gst::State::Null);
    taken.map_err(unreadable)
}

/// The first frame, or a later one where there is one.
fn take(pipeline: &gst::Pipeline) -> Result<Vec<u8>, String> {
    let bus = pipeline.bus().ok_or("it has no bus")?;
    let settled = || {
        let kinds = [gst::MessageType::AsyncDone, gst::MessageType::Error];
        match bus.timed_pop_filtered(LIMIT, &kinds).as_ref().map(|m| m.view()) {
            Some(gst::MessageView::Error(e)) => Err(e.error().to_string()),
            Some(_) => Ok(()),
            None => Err("no first frame within 20 s".to_owned()),
        }
    };
    pipeline.set_state(gst::State::Paused).map_err(|e| e.to_string())?;
    settled()?;
    let first = shown(pipeline).ok_or("no picture is in it")?;
    let length = pipeline.query_duration::<gst::ClockTime>().unwrap_or_default();
    let later = pipeline.seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT, length / PART);
    if length.is_zero() || later.is_err() || settled().is_err() {
        return Ok(first);
    }
    Ok(shown(pipeline).unwrap_or(first))
}

/// What the sink holds.
fn shown(pipeline: &gst::Pipeline) -> Option<Vec<u8>> {
    let sample = pipeline.by_name("sink")?.property::<Option<gst::Sample>>("last-sample")?;
    let bytes = sample.buffer()?.map_readable().ok()?.to_vec();
    Some(bytes)
}
