//! The log on SQLite: the tables of each received day, and the numbering that segments and statements share.

use super::Store;
use super::rows::{day_number, local_day};
use crate::error::StoreError;
use crate::proof::log::{Head, HeldDay, LogStore, Place, Signs, StoredEntry, StoredSegment};
use crate::proof::witnesses::{Standing, Trouble, WitnessStore};
use crate::proof::{Arrived, ProofError};
use crate::store::upgrade::day_tables;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::entry::{Begun, Entry, Statement};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::tile::MAX_ENTRY_BYTES;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::Cosigning;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::Range;

/// Columns of a segment, as [`stored_segment`] reads them.
pub(super) const SEGMENT: &str = "log_index, device, epoch, first_seq, last_seq, bytes, received_ms";

/// A row of [`SEGMENT`] in the table of `day`.
pub(super) fn stored_segment(row: &Row<'_>, day: i64) -> Result<StoredSegment, StoreError> {
    Ok(StoredSegment {
        log_index: row.get::<_, i64>(0)?.unsigned_abs(),
        day: local_day(day),
        device: DeviceId(row.get(1)?),
        epoch: Epoch(row.get(2)?),
        first_seq: Seq(row.get::<_, i64>(3)?.unsigned_abs()),
        last_seq: Seq(row.get::<_, i64>(4)?.unsigned_abs()),
        bytes: row.get(5)?,
        received: UtcMillis(row.get(6)?),
    })
}

/// Day and first entry of each day that is held, in order.
pub(super) fn days(conn: &Connection) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT day, first_index FROM segment_day ORDER BY day")?;
    let days = query.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// The newest day, with its first entry.
fn newest_day(conn: &Connection) -> Result<Option<(i64, u64)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT day, first_index FROM segment_day ORDER BY day DESC LIMIT 1")?;
    Ok(query.query_row([], |r| Ok((r.get(0)?, r.get(1)?))).optional()?)
}

/// Number of the next entry.
fn next_index(conn: &Connection, newest: Option<(i64, u64)>) -> Result<u64, StoreError> {
    let statements = "coalesce((SELECT max(log_index) + 1 FROM log_entry), 0)";
    let next = match newest {
        Some((day, first)) => conn
            .prepare_cached(&format!(
                "SELECT max(?1, coalesce((SELECT max(log_index) + 1 FROM segment_{day}), 0), {statements})"
            ))?
            .query_row([first], |r| r.get(0))?,
        None => conn.prepare_cached(&format!("SELECT {statements}"))?.query_row([], |r| r.get(0))?,
    };
    Ok(next)
}

/// Entries so far: the number of the next one.
pub(super) fn entries_so_far(conn: &Connection) -> Result<u64, StoreError> {
    next_index(conn, newest_day(conn)?)
}

/// Writes a segment as the next entry. Its day is the newest there is, unless it arrived on a later one, whose tables
/// are made then; the answer is that day.
pub(super) fn append_segment(tx: &Connection, arrived: &Arrived) -> Result<(i64, u64), StoreError> {
    let s = &arrived.segment;
    let newest = newest_day(tx)?;
    let next = next_index(tx, newest)?;
    let today = day_number(arrived.day);
    let day = match newest {
        Some((day, _)) if day >= today => day,
        _ => {
            tx.execute_batch(&day_tables(today))?;
            let first = newest.map_or(0, |_| next); // the first day of all begins the log
            tx.execute("INSERT INTO segment_day (day, first_index) VALUES (?1, ?2)", params![today, first])?;
            today
        }
    };
    tx.prepare_cached(&format!("INSERT INTO segment_{day} ({SEGMENT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"))?.execute(
        params![
            next,
            s.device.0,
            s.epoch.0,
            s.first_seq.0 as i64,
            s.last_seq().0 as i64,
            arrived.envelope.as_bytes(),
            arrived.received.0,
        ],
    )?;
    Ok((day, next))
}

/// Writes a statement as the next entry; for the transactions of other rooms, too.
pub(super) fn append_statement(tx: &Connection, statement: Statement) -> Result<u64, StoreError> {
    let screen: Option<ScreenCode> = match &statement {
        Statement::Act { on, .. } => on.strip_prefix("screen ").and_then(|code| code.parse().ok()),
        Statement::Device { screen, .. } => Some(screen.clone()),
        Statement::DeviceEnd { device, .. } => {
            let mut stands = tx.prepare_cached("SELECT screen FROM device WHERE id = ?1")?;
            let at: Option<String> = stands.query_row([device.0], |row| row.get(0)).optional()?;
            at.and_then(|code| code.parse().ok())
        }
        _ => None,
    };
    let index = append_leaf(tx, &Entry::Statement(statement).encode())?;
    screen.map_or(Ok(()), |screen| is_about(tx, index, &screen))?;
    Ok(index)
}

/// Notes that an entry is about a screen, for who asks what was done about it. The same again changes nothing.
pub(super) fn is_about(tx: &Connection, index: u64, screen: &ScreenCode) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO log_about VALUES (?1, ?2)")?.execute(params![screen.as_str(), index])?;
    Ok(())
}

/// The newest statements about a screen before entry `before`, newest first.
fn about(
    conn: &Connection,
    screen: &ScreenCode,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<(u64, Statement)>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT log_index, leaf FROM log_about JOIN log_entry USING (log_index)
         WHERE screen = ?1 AND log_index < ?2 ORDER BY log_index DESC LIMIT ?3",
    )?;
    let before = before.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
    let mut rows = query.query(params![screen.as_str(), before, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(1)?;
        match Entry::decode(&leaf).map_err(|e| StoreError::unreadable("log entry", e))? {
            Entry::Statement(statement) => found.push((row.get(0)?, statement)),
            _ => return Err(StoreError::unreadable("log entry", "it is no statement")),
        }
    }
    Ok(found)
}

/// Writes a leaf that stands by itself as the next entry. One that no bundle of entries could hold is refused with all that its
/// transaction does: the log would be unreadable there for ever.
pub(super) fn append_leaf(tx: &Connection, leaf: &[u8]) -> Result<u64, StoreError> {
    if leaf.len() > MAX_ENTRY_BYTES {
        return Err(StoreError::Constraint(format!(
            "an entry of the log has {} bytes, more than {MAX_ENTRY_BYTES}",
            leaf.len()
        )));
    }
    let next = entries_so_far(tx)?;
    tx.prepare_cached("INSERT INTO log_entry (log_index, leaf) VALUES (?1, ?2)")?.execute(params![next, leaf])?;
    Ok(next)
}

fn state_keys(tx: &Connection, signs: &Signs, at: UtcMillis) -> Result<(), StoreError> {
    let Signs { plan, receipt, approval } = *signs;
    // a leaf is its kind and JSON that begins with the statement's own
    let mut newest = tx.prepare_cached(
        "SELECT leaf FROM log_entry WHERE substr(leaf, 2, 14) = CAST('{\"kind\":\"keys\"' AS BLOB) ORDER BY log_index DESC LIMIT 1",
    )?;
    let newest: Option<Vec<u8>> = newest.query_row([], |r| r.get(0)).optional()?;
    if let Some(Ok(Entry::Statement(Statement::Keys { plan: p, receipt: r, approval: a, .. }))) =
        newest.map(|leaf| Entry::decode(&leaf))
        && (*p, *r, *a) == (plan, receipt, approval)
    {
        return Ok(());
    }
    let (plan, receipt, approval) = (Box::new(plan), Box::new(receipt), Box::new(approval));
    append_statement(tx, Statement::Keys { plan, receipt, approval, at_ms: at })?;
    Ok(())
}

/// The segment held that covers record `seq` of a device's epoch, or the last one before it.
pub(super) fn segment_at(
    conn: &Connection,
    device: DeviceId,
    epoch: Epoch,
    seq: Seq,
) -> Result<Option<StoredSegment>, StoreError> {
    for (day, _) in days(conn)?.into_iter().rev() {
        let found = conn
            .prepare_cached(&format!(
                "SELECT {SEGMENT} FROM segment_{day} WHERE device = ?1 AND epoch = ?2 AND first_seq <= ?3
                 ORDER BY first_seq DESC LIMIT 1"
            ))?
            .query_row(params![device.0, epoch.0, seq.0 as i64], |r| Ok(stored_segment(r, day)))
            .optional()?;
        if let Some(segment) = found {
            return segment.map(Some);
        }
    }
    Ok(None)
}

fn entries(conn: &Connection, range: &Range<u64>) -> Result<Vec<StoredEntry>, StoreError> {
    let mut out = Vec::new();
    let days = days(conn)?;
    for (at, &(day, first)) in days.iter().enumerate() {
        let end = days.get(at + 1).map_or(u64::MAX, |next| next.1);
        if first >= range.end || end <= range.start {
            continue;
        }
        let mut query = conn.prepare_cached(&format!(
            "SELECT {SEGMENT} FROM segment_{day} WHERE log_index >= ?1 AND log_index < ?2 ORDER BY log_index"
        ))?;
        let mut found = query.query(params![range.start, range.end])?;
        while let Some(row) = found.next()? {
            out.push(StoredEntry::Segment(stored_segment(row, day)?));
        }
    }
    let mut query =
        conn.prepare_cached("SELECT log_index, leaf FROM log_entry WHERE log_index >= ?1 AND log_index < ?2")?;
    let mut found = query.query(params![range.start, range.end])?;
    while let Some(row) = found.next()? {
        out.push(StoredEntry::Leaf { log_index: row.get(0)?, bytes: row.get(1)? });
    }
    out.sort_by_key(StoredEntry::log_index);
    Ok(out)
}

/// One transaction, whose cost is that of the kept leaves and not of the day's.
fn drop_day(tx: &Connection, held: HeldDay, kept: &Range<u64>) -> Result<(), StoreError> {
    let day = day_number(held.day);
    if days(tx)?.first() != Some(&(day, held.first_index)) {
        return Ok(()); // another process was first
    }
    let mut keep = tx.prepare_cached("INSERT INTO log_entry (log_index, leaf) VALUES (?1, ?2)")?;
    for entry in entries(tx, kept)? {
        if let StoredEntry::Segment(_) = entry {
            keep.execute(params![entry.log_index(), entry.leaf()])?;
        }
    }
    tx.execute("DELETE FROM segment_day WHERE day = ?1", [day])?;
    Ok(tx.execute_batch(&format!("DROP TABLE segment_{day}; DROP TABLE mark_{day}"))?)
}

fn head(conn: &Connection, origin: &str) -> Result<Option<Head>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT size, root, note, at_ms FROM log_checkpoint WHERE origin = ?1 ORDER BY size DESC LIMIT 1",
    )?;
    Ok(query.query_row([origin], stored_head).optional()?)
}

fn is_over(conn: &Connection, origin: &str) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached("SELECT 1 FROM log_over WHERE origin = ?1")?.exists([origin])?)
}

fn stored_head(r: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { size: r.get(0)?, root: Sha256Hash(r.get(1)?), note: r.get(2)?, at: UtcMillis(r.get(3)?) })
}

/// Where the segments lie that hold records after `after`, in order.
fn places_after(conn: &Connection, device: DeviceId, epoch: Epoch, after: Seq) -> Result<Vec<Place>, StoreError> {
    let mut places = Vec::new();
    for (day, _) in days(conn)?.into_iter().rev() {
        let mut query = conn.prepare_cached(&format!(
            "SELECT first_seq, last_seq, log_index, received_ms FROM segment_{day} WHERE device = ?1 AND epoch = ?2
             ORDER BY first_seq DESC"
        ))?;
        let mut found = query.query(params![device.0, epoch.0])?;
        while let Some(row) = found.next()? {
            if row.get::<_, u64>(1)? <= after.0 {
                places.reverse();
                return Ok(places);
            }
            let (first_seq, received) = (Seq(row.get(0)?), UtcMillis(row.get(3)?));
            places.push(Place { first_seq, log_index: row.get(2)?, received });
        }
    }
    places.reverse();
    Ok(places)
}

#[async_trait::async_trait]
impl WitnessStore for Store {
    async fn standing(&self, origin: &str, witness: &VerifierKey<Cosigning>) -> Result<Option<Standing>, ProofError> {
        let (origin, witness) = (origin.to_owned(), witness.to_string());
        let row = self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT size, cosigned_ms, trouble FROM log_witness WHERE origin = ?1 AND witness = ?2",
            )?;
            let row = |r: &Row<'_>| Ok((r.get(0)?, r.get::<_, Option<i64>>(1)?, r.get::<_, Option<String>>(2)?));
            Ok(query.query_row([origin, witness], row).optional()?)
        });
        Ok(row.await?.map(|(size, cosigned, trouble)| Standing {
            size,
            cosigned: cosigned.map(UtcMillis),
            trouble: trouble.map(|json| {
                // words of another version are words all the same
                serde_json::from_str(&json).unwrap_or(Trouble::Silent { detail: json })
            }),
        }))
    }

    async fn keep_standing(
        &self,
        origin: &str,
        witness: &VerifierKey<Cosigning>,
        standing: Standing,
    ) -> Result<(), ProofError> {
        let (origin, witness) = (origin.to_owned(), witness.to_string());
        let trouble = standing.trouble.map(|t| serde_json::to_string(&t).expect("plain data always encodes"));
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO log_witness (origin, witness, size, cosigned_ms, trouble)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                origin,
                witness,
                standing.size,
                standing.cosigned.map(|at| at.0),
                trouble
            ])?;
            Ok(())
        })
        .await?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl LogStore for Store {
    async fn log_size(&self) -> Result<u64, ProofError> {
        Ok(self.read(entries_so_far).await?)
    }

    async fn entries(&self, range: Range<u64>) -> Result<Vec<StoredEntry>, ProofError> {
        Ok(self.read(move |conn| entries(conn, &range)).await?)
    }

    async fn about(
        &self,
        screen: &ScreenCode,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Statement)>, ProofError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| about(conn, &screen, before, limit)).await?)
    }

    async fn head(&self, origin: &str) -> Result<Option<Head>, ProofError> {
        let origin = origin.to_owned();
        Ok(self.read(move |conn| head(conn, &origin)).await?)
    }

    async fn checkpoints(&self, origin: &str, after: Option<u64>, limit: u32) -> Result<Vec<Head>, ProofError> {
        let origin = origin.to_owned();
        let heads = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT size, root, note, at_ms FROM log_checkpoint WHERE origin = ?1 AND size > ?2 ORDER BY size LIMIT ?3",
                )?;
                let after = after.map_or(-1, u64::cast_signed); // one bound to seek to, not a choice that is tried row by row
                let found = query.query_map(params![origin, after, limit], stored_head)?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await?;
        Ok(heads)
    }

    async fn swap_head(&self, origin: &str, old: Option<u64>, new: Head) -> Result<bool, ProofError> {
        let origin = origin.to_owned();
        let swapped = self
            .write(move |tx| {
                if is_over(tx, &origin)?
                    || head(tx, &origin)?.map(|h| h.size) != old
                    || old.is_some_and(|old| old >= new.size)
                {
                    return Ok(false);
                }
                tx.prepare_cached(
                    "INSERT INTO log_checkpoint (origin, size, root, note, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![origin, new.size, new.root.0, new.note, new.at.0])?;
                Ok(true)
            })
            .await?;
        Ok(swapped)
    }

    async fn cosigned(&self, origin: &str, head: Head) -> Result<(), ProofError> {
        let origin = origin.to_owned();
        self.write(move |tx| {
            tx.prepare_cached("UPDATE log_checkpoint SET note = ?3 WHERE origin = ?1 AND size = ?2 AND root = ?4")?
                .execute(params![origin, head.size, head.note, head.root.0])?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn places(
        &self,
        device: DeviceId,
        epoch: Epoch,
        after: Seq,
        size: u64,
        limit: u32,
    ) -> Result<Vec<Place>, ProofError> {
        let mut places = self.read(move |conn| places_after(conn, device, epoch, after)).await?;
        places.retain(|place| place.log_index < size);
        places.truncate(limit as usize);
        Ok(places)
    }

    async fn state(&self, statement: Statement) -> Result<u64, ProofError> {
        Ok(self.write(move |tx| append_statement(tx, statement)).await?)
    }

    async fn state_keys(&self, signs: Signs, at: UtcMillis) -> Result<(), ProofError> {
        Ok(self.write(move |tx| state_keys(tx, &signs, at)).await?)
    }

    async fn state_overdue(&self, now: UtcMillis) -> Result<(), ProofError> {
        Ok(self.write(move |tx| super::heads::state_overdue(tx, now)).await?)
    }

    async fn end(&self, origin: &str, begun: Begun) -> Result<bool, ProofError> {
        let origin = origin.to_owned();
        let ended = self.write(move |tx| {
            let new = tx.execute("INSERT OR IGNORE INTO log_over (origin) VALUES (?1)", [origin])? == 1;
            if new {
                append_statement(tx, Statement::Begun(Box::new(begun)))?;
            }
            Ok(new)
        });
        Ok(ended.await?)
    }

    async fn is_over(&self, origin: &str) -> Result<bool, ProofError> {
        let origin = origin.to_owned();
        Ok(self.read(move |conn| is_over(conn, &origin)).await?)
    }

    async fn drop_day(&self, day: HeldDay, kept: Range<u64>) -> Result<(), ProofError> {
        Ok(self.write(move |tx| drop_day(tx, day, &kept)).await?)
    }

    async fn held_days(&self) -> Result<Vec<HeldDay>, ProofError> {
        let days = self.read(days).await?;
        Ok(days.into_iter().map(|(day, first_index)| HeldDay { day: local_day(day), first_index }).collect())
    }
}
