//! From the box to the playing screen by one confirmation: the player's own program, on a machine that knows nothing but where
//! the scheduler's pairing door is and whom to believe there; and what people take back is gone from such a screen in seconds.

use super::common::town::fixture;
use super::common::{ROOT, Serve, TestData, player};
use lichphat::clock::SystemClock;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::{HANOI, UtcMillis};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running player; killed when the story fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Seconds between two looks of the box at its index when nobody calls it: far more than a story may take.
const POLL_S: u32 = 600;

/// What comes of `look`, however long it takes within two minutes.
pub(crate) fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(120), "it never came: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The player's program on a box of its own, which calls at this server and sends each record at once.
fn switch_on(data: &TestData, server: &Serve, args: &[&str]) -> Running {
    let file = |name: &str| data.path().join(name);
    let settings = format!(
        "server = '{}'\nauthority = '{}'\nstate_dir = '{}'\nsink = 'fake'\nsound = 'fake'\nsegment_plays = 1\npoll_s = {POLL_S}\n",
        server.doors[1],
        file("tls/authority.pem").display(),
        file("player").display()
    );
    std::fs::write(file("player.toml"), settings).unwrap();
    let log = std::fs::File::create(file("player.log")).unwrap();
    let player = Command::new(player())
        .args(["run", "--config"])
        .arg(file("player.toml"))
        .args(args)
        .env("LICHPHAT_LOG", "lichphat_player=debug")
        .stdin(Stdio::null())
        .stderr(log)
        .spawn();
    Running(player.unwrap())
}

/// One screen that is always on: what it shows all day, and what it falls back on; files and seconds.
fn corner(notice: (&str, u32), safe_loop: (&str, u32)) -> TestData {
    let data = TestData::new().with_settings(&fixture("server.toml"));
    for clip in [notice.0, safe_loop.0, "nhac-hieu.opus"] {
        std::fs::copy(Path::new(ROOT).join("config/sample/media").join(clip), data.path().join(clip)).unwrap();
    }
    let venue = "[[venue]]\ntype = 'corner'\nname = 'Góc phố'\nname_en = 'Corner'\ncalendar = 'none'\n\
                 confidence = 'assumption'\nsource = 'made up for the story'\n\
                 [[venue.hours]]\ndays = 'mon-sun'\nopen = '00:00-24:00'\nopen_assumption = true\n";
    let screens = "code,name,venue_type,kind,owner,territory\nR-01,Góc phố,corner,managed,P1,P1\n";
    let item = |kind: &str, code: &str, more: &str, form: &str, (file, length_s): (&str, u32)| {
        format!(
            "[[{kind}]]\ncode = '{code}'\ntitle = '{code}'\nsample = true\n{more}[{kind}.product]\ntitle = '{code}'\n\
             length_s = {length_s}\n[[{kind}.product.variant]]\nlang = 'vi'\nform = '{form}'\nfile = '{file}'\n"
        )
    };
    let place = "weight = 1\n[[item.place]]\nlink = 'territory'\nunit = 'HN'\n";
    let programme = item("item", "notice", place, "silent", notice)
        + &item("fallback", "safe-loop", "", "silent", safe_loop)
        + &item("fallback", "safe-sound", "", "audio", ("nhac-hieu.opus", 5));
    data.ok(&["import", "units", &fixture("units.csv")]);
    for (kind, name, text) in
        [("venues", "v.toml", venue), ("screens", "s.csv", screens), ("campaigns", "p.toml", programme.as_str())]
    {
        std::fs::write(data.path().join(name), text).unwrap();
        data.ok(&["import", kind, data.path().join(name).to_str().unwrap()]);
    }
    data.approve();
    data.ok(&["plan", "run"]);
    data
}

#[test]
fn one_confirmation_brings_a_bare_box_to_a_playing_screen_whose_records_count() {
    let data = corner(("mot-cua.png", 5), ("safe-loop.png", 5));
    let server = data.serve();
    let file = |name: &str| data.path().join(name);
    let player = switch_on(&data, &server, &[]);

    // who stands before the screen reads it there, everybody else where the player's words go
    let code = until("a code", || {
        let said = data.said_by_player();
        said.split_once("lichphat-player: code ").map(|(_, rest)| rest[..9].to_owned())
    });
    let confirmed = data.run(&["device", "confirm", &code, "--screen", "R-01"]);
    let said = String::from_utf8(confirmed.stderr).unwrap();
    assert!(confirmed.status.success() && said.contains("Paired with R-01 (Góc phố)"), "{said}");

    let db = rusqlite::Connection::open(file(lichphat::store::sqlite::FILE_NAME)).unwrap();
    // the first are of the safe loop, until the next slot of its plan begins
    let counted = "SELECT sum(counted) FROM rollup WHERE screen = 'R-01'";
    let plays = until("plays that count", || {
        db.query_row(counted, [], |row| row.get::<_, Option<u64>>(0)).unwrap().filter(|plays| *plays > 0)
    });
    assert!(plays > 0);
    for (name, mode) in [("tls.key", 0o600), ("evidence.key", 0o600), ("identity.toml", 0o600)] {
        let file = std::fs::metadata(file("player").join(name)).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, mode, "{name}");
    }
    drop(player);
    data.ok(&["check"]);
    let status = data.ok(&["device", "status", "--format", "csv"]);
    assert!(status.contains("R-01,1,false"), "{status}");
}

/// A row of `export plays --as csv`, by column.
type Row = HashMap<String, String>;

impl TestData {
    /// The box's own log.
    fn said_by_player(&self) -> String {
        std::fs::read_to_string(self.path().join("player.log")).unwrap()
    }

    /// What the server holds of a campaign's plays today.
    fn plays(&self, campaign: &str) -> Vec<Row> {
        let (today, out) = (SystemClock::new().now().day(HANOI).to_string(), self.path().join("plays.csv"));
        let ask = ["export", "plays", "--campaign", campaign, "--from", &today, "--to", &today, "--as", "csv", "--out"];
        self.ok(&[&ask[..], &[out.to_str().unwrap()]].concat());
        csv::Reader::from_path(out).unwrap().into_deserialize().map(Result::unwrap).collect()
    }
}

/// A moment of a row.
fn moment(row: &Row, column: &str) -> UtcMillis {
    chrono::DateTime::parse_from_rfc3339(&row[column]).map(|at| UtcMillis(at.timestamp_millis())).unwrap()
}

#[test]
fn what_is_taken_back_is_gone_from_a_real_screen_within_five_seconds_and_is_not_counted() {
    let clip = "ihanoi-vi.mp4";
    let data = corner(("mot-cua.png", 5), (clip, 15));
    let server = data.serve();
    let (file, [players, pairing]) = (data.path().join("box.toml"), [&server.doors[0], &server.doors[1]]);
    let out = file.to_str().unwrap();
    data.ok(&["device", "add", "--screen", "R-01", "--server", players, "--pairing", pairing, "--out", out]);
    let _player = switch_on(&data, &server, &["--provision", out]);

    // in the midst of a clip somebody takes it back; no poll comes to help: the box has to be called
    let hash = Sha256Hash::of(&std::fs::read(data.path().join(clip)).unwrap());
    let begun = |said: &str| said.lines().any(|line| line.contains("a play begins") && line.contains(&hash.hex()));
    until("the clip is on the screen", || begun(&data.said_by_player()).then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    let list: Vec<serde_json::Value> =
        serde_json::from_str(&data.ok(&["approval", "list", "--all", "--format", "json"])).unwrap();
    let number = list.iter().find(|p| p["campaign"] == "safe-loop").unwrap()["number"].to_string();
    let pressed = SystemClock::new().now();
    data.ok(&["approval", "withdraw", &number, "--reason", "sai số điện thoại"]);
    let withdrawn = SystemClock::new().now();
    let ended = |row: &Row| moment(row, "end") > pressed;
    let broken = until("the play is over", || data.plays("safe-loop").into_iter().find(ended));
    let took_ms = moment(&broken, "end").since_ms(withdrawn);
    let command_ms = withdrawn.since_ms(pressed);
    println!("the command took {command_ms} ms; the play was over {took_ms} ms later");
    assert!(moment(&broken, "start") < pressed && broken["frames_rendered"] != "0", "it was playing: {broken:?}");
    let said = ["result", "cause", "standing"].map(|column| broken[column].as_str());
    assert_eq!(said, ["partial", "withdrawn", "not-counted"], "{broken:?}");
    assert!(took_ms < 5_000, "{took_ms} ms");

    // what else the screen has of its own stands there within the same five seconds, and the clip comes no more
    let after = |row: &Row| row["frames_rendered"] != "0" && moment(row, "start") >= moment(&broken, "end");
    let next = until("another picture", || data.plays("notice").into_iter().find(after));
    let dark_ms = moment(&next, "start").since_ms(withdrawn);
    println!("and the next picture stood there {dark_ms} ms later");
    assert!(dark_ms < 5_000, "{dark_ms} ms: {next:?}");
    assert!(!data.plays("safe-loop").iter().any(after), "it comes no more");
    data.ok(&["check"]);
}
