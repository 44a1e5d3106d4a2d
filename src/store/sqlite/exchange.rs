//! The exchange room's port on SQLite: the declared plays of a day and the figures they touch move in one transaction.

use super::Store;
use super::rows::{self, day_number, hash_of, local_day};
use crate::error::StoreError;
use crate::exchange::log::LogPlay;
use crate::exchange::{Brought, DeclaredStore, Figures, HeldPlay, Import, Rule, Taken, Withdrawal};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::declared::DeclaredPlay;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which of the plays are held already, and what keeping all of them would do.
fn weigh(conn: &Connection, plays: &[LogPlay]) -> Result<Taken, StoreError> {
    let mut held = conn.prepare_cached(
        "SELECT p.end_ms FROM declared_play p JOIN declared_import i ON i.id = p.import
         WHERE p.screen = ?1 AND p.start_ms = ?2 AND p.campaign = ?3 AND i.withdrawn_ms IS NULL ORDER BY i.id LIMIT 1",
    )?;
    let mut taken = Taken::default();
    for play in plays {
        let key = params![play.screen.as_str(), play.start.0, play.campaign.as_str()];
        match held.query_row(key, |row| row.get::<_, i64>(0)).optional()? {
            None => taken.added += 1,
            Some(end) => {
                taken.known += 1;
                taken.differing += u32::from(end != play.end.0);
            }
        }
    }
    Ok(taken)
}

/// The import of these bytes that stands, or a new one.
fn begin(tx: &Connection, brought: &Brought) -> Result<i64, StoreError> {
    let Brought { hash, name, by, at } = brought;
    let before = tx
        .prepare_cached("SELECT id FROM declared_import WHERE hash = ?1 AND withdrawn_ms IS NULL")?
        .query_row([hash.0], |row| row.get(0))
        .optional()?;
    if let Some(id) = before {
        tx.execute("UPDATE declared_import SET settled = 0 WHERE id = ?1", [id])?;
        return Ok(id);
    }
    tx.execute(
        "INSERT INTO declared_import (hash, name, author, imported_ms, settled) VALUES (?1, ?2, ?3, ?4, 0)",
        params![hash.0, name, by, at.0],
    )?;
    Ok(tx.last_insert_rowid())
}

fn declare(tx: &Connection, import: i64, plays: &[LogPlay], rule: &Rule) -> Result<Taken, StoreError> {
    let taken = weigh(tx, plays)?;
    let mut add = tx.prepare_cached(
        "INSERT INTO declared_play (screen, start_ms, campaign, import, end_ms, media, line)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )?;
    for p in plays {
        let (screen, campaign) = (p.screen.as_str(), p.campaign.as_str());
        add.execute(params![screen, p.start.0, campaign, import, p.end.0, p.media, p.line])?;
    }
    // the day after looks back on these plays, too
    let days = plays.iter().map(|p| (&p.screen, p.start.day(rule.offset)));
    let touched: BTreeSet<(&ScreenCode, LocalDay)> = days.flat_map(|(s, day)| [(s, day), (s, day.next())]).collect();
    touched.into_iter().try_for_each(|(screen, day)| judge_anew(tx, screen, day, rule))?;
    Ok(taken)
}

fn judge_anew(tx: &Connection, screen: &ScreenCode, day: LocalDay, rule: &Rule) -> Result<(), StoreError> {
    let span = (day.previous().start(rule.offset), day.next().start(rule.offset));
    let plays: Vec<DeclaredPlay> = held(tx, screen, span)?.into_iter().map(|held| held.play).collect();
    tx.prepare_cached("DELETE FROM declared_day WHERE day = ?1 AND screen = ?2")?
        .execute(params![day_number(day), screen.as_str()])?;
    let mut add =
        tx.prepare_cached("INSERT INTO declared_day (day, screen, campaign, figures) VALUES (?1, ?2, ?3, ?4)")?;
    for (campaign, figures) in rule.figures(screen, day, &plays) {
        let figures = serde_json::to_string(&figures).map_err(|e| StoreError::unreadable("declared figures", e))?;
        add.execute(params![day_number(day), screen.as_str(), campaign.as_str(), figures])?;
    }
    Ok(())
}

/// What stands, each play once: as the first import declares it that was not withdrawn.
fn held(
    conn: &Connection,
    screen: &ScreenCode,
    (from, to): (UtcMillis, UtcMillis),
) -> Result<Vec<HeldPlay>, StoreError> {
    // columns beside min() are those of its row
    let mut query = conn.prepare_cached(
        "SELECT p.start_ms, p.campaign, p.end_ms, i.imported_ms, p.media, i.name, p.line, min(i.id)
         FROM declared_play p JOIN declared_import i ON i.id = p.import
         WHERE p.screen = ?1 AND p.start_ms >= ?2 AND p.start_ms < ?3 AND i.withdrawn_ms IS NULL
         GROUP BY p.start_ms, p.campaign ORDER BY p.start_ms, p.campaign",
    )?;
    let held = query.query_and_then(params![screen.as_str(), from.0, to.0], |row| {
        let play = DeclaredPlay {
            start: UtcMillis(row.get(0)?),
            campaign: rows::campaign(row.get(1)?)?,
            end: UtcMillis(row.get(2)?),
            received: UtcMillis(row.get(3)?),
        };
        let place = format!("{}:{}", row.get::<_, String>(5)?, row.get::<_, u32>(6)?);
        Ok(HeldPlay { play, media: row.get(4)?, place })
    })?;
    held.collect()
}

fn imports(conn: &Connection) -> Result<Vec<Import>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id, hash, name, author, imported_ms, settled, withdrawn_by, withdrawn_why, withdrawn_ms,
                (SELECT count(*) FROM declared_play p WHERE p.import = i.id)
         FROM declared_import i ORDER BY id",
    )?;
    query.query_and_then([], import)?.collect()
}

fn import(row: &Row<'_>) -> Result<Import, StoreError> {
    let by: Option<String> = row.get(6)?;
    let withdrawn = match by {
        Some(by) => Some(Withdrawal { by, why: row.get(7)?, at: UtcMillis(row.get(8)?) }),
        None => None,
    };
    let hash = hash_of(&row.get::<_, Vec<u8>>(1)?)?;
    let brought = Brought { hash, name: row.get(2)?, by: row.get(3)?, at: UtcMillis(row.get(4)?) };
    Ok(Import { id: row.get(0)?, brought, plays: row.get(9)?, settled: row.get(5)?, withdrawn })
}

fn withdraw(tx: &Connection, import: i64, withdrawal: &Withdrawal) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE declared_import SET withdrawn_by = ?2, withdrawn_why = ?3, withdrawn_ms = ?4, settled = 0
         WHERE id = ?1 AND withdrawn_ms IS NULL",
        params![import, withdrawal.by, withdrawal.why, withdrawal.at.0],
    )?;
    Ok(())
}

/// Screens and starts of an import's plays.
fn plays_of(conn: &Connection, import: i64) -> Result<Vec<(ScreenCode, UtcMillis)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT screen, start_ms FROM declared_play WHERE import = ?1")?;
    query.query_and_then([import], |row| Ok((rows::screen(row.get(0)?)?, UtcMillis(row.get(1)?))))?.collect()
}

fn screens(conn: &Connection) -> Result<Vec<ScreenCode>, StoreError> {
    let mut query = conn
        .prepare("SELECT DISTINCT screen FROM declared_play UNION SELECT screen FROM declared_day ORDER BY screen")?;
    query.query_and_then([], |row| rows::screen(row.get(0)?))?.collect()
}

fn figures(conn: &Connection, screen: &ScreenCode) -> Result<Figures, StoreError> {
    let mut query = conn.prepare_cached("SELECT day, campaign, figures FROM declared_day WHERE screen = ?1")?;
    let figures = query.query_and_then([screen.as_str()], |row| {
        let figures: String = row.get(2)?;
        let figures = serde_json::from_str(&figures).map_err(|e| StoreError::unreadable("declared figures", e))?;
        Ok(((local_day(row.get(0)?), rows::campaign(row.get(1)?)?), figures))
    })?;
    figures.collect()
}

#[async_trait::async_trait]
impl DeclaredStore for Store {
    async fn would_take(&self, plays: Vec<LogPlay>) -> Result<Taken, StoreError> {
        self.read(move |conn| weigh(conn, &plays)).await
    }

    async fn begin(&self, brought: Brought) -> Result<i64, StoreError> {
        self.write(move |tx| begin(tx, &brought)).await
    }

    async fn declare(&self, import: i64, plays: Vec<LogPlay>, rule: Arc<Rule>) -> Result<Taken, StoreError> {
        self.write(move |tx| declare(tx, import, &plays, &rule)).await
    }

    async fn settle(&self, import: i64) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("UPDATE declared_import SET settled = 1 WHERE id = ?1", [import])?;
            Ok(())
        })
        .await
    }

    async fn imports(&self) -> Result<Vec<Import>, StoreError> {
        self.read(imports).await
    }

    async fn withdraw(&self, import: i64, withdrawal: Withdrawal) -> Result<(), StoreError> {
        self.write(move |tx| withdraw(tx, import, &withdrawal)).await
    }

    async fn plays_of(&self, import: i64) -> Result<Vec<(ScreenCode, UtcMillis)>, StoreError> {
        self.read(move |conn| plays_of(conn, import)).await
    }

    async fn judge_anew(
        &self,
        day: LocalDay,
        screens: BTreeSet<ScreenCode>,
        rule: Arc<Rule>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| screens.iter().try_for_each(|screen| judge_anew(tx, screen, day, &rule))).await
    }

    async fn declared(&self, screen: &ScreenCode, from: UtcMillis, to: UtcMillis) -> Result<Vec<HeldPlay>, StoreError> {
        let screen = screen.clone();
        self.read(move |conn| held(conn, &screen, (from, to))).await
    }

    async fn declared_screens(&self) -> Result<Vec<ScreenCode>, StoreError> {
        self.read(screens).await
    }

    async fn declared_figures(&self, screen: &ScreenCode) -> Result<Figures, StoreError> {
        let screen = screen.clone();
        self.read(move |conn| figures(conn, &screen)).await
    }
}
