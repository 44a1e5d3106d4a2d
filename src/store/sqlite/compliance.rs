//! The compliance room's port on SQLite: reads only.

use super::Store;
use super::rows::{self, day_number, local_day};
use crate::compliance::{ComplianceError, ComplianceStore, DayFacts, DeviceFacts};
use crate::error::StoreError;
use crate::proof::Counts;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::proof::declared::Declared;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

impl From<StoreError> for ComplianceError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

type ByCampaign = BTreeMap<CampaignCode, Declared>;
type ByScreen = BTreeMap<ScreenCode, BTreeMap<LocalDay, DayFacts>>;

fn days(conn: &Connection, campaign: &CampaignCode, from: i64, to: i64) -> Result<ByScreen, StoreError> {
    let mut out = ByScreen::new();
    let mut planned = conn.prepare_cached(
        "SELECT screen, day, asked, planned, not_approved FROM plan_campaign c WHERE campaign = ?3 AND day BETWEEN ?1 AND ?2
           AND NOT EXISTS (SELECT 1 FROM plan p WHERE p.screen = c.screen AND p.day = c.day AND p.version > c.version)",
    )?;
    let mut rows = planned.query(params![from, to, campaign.as_str()])?;
    while let Some(row) = rows.next()? {
        let fact = fact(&mut out, rows::screen(row.get(0)?)?, row.get(1)?);
        fact.asked = row.get(2)?;
        fact.planned = row.get(3)?;
        fact.not_approved = row.get(4)?;
    }
    let mut counted = conn.prepare_cached(&format!(
        "SELECT screen, day, {COUNTS} FROM rollup WHERE campaign = ?3 AND day BETWEEN ?1 AND ?2"
    ))?;
    let mut rows = counted.query(params![from, to, campaign.as_str()])?;
    while let Some(row) = rows.next()? {
        // a screen whose box was replaced has two rows of that day
        fact(&mut out, rows::screen(row.get(0)?)?, row.get(1)?).counts.merge(&counts(row, 2)?);
    }
    // from the campaign's sums to their reasons: the reasons alone are not in the order of campaigns
    let mut reasons = conn.prepare_cached(
        "SELECT u.screen, u.day, r.reason, r.n FROM rollup u
         CROSS JOIN rollup_reason r ON r.day = u.day AND r.device = u.device AND r.campaign = u.campaign
         WHERE u.campaign = ?3 AND u.day BETWEEN ?1 AND ?2 AND u.not_counted + u.unknown > 0",
    )?;
    let mut rows = reasons.query(params![from, to, campaign.as_str()])?;
    while let Some(row) = rows.next()? {
        let fact = fact(&mut out, rows::screen(row.get(0)?)?, row.get(1)?);
        *fact.counts.reasons.entry(row.get(2)?).or_default() += row.get::<_, u32>(3)?;
    }
    let mut declared = conn.prepare_cached(
        "SELECT screen, day, figures FROM declared_day WHERE campaign = ?3 AND day BETWEEN ?1 AND ?2",
    )?;
    let mut rows = declared.query(params![from, to, campaign.as_str()])?;
    while let Some(row) = rows.next()? {
        fact(&mut out, rows::screen(row.get(0)?)?, row.get(1)?).declared = figures(row, 2)?;
    }
    Ok(out)
}

/// Columns of a sum, as [`counts`] reads them.
pub(super) const COUNTS: &str =
    "slots_seen, counted, counted_outside, made_good, late, not_counted, unknown, at_d0, at_d1, at_d2, at_d3";

/// [`COUNTS`] from column `at` on; the reasons lie elsewhere.
pub(super) fn counts(row: &Row<'_>, at: usize) -> Result<Counts, StoreError> {
    let n = |i: usize| row.get(at + i);
    Ok(Counts {
        slots_seen: n(0)?,
        counted: n(1)?,
        counted_outside: n(2)?,
        made_good: n(3)?,
        late: n(4)?,
        not_counted: n(5)?,
        unknown: n(6)?,
        by_level: [0, n(7)?, n(8)?, n(9)?, n(10)?],
        reasons: BTreeMap::new(),
    })
}

fn figures(row: &Row<'_>, column: usize) -> Result<Declared, StoreError> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(|e| StoreError::unreadable("declared figures", e))
}

fn declared_on(conn: &Connection, screen: &ScreenCode, day: LocalDay) -> Result<ByCampaign, StoreError> {
    let mut query = conn.prepare_cached("SELECT campaign, figures FROM declared_day WHERE day = ?1 AND screen = ?2")?;
    let mut rows = query.query(params![day_number(day), screen.as_str()])?;
    let mut out = BTreeMap::new();
    while let Some(row) = rows.next()? {
        out.insert(rows::campaign(row.get(0)?)?, figures(row, 1)?);
    }
    Ok(out)
}

fn fact(out: &mut ByScreen, screen: ScreenCode, day: i64) -> &mut DayFacts {
    out.entry(screen).or_default().entry(local_day(day)).or_default()
}

fn devices(conn: &Connection) -> Result<BTreeMap<ScreenCode, DeviceFacts>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT d.screen, d.simulated, h.at_ms, m.tally FROM device d
         LEFT JOIN heartbeat h ON h.device = d.id LEFT JOIN mark m ON m.device = d.id",
    )?;
    let mut rows = query.query([])?;
    let mut out: BTreeMap<ScreenCode, DeviceFacts> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let entry = out.entry(rows::screen(row.get(0)?)?).or_default();
        entry.simulated |= row.get::<_, bool>(1)?;
        entry.heard = entry.heard.max(row.get::<_, Option<i64>>(2)?.map(UtcMillis));
        if let Some(tally) = row.get::<_, Option<String>>(3)? {
            let tally: Tally = serde_json::from_str(&tally).map_err(|e| StoreError::unreadable("tally", e))?;
            entry.reported_until = entry.reported_until.max(tally.last_end);
        }
    }
    Ok(out)
}

#[async_trait::async_trait]
impl ComplianceStore for Store {
    async fn days(
        &self,
        campaign: &CampaignCode,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<BTreeMap<ScreenCode, BTreeMap<LocalDay, DayFacts>>, ComplianceError> {
        let campaign = campaign.clone();
        Ok(self.read(move |conn| days(conn, &campaign, day_number(from), day_number(to))).await?)
    }

    async fn devices(&self) -> Result<BTreeMap<ScreenCode, DeviceFacts>, ComplianceError> {
        Ok(self.read(devices).await?)
    }

    async fn declared_on(&self, screen: &ScreenCode, day: LocalDay) -> Result<ByCampaign, ComplianceError> {
        let screen = screen.clone();
        Ok(self.read(move |conn| declared_on(conn, &screen, day)).await?)
    }
}
