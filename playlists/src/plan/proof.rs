//! Proofs of the impossible: where a shortfall cannot be avoided, and by how much.
//!
//! Three kinds, each checkable by anyone: *spacing* (one campaign's minimum gap), *category* (competitive
//! separation) and *capacity* (more seconds asked for than a set of windows holds). Where none is found
//! the planner says "not found", never "impossible".

use super::problem::{Campaign, Past, PlayKind, Problem};
use super::unions::Sets;
use crate::time::IntervalSet;
use serde::Serialize;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Capacity is looked for over unions of at most so many campaigns' windows.
const UNION_SIZE: usize = 4;

/// A proof that some plays cannot be placed by any plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Certificate {
    /// The minimum gap of one campaign leaves room for fewer plays than asked.
    Spacing {
        /// The campaign.
        campaign: String,
        /// Most plays that any plan can hold.
        max_plays: u32,
        /// Plays asked for.
        asked: u32,
    },
    /// The category's gap leaves room for fewer plays than its members ask for together.
    Category {
        /// The category.
        category: String,
        /// Its members inside the same windows.
        campaigns: Vec<String>,
        /// Most plays that any plan can hold.
        max_plays: u32,
        /// Plays asked for.
        asked: u32,
    },
    /// The windows hold fewer seconds than the campaigns inside them ask for.
    Capacity {
        /// All campaigns whose windows lie inside `intervals`.
        campaigns: Vec<String>,
        /// The windows.
        intervals: IntervalSet,
        /// Seconds asked for.
        demand_s: u64,
        /// Seconds that the windows hold, less fixed events.
        capacity_s: u64,
        /// What is missing, seconds.
        over_s: u64,
    },
}

impl Certificate {
    /// The campaigns it speaks about.
    pub fn campaigns(&self) -> &[String] {
        match self {
            Self::Spacing { campaign, .. } => std::slice::from_ref(campaign),
            Self::Category { campaigns, .. } | Self::Capacity { campaigns, .. } => campaigns,
        }
    }

    /// As an explanation of `dayplan-solution/1`.
    pub fn explanation(&self) -> Value {
        match self {
            Self::Spacing { campaign, max_plays, .. } => {
                json!({"kind": "spacing", "campaigns": [campaign], "max_plays": max_plays})
            }
            Self::Category { category, campaigns, max_plays, .. } => {
                json!({"kind": "category", "category": category, "campaigns": campaigns, "max_plays": max_plays})
            }
            Self::Capacity { campaigns, intervals, demand_s, capacity_s, over_s } => json!({
                "kind": "capacity", "intervals": intervals, "campaigns": campaigns,
                "demand_s": demand_s, "capacity_s": capacity_s, "over_s": over_s,
            }),
        }
    }
}

/// What is left of a day after its past: hours and windows from the cut on, targets less what counted,
/// fixed events that can still happen. The whole problem when nothing has happened.
pub fn rest_of_day(problem: &Problem, past: &Past) -> Problem {
    let cut_s = past.cut_s();
    if cut_s == 0 {
        return problem.clone();
    }
    let gone = IntervalSet::one(0, cut_s);
    let mut rest = problem.clone();
    rest.operating = problem.operating.minus(&gone);
    rest.fixed.retain(|f| f.start >= cut_s);
    for c in &mut rest.campaigns {
        let counted = |p: &&super::PastPlay| p.counted && p.play.kind == PlayKind::Campaign && p.play.id == c.id;
        let done = past.plays.iter().filter(counted).count() as u32;
        c.target = c.target.saturating_sub(done);
        c.windows = c.windows.minus(&gone);
    }
    rest
}

/// A weighted shortfall that no plan can avoid, from `certificates` of `problem`: all spacing proofs together
/// (they speak about different campaigns), with the strongest other proof about campaigns apart from them.
pub(super) fn unavoidable(problem: &Problem, certificates: &[Certificate]) -> u64 {
    let weight = |id: &String| problem.campaign(id).map_or(0, |c| u64::from(c.shortfall_weight));
    let spacing: BTreeMap<&String, u64> = certificates
        .iter()
        .filter_map(|c| match c {
            Certificate::Spacing { campaign, max_plays, asked } => {
                Some((campaign, u64::from(asked - max_plays) * weight(campaign)))
            }
            _ => None,
        })
        .collect();
    let alone: u64 = spacing.values().sum();
    let others = certificates.iter().map(|c| match c {
        Certificate::Category { campaigns, max_plays, asked, .. } => {
            let cheapest = campaigns.iter().map(weight).min().unwrap_or(0);
            let apart: u64 = spacing.iter().filter(|(id, _)| !campaigns.contains(id)).map(|(_, v)| v).sum();
            apart + u64::from(asked - max_plays) * cheapest
        }
        _ => 0,
    });
    others.max().unwrap_or(0).max(alone)
}

/// Every spacing and category certificate, and every capacity certificate over unions of up to four
/// campaigns' windows and over the union of all, in a fixed order. Certificates about the same seconds with fewer
/// campaigns than lie inside them are weaker and left out; so are, in a category whose members have more than 14
/// different sets of starts, those over unions of more than four of them and fewer than all.
pub fn certificates(problem: &Problem) -> Vec<Certificate> {
    let free = problem.operating.minus(&problem.fixed_set());
    let asking: Vec<&Campaign> = problem.campaigns.iter().filter(|c| c.target > 0).collect();
    let mut out = Vec::new();
    for c in &asking {
        let max_plays = pack(&starts(c, &free), c.min_gap_s);
        if max_plays < c.target {
            out.push(Certificate::Spacing { campaign: c.id.clone(), max_plays, asked: c.target });
        }
    }
    for (category, &gap) in &problem.category_gap_s {
        let members: Vec<&Campaign> =
            asking.iter().copied().filter(|c| c.category.as_ref() == Some(category)).collect();
        out.extend(category_certificates(category, gap, &members, &free));
    }
    out.extend(capacity_certificates(&asking, &free));
    out
}

/// Seconds at which a play may start while only fixed events are on screen, half-open.
fn starts(c: &Campaign, free: &IntervalSet) -> IntervalSet {
    let mut out = Vec::new();
    for (a, b) in c.windows.intersect(free).iter() {
        if b - a >= c.dur {
            out.push((a, b - c.dur + 1));
        }
    }
    IntervalSet::from(out)
}

/// Most starts at a distance of `gap` or more; taking the earliest each time is optimal.
fn pack(starts: &IntervalSet, gap: u32) -> u32 {
    let gap = gap.max(1);
    let (mut count, mut from) = (0, 0);
    for (a, b) in starts.iter() {
        let a = a.max(from);
        if a < b {
            let more = (b - a).div_ceil(gap);
            count += more;
            from = a + more * gap;
        }
    }
    count
}

/// One certificate per union of members' starts that is asked for too much: everybody inside it.
fn category_certificates(category: &str, gap: u32, members: &[&Campaign], free: &IntervalSet) -> Vec<Certificate> {
    let starts: Vec<IntervalSet> = members.iter().map(|c| starts(c, free)).collect();
    let sets = Sets::new(starts.iter().zip(members).map(|(starts, c)| (starts, u64::from(c.target))));
    let room = |union: &IntervalSet| u64::from(pack(union, gap));
    let certificate = |union: IntervalSet| {
        let inside = || members.iter().zip(&starts).filter(|(_, s)| s.minus(&union).is_empty()).map(|(c, _)| c);
        Certificate::Category {
            category: category.to_owned(),
            campaigns: inside().map(|c| c.id.clone()).collect(),
            max_plays: pack(&union, gap),
            asked: inside().map(|c| c.target).sum(),
        }
    };
    let mut out: Vec<Certificate> = sets.overloaded_by(UNION_SIZE, room).into_iter().map(certificate).collect();
    out.sort_by_key(|c| (c.campaigns().len(), c.clone())); // the fewer, the clearer the sentence
    out
}

fn capacity_certificates(asking: &[&Campaign], free: &IntervalSet) -> Vec<Certificate> {
    let seconds = |c: &&Campaign| u64::from(c.dur) * u64::from(c.target);
    let sets = Sets::new(asking.iter().map(|c| (&c.windows, seconds(c))));
    let room = |cell: &[(u32, u32)]| u64::from(IntervalSet::from(cell.to_vec()).intersect(free).length());
    let certificate = |intervals: IntervalSet| {
        let inside = || asking.iter().filter(|c| c.windows.minus(&intervals).is_empty());
        let (demand_s, capacity_s) =
            (inside().map(seconds).sum::<u64>(), u64::from(intervals.intersect(free).length()));
        let campaigns = inside().map(|c| c.id.clone()).collect();
        Certificate::Capacity {
            campaigns,
            demand_s,
            capacity_s,
            over_s: demand_s.saturating_sub(capacity_s),
            intervals,
        }
    };
    let mut out: Vec<Certificate> = sets.overloaded(UNION_SIZE, room).into_iter().map(certificate).collect();
    // tightest first: the smaller the set, the clearer the sentence
    out.sort_by_key(|c| match c {
        Certificate::Capacity { capacity_s, over_s, intervals, .. } => {
            (*capacity_s, Reverse(*over_s), intervals.clone())
        }
        _ => (0, Reverse(0), IntervalSet::empty()),
    });
    out
}
