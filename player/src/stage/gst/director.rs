//! The director: one turn per output slot, a little ahead of the slot's instant.
//!
//! A turn settles the fate of earlier frames, ends what is over, begins what is due, and pushes
//! exactly one frame (and the sound of one slot). It never waits for a file: the loader does.

use super::front::GstFront;
use super::queue::Queue;
use super::screen::{Screen, raster};
use super::sound::{BYTES_PER_FRAME, Fader, RATE, Speaker, fade_out};
use super::source::{Frame, Source, Wanted};
use super::{StageError, Timeline};
use crate::stage::grid::{Grid, WallMap};
use crate::stage::tally::{Fate, SlotDates, Tally};
use crate::stage::{PictureSink, SoundSink, StageEvent, StageItem, StageResult, StageSettings};
use gstreamer as gst;
use gstreamer_video as gst_video;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{HANOI, UtcMillis};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// The director works this many slots ahead of the screen.
const LEAD_SLOTS: u64 = 3;
/// The dark picture is shown this long before the first item may come: opening a window takes time, which the first
/// frame of a play must not pay.
const OPENING_NS: u64 = 300_000_000;
/// A director this far behind (the machine slept) gives up the running item instead of racing through it.
const ASLEEP_NS: i64 = 1_000_000_000;
/// A screen that is lost is opened anew every so often.
const REOPEN_NS: i64 = 2_000_000_000;
/// After a stop, the last frames have this long to reach the screen.
const LAST_FRAMES: Duration = Duration::from_millis(1500);

/// The item on the stage.
struct Running {
    ticket: u64,
    source: Box<Source>,
    first_slot: u64,
    /// This slot is its last: its sound fades out.
    interrupted: bool,
    /// Slots in which its sound was lowered for an announcement.
    ducked: u64,
}

/// See the file's header.
pub(super) struct Director {
    settings: StageSettings,
    timeline: Timeline,
    clock: Arc<dyn Clock>,
    queue: Arc<Queue>,
    front: Arc<GstFront>,
    events: UnboundedSender<StageEvent>,
    raster: gst::Caps,
    wall: WallMap,
    tally: Tally<Dates>,
    slot: u64,
    /// No item begins before this slot.
    curtain: u64,
    running: Option<Running>,
    /// The slot right after the item that has just ended.
    ended_at: Option<u64>,
    screen: Option<Screen>,
    reopen_at_ns: i64,
    speaker: Option<Speaker>,
    fader: Fader,
    /// An announcement lowers the sound.
    ducked: bool,
    /// The sound that was asked for has no device.
    deaf: Arc<AtomicBool>,
    /// One that comes, or comes back.
    sought: Option<Receiver<Speaker>>,
    /// Sound-only slots handed to the device, settled once their instant has passed.
    heard: VecDeque<u64>,
    last: Option<gst::Buffer>,
}

/// The wall clock as it was when a play began.
struct Dates {
    wall: WallMap,
    grid: Grid,
    zero_mono_ms: u64,
}

impl SlotDates for Dates {
    fn at(&self, slot: u64) -> (UtcMillis, u64) {
        let ns = self.grid.start_ns(slot);
        (self.wall.wall(ns as i64), self.zero_mono_ms + ns / 1_000_000)
    }
}

/// Where picture and sound go.
pub(super) struct Outputs {
    pub(super) screen: Option<Screen>,
    pub(super) speaker: Option<Speaker>,
    /// Why the sound that was asked for has no device.
    pub(super) silent: Option<String>,
}

impl Outputs {
    pub(super) fn open(settings: &StageSettings, timeline: &Timeline) -> Result<Self, StageError> {
        let screen = match settings.picture {
            PictureSink::None => None,
            kind => Some(Screen::open(settings, timeline).map_err(|why| StageError::Picture {
                sink: kind,
                why,
                display: std::env::var("DISPLAY").unwrap_or_default(),
            })?),
        };
        let (speaker, silent) = Speaker::open(settings.sound, timeline);
        Ok(Self { screen, speaker, silent })
    }
}

impl Director {
    pub(super) fn new(
        settings: StageSettings,
        timeline: Timeline,
        clock: Arc<dyn Clock>,
        outputs: Outputs,
        (queue, front): (Arc<Queue>, Arc<GstFront>),
        events: UnboundedSender<StageEvent>,
    ) -> Self {
        let Outputs { screen, speaker, silent } = outputs;
        let grid = timeline.grid;
        let slot = grid.nearest(timeline.running_ns()) + LEAD_SLOTS;
        let opening = if screen.is_some() { grid.nearest(OPENING_NS as i64).max(1) } else { 0 };
        let mut this = Self {
            wall: WallMap::new(timeline.zero_wall, 0),
            last: screen.is_some().then(|| dark(&settings)).flatten(),
            deaf: Arc::new(AtomicBool::new(silent.is_some() || speaker.is_none())),
            raster: raster(&settings),
            settings,
            timeline,
            clock,
            queue,
            front,
            events,
            tally: Tally::default(),
            slot,
            curtain: slot + opening,
            running: None,
            ended_at: None,
            screen,
            reopen_at_ns: 0,
            speaker,
            fader: Fader::default(),
            ducked: false,
            sought: None,
            heard: VecDeque::new(),
        };
        if let Some(why) = silent {
            this.tell_fault(format!("no-sound-device: {why}; playing on without sound, and looking for it"));
            this.sought = this.seek_speaker();
        }
        this
    }

    /// What the loader needs to know: what items must become, and whether sound has a device.
    pub(super) fn wanted(&self) -> (Wanted, Arc<AtomicBool>) {
        let picture = (self.settings.picture != PictureSink::None).then(|| self.raster.clone());
        let sound = self.speaker.as_ref().map(|_| self.settings.sound_rule.clone());
        let want = Wanted {
            picture,
            fit: self.settings.fit,
            background: self.settings.background,
            sound,
            grid: self.timeline.grid,
        };
        (want, Arc::clone(&self.deaf))
    }

    /// Runs until the stage is stopped and the last play is told.
    pub(super) fn run(mut self) {
        let grid = self.timeline.grid;
        self.push_last();
        loop {
            let wake_ns = grid.start_ns(self.slot) as i64 - grid.start_ns(LEAD_SLOTS) as i64;
            let stopped = self.queue.wait(self.timeline.instant(wake_ns));
            self.observe();
            if stopped {
                return self.last_words();
            }
            self.wake_up();
            self.turn();
            self.slot += 1;
        }
    }

    /// Reads clock and outputs, settles fates, tells what there is to tell.
    fn observe(&mut self) {
        let running_ns = self.timeline.running_ns();
        self.read_clock(false);
        self.observe_screen(running_ns);
        if let Some(why) = self.speaker.as_ref().and_then(Speaker::fault) {
            self.speaker = Speaker::open(SoundSink::Fake, &self.timeline).0; // silence keeps the time
            self.deaf.store(true, Ordering::Relaxed);
            self.tell_fault(format!("sound-device-lost: {why}; playing on without sound, and looking for it"));
            self.sought = self.seek_speaker();
        }
        if let Some(speaker) = self.sought.as_ref().and_then(|found| found.try_recv().ok()) {
            (self.speaker, self.sought) = (Some(speaker), None);
            self.deaf.store(false, Ordering::Relaxed);
            tracing::info!("the sound device is there");
        }
        let deaf = self.deaf.load(Ordering::Relaxed);
        while self.heard.front().is_some_and(|s| self.timeline.grid.start_ns(s + 1) as i64 <= running_ns) {
            if let Some(slot) = self.heard.pop_front() {
                self.tally.settle(slot, if deaf { Fate::Dropped } else { Fate::Rendered });
            }
        }
        for event in self.tally.events() {
            let _ = self.events.send(event); // an owner that went away hears nothing
        }
    }

    fn seek_speaker(&self) -> Option<Receiver<Speaker>> {
        (self.settings.sound == SoundSink::Auto).then(|| Speaker::seek(&self.timeline, &self.queue))
    }

    /// A step of the wall clock is taken over between two items only.
    fn read_clock(&mut self, between_items: bool) {
        self.wall.observe(self.clock.now(), self.timeline.running_ns() / 1000, between_items);
    }

    fn observe_screen(&mut self, running_ns: i64) {
        let Some(screen) = &mut self.screen else {
            if self.settings.picture != PictureSink::None && running_ns >= self.reopen_at_ns {
                self.reopen_at_ns = running_ns + REOPEN_NS;
                self.screen = Screen::open(&self.settings, &self.timeline).ok();
            }
            return;
        };
        for (slot, fate) in screen.settled() {
            self.tally.settle(slot, fate);
        }
        if let Some(why) = screen.fault() {
            for (slot, fate) in self.screen.take().map(Screen::give_up).unwrap_or_default() {
                self.tally.settle(slot, fate);
            }
            self.reopen_at_ns = running_ns + REOPEN_NS;
            self.tell_fault(format!("picture-output-lost: {why}; trying again"));
        }
    }

    /// After a sleep of the whole machine: the running item is over, and the slots slept through are nobody's.
    fn wake_up(&mut self) {
        let running_ns = self.timeline.running_ns();
        if running_ns - self.timeline.grid.start_ns(self.slot) as i64 > ASLEEP_NS {
            self.break_off(StageResult::Partial("stalled".into()));
            self.slot = self.timeline.grid.nearest(running_ns) + LEAD_SLOTS;
        }
    }

    /// One slot.
    fn turn(&mut self) {
        let (slot, grid) = (self.slot, self.timeline.grid);
        let (sound_percent, interrupted) = self.queue.announcement();
        self.fader.turn_to(self.front.volume() * f64::from(sound_percent) / 100.0);
        self.ducked = sound_percent < 100;
        let deadline = self.timeline.instant(grid.start_ns(slot) as i64 - grid.slot_ns() as i64 / 2);
        let frame = loop {
            let Some(running) = &mut self.running else {
                self.read_clock(true);
                if self.begin_next() {
                    continue;
                }
                break None;
            };
            if running.interrupted {
                self.end(StageResult::Partial("interrupted".into()));
                continue;
            }
            match running.source.frame(slot - running.first_slot, deadline) {
                Frame::End(StageResult::Complete) => self.end(StageResult::Complete),
                Frame::End(result) => self.break_off(result),
                frame => {
                    running.interrupted = interrupted;
                    break Some(frame);
                }
            }
        };
        let sound_only = self.running.as_ref().is_some_and(|r| r.source.sound_only());
        self.sound(deadline);
        match frame {
            Some(frame) if sound_only => self.count_sound(&frame),
            Some(frame) => self.show(frame),
            None => {}
        }
        if (self.running.is_none() || sound_only) && slot > self.curtain && slot.is_multiple_of(grid.fps()) {
            // Once a second: a window that was covered is mended, a screen that is gone is noticed.
            self.push_last();
        }
    }

    fn show(&mut self, frame: Frame) {
        self.tally.take(self.slot);
        let late = matches!(frame, Frame::Late);
        if let Frame::Show(picture) = frame {
            self.last = Some(picture);
        }
        if late || !self.push_last() {
            self.tally.settle(self.slot, Fate::Dropped);
        }
    }

    /// Gives the last picture to the screen; false when there is no screen.
    fn push_last(&mut self) -> bool {
        match (&mut self.screen, &self.last) {
            (Some(screen), Some(picture)) => {
                screen.push(self.slot, &self.front.over(picture, self.running.is_some()));
                true
            }
            _ => false,
        }
    }

    fn count_sound(&mut self, frame: &Frame) {
        let Some(running) = &mut self.running else { return };
        running.ducked += u64::from(self.ducked);
        let mute = running.source.is_mute() || !self.may_sound();
        self.tally.take(self.slot);
        let late_ns = self.timeline.running_ns() - self.timeline.grid.start_ns(self.slot) as i64;
        if matches!(frame, Frame::Late) || self.speaker.is_none() || late_ns > 0 || mute {
            self.tally.settle(self.slot, Fate::Dropped);
        } else {
            self.heard.push_back(self.slot);
        }
    }

    /// Do the place's rule and the volume people asked for allow sound in this slot?
    fn may_sound(&self) -> bool {
        let (_, of_day_ms) = self.wall.wall(self.timeline.grid.start_ns(self.slot) as i64).local(HANOI);
        self.settings.sound_rule.allows(of_day_ms / 1000) && self.front.volume() > 0.0
    }

    /// The sound of this slot: the item's, or silence.
    fn sound(&mut self, deadline: Instant) {
        let grid = self.timeline.grid;
        let (from, to) = (grid.sample(self.slot, RATE), grid.sample(self.slot + 1, RATE));
        let allowed = self.may_sound();
        let Some(speaker) = &self.speaker else { return };
        // what may not be heard is taken all the same: sound stays in step with its picture
        let own = self.running.as_mut().and_then(|r| {
            let mut sound = r.source.sound(from - grid.sample(r.first_slot, RATE), to - from, deadline)?;
            if r.interrupted {
                fade_out(&mut sound);
            }
            Some(sound)
        });
        let own = own.filter(|_| allowed);
        let mut sound = own.unwrap_or_else(|| vec![0; (to - from) as usize * BYTES_PER_FRAME]);
        self.fader.apply(&mut sound);
        speaker.push(from, sound);
    }

    /// Said at once: what stands in has until the frames on their way are seen.
    fn break_off(&mut self, result: StageResult) {
        if let Some(running) = &self.running {
            let _ = self.events.send(StageEvent::BrokenOff { ticket: running.ticket });
        }
        self.end(result);
    }

    fn end(&mut self, result: StageResult) {
        if let Some(running) = self.running.take() {
            // What was spoken over is not heard: a loudspeaker shows nothing that could count instead.
            let spoken_over = running.ducked * 50 > self.slot - running.first_slot;
            let interrupted = running.source.sound_only() && result == StageResult::Complete && spoken_over;
            self.tally.finish(if interrupted { StageResult::Partial("interrupted".into()) } else { result });
            self.ended_at = Some(self.slot);
        }
    }

    /// Begins the next item if it is due.
    fn begin_next(&mut self) -> bool {
        if self.slot < self.curtain {
            return false;
        }
        let due = |item: &StageItem| self.due(item);
        let Some((item, source)) = self.queue.take(due) else { return false };
        let dates =
            Dates { wall: self.wall.clone(), grid: self.timeline.grid, zero_mono_ms: self.timeline.zero_mono_ms };
        self.tally.begin(item.ticket, self.slot, dates);
        self.running =
            Some(Running { ticket: item.ticket, source, first_slot: self.slot, interrupted: false, ducked: 0 });
        true
    }

    /// Is this slot the nearest to the item's start, or past it? Right after another item the next one may come
    /// up to three quarters of a slot early, so that a clock's jitter never freezes a frame between two neighbours.
    fn due(&self, item: &StageItem) -> bool {
        let grid = self.timeline.grid;
        let slot_ns = grid.slot_ns() as i64;
        let slack_ns = if self.ended_at == Some(self.slot) { slot_ns * 3 / 4 } else { slot_ns / 2 };
        item.start_at.is_none_or(|at| self.wall.running_ns(at) - grid.start_ns(self.slot) as i64 <= slack_ns)
    }

    /// The orderly end: the last frames reach the screen, every play is told.
    fn last_words(mut self) {
        self.end(StageResult::Partial("stopped".into()));
        let until = Instant::now() + LAST_FRAMES;
        while !self.tally.is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
            self.observe();
        }
        for (slot, fate) in self.screen.take().map(Screen::give_up).unwrap_or_default() {
            self.tally.settle(slot, fate);
        }
        for slot in std::mem::take(&mut self.heard) {
            self.tally.settle(slot, Fate::Dropped);
        }
        self.observe();
    }

    fn tell_fault(&self, what: String) {
        tracing::warn!(%what, "stage");
        let _ = self.events.send(StageEvent::Fault(what));
    }
}

/// A plain dark picture: what is on the screen before the first item.
fn dark(settings: &StageSettings) -> Option<gst::Buffer> {
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, settings.width_px, settings.height_px)
        .build()
        .ok()?;
    let mut picture = gst::Buffer::with_size(info.size()).ok()?;
    {
        let mut map = picture.get_mut()?.map_writable().ok()?;
        let (luma, chroma) = map.as_mut_slice().split_at_mut(info.offset()[1]);
        luma.fill(30);
        chroma.fill(128);
    }
    Some(picture)
}
