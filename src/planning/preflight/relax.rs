//! The smallest relaxation, found by trying: each kind of day that lacks room is planned again with a little less
//! asked of it, until its plays find their places. Pure.
//!
//! Fewer plays are what a proof of the impossible calls the cheapest mend: plays of others weigh more, or are no fewer.
//! Of each kind of relaxation the smallest step that helps most screens is kept; how much it gives up, in thousandths
//! of what it changes, decides between the kinds.

use super::{Look, Question};
use crate::planning::compose::{DayInput, Wanted, compose};
use crate::planning::{PlanningError, why};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::Effort;
use lichphat_playlists::quota::{Period, Within};
use lichphat_playlists::time::IntervalSet;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of day that are tried; the rest, of which fewer screens are, is not.
const MOST_KINDS: usize = 200;
/// Gaps that people would write, seconds.
const GAPS_S: [u32; 18] =
    [7200, 5400, 3600, 2700, 1800, 1500, 1200, 900, 720, 600, 480, 420, 360, 300, 240, 180, 120, 60];

/// What is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelaxationKind {
    /// A smaller gap between plays.
    Gap,
    /// Fewer plays a day.
    Plays,
    /// All hours of duty in place of the peak.
    Windows,
    /// Without contracts.
    Contracts,
}

/// A step that helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relaxation {
    /// What is given up.
    pub kind: RelaxationKind,
    /// Screens that lack room now and could carry the order then.
    pub screens: u32,
    /// Screens that lack room now and were tried.
    pub of: u32,
    /// How much is given up, thousandths of the number that changes.
    pub permille: u32,
    /// Plays or seconds now; 0 where no number changes.
    pub from: u32,
    /// Plays or seconds then.
    pub to: u32,
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

/// A kind of day that lacks room, with the screens that have such days.
pub(super) struct Failing<'a> {
    look: &'a Look,
    input: &'a DayInput,
    screens: BTreeSet<&'a ScreenCode>,
}

/// The kinds of day that lack room, those of most screens first.
pub(super) fn failing<'a>(
    of: &BTreeMap<&'a ScreenCode, Vec<Sha256Hash>>,
    looks: &'a BTreeMap<Sha256Hash, Look>,
) -> Vec<Failing<'a>> {
    let mut kinds: BTreeMap<&Sha256Hash, Failing<'a>> = BTreeMap::new();
    for (screen, hashes) in of {
        for (hash, look) in hashes.iter().filter_map(|h| looks.get_key_value(h)) {
            let Some((input, _)) = look.short.as_deref() else { continue };
            let new = || Failing { look, input, screens: BTreeSet::new() };
            kinds.entry(hash).or_insert_with(new).screens.insert(screen);
        }
    }
    let mut kinds: Vec<Failing<'a>> = kinds.into_values().collect();
    kinds.sort_by_key(|k| std::cmp::Reverse(k.screens.len()));
    kinds
}

/// A step before it has words.
struct Step {
    kind: RelaxationKind,
    from: u32,
    to: u32,
    permille: u32,
    what: (String, String),
}

/// What would help, the step that helps most screens first, of those the smallest.
pub(super) fn relaxations(question: &Question<'_>, all: &[Failing<'_>]) -> Result<Vec<Relaxation>, PlanningError> {
    let kinds = &all[..all.len().min(MOST_KINDS)];
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let tries = Tries { question, campaign: question.directive.campaign(), kinds };
    let mut found: Vec<(u32, Step)> = Vec::new();
    for steps in [tries.plays(), tries.gaps(), tries.windows(), tries.contracts()] {
        found.extend(tries.smallest(steps)?);
    }
    found.sort_by_key(|(screens, step)| (std::cmp::Reverse(*screens), step.permille, step.kind));
    let of = tries.screens(|_| true);
    Ok(found.into_iter().map(|(screens, step)| step.told(screens, of)).collect())
}

/// How a day's problem is changed by a step.
type Change = Box<dyn Fn(&mut DayInput) + Sync>;

struct Tries<'a> {
    question: &'a Question<'a>,
    campaign: CampaignCode,
    kinds: &'a [Failing<'a>],
}

impl Tries<'_> {
    /// Screens all of whose kinds of day are good.
    fn screens(&self, good: impl Fn(usize) -> bool) -> u32 {
        let bad: BTreeSet<&ScreenCode> =
            (0..self.kinds.len()).filter(|i| !good(*i)).flat_map(|i| &self.kinds[i].screens).copied().collect();
        let all: BTreeSet<&ScreenCode> = self.kinds.iter().flat_map(|k| &k.screens).copied().collect();
        all.difference(&bad).count() as u32
    }

    /// The first of the steps (from small to large) that helps as many screens as any of them does.
    fn smallest(&self, steps: Vec<(Step, Change)>) -> Result<Option<(u32, Step)>, PlanningError> {
        let all = self.screens(|_| true);
        let mut best: Option<(u32, Step)> = None;
        for (step, change) in steps {
            let helped = self.helped(&change)?;
            if helped > best.as_ref().map_or(0, |(most, _)| *most) {
                best = Some((helped, step));
            }
            if helped == all {
                break;
            }
        }
        Ok(best)
    }

    fn helped(&self, change: &Change) -> Result<u32, PlanningError> {
        let good = self
            .kinds
            .par_iter()
            .map(|kind| {
                let mut input = kind.input.clone();
                change(&mut input);
                let tally = compose(&input, None, Effort::Quick)?.tally();
                Ok(tally.get(self.campaign.as_str()).is_none_or(|(asked, placed)| placed >= asked))
            })
            .collect::<Result<Vec<bool>, PlanningError>>()?;
        Ok(self.screens(|i| good[i]))
    }

    fn mine(&self) -> impl Fn(&mut DayInput, &dyn Fn(&mut Wanted)) + Sync + Clone + use<> {
        let campaign = self.campaign.clone();
        move |input, change| {
            if let Some(wanted) = input.wanted.iter_mut().find(|w| w.asset.code == campaign) {
                change(wanted);
            }
        }
    }

    /// Fewer plays a day: what was placed is what there is room for.
    fn plays(&self) -> Vec<(Step, Change)> {
        let quota = self.question.directive.quota.filter(|q| q.per == Period::Day);
        if quota.is_none() || self.question.directive.is_of_units() {
            return Vec::new();
        }
        let from = self.kinds.iter().map(|k| k.look.asked).max().unwrap_or(0);
        let levels: BTreeSet<u32> =
            self.kinds.iter().map(|k| k.look.placed).filter(|n| (1..from).contains(n)).collect();
        let step = |to: u32| {
            let mine = self.mine();
            let change: Change = Box::new(move |input| mine(input, &|w| w.target = w.target.min(to)));
            let what =
                (format!("giảm từ {from} xuống {to} lượt/ngày"), format!("ask for {to} plays a day instead of {from}"));
            (Step { kind: RelaxationKind::Plays, from, to, permille: (from - to) * 1000 / from, what }, change)
        };
        levels.into_iter().rev().map(step).collect()
    }

    /// A smaller gap, down to the length of a play.
    fn gaps(&self) -> Vec<(Step, Change)> {
        let from = self.question.directive.min_gap_s;
        let length_s = self.question.directive.product.as_ref().map_or(1, |p| p.length_s);
        let step = |to: u32| {
            let mine = self.mine();
            let change: Change = Box::new(move |input| mine(input, &|w| w.min_gap_s = w.min_gap_s.min(to)));
            let (a, b) = (apart(from), apart(to));
            let vi = format!("rút khoảng cách tối thiểu từ {} xuống {}", a.0, b.0);
            let en = format!("let plays be {} apart instead of {}", b.1, a.1);
            let permille = (from - to) * 1000 / from;
            (Step { kind: RelaxationKind::Gap, from, to, permille, what: (vi, en) }, change)
        };
        let category = self.question.directive.category.as_ref();
        let gaps = self.question.world.campaigns.category_gap_s();
        let least = category.and_then(|c| gaps.get(c)).copied().unwrap_or(0).max(length_s);
        GAPS_S.into_iter().filter(|g| *g < from && *g >= least).map(step).collect()
    }

    /// All hours of duty.
    fn windows(&self) -> Vec<(Step, Change)> {
        if self.question.directive.quota.is_none_or(|q| q.within == Within::Duty) {
            return Vec::new();
        }
        let length = |of: fn(&DayInput) -> &IntervalSet| -> u64 {
            self.kinds.iter().map(|k| u64::from(of(k.input).length())).sum()
        };
        let (peak, duty) = (length(|i| &i.peak), length(|i| &i.duty).max(1));
        let mine = self.mine();
        let change: Change = Box::new(move |input| {
            // what a suspension takes from the peak stays off
            let open = input.duty.clone();
            let (peak, duty) = (input.peak.clone(), open);
            mine(input, &|w| w.windows = duty.minus(&peak.minus(&w.windows)));
        });
        let what = (
            "cho phát trong toàn bộ giờ hoạt động thay vì chỉ giờ cao điểm".to_owned(),
            "let plays count in all hours of duty instead of the peak only".to_owned(),
        );
        let permille = (duty.saturating_sub(peak) * 1000 / duty) as u32;
        vec![(Step { kind: RelaxationKind::Windows, from: 0, to: 0, permille, what }, change)]
    }

    /// Fewer contracts, the last of them and the longest on air first.
    fn contracts(&self) -> Vec<(Step, Change)> {
        let mut air: BTreeMap<&CampaignCode, (u8, u64)> = BTreeMap::new();
        for wanted in self.kinds.iter().flat_map(|k| &k.input.wanted).filter(|w| w.quota.is_none()) {
            let (priority, seconds) = air.entry(&wanted.asset.code).or_insert((wanted.priority, 0));
            *priority = (*priority).max(wanted.priority);
            *seconds += u64::from(wanted.target * wanted.asset.media.duration_s);
        }
        let total: u64 = air.values().map(|(_, s)| s).sum();
        let mut order: Vec<(&CampaignCode, (u8, u64))> = air.into_iter().collect();
        order.sort_by_key(|(_, (priority, seconds))| std::cmp::Reverse((*priority, *seconds)));
        let step = |n: usize| {
            let gone: BTreeSet<CampaignCode> = order[..n].iter().map(|(code, _)| (*code).clone()).collect();
            let names: Vec<String> = gone.iter().map(|c| why::title(self.question.world, c.as_str())).collect();
            let seconds: u64 = order[..n].iter().map(|(_, (_, s))| s).sum();
            let what =
                (format!("bớt hợp đồng: {}", names.join(", ")), format!("without contracts: {}", names.join(", ")));
            let permille = (seconds * 1000 / total.max(1)) as u32;
            let change: Change = Box::new(move |input| input.wanted.retain(|w| !gone.contains(&w.asset.code)));
            (
                Step {
                    kind: RelaxationKind::Contracts,
                    from: order.len() as u32,
                    to: (order.len() - n) as u32,
                    permille,
                    what,
                },
                change,
            )
        };
        (1..=order.len()).map(step).collect()
    }
}

impl Step {
    fn told(self, screens: u32, of: u32) -> Relaxation {
        let (vi, en) = match of - screens {
            0 if of == 1 => ("thì màn hình này phát đủ được".to_owned(), "then this screen can carry it".to_owned()),
            0 if of == 2 => {
                ("thì cả hai màn hình phát đủ được".to_owned(), "then both screens can carry it".to_owned())
            }
            0 => (format!("thì cả {of} màn hình phát đủ được"), format!("then all {of} screens can carry it")),
            rest => (
                format!("thì {screens} trong {of} màn hình phát đủ được, còn {rest} màn hình vẫn thiếu chỗ"),
                format!("then {screens} of {of} screens can carry it; room is still lacking on {rest}"),
            ),
        };
        Relaxation {
            kind: self.kind,
            screens,
            of,
            permille: self.permille,
            from: self.from,
            to: self.to,
            vi: format!("{} {vi}.", capital(&self.what.0)),
            en: format!("{}: {en}.", capital(&self.what.1)),
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A distance in Vietnamese and English.
fn apart(seconds: u32) -> (String, String) {
    match seconds % 60 {
        0 => (format!("{} phút", seconds / 60), format!("{} min", seconds / 60)),
        _ => (format!("{seconds} giây"), format!("{seconds} s")),
    }
}
