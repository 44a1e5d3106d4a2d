//! Whole days as people read them: who plays when, what runs in between, what has no place and why, what a replan at
//! noon keeps and moves. A change of the planner shows here in words; on purpose, `make bless` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use lichphat_playlists::plan::{
    Campaign, Filler, Fixed, Lang, Options, Past, PastPlay, PlanReport, Play, PlayKind, Problem, check_with_past,
    plan_with,
};
use lichphat_playlists::time::{IntervalSet, clock_text, parse_clock};
use std::collections::BTreeSet;
use std::fmt::Write as _;

fn set(text: &str) -> IntervalSet {
    IntervalSet::parse(text).unwrap()
}

fn at(text: &str) -> u32 {
    parse_clock(text).unwrap()
}

fn campaign(id: &str, dur: u32, target: u32, windows: &str, gap: u32, priority: u8) -> Campaign {
    Campaign {
        id: id.into(),
        dur,
        target,
        windows: set(windows),
        min_gap_s: gap,
        priority,
        shortfall_weight: [100, 10, 1][usize::from(priority) - 1],
        category: None,
    }
}

/// A ward's office: an order at the busy hours, two units' own notices, an anthem, a local loop.
fn ward_office() -> Problem {
    let peaks = "08:00-10:00;14:00-16:00";
    let people = |bin: u32| match bin {
        30..=31 | 40..=45 | 54..=55 | 64..=65 => 20,
        32..=39 => 60 + bin % 4 * 5,
        56..=63 => 45 + bin % 3 * 5,
        _ => 0,
    };
    let mut p = Problem::new("P00004-01/2024-10-09", set("07:30-11:30;13:30-16:30"), (0..96).map(people).collect());
    p.family = "public_office".into();
    p.peak = set(peaks);
    p.fixed = vec![Fixed { id: "chào cờ".into(), start: at("07:30"), dur: 90 }];
    p.campaigns = vec![
        campaign("iHanoi", 15, 10, peaks, 600, 1),
        campaign("cải cách hành chính", 30, 6, peaks, 1_200, 2),
        campaign("hiến máu", 20, 8, "07:30-11:30;13:30-16:30", 1_800, 3),
    ];
    let item = |id: &str, dur, weight| Filler { id: id.into(), dur, weight, windows: None };
    p.fillers = vec![item("lịch tiếp dân", 20, 2), item("tin phường", 30, 1), item("an toàn giao thông", 15, 1)];
    p
}

/// A bus whose two peaks are sold out.
fn crowded_bus() -> Problem {
    let peaks = "06:30-07:10;17:00-17:40";
    let mut p = Problem::new("XB-007/2024-10-09", set("05:30-08:30;16:00-19:00"), vec![10; 96]);
    p.family = "bus".into();
    p.peak = set(peaks);
    p.campaigns = vec![
        campaign("iHanoi", 30, 10, peaks, 600, 1),
        campaign("sữa", 60, 30, peaks, 60, 3),
        campaign("ngân hàng", 45, 40, peaks, 60, 3),
        campaign("trà", 30, 50, peaks, 60, 3),
        campaign("siêu thị", 20, 18, "05:30-08:30;16:00-19:00", 300, 3),
    ];
    p.fillers = vec![Filler { id: "lộ trình".into(), dur: 15, weight: 1, windows: None }];
    p
}

fn planned(problem: &Problem, past: &Past, options: &Options<'_>) -> (Vec<Play>, PlanReport) {
    let (made, report) = plan_with(problem, past, options).unwrap();
    let mut solution = made.solution(&report);
    solution.explanations = solution.explanations.filter(|_| past.cut_s() == 0);
    let verdict = check_with_past(problem, past, &solution);
    assert!(verdict.valid, "{:?}", verdict.errors);
    (made.plays, report)
}

/// Each campaign with its times; `mark` says something about a play.
fn by_campaign(problem: &Problem, plays: &[Play], mark: impl Fn(&Play) -> &'static str) -> String {
    let mut out = format!("{} open {}\n", problem.id, problem.operating.text());
    for c in &problem.campaigns {
        let own: Vec<&Play> = plays.iter().filter(|p| p.kind == PlayKind::Campaign && p.id == c.id).collect();
        let (n, gap) = (own.iter().filter(|p| mark(p) != "×").count(), c.min_gap_s / 60);
        let _ =
            writeln!(out, "\n{}: {n} of {} × {} s, {gap} min apart, in {}", c.id, c.target, c.dur, c.windows.text());
        for line in own.chunks(8) {
            let times = line.iter().map(|p| format!("{}{}", clock_text(p.start), mark(p)));
            let _ = writeln!(out, "   {}", times.collect::<Vec<_>>().join(" "));
        }
    }
    out
}

/// Everything on screen from `from` to `to`, in order.
fn running_order(plays: &[Play], from: &str, to: &str) -> String {
    let mut out = format!("\n{from} to {to}, all of it\n");
    for p in plays.iter().filter(|p| (at(from)..at(to)).contains(&p.start)) {
        let what = match p.kind {
            PlayKind::Campaign => "*",
            PlayKind::Fixed => "=",
            PlayKind::Filler => " ",
        };
        let _ = writeln!(out, "   {} {what} {} {} s", clock_text(p.start), p.id, p.dur);
    }
    out
}

/// The local loop's shares, and the seconds nothing plays.
fn in_between(problem: &Problem, plays: &[Play], report: &PlanReport) -> String {
    let seconds =
        |id: &str| plays.iter().filter(|p| p.kind == PlayKind::Filler && p.id == id).map(|p| p.dur).sum::<u32>();
    let all: u32 = problem.fillers.iter().map(|f| seconds(&f.id)).sum();
    let weights: u32 = problem.fillers.iter().map(|f| f.weight).sum();
    let mut out = String::from("\nin between\n");
    for f in &problem.fillers {
        let (got, asked) = (seconds(&f.id) * 1000 / all, f.weight * 1000 / weights);
        let _ = writeln!(out, "   {}: {} s, {got} thousandths of {asked}", f.id, seconds(&f.id));
    }
    let m = &report.metrics;
    let _ = writeln!(
        out,
        "   {} s without anything; {} people; {} plays short",
        m.dead_air_s, m.audience, m.shortfall_plays
    );
    out
}

#[test]
fn a_day_of_a_ward_office() {
    let problem = ward_office();
    let (plays, report) = planned(&problem, &Past::none(), &Options::default());
    let day = by_campaign(&problem, &plays, |_| "")
        + &running_order(&plays, "07:30", "07:34")
        + &running_order(&plays, "08:30", "08:45")
        + &in_between(&problem, &plays, &report);
    insta::assert_snapshot!(day);
}

#[test]
fn a_day_that_is_asked_for_too_much_says_what_and_why() {
    let problem = crowded_bus();
    let (plays, report) = planned(&problem, &Past::none(), &Options::default());
    let mut day = by_campaign(&problem, &plays, |_| "") + "\n";
    for lang in [Lang::Vi, Lang::En] {
        for line in report.lines(&problem, lang, &str::to_owned) {
            let _ = writeln!(day, "{line}");
        }
    }
    insta::assert_snapshot!(day);
}

#[test]
fn a_replan_at_noon_makes_the_dark_hour_good_and_leaves_the_rest_alone() {
    let problem = ward_office();
    let (before, _) = planned(&problem, &Past::none(), &Options::default());
    let (noon, dark) = (at("12:00"), at("09:00")..at("10:00"));
    let lit = |p: &Play| !dark.contains(&p.start);
    let plays = before.iter().filter(|p| p.start < noon).map(|p| PastPlay { play: p.clone(), counted: lit(p) });
    let past = Past { from_s: noon, plays: plays.collect() };
    let (after, report) = planned(&problem, &past, &Options { prefer: &before, ..Options::default() });
    let held: BTreeSet<&Play> = before.iter().collect();
    let mark = |p: &Play| match (p.start < noon, lit(p), held.contains(p)) {
        (true, false, _) => "×",
        (false, _, false) => "+",
        _ => "",
    };
    let future = |plays: &[Play]| -> Vec<Play> {
        plays.iter().filter(|p| p.kind == PlayKind::Campaign && p.start >= noon).cloned().collect()
    };
    let gone: Vec<Play> = future(&before).into_iter().filter(|p| !after.contains(p)).collect();
    let mut day = by_campaign(&problem, &after, mark);
    let _ = writeln!(day, "\n× not counted: the screen was dark from 09:00 to 10:00; + new");
    for p in &gone {
        let _ = writeln!(day, "moved away: {} {}", clock_text(p.start), p.id);
    }
    for line in report.lines(&problem, Lang::Vi, &str::to_owned) {
        let _ = writeln!(day, "{line}");
    }
    insta::assert_snapshot!(day);
    assert!(future(&after).len() > future(&before).len(), "nothing was made good");
}
