//! A few real players of the story, and a witness before each of their screens: the player's own program with GStreamer and a journal on
//! disk, `lichphat serve` with its doors, each told what time it is. The witness looks at an X server without a screen and asks nobody; what
//! it saw is held against what the player signed, play by play.
//!
//! The sample clips are replaced by clips of the same names and lengths that say in the picture which they are ([`marked_media`]).

#[allow(dead_code, reason = "the player's tests use the rest of it")]
#[path = "../../player/tests/screen/clips.rs"]
mod clips;
#[allow(dead_code, reason = "the player's tests use the rest of it")]
#[path = "../../player/tests/screen/display.rs"]
mod display;
#[allow(dead_code, reason = "the player's tests use the rest of it")]
#[path = "../../player/tests/screen/witness.rs"]
mod witness;

use super::score::Score;
use crate::common::town::{at, fixture};
use crate::common::{TestData, player};
use clips::Clip;
use display::Display;
use lichphat::clock::SimClock;
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::lang::Lang;
use lichphat::proof::evidence::{EvidenceStore as _, ScreenRecords, screen_day};
use lichphat_player::identity::store::load;
use lichphat_playlists::ids::{MediaHash, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::Envelope;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use witness::{Seen, Sight, Witness, plays_seen};

/// Pixels of each screen: two cores draw several of them in time.
const SIZE: (u32, u32) = (640, 360);
/// Of film: the strip counts 256 frames, and these are fifteen seconds of them.
const FPS: i32 = 15;
/// Where real players stand.
const CORNERS: [&str; 3] = ["R-01", "R-02", "R-03"];
/// Until a player must have begun, and until it must have stopped, seconds: a busy machine takes its time.
const BEGINS_S: u64 = 180;
const STOPS_S: u64 = 60;
/// A picture that stands for less is the edge of a play, ms.
const EDGE_MS: i64 = 500;

const STILL: &str = "videoconvert ! pngenc ! identity name=m";

const fn clip(id: u8, file: &'static str, frames: u32, encode: &'static str) -> Clip {
    Clip { id, file, size: (SIZE.0 as usize, SIZE.1 as usize), fps: FPS, frames, encode, sound: None }
}

/// The sample clips, by the numbers that the witness reads.
const MARKED: [Clip; 7] = [
    clip(1, "ihanoi-vi.mp4", 15 * FPS as u32, clips::H264),
    clip(2, "ihanoi-en.mp4", 15 * FPS as u32, clips::H264),
    clip(3, "ve-sinh-moi-truong.mp4", 8 * FPS as u32, clips::H264),
    clip(4, "mot-cua.png", 1, STILL),
    clip(5, "mau-ca-phe.png", 1, STILL),
    clip(6, "mau-tra-sen.png", 1, STILL),
    clip(7, "safe-loop.png", 1, STILL),
];

/// Puts the marked clips into a directory, under the names of the sample clips.
pub(crate) fn marked_media(to: &Path) {
    for clip in &MARKED {
        std::fs::copy(clips::file(clip), to.join(clip.file)).unwrap();
    }
}

/// What a real screen's minute came to. Plays are those that began and ended between the first planned play after the witness saw the
/// screen at work, and the moment at which the player was asked to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) screen: String,
    /// Slots of the signed playlist that were not given up for a play that is owed.
    pub(crate) planned: usize,
    /// Plays in place of earlier ones that were missed.
    pub(crate) made_good: usize,
    /// Plays in the player's segments, by the key on its own disk.
    pub(crate) signed: usize,
    /// Of these, plays that the server counts.
    pub(crate) counted: usize,
    /// Of these, plays of whose time the witness saw more than half filled with their own clip.
    pub(crate) seen: usize,
    /// Clips that the witness saw and nobody signed for.
    pub(crate) unsigned: usize,
    pub(crate) frames_rendered: u32,
    pub(crate) frames_dropped: u32,
    /// How long the screen was without any light.
    pub(crate) black_ms: i64,
}

impl Played {
    /// Whether plan, player, server and witness say the same, and the screen was never dark.
    pub(crate) fn agrees(&self) -> bool {
        let all = [self.signed, self.counted, self.seen];
        let due = self.planned + self.made_good;
        due > 0 && all.iter().all(|n| *n == due) && self.unsigned == 0 && self.black_ms == 0
    }
}

/// Real boxes before screens of a story, with what is on their disks from one day to another.
pub(crate) struct Players<'a> {
    data: &'a TestData,
    screens: Vec<String>,
    /// Where players come in, and where they are registered, always at the same addresses.
    doors: [String; 2],
}

impl<'a> Players<'a> {
    /// At screens at which no other box stands. Nothing runs yet.
    pub(crate) fn new(data: &'a TestData, screens: &[&str]) -> Self {
        let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let doors = held.each_ref().map(|door| door.local_addr().unwrap().to_string());
        Self { data, screens: screens.iter().map(|s| (*s).to_owned()).collect(), doors }
    }

    /// They play for so many seconds from a told moment on, of which everything in the data directory is told; what is planned there is
    /// planned already. No other server should plan or publish meanwhile.
    pub(crate) async fn play(&self, at: UtcMillis, seconds: u64) -> Vec<Played> {
        let [players, pairing] = &self.doors;
        self.data.tell(at);
        let mut server =
            self.data.spawn(&["serve", "--listen", "127.0.0.1:0", "--players", players, "--pairing", pairing]);
        let mut boxes: Vec<Running> =
            self.screens.iter().map(|screen| Running::start(self.data, screen, &server.doors)).collect();
        for one in &boxes {
            one.begins().await;
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let stopped = self.data.told().now();
        let mut watched = Vec::new();
        for one in &mut boxes {
            watched.push(one.stop().await);
        }
        server.stop();
        let mut played = Vec::new();
        for (one, sights) in boxes.iter().zip(watched) {
            played.push(self.compare(one, sights, stopped).await);
        }
        played
    }

    async fn compare(&self, one: &Running, sights: Vec<(UtcMillis, Seen)>, stopped: UtcMillis) -> Played {
        let clock = Arc::new(SimClock::new(stopped));
        let rooms = Rooms::open(&Context { settings: self.data.settings(), lang: Lang::En, clock }).unwrap();
        let (screen, day) = (ScreenCode::new(&one.screen).unwrap(), stopped.day(HANOI));
        let evidence = screen_day(&rooms.store, &screen, day, HANOI).await.unwrap();
        let signed = signed(&rooms, &screen, day, &one.state()).await;
        judge(&one.screen, &evidence, &signed, &sights, stopped)
    }
}

/// What a box has signed and handed in since a day began, by the key on its own disk.
async fn signed(rooms: &Rooms, screen: &ScreenCode, day: LocalDay, state: &Path) -> Vec<PlayRecord> {
    let identity = load(state).unwrap().expect("it was registered");
    let segments = rooms.store.segments_of(screen, day, 0, 10_000).await.unwrap();
    let own = segments.into_iter().filter(|segment| segment.device == identity.device);
    own.flat_map(|segment| {
        let envelope = Envelope::from_bytes(segment.bytes).unwrap();
        Segment::open(&envelope, &identity.evidence.verifying_key()).unwrap().records
    })
    .collect()
}

/// Holds plan, records, the server's judgement and what was seen against each other.
fn judge(
    screen: &str,
    evidence: &ScreenRecords,
    signed: &[PlayRecord],
    sights: &[(UtcMillis, Seen)],
    stopped: UtcMillis,
) -> Played {
    let clip_of: BTreeMap<MediaHash, u8> =
        MARKED.iter().map(|c| (Sha256Hash::of(&std::fs::read(clips::file(c)).unwrap()), c.id)).collect();
    let newest = evidence.plans.values().max_by_key(|plan| (plan.playlist.day, plan.playlist.version));
    let (playlist, assets) = newest.map(|plan| (&plan.playlist, &plan.assets.assets)).expect("it has played a plan");
    let slots: Vec<(UtcMillis, UtcMillis, Option<u8>)> = playlist
        .slots
        .iter()
        .map(|slot| {
            let asset = &assets[usize::from(slot.item)];
            let start = playlist.day.at(slot.start_s, HANOI);
            let end = start.plus_ms(i64::from(asset.media.duration_s) * 1000);
            (start, end, clip_of.get(&asset.media.hash).copied())
        })
        .collect();
    let at_work =
        |(_, seen): &&(UtcMillis, Seen)| matches!(seen, Seen::Frame(id, _) if slots.iter().any(|s| s.2 == Some(*id)));
    let worked = sights.iter().find(at_work).map_or(stopped, |(at, _)| *at);
    let begin = slots.iter().map(|s| s.0).find(|start| start.plus_ms(EDGE_MS) >= worked).unwrap_or(stopped);
    let makes_good = |r: &&PlayRecord| matches!(r.origin, Origin::MakeGood { .. }) && r.result.was_shown();
    // what is owed goes before what is only planned
    let given_up = |s: &(UtcMillis, UtcMillis, Option<u8>)| {
        signed.iter().filter(makes_good).any(|r| r.start < s.1 && s.0.plus_ms(EDGE_MS) < r.end)
    };
    let whole: Vec<_> = slots.iter().filter(|s| s.0 >= begin && s.1 <= stopped && !given_up(s)).collect();
    let end = whole.iter().map(|s| s.1).max().unwrap_or(begin);
    // a play begins and ends within a frame or two of its slot
    let within = |r: &PlayRecord| r.start.plus_ms(EDGE_MS) >= begin && r.end <= end.plus_ms(EDGE_MS);
    let shown = |r: &PlayRecord| within(r) && r.result.was_shown() && r.origin != Origin::Fallback;
    let plays: Vec<&PlayRecord> = signed.iter().filter(|r| shown(r)).collect();
    let clip = |r: &PlayRecord| {
        let plan = evidence.plans.get(&r.plan)?;
        clip_of.get(&plan.assets.assets[usize::from(r.item)].media.hash).copied()
    };
    let counted = |r: &PlayRecord| {
        evidence.records.iter().any(|j| j.record == *r && matches!(j.standing, Standing::Counted { .. }))
    };
    let all: Vec<Sight> = sights.iter().map(|(at, seen)| Sight { at_us: at.0 * 1000, seen: *seen }).collect();
    let in_time = all.iter().copied().filter(|s| s.at_us >= begin.0 * 1000 && s.at_us < end.0 * 1000);
    let unsigned = plays_seen(&in_time.collect::<Vec<_>>()).into_iter().filter(|play| {
        let (from, to) = (UtcMillis(play[0].2 / 1000), UtcMillis(play.last().unwrap().2 / 1000));
        let of = |r: &&PlayRecord| clip(r) == Some(play[0].0) && r.start <= to.plus_ms(EDGE_MS) && from <= r.end;
        !signed.iter().any(|r| of(&r))
    });
    for play in &plays {
        let standing = evidence.records.iter().find(|j| j.record == **play).map(|j| &j.standing);
        let PlayRecord { origin, result, frames_rendered, frames_dropped, .. } = play;
        let (from, to) = (play.start.since_ms(begin), play.end.since_ms(begin));
        println!(
            "     {screen} {from} to {to} ms, clip {:?}, {origin:?}: {result:?}, {frames_rendered} + {frames_dropped} frames, {standing:?}",
            clip(play)
        );
    }
    Played {
        screen: screen.to_owned(),
        planned: whole.len(),
        made_good: plays.iter().copied().filter(|r| makes_good(r)).count(),
        signed: plays.len(),
        counted: plays.iter().filter(|r| counted(r)).count(),
        seen: plays
            .iter()
            .filter(|r| {
                let own = |seen| matches!((seen, clip(r)), (Seen::Frame(id, _), Some(own)) if id == own);
                2 * stood_ms(sights, r.start, r.end, own) > r.end.since_ms(r.start)
            })
            .count(),
        unsigned: unsigned.count(),
        frames_rendered: plays.iter().map(|r| r.frames_rendered).sum(),
        frames_dropped: plays.iter().map(|r| r.frames_dropped).sum(),
        black_ms: stood_ms(sights, begin.max(worked), end, |seen| seen == Seen::Black),
    }
}

/// For how long something stood on the screen between two moments, ms.
fn stood_ms(sights: &[(UtcMillis, Seen)], from: UtcMillis, to: UtcMillis, what: impl Fn(Seen) -> bool) -> i64 {
    let ends = sights.iter().skip(1).map(|(at, _)| *at).chain([to]);
    let stood = sights.iter().zip(ends).filter(|((_, seen), _)| what(*seen));
    stood.map(|((at, _), end)| end.min(to).since_ms((*at).max(from)).max(0)).sum()
}

/// A box that is switched on, with a witness before its screen; killed when the story fails.
struct Running {
    screen: String,
    dir: PathBuf,
    child: Child,
    witness: Option<Witness>,
    _display: Display,
    ahead_ms: i64,
}

impl Running {
    fn start(data: &TestData, screen: &str, doors: &[String]) -> Self {
        let dir = data.path().join("real").join(screen);
        std::fs::create_dir_all(&dir).unwrap();
        let file = |name: &str| dir.join(name);
        let settings = format!(
            "state_dir = '{}'\nsink = 'x11'\nsound = 'fake'\nwidth_px = {}\nheight_px = {}\nsegment_plays = 1\nusb_root = ''\n",
            file("state").display(),
            SIZE.0,
            SIZE.1
        );
        std::fs::write(file("player.toml"), settings).unwrap();
        let display = Display::start(SIZE.0, SIZE.1);
        let mut command = Command::new(player());
        command.args(["run", "--config"]).arg(file("player.toml"));
        if file("state/identity.toml").exists() {
            was_off(&file("state"));
        } else {
            let out = file("box.toml");
            let given = ["device", "add", "--screen", screen, "--server", &doors[0], "--pairing", &doors[1], "--out"];
            data.ok(&[&given[..], &[out.to_str().unwrap()]].concat());
            command.arg("--provision").arg(out);
        }
        command.env("DISPLAY", &display.name).env_remove("WAYLAND_DISPLAY");
        command.env("LICHPHAT_LOG", "lichphat_player=debug").stdin(Stdio::null());
        command.stderr(std::fs::File::create(file("player.log")).unwrap());
        data.told().tell(&mut command);
        let witness = Some(Witness::watch(&display.name, SIZE.0 as u16, SIZE.1 as u16));
        let child = command.spawn().unwrap();
        Self { screen: screen.to_owned(), dir, child, witness, _display: display, ahead_ms: data.told().ahead_ms() }
    }

    fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.dir.join("player.log")).unwrap()
    }

    /// Once its first play is on the screen.
    async fn begins(&self) {
        let begin = Instant::now();
        while !self.said().contains("a play begins") {
            assert!(begin.elapsed() < Duration::from_secs(BEGINS_S), "{} plays nothing: {}", self.screen, self.said());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Asks it to stop, which is when it hands in the last; what was seen until then, by the told clock.
    async fn stop(&mut self) -> Vec<(UtcMillis, Seen)> {
        let sights = self.witness.take().unwrap().stop();
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_secs(STOPS_S), "{} does not stop: {}", self.screen, self.said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(status.success(), "{}: {status}: {}", self.screen, self.said());
        sights.iter().map(|s| (UtcMillis(s.at_us / 1000 + self.ahead_ms), s.seen)).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The story's box was without power between two days, and no battery has kept its time: where no time service vouches for this machine's
/// clock either, the scheduler tells it. This machine was not off: the boot that the box remembers is made another's, so that the next
/// one is counted as new.
fn was_off(state: &Path) {
    let text = std::fs::read_to_string(state.join("boot.toml")).unwrap();
    let lines = text.lines().map(|line| if line.starts_with("kernel") { "kernel = \"before\"" } else { line });
    std::fs::write(state.join("boot.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    std::fs::remove_file(state.join("boot.believed")).unwrap();
}

/// A corner with a peak from eight to nine, an order in each of its minutes, and pieces of its own between.
fn corner() -> TestData {
    let data = TestData::empty().with_settings(&fixture("server.toml"));
    data.tell(at("2026-08-09", "20:00"));
    data.ok(&["init"]);
    marked_media(data.path());
    let venue = "[[venue]]\ntype = 'corner'\nname = 'Góc phố'\nname_en = 'Corner'\ncalendar = 'none'\n\
                 confidence = 'assumption'\nsource = 'made up for the story'\n\
                 [[venue.hours]]\ndays = 'mon-sun'\nopen = '08:00-12:00'\npeaks = '08:00-09:00'\n\
                 open_assumption = true\npeaks_assumption = true\n";
    let screens = CORNERS.map(|code| format!("{code},Góc phố,corner,managed,640,360,video,P1,P1\n")).concat();
    let screens = "code,name,venue_type,kind,width,height,output,owner,territory\n".to_owned() + &screens;
    let item = |kind: &str, file: &str, length_s: u32, place: &str| {
        let code = file.split('.').next().unwrap();
        format!(
            "[[{kind}]]\ncode = '{code}'\ntitle = '{code}'\nsample = true\n{place}[{kind}.product]\ntitle = '{code}'\n\
             length_s = {length_s}\n[[{kind}.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = '{file}'\n"
        )
    };
    let place = "weight = 1\n[[item.place]]\nunit = 'HN'\n";
    let programme = item("item", "mot-cua.png", 7, place)
        + &item("item", "ve-sinh-moi-truong.mp4", 8, place)
        + &item("fallback", "safe-loop.png", 5, "");
    let order = "code = 'ihanoi'\ntitle = 'Ứng dụng iHanoi'\nkind = 'play'\nsample = true\nissuer = 'HN'\n\
                 from = 2026-08-10\nto = 2026-09-08\nsource = 'made up for the story'\nmin_gap_s = 20\n\
                 quota = { plays = 80, per = 'day', rule = 'average', over = 'operating-days', within = 'peak' }\n\
                 [product]\ntitle = 'Ứng dụng iHanoi'\nlength_s = 15\nmin_display = 'D1'\n\
                 [[product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'ihanoi-vi.mp4'\n\
                 [[target]]\nunit = 'P1'\nforce = 'required'\nreason = 'made up for the story'\n";
    data.ok(&["import", "units", &fixture("units.csv")]);
    for (kind, name, text) in [
        ("venues", "v.toml", venue),
        ("screens", "s.csv", screens.as_str()),
        ("campaigns", "p.toml", programme.as_str()),
        ("directives", "o.toml", order),
    ] {
        std::fs::write(data.path().join(name), text).unwrap();
        data.ok(&["import", kind, data.path().join(name).to_str().unwrap()]);
    }
    data.approve();
    data
}

/// Boxes of their own at a corner, on the first day of the month and on the last, a witness before the screen of each.
pub(crate) async fn first_and_last(score: &mut Score) {
    let data = corner();
    let players = Players::new(&data, &CORNERS);
    for (eve, day) in [("2026-08-09", "2026-08-10"), ("2026-09-07", "2026-09-08")] {
        data.tell(at(eve, "20:00"));
        data.ok(&["plan", "run"]);
        for played in players.play(at(day, "07:59:20"), 75).await {
            score.told(
                &format!("Trình phát thật {}, ngày {day}, 75 giây, có nhân chứng nhìn màn hình (a real player and a witness)", played.screen),
                "lichphat-player; report compliance",
                "planned + made good = signed = counted = seen",
                &format!("{played:?}"),
                played.agrees() && played.planned > 0,
            );
        }
    }
    data.ok(&["check"]);
}

#[test]
fn what_a_program_writes_at_a_told_time_is_of_that_time() {
    let data = corner();
    let now = at("2026-08-10", "08:30");
    data.tell(now);
    data.ok(&["people", "add", "an", "--name", "An", "--role", "operator", "--unit", "P1"]);
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let made_ms: i64 = db.query_row("SELECT made_ms FROM account", [], |row| row.get(0)).unwrap();
    let late_ms = UtcMillis(made_ms).since_ms(now);
    assert!((0..600_000).contains(&late_ms), "{late_ms} ms after the told moment");
}
