//! A film that screens can book: `lichphat-player render FILE --whole-s N`, a process of its own that gives up what it does not need
//! before it looks ([`crate::confine`]). Telephones make films of any length; a booked length is whole seconds. What is beyond them is
//! left out, the picture is made no larger than 1920x1080 and no faster than 30 frames a second, and the film goes to standard output,
//! which has to be a file: MP4 with H.264 and AAC.

use crate::probe::ProbeError;
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_pbutils as gst_pbutils;
use std::path::Path;

/// Longest work.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(900);
/// For the first look.
const LOOK: gst::ClockTime = gst::ClockTime::from_seconds(20);
/// How far a frame's length may be rounded.
const ROUNDED: gst::ClockTime = gst::ClockTime::from_useconds(10);
/// Longest and shortest side of the picture, pixels.
const SIDES: (u32, u32) = (1_920, 1_080);
/// Most frames a second.
const FASTEST: i32 = 30;

/// Renders the first `whole_s` seconds, for a process that does nothing else: first it gives up what it does not need, for good.
///
/// # Errors
/// The file cannot be decoded, or there is no encoder.
pub fn alone(path: &Path, whole_s: u32) -> Result<(), ProbeError> {
    crate::confine::confine_for(path, crate::confine::RENDER).map_err(ProbeError::Confine)?;
    let unreadable = |why: String| ProbeError::Unreadable { path: path.into(), why };
    crate::decoders::init(false).map_err(ProbeError::Gstreamer)?;
    let absolute = std::path::absolute(path).map_err(|e| unreadable(e.to_string()))?;
    let uri = glib::filename_to_uri(&absolute, None).map_err(|e| unreadable(e.to_string()))?;
    let info = gst_pbutils::Discoverer::new(LOOK).and_then(|look| look.discover_uri(&uri));
    let info = info.map_err(|e| unreadable(e.to_string()))?;
    let (video, sound) = (info.video_streams(), !info.audio_streams().is_empty());
    let video = video.first().ok_or_else(|| unreadable("it is no film".to_owned()))?;
    let pipeline = gst::parse::launch(&description(video, sound)).map_err(ProbeError::Gstreamer)?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| unreadable("no pipeline".to_owned()))?;
    if let Some(source) = pipeline.by_name("source") {
        source.set_property("uri", &*uri);
    }
    // behind what doubles frames, which would fill the place of what was left out before it
    for name in ["picture", "sound"] {
        if let Some(pad) = pipeline.by_name(name).and_then(|cut| cut.static_pad("src")) {
            leave_out(&pad, gst::ClockTime::from_seconds(whole_s.into()));
        }
    }
    let done = run(&pipeline);
    let _ = pipeline.set_state(gst::State::Null);
    done.map_err(unreadable)
}

/// The work, in GStreamer's words.
fn description(video: &gst_pbutils::DiscovererVideoInfo, sound: bool) -> String {
    let ((width, height), rate) = (size(video.width(), video.height()), video.framerate());
    let slow = rate.numer() > 0 && rate.denom() > 0 && rate.numer() <= FASTEST * rate.denom();
    let (numer, denom) = if slow { (rate.numer(), rate.denom()) } else { (FASTEST, 1) };
    let bits = u64::from(width) * u64::from(height) * 3; // a second; some 6 Mbit/s of 1080 lines
    let picture = format!(
        "uridecodebin name=source mp4mux name=mux ! fdsink fd=1 sync=false \
         source. ! video/x-raw(ANY) ! queue ! videoconvert ! videoscale ! videorate ! \
         video/x-raw,format=I420,width={width},height={height},framerate={numer}/{denom},pixel-aspect-ratio=1/1 ! \
         identity name=picture ! openh264enc bitrate={bits} rate-control=quality ! h264parse ! mux. "
    );
    let ear = "source. ! audio/x-raw(ANY) ! queue ! audioconvert ! audioresample ! \
               audio/x-raw,rate=48000,channels=[1,2] ! identity name=sound ! avenc_aac ! aacparse ! mux. ";
    if sound { picture + ear } else { picture }
}

/// As large as it is, and no larger than screens show; even numbers, which the coding asks for.
fn size(width: u32, height: u32) -> (u32, u32) {
    let (long, short) = (width.max(height).max(2), width.min(height).max(2));
    let fits = |side: u32, most: u32| f64::from(most) / f64::from(side);
    let part = fits(long, SIDES.0).min(fits(short, SIDES.1)).min(1.0);
    let even = |side: u32| ((f64::from(side) * part / 2.0).floor() as u32).max(1) * 2;
    (even(width), even(height))
}

/// Drops what ends later than `end`.
fn leave_out(pad: &gst::Pad, end: gst::ClockTime) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let segment = pad.sticky_event::<gst::event::Segment>(0);
        let until = info.buffer().and_then(|buffer| {
            let at = segment?.segment().downcast_ref::<gst::ClockTime>()?.to_running_time(buffer.pts()?)?;
            // a frame's length is rounded, and the last one belongs to it
            Some(at + buffer.duration().unwrap_or_default().saturating_sub(ROUNDED))
        });
        if until.is_some_and(|until| until > end) { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
    });
}

fn run(pipeline: &gst::Pipeline) -> Result<(), String> {
    let bus = pipeline.bus().ok_or("it has no bus")?;
    pipeline.set_state(gst::State::Playing).map_err(|e| e.to_string())?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    match bus.timed_pop_filtered(LIMIT, &ends).as_ref().map(|m| m.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(e)) => Err(e.error().to_string()),
        _ => Err("it took too long".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_picture_is_made_no_larger_than_screens_show_and_even() {
        for ((width, height), made) in [
            ((1280, 720), (1280, 720)),
            ((3840, 2160), (1920, 1080)),
            ((2160, 3840), (1080, 1920)),
            ((1081, 1921), (1080, 1918)),
            ((4000, 100), (1920, 48)),
            ((1, 1), (2, 2)),
        ] {
            let got = size(width, height);
            assert!(got.0 <= made.0 + 2 && got.0 + 2 >= made.0 && got.0.is_multiple_of(2), "{width}x{height}: {got:?}");
            assert!(got.1 <= made.1 + 2 && got.1 + 2 >= made.1 && got.1.is_multiple_of(2), "{width}x{height}: {got:?}");
        }
    }
}
