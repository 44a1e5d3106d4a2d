//! The planning room: from orders, duty and the period ledger to immutable, checked plans.
//!
//! Invariants: a published plan is immutable, a change makes a new version with a cause; planning
//! again with nothing new changes nothing; no plan leaves this room that the checker has not
//! passed. Decisions are pure ([`compose`], [`ledger`], [`horizon`]); this file gathers their
//! input and keeps their result.

pub mod audit;
mod begun;
pub mod compose;
pub mod horizon;
pub mod known;
pub mod ledger;
pub mod preflight;
mod publish;
mod run;
#[cfg(test)]
mod test_town;
#[cfg(test)]
mod tests;
pub mod unit;
pub mod why;
pub mod world;

pub use compose::{Composed, DayInput, FixedEvent, Hush, InForce, LoopItem, QuotaTerms, Wanted, compose};
pub use known::{Known, Mark, SoFar};
pub use ledger::{CampaignLedger, DayFact};
pub use publish::Edition;
pub use run::{LeftOut, Planning, Replanned, Run};
pub use world::{Basis, Inputs, Unplayable, World};

use async_trait::async_trait;
use bytes::Bytes;
use lichphat_playlists::ids::{CampaignCode, PlanHash, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{PlanError, Problem};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::{AssetTable, Playlist, Tier, WireError};
use std::collections::BTreeMap;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The day's problem contradicts itself.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The checker refused the planner's plan: a defect of ours. Nothing was published.
    #[error("the plan {problem} was refused by the checker and not published: {}", errors.join("; "))]
    Refused {
        /// Name of the problem.
        problem: String,
        /// What the checker found.
        errors: Vec<String>,
    },
    /// A stored plan does not fit its own asset table.
    #[error("a stored plan does not fit its asset table; run `lichphat check`")]
    BrokenPlan,
    /// The playlist document would not be valid.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// There is no such plan.
    #[error("screen {screen} has no plan for {day}; run `lichphat plan run` or choose another day")]
    NoPlan {
        /// The screen.
        screen: ScreenCode,
        /// The day.
        day: LocalDay,
    },
    /// No screen has anything to fall back on; when some have, the others are left out.
    #[error("no safe loop for any screen: add a `[fallback]` item to the local loop so that no screen can go black")]
    NoFallback,
    /// Another process published the same day while this one was computing; nothing was saved.
    #[error("another process publishes plans at the same time; try again")]
    Raced,
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}

/// The newest plan of one (screen, day), without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanHead {
    /// The screen.
    pub screen: ScreenCode,
    /// The day.
    pub day: LocalDay,
    /// Its version.
    pub version: PlanVersion,
    /// Its name.
    pub hash: PlanHash,
    /// What decided it: see [`DayInput::input_hash`].
    pub input_hash: Sha256Hash,
}

/// A plan as it is kept, ready to be published.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// Screen, day, version, name.
    pub head: PlanHead,
    /// Why it was made, for people.
    pub cause: String,
    /// When.
    pub made: UtcMillis,
    /// The signed playlist.
    pub envelope: Vec<u8>,
    /// Name and bytes of the asset table; alike screens share them.
    pub assets: (Sha256Hash, Bytes),
    /// Name and bytes of the problem, JSON, for export and for "why".
    pub problem: (Sha256Hash, Bytes),
    /// All slots: orders, contracts, loop.
    pub slots: u32,
    /// Asked and planned by campaign.
    pub campaigns: Vec<PlannedCampaign>,
}

/// What a plan holds of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCampaign {
    /// The campaign.
    pub campaign: CampaignCode,
    /// Its rank.
    pub tier: Tier,
    /// Plays the ledger asked for.
    pub asked: u32,
    /// Plays planned.
    pub planned: u32,
    /// Nobody had approved anything of it for the screen and day.
    pub not_approved: bool,
    /// Why not all, in Vietnamese and English; empty when all.
    pub short_vi: String,
    /// The same in English.
    pub short_en: String,
}

/// A plan read back.
#[derive(Debug, Clone)]
pub struct StoredPlan {
    /// Screen, day, version, name.
    pub head: PlanHead,
    /// Why it was made.
    pub cause: String,
    /// The playlist.
    pub playlist: Playlist,
    /// The table it names.
    pub assets: AssetTable,
    /// The problem it answers.
    pub problem: Problem,
    /// Asked and planned by campaign.
    pub campaigns: Vec<PlannedCampaign>,
}

/// Facts of one screen's ledgers: campaign → day → what is known.
pub type ScreenFacts = BTreeMap<CampaignCode, BTreeMap<LocalDay, DayFact>>;

/// Facts of the ledger: (screen, campaign) → day → what is known.
pub type Facts = BTreeMap<(ScreenCode, CampaignCode), BTreeMap<LocalDay, DayFact>>;

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait PlanStore: Send + Sync {
    /// Newest versions of every screen's days from `from` to `to`, both included.
    async fn heads(&self, from: LocalDay, to: LocalDay) -> Result<Vec<PlanHead>, PlanningError>;
    /// No version below it may be published: 1, or above whatever was published and lost when a backup was restored.
    async fn first_version(&self) -> Result<PlanVersion, PlanningError>;
    /// The newest plan of one (screen, day).
    async fn newest(&self, screen: &ScreenCode, day: LocalDay) -> Result<Option<StoredPlan>, PlanningError>;
    /// Order facts of all screens for days from `from` on, newest plans and rollups together, and up to where the
    /// records of each screen's present device are in them, for every screen that has one: as of one and the same
    /// moment.
    async fn known(&self, from: LocalDay) -> Result<(Facts, BTreeMap<ScreenCode, Mark>), PlanningError>;
    /// The facts of one screen, by campaign.
    async fn facts_of(&self, screen: &ScreenCode, from: LocalDay) -> Result<ScreenFacts, PlanningError>;
    /// Every plan after row `after`, with its signed bytes, in order, at most `limit`.
    async fn audited(&self, after: i64, limit: u32) -> Result<Vec<audit::AuditedPlan>, PlanningError>;
    /// All slots of the newest plans of a day: orders, contracts and loop.
    async fn slots_on(&self, day: LocalDay) -> Result<u64, PlanningError>;
    /// Keeps plans, all or none. A version that is there already is [`PlanningError::Raced`]: plans are immutable.
    async fn save(&self, plans: Vec<NewPlan>) -> Result<(), PlanningError>;
}
