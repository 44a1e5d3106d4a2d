//! The planner against `tests/dayplan/anchors.json`, on one core, without process start and parsing:
//! `cargo bench -p lichphat-playlists --bench dayplan`. Options behind `--`, in any order:
//!
//! - `quick`, `normal`, `thorough`: one table of the 30 days at this effort (tolerance 0, benchmark mode);
//! - a number: the evenness tolerance in thousandths for these tables;
//! - `trade`: what even spacing costs, `normal` at several tolerances;
//! - `others`: 60 generated days of the same families (`tests/dayplan/families.rs`), held against the planner's own bound.
//!
//! Without options: all of them.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads files and clocks")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

#[path = "../tests/dayplan/families.rs"]
mod families;

use families::Family;
use lichphat_playlists::plan::{Effort, Metrics, Options, Past, Problem, check, plan_with};
use serde_json::Value;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

/// A plan beside the best one known.
struct Row {
    load: f64,
    /// Weighted shortfall above that of the best plan known.
    excess: f64,
    /// Share of the best audience known.
    audience: f64,
    /// Share of the planner's own upper bound; only where the effort has the time for one.
    bound: Option<f64>,
    metrics: Metrics,
    ms: f64,
}

const EFFORTS: [(&str, Effort); 3] =
    [("quick", Effort::Quick), ("normal", Effort::Normal), ("thorough", Effort::Thorough)];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let tolerance = words.iter().find_map(|w| w.parse().ok()).unwrap_or(0);
    let wanted = |word: &str| words.iter().all(|w| w.parse::<u32>().is_ok()) || words.iter().any(|w| w == word);
    for (name, effort) in EFFORTS.into_iter().filter(|e| wanted(e.0)) {
        println!("\n{name}, tolerance {}", f64::from(tolerance) / 1000.0);
        let rows = anchored(effort, tolerance, true);
        classes(&rows);
    }
    if wanted("trade") {
        println!("\nnormal at several tolerances: audience given up for even spacing (means of 30 days)");
        for tolerance in [0, 10, 20, 30, 50, 100] {
            print!("{:5.3} ", f64::from(tolerance) / 1000.0);
            summary("", &anchored(Effort::Normal, tolerance, false).iter().collect::<Vec<_>>());
        }
    }
    if wanted("others") {
        others();
    }
}

/// Plans the 30 days; one line each when `aloud`.
fn anchored(effort: Effort, tolerance: u32, aloud: bool) -> Vec<Row> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan");
    let anchors: Value = serde_json::from_slice(&std::fs::read(dir.join("anchors.json")).unwrap()).unwrap();
    if aloud {
        println!(
            "{:18} {:>5} {:>7} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}",
            "day", "load", "excess", "plays-", "audience", "of bound", "even", "dead", "filler", "ms"
        );
    }
    let one = |(id, anchor): (&String, &Value)| {
        let path = dir.join("instances").join(format!("{id}.json"));
        let problem: Problem = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let of = |key: &str| anchor[key].as_f64().unwrap();
        let row = planned(&problem, effort, tolerance, of("load"), of("short_best"), of("aud_best"));
        if aloud {
            println!(
                "{id:18} {:5.2} {:7} {:7} {:8.4} {:>8} {:8.4} {:8.5} {:8.5} {:9.3}",
                row.load,
                row.excess,
                row.metrics.shortfall_plays,
                row.audience,
                row.bound.map_or("-".into(), |b| format!("{b:.4}")),
                row.metrics.evenness,
                row.metrics.dead_air_frac,
                row.metrics.filler_share_error.unwrap_or(0.0),
                row.ms
            );
        }
        row
    };
    anchors.as_object().unwrap().iter().map(one).collect()
}

fn planned(problem: &Problem, effort: Effort, tolerance: u32, load: f64, short: f64, people: f64) -> Row {
    let options = Options { effort, evenness_tolerance_permille: tolerance, ..Options::default() };
    let repeat = if effort == Effort::Quick { 40 } else { 1 };
    let begin = cpu_ms();
    let made: Vec<_> = (0..repeat).map(|_| plan_with(problem, &Past::none(), &options).unwrap()).collect();
    let ms = (cpu_ms() - begin) / f64::from(repeat);
    let (plan, report) = made.into_iter().next_back().unwrap();
    let verdict = check(problem, &plan.solution(&report));
    assert!(verdict.valid, "{}: {:?}", problem.id, verdict.errors);
    let audience = report.metrics.audience as f64;
    Row {
        load,
        excess: report.metrics.weighted_shortfall as f64 - short,
        audience: audience / people,
        bound: report.audience_bound.map(|b| audience / b as f64),
        metrics: report.metrics,
        ms,
    }
}

/// Days that nobody tuned on: `quick` beside `normal`, whose shortfall and audience are the measure.
fn others() {
    println!(
        "\n60 generated days of the six families: shortfall and audience of `quick` against `normal`'s, and the bound"
    );
    let (mut quick, mut normal) = (Vec::new(), Vec::new());
    for family in Family::ALL {
        for (seed, load) in (0..10).map(|n| (100 + n, 200 + 75 * n as u32)) {
            let day = families::instance(family, seed, load);
            let best = planned(&day, Effort::Normal, 0, f64::from(load) / 1000.0, 0.0, 1.0);
            let (short, people) = (best.metrics.weighted_shortfall as f64, best.metrics.audience as f64);
            quick.push(planned(&day, Effort::Quick, 0, best.load, short, people));
            normal.push(Row { excess: 0.0, audience: 1.0, ..best });
        }
    }
    println!("quick");
    classes(&quick);
    println!("normal");
    classes(&normal);
}

/// Milliseconds that this thread has had a core (so a busy machine does not spoil the figures); the wall clock where
/// the system does not say.
fn cpu_ms() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let on_core_ns = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ns = on_core_ns.and_then(|t| t.split(' ').next()?.parse::<f64>().ok());
    ns.unwrap_or_else(|| BEGIN.elapsed().as_secs_f64() * 1e9) / 1e6
}

fn classes(rows: &[Row]) {
    summary("all", &rows.iter().collect::<Vec<_>>());
    for (name, lo, hi) in [("load < 0.45", 0.0, 0.45), ("0.45 to 0.8", 0.45, 0.8), ("from 0.8", 0.8, 9.0)] {
        summary(name, &rows.iter().filter(|r| (lo..hi).contains(&r.load)).collect::<Vec<_>>());
    }
}

fn summary(name: &str, rows: &[&Row]) {
    let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|r| of(r)).sum::<f64>() / rows.len() as f64;
    let mut times: Vec<f64> = rows.iter().map(|r| r.ms).collect();
    times.sort_by(f64::total_cmp);
    let least = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|r| of(r)).fold(9.0, f64::min);
    let equal: Vec<&&Row> = rows.iter().filter(|r| r.excess == 0.0).collect();
    println!(
        "{name:12} excess {:6.2}, at most best {:2}/{:2}; audience mean {:.4} least {:.4}, where equal mean {:.4} least {:.4}; of bound {}; even {:.4}; dead {:.5}; ms median {:.2} max {:.2}",
        mean(&|r| r.excess),
        rows.iter().filter(|r| r.excess <= 0.0).count(),
        rows.len(),
        mean(&|r| r.audience),
        least(&|r| r.audience),
        equal.iter().map(|r| r.audience).sum::<f64>() / equal.len().max(1) as f64,
        equal.iter().map(|r| r.audience).fold(9.0, f64::min),
        if rows.iter().all(|r| r.bound.is_some()) {
            format!("{:.4}", mean(&|r| r.bound.unwrap_or(0.0)))
        } else {
            "-".into()
        },
        mean(&|r| r.metrics.evenness),
        mean(&|r| r.metrics.dead_air_frac),
        times[times.len() / 2],
        times[times.len() - 1],
    );
}
