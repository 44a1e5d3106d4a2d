//! Sound: an always-on output fed sample by sample on the stage's running time, silence between items.
//!
//! It is a pipeline of its own, on the same clock and base time as the picture, so that a sound
//! card that is missing, broken or pulled out never touches the picture.

use super::queue::Queue;
use super::source::{Frame, timed, until};
use super::{TakingApart, Timeline, element_error, ready};
use crate::stage::grid::Grid;
use crate::stage::{SoundRule, SoundSink, StageItem, StageResult};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// Samples per second of the whole stage.
pub(super) const RATE: u64 = 48_000;
/// Two channels of 16 bits.
pub(super) const BYTES_PER_FRAME: usize = 4;
/// Time stamps of decoded sound may be off its sample count by this much (20 ms) before they win.
const TOLERANCE: i64 = RATE as i64 / 50;

/// How often a missing sound device is looked for.
const SEEK_AGAIN: Duration = Duration::from_secs(5);
/// How much a [`Fader`] moves in one frame: all the way in 50 ms.
const RAMP_STEP: f64 = 20.0 / RATE as f64;

/// How loud an item's sound is at each of its samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loudness {
    volume: f64,
    /// Samples from silence, and to silence.
    ramps: (u64, u64),
    samples: u64,
}

impl Loudness {
    /// Of an item that is played for `samples`, in a place with this rule.
    pub(super) fn of(item: &StageItem, rule: &SoundRule, samples: u64) -> Self {
        let ramp = |ms: u32| u64::from(ms) * RATE / 1000;
        let volume = rule.gain(item.volume).clamp(0.0, 1.0);
        Self { volume, ramps: (ramp(item.fades.in_ms), ramp(item.fades.out_ms)), samples }
    }
    /// Gain of sample `n` of the item; at most its volume, which is at most what the rule allows.
    fn gain(&self, n: u64) -> f64 {
        let part = |passed: u64, ramp: u64| if passed < ramp { passed as f64 / ramp as f64 } else { 1.0 };
        let left = self.samples.saturating_sub(n + 1);
        self.volume * part(n, self.ramps.0).min(part(left, self.ramps.1))
    }
    /// Is there nothing to multiply?
    fn is_full(&self) -> bool {
        self.volume >= 1.0 && self.ramps == (0, 0)
    }
}

/// The sound of one item, read sample by sample.
pub(super) struct SoundTap {
    sink: gst_app::AppSink,
    loudness: Loudness,
    /// Running time of the item's beginning, in the item's pipeline; sound alone sets it itself.
    base: Option<gst::ClockTime>,
    /// Item time of the first sample in `ready`.
    at: i64,
    ready: VecDeque<u8>,
    ended: bool,
}

impl SoundTap {
    pub(super) fn new(sink: gst_app::AppSink, loudness: Loudness, base: Option<gst::ClockTime>) -> Self {
        Self { sink, loudness, base, at: 0, ready: VecDeque::new(), ended: false }
    }
    /// Takes one more buffer from the decoder; false when none came until `deadline`.
    pub(super) fn pull(&mut self, deadline: Instant) -> bool {
        let Some(sample) = self.sink.try_pull_sample(until(deadline)) else {
            self.ended = self.ended || self.sink.is_eos();
            return false;
        };
        let Some((buffer, at)) = timed(&sample) else { return true };
        let base = *self.base.get_or_insert(at);
        let off_ns = i128::from(at.nseconds()) - i128::from(base.nseconds());
        let at = (off_ns * i128::from(RATE) / 1_000_000_000) as i64;
        let Ok(map) = buffer.map_readable() else { return true };
        self.place(at, map.as_slice());
        true
    }
    /// Puts decoded sound that belongs at `at` behind what is ready, bridging holes and dropping overlaps.
    fn place(&mut self, at: i64, bytes: &[u8]) {
        let end = self.at + (self.ready.len() / BYTES_PER_FRAME) as i64;
        let off = at - end;
        if self.ready.is_empty() && off.abs() > TOLERANCE {
            self.at = at;
        } else if off > TOLERANCE {
            self.ready.extend(std::iter::repeat_n(0, off as usize * BYTES_PER_FRAME));
        }
        let skip = if off < -TOLERANCE && !self.ready.is_empty() { (-off) as usize * BYTES_PER_FRAME } else { 0 };
        self.ready.extend(bytes.iter().skip(skip));
    }
    /// Exactly `bytes` bytes from item sample `first` on, at this item's volume; silence where there is no sound.
    pub(super) fn take(&mut self, first: u64, bytes: usize, deadline: Instant) -> Vec<u8> {
        let first = first as i64;
        let end = first + (bytes / BYTES_PER_FRAME) as i64;
        while !self.ended && self.at + (self.ready.len() / BYTES_PER_FRAME) as i64 <= end {
            if !self.pull(deadline) {
                break;
            }
        }
        if self.at < first {
            let past = ((first - self.at) as usize * BYTES_PER_FRAME).min(self.ready.len());
            self.ready.drain(..past);
            self.at = first;
        }
        let lead = ((self.at - first).max(0) as usize * BYTES_PER_FRAME).min(bytes);
        let mut out = vec![0; lead];
        let here = (bytes - lead).min(self.ready.len());
        if here > 0 {
            out.extend(self.ready.drain(..here));
            self.at += (here / BYTES_PER_FRAME) as i64;
        }
        out.resize(bytes, 0);
        if !self.loudness.is_full() {
            scale(&mut out, |n| self.loudness.gain(first as u64 + n as u64));
        }
        out
    }
    /// For sound alone: is there sound for item slot `k`?
    pub(super) fn frame(&mut self, grid: Grid, k: u64, deadline: Instant) -> Frame {
        let from = grid.sample(k, RATE) as i64;
        let end = |this: &Self| this.at + (this.ready.len() / BYTES_PER_FRAME) as i64;
        while !self.ended && end(self) <= from {
            if !self.pull(deadline) && !self.ended {
                return Frame::Late;
            }
        }
        if end(self) <= from { Frame::End(StageResult::Partial("ended-early".into())) } else { Frame::Keep }
    }
    /// Can nobody hear it?
    pub(super) fn is_mute(&self) -> bool {
        self.loudness.volume <= 0.0
    }
    pub(super) fn ended(&self) -> bool {
        self.ended
    }
}

/// Multiplies frame `n` of 16-bit samples by `gain(n)`, 0 to 1, in 1/65536 steps.
fn scale(bytes: &mut [u8], mut gain: impl FnMut(usize) -> f64) {
    for (n, frame) in bytes.chunks_exact_mut(BYTES_PER_FRAME).enumerate() {
        let gain = (gain(n) * 65_536.0).round() as i64;
        for pair in frame.chunks_exact_mut(2) {
            let sample = i64::from(i16::from_le_bytes([pair[0], pair[1]]));
            // a gain of at most 1 keeps it an i16
            pair.copy_from_slice(&(((sample * gain) >> 16) as i16).to_le_bytes());
        }
    }
}

/// Fades `bytes` to silence, so that what is broken off does not click.
pub(super) fn fade_out(bytes: &mut [u8]) {
    let frames = (bytes.len() / BYTES_PER_FRAME) as f64;
    scale(bytes, |n| 1.0 - (n + 1) as f64 / frames);
}

/// What the volume and an announcement leave of all sound; it moves in a ramp, so that nothing clicks.
#[derive(Debug)]
pub(super) struct Fader {
    gain: f64,
    target: f64,
}

impl Default for Fader {
    fn default() -> Self {
        Self { gain: 1.0, target: 1.0 }
    }
}

impl Fader {
    /// Moves towards this gain, 0 to 1, from here on.
    pub(super) fn turn_to(&mut self, gain: f64) {
        self.target = gain;
    }
    /// Moves on by the sound in `bytes`.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        if self.gain < 1.0 || self.target < 1.0 {
            scale(bytes, |_| {
                self.gain += (self.target - self.gain).clamp(-RAMP_STEP, RAMP_STEP);
                self.gain
            });
        }
    }
}

/// The always-on sound output.
pub(super) struct Speaker {
    pipeline: gst::Pipeline,
    src: gst_app::AppSrc,
    grid: Grid,
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let taking_apart = TakingApart::begin();
        self.pipeline.call_async(move |p| {
            let _ = p.set_state(gst::State::Null);
            drop(taking_apart);
        });
    }
}

/// Sinks tried for `auto`, best first. `autoaudiosink` is not among them: it plays into nowhere without saying so.
pub(super) const DEVICES: [&str; 3] = ["pipewiresink", "pulsesink", "alsasink"];

impl Speaker {
    /// Opens the output; for `auto` without a sound card, the reason comes beside a silent output.
    pub(super) fn open(kind: SoundSink, timeline: &Timeline) -> (Option<Self>, Option<String>) {
        let mut reason = None;
        if kind == SoundSink::None {
            return (None, None);
        }
        if kind == SoundSink::Auto {
            match Self::device(timeline) {
                Ok(speaker) => return (Some(speaker), None),
                Err(why) => reason = Some(why),
            }
        }
        let fake = gst::ElementFactory::make("fakesink").property("sync", true).property("async", false).build();
        match fake.map_err(|e| e.to_string()).and_then(|sink| Self::with(&sink, timeline)) {
            Ok(speaker) => (Some(speaker), reason),
            Err(e) => (None, Some(e)),
        }
    }

    /// Opens the first sound device that works; else the last one's words.
    fn device(timeline: &Timeline) -> Result<Self, String> {
        let mut reason = String::new();
        for name in DEVICES {
            match ready(name).and_then(|sink| Self::with(&sink, timeline)) {
                Ok(speaker) => return Ok(speaker),
                Err(why) => reason = format!("{name}: {why}"),
            }
        }
        Err(reason)
    }

    /// Looks for a sound device, from a thread of its own (opening one takes its time), until it has one or the stage
    /// stops: a sound card that was pulled out comes back, a sound server may start after the player.
    pub(super) fn seek(timeline: &Timeline, queue: &Arc<Queue>) -> Receiver<Self> {
        let (give, found) = sync_channel(1);
        let (timeline, queue) = (timeline.clone(), Arc::clone(queue));
        let seek = move || {
            while !queue.wait(Instant::now() + SEEK_AGAIN) {
                if let Ok(speaker) = Self::device(&timeline) {
                    let _ = give.send(speaker); // the director went away meanwhile
                    return;
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("speaker".into()).spawn(seek) {
            tracing::warn!(%error, "nobody looks for a sound device");
        }
        found
    }

    /// Plays into `sink`.
    pub(super) fn with(sink: &gst::Element, timeline: &Timeline) -> Result<Self, String> {
        let caps = gst::Caps::builder("audio/x-raw")
            .field("format", "S16LE")
            .field("rate", RATE as i32)
            .field("channels", 2)
            .field("layout", "interleaved")
            .build();
        let src = gst_app::AppSrc::builder().caps(&caps).format(gst::Format::Time).max_bytes(RATE * 4).build();
        src.set_property_from_str("leaky-type", "downstream"); // a device that hangs must not fill the memory
        let pipeline = gst::Pipeline::new();
        let make = |name: &str| gst::ElementFactory::make(name).build().map_err(|e| e.to_string());
        let (convert, resample) = (make("audioconvert")?, make("audioresample")?);
        let chain = [src.upcast_ref(), &convert, &resample, sink];
        pipeline.add_many(chain).and_then(|()| gst::Element::link_many(chain)).map_err(|e| e.to_string())?;
        timeline.apply(&pipeline);
        pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| pipeline.bus().map_or_else(|| "cannot start".into(), |bus| element_error(&bus)))?;
        Ok(Self { pipeline, src, grid: timeline.grid })
    }

    /// Gives `bytes` (sound of one slot, beginning at sample `first`) to the device.
    pub(super) fn push(&self, first: u64, bytes: Vec<u8>) {
        let at = |sample: u64| gst::ClockTime::from_nseconds(self.grid.sample_ns(sample, RATE));
        let samples = (bytes.len() / BYTES_PER_FRAME) as u64;
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(at(first));
            buffer.set_duration(at(first + samples) - at(first));
        }
        let _ = self.src.push_buffer(buffer); // a device that went away says so on the bus
    }

    /// Why it has stopped working, if it has.
    pub(super) fn fault(&self) -> Option<String> {
        let bus = self.pipeline.bus()?;
        while let Some(message) = bus.pop() {
            if let gst::MessageView::Error(e) = message.view() {
                return Some(e.error().to_string());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_linear_and_never_overflows() {
        let mut bytes: Vec<u8> = [i16::MIN, -2, 0, 2, i16::MAX, 0].iter().flat_map(|s| s.to_le_bytes()).collect();
        scale(&mut bytes, |_| 0.5);
        let back: Vec<i16> = bytes.chunks_exact(2).map(|p| i16::from_le_bytes([p[0], p[1]])).collect();
        assert_eq!(back, [-16384, -1, 0, 1, 16383, 0]);
    }
}
