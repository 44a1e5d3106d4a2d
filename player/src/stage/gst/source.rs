//! One item: its own decoding pipeline, opened ahead on another thread and taken apart on another.
//!
//! `decodebin` feeds a picture branch that ends on the output's exact raster and frame grid and a
//! sound branch that ends on the output's exact sample format. Both end in small `appsink`s, so a
//! prepared item costs a few frames of memory and no time. Whatever breaks in here stays in here.
//! (`uridecodebin3` of GStreamer 1.22 is not used: opening a short H.264 file hangs about once in 200 times.)

use super::TakingApart;
use super::borders::Borders;
use super::sound::{BYTES_PER_FRAME, Loudness, RATE, SoundTap};
use super::stills::Stills;
use crate::stage::grid::Grid;
use crate::stage::layout::Colour;
use crate::stage::{Fit, SoundRule, StageItem, StageResult};
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use lichphat_playlists::media::MediaKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An item that gives no first frame within this time has failed.
const PREPARE_LIMIT: Duration = Duration::from_secs(10);
/// How long a prepared picture waits for the first of its sound.
const SOUND_LIMIT: Duration = Duration::from_millis(700);
const POLL: gst::ClockTime = gst::ClockTime::from_mseconds(20);
/// Undecodable packets in a row after which a clip is broken.
const DECODER_ERRORS: i32 = 5;
/// A decoder that gives nothing for this long while its item is shown is given up.
const STALL_LIMIT_S: u64 = 2;

/// What the output wants every item to become.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Picture caps with frame rate; none on a loudspeaker.
    pub(super) picture: Option<gst::Caps>,
    pub(super) fit: Fit,
    pub(super) background: Colour,
    /// The place's rule; none without a loudspeaker.
    pub(super) sound: Option<SoundRule>,
    pub(super) grid: Grid,
}

/// What an item gives for one output slot.
pub(super) enum Frame {
    /// This picture.
    Show(gst::Buffer),
    /// The picture before it, by right: the source has no newer one.
    Keep,
    /// Nothing in time.
    Late,
    /// The play is over before this slot.
    End(StageResult),
}

/// An item ready to be shown.
pub(super) struct Source {
    picture: Picture,
    sound: Option<SoundTap>,
    decoder: Option<Decoder>,
    grid: Grid,
    slots: u64,
    late: u64,
    late_in_a_row: u64,
}

enum Picture {
    None,
    Still(gst::Buffer),
    Moving(Box<Moving>),
}

/// Pictures on the item's own frame grid.
struct Moving {
    sink: gst_app::AppSink,
    /// What is painted beside each picture.
    borders: Option<Borders>,
    base: gst::ClockTime,
    /// The next picture, and the item's slot it is for.
    ahead: Option<(u64, gst::Buffer)>,
    ended: bool,
}

/// Streams of the file and its first fault, filled in from GStreamer's threads.
#[derive(Debug, Default)]
struct Found {
    known: bool,
    picture: bool,
    sound: bool,
    fault: Option<&'static str>,
}

struct Decoder {
    pipeline: gst::Pipeline,
    found: Arc<Mutex<Found>>,
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // Taking a pipeline apart joins its threads; the director must not wait for that.
        let taking_apart = TakingApart::begin();
        self.pipeline.call_async(move |p| {
            let _ = p.set_state(gst::State::Null);
            if let Some(bus) = p.bus() {
                bus.unset_sync_handler();
            }
            drop(taking_apart);
        });
    }
}

/// Opens `item` and waits for its first frame. `wanted` is false once nobody waits for it any more.
pub(super) fn prepare(
    item: &StageItem,
    want: &Wanted,
    stills: &mut Stills,
    wanted: &dyn Fn() -> bool,
) -> Result<Source, &'static str> {
    let until = Instant::now() + PREPARE_LIMIT;
    let waiting = || if Instant::now() < until && wanted() { Ok(()) } else { Err("too-slow") };
    let mut source = Source {
        picture: Picture::None,
        sound: None,
        decoder: None,
        grid: want.grid,
        slots: want.grid.slots_in(item.duration_ms),
        late: 0,
        late_in_a_row: 0,
    };
    if item.kind == MediaKind::Still {
        let caps = want.picture.as_ref().ok_or("no-picture-output")?;
        source.picture = Picture::Still(stills.get_or(&item.path, || {
            let decoder = Decoder::open(&item.path, Some(picture_branch(caps, want.fit, true)), false)?;
            let (_, mut picture, _) = decoder.first_picture(&waiting)?;
            decoder.borders(want).inspect(|borders| borders.paint(&mut picture));
            Ok(picture)
        })?);
        return Ok(source);
    }
    let caps = want.picture.as_ref().filter(|_| item.kind != MediaKind::Audio);
    if caps.is_none() && want.sound.is_none() {
        return Err("no-sound-device");
    }
    let picture = caps.map(|caps| picture_branch(caps, want.fit, false));
    let decoder = Decoder::open(&item.path, picture, want.sound.is_some())?;
    let mut base = None;
    if caps.is_some() {
        let (sink, mut buffer, at) = decoder.first_picture(&waiting)?;
        let borders = decoder.borders(want);
        borders.as_ref().inspect(|borders| borders.paint(&mut buffer));
        base = Some(at);
        source.picture =
            Picture::Moving(Box::new(Moving { sink, borders, base: at, ahead: Some((0, buffer)), ended: false }));
    }
    if let Some(rule) = &want.sound {
        let loudness = Loudness::of(item, rule, want.grid.sample(source.slots, RATE));
        source.sound = decoder.first_sound(loudness, base, caps.is_none(), &waiting)?;
    }
    source.decoder = Some(decoder);
    Ok(source)
}

impl Source {
    /// What item slot `k` shows; waits for the decoder until `deadline`.
    pub(super) fn frame(&mut self, k: u64, deadline: Instant) -> Frame {
        if k >= self.slots {
            let late = self.late * 10 > self.slots;
            return Frame::End(if late { StageResult::Partial("too-slow".into()) } else { StageResult::Complete });
        }
        if let Some(cause) = self.decoder.as_ref().and_then(Decoder::fault) {
            return Frame::End(StageResult::Partial(cause.into()));
        }
        let frame = match &mut self.picture {
            Picture::None => self.sound.as_mut().map_or(Frame::Keep, |s| s.frame(self.grid, k, deadline)),
            Picture::Still(buffer) => Frame::Show(buffer.clone()),
            Picture::Moving(moving) => moving.frame(self.grid, k, deadline),
        };
        match frame {
            Frame::End(_) if k * 100 >= self.slots * 95 => Frame::Keep,
            Frame::Late => {
                self.late += 1;
                self.late_in_a_row += 1;
                if self.late_in_a_row > STALL_LIMIT_S * self.grid.fps() {
                    return Frame::End(StageResult::Partial("too-slow".into()));
                }
                Frame::Late
            }
            other => {
                self.late_in_a_row = 0;
                other
            }
        }
    }
    /// Has it no picture of its own?
    pub(super) fn sound_only(&self) -> bool {
        matches!(self.picture, Picture::None)
    }
    /// Is its sound there and loud enough to be heard at all?
    pub(super) fn is_mute(&self) -> bool {
        self.sound.as_ref().is_none_or(SoundTap::is_mute)
    }
    /// The sound of item slots `[k, k + 1)`, exactly `samples` long; silence where it has none.
    pub(super) fn sound(&mut self, first: u64, samples: u64, deadline: Instant) -> Option<Vec<u8>> {
        let sound = self.sound.as_mut()?;
        Some(sound.take(first, samples as usize * BYTES_PER_FRAME, deadline))
    }
}

impl Moving {
    fn frame(&mut self, grid: Grid, k: u64, deadline: Instant) -> Frame {
        loop {
            match self.ahead.take() {
                Some((at, buffer)) if at == k => return Frame::Show(buffer),
                Some((at, buffer)) if at > k => {
                    self.ahead = Some((at, buffer));
                    return Frame::Keep;
                }
                _ => {} // of a slot already past: the decoder was late
            }
            if self.ended {
                return Frame::End(StageResult::Partial("ended-early".into()));
            }
            match self.sink.try_pull_sample(until(deadline)) {
                Some(sample) => {
                    if let Some((mut buffer, at)) = timed(&sample) {
                        drop(sample); // what only we hold is painted in place
                        self.borders.as_ref().inspect(|borders| borders.paint(&mut buffer));
                        let at = at.saturating_sub(self.base).nseconds();
                        self.ahead = Some((grid.nearest(at as i64), buffer));
                    }
                }
                None if self.sink.is_eos() => self.ended = true,
                None => return Frame::Late,
            }
        }
    }
}

/// From a decoded picture to the output's raster `caps`.
fn picture_branch(caps: &gst::Caps, fit: Fit, still: bool) -> (String, gst::Caps) {
    // videorate first: a source with more frames than the output is not scaled in vain.
    let rate = if still { "" } else { "videorate name=picture ! " };
    let name = if still { "name=picture" } else { "" };
    let keep = if still { 1 } else { 4 };
    let side = |field| caps.structure(0).and_then(|s| s.get::<i32>(field).ok()).unwrap_or(1);
    let crop = match fit {
        Fit::Crop => format!("aspectratiocrop aspect-ratio={}/{} ! ", side("width"), side("height")),
        Fit::Letterbox | Fit::Stretch => String::new(),
    };
    let borders = fit == Fit::Letterbox;
    let branch = format!(
        " {rate}videoflip {name} video-direction=auto ! {crop}videoconvertscale name=scale add-borders={borders} qos=false ! \
         capsfilter name=raster ! appsink name=frames sync=false async=false enable-last-sample=false max-buffers={keep}"
    );
    (branch, if still { without_rate(caps) } else { caps.clone() })
}

impl Decoder {
    /// `picture`: the branch of the picture, and the caps at its end.
    fn open(path: &Path, picture: Option<(String, gst::Caps)>, sounding: bool) -> Result<Self, &'static str> {
        let meta = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "not-found",
            _ => "not-readable",
        })?;
        if !meta.is_file() {
            return Err("not-readable");
        }
        let mut chains = "filesrc name=file ! decodebin name=decoder".to_owned();
        if let Some((branch, _)) = &picture {
            chains += branch;
        }
        if sounding {
            chains += &format!(
                " audioconvert name=sound ! audioresample ! \
                 audio/x-raw,format=S16LE,rate={RATE},channels=2,layout=interleaved ! \
                 appsink name=samples sync=false async=false max-buffers=24"
            );
        }
        let pipeline =
            gst::parse::launch(&chains).ok().and_then(|p| p.downcast::<gst::Pipeline>().ok()).ok_or("no-decoder")?;
        let found = Arc::new(Mutex::new(Found::default()));
        pipeline.connect_deep_element_added(|_, _, element| {
            // Without this a decoder hides any number of errors, and a clip broken half-way looks whole.
            if element.has_property_with_type("max-errors", i32::static_type()) {
                element.set_property("max-errors", DECODER_ERRORS);
            }
        });
        let this = Self { pipeline, found };
        this.watch();
        if let (Some(raster), Some((_, caps))) = (this.pipeline.by_name("raster"), picture) {
            raster.set_property("caps", caps);
        }
        if let Some(file) = this.pipeline.by_name("file") {
            file.set_property("location", path);
        }
        this.take_streams();
        if this.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(this.fault().unwrap_or("decode-error"));
        }
        Ok(this)
    }

    /// Remembers the first error; nothing reads this pipeline's bus.
    fn watch(&self) {
        let found = Arc::clone(&self.found);
        let Some(bus) = self.pipeline.bus() else { return };
        bus.set_sync_handler(move |_, message| {
            if let gst::MessageView::Error(e) = message.view() {
                let cause = cause_of(&e.error());
                tracing::warn!(cause, error = %e.error(), detail = e.debug().as_deref().unwrap_or(""), "item");
                lock(&found).fault.get_or_insert(cause);
            }
            gst::BusSyncReply::Drop
        });
    }

    /// The first picture and the first sound of the file go to their branches; other streams go nowhere.
    fn take_streams(&self) {
        let Some(decoder) = self.pipeline.by_name("decoder") else { return };
        let (found, pipeline) = (Arc::clone(&self.found), self.pipeline.downgrade());
        decoder.connect_pad_added(move |_, pad| {
            let Some(pipeline) = pipeline.upgrade() else { return };
            let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
            let name = caps.structure(0).map(|s| s.name().to_string()).unwrap_or_default();
            let branch = match name.split('/').next() {
                Some("video") => "picture",
                Some("audio") => "sound",
                _ => return,
            };
            {
                let mut found = lock(&found);
                found.picture |= branch == "picture";
                found.sound |= branch == "sound";
            }
            let Some(sink) = pipeline.by_name(branch).and_then(|e| e.static_pad("sink")) else { return };
            if !sink.is_linked()
                && let Err(e) = pad.link(&sink)
            {
                tracing::warn!(error = %e, "cannot use a stream");
            }
        });
        let found = Arc::clone(&self.found);
        decoder.connect_no_more_pads(move |_| lock(&found).known = true);
    }

    fn fault(&self) -> Option<&'static str> {
        lock(&self.found).fault
    }

    fn sink(&self, name: &str) -> Result<gst_app::AppSink, &'static str> {
        self.pipeline.by_name(name).and_then(|e| e.downcast().ok()).ok_or("no-decoder")
    }

    /// What is to be painted beside its pictures, once the first of them has come.
    fn borders(&self, want: &Wanted) -> Option<Borders> {
        let source = self.pipeline.by_name("scale")?.static_pad("sink")?.current_caps()?;
        let output = want.picture.as_ref().filter(|_| want.fit == Fit::Letterbox)?;
        Borders::of(&source, output, want.background)
    }

    /// The sink of the pictures, the first of them and its running time.
    fn first_picture(
        &self,
        waiting: &dyn Fn() -> Result<(), &'static str>,
    ) -> Result<(gst_app::AppSink, gst::Buffer, gst::ClockTime), &'static str> {
        let sink = self.sink("frames")?;
        loop {
            if let Some(sample) = sink.try_pull_sample(POLL) {
                let (buffer, at) = timed(&sample).ok_or("decode-error")?;
                return Ok((sink, buffer, at));
            }
            let found = lock(&self.found);
            if found.known && !found.picture {
                return Err("no-picture"); // before any error that having nothing to decode has led to
            }
            if let Some(fault) = found.fault {
                return Err(fault);
            }
            drop(found);
            if sink.is_eos() {
                return Err("decode-error");
            }
            waiting()?;
        }
    }

    /// The sound, begun; none when the file has none. Sound alone must come, beside a picture it may be late.
    fn first_sound(
        &self,
        loudness: Loudness,
        base: Option<gst::ClockTime>,
        alone: bool,
        waiting: &dyn Fn() -> Result<(), &'static str>,
    ) -> Result<Option<SoundTap>, &'static str> {
        let mut tap = SoundTap::new(self.sink("samples")?, loudness, base);
        let patience = Instant::now() + SOUND_LIMIT;
        loop {
            if tap.pull(Instant::now() + Duration::from_millis(20)) {
                return Ok(Some(tap));
            }
            let (mute, fault) = {
                let found = lock(&self.found);
                (found.known && !found.sound, found.fault)
            };
            match (alone, mute) {
                (true, true) => return Err("no-sound"),
                (_, false) if fault.is_some() => return Err(fault.unwrap_or("decode-error")),
                (false, true) => return Ok(None),
                (true, false) if tap.ended() => return Err("decode-error"),
                (true, false) => waiting()?,
                (false, false) if tap.ended() || Instant::now() > patience => return Ok(Some(tap)),
                (false, false) => {}
            }
        }
    }
}

fn lock(found: &Mutex<Found>) -> std::sync::MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left until `deadline`, as GStreamer counts it.
pub(super) fn until(deadline: Instant) -> gst::ClockTime {
    let left = deadline.saturating_duration_since(Instant::now());
    gst::ClockTime::from_nseconds(left.as_nanos() as u64)
}

/// Buffer and running time of a sample.
pub(super) fn timed(sample: &gst::Sample) -> Option<(gst::Buffer, gst::ClockTime)> {
    let buffer = sample.buffer_owned()?;
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    let at = buffer.pts().and_then(|pts| segment.to_running_time(pts)).unwrap_or(gst::ClockTime::ZERO);
    Some((buffer, at))
}

fn without_rate(caps: &gst::Caps) -> gst::Caps {
    let mut caps = caps.clone();
    if let Some(s) = caps.make_mut().structure_mut(0) {
        s.remove_field("framerate");
    }
    caps
}

/// The stable word for a decoder's error.
fn cause_of(error: &glib::Error) -> &'static str {
    match (error.kind::<gst::ResourceError>(), error.kind::<gst::StreamError>()) {
        (Some(gst::ResourceError::NotFound), _) => "not-found",
        (Some(_), _) => "not-readable",
        (_, Some(gst::StreamError::TypeNotFound | gst::StreamError::WrongType)) => "unknown-format",
        (_, Some(gst::StreamError::CodecNotFound)) => "no-decoder",
        _ => match error.kind::<gst::CoreError>() {
            Some(gst::CoreError::MissingPlugin) => "no-decoder",
            _ => "decode-error",
        },
    }
}
