//! A proof as a sentence for people: window, need, room, what is over, the three largest, the cheapest mend.

use super::problem::{Campaign, Problem};
use super::proof::Certificate;
use super::report::{Lang, minutes};
use crate::time::IntervalSet;
use std::cmp::Reverse;

/// Campaigns that a sentence names at most.
const MOST_NAMED: usize = 3;
/// Most steps of the search for the cheapest mend; the best one found until then is said.
const MOST_STEPS: u32 = 20_000;

/// A target that is to be lowered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fewer {
    /// The campaign.
    pub campaign: String,
    /// Plays asked for now.
    pub from: u32,
    /// Plays that leave room.
    pub to: u32,
}

impl Certificate {
    /// The proof as a sentence. `name` turns an id into what people call it.
    pub fn sentence(&self, problem: &Problem, lang: Lang, name: &dyn Fn(&str) -> String) -> String {
        let (windows, who) = (self.where_to(problem, lang), self.who(lang, name));
        let (need, room) = self.sum();
        let [need, free, over] = [need, room, self.over()].map(|n| lang.number(n));
        let share = if room == 0 { String::new() } else { format!(" ({})", lang.per_cent(self.over(), room)) };
        let rest = format!("{}{}", self.largest(problem, lang, name), self.mend_text(problem, lang, name));
        let apart = |gap| minutes(lang, gap);
        match self {
            Self::Capacity { .. } => lang.pick(
                format!("{windows}: {who} cần {need} giây, còn trống {free} giây, thiếu {over} giây{share}. {rest}"),
                format!("{windows}: {who} {need} s, free {free} s, over by {over} s{share}. {rest}"),
            ),
            Self::Spacing { max_plays: 0, .. } => lang.pick(
                format!("{windows}: {who} cần {need} lượt mà không có chỗ cho lượt nào. {rest}"),
                format!("{windows}: {who} {need} plays, and there is room for none. {rest}"),
            ),
            Self::Spacing { campaign, .. } => {
                let gap = apart(problem.campaign(campaign).map_or(0, |c| c.min_gap_s));
                lang.pick(
                    format!(
                        "{windows}: {who} cần {need} lượt, cách nhau ít nhất {gap} thì chỉ đủ chỗ cho {free} lượt, thiếu \
                         {over} lượt{share}. {rest}"
                    ),
                    format!(
                        "{windows}: {who} {need} plays; at least {gap} apart there is room for {free}, over by \
                         {over}{share}. {rest}"
                    ),
                )
            }
            Self::Category { category, .. } => {
                let gap = apart(problem.category_gap_s.get(category).copied().unwrap_or(0));
                lang.pick(
                    format!(
                        "{windows}: {who} cần {need} lượt; các lượt cùng nhóm {category} cách nhau ít nhất {gap} thì chỉ \
                         đủ chỗ cho {free} lượt, thiếu {over} lượt{share}. {rest}"
                    ),
                    format!(
                        "{windows}: {who} {need} plays; plays of category {category} keep {gap} apart, so there is room \
                         for {free}, over by {over}{share}. {rest}"
                    ),
                )
            }
        }
    }

    /// What is asked for, and what there is room for: seconds for capacity, else plays.
    fn sum(&self) -> (u64, u64) {
        match self {
            Self::Spacing { max_plays, asked, .. } | Self::Category { max_plays, asked, .. } => {
                (u64::from(*asked), u64::from(*max_plays))
            }
            Self::Capacity { demand_s, capacity_s, .. } => (*demand_s, *capacity_s),
        }
    }

    /// What is over: seconds for capacity, else plays.
    pub(super) fn over(&self) -> u64 {
        let (need, room) = self.sum();
        need.saturating_sub(room)
    }

    /// What one play of a campaign takes of what is over.
    pub(super) fn unit(&self, campaign: &Campaign) -> u64 {
        if matches!(self, Self::Capacity { .. }) { u64::from(campaign.dur) } else { 1 }
    }

    fn members<'a>(&self, problem: &'a Problem) -> Vec<&'a Campaign> {
        self.campaigns().iter().filter_map(|id| problem.campaign(id)).collect()
    }

    fn where_to(&self, problem: &Problem, lang: Lang) -> String {
        let all = || self.members(problem).iter().fold(IntervalSet::empty(), |all, c| all.union(&c.windows));
        let windows = if let Self::Capacity { intervals, .. } = self { intervals.clone() } else { all() };
        if windows.is_empty() {
            return lang.pick("Không có khung giờ nào".into(), "No window at all".into());
        }
        lang.windows(&windows)
    }

    /// Who needs; in English with its verb.
    fn who(&self, lang: Lang, name: &dyn Fn(&str) -> String) -> String {
        match self.campaigns() {
            [one] => lang.pick(name(one), format!("{} needs", name(one))),
            many => lang.pick(format!("{} đợt truyền thông", many.len()), format!("{} campaigns need", many.len())),
        }
    }

    /// The three largest, when there is more than one.
    fn largest(&self, problem: &Problem, lang: Lang, name: &dyn Fn(&str) -> String) -> String {
        let mut members = self.members(problem);
        if members.len() < 2 {
            return String::new();
        }
        let size = |c: &Campaign| self.unit(c) * u64::from(c.target);
        members.sort_by_key(|c| (Reverse(size(c)), &c.id));
        let (vi, en) = if matches!(self, Self::Capacity { .. }) { ("giây", "s") } else { ("lượt", "plays") };
        let one =
            |c: &&Campaign| format!("{} {} {}", name(&c.id), lang.number(size(c)), lang.pick(vi.into(), en.into()));
        let list = members.iter().take(MOST_NAMED).map(one).collect::<Vec<_>>().join(", ");
        lang.pick(format!("Nhiều nhất: {list}. "), format!("Largest: {list}. "))
    }

    fn mend_text(&self, problem: &Problem, lang: Lang, name: &dyn Fn(&str) -> String) -> String {
        let steps = self.mend(problem);
        let step = |f: &Fewer| {
            let (name, from, to) = (name(&f.campaign), lang.number(f.from.into()), lang.number(f.to.into()));
            lang.pick(format!("{name} từ {from} xuống {to}"), format!("{name} {from} → {to}"))
        };
        let mut list = steps.iter().take(MOST_NAMED).map(step).collect::<Vec<_>>().join(", ");
        if steps.len() > MOST_NAMED {
            let more = lang.number((steps.len() - MOST_NAMED) as u64);
            list += &lang.pick(format!(" và {more} đợt truyền thông khác"), format!(" and {more} more"));
        }
        lang.pick(format!("Cách ít thiệt nhất: giảm {list} lượt/ngày."), format!("Cheapest: {list} a day."))
    }

    /// The cheapest way to make the proof void: which targets to lower, and to what, so that the least weight is lost.
    pub fn mend(&self, problem: &Problem) -> Vec<Fewer> {
        let mut members = self.members(problem);
        // a/b < c/d as a*d < c*b, exactly; a campaign that is asked for much gives way before one that is asked for little
        members.sort_by(|a, b| {
            let (x, y) = (u64::from(a.shortfall_weight) * self.unit(b), u64::from(b.shortfall_weight) * self.unit(a));
            x.cmp(&y).then_with(|| (Reverse(a.target), &a.id).cmp(&(Reverse(b.target), &b.id)))
        });
        let offers = members.iter().map(|c| Offer {
            unit: self.unit(c),
            most: u64::from(c.target),
            weight: u64::from(c.shortfall_weight),
        });
        let mut cheapest = Cheapest { offers: offers.collect(), steps: 0, now: Vec::new(), best: None };
        cheapest.search(self.over(), 0);
        let taken = cheapest.best.map_or_else(Vec::new, |(_, taken)| taken);
        let fewer = |(c, taken): (&&Campaign, &u64)| Fewer {
            campaign: c.id.clone(),
            from: c.target,
            to: c.target.saturating_sub(*taken as u32),
        };
        members.iter().zip(&taken).filter(|(_, taken)| **taken > 0).map(fewer).collect()
    }
}

/// What one campaign can give.
struct Offer {
    unit: u64,
    most: u64,
    weight: u64,
}

/// A search for the plays that cover an amount at the least weight: offers in the order of weight per unit, most plays
/// first, given up where even fractions of plays would not be cheaper than the best so far.
struct Cheapest {
    offers: Vec<Offer>,
    steps: u32,
    /// Plays taken of the first offers.
    now: Vec<u64>,
    best: Option<(u64, Vec<u64>)>,
}

impl Cheapest {
    fn search(&mut self, left: u64, cost: u64) {
        if left == 0 {
            if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
                self.best = Some((cost, self.now.clone()));
            }
            return;
        }
        self.steps += 1;
        let bound = self.bound(left);
        let (Some(bound), Some(offer)) = (bound, self.offers.get(self.now.len())) else { return };
        if self.best.as_ref().is_some_and(|(best, _)| cost + bound >= *best || self.steps > MOST_STEPS) {
            return;
        }
        let (unit, weight) = (offer.unit, offer.weight);
        for plays in (0..=offer.most.min(left.div_ceil(unit))).rev() {
            self.now.push(plays);
            self.search(left.saturating_sub(plays * unit), cost + plays * weight);
            self.now.pop();
        }
    }

    /// What `left` costs at least with the offers that are left; none when they do not cover it.
    fn bound(&self, mut left: u64) -> Option<u64> {
        let mut bound = 0;
        for offer in &self.offers[self.now.len()..] {
            if offer.unit * offer.most >= left {
                return Some(bound + (left * offer.weight).div_ceil(offer.unit));
            }
            bound += offer.most * offer.weight;
            left -= offer.unit * offer.most;
        }
        None
    }
}
