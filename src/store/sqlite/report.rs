//! The report room's port on SQLite: what was closed and explained, each with its statement in one transaction.

use super::Store;
use super::log::append_statement;
use super::people::{account_code, unit, unreadable};
use super::rows::{self, day_number, hash_of, local_day};
use crate::config::ReportSettings;
use crate::error::StoreError;
use crate::people::Deed;
use crate::report::{
    Closing, Delivery, Explanation, Moment, NewClosing, NewDue, ReportStore, RuleState, Selection, Trouble,
};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most bytes of a report's data: a hundred thousand screens.
const DATA_LIMIT_BYTES: usize = 256 << 20;

/// Most packed bytes of reports that are kept for their files, some hundred of the whole city; and for how long.
const KEPT_BYTES: i64 = 128 << 20;
const KEPT_MS: i64 = 7 * 86_400_000;

fn key(selection: &Selection) -> Result<String, StoreError> {
    serde_json::to_string(selection).map_err(|e| unreadable("selection")(&e))
}

const CLOSING: &str = "SELECT id, number, hash, closed_by, closed_ms FROM report_closed";

fn closing(row: &Row<'_>) -> Result<Closing, StoreError> {
    Ok(Closing {
        id: row.get(0)?,
        number: row.get(1)?,
        hash: hash_of(&row.get::<_, Vec<u8>>(2)?)?,
        by: account_code(&row.get::<_, String>(3)?)?,
        at: UtcMillis(row.get(4)?),
    })
}

fn keep(tx: &Connection, hash: Sha256Hash, packed: &[u8], at: UtcMillis) -> Result<(), StoreError> {
    // what is made again is the newest again
    tx.prepare_cached("DELETE FROM report_made WHERE hash = ?1")?.execute([hash.0])?;
    tx.prepare_cached("INSERT INTO report_made (hash, packed, made_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![hash.0, packed, at.0])?;
    tx.prepare_cached(
        "DELETE FROM report_made WHERE made_ms < ?1 OR id IN
           (SELECT id FROM (SELECT id, sum(length(packed)) OVER (ORDER BY id DESC) AS bytes FROM report_made) WHERE bytes > ?2)",
    )?
    .execute([at.0 - KEPT_MS, KEPT_BYTES])?;
    Ok(())
}

fn kept(conn: &Connection, hash: Sha256Hash) -> Result<Option<Vec<u8>>, StoreError> {
    let mut query = conn.prepare_cached("SELECT packed FROM report_made WHERE hash = ?1")?;
    let packed = query.query_row([hash.0], |r| r.get::<_, Vec<u8>>(0)).optional()?;
    packed.map(|packed| unpack_report(&packed)).transpose()
}

pub(super) fn unpack_report(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::decompress(packed, DATA_LIMIT_BYTES).map_err(|e| unreadable("kept report")(&e))
}

fn data(conn: &Connection, id: u32) -> Result<Option<Vec<u8>>, StoreError> {
    let mut query = conn.prepare_cached("SELECT packed, hash FROM report_closed WHERE id = ?1")?;
    let found = query.query_row([id], |r| Ok((r.get::<_, Vec<u8>>(0)?, r.get::<_, Vec<u8>>(1)?))).optional()?;
    let Some((packed, hash)) = found else { return Ok(None) };
    let bytes = zstd::bulk::decompress(&packed, DATA_LIMIT_BYTES).map_err(|e| unreadable("closed report")(&e))?;
    if Sha256Hash::of(&bytes) != hash_of(&hash)? {
        return Err(unreadable("closed report")(&"its bytes have another hash than when it was closed"));
    }
    Ok(Some(bytes))
}

fn close(tx: &Connection, new: NewClosing, packed: &[u8]) -> Result<Option<u32>, StoreError> {
    let selection = key(&new.selection)?;
    let taken = "SELECT 1 FROM report_closed WHERE selection = ?1 AND number = ?2";
    if tx.prepare_cached(taken)?.exists(params![selection, new.number])? {
        return Ok(None);
    }
    let (by, at) = (new.deed.by.clone(), new.deed.at);
    let log_index = append_statement(tx, new.deed.into())?;
    tx.prepare_cached(
        "INSERT INTO report_closed (selection, number, hash, packed, closed_by, closed_ms, log_index)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
    )?
    .query_row(params![selection, new.number, new.hash.0, packed, by.as_str(), at.0, log_index], |r| r.get(0))
    .map(Some)
    .map_err(StoreError::from)
}

fn explanation(row: &Row<'_>) -> Result<Explanation, StoreError> {
    let unreadable_unit = || unreadable("explanation")(&"it has no unit");
    Ok(Explanation {
        unit: unit(row.get(0)?)?.ok_or_else(unreadable_unit)?,
        campaign: row.get::<_, Option<String>>(1)?.map(rows::campaign).transpose()?,
        days: (local_day(row.get(2)?), local_day(row.get(3)?)),
        text: row.get(4)?,
        by: account_code(&row.get::<_, String>(5)?)?,
        at: UtcMillis(row.get(6)?),
    })
}

fn explain(tx: &Connection, said: &Explanation, deed: Deed) -> Result<(), StoreError> {
    let log_index = append_statement(tx, deed.into())?;
    tx.prepare_cached(
        "INSERT INTO report_explanation (unit, campaign, from_day, to_day, words, said_by, said_ms, log_index)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        said.unit.as_str(),
        said.campaign.as_ref().map(|code| code.as_str()),
        day_number(said.days.0),
        day_number(said.days.1),
        said.text,
        said.by.as_str(),
        said.at.0,
        log_index
    ])?;
    Ok(())
}

#[async_trait::async_trait]
impl ReportStore for Store {
    fn moment(&self) -> Result<Arc<dyn Moment>, StoreError> {
        Ok(Arc::new(self.at_this_moment()?))
    }

    async fn closings(&self, selection: &Selection) -> Result<Vec<Closing>, StoreError> {
        let key = key(selection)?;
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{CLOSING} WHERE selection = ?1 ORDER BY number"))?;
            query.query_and_then([key], closing)?.collect()
        })
        .await
    }

    async fn keep(&self, hash: Sha256Hash, data: Vec<u8>, at: UtcMillis) -> Result<(), StoreError> {
        let packed = rows::pack(&data)?;
        self.write(move |tx| keep(tx, hash, &packed, at)).await
    }

    async fn kept(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |conn| kept(conn, hash)).await
    }

    async fn closed(&self, id: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |conn| data(conn, id)).await
    }

    async fn close(&self, new: NewClosing) -> Result<Option<u32>, StoreError> {
        let packed = rows::pack(&new.data)?;
        self.write(move |tx| close(tx, new, &packed)).await
    }

    async fn explanations(&self, days: (LocalDay, LocalDay)) -> Result<Vec<Explanation>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT unit, campaign, from_day, to_day, words, said_by, said_ms FROM report_explanation
                 WHERE from_day = ?1 AND to_day = ?2 ORDER BY id",
            )?;
            query.query_and_then(params![day_number(days.0), day_number(days.1)], explanation)?.collect()
        })
        .await
    }

    async fn rules_are(
        &self,
        rules: Vec<ReportSettings>,
        at: UtcMillis,
    ) -> Result<BTreeMap<String, UtcMillis>, StoreError> {
        self.keep_rules(rules, at).await
    }

    async fn rules(&self) -> Result<Vec<RuleState>, StoreError> {
        self.report_rules().await
    }

    async fn due_settled(&self, rule: &str, days: (LocalDay, LocalDay), now: UtcMillis) -> Result<bool, StoreError> {
        self.is_due_settled(rule.to_owned(), days, now).await
    }

    async fn keep_due(&self, due: NewDue) -> Result<(), StoreError> {
        self.keep_made(due).await
    }

    async fn due_failed(
        &self,
        rule: &str,
        days: (LocalDay, LocalDay),
        at: UtcMillis,
        problem: String,
    ) -> Result<(), StoreError> {
        self.note_not_made(rule.to_owned(), days, at, problem).await
    }

    async fn due_data(&self, due: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.made_data(due).await
    }

    async fn deliveries(&self, now: UtcMillis) -> Result<Vec<Delivery>, StoreError> {
        self.open_deliveries(now).await
    }

    async fn delivered(&self, delivery: &Delivery, at: UtcMillis, problem: Option<String>) -> Result<(), StoreError> {
        self.note_delivery(delivery, at, problem).await
    }

    async fn troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        self.report_troubles().await
    }

    async fn explain(&self, said: Explanation, deed: Deed) -> Result<(), StoreError> {
        self.write(move |tx| explain(tx, &said, deed)).await
    }
}
