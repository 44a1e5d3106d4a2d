//! From an empty or older file to the schema this program knows; nothing else is opened.
//!
//! `schema.sql` makes a fresh database. Whoever changes it after a release: freezes the released text as `upgrade/vN.sql`, or names the
//! frozen text and the step that it comes out of, puts the version of [`CURRENT`] up, and adds a [`Step`] that brings those old tables to
//! the new ones. Steps run one after the other in one transaction, so a database is of one version or of the next, and every step is tried
//! over the text of its own version, which is never changed again. An opened database must have exactly the structure of a fresh one: a
//! file that was altered by hand, or made by
//! an unreleased build, is refused and not guessed at. There is no way back to an older program but the backup from before.

use crate::error::StoreError;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// The way from one version to the next.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// `schema.sql` as that version was released: what the test begins with.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test makes databases of old versions"))]
    pub(crate) released: &'static str,
    /// Brings its tables, with their rows, to the next version's.
    pub(crate) sql: &'static str,
}

/// A schema and the way to it from older ones.
pub(crate) struct Schema {
    /// `user_version` of a fresh database, from 1.
    pub(crate) version: u32,
    /// Makes a fresh database.
    pub(crate) fresh: &'static str,
    /// `steps[n]` brings version n + 1 to version n + 2.
    pub(crate) steps: &'static [Step],
}

/// What this program writes and reads.
pub(crate) const CURRENT: Schema = Schema {
    version: 3,
    fresh: include_str!("../schema.sql"),
    steps: &[
        Step { released: include_str!("v1.sql"), sql: include_str!("v1_to_v2.sql") },
        Step {
            released: concat!(include_str!("v1.sql"), include_str!("v1_to_v2.sql")),
            sql: include_str!("v2_to_v3.sql"),
        },
    ],
};

/// The tables of a received day, as the store makes them with its first segment.
pub(crate) fn day_tables(day: i64) -> String {
    include_str!("../day.sql").replace("{day}", &day.to_string())
}

/// The days that have tables of their own.
fn days(conn: &Connection) -> Result<Vec<i64>, StoreError> {
    if conn.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'segment_day'")?.exists([])? {
        let mut query = conn.prepare("SELECT day FROM segment_day")?;
        return Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?);
    }
    Ok(Vec::new())
}

/// Creates, upgrades or accepts the database behind `conn`, in one transaction.
pub(crate) fn bring_up(conn: &mut Connection, schema: &Schema) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: u32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > schema.version {
        return Err(StoreError::Newer { found, known: schema.version });
    }
    if found == 0 {
        if let Some(name) = structure(&tx)?.keys().next() {
            let difference = format!("{name} stands in a file that is not lichphat's");
            return Err(StoreError::Structure { version: 0, difference });
        }
        tx.execute_batch(schema.fresh)?;
    } else {
        for step in &schema.steps[found as usize - 1..] {
            tx.execute_batch(step.sql)?;
        }
    }
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(schema.fresh)?;
    for day in days(&tx)? {
        fresh.execute_batch(&day_tables(day))?;
    }
    if let Some(difference) = difference(&structure(&fresh)?, &structure(&tx)?) {
        return Err(StoreError::Structure { version: found, difference });
    }
    tx.pragma_update(None, "user_version", schema.version)?;
    Ok(tx.commit()?)
}

/// Name of each table, index and trigger -> its SQL without comments and with single spaces.
fn structure(conn: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut query = conn
        .prepare("SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.map(|(name, sql)| (name, plain(&sql))).map_err(StoreError::from)).collect()
}

fn plain(sql: &str) -> String {
    let code = sql.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join(" ");
    // `ALTER TABLE … RENAME` quotes names and an added column keeps its own spacing
    let code = code.replace('"', "").replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn difference(fresh: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Option<String> {
    let missing = fresh.keys().find(|name| !found.contains_key(*name)).map(|name| format!("{name} is missing"));
    let extra = || found.keys().find(|name| !fresh.contains_key(*name)).map(|name| format!("{name} is not ours"));
    let other = || fresh.iter().find(|(name, sql)| found[*name] != **sql).map(|(name, _)| format!("{name} differs"));
    missing.or_else(extra).or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Schema = Schema { version: 1, fresh: "CREATE TABLE a (x INTEGER NOT NULL) STRICT;", steps: &[] };
    const NEW: Schema = Schema {
        version: 2,
        fresh: "CREATE TABLE a (x INTEGER NOT NULL, y TEXT) STRICT; -- with y\nCREATE INDEX a_by_y ON a (y);",
        steps: &[Step { released: OLD.fresh, sql: "ALTER TABLE a ADD COLUMN y TEXT; CREATE INDEX a_by_y ON a (y);" }],
    };

    /// Makes a database of every released version and brings it up to `schema`.
    fn upgrade_each(schema: &Schema) -> Result<(), StoreError> {
        assert_eq!(schema.steps.len() as u32 + 1, schema.version, "one step per version");
        for (version, step) in (1..).zip(schema.steps) {
            let mut conn = Connection::open_in_memory()?;
            conn.execute_batch(step.released)?;
            conn.pragma_update(None, "user_version", version)?;
            bring_up(&mut conn, schema)?;
        }
        Ok(())
    }

    #[test]
    fn an_old_database_is_brought_up_with_its_rows_and_equals_a_fresh_one() {
        let mut conn = Connection::open_in_memory().unwrap();
        bring_up(&mut conn, &OLD).unwrap();
        conn.execute("INSERT INTO a VALUES (7)", []).unwrap();
        bring_up(&mut conn, &NEW).unwrap();
        bring_up(&mut conn, &NEW).unwrap();
        assert_eq!(conn.query_row("SELECT x, y FROM a", [], |r| Ok((r.get(0)?, r.get(1)?))), Ok((7, None::<String>)));
        let mut fresh = Connection::open_in_memory().unwrap();
        bring_up(&mut fresh, &NEW).unwrap();
        assert_eq!(structure(&conn).unwrap(), structure(&fresh).unwrap());
    }

    #[test]
    fn a_step_that_misses_the_fresh_structure_leaves_the_old_database_untouched() {
        let mut conn = Connection::open_in_memory().unwrap();
        bring_up(&mut conn, &OLD).unwrap();
        let lame = Schema { steps: &[Step { released: OLD.fresh, sql: "ALTER TABLE a ADD COLUMN y TEXT;" }], ..NEW };
        assert!(matches!(upgrade_each(&lame), Err(StoreError::Structure { version: 1, .. })));
        let error = bring_up(&mut conn, &lame).unwrap_err().to_string();
        assert!(error.contains("index a_by_y is missing"), "{error}");
        assert_eq!(bring_up(&mut conn, &OLD), Ok(()), "still version 1, still usable");
    }

    #[test]
    fn a_newer_a_foreign_and_an_altered_database_are_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        bring_up(&mut conn, &NEW).unwrap();
        assert_eq!(bring_up(&mut conn, &OLD), Err(StoreError::Newer { found: 2, known: 1 }));
        conn.execute_batch("DROP INDEX a_by_y").unwrap();
        assert!(matches!(bring_up(&mut conn, &NEW), Err(StoreError::Structure { version: 2, .. })));
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
        assert!(bring_up(&mut foreign, &NEW).unwrap_err().to_string().contains("songs"));
    }

    #[test]
    fn every_released_version_upgrades_to_the_current_structure() {
        upgrade_each(&NEW).unwrap();
        upgrade_each(&CURRENT).unwrap();
        let mut conn = Connection::open_in_memory().unwrap();
        bring_up(&mut conn, &CURRENT).unwrap();
        bring_up(&mut conn, &CURRENT).unwrap();
        let checks: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(checks, "ok");
    }
}
