//! The proof room's port on SQLite: segment, rollup, tally and mark move in one transaction.

use super::Store;
use super::approval;
use super::audit::write_early;
use super::log::{self, SEGMENT, append_segment, segment_at, stored_segment};
use super::quarantine;
use super::rows::{self, day_number, hash_of, local_day};
use crate::error::StoreError;
use crate::proof::evidence::{Boxes, EvidenceStore};
use crate::proof::log::StoredSegment;
use crate::proof::{
    Arrived, Counts, DayLimits, DeviceIdentity, DeviceMark, Early, Heard, Outcome, PlanBook, PlanDocument, ProofError,
    ProofStore, RollupDelta, decide,
};
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, PlanHash, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::proof::tenure::Tenure;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::permit::{self, Document, Grounds, Withdrawals};
use lichphat_playlists::wire::sign::{Envelope, VerifyingKey};
use lichphat_playlists::wire::v1::{AssetTable, Playlist};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

impl From<StoreError> for ProofError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Columns of a mark, as [`stored_mark`] reads them.
const MARK: &str = "acked_seq, head_hash, tally";

/// A row of [`MARK`].
fn stored_mark(row: &Row<'_>) -> Result<DeviceMark, StoreError> {
    let (acked, head, tally): (i64, Vec<u8>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let tally: Tally = serde_json::from_str(&tally).map_err(|e| StoreError::unreadable("tally", e))?;
    let acked = Seq(u64::try_from(acked).map_err(|e| StoreError::unreadable("mark", e))?);
    Ok(DeviceMark { acked, head: Some(hash_of(&head)?).filter(|_| acked.0 > 0), tally })
}

/// Where a device's newest segment lies.
#[derive(Debug, Clone, Copy)]
struct Newest {
    /// The day whose table holds it.
    day: i64,
    /// Segments of the device that came on that day.
    segments: u32,
}

/// The mark, and where its newest segment lies; none before the first.
fn read_mark(conn: &Connection, device: DeviceId, epoch: Epoch) -> Result<Option<(DeviceMark, Newest)>, StoreError> {
    let newest = |r: &Row<'_>| -> rusqlite::Result<_> { Ok(Newest { day: r.get(3)?, segments: r.get(4)? }) };
    conn.prepare_cached(&format!("SELECT {MARK}, day, day_segments FROM mark WHERE device = ?1 AND epoch = ?2"))?
        .query_row(params![device.0, epoch.0], |r| Ok(stored_mark(r).and_then(|mark| Ok((mark, newest(r)?)))))
        .optional()?
        .transpose()
}

/// Where a device stood before its first segment of a day; none when the day is not held, or it sent nothing on it.
pub(super) fn day_mark(
    conn: &Connection,
    day: LocalDay,
    device: DeviceId,
    epoch: Epoch,
) -> Result<Option<DeviceMark>, StoreError> {
    let day = day_number(day);
    if !log::days(conn)?.iter().any(|(held, _)| *held == day) {
        return Ok(None);
    }
    conn.prepare_cached(&format!("SELECT {MARK} FROM mark_{day} WHERE device = ?1 AND epoch = ?2"))?
        .query_row(params![device.0, epoch.0], |r| Ok(stored_mark(r)))
        .optional()?
        .transpose()
}

/// Every mark of a table: `mark`, or a day's.
pub(super) fn all_marks(conn: &Connection, table: &str) -> Result<BTreeMap<(DeviceId, Epoch), DeviceMark>, StoreError> {
    let mut query = conn.prepare(&format!("SELECT {MARK}, device, epoch FROM {table}"))?;
    let mut found = query.query([])?;
    let mut marks = BTreeMap::new();
    while let Some(row) = found.next()? {
        marks.insert((DeviceId(row.get(3)?), Epoch(row.get(4)?)), stored_mark(row)?);
    }
    Ok(marks)
}

fn write_mark(
    tx: &Connection,
    device: DeviceId,
    epoch: Epoch,
    mark: &DeviceMark,
    newest: Newest,
) -> Result<(), StoreError> {
    let (head, tally) = written(mark)?;
    tx.prepare_cached(
        "INSERT INTO mark (device, epoch, acked_seq, head_hash, day, day_segments, tally)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (device, epoch) DO UPDATE SET acked_seq = excluded.acked_seq, head_hash = excluded.head_hash,
           day = excluded.day, day_segments = excluded.day_segments, tally = excluded.tally",
    )?
    .execute(params![device.0, epoch.0, mark.acked.0 as i64, head, newest.day, newest.segments, tally])?;
    Ok(())
}

/// Keeps where a device stood before its first segment of a day.
fn write_day_mark(
    tx: &Connection,
    device: DeviceId,
    epoch: Epoch,
    mark: &DeviceMark,
    day: i64,
) -> Result<(), StoreError> {
    let (head, tally) = written(mark)?;
    tx.prepare_cached(&format!(
        "INSERT INTO mark_{day} (device, epoch, acked_seq, head_hash, tally) VALUES (?1, ?2, ?3, ?4, ?5)"
    ))?
    .execute(params![device.0, epoch.0, mark.acked.0 as i64, head, tally])?;
    Ok(())
}

fn written(mark: &DeviceMark) -> Result<([u8; 32], String), StoreError> {
    let tally = serde_json::to_string(&mark.tally).map_err(|e| StoreError::unreadable("tally", e))?;
    Ok((mark.head.map_or([0; 32], |h| h.0), tally))
}

/// The boxes that were registered at a screen, in order of the log.
fn tenures(conn: &Connection, screen: &ScreenCode) -> Result<Vec<Tenure>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT log_index, device, from_ms FROM tenure WHERE screen = ?1 ORDER BY log_index")?;
    let found = query.query_map([screen.as_str()], |r| {
        Ok(Tenure { log_index: r.get(0)?, device: DeviceId(r.get(1)?), at: UtcMillis(r.get(2)?) })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A screen's tally goes on when its box is replaced.
fn inherited_tally(conn: &Connection, screen: &ScreenCode) -> Result<Tally, StoreError> {
    let before: Option<String> = conn
        .prepare_cached(
            "SELECT m.tally FROM mark m JOIN device d ON d.id = m.device
             WHERE d.screen = ?1 ORDER BY d.id DESC, m.epoch DESC LIMIT 1",
        )?
        .query_row([screen.as_str()], |r| r.get(0))
        .optional()?;
    let read = |text: String| serde_json::from_str(&text).map_err(|e| StoreError::unreadable("tally", e));
    before.map_or_else(|| Ok(Tally::default()), read)
}

/// Adds a delta to the rollups.
pub(super) fn add_rollup(
    tx: &Connection,
    device: DeviceId,
    screen: &ScreenCode,
    delta: &RollupDelta,
) -> Result<(), StoreError> {
    let mut add = tx.prepare_cached(
        "INSERT INTO rollup (day, device, campaign, screen, slots_seen, counted, counted_outside, made_good, late,
                             not_counted, unknown, at_d0, at_d1, at_d2, at_d3, at_d5)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0)
         ON CONFLICT (day, device, campaign) DO UPDATE SET
           slots_seen = slots_seen + excluded.slots_seen, counted = counted + excluded.counted,
           counted_outside = counted_outside + excluded.counted_outside, made_good = made_good + excluded.made_good,
           late = late + excluded.late, not_counted = not_counted + excluded.not_counted,
           unknown = unknown + excluded.unknown, at_d0 = at_d0 + excluded.at_d0, at_d1 = at_d1 + excluded.at_d1,
           at_d2 = at_d2 + excluded.at_d2, at_d3 = at_d3 + excluded.at_d3",
    )?;
    let mut add_reason = tx.prepare_cached(
        "INSERT INTO rollup_reason (day, device, campaign, reason, n) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (day, device, campaign, reason) DO UPDATE SET n = n + excluded.n",
    )?;
    for ((day, campaign), c) in delta {
        let day = day_number(*day);
        let Counts { by_level: [_, d0, d1, d2, d3], .. } = c;
        add.execute(params![
            day,
            device.0,
            campaign.as_str(),
            screen.as_str(),
            c.slots_seen,
            c.counted,
            c.counted_outside,
            c.made_good,
            c.late,
            c.not_counted,
            c.unknown,
            d0,
            d1,
            d2,
            d3
        ])?;
        for (reason, n) in &c.reasons {
            add_reason.execute(params![day, device.0, campaign.as_str(), reason, n])?;
        }
    }
    Ok(())
}

/// Is another segment held where this one, a duplicate by its numbers, claims to stand? What retention dropped is
/// believed: the mark remembers that it was held.
fn differs_from_held(conn: &Connection, arrived: &Arrived) -> Result<bool, StoreError> {
    let s = &arrived.segment;
    let held = segment_at(conn, s.device, s.epoch, s.first_seq)?;
    Ok(held.is_some_and(|held| held.bytes != arrived.envelope.as_bytes()))
}

fn append(
    tx: &Connection,
    arrived: &Arrived,
    plans: &PlanBook,
    limits: DayLimits,
) -> Result<Option<(Outcome, DeviceMark)>, StoreError> {
    let s = &arrived.segment;
    let (before, since) = match read_mark(tx, s.device, s.epoch)? {
        Some((mark, at)) => (mark, Some(at)),
        None => (DeviceMark { tally: inherited_tally(tx, &s.screen)?, ..DeviceMark::default() }, None),
    };
    let mut outcome = decide(&before, s, arrived.hash, arrived.received, plans, &tenures(tx, &s.screen)?);
    if outcome == Outcome::Duplicate && differs_from_held(tx, arrived)? {
        outcome = Outcome::Fork { at: s.first_seq };
    }
    match &outcome {
        Outcome::Accepted { delta, mark, .. } => {
            if since.is_some_and(|at| at.day >= day_number(arrived.day) && at.segments >= limits.segments) {
                return Ok(None);
            }
            let (day, log_index) = append_segment(tx, arrived)?;
            let earlier = since.filter(|at| at.day == day);
            if earlier.is_none() {
                write_day_mark(tx, s.device, s.epoch, &before, day)?;
            }
            add_rollup(tx, s.device, &s.screen, delta)?;
            write_early(tx, Early::of(log_index, s.device, local_day(day), delta))?;
            let segments = earlier.map_or(0, |at| at.segments) + 1;
            write_mark(tx, s.device, s.epoch, mark, Newest { day, segments })?;
            let mark = mark.clone();
            return Ok(Some((outcome, mark)));
        }
        Outcome::Fork { .. } => quarantine::keep(tx, arrived, limits)?,
        Outcome::Duplicate | Outcome::Hole { .. } => {}
    }
    Ok(Some((outcome, before)))
}

/// Documents of approvals that plans share, by name.
type Approved = BTreeMap<Sha256Hash, Document>;

fn plan_document(
    conn: &Connection,
    hash: PlanHash,
    approved: &mut Approved,
) -> Result<Option<PlanDocument>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = conn
        .prepare_cached(
            "SELECT p.document, a.packed, a.hash FROM plan p JOIN asset_table a ON a.hash = p.assets_hash WHERE p.hash = ?1",
        )?
        .query_row([hash.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    row.map(|(document, assets, assets_hash)| {
        let playlist = stored_playlist(document)?;
        let assets = AssetTable::decode(&rows::unpack(&assets)?, hash_of(&assets_hash)?)
            .map_err(|e| StoreError::unreadable("asset table", e))?;
        let mut grounds = Grounds::default();
        for name in permit::named(playlist.place, &assets.assets) {
            if !approved.contains_key(&name)
                && let Some(document) = approval::document_of(conn, name)?
            {
                approved.insert(name, document);
            }
            if let Some(document) = approved.get(&name) {
                grounds.take(name, document.clone());
            }
        }
        Ok(PlanDocument { hash, playlist, assets: Arc::new(assets), grounds })
    })
    .transpose()
}

/// A playlist out of our own store; it was signed and checked when it was published.
pub(super) fn stored_playlist(document: Vec<u8>) -> Result<Playlist, StoreError> {
    let unreadable = |e: &dyn std::fmt::Display| StoreError::unreadable("playlist", e);
    let envelope = Envelope::from_bytes(document).map_err(|e| unreadable(&e))?;
    let json = envelope.content_unverified(lichphat_playlists::wire::v1::LIMIT_BYTES).map_err(|e| unreadable(&e))?;
    serde_json::from_slice(&json).map_err(|e| unreadable(&e))
}

#[async_trait::async_trait]
impl ProofStore for Store {
    async fn identity(&self, device: DeviceId) -> Result<Option<DeviceIdentity>, ProofError> {
        Ok(self.read(move |conn| identity(conn, device, false)).await?)
    }

    async fn plan_documents(&self, plans: Vec<PlanHash>) -> Result<Vec<PlanDocument>, ProofError> {
        let documents = self
            .read(move |conn| {
                let mut approved = Approved::new();
                let document = |hash| plan_document(conn, hash, &mut approved).transpose();
                plans.into_iter().filter_map(document).collect::<Result<_, _>>()
            })
            .await?;
        Ok(documents)
    }

    async fn withdrawals(&self) -> Result<Arc<Withdrawals>, ProofError> {
        let held = self.withdrawals.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let newest = self.read(move |conn| match approval::newest_list(conn)? {
            name if name == held.0 => Ok(held),
            _ => Ok(approval::newest_withdrawals(conn)?
                .map(|(name, list)| (Some(name), Arc::new(list)))
                .unwrap_or_default()),
        });
        let newest = newest.await?;
        *self.withdrawals.lock().unwrap_or_else(PoisonError::into_inner) = newest.clone();
        Ok(newest.1)
    }

    async fn append(
        &self,
        arrived: Arrived,
        plans: PlanBook,
        limits: DayLimits,
    ) -> Result<(Outcome, DeviceMark), ProofError> {
        let device = arrived.segment.device;
        let taken = self.write(move |tx| append(tx, &arrived, &plans, limits)).await?;
        taken.ok_or(ProofError::TooMany { device, limit: limits.segments })
    }

    async fn keep_head(&self, heard: Heard) -> Result<(), ProofError> {
        Ok(self.write(move |tx| super::heads::keep(tx, &heard)).await?)
    }

    async fn mark(&self, device: DeviceId, epoch: Epoch) -> Result<DeviceMark, ProofError> {
        let mark = self.read(move |conn| read_mark(conn, device, epoch)).await?;
        Ok(mark.map(|(mark, _)| mark).unwrap_or_default())
    }
}

pub(super) fn identity(
    conn: &Connection,
    device: DeviceId,
    revoked_too: bool,
) -> Result<Option<DeviceIdentity>, StoreError> {
    let row: Option<(u32, String, [u8; 32], bool)> = conn
        .prepare_cached(
            "SELECT epoch, screen, public_key, simulated FROM device WHERE id = ?1 AND (?2 OR revoked_ms IS NULL)",
        )?
        .query_row(params![device.0, revoked_too], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .optional()?;
    row.map(|(epoch, screen, key, simulated)| {
        let key = VerifyingKey::from_bytes(&key).map_err(|e| StoreError::unreadable("evidence key", e))?;
        Ok(DeviceIdentity { device, epoch: Epoch(epoch), screen: rows::screen(screen)?, key, simulated })
    })
    .transpose()
}

#[async_trait::async_trait]
impl EvidenceStore for Store {
    async fn segments_of(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
        log_index: u64,
        limit: u32,
    ) -> Result<Vec<StoredSegment>, ProofError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| segments_of(conn, &screen, day_number(day), log_index, limit)).await?)
    }

    async fn boxes_of(&self, screen: &ScreenCode) -> Result<Boxes, ProofError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| Ok(Boxes { tenures: tenures(conn, &screen)?, held: held(conn, &screen)? })).await?)
    }

    async fn segment_with(
        &self,
        device: DeviceId,
        epoch: Epoch,
        seq: Seq,
    ) -> Result<Option<StoredSegment>, ProofError> {
        let found = self.read(move |conn| segment_at(conn, device, epoch, seq)).await?;
        Ok(found.filter(|segment| segment.last_seq >= seq))
    }

    async fn screens_with(
        &self,
        campaign: &CampaignCode,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<Vec<ScreenCode>, ProofError> {
        let campaign = campaign.clone();
        let screens = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT DISTINCT screen FROM rollup WHERE campaign = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY screen",
                )?;
                let mut found = query.query(params![campaign.as_str(), day_number(from), day_number(to)])?;
                let mut out = Vec::new();
                while let Some(row) = found.next()? {
                    out.push(rows::screen(row.get(0)?)?);
                }
                Ok(out)
            })
            .await?;
        Ok(screens)
    }
}

/// Up to where the records of a screen's boxes are held.
fn held(conn: &Connection, screen: &ScreenCode) -> Result<BTreeMap<(DeviceId, Epoch), Seq>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT m.device, m.epoch, m.acked_seq FROM mark m JOIN device d ON d.id = m.device WHERE d.screen = ?1",
    )?;
    let found = query.query_map([screen.as_str()], |r| {
        Ok(((DeviceId(r.get(0)?), Epoch(r.get(1)?)), Seq(r.get::<_, i64>(2)?.unsigned_abs())))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn segments_of(
    conn: &Connection,
    screen: &ScreenCode,
    from: i64,
    log_index: u64,
    limit: u32,
) -> Result<Vec<StoredSegment>, StoreError> {
    let days = log::days(conn)?;
    let mut out = Vec::new();
    for (at, &(day, _)) in days.iter().enumerate().filter(|(_, (day, _))| *day >= from) {
        let ends_before = days.get(at + 1).is_some_and(|next| next.1 <= log_index);
        if ends_before || out.len() >= limit as usize {
            continue;
        }
        // The plus sign keeps the engine from walking the whole day: a screen has few devices.
        let mut query = conn.prepare_cached(&format!(
            "SELECT {SEGMENT} FROM segment_{day} WHERE device IN (SELECT id FROM device WHERE screen = ?1)
               AND +log_index >= ?2 ORDER BY +log_index LIMIT ?3"
        ))?;
        let rest = limit - out.len() as u32;
        let mut found = query.query(params![screen.as_str(), log_index, rest])?;
        while let Some(row) = found.next()? {
            out.push(stored_segment(row, day)?);
        }
    }
    Ok(out)
}
