//! What the planner tells an operator: for each campaign what was asked, what has a place, why the rest
//! has none; proofs where there are any, and the cheapest mend. In Vietnamese and English.

use super::check::Metrics;
use super::problem::{Campaign, Problem};
use super::proof::Certificate;
use crate::time::IntervalSet;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

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
    /// No plan of this day can have a larger audience: an upper bound of our own, reckoned at the efforts that have
    /// the time for it. Holds whatever is missing.
    pub audience_bound: Option<u64>,
    /// Every campaign, in the problem's order.
    pub campaigns: Vec<CampaignReport>,
    /// Proofs that some plays cannot be placed; empty when nothing is short.
    pub certificates: Vec<Certificate>,
    /// Fixed events that the past has run over: they cannot be shown any more.
    pub lost_fixed: Vec<String>,
}

impl PlanReport {
    /// Lines for people: one per proof that tells something new, then one per campaign that is short beyond what is
    /// proven. `name` turns an id into what people call it. Empty when everything has its place.
    pub fn lines(&self, problem: &Problem, lang: Lang, name: &dyn Fn(&str) -> String) -> Vec<String> {
        let telling = self.telling(problem);
        let proofs = telling.iter().map(|&i| self.certificates[i].sentence(problem, lang, name));
        proofs.chain(self.campaigns.iter().filter_map(|c| self.not_found(c, lang, name))).collect()
    }

    /// The lines that speak of one campaign; empty when it is not short.
    pub fn lines_about(
        &self,
        campaign: &str,
        problem: &Problem,
        lang: Lang,
        name: &dyn Fn(&str) -> String,
    ) -> Vec<String> {
        let short = |c: &&CampaignReport| c.id == campaign && c.shortfall > 0;
        let Some(report) = self.campaigns.iter().find(short) else { return Vec::new() };
        let about = |i: &usize| self.certificates[*i].campaigns().contains(&report.id);
        let mut telling: Vec<usize> = self.telling(problem).into_iter().filter(about).collect();
        if telling.is_empty() {
            telling.extend((0..self.certificates.len()).find(about));
        }
        let proofs = telling.into_iter().map(|i| self.certificates[i].sentence(problem, lang, name));
        proofs.chain(self.not_found(report, lang, name)).collect()
    }

    /// Of all proofs those that people need: the worst of each kind, and whatever its cheapest mend, and those of the
    /// ones before it, would leave proven. Who follows all their mends is asked for nothing impossible any more.
    fn telling(&self, problem: &Problem) -> Vec<usize> {
        let mut targets: BTreeMap<&str, u32> = problem.campaigns.iter().map(|c| (c.id.as_str(), c.target)).collect();
        let kind = |c: &Certificate| match c {
            Certificate::Spacing { .. } => 0,
            Certificate::Category { .. } => 1,
            Certificate::Capacity { .. } => 2,
        };
        let mut telling = Vec::new();
        loop {
            let over = |c: &Certificate| {
                let gone = |c: &Campaign| u64::from(c.target - targets.get(c.id.as_str()).unwrap_or(&c.target));
                let members = c.campaigns().iter().filter_map(|id| problem.campaign(id));
                c.over().saturating_sub(members.map(|m| gone(m) * c.unit(m)).sum())
            };
            let left = self.certificates.iter().enumerate().filter(|(_, c)| over(c) > 0);
            let Some((worst, certificate)) = left.min_by_key(|(_, c)| (kind(c), Reverse(over(c)))) else {
                return telling;
            };
            for fewer in certificate.mend(problem) {
                if let Some(target) = targets.get_mut(fewer.campaign.as_str()) {
                    *target = fewer.to.min(*target);
                }
            }
            if telling.contains(&worst) {
                return telling; // its mend was not enough: the day has fewer plays left than the problem asks for
            }
            telling.push(worst);
        }
    }

    /// That no place was found, for what is short beyond the proofs about this campaign.
    fn not_found(&self, c: &CampaignReport, lang: Lang, name: &dyn Fn(&str) -> String) -> Option<String> {
        let proven = match &c.cause {
            Cause::None => return None,
            Cause::NotFound => 0,
            Cause::Proven { certificates } => match certificates.as_slice() {
                [one] => match &self.certificates[*one] {
                    Certificate::Spacing { max_plays, asked, .. } => asked - max_plays,
                    _ => return None, // who of the many pays is not for a proof to say
                },
                _ => return None,
            },
        };
        let rest = c.shortfall.saturating_sub(proven);
        if rest == 0 {
            return None;
        }
        let (title, placed, asked) = (name(&c.id), lang.number(c.placed.into()), lang.number(c.asked.into()));
        let (vi, en) = match proven {
            0 => {
                (format!("không tìm được chỗ cho {rest} lượt còn lại"), format!("none was found for the other {rest}"))
            }
            _ => (
                format!("ngoài {proven} lượt chắc chắn không có chỗ, không tìm được chỗ cho {rest} lượt nữa"),
                format!("besides the {proven} that can have none, none was found for {rest} more"),
            ),
        };
        Some(lang.pick(
            format!("{title}: xếp được {placed}/{asked} lượt; {vi}."),
            format!("{title}: {placed} of {asked} plays have a place; {en}."),
        ))
    }
}

/// A distance in words: `10 phút`, `90 s`, `24 giờ`.
pub(super) fn minutes(lang: Lang, seconds: u32) -> String {
    let (count, vi, en) = match seconds {
        s if s > 7_200 && s.is_multiple_of(3_600) => (s / 3_600, "giờ", "h"),
        s if s.is_multiple_of(60) => (s / 60, "phút", "min"),
        s => (s, "giây", "s"),
    };
    lang.pick(format!("{count} {vi}"), format!("{count} {en}"))
}
