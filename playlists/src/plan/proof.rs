//! Proofs of the impossible: where a shortfall cannot be avoided, and by how much.
//!
//! Three kinds, each checkable by anyone: *spacing* (one campaign's minimum gap), *category* (competitive
//! separation) and *capacity* (more seconds asked for than a set of windows holds). Where none is found
//! the planner says "not found", never "impossible".

use super::problem::{Campaign, Past, PlayKind, Problem};
use crate::time::IntervalSet;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
/// campaigns' windows, strongest kind first and in a fixed order.
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

/// One certificate at most per distinct set of windows: its members and all members inside it.
fn category_certificates(category: &str, gap: u32, members: &[&Campaign], free: &IntervalSet) -> Vec<Certificate> {
    let mut within: BTreeSet<IntervalSet> = members.iter().map(|c| c.windows.clone()).collect();
    within.insert(members.iter().fold(IntervalSet::empty(), |all, c| all.union(&c.windows)));
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for windows in within {
        let inside: Vec<&Campaign> = members.iter().copied().filter(|c| c.windows.minus(&windows).is_empty()).collect();
        let campaigns: Vec<String> = inside.iter().map(|c| c.id.clone()).collect();
        let asked = inside.iter().map(|c| c.target).sum();
        let all = inside.iter().fold(IntervalSet::empty(), |all, c| all.union(&starts(c, free)));
        let max_plays = pack(&all, gap);
        if max_plays < asked && seen.insert(campaigns.clone()) {
            out.push(Certificate::Category { category: category.to_owned(), campaigns, max_plays, asked });
        }
    }
    out
}

/// The distinct window sets as bits over the day's elementary intervals: unions become `|`.
struct Windows {
    cells_s: Vec<u32>,
    sets: Vec<Vec<u64>>,
    /// Seconds that campaigns with exactly this set ask for.
    demand_s: Vec<u64>,
}

impl Windows {
    fn new(asking: &[&Campaign], free: &IntervalSet) -> Self {
        let mut cuts: Vec<u32> = asking.iter().flat_map(|c| c.windows.iter()).flat_map(|(a, b)| [a, b]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let cell = |pair: &[u32]| IntervalSet::one(pair[0], pair[1]).intersect(free).length();
        let mut windows = Self { cells_s: cuts.windows(2).map(cell).collect(), sets: Vec::new(), demand_s: Vec::new() };
        for c in asking {
            let mut bits = vec![0u64; cuts.len() / 64 + 1];
            for (i, pair) in cuts.windows(2).enumerate() {
                if c.windows.contains(pair[0]) {
                    bits[i / 64] |= 1 << (i % 64);
                }
            }
            let demand_s = u64::from(c.dur) * u64::from(c.target);
            match windows.sets.iter().position(|s| *s == bits) {
                Some(i) => windows.demand_s[i] += demand_s,
                None => {
                    windows.sets.push(bits);
                    windows.demand_s.push(demand_s);
                }
            }
        }
        windows
    }

    fn over_s(&self, union: &[u64]) -> i64 {
        let inside = |set: &[u64]| set.iter().zip(union).all(|(s, u)| s & !u == 0);
        let demand: u64 = self.sets.iter().zip(&self.demand_s).filter(|(s, _)| inside(s)).map(|(_, d)| d).sum();
        let held = |(i, s): (usize, &u32)| if union[i / 64] >> (i % 64) & 1 == 1 { u64::from(*s) } else { 0 };
        demand as i64 - self.cells_s.iter().enumerate().map(held).sum::<u64>() as i64
    }

    /// Walks all unions of up to [`UNION_SIZE`] sets; each overloaded one once.
    fn overloaded(&self, union: &[u64], from: usize, size: usize, found: &mut BTreeSet<Vec<u64>>) {
        for i in from..self.sets.len() {
            let wider: Vec<u64> = union.iter().zip(&self.sets[i]).map(|(a, b)| a | b).collect();
            if wider == union {
                continue;
            }
            if self.over_s(&wider) > 0 {
                found.insert(wider.clone());
            }
            if size + 1 < UNION_SIZE {
                self.overloaded(&wider, i + 1, size + 1, found);
            }
        }
    }
}

fn capacity_certificates(asking: &[&Campaign], free: &IntervalSet) -> Vec<Certificate> {
    let windows = Windows::new(asking, free);
    let mut found = BTreeSet::new();
    let none = vec![0u64; windows.sets.first().map_or(0, Vec::len)];
    windows.overloaded(&none, 0, 0, &mut found);
    // the union of everything is worth a look at any size
    let all: Vec<u64> = windows.sets.iter().fold(none, |all, s| all.iter().zip(s).map(|(a, b)| a | b).collect());
    if windows.over_s(&all) > 0 {
        found.insert(all);
    }
    let cuts = {
        let mut cuts: Vec<u32> = asking.iter().flat_map(|c| c.windows.iter()).flat_map(|(a, b)| [a, b]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    };
    let mut out: Vec<Certificate> = found
        .into_iter()
        .map(|bits| {
            let cells = cuts.windows(2).enumerate().filter(|(i, _)| bits[i / 64] >> (i % 64) & 1 == 1);
            capacity(asking, IntervalSet::from(cells.map(|(_, p)| (p[0], p[1])).collect::<Vec<_>>()), free)
        })
        .collect();
    // tightest first: the smaller the set, the clearer the sentence
    out.sort_by_key(|c| match c {
        Certificate::Capacity { capacity_s, over_s, .. } => (*capacity_s, std::cmp::Reverse(*over_s)),
        _ => (0, std::cmp::Reverse(0)),
    });
    out
}

fn capacity(asking: &[&Campaign], intervals: IntervalSet, free: &IntervalSet) -> Certificate {
    let inside: Vec<&&Campaign> = asking.iter().filter(|c| c.windows.minus(&intervals).is_empty()).collect();
    let demand_s: u64 = inside.iter().map(|c| u64::from(c.dur) * u64::from(c.target)).sum();
    let capacity_s = u64::from(intervals.intersect(free).length());
    Certificate::Capacity {
        campaigns: inside.iter().map(|c| c.id.clone()).collect(),
        intervals,
        demand_s,
        capacity_s,
        over_s: demand_s.saturating_sub(capacity_s),
    }
}
