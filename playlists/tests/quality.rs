//! How good the plans are, as far as that can be said without a clock: against the best plans that anybody found
//! (`tests/dayplan/anchors.json`). `make bench` has the figures; this holds the promises.
#![allow(clippy::disallowed_methods, reason = "a test reads files")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use lichphat_playlists::plan::{Effort, Options, Past, Problem, plan_with};
use serde_json::Value;
use std::path::Path;

fn days() -> Vec<(Problem, Value)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan");
    let anchors: Value = serde_json::from_slice(&std::fs::read(dir.join("anchors.json")).unwrap()).unwrap();
    let read = |id: &String| {
        serde_json::from_slice(&std::fs::read(dir.join("instances").join(format!("{id}.json"))).unwrap()).unwrap()
    };
    anchors.as_object().unwrap().iter().map(|(id, anchor)| (read(id), anchor.clone())).collect()
}

/// `normal` in benchmark mode on all 30 days: one test, because planning them is what takes the time.
#[test]
fn nothing_is_missing_that_could_be_placed_and_no_plan_is_above_the_bound() {
    let options = Options { effort: Effort::Normal, evenness_tolerance_permille: 0, ..Options::default() };
    let (mut excess, mut full) = (0, 0);
    for (problem, anchor) in days() {
        let of = |key: &str| anchor[key].as_f64().unwrap();
        let (_, report) = plan_with(&problem, &Past::none(), &options).unwrap();
        let (m, id) = (&report.metrics, &problem.id);
        let over = m.weighted_shortfall as i64 - of("short_best") as i64;
        let share = m.audience as f64 / of("aud_best");
        if of("load") < 0.8 {
            assert!(over <= 0, "{id}: {over} more missing than in the best plan known");
            assert!(share >= 0.99, "{id}: audience {share:.4} of the best plan's");
        } else {
            (excess, full) = (excess + over, full + 1);
            assert!(share >= 0.95, "{id}: audience {share:.4} of the best plan's");
        }
        // a bound is proven: no plan of another solver may be above it, and it should be near to theirs
        let bound = report.audience_bound.unwrap() as f64;
        assert!(bound >= of("aud_best") && bound >= m.audience as f64, "{id}: bound {bound}");
        assert!(bound <= 1.02 * of("aud_ub"), "{id}: bound {bound}, theirs {}", of("aud_ub"));
        // the local loop: its shares, and the seconds that no combination of its lengths fills
        let longest = problem.fillers.iter().map(|f| f.dur).max().unwrap();
        let filled_s = f64::from(problem.operating.length()) * (1.0 - m.dead_air_frac)
            - f64::from(problem.fixed_set().length())
            - problem.campaigns.iter().map(|c| f64::from(c.dur * c.target)).sum::<f64>();
        let error = m.filler_share_error.unwrap();
        assert!(error <= (f64::from(longest) / filled_s).max(0.002), "{id}: share error {error}");
        let theirs = anchor["sa200ms"]["dead_air_frac"].as_f64().unwrap();
        assert!(m.dead_air_frac <= theirs.max(0.001) + 0.002, "{id}: dead air {}, theirs {theirs}", m.dead_air_frac);
    }
    assert!(excess <= 10 * full, "{excess} over {full} full days");
}
