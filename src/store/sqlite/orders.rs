//! The orders' port on SQLite: drafts, what was said of them, and the import that publishes one, each with its statement in one
//! transaction.

use super::Store;
use super::campaigns::put_in;
use super::log::append_statement;
use crate::campaigns::CampaignBatch;
use crate::error::StoreError;
use crate::orders::{Draft, OrderStore, Said, Sheet, State};
use crate::people::{AccountCode, Deed};
use lichphat_playlists::ids::{DirectiveCode, Sha256Hash};
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

fn unreadable(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::unreadable("order draft", error)
}

const DRAFT: &str = "SELECT d.number, d.revision, d.state, d.code, r.sheet, r.account, r.at_ms
    FROM order_draft d JOIN order_revision r ON r.draft = d.number AND r.revision = d.revision";

fn draft(conn: &Connection, row: &Row<'_>) -> Result<Draft, StoreError> {
    let (number, revision): (u32, u32) = (row.get(0)?, row.get(1)?);
    let state: String = row.get(2)?;
    let code: Option<String> = row.get(3)?;
    let mut query = conn.prepare_cached("SELECT DISTINCT account FROM order_revision WHERE draft = ?1")?;
    let writers = query.query_map([number], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut query = conn.prepare_cached(
        "SELECT account, yes, words, at_ms, document FROM order_word WHERE draft = ?1 AND revision = ?2 ORDER BY at_ms, account",
    )?;
    let said = query.query_map([number, revision], |row| {
        let document = row.get::<_, Option<[u8; 32]>>(4)?.map(Sha256Hash);
        Ok(Said { by: row.get(0)?, yes: row.get(1)?, words: row.get(2)?, document, at: UtcMillis(row.get(3)?) })
    })?;
    Ok(Draft {
        number,
        revision,
        state: state.parse().map_err(|say: crate::directory::problem::Say| unreadable(&say.en))?,
        sheet: sheet(&row.get::<_, String>(4)?)?,
        writers,
        by: row.get(5)?,
        at: UtcMillis(row.get(6)?),
        said: said.collect::<Result<_, _>>()?,
        code: code.map(|code| DirectiveCode::new(code).map_err(|e| unreadable(&e))).transpose()?,
    })
}

fn sheet(body: &str) -> Result<Sheet, StoreError> {
    serde_json::from_str(body).map_err(|e| unreadable(&e))
}

fn write_revision(
    tx: &Connection,
    (number, revision): (u32, u32),
    sheet: &Sheet,
    (by, at): (&AccountCode, UtcMillis),
) -> Result<(), StoreError> {
    let body = serde_json::to_string(sheet).map_err(|e| unreadable(&e))?;
    tx.prepare_cached(
        "INSERT INTO order_revision (draft, revision, account, at_ms, sheet) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![number, revision, by.as_str(), at.0, body])?;
    Ok(())
}

/// How the draft stands from now on, when it still is at that revision and stands so.
fn stand(
    tx: &Connection,
    (number, revision): (u32, u32),
    (was, now): (State, State),
    code: Option<&DirectiveCode>,
) -> Result<(), StoreError> {
    let done = tx
        .prepare_cached(
            "UPDATE order_draft SET state = ?4, code = ?5 WHERE number = ?1 AND revision = ?2 AND state = ?3",
        )?
        .execute(params![number, revision, was.as_str(), now.as_str(), code.map(DirectiveCode::as_str)])?;
    if done == 1 { Ok(()) } else { Err(StoreError::Busy) }
}

fn say(tx: &Connection, (number, revision): (u32, u32), said: &Said, state: State) -> Result<(), StoreError> {
    if state == State::Writing {
        // refused: whoever said yes before has said it of something that goes back to who wrote it
        tx.prepare_cached("DELETE FROM order_word WHERE draft = ?1 AND revision = ?2 AND yes = 1")?
            .execute(params![number, revision])?;
    }
    tx.prepare_cached(
        "INSERT INTO order_word (draft, revision, account, yes, words, at_ms, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET yes = ?4, words = ?5, at_ms = ?6, document = ?7",
    )?
    .execute(params![number, revision, said.by, said.yes, said.words, said.at.0, said.document.map(|hash| hash.0)])?;
    Ok(())
}

#[async_trait::async_trait]
impl OrderStore for Store {
    async fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        self.read(|conn| {
            let mut query = conn.prepare_cached(&format!("{DRAFT} ORDER BY d.number"))?;
            let all = query.query_and_then([], |row| draft(conn, row))?;
            all.collect()
        })
        .await
    }

    async fn draft(&self, number: u32) -> Result<Option<Draft>, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(&format!("{DRAFT} WHERE d.number = ?1"))?;
            query.query_row([number], |row| Ok(draft(conn, row))).optional()?.transpose()
        })
        .await
    }

    async fn sheet_at(&self, number: u32, revision: u32) -> Result<Option<Sheet>, StoreError> {
        self.read(move |conn| {
            let mut query =
                conn.prepare_cached("SELECT sheet FROM order_revision WHERE draft = ?1 AND revision = ?2")?;
            let body: Option<String> = query.query_row([number, revision], |row| row.get(0)).optional()?;
            body.map(|body| sheet(&body)).transpose()
        })
        .await
    }

    async fn begin(&self, sheet: Sheet, by: AccountCode, at: UtcMillis) -> Result<u32, StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("INSERT INTO order_draft (revision, state) VALUES (1, 'writing')")?.execute([])?;
            let number = u32::try_from(tx.last_insert_rowid()).map_err(|e| unreadable(&e))?;
            write_revision(tx, (number, 1), &sheet, (&by, at))?;
            Ok(number)
        })
        .await
    }

    async fn revise(
        &self,
        (number, revision): (u32, u32),
        sheet: Sheet,
        by: AccountCode,
        at: UtcMillis,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let done = tx
                .prepare_cached(
                    "UPDATE order_draft SET revision = revision + 1, state = 'writing'
                     WHERE number = ?1 AND revision = ?2 AND state IN ('writing', 'put')",
                )?
                .execute([number, revision])?;
            if done == 0 {
                return Err(StoreError::Busy);
            }
            write_revision(tx, (number, revision + 1), &sheet, (&by, at))
        })
        .await
    }

    async fn word(
        &self,
        draft: (u32, u32),
        said: Option<Said>,
        stands: (State, State),
        deed: Deed,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            stand(tx, draft, stands, None)?;
            if let Some(said) = &said {
                say(tx, draft, said, stands.1)?;
            }
            append_statement(tx, deed.into())?;
            Ok(())
        })
        .await
    }

    async fn publish(
        &self,
        draft: (u32, u32),
        said: Said,
        (code, batch, at): (DirectiveCode, CampaignBatch, u64),
        deed: Deed,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            stand(tx, draft, (State::Put, State::Published), Some(&code))?;
            say(tx, draft, &said, State::Published)?;
            put_in(tx, batch, at)?;
            append_statement(tx, deed.into())?;
            Ok(())
        })
        .await
    }

    async fn amend(&self, batch: CampaignBatch, at: u64, deed: Deed) -> Result<(), StoreError> {
        self.write(move |tx| {
            put_in(tx, batch, at)?;
            append_statement(tx, deed.into())?;
            Ok(())
        })
        .await
    }
}
