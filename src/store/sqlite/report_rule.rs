//! The report room's port on SQLite, for what makes itself: what rules have made, where it goes, what went wrong.

use super::Store;
use super::report::unpack_report;
use super::rows::{self, day_number, local_day};
use crate::error::StoreError;
use crate::notify::next_try;
use crate::report::{Delivery, NewDue, Trouble};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension as _, params};

type Days = (LocalDay, LocalDay);

impl Store {
    pub(super) async fn rule_first_seen(&self, rule: String, at: UtcMillis) -> Result<UtcMillis, StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("INSERT OR IGNORE INTO report_rule (name, since_ms) VALUES (?1, ?2)")?
                .execute(params![rule, at.0])?;
            let mut query = tx.prepare_cached("SELECT since_ms FROM report_rule WHERE name = ?1")?;
            Ok(UtcMillis(query.query_row([rule], |r| r.get(0))?))
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
                "UPDATE report_delivery SET done_ms = ?3, tried_ms = ?4, tries = ?5, problem = ?6
                 WHERE due = ?1 AND way = ?2 AND done_ms IS NULL",
            )?
            .execute(params![due, way, done, at.0, tries, problem.unwrap_or_default()])?;
            Ok(())
        })
        .await
    }

    pub(super) async fn report_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        self.read(|conn| {
            let mut query = conn.prepare_cached(
                "SELECT rule, from_day, to_day, '', problem FROM report_due WHERE hash IS NULL
                 UNION ALL
                 SELECT u.rule, u.from_day, u.to_day, d.way, d.problem FROM report_delivery d
                   JOIN report_due u ON u.id = d.due WHERE d.done_ms IS NULL AND d.problem <> ''
                 ORDER BY 2, 1, 4",
            )?;
            let trouble = |r: &rusqlite::Row<'_>| {
                let days = (local_day(r.get(1)?), local_day(r.get(2)?));
                Ok(Trouble { rule: r.get(0)?, days, way: r.get(3)?, problem: r.get(4)? })
            };
            query.query_and_then([], trouble)?.collect()
        })
        .await
    }
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
