//! What `check` reads of the proof room, and what it may write: sums, and which box a screen was of.

use super::Store;
use super::compliance::{COUNTS, counts};
use super::proof::{add_rollup, all_marks, identity};
use super::rows::{self, day_number, local_day};
use crate::error::StoreError;
use crate::proof::audit::{AuditStore, RollupMend, TenureMend, Tenures};
use crate::proof::{Counts, DeviceIdentity, DeviceMark, Early, ProofError, RollupDelta, SetApart};
use lichphat_playlists::ids::{DeviceId, Epoch};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};

/// Keeps what a segment added to sums of later days.
pub(super) fn write_early(tx: &Connection, early: Vec<Early>) -> Result<(), StoreError> {
    for e in early {
        let counts = serde_json::to_string(&e.counts).map_err(|error| StoreError::unreadable("counts", error))?;
        tx.prepare_cached(
            "INSERT INTO rollup_early (log_index, day, campaign, device, counts) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![e.log_index, day_number(e.day), e.campaign.as_str(), e.device.0, counts])?;
    }
    Ok(())
}

fn early(conn: &Connection) -> Result<Vec<Early>, StoreError> {
    let mut query = conn.prepare(
        "SELECT log_index, device, day, campaign, counts FROM rollup_early ORDER BY log_index, day, campaign",
    )?;
    let early = query.query_and_then([], |row| {
        let counts: String = row.get(4)?;
        Ok(Early {
            log_index: row.get(0)?,
            device: DeviceId(row.get(1)?),
            day: local_day(row.get(2)?),
            campaign: rows::campaign(row.get(3)?)?,
            counts: serde_json::from_str(&counts).map_err(|error| StoreError::unreadable("counts", error))?,
        })
    })?;
    early.collect()
}

/// A sum as it is now; nothing is zero of everything.
fn sum_now(tx: &Connection, mend: &RollupMend) -> Result<Counts, StoreError> {
    let at = params![day_number(mend.day), mend.device.0, mend.campaign.as_str()];
    let sum = format!("SELECT {COUNTS} FROM rollup WHERE day = ?1 AND device = ?2 AND campaign = ?3");
    let sum = tx.prepare_cached(&sum)?.query_row(at, |row| Ok(counts(row, 0))).optional()?;
    let mut sum = sum.transpose()?.unwrap_or_default();
    let mut query =
        tx.prepare_cached("SELECT reason, n FROM rollup_reason WHERE day = ?1 AND device = ?2 AND campaign = ?3")?;
    let reasons = query.query_map(at, |row| Ok((row.get(0)?, row.get(1)?)))?;
    sum.reasons = reasons.collect::<Result<_, _>>()?;
    Ok(sum)
}

/// Writes a sum: what the segments said, and what was added since.
fn mend(tx: &Connection, mend: &RollupMend, added: &Counts) -> Result<(), StoreError> {
    let (day, device) = (day_number(mend.day), mend.device.0);
    for table in ["rollup", "rollup_reason"] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE day = ?1 AND device = ?2 AND campaign = ?3"))?
            .execute(params![day, device, mend.campaign.as_str()])?;
    }
    let mut sum = mend.said.clone();
    sum.merge(added);
    if sum != Counts::default() {
        let mut screen = tx.prepare_cached("SELECT screen FROM device WHERE id = ?1")?;
        let screen = rows::screen(screen.query_row([device], |r| r.get(0))?)?;
        add_rollup(tx, mend.device, &screen, &RollupDelta::from([((mend.day, mend.campaign.clone()), sum)]))?;
    }
    Ok(())
}

fn tenures(conn: &Connection) -> Result<Tenures, StoreError> {
    let mut query = conn.prepare("SELECT screen, log_index, device, from_ms FROM tenure")?;
    let found = query.query_and_then([], |row| {
        let at = (rows::screen(row.get(0)?)?, row.get(1)?);
        Ok((at, (DeviceId(row.get(2)?), UtcMillis(row.get(3)?))))
    })?;
    found.collect()
}

/// Makes the table anew: what the log has, and what was added since. Its own guards let no row of it be changed.
fn mend_tenures(tx: &Connection, mend: TenureMend) -> Result<(), StoreError> {
    let mut rows = tenures(tx)?;
    rows.retain(|at, _| !mend.held.contains_key(at));
    rows.extend(mend.said);
    let mut parts =
        tx.prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = 'tenure' AND sql IS NOT NULL ORDER BY rowid")?;
    let parts = parts.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    tx.execute_batch("DROP TABLE tenure")?;
    parts.iter().try_for_each(|part| tx.execute_batch(part))?;
    let mut add = tx.prepare("INSERT INTO tenure (screen, log_index, device, from_ms) VALUES (?1, ?2, ?3, ?4)")?;
    for ((screen, log_index), (device, at)) in rows {
        add.execute(params![screen.as_str(), log_index, device.0, at.0])?;
    }
    Ok(())
}

fn rollups(conn: &Connection) -> Result<BTreeMap<DeviceId, RollupDelta>, StoreError> {
    let mut out: BTreeMap<DeviceId, RollupDelta> = BTreeMap::new();
    let mut query = conn.prepare(&format!("SELECT device, day, campaign, {COUNTS} FROM rollup"))?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let key = (local_day(row.get(1)?), rows::campaign(row.get(2)?)?);
        out.entry(DeviceId(row.get(0)?)).or_default().insert(key, counts(row, 3)?);
    }
    let mut query = conn.prepare("SELECT device, day, campaign, reason, n FROM rollup_reason")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let key = (local_day(row.get(1)?), rows::campaign(row.get(2)?)?);
        let counts = out.entry(DeviceId(row.get(0)?)).or_default().entry(key).or_default();
        counts.reasons.insert(row.get(3)?, row.get(4)?);
    }
    Ok(out)
}

#[async_trait::async_trait]
impl AuditStore for Store {
    async fn rollups(&self) -> Result<BTreeMap<DeviceId, RollupDelta>, ProofError> {
        Ok(self.read(rollups).await?)
    }

    async fn marks(&self) -> Result<BTreeMap<(DeviceId, Epoch), DeviceMark>, ProofError> {
        Ok(self.read(|conn| all_marks(conn, "mark")).await?)
    }

    async fn day_marks(&self, day: LocalDay) -> Result<BTreeMap<(DeviceId, Epoch), DeviceMark>, ProofError> {
        let table = format!("mark_{}", day_number(day));
        Ok(self.read(move |conn| all_marks(conn, &table)).await?)
    }

    async fn simulated_devices(&self) -> Result<BTreeSet<DeviceId>, ProofError> {
        let devices = self
            .read(|conn| {
                let mut query = conn.prepare_cached("SELECT id FROM device WHERE simulated = 1")?;
                let ids = query.query_map([], |r| Ok(DeviceId(r.get(0)?)))?;
                Ok(ids.collect::<Result<_, _>>()?)
            })
            .await?;
        Ok(devices)
    }

    async fn identity_ever(&self, device: DeviceId) -> Result<Option<DeviceIdentity>, ProofError> {
        Ok(self.read(move |conn| identity(conn, device, true)).await?)
    }
    async fn early(&self) -> Result<Vec<Early>, ProofError> {
        Ok(self.read(early).await?)
    }

    async fn set_apart(&self) -> Result<Vec<SetApart>, ProofError> {
        Ok(self.read(super::quarantine::set_apart).await?)
    }

    async fn tenures(&self) -> Result<Tenures, ProofError> {
        Ok(self.read(tenures).await?)
    }

    async fn mend(&self, mends: Vec<RollupMend>, tenures: Option<TenureMend>) -> Result<bool, ProofError> {
        let done = self.write(move |tx| {
            let mut added = Vec::new(); // since the audit's moment
            for mend in &mends {
                let Some(since) = sum_now(tx, mend)?.without(&mend.held) else { return Ok(false) };
                added.push(since);
            }
            mends.iter().zip(&added).try_for_each(|(one, added)| mend(tx, one, added))?;
            if let Some(tenures) = tenures {
                mend_tenures(tx, tenures)?;
            }
            Ok(true)
        });
        Ok(done.await?)
    }
}
