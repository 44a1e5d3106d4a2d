//! Orders as people work with them: written by form, put to two people, published; and how fast one reached its screens.
//!
//! A draft is what somebody has typed ([`Sheet`]); what it means is read off it as the same document that an import takes in
//! ([`read`]), so there is one check. Publishing is that import: nothing of a draft is in force before, all of it is after.
//!
//! An order in force is amended by a draft, too ([`Sheet::amends`]): one change of one order, with the same two signatures.
//!
//! Invariants:
//! * whoever raises a number has seen what that does, with the figures of the moment ([`Effect::seen`]);
//! * a draft is published by two people who may, of whom at most one has written it, and before its first day ([`rule`]);
//! * each revision of a draft is kept; a word is one on a revision, so whoever changes a draft has it decided anew;
//! * two people at once lose nothing: the later one is shown both ([`merge`]);
//! * what people say, and what comes of it, is a statement of the log, written in the same transaction;
//! * no clock, file or store in here: bytes and the present are arguments or ports.

pub mod delivery;
mod desk;
mod error;
mod merge;
mod model;
mod raise;
mod read;
pub mod rule;
mod sheet;
#[cfg(test)]
mod tests;

pub use desk::{Kept, OrderDesk, document};
pub use error::OrderError;
pub use merge::{Conflict, merge};
pub use model::{Draft, Said, State};
pub use raise::{Effect, Raise, RaiseEnd, Raised};
pub use read::{Beside, Wrong, read, text};
pub use sheet::{LISTS, SCALARS, Sheet, SheetError};

use crate::campaigns::CampaignBatch;
use crate::error::StoreError;
use crate::people::{AccountCode, Deed};
use async_trait::async_trait;
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::time::UtcMillis;

/// What the store must do for this room; each call is one transaction, with the statement of its deed in it. Whoever writes says at
/// which revision he read: when somebody else was quicker the answer is [`StoreError::Busy`], and nothing is written.
#[async_trait]
pub trait OrderStore: Send + Sync {
    /// Every draft, by number.
    async fn drafts(&self) -> Result<Vec<Draft>, StoreError>;
    /// One of them.
    async fn draft(&self, number: u32) -> Result<Option<Draft>, StoreError>;
    /// What one said at an earlier revision.
    async fn sheet_at(&self, number: u32, revision: u32) -> Result<Option<Sheet>, StoreError>;
    /// Keeps a new draft; its number.
    async fn begin(&self, sheet: Sheet, by: AccountCode, at: UtcMillis) -> Result<u32, StoreError>;
    /// Keeps the next revision of one that is not published; nobody has said anything of that.
    async fn revise(&self, draft: (u32, u32), sheet: Sheet, by: AccountCode, at: UtcMillis) -> Result<(), StoreError>;
    /// Keeps what somebody said of a revision, and how the draft stands from then on, when it still stands as in the first of both.
    async fn word(
        &self,
        draft: (u32, u32),
        said: Option<Said>,
        stands: (State, State),
        deed: Deed,
    ) -> Result<(), StoreError>;
    /// The same, and what it says is in force: as an import at that revision of the campaigns.
    async fn publish(
        &self,
        draft: (u32, u32),
        said: Said,
        (code, batch, at): (DirectiveCode, CampaignBatch, u64),
        deed: Deed,
    ) -> Result<(), StoreError>;
    /// An order's document is replaced by one with more in it, as by an import at that revision of the campaigns.
    async fn amend(&self, batch: CampaignBatch, at: u64, deed: Deed) -> Result<(), StoreError>;
}
