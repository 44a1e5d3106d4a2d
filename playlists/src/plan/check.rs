//! A second opinion on a plan: every hard rule, every metric, every claim and every proof, computed
//! anew. Shares no code with the planner; `tests/dayplan/checker.py` is a third opinion, and a test
//! holds the two together.

use super::problem::{Past, Play, PlayKind, Problem, SOLUTION_SCHEMA, Solution};
use super::proof_check;
use crate::time::IntervalSet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most this many errors are listed.
const MAX_ERRORS: usize = 50;

/// What a plan is worth, in lexicographic order of the first three.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Missing plays, each at its campaign's weight.
    pub weighted_shortfall: u64,
    /// Missing plays.
    pub shortfall_plays: u64,
    /// People in front of the screen, summed over campaign plays.
    pub audience: u64,
    /// Mean relative deviation from even spacing on each campaign's own clock; 0 is perfect.
    pub evenness: f64,
    /// Operating seconds without a play (negative only when fixed events lie outside the hours).
    pub dead_air_s: i64,
    /// The same as a share of the operating seconds.
    pub dead_air_frac: f64,
    /// Half the sum of |air time share - weight share| over the fillers; none without filler plays.
    pub filler_share_error: Option<f64>,
    /// Campaign plays in the plan.
    pub campaign_plays: u64,
    /// Filler plays in the plan.
    pub filler_plays: u64,
    /// Missing plays of each campaign that has any.
    pub shortfall_by_campaign: BTreeMap<String, u64>,
}

impl Metrics {
    /// As the `claims` of a [`Solution`].
    pub fn claims(&self) -> serde_json::Map<String, serde_json::Value> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        }
    }
}

/// The checker's word.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// No error at all.
    pub valid: bool,
    /// What is wrong, at most 50 entries.
    pub errors: Vec<String>,
    /// What the plan is worth (also when it is not valid).
    pub metrics: Metrics,
    /// For each explanation the proven lower bound of the weighted shortfall.
    pub explanation_lower_bounds: Option<Vec<Option<u64>>>,
}

/// Checks a whole day.
pub fn check(problem: &Problem, solution: &Solution) -> Verdict {
    check_with_past(problem, &Past::none(), solution)
}

/// Checks a day of which a part has happened. Past plays must stand in the solution unchanged; they are
/// facts, so no rule is held against them alone, but every rule holds between them and the future.
pub fn check_with_past(problem: &Problem, past: &Past, solution: &Solution) -> Verdict {
    let mut check = Check::new(problem, past, solution);
    check.form();
    check.overlaps();
    check.fixed_once();
    check.targets_and_gaps();
    check.categories();
    let metrics = check.metrics();
    check.claims(&metrics);
    let bounds = check.explanations(&metrics);
    Verdict { valid: check.errors.is_empty(), errors: check.errors, metrics, explanation_lower_bounds: bounds }
}

/// A play with what the checker found out about it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    play: &'a Play,
    /// Its place among the campaigns, fillers or fixed events; none for a past play of something that is gone.
    item: Option<usize>,
    past: bool,
    counted: bool,
}

struct Check<'a> {
    problem: &'a Problem,
    past: &'a Past,
    solution: &'a Solution,
    /// Plays of known items, in order.
    plays: Vec<Seen<'a>>,
    /// Plays of each campaign, in order; campaigns as the problem has them.
    by_campaign: Vec<Vec<Seen<'a>>>,
    errors: Vec<String>,
}

impl<'a> Check<'a> {
    fn new(problem: &'a Problem, past: &'a Past, solution: &'a Solution) -> Self {
        let by_campaign = vec![Vec::new(); problem.campaigns.len()];
        let mut check = Self { problem, past, solution, plays: Vec::new(), by_campaign, errors: Vec::new() };
        let mut left: BTreeMap<&Play, Vec<bool>> = BTreeMap::new();
        for p in &past.plays {
            left.entry(&p.play).or_default().push(p.counted);
        }
        let campaigns = problem.campaigns.iter().map(|c| c.id.as_str()).enumerate();
        let fillers = problem.fillers.iter().map(|f| f.id.as_str()).enumerate();
        let fixed = problem.fixed.iter().map(|f| f.id.as_str()).enumerate();
        let items: BTreeMap<(PlayKind, &str), usize> = campaigns
            .map(|(i, id)| ((PlayKind::Campaign, id), i))
            .chain(fillers.map(|(i, id)| ((PlayKind::Filler, id), i)))
            .chain(fixed.map(|(i, id)| ((PlayKind::Fixed, id), i)))
            .collect();
        for play in &solution.plays {
            let item = items.get(&(play.kind, play.id.as_str())).copied();
            if let Some(counted) = left.get_mut(play).and_then(Vec::pop) {
                check.plays.push(Seen { play, item, past: true, counted });
            } else if check.item(play, item) {
                check.plays.push(Seen { play, item, past: false, counted: true });
            }
        }
        check.plays.sort_by(|a, b| a.play.cmp(b.play));
        for &seen in check.plays.iter().filter(|p| p.play.kind == PlayKind::Campaign) {
            if let Some(campaign) = seen.item {
                check.by_campaign[campaign].push(seen);
            }
        }
        for (play, n) in left {
            if !n.is_empty() {
                check.error(format!("past play {}@{} is missing: the past cannot change", play.id, play.start));
            }
        }
        check
    }

    fn error(&mut self, text: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(text);
        }
    }

    fn form(&mut self) {
        if self.solution.schema != SOLUTION_SCHEMA {
            self.error(format!("schema must be {SOLUTION_SCHEMA}"));
        }
        if self.solution.instance != self.problem.id {
            self.error(format!("instance id {:?} != {:?}", self.solution.instance, self.problem.id));
        }
        for (n, pair) in self.solution.plays.windows(2).enumerate() {
            if pair[1].start < pair[0].start {
                self.error(format!("plays {n},{}: not sorted by start", n + 1));
            }
        }
    }

    /// The rules for one play by itself; false when nobody knows its item.
    fn item(&mut self, play: &Play, item: Option<usize>) -> bool {
        let name = || format!("{}@{}", play.id, play.start);
        let operating = self.problem.operating.holds(play.start, play.end());
        let booked = item.map(|i| match play.kind {
            PlayKind::Campaign => {
                let c = &self.problem.campaigns[i];
                let inside = c.windows.holds(play.start, play.end());
                (c.dur, (!inside).then_some("not inside an allowed window"))
            }
            PlayKind::Filler => {
                let f = &self.problem.fillers[i];
                (f.dur, (!f.may_play(play.start, play.end())).then_some("not inside an allowed window"))
            }
            PlayKind::Fixed => {
                let f = &self.problem.fixed[i];
                let there = f.start == play.start;
                (f.dur, (!there).then_some("a fixed event must start at its own second"))
            }
        });
        let Some((dur, wrong)) = booked else {
            self.error(format!("{}: unknown {:?} id", name(), play.kind));
            return false;
        };
        let cut_s = self.past.cut_s();
        if play.start < cut_s {
            self.error(format!("{}: starts before {cut_s}, which is past", name()));
        }
        if u64::from(play.start) + u64::from(play.dur) > u64::from(self.problem.horizon_s) {
            self.error(format!("{}: outside the day", name()));
        }
        if dur != play.dur {
            self.error(format!("{}: dur {} != {dur}", name(), play.dur));
        }
        if play.kind != PlayKind::Fixed && !operating {
            self.error(format!("{}: not inside an operating interval", name()));
        }
        if let Some(wrong) = wrong {
            self.error(format!("{}: {wrong}", name()));
        }
        true
    }

    fn overlaps(&mut self) {
        let mut last: Option<Seen<'_>> = None;
        for seen in self.plays.clone() {
            if let Some(before) = last {
                if seen.play.start < before.play.end() && !(seen.past && before.past) {
                    let (late, early) = (seen.play, before.play);
                    self.error(format!("overlap: {}@{} starts before {} ends", late.id, late.start, early.id));
                }
                if seen.play.end() <= before.play.end() {
                    continue;
                }
            }
            last = Some(seen);
        }
    }

    fn fixed_once(&mut self) {
        let cut_s = self.past.cut_s();
        let shown = self.plays.iter().filter(|p| p.play.kind == PlayKind::Fixed).filter_map(|p| p.item);
        let mut times_shown = vec![0; self.problem.fixed.len()];
        shown.for_each(|i| times_shown[i] += 1);
        for (fixed, times) in self.problem.fixed.iter().zip(times_shown) {
            // a fixed event that the day has passed by cannot be put back
            if times != 1 && !(times == 0 && fixed.start < cut_s) {
                self.error(format!("fixed event {} appears {times} times (must be once)", fixed.id));
            }
        }
    }

    fn targets_and_gaps(&mut self) {
        for (c, plays) in self.problem.campaigns.iter().zip(self.by_campaign.clone()) {
            let counted = plays.iter().filter(|p| p.counted).count();
            let past_counted = plays.iter().filter(|p| p.past && p.counted).count();
            if counted > c.target as usize && counted > past_counted {
                self.error(format!("{}: {counted} plays exceed target {}", c.id, c.target));
            }
            for pair in plays.windows(2) {
                let (a, b, g) = (pair[0].play.start, pair[1].play.start, c.min_gap_s);
                if b - a < g && !pair[1].past {
                    self.error(format!("{}: starts {a},{b} closer than min_gap_s {g}", c.id));
                }
            }
        }
    }

    fn categories(&mut self) {
        for (category, &gap) in &self.problem.category_gap_s {
            let members = self.problem.campaigns.iter().zip(&self.by_campaign);
            let members = members.filter(|(c, _)| c.category.as_ref() == Some(category));
            let mut plays: Vec<Seen<'_>> = members.flat_map(|(_, plays)| plays).copied().collect();
            plays.sort_by(|a, b| a.play.cmp(b.play));
            for (i, a) in plays.iter().enumerate() {
                for b in plays[i + 1..].iter().take_while(|b| b.play.start - a.play.start < gap) {
                    if a.play.id != b.play.id && !(a.past && b.past) {
                        let (x, y) = (a.play, b.play);
                        let text = format!("{}@{} and {}@{} closer than {gap}", x.id, x.start, y.id, y.start);
                        self.error(format!("category {category}: {text}"));
                    }
                }
            }
        }
    }

    fn metrics(&self) -> Metrics {
        let mut m = Metrics::default();
        let (mut deviation, mut pairs) = (0.0, 0u32);
        for (c, plays) in self.problem.campaigns.iter().zip(&self.by_campaign) {
            let counted = plays.iter().filter(|p| p.counted).count() as u64;
            let short = u64::from(c.target).saturating_sub(counted);
            m.weighted_shortfall += short * u64::from(c.shortfall_weight);
            m.shortfall_plays += short;
            if short > 0 {
                m.shortfall_by_campaign.insert(c.id.clone(), short);
            }
            m.campaign_plays += plays.len() as u64;
            m.audience += plays.iter().map(|p| u64::from(self.people(p.play.start))).sum::<u64>();
            if plays.len() > 1 {
                let clock: Vec<f64> =
                    plays.iter().map(|p| f64::from(seconds_before(&c.windows, p.play.start))).collect();
                let ideal = f64::from(c.windows.length()) / plays.len() as f64;
                deviation += clock.windows(2).map(|t| ((t[1] - t[0]) / ideal - 1.0).abs()).sum::<f64>();
                pairs += plays.len() as u32 - 1;
            }
        }
        m.evenness = if pairs > 0 { six_digits(deviation / f64::from(pairs)) } else { 0.0 };
        let operating_s = i64::from(self.problem.operating.length());
        let shown = |p: &Play| p.kind == PlayKind::Fixed || self.problem.operating.holds(p.start, p.end());
        let covered: i64 = self.plays.iter().filter(|p| shown(p.play)).map(|p| i64::from(p.play.dur)).sum();
        m.dead_air_s = operating_s - covered;
        m.dead_air_frac = six_digits(m.dead_air_s as f64 / operating_s.max(1) as f64);
        self.filler_metrics(&mut m);
        m
    }

    fn filler_metrics(&self, m: &mut Metrics) {
        let mut air = vec![0u64; self.problem.fillers.len()];
        for p in self.plays.iter().filter(|p| p.play.kind == PlayKind::Filler) {
            m.filler_plays += 1;
            if let Some(filler) = p.item {
                air[filler] += u64::from(p.play.dur);
            }
        }
        let total: u64 = air.iter().sum();
        let weights: u64 = self.problem.fillers.iter().map(|f| u64::from(f.weight)).sum();
        if total > 0 {
            let shares = self.problem.fillers.iter().zip(air);
            let errors =
                shares.map(|(f, air)| (air as f64 / total as f64 - f64::from(f.weight) / weights as f64).abs());
            m.filler_share_error = Some(six_digits(0.5 * errors.sum::<f64>()));
        }
    }

    fn people(&self, second: u32) -> u32 {
        let weights = &self.problem.footfall.weights;
        let bin = (second / self.problem.footfall.bin_s) as usize;
        weights[bin.min(weights.len() - 1)]
    }

    fn claims(&mut self, metrics: &Metrics) {
        let Some(claims) = &self.solution.claims else { return };
        let own = metrics.claims();
        for (name, claimed) in claims {
            match (own.get(name), claimed.as_f64()) {
                (None, _) => self.error(format!("claims: unknown metric {name:?}")),
                (Some(mine), Some(claimed)) if mine.as_f64().is_some_and(|v| (claimed - v).abs() <= 1e-4) => {}
                (Some(mine), None) if mine == claimed => {}
                (Some(mine), _) => self.error(format!("claims: {name} {claimed} but the checker computes {mine}")),
            }
        }
    }

    fn explanations(&mut self, metrics: &Metrics) -> Option<Vec<Option<u64>>> {
        let explanations = self.solution.explanations.as_ref()?;
        let mut bounds = Vec::new();
        for (k, explanation) in explanations.iter().enumerate() {
            match proof_check::lower_bound(self.problem, explanation) {
                Ok(bound) => {
                    if bound > metrics.weighted_shortfall && self.errors.is_empty() {
                        self.error(format!("explanation {k}: lower bound {bound} above the plan's own shortfall"));
                    }
                    bounds.push(Some(bound));
                }
                Err(text) => {
                    self.error(format!("explanation {k}: {text}"));
                    bounds.push(None);
                }
            }
        }
        Some(bounds)
    }
}

/// Seconds of `set` before `second`: the campaign's own clock.
fn seconds_before(set: &IntervalSet, second: u32) -> u32 {
    set.iter().take_while(|&(a, _)| a < second).map(|(a, b)| b.min(second) - a).sum()
}

fn six_digits(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
