//! The directory's port on SQLite, the part of peaks that follow counts: counts by day, who follows them, what
//! was proposed and what became of it.

use super::directory::{changes, json, json_text, word};
use super::rows::{day_number, local_day};
use crate::directory::{
    Batch, Change, Decision, Derived, Directory, Draft, Following, FootfallDay, FootfallSubject, Proposal,
    ProposalState, Summary,
};
use crate::error::StoreError;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

/// A subject as two columns.
pub(super) fn key(subject: &FootfallSubject) -> (&'static str, &str) {
    match subject {
        FootfallSubject::Screen(screen) => ("screen", screen.as_str()),
        FootfallSubject::Venue(venue) => ("venue", venue.as_str()),
    }
}

/// A subject from two columns.
fn subject(row: &Row<'_>, column: usize) -> Result<FootfallSubject, StoreError> {
    let kind: String = row.get(column)?;
    Ok(match kind.as_str() {
        "screen" => FootfallSubject::Screen(word(row, column + 1, "screen")?),
        _ => FootfallSubject::Venue(word(row, column + 1, "venue type")?),
    })
}

/// Those counts of a batch that are not there already, each counted in the summary.
pub(super) fn new_days(conn: &Connection, batch: Batch, summary: &mut Summary) -> Result<Vec<Change>, StoreError> {
    let mut new = Vec::new();
    let mut query =
        conn.prepare_cached("SELECT counts FROM footfall_day WHERE kind = ?1 AND subject = ?2 AND day = ?3")?;
    for change in batch.changes {
        let Change::FootfallDay(day) = &change else { continue };
        let (kind, code) = key(&day.subject);
        let known: Option<String> =
            query.query_row(params![kind, code, day_number(day.day)], |row| row.get(0)).optional()?;
        let said = json_text(&day.counts, "counts of a day")?;
        match known {
            Some(known) if known == said => summary.unchanged += 1,
            known => {
                *(if known.is_some() { &mut summary.changed } else { &mut summary.added }) += 1;
                new.push(change);
            }
        }
    }
    Ok(new)
}

pub(super) fn write_day(conn: &Connection, day: &FootfallDay) -> Result<(), StoreError> {
    let (kind, subject) = key(&day.subject);
    let counts = json_text(&day.counts, "counts of a day")?;
    conn.prepare_cached("INSERT OR REPLACE INTO footfall_day VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        kind,
        subject,
        day_number(day.day),
        counts
    ])?;
    Ok(())
}

/// The counts of a subject from a day to a day, both included.
pub(super) fn days(
    conn: &Connection,
    subject: &FootfallSubject,
    from: LocalDay,
    to: LocalDay,
) -> Result<Vec<FootfallDay>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT day, counts FROM footfall_day WHERE kind = ?1 AND subject = ?2 AND day BETWEEN ?3 AND ?4 ORDER BY day",
    )?;
    let (kind, code) = key(subject);
    let days = query.query_and_then(params![kind, code, day_number(from), day_number(to)], |row| {
        let (day, counts) = (local_day(row.get(0)?), json(row, 1, "counts of a day")?);
        Ok(FootfallDay { subject: subject.clone(), day, counts })
    })?;
    days.collect()
}

pub(super) fn write_following(conn: &Connection, f: &Following) -> Result<(), StoreError> {
    let ((kind, subject), until) = (key(&f.subject), f.until.map(day_number));
    conn.prepare_cached("INSERT OR REPLACE INTO peak_following VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![kind, subject, day_number(f.from), until, f.weeks, f.share_permille, f.by])?;
    Ok(())
}

/// Who follows counts, and who did.
pub(super) fn followings(conn: &Connection, out: &mut Vec<Change>) -> Result<(), StoreError> {
    let sql = "SELECT kind, subject, from_day, to_day, weeks, share_permille, author FROM peak_following";
    changes(conn, sql, out, |row| {
        Ok(Change::Following(Following {
            subject: subject(row, 0)?,
            from: local_day(row.get(2)?),
            until: row.get::<_, Option<i64>>(3)?.map(local_day),
            weeks: row.get(4)?,
            share_permille: row.get(5)?,
            by: row.get(6)?,
        }))
    })
}

fn draft(row: &Row<'_>, column: usize) -> Result<Draft, StoreError> {
    Ok(Draft {
        subject: subject(row, column)?,
        valid_from: local_day(row.get(column + 2)?),
        derived: json::<Derived>(row, column + 3, "derived profile")?,
    })
}

/// What was accepted, into the directory.
pub(super) fn accepted(conn: &Connection, directory: &mut Directory) -> Result<(), StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id, from_day, kind, subject, monday, body FROM peak_proposal WHERE state = 'accepted'",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        directory.accept(row.get(0)?, local_day(row.get(1)?), draft(row, 2)?);
    }
    Ok(())
}

/// Puts the profiles for a Monday to people, and lapses what waits beside them; how many say something new.
pub(super) fn propose(
    conn: &Connection,
    monday: LocalDay,
    drafts: &[Draft],
    now: UtcMillis,
) -> Result<u32, StoreError> {
    let mut new = 0;
    for draft in drafts {
        let (kind, subject) = key(&draft.subject);
        let body = json_text(&draft.derived, "derived profile")?;
        let written = conn
            .prepare_cached(
                "INSERT INTO peak_proposal (kind, subject, monday, body, made_ms, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'proposed')
                 ON CONFLICT (kind, subject, monday) DO UPDATE SET body = ?4, made_ms = ?5, state = 'proposed'
                 WHERE state = 'lapsed' OR (state = 'proposed' AND body <> ?4)",
            )?
            .execute(params![kind, subject, day_number(monday), body, now.0])?;
        new += u32::from(written > 0);
    }
    let said: BTreeSet<&FootfallSubject> = drafts.iter().map(|draft| &draft.subject).collect();
    let mut lapse = conn.prepare_cached("UPDATE peak_proposal SET state = 'lapsed' WHERE id = ?1")?;
    for waits in proposals(conn, 0)? {
        if waits.draft.valid_from != monday || !said.contains(&waits.draft.subject) {
            lapse.execute([waits.id])?;
        }
    }
    Ok(new)
}

const COLUMNS: &str =
    "SELECT id, kind, subject, monday, body, made_ms, state, author, decided_ms, from_day FROM peak_proposal";

fn read(row: &Row<'_>) -> Result<Proposal, StoreError> {
    let state: ProposalState = word(row, 6, "state of a proposal")?;
    let decision = match (row.get::<_, Option<String>>(7)?, row.get::<_, Option<i64>>(8)?) {
        (Some(by), Some(at)) => Some(Decision {
            accepted: state == ProposalState::Accepted,
            by,
            at: UtcMillis(at),
            from: row.get::<_, Option<i64>>(9)?.map(local_day),
        }),
        _ => None,
    };
    Ok(Proposal { id: row.get(0)?, draft: draft(row, 1)?, made: UtcMillis(row.get(5)?), state, decision })
}

/// What waits, and the newest of the others.
pub(super) fn proposals(conn: &Connection, decided: u32) -> Result<Vec<Proposal>, StoreError> {
    let mut all = Vec::new();
    for (condition, limit) in [("state = 'proposed'", u32::MAX), ("state <> 'proposed'", decided)] {
        let sql = format!("{COLUMNS} WHERE {condition} ORDER BY monday DESC, id DESC LIMIT ?1");
        let mut query = conn.prepare_cached(&sql)?;
        let mut rows = query.query([limit])?;
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
    }
    Ok(all)
}

/// How many wait.
pub(super) fn waiting(conn: &Connection) -> Result<u64, StoreError> {
    let mut query = conn.prepare_cached("SELECT count(*) FROM peak_proposal WHERE state = 'proposed'")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// One of them.
pub(super) fn proposal(conn: &Connection, id: u32) -> Result<Option<Proposal>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    let mut rows = query.query([id])?;
    rows.next()?.map(read).transpose()
}

/// Decides one that waits; false when it does not.
pub(super) fn decide(conn: &Connection, id: u32, d: &Decision) -> Result<bool, StoreError> {
    let state = if d.accepted { ProposalState::Accepted } else { ProposalState::Refused };
    let written = conn
        .prepare_cached(
            "UPDATE peak_proposal SET state = ?2, author = ?3, decided_ms = ?4, from_day = ?5
             WHERE id = ?1 AND state = 'proposed'",
        )?
        .execute(params![id, state.as_str(), d.by, d.at.0, d.from.map(day_number)])?;
    Ok(written > 0)
}
