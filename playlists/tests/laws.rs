//! Laws of the planner, one test each, over the 30 instances and over small random days.
#![allow(clippy::disallowed_methods, reason = "a test reads files")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::plan::{
    Campaign, Effort, Filler, Fixed, Lang, Options, Past, PastPlay, Play, PlayKind, Problem, check_with_past, plan,
    plan_with,
};
use lichphat_playlists::time::{IntervalSet, clock_text};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

fn instance(name: &str) -> Problem {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan/instances").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn all() -> Vec<Problem> {
    let families = ["airport_hall", "bus_interior", "bus_station", "hospital", "mall_led", "ward_office"];
    families.iter().flat_map(|f| (0..5).map(move |n| instance(&format!("{f}-p{n}")))).collect()
}

/// Plans and checks; every plan of every test goes through here.
fn planned(problem: &Problem, past: &Past, options: &Options<'_>) -> Vec<Play> {
    let (made, report) = plan_with(problem, past, options).unwrap();
    let mut solution = made.solution(&report);
    if past.cut_s() > 0 {
        // the proofs of a rest of a day speak about that rest, not about the whole problem
        solution.explanations = None;
    }
    let verdict = check_with_past(problem, past, &solution);
    assert!(verdict.valid, "{}: {:?}", problem.id, verdict.errors);
    made.plays
}

/// The day up to `second` as it was planned; plays that `counts` denies did not count.
fn past(plays: &[Play], second: u32, counts: impl Fn(&Play) -> bool) -> Past {
    let before = plays.iter().filter(|p| p.start < second);
    Past { from_s: second, plays: before.map(|p| PastPlay { play: p.clone(), counted: counts(p) }).collect() }
}

#[test]
fn replanning_with_nothing_new_changes_nothing() {
    for problem in all() {
        let plays = planned(&problem, &Past::none(), &Options::default());
        let prefer = Options { prefer: &plays, ..Options::default() };
        for second in [0, 25_000, 30_017, 34_321, 47_900, 52_345, 63_001, 66_666, 86_000] {
            let again = planned(&problem, &past(&plays, second, |_| true), &prefer);
            assert!(again == plays, "{} at {second}", problem.id);
        }
    }
}

/// The same bytes on every machine: decisions are integers, chance is seeded, work is counted, not timed. Who changes the
/// planner on purpose renews the snapshot.
#[test]
fn golden_hashes_of_the_plans() {
    let hash = |problem: &Problem, effort| {
        let (made, report) = plan(problem, &Past::none(), effort).unwrap();
        Sha256Hash::of(&serde_json::to_vec(&made.solution(&report)).unwrap()).hex()[..16].to_owned()
    };
    let mut lines: Vec<String> =
        all().iter().map(|p| format!("{:16} quick  {}", p.id, hash(p, Effort::Quick))).collect();
    for name in ["ward_office-p1", "hospital-p3"] {
        lines.push(format!("{name:16} normal {}", hash(&instance(name), Effort::Normal)));
    }
    lines.push(format!("{:16} thorough {}", "ward_office-p0", hash(&instance("ward_office-p0"), Effort::Thorough)));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_same_problem_gives_the_same_plan() {
    for problem in [instance("ward_office-p3"), instance("mall_led-p4")] {
        let twice = [0, 1].map(|_| plan(&problem, &Past::none(), Effort::Quick).unwrap());
        assert_eq!(twice[0], twice[1]);
    }
}

#[test]
fn plays_that_did_not_count_are_asked_for_again_and_what_holds_stays() {
    for name in ["bus_interior-p1", "hospital-p1", "ward_office-p1", "airport_hall-p1"] {
        let problem = instance(name);
        let plays = planned(&problem, &Past::none(), &Options::default());
        // a dark hour in the morning peak: nothing that started in it counted
        let dark = 29_000..32_600;
        let noon = past(&plays, 36_000, |p| !dark.contains(&p.start));
        let again = planned(&problem, &noon, &Options { prefer: &plays, ..Options::default() });
        let future = |list: &[Play]| -> BTreeSet<Play> {
            list.iter().filter(|p| p.start >= noon.cut_s() && p.kind == PlayKind::Campaign).cloned().collect()
        };
        let (old, new) = (future(&plays), future(&again));
        let lost = plays.iter().filter(|p| p.kind == PlayKind::Campaign && dark.contains(&p.start)).count();
        let more = new.len() as i64 - old.len() as i64;
        assert!(more > 0 && more <= lost as i64, "{name}: {more} of {lost} made good");
        // quotas go first: plays of a campaign that misses some move so that they fit; of the others one moves for one
        let missing: BTreeSet<&str> = plays
            .iter()
            .filter(|p| dark.contains(&p.start) && p.kind == PlayKind::Campaign)
            .map(|p| p.id.as_str())
            .collect();
        let moved: Vec<&Play> = old.difference(&new).collect();
        let others = moved.iter().filter(|p| !missing.contains(p.id.as_str())).count() as i64;
        assert!(moved.len() as i64 <= 2 * more, "{name}: {} plays moved for {more}", moved.len());
        assert!(others <= more, "{name}: {others} plays of whole campaigns moved for {more}");
    }
}

/// The same day without an hour of it.
fn dark(problem: &Problem, hour: std::ops::Range<u32>) -> Problem {
    let mut cut = problem.clone();
    cut.operating = problem.operating.minus(&IntervalSet::one(hour.start, hour.end));
    for c in &mut cut.campaigns {
        c.windows = c.windows.intersect(&cut.operating);
    }
    cut.fixed.retain(|f| cut.operating.holds(f.start, f.start + f.dur));
    cut
}

#[test]
fn a_screen_that_goes_dark_for_an_hour_moves_little_else() {
    let problem = instance("bus_station-p1");
    let plays = planned(&problem, &Past::none(), &Options::default());
    let noon = past(&plays, 43_200, |_| true);
    let cut = dark(&problem, 60_000..63_600);
    let again = planned(&cut, &noon, &Options { prefer: &plays, ..Options::default() });
    let hour = 59_900..63_600;
    let campaign = |list: &[Play]| list.iter().filter(|p| p.kind == PlayKind::Campaign).count();
    let lost = plays.iter().filter(|p| p.kind == PlayKind::Campaign && hour.contains(&p.start)).count();
    let found = (campaign(&again) + lost).checked_sub(campaign(&plays)).expect("no more is lost than the hour held");
    let elsewhere = plays.iter().filter(|p| p.kind == PlayKind::Campaign && !hour.contains(&p.start));
    let moved = elsewhere.filter(|p| !again.contains(p)).count();
    assert!(found * 3 >= lost, "{found} of {lost} found");
    assert!(moved <= found * 3 / 2, "{moved} moved so that {found} found their place again");
}

#[test]
fn more_tolerance_buys_evenness_and_costs_no_more_than_it_says() {
    for problem in all().into_iter().filter(|p| !p.id.ends_with("p4")) {
        let at = |permille| {
            let options = Options { evenness_tolerance_permille: permille, ..Options::default() };
            plan_with(&problem, &Past::none(), &options).unwrap().1.metrics
        };
        let (strict, mild) = (at(0), at(30));
        if mild.weighted_shortfall == strict.weighted_shortfall {
            assert!(mild.audience as f64 >= 0.9699 * strict.audience as f64, "{}", problem.id);
        }
        assert!(mild.evenness <= strict.evenness, "{}", problem.id);
    }
}

/// Every run without a play is shorter than the shortest filler.
#[test]
fn no_second_is_left_that_the_local_loop_could_fill() {
    for problem in all() {
        let plays = planned(&problem, &Past::none(), &Options::default());
        let shown = IntervalSet::from(plays.iter().map(|p| (p.start, p.end())).collect::<Vec<_>>());
        let shortest = problem.fillers.iter().map(|f| f.dur).min().unwrap();
        let dead = problem.operating.minus(&shown);
        assert!(dead.iter().all(|(a, b)| b - a < shortest), "{}: {}", problem.id, dead.text());
    }
}

fn small_day() -> Problem {
    let hours = IntervalSet::parse("08:00-08:20;09:00-09:10").unwrap();
    let mut p = Problem::new("P00004/2024-10-10", hours.clone(), vec![10; 96]);
    p.footfall.weights[32] = 40;
    let campaign = |id: &str, dur, target, gap, priority, weight| Campaign {
        id: id.into(),
        dur,
        target,
        windows: hours.clone(),
        min_gap_s: gap,
        priority,
        shortfall_weight: weight,
        category: None,
    };
    p.campaigns = vec![campaign("ihanoi", 15, 4, 240, 1, 100), campaign("bank", 30, 3, 300, 2, 10)];
    p.fixed = vec![Fixed { id: "anthem".into(), start: 28_800, dur: 60 }];
    p.fillers = vec![
        Filler { id: "loop-a".into(), dur: 60, weight: 2, windows: None },
        Filler { id: "loop-b".into(), dur: 45, weight: 1, windows: None },
    ];
    p
}

#[test]
fn golden_plan_of_a_small_day() {
    let (made, report) = plan(&small_day(), &Past::none(), Effort::Quick).unwrap();
    let lines: Vec<String> =
        made.plays.iter().map(|p| format!("{} {:8} {:2} s", clock_text(p.start), p.id, p.dur)).collect();
    let m = report.metrics;
    let sum =
        format!("short {} audience {} evenness {} dead {} s", m.shortfall_plays, m.audience, m.evenness, m.dead_air_s);
    insta::assert_snapshot!(format!("{}\n{sum}", lines.join("\n")));
}

#[test]
fn golden_sentences_of_an_overloaded_day() {
    let mut p = small_day();
    p.campaigns[0].target = 10;
    p.campaigns[1].target = 60;
    p.campaigns[1].min_gap_s = 30;
    let (_, report) = plan(&p, &Past::none(), Effort::Quick).unwrap();
    let name = |id: &str| if id == "ihanoi" { "iHanoi".to_owned() } else { id.to_owned() };
    let lines = [report.lines(&p, Lang::Vi, &name), report.lines(&p, Lang::En, &name)].concat();
    insta::assert_snapshot!(lines.join("\n"));
}

fn days() -> impl Strategy<Value = Problem> {
    let campaign = (1u32..40, 0u32..15, 0u32..5000, 200u32..6000, 0u32..400, 1u8..4, 0u8..3);
    let parts = (
        prop::collection::vec(campaign, 0..8),
        prop::collection::vec((0u32..8000, 1u32..60), 0..4),
        prop::collection::vec((1u32..60, 1u32..6), 0..5),
        prop::collection::vec(0u32..100, 96..=96),
        (20_000u32..30_000, 100u32..4000, 0u32..1500, 100u32..4000),
    );
    parts.prop_map(|(campaigns, fixed, fillers, weights, (open, first, pause, second))| {
        let close = open + first + pause + second;
        let operating = IntervalSet::from(vec![(open, open + first), (open + first + pause, close)]);
        let mut p = Problem::new("random", operating.clone(), weights);
        p.category_gap_s = [("bank".to_owned(), 50), ("phone".to_owned(), 90)].into();
        for (i, (dur, target, from, length, gap, priority, category)) in campaigns.into_iter().enumerate() {
            p.campaigns.push(Campaign {
                id: format!("c{i}"),
                dur,
                target,
                windows: IntervalSet::one(open + from, open + from + length).intersect(&operating),
                min_gap_s: gap.max(dur).max(90),
                priority,
                shortfall_weight: [100, 10, 1][usize::from(priority) - 1],
                category: [None, Some("bank".to_owned()), Some("phone".to_owned())][usize::from(category)].clone(),
            });
        }
        let mut end = open;
        for (i, (at, dur)) in fixed.into_iter().enumerate() {
            if open + at >= end {
                p.fixed.push(Fixed { id: format!("x{i}"), start: open + at, dur });
                end = open + at + dur;
            }
        }
        p.fillers = fillers
            .into_iter()
            .enumerate()
            .map(|(i, (dur, weight))| Filler { id: format!("f{i}"), dur, weight, windows: None })
            .collect();
        p
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_day_is_planned_within_the_rules_and_stands_when_met_again(problem in days(), second in 20_000u32..36_000) {
        let plays = planned(&problem, &Past::none(), &Options::default());
        let again = planned(&problem, &past(&plays, second, |_| true), &Options { prefer: &plays, ..Options::default() });
        prop_assert_eq!(&again, &plays);
        // some plays did not count: valid all the same, whatever is in force
        let noon = past(&plays, second, |p| p.start % 3 != 0);
        planned(&problem, &noon, &Options::default());
    }

    /// Name, family, seed, peaks and notes tell people something and the planner nothing.
    #[test]
    fn what_is_information_only_decides_nothing(problem in days(), seed in any::<u64>(), peak in 0u32..80_000) {
        let told = Problem {
            family: "elsewhere".into(),
            seed,
            peak: IntervalSet::one(peak, peak + 600),
            meta: Some(serde_json::json!({"note": seed})),
            ..problem.clone()
        };
        let plays = planned(&problem, &Past::none(), &Options::default());
        prop_assert_eq!(planned(&told, &Past::none(), &Options::default()), plays);
    }

    #[test]
    fn any_day_is_full_where_its_loop_fits(problem in days()) {
        let plays = planned(&problem, &Past::none(), &Options::default());
        let shown = IntervalSet::from(plays.iter().map(|p| (p.start, p.end())).collect::<Vec<_>>());
        let shortest = problem.fillers.iter().map(|f| f.dur).min().unwrap_or(u32::MAX);
        let dead = problem.operating.minus(&shown);
        prop_assert!(dead.iter().all(|(a, b)| b - a < shortest), "{}", dead.text());
    }

    /// Whatever was missed by then and whatever hour was closed: once it is repaired, nothing changes any more, at that
    /// second or at any later one, as long as all goes to plan.
    #[test]
    fn a_repaired_day_stands_when_met_again(
        problem in days(),
        second in 20_000u32..36_000,
        later in 0u32..6_000,
        missed in 2u32..6,
        closed in prop::option::of((20_000u32..36_000, 60u32..3_600)),
    ) {
        let plays = planned(&problem, &Past::none(), &Options::default());
        let counts = |p: &Play| !p.start.is_multiple_of(missed);
        let noon = past(&plays, second, counts);
        let problem = closed.map_or(problem.clone(), |(from, length)| dark(&problem, from.max(second)..from.max(second) + length));
        let repaired = planned(&problem, &noon, &Options { prefer: &plays, ..Options::default() });
        for at in [second, second + later] {
            let met = past(&repaired, at, |p| p.start >= second || counts(p));
            let again = planned(&problem, &met, &Options { prefer: &repaired, ..Options::default() });
            prop_assert_eq!(&again, &repaired);
        }
    }
}
