//! What stories share: a data directory that goes away by itself, and the program as users call it.

#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
pub(crate) mod people;
#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
pub(crate) mod town;

use lichphat::config::Settings;
use lichphat::store::sqlite::FILE_NAME as DATABASE;
use lichphat_playlists::time::UtcMillis;
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// The project's own directory: presets and fixtures lie under it.
#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// With this a server says that it listens.
const LISTENS: &str = "stops it";

/// The player's program, built when this package is tested alone.
#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
pub(crate) fn player() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_lichphat")).with_file_name("lichphat-player");
    if !path.is_file() {
        let build =
            Command::new(env!("CARGO")).args(["build", "-q", "-p", "lichphat-player"]).current_dir(ROOT).status();
        assert!(build.unwrap().success());
    }
    path
}

/// A data directory and the commands over it.
pub(crate) struct TestData {
    path: PathBuf,
    /// `--config`, when the story has settings of its own.
    settings: Option<String>,
    /// What is brought is approved at once, on the shell and so by the machine's own clock.
    approves: bool,
    /// What its programs take for the time, when the story tells it.
    told: Mutex<Option<ToldTime>>,
    /// Goes away with the story; none when the directory is somebody else's.
    _dir: Option<tempfile::TempDir>,
}

#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
impl TestData {
    /// Empty.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { path: dir.path().to_owned(), settings: None, approves: true, told: Mutex::default(), _dir: Some(dir) }
    }

    /// One that is there already.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, settings: None, approves: true, told: Mutex::default(), _dir: None }
    }

    /// With a settings file.
    pub(crate) fn with_settings(mut self, file: &str) -> Self {
        self.settings = Some(file.to_owned());
        self
    }

    /// Nothing that is brought is approved from now on, or everything.
    pub(crate) fn approving(mut self, approves: bool) -> Self {
        self.approves = approves;
        self
    }

    /// From this moment on it is `now` for every program that is started here, and time goes on as it does.
    pub(crate) fn tell(&self, now: UtcMillis) {
        *self.told.lock().unwrap() = Some(ToldTime::from(now));
    }

    /// What is done at another time: programs are told `now`, and afterwards what they were told before.
    #[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
    pub(crate) fn told_at(&self, now: UtcMillis, done: impl FnOnce()) {
        let before = self.told.lock().unwrap().replace(ToldTime::from(now));
        done();
        *self.told.lock().unwrap() = before;
    }

    /// The time its programs are told; the machine's own when nothing was told.
    pub(crate) fn told(&self) -> ToldTime {
        self.told.lock().unwrap().unwrap_or_default()
    }

    /// After `lichphat init`.
    pub(crate) fn new() -> Self {
        let data = Self::empty();
        data.ok(&["init"]);
        data
    }

    /// The data directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What lies in it now; a server may have it open.
    pub(crate) fn keep(&self) -> Kept {
        let mut kept = Kept { files: Vec::new(), settings: self.settings.clone(), approves: self.approves };
        kept.add(&self.path, &self.path);
        let (copies, database) = (tempfile::tempdir().unwrap(), self.path.join(DATABASE));
        let copy = copies.path().join(DATABASE);
        let open = rusqlite::Connection::open(&database).unwrap();
        open.backup("main", &copy, None::<fn(rusqlite::backup::Progress)>).unwrap();
        let permissions = database.metadata().unwrap().permissions();
        kept.files.push((DATABASE.into(), permissions, std::fs::read(copy).unwrap()));
        kept
    }

    /// The command, not yet run, with `--data` set and English words.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat"));
        command.arg("--data").arg(self.path()).args(["--lang", "en"]).args(args).stdin(Stdio::null());
        command.env("RUST_LOG", "warn");
        self.told().tell(&mut command);
        if let Some(file) = &self.settings {
            command.args(["--config", file]);
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs it; it must succeed; the answer is what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Imports orders or content, and says yes to everything that is new in it.
    pub(crate) fn bring(&self, kind: &str, file: &str) {
        self.ok(&["import", kind, file]);
        if self.approves {
            self.approve();
        }
    }

    /// Says yes to everything that waits.
    pub(crate) fn approve(&self) {
        self.ok(&["approval", "give", "--all", "--decision", "01/QĐ"]);
    }

    /// Runs it; it must end with `code`; the answer is what it said on standard error.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {words}");
        words
    }

    /// The settings that its commands run with.
    pub(crate) fn settings(&self) -> Settings {
        let read = |file: &String| Settings::load(Path::new(file)).unwrap();
        Settings { data: self.path.clone(), ..self.settings.as_ref().map(read).unwrap_or_default() }
    }

    /// `lichphat serve` on free ports, once it listens.
    pub(crate) fn serve(&self) -> Serve {
        let any = "127.0.0.1:0";
        self.spawn(&["serve", "--listen", any, "--players", any, "--pairing", any])
    }

    /// A command that listens, once it does.
    pub(crate) fn spawn(&self, args: &[&str]) -> Serve {
        let mut child = self.command(args).stderr(Stdio::piped()).spawn().unwrap();
        let mut words = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains(LISTENS) {
            assert_ne!(words.read_line(&mut said).unwrap(), 0, "it ended before it listened: {said}");
        }
        let mut serve = Serve::of(child, &said, &self.path);
        serve._words = Some(words);
        serve
    }
}

/// What lay in a data directory, for others to begin with.
#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
pub(crate) struct Kept {
    files: Vec<(PathBuf, Permissions, Vec<u8>)>,
    settings: Option<String>,
    approves: bool,
}

#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
impl Kept {
    /// A directory of its own with all of it.
    pub(crate) fn begin(&self) -> TestData {
        let mut data = TestData::empty().approving(self.approves);
        data.settings.clone_from(&self.settings);
        for (name, permissions, bytes) in &self.files {
            let path = data.path.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, permissions.clone()).unwrap();
        }
        data
    }

    fn add(&mut self, root: &Path, dir: &Path) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let database = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DATABASE));
            match path.is_dir() {
                true => self.add(root, &path),
                false if database => {}
                false => {
                    let (name, permissions) =
                        (path.strip_prefix(root).unwrap(), path.metadata().unwrap().permissions());
                    self.files.push((name.to_owned(), permissions, std::fs::read(&path).unwrap()));
                }
            }
        }
    }
}

/// How far the time that a program is told is from the machine's, ms: it runs on as that does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ToldTime {
    ahead_ms: i64,
}

impl ToldTime {
    /// It is `now` at this moment.
    fn from(now: UtcMillis) -> Self {
        Self { ahead_ms: now.0 - machine_ms() }
    }

    /// How far it is ahead of the machine's, ms.
    #[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
    pub(crate) fn ahead_ms(self) -> i64 {
        self.ahead_ms
    }

    /// What it is at this moment.
    #[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
    pub(crate) fn now(self) -> UtcMillis {
        UtcMillis(machine_ms() + self.ahead_ms)
    }

    /// Has a program take it for the time, by Debian's libfaketime (the one for programs with threads). Only the time of day
    /// is told: what waits and what keeps a picture's time goes by the machine's own steady clock.
    #[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
    pub(crate) fn tell(self, command: &mut Command) {
        if self == Self::default() {
            return;
        }
        let lib = format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
        assert!(Path::new(&lib).exists(), "{lib} is missing: apt-get install libfaketime");
        let sign = if self.ahead_ms < 0 { '-' } else { '+' };
        let ahead = self.ahead_ms.unsigned_abs();
        command.env("LD_PRELOAD", lib).env("FAKETIME", format!("{sign}{}.{:03}", ahead / 1000, ahead % 1000));
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DISABLE_SHM", "1");
    }
}

fn machine_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// A client of HTTP that is nobody's player.
#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
/// A running server; killed when a story fails before it stops it.
pub(crate) struct Serve {
    child: Child,
    /// Held so that its last words find an open pipe.
    _words: Option<BufReader<ChildStderr>>,
    /// Where people come in, `https://127.0.0.1:port`.
    pub(crate) url: String,
    /// Where players come in, and where boxes are registered.
    pub(crate) doors: Vec<String>,
    /// Who has signed its certificate, PEM.
    pub(crate) authority: String,
}

#[allow(dead_code, reason = "each story is a crate of its own and uses what it needs")]
impl Serve {
    /// A command that listens and says so in `file`, where its standard error goes.
    pub(crate) fn logging_to(mut command: Command, file: &Path, data: &TestData) -> Self {
        let mut child = command.spawn().unwrap();
        let said = loop {
            let said = std::fs::read_to_string(file).unwrap();
            if said.contains(LISTENS) {
                break said;
            }
            assert!(child.try_wait().unwrap().is_none(), "it ended before it listened: {said}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        Self::of(child, &said, data.path())
    }

    /// By what it said before and when it listened.
    fn of(child: Child, said: &str, data: &Path) -> Self {
        let urls = said.split_whitespace().filter(|word| word.starts_with("http"));
        let mut doors: Vec<String> = urls.map(|url| url.trim_end_matches('/').to_owned()).collect();
        let url = doors.pop().unwrap();
        let authority = std::fs::read_to_string(data.join("tls/authority.pem")).unwrap_or_default();
        Self { child, _words: None, url, doors, authority }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop; it must end well.
    pub(crate) fn stop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success() && self.child.wait().unwrap().success(), "an orderly stop is a success");
    }

    /// Ends it where it stands, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
