//! From what a screen owes on one day to the playlist it plays: pure.

use super::PlanningError;
use lichphat_playlists::ids::{CampaignCode, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{
    Campaign, Effort, Filler, Fixed, Footfall, Options, Past, PastPlay, Plan, PlanReport, Play, PlayKind, Problem,
    Solution, check_with_past, plan_with,
};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{IntervalSet, LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::v1::{Asset, AssetTable, LedgerThrough, Playlist, Schema, Slot, Terms, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// A campaign as one screen-day's problem needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What to play.
    pub asset: Asset,
    /// Plays asked for on this day, by the period ledger.
    pub target: u32,
    /// Where a play may lie.
    pub windows: IntervalSet,
    /// Least seconds between starts.
    pub min_gap_s: u32,
    /// 1 (first) to 3, among its own tier: every order stands above every contract.
    pub priority: u8,
    /// Competitive separation.
    pub category: Option<String>,
    /// Set when plays are owed by an order: misses are made good.
    pub quota: Option<QuotaTerms>,
    /// The oldest day of which plays are still missing: among orders of one priority it goes first.
    pub behind_since: Option<LocalDay>,
}

/// What a device needs to make a quota's misses good by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaTerms {
    /// Least display level that counts.
    pub min_display: DisplayLevel,
    /// Most plays on one day, make-goods included.
    pub daily_cap: u32,
    /// Last day on which this period's misses may be made good.
    pub make_good_until: LocalDay,
}

/// An item of the screen's own loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopItem {
    /// What to play.
    pub asset: Asset,
    /// Share of voice.
    pub weight: u32,
}

/// A fixed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedEvent {
    /// What to play.
    pub asset: Asset,
    /// Second of the day.
    pub start_s: u32,
}

/// What a suspension takes from the local loop.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Hush {
    /// Seconds in which an item of the loop does not play, for those that have any.
    pub loop_off: BTreeMap<CampaignCode, IntervalSet>,
    /// Seconds in which nothing stands in place of the loop: black on purpose, between what still plays.
    pub blank: IntervalSet,
}

/// The same content without its sound.
pub fn muted(asset: Asset, mute: bool) -> Asset {
    if mute { Asset { volume_percent: 0, ..asset } } else { asset }
}

/// Everything that decides one screen's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayInput {
    /// The screen.
    pub screen: ScreenCode,
    /// The day.
    pub day: LocalDay,
    /// Kind of place, for people who read the exported problem.
    pub venue: String,
    /// Seconds in which the screen should be on.
    pub duty: IntervalSet,
    /// Its busiest windows.
    pub peak: IntervalSet,
    /// People per 15 minutes.
    pub weights: Vec<u32>,
    /// Orders and contracts.
    pub wanted: Vec<Wanted>,
    /// Fixed events.
    pub fixed: Vec<FixedEvent>,
    /// The local loop.
    pub local: Vec<LoopItem>,
    /// What suspensions take from it.
    pub hush: Hush,
    /// The safe loop.
    pub fallback: Asset,
    /// Least seconds between starts of different campaigns of one category.
    pub category_gap_s: BTreeMap<String, u32>,
    /// Records the ledger knew of.
    pub ledger_through: Option<LedgerThrough>,
}

/// How a plan in force is kept when a day is planned again.
#[derive(Debug, Clone)]
pub struct InForce<'a> {
    /// The plan.
    pub playlist: &'a Playlist,
    /// The table it names.
    pub assets: &'a AssetTable,
    /// Slots that start before this second are facts.
    pub from_s: u32,
}

/// A plan that passed the checker and is ready to be published.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The problem, as the checkers read it.
    pub problem: Problem,
    /// The plan.
    pub plan: Plan,
    /// What the planner says about it.
    pub report: PlanReport,
    /// What may be played.
    pub assets: AssetTable,
    /// Hash of everything that decided the plan: equal means nothing new.
    pub input_hash: Sha256Hash,
}

/// Priority in the day's problem and cost of a missing play. An hour (the longest product) of five-second contracts
/// weighs less than one play of the last order, so no order ever gives way to contracts.
fn rank(wanted: &Wanted) -> (u8, u32) {
    match (wanted.asset.tier, wanted.priority) {
        (Tier::Order, 0 | 1) => (1, 900_000),
        (Tier::Order, 2) => (2, 90_000),
        (Tier::Order, _) => (3, 9_000),
        (_, 0..=2) => (4, 10),
        (_, _) => (5, 1),
    }
}

/// Of orders of one priority the one with the oldest miss goes first, then the one whose code comes first: what its
/// missing plays cost more than the others', so little that it never outweighs a priority.
fn seniority(wanted: &[Wanted]) -> Vec<u32> {
    let rivals = |w: &Wanted| wanted.iter().filter(|o| o.asset.tier == Tier::Order && rank(o).0 == rank(w).0).count();
    let mut behind: Vec<usize> = (0..wanted.len())
        .filter(|&i| wanted[i].behind_since.is_some() && wanted[i].asset.tier == Tier::Order && rivals(&wanted[i]) > 1)
        .collect();
    behind.sort_by_key(|&i| (wanted[i].behind_since, &wanted[i].asset.code));
    let mut more = vec![0; wanted.len()];
    for (place, &i) in behind.iter().rev().enumerate() {
        more[i] = (place as u32 + 1).min(999);
    }
    more
}

/// The name one asset has in a problem. A campaign's name is its code.
fn play_id(asset: &Asset) -> String {
    asset.code.to_string()
}

impl DayInput {
    /// The day's problem, as planner and checkers read it.
    pub fn problem(&self) -> Problem {
        // Black seconds are only planned where something still plays in them.
        let used = self.wanted.iter().fold(self.duty.minus(&self.hush.blank), |used, w| used.union(&w.windows));
        let operating = used.intersect(&self.duty);
        let mut problem = Problem::new(format!("{}/{}", self.screen, self.day), operating, self.weights.clone());
        problem.family = self.venue.clone();
        problem.footfall = Footfall { bin_s: 900, weights: self.weights.clone() };
        problem.peak = self.peak.clone();
        problem.category_gap_s = self.category_gap_s.clone();
        let campaign = |(w, more): (&Wanted, u32)| {
            let (priority, weight) = rank(w);
            Campaign {
                id: play_id(&w.asset),
                dur: w.asset.media.duration_s,
                target: w.target,
                windows: w.windows.intersect(&self.duty),
                min_gap_s: w.min_gap_s.max(w.asset.media.duration_s),
                priority,
                shortfall_weight: weight + more,
                category: w.category.clone(),
            }
        };
        problem.campaigns = self.wanted.iter().zip(seniority(&self.wanted)).map(campaign).collect();
        problem.fixed = self
            .fixed
            .iter()
            .filter(|f| self.duty.holds(f.start_s, f.start_s + f.asset.media.duration_s))
            .map(|f| Fixed { id: play_id(&f.asset), start: f.start_s, dur: f.asset.media.duration_s })
            .collect();
        problem.fillers = self
            .local
            .iter()
            .map(|l| Filler { id: play_id(&l.asset), dur: l.asset.media.duration_s, weight: l.weight })
            .collect();
        problem
    }

    /// What may be played on this day, sorted, without doubles.
    fn assets(&self, kept: Option<&InForce<'_>>) -> AssetTable {
        let now = self.wanted.iter().map(|w| &w.asset).chain(self.fixed.iter().map(|f| &f.asset));
        let all = now.chain(self.local.iter().map(|l| &l.asset)).chain([&self.fallback]);
        let past = kept.into_iter().flat_map(|k| {
            k.playlist.slots.iter().filter(|s| s.start_s < k.from_s).map(|s| &k.assets.assets[usize::from(s.item)])
        });
        let set: BTreeSet<&Asset> = all.chain(past).collect();
        AssetTable { assets: set.into_iter().cloned().collect() }
    }

    /// Hash of everything that decides the plan but the screen's name and the day's date: screens
    /// whose days are alike share one plan.
    pub fn shape_hash(&self) -> Sha256Hash {
        let mut problem = self.problem();
        problem.id = String::new();
        let terms: Vec<_> = self.wanted.iter().map(|w| (&w.asset, w.quota.as_ref().map(|q| q.daily_cap))).collect();
        let locals: Vec<_> = self.local.iter().map(|l| &l.asset).collect();
        let text = serde_json::to_vec(&(problem, terms, locals, &self.hush, &self.fallback));
        let text = text.expect("plain data always encodes");
        Sha256Hash::of(&text)
    }

    /// Hash of everything that decides the playlist.
    pub fn input_hash(&self) -> Sha256Hash {
        let until: Vec<_> =
            self.wanted.iter().map(|w| w.quota.as_ref().map(|q| (q.make_good_until, q.min_display))).collect();
        let text =
            serde_json::to_vec(&(self.shape_hash(), &self.screen, self.day, until)).expect("plain data always encodes");
        Sha256Hash::of(&text)
    }
}

fn past_of(kept: Option<&InForce<'_>>) -> Result<Past, PlanningError> {
    let Some(kept) = kept else { return Ok(Past::none()) };
    let mut plays = Vec::new();
    for slot in kept.playlist.slots.iter().filter(|s| s.start_s < kept.from_s) {
        let asset = kept.assets.assets.get(usize::from(slot.item)).ok_or(PlanningError::BrokenPlan)?;
        plays.push(PastPlay { play: play(asset, slot.start_s), counted: true });
    }
    Ok(Past { from_s: kept.from_s, plays })
}

fn overlaps(off: &IntervalSet, play: &Play) -> bool {
    !off.intersect(&IntervalSet::one(play.start, play.end())).is_empty()
}

fn play(asset: &Asset, start: u32) -> Play {
    let kind = match asset.tier {
        Tier::Fixed => PlayKind::Fixed,
        Tier::Order | Tier::Contract => PlayKind::Campaign,
        Tier::Local | Tier::Fallback => PlayKind::Filler,
    };
    Play { start, dur: asset.media.duration_s, kind, id: play_id(asset) }
}

/// Plans the day. The project's own checker gives a second opinion before anything leaves this room.
pub fn compose(input: &DayInput, kept: Option<&InForce<'_>>, effort: Effort) -> Result<Composed, PlanningError> {
    let problem = input.problem();
    let past = past_of(kept)?;
    let prefer: Vec<Play> = kept
        .into_iter()
        .flat_map(|k| k.playlist.slots.iter().map(|s| play(&k.assets.assets[usize::from(s.item)], s.start_s)))
        .collect();
    let options = Options { effort, prefer: &prefer, ..Options::default() };
    let (mut plan, report) = plan_with(&problem, &past, &options)?;
    let off = |p: &Play| input.hush.loop_off.iter().any(|(code, off)| *code.as_str() == *p.id && overlaps(off, p));
    plan.plays.retain(|p| p.kind != PlayKind::Filler || p.start < past.from_s || !off(p));
    let verdict = check_with_past(&problem, &past, &Solution::new(problem.id.clone(), plan.plays.clone()));
    if !verdict.valid {
        return Err(PlanningError::Refused { problem: problem.id, errors: verdict.errors });
    }
    let assets = input.assets(kept);
    Ok(Composed { input_hash: input.input_hash(), problem, plan, report, assets })
}

/// When, why and as which version a plan is published.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Version of this (screen, day).
    pub version: PlanVersion,
    /// Why, for people.
    pub cause: String,
    /// Now.
    pub made: UtcMillis,
    /// Offset of local time.
    pub offset: UtcOffset,
}

impl Composed {
    /// The playlist document of `input`'s screen and day. `input` may be another screen than the
    /// one the plan was made for, when their days are alike.
    pub fn playlist(&self, input: &DayInput, edition: Edition) -> Result<Playlist, PlanningError> {
        // Fixed events, campaigns and fillers may share a code; a play names its kind as well.
        let index: BTreeMap<(PlayKind, &CampaignCode), u16> = self
            .assets
            .assets
            .iter()
            .enumerate()
            .filter(|(_, a)| a.tier != Tier::Fallback)
            .map(|(i, a)| ((play(a, 0).kind, &a.code), i as u16))
            .collect();
        let slots = self
            .plan
            .plays
            .iter()
            .map(|p| {
                let code = CampaignCode::new(p.id.clone()).map_err(|_| PlanningError::BrokenPlan)?;
                let item = *index.get(&(p.kind, &code)).ok_or(PlanningError::BrokenPlan)?;
                Ok(Slot { start_s: p.start, item })
            })
            .collect::<Result<Vec<_>, PlanningError>>()?;
        let fallback = self.assets.assets.iter().position(|a| *a == input.fallback).ok_or(PlanningError::BrokenPlan)?;
        let terms = input.wanted.iter().filter_map(|w| {
            let quota = w.quota.as_ref()?;
            Some(Terms {
                campaign: w.asset.code.clone(),
                windows: w.windows.intersect(&input.duty),
                min_gap_s: w.min_gap_s,
                min_display: quota.min_display,
                daily_cap: quota.daily_cap,
                make_good_until: quota.make_good_until,
                priority: w.priority,
            })
        });
        let playlist = Playlist {
            schema: Schema::V1,
            screen: input.screen.clone(),
            day: input.day,
            offset_min: edition.offset,
            version: edition.version,
            cause: edition.cause,
            made_ms: edition.made,
            ledger_through: input.ledger_through,
            assets: self.assets.encode().1,
            duty: input.duty.minus(&input.hush.blank),
            terms: terms.collect(),
            fallback: fallback as u16,
            slots,
        };
        playlist.check(&self.assets)?;
        Ok(playlist)
    }

    /// Plays of each campaign: (asked, planned).
    pub fn tally(&self) -> BTreeMap<String, (u32, u32)> {
        let mut tally: BTreeMap<String, (u32, u32)> =
            self.problem.campaigns.iter().map(|c| (c.id.clone(), (c.target, 0))).collect();
        for play in &self.plan.plays {
            tally.entry(play.id.clone()).or_default().1 += 1;
        }
        tally
    }
}
