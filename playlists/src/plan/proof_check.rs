//! Verifies an explanation: it is accepted only when it proves that the stated amount cannot be
//! placed, and answers with the weighted shortfall that no plan can avoid.

use super::problem::{Campaign, Problem};
use crate::time::IntervalSet;
use serde_json::Value;

/// The proven lower bound, or what is wrong with the explanation.
pub(super) fn lower_bound(problem: &Problem, explanation: &Value) -> Result<u64, String> {
    let listed = explanation.get("campaigns").and_then(Value::as_array).ok_or("bad campaign list")?;
    let mut campaigns: Vec<&Campaign> = Vec::new();
    for id in listed {
        let found =
            id.as_str().and_then(|id| problem.campaigns.iter().find(|c| c.id == id)).ok_or("bad campaign list")?;
        if campaigns.iter().any(|c| c.id == found.id) {
            return Err("bad campaign list".into());
        }
        campaigns.push(found);
    }
    match (explanation.get("kind").and_then(Value::as_str), campaigns.as_slice()) {
        (_, []) => Err("bad campaign list".into()),
        (Some("capacity"), _) => capacity(problem, explanation, &campaigns),
        (Some("spacing"), [one]) => spacing(problem, explanation, one),
        (Some("category"), _) => category(problem, explanation, &campaigns),
        _ => Err("unknown kind".into()),
    }
}

fn stated(explanation: &Value, key: &str) -> Option<i64> {
    explanation.get(key).and_then(Value::as_i64)
}

fn capacity(problem: &Problem, explanation: &Value, campaigns: &[&Campaign]) -> Result<u64, String> {
    let intervals: Vec<(u32, u32)> = explanation
        .get("intervals")
        .and_then(|v| serde_json::from_value(v.clone()).ok())
        .ok_or("intervals are not a list of [start, end]")?;
    let within = IntervalSet::from(intervals);
    for c in campaigns {
        if !c.windows.intersect(&problem.operating).minus(&within).is_empty() {
            return Err(format!("windows of {} are not inside the stated intervals", c.id));
        }
    }
    let seconds = |c: &Campaign| i64::from(c.dur) * i64::from(c.target);
    let demand_s: i64 = campaigns.iter().map(|c| seconds(c)).sum();
    let capacity_s = i64::from(within.intersect(&problem.operating).minus(&problem.fixed_set()).length());
    let over_s = demand_s - capacity_s;
    let said = (stated(explanation, "demand_s"), stated(explanation, "capacity_s"), stated(explanation, "over_s"));
    if said != (Some(demand_s), Some(capacity_s), Some(over_s)) {
        return Err(format!("stated numbers are not {demand_s},{capacity_s},{over_s}"));
    }
    if over_s <= 0 {
        return Err("no overload".into());
    }
    // whoever pays least per second pays first: no plan can pay less
    let mut order = campaigns.to_vec();
    let per_second = |c: &Campaign| f64::from(c.shortfall_weight) / f64::from(c.dur);
    order.sort_by(|a, b| per_second(a).total_cmp(&per_second(b)));
    let (mut need, mut bound) = (over_s, 0.0);
    for c in order {
        let taken = need.min(seconds(c));
        bound += taken as f64 * per_second(c);
        need -= taken;
    }
    Ok((bound - 1e-9).ceil().max(0.0) as u64)
}

fn spacing(problem: &Problem, explanation: &Value, c: &Campaign) -> Result<u64, String> {
    let most = left_packing(&allowed_starts(problem, c), c.min_gap_s);
    if stated(explanation, "max_plays") != Some(i64::from(most)) || most >= c.target {
        return Err(format!("max_plays is {most}, target {}", c.target));
    }
    Ok(u64::from(c.target - most) * u64::from(c.shortfall_weight))
}

fn category(problem: &Problem, explanation: &Value, campaigns: &[&Campaign]) -> Result<u64, String> {
    let name = explanation.get("category").and_then(Value::as_str).unwrap_or_default();
    let gap = *problem.category_gap_s.get(name).ok_or("bad category")?;
    if campaigns.iter().any(|c| c.category.as_deref() != Some(name) || c.min_gap_s < gap) {
        return Err("bad category".into());
    }
    let starts = campaigns.iter().fold(IntervalSet::empty(), |all, c| all.union(&allowed_starts(problem, c)));
    let most = left_packing(&starts, gap);
    let total: u32 = campaigns.iter().map(|c| c.target).sum();
    if stated(explanation, "max_plays") != Some(i64::from(most)) || most >= total {
        return Err(format!("max_plays is {most}, targets {total}"));
    }
    let cheapest = campaigns.iter().map(|c| u64::from(c.shortfall_weight)).min().unwrap_or(0);
    Ok(u64::from(total - most) * cheapest)
}

/// Seconds at which a play of `c` may start when nothing but the fixed events is on screen.
fn allowed_starts(problem: &Problem, c: &Campaign) -> IntervalSet {
    let free = c.windows.intersect(&problem.operating).minus(&problem.fixed_set());
    IntervalSet::from(free.iter().filter(|(a, b)| b - a >= c.dur).map(|(a, b)| (a, b - c.dur + 1)).collect::<Vec<_>>())
}

/// Most starts at distance `gap` or more: always taking the earliest is optimal.
fn left_packing(starts: &IntervalSet, gap: u32) -> u32 {
    let (mut most, mut next) = (0, 0);
    for (a, b) in starts.iter() {
        let first = a.max(next);
        if first < b {
            let more = (b - 1 - first).checked_div(gap).map_or(b - first, |n| n + 1);
            most += more;
            next = first + more * gap;
        }
    }
    most
}
