//! The embedded engine: one SQLite file, one writer thread, a few reader threads.
//!
//! The writer gathers the jobs that wait and commits them together (group commit): one fsync for
//! many. Each job runs in its own savepoint, so a failing one is undone alone, and nobody gets an
//! answer before the commit that holds his work is on disk. `rusqlite` never leaves these threads.

mod approval;
mod audit;
mod backup;
mod beside;
mod bundle;
mod campaigns;
mod care;
mod compliance;
mod directory;
mod enrol;
mod entry;
mod errors;
mod exchange;
mod fleet;
mod heads;
mod library;
mod log;
mod many;
mod notify;
mod once;
mod orders;
mod peaks;
mod people;
mod planning;
mod proof;
mod quarantine;
mod report;
mod report_rule;
mod rows;
mod sampling;
mod threads;

pub use backup::mark_restored;

use crate::error::StoreError;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::wire::permit::Withdrawals;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use threads::{ReadJob, WriteJob};

/// Name of the database in the data directory.
pub const FILE_NAME: &str = "lichphat.db";

/// A list of what was taken back, and its name; none before the first.
type NewestList = (Option<Sha256Hash>, Arc<Withdrawals>);

/// A handle to the database; clones share its threads, which end with the last clone.
#[derive(Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    writer: mpsc::Sender<WriteJob>,
    readers: mpsc::Sender<ReadJob>,
    /// Writes that the writer has not begun with.
    waiting: Arc<AtomicU64>,
    /// The newest list of what was taken back, as it was read last: every segment is held against it.
    withdrawals: Arc<Mutex<NewestList>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens `<dir>/lichphat.db`, making or upgrading it, with `readers` reader threads (at least 1).
    /// Blocks for a moment: it opens files.
    pub fn open(dir: &Path, readers: u32) -> Result<Self, StoreError> {
        let path = dir.join(FILE_NAME);
        let mut first = connect(&path)?;
        super::upgrade::bring_up(&mut first, &super::upgrade::CURRENT)?;
        let (writer, jobs) = mpsc::channel();
        threads::start_writer(first, jobs)?;
        let (readers_door, jobs) = mpsc::channel();
        let mut connections = Vec::new();
        for _ in 0..readers.max(1) {
            let conn = connect(&path)?;
            conn.pragma_update(None, "query_only", true)?;
            connections.push(conn);
        }
        threads::start_readers(connections, jobs)?;
        Ok(Self {
            path: Arc::new(path),
            writer,
            readers: readers_door,
            waiting: Arc::default(),
            withdrawals: Arc::default(),
        })
    }

    /// The same store as it is at this moment: everything that is read through it is of one state, whatever is written
    /// meanwhile, and what is written through it goes to the store as it is then. Held as long as a clone of it lives; so long
    /// the engine's write-ahead file only grows. Blocks for a moment: it opens a file.
    pub fn at_this_moment(&self) -> Result<Self, StoreError> {
        let conn = connect(&self.path)?;
        conn.pragma_update(None, "query_only", true)?;
        let (readers, jobs) = mpsc::channel();
        threads::start_moment(conn, jobs)?;
        Ok(Self { readers, ..self.clone() })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `job` on the writer thread inside a transaction of its own (a savepoint): kept whole
    /// when it answers `Ok`, undone whole when it answers `Err`. The answer comes after the commit
    /// is on disk. Dropping the future does not stop a job that was queued.
    pub async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let waits = Waits::one(&self.waiting);
        let (job, answer) = WriteJob::new(move |conn| {
            drop(waits);
            job(conn)
        });
        self.writer.send(job).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `job` on a reader thread, in one read transaction: it sees one state of the database,
    /// with every write that was answered before. Writing fails.
    pub async fn read<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, answer) = threads::read_job(job);
        self.readers.send(job).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// A write that waits: until it is begun, or dropped because it never will be.
struct Waits(Arc<AtomicU64>);

impl Waits {
    fn one(waiting: &Arc<AtomicU64>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(waiting))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let open = |error: rusqlite::Error| match StoreError::from(error) {
        StoreError::Engine(problem) => StoreError::Open { path: path.to_owned(), problem },
        known => known,
    };
    let conn = Connection::open(path).map_err(open)?;
    conn.busy_timeout(Duration::from_secs(10)).map_err(open)?;
    conn.pragma_update(None, "journal_mode", "wal").map_err(open)?;
    conn.pragma_update(None, "synchronous", "full").map_err(open)?;
    conn.pragma_update(None, "foreign_keys", true).map_err(open)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(conn)
}

#[cfg(test)]
mod tests;
