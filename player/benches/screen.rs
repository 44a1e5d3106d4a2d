//! What the screen really showed, in milliseconds: `cargo bench -p lichphat-player --bench screen -- [PART …]`.
//!
//! A witness watches an X server (Xvfb) of the benchmark's own and reads clip and frame number from the picture; the
//! player's records are then held against what it saw. `PLAYS=500` says how many plays each part takes. Parts:
//! `control` (a bare GStreamer pipeline), `720p`, `1080p`, `led`, `portrait`, `drops`, `neighbours`, `mpv`; all of them by
//! default. Needs a machine that is otherwise idle. `soak`, which must be asked for, plays the sample list for `MINUTES=60`
//! and says whether the memory grows; it fails when a play was not complete.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

#[path = "../tests/screen/mod.rs"]
mod screen;

use screen::clips::{self, Clip, MIXED};
use screen::display::Display;
use screen::witness::{Fault, SeenFrame, Sight, Witness, faults, plays_seen};
use screen::{Record, Show, item};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One output slot, microseconds.
const SLOT_US: i64 = 33_333;
/// A frame that stands longer has stood for more than two slots, ms.
const TWO_SLOTS_MS: i64 = 84;
/// How long each clip of the mixed bill is shown, ms.
const LENGTHS_MS: [u32; 8] = [1500, 1000, 1000, 1500, 600, 600, 1200, 600];
/// Seed of the moments at which the player is held.
const SEED: u64 = 20_261_126;

fn main() {
    let parts: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let asked = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    let plays: u32 = std::env::var("PLAYS").map_or(500, |n| n.parse().expect("PLAYS is a number"));
    if asked("control") {
        control((1280, 720));
        control((1920, 1080));
    }
    for (part, size) in
        [("720p", (1280, 720)), ("1080p", (1920, 1080)), ("led", (640, 192)), ("portrait", (1080, 1920))]
    {
        if asked(part) {
            transitions(part, size, plays);
        }
    }
    if asked("drops") {
        forced_drops(plays);
    }
    if asked("neighbours") {
        neighbours(u64::from(plays) * 6 / 5);
    }
    if asked("mpv") {
        side_by_side(plays.min(120));
    }
    if parts.iter().any(|part| part == "soak") {
        soak(std::env::var("MINUTES").map_or(60, |n| n.parse().expect("MINUTES is a number")));
    }
}

/// The sample list for so long: is every play complete, does the memory stay?
fn soak(minutes: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media");
    let mut list: Value = serde_json::from_slice(&std::fs::read(folder.join("list.json")).unwrap()).unwrap();
    for item in list["items"].as_array_mut().unwrap() {
        item["path"] = json!(folder.join(item["path"].as_str().unwrap()));
    }
    let begin = Instant::now();
    let memory: Mutex<Vec<(f64, f64)>> = Mutex::default();
    let sample = |player: &Child| {
        while begin.elapsed() + Duration::from_secs(10) < Duration::from_secs(minutes * 60) {
            std::thread::sleep(Duration::from_secs(5));
            memory.lock().unwrap().push((begin.elapsed().as_secs_f64() / 60.0, resident_mib(player)));
        }
    };
    let (_, records, cost) = watch(&list, (1280, 720), minutes * 60, sample);
    let bad = records.iter().filter(|r| r.result != "complete" && r.cause.as_deref() != Some("stopped")).count();
    let (rendered, dropped) = records.iter().fold((0, 0), |(a, b), r| (a + r.frames_rendered, b + r.frames_dropped));
    let grows = slope(&memory.into_inner().unwrap());
    let grows = grows.map_or("too short to say".to_owned(), |(slope, error)| {
        format!("grows by {slope:+.3} MiB a minute, standard error {error:.3}")
    });
    println!(
        "\nsoak: the sample list for {minutes} minutes\n  {} plays, {bad} not complete, {rendered} frames rendered, \
         {dropped} dropped; {cost}\n  memory: {grows}",
        records.len()
    );
    assert!(bad == 0 && !records.is_empty(), "not every play was complete");
}

/// Slope of means over two minutes each and its standard error, by least squares; the first two minutes are left out. None
/// for fewer than three means.
fn slope(samples: &[(f64, f64)]) -> Option<(f64, f64)> {
    let mut blocks: BTreeMap<u64, (f64, f64, f64)> = BTreeMap::new();
    for (at, value) in samples.iter().filter(|(at, _)| *at >= 2.0) {
        let block = blocks.entry((at / 2.0) as u64).or_default();
        *block = (block.0 + at, block.1 + value, block.2 + 1.0);
    }
    let means: Vec<(f64, f64)> = blocks.values().map(|(x, y, n)| (x / n, y / n)).collect();
    let n = means.len() as f64;
    let (mx, my) = means.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let sxx: f64 = means.iter().map(|(x, _)| (x - mx).powi(2)).sum();
    let slope = means.iter().map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / sxx;
    let rest: f64 = means.iter().map(|(x, y)| (y - my - slope * (x - mx)).powi(2)).sum();
    (means.len() > 2).then(|| (slope, (rest / (n - 2.0) / sxx).sqrt()))
}

/// A pipeline that does nothing but change from dark to light with every frame: what this machine's screen can do.
fn control((width, height): (u32, u32)) {
    let display = Display::start(width, height);
    let launch = format!(
        "videotestsrc is-live=true pattern=blink ! video/x-raw,width={width},height={height},framerate=30/1 ! ximagesink"
    );
    let mut bare = Command::new("gst-launch-1.0");
    let mut bare = bare.args(["-q"]).args(launch.split(' ')).env("DISPLAY", &display.name).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let witness = Witness::watch(&display.name, width as u16, height as u16);
    std::thread::sleep(Duration::from_secs(30));
    let sights = witness.stop();
    let _ = bare.kill();
    let _ = bare.wait();
    let stood_us = sights.windows(2).skip(1).map(|p| p[1].at_us - p[0].at_us);
    println!(
        "\ncontrol {width}x{height}: a bare videotestsrc ! ximagesink\n  frame to frame, ms: {}",
        spread(stood_us)
    );
}

/// The mixed bill over and over.
fn transitions(name: &str, (width, height): (u32, u32), plays: u32) {
    let bill = MIXED.iter().zip(LENGTHS_MS);
    let items: Vec<Value> = bill.map(|(clip, ms)| item(&clip.id.to_string(), clips::file(clip), ms)).collect();
    let seconds = u64::from(plays) * u64::from(LENGTHS_MS.iter().sum::<u32>()) / 8 / 1000 + 3;
    let (sights, records, cost) = watch(&list((width, height), true, &items), (width, height), seconds, |_| {});
    let plays = plays_seen(&sights);
    println!("\n{name}: {width}x{height}, 30 frames a second, {} transitions of the mixed bill", plays.len() - 1);
    let moving: Vec<u8> = MIXED.iter().filter(|c| c.frames > 1).map(|c| c.id).collect();
    let found = faults(&sights, &MIXED.map(|c| c.id), &moving, TWO_SLOTS_MS);
    let count = |of: &dyn Fn(&Fault) -> bool| found.iter().filter(|f| of(f)).count();
    println!(
        "  black {}, frozen beyond two frames {}, backwards {}, out of turn {}",
        count(&|f| matches!(f, Fault::Black)),
        count(&|f| matches!(f, Fault::Frozen(..))),
        count(&|f| matches!(f, Fault::Backwards(..))),
        count(&|f| matches!(f, Fault::Order(..)))
    );
    // The last play may be cut by the end of the show.
    let whole = &plays[..plays.len() - 1];
    let full_rate: Vec<&Vec<SeenFrame>> = whole.iter().filter(|p| is_full_rate(p[0].0)).collect();
    let gaps_us = plays.windows(2).filter(|p| is_full_rate(p[0][0].0)).map(|p| p[1][0].2 - p[0].last().unwrap().2);
    println!("  gap behind a clip of full rate, ms: {}", spread(gaps_us));
    let first = whole.iter().filter(|p| p[0].1 == 0).count();
    let last = full_rate.iter().filter(|p| p.last().unwrap().1 >= last_due(p[0].0)).count();
    println!(
        "  begun with frame 0: {first} of {}; shown to the last frame due: {last} of {}",
        whole.len(),
        full_rate.len()
    );
    println!("  first frame off the frame grid, ms: {}", spread(plays.iter().map(|p| off_grid_us(p[0].2))));
    tell_records(&plays, &records);
    println!("  {cost}");
}

/// The player is held (SIGSTOP) at seeded moments: do its records still say what was seen?
fn forced_drops(plays: u32) {
    let clips = [(&MIXED[0], 1500), (&MIXED[6], 1200)];
    let items: Vec<Value> = clips.map(|(clip, ms)| item(&clip.id.to_string(), clips::file(clip), ms)).to_vec();
    let seconds = u64::from(plays) * 1350 / 1000 + 3;
    let hold = move |player: &Child| {
        let end = SystemTime::now() + Duration::from_secs(seconds.saturating_sub(4));
        let mut chance = SEED;
        let mut next = |least: u64, most: u64| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            least + (chance >> 33) % (most - least)
        };
        let signal = |name: &str| Command::new("kill").args([name, &player.id().to_string()]).status().unwrap();
        std::thread::sleep(Duration::from_secs(2));
        while SystemTime::now() < end {
            std::thread::sleep(Duration::from_millis(next(2_000, 6_000)));
            signal("-STOP");
            std::thread::sleep(Duration::from_millis(next(120, 400)));
            signal("-CONT");
        }
    };
    let (sights, records, _) = watch(&list((1280, 720), true, &items), (1280, 720), seconds, hold);
    let plays = plays_seen(&sights);
    let pairs: Vec<(&Vec<SeenFrame>, &Record)> =
        plays.iter().zip(records.iter().filter(|r| r.frames_rendered > 0)).take(plays.len() - 1).collect();
    let off: Vec<i64> = pairs.iter().map(|(p, r)| (distinct(p) - i64::from(r.frames_rendered)).abs()).collect();
    let dropped = pairs.iter().filter(|(_, r)| r.frames_dropped > 0).count();
    let agree = off.iter().filter(|n| **n <= 1).count();
    let exact = pairs.iter().filter(|(p, r)| i64::from(r.frames()) == due_slots(p[0].0)).count();
    println!(
        "\ndrops: {} plays, seed {SEED}, {dropped} of them with frames dropped by force\n  \
         seen and recorded agree within one frame: {agree} of {}, largest difference {}\n  \
         rendered + dropped = slots of the play: {exact} of {}",
        pairs.len(),
        pairs.len(),
        off.iter().max().unwrap_or(&0),
        pairs.len()
    );
}

/// Two players that know nothing of each other, one schedule.
fn neighbours(seconds: u64) {
    let begin_ms = (now_us() / 1_000_000 + 6) * 1000;
    let items: Vec<Value> = (0..seconds as i64 / 2)
        .map(|n| {
            let clip = &MIXED[if n % 2 == 0 { 0 } else { 6 }];
            let mut item = item(&format!("{}", clip.id), clips::file(clip), 2000);
            item["start_at_ms"] = json!(begin_ms + n * 2000);
            item
        })
        .collect();
    let displays = [Display::start(1280, 720), Display::start(1280, 720)];
    let shows = [Show::of(&list((1280, 720), false, &items)), Show::of(&list((1280, 720), false, &items))];
    let witnesses = displays.each_ref().map(|d| Witness::watch(&d.name, 1280, 720));
    let arguments = ["--sink", "x11", "--audio", "fake"];
    let mut players = Vec::new();
    for (show, display) in shows.iter().zip(&displays) {
        players.push(show.start(&arguments, Some(&display.name)));
        std::thread::sleep(Duration::from_millis(1370)); // not begun at the same moment of a second
    }
    for player in players {
        assert!(player.wait_with_output().unwrap().status.success());
    }
    let [one, other] = witnesses.map(|w| plays_seen(&w.stop()));
    let apart_us: Vec<i64> = one
        .iter()
        .zip(&other)
        .flat_map(|(a, b)| a.iter().filter_map(|f| Some((f.2 - b.iter().find(|g| g.1 == f.1)?.2).abs())))
        .collect();
    let beyond = apart_us.iter().filter(|us| **us > SLOT_US).count();
    println!(
        "\nneighbours: two players, one schedule, {} s\n  the same frame on both, ms apart: {}; beyond one frame: {beyond}",
        seconds / 2 * 2,
        spread(apart_us.into_iter())
    );
    let off_us = one.iter().enumerate().map(|(n, p)| p[0].2 - (begin_ms + n as i64 * 2000) * 1000).map(i64::abs);
    println!("  first frame against the second it was asked for, ms: {}", spread(off_us));
}

/// The same moving clips, by us and by mpv.
fn side_by_side(plays: u32) {
    let moving: Vec<(&Clip, u32)> = MIXED.iter().zip(LENGTHS_MS).filter(|(c, _)| c.frames > 1).collect();
    let seconds = u64::from(plays) * 1300 / 1000;
    let items: Vec<Value> = moving.iter().map(|(c, ms)| item(&c.id.to_string(), clips::file(c), *ms)).collect();
    let (sights, _, cost) = watch(&list((1280, 720), true, &items), (1280, 720), seconds, |_| {});
    println!("\nside by side with mpv, the moving clips of the bill, {seconds} s each");
    println!("  lichphat-player: gap, ms: {}; black {}; {cost}", spread(gaps(&sights)), black(&sights));
    let display = Display::start(1280, 720);
    let mut mpv = Command::new("mpv");
    mpv.args(["--no-config", "--vo=x11", "--ao=null", "--fs", "--loop-playlist=inf", "--prefetch-playlist=yes"]);
    mpv.args(["--really-quiet", "--keep-open=no", "--hwdec=no"]).args(moving.iter().map(|(c, _)| clips::file(c)));
    mpv.env("DISPLAY", &display.name).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut mpv) = mpv.spawn() else {
        println!("  mpv is not on this machine: apt-get install mpv, and run this part again");
        return;
    };
    let witness = Witness::watch(&display.name, 1280, 720);
    std::thread::sleep(Duration::from_secs(seconds));
    let cost = Cost::of(&mpv, seconds);
    let _ = mpv.kill();
    let _ = mpv.wait();
    let sights = witness.stop();
    println!("  mpv: gap, ms: {}; black {}; {cost}", spread(gaps(&sights)), black(&sights));
}

/// What a process took.
struct Cost(String);

impl Cost {
    fn of(process: &Child, seconds: u64) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap_or_default();
        let times: Vec<f64> = stat.rsplit(')').next().unwrap_or("").split(' ').filter_map(|w| w.parse().ok()).collect();
        // utime and stime are the 14th and 15th fields; the state, a letter, is left out here
        let ticks = times.get(10).zip(times.get(11)).map_or(0.0, |(user, system)| user + system);
        let share = ticks / (seconds as f64);
        Self(format!("{share:.0} % of a core, {:.0} MiB resident", resident_mib(process)))
    }
}

fn resident_mib(process: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn list((width, height): (u32, u32), repeat: bool, items: &[Value]) -> Value {
    // stretched, so that the strip lies at the top of any output
    let output = json!({"width": width, "height": height, "fps": 30, "fit": "stretch"});
    json!({"output": output, "loop": repeat, "items": items})
}

/// Shows a list for so long while `meanwhile` runs: what was seen, what was recorded, what it cost.
fn watch(
    list: &Value,
    (width, height): (u32, u32),
    seconds: u64,
    meanwhile: impl FnOnce(&Child) + Send,
) -> (Vec<Sight>, Vec<Record>, Cost) {
    let (display, show) = (Display::start(width, height), Show::of(list));
    let witness = Witness::watch(&display.name, width as u16, height as u16);
    let arguments = ["--sink", "x11", "--audio", "fake", "--duration-s", &seconds.to_string()];
    let player = show.start(&arguments, Some(&display.name));
    let cost = std::thread::scope(|scope| {
        scope.spawn(|| meanwhile(&player));
        std::thread::sleep(Duration::from_secs(seconds - 1));
        Cost::of(&player, seconds - 1)
    });
    let output = player.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (witness.stop(), show.records(), cost)
}

fn tell_records(plays: &[Vec<SeenFrame>], records: &[Record]) {
    let off_us = plays.iter().zip(records).map(|(p, r)| (p[0].2 - r.start_ms * 1000).abs());
    println!("  first frame seen against the record's start, ms: {}", spread(off_us));
    let (rendered, dropped) = records.iter().fold((0, 0), |(a, b), r| (a + r.frames_rendered, b + r.frames_dropped));
    println!("  {} records: {rendered} frames rendered, {dropped} dropped", records.len());
}

/// Does every output slot of the clip show another frame? Of others the end of the last frame cannot be seen.
fn is_full_rate(clip: u8) -> bool {
    [1, 3, 7].contains(&clip)
}

/// Number of the last source frame due on the output grid.
fn last_due(clip: u8) -> u8 {
    let slots = due_slots(clip);
    let fps = i64::from(MIXED[usize::from(clip) - 1].fps);
    ((slots - 1) * fps / 30) as u8
}

fn due_slots(clip: u8) -> i64 {
    i64::from(LENGTHS_MS[usize::from(clip) - 1]) * 30 / 1000
}

fn distinct(play: &[SeenFrame]) -> i64 {
    let mut frames: Vec<u8> = play.iter().map(|f| f.1).collect();
    frames.dedup();
    frames.len() as i64
}

/// Between the last frame seen of a play and the first of the next.
fn gaps(sights: &[Sight]) -> impl Iterator<Item = i64> {
    let plays = plays_seen(sights);
    let gaps: Vec<i64> =
        plays.windows(2).filter(|p| is_full_rate(p[0][0].0)).map(|p| p[1][0].2 - p[0].last().unwrap().2).collect();
    gaps.into_iter()
}

/// Black between the first frame and the last.
fn black(sights: &[Sight]) -> usize {
    faults(sights, &[], &[], i64::MAX).iter().filter(|f| matches!(f, Fault::Black)).count()
}

/// How far an instant lies from the nearest thirtieth of a second.
fn off_grid_us(at_us: i64) -> i64 {
    let past = (at_us * 30).rem_euclid(1_000_000);
    past.min(1_000_000 - past) / 30
}

fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

/// Count, median, 99th of a hundred and largest.
fn spread(us: impl Iterator<Item = i64>) -> String {
    let mut all: Vec<f64> = us.map(|us| us as f64 / 1000.0).collect();
    all.sort_by(f64::total_cmp);
    let at = |share: usize| all.get((all.len().max(1) - 1) * share / 100).copied().unwrap_or(f64::NAN);
    format!("{} seen, median {:.1}, p99 {:.1}, max {:.1}", all.len(), at(50), at(99), at(100))
}
