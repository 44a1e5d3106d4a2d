//! The planner against `tests/dayplan/anchors.json`: `cargo bench -p lichphat-playlists --bench dayplan`, options
//! behind `--`: `quick|normal|thorough`, tolerance in thousandths (0 is benchmark mode), repetitions, a
//! part of an instance's name.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads files and clocks")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

use lichphat_playlists::plan::{Effort, Metrics, Options, Past, Problem, check, plan_with};
use std::path::Path;
use std::sync::LazyLock;
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
    let repeat: usize = words.get(2).map_or(if effort == Effort::Quick { 60 } else { 1 }, |w| w.parse().unwrap());
    let options = Options { effort, evenness_tolerance_permille, ..Options::default() };
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan");
    let anchors: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("anchors.json")).unwrap()).unwrap();
    println!("{effort:?}, tolerance {evenness_tolerance_permille} permille");
    println!(
        "{:18} {:>5} {:>7} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "instance", "load", "excess", "plays-", "audience", "even", "dead", "filler", "ms"
    );
    let mut rows = Vec::new();
    let only = words.get(3).map_or("", String::as_str);
    if words.first().is_some_and(|w| w == "x") {}
    for (id, anchor) in anchors.as_object().unwrap().iter().filter(|(id, _)| only.split(',').any(|o| id.contains(o))) {
        let path = dir.join("instances").join(format!("{id}.json"));
        let problem: Problem = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let begin = cpu_ms();
        let made: Vec<_> = (0..repeat).map(|_| plan_with(&problem, &Past::none(), &options).unwrap()).collect();
        let ms = (cpu_ms() - begin) / repeat as f64;
        let (plan, report) = made.into_iter().next_back().unwrap();
        let verdict = check(&problem, &plan.solution(&report));
        assert!(verdict.valid, "{id}: {:?}", verdict.errors);
        let m = report.metrics.clone();
        let excess = m.weighted_shortfall as f64 - anchor["short_best"].as_f64().unwrap();
        let row = Row {
            load: anchor["load"].as_f64().unwrap(),
            excess,
            audience: m.audience as f64 / anchor["aud_best"].as_f64().unwrap(),
            equal: excess == 0.0,
            metrics: m,
            ms,
        };
        if let Some(b) = report.audience_bound {
            print!(
                "{:.4} {:.4} ",
                row.metrics.audience as f64 / b as f64,
                anchor["aud_ub"].as_f64().unwrap() / b as f64
            );
        }
        println!(
            "{id:18} {:5.2} {:7} {:7} {:8.4} {:8.4} {:8.5} {:8.5} {:8.3}",
            row.load,
            row.excess,
            row.metrics.shortfall_plays,
            row.audience,
            row.metrics.evenness,
            row.metrics.dead_air_frac,
            row.metrics.filler_share_error.unwrap_or(0.0),
            row.ms
        );
        rows.push(row);
    }
    summary("all", &rows.iter().collect::<Vec<_>>());
    for (name, lo, hi) in [("load < 0.45", 0.0, 0.45), ("0.45 to 0.8", 0.45, 0.8), ("from 0.8", 0.8, 9.0)] {
        summary(name, &rows.iter().filter(|r| (lo..hi).contains(&r.load)).collect::<Vec<_>>());
    }
}

/// Milliseconds that this thread has had a core (so a busy machine does not spoil the figures); the wall clock where
/// the system does not say.
fn cpu_ms() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let on_core_ns = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ns = on_core_ns.and_then(|t| t.split(' ').next()?.parse::<f64>().ok());
    ns.unwrap_or_else(|| BEGIN.elapsed().as_secs_f64() * 1e9) / 1e6
}

fn summary(name: &str, rows: &[&Row]) {
    let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|r| of(r)).sum::<f64>() / rows.len() as f64;
    let mut times: Vec<f64> = rows.iter().map(|r| r.ms).collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name:12} excess {:7.2}  at most best {}/{}  audience mean {:.4} min {:.4}  even {:.4}  dead {:.5}  ms median {:.3} max {:.3}",
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
