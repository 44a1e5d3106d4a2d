//! Stories of the stage that need its inside: a sink that can be watched, slowed or broken, a clock that steps.

mod sound;

use super::GstStage;
use super::sound::RATE;
use crate::stage::layout::{Colour, Cover};
use crate::stage::notice::{Notice, Place};
use crate::stage::{
    Fit, PictureSink, SoundRule, SoundSink, Stage, StageEvent, StageItem, StageReport, StageResult, StageSettings,
};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use lichphat_playlists::ids::BootId;
use lichphat_playlists::media::{Fades, MediaKind};
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::time::UtcMillis;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const SETTINGS: StageSettings = StageSettings {
    width_px: 320,
    height_px: 180,
    cover: Cover::Picture,
    background: Colour { rgb: [0, 0, 0] },
    fps: 30,
    fit: Fit::Letterbox,
    picture: PictureSink::Fake,
    sound: SoundSink::Fake,
    sound_rule: SoundRule { hours: None, most_percent: 100 },
};
/// 2026-11-22T02:00:00Z.
const MORNING: i64 = 1_795_312_800_000;

/// A clock that can be stepped.
struct StepClock {
    begin: Instant,
    step_ms: AtomicI64,
}

impl Clock for StepClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(MORNING + self.begin.elapsed().as_millis() as i64 + self.step_ms.load(Ordering::SeqCst))
    }
    fn mono_ms(&self) -> u64 {
        self.begin.elapsed().as_millis() as u64
    }
    fn boot_id(&self) -> BootId {
        BootId(1)
    }
    fn state(&self) -> (ClockState, u32) {
        (ClockState::Synced, 10)
    }
}

/// A stage with its clock and its events.
struct Theatre {
    stage: GstStage,
    clock: Arc<StepClock>,
    events: UnboundedReceiver<StageEvent>,
    folder: tempfile::TempDir,
}

impl Theatre {
    fn open(screen: Option<gst::Element>, speaker: Option<gst::Element>) -> Self {
        Self::with(SETTINGS, screen, speaker)
    }
    fn with(settings: StageSettings, screen: Option<gst::Element>, speaker: Option<gst::Element>) -> Self {
        gst::init().unwrap();
        let clock = Arc::new(StepClock { begin: Instant::now(), step_ms: AtomicI64::new(0) });
        let (tell, events) = unbounded_channel();
        let stage = GstStage::open_on((screen, speaker), settings, clock.clone(), tell).unwrap();
        Self { stage, clock, events, folder: tempfile::tempdir().unwrap() }
    }
    /// Makes a file with a pipeline that ends in `OUT`.
    fn file(&self, name: &str, pipeline: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let text = pipeline.replace("OUT", &format!("filesink location={}", path.display()));
        let maker = gst::parse::launch(&text).unwrap();
        maker.set_state(gst::State::Playing).unwrap();
        let end = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = maker.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(30), &end).unwrap();
        assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
        maker.set_state(gst::State::Null).unwrap();
        path
    }
    fn still(&self) -> PathBuf {
        self.file("still.png", "videotestsrc num-buffers=1 ! video/x-raw,width=320,height=180 ! pngenc ! OUT")
    }
    fn enqueue(&mut self, ticket: u64, path: &Path, kind: MediaKind, duration_ms: u32, volume: f64) {
        let fades = Fades::default();
        self.stage.enqueue(StageItem { ticket, path: path.into(), kind, duration_ms, start_at: None, volume, fades });
    }
    fn next(&mut self) -> StageEvent {
        self.events.blocking_recv().unwrap()
    }
    /// The next `count` reports; other events are passed over.
    fn reports(&mut self, count: usize) -> Vec<StageReport> {
        let mut out = Vec::new();
        while out.len() < count {
            if let StageEvent::Ended(report) = self.next() {
                out.push(report);
            }
        }
        out
    }
}

fn fakesink() -> gst::Element {
    gst::init().unwrap();
    gst::ElementFactory::make("fakesink").build().unwrap()
}

/// Number of the first sample, and the samples of the left channel.
type Heard = (u64, Vec<i16>);

/// A loudspeaker that writes down what it plays.
fn ear() -> (gst::Element, Arc<Mutex<Vec<Heard>>>) {
    let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
    gst::init().unwrap();
    let ear = gst_app::AppSink::builder().sync(true).async_(false).build();
    let to = Arc::clone(&heard);
    ear.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let buffer = sample.buffer().unwrap();
                let at = (buffer.pts().unwrap().nseconds() * RATE + 500_000_000) / 1_000_000_000;
                let map = buffer.map_readable().unwrap();
                let left = map.chunks_exact(4).map(|f| i16::from_le_bytes([f[0], f[1]])).collect();
                to.lock().unwrap().push((at, left));
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    (ear.upcast(), heard)
}

#[test]
fn sound_is_gapless_in_step_with_its_picture_and_silent_in_between() {
    let (ear, heard) = ear();
    let mut theatre = Theatre::open(None, Some(ear));
    let tone =
        "audiotestsrc wave=square freq=400 volume=0.5 samplesperbuffer=480 num-buffers=100 ! audio/x-raw,rate=48000";
    let wav = theatre.file("tone.wav", &format!("{tone},format=S16LE ! wavenc ! OUT"));
    let film = theatre.file(
        "film.webm",
        &format!("webmmux name=m ! OUT videotestsrc num-buffers=30 ! video/x-raw,width=320,height=180,framerate=30/1 ! vp8enc deadline=1 ! m. {tone} ! opusenc ! m."),
    );
    let still = theatre.still();
    theatre.enqueue(1, &wav, MediaKind::Audio, 500, 0.25);
    theatre.enqueue(2, &still, MediaKind::Still, 500, 1.0);
    theatre.enqueue(3, &film, MediaKind::Video, 1000, 1.0);
    let reports = theatre.reports(3);
    assert!(reports.iter().all(|r| r.result == StageResult::Complete), "{reports:?}");
    theatre.stage.stop();
    while theatre.events.blocking_recv().is_some() {}

    let heard = heard.lock().unwrap();
    for pair in heard.windows(2) {
        let off = pair[1].0.abs_diff(pair[0].0 + pair[0].1.len() as u64);
        assert!(off == 0, "the stream of samples has a hole of {off} at {}", pair[1].0);
    }
    // Where it is loud, and how loud, in samples of the stage's running time.
    let loud = |(at, samples): &Heard| -> Vec<u64> {
        (0..).zip(samples).filter(|(_, s)| s.abs() > 1000).map(|(i, _)| at + i).collect()
    };
    let loud: Vec<u64> = heard.iter().flat_map(loud).collect();
    let silence = loud.windows(2).find(|w| w[1] - w[0] > RATE / 10).expect("silence between the two sounds");
    let (first, end, again) = (loud[0], silence[0] + 1, silence[1]);
    assert_eq!(end - first, RATE / 2, "the cut sound is exactly as long as its play");
    assert_eq!(first % (RATE / 30), 0, "and begins on a slot");
    // Running time of the reports, from the monotonic clock they carry.
    let since_first_ms = |i: usize| reports[i].mono_start_ms as i64 - reports[0].mono_start_ms as i64;
    let off_ms = (again - first) as i64 * 1000 / RATE as i64 - since_first_ms(2);
    assert!(off_ms.abs() <= 10, "sound and picture are {off_ms} ms apart");
    let peak = |from: u64| heard.iter().find(|(at, s)| *at >= from && !s.is_empty()).map(|(_, s)| s[s.len() / 2].abs());
    let (quiet, full) = (peak(first).unwrap(), peak(again + 4800).unwrap());
    assert!((3.4..4.6).contains(&(f64::from(full) / f64::from(quiet))), "volume 0.25: {quiet} against {full}");
}

/// The loudest sample of half a second of a tone at full volume at nine in the morning, and how its play went.
fn loudest(rule: SoundRule) -> (u16, StageResult) {
    let (ear, heard) = ear();
    let settings = StageSettings { sound_rule: rule, ..SETTINGS };
    let mut theatre = Theatre::with(settings, None, Some(ear));
    let tone =
        "audiotestsrc wave=square volume=0.5 num-buffers=50 ! audio/x-raw,rate=48000,format=S16LE ! wavenc ! OUT";
    let wav = theatre.file("tone.wav", tone);
    theatre.enqueue(1, &wav, MediaKind::Audio, 500, 1.0);
    let report = theatre.reports(1).remove(0);
    theatre.stage.stop();
    while theatre.events.blocking_recv().is_some() {}
    let heard = heard.lock().unwrap();
    (heard.iter().flat_map(|(_, samples)| samples).map(|s| s.unsigned_abs()).max().unwrap(), report.result)
}

#[test]
fn a_places_sound_rule_stands_above_every_item_and_what_nobody_hears_is_no_play() {
    let rule = |hours: Option<&str>, most_percent| SoundRule {
        hours: hours.map(|text| lichphat_playlists::time::IntervalSet::parse(text).unwrap()),
        most_percent,
    };
    let (full, result) = loudest(rule(None, 100));
    assert_eq!((full > 10_000, result), (true, StageResult::Complete));
    let (half, result) = loudest(rule(Some("08:00-10:00"), 50));
    assert!((full / 2).abs_diff(half) < 200 && result == StageResult::Complete, "{half} of {full}");
    for silent in [rule(Some("10:00-21:00"), 100), rule(None, 0)] {
        assert_eq!(loudest(silent), (0, StageResult::Failed("not-rendered".into())));
    }
}

#[test]
fn a_slow_screen_drops_frames_and_the_count_agrees_with_the_screen() {
    static SHOWN: AtomicU32 = AtomicU32::new(0);
    let sink = fakesink();
    sink.set_property("signal-handoffs", true);
    sink.connect("handoff", false, |_| {
        SHOWN.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(80)); // two and a half slots
        None
    });
    let mut theatre = Theatre::open(Some(sink), None);
    let still = theatre.still();
    for ticket in 0..3 {
        theatre.enqueue(ticket, &still, MediaKind::Still, 1000, 1.0);
    }
    let reports = theatre.reports(3);
    let rendered: u32 = reports.iter().map(|r| r.frames_rendered).sum();
    for report in &reports {
        assert_eq!(report.frames_rendered + report.frames_dropped, 30, "{report:?}");
        assert!(report.frames_dropped >= 10, "{report:?}");
        assert!((report.end.since_ms(report.start) - 1000).abs() <= 100, "and it keeps its time: {report:?}");
    }
    // Before the first item the screen has shown the dark picture, and perhaps again a second later.
    let others = SHOWN.load(Ordering::SeqCst) - rendered;
    assert!((1..=2).contains(&others), "{rendered} rendered, {others} more were shown");
}

#[test]
fn a_screen_that_breaks_is_opened_anew_and_what_it_missed_is_dropped() {
    let sink = fakesink();
    let mut theatre = Theatre::open(Some(sink.clone()), None);
    let still = theatre.still();
    theatre.enqueue(1, &still, MediaKind::Still, 4000, 1.0);
    while !matches!(theatre.next(), StageEvent::Started { ticket: 1, .. }) {}
    gst::element_error!(sink, gst::ResourceError::Write, ["the cable was pulled"]);
    let fault = theatre.next();
    assert!(matches!(&fault, StageEvent::Fault(what) if what.starts_with("picture-output-lost")), "{fault:?}");
    let report = theatre.reports(1).remove(0);
    assert_eq!(report.frames_rendered + report.frames_dropped, 120);
    assert!(report.frames_dropped >= 50 && report.frames_rendered >= 20, "{report:?}");
}

#[test]
fn a_stepped_clock_neither_repeats_nor_skips_nor_misdates() {
    let mut theatre = Theatre::open(None, None);
    let still = theatre.still();
    for ticket in 1..=3 {
        theatre.enqueue(ticket, &still, MediaKind::Still, 700, 1.0);
    }
    while !matches!(theatre.next(), StageEvent::Started { ticket: 1, .. }) {}
    theatre.clock.step_ms.store(3_600_000, Ordering::SeqCst);
    let reports = theatre.reports(3);
    assert_eq!(reports.iter().map(|r| r.ticket).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(reports.iter().all(|r| r.frames_rendered + r.frames_dropped == 21), "{reports:?}");
    assert!(
        reports.iter().all(|r| (r.end.since_ms(r.start) - 700).abs() <= 100),
        "no play is stretched by the step: {reports:?}"
    );
    let off_ms = |r: &StageReport| r.start.0 - MORNING - r.mono_start_ms as i64;
    assert!(off_ms(&reports[0]).abs() <= 5, "the running play keeps its date: {reports:?}");
    for pair in reports.windows(2) {
        assert!((off_ms(&pair[1]) - 3_600_000).abs() <= 5, "the next ones have the new date: {reports:?}");
        assert!(
            (pair[1].mono_start_ms - pair[0].mono_start_ms).abs_diff(700) <= 100,
            "and the stage goes on without a pause"
        );
    }
}

#[test]
fn after_a_step_a_start_means_the_new_time() {
    let mut theatre = Theatre::open(None, None);
    let still = theatre.still();
    theatre.clock.step_ms.store(-3_600_000, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(100));
    let start_at = theatre.clock.now().plus_ms(2000);
    let item = StageItem {
        ticket: 1,
        path: still,
        kind: MediaKind::Still,
        duration_ms: 300,
        start_at: Some(start_at),
        volume: 1.0,
        fades: Fades::default(),
    };
    theatre.stage.enqueue(item);
    let report = theatre.reports(1).remove(0);
    assert!(report.start.since_ms(start_at).abs() <= 20, "{} ms off", report.start.since_ms(start_at));
}

#[test]
fn what_is_forgotten_is_not_reported_and_a_stop_is_the_end() {
    let mut theatre = Theatre::open(None, None);
    let still = theatre.still();
    for ticket in 1..=4 {
        theatre.enqueue(ticket, &still, MediaKind::Still, 60_000, 1.0);
    }
    while !matches!(theatre.next(), StageEvent::Started { ticket: 1, .. }) {}
    assert_eq!(theatre.stage.clear_queue(), [2, 3, 4]);
    theatre.stage.stop();
    theatre.enqueue(5, &still, MediaKind::Still, 1000, 1.0);
    let report = theatre.reports(1).remove(0);
    assert_eq!((report.ticket, &report.result), (1, &StageResult::Partial("stopped".into())));
    assert!(theatre.events.blocking_recv().is_none(), "nothing comes after the last report");
}

/// Light at the middle of the left edge, of the top edge, and in the middle, of what the screen shows.
fn lights(fit: Fit, size: (u32, u32), background: &str) -> [u8; 3] {
    gst::init().unwrap();
    let (width, height) = size;
    let sink = gst_app::AppSink::builder().build();
    let background = Colour::try_from(background.to_owned()).unwrap();
    let settings = StageSettings { width_px: width, height_px: height, fit, background, ..SETTINGS };
    let mut theatre = Theatre::with(settings, Some(sink.clone().upcast()), None);
    // 160 x 216: white, with a black beam of 18 lines at the top and at the bottom
    let source = "videotestsrc num-buffers=1 pattern=white ! video/x-raw,width=160,height=180 ! \
                  videobox top=-18 bottom=-18 ! videoconvert ! pngenc ! OUT";
    let still = theatre.file("tall.png", source);
    theatre.enqueue(1, &still, MediaKind::Still, 1000, 1.0);
    while !matches!(theatre.next(), StageEvent::Started { ticket: 1, .. }) {}
    let mut shown = [0; 3];
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_mseconds(300)) {
        let info = gst_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
        let map = sample.buffer().unwrap().map_readable().unwrap();
        let light = |x: u32, y: u32| map[info.offset()[0] + y as usize * info.stride()[0] as usize + x as usize];
        shown = [light(1, height / 2), light(width / 2, 1), light(width / 2, height / 2)];
        if shown[2] > 200 {
            break; // the still itself, after the dark picture before it
        }
    }
    shown
}

#[test]
fn a_source_of_another_shape_gets_borders_is_cut_or_stretched() {
    let seen = |fit, size| {
        lights(fit, size, "#000000").map(|light| if light > 200 { 'W' } else { '-' }).iter().collect::<String>()
    };
    for wide in [(320, 180), (640, 192)] {
        assert_eq!(seen(Fit::Letterbox, wide), "--W", "borders beside it, its own beam above");
        assert_eq!(seen(Fit::Stretch, wide), "W-W", "all of it, to the edges");
        assert_eq!(seen(Fit::Crop, wide), "WWW", "the beams are cut off");
    }
    assert_eq!(seen(Fit::Letterbox, (180, 320)), "W-W", "a portrait screen gets borders above and below");
    assert_eq!(seen(Fit::Crop, (90, 360)), "W-W", "its sides are cut off");
    let [beside, beam, middle] = lights(Fit::Letterbox, (321, 181), "#808080");
    assert_eq!((beside, beam < 40, middle > 200), (126, true, true), "grey borders, its own beam black");
    assert!(lights(Fit::Stretch, (320, 180), "#808080")[0] > 200, "no borders, nothing grey");
}

/// Light near the top and in the foot of the picture: a band stands in the foot, the whole everywhere.
fn light_of(jpeg: &[u8]) -> [u8; 2] {
    let decoder =
        gst::parse::launch("appsrc name=in ! jpegdec ! videoconvert ! video/x-raw,format=GRAY8 ! appsink name=out")
            .unwrap()
            .downcast::<gst::Pipeline>()
            .unwrap();
    let part = |name| decoder.by_name(name).unwrap();
    decoder.set_state(gst::State::Playing).unwrap();
    let source = part("in").downcast::<gst_app::AppSrc>().unwrap();
    source.push_buffer(gst::Buffer::from_slice(jpeg.to_vec())).unwrap();
    source.end_of_stream().unwrap();
    let sample = part("out").downcast::<gst_app::AppSink>().unwrap().pull_sample().unwrap();
    let info = gst_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
    assert_eq!((info.width(), info.height()), (160, 90), "half of 320 x 180");
    let map = sample.buffer().unwrap().map_readable().unwrap();
    let light = [10, 88].map(|y| map[y * info.stride()[0] as usize + 4]);
    decoder.set_state(gst::State::Null).unwrap();
    light
}

#[test]
fn a_band_stands_over_a_play_that_counts_and_the_whole_only_where_nothing_plays() {
    let mut theatre = Theatre::open(None, None);
    let front = theatre.stage.front();
    let notice = |place, for_ms| Notice { title: "P00004-03".into(), lines: vec![], qr: None, place, for_ms };
    let seen = |wanted: &dyn Fn([u8; 2]) -> bool| {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let light = front.screenshot(160).map(|jpeg| light_of(&jpeg));
            if light.is_ok_and(wanted) || Instant::now() > until {
                return light;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let (white, paper) = (|light: u8| light > 200, |light: u8| light < 40);
    assert!(front.notice(Some(&notice(Place::Whole, None))));
    let white_still = theatre.file(
        "white.png",
        "videotestsrc num-buffers=1 pattern=white ! video/x-raw,width=320,height=180 ! pngenc ! OUT",
    );
    theatre.enqueue(1, &white_still, MediaKind::Still, 2000, 1.0);
    seen(&|[top, foot]| white(top) && white(foot)).expect("the play is seen in place of the whole notice");
    assert!(front.notice(Some(&notice(Place::Band, Some(700)))));
    let with_band = seen(&|[top, foot]| white(top) && paper(foot)).unwrap();
    assert!(white(with_band[0]) && paper(with_band[1]), "{with_band:?}");
    let after = seen(&|[top, foot]| white(top) && white(foot)).unwrap();
    assert!(white(after[1]), "the band went by itself: {after:?}");
    let report = theatre.reports(1).remove(0);
    assert_eq!((report.frames_rendered, report.result), (60, StageResult::Complete), "the play counts");
    let loudspeaker = StageSettings { picture: PictureSink::None, ..SETTINGS };
    let front = Theatre::with(loudspeaker, None, None).stage.front();
    assert!(!front.notice(Some(&notice(Place::Band, None))));
    assert_eq!(front.screenshot(160), Err("no-picture"));
}

#[test]
fn the_volume_people_ask_for_turns_down_what_the_rule_allows() {
    let (ear, heard) = ear();
    let mut theatre = Theatre::open(None, Some(ear));
    theatre.stage.front().set_volume(50);
    let tone =
        "audiotestsrc wave=square volume=0.5 num-buffers=50 ! audio/x-raw,rate=48000,format=S16LE ! wavenc ! OUT";
    let wav = theatre.file("tone.wav", tone);
    theatre.enqueue(1, &wav, MediaKind::Audio, 500, 1.0);
    assert_eq!(theatre.reports(1).remove(0).result, StageResult::Complete);
    let loudest = heard.lock().unwrap().iter().flat_map(|(_, s)| s.clone()).map(i16::unsigned_abs).max().unwrap();
    assert!((8_000..8_400).contains(&loudest), "half of half: {loudest}");
    theatre.stage.front().set_volume(0);
    theatre.enqueue(2, &wav, MediaKind::Audio, 500, 1.0);
    let silent = theatre.reports(1).remove(0);
    assert_eq!(silent.result, StageResult::Failed("not-rendered".into()), "what nobody hears is no play");
}
