//! Three opinions on every plan: the planner's own report, the checker in Rust and `checker.py`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test reads files and runs python3")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

#[path = "../../tests/dayplan/families.rs"]
mod families;

use lichphat_playlists::plan::{Effort, Past, Problem, Solution, Verdict, check, plan};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn dayplan() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan")
}

fn instances() -> Vec<Problem> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(dayplan().join("instances")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let read =
        |p: &PathBuf| serde_json::from_slice(&std::fs::read(p).unwrap()).unwrap_or_else(|e| panic!("{p:?}: {e}"));
    paths.iter().map(read).collect()
}

/// All of `checker.py`'s verdicts from one interpreter: a start per solution would take minutes.
fn python(cases: &[(Value, Value)]) -> Vec<Value> {
    let script = "import json,sys;sys.path.insert(0,sys.argv[1]);import checker\n\
                  for line in sys.stdin:\n i,s=json.loads(line)\n\
                  \x20try: r=checker.check(i,s)\n\
                  \x20except Exception as e: r={'valid':False,'errors':[str(e)],'metrics':None}\n\
                  \x20print(json.dumps(r))";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .arg(dayplan())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = cases.iter().map(|(i, s)| json!([i, s]).to_string()).collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
    });
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn near(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1.000_001e-6,
        _ => a == b,
    }
}

fn same(name: &str, ours: &Verdict, theirs: &Value) {
    assert_eq!(Value::from(ours.valid), theirs["valid"], "{name}: {:?} against {}", ours.errors, theirs["errors"]);
    for (metric, value) in ours.metrics.claims() {
        assert!(near(&value, &theirs["metrics"][&metric]), "{name}: {metric} {value} {}", theirs["metrics"][&metric]);
    }
    if let (Some(bounds), Some(list)) =
        (&ours.explanation_lower_bounds, theirs["metrics"]["explanation_lower_bounds"].as_array())
    {
        let list: Vec<Option<u64>> = list.iter().map(Value::as_u64).collect();
        assert_eq!(bounds, &list, "{name}: lower bounds");
    }
}

/// A small generator of its own: a test is the same on every machine.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

/// Harms a good solution in one way; some harms are harmless.
fn harm(solution: &Solution, how: usize, dice: &mut Dice) -> Value {
    let mut s = serde_json::to_value(solution).unwrap();
    let n = solution.plays.len();
    let i = dice.below(n);
    let plays = s["plays"].as_array_mut().unwrap();
    match how {
        0 => plays[i]["start"] = json!(solution.plays[i].start + 1 + dice.below(30) as u32),
        1 => plays[i]["dur"] = json!(solution.plays[i].dur + 1),
        2 => {
            let twin = plays[i].clone();
            plays.insert(i, twin);
        }
        3 => plays[i]["id"] = json!("nobody"),
        4 => {
            plays.remove(i);
        }
        5 => plays.swap(i, (i + 1) % n),
        6 => plays[i]["id"] = json!(solution.plays[dice.below(n)].id),
        7 => plays[i]["start"] = json!(dice.below(86_400)),
        8 => plays[i]["kind"] = json!(["campaign", "filler", "fixed"][dice.below(3)]),
        9 => s["claims"]["audience"] = json!(solution.claims.as_ref().unwrap()["audience"].as_u64().unwrap() + 1),
        10 => s["claims"]["beauty"] = json!(1),
        11 => s["instance"] = json!("another"),
        12 => {
            let ids: Vec<&str> = solution.plays.iter().map(|p| p.id.as_str()).take(2).collect();
            s["explanations"] = json!([{"kind": "capacity", "campaigns": ids, "intervals": [[0, 9]], "demand_s": 1}]);
        }
        _ => {
            // every later play a little later: many errors of many kinds
            for p in plays.iter_mut().skip(i) {
                p["start"] = json!(p["start"].as_u64().unwrap() + 7);
            }
        }
    }
    s
}

#[test]
fn the_checkers_agree_on_good_and_on_harmed_plans() {
    let (mut cases, mut ours, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let mut dice = Dice(2026);
    for (k, problem) in instances().into_iter().enumerate() {
        let (made, report) = plan(&problem, &Past::none(), Effort::Quick).unwrap();
        let solution = made.solution(&report);
        let instance = serde_json::to_value(&problem).unwrap();
        let mut add = |name: String, value: Value| {
            let parsed: Solution = serde_json::from_value(value.clone()).unwrap();
            ours.push(check(&problem, &parsed));
            cases.push((instance.clone(), value));
            names.push(name);
        };
        add(format!("{} good", problem.id), serde_json::to_value(&solution).unwrap());
        for how in (0..14).filter(|how| (how + k) % 3 == 0) {
            add(format!("{} harmed by {how}", problem.id), harm(&solution, how, &mut dice));
        }
    }
    let theirs = python(&cases);
    assert_eq!(theirs.len(), ours.len());
    for ((name, ours), theirs) in names.iter().zip(&ours).zip(&theirs) {
        same(name, ours, theirs);
        assert!(!name.ends_with("good") || ours.valid, "{name}: {:?}", ours.errors);
    }
    assert!(ours.iter().filter(|v| !v.valid).count() > 100, "most harms must show");
}

#[test]
fn both_checkers_accept_every_proof_of_days_that_ask_for_too_much() {
    let (mut cases, mut ours, mut kinds) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (seed, load) in [(11, 950), (12, 1_050), (13, 1_200), (14, 1_500)] {
        for family in families::Family::ALL {
            let problem = families::instance(family, seed, load);
            let (made, report) = plan(&problem, &Past::none(), Effort::Quick).unwrap();
            let solution = made.solution(&report);
            kinds.extend(solution.explanations.iter().flatten().map(|e| e["kind"].to_string()));
            ours.push((problem.id.clone(), check(&problem, &solution)));
            cases.push((serde_json::to_value(&problem).unwrap(), serde_json::to_value(&solution).unwrap()));
        }
    }
    for ((id, ours), theirs) in ours.iter().zip(python(&cases)) {
        assert!(ours.valid, "{id}: {:?}", ours.errors);
        same(id, ours, &theirs);
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}
