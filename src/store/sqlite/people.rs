//! The people's port on SQLite, accounts and roles: every deed and its statement in one transaction. How they come in is `entry`.

use super::Store;
use super::entry::{end_entries, put_code};
use super::log::append_statement;
use super::rows::{day_number, local_day};
use crate::directory::DaySpan;
use crate::error::StoreError;
use crate::people::{Account, AccountCode, Deed, Given, Grant, NewAccount, PeopleStore, Role};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use std::collections::BTreeMap;

/// What an account ?1 has brought, or looks after, and nobody has decided on.
const OPEN_TASK: &str = "state = 'open' AND coalesce(kept_by, brought_by) = ?1";

pub(super) fn unreadable(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> StoreError {
    move |error| StoreError::unreadable(what, error)
}

pub(super) fn account_code(text: &str) -> Result<AccountCode, StoreError> {
    AccountCode::new(text).map_err(|e| unreadable("account")(&e))
}

pub(super) fn unit(text: Option<String>) -> Result<Option<UnitCode>, StoreError> {
    text.map(|text| UnitCode::new(text).map_err(|e| unreadable("unit code")(&e))).transpose()
}

/// What stands: not revoked, and what was passed on only as long as what it was passed on from.
const STANDING: &str = "SELECT g.account, g.id, g.role, g.unit, g.from_day, g.to_day, g.decision, t.account
    FROM account_grant g LEFT JOIN account_grant t ON t.id = g.through
    WHERE g.revoked_ms IS NULL AND t.revoked_ms IS NULL";

fn grant(row: &Row<'_>) -> Result<(AccountCode, Grant), StoreError> {
    let role: String = row.get(2)?;
    let day = |at: usize| Ok::<_, StoreError>(row.get::<_, Option<i64>>(at)?.map(local_day));
    let grant = Grant {
        id: row.get(1)?,
        role: role.parse::<Role>().map_err(|say| unreadable("role")(&say.en))?,
        unit: unit(row.get(3)?)?,
        days: DaySpan::new(day(4)?, day(5)?),
        decision: row.get(6)?,
        given_by: row.get::<_, Option<String>>(7)?.map(|code| account_code(&code)).transpose()?,
    };
    Ok((account_code(&row.get::<_, String>(0)?)?, grant))
}

pub(super) fn grants_of(conn: &Connection, account: &str) -> Result<Vec<Grant>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{STANDING} AND g.account = ?1 ORDER BY g.id"))?;
    let grants = query.query_and_then([account], |row| Ok(grant(row)?.1))?;
    grants.collect()
}

const ACCOUNT: &str = "SELECT code, name, made_ms, entered_ms, ended_ms, password IS NOT NULL FROM account";

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        code: account_code(&row.get::<_, String>(0)?)?,
        name: row.get(1)?,
        made: UtcMillis(row.get(2)?),
        entered: row.get::<_, Option<i64>>(3)?.map(UtcMillis),
        ended: row.get::<_, Option<i64>>(4)?.map(UtcMillis),
        ready: row.get(5)?,
        grants: Vec::new(),
    })
}

pub(super) fn one_account(conn: &Connection, code: &str) -> Result<Option<Account>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{ACCOUNT} WHERE code = ?1"))?;
    let found = query.query_row([code], |row| Ok(account(row))).optional()?.transpose()?;
    found.map(|account| Ok(Account { grants: grants_of(conn, code)?, ..account })).transpose()
}

fn all_accounts(conn: &Connection) -> Result<Vec<Account>, StoreError> {
    let mut held = BTreeMap::<AccountCode, Vec<Grant>>::new();
    let mut query = conn.prepare_cached(&format!("{STANDING} ORDER BY g.id"))?;
    for found in query.query_and_then([], grant)? {
        let (account, grant) = found?;
        held.entry(account).or_default().push(grant);
    }
    let mut query = conn.prepare_cached(&format!("{ACCOUNT} ORDER BY code"))?;
    let accounts = query.query_and_then([], |row| {
        let account = account(row)?;
        let grants = held.remove(&account.code).unwrap_or_default();
        Ok(Account { grants, ..account })
    })?;
    accounts.collect()
}

pub(super) fn add_grant(
    tx: &Connection,
    account: &AccountCode,
    grant: &Grant,
    through: Option<u32>,
    (by, at): (&AccountCode, UtcMillis),
) -> Result<u32, StoreError> {
    let day = |day: Option<_>| day.map(day_number);
    tx.prepare_cached(
        "INSERT INTO account_grant (account, role, unit, from_day, to_day, decision, through, given_by, given_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        account.as_str(),
        grant.role.as_str(),
        grant.unit.as_ref().map(UnitCode::as_str),
        day(grant.days.from),
        day(grant.days.to),
        grant.decision,
        through,
        by.as_str(),
        at.0
    ])?;
    u32::try_from(tx.last_insert_rowid()).map_err(|e| unreadable("grant number")(&e))
}

pub(super) fn insert_account(
    tx: &Connection,
    code: &AccountCode,
    name: &str,
    at: UtcMillis,
) -> Result<bool, StoreError> {
    let new = tx
        .prepare_cached("INSERT INTO account (code, name, made_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![code.as_str(), name, at.0])?;
    Ok(new > 0)
}

/// Whose right to say yes is over is no second pair of eyes: what he said of open proposals is forgotten. The log keeps it.
fn take_words_back(tx: &Connection, of: &str, whose: &dyn ToSql) -> Result<(), StoreError> {
    let open = "SELECT number FROM proposal WHERE state = 'open'";
    let forget = format!("DELETE FROM proposal_said WHERE yes = 1 AND proposal IN ({open}) AND account IN ({of})");
    tx.prepare_cached(&forget)?.execute([whose])?;
    Ok(())
}

fn deactivate(tx: &Connection, account: &str, deed: Deed) -> Result<bool, StoreError> {
    let at = deed.at.0;
    let done = tx
        .prepare_cached(
            "UPDATE account SET ended_ms = ?2, password = NULL, seed = NULL WHERE code = ?1 AND ended_ms IS NULL",
        )?
        .execute(params![account, at])?;
    if done == 0 {
        return Ok(false);
    }
    tx.prepare_cached("UPDATE account_grant SET revoked_ms = ?2 WHERE account = ?1 AND revoked_ms IS NULL")?
        .execute(params![account, at])?;
    end_entries(tx, account, deed.at)?;
    append_statement(tx, deed.into())?;
    Ok(true)
}

#[async_trait::async_trait]
impl PeopleStore for Store {
    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(all_accounts).await
    }

    async fn account(&self, code: &AccountCode) -> Result<Option<Account>, StoreError> {
        let code = code.clone();
        self.read(move |conn| one_account(conn, code.as_str())).await
    }

    async fn add_accounts(
        &self,
        new: Vec<NewAccount>,
        more: Vec<(AccountCode, Grant, Deed)>,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            for NewAccount { account, .. } in &new {
                if tx.prepare_cached("SELECT 1 FROM account WHERE code = ?1")?.exists([account.code.as_str()])? {
                    return Ok(false);
                }
            }
            for NewAccount { account, code, deed } in new {
                insert_account(tx, &account.code, &account.name, deed.at)?;
                for grant in &account.grants {
                    add_grant(tx, &account.code, grant, None, (&deed.by, deed.at))?;
                }
                put_code(tx, Some(account.code.as_str()), code, deed.at)?;
                append_statement(tx, deed.into())?;
            }
            for (account, grant, deed) in more {
                add_grant(tx, &account, &grant, None, (&deed.by, deed.at))?;
                append_statement(tx, deed.into())?;
            }
            Ok(true)
        })
        .await
    }

    async fn grant(
        &self,
        account: &AccountCode,
        grant: Grant,
        through: Option<u32>,
        deed: Deed,
    ) -> Result<u32, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let id = add_grant(tx, &account, &grant, through, (&deed.by, deed.at))?;
            append_statement(tx, deed.into())?;
            Ok(id)
        })
        .await
    }

    async fn passed_on(&self, account: &AccountCode) -> Result<Vec<(Account, Grant)>, StoreError> {
        let account = account.clone();
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{STANDING} AND t.account = ?1 ORDER BY g.id"))?;
            let mut passed = Vec::new();
            for found in query.query_and_then([account.as_str()], grant)? {
                let (to, grant) = found?;
                passed.extend(one_account(conn, to.as_str())?.map(|to| (to, grant)));
            }
            Ok(passed)
        })
        .await
    }

    async fn given(&self, roles: &'static [Role]) -> Result<Vec<Given>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT account, given_by, given_ms FROM account_grant
                 WHERE role IN (SELECT value FROM json_each(?1)) ORDER BY given_ms, id",
            )?;
            let roles = serde_json::to_string(roles).map_err(|e| unreadable("role")(&e))?;
            let given = query.query_and_then([roles], |row| {
                let code = |at: usize| account_code(&row.get::<_, String>(at)?);
                Ok(Given { to: code(0)?, by: code(1)?, at: UtcMillis(row.get(2)?) })
            })?;
            given.collect()
        })
        .await
    }

    async fn revoke(&self, grant: u32, deed: Deed) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let done = tx
                .prepare_cached("UPDATE account_grant SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL")?
                .execute(params![grant, deed.at.0])?;
            if done > 0 {
                take_words_back(tx, "SELECT account FROM account_grant WHERE ?1 IN (id, through)", &grant)?;
                append_statement(tx, deed.into())?;
            }
            Ok(done > 0)
        })
        .await
    }

    async fn open_tasks(&self, account: &AccountCode) -> Result<u32, StoreError> {
        let account = account.clone();
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("SELECT count(*) FROM proposal WHERE {OPEN_TASK}"))?;
            Ok(query.query_row([account.as_str()], |row| row.get(0))?)
        })
        .await
    }

    async fn deactivate(
        &self,
        account: &AccountCode,
        heir: Option<AccountCode>,
        deed: Deed,
    ) -> Result<bool, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let ended = deactivate(tx, account.as_str(), deed)?;
            if ended {
                let through = "SELECT g.account FROM account_grant g JOIN account_grant own ON own.id = g.through WHERE own.account = ?1";
                take_words_back(tx, &format!("SELECT ?1 UNION {through}"), &account.as_str())?;
            }
            if let Some(heir) = heir.filter(|_| ended) {
                tx.prepare_cached(&format!("UPDATE proposal SET kept_by = ?2 WHERE {OPEN_TASK}"))?
                    .execute([account.as_str(), heir.as_str()])?;
            }
            Ok(ended)
        })
        .await
    }
}
