//! The planner: an even start by priority, a bounded search, then the local loop in between.

use super::board::Board;
use super::bound;
use super::even::even_out;
use super::fill::{Cover, fill, keep_fillers};
use super::metrics::metrics;
use super::problem::{Past, Play, PlayKind, Problem, ProblemError, Solution};
use super::proof::{Certificate, certificates, rest_of_day, unavoidable};
use super::repair::repair;
use super::report::{CampaignReport, Cause, PlanReport};
use super::search::{Mix, Search};
use super::snap::snap;
use super::start;
use crate::time::IntervalSet;
use serde::{Deserialize, Serialize};

/// How much work a plan is worth. A fixed amount of work, never wall time: the same effort gives the
/// same plan on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    /// About a millisecond: whole fleets.
    #[default]
    Quick,
    /// About a fifth of a second: a single screen that matters.
    Normal,
    /// Some seconds.
    Thorough,
}

/// How to plan.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How much work.
    pub effort: Effort,
    /// Share of the best audience found that may be given up for even spacing, in thousandths
    /// (30 = 3 %); 0 is benchmark mode.
    pub evenness_tolerance_permille: u32,
    /// A plan that is already in force: kept wherever it still holds, so that little changes.
    pub prefer: &'a [Play],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { effort: Effort::Quick, evenness_tolerance_permille: 30, prefer: &[] }
    }
}

/// A day's plays, past ones included, sorted by start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the problem it answers.
    pub instance: String,
    /// The plays.
    pub plays: Vec<Play>,
}

impl Plan {
    /// As a `dayplan-solution/1`, with the report's metrics as claims and its proofs as explanations.
    pub fn solution(&self, report: &PlanReport) -> Solution {
        let mut solution = Solution::new(self.instance.clone(), self.plays.clone());
        solution.claims = Some(report.metrics.claims());
        solution.explanations = Some(report.certificates.iter().map(Certificate::explanation).collect());
        solution
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The problem contradicts itself.
    #[error("the day's problem cannot be planned: {0}")]
    Problem(#[from] ProblemError),
}

/// Plans the rest of a day with the default tolerance and no plan in force.
pub fn plan(problem: &Problem, past: &Past, effort: Effort) -> Result<(Plan, PlanReport), PlanError> {
    plan_with(problem, past, &Options { effort, ..Options::default() })
}

/// Plans the rest of a day.
pub fn plan_with(problem: &Problem, past: &Past, options: &Options<'_>) -> Result<(Plan, PlanReport), PlanError> {
    problem.validate()?;
    let mut board = Board::new(problem, past);
    let cover = Cover::new(&problem.fillers);
    if options.prefer.is_empty() {
        fresh(&mut board, &cover, options, || {
            let rest = rest_of_day(problem, past);
            (unavoidable(&rest, &certificates(&rest)), is_calm(problem))
        });
    } else {
        start::keep(&mut board, problem, options.prefer);
        repair(&mut board);
    }
    let plays = finish(problem, past, &board, &cover, options.prefer);
    let plan = Plan { instance: problem.id.clone(), plays };
    let mut report = report(problem, past, &board, &plan);
    let steps = options.effort.work().prices;
    if steps > 0 {
        report.audience_bound = Some(audience_bound(&board, steps));
    }
    Ok((plan, report))
}

/// The fixed amount of work of an effort.
struct Work {
    /// Passes that lay every campaign anew, the others given.
    sweeps: usize,
    /// Rounds of the search; a fleet's plan searches only while something is missing that might not be.
    rounds: usize,
    /// Its moves.
    mix: Mix,
    /// Steps toward the prices of a day's seconds, which lead the search and bound the audience.
    prices: u32,
    /// Even spacing: passes over whole campaigns, grid points per ideal distance, passes over single plays at each price.
    even: (usize, u32, usize),
    /// Even spacing on full boards: rounds.
    level: usize,
    /// Less dead air: plays shifted together, passes.
    snap: (usize, usize),
}

impl Effort {
    const fn work(self) -> Work {
        // shoving pays only in a long search
        let brisk = Mix { combs: 100, packs: 40, besides: 0 };
        let patient = Mix { combs: 30, packs: 40, besides: 60 };
        match self {
            Self::Quick => {
                Work { sweeps: 3, rounds: 320, mix: brisk, prices: 0, even: (2, 5, 1), level: 0, snap: (8, 2) }
            }
            Self::Normal => Work {
                sweeps: 4,
                rounds: 26_000,
                mix: brisk,
                prices: 60,
                even: (10, 10, 3),
                level: 8_000,
                snap: (30, 20),
            },
            Self::Thorough => Work {
                sweeps: 4,
                rounds: 800_000,
                mix: patient,
                prices: 200,
                even: (20, 20, 3),
                level: 100_000,
                snap: (30, 20),
            },
        }
    }
}

/// More rounds for a fleet's plan of a calm day while something is missing that might not be, and how often in a row
/// they may gain nothing.
const CALM: (usize, u32) = (160, 3);

/// Is less than half of the seconds asked for that campaigns with hours of their own share? Then hardly anything has
/// to be missing, and a fleet's plan can afford to look for it.
fn is_calm(problem: &Problem) -> bool {
    let all_day = |windows: &IntervalSet| problem.operating.minus(windows).is_empty();
    let own = problem.campaigns.iter().filter(|c| !all_day(&c.windows));
    let busy = own.fold(IntervalSet::default(), |hours, c| hours.union(&c.windows));
    let busy = if busy.is_empty() { &problem.operating } else { &busy };
    let bound = problem.campaigns.iter().filter(|c| c.windows.minus(busy).is_empty());
    let asked: u64 = bound.map(|c| u64::from(c.dur) * u64::from(c.target)).sum();
    asked * 2 < u64::from(busy.minus(&problem.fixed_set()).length())
}

/// A plan from nothing: even start, search for audience, then even spacing as far as the tolerance goes.
///
/// `hardness` tells what must be missing and whether the day is calm; asked only when something is missing.
fn fresh(board: &mut Board, cover: &Cover, options: &Options<'_>, hardness: impl FnOnce() -> (u64, bool)) {
    let work = options.effort.work();
    start::even(board);
    let mut order = start::order(board);
    order.sort_by_key(|&c| board.items[c].dur);
    if work.prices > 0 {
        board.set_prices(bound::prices(board, board.audience, work.prices).1);
    }
    let mut search = Search::new(board, 1);
    for _ in 0..work.sweeps {
        if !search.sweep(&order) {
            break;
        }
    }
    let quick = options.effort == Effort::Quick;
    let (floor, calm) = if quick && search.shortfall() > 0 { hardness() } else { (0, false) };
    search.anneal(work.rounds, work.mix, |shortfall| quick && shortfall <= floor);
    let mut idle = 0;
    while calm && idle < CALM.1 && search.shortfall() > floor {
        let before = search.shortfall();
        search.anneal(CALM.0, work.mix, |shortfall| shortfall <= floor);
        idle = if search.shortfall() < before { 0 } else { idle + 1 };
    }
    let tolerance = u64::from(options.evenness_tolerance_permille.min(1000));
    if tolerance > 0 {
        let floor = (board.audience * (1000 - tolerance)).div_ceil(1000);
        even_out(board, floor, work.even);
        if work.level > 0 {
            repair(board);
            Search::new(board, 2).level(work.level, floor);
        }
    }
    repair(board);
    snap(board, cover, work.snap);
    repair(board);
}

/// What has been seen already, and at most can be from now on.
fn audience_bound(board: &Board, steps: u32) -> u64 {
    let past = board.starts.iter().flatten().filter(|&&s| s < board.cut_s).map(|&s| u64::from(board.people_at(s)));
    past.sum::<u64>() + bound::audience(board, board.audience, steps)
}

fn report(problem: &Problem, past: &Past, board: &Board, plan: &Plan) -> PlanReport {
    let certificates = if board.shortfall > 0 { certificates(&rest_of_day(problem, past)) } else { Vec::new() };
    let campaigns = problem.campaigns.iter().enumerate().map(|(c, campaign)| {
        let shortfall = board.missing(c);
        let about: Vec<usize> =
            (0..certificates.len()).filter(|&i| certificates[i].campaigns().contains(&campaign.id)).collect();
        let cause = match (shortfall, about.is_empty()) {
            (0, _) => Cause::None,
            (_, true) => Cause::NotFound,
            (_, false) => Cause::Proven { certificates: about },
        };
        let placed = campaign.target.saturating_sub(shortfall);
        CampaignReport { id: campaign.id.clone(), asked: campaign.target, placed, shortfall, cause }
    });
    let shown = |id: &str| plan.plays.iter().any(|p| p.kind == PlayKind::Fixed && p.id == id);
    let lost_fixed = problem.fixed.iter().filter(|f| f.start < board.cut_s && !shown(&f.id)).map(|f| f.id.clone());
    PlanReport {
        metrics: metrics(problem, board, &plan.plays),
        audience_bound: None,
        campaigns: campaigns.collect(),
        lost_fixed: lost_fixed.collect(),
        certificates,
    }
}

/// The board as plays: past, fixed events, campaigns and the local loop in between.
fn finish(problem: &Problem, past: &Past, board: &Board, cover: &Cover, prefer: &[Play]) -> Vec<Play> {
    let mut plays: Vec<Play> = past.plays.iter().map(|p| p.play.clone()).collect();
    for f in problem.fixed.iter().filter(|f| f.start >= board.cut_s) {
        plays.push(Play { start: f.start, dur: f.dur, kind: PlayKind::Fixed, id: f.id.clone() });
    }
    for (start, c) in board.line() {
        let campaign = &problem.campaigns[c];
        plays.push(Play { start, dur: campaign.dur, kind: PlayKind::Campaign, id: campaign.id.clone() });
    }
    let mut air_s = vec![0u64; problem.fillers.len()];
    for p in past.plays.iter().filter(|p| p.play.kind == PlayKind::Filler) {
        if let Some(i) = problem.fillers.iter().position(|f| f.id == p.play.id) {
            air_s[i] += u64::from(p.play.dur);
        }
    }
    let runs = keep_fillers(&problem.fillers, prefer, &board.free_runs(), &mut air_s, &mut plays);
    fill(&problem.fillers, cover, &runs, &mut air_s, &mut plays);
    plays.sort();
    plays
}
