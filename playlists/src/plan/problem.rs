//! A day's problem and its answer, in the two file forms that the checkers read:
//! `dayplan-instance/1` and `dayplan-solution/1` (described in `tests/dayplan/README.md`).
//!
//! All times are whole seconds of one local day; intervals are half-open. Unknown keys are refused
//! except below `meta`.

use crate::time::{DAY_S, IntervalSet};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Schema word of a [`Problem`].
pub const INSTANCE_SCHEMA: &str = "dayplan-instance/1";
/// Schema word of a [`Solution`].
pub const SOLUTION_SCHEMA: &str = "dayplan-solution/1";

/// People in front of the screen, per bin of the day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footfall {
    /// Length of a bin, seconds (900 in every shipped profile).
    pub bin_s: u32,
    /// People per bin; the last bin also holds everything after it.
    pub weights: Vec<u32>,
}

impl Footfall {
    /// People per play that starts at `second`.
    pub fn at(&self, second: u32) -> u32 {
        let bin = (second / self.bin_s.max(1)) as usize;
        self.weights.get(bin).or(self.weights.last()).copied().unwrap_or(0)
    }
}

/// Something that must be shown once, exactly at its second.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// Name, unique among the fixed events.
    pub id: String,
    /// Start, second of the day.
    pub start: u32,
    /// Length, seconds.
    pub dur: u32,
}

/// A campaign as one screen sees it on one day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Name, unique among the campaigns.
    pub id: String,
    /// Length of one play, seconds.
    pub dur: u32,
    /// Plays asked for today.
    pub target: u32,
    /// Where a play may lie, whole.
    pub windows: IntervalSet,
    /// Least distance between two starts of this campaign, seconds.
    pub min_gap_s: u32,
    /// 1 (orders of the city) to 3; the planner serves low numbers first.
    pub priority: u8,
    /// Cost of one play that is missing (100 / 10 / 1 for priorities 1 / 2 / 3).
    pub shortfall_weight: u32,
    /// Competitive separation: members of one category keep `category_gap_s` from each other.
    pub category: Option<String>,
}

/// An item of the local loop, played in between by share of voice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filler {
    /// Name, unique among the fillers.
    pub id: String,
    /// Length of one play, seconds.
    pub dur: u32,
    /// Share of the loop's air time, relative to the other fillers.
    pub weight: u32,
    /// Where its plays may lie; all day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<IntervalSet>,
}

impl Filler {
    /// May it play from one second to another?
    pub fn may_play(&self, start: u32, end: u32) -> bool {
        self.windows.as_ref().is_none_or(|windows| windows.holds(start, end))
    }
}

/// One screen, one day: everything that decides the plan, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawProblem")]
pub struct Problem {
    /// Always [`INSTANCE_SCHEMA`].
    pub schema: String,
    /// Name of the instance; for a real screen `<screen>/<day>`.
    pub id: String,
    /// Kind of place; information only.
    pub family: String,
    /// Seed of the generator that made the instance; 0 for a real day. Information only.
    pub seed: u64,
    /// Length of the day, seconds.
    pub horizon_s: u32,
    /// When the screen is on.
    pub operating: IntervalSet,
    /// Where the people are.
    pub footfall: Footfall,
    /// The venue's busiest hours; information only, each campaign carries its own windows.
    pub peak: IntervalSet,
    /// Least distance between starts of different campaigns of one category, seconds.
    pub category_gap_s: BTreeMap<String, u32>,
    /// Fixed events, disjoint.
    pub fixed: Vec<Fixed>,
    /// Campaigns with their targets.
    pub campaigns: Vec<Campaign>,
    /// The local loop.
    pub fillers: Vec<Filler>,
    /// Anything; never read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<serde_json::Value>,
}

impl Problem {
    /// A day without anything to show yet: `operating` is when the screen is on, `weights` are people
    /// per 15 minutes.
    pub fn new(id: impl Into<String>, operating: IntervalSet, weights: Vec<u32>) -> Self {
        Self {
            schema: INSTANCE_SCHEMA.into(),
            id: id.into(),
            family: String::new(),
            seed: 0,
            horizon_s: DAY_S,
            operating,
            footfall: Footfall { bin_s: 900, weights },
            peak: IntervalSet::empty(),
            category_gap_s: BTreeMap::new(),
            fixed: Vec::new(),
            campaigns: Vec::new(),
            fillers: Vec::new(),
            meta: None,
        }
    }

    /// The campaign named `id`.
    pub fn campaign(&self, id: &str) -> Option<&Campaign> {
        self.campaigns.iter().find(|c| c.id == id)
    }

    /// Seconds taken by fixed events.
    pub fn fixed_set(&self) -> IntervalSet {
        IntervalSet::from(self.fixed.iter().map(|f| (f.start, f.start.saturating_add(f.dur))).collect::<Vec<_>>())
    }

    /// Least distance that `campaign` keeps from the other members of its category; 0 without one.
    pub fn category_gap(&self, campaign: &Campaign) -> u32 {
        campaign.category.as_ref().and_then(|k| self.category_gap_s.get(k)).copied().unwrap_or(0)
    }

    /// Everything the planner relies on; the first thing that is wrong, with its mend.
    pub fn validate(&self) -> Result<(), ProblemError> {
        self.validate_day()?;
        self.validate_fixed()?;
        unique("campaigns", self.campaigns.iter().map(|c| &c.id))?;
        unique("fillers", self.fillers.iter().map(|f| &f.id))?;
        for (i, campaign) in self.campaigns.iter().enumerate() {
            self.validate_campaign(i, campaign)?;
        }
        for (i, filler) in self.fillers.iter().enumerate() {
            let at = |field| format!("fillers[{i}] ({}).{field}", filler.id);
            ensure(filler.dur > 0, || at("dur"), filler.dur, "give it at least 1 second")?;
            ensure(filler.weight > 0, || at("weight"), filler.weight, "give it at least 1, or take the item out")?;
            let end = filler.windows.as_ref().and_then(|w| w.iter().last()).map_or(0, |(_, end)| end);
            ensure(end <= self.horizon_s, || at("windows"), end, "end them inside the day (horizon_s)")?;
        }
        Ok(())
    }

    fn validate_day(&self) -> Result<(), ProblemError> {
        ensure(self.schema == INSTANCE_SCHEMA, || "schema".into(), &self.schema, "write \"dayplan-instance/1\"")?;
        readable(|| "id".into(), &self.id)?;
        self.category_gap_s.keys().try_for_each(|category| readable(|| "category_gap_s".into(), category))?;
        let day_ok = (1..=DAY_S).contains(&self.horizon_s);
        ensure(day_ok, || "horizon_s".into(), self.horizon_s, "a day has 1 to 86400 seconds")?;
        let end = self.operating.iter().last().map_or(0, |(_, b)| b);
        ensure(end <= self.horizon_s, || "operating".into(), end, "end it inside the day (horizon_s)")?;
        ensure(self.footfall.bin_s > 0, || "footfall.bin_s".into(), 0, "use 900 (15 minutes)")?;
        ensure(!self.footfall.weights.is_empty(), || "footfall.weights".into(), "[]", "give 96 counts")?;
        // 16 million keeps every sum of a day far inside 64 bits
        match self.footfall.weights.iter().find(|&&w| w > 16_000_000) {
            Some(w) => ensure(false, || "footfall.weights".into(), w, "scale the counts below 16,000,000"),
            None => Ok(()),
        }
    }

    fn validate_fixed(&self) -> Result<(), ProblemError> {
        unique("fixed", self.fixed.iter().map(|f| &f.id))?;
        let mut order: Vec<&Fixed> = self.fixed.iter().collect();
        order.sort_by_key(|f| f.start);
        for f in &self.fixed {
            let at = |field| format!("fixed ({}).{field}", f.id);
            ensure(f.dur > 0, || at("dur"), f.dur, "give it at least 1 second")?;
            let end = f.start.saturating_add(f.dur);
            ensure(end <= self.horizon_s, || at("start"), f.start, "end it inside the day (horizon_s)")?;
        }
        for pair in order.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let at = || format!("fixed ({}).start", b.id);
            ensure(a.start + a.dur <= b.start, at, b.start, "it overlaps the fixed event before it: move one of them")?;
        }
        Ok(())
    }

    fn validate_campaign(&self, i: usize, c: &Campaign) -> Result<(), ProblemError> {
        let at = |field| format!("campaigns[{i}] ({}).{field}", c.id);
        let dur_ok = (1..=self.horizon_s).contains(&c.dur);
        ensure(dur_ok, || at("dur"), c.dur, "give it at least 1 second and at most the day")?;
        ensure(c.target <= 10_000, || at("target"), c.target, "ask for at most 10000 plays a day")?;
        ensure(c.min_gap_s >= c.dur, || at("min_gap_s"), c.min_gap_s, "make it at least dur")?;
        ensure(c.min_gap_s <= DAY_S, || at("min_gap_s"), c.min_gap_s, "use at most 86400, a day")?;
        let weight_ok = (1..=1_000_000).contains(&c.shortfall_weight);
        ensure(weight_ok, || at("shortfall_weight"), c.shortfall_weight, "use 1 to 1000000")?;
        ensure((1..=9).contains(&c.priority), || at("priority"), c.priority, "use 1 (served first) to 9")?;
        let outside = c.windows.minus(&self.operating);
        ensure(outside.is_empty(), || at("windows"), outside.text(), "cut the windows to the operating hours")?;
        if let Some(category) = &c.category {
            readable(|| at("category"), category)?;
            let Some(&gap) = self.category_gap_s.get(category) else {
                return ensure(false, || at("category"), category, "name its gap in category_gap_s");
            };
            ensure(c.min_gap_s >= gap, || at("min_gap_s"), c.min_gap_s, "make it at least its category's gap")?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCampaign {
    id: String,
    dur: u32,
    target: u32,
    windows: Vec<(u32, u32)>,
    min_gap_s: u32,
    priority: u8,
    shortfall_weight: u32,
    #[serde(default)]
    category: Option<String>,
}

/// The file as written: intervals are checked before [`IntervalSet`] sorts and merges them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProblem {
    schema: String,
    id: String,
    #[serde(default)]
    family: String,
    #[serde(default)]
    seed: u64,
    horizon_s: u32,
    operating: Vec<(u32, u32)>,
    footfall: Footfall,
    #[serde(default)]
    peak: Vec<(u32, u32)>,
    #[serde(default)]
    category_gap_s: BTreeMap<String, u32>,
    #[serde(default)]
    fixed: Vec<Fixed>,
    #[serde(default)]
    campaigns: Vec<RawCampaign>,
    #[serde(default)]
    fillers: Vec<Filler>,
    #[serde(default)]
    meta: Option<serde_json::Value>,
}

impl TryFrom<RawProblem> for Problem {
    type Error = ProblemError;
    fn try_from(raw: RawProblem) -> Result<Self, ProblemError> {
        let mut campaigns = Vec::with_capacity(raw.campaigns.len());
        for (i, c) in raw.campaigns.into_iter().enumerate() {
            readable(|| format!("campaigns[{i}].id"), &c.id)?; // before it is said
            let windows = interval_set(&format!("campaigns[{i}] ({}).windows", c.id), c.windows)?;
            campaigns.push(Campaign {
                id: c.id,
                dur: c.dur,
                target: c.target,
                windows,
                min_gap_s: c.min_gap_s,
                priority: c.priority,
                shortfall_weight: c.shortfall_weight,
                category: c.category,
            });
        }
        let problem = Self {
            schema: raw.schema,
            id: raw.id,
            family: raw.family,
            seed: raw.seed,
            horizon_s: raw.horizon_s,
            operating: interval_set("operating", raw.operating)?,
            footfall: raw.footfall,
            peak: interval_set("peak", raw.peak)?,
            category_gap_s: raw.category_gap_s,
            fixed: raw.fixed,
            campaigns,
            fillers: raw.fillers,
            meta: raw.meta,
        };
        problem.validate()?;
        Ok(problem)
    }
}

fn interval_set(field: &str, intervals: Vec<(u32, u32)>) -> Result<IntervalSet, ProblemError> {
    for (a, b) in &intervals {
        ensure(a < b, || field.to_owned(), format!("[{a},{b}]"), "an interval's end must be later than its start")?;
    }
    Ok(IntervalSet::from(intervals))
}

/// Names are said to people: none that is too long, breaks a line or turns the text around it.
fn readable(field: impl FnOnce() -> String, id: &str) -> Result<(), ProblemError> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = !id.chars().any(|c| c.is_control() || turns(c));
    let length_ok = (1..=128).contains(&id.chars().count());
    ensure(plain && length_ok, field, id.escape_debug(), "give it a name of 1 to 128 visible characters")
}

fn unique<'a>(what: &str, ids: impl Iterator<Item = &'a String>) -> Result<(), ProblemError> {
    let mut seen = BTreeSet::new();
    for (i, id) in ids.enumerate() {
        readable(|| format!("{what}[{i}].id"), id)?;
        ensure(seen.insert(id), || format!("{what}[{i}].id"), id, "give every item a name of its own")?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "callers hand over plain numbers")]
fn ensure(
    ok: bool,
    field: impl FnOnce() -> String,
    value: impl ToString,
    mend: &'static str,
) -> Result<(), ProblemError> {
    if ok {
        return Ok(());
    }
    Err(ProblemError { field: field(), value: value.to_string().chars().take(80).collect(), mend })
}

/// Why a problem cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value:?}: {mend}")]
pub struct ProblemError {
    /// The field, with the name of the item it belongs to.
    pub field: String,
    /// Its value, cut to 80 characters.
    pub value: String,
    /// What to write instead.
    pub mend: &'static str,
}

/// What a play is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlayKind {
    /// Asked for by a campaign.
    Campaign,
    /// The local loop.
    Filler,
    /// A fixed event.
    Fixed,
}

/// One item on screen: `[start, start + dur)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// Start, second of the day.
    pub start: u32,
    /// Length, seconds.
    pub dur: u32,
    /// Which list `id` belongs to.
    pub kind: PlayKind,
    /// Name of the campaign, filler or fixed event.
    pub id: String,
}

impl Play {
    /// First second after it.
    pub fn end(&self) -> u32 {
        self.start.saturating_add(self.dur)
    }
}

/// A play that has happened (or is under way) and cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastPlay {
    /// The play as it was.
    pub play: Play,
    /// Does it count toward its campaign's target? One that does not still takes its time and keeps
    /// its distance.
    pub counted: bool,
}

/// Planning in the middle of a day: what is already fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// Nothing before this second is planned (nor before the end of the last past play).
    pub from_s: u32,
    /// Plays that started before `from_s`, in order.
    pub plays: Vec<PastPlay>,
}

impl Past {
    /// The day has not begun.
    pub const fn none() -> Self {
        Self { from_s: 0, plays: Vec::new() }
    }

    /// First second that can still be planned.
    pub fn cut_s(&self) -> u32 {
        self.plays.iter().map(|p| p.play.end()).max().unwrap_or(0).max(self.from_s)
    }
}

/// A plan as a file, with optional claims and proofs that the checkers verify.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solution {
    /// Always [`SOLUTION_SCHEMA`].
    pub schema: String,
    /// The instance's id.
    pub instance: String,
    /// Sorted by start.
    pub plays: Vec<Play>,
    /// Metrics as the planner computed them; each must equal the checker's to 1e-4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<serde_json::Map<String, serde_json::Value>>,
    /// Proofs that a shortfall cannot be avoided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanations: Option<Vec<serde_json::Value>>,
    /// Anything; never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<serde_json::Value>,
}

impl Solution {
    /// A solution without claims.
    pub fn new(instance: impl Into<String>, plays: Vec<Play>) -> Self {
        Self {
            schema: SOLUTION_SCHEMA.into(),
            instance: instance.into(),
            plays,
            claims: None,
            explanations: None,
            meta: None,
        }
    }
}
