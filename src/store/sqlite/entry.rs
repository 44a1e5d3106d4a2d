//! The port of coming in on SQLite: secrets, one-time codes, sessions, passkeys and tokens.

use super::Store;
use super::log::append_statement;
use super::people::{account_code, add_grant, grants_of, insert_account, one_account, unit, unreadable};
use super::rows::hash_of;
use crate::directory::DaySpan;
use crate::error::StoreError;
use crate::people::{
    Account, AccountCode, Deed, EntryStore, Grant, NewPasskey, NewSecrets, NewSession, Passkey, Role, Scope, Secrets,
    Session, Token,
};
use lichphat_playlists::ids::{Sha256Hash, UnitCode};
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// Browsers by which an account is known.
const BROWSERS: u32 = 10;

/// A code in place of the account's earlier ones; what has expired is swept out.
pub(super) fn put_code(
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

/// What an account comes in with besides its password ends: passkeys, tokens, and a code that was not used.
pub(super) fn end_entries(tx: &Connection, account: &str, at: UtcMillis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE api_token SET revoked_ms = ?2 WHERE account = ?1 AND revoked_ms IS NULL")?
        .execute(params![account, at.0])?;
    for sql in ["DELETE FROM passkey WHERE account = ?1", "DELETE FROM one_time_code WHERE account = ?1"] {
        tx.prepare_cached(sql)?.execute([account])?;
    }
    forget(tx, account, (None, None))
}

/// Whoever is signed in, or has been, has to sign in anew; but for a session and a browser.
pub(super) fn forget(
    tx: &Connection,
    account: &str,
    (session, browser): (Option<Sha256Hash>, Option<Sha256Hash>),
) -> Result<(), StoreError> {
    end_sessions(tx, account, session)?;
    tx.prepare_cached("DELETE FROM known_browser WHERE account = ?1 AND hash IS NOT ?2")?
        .execute(params![account, browser.map(|hash| hash.0)])?;
    Ok(())
}

/// Ends every session of the account but this one.
fn end_sessions(tx: &Connection, account: &str, but: Option<Sha256Hash>) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM session WHERE account = ?1 AND hash IS NOT ?2")?
        .execute(params![account, but.map(|hash| hash.0)])?;
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
            add_grant(tx, &new.account, &everywhere, None, (&deed.by, deed.at))?;
        }
        _ => return Ok(false),
    }
    tx.prepare_cached("DELETE FROM one_time_code WHERE hash = ?1")?.execute([new.code.0])?;
    end_entries(tx, code, deed.at)?;
    let done = tx
        .prepare_cached("UPDATE account SET password = ?2, seed = ?3, step = ?4 WHERE code = ?1 AND ended_ms IS NULL")?
        .execute(params![code, new.password, new.seed.0, new.step])?;
    append_statement(tx, deed.into())?;
    Ok(done > 0)
}

fn open_session(tx: &Connection, new: &NewSession) -> Result<bool, StoreError> {
    let (code, at) = (new.account.as_str(), new.at.0);
    if let Some(used) = &new.passkey {
        // two that were asked at once with one counter: one of them comes in
        let shown = tx
            .prepare_cached(
                "UPDATE passkey SET counter = ?3, key = ?4, used_ms = ?5
                 WHERE credential = ?1 AND account = ?2 AND (counter < ?3 OR counter = 0 AND ?3 = 0)",
            )?
            .execute(params![used.credential, code, used.counter, used.key, at])?;
        if shown == 0 {
            return Ok(false);
        }
    }
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

fn passkeys_of(conn: &Connection, account: &str) -> Result<Vec<Passkey>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT id, name, made_ms, used_ms, key FROM passkey WHERE account = ?1 ORDER BY id")?;
    let passkeys = query.query_and_then([account], |row| {
        let (made, used) = (UtcMillis(row.get(2)?), row.get::<_, Option<i64>>(3)?.map(UtcMillis));
        Ok(Passkey { id: row.get(0)?, name: row.get(1)?, made, used, key: row.get(4)? })
    })?;
    passkeys.collect()
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
impl EntryStore for Store {
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

    async fn passkeys(&self, account: &AccountCode) -> Result<Vec<Passkey>, StoreError> {
        let account = account.clone();
        self.read(move |conn| passkeys_of(conn, account.as_str())).await
    }

    async fn add_passkey(&self, new: NewPasskey, deed: Deed) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let NewPasskey { account, credential, passkey } = new;
            let added = tx
                .prepare_cached(
                    "INSERT INTO passkey (account, credential, name, key, made_ms)
                     SELECT code, ?2, ?3, ?4, ?5 FROM account WHERE code = ?1 AND ended_ms IS NULL
                     ON CONFLICT (credential) DO NOTHING",
                )?
                .execute(params![account.as_str(), credential, passkey.name, passkey.key, passkey.made.0])?;
            if added > 0 {
                append_statement(tx, deed.into())?;
            }
            Ok(added > 0)
        })
        .await
    }

    async fn remove_passkey(
        &self,
        account: &AccountCode,
        id: u32,
        (session, deed): (Sha256Hash, Deed),
    ) -> Result<bool, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let gone = tx
                .prepare_cached(
                    "DELETE FROM passkey WHERE account = ?1 AND id = ?2
                     AND (EXISTS (SELECT 1 FROM passkey WHERE account = ?1 AND id <> ?2)
                          OR EXISTS (SELECT 1 FROM account WHERE code = ?1 AND seed IS NOT NULL))",
                )?
                .execute(params![account.as_str(), id])?;
            if gone > 0 {
                end_sessions(tx, account.as_str(), Some(session))?;
                append_statement(tx, deed.into())?;
            }
            Ok(gone > 0)
        })
        .await
    }

    async fn end_digits(&self, account: &AccountCode, (session, deed): (Sha256Hash, Deed)) -> Result<bool, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let gone = tx
                .prepare_cached(
                    "UPDATE account SET seed = NULL WHERE code = ?1 AND seed IS NOT NULL
                     AND EXISTS (SELECT 1 FROM passkey WHERE account = ?1 AND used_ms IS NOT NULL)",
                )?
                .execute([account.as_str()])?;
            if gone > 0 {
                end_sessions(tx, account.as_str(), Some(session))?;
                append_statement(tx, deed.into())?;
            }
            Ok(gone > 0)
        })
        .await
    }
}
