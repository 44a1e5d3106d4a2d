//! How far devices signed that their records go, on SQLite: the newest word of each, and into the log what they promised
//! and did not hand in.

use super::log::append_leaf;
use crate::error::StoreError;
use crate::proof::Heard;
use crate::proof::log::{OVERDUE_MS, STATED_EVERY_MS};
use lichphat_playlists::proof::entry::Entry;
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Most that are stated in one transaction: the rest waits for the next round.
const AT_ONCE: u32 = 1_000;

pub(super) fn keep(tx: &Connection, heard: &Heard) -> Result<(), StoreError> {
    let (device, epoch, sealed) = (heard.head.device.0, heard.head.epoch.0, heard.head.sealed.0);
    let acked: u64 = tx
        .prepare_cached("SELECT acked_seq FROM mark WHERE device = ?1 AND epoch = ?2")?
        .query_row(params![device, epoch], |r| r.get(0))
        .optional()?
        .unwrap_or(0);
    let before: Option<(u64, Option<i64>)> = tx
        .prepare_cached("SELECT sealed_seq, behind_ms FROM device_head WHERE device = ?1 AND epoch = ?2")?
        .query_row(params![device, epoch], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if before.is_some_and(|(said, _)| said > sealed) {
        return Ok(()); // an old word, shown again
    }
    // promises that follow each other while nothing comes are one delay
    let since = before.filter(|(said, _)| *said > acked).and_then(|(_, since)| since).unwrap_or(heard.received.0);
    let behind = (sealed > acked).then_some(since);
    tx.prepare_cached(
        "INSERT INTO device_head (device, epoch, sealed_seq, envelope, received_ms, behind_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (device, epoch) DO UPDATE SET sealed_seq = excluded.sealed_seq, envelope = excluded.envelope,
           received_ms = excluded.received_ms, behind_ms = excluded.behind_ms",
    )?
    .execute(params![device, epoch, sealed, heard.envelope.as_bytes(), heard.received.0, behind])?;
    Ok(())
}

pub(super) fn state_overdue(tx: &Connection, now: UtcMillis) -> Result<(), StoreError> {
    let mut overdue = tx.prepare_cached(
        "SELECT h.device, h.epoch, h.envelope, h.received_ms
         FROM device_head h LEFT JOIN mark m ON m.device = h.device AND m.epoch = h.epoch
         WHERE h.behind_ms <= ?1 AND h.sealed_seq > coalesce(m.acked_seq, 0)
           AND (h.stated_seq IS NULL OR (h.stated_seq < h.sealed_seq AND h.stated_ms <= ?2))
         ORDER BY h.device, h.epoch LIMIT ?3",
    )?;
    let due = params![now.plus_ms(-OVERDUE_MS).0, now.plus_ms(-STATED_EVERY_MS).0, AT_ONCE];
    let due = overdue.query_map(due, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, UtcMillis(r.get(3)?))))?;
    let due: Vec<(u32, u32, Vec<u8>, UtcMillis)> = due.collect::<Result<_, _>>()?;
    for (device, epoch, envelope, received) in due {
        append_leaf(tx, &Entry::Head { received, envelope }.encode())?;
        tx.prepare_cached(
            "UPDATE device_head SET stated_seq = sealed_seq, stated_ms = ?3 WHERE device = ?1 AND epoch = ?2",
        )?
        .execute(params![device, epoch, now.0])?;
    }
    Ok(())
}
