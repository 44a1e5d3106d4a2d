//! The people's port on SQLite: every deed and its statement in one transaction.

use super::Store;
use super::log::append_statement;
use super::rows::{day_number, hash_of, local_day};
use crate::directory::DaySpan;
use crate::error::StoreError;
use crate::people::{
    Account, AccountCode, Deed, Grant, NewAccount, NewSecrets, NewSession, PeopleStore, Role, Scope, Secrets, Session,
    Token,
};
use lichphat_playlists::ids::{Sha256Hash, UnitCode};
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use std::collections::BTreeMap;

/// Browsers by which an account is known.
const BROWSERS: u32 = 10;

/// What an account ?1 has brought, or looks after, and nobody has decided on.
const OPEN_TASK: &str = "state = 'open' AND coalesce(kept_by, brought_by) = ?1";

fn unreadable(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> StoreError {
    move |error| StoreError::unreadable(what, error)
}

fn account_code(text: &str) -> Result<AccountCode, StoreError> {
    AccountCode::new(text).map_err(|e| unreadable("account")(&e))
}

fn unit(text: Option<String>) -> Result<Option<UnitCode>, StoreError> {
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

fn grants_of(conn: &Connection, account: &str) -> Result<Vec<Grant>, StoreError> {
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

fn one_account(conn: &Connection, code: &str) -> Result<Option<Account>, StoreError> {
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

fn add_grant(
    tx: &Connection,
    account: &AccountCode,
    grant: &Grant,
    through: Option<u32>,
    at: UtcMillis,
) -> Result<u32, StoreError> {
    let day = |day: Option<_>| day.map(day_number);
    tx.prepare_cached(
        "INSERT INTO account_grant (account, role, unit, from_day, to_day, decision, through, given_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        account.as_str(),
        grant.role.as_str(),
        grant.unit.as_ref().map(UnitCode::as_str),
        day(grant.days.from),
        day(grant.days.to),
        grant.decision,
        through,
        at.0
    ])?;
    u32::try_from(tx.last_insert_rowid()).map_err(|e| unreadable("grant number")(&e))
}

/// A code in place of the account's earlier ones; what has expired is swept out.
fn put_code(
    tx: &Connection,
    account: Option<&str>,
    (hash, expires): (Sha256Hash, UtcMillis),
    now: UtcMillis,
) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM one_time_code WHERE account IS ?1 OR expires_ms <= ?2")?
        .execute(params![account, now.0])?;
    tx.prepare_cached("INSERT INTO one_time_code (hash, account, expires_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![hash.0, account, expires.0])?;
    Ok(())
}

fn insert_account(tx: &Connection, code: &AccountCode, name: &str, at: UtcMillis) -> Result<bool, StoreError> {
    let new = tx
        .prepare_cached("INSERT INTO account (code, name, made_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![code.as_str(), name, at.0])?;
    Ok(new > 0)
}

/// Whoever is signed in, or has been, has to sign in anew; but for a session and a browser.
fn forget(
    tx: &Connection,
    account: &str,
    (session, browser): (Option<Sha256Hash>, Option<Sha256Hash>),
) -> Result<(), StoreError> {
    let (session, browser) = (session.map(|hash| hash.0), browser.map(|hash| hash.0));
    tx.prepare_cached("DELETE FROM session WHERE account = ?1 AND hash IS NOT ?2")?
        .execute(params![account, session])?;
    tx.prepare_cached("DELETE FROM known_browser WHERE account = ?1 AND hash IS NOT ?2")?
        .execute(params![account, browser])?;
    Ok(())
}

fn redeem(tx: &Connection, new: &NewSecrets, deed: Deed) -> Result<bool, StoreError> {
    let for_whom: Option<Option<String>> = tx
        .prepare_cached("SELECT account FROM one_time_code WHERE hash = ?1 AND expires_ms > ?2")?
        .query_row(params![new.code.0, deed.at.0], |r| r.get(0))
        .optional()?;
    let Some(for_whom) = for_whom else { return Ok(false) };
    let code = new.account.as_str();
    match (&for_whom, &new.name) {
        (Some(account), None) if account == code => {}
        (None, Some(name)) if insert_account(tx, &new.account, name, deed.at)? => {
            let everywhere = Grant {
                id: 0,
                role: Role::Administrator,
                unit: None,
                days: DaySpan::default(),
                decision: String::new(),
                given_by: None,
            };
            add_grant(tx, &new.account, &everywhere, None, deed.at)?;
        }
        _ => return Ok(false),
    }
    tx.prepare_cached("DELETE FROM one_time_code WHERE hash = ?1")?.execute([new.code.0])?;
    forget(tx, code, (None, None))?;
    let done = tx
        .prepare_cached("UPDATE account SET password = ?2, seed = ?3, step = ?4 WHERE code = ?1 AND ended_ms IS NULL")?
        .execute(params![code, new.password, new.seed.0, new.step])?;
    append_statement(tx, deed.into())?;
    Ok(done > 0)
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
    for sql in [
        "UPDATE account_grant SET revoked_ms = ?2 WHERE account = ?1 AND revoked_ms IS NULL",
        "UPDATE api_token SET revoked_ms = ?2 WHERE account = ?1 AND revoked_ms IS NULL",
    ] {
        tx.prepare_cached(sql)?.execute(params![account, at])?;
    }
    tx.prepare_cached("DELETE FROM one_time_code WHERE account = ?1")?.execute([account])?;
    forget(tx, account, (None, None))?;
    append_statement(tx, deed.into())?;
    Ok(true)
}

fn open_session(tx: &Connection, new: &NewSession) -> Result<bool, StoreError> {
    let (code, at) = (new.account.as_str(), new.at.0);
    let entered = tx
        .prepare_cached(
            "UPDATE account SET entered_ms = ?2, step = coalesce(?3, step)
             WHERE code = ?1 AND ended_ms IS NULL AND (?3 IS NULL OR ?3 > step)",
        )?
        .execute(params![code, at, new.step])?;
    if entered == 0 {
        return Ok(false);
    }
    tx.prepare_cached("DELETE FROM session WHERE hash IS ?1")?.execute([new.before.map(|hash| hash.0)])?;
    tx.prepare_cached("INSERT INTO session (hash, account, strong, made_ms, seen_ms) VALUES (?1, ?2, ?3, ?4, ?4)")?
        .execute(params![new.hash.0, code, new.strong, at])?;
    tx.prepare_cached(
        "INSERT INTO known_browser (hash, account, seen_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET seen_ms = excluded.seen_ms",
    )?
    .execute(params![new.browser.0, code, at])?;
    tx.prepare_cached(
        "DELETE FROM known_browser WHERE account = ?1 AND hash NOT IN
         (SELECT hash FROM known_browser WHERE account = ?1 ORDER BY seen_ms DESC LIMIT ?2)",
    )?
    .execute(params![code, BROWSERS])?;
    Ok(true)
}

const TOKEN: &str = "SELECT t.id, t.account, t.label, t.acts, t.unit, t.expires_ms FROM api_token t
    JOIN account a ON a.code = t.account WHERE t.revoked_ms IS NULL AND a.ended_ms IS NULL";

fn token(row: &Row<'_>) -> Result<Token, StoreError> {
    let acts: String = row.get(3)?;
    let acts = serde_json::from_str(&acts).map_err(|e| unreadable("scope")(&e))?;
    Ok(Token {
        id: row.get(0)?,
        account: account_code(&row.get::<_, String>(1)?)?,
        label: row.get(2)?,
        scope: Scope { acts, unit: unit(row.get(4)?)? },
        expires: UtcMillis(row.get(5)?),
    })
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

    async fn secrets(&self, code: &AccountCode, browser: Option<Sha256Hash>) -> Result<Option<Secrets>, StoreError> {
        let (code, browser) = (code.clone(), browser.map(|hash| hash.0));
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT password, seed, step, EXISTS (SELECT 1 FROM known_browser WHERE account = code AND hash IS ?2)
                 FROM account WHERE code = ?1 AND ended_ms IS NULL",
            )?;
            let read = |row: &Row<'_>| {
                let seed: Option<Vec<u8>> = row.get(1)?;
                let seed = seed.map(|bytes| hash_of(&bytes)).transpose()?;
                Ok::<_, StoreError>(Secrets {
                    password: row.get(0)?,
                    seed,
                    step: row.get(2)?,
                    known_browser: row.get(3)?,
                })
            };
            query.query_row(params![code.as_str(), browser], |row| Ok(read(row))).optional()?.transpose()
        })
        .await
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
                    add_grant(tx, &account.code, grant, None, deed.at)?;
                }
                put_code(tx, Some(account.code.as_str()), code, deed.at)?;
                append_statement(tx, deed.into())?;
            }
            for (account, grant, deed) in more {
                add_grant(tx, &account, &grant, None, deed.at)?;
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
            let id = add_grant(tx, &account, &grant, through, deed.at)?;
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

    async fn issue_code(
        &self,
        account: Option<AccountCode>,
        code: (Sha256Hash, UtcMillis),
        deed: Deed,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            put_code(tx, account.as_ref().map(AccountCode::as_str), code, deed.at)?;
            append_statement(tx, deed.into())?;
            Ok(())
        })
        .await
    }

    async fn code(&self, hash: Sha256Hash, now: UtcMillis) -> Result<Option<Option<Account>>, StoreError> {
        self.read(move |conn| {
            let mut query =
                conn.prepare_cached("SELECT account FROM one_time_code WHERE hash = ?1 AND expires_ms > ?2")?;
            let found: Option<Option<String>> = query.query_row(params![hash.0, now.0], |r| r.get(0)).optional()?;
            found.map(|account| account.map_or(Ok(None), |code| one_account(conn, &code))).transpose()
        })
        .await
    }

    async fn redeem(&self, chosen: NewSecrets, deed: Deed) -> Result<bool, StoreError> {
        self.write(move |tx| redeem(tx, &chosen, deed)).await
    }

    async fn set_password(
        &self,
        account: &AccountCode,
        password: String,
        (session, browser): (Sha256Hash, Option<Sha256Hash>),
        deed: Deed,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            tx.prepare_cached("UPDATE account SET password = ?2 WHERE code = ?1 AND ended_ms IS NULL")?
                .execute(params![account.as_str(), password])?;
            forget(tx, account.as_str(), (Some(session), browser))?;
            append_statement(tx, deed.into())?;
            Ok(())
        })
        .await
    }

    async fn open_session(&self, new: NewSession) -> Result<bool, StoreError> {
        self.write(move |tx| open_session(tx, &new)).await
    }

    async fn session(&self, hash: Sha256Hash) -> Result<Option<Session>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT s.account, s.strong, s.made_ms, s.seen_ms FROM session s JOIN account a ON a.code = s.account
                 WHERE s.hash = ?1 AND a.ended_ms IS NULL",
            )?;
            let read = |row: &Row<'_>| {
                let account: String = row.get(0)?;
                Ok::<_, StoreError>(Session {
                    grants: grants_of(conn, &account)?,
                    account: account_code(&account)?,
                    strong: row.get(1)?,
                    made: UtcMillis(row.get(2)?),
                    seen: UtcMillis(row.get(3)?),
                })
            };
            query.query_row([hash.0], |row| Ok(read(row))).optional()?.transpose()
        })
        .await
    }

    async fn touch_session(&self, hash: Sha256Hash, now: UtcMillis) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE session SET seen_ms = ?2 WHERE hash = ?1")?.execute(params![hash.0, now.0])?;
            Ok(())
        })
        .await
    }

    async fn end_session(&self, hash: Sha256Hash, stale: UtcMillis) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("DELETE FROM session WHERE hash = ?1 OR made_ms < ?2")?
                .execute(params![hash.0, stale.0])?;
            Ok(())
        })
        .await
    }

    async fn add_token(&self, hash: Sha256Hash, token: Token, deed: Deed) -> Result<u32, StoreError> {
        let acts = serde_json::to_string(&token.scope.acts).map_err(|e| unreadable("scope")(&e))?;
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO api_token (hash, account, label, acts, unit, made_ms, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                hash.0,
                token.account.as_str(),
                token.label,
                acts,
                token.scope.unit.as_ref().map(UnitCode::as_str),
                deed.at.0,
                token.expires.0
            ])?;
            let id = u32::try_from(tx.last_insert_rowid()).map_err(|e| unreadable("token number")(&e))?;
            append_statement(tx, deed.into())?;
            Ok(id)
        })
        .await
    }

    async fn revoke_token(&self, id: u32, deed: Deed) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let done = tx
                .prepare_cached("UPDATE api_token SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL")?
                .execute(params![id, deed.at.0])?;
            if done > 0 {
                append_statement(tx, deed.into())?;
            }
            Ok(done > 0)
        })
        .await
    }

    async fn tokens(&self, account: Option<AccountCode>) -> Result<Vec<Token>, StoreError> {
        self.read(move |conn| {
            let mut query =
                conn.prepare_cached(&format!("{TOKEN} AND (?1 IS NULL OR t.account = ?1) ORDER BY t.id"))?;
            let tokens = query.query_and_then([account.as_ref().map(AccountCode::as_str)], token)?;
            tokens.collect()
        })
        .await
    }

    async fn token(&self, hash: Sha256Hash, now: UtcMillis) -> Result<Option<(Token, Vec<Grant>)>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{TOKEN} AND t.hash = ?1 AND t.expires_ms > ?2"))?;
            let found = query.query_row(params![hash.0, now.0], |row| Ok(token(row))).optional()?.transpose()?;
            let with_grants = |token: Token| {
                let grants = grants_of(conn, token.account.as_str())?;
                Ok((token, grants))
            };
            found.map(with_grants).transpose()
        })
        .await
    }
}
