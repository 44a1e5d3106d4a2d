//! The room of alerts: who is told what, and when. A dark site within minutes of its hours, once for all its screens; again after a
//! while, until somebody has taken it; that it is well again; and each morning what is short, dark or waits.
//!
//! Invariants: what is decided and what is to be sent are kept in one transaction, so a restart neither forgets nor repeats; a way
//! that fails is tried again and loses nothing for a day; nobody is told of screens that he may not see; an address is kept here
//! and stands in no log.

mod model;
mod rule;
mod words;

pub use model::{Case, CaseChange, Message, NewMessage, Outgoing, Site, SiteNow, Subscription, Way};
pub use rule::{Pace, Round, digest_due, next_try, round, sites};
pub use words::Reader;

use crate::error::StoreError;
use crate::people::{AccountCode, Deed};
use async_trait::async_trait;
use lichphat_playlists::time::{LocalDay, UtcMillis};

/// Messages that could not be sent for so long are given up, ms: who has not been reached in a day is told by the next one.
pub const GIVEN_UP_MS: i64 = 24 * 3_600_000;
/// What was sent and closed is kept so long, ms.
pub const KEPT_MS: i64 = 90 * 24 * 3_600_000;

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait NotifyStore: Send + Sync {
    /// Everybody who wants to be told, by account; those whose account has ended are left out.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;
    /// Of one account.
    async fn subscription(&self, account: &AccountCode) -> Result<Option<Subscription>, StoreError>;
    /// Keeps it in place of the one before.
    async fn subscribe(&self, subscription: Subscription) -> Result<(), StoreError>;
    /// Cases that are open, and those closed since `since`, the newest first.
    async fn cases(&self, since: UtcMillis) -> Result<Vec<Case>, StoreError>;
    /// Keeps what was decided and what is to be sent of it, and forgets what is old.
    async fn keep_round(
        &self,
        changes: Vec<CaseChange>,
        messages: Vec<NewMessage>,
        at: UtcMillis,
    ) -> Result<(), StoreError>;
    /// Notes that an account has had its digest of a day, and what is to be sent; false when it had it before.
    async fn keep_digest(
        &self,
        account: AccountCode,
        day: LocalDay,
        messages: Vec<NewMessage>,
        at: UtcMillis,
    ) -> Result<bool, StoreError>;
    /// Somebody takes an open case, and the log says so; false when it is closed, or taken by another.
    async fn take(&self, case: u64, deed: Deed) -> Result<bool, StoreError>;
    /// Messages whose time has come, the oldest first, at most `most`.
    async fn outgoing(&self, now: UtcMillis, most: u32) -> Result<Vec<Outgoing>, StoreError>;
    /// Notes how it went: sent, or when it is tried again and why; none: given up.
    async fn note_sent(
        &self,
        id: u64,
        at: UtcMillis,
        failed: Option<(String, Option<UtcMillis>)>,
    ) -> Result<(), StoreError>;
}
