//! The planner's own figures for its plan: the claims that both checkers verify.

use super::board::Board;
use super::check::Metrics;
use super::problem::{Play, PlayKind, Problem};

/// Figures of `plays`, the finished form of `board`.
pub(super) fn metrics(problem: &Problem, board: &Board, plays: &[Play]) -> Metrics {
    let mut m = Metrics { weighted_shortfall: board.shortfall, ..Metrics::default() };
    let (mut deviation, mut pairs) = (0.0, 0);
    for (c, campaign) in problem.campaigns.iter().enumerate() {
        let short = u64::from(board.missing(c));
        if short > 0 {
            m.shortfall_plays += short;
            m.shortfall_by_campaign.insert(campaign.id.clone(), short);
        }
        let starts = &board.starts[c];
        m.campaign_plays += starts.len() as u64;
        m.audience += starts.iter().map(|&s| u64::from(board.people_at(s))).sum::<u64>();
        if starts.len() > 1 {
            deviation += board.deviation(c);
            pairs += starts.len() - 1;
        }
    }
    m.evenness = if pairs > 0 { round6(deviation / pairs as f64) } else { 0.0 };
    air(problem, plays, &mut m);
    m
}

/// Dead air and the fillers' shares.
fn air(problem: &Problem, plays: &[Play], m: &mut Metrics) {
    let mut air_s = vec![0u64; problem.fillers.len()];
    let operating_s = i64::from(problem.operating.length());
    let mut covered_s = 0;
    let (mut hour, hours) = (0, problem.operating.as_slice());
    for play in plays {
        while hours.get(hour).is_some_and(|h| h.1 <= play.start) {
            hour += 1;
        }
        let inside = hours.get(hour).is_some_and(|h| h.0 <= play.start && play.end() <= h.1);
        if inside || play.kind == PlayKind::Fixed {
            covered_s += i64::from(play.dur);
        }
        if play.kind == PlayKind::Filler {
            m.filler_plays += 1;
            if let Some(i) = problem.fillers.iter().position(|f| f.id == play.id) {
                air_s[i] += u64::from(play.dur);
            }
        }
    }
    m.dead_air_s = operating_s - covered_s;
    m.dead_air_frac = round6(m.dead_air_s as f64 / operating_s.max(1) as f64);
    let (total_s, total_weight) =
        (air_s.iter().sum::<u64>(), problem.fillers.iter().map(|f| u64::from(f.weight)).sum::<u64>());
    if total_s > 0 {
        let off = |(f, &air): (&super::Filler, &u64)| {
            (air as f64 / total_s as f64 - f64::from(f.weight) / total_weight as f64).abs()
        };
        m.filler_share_error = Some(round6(problem.fillers.iter().zip(&air_s).map(off).sum::<f64>() / 2.0));
    }
}

fn round6(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
