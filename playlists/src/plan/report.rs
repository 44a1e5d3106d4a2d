//! What the planner tells an operator: for each campaign what was asked, what has a place, why the rest
//! has none; proofs where there are any, and the cheapest mend. In Vietnamese and English.

use super::check::Metrics;
use super::problem::{Campaign, Problem};
use super::proof::Certificate;
use crate::time::IntervalSet;
use serde::{Deserialize, Serialize};

/// Language of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// `vi` or `en` text, whichever this is.
    pub(super) fn pick(self, vi: String, en: String) -> String {
        if self == Self::Vi { vi } else { en }
    }

    /// A whole number with the language's thousands mark: `18.418`, `18,418`.
    pub fn number(self, n: u64) -> String {
        let digits = n.to_string();
        let mut out = String::new();
        for (i, d) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push(if self == Self::Vi { '.' } else { ',' });
            }
            out.push(d);
        }
        out
    }

    /// `part` of `whole` in per cent with one decimal: `2,3 %`, `2.3 %`.
    pub fn per_cent(self, part: u64, whole: u64) -> String {
        let tenths = (part * 2000 + whole) / (2 * whole.max(1));
        let mark = if self == Self::Vi { ',' } else { '.' };
        format!("{}{mark}{} %", tenths / 10, tenths % 10)
    }

    /// `06:30–09:00 và 16:30–19:30`, `06:30–09:00 and 16:30–19:30`.
    pub fn windows(self, set: &IntervalSet) -> String {
        let text = set.text().replace('-', "–");
        let parts: Vec<&str> = text.split(';').collect();
        let and = if self == Self::Vi { " và " } else { " and " };
        match parts.split_last() {
            Some((last, first)) if !first.is_empty() => format!("{}{and}{last}", first.join(", ")),
            _ => text,
        }
    }
}

/// Why a campaign is short.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// It is not.
    None,
    /// It belongs to campaigns that provably cannot all be placed.
    Proven {
        /// Indices into [`PlanReport::certificates`].
        certificates: Vec<usize>,
    },
    /// The planner found no place; no proof that there is none.
    NotFound,
}

/// One campaign of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct CampaignReport {
    /// Its id.
    pub id: String,
    /// Plays asked for today.
    pub asked: u32,
    /// Plays that have counted or have a place.
    pub placed: u32,
    /// Plays without a place.
    pub shortfall: u32,
    /// Why.
    pub cause: Cause,
}

/// What the planner says about its plan.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReport {
    /// What the plan is worth.
    pub metrics: Metrics,
    /// Every campaign, in the problem's order.
    pub campaigns: Vec<CampaignReport>,
    /// Proofs that some plays cannot be placed; empty when nothing is short.
    pub certificates: Vec<Certificate>,
    /// Fixed events that the past has run over: they cannot be shown any more.
    pub lost_fixed: Vec<String>,
}

impl PlanReport {
    /// Lines for people: one per proof, then one per campaign that is short without a proof. `name` turns
    /// an id into what people call it. Empty when everything has its place.
    pub fn lines(&self, problem: &Problem, lang: Lang, name: &dyn Fn(&str) -> String) -> Vec<String> {
        let mut out: Vec<String> = self.certificates.iter().map(|c| c.sentence(problem, lang, name)).collect();
        for c in self.campaigns.iter().filter(|c| c.cause == Cause::NotFound) {
            let (title, placed, asked) = (name(&c.id), lang.number(c.placed.into()), lang.number(c.asked.into()));
            out.push(lang.pick(
                format!("{title}: {placed}/{asked} lần có chỗ; không tìm thấy chỗ cho {} lần còn lại.", c.shortfall),
                format!(
                    "{title}: {placed} of {asked} plays have a place; none was found for the other {}.",
                    c.shortfall
                ),
            ));
        }
        out
    }
}

impl Certificate {
    /// The proof as a sentence: window, need, room, what is over, the three largest, the cheapest mend.
    pub fn sentence(&self, problem: &Problem, lang: Lang, name: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Spacing { campaign, max_plays, asked } => {
                let Some(c) = problem.campaign(campaign) else { return String::new() };
                let (title, windows, gap) = (name(campaign), lang.windows(&c.windows), minutes(lang, c.min_gap_s));
                lang.pick(
                    format!(
                        "{windows}: {title} cần {asked} lần, cách nhau ít nhất {gap} thì chỉ đủ chỗ cho {max_plays} lần. \
                         Cách rẻ nhất: {title} {asked} → {max_plays} lần/ngày."
                    ),
                    format!(
                        "{windows}: {title} needs {asked} plays; at least {gap} apart there is room for {max_plays} only. \
                         Cheapest: {title} {asked} → {max_plays} a day."
                    ),
                )
            }
            Self::Category { category, campaigns, max_plays, asked } => {
                let gap = minutes(lang, problem.category_gap_s.get(category).copied().unwrap_or(0));
                let windows = lang.windows(&self.windows(problem));
                let (count, over) = (campaigns.len(), asked - max_plays);
                let largest = self.largest(problem, lang, name, |c| u64::from(c.target), "lần", "plays");
                let mend = self.mend(problem, lang, name, u64::from(over), |_| 1);
                lang.pick(
                    format!(
                        "{windows}: {count} chiến dịch nhóm {category} cần {asked} lần, cách nhau ít nhất {gap} thì chỉ đủ \
                         chỗ cho {max_plays} lần, thiếu {over} lần. Lớn nhất: {largest}. Cách rẻ nhất: {mend}."
                    ),
                    format!(
                        "{windows}: {count} campaigns of category {category} need {asked} plays; at least {gap} apart there \
                         is room for {max_plays}, over by {over}. Largest: {largest}. Cheapest: {mend}."
                    ),
                )
            }
            Self::Capacity { campaigns, intervals, demand_s, capacity_s, over_s } => {
                let windows = lang.windows(intervals);
                let (count, share) = (campaigns.len(), lang.per_cent(*over_s, *capacity_s));
                let [need, free, over] = [*demand_s, *capacity_s, *over_s].map(|n| lang.number(n));
                let seconds = |c: &Campaign| u64::from(c.target) * u64::from(c.dur);
                let largest = self.largest(problem, lang, name, seconds, "giây", "s");
                let mend = self.mend(problem, lang, name, *over_s, |c| u64::from(c.dur));
                lang.pick(
                    format!(
                        "{windows}: {count} chiến dịch cần {need} giây, còn trống {free} giây, thiếu {over} giây ({share}). \
                         Lớn nhất: {largest}. Cách rẻ nhất: {mend}."
                    ),
                    format!(
                        "{windows}: {count} campaigns need {need} s, free {free} s, over by {over} s ({share}). \
                         Largest: {largest}. Cheapest: {mend}."
                    ),
                )
            }
        }
    }

    fn members<'a>(&self, problem: &'a Problem) -> Vec<&'a Campaign> {
        self.campaigns().iter().filter_map(|id| problem.campaign(id)).collect()
    }

    fn windows(&self, problem: &Problem) -> IntervalSet {
        self.members(problem).iter().fold(IntervalSet::empty(), |all, c| all.union(&c.windows))
    }

    /// The three largest by `size`.
    fn largest(
        &self,
        problem: &Problem,
        lang: Lang,
        name: &dyn Fn(&str) -> String,
        size: impl Fn(&Campaign) -> u64,
        vi: &str,
        en: &str,
    ) -> String {
        let mut members = self.members(problem);
        members.sort_by_key(|c| (std::cmp::Reverse(size(c)), c.id.clone()));
        let unit = lang.pick(vi.into(), en.into());
        let one = |c: &&Campaign| format!("{} {} {unit}", name(&c.id), lang.number(size(c)));
        members.iter().take(3).map(one).collect::<Vec<_>>().join(", ")
    }

    /// Which targets to lower so that `over` goes: whoever loses least weight per unit pays first.
    fn mend(
        &self,
        problem: &Problem,
        lang: Lang,
        name: &dyn Fn(&str) -> String,
        over: u64,
        unit: impl Fn(&Campaign) -> u64,
    ) -> String {
        let mut members = self.members(problem);
        // a/b < c/d as a*d < c*b, exactly
        members.sort_by(|a, b| {
            let (x, y) = (u64::from(a.shortfall_weight) * unit(b), u64::from(b.shortfall_weight) * unit(a));
            x.cmp(&y).then_with(|| (std::cmp::Reverse(a.target), &a.id).cmp(&(std::cmp::Reverse(b.target), &b.id)))
        });
        let mut left = over;
        let mut steps = Vec::new();
        for c in members {
            if left == 0 {
                break;
            }
            let fewer = left.div_ceil(unit(c).max(1)).min(u64::from(c.target));
            left = left.saturating_sub(fewer * unit(c));
            steps.push(format!("{} {} → {}", name(&c.id), c.target, u64::from(c.target) - fewer));
        }
        let list = steps.join(", ");
        lang.pick(format!("{list} lần/ngày"), format!("{list} a day"))
    }
}

/// A distance in words: `10 phút`, `90 s`.
pub(super) fn minutes(lang: Lang, seconds: u32) -> String {
    let (count, vi, en) =
        if seconds.is_multiple_of(60) { (seconds / 60, "phút", "min") } else { (seconds, "giây", "s") };
    lang.pick(format!("{count} {vi}"), format!("{count} {en}"))
}
