//! The report room's port on SQLite, for what makes itself: what rules have made, where it goes, what went wrong.

use super::Store;
use super::report::unpack_report;
use super::rows::{self, day_number, local_day};
use crate::config::ReportSettings;
use crate::error::StoreError;
use crate::notify::next_try;
use crate::report::{Delivery, LastDue, NewDue, RuleState, Trouble};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;

type Days = (LocalDay, LocalDay);

/// What a rule has made is kept for so many days; its newest [`KEPT_REPORTS`] however old they are, for what is not there is made anew.
const KEPT_DAYS: i64 = 400;
/// As many as [`crate::report::Timing::due`] looks back.
const KEPT_REPORTS: u32 = 31;

impl Store {
    /// These are the rules: of others nothing is tried or told any more, and what was made long ago goes.
    pub(super) async fn keep_rules(
        &self,
        rules: Vec<ReportSettings>,
        at: UtcMillis,
    ) -> Result<BTreeMap<String, UtcMillis>, StoreError> {
        self.write(move |tx| {
            let mut known = tx.prepare_cached("SELECT name FROM report_rule")?;
            let known = known.query_map([], |r| r.get(0))?.collect::<Result<Vec<String>, _>>()?;
            for gone in known.iter().filter(|name| !rules.iter().any(|rule| rule.name == **name)) {
                tx.prepare_cached("DELETE FROM report_rule WHERE name = ?1")?.execute([gone])?;
            }
            let mut since = BTreeMap::new();
            for rule in &rules {
                let settings = serde_json::to_string(rule).map_err(|e| StoreError::unreadable("report rule", e))?;
                let kept = tx
                    .prepare_cached(
                        "INSERT INTO report_rule (name, since_ms, settings) VALUES (?1, ?2, ?3)
                         ON CONFLICT (name) DO UPDATE SET settings = ?3 RETURNING since_ms",
                    )?
                    .query_row(params![rule.name, at.0, settings], |r| r.get(0))?;
                since.insert(rule.name.clone(), UtcMillis(kept));
            }
            for (delivery, _) in open(tx)? {
                let rule = rules.iter().find(|rule| rule.name == delivery.rule);
                if !rule.is_some_and(|rule| rule.ways().contains(&delivery.way)) {
                    tx.prepare_cached(
                        "UPDATE report_delivery SET done_ms = ?3, problem = '' WHERE due = ?1 AND way = ?2",
                    )?
                    .execute(params![delivery.due as i64, delivery.way, at.0])?;
                }
            }
            prune(tx, at)?;
            Ok(since)
        })
        .await
    }

    pub(super) async fn report_rules(&self) -> Result<Vec<RuleState>, StoreError> {
        self.read(|conn| {
            let mut all = conn.prepare_cached("SELECT settings FROM report_rule ORDER BY name")?;
            let all = all.query_map([], |r| r.get(0))?.collect::<Result<Vec<String>, _>>()?;
            let state = |text: String| {
                let settings: ReportSettings =
                    serde_json::from_str(&text).map_err(|e| StoreError::unreadable("report rule", e))?;
                let (last, trouble) = (last_made(conn, &settings.name)?, last_trouble(conn, &settings.name)?);
                Ok(RuleState { settings, last, trouble })
            };
            all.into_iter().map(state).collect()
        })
        .await
    }

    pub(super) async fn is_due_settled(&self, rule: String, days: Days, now: UtcMillis) -> Result<bool, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT hash IS NOT NULL, tries, at_ms FROM report_due WHERE rule = ?1 AND from_day = ?2 AND to_day = ?3",
            )?;
            let key = params![rule, day_number(days.0), day_number(days.1)];
            let found = query.query_row(key, |r| Ok((r.get::<_, bool>(0)?, r.get::<_, u32>(1)?, UtcMillis(r.get(2)?))));
            Ok(found.optional()?.is_some_and(|(made, tries, at)| made || next_try(tries, at) > now))
        })
        .await
    }

    pub(super) async fn keep_made(&self, due: NewDue) -> Result<(), StoreError> {
        let packed = rows::pack(&due.data)?;
        self.write(move |tx| {
            let id: Option<i64> = tx
                .prepare_cached(
                    "INSERT INTO report_due (rule, from_day, to_day, hash, packed, at_ms, tries, problem)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, '')
                     ON CONFLICT (rule, from_day, to_day) DO UPDATE SET hash = ?4, packed = ?5, at_ms = ?6, problem = ''
                       WHERE hash IS NULL RETURNING id",
                )?
                .query_row(
                    params![due.rule, day_number(due.days.0), day_number(due.days.1), due.hash.0, packed, due.at.0],
                    |r| r.get(0),
                )
                .optional()?;
            // made already: nothing goes out twice
            let Some(id) = id else { return Ok(()) };
            let mut insert = tx.prepare_cached(
                "INSERT INTO report_delivery (due, way, tried_ms, tries, problem) VALUES (?1, ?2, 0, 0, '')",
            )?;
            for way in &due.ways {
                insert.execute(params![id, way])?;
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn note_not_made(
        &self,
        rule: String,
        days: Days,
        at: UtcMillis,
        problem: String,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO report_due (rule, from_day, to_day, at_ms, tries, problem) VALUES (?1, ?2, ?3, ?4, 0, ?5)
                 ON CONFLICT (rule, from_day, to_day) DO UPDATE SET at_ms = ?4, tries = tries + 1, problem = ?5 WHERE hash IS NULL",
            )?
            .execute(params![rule, day_number(days.0), day_number(days.1), at.0, problem])?;
            Ok(())
        })
        .await
    }

    pub(super) async fn made_data(&self, due: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached("SELECT packed FROM report_due WHERE id = ?1")?;
            let packed = query.query_row([due as i64], |r| r.get::<_, Option<Vec<u8>>>(0)).optional()?.flatten();
            packed.map(|packed| unpack_report(&packed)).transpose()
        })
        .await
    }

    pub(super) async fn open_deliveries(&self, now: UtcMillis) -> Result<Vec<Delivery>, StoreError> {
        let mut open = self.read(open).await?;
        open.retain(|(delivery, tried)| *tried == UtcMillis(0) || next_try(delivery.tries, *tried) <= now);
        Ok(open.into_iter().map(|(delivery, _)| delivery).collect())
    }

    pub(super) async fn note_delivery(
        &self,
        delivery: &Delivery,
        at: UtcMillis,
        problem: Option<String>,
    ) -> Result<(), StoreError> {
        let (due, way, tries) = (delivery.due as i64, delivery.way.clone(), delivery.tries);
        self.write(move |tx| {
            let done = problem.is_none().then_some(at.0);
            let tries = tries + u32::from(problem.is_some());
            tx.prepare_cached(
                "UPDATE report_delivery SET done_ms = ?3, tried_ms = ?4, tries = ?5, problem = iif(?3 IS NULL, ?6, problem)
                 WHERE due = ?1 AND way = ?2 AND done_ms IS NULL",
            )?
            .execute(params![due, way, done, at.0, tries, problem.unwrap_or_default()])?;
            Ok(())
        })
        .await
    }

    pub(super) async fn report_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        self.read(|conn| {
            let sql = format!("{TROUBLES} WHERE done_ms IS NULL ORDER BY from_day, rule, way");
            conn.prepare_cached(&sql)?.query_and_then([], trouble)?.collect()
        })
        .await
    }
}

/// What went wrong, of every rule and way: what could not be made, and what could not be sent, also when it went later.
const TROUBLES: &str = "SELECT rule, from_day, to_day, way, problem, tries, done_ms, at_ms FROM
      (SELECT rule, from_day, to_day, '' AS way, problem, tries + 1 AS tries, NULL AS done_ms, at_ms FROM report_due WHERE hash IS NULL
       UNION ALL
       SELECT u.rule, u.from_day, u.to_day, d.way, d.problem, d.tries, d.done_ms, d.tried_ms FROM report_delivery d
         JOIN report_due u ON u.id = d.due WHERE d.problem <> '')";

fn trouble(r: &Row<'_>) -> Result<Trouble, StoreError> {
    Ok(Trouble {
        rule: r.get(0)?,
        days: (local_day(r.get(1)?), local_day(r.get(2)?)),
        way: r.get(3)?,
        problem: r.get(4)?,
        tries: r.get(5)?,
        mended: r.get::<_, Option<i64>>(6)?.map(UtcMillis),
    })
}

/// What of a rule is wrong now, else what was wrong last.
fn last_trouble(conn: &Connection, rule: &str) -> Result<Option<Trouble>, StoreError> {
    let sql = format!("{TROUBLES} WHERE rule = ?1 ORDER BY done_ms IS NOT NULL, at_ms DESC, way LIMIT 1");
    conn.prepare_cached(&sql)?.query_and_then([rule], trouble)?.next().transpose()
}

fn last_made(conn: &Connection, rule: &str) -> Result<Option<LastDue>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT from_day, to_day, at_ms, (SELECT count(*) FROM report_delivery d WHERE d.due = u.id),
                (SELECT count(*) FROM report_delivery d WHERE d.due = u.id AND d.done_ms IS NULL)
         FROM report_due u WHERE rule = ?1 AND hash IS NOT NULL ORDER BY to_day DESC, from_day DESC LIMIT 1",
    )?;
    let last = query.query_row([rule], |r| {
        let days = (local_day(r.get(0)?), local_day(r.get(1)?));
        Ok(LastDue { days, at: UtcMillis(r.get(2)?), ways: r.get(3)?, open: r.get(4)? })
    });
    Ok(last.optional()?)
}

/// What no rule tries any more, and what is old and has gone where it should.
fn prune(tx: &Connection, at: UtcMillis) -> Result<(), StoreError> {
    let old = "SELECT id FROM
          (SELECT id, rule, at_ms, row_number() OVER (PARTITION BY rule ORDER BY to_day DESC, from_day DESC) AS nth
           FROM report_due WHERE hash IS NOT NULL)
        WHERE at_ms < ?1 AND (nth > ?2 OR rule NOT IN (SELECT name FROM report_rule))
          AND id NOT IN (SELECT due FROM report_delivery WHERE done_ms IS NULL)";
    let before = params![at.0 - KEPT_DAYS * 86_400_000, KEPT_REPORTS];
    tx.prepare_cached(&format!("DELETE FROM report_delivery WHERE due IN ({old})"))?.execute(before)?;
    tx.prepare_cached(&format!("DELETE FROM report_due WHERE id IN ({old})"))?.execute(before)?;
    tx.prepare_cached("DELETE FROM report_due WHERE hash IS NULL AND rule NOT IN (SELECT name FROM report_rule)")?
        .execute([])?;
    Ok(())
}

fn open(conn: &Connection) -> Result<Vec<(Delivery, UtcMillis)>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT d.due, u.rule, u.from_day, u.to_day, d.way, d.tries, d.tried_ms FROM report_delivery d
           JOIN report_due u ON u.id = d.due WHERE d.done_ms IS NULL ORDER BY d.due, d.way",
    )?;
    let row = |r: &rusqlite::Row<'_>| {
        let delivery = Delivery {
            due: r.get::<_, i64>(0)? as u64,
            rule: r.get(1)?,
            days: (local_day(r.get(2)?), local_day(r.get(3)?)),
            way: r.get(4)?,
            tries: r.get(5)?,
        };
        Ok((delivery, UtcMillis(r.get(6)?)))
    };
    query.query_and_then([], row)?.collect()
}
