//! The planner against `tests/dayplan/anchors.json`: `cargo bench -p lichphat-playlists --bench dayplan`, options
//! behind `--`: `quick|normal|thorough`, tolerance in thousandths (0 is benchmark mode), repetitions.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads files and clocks")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

use lichphat_playlists::plan::{Effort, Metrics, Options, Past, Problem, check, plan_with};
use std::path::Path;
use std::time::Instant;

struct Row {
    load: f64,
    excess: f64,
    audience: f64,
    /// Shortfall equal to the best known: only then audiences can be compared.
    equal: bool,
    metrics: Metrics,
    ms: f64,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let effort = match words.first().map(String::as_str) {
        Some("normal") => Effort::Normal,
        Some("thorough") => Effort::Thorough,
        _ => Effort::Quick,
    };
    let evenness_tolerance_permille = words.get(1).map_or(0, |w| w.parse().unwrap());
    let repeat: usize = words.get(2).map_or(if effort == Effort::Quick { 15 } else { 1 }, |w| w.parse().unwrap());
    let options = Options { effort, evenness_tolerance_permille, ..Options::default() };
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan");
    let anchors: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("anchors.json")).unwrap()).unwrap();
    println!("{effort:?}, tolerance {evenness_tolerance_permille} permille");
    println!(
        "{:18} {:>5} {:>7} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "instance", "load", "excess", "plays-", "audience", "even", "dead", "filler", "ms", "least"
    );
    let mut rows = Vec::new();
    for (id, anchor) in anchors.as_object().unwrap() {
        let path = dir.join("instances").join(format!("{id}.json"));
        let problem: Problem = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..repeat {
            let begin = Instant::now();
            let made = plan_with(&problem, &Past::none(), &options).unwrap();
            times.push(begin.elapsed().as_secs_f64() * 1e3);
            last = Some(made);
        }
        times.sort_by(f64::total_cmp);
        let (plan, report) = last.unwrap();
        let verdict = check(&problem, &plan.solution(&report));
        assert!(verdict.valid, "{id}: {:?}", verdict.errors);
        let m = report.metrics;
        let excess = m.weighted_shortfall as f64 - anchor["short_best"].as_f64().unwrap();
        let row = Row {
            load: anchor["load"].as_f64().unwrap(),
            excess,
            audience: m.audience as f64 / anchor["aud_best"].as_f64().unwrap(),
            equal: excess == 0.0,
            metrics: m,
            ms: times[times.len() / 2],
        };
        println!(
            "{id:18} {:5.2} {:7} {:7} {:8.4} {:8.4} {:8.5} {:8.5} {:8.3} {:8.3}",
            row.load,
            row.excess,
            row.metrics.shortfall_plays,
            row.audience,
            row.metrics.evenness,
            row.metrics.dead_air_frac,
            row.metrics.filler_share_error.unwrap_or(0.0),
            row.ms,
            times[0]
        );
        rows.push(row);
    }
    summary("all", &rows.iter().collect::<Vec<_>>());
    for (name, lo, hi) in [("load < 0.45", 0.0, 0.45), ("0.45 to 0.8", 0.45, 0.8), ("from 0.8", 0.8, 9.0)] {
        summary(name, &rows.iter().filter(|r| (lo..hi).contains(&r.load)).collect::<Vec<_>>());
    }
}

fn summary(name: &str, rows: &[&Row]) {
    let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|r| of(r)).sum::<f64>() / rows.len() as f64;
    let mut times: Vec<f64> = rows.iter().map(|r| r.ms).collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name:12} excess {:7.2}  at most best {}/{}  audience mean {:.4} min {:.4}  even {:.3}  dead {:.5}  ms median {:.3} max {:.3}",
        mean(&|r| r.excess),
        rows.iter().filter(|r| r.excess <= 0.0).count(),
        rows.len(),
        mean(&|r| r.audience),
        rows.iter().filter(|r| r.equal).map(|r| r.audience).fold(9.0, f64::min),
        mean(&|r| r.metrics.evenness),
        mean(&|r| r.metrics.dead_air_frac),
        times[times.len() / 2],
        times[times.len() - 1],
    );
}
