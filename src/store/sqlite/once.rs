//! What was answered under which key, on SQLite.

use super::Store;
use super::rows::hash_of;
use crate::error::StoreError;
use crate::once::{Answer, Begun, KEPT_MS, Key, OnceStore};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension, params};

type Held = (UtcMillis, Sha256Hash, Option<Answer>);

fn held(conn: &Connection, key: &Key) -> Result<Option<Held>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT begun_ms, request, status, kind, body FROM answered WHERE account = ?1 AND word = ?2",
    )?;
    let row = query.query_row([&key.account, &key.word], |row| {
        let status: Option<u16> = row.get(2)?;
        let answer = match status {
            Some(status) => Some(Answer { status, kind: row.get(3)?, body: row.get(4)? }),
            None => None,
        };
        Ok((UtcMillis(row.get(0)?), row.get::<_, Vec<u8>>(1)?, answer))
    });
    match row.optional()? {
        Some((at, request, answer)) => Ok(Some((at, hash_of(&request)?, answer))),
        None => Ok(None),
    }
}

#[async_trait::async_trait]
impl OnceStore for Store {
    async fn begin(&self, key: Key, request: Sha256Hash, now: UtcMillis) -> Result<Begun, StoreError> {
        self.write(move |tx| {
            let begun = Begun::of(held(tx, &key)?, request, now);
            if begun == Begun::New {
                tx.execute("DELETE FROM answered WHERE begun_ms < ?1", [now.0 - KEPT_MS])?;
                tx.execute(
                    "INSERT OR REPLACE INTO answered (account, word, begun_ms, request) VALUES (?1, ?2, ?3, ?4)",
                    params![key.account, key.word, now.0, request.0],
                )?;
            }
            Ok(begun)
        })
        .await
    }

    async fn end(&self, key: Key, answer: Option<Answer>) -> Result<(), StoreError> {
        self.write(move |tx| {
            match &answer {
                Some(Answer { status, kind, body }) => tx.execute(
                    "UPDATE answered SET status = ?3, kind = ?4, body = ?5 WHERE account = ?1 AND word = ?2",
                    params![key.account, key.word, status, kind, body],
                )?,
                None => tx.execute(
                    "DELETE FROM answered WHERE account = ?1 AND word = ?2 AND status IS NULL",
                    params![key.account, key.word],
                )?,
            };
            Ok(())
        })
        .await
    }
}
