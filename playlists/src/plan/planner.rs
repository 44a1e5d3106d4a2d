//! The planner: an even start by priority, a bounded search, then the local loop in between.

use super::board::Board;
use super::fill::fill;
use super::metrics::metrics;
use super::problem::{Past, Play, PlayKind, Problem, ProblemError, Solution};
use super::proof::{Certificate, certificates, rest_of_day};
use super::report::{CampaignReport, Cause, PlanReport};
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
pub fn plan_with(problem: &Problem, past: &Past, _options: &Options<'_>) -> Result<(Plan, PlanReport), PlanError> {
    problem.validate()?;
    let mut board = Board::new(problem, past);
    even_start(&mut board);
    let plays = finish(problem, past, &board);
    let plan = Plan { instance: problem.id.clone(), plays };
    let report = report(problem, past, &board, &plan);
    Ok((plan, report))
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
        campaigns: campaigns.collect(),
        lost_fixed: lost_fixed.collect(),
        certificates,
    }
}

fn even_start(board: &mut Board) {
    let mut order: Vec<usize> = (0..board.items.len()).collect();
    order.sort_by_key(|&c| {
        let i = &board.items[c];
        let tightness = u64::from(i.target) * u64::from(i.gap) * 1000 / u64::from(i.length.max(1));
        (i.priority, std::cmp::Reverse(i.weight), std::cmp::Reverse(tightness), std::cmp::Reverse(i.dur), c)
    });
    for c in order {
        let need = board.missing(c);
        let free: Vec<(u32, u32)> = board.items[c].segments.iter().map(|s| (s.lo, s.hi + 1)).collect();
        let total: u64 = free.iter().map(|(a, b)| u64::from(b - a)).sum();
        for k in 0..need {
            let mut at = (2 * u64::from(k) + 1) * total / (2 * u64::from(need));
            let ideal = free.iter().find_map(|&(a, b)| {
                let length = u64::from(b - a);
                if at < length {
                    return Some(a + at as u32);
                }
                at -= length;
                None
            });
            let Some(ideal) = ideal else { break };
            if let Some(start) = nearest(board, c, ideal) {
                board.place(c, start);
            }
        }
    }
}

/// The feasible start of `c` nearest to `ideal`.
fn nearest(board: &Board, c: usize, ideal: u32) -> Option<u32> {
    let segments = &board.items[c].segments;
    let i = segments.partition_point(|s| s.hi < ideal);
    let later = segments[i..].iter().find_map(|s| board.fit(c, s.lo.max(ideal), s.hi));
    let j = segments.partition_point(|s| s.lo <= ideal);
    let earlier = segments[..j].iter().rev().find_map(|s| board.fit_back(c, s.lo, s.hi.min(ideal)));
    match (earlier, later) {
        (Some(e), Some(l)) => Some(if ideal - e <= l - ideal { e } else { l }),
        (e, l) => e.or(l),
    }
}

/// The board as plays: past, fixed events, campaigns and the local loop in between.
fn finish(problem: &Problem, past: &Past, board: &Board) -> Vec<Play> {
    let mut plays: Vec<Play> = past.plays.iter().map(|p| p.play.clone()).collect();
    for f in problem.fixed.iter().filter(|f| f.start >= board.cut_s) {
        plays.push(Play { start: f.start, dur: f.dur, kind: PlayKind::Fixed, id: f.id.clone() });
    }
    for &(start, c) in &board.line {
        let campaign = &problem.campaigns[usize::from(c)];
        plays.push(Play { start, dur: campaign.dur, kind: PlayKind::Campaign, id: campaign.id.clone() });
    }
    let mut air_s = vec![0u64; problem.fillers.len()];
    for p in past.plays.iter().filter(|p| p.play.kind == PlayKind::Filler) {
        if let Some(i) = problem.fillers.iter().position(|f| f.id == p.play.id) {
            air_s[i] += u64::from(p.play.dur);
        }
    }
    fill(&problem.fillers, &board.free_runs(), &mut air_s, &mut plays);
    plays.sort();
    plays
}
