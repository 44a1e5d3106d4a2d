//! The room of alerts' port on SQLite.

use super::Store;
use super::log::append_statement;
use super::rows::{day_number, local_day};
use crate::attention::{Cause, State};
use crate::error::StoreError;
use crate::lang::Lang;
use crate::notify::{
    Case, CaseChange, GIVEN_UP_MS, KEPT_MS, Message, NewMessage, NotifyStore, Outgoing, Site, Subscription, Way,
};
use crate::people::{AccountCode, Deed};
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

fn unreadable<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError::unreadable(what, error)
}

fn account(text: &str) -> Result<AccountCode, StoreError> {
    AccountCode::new(text).map_err(unreadable("account"))
}

const SUBSCRIPTION: &str = "SELECT s.account, s.lang, s.email, s.webhook, s.digest_s, s.dark, s.digest_day
    FROM alert_subscription s JOIN account a ON a.code = s.account AND a.ended_ms IS NULL";

fn subscription(row: &Row<'_>) -> Result<Subscription, StoreError> {
    Ok(Subscription {
        account: account(&row.get::<_, String>(0)?)?,
        lang: Lang::from_code(&row.get::<_, String>(1)?).unwrap_or_default(),
        email: row.get(2)?,
        webhook: row.get(3)?,
        digest_s: row.get(4)?,
        dark: row.get(5)?,
        digested: row.get::<_, Option<i64>>(6)?.map(local_day),
    })
}

fn case(row: &Row<'_>) -> Result<Case, StoreError> {
    let unit: Option<String> = row.get(1)?;
    let screens: Vec<ScreenCode> = serde_json::from_str(&row.get::<_, String>(6)?).map_err(unreadable("screens"))?;
    let instant = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(UtcMillis));
    let by = row.get::<_, Option<String>>(8)?.map(|by| account(&by)).transpose()?;
    Ok(Case {
        id: row.get(0)?,
        site: Site {
            unit: unit.map(|unit| UnitCode::new(&unit).map_err(unreadable("unit"))).transpose()?,
            address: row.get(2)?,
        },
        state: row.get::<_, String>(3)?.parse::<State>().map_err(|e| unreadable("state")(e.en))?,
        cause: row.get::<_, String>(4)?.parse::<Cause>().map_err(|e| unreadable("cause")(e.en))?,
        opened: UtcMillis(row.get(5)?),
        screens,
        told: instant(7)?,
        taken: by.zip(instant(9)?),
        closed: instant(10)?,
    })
}

fn json(screens: &[ScreenCode]) -> Result<String, StoreError> {
    serde_json::to_string(screens).map_err(unreadable("screens"))
}

fn change(tx: &Connection, change: &CaseChange) -> Result<(), StoreError> {
    match change {
        CaseChange::Open(case) => tx
            .prepare_cached(
                "INSERT INTO alert_case (unit, address, state, cause, opened_ms, screens) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                case.site.unit.as_ref().map(UnitCode::as_str),
                case.site.address,
                case.state.as_str(),
                case.cause.as_str(),
                case.opened.0,
                json(&case.screens)?
            ])?,
        CaseChange::Grown(id, screens) => {
            tx.execute("UPDATE alert_case SET screens = ?2 WHERE id = ?1", params![id, json(screens)?])?
        }
        CaseChange::Told(id, at) => tx.execute("UPDATE alert_case SET told_ms = ?2 WHERE id = ?1", params![id, at.0])?,
        CaseChange::Close(id, at) => {
            tx.execute("UPDATE alert_case SET closed_ms = ?2 WHERE id = ?1 AND closed_ms IS NULL", params![id, at.0])?
        }
    };
    Ok(())
}

fn put(tx: &Connection, messages: &[NewMessage], at: UtcMillis) -> Result<(), StoreError> {
    for NewMessage { account, way, to, message } in messages {
        tx.prepare_cached(
            "INSERT INTO alert_outbox (account, way, target, subject, body, made_ms, next_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        )?
        .execute(params![account.as_str(), way.as_str(), to, message.subject, message.body, at.0])?;
    }
    Ok(())
}

fn outgoing(row: &Row<'_>) -> Result<Outgoing, StoreError> {
    let way = if row.get::<_, String>(2)? == Way::Email.as_str() { Way::Email } else { Way::Webhook };
    let message = Message { subject: row.get(4)?, body: row.get(5)? };
    Ok(Outgoing {
        id: row.get(0)?,
        message: NewMessage { account: account(&row.get::<_, String>(1)?)?, way, to: row.get(3)?, message },
        made: UtcMillis(row.get(6)?),
        tries: row.get(7)?,
    })
}

#[async_trait::async_trait]
impl NotifyStore for Store {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        self.read(|conn| {
            let mut query = conn.prepare_cached(&format!("{SUBSCRIPTION} ORDER BY s.account"))?;
            query.query_and_then([], subscription)?.collect()
        })
        .await
    }

    async fn subscription(&self, account: &AccountCode) -> Result<Option<Subscription>, StoreError> {
        let account = account.clone();
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{SUBSCRIPTION} WHERE s.account = ?1"))?;
            query.query_row([account.as_str()], |row| Ok(subscription(row))).optional()?.transpose()
        })
        .await
    }

    async fn subscribe(&self, s: Subscription) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO alert_subscription (account, lang, email, webhook, digest_s, dark) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (account) DO UPDATE SET lang = ?2, email = ?3, webhook = ?4, digest_s = ?5, dark = ?6",
                params![s.account.as_str(), s.lang.code(), s.email, s.webhook, s.digest_s, s.dark],
            )?;
            Ok(())
        })
        .await
    }

    async fn cases(&self, since: UtcMillis) -> Result<Vec<Case>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT id, unit, address, state, cause, opened_ms, screens, told_ms, taken_by, taken_ms, closed_ms
                 FROM alert_case WHERE closed_ms IS NULL OR closed_ms >= ?1 ORDER BY opened_ms DESC, id DESC",
            )?;
            query.query_and_then([since.0], case)?.collect()
        })
        .await
    }

    async fn keep_round(
        &self,
        changes: Vec<CaseChange>,
        messages: Vec<NewMessage>,
        at: UtcMillis,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            for one in &changes {
                change(tx, one)?;
            }
            put(tx, &messages, at)?;
            tx.execute("DELETE FROM alert_case WHERE closed_ms < ?1", [at.0 - KEPT_MS])?;
            tx.execute("DELETE FROM alert_outbox WHERE made_ms < ?1 AND next_ms IS NULL", [at.0 - KEPT_MS])?;
            Ok(())
        })
        .await
    }

    async fn keep_digest(
        &self,
        account: AccountCode,
        day: LocalDay,
        messages: Vec<NewMessage>,
        at: UtcMillis,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let marked = tx.execute(
                "UPDATE alert_subscription SET digest_day = ?2 WHERE account = ?1 AND coalesce(digest_day, -1000000) < ?2",
                params![account.as_str(), day_number(day)],
            )?;
            if marked > 0 {
                put(tx, &messages, at)?;
            }
            Ok(marked > 0)
        })
        .await
    }

    async fn take(&self, case: u64, deed: Deed) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let taken = tx.execute(
                "UPDATE alert_case SET taken_by = ?2, taken_ms = ?3 WHERE id = ?1 AND taken_by IS NULL AND closed_ms IS NULL",
                params![case, deed.by.as_str(), deed.at.0],
            )?;
            if taken > 0 {
                append_statement(tx, deed.into())?;
            }
            Ok(taken > 0)
        })
        .await
    }

    async fn outgoing(&self, now: UtcMillis, most: u32) -> Result<Vec<Outgoing>, StoreError> {
        self.read(move |conn| {
            // a message that was made in a time to come is of a clock that was set back: it goes now
            let mut query = conn.prepare_cached(
                "SELECT id, account, way, target, subject, body, made_ms, tries FROM alert_outbox
                 WHERE next_ms IS NOT NULL AND (next_ms <= ?1 OR made_ms > ?1) ORDER BY id LIMIT ?2",
            )?;
            query.query_and_then(params![now.0, most], outgoing)?.collect()
        })
        .await
    }

    async fn note_sent(
        &self,
        id: u64,
        at: UtcMillis,
        failed: Option<(String, Option<UtcMillis>)>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            match &failed {
                None => tx.execute(
                    "UPDATE alert_outbox SET sent_ms = ?2, next_ms = NULL, tries = tries + 1, problem = '' WHERE id = ?1",
                    params![id, at.0],
                )?,
                Some((problem, next)) => tx.execute(
                    "UPDATE alert_outbox SET next_ms = CASE WHEN made_ms < ?4 THEN NULL ELSE ?2 END, tries = tries + 1, problem = ?3
                     WHERE id = ?1",
                    params![id, next.map(|at| at.0), problem, at.0 - GIVEN_UP_MS],
                )?,
            };
            Ok(())
        })
        .await
    }
}
