//! The exchange room's port on SQLite: declared plays and their figures move in one transaction.

use super::Store;
use super::rows::{self, day_number};
use crate::error::StoreError;
use crate::exchange::log::LogPlay;
use crate::exchange::{Declaration, DeclaredStore, HeldPlay, Rule, Taken};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::declared::DeclaredPlay;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// Which of the plays are held already, and what keeping all of them would do.
fn weigh(conn: &Connection, plays: &[LogPlay]) -> Result<Taken, StoreError> {
    let mut held =
        conn.prepare_cached("SELECT end_ms FROM declared_play WHERE screen = ?1 AND start_ms = ?2 AND campaign = ?3")?;
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

fn declare(tx: &Connection, declaration: &Declaration, rule: &Rule) -> Result<Taken, StoreError> {
    let Declaration { plays, hash, name, by, at } = declaration;
    let taken = weigh(tx, plays)?;
    if taken.added > 0 {
        tx.execute(
            "INSERT INTO declared_file (hash, name, author, imported_ms, plays, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![hash.0, name, by, at.0, taken.added + taken.known, taken.added],
        )?;
        let file = tx.last_insert_rowid();
        let mut add = tx.prepare_cached(
            "INSERT INTO declared_play (screen, start_ms, campaign, end_ms, media, file, line)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (screen, start_ms, campaign) DO NOTHING",
        )?;
        for p in plays {
            let (screen, campaign) = (p.screen.as_str(), p.campaign.as_str());
            add.execute(params![screen, p.start.0, campaign, p.end.0, p.media, file, p.line])?;
        }
    }
    // the day after looks back on these plays, too
    let days = plays.iter().map(|p| (&p.screen, p.start.day(rule.offset)));
    let touched: BTreeSet<(&ScreenCode, LocalDay)> = days.flat_map(|(s, day)| [(s, day), (s, day.next())]).collect();
    for (screen, day) in touched {
        judge_anew(tx, screen, day, rule)?;
    }
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

fn held(
    conn: &Connection,
    screen: &ScreenCode,
    (from, to): (UtcMillis, UtcMillis),
) -> Result<Vec<HeldPlay>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT p.start_ms, p.campaign, p.end_ms, f.imported_ms, p.media, f.name, p.line
         FROM declared_play p JOIN declared_file f ON f.id = p.file
         WHERE p.screen = ?1 AND p.start_ms >= ?2 AND p.start_ms < ?3 ORDER BY p.start_ms, p.campaign",
    )?;
    let mut found = query.query(params![screen.as_str(), from.0, to.0])?;
    let mut out = Vec::new();
    while let Some(row) = found.next()? {
        let play = DeclaredPlay {
            start: UtcMillis(row.get(0)?),
            campaign: rows::campaign(row.get(1)?)?,
            end: UtcMillis(row.get(2)?),
            received: UtcMillis(row.get(3)?),
        };
        let place = format!("{}:{}", row.get::<_, String>(5)?, row.get::<_, u32>(6)?);
        out.push(HeldPlay { play, media: row.get(4)?, place });
    }
    Ok(out)
}

#[async_trait::async_trait]
impl DeclaredStore for Store {
    async fn would_take(&self, plays: Vec<LogPlay>) -> Result<Taken, StoreError> {
        self.read(move |conn| weigh(conn, &plays)).await
    }

    async fn declare(&self, declaration: Declaration, rule: Rule) -> Result<Taken, StoreError> {
        self.write(move |tx| declare(tx, &declaration, &rule)).await
    }

    async fn declared(&self, screen: &ScreenCode, from: UtcMillis, to: UtcMillis) -> Result<Vec<HeldPlay>, StoreError> {
        let screen = screen.clone();
        self.read(move |conn| held(conn, &screen, (from, to))).await
    }
}
