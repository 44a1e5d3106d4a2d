//! The log: everything that was taken in or stated, numbered without holes from 0, in the order in which it came.
//!
//! Segments lie in one table per received day, so that retention drops whole days; statements, which are few and kept
//! for ever, lie beside them. Both share one numbering: the leaves of the tree that outsiders verify.
//!
//! [`Log::round`] lets the tree follow the entries: hashes to disk, fsync, checkpoint signed and witnessed, compare and
//! swap, publish. It begins from nothing but the store and the files, so coming back from a crash is the same round.
//! Invariant: of one size no two checkpoints are ever published.

mod end;
mod files;
mod read;
mod resume;
mod retention;
mod round;

pub use end::Ended;
pub use files::{DiskFiles, HELD, LogFiles};
pub use round::{ConsistencyFrom, Round, Unwitnessed, Witnesses};

use super::ProofError;
use async_trait::async_trait;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::entry::{Begun, Statement, segment_leaf};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::tile::ShortTile;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Approving, LogSigning, PlanSigning, Receipting, SigningKey, VerifyingKey};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Why the log cannot go on, or cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] ProofError),
    /// A file of the log could not be read or written.
    #[error("the log's files: {0}; look for space and rights in the data directory's log/, the next round goes on")]
    Files(#[from] std::io::Error),
    /// A tile is shorter than the signed tree, and could not be written anew.
    #[error("{0}; bring log/tile back from a backup")]
    Short(#[from] ShortTile),
    /// The store holds less than was published.
    #[error(
        "the log was published up to {published} entries and the database holds {held} of that history: it was restored from an \
         older backup or changed; bring the newer database back. If that is lost, the log is over: \
         `lichphat log restart --reason TEXT --by WHO` begins a new one over what is left (docs/log.md)"
    )]
    RolledBack {
        /// Entries of the published checkpoint.
        published: u64,
        /// Entries in the store that stand behind it.
        held: u64,
    },
    /// What was published is of a log of another name or key.
    #[error(
        "log/checkpoint is of the log {0}, and settings and keys/log.key are of another one: put the name in [log] origin and the key \
         back as they were; a new log is begun by `lichphat log restart` alone (docs/log.md)"
    )]
    Renamed(String),
    /// The data come from a backup, and nobody has said what was published since.
    #[error(
        "the data were restored from a backup, so this log waits: it may have published more since, and must not publish a second \
         history. Give it the newest checkpoint anybody has (the lost disk's log/checkpoint, a witness's, an auditor's): \
         `lichphat log resume FILE` (docs/log.md)"
    )]
    Waits,
    /// Not a checkpoint that this log has signed.
    #[error("this is no checkpoint that the log {0} has signed; bring the file as it was published")]
    Foreign(String),
    /// A new log has begun over its entries.
    #[error("the log {0} has ended, another goes on in its place: start the server again, and it takes the new key")]
    Over(String),
    /// An entry that the tree needs is not there.
    #[error("entry {0} of the log is missing in the database; run `lichphat check`")]
    Missing(u64),
    /// The tiles do not lead to the signed root, and neither do the entries.
    #[error("the stored entries are not those of the signed checkpoint of {0} entries; run `lichphat check`")]
    Rewritten(u64),
    /// The program's own defect.
    #[error("a step of the log was lost: {0}")]
    Lost(String),
}

/// A segment as the store holds it.
#[derive(Debug, Clone)]
pub struct StoredSegment {
    /// Its place in the log.
    pub log_index: u64,
    /// The received day whose table holds it.
    pub day: LocalDay,
    /// Device the row names.
    pub device: DeviceId,
    /// Epoch the row names.
    pub epoch: Epoch,
    /// First record the row names.
    pub first_seq: Seq,
    /// Last record the row names.
    pub last_seq: Seq,
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// When it arrived.
    pub received: UtcMillis,
}

/// An entry of the log as the store holds it.
#[derive(Debug, Clone)]
pub enum StoredEntry {
    /// A segment in its day's table.
    Segment(StoredSegment),
    /// A leaf that stands by itself: a statement, a device's head, a quarantined fork, or a segment that shares its bundle with kept ones when its day is gone.
    Leaf {
        /// Its place in the log.
        log_index: u64,
        /// The leaf.
        bytes: Vec<u8>,
    },
}

impl StoredEntry {
    /// Its place in the log.
    pub fn log_index(&self) -> u64 {
        match self {
            Self::Segment(segment) => segment.log_index,
            Self::Leaf { log_index, .. } => *log_index,
        }
    }

    /// The bytes that are hashed.
    pub fn leaf(&self) -> Vec<u8> {
        match self {
            Self::Segment(segment) => segment_leaf(segment.received, &segment.bytes),
            Self::Leaf { bytes, .. } => bytes.clone(),
        }
    }
}

/// A device hands in what it has sealed within moments of a line. What it promised and has not handed in for so long is
/// stated in the log, ms. (What came needs no head: a segment in the log says as much, and as firmly.)
pub const OVERDUE_MS: i64 = 3_600_000;
/// How often that is stated of one device, at most, ms.
pub const STATED_EVERY_MS: i64 = 86_400_000;

/// A signed checkpoint of the log, as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Sha256Hash,
    /// The note: signed by the log, cosigned by those who answered.
    pub note: String,
    /// When it was signed.
    pub at: UtcMillis,
}

/// Where a segment lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its first record.
    pub first_seq: Seq,
    /// Its number in the log.
    pub log_index: u64,
    /// When it arrived.
    pub received: UtcMillis,
}

/// A received day whose segments are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldDay {
    /// The local day.
    pub day: LocalDay,
    /// Entries before this one are of earlier days.
    pub first_index: u64,
}

/// What the store must do for the log; each call is one transaction.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Entries so far, published or not: the number of the next one.
    async fn log_size(&self) -> Result<u64, ProofError>;
    /// The entries that are held of this range, in order. Of an honest, unpruned log: all of them.
    async fn entries(&self, range: Range<u64>) -> Result<Vec<StoredEntry>, ProofError>;
    /// The newest statements about a screen before entry `before`, newest first, at most `limit`.
    async fn about(
        &self,
        screen: &ScreenCode,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Statement)>, ProofError>;
    /// The newest signed checkpoint of the log of that name; none before the first.
    async fn head(&self, origin: &str) -> Result<Option<Head>, ProofError>;
    /// The checkpoints of that log of more than `after` entries, in order, at most `limit`.
    async fn checkpoints(&self, origin: &str, after: Option<u64>, limit: u32) -> Result<Vec<Head>, ProofError>;
    /// Compare and swap: keeps `new` as the newest checkpoint if the one before is still of `old` entries (none: there is
    /// none yet). False when somebody else was first; nothing is kept then.
    async fn swap_head(&self, origin: &str, old: Option<u64>, new: Head) -> Result<bool, ProofError>;
    /// Keeps the note of a checkpoint again, with more cosignatures below the same text.
    async fn cosigned(&self, origin: &str, head: Head) -> Result<(), ProofError>;
    /// From now on nothing is published under that name: adds the scheduler's word on that as the next entry. False when it
    /// was so before, and nothing is added.
    async fn end(&self, origin: &str, begun: Begun) -> Result<bool, ProofError>;
    /// Has the log of that name ended?
    async fn is_over(&self, origin: &str) -> Result<bool, ProofError>;
    /// The published segments of a device's epoch that hold records after `after`, with numbers below `size`, in order,
    /// at most `limit`, without their bytes.
    async fn places(
        &self,
        device: DeviceId,
        epoch: Epoch,
        after: Seq,
        size: u64,
        limit: u32,
    ) -> Result<Vec<Place>, ProofError>;
    /// Adds the scheduler's word as the next entry; the answer is its number.
    async fn state(&self, statement: Statement) -> Result<u64, ProofError>;
    /// Adds the keys as the next entry, unless the newest statement of keys names the same.
    async fn state_keys(&self, signs: Signs, at: UtcMillis) -> Result<(), ProofError>;
    /// Adds, as entries, what devices signed of how far their records go where what they promised before
    /// `now` - [`OVERDUE_MS`] is not held; of a device once in [`STATED_EVERY_MS`] at most, and only more than before.
    async fn state_overdue(&self, now: UtcMillis) -> Result<(), ProofError>;
    /// The days whose segments are held, in order. The first one is where retention stands.
    async fn held_days(&self) -> Result<Vec<HeldDay>, ProofError>;
    /// Drops the segments and marks of the oldest held day as a whole; the leaves of `kept` stay as leaves by themselves.
    async fn drop_day(&self, day: HeldDay, kept: Range<u64>) -> Result<(), ProofError>;
}

/// What the scheduler signs with, beside the log; the log states it.
#[derive(Debug, Clone)]
pub struct Signs {
    /// Playlists.
    pub plan: VerifyingKey<PlanSigning>,
    /// Receipts.
    pub receipt: VerifyingKey<Receipting>,
    /// Permits, places and withdrawals.
    pub approval: VerifyingKey<Approving>,
}

/// The log's door.
pub struct Log {
    store: Arc<dyn LogStore>,
    files: Arc<dyn LogFiles>,
    witnesses: Arc<dyn Witnesses>,
    clock: Arc<dyn Clock>,
    name: VerifierKey<LogSigning>,
    key: SigningKey<LogSigning>,
    signs: Signs,
    /// Were the scheduler's other keys looked for in the log since this program began?
    stated: AtomicBool,
    /// Were the files looked at as a whole since this program began?
    looked: AtomicBool,
    /// When a round last ended well, UTC milliseconds; 0: none since this program began.
    rounded: AtomicI64,
}

impl Log {
    /// Ties the log to its store, files, witnesses and clock, to its name, to the key that signs for it, and to the keys
    /// that it states.
    pub fn new(
        store: Arc<dyn LogStore>,
        files: Arc<dyn LogFiles>,
        witnesses: Arc<dyn Witnesses>,
        clock: Arc<dyn Clock>,
        name: VerifierKey<LogSigning>,
        key: SigningKey<LogSigning>,
        signs: Signs,
    ) -> Self {
        let (stated, looked) = (AtomicBool::new(false), AtomicBool::new(false));
        let rounded = AtomicI64::new(0);
        Self { store, files, witnesses, clock, name, key, signs, stated, looked, rounded }
    }

    /// When a round last ended well; none since this program began.
    pub fn last_round(&self) -> Option<UtcMillis> {
        Some(UtcMillis(self.rounded.load(Ordering::Relaxed))).filter(|at| at.0 != 0)
    }

    /// Name and public key: what readers pin.
    pub fn name(&self) -> &VerifierKey<LogSigning> {
        &self.name
    }
}

/// Runs `work` where it may wait for the disk.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| LogError::Lost(error.to_string()))?
}

#[cfg(test)]
mod tests;
