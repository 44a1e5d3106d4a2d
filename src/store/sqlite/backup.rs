//! A copy of the whole database as it is at one moment, beside whatever is written meanwhile.

use super::{Store, connect};
use crate::error::StoreError;
use lichphat_playlists::time::UtcMillis;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::Path;

impl Store {
    /// Copies the database into a new file. All of it in one step, which is one read transaction: nobody waits for it, and it is
    /// of one moment. Not yet on the disk to stay when this returns. Blocks while it copies.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let from = connect(self.path())?;
        let mut to = Connection::open(path)?;
        match Backup::new(&from, &mut to)?.step(-1)? {
            StepResult::Done => {}
            _ => return Err(StoreError::Busy),
        }
        to.close().map_err(|(_, error)| error.into())
    }
}

/// Has a database that comes back from a backup of `backup` know that it does: it is brought up to this program's schema, and its plans go
/// on above every version that can have been published since. `now` is the moment of the restore. Blocks: it opens the file.
pub fn mark_restored(path: &Path, backup: UtcMillis, now: UtcMillis) -> Result<(), StoreError> {
    let mut conn = connect(path)?;
    crate::store::upgrade::bring_up(&mut conn, &crate::store::upgrade::CURRENT)?;
    // a clock that is behind must not give versions that were used already
    let floor = u32::try_from(now.max(backup).0 / 1000).unwrap_or(u32::MAX).max(1);
    conn.execute("INSERT INTO restored (backup_ms, plan_floor) VALUES (?1, ?2)", [backup.0, i64::from(floor)])?;
    conn.close().map_err(|(_, error)| error.into())
}
