//! What bundles need of SQLite: reads only.

use super::Store;
use super::approval;
use super::quarantine;
use super::rows::{self, day_number, hash_of, local_day};
use crate::error::StoreError;
use crate::proof::bundle::{Before, BundleStore, SignedPlan};
use crate::proof::log::StoredSegment;
use crate::proof::{DeviceMark, ProofError};
use lichphat_playlists::figures::Period;
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, PlanHash, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::entry::{Entry, EntryError};
use lichphat_playlists::time::LocalDay;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// A place of the log, and what stands there or why it cannot be read.
type Placed = (u64, Result<Entry, EntryError>);

/// Everything in the log that is no segment, in order.
pub(super) fn statements(conn: &Connection) -> Result<Vec<Placed>, StoreError> {
    let mut query = conn.prepare_cached("SELECT log_index, leaf FROM log_entry ORDER BY log_index")?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(1)?;
        match Entry::decode(&leaf) {
            Ok(Entry::Segment { .. }) => {}
            entry => found.push((row.get(0)?, entry)),
        }
    }
    Ok(found)
}

fn came_before(conn: &Connection, campaign: &CampaignCode, days: [i64; 3]) -> Result<Before, StoreError> {
    let [since, from, to] = days;
    let mut query = conn.prepare_cached(
        "SELECT d.screen, e.day, e.counts FROM rollup_early e JOIN device d ON d.id = e.device
         WHERE e.campaign = ?1 AND e.day BETWEEN ?2 AND ?3
           AND e.log_index < coalesce((SELECT min(first_index) FROM segment_day WHERE day >= ?4), e.log_index + 1)",
    )?;
    let mut rows = query.query(params![campaign.as_str(), from, to, since])?;
    let mut before = Before::new();
    while let Some(row) = rows.next()? {
        let counts: String = row.get(2)?;
        let counts = serde_json::from_str(&counts).map_err(|error| StoreError::unreadable("counts", error))?;
        let of_screen = before.entry(rows::screen(row.get(0)?)?).or_default();
        of_screen.entry(local_day(row.get(1)?)).or_default().merge(&counts);
    }
    Ok(before)
}

const SIGNED: &str = "day, version, hash, document, assets_hash";

fn signed_plan(row: &Row<'_>) -> Result<SignedPlan, StoreError> {
    Ok(SignedPlan {
        day: local_day(row.get(0)?),
        version: row.get(1)?,
        hash: hash_of(&row.get::<_, Vec<u8>>(2)?)?,
        bytes: row.get(3)?,
        assets: hash_of(&row.get::<_, Vec<u8>>(4)?)?,
    })
}

fn signed_plans(
    conn: &Connection,
    screen: &ScreenCode,
    (from, to): (LocalDay, LocalDay),
    named: &[PlanHash],
) -> Result<Vec<SignedPlan>, StoreError> {
    let mut plans = BTreeMap::new();
    let mut keep = |plan: SignedPlan| drop(plans.insert((plan.day, plan.version), plan));
    let mut newest = conn.prepare_cached(&format!(
        "SELECT {SIGNED} FROM plan p WHERE screen = ?3 AND day BETWEEN ?1 AND ?2
         AND version = (SELECT max(version) FROM plan q WHERE q.screen = p.screen AND q.day = p.day)"
    ))?;
    let mut rows = newest.query(params![day_number(from), day_number(to), screen.as_str()])?;
    while let Some(row) = rows.next()? {
        keep(signed_plan(row)?);
    }
    let mut by_name = conn.prepare_cached(&format!("SELECT {SIGNED} FROM plan WHERE hash = ?1 AND screen = ?2"))?;
    for hash in named {
        let found = by_name.query_row(params![hash.0, screen.as_str()], |row| Ok(signed_plan(row))).optional()?;
        if let Some(plan) = found {
            keep(plan?);
        }
    }
    Ok(plans.into_values().collect())
}

#[async_trait::async_trait]
impl BundleStore for Store {
    async fn statements(&self) -> Result<Vec<(u64, Entry)>, ProofError> {
        let readable = |(index, entry): Placed| match entry {
            Ok(entry) => Ok((index, entry)),
            Err(error) => Err(StoreError::unreadable(format!("entry {index} of the log"), error)),
        };
        let found = self.read(statements).await?.into_iter().map(readable).collect::<Result<_, _>>()?;
        Ok(found)
    }

    async fn forks_of(&self, screen: &ScreenCode, day: LocalDay) -> Result<Vec<StoredSegment>, ProofError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| quarantine::forks_of(conn, &screen, day_number(day))).await?)
    }

    async fn came_before(
        &self,
        since: LocalDay,
        (campaign, period): (&CampaignCode, &Period),
    ) -> Result<Before, ProofError> {
        let (campaign, days) = (campaign.clone(), [since, period.from, period.to].map(day_number));
        Ok(self.read(move |conn| came_before(conn, &campaign, days)).await?)
    }

    async fn day_mark(&self, day: LocalDay, device: DeviceId, epoch: Epoch) -> Result<Option<DeviceMark>, ProofError> {
        Ok(self.read(move |conn| super::proof::day_mark(conn, day, device, epoch)).await?)
    }

    async fn signed_plans(
        &self,
        screen: &ScreenCode,
        days: (LocalDay, LocalDay),
        named: Vec<PlanHash>,
    ) -> Result<Vec<SignedPlan>, ProofError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| signed_plans(conn, &screen, days, &named)).await?)
    }

    async fn approval(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, ProofError> {
        Ok(self.read(move |conn| approval::document(conn, name)).await?)
    }

    async fn asset_table(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, ProofError> {
        let table = self
            .read(move |conn| {
                let mut query = conn.prepare_cached("SELECT packed FROM asset_table WHERE hash = ?1")?;
                let packed: Option<Vec<u8>> = query.query_row([hash.0], |r| r.get(0)).optional()?;
                packed.map(|packed| rows::unpack(&packed)).transpose()
            })
            .await?;
        Ok(table)
    }
}
