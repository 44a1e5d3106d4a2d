//! The directory's port on SQLite.

use super::Store;
use super::peaks;
use super::rows::{day_number, local_day};
use crate::directory::{
    Batch, CalendarDay, Change, Closure, ClosureSubject, DaySpan, Decision, Directory, DirectoryStore, Draft,
    FootfallDay, FootfallProfile, FootfallSubject, Link, Links, LocalTime, Proposal, RosterEntry, Screen, Summary,
    Unit, VenueProfile,
};
use crate::error::StoreError;
use lichphat_playlists::ids::{ScreenCode, UnitCode, VenueType};
use lichphat_playlists::time::{IntervalSet, LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::str::FromStr;

pub(super) const ROOM: &str = "directory";
/// `from_day` of what has held since ever, where the column is part of a key.
const SINCE_EVER: i64 = -1_000_000;

/// How often a room changed; 0 = never.
pub(super) fn revision(conn: &Connection, room: &str) -> Result<u64, StoreError> {
    let mut query = conn.prepare_cached("SELECT n FROM revision WHERE room = ?1")?;
    Ok(query.query_row([room], |row| row.get::<_, u32>(0)).optional()?.unwrap_or(0).into())
}

/// Refuses an import that was read against another revision.
pub(super) fn check_revision(conn: &Connection, room: &str, expected: u64) -> Result<(), StoreError> {
    if revision(conn, room)? == expected { Ok(()) } else { Err(StoreError::Busy) }
}

/// Counts a change.
pub(super) fn raise_revision(conn: &Connection, room: &str, changed: bool) -> Result<(), StoreError> {
    if changed {
        conn.execute("INSERT INTO revision VALUES (?1, 1) ON CONFLICT DO UPDATE SET n = n + 1", [room])?;
    }
    Ok(())
}

fn start(day: Option<LocalDay>) -> i64 {
    day.map_or(SINCE_EVER, day_number)
}
fn started(number: i64) -> Option<LocalDay> {
    (number != SINCE_EVER).then(|| local_day(number))
}
fn span(row: &Row<'_>, from: usize) -> Result<DaySpan, StoreError> {
    let day =
        |column| -> Result<Option<LocalDay>, StoreError> { Ok(row.get::<_, Option<i64>>(column)?.map(local_day)) };
    Ok(DaySpan::new(day(from)?, day(from + 1)?))
}
/// A stored code or word.
pub(super) fn word<T: FromStr>(row: &Row<'_>, column: usize, what: &str) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| StoreError::unreadable(what, format!("{text:?} is not one")))
}
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize, what: &str) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|e| StoreError::unreadable(what, e))
}
pub(super) fn json_text<T: Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::unreadable(what, e))
}

/// Every row of a query as a change.
pub(super) fn changes(
    conn: &Connection,
    sql: &str,
    out: &mut Vec<Change>,
    read: impl Fn(&Row<'_>) -> Result<Change, StoreError>,
) -> Result<(), StoreError> {
    let mut query = conn.prepare_cached(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        out.push(read(row)?);
    }
    Ok(())
}

fn unit(row: &Row<'_>) -> Result<Change, StoreError> {
    let parent: Option<String> = row.get(4)?;
    let parent = parent.map(UnitCode::new).transpose().map_err(|e| StoreError::unreadable("unit", e))?;
    Ok(Change::Unit(Unit {
        code: word(row, 0, "unit")?,
        name: row.get(1)?,
        name_en: row.get(2)?,
        kind: word(row, 3, "kind of a unit")?,
        parent,
        effective: span(row, 5)?,
        source: row.get(7)?,
    }))
}

fn screen(row: &Row<'_>, links: &BTreeMap<ScreenCode, Links>) -> Result<Change, StoreError> {
    let code: ScreenCode = word(row, 0, "screen")?;
    Ok(Change::Screen(Screen {
        links: links.get(&code).cloned().unwrap_or_default(),
        code,
        name: row.get(1)?,
        venue_type: word(row, 2, "venue type")?,
        kind: word(row, 3, "kind of a screen")?,
        connection: word(row, 4, "connection")?,
        panels: row.get(5)?,
        width_px: row.get(6)?,
        height_px: row.get(7)?,
        output: word(row, 8, "output")?,
        in_service: span(row, 9)?,
        address: row.get(11)?,
    }))
}

fn links(conn: &Connection) -> Result<BTreeMap<ScreenCode, Links>, StoreError> {
    let mut all: BTreeMap<ScreenCode, Links> = BTreeMap::new();
    let mut query =
        conn.prepare_cached("SELECT screen, link, from_day, unit FROM screen_link ORDER BY screen, link, from_day")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let unit: Option<String> = row.get(3)?;
        let unit = unit.map(UnitCode::new).transpose().map_err(|e| StoreError::unreadable("unit", e))?;
        let links = all.entry(word(row, 0, "screen")?).or_default();
        links.history_mut(word::<Link>(row, 1, "link")?).restore(started(row.get(2)?), unit);
    }
    Ok(all)
}

fn calendar(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::Calendar(CalendarDay {
        date: local_day(row.get(0)?),
        name: row.get(1)?,
        name_en: row.get(2)?,
        kind: word(row, 3, "kind of a day")?,
        applies_to: word(row, 4, "applies_to")?,
        status: word(row, 5, "status")?,
        source: row.get(6)?,
    }))
}

fn closure(row: &Row<'_>) -> Result<Change, StoreError> {
    let link: String = row.get(0)?;
    let subject = match link.as_str() {
        "screen" => ClosureSubject::Screen(word(row, 1, "screen")?),
        _ => ClosureSubject::Unit(word(row, 0, "link")?, word(row, 1, "unit")?),
    };
    let time = |day: usize| -> Result<LocalTime, StoreError> {
        Ok(LocalTime { day: local_day(row.get(day)?), second: row.get(day + 1)? })
    };
    Ok(Change::Closure(Closure {
        subject,
        from: time(2)?,
        to: time(4)?,
        reason: row.get(6)?,
        author: row.get(7)?,
        entered_at: UtcMillis(row.get(8)?),
    }))
}

fn roster(row: &Row<'_>) -> Result<Change, StoreError> {
    let hours: String = row.get(2)?;
    let hours = IntervalSet::parse(&hours).map_err(|e| StoreError::unreadable("hours of a roster", e))?;
    Ok(Change::Roster(RosterEntry { screen: word(row, 0, "screen")?, day: local_day(row.get(1)?), hours }))
}

fn load(conn: &Connection) -> Result<Directory, StoreError> {
    let mut all = Vec::new();
    let sql = "SELECT code, name, name_en, kind, parent, from_day, to_day, source FROM unit";
    changes(conn, sql, &mut all, unit)?;
    let links = links(conn)?;
    let sql = "SELECT code, name, venue_type, kind, connection, panels, width_px, height_px, output, from_day, to_day,
                      address
               FROM screen";
    changes(conn, sql, &mut all, |row| screen(row, &links))?;
    changes(conn, "SELECT body FROM venue_profile", &mut all, |row| {
        Ok(Change::Venue(json::<VenueProfile>(row, 0, "venue profile")?))
    })?;
    let sql = "SELECT day, name, name_en, kind, applies_to, status, source FROM calendar_day";
    changes(conn, sql, &mut all, calendar)?;
    let sql = "SELECT link, subject, from_day, from_s, to_day, to_s, reason, author, entered_ms FROM closure";
    changes(conn, sql, &mut all, closure)?;
    changes(conn, "SELECT screen, day, hours FROM duty_roster", &mut all, roster)?;
    changes(conn, "SELECT body FROM footfall", &mut all, |row| {
        Ok(Change::Footfall(json::<FootfallProfile>(row, 0, "footfall profile")?))
    })?;
    peaks::followings(conn, &mut all)?;
    let mut directory = Directory::default();
    directory.apply(Batch { changes: all });
    peaks::accepted(conn, &mut directory)?;
    directory.revision = revision(conn, ROOM)?;
    Ok(directory)
}

fn write(conn: &Connection, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Unit(u) => {
            let Unit { code, name, name_en, kind, parent, effective, source } = u;
            let (from, to) = (effective.from.map(day_number), effective.to.map(day_number));
            let parent = parent.as_ref().map(UnitCode::as_str);
            conn.prepare_cached("INSERT OR REPLACE INTO unit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
                .execute(params![code.as_str(), name, name_en, kind.as_str(), parent, from, to, source])?;
        }
        Change::Screen(screen) => write_screen(conn, screen)?,
        Change::Venue(profile) => {
            let body = json_text(profile, "venue profile")?;
            conn.prepare_cached("INSERT OR REPLACE INTO venue_profile VALUES (?1, ?2, ?3)")?.execute(params![
                VenueType::as_str(&profile.venue_type),
                start(profile.valid_from),
                body
            ])?;
        }
        Change::Calendar(d) => {
            let (kind, applies_to, status) = (d.kind.as_str(), d.applies_to.as_str(), d.status.as_str());
            conn.prepare_cached("INSERT OR REPLACE INTO calendar_day VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute(params![day_number(d.date), d.name, d.name_en, kind, applies_to, status, d.source])?;
        }
        Change::Closure(c) => {
            let (link, subject) = subject_key(&c.subject);
            let (from, to) = (day_number(c.from.day), day_number(c.to.day));
            let (reason, author, entered) = (&c.reason, &c.author, c.entered_at.0);
            conn.prepare_cached("INSERT OR REPLACE INTO closure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
                .execute(params![link, subject, from, c.from.second, to, c.to.second, reason, author, entered])?;
        }
        Change::NoClosure(subject, from) => {
            let (link, subject) = subject_key(subject);
            conn.prepare_cached(
                "DELETE FROM closure WHERE link = ?1 AND subject = ?2 AND from_day = ?3 AND from_s = ?4",
            )?
            .execute(params![link, subject, day_number(from.day), from.second])?;
        }
        Change::Roster(entry) => {
            conn.prepare_cached("INSERT OR REPLACE INTO duty_roster VALUES (?1, ?2, ?3)")?.execute(params![
                entry.screen.as_str(),
                day_number(entry.day),
                entry.hours.text()
            ])?;
        }
        Change::Footfall(profile) => {
            let (kind, subject) = peaks::key(&profile.subject);
            conn.prepare_cached("INSERT OR REPLACE INTO footfall VALUES (?1, ?2, ?3)")?.execute(params![
                kind,
                subject,
                json_text(profile, "footfall profile")?
            ])?;
        }
        Change::FootfallDay(day) => peaks::write_day(conn, day)?,
        Change::Following(following) => peaks::write_following(conn, following)?,
    }
    Ok(())
}

fn subject_key(subject: &ClosureSubject) -> (&str, &str) {
    match subject {
        ClosureSubject::Screen(screen) => ("screen", screen.as_str()),
        ClosureSubject::Unit(link, unit) => (link.as_str(), unit.as_str()),
    }
}

fn write_screen(conn: &Connection, screen: &Screen) -> Result<(), StoreError> {
    let s = screen;
    let (kind, connection, output) = (s.kind.as_str(), s.connection.as_str(), s.output.as_str());
    let (from, to) = (s.in_service.from.map(day_number), s.in_service.to.map(day_number));
    // not REPLACE: rows that name the screen stay
    conn.prepare_cached(
        "INSERT INTO screen VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO UPDATE SET name = ?2, venue_type = ?3, kind = ?4, connection = ?5, panels = ?6,
             width_px = ?7, height_px = ?8, output = ?9, from_day = ?10, to_day = ?11, address = ?12",
    )?
    .execute(params![
        s.code.as_str(),
        s.name,
        s.venue_type.as_str(),
        kind,
        connection,
        s.panels,
        s.width_px,
        s.height_px,
        output,
        from,
        to,
        s.address,
    ])?;
    let mut insert = conn.prepare_cached("INSERT OR REPLACE INTO screen_link VALUES (?1, ?2, ?3, ?4)")?;
    for link in Link::ALL {
        for (from, unit) in s.links.history(*link).iter() {
            let unit = unit.as_ref().map(UnitCode::as_str);
            insert.execute(params![s.code.as_str(), link.as_str(), start(from), unit])?;
        }
    }
    Ok(())
}

/// Puts a batch in, read against that revision; answers what it changed, too.
pub(super) fn put_in(tx: &Connection, batch: Batch, expected: u64) -> Result<(Summary, Vec<Change>), StoreError> {
    check_revision(tx, ROOM, expected)?;
    let (mut changes, mut summary) = load(tx)?.apply(Batch { changes: batch.changes.clone() });
    changes.extend(peaks::new_days(tx, batch, &mut summary)?);
    changes.iter().try_for_each(|change| write(tx, change))?;
    raise_revision(tx, ROOM, !changes.is_empty())?;
    Ok((summary, changes))
}

#[async_trait::async_trait]
impl DirectoryStore for Store {
    async fn directory_revision(&self) -> Result<u64, StoreError> {
        self.read(|conn| revision(conn, ROOM)).await
    }

    async fn directory(&self) -> Result<Directory, StoreError> {
        self.read(load).await
    }

    async fn import_directory(&self, batch: Batch, expected: u64) -> Result<Summary, StoreError> {
        self.write(move |tx| Ok(put_in(tx, batch, expected)?.0)).await
    }

    async fn footfall_days(
        &self,
        subject: FootfallSubject,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<Vec<FootfallDay>, StoreError> {
        self.read(move |conn| peaks::days(conn, &subject, from, to)).await
    }

    async fn propose_peaks(&self, monday: LocalDay, drafts: Vec<Draft>, now: UtcMillis) -> Result<u32, StoreError> {
        self.write(move |tx| peaks::propose(tx, monday, &drafts, now)).await
    }

    async fn peak_proposals(&self, decided: u32) -> Result<Vec<Proposal>, StoreError> {
        self.read(move |conn| peaks::proposals(conn, decided)).await
    }

    async fn peaks_waiting(&self) -> Result<u64, StoreError> {
        self.read(peaks::waiting).await
    }

    async fn peak_proposal(&self, id: u32) -> Result<Option<Proposal>, StoreError> {
        self.read(move |conn| peaks::proposal(conn, id)).await
    }

    async fn decide_peaks(&self, id: u32, decision: Decision) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let done = peaks::decide(tx, id, &decision)?;
            raise_revision(tx, ROOM, done && decision.accepted)?;
            Ok(done)
        })
        .await
    }
}

impl Store {
    /// How often directory, campaigns and what may be shown have changed: a cheap look for anything new.
    pub async fn revisions(&self) -> Result<(u64, u64, u64), StoreError> {
        let rooms = [ROOM, super::campaigns::ROOM, super::approval::PERMITTED];
        self.read(move |conn| {
            let [a, b, c] = rooms.map(|room| revision(conn, room));
            Ok((a?, b?, c?))
        })
        .await
    }
}
