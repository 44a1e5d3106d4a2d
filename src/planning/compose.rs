//! From what a screen owes on one day to the playlist it plays: pure.

use super::begun::Begun;
use super::{PlanningError, SoFar};
use lichphat_playlists::ids::{CampaignCode, PermitHash, PlaceHash, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::plan::{
    Campaign, Effort, Filler, Fixed, Footfall, Lang, Options, Plan, PlanReport, Play, PlayKind, Problem, Solution,
    check_with_past, plan_with,
};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::stand_in;
use lichphat_playlists::time::{IntervalSet, LocalDay};
use lichphat_playlists::wire::v1::{Asset, AssetTable, LedgerThrough, Playlist, Slot, Tier};
use serde::Serialize;
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
    /// Seconds in which it may play; all duty when absent.
    pub hours: Option<IntervalSet>,
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
    /// Orders and contracts that would be wanted and are not, for nobody has approved anything of them: rank, and the
    /// plays asked for.
    pub not_approved: BTreeMap<CampaignCode, (Tier, u32)>,
    /// The newest word on where the screen stands.
    pub place: PlaceHash,
    /// Least seconds between starts of different campaigns of one category.
    pub category_gap_s: BTreeMap<String, u32>,
    /// Records the ledger knew of.
    pub ledger_through: Option<LedgerThrough>,
    /// What has become of the day, when it has begun.
    pub so_far: Option<SoFar>,
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

impl InForce<'_> {
    /// Its plays, in order.
    pub fn plays(&self) -> Vec<Play> {
        let play = |s: &Slot| Some(play(self.assets.assets.get(usize::from(s.item))?, s.start_s));
        self.playlist.slots.iter().filter_map(play).collect()
    }
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
            .map(|l| Filler {
                id: play_id(&l.asset),
                dur: l.asset.media.duration_s,
                weight: l.weight,
                windows: l.hours.clone(),
            })
            .collect();
        problem
    }

    /// Is it what the day asks for now?
    pub(super) fn asks_for(&self, asset: &Asset) -> bool {
        self.wanted.iter().any(|w| w.asset == *asset)
            || self.fixed.iter().any(|f| f.asset == *asset)
            || self.local.iter().any(|l| l.asset == *asset)
    }

    /// What may be played on this day, sorted, without doubles; and what may be shown when nothing else may be.
    fn assets(&self, kept: Option<&InForce<'_>>) -> AssetTable {
        let now = self.wanted.iter().map(|w| &w.asset).chain(self.fixed.iter().map(|f| &f.asset));
        let built_in = match self.fallback.media.kind {
            MediaKind::Audio => &stand_in::SILENCE.asset,
            MediaKind::Video | MediaKind::Still => &stand_in::PICTURE.asset,
        };
        let all = now.chain(self.local.iter().map(|l| &l.asset)).chain([&self.fallback, built_in]);
        let past = kept.into_iter().flat_map(|k| {
            k.playlist.slots.iter().filter(|s| s.start_s < k.from_s).map(|s| &k.assets.assets[usize::from(s.item)])
        });
        let set: BTreeSet<&Asset> = all.chain(past).collect();
        AssetTable { assets: set.into_iter().cloned().collect() }
    }

    /// Hash of everything that decides the plan but the screen's name and the day's date: screens
    /// whose days are alike share one plan.
    pub fn shape_hash(&self) -> Sha256Hash {
        let wanted: Vec<_> = self
            .wanted
            .iter()
            .map(|w| {
                let cap = w.quota.as_ref().map(|q| q.daily_cap);
                (parts(&w.asset), w.target, &w.windows, w.min_gap_s, w.priority, &w.category, cap)
            })
            .collect();
        let fixed: Vec<_> = self.fixed.iter().map(|f| (parts(&f.asset), f.start_s)).collect();
        let local: Vec<_> = self.local.iter().map(|l| (parts(&l.asset), l.weight)).collect();
        let day = (&self.venue, &self.duty, &self.peak, &self.weights, &self.category_gap_s);
        let shape = (day, wanted, seniority(&self.wanted), fixed, local, &self.hush, parts(&self.fallback));
        let shape = (shape, &self.not_approved);
        if self.local.iter().all(|l| l.hours.is_none()) {
            return hash_of(&shape);
        }
        hash_of(&(shape, self.local.iter().map(|l| &l.hours).collect::<Vec<_>>()))
    }

    /// Hash of everything that decides the playlist; `shape` is the day's own [`DayInput::shape_hash`].
    pub fn input_hash(&self, shape: Sha256Hash) -> Sha256Hash {
        let until: Vec<_> =
            self.wanted.iter().map(|w| w.quota.as_ref().map(|q| (q.make_good_until, q.min_display))).collect();
        hash_of(&(shape, &self.screen, self.day, until, self.place))
    }
}

/// Every field: the form that hashes are taken of names none, so none may be left out as JSON leaves out an empty variant.
fn parts(asset: &Asset) -> (&CampaignCode, &str, Tier, &Media, u8, Fades, Option<PermitHash>) {
    (&asset.code, &asset.variant, asset.tier, &asset.media, asset.volume_percent, asset.fades, asset.permit)
}

fn hash_of(value: &impl Serialize) -> Sha256Hash {
    Sha256Hash::of(&postcard::to_allocvec(value).expect("plain data always encodes"))
}

fn overlaps(off: &IntervalSet, play: &Play) -> bool {
    !off.intersect(&IntervalSet::one(play.start, play.end())).is_empty()
}

/// `asset` at second `start`, as a problem's plays are named.
pub(super) fn play(asset: &Asset, start: u32) -> Play {
    Play { start, dur: asset.media.duration_s, kind: kind_of(asset.tier), id: play_id(asset) }
}

/// Which list of a problem things of `tier` stand in.
pub(super) fn kind_of(tier: Tier) -> PlayKind {
    match tier {
        Tier::Fixed => PlayKind::Fixed,
        Tier::Order | Tier::Contract => PlayKind::Campaign,
        Tier::Local | Tier::Fallback => PlayKind::Filler,
    }
}

/// Plans the day. The project's own checker gives a second opinion before anything leaves this room.
pub fn compose(input: &DayInput, kept: Option<&InForce<'_>>, effort: Effort) -> Result<Composed, PlanningError> {
    let mut problem = input.problem();
    let begun = Begun::new(input, kept)?;
    begun.lessen(&mut problem);
    let Begun { past, missed, .. } = begun;
    let prefer = kept.map(InForce::plays).unwrap_or_default();
    let options = Options { effort, prefer: &prefer, ..Options::default() };
    let (mut plan, report) = plan_with(&problem, &past, &options)?;
    let off = |p: &Play| input.hush.loop_off.iter().any(|(code, off)| *code.as_str() == *p.id && overlaps(off, p));
    plan.plays.retain(|p| p.kind != PlayKind::Filler || p.start < past.from_s || !off(p));
    let solution = Solution::new(problem.id.clone(), std::mem::take(&mut plan.plays));
    let verdict = check_with_past(&problem, &past, &solution);
    if !verdict.valid {
        return Err(PlanningError::Refused { problem: problem.id, errors: verdict.errors });
    }
    plan.plays = solution.plays;
    plan.plays.extend(missed);
    plan.plays.sort();
    let assets = input.assets(kept);
    Ok(Composed { problem, plan, report, assets })
}

impl Composed {
    /// Why `campaign` has fewer plays than it asks for: its proofs, or that none was found; empty when it has all.
    pub fn shortfall(&self, campaign: &str, lang: Lang) -> String {
        self.report.lines_about(campaign, &self.problem, lang, &str::to_owned).join(" ")
    }

    /// Plays of each campaign: (asked, planned).
    pub fn tally(&self) -> BTreeMap<String, (u32, u32)> {
        let mut tally: BTreeMap<String, (u32, u32)> =
            self.problem.campaigns.iter().map(|c| (c.id.clone(), (c.target, 0))).collect();
        for play in &self.plan.plays {
            match tally.get_mut(&play.id) {
                Some((_, planned)) => *planned += 1,
                None => drop(tally.insert(play.id.clone(), (0, 1))),
            }
        }
        tally
    }
}
