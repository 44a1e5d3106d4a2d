//! The planning room's port on SQLite.

use super::Store;
use super::proof::stored_playlist;
use super::rows::{self, day_number, hash_of, local_day};
use crate::error::StoreError;
use crate::planning::audit::AuditedPlan;
use crate::planning::{
    Facts, Mark, NewPlan, PlanHead, PlanStore, PlannedCampaign, PlanningError, ScreenFacts, StoredPlan,
};
use lichphat_playlists::ids::{DeviceId, Epoch, PlanVersion, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::plan::Problem;
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::{AssetTable, LedgerThrough, Tier};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

impl From<StoreError> for PlanningError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

const TIERS: [(Tier, &str); 5] = [
    (Tier::Fixed, "fixed"),
    (Tier::Order, "order"),
    (Tier::Contract, "contract"),
    (Tier::Local, "local"),
    (Tier::Fallback, "fallback"),
];

fn tier_text(tier: Tier) -> &'static str {
    TIERS.iter().find(|(t, _)| *t == tier).map_or("local", |(_, text)| text)
}

fn tier_of(text: &str) -> Tier {
    TIERS.iter().find(|(_, t)| *t == text).map_or(Tier::Local, |(tier, _)| *tier)
}

const HEAD: &str = "screen, day, version, hash, input_hash";

fn head(row: &Row<'_>) -> Result<PlanHead, StoreError> {
    Ok(PlanHead {
        screen: rows::screen(row.get(0)?)?,
        day: local_day(row.get(1)?),
        version: PlanVersion(row.get(2)?),
        hash: hash_of(&row.get::<_, Vec<u8>>(3)?)?,
        input_hash: hash_of(&row.get::<_, Vec<u8>>(4)?)?,
    })
}

/// Texts that plans share, packed, by their hash.
type Packed = BTreeMap<Sha256Hash, Vec<u8>>;

/// Each distinct text of `plans` once: alike screens share them.
fn pack(plans: &[NewPlan]) -> Result<Packed, StoreError> {
    let mut packed = Packed::new();
    for (hash, bytes) in plans.iter().flat_map(|p| [&p.assets, &p.problem]) {
        if !packed.contains_key(hash) {
            packed.insert(*hash, rows::pack(bytes)?);
        }
    }
    Ok(packed)
}

fn save(tx: &Connection, plan: &NewPlan, packed: &Packed) -> Result<(), StoreError> {
    let there = tx
        .prepare_cached("SELECT 1 FROM plan WHERE screen = ?1 AND day = ?2 AND version >= ?3")?
        .exists(params![plan.head.screen.as_str(), day_number(plan.head.day), plan.head.version.0])?;
    if there {
        return Err(StoreError::Busy); // another process was quicker
    }
    let shared = [
        ("INSERT INTO asset_table (hash, packed) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING", plan.assets.0),
        ("INSERT INTO day_problem (hash, packed) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING", plan.problem.0),
    ];
    for (insert, hash) in shared {
        tx.prepare_cached(insert)?.execute(params![hash.0, packed.get(&hash)])?;
    }
    tx.prepare_cached(
        "INSERT INTO plan (screen, day, version, hash, cause, made_ms, input_hash, problem_hash, document, assets_hash, slots)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        plan.head.screen.as_str(),
        day_number(plan.head.day),
        plan.head.version.0,
        plan.head.hash.0,
        plan.cause,
        plan.made.0,
        plan.head.input_hash.0,
        plan.problem.0.0,
        plan.envelope,
        plan.assets.0.0,
        plan.slots,
    ])?;
    let id = tx.last_insert_rowid();
    let mut add = tx.prepare_cached(
        "INSERT INTO plan_campaign (plan_id, campaign, screen, day, version, tier, planned, asked, not_approved, short_vi, short_en)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let (screen, day, version) = (plan.head.screen.as_str(), day_number(plan.head.day), plan.head.version.0);
    for c in &plan.campaigns {
        let (campaign, tier) = (c.campaign.as_str(), tier_text(c.tier));
        let (planned, asked, not_approved) = (c.planned, c.asked, c.not_approved);
        let (vi, en) = (&c.short_vi, &c.short_en);
        add.execute(params![id, campaign, screen, day, version, tier, planned, asked, not_approved, vi, en])?;
    }
    Ok(())
}

const STORED: &str =
    "SELECT p.screen, p.day, p.version, p.hash, p.input_hash, p.id, p.cause, p.document, a.packed, a.hash,
            d.packed, p.slots
     FROM plan p JOIN asset_table a ON a.hash = p.assets_hash JOIN day_problem d ON d.hash = p.problem_hash";

fn stored(conn: &Connection, row: &Row<'_>) -> Result<StoredPlan, StoreError> {
    let head = head(row)?;
    let id: i64 = row.get(5)?;
    let assets_hash = hash_of(&row.get::<_, Vec<u8>>(9)?)?;
    let mut problem: Problem = serde_json::from_slice(&rows::unpack(&row.get::<_, Vec<u8>>(10)?)?)
        .map_err(|e| StoreError::unreadable("day problem", e))?;
    problem.id = format!("{}/{}", head.screen, head.day);
    Ok(StoredPlan {
        head,
        cause: row.get(6)?,
        playlist: stored_playlist(row.get(7)?)?,
        assets: AssetTable::decode(&rows::unpack(&row.get::<_, Vec<u8>>(8)?)?, assets_hash)
            .map_err(|e| StoreError::unreadable("asset table", e))?,
        problem,
        campaigns: campaigns(conn, id)?,
    })
}

fn newest(conn: &Connection, screen: &ScreenCode, day: LocalDay) -> Result<Option<StoredPlan>, StoreError> {
    let mut query =
        conn.prepare_cached(&format!("{STORED} WHERE p.screen = ?1 AND p.day = ?2 ORDER BY p.version DESC LIMIT 1"))?;
    let mut found = query.query(params![screen.as_str(), day_number(day)])?;
    found.next()?.map(|row| stored(conn, row)).transpose()
}

fn audited(conn: &Connection, after: i64, limit: u32) -> Result<Vec<AuditedPlan>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{STORED} WHERE p.id > ?1 ORDER BY p.id LIMIT ?2"))?;
    let plans = query.query_and_then(params![after, limit], |row| {
        let plan = stored(conn, row).map_err(|e| e.to_string()); // the audit goes on and names it
        Ok(AuditedPlan { row: row.get(5)?, head: head(row)?, plan, envelope: row.get(7)?, slots: row.get(11)? })
    })?;
    plans.collect()
}

fn campaigns(conn: &Connection, plan: i64) -> Result<Vec<PlannedCampaign>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT c.campaign, c.tier, c.asked, c.planned, c.not_approved, c.short_vi, c.short_en FROM plan_campaign c
         JOIN plan p ON p.id = c.plan_id AND p.screen = c.screen AND p.day = c.day AND p.version = c.version
         WHERE c.plan_id = ?1 ORDER BY c.campaign",
    )?;
    let campaigns = query.query_and_then([plan], |row| {
        Ok(PlannedCampaign {
            campaign: rows::campaign(row.get(0)?)?,
            tier: tier_of(row.get_ref(1)?.as_str().unwrap_or_default()),
            asked: row.get(2)?,
            planned: row.get(3)?,
            not_approved: row.get(4)?,
            short_vi: row.get(5)?,
            short_en: row.get(6)?,
        })
    })?;
    campaigns.collect()
}

/// Newest plan of each (screen, day) from a day on: `id, screen, day`.
const NEWEST: &str =
    "(SELECT id, screen, day, max(version) FROM plan WHERE day BETWEEN ?1 AND ?2 GROUP BY screen, day)";

fn facts(conn: &Connection, from: LocalDay) -> Result<Facts, StoreError> {
    let mut facts = Facts::new();
    let mut planned = conn.prepare_cached(&format!(
        "SELECT n.screen, c.campaign, n.day, c.planned FROM {NEWEST} n JOIN plan_campaign c ON c.plan_id = n.id
         WHERE c.tier = 'order'"
    ))?;
    let mut rows = planned.query(params![day_number(from), i64::MAX])?;
    while let Some(row) = rows.next()? {
        let key = (rows::screen(row.get(0)?)?, rows::campaign(row.get(1)?)?);
        facts.entry(key).or_default().entry(local_day(row.get(2)?)).or_default().planned = row.get(3)?;
    }
    let mut counted = conn.prepare_cached(
        "SELECT screen, campaign, day, sum(counted), sum(slots_seen) FROM rollup WHERE day >= ?1 GROUP BY screen, campaign, day",
    )?;
    let mut rows = counted.query([day_number(from)])?;
    while let Some(row) = rows.next()? {
        let key = (rows::screen(row.get(0)?)?, rows::campaign(row.get(1)?)?);
        let Some(days) = facts.get_mut(&key) else { continue };
        let fact = days.entry(local_day(row.get(2)?)).or_default();
        fact.counted = row.get(3)?;
        fact.slots_seen = row.get(4)?;
    }
    Ok(facts)
}

/// What one screen's ledgers know: few rows, so that a page may ask.
fn facts_of(conn: &Connection, screen: &ScreenCode, from: LocalDay) -> Result<ScreenFacts, StoreError> {
    let mut facts = ScreenFacts::new();
    let mut planned = conn.prepare_cached(
        "SELECT c.campaign, n.day, c.planned
         FROM (SELECT id, day, max(version) FROM plan WHERE screen = ?1 AND day >= ?2 GROUP BY day) n
         JOIN plan_campaign c ON c.plan_id = n.id WHERE c.tier = 'order'",
    )?;
    let mut rows = planned.query(params![screen.as_str(), day_number(from)])?;
    while let Some(row) = rows.next()? {
        let days = facts.entry(rows::campaign(row.get(0)?)?).or_default();
        days.entry(local_day(row.get(1)?)).or_default().planned = row.get(2)?;
    }
    let mut counted = conn.prepare_cached(
        "SELECT campaign, day, sum(counted), sum(slots_seen) FROM rollup WHERE screen = ?1 AND day >= ?2
         GROUP BY campaign, day",
    )?;
    let mut rows = counted.query(params![screen.as_str(), day_number(from)])?;
    while let Some(row) = rows.next()? {
        let Some(days) = facts.get_mut(&rows::campaign(row.get(0)?)?) else { continue };
        let fact = days.entry(local_day(row.get(1)?)).or_default();
        fact.counted = row.get(2)?;
        fact.slots_seen = row.get(3)?;
    }
    Ok(facts)
}

fn marks(conn: &Connection) -> Result<BTreeMap<ScreenCode, Mark>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT d.screen, d.id, d.epoch, coalesce(m.acked_seq, 0), m.tally,
                CASE WHEN EXISTS (SELECT 1 FROM device o WHERE o.screen = d.screen AND o.id <> d.id)
                     THEN d.registered_ms END
         FROM device d LEFT JOIN mark m ON m.device = d.id AND m.epoch = d.epoch WHERE d.retired_ms IS NULL",
    )?;
    let mut rows = query.query([])?;
    let mut marks = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let seq = Seq(row.get::<_, i64>(3)?.unsigned_abs());
        let tally = match row.get_ref(4)?.as_str_or_null().unwrap_or_default() {
            Some(text) => serde_json::from_str(text).map_err(|e| StoreError::unreadable("tally", e))?,
            None => Tally::default(), // registered, and not a word from it yet
        };
        let mark = Mark {
            through: LedgerThrough { device: DeviceId(row.get(1)?), epoch: Epoch(row.get(2)?), seq },
            heard: tally.last_end,
            last_counted: tally.last_counted,
            successor_since: row.get::<_, Option<i64>>(5)?.map(UtcMillis),
        };
        marks.insert(rows::screen(row.get(0)?)?, mark);
    }
    Ok(marks)
}

#[async_trait::async_trait]
impl PlanStore for Store {
    async fn heads(&self, from: LocalDay, to: LocalDay) -> Result<Vec<PlanHead>, PlanningError> {
        let heads = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(&format!(
                    "SELECT {HEAD}, max(version) FROM plan WHERE day BETWEEN ?1 AND ?2 GROUP BY screen, day"
                ))?;
                query.query_and_then(params![day_number(from), day_number(to)], head)?.collect()
            })
            .await?;
        Ok(heads)
    }

    async fn first_version(&self) -> Result<PlanVersion, PlanningError> {
        let floor = self
            .read(|conn| Ok(conn.query_row("SELECT coalesce(max(plan_floor), 1) FROM restored", [], |r| r.get(0))?));
        Ok(PlanVersion(floor.await?))
    }

    async fn newest(&self, screen: &ScreenCode, day: LocalDay) -> Result<Option<StoredPlan>, PlanningError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| newest(conn, &screen, day)).await?)
    }

    async fn known(&self, from: LocalDay) -> Result<(Facts, BTreeMap<ScreenCode, Mark>), PlanningError> {
        Ok(self.read(move |conn| Ok((facts(conn, from)?, marks(conn)?))).await?)
    }

    async fn facts_of(&self, screen: &ScreenCode, from: LocalDay) -> Result<ScreenFacts, PlanningError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| facts_of(conn, &screen, from)).await?)
    }

    async fn audited(&self, after: i64, limit: u32) -> Result<Vec<AuditedPlan>, PlanningError> {
        Ok(self.read(move |conn| audited(conn, after, limit)).await?)
    }

    async fn slots_on(&self, day: LocalDay) -> Result<u64, PlanningError> {
        let slots = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(&format!(
                    "SELECT coalesce(sum(p.slots), 0) FROM {NEWEST} n JOIN plan p ON p.id = n.id"
                ))?;
                Ok(query.query_row(params![day_number(day), day_number(day)], |r| r.get(0))?)
            })
            .await?;
        Ok(slots)
    }

    async fn save(&self, plans: Vec<NewPlan>) -> Result<(), PlanningError> {
        let packed = pack(&plans)?; // here, so that the writer's one thread only writes
        match self.write(move |tx| plans.iter().try_for_each(|p| save(tx, p, &packed))).await {
            Err(StoreError::Busy) => Err(PlanningError::Raced),
            saved => Ok(saved?),
        }
    }
}
