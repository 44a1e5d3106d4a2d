//! Test clips with a machine-readable strip in the picture: who am I, and which frame is this?
//!
//! The strip is the top tenth of the picture, 14 cells wide: bright, 4 bits of clip number, 8 bits of
//! frame number (lowest first), dark. Below it lies a plain grey that is never black.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Cells of the strip.
pub(crate) const CELLS: usize = 14;

/// What the strip says; none when there is no strip.
pub(crate) fn read_strip(bright: impl Fn(usize) -> bool) -> Option<(u8, u8)> {
    let bits = |from: usize, count: usize| (0..count).map(|b| u8::from(bright(from + b)) << b).sum::<u8>();
    (bright(0) && !bright(CELLS - 1)).then(|| (bits(1, 4), bits(5, 8)))
}

/// How a clip is made.
#[derive(Clone, Copy)]
pub(crate) struct Clip {
    pub(crate) id: u8,
    pub(crate) file: &'static str,
    pub(crate) size: (usize, usize),
    pub(crate) fps: i32,
    pub(crate) frames: u32,
    /// Picture encoder, and muxer with the name `m`.
    pub(crate) encode: &'static str,
    /// What is heard, and its encoder.
    pub(crate) sound: Option<(Tone, &'static str)>,
}

/// What is heard.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    /// 440 Hz all the time.
    Hum,
    /// A beep of 20 ms at the beginning of every half second.
    Ticks,
}

impl Tone {
    /// So many samples at 48 kHz, two channels of 16 bits.
    fn samples(self, count: usize) -> Vec<u8> {
        let sample = |n: usize| {
            let (loud, hz) = match self {
                Self::Hum => (true, 440.0),
                Self::Ticks => (n % 24_000 < 960, 1000.0),
            };
            let wave = (n as f64 / 48_000.0 * hz * std::f64::consts::TAU).sin();
            if loud { (wave * 9_800.0) as i16 } else { 0 }
        };
        (0..count).flat_map(|n| [sample(n).to_le_bytes(); 2].concat()).collect()
    }
}

pub(crate) const H264: &str = "openh264enc bitrate=3000000 complexity=low gop-size=30 ! h264parse ! mp4mux name=m";
const VP9: &str = "vp9enc deadline=1 cpu-used=8 threads=2 target-bitrate=2000000 keyframe-max-dist=60 ! webmmux name=m";
const AV1: &str = "av1enc usage-profile=realtime cpu-used=8 threads=2 target-bitrate=1500 ! av1parse ! webmmux name=m";
pub(crate) const VP8: &str =
    "vp8enc deadline=1 cpu-used=8 target-bitrate=1500000 keyframe-max-dist=60 ! webmmux name=m";

/// The mixed bill: codecs, containers, frame rates, sizes, with sound and without, stills.
pub(crate) const MIXED: [Clip; 8] = [
    Clip {
        id: 1,
        file: "h264-aac-30.mp4",
        size: (1280, 720),
        fps: 30,
        frames: 75,
        encode: H264,
        sound: Some((Tone::Hum, "avenc_aac ! aacparse")),
    },
    Clip { id: 2, file: "h264-silent-25.mp4", size: (1280, 720), fps: 25, frames: 50, encode: H264, sound: None },
    Clip { id: 3, file: "vp9-silent-60.webm", size: (1280, 720), fps: 60, frames: 120, encode: VP9, sound: None },
    Clip {
        id: 4,
        file: "vp8-opus-24.webm",
        size: (640, 360),
        fps: 24,
        frames: 48,
        encode: VP8,
        sound: Some((Tone::Hum, "opusenc")),
    },
    Clip {
        id: 5,
        file: "still.jpg",
        size: (1920, 1080),
        fps: 30,
        frames: 1,
        encode: "jpegenc quality=90 ! identity name=m",
        sound: None,
    },
    Clip {
        id: 6,
        file: "still.png",
        size: (1280, 720),
        fps: 30,
        frames: 1,
        encode: "videoconvert ! pngenc ! identity name=m",
        sound: None,
    },
    Clip { id: 7, file: "av1-silent-30.webm", size: (640, 360), fps: 30, frames: 60, encode: AV1, sound: None },
    Clip {
        id: 8,
        file: "still.webp",
        size: (1280, 720),
        fps: 30,
        frames: 1,
        encode: "webpenc lossless=true ! identity name=m",
        sound: None,
    },
];

/// The file of `clip`, made once and kept in the target directory.
pub(crate) fn file(clip: &Clip) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clips-2");
    let path = folder.join(format!("{}x{}-{}-{}", clip.size.0, clip.size.1, clip.frames, clip.file));
    if !path.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let half_made = folder.join(format!("making-{}-{}", std::process::id(), clip.file));
        make(clip, &half_made);
        std::fs::rename(&half_made, &path).unwrap();
    }
    path
}

fn make(clip: &Clip, path: &std::path::Path) {
    gst::init().unwrap();
    let sound = clip.sound.map_or(String::new(), |(_, encoder)| {
        format!(" appsrc name=voice format=time caps=audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved ! audioconvert ! {encoder} ! queue ! m.")
    });
    let pipeline = gst::parse::launch(&format!(
        "appsrc name=src format=time caps=video/x-raw,format=I420,width={},height={},framerate={}/1 ! queue ! {} ! filesink name=out{sound}",
        clip.size.0, clip.size.1, clip.fps, clip.encode
    ))
    .unwrap()
    .downcast::<gst::Pipeline>()
    .unwrap();
    pipeline.by_name("out").unwrap().set_property("location", path.to_str().unwrap());
    let src = pipeline.by_name("src").unwrap().downcast::<gst_app::AppSrc>().unwrap();
    src.set_property("block", true);
    pipeline.set_state(gst::State::Playing).unwrap();
    if let Some((tone, _)) = clip.sound {
        let voice = pipeline.by_name("voice").unwrap().downcast::<gst_app::AppSrc>().unwrap();
        let mut buffer = gst::Buffer::from_mut_slice(tone.samples(clip.frames as usize * 48_000 / clip.fps as usize));
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::ZERO);
        voice.push_buffer(buffer).unwrap();
        voice.end_of_stream().unwrap();
    }
    let at = |n: u32| gst::ClockTime::from_nseconds(u64::from(n) * 1_000_000_000 / clip.fps as u64);
    for n in 0..clip.frames {
        let mut buffer = gst::Buffer::from_mut_slice(picture(clip.id, n as u8, clip.size));
        let b = buffer.get_mut().unwrap();
        b.set_pts(at(n));
        b.set_duration(at(n + 1) - at(n));
        src.push_buffer(buffer).unwrap();
    }
    src.end_of_stream().unwrap();
    let end = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(60), &end).unwrap();
    assert_eq!(message.type_(), gst::MessageType::Eos, "cannot make {}: {message:?}", clip.file);
    pipeline.set_state(gst::State::Null).unwrap();
}

/// One I420 picture with its strip.
fn picture(id: u8, frame: u8, (width, height): (usize, usize)) -> Vec<u8> {
    let cell = |i: usize| match i {
        0 => true,
        1..=4 => id >> (i - 1) & 1 == 1,
        5..=12 => frame >> (i - 5) & 1 == 1,
        _ => false,
    };
    let luma = |x: usize, y: usize| match (y < height / 10, cell(x * CELLS / width)) {
        (true, true) => 235,
        (true, false) => 16,
        (false, _) => 90 + id * 8,
    };
    let mut out: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| luma(x, y))).collect();
    out.resize(width * height * 3 / 2, 128);
    out
}

/// An MP4 file whose second half of pictures is noise; its index stays good.
pub(crate) fn half_broken(mp4: &[u8]) -> Vec<u8> {
    let mut bytes = mp4.to_vec();
    let place = |tag: &[u8]| mp4.windows(4).position(|w| w == tag).unwrap();
    let (data, index) = (place(b"mdat") + 4, place(b"moov") - 4);
    let end = if index > data { index } else { bytes.len() };
    let mut noise = 1u32;
    for byte in &mut bytes[(data + end) / 2..end] {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (noise >> 24) as u8;
    }
    bytes
}
