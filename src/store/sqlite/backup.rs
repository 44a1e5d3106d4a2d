//! A copy of the whole database as it is at one moment, beside whatever is written meanwhile.

use super::{Store, connect};
use crate::error::StoreError;
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
