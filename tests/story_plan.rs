//! One day from a file to a plan in a file: `lichphat plan --instance`, without any data directory, judged
//! by both checkers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::{ROOT, TestData};
use lichphat_playlists::plan::{Problem, Solution, check};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn instance(name: &str) -> String {
    format!("{ROOT}/tests/dayplan/instances/{name}.json")
}

fn instances() -> Vec<PathBuf> {
    let dir = Path::new(ROOT).join("tests/dayplan/instances");
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

/// The data directory of these stories is never made: the command needs none.
fn nowhere() -> TestData {
    TestData::at("/nonexistent/lichphat".into())
}

fn solution(text: &str) -> Solution {
    serde_json::from_str(text).unwrap()
}

/// What `checker.py` leaves with for each pair of files, from one interpreter.
fn python(pairs: &[(PathBuf, PathBuf)]) -> Vec<(bool, String)> {
    let script = "import json,sys;sys.path.insert(0,sys.argv[1]);import checker\n\
                  for i,s in json.loads(sys.stdin.read()):\n\
                  \x20r=checker.check(json.load(open(i)),json.load(open(s)))\n\
                  \x20print(json.dumps([r['valid'],str(r['errors'])]))";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .arg(Path::new(ROOT).join("tests/dayplan"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(pairs).to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn every_instance_becomes_a_plan_that_both_checkers_accept() {
    let (data, dir) = (nowhere(), tempfile::tempdir().unwrap());
    let mut pairs = Vec::new();
    for path in instances() {
        let out = dir.path().join(path.file_name().unwrap());
        let (file, out_text) = (path.to_str().unwrap(), out.to_str().unwrap());
        let printed = data.ok(&["plan", "--instance", file, "--effort", "quick", "--out", out_text]);
        assert_eq!(printed, "", "with --out nothing is printed");
        let problem: Problem = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let answer = solution(&std::fs::read_to_string(&out).unwrap());
        let verdict = check(&problem, &answer);
        assert!(verdict.valid, "{file}: {:?}", verdict.errors);
        let claims = answer.claims.expect("a plan claims its figures");
        assert_eq!(claims["audience"], json!(verdict.metrics.audience), "{file}");
        assert!(answer.explanations.is_some() && answer.meta.unwrap()["effort"] == "quick");
        pairs.push((path, out));
    }
    assert_eq!(pairs.len(), 30);
    for ((path, _), (valid, errors)) in pairs.iter().zip(python(&pairs)) {
        assert!(valid, "{}: {errors}", path.display());
    }
}

#[test]
fn the_same_question_has_the_same_bytes_for_an_answer() {
    let data = nowhere();
    let file = instance("bus_station-p4");
    let ask = |more: &[&str]| data.ok(&[&["plan", "--instance", file.as_str()], more].concat());
    let first = ask(&[]);
    assert_eq!(ask(&["--effort", "normal", "--evenness-tolerance", "0.030"]), first, "these are the defaults");
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("plan.json");
    assert_eq!(ask(&["--out", out.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), first);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left there");

    // the same by standard input
    let mut piped = data.command(&["plan", "--instance", "-"]);
    let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(String::from_utf8(piped.wait_with_output().unwrap().stdout).unwrap(), first);

    // without tolerance nothing of the audience is given up for even spacing
    let figures = |text: &str| {
        let claims = solution(text).claims.unwrap();
        (claims["audience"].as_u64().unwrap(), claims["evenness"].as_f64().unwrap())
    };
    let ((people, uneven), (most, rough)) = (figures(&first), figures(&ask(&["--evenness-tolerance", "0"])));
    assert!(people <= most && uneven < rough, "{people} {uneven} against {most} {rough}");
    assert!(people * 1000 >= most * 950, "about 3 % at most: {people} of {most}");
}

/// A small day with one thing changed.
fn changed(from: &str, to: &str) -> String {
    let text = json!({
        "schema": "dayplan-instance/1", "id": "small", "family": "story", "seed": 1, "horizon_s": 86_400,
        "operating": [[28_800, 36_000]], "footfall": {"bin_s": 900, "weights": vec![5; 96]}, "peak": [],
        "category_gap_s": {}, "fixed": [{"id": "anthem", "start": 28_800, "dur": 60}],
        "campaigns": [{"id": "a", "dur": 15, "target": 9, "windows": [[28_800, 36_000]], "min_gap_s": 900,
                       "priority": 1, "shortfall_weight": 100, "category": null}],
        "fillers": [{"id": "f", "dur": 10, "weight": 1}], "meta": {"anything": [1, 2]}
    })
    .to_string();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

#[test]
fn what_cannot_be_placed_is_told_in_the_persons_language() {
    let (data, dir) = (nowhere(), tempfile::tempdir().unwrap());
    let file = dir.path().join("i.json");
    std::fs::write(&file, changed("\"target\":9", "\"target\":9")).unwrap();
    let run = |lang| {
        let mut command = data.command(&["plan", "--instance", file.to_str().unwrap(), "--lang", lang]);
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert!(status.success());
        (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    };
    let ((plan, english), (same, vietnamese)) = (run("en"), run("vi"));
    assert_eq!(plan, same, "data do not change with the language");
    assert!(english.contains("a needs 9 plays") && english.contains("8 plays have a place, 1 lack one"), "{english}");
    assert!(vietnamese.contains("a cần 9 lượt") && vietnamese.contains("8 lượt có chỗ, thiếu 1"), "{vietnamese}");
    let explained = solution(&plan).explanations.unwrap();
    assert_eq!((explained.len(), &explained[0]["kind"]), (1, &json!("spacing")));
}

#[test]
fn an_instance_that_cannot_be_right_is_refused_with_its_place_and_leaves_nothing() {
    let (data, dir) = (nowhere(), tempfile::tempdir().unwrap());
    let (file, out) = (dir.path().join("i.json"), dir.path().join("plan.json"));
    let (file_text, out_text) = (file.to_str().unwrap(), out.to_str().unwrap());
    let no = |text: &[u8], words: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let said = data.fails(1, &["plan", "--instance", file_text, "--out", out_text]);
        for word in ["i.json"].iter().chain(words) {
            assert!(said.contains(word), "should say {word:?}:\n{said}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "it left something behind");
    };
    let day = |from: &str, to: &str, words: &[&str]| no(changed(from, to).as_bytes(), words);
    day("\"dur\":15", "\"dur\":15.5", &["campaigns[0].dur", "15.5", "must be a whole number"]);
    day("\"dur\":15", "\"dur\":-15", &["campaigns[0].dur", "-15", "must be a whole number"]);
    day("\"dur\":15", "\"dur\":0", &["campaigns[0] (a).dur", "\"0\"", "at least 1 second"]);
    day("\"dur\":15", "\"length\":15", &["i.json:1:", "unknown field `length`", "the keys are: id, dur"]);
    day("\"dur\":15,", "", &["campaigns[0]", "the key dur is missing"]);
    day("\"id\":\"a\"", "\"id\":5", &["campaigns[0].id", "must be text in double quotes"]);
    day("\"target\":9", "\"target\":20000", &["campaigns[0] (a).target", "\"20000\"", "at most 10000"]);
    day(
        "[[28800,36000]],\"peak\"",
        "[[36000,28800]],\"peak\"",
        &["operating", "[36000,28800]", "later than its start"],
    );
    day("\"windows\":[[28800,", "\"windows\":[[28000,", &["windows", "07:46:40-08:00", "cut the windows"]);
    day("instance/1", "instance/2", &["schema", "dayplan-instance/2", "write \"dayplan-instance/1\""]);
    day("\"category\":null", "\"category\":\"soda\"", &["category", "\"soda\"", "category_gap_s"]);
    day("\"fixed\":[", "\"fixed\":[{\"id\":\"bell\",\"start\":28830,\"dur\":60},", &["bell", "overlaps"]);
    day("\"id\":\"small\"", "\"id\":\"sm\\nall\"", &["id", "sm\\\\nall", "visible characters"]);
    day("\"id\":\"a\"", "\"id\":\"a\\u202eb\"", &["campaigns[0].id", "u{202e}", "visible characters"]);
    day(
        "\"category_gap_s\":{",
        "\"category_gap_s\":{\"dr\\nink\":60",
        &["category_gap_s", "dr\\\\nink", "visible characters"],
    );
    day("\"category\":null", "\"category\":\"dr\\nink\"", &["category", "dr\\\\nink", "visible characters"]);
    let turned =
        changed("\"id\":\"a\"", "\"id\":\"a\\nb\"").replace("[[28800,36000]],\"category", "[[36000,28800]],\"category");
    no(
        turned.replace("\"windows\":[[28800,36000]]", "\"windows\":[[36000,28800]]").as_bytes(),
        &["campaigns[0].id", "a\\\\nb"],
    );
    day("\"id\":\"f\"", &format!("\"id\":\"{}\"", "f".repeat(129)), &["fillers[0].id", "1 to 128"]);
    day("\"bin_s\":900", "\"bin_s\":600", &["footfall.bin_s = 600", "use 900"]);
    day("\"weights\":[5,", "\"weights\":[", &["footfall.weights = 95 counts", "give 96"]);
    day("\"min_gap_s\":900", "\"min_gap_s\":90000", &["min_gap_s", "\"90000\"", "at most 86400"]);
    day("\"priority\":1", "\"priority\":0", &["priority", "1 (served first) to 9"]);
    let closed = changed("\"operating\":[[28800,36000]]", "\"operating\":[]");
    let (from, to) = (closed.find("\"campaigns\"").unwrap(), closed.find("\"fillers\"").unwrap());
    let closed = format!("{}\"campaigns\":[],{}", &closed[..from], &closed[to..]);
    let closed = closed.replace("{\"dur\":60,\"id\":\"anthem\",\"start\":28800}", "");
    no(closed.as_bytes(), &["operating = []", "the hours in which the screen is on"]);
    no(changed("\"seed\":1}", "\"seed\":1").as_bytes(), &["i.json:1:", "not JSON"]);
    no((changed("small", "small") + "{}").as_bytes(), &["not JSON", "trailing characters"]);
    no(b"", &["i.json:1:0:", "not JSON"]);
    no(b" []", &["must be one JSON object"]);
    no(&[0xff, 0xfe, 0x00], &["must be one JSON object"]);
    no(b"{\"schema\": \"\xff\"}", &["i.json:1:", "not JSON"]);
    day("[1,2]", &("[".repeat(100_000) + &"]".repeat(100_000)), &["i.json:1:", "recursion limit"]);
    let mut with_mark = b"\xef\xbb\xbf".to_vec();
    with_mark.extend(changed("small", "small").as_bytes());
    std::fs::write(&file, with_mark).unwrap();
    data.ok(&["plan", "--instance", file_text]);

    let huge = std::fs::File::create(&file).unwrap();
    huge.set_len((64 << 20) + 1).unwrap();
    assert!(data.fails(1, &["plan", "--instance", file_text]).contains("larger than 64 MiB"));
    std::fs::remove_file(&file).unwrap();
    assert!(data.fails(1, &["plan", "--instance", file_text]).contains("i.json: No such file"));
    assert!(data.fails(1, &["plan", "--instance", dir.path().to_str().unwrap()]).contains("directory"));
    let small = dir.path().join("small.json");
    std::fs::write(&small, changed("small", "small")).unwrap();
    let small = small.to_str().unwrap();
    let away = dir.path().join("no/such/dir/p.json");
    let away = away.to_str().unwrap();
    assert!(data.fails(1, &["plan", "--instance", small, "--out", away]).contains(away));
    let said = data.fails(2, &["plan", "--instance", small, "--out", small]);
    assert!(said.contains("the instance itself"), "{said}");
}

#[test]
fn the_command_is_called_with_an_instance_or_with_a_subcommand_and_not_with_both() {
    let data = nowhere();
    let file = instance("hospital-p0");
    assert!(data.fails(2, &["plan"]).contains("--instance"));
    data.fails(2, &["plan", "--instance", &file, "run"]);
    data.fails(2, &["plan", "--instance", &file, "--effort", "heroic"]);
    let said = data.fails(2, &["plan", "--instance", &file, "--evenness-tolerance", "0.0305"]);
    assert!(said.contains("0.0305") && said.contains("three decimals"), "{said}");
    data.fails(2, &["plan", "--effort", "quick"]);
    // the subcommands still want a data directory, and take the switches of all commands
    assert!(data.fails(2, &["plan", "run"]).contains("run first"));
    let answer: Value = serde_json::from_str(&data.ok(&["plan", "--effort", "quick", "--instance", &file])).unwrap();
    assert_eq!(answer["schema"], "dayplan-solution/1");
}
