//! The port of the room for many screens on SQLite.

use super::Store;
use super::directory::{ROOM as DIRECTORY, check_revision, json, json_text, put_in};
use super::fleet::{asked, keep_command, volume_of};
use super::log::{append_statement, is_about};
use super::rows;
use crate::campaigns::CampaignBatch;
use crate::directory::{Batch, Change, Closure, ClosureSubject, Summary};
use crate::error::StoreError;
use crate::exchange::bring::BringStore;
use crate::fleet::{Asked, FleetError};
use crate::many::{Done, Group, Holds, Job, Kept, Line, MOST_GROUPS, ManyStore, Refusal, Work};
use crate::people::{AccountCode, Deed};
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

fn packed<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    rows::pack(&serde_json::to_vec(value).map_err(|e| StoreError::unreadable("many screens", e))?)
}
fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(&rows::unpack(bytes)?).map_err(|e| StoreError::unreadable("many screens", e))
}

fn carry_out(tx: &Connection, mut job: Job) -> Result<u32, StoreError> {
    check_revision(tx, DIRECTORY, job.revision)?;
    if let Some(of) = job.undoes
        && tx.prepare_cached("SELECT 1 FROM many_work WHERE undoes = ?1")?.exists([of])?
    {
        return Err(StoreError::Busy);
    }
    if !job.changes.is_empty() {
        put_in(tx, Batch { changes: std::mem::take(&mut job.changes) }, job.revision)?;
    }
    let mut left_out: BTreeMap<ScreenCode, Refusal> = BTreeMap::new();
    for command in &job.commands {
        if matches!(job.work, Work::Volume { .. })
            && let Some(percent) = volume_of(tx, &command.screen)?
        {
            job.before.insert(command.screen.clone(), percent.to_string());
        }
        match keep_command(tx, command)? {
            Ok(_) => {}
            Err(FleetError::TooManyCommands(screen)) => drop(left_out.insert(screen, Refusal::TooMany)),
            Err(_) => drop(left_out.insert(command.screen.clone(), Refusal::NoPlayer)),
        }
    }
    for line in &mut job.lines {
        line.refused = line.refused.or_else(|| left_out.get(&line.screen).copied());
    }
    let id: u32 = tx
        .prepare_cached(
            "INSERT INTO many_work (list, work, lines, before, by, at_ms, undoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             RETURNING id",
        )?
        .query_row(
            params![
                job.list.0,
                json_text(&job.work, "many screens")?,
                packed(&job.lines)?,
                packed(&job.before)?,
                job.deed.by.as_str(),
                job.deed.at.0,
                job.undoes
            ],
            |row| row.get(0),
        )?;
    let index = append_statement(tx, job.deed.into())?;
    let done = job.lines.iter().filter(|line| line.refused.is_none());
    done.map(|line| &line.screen).try_for_each(|screen| is_about(tx, index, screen))?;
    Ok(id)
}

/// The screen that a change is about; none when it is about many.
fn screen_of(change: &Change) -> Option<&ScreenCode> {
    match change {
        Change::Screen(screen) => Some(&screen.code),
        Change::Closure(Closure { subject: ClosureSubject::Screen(code), .. })
        | Change::NoClosure(ClosureSubject::Screen(code), _) => Some(code),
        Change::Roster(entry) => Some(&entry.screen),
        _ => None,
    }
}

const DONE: &str = "SELECT w.id, w.list, w.work, w.lines, w.before, w.by, w.at_ms, w.undoes, u.id
                    FROM many_work w LEFT JOIN many_work u ON u.undoes = w.id";

fn done(row: &Row<'_>) -> Result<Done, StoreError> {
    let list: Vec<u8> = row.get(1)?;
    let (lines, before): (Vec<u8>, Vec<u8>) = (row.get(3)?, row.get(4)?);
    Ok(Done {
        id: row.get(0)?,
        list: rows::hash_of(&list)?,
        work: json(row, 2, "many screens")?,
        lines: unpacked::<Vec<Line>>(&lines)?,
        before: unpacked(&before)?,
        by: row.get(5)?,
        at: UtcMillis(row.get(6)?),
        undoes: row.get(7)?,
        undone: row.get(8)?,
    })
}

fn group(row: &Row<'_>) -> Result<Group, StoreError> {
    let unreadable = |e: &dyn std::fmt::Display| StoreError::unreadable("group", e);
    let (owner, unit): (String, Option<String>) = (row.get(3)?, row.get(4)?);
    let holds: Vec<u8> = row.get(5)?;
    Ok(Group {
        id: row.get(0)?,
        revision: row.get(1)?,
        name: row.get(2)?,
        owner: AccountCode::new(&owner).map_err(|e| unreadable(&e))?,
        unit: unit.map(UnitCode::new).transpose().map_err(|e| unreadable(&e))?,
        holds: unpacked::<Holds>(&holds)?,
    })
}

fn keep_group(tx: &Connection, group: &Group, deed: Deed) -> Result<Kept, StoreError> {
    let holds = packed(&group.holds)?;
    let unit = group.unit.as_ref().map(UnitCode::as_str);
    if group.id == 0 {
        let had: usize = tx
            .prepare_cached("SELECT count(*) FROM screen_group WHERE owner = ?1")?
            .query_row([group.owner.as_str()], |row| row.get(0))?;
        if had >= MOST_GROUPS {
            return Ok(Kept::Full);
        }
        let id = tx
            .prepare_cached(
                "INSERT INTO screen_group (revision, name, owner, unit, holds) VALUES (1, ?1, ?2, ?3, ?4) RETURNING id",
            )?
            .query_row(params![group.name, group.owner.as_str(), unit, holds], |row| row.get(0))?;
        append_statement(tx, deed.into())?;
        return Ok(Kept::Yes(id));
    }
    let changed = tx
        .prepare_cached(
            "UPDATE screen_group SET revision = revision + 1, name = ?3, unit = ?4, holds = ?5
             WHERE id = ?1 AND revision = ?2",
        )?
        .execute(params![group.id, group.revision, group.name, unit, holds])?;
    if changed == 0 {
        return Ok(Kept::Changed);
    }
    append_statement(tx, deed.into())?;
    Ok(Kept::Yes(group.id))
}

/// Puts a batch in with the deed of who brings it: it is about every screen of which something changes.
fn bring(tx: &Connection, batch: Batch, revision: u64, deed: Deed) -> Result<Summary, StoreError> {
    let (summary, changes) = put_in(tx, batch, revision)?;
    let index = append_statement(tx, deed.into())?;
    changes.iter().filter_map(screen_of).try_for_each(|screen| is_about(tx, index, screen))?;
    Ok(summary)
}

#[async_trait::async_trait]
impl BringStore for Store {
    async fn bring_directory(&self, batch: Batch, revision: u64, deed: Deed) -> Result<Summary, StoreError> {
        self.write(move |tx| bring(tx, batch, revision, deed)).await
    }

    async fn bring_campaigns(&self, batch: CampaignBatch, revision: u64, deed: Deed) -> Result<Summary, StoreError> {
        self.write(move |tx| {
            let summary = super::campaigns::put_in(tx, batch, revision)?;
            append_statement(tx, deed.into())?;
            Ok(summary)
        })
        .await
    }
}

#[async_trait::async_trait]
impl ManyStore for Store {
    async fn carry_out(&self, job: Job) -> Result<u32, StoreError> {
        self.write(move |tx| carry_out(tx, job)).await
    }

    async fn bring(&self, batch: Batch, revision: u64, deed: Deed) -> Result<Summary, StoreError> {
        self.write(move |tx| bring(tx, batch, revision, deed)).await
    }

    async fn done(&self, id: u32) -> Result<Option<Done>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{DONE} WHERE w.id = ?1"))?;
            query.query_and_then([id], done)?.next().transpose()
        })
        .await
    }

    async fn newest_done(&self, most: u32) -> Result<Vec<Done>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{DONE} ORDER BY w.id DESC LIMIT ?1"))?;
            query.query_and_then([most], done)?.collect()
        })
        .await
    }

    async fn asked_in(&self, done: &Done) -> Result<Vec<Asked>, StoreError> {
        let (at, by, word) = (done.at.0, done.by.clone(), done.work.word());
        // numbers of commands are not below the clock's ms when they were asked: so few are looked at
        let sql = "c.id >= ?1 AND c.asked_ms = ?1 AND c.asked_by = ?2 AND c.word = ?3 ORDER BY c.id";
        self.read(move |conn| asked(conn, sql, params![at, by, word])).await
    }

    async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT id, revision, name, owner, unit, holds FROM screen_group ORDER BY id";
            conn.prepare_cached(sql)?.query_and_then([], group)?.collect()
        })
        .await
    }

    async fn keep_group(&self, group: Group, deed: Deed) -> Result<Kept, StoreError> {
        self.write(move |tx| keep_group(tx, &group, deed)).await
    }

    async fn remove_group(&self, id: u32, revision: u32, deed: Deed) -> Result<Kept, StoreError> {
        self.write(move |tx| {
            let gone = tx
                .prepare_cached("DELETE FROM screen_group WHERE id = ?1 AND revision = ?2")?
                .execute(params![id, revision])?;
            if gone == 0 {
                return Ok(Kept::Changed);
            }
            append_statement(tx, deed.into())?;
            Ok(Kept::Yes(id))
        })
        .await
    }
}
