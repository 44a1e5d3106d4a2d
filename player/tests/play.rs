//! Stories of `lichphat-player play`, through the real program: what it records is what it showed.
#![cfg(feature = "stage-gstreamer")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod screen;

use screen::clips::{self, Clip, MIXED};
use screen::display::Display;
use screen::witness::{Witness, faults, plays_seen};
use screen::{Record, Show, item};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const FAKE: [&str; 4] = ["--sink", "fake", "--audio", "fake"];
/// One output frame, rounded up, milliseconds.
const FRAME_MS: i64 = 34;

#[test]
fn a_mixed_list_is_shown_back_to_back_and_broken_clips_harm_nobody() {
    let [h264, silent, vp9, vp8, jpeg, png, ..] = MIXED.each_ref().map(clips::file);
    let broken = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    std::fs::write(broken.path(), [0x5a; 5000]).unwrap();
    let damaged = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    std::fs::write(damaged.path(), clips::half_broken(&std::fs::read(&silent).unwrap())).unwrap();
    let show = Show::new(
        false,
        &[
            item("video", &h264, 2000),
            item("broken", broken.path(), 1000),
            item("jpeg", &jpeg, 1000),
            item("missing", "no/such/clip.mp4", 1000),
            item("folder", "/", 1000),
            item("short", &silent, 4000), // the source has 2 s
            item("png", &png, 500),
            item("fast", &vp9, 1500),
            item("damaged", damaged.path(), 2500),
            item("nearly", &vp8, 2050), // 2 s are more than 95 % of it
        ],
    );
    let (code, said, records) = show.play(&FAKE);
    assert_eq!(code, Some(0), "{said}");
    let short: Vec<String> = records.iter().map(Record::short).collect();
    insta::assert_snapshot!(short.join("\n"), @"
    video complete
    broken failed unknown-format
    jpeg complete
    missing failed not-found
    folder failed not-readable
    short partial ended-early
    png complete
    fast complete
    damaged partial decode-error
    nearly complete
    ");
    for record in &records {
        let booked_slots = match record.id.as_str() {
            "video" => 60,
            "jpeg" => 30,
            "short" => 60,
            "png" => 15,
            "fast" => 45,
            "nearly" => 62,
            "damaged" => {
                assert!((1..60).contains(&record.frames()), "{record:?}");
                continue;
            }
            _ => 0,
        };
        assert_eq!(record.frames(), booked_slots, "{record:?}");
        let length_ms = i64::from(booked_slots) * 1000 / 30;
        assert!((record.end_ms - record.start_ms - length_ms).abs() <= 1, "{record:?}");
    }
    let played: Vec<&Record> = records.iter().filter(|r| r.result != "failed").collect();
    let mut gaps_ms: Vec<i64> = played.windows(2).map(|p| p[1].start_ms - p[0].end_ms).collect();
    gaps_ms.sort_unstable();
    assert!(gaps_ms[0] >= -1 && gaps_ms[gaps_ms.len() / 2] <= 1, "{gaps_ms:?}");
    // A machine that compiles next door may open a file too late; it never waits for the broken ones.
    assert!(gaps_ms[gaps_ms.len() - 1] < 500, "{gaps_ms:?}");
    assert!(said.contains("broken") && said.contains("not-found"), "{said}");
}

#[test]
fn the_sample_clips_are_what_their_table_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media");
    let probe = |name: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_lichphat-player")).arg("probe").arg(folder.join(name)).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let p: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        format!(
            "{name}: {} {} {}x{} {} {} {}",
            p["kind"], p["duration_ms"], p["width"], p["height"], p["fps"], p["video_codec"], p["audio_codec"]
        )
    };
    let names =
        ["ihanoi-vi.mp4", "ihanoi-en.mp4", "ve-sinh-moi-truong.mp4", "mot-cua.png", "safe-loop.png", "nhac-hieu.opus"];
    insta::assert_snapshot!(names.map(probe).join("\n"), @r#"
    ihanoi-vi.mp4: "video" 15000 1280x720 30.0 "h264" "aac"
    ihanoi-en.mp4: "video" 15000 1280x720 30.0 "h264" "aac"
    ve-sinh-moi-truong.mp4: "video" 8000 1280x720 30.0 "h264" "aac"
    mot-cua.png: "still" null 1280x720 null "png" null
    safe-loop.png: "still" null 1280x720 null "png" null
    nhac-hieu.opus: "audio" 10000 nullxnull null null "opus"
    "#);
    let bytes: u64 = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < 2_500_000, "{bytes} bytes of sample clips");
    // 4K at a thousand frames a second is beyond any machine that stands behind a screen.
    let heavy = Clip { file: "h264-1000.mp4", size: (3840, 2160), fps: 1000, frames: 40, ..MIXED[1] };
    let heavy = clips::file(&heavy);
    let output = Command::new(env!("CARGO_BIN_EXE_lichphat-player")).arg("probe").arg(&heavy).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("3840x2160 at 1000 frames a second, of which this machine decodes"), "{said}");
    assert!(said.contains("export it with at most 1920x1080 and 30"), "{said}");
    let refused =
        Command::new(env!("CARGO_BIN_EXE_lichphat-player")).arg("probe").arg(folder.join("SOURCES.md")).output();
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("SOURCES.md"), "the file is named");
}

#[test]
fn a_file_gives_a_small_picture_or_says_why_it_has_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media");
    let picture = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
        command.arg("picture").arg(folder.join(name)).output().unwrap()
    };
    for name in ["ve-sinh-moi-truong.mp4", "mot-cua.png"] {
        let output = picture(name);
        let (jpeg, said) = (output.stdout, String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {said}");
        assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.ends_with(&[0xff, 0xd9]), "{name}");
        // the size stands in the frame's header, behind its marker
        let at = jpeg.windows(2).position(|two| two[0] == 0xff && [0xc0, 0xc2].contains(&two[1])).unwrap();
        let pixels = |at: usize| u32::from(jpeg[at]) << 8 | u32::from(jpeg[at + 1]);
        assert_eq!((pixels(at + 7), pixels(at + 5)), (480, 270), "{name}: 1280x720 made small");
    }
    for name in ["nhac-hieu.opus", "SOURCES.md"] {
        let output = picture(name);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(name), "the file is named");
    }
}

#[test]
fn a_film_is_cut_to_whole_seconds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media");
    let made = tempfile::NamedTempFile::new().unwrap();
    let mut render = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
    render.args(["render", "--whole-s", "6"]).arg(folder.join("ve-sinh-moi-truong.mp4"));
    let output = render.stdout(made.reopen().unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let probe = Command::new(env!("CARGO_BIN_EXE_lichphat-player")).arg("probe").arg(made.path()).output().unwrap();
    let p: serde_json::Value = serde_json::from_slice(&probe.stdout).unwrap();
    assert_eq!(
        (&p["video_codec"], &p["audio_codec"], &p["width"]),
        (&json!("h264"), &json!("aac"), &json!(1280)),
        "{p}"
    );
    assert!(p["duration_ms"].as_u64().unwrap().abs_diff(6_000) <= 40, "as long as a length is booked: {p}");
}

#[test]
fn a_start_on_the_wall_clock_is_met_to_the_frame() {
    let png = clips::file(&MIXED[5]);
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let at_ms = (now_ms / 1000 + 4) * 1000 + 500;
    let mut later = item("at", &png, 500);
    later["start_at_ms"] = json!(at_ms);
    let mut past = item("past", &png, 500);
    past["start_at_ms"] = json!(at_ms - 60_000);
    let (_, said, records) = Show::new(false, &[item("now", &png, 500), later, past]).play(&FAKE);
    assert_eq!(records.len(), 3, "{said}");
    assert!((records[1].start_ms - at_ms).abs() <= FRAME_MS / 2 + 2, "{} ms off", records[1].start_ms - at_ms);
    assert!((records[2].start_ms - records[1].end_ms).abs() <= 1, "an instant already past means at once");
}

#[test]
fn a_signal_or_the_time_limit_ends_the_running_item_as_stopped() {
    let png = clips::file(&MIXED[5]);
    for by_signal in [true, false] {
        let show = Show::new(true, &[item("long", &png, 60_000)]);
        let mut arguments = FAKE.to_vec();
        arguments.extend(if by_signal { ["--duration-s", "60"] } else { ["--duration-s", "3"] });
        let begin = Instant::now();
        let mut player = show.start(&arguments, None);
        if by_signal {
            std::thread::sleep(Duration::from_millis(3000));
            assert!(Command::new("sh").arg("-c").arg(format!("kill {}", player.id())).status().unwrap().success());
        }
        assert_eq!(player.wait().unwrap().code(), Some(0));
        assert!(begin.elapsed() < Duration::from_secs(8));
        let records = show.records();
        assert_eq!(records.iter().map(Record::short).collect::<Vec<_>>(), ["long partial stopped"]);
        let shown_ms = records[0].end_ms - records[0].start_ms;
        assert!((i64::from(records[0].frames()) * 1000 / 30 - shown_ms).abs() <= FRAME_MS, "{records:?}");
        assert!(records[0].frames_rendered > 10, "{records:?}");
    }
}

#[test]
fn a_loudspeaker_plays_sound_alone_and_refuses_pictures() {
    let with_sound = clips::file(&MIXED[0]);
    let items = [
        item("sound", &with_sound, 1000),
        item("still", clips::file(&MIXED[5]), 1000),
        item("mute", clips::file(&MIXED[1]), 1000),
    ];
    let (code, said, records) = Show::new(false, &items).play(&["--sink", "none", "--audio", "fake"]);
    assert_eq!(code, Some(0), "{said}");
    let short: Vec<String> = records.iter().map(Record::short).collect();
    assert_eq!(short, ["sound complete", "still failed no-picture-output", "mute failed no-sound"]);
    assert_eq!(records[0].frames(), 30);
}

#[test]
fn without_a_sound_card_the_picture_goes_on_and_sound_alone_is_no_play() {
    let tune = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media/nhac-hieu.opus");
    let film = clips::file(&MIXED[0]);
    let items = [item("film", &film, 1000), item("tune", &tune, 1000), item("again", &film, 1000)];
    let (code, said, records) = Show::new(false, &items).play(&["--sink", "fake", "--audio", "auto"]);
    assert_eq!(code, Some(0), "{said}");
    let short: Vec<String> = records.iter().map(Record::short).collect();
    assert_eq!(short, ["film complete", "tune failed no-sound-device", "again complete"]);
    assert_eq!(said.matches("no-sound-device:").count(), 1, "said once: {said}");
}

#[test]
fn a_sound_card_that_comes_later_is_found() {
    let tune = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media/nhac-hieu.opus");
    let show = Show::new(true, &[item("tune", &tune, 1000)]);
    let alsa = show.folder.path().join("asound.conf");
    std::fs::write(&alsa, "").unwrap();
    let arguments = ["--sink", "none", "--audio", "auto", "--duration-s", "12"];
    let player = show.start_with_alsa(&arguments, None, &alsa);
    std::thread::sleep(Duration::from_secs(2));
    assert!(show.records().iter().all(|r| r.short() == "tune failed no-sound-device"), "{:?}", show.records());
    // ALSA's device that plays into nowhere
    std::fs::write(&alsa, "pcm.!default { type null }\nctl.!default { type hw card 0 }\n").unwrap();
    let output = player.wait_with_output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    let records = show.records();
    assert!(records.iter().any(|r| r.short() == "tune complete"), "{records:?}");
}

#[test]
fn a_loop_of_broken_clips_does_not_spin() {
    let show = Show::new(true, &[item("a", "nothing.mp4", 1000), item("b", "nothing-either.mp4", 1000)]);
    let mut arguments = FAKE.to_vec();
    arguments.extend(["--duration-s", "4"]);
    let (code, said, records) = show.play(&arguments);
    assert_eq!(code, Some(0), "{said}");
    assert!((2..=12).contains(&records.len()), "{} records", records.len());
}

#[test]
fn bad_input_is_refused_with_the_field_the_value_and_the_mend() {
    let bad = Show::of(
        &json!({"output": {"width": 1280, "height": 720, "fps": 30}, "items": [{"id": "a", "path": "a.mp4", "duration_ms": 4000, "volume": 3}]}),
    );
    let (code, said, _) = bad.play(&FAKE);
    assert_eq!(code, Some(2));
    assert!(said.contains("items[0].volume = 3: write a number from 0.0 to 1.0"), "{said}");
    let show = Show::new(false, &[item("a", "a.mp4", 1000)]);
    std::fs::remove_file(show.folder.path().join("list.json")).unwrap();
    let (code, said, _) = show.play(&FAKE);
    assert_eq!(code, Some(2));
    assert!(said.contains("list.json") && said.contains("give the path"), "{said}");
    let (code, said, _) = Show::new(false, &[item("a", "a.mp4", 1000)]).play(&["--sink", "x11"]);
    assert_eq!(code, Some(1), "no display");
    assert!(said.contains("--sink fake"), "{said}");
}

#[test]
fn an_outside_witness_sees_every_frame_in_order_and_never_black() {
    let length_ms = [1500, 1000, 1000, 1500, 600, 600, 1200, 600];
    let bill = MIXED.iter().zip(length_ms);
    let items: Vec<_> = bill.map(|(clip, ms)| item(&clip.id.to_string(), clips::file(clip), ms)).collect();
    let display = Display::start(1280, 720);
    let show = Show::new(true, &items);
    let witness = Witness::watch(&display.name, 1280, 720);
    let arguments = ["--sink", "x11", "--audio", "fake", "--duration-s", "19"]; // twice; `make bench` watches for an hour
    let output = show.start(&arguments, Some(&display.name)).wait_with_output().unwrap();
    let sights = witness.stop();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    let moving: Vec<u8> = MIXED.iter().filter(|c| c.frames > 1).map(|c| c.id).collect();
    assert_eq!(faults(&sights, &MIXED.map(|c| c.id), &moving, 500), []);
    let plays = plays_seen(&sights);
    let ids: Vec<u8> = plays.iter().map(|p| p[0].0).collect();
    assert!(ids.len() > 14, "{ids:?}");
    let records = show.records();
    // The show may be stopped before a last play is seen.
    assert!((plays.len()..=plays.len() + 1).contains(&records.len()), "one record for each play seen");
    for (play, record) in plays.iter().zip(&records) {
        assert_eq!(record.id, play[0].0.to_string());
    }
    let from_the_first = plays.iter().filter(|p| p[0].1 == 0).count();
    assert!(from_the_first * 10 >= plays.len() * 8, "only {from_the_first} of {} begin with frame 0", plays.len());
    let mut off_ms: Vec<i64> = plays.iter().zip(&records).map(|(p, r)| (p[0].2 / 1000 - r.start_ms).abs()).collect();
    off_ms.sort_unstable();
    assert!(off_ms[off_ms.len() / 2] <= FRAME_MS, "seen at another time than the record says: {off_ms:?}");
}
