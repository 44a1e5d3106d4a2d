//! Campaigns: what orders, contracts and units want played, on which screens, how often, until when.
//!
//! Invariants:
//! * an order in force is amended, never edited; a number is raised, never lowered, and only from today on;
//! * a screen is bound by the line of the order that names its nearest unit;
//! * no clock, file or store in here: bytes and the present are arguments.

mod check;
mod contract;
mod contract_table;
mod directive;
mod document;
mod import;
mod local;
mod own;
mod period;
mod product;
mod series;
mod snapshot;
mod suspension;
mod target;
#[cfg(test)]
mod tests;
mod unit_quota;

use crate::directory::Summary;
use crate::error::StoreError;
use crate::people::Deed;

/// What the campaigns need from storage; each operation is one transaction.
#[async_trait::async_trait]
pub trait CampaignStore: Send + Sync {
    /// The present revision: whoever holds it has nothing to read anew.
    async fn campaigns_revision(&self) -> Result<u64, StoreError>;
    /// Everything, at its present revision.
    async fn campaigns(&self) -> Result<Campaigns, StoreError>;
    /// Puts a batch in as a whole. `revision` is that of the campaigns it was read against: when another
    /// import came in between the answer is [`StoreError::Busy`] and nothing is written.
    async fn import_campaigns(&self, batch: CampaignBatch, revision: u64) -> Result<Summary, StoreError>;
    /// Changes a unit's loop as a whole, with the deed in the log; `revision` as above.
    async fn keep_loop(&self, change: LoopChange, revision: u64, deed: Deed) -> Result<(), StoreError>;
}

pub use contract::Contract;
pub use contract_table::contracts;
pub use directive::{
    Amendment, AmendmentKind, ContentClass, Declared, Directive, DirectiveKind, Ended, InPlace, LegalBasis, Override,
    Suspend, SuspendedDays, Windows,
};
pub use document::documentation;
pub use import::{Context, directive, programme};
pub use local::{Fallback, FixedItem, LocalProgramme, LoopItem};
pub use own::{Edit, LONGEST_STILL_S, LoopChange, MOST_ITEMS, MOST_PLAYS, own_links};
pub use period::{Period, Phase, Raised};
pub use product::{Form, Product, Variant};
pub use series::{Episode, OptIn};
pub use snapshot::{CampaignBatch, CampaignChange, Campaigns, LoopEntry};
pub use suspension::{Suspended, Suspension};
pub use target::{Bound, Force, Place, Target};
