//! Stories of what comes out of the loudspeaker: announcements, fades.

use super::*;

/// A sine of half of full scale, no louder and no steeper than this between two samples.
const TONE: &str =
    "audiotestsrc freq=400 volume=0.5 samplesperbuffer=480 num-buffers=300 ! audio/x-raw,rate=48000,format=S16LE";
const STEEP: u16 = 900;

/// What is heard from `from` on, sample by sample; the stream must have no holes.
fn stream(heard: &[Heard]) -> Vec<i16> {
    for pair in heard.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + pair[0].1.len() as u64, "the stream of samples has a hole");
    }
    heard.iter().flat_map(|(_, samples)| samples.iter().copied()).collect()
}

/// The loudest sample of each 10 ms.
fn levels(stream: &[i16]) -> Vec<u16> {
    stream.chunks(480).map(|chunk| chunk.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)).collect()
}

fn steepest(stream: &[i16]) -> u16 {
    stream.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap()
}

impl Theatre {
    fn started(&mut self, ticket: u64) {
        while !matches!(self.next(), StageEvent::Started { ticket: t, .. } if t == ticket) {}
    }
    fn close(mut self) {
        self.stage.stop();
        while self.events.blocking_recv().is_some() {}
    }
}

#[test]
fn an_announcement_lowers_the_sound_without_a_click_and_a_picture_counts_all_the_same() {
    let (ear, heard) = ear();
    let mut theatre = Theatre::open(None, Some(ear));
    let wav = theatre.file("tone.wav", &format!("{TONE} ! wavenc ! OUT"));
    let film = theatre.file(
        "film.webm",
        &format!("webmmux name=m ! OUT videotestsrc num-buffers=60 ! video/x-raw,width=320,height=180,framerate=30/1 ! vp8enc deadline=1 ! m. {TONE} ! opusenc ! m."),
    );
    theatre.enqueue(1, &wav, MediaKind::Audio, 2000, 1.0);
    theatre.started(1);
    theatre.stage.duck(20);
    std::thread::sleep(Duration::from_millis(600));
    theatre.stage.duck(100);
    let alone = theatre.reports(1).remove(0);
    theatre.enqueue(2, &film, MediaKind::Video, 2000, 1.0);
    theatre.started(2);
    theatre.stage.duck(20);
    let film = theatre.reports(1).remove(0);
    theatre.close();

    assert_eq!(alone.result, StageResult::Partial("interrupted".into()), "it was spoken over");
    // a busy machine may have dropped frames of it; what counts here is that nobody calls it spoken over
    assert_ne!(film.result, StageResult::Partial("interrupted".into()), "its picture was seen");
    let stream = stream(&heard.lock().unwrap());
    let levels = levels(&stream);
    let begin = levels.iter().position(|l| *l > 1000).unwrap();
    let full = *levels[begin..begin + 20].iter().max().unwrap();
    let low = levels[begin..begin + 190].iter().filter(|l| l.abs_diff(full / 5) < 200).count();
    assert!((30..110).contains(&low), "600 ms at a fifth, not {low}0: {levels:?}");
    assert!(levels[begin + 185].abs_diff(full) < 200, "and back");
    assert!(steepest(&stream[begin * 480..(begin + 190) * 480]) < STEEP, "no click");
    let last = levels.iter().rposition(|l| *l > 1000).unwrap();
    assert!(levels[last - 20..last - 5].iter().all(|l| *l < full / 4), "the film is lowered, too");
}

#[test]
fn an_interruption_fades_the_sound_out_and_the_last_picture_stays() {
    let (ear, heard) = ear();
    let sink = gst_app::AppSink::builder().build();
    let mut theatre = Theatre::open(Some(sink.clone().upcast()), Some(ear));
    let film = theatre.file(
        "film.webm",
        &format!("webmmux name=m ! OUT videotestsrc pattern=white num-buffers=90 ! video/x-raw,width=320,height=180,framerate=30/1 ! vp8enc deadline=1 ! m. {TONE} ! opusenc ! m."),
    );
    theatre.stage.interrupt(); // of nothing: no play to come is meant
    theatre.enqueue(1, &film, MediaKind::Video, 3000, 1.0);
    theatre.started(1);
    std::thread::sleep(Duration::from_millis(500));
    theatre.stage.interrupt();
    let report = theatre.reports(1).remove(0);
    let mut last = 0;
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_mseconds(100)) {
        last = sample.buffer().unwrap().map_readable().unwrap()[180 / 2 * 320];
    }
    assert!(last > 200, "the film's picture stays, not the dark one: {last}");
    theatre.close();
    assert_eq!(report.result, StageResult::Partial("interrupted".into()));
    let length_ms = report.end.since_ms(report.start);
    assert!((400..2500).contains(&length_ms), "{length_ms} ms");
    let taken = i64::from(report.frames_rendered + report.frames_dropped);
    assert!((taken * 1000 / 30 - length_ms).abs() <= 100, "{report:?}");
    let stream = stream(&heard.lock().unwrap());
    assert!(steepest(&stream) < STEEP * 2, "no click (Opus is not quite the sine): {}", steepest(&stream));
}

#[test]
fn a_sound_comes_and_goes_in_its_ramps_and_is_never_louder_than_its_place_allows() {
    let square = "audiotestsrc wave=square freq=400 volume=0.5 num-buffers=150 ! audio/x-raw,rate=48000,format=S16LE ! wavenc ! OUT";
    for (most_percent, volume) in [(100, 1.0), (50, 1.0), (50, 0.25)] {
        let (ear, heard) = ear();
        let settings = StageSettings { sound_rule: SoundRule { hours: None, most_percent }, ..SETTINGS };
        let mut theatre = Theatre::with(settings, None, Some(ear));
        let path = theatre.file("square.wav", square);
        let fades = Fades { in_ms: 400, out_ms: 600 };
        let item =
            StageItem { ticket: 1, path, kind: MediaKind::Audio, duration_ms: 2000, start_at: None, volume, fades };
        theatre.stage.enqueue(item);
        assert_eq!(theatre.reports(1).remove(0).result, StageResult::Complete);
        theatre.close();
        let stream = stream(&heard.lock().unwrap());
        // the first sample of the ramp is silence: the play begins on the slot before what is heard first
        let begin = stream.iter().position(|s| *s != 0).unwrap() / (RATE as usize / 30) * (RATE as usize / 30);
        let peak = 16_384.0 * volume.min(f64::from(most_percent) / 100.0);
        for (n, sample) in stream[begin..begin + 2 * RATE as usize].iter().enumerate() {
            let ms = n as f64 / 48.0;
            let gain = (ms / 400.0).min((2000.0 - ms) / 600.0).min(1.0);
            let (is, should) = (f64::from(sample.unsigned_abs()), peak * gain);
            assert!(is <= should + 2.0 && is >= should - 4.0, "{ms} ms, {most_percent} %: {is} and not {should}");
        }
        assert!(stream[begin + 2 * RATE as usize..].iter().all(|s| *s == 0));
    }
}

#[test]
fn sound_alone_that_is_turned_off_is_no_play() {
    let mut theatre = Theatre::open(None, None);
    let wav = theatre.file("tone.wav", &format!("{TONE} ! wavenc ! OUT"));
    theatre.enqueue(1, &wav, MediaKind::Audio, 300, 0.0);
    theatre.enqueue(2, &wav, MediaKind::Audio, 300, 0.1);
    let results: Vec<StageResult> = theatre.reports(2).into_iter().map(|r| r.result).collect();
    assert_eq!(results, [StageResult::Failed("not-rendered".into()), StageResult::Complete], "its own volume is 0");
    theatre.stage.front().set_volume(0);
    theatre.enqueue(3, &wav, MediaKind::Audio, 300, 1.0);
    assert_eq!(theatre.reports(1).remove(0).result, StageResult::Failed("not-rendered".into()), "people's volume is 0");
    theatre.close();
}
