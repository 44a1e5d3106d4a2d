//! The sampling room: which plays somebody goes to look at, and what he found there.
//!
//! Cryptography says who signed a record, not that a panel was lit: that is shown by people who look at plays nobody could choose.
//! Invariants: a draw is kept as it was made, stated in the log, and whoever has it can draw it again
//! ([`lichphat_playlists::proof::sample`]); a finding is an entry of the log and is never changed; who could not look may look later.
//!
//! What is drawn from is a sum of the figures, so that no plan and no record is opened but those that are drawn.

mod compose;
mod record;
mod refused;

pub use compose::{Difference, Question};
pub use record::{Reported, TABLE};
pub use refused::{RefusedPlay, RefusedPlays, RefusedQuery, ScreenDay};

use crate::compliance::{ComplianceError, ComplianceStore};
use crate::directory::problem::{Say, say};
use crate::fleet::{FleetError, FleetStore};
use crate::lang::Lang;
use crate::library::MediaFiles;
use crate::planning::{PlanStore, PlanningError};
use crate::proof::ProofError;
use crate::proof::evidence::EvidenceStore;
use async_trait::async_trait;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::sample::{Draw, DrawError, Drawn, Finding, Kind};
use lichphat_playlists::time::{LocalDay, UtcOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum SamplingError {
    /// Seed, aim or days.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// Neither wholly past nor wholly to come.
    #[error(
        "--from {from} --to {to}: today is {today}; draw days that are over (what was counted), or days from tomorrow on (what is planned)"
    )]
    Days {
        /// First day.
        from: LocalDay,
        /// Last day.
        to: LocalDay,
        /// The day it is.
        today: LocalDay,
    },
    /// Nothing to draw from.
    #[error("campaign {campaign}: {} from {from} to {to}, so there is nothing to draw from; {}", nothing(*kind), mend(*kind))]
    Nothing {
        /// The campaign.
        campaign: CampaignCode,
        /// What was to be drawn from.
        kind: Kind,
        /// First day.
        from: LocalDay,
        /// Last day.
        to: LocalDay,
    },
    /// Figures and plans or records differ.
    #[error(
        "screen {screen}, {day}: its figures changed meanwhile, or are not what its plan or records say; draw again, then run `lichphat check`"
    )]
    Differs {
        /// The screen.
        screen: ScreenCode,
        /// The day.
        day: LocalDay,
    },
    /// Something else was reported of that play.
    #[error("draw {draw}, number {n}: {seen} was reported of it already, and a finding is never changed")]
    Reported {
        /// The draw.
        draw: Sha256Hash,
        /// The play's turn.
        n: u32,
        /// What was reported.
        seen: &'static str,
    },
    /// A list with mistakes: nothing of it was taken.
    #[error("{}", .0.text(Lang::En))]
    File(crate::directory::problem::Problems),
    /// Planning's store.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// Proof's store.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The figures' store.
    #[error(transparent)]
    Compliance(#[from] ComplianceError),
    /// The fleet's store.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}

const fn nothing(kind: Kind) -> &'static str {
    match kind {
        Kind::Planned => "nothing is planned",
        Kind::Counted => "nothing was counted",
    }
}

const fn mend(kind: Kind) -> &'static str {
    match kind {
        Kind::Planned => "run `lichphat plan run`, or choose days within the plans' horizon",
        Kind::Counted => "look at `lichphat report compliance`",
    }
}

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait SampleStore: Send + Sync {
    /// Keeps a draw and states it in the log; the same one twice is kept once.
    async fn keep_draw(&self, draw: &Draw) -> Result<(), SamplingError>;
    /// Every draw, in the order in which they were made.
    async fn draws(&self) -> Result<Vec<Draw>, SamplingError>;
    /// Every draw that the log states, in its order.
    async fn drawn(&self) -> Result<Vec<Drawn>, SamplingError>;
    /// What was found, of one draw, in the order of the log.
    async fn findings(&self, draw: Sha256Hash) -> Result<Vec<Finding>, SamplingError>;
    /// Adds findings to the log, all or none. What is there already changes nothing; something else of the same play is
    /// [`SamplingError::Reported`], unless nobody could look before. Answers how many are new.
    async fn record(&self, findings: Vec<Finding>) -> Result<u32, SamplingError>;
    /// The log's newest checkpoint, a signed note.
    async fn newest_checkpoint(&self) -> Result<Option<String>, SamplingError>;
}

/// All that this room reads.
pub trait SamplingStores: SampleStore + PlanStore + EvidenceStore + ComplianceStore + FleetStore {}
impl<S: SampleStore + PlanStore + EvidenceStore + ComplianceStore + FleetStore> SamplingStores for S {}

/// The room's door.
pub struct Sampling {
    store: Arc<dyn SamplingStores>,
    files: MediaFiles,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
}

impl Sampling {
    /// Ties the room to stores, files and clock.
    pub fn new(store: Arc<dyn SamplingStores>, files: MediaFiles, clock: Arc<dyn Clock>, offset: UtcOffset) -> Self {
        Self { store, files, clock, offset }
    }

    /// Every draw, in the order in which they were made.
    pub async fn draws(&self) -> Result<Vec<Draw>, SamplingError> {
        self.store.draws().await
    }

    /// Every draw that the log states, also one whose file is held no more.
    pub async fn drawn(&self) -> Result<Vec<Drawn>, SamplingError> {
        self.store.drawn().await
    }

    /// `lichphat check`, this room's part: is every draw what the log states, and is every stated one held? Where, what.
    pub async fn audit(&self) -> Result<Vec<(Say, Say)>, SamplingError> {
        let held: BTreeMap<Sha256Hash, Draw> = self.draws().await?.into_iter().map(|d| (d.hash(), d)).collect();
        let stated: BTreeMap<Sha256Hash, Drawn> = self.drawn().await?.into_iter().map(|d| (d.draw, d)).collect();
        let mut findings = Vec::new();
        for hash in held.keys().chain(stated.keys()).collect::<BTreeSet<_>>() {
            let problem = match (held.get(hash).map(Draw::drawn), stated.get(hash)) {
                (Some(draw), Some(stated)) if draw == *stated => continue,
                (None, _) => say("có trong sổ nhưng không còn trong kho", "is in the log and no longer in the store"),
                (Some(_), _) => say("không như sổ đã ghi", "is not what the log states"),
            };
            findings.push((say(format!("lần rút {hash}"), format!("draw {hash}")), problem));
        }
        Ok(findings)
    }

    /// What was found, in the order in which it was reported.
    pub async fn findings(&self, draw: &Draw) -> Result<Vec<Finding>, SamplingError> {
        self.store.findings(draw.hash()).await
    }
}
