//! The demonstration, as a newcomer runs it: one command, then questions about what it left behind.
//! One small store serves every question; a second run plants devices that make nothing good.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::{ROOT, TestData};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

const CAMPAIGN: &str = "ihanoi-2024";

/// A finished demonstration; its directory lies under target/ and is made anew by each run.
struct Demo {
    dir: PathBuf,
    data: TestData,
    summary: Value,
}

impl Demo {
    fn run(name: &str, extra: &[&str]) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let words = dir.with_extension("err");
        let _ = std::fs::remove_dir_all(&dir);
        let run = Command::new(env!("CARGO_BIN_EXE_lichphat"))
            .args(["--lang", "en", "demo", "--once", "--no-player", "--screens", "30", "--port", "0"])
            .args(["--presets", "config", "--dir", dir.to_str().unwrap()])
            .args(extra)
            .current_dir(ROOT)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(&words).unwrap())
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", std::fs::read_to_string(&words).unwrap());
        let summary: Value = serde_json::from_slice(&std::fs::read(dir.join("summary.json")).unwrap()).unwrap();
        assert_eq!(summary, serde_json::from_slice::<Value>(&run.stdout).unwrap(), "printed and written alike");
        let data = TestData::at(dir.join("data"));
        Self { dir, data, summary }
    }

    fn n(&self, pointer: &str) -> u64 {
        self.summary.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} {}", self.summary))
    }

    fn day(&self) -> &str {
        self.summary["compliance"]["day"].as_str().unwrap()
    }

    fn report(&self) -> Value {
        let day = self.day();
        let ask = ["report", "compliance", "--campaign", CAMPAIGN, "--from", day, "--to", day, "--format", "json"];
        serde_json::from_str(&self.data.ok(&ask)).unwrap()
    }

    /// Screens that sent records, and have a code that begins so.
    fn reporting(&self, prefix: &str) -> String {
        let report = self.report();
        let lines = report["lines"].as_array().unwrap().iter();
        let mut codes = lines.filter(|l| l["standing"] == "reporting").map(|l| l["screen"].as_str().unwrap());
        codes.find(|code| code.starts_with(prefix)).unwrap_or_else(|| panic!("{prefix}")).to_owned()
    }

    /// Problem and plan of a screen's simulated day, as the second checker reads them.
    fn export(&self, screen: &str, name: &str) -> (PathBuf, PathBuf) {
        let file = |what: &str| self.dir.join(format!("{name}-{screen}.{what}.json"));
        let (instance, solution) = (file("instance"), file("solution"));
        let (i, s) = (instance.to_str().unwrap(), solution.to_str().unwrap());
        self.data.ok(&["plan", "export", "--screen", screen, "--day", self.day(), "--instance", i, "--solution", s]);
        (instance, solution)
    }

    fn why(&self, screen: &str, campaign: &str, at: &str) -> Value {
        let ask = ["why", "--screen", screen, "--campaign", campaign, "--at", at, "--format", "json"];
        serde_json::from_str(&self.data.ok(&ask)).unwrap()
    }
}

static DEMO: LazyLock<Demo> = LazyLock::new(|| Demo::run("demo", &[]));

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_summary_says_what_the_report_says() {
    let demo = &*DEMO;
    let s = &demo.summary;
    let top = ["compliance", "duration_s", "planned_plays", "real_player", "screens", "simulated"];
    assert_eq!(keys(s), top);
    assert_eq!(keys(&s["real_player"]), ["counted", "frames_dropped", "frames_rendered", "plays"]);
    assert_eq!(keys(&s["simulated"]), ["made_good", "plays", "screens", "screens_with_outages"]);
    let compliance = ["campaign", "day", "mean_per_day", "met", "min_per_day", "short", "short_causes"];
    assert_eq!(keys(&s["compliance"]), compliance);

    let report = demo.report();
    for key in &compliance[2..] {
        assert_eq!(s["compliance"][key], report["totals"][key], "{key}");
    }
    let totals = |key: &str| report["totals"][key].as_u64().unwrap();
    assert_eq!(totals("met") + totals("short"), totals("on_duty"));
    assert!(totals("met") > 20 && totals("existing") > 500, "{}", report["totals"]);
    let causes = report["totals"]["short_causes"].as_object().unwrap();
    assert_eq!(causes.values().filter_map(Value::as_u64).sum::<u64>(), totals("short"), "each has one main cause");
    assert!(["no-player", "not-declared", "skipped:device-off"].iter().all(|c| causes.contains_key(*c)), "{causes:?}");

    assert_eq!(demo.n("/simulated/screens"), 30);
    assert!(demo.n("/screens") > 500 && demo.n("/planned_plays") > 50_000, "{s}");
    assert!(demo.n("/simulated/plays") * 10 > demo.n("/planned_plays") * 8, "most of the day was shown");
    assert!(demo.n("/simulated/screens_with_outages") * 20 >= 30, "at least 5 %");
    assert!(demo.n("/simulated/made_good") > 0);
    assert_eq!(s["real_player"]["plays"], 0, "none was started");
}

#[test]
fn every_figure_in_its_store_is_what_the_signed_records_say() {
    let found = DEMO.data.ok(&["check", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), serde_json::json!([]));
}

#[test]
fn its_plans_are_accepted_by_the_second_checker() {
    let demo = &*DEMO;
    for kind in ["BX-", "NB-", "P", "X0", "X1", "XB-"] {
        let (instance, solution) = demo.export(&demo.reporting(kind), "checked");
        let checker = Path::new(ROOT).join("tests/dayplan/checker.py");
        let run = Command::new("python3").arg(checker).arg(&instance).arg(&solution).output().unwrap();
        let answer: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        assert!(run.status.success() && answer["valid"] == true, "{}: {answer}", instance.display());
        assert!(answer["metrics"]["dead_air_frac"].as_f64().unwrap() < 0.01, "{answer}");
    }
    let unknown = ["--instance", "i.json", "--solution", "s.json", "--day", "2001-01-01"];
    let words = demo.data.fails(1, &[&["plan", "export", "--screen", "BX-01"], unknown.as_slice()].concat());
    assert!(words.contains("BX-01 has no plan for 2001-01-01"), "{words}");
}

#[test]
fn any_minute_has_its_reason() {
    let demo = &*DEMO;
    let (day, screen) = (demo.day(), demo.reporting("BX-"));
    let (_, solution) = demo.export(&screen, "asked");
    let solution: Value = serde_json::from_slice(&std::fs::read(solution).unwrap()).unwrap();
    let spot = solution["plays"].as_array().unwrap().iter().find(|p| p["id"] == CAMPAIGN).unwrap();
    let start_s = spot["start"].as_u64().unwrap();
    let clock = |s: u64| format!("{day} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    let at = |clock: &str| format!("{day} {clock}");
    let rule = |campaign: &str, at: &str| demo.why(&screen, campaign, at)["rule"].as_str().unwrap().to_owned();

    let answer = demo.why(&screen, CAMPAIGN, &clock(start_s + 1));
    assert_eq!(answer["rule"], "playing");
    assert_eq!(answer["record"], format!("plan {screen} {day} v1 (first plan)"));
    assert_eq!(rule(CAMPAIGN, &at("12:30")), "outside-window");
    assert_eq!(rule(CAMPAIGN, &at("02:00")), "screen-off");
    assert_eq!(rule(CAMPAIGN, &clock(start_s + 60)), "gap-to-play");
    assert_eq!(rule("no-such-campaign", &at("08:00")), "unknown-campaign");
    let ended = demo.why(&screen, CAMPAIGN, "2024-12-20 08:00");
    assert_eq!(ended["rule"], "expired");
    assert!(ended["text"].as_str().unwrap().contains("2024-10-10"), "{ended}");
    assert_eq!(rule(CAMPAIGN, "2024-08-01 08:00"), "not-begun");
    assert_eq!(rule("loudspeaker-2025", &at("08:00")), "not-targeted");
    assert_eq!(rule("sample-tea", "2030-01-10 08:00"), "expired");
    assert_eq!(rule("local-notice", &at("08:00")), "local-content");

    let words = demo.data.fails(2, &["why", "--screen", "NO-1", "--campaign", CAMPAIGN, "--at", "08:00"]);
    assert!(words.contains("NO-1") && words.contains("lichphat import screens"), "{words}");
    let words = demo.data.fails(2, &["why", "--screen", &screen, "--campaign", CAMPAIGN, "--at", "2026-02-30 08:00"]);
    assert!(words.contains("2026-02-30") && words.contains("--at"), "{words}");
}

#[test]
fn devices_that_make_nothing_good_are_seen_in_the_figures() {
    let planted = Demo::run("demo-planted", &["--no-make-good"]);
    assert_eq!(planted.n("/simulated/made_good"), 0);
    assert!(DEMO.n("/simulated/made_good") > 0);
    assert_eq!(planted.n("/planned_plays"), DEMO.n("/planned_plays"), "the same day, the same plans");
    assert!(planted.n("/compliance/short") > DEMO.n("/compliance/short"), "{} {}", planted.summary, DEMO.summary);
    let met = |demo: &Demo| demo.n("/compliance/met") + demo.n("/compliance/short");
    assert_eq!(met(&planted), met(&DEMO), "the same screens were on duty");
}

#[test]
fn a_directory_that_is_somebody_elses_is_never_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let letter = dir.path().join("letter.txt");
    std::fs::write(&letter, "keep me").unwrap();
    let args = ["demo", "--once", "--no-player", "--port", "0", "--presets", "config", "--dir"];
    let run = Command::new(env!("CARGO_BIN_EXE_lichphat"))
        .args(args)
        .arg(dir.path())
        .current_dir(ROOT)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    let words = String::from_utf8(run.stderr).unwrap();
    assert!(words.contains("--dir") && words.contains("hãy chọn thư mục khác"), "{words}");
    assert_eq!(std::fs::read(letter).unwrap(), b"keep me");
}
