//! The directory: units, screens, the hours of places, calendars, closures, rosters, footfall.
//!
//! It answers who a screen belongs to on a day, when it should be on and when people are there, from
//! an in-memory [`Directory`]; imports turn files into a [`Batch`] or into a full list of problems.
//!
//! Invariants:
//! * facts are dated: a merger, a move or a new profile never changes what held before its day;
//! * a file is taken whole or not at all, and a second time changes nothing;
//! * no clock, file or store in here: bytes and the present are arguments.

mod calendar;
mod closure;
pub mod counts;
mod duty;
mod export;
mod find;
mod follow;
mod footfall;
pub mod import;
mod lookup;
mod name;
pub mod problem;
mod screen;
mod snapshot;
pub mod table;
#[cfg(test)]
mod tests;
mod timeline;
pub(crate) mod typed;
mod unit;
mod venue;
pub(crate) mod words;

use crate::error::StoreError;
use lichphat_playlists::time::{LocalDay, UtcMillis};

/// What the directory needs from storage; each operation is one transaction.
#[async_trait::async_trait]
pub trait DirectoryStore: Send + Sync {
    /// The present revision: whoever holds it has nothing to read anew.
    async fn directory_revision(&self) -> Result<u64, StoreError>;
    /// Everything, at its present revision.
    async fn directory(&self) -> Result<Directory, StoreError>;
    /// Puts a batch in as a whole. `revision` is that of the directory it was read against: when another
    /// import came in between the answer is [`StoreError::Busy`] and nothing is written.
    async fn import_directory(&self, batch: Batch, revision: u64) -> Result<Summary, StoreError>;
    /// The counts of a subject from a day to a day, both included, in order.
    async fn footfall_days(
        &self,
        subject: FootfallSubject,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<Vec<FootfallDay>, StoreError>;
    /// Puts the profiles for a Monday to people: one that was decided stays decided, one that waits says what the
    /// new one says, and whatever waits beside them lapses. Answers how many say something new.
    async fn propose_peaks(&self, monday: LocalDay, drafts: Vec<Draft>, now: UtcMillis) -> Result<u32, StoreError>;
    /// Every proposal that waits, then the `decided` newest of the others, newest first.
    async fn peak_proposals(&self, decided: u32) -> Result<Vec<Proposal>, StoreError>;
    /// How many proposals wait.
    async fn peaks_waiting(&self) -> Result<u64, StoreError>;
    /// The proposal of that number.
    async fn peak_proposal(&self, id: u32) -> Result<Option<Proposal>, StoreError>;
    /// Decides one that still waits; false when it does not any more, and then nothing is written.
    async fn decide_peaks(&self, id: u32, decision: Decision) -> Result<bool, StoreError>;
}

pub use calendar::{AppliesTo, CalendarDay, CalendarStatus, DayKind};
pub use closure::{Closure, ClosureSubject, LocalTime};
pub use export::{inert, screen_fields, screens_csv};
pub use find::{Findable, Finder};
pub use follow::{
    Basis, ClassPeaks, DecideError, Decided, Decision, Derived, DerivedClass, Draft, Following, Proposal,
    ProposalState, decide,
};
pub use footfall::{FootfallCount, FootfallDay, FootfallProfile, FootfallSubject};
pub use lookup::NameError;
pub use name::{matching_key, plain_key, without_kind};
pub use screen::{Connection, Link, LinkHistory, Links, Output, Screen, ScreenKind, Shape};
pub use snapshot::{Batch, Change, Directory, RosterEntry, Summary};
pub use timeline::{DaySpan, Timeline};
pub use unit::{Unit, UnitKind};
pub use venue::{BIN_S, BINS, Confidence, DayClass, DayHours, Days, Hours, Observes, PlainWeights, Term, VenueProfile};
