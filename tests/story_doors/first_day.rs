//! From the box to the playing screen by one confirmation: the player's own program, on a machine that knows nothing but where
//! the scheduler's pairing door is and whom to believe there.

use super::common::town::fixture;
use super::common::{ROOT, TestData};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The player's program, built when this package is tested alone.
fn player() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_lichphat")).with_file_name("lichphat-player");
    if !path.is_file() {
        let build =
            Command::new(env!("CARGO")).args(["build", "-q", "-p", "lichphat-player"]).current_dir(ROOT).status();
        assert!(build.unwrap().success());
    }
    path
}

/// A running player; killed when the story fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What comes of `look`, however long it takes within two minutes.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(120), "it never came: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One screen that is always on, with pictures of five seconds.
fn corner() -> TestData {
    let data = TestData::new().with_settings(&fixture("server.toml"));
    for clip in ["mot-cua.png", "safe-loop.png", "nhac-hieu.opus"] {
        std::fs::copy(Path::new(ROOT).join("config/sample/media").join(clip), data.path().join(clip)).unwrap();
    }
    let venue = "[[venue]]\ntype = 'corner'\nname = 'Góc phố'\nname_en = 'Corner'\ncalendar = 'none'\n\
                 confidence = 'assumption'\nsource = 'made up for the story'\n\
                 [[venue.hours]]\ndays = 'mon-sun'\nopen = '00:00-24:00'\nopen_assumption = true\n";
    let screens = "code,name,venue_type,kind,owner,territory\nR-01,Góc phố,corner,managed,P1,P1\n";
    let item = |kind: &str, code: &str, more: &str, form: &str, file: &str| {
        format!(
            "[[{kind}]]\ncode = '{code}'\ntitle = '{code}'\nsample = true\n{more}[{kind}.product]\ntitle = '{code}'\n\
             length_s = 5\n[[{kind}.product.variant]]\nlang = 'vi'\nform = '{form}'\nfile = '{file}'\n"
        )
    };
    let place = "weight = 1\n[[item.place]]\nlink = 'territory'\nunit = 'HN'\n";
    let programme = item("item", "notice", place, "silent", "mot-cua.png")
        + &item("fallback", "safe-loop", "", "silent", "safe-loop.png")
        + &item("fallback", "safe-sound", "", "audio", "nhac-hieu.opus");
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
    let data = corner();
    let server = data.serve();
    let file = |name: &str| data.path().join(name);
    let settings = format!(
        "server = '{}'\nauthority = '{}'\nstate_dir = '{}'\nsink = 'fake'\nsound = 'fake'\nsegment_plays = 1\npoll_s = 5\n",
        server.doors[1],
        file("tls/authority.pem").display(),
        file("player").display()
    );
    std::fs::write(file("player.toml"), settings).unwrap();
    let log = std::fs::File::create(file("player.log")).unwrap();
    let player = Command::new(player())
        .args(["run", "--config"])
        .arg(file("player.toml"))
        .env("LICHPHAT_LOG", "lichphat_player=info")
        .stdin(Stdio::null())
        .stderr(log)
        .spawn();
    let player = Running(player.unwrap());

    // who stands before the screen reads it there, everybody else in the box's log
    let code = until("a code", || {
        let said = std::fs::read_to_string(file("player.log")).unwrap();
        said.split_once("the screen shows the code ").map(|(_, rest)| rest[..9].to_owned())
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
