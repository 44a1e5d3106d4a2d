//! The journal on disk: SQLite, one transaction per record.

use super::{Journal, JournalError, KEEP_MS, Run, Sealed, Sealer, check_receipt};
use lichphat_playlists::ids::{DeviceId, Epoch, Seq, Sha256Hash};
use lichphat_playlists::proof::anchor;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::health::LogFault;
use lichphat_playlists::wire::sign::{Envelope, Evidence, VerifyingKey};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, params};
use std::path::Path;

/// The journal's name in the state directory.
pub const FILE_NAME: &str = "journal.db";
const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 1;

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Store(error.to_string()),
        }
    }
}

fn fault_of(code: Option<String>) -> Option<LogFault> {
    code.and_then(|code| LogFault::ALL.into_iter().find(|fault| fault.code() == code))
}

/// A journal in one file.
#[derive(Debug)]
pub struct SqliteJournal {
    db: Connection,
    key: VerifyingKey<Evidence>,
    last: u64,
    acked: u64,
    open: (usize, Option<UtcMillis>),
}

impl SqliteJournal {
    /// Opens the journal of this device and epoch, or begins it. `key` is the device's own public key:
    /// what is read back is verified with it.
    pub fn open(
        path: &Path,
        device: DeviceId,
        epoch: Epoch,
        key: VerifyingKey<Evidence>,
    ) -> Result<Self, JournalError> {
        let mut db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            0 => {
                let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
                tx.execute_batch(SCHEMA)?;
                tx.execute(
                    "INSERT INTO journal (id, device, epoch, last_seq, acked, anchor, run_anchor) VALUES (1, ?1, ?2, 0, 0, '', '')",
                    params![device.0, epoch.0],
                )?;
                tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                tx.commit()?;
            }
            SCHEMA_VERSION => {}
            newer => return Err(JournalError::Store(format!("its form {newer} is newer than this player knows"))),
        }
        let mut journal = Self { db, key, last: 0, acked: 0, open: (0, None) };
        journal.read_state(device, epoch)?;
        Ok(journal)
    }

    /// Looks at a journal that may be in use, and changes nothing: size of the log at its anchor, 0 before the first, and
    /// what was found wrong with the log since.
    pub fn look_at_log(path: &Path) -> Result<(u64, Option<LogFault>), JournalError> {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let (note, code): (String, Option<String>) =
            db.query_row("SELECT anchor, log_fault FROM journal", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((anchor::size(&note), fault_of(code)))
    }

    /// End of the last play on record; none before the first.
    pub fn last_end(&self) -> Result<Option<UtcMillis>, JournalError> {
        let sealed: Option<i64> = self.db.query_row("SELECT max(last_end_ms) FROM segment", [], |row| row.get(0))?;
        let open = self.open_records()?.into_iter().map(|(_, r)| r.end).max();
        Ok(sealed.map(UtcMillis).max(open))
    }

    fn read_state(&mut self, device: DeviceId, epoch: Epoch) -> Result<(), JournalError> {
        let row = self.db.query_row("SELECT device, epoch, last_seq, acked FROM journal", [], |row| {
            Ok((DeviceId(row.get(0)?), Epoch(row.get(1)?), row.get::<_, u64>(2)?, row.get::<_, u64>(3)?))
        })?;
        if (row.0, row.1) != (device, epoch) {
            return Err(JournalError::Foreign { device: row.0, epoch: row.1 });
        }
        let open = self.open_records()?;
        self.last = open.last().map_or(row.2, |(seq, _)| seq.0);
        self.acked = row.3;
        self.open = (open.len(), open.first().map(|(_, r)| r.start));
        Ok(())
    }

    fn open_records(&self) -> Result<Vec<(Seq, PlayRecord)>, JournalError> {
        let mut statement = self.db.prepare_cached("SELECT seq, record FROM open_record ORDER BY seq")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))?;
        let mut out = Vec::new();
        for row in rows {
            let (seq, json) = row?;
            let record = serde_json::from_str(&json).map_err(|e| JournalError::Store(format!("record {seq}: {e}")))?;
            out.push((Seq(seq), record));
        }
        Ok(out)
    }
}

#[cfg(test)]
impl SqliteJournal {
    /// A disk of so many pages.
    pub(super) fn limit_pages(&self, pages: u32) {
        self.db.pragma_update(None, "max_page_count", pages).unwrap();
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, record: &PlayRecord) -> Result<Seq, JournalError> {
        let seq = self.last + 1;
        let json = serde_json::to_string(record).expect("plain data always encodes");
        self.db.prepare_cached("INSERT INTO open_record (seq, record) VALUES (?1, ?2)")?.execute(params![seq, json])?;
        self.last = seq;
        self.open = (self.open.0 + 1, self.open.1.or(Some(record.start)));
        Ok(Seq(seq))
    }

    fn last_seq(&self) -> Seq {
        Seq(self.last)
    }

    fn acked(&self) -> Seq {
        Seq(self.acked)
    }

    fn open_run(&self) -> (usize, Option<UtcMillis>) {
        self.open
    }

    fn cut(&mut self, sealer: &Sealer, now: UtcMillis) -> Result<Option<Seq>, JournalError> {
        let open = self.open_records()?;
        let (Some((first, _)), Some((last, _))) = (open.first(), open.last()) else { return Ok(None) };
        let (first, last) = (*first, *last);
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (head, anchor): (Option<[u8; 32]>, String) =
            tx.query_row("SELECT head, run_anchor FROM journal", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let records = open.into_iter().map(|(_, r)| r).collect();
        for Run { sealed, hash, records } in sealer.seal(first, Sha256Hash(head.unwrap_or([0; 32])), &anchor, records) {
            let last_end = records.iter().map(|r| r.end).max().unwrap_or_default();
            tx.execute(
                "INSERT INTO segment (last_seq, first_seq, sealed_at_ms, last_end_ms, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![sealed.last.0, sealed.first.0, now.0, last_end.0, sealed.bytes],
            )?;
            tx.execute("UPDATE journal SET last_seq = ?1, head = ?2", params![sealed.last.0, hash.0])?;
        }
        tx.execute("UPDATE journal SET run_anchor = anchor", [])?;
        tx.execute("DELETE FROM open_record WHERE seq <= ?1", [last.0])?;
        tx.commit()?;
        self.open = (0, None);
        Ok(Some(last))
    }

    fn sealed(&self) -> Result<(Seq, Option<Sha256Hash>), JournalError> {
        let row = self.db.query_row("SELECT last_seq, head FROM journal", [], |row| {
            Ok((Seq(row.get(0)?), row.get::<_, Option<[u8; 32]>>(1)?.map(Sha256Hash)))
        });
        Ok(row?)
    }

    fn sealed_after(&self, seq: Seq) -> Result<Option<Sealed>, JournalError> {
        let mut statement = self.db.prepare_cached(
            "SELECT first_seq, last_seq, bytes FROM segment WHERE last_seq > ?1 ORDER BY last_seq LIMIT 1",
        )?;
        let row = statement.query_row([seq.0], |row| {
            Ok(Sealed { first: Seq(row.get(0)?), last: Seq(row.get(1)?), bytes: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    fn obey(&mut self, receipt: &Receipt) -> Result<(), JournalError> {
        check_receipt(receipt, Seq(self.last))?;
        if receipt.acked.0 != self.acked {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute("UPDATE journal SET acked = ?1", [receipt.acked.0])?;
            if receipt.acked.0 < self.acked {
                tx.execute("UPDATE segment SET proven = 0 WHERE last_seq > ?1", [receipt.acked.0])?;
            }
            tx.commit()?;
            self.acked = receipt.acked.0;
        }
        Ok(())
    }

    fn anchor(&self) -> Result<String, JournalError> {
        Ok(self.db.query_row("SELECT anchor FROM journal", [], |row| row.get(0))?)
    }

    fn first_unproven(&self) -> Result<Option<(Seq, UtcMillis)>, JournalError> {
        let mut statement = self.db.prepare_cached(
            "SELECT first_seq, sealed_at_ms FROM segment WHERE proven = 0 AND last_seq <= ?1 ORDER BY last_seq LIMIT 1",
        )?;
        let row = statement.query_row([self.acked], |row| Ok((Seq(row.get(0)?), UtcMillis(row.get(1)?))));
        Ok(row.optional()?)
    }

    fn sealed_at(&self, first: Seq) -> Result<Option<Sealed>, JournalError> {
        // segments are chained: the first one after the record before this one begins with it, or none does
        let next = self.sealed_after(Seq(first.0.saturating_sub(1)))?;
        Ok(next.filter(|sealed| sealed.first == first))
    }

    fn keep_proofs(&mut self, anchor: &str, proven: &[Seq]) -> Result<usize, JournalError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A run that has begun keeps the anchor it began with.
        tx.execute(
            "UPDATE journal SET anchor = ?1, log_fault = NULL,
               run_anchor = CASE WHEN EXISTS (SELECT 1 FROM open_record) THEN run_anchor ELSE ?1 END",
            [anchor],
        )?;
        let mut new = 0;
        for first in proven {
            let mut mark = tx.prepare_cached("UPDATE segment SET proven = 1 WHERE first_seq = ?1 AND proven = 0")?;
            new += mark.execute([first.0])?;
        }
        tx.commit()?;
        Ok(new)
    }

    fn log_fault(&self) -> Result<Option<LogFault>, JournalError> {
        let code: Option<String> = self.db.query_row("SELECT log_fault FROM journal", [], |row| row.get(0))?;
        Ok(fault_of(code))
    }

    fn note_log_fault(&mut self, fault: LogFault) -> Result<(), JournalError> {
        self.db.execute("UPDATE journal SET log_fault = ?1", [fault.code()])?;
        Ok(())
    }

    fn forget_log(&mut self) -> Result<(), JournalError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "UPDATE journal SET anchor = '', log_fault = NULL,
               run_anchor = CASE WHEN EXISTS (SELECT 1 FROM open_record) THEN run_anchor ELSE '' END",
            [],
        )?;
        tx.execute("UPDATE segment SET proven = 0", [])?;
        Ok(tx.commit()?)
    }

    fn prune(&mut self, now: UtcMillis) -> Result<usize, JournalError> {
        let before = now.plus_ms(-KEEP_MS);
        let mut statement =
            self.db.prepare_cached("DELETE FROM segment WHERE last_seq <= ?1 AND sealed_at_ms < ?2 AND proven = 1")?;
        Ok(statement.execute(params![self.acked, before.0])?)
    }

    fn records_since(&self, since: UtcMillis) -> Result<Vec<(Seq, PlayRecord)>, JournalError> {
        let mut statement =
            self.db.prepare_cached("SELECT bytes FROM segment WHERE last_end_ms >= ?1 ORDER BY last_seq")?;
        let rows = statement.query_map([since.0], |row| row.get::<_, Vec<u8>>(0))?;
        let mut out = Vec::new();
        for bytes in rows {
            let broken = |e: String| JournalError::Store(format!("a stored segment: {e}"));
            let envelope = Envelope::from_bytes(bytes?).map_err(|e| broken(e.to_string()))?;
            let segment = Segment::open(&envelope, &self.key).map_err(|e| broken(e.to_string()))?;
            let first = segment.first_seq.0;
            out.extend(segment.records.into_iter().enumerate().map(|(i, r)| (Seq(first + i as u64), r)));
        }
        out.extend(self.open_records()?);
        out.retain(|(_, r)| r.end >= since);
        Ok(out)
    }
}
