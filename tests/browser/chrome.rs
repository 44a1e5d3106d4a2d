//! A real Chromium behind ChromeDriver: how it looks at a page (telephone or desk, light or dark), what axe-core finds there, and
//! pictures of it.

use crate::common::ROOT;
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use lichphat::lang::Lang;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use url::Url;

/// Nothing of these asks for the network, and no run knows of another.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",       // a telephone shows none either
    "--remote-debugging-pipe", // it ends with the driver that holds the other end, however that ends
];

/// What a picture of the guide is to have at most; it comes with the program.
const PICTURE_BYTES: usize = 25_000;

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// 360 × 740, else 1280 × 900.
    pub(crate) phone: bool,
    pub(crate) dark: bool,
}

impl Look {
    pub(crate) const ALL: [Self; 4] = [
        Self { phone: true, dark: false },
        Self { phone: true, dark: true },
        Self { phone: false, dark: true },
        Self { phone: false, dark: false },
    ];
    pub(crate) const PHONE: Self = Self::ALL[0];
    pub(crate) const DESK: Self = Self::ALL[3];

    /// For the name of a picture.
    pub(crate) fn word(self) -> &'static str {
        match (self.phone, self.dark) {
            (true, false) => "phone",
            (true, true) => "phone-dark",
            (false, false) => "desk",
            (false, true) => "desk-dark",
        }
    }
}

/// A command of Chromium's own protocol, which ChromeDriver passes on.
#[derive(Debug)]
struct Cdp(Value);

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}

/// Where what drives every Chromium lives: it outlasts each test, and each has a runtime of its own.
static DRIVING: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Those that nobody looks through at the moment.
static IDLE: Mutex<Vec<Engine>> = Mutex::new(Vec::new());

/// A Chromium and what drives it; they end with this, and with the process, however that ends.
struct Engine {
    client: Client,
    lang: Lang,
    process: Child,
    _words: BufReader<ChildStdout>,
    _profile: tempfile::TempDir,
}

/// A browser that knows of nobody who was there before; the next test takes its Chromium over.
pub(crate) struct Chrome {
    pub(crate) client: Client,
    engine: Option<Engine>,
    pub(crate) look: Look,
}

impl Engine {
    /// Started from a thread that stays: with the one that started it, a process ends.
    async fn start(lang: Lang) -> Self {
        let profile = own_dir();
        let tongue = if lang == Lang::Vi { "vi" } else { "en_GB" }; // of its own fields, for dates and files
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "chromedriver", "--port=0"])
            .current_dir(profile.path())
            .env("TMPDIR", ".") // of a short name, or Chromium's sockets have no room for it
            .env("LANGUAGE", tongue);
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = started.unwrap_or_else(|e| panic!("setpriv (of util-linux): {e}"));
        let mut words = BufReader::new(process.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            let said = words.read_line(&mut line).unwrap();
            assert_ne!(said, 0, "chromedriver does not start; `make packages` brings it and Chromium");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim().trim_end_matches('.').to_owned();
            }
        };
        let own = format!("--user-data-dir={}", profile.path().display());
        let wanted = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": true, // the town signs its certificate itself
            "goog:chromeOptions": { "args": FLAGS.iter().copied().chain([own.as_str()]).collect::<Vec<_>>() },
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().unwrap().clone());
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        let minute = Some(Duration::from_secs(60));
        client.update_timeouts(TimeoutConfiguration::new(minute, minute, None)).await.unwrap();
        Self { client, lang, process, _words: words, _profile: profile }
    }
}

impl Drop for Engine {
    /// Chromium goes with what drives it.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Chrome {
    /// In Vietnamese.
    pub(crate) async fn start(look: Look) -> Self {
        Self::in_language(look, Lang::Vi).await
    }

    pub(crate) async fn in_language(look: Look, lang: Lang) -> Self {
        let idle = {
            let mut idle = IDLE.lock().unwrap();
            idle.iter().position(|engine| engine.lang == lang).map(|at| idle.swap_remove(at))
        };
        let engine = match idle {
            Some(engine) => engine,
            None => DRIVING.spawn(Engine::start(lang)).await.unwrap(),
        };
        let mut chrome = Self { client: engine.client.clone(), engine: Some(engine), look };
        chrome.go("about:blank").await;
        chrome.cdp("Network.clearBrowserCookies", json!({})).await;
        chrome.cdp("Network.clearBrowserCache", json!({})).await;
        chrome.look(look).await;
        chrome
    }

    /// From now on pages are looked at like this.
    pub(crate) async fn look(&mut self, look: Look) {
        self.look = look;
        let (width, height) = if look.phone { (360, 740) } else { (1280, 900) };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": look.phone });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn cdp(&self, method: &str, params: Value) -> Value {
        let command = Cdp(json!({ "cmd": method, "params": params }));
        self.client.issue_cmd(command).await.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    pub(crate) async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap_or_else(|e| panic!("{address}: {e}"));
    }

    /// What a script on the page answers.
    pub(crate) async fn ask(&self, script: &str, args: Vec<Value>) -> Value {
        self.client.execute(script, args).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// What a script on the page answers once it is done.
    pub(crate) async fn ask_later(&self, script: &str) -> Value {
        self.client.execute_async(script, vec![]).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Whose session it is from now on, as `__Host-lichphat=…`; none: nobody's.
    pub(crate) async fn wear(&self, url: &str, cookie: Option<&str>) {
        self.cdp("Network.clearBrowserCookies", json!({})).await;
        if let Some((name, value)) = cookie.and_then(|cookie| cookie.split_once('=')) {
            let cookie =
                json!({ "url": url, "name": name, "value": value, "path": "/", "secure": true, "httpOnly": true });
            let set = self.cdp("Network.setCookie", cookie).await;
            assert_eq!(set["success"], true, "{set}");
        }
    }

    /// What is wrong with the page as it is shown now; nothing: it is fit for everybody.
    pub(crate) async fn faults(&self) -> Vec<String> {
        let mut faults = self.sticks_out().await;
        let Some(axe) = axe() else { return faults };
        // a page that goes to another one by itself is looked at anew
        for _ in 0..3 {
            if self.ask("return typeof axe !== 'undefined'", vec![]).await != true {
                self.ask(axe, vec![]).await;
            }
            if let Ok(found) = self.client.execute_async(AXE, vec![]).await {
                faults.extend(found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()));
                return faults;
            }
        }
        faults.push("axe-core could not be run".to_owned());
        faults
    }

    /// What makes the page scroll sideways.
    pub(crate) async fn sticks_out(&self) -> Vec<String> {
        let out = self.ask(STICKS_OUT, vec![]).await;
        out.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    /// Keeps a picture of the window below `target/browser/`, when there is time for it.
    pub(crate) async fn seen(&self, name: &str) {
        if is_thorough() {
            self.picture(name).await;
        }
    }

    /// Keeps a picture of the window below `target/browser/`.
    pub(crate) async fn picture(&self, name: &str) {
        let file = pictures().join(format!("{name}.png"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// A picture for the guide in this language: on a telephone for who has one at hand, else on a small desk; with this part at its top.
    pub(crate) async fn guide_picture(&mut self, lang: &str, name: &str, part: &str) {
        let look = self.look;
        let phone = ["operator", "approver", "head"].iter().any(|role| name.starts_with(&format!("{role}-")));
        let (width, height, scale) = if phone { (360, 740, 1.0) } else { (960, 660, 0.8) };
        self.look(Look { phone, dark: false }).await;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
        assert_eq!(self.ask(TOP, vec![json!(part)]).await, true, "{name}: no {part}");
        let mut bytes = Vec::new();
        for quality in [70, 50, 30] {
            let wanted = json!({ "format": "webp", "quality": quality });
            bytes = decoded(&self.cdp("Page.captureScreenshot", wanted).await);
            if bytes.len() <= PICTURE_BYTES {
                break;
            }
        }
        let file = pictures().join(format!("guide/{lang}/{name}.webp"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        say(&format!("picture of the guide {lang}/{name}: {} bytes", bytes.len()));
        std::fs::write(&file, bytes).unwrap();
        self.look(look).await;
    }

    /// What the window shows, as a player answers it.
    pub(crate) async fn jpeg(&self) -> Vec<u8> {
        decoded(&self.cdp("Page.captureScreenshot", json!({ "format": "jpeg", "quality": 60 })).await)
    }

    /// The page from its head to its foot, as a JPEG; of a very long one the first 8,000 pixels.
    #[allow(dead_code, reason = "the pilot alone takes whole pages")]
    pub(crate) async fn whole_page(&self) -> Vec<u8> {
        let size = self.cdp("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let height = size["height"].as_f64().unwrap().min(8_000.0);
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1 });
        let how = json!({ "format": "jpeg", "quality": 60, "captureBeyondViewport": true, "clip": clip });
        decoded(&self.cdp("Page.captureScreenshot", how).await)
    }
}

/// The bytes of a picture that Chromium has made.
fn decoded(shot: &Value) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
}

impl Drop for Chrome {
    /// Whoever comes next has it, but for one with which something went wrong.
    fn drop(&mut self) {
        let engine = self.engine.take();
        if !std::thread::panicking() {
            IDLE.lock().unwrap().extend(engine);
        }
    }
}

/// Is there time for everything (`make soak`)?
pub(crate) fn is_thorough() -> bool {
    std::env::var("LOOKS").is_ok_and(|looks| looks == "all")
}

/// Says something in the log of the run, which shows no more of a test that passes.
pub(crate) fn say(words: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "browser: {words}");
}

/// Where pictures of this run lie.
pub(crate) fn pictures() -> PathBuf {
    let target = std::env::var("CARGO_TARGET_DIR").map_or_else(|_| PathBuf::from(ROOT).join("target"), PathBuf::from);
    target.join("browser")
}

/// A directory of this process, which goes with who holds it; what an ended run has left goes with the next one.
pub(crate) fn own_dir() -> tempfile::TempDir {
    let all = std::env::temp_dir().join("lichphat-browser");
    std::fs::create_dir_all(&all).unwrap();
    for left in std::fs::read_dir(&all).unwrap().flatten() {
        let name = left.file_name().to_string_lossy().into_owned();
        let of = name.split('-').next().unwrap_or_default();
        if !std::path::Path::new("/proc").join(of).exists() {
            let _ = std::fs::remove_dir_all(left.path()); // two may do so at once
        }
    }
    tempfile::Builder::new().prefix(&format!("{}-", std::process::id())).tempdir_in(all).unwrap()
}

/// axe-core as `make test` has set it up; none when it could not be had, and then that is said, and all else is tried.
fn axe() -> Option<&'static str> {
    static AXE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let read = || {
        let path = std::env::var("AXE").ok().filter(|path| !path.is_empty());
        if path.is_none() {
            say(
                "*** axe-core is not here (`make axe` brings it from PyPI; AXE names its file): what it finds is LEFT OUT ***",
            );
        }
        path.map(|path| std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("AXE={path}: {e}")))
    };
    AXE.get_or_init(read).as_deref()
}

/// All of axe-core's rules, and the size of targets, which it leaves out by itself.
const AXE: &str = "
    const done = arguments[arguments.length - 1];
    const name = node => node.target.join(' ') + ': ' + node.html.slice(0, 160).replace(/\\s+/g, ' ')
        + ' -- ' + [...node.any, ...node.all, ...node.none].map(check => check.message).join('; ');
    axe.run(document, { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'], preload: false, iframes: false })
        .then(found => done(found.violations.flatMap(v => v.nodes.slice(0, 3).map(node => v.id + ' (' + v.help + ') ' + name(node)))))
        .catch(error => done(['axe-core failed: ' + error]));";

/// Brings a part of the page to the top of the window.
const TOP: &str = "
    document.activeElement.blur();
    window.scrollTo(0, 0);
    if (!arguments[0]) return true;
    const part = document.querySelector(arguments[0]);
    if (part) window.scrollTo(0, part.getBoundingClientRect().top - 12);
    return !!part;";

/// The elements that reach beyond the window, or whose text does, when the page is wider than it.
const STICKS_OUT: &str = "
    const root = document.documentElement, range = document.createRange();
    if (root.scrollWidth <= root.clientWidth) return [];
    const out = box => box.right > root.clientWidth + 0.5;
    const wide = [...document.body.querySelectorAll('*')].filter(e => {
        if (out(e.getBoundingClientRect()) || e.scrollWidth > e.clientWidth && e.clientWidth > 0) return true;
        return [...e.childNodes].some(n => n.nodeType === 3 && (range.selectNodeContents(n), out(range.getBoundingClientRect())));
    });
    return ['the page scrolls sideways: ' + root.scrollWidth + ' px of ' + root.clientWidth + ': '
        + wide.slice(-5).map(e => e.outerHTML.slice(0, 160)).join(' | ')];";
