//! Problems and plans of a day, and the times in them.

use super::{choosing, chosen, json, text};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{Certificate, Effort, Lang, Past, Problem, Solution, certificates, check, plan, why};
use lichphat_playlists::time::{IntervalSet, LocalDay, clock_text, parse_clock};
use std::sync::LazyLock;

const SMALL: [&[u8]; 3] = [
    include_bytes!("../../tests/dayplan/instances/ward_office-p0.json"),
    include_bytes!("../../tests/dayplan/instances/hospital-p0.json"),
    include_bytes!("../../tests/dayplan/instances/ward_office-p4.json"),
];

static WARD: LazyLock<Problem> = LazyLock::new(|| serde_json::from_slice(SMALL[2]).expect("a good instance"));

/// A problem is refused, or planned within every rule; its proofs are words in both languages.
pub(super) fn problem(data: &[u8]) -> bool {
    let Some(problem) = json::<Problem>(data) else { return false };
    // beyond this a plan takes too long for a fuzzer; what breaks the planner breaks it here
    let plays: u64 = problem.campaigns.iter().map(|c| u64::from(c.target)).sum();
    let shortest = problem.fillers.iter().map(|f| f.dur).min().unwrap_or(60);
    if plays > 600 || problem.campaigns.len() > 24 || problem.fixed.len() > 100 || shortest < 4 {
        return true;
    }
    let (made, report) = plan(&problem, &Past::none(), Effort::Quick).expect("a problem that reads can be planned");
    let verdict = check(&problem, &made.solution(&report));
    assert!(verdict.valid, "{:?}", verdict.errors);
    for lang in [Lang::Vi, Lang::En] {
        assert!(report.lines(&problem, lang, &str::to_owned).iter().all(|line| !line.is_empty()));
    }
    let proven: Vec<Certificate> = certificates(&problem);
    assert_eq!(proven.is_empty(), report.certificates.is_empty(), "a proof without a loss, or lost proofs");
    if let Some(c) = problem.campaigns.first() {
        let second = problem.operating.iter().next().map_or(0, |(a, _)| a);
        let _ = why(&problem, &made.plays, &c.id, second);
    }
    true
}

pub(super) fn problem_seeds() -> Vec<Vec<u8>> {
    SMALL.iter().map(|seed| seed.to_vec()).collect()
}

/// A plan is judged, whatever it says.
pub(super) fn solution(data: &[u8]) -> bool {
    let Some(solution) = json::<Solution>(data) else { return false };
    let verdict = check(&WARD, &solution);
    assert_eq!(verdict.valid, verdict.errors.is_empty());
    true
}

pub(super) fn solution_seeds() -> Vec<Vec<u8>> {
    let (made, report) = plan(&WARD, &Past::none(), Effort::Quick).expect("a good instance");
    let mut solution = made.solution(&report);
    let whole = serde_json::to_vec(&solution).expect("writes");
    solution.plays.truncate(12); // short ones are bent more often where it matters
    let claims = solution.claims.get_or_insert_default();
    claims.insert("audience".into(), 9.266_666_666_666_664e107.into()); // once read as its neighbour
    vec![serde_json::to_vec(&solution).expect("writes"), whole]
}

/// Days, times of day, ranges, codes and hashes as people and files write them.
pub(super) fn times(data: &[u8]) -> bool {
    let Some((way, rest)) = chosen(data, 7) else { return false };
    let Ok(input) = std::str::from_utf8(rest) else { return false };
    match way {
        0 => text(input, IntervalSet::parse, IntervalSet::text),
        1 => text(input, str::parse::<LocalDay>, LocalDay::to_string),
        2 => text(input, parse_clock, |second| clock_text(*second)),
        3 => text(input, str::parse::<ScreenCode>, ScreenCode::to_string),
        4 => text(input, str::parse::<CampaignCode>, CampaignCode::to_string),
        5 => text(input, str::parse::<Sha256Hash>, Sha256Hash::to_string),
        _ => json::<IntervalSet>(rest).is_some(),
    }
}

pub(super) fn time_seeds() -> Vec<Vec<u8>> {
    let hash = Sha256Hash::of(b"a").to_string();
    let seeds =
        ["05:30-09:00;16:30-24:00", "2024-02-29", "23:59:59", "P00004-01", "ihanoi-2024", &hash, "[[3,4],[60,86400]]"];
    (0u8..).zip(seeds).map(|(way, seed)| choosing(way, seed.as_bytes())).collect()
}
