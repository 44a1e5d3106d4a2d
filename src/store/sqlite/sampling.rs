//! The sampling room's port on SQLite: draws, and which entries of the log are their findings.

use super::Store;
use super::bundle::statements;
use super::log::append_statement;
use super::rows;
use crate::error::StoreError;
use crate::sampling::{SampleStore, SamplingError};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::proof::sample::{Draw, Drawn, Finding, Seen};
use rusqlite::{Connection, OptionalExtension as _, params};

impl From<StoreError> for SamplingError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Most bytes of a draw: three thousand days of twenty thousand screens.
const DRAW_LIMIT_BYTES: usize = 256 << 20;

fn draws(conn: &Connection) -> Result<Vec<Draw>, StoreError> {
    let mut query = conn.prepare_cached("SELECT packed FROM draw ORDER BY log_index")?;
    let draws = query.query_and_then([], |row| unpacked(&row.get::<_, Vec<u8>>(0)?))?;
    draws.collect()
}

pub(super) fn unpacked(packed: &[u8]) -> Result<Draw, StoreError> {
    let unreadable = |e: &dyn std::fmt::Display| StoreError::unreadable("draw", e);
    let json = zstd::bulk::decompress(packed, DRAW_LIMIT_BYTES).map_err(|e| unreadable(&e))?;
    serde_json::from_slice(&json).map_err(|e| unreadable(&e))
}

fn keep_draw(tx: &Connection, drawn: Drawn, packed: &[u8]) -> Result<(), StoreError> {
    let hash = drawn.draw;
    if tx.prepare_cached("SELECT 1 FROM draw WHERE hash = ?1")?.exists([hash.0])? {
        return Ok(());
    }
    let log_index = append_statement(tx, Statement::Draw(Box::new(drawn)))?;
    tx.prepare_cached("INSERT INTO draw (hash, log_index, packed) VALUES (?1, ?2, ?3)")?
        .execute(params![hash.0, log_index, packed])?;
    Ok(())
}

/// Of one draw, or of one play of it, in the order of the log.
pub(super) fn findings(conn: &Connection, draw: Sha256Hash, n: Option<u32>) -> Result<Vec<Finding>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT e.leaf FROM finding f JOIN log_entry e ON e.log_index = f.log_index
         WHERE f.draw = ?1 AND (?2 IS NULL OR f.n = ?2) ORDER BY f.log_index",
    )?;
    let findings = query.query_and_then(params![draw.0, n], |row| {
        let leaf: Vec<u8> = row.get(0)?;
        match Entry::decode(&leaf) {
            Ok(Entry::Statement(Statement::Finding(finding))) => Ok(*finding),
            Ok(_) => Err(StoreError::unreadable("finding", "its entry of the log is another")),
            Err(error) => Err(StoreError::unreadable("finding", error)),
        }
    })?;
    findings.collect()
}

/// What becomes of a finding.
enum Recorded {
    New,
    Unchanged,
    /// Something else was reported.
    Other(Seen),
}

fn record(tx: &Connection, finding: &Finding) -> Result<Recorded, StoreError> {
    match findings(tx, finding.draw, Some(finding.n))?.pop() {
        Some(before) if before == *finding => return Ok(Recorded::Unchanged),
        Some(before) if before.seen != Seen::CouldNotLook || finding.seen == Seen::CouldNotLook => {
            return Ok(Recorded::Other(before.seen));
        }
        _ => {}
    }
    let log_index = append_statement(tx, Statement::Finding(Box::new(finding.clone())))?;
    tx.prepare_cached("INSERT INTO finding (draw, n, log_index) VALUES (?1, ?2, ?3)")?.execute(params![
        finding.draw.0,
        finding.n,
        log_index
    ])?;
    Ok(Recorded::New)
}

#[async_trait::async_trait]
impl SampleStore for Store {
    async fn keep_draw(&self, draw: &Draw) -> Result<(), SamplingError> {
        let json = serde_json::to_vec(draw).map_err(|e| StoreError::unreadable("draw", e))?;
        let (drawn, packed) = (draw.drawn(), rows::pack(&json)?);
        self.write(move |tx| keep_draw(tx, drawn, &packed)).await?;
        Ok(())
    }

    async fn draws(&self) -> Result<Vec<Draw>, SamplingError> {
        Ok(self.read(draws).await?)
    }

    async fn drawn(&self) -> Result<Vec<Drawn>, SamplingError> {
        // what cannot be read any more is named by whoever audits the log
        let drawn = |(_, entry)| match entry {
            Ok(Entry::Statement(Statement::Draw(drawn))) => Some(*drawn),
            _ => None,
        };
        Ok(self.read(statements).await?.into_iter().filter_map(drawn).collect())
    }

    async fn findings(&self, draw: Sha256Hash) -> Result<Vec<Finding>, SamplingError> {
        Ok(self.read(move |conn| findings(conn, draw, None)).await?)
    }

    async fn record(&self, findings: Vec<Finding>) -> Result<u32, SamplingError> {
        let other = std::sync::Arc::new(std::sync::OnceLock::new());
        let told = std::sync::Arc::clone(&other);
        let recorded = self
            .write(move |tx| {
                let mut new = 0;
                for finding in findings {
                    match record(tx, &finding)? {
                        Recorded::New => new += 1,
                        Recorded::Unchanged => {}
                        Recorded::Other(seen) => {
                            let _ = told.set((finding.draw, finding.n, seen.word()));
                            return Err(StoreError::Constraint("another finding is there".into())); // all or none
                        }
                    }
                }
                Ok(new)
            })
            .await;
        match other.get() {
            Some((draw, n, seen)) => Err(SamplingError::Reported { draw: *draw, n: *n, seen }),
            None => Ok(recorded?),
        }
    }

    async fn newest_checkpoint(&self) -> Result<Option<String>, SamplingError> {
        let newest = "SELECT note FROM log_checkpoint ORDER BY at_ms DESC, size DESC LIMIT 1";
        let note = self.read(|conn| Ok(conn.prepare_cached(newest)?.query_row([], |r| r.get(0)).optional()?)).await?;
        Ok(note)
    }
}
