//! The room for many screens at once: which ones are meant, under which name, and what is done to all of them.
//!
//! Invariants: a filter says the same thing whoever reads it, and never widens what its reader may see; what is confirmed is exactly what
//! was looked at, by its hash; what is done is done to all of the list or to none, and stands in the log as one entry; taking back is a
//! deed of its own, and leaves alone what somebody has changed since; a closure is taken back until it is over, and what was closed was closed.

mod brought;
mod close;
mod filter;
mod group;
mod work;

pub use brought::{Brought, Changed, brought, brought_hash};
pub use close::{Means, closing, means, reopening};
pub use filter::{Facts, Filter, FilterError, State};
pub use group::{Group, Holds, Kept, MOST_GROUPS, NAME_LETTERS};
pub use work::{Done, Job, Line, Preview, QUIET_RESTARTS, REASON_LETTERS, Refusal, UNDO_MS, Who, Work};

use crate::directory::{Batch, Summary};
use crate::error::StoreError;
use crate::fleet::Asked;
use crate::people::Deed;

/// What this room needs of storage; each call is one transaction.
#[async_trait::async_trait]
pub trait ManyStore: Send + Sync {
    /// Does a job: changes, commands, its record and its entry of the log. When the directory is not at its revision any more, or what it
    /// takes back was taken back already, nothing is written and the answer is [`StoreError::Busy`]. A screen whose player cannot
    /// be asked after all is left out, and named in the record. Answers the record's number.
    async fn carry_out(&self, job: Job) -> Result<u32, StoreError>;
    /// Puts a file's facts in with one entry of the log, when the directory is still at that revision; else [`StoreError::Busy`].
    async fn bring(&self, batch: Batch, revision: u64, deed: Deed) -> Result<Summary, StoreError>;
    /// What was done under that number.
    async fn done(&self, id: u32) -> Result<Option<Done>, StoreError>;
    /// The newest things that were done, newest first.
    async fn newest_done(&self, most: u32) -> Result<Vec<Done>, StoreError>;
    /// What it asked of players, with their answers as far as they came.
    async fn asked_in(&self, done: &Done) -> Result<Vec<Asked>, StoreError>;
    /// Every group, in order of their numbers.
    async fn groups(&self) -> Result<Vec<Group>, StoreError>;
    /// Keeps a new group (number 0), or a changed one if it still is at that revision.
    async fn keep_group(&self, group: Group, deed: Deed) -> Result<Kept, StoreError>;
    /// Removes a group if it still is at that revision.
    async fn remove_group(&self, id: u32, revision: u32, deed: Deed) -> Result<Kept, StoreError>;
}
