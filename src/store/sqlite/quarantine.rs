//! Second stories, on SQLite: what a device signed for a place that another segment of its holds, kept apart.
//!
//! A fork is a leaf of the log, so it is kept for as long as the log is; therefore there is a limit to how many of a received
//! day go in, of one device and in all, and the first of each device always. What comes beyond it is counted: the first ones prove what there is to prove.

use super::log::append_leaf;
use super::rows::{self, day_number};
use crate::error::StoreError;
use crate::proof::log::StoredSegment;
use crate::proof::{Arrived, DayLimits, SetApart};
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Seq};
use lichphat_playlists::proof::entry::{Entry, segment_leaf};
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, params};

/// Keeps a fork apart, and in the log: nobody can say later that there was none.
pub(super) fn keep(tx: &Connection, arrived: &Arrived, limits: DayLimits) -> Result<(), StoreError> {
    let (s, day) = (&arrived.segment, day_number(arrived.day));
    if tx.prepare_cached("SELECT 1 FROM quarantine WHERE hash = ?1")?.exists([arrived.hash.0])? {
        return Ok(());
    }
    let (own, all): (u32, u32) = tx
        .prepare_cached("SELECT count(*) FILTER (WHERE device = ?2), count(*) FROM quarantine WHERE day = ?1")?
        .query_row(params![day, s.device.0], |r| Ok((r.get(0)?, r.get(1)?)))?;
    // The first of each device is kept whatever others did: a hostile key uses up no honest one's room.
    if own >= limits.forks || own > 0 && all >= limits.forks_in_all {
        tx.prepare_cached(
            "INSERT INTO quarantine_beyond (device, segments, last_ms) VALUES (?1, 1, ?2)
             ON CONFLICT (device) DO UPDATE SET segments = segments + 1, last_ms = excluded.last_ms",
        )?
        .execute(params![s.device.0, arrived.received.0])?;
        return Ok(());
    }
    let log_index = append_leaf(tx, &segment_leaf(arrived.received, arrived.envelope.as_bytes()))?;
    tx.prepare_cached(
        "INSERT INTO quarantine (log_index, day, device, epoch, first_seq, last_seq, received_ms, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        log_index,
        day,
        s.device.0,
        s.epoch.0,
        s.first_seq.0 as i64,
        s.last_seq().0 as i64,
        arrived.received.0,
        arrived.hash.0,
    ])?;
    Ok(())
}

/// Those of a screen's devices since the table of a received day began, in order of the log.
pub(super) fn forks_of(conn: &Connection, screen: &ScreenCode, day: i64) -> Result<Vec<StoredSegment>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT q.log_index, q.day, q.device, q.epoch, q.first_seq, q.last_seq, e.leaf
         FROM quarantine q JOIN log_entry e ON e.log_index = q.log_index
         WHERE q.device IN (SELECT id FROM device WHERE screen = ?1) AND q.log_index >=
           (SELECT coalesce(min(CASE WHEN day >= ?2 THEN first_index END), max(first_index)) FROM segment_day)
         ORDER BY q.log_index",
    )?;
    let mut rows = query.query(params![screen.as_str(), day])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(6)?;
        let Ok(Entry::Segment { received, envelope }) = Entry::decode(&leaf) else {
            return Err(StoreError::unreadable("fork", "its leaf is no segment"));
        };
        found.push(StoredSegment {
            log_index: row.get(0)?,
            day: rows::local_day(row.get(1)?),
            device: DeviceId(row.get(2)?),
            epoch: Epoch(row.get(3)?),
            first_seq: Seq(row.get(4)?),
            last_seq: Seq(row.get(5)?),
            bytes: envelope,
            received,
        });
    }
    Ok(found)
}

/// What was set apart, by device.
pub(super) fn set_apart(conn: &Connection) -> Result<Vec<SetApart>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT d.id, d.screen, sum(kept), sum(beyond), max(last_ms)
         FROM (SELECT device, count(*) AS kept, 0 AS beyond, max(received_ms) AS last_ms FROM quarantine GROUP BY device
               UNION ALL SELECT device, 0, segments, last_ms FROM quarantine_beyond) q JOIN device d ON d.id = q.device
         GROUP BY d.id ORDER BY d.screen, d.id",
    )?;
    let found = query.query_and_then([], |row| {
        Ok(SetApart {
            device: DeviceId(row.get(0)?),
            screen: rows::screen(row.get(1)?)?,
            kept: row.get(2)?,
            beyond: row.get(3)?,
            last: UtcMillis(row.get(4)?),
        })
    })?;
    found.collect()
}
