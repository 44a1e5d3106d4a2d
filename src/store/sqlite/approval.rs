//! The approvals' port on SQLite.

use super::Store;
use super::directory::{check_revision, json, raise_revision, revision};
use super::log::append_statement;
use super::rows::hash_of;
use crate::approval::{ApprovalStore, Draft, Permissions, Proposal, Said, Sealed, State};
use crate::error::StoreError;
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::proof::entry::Statement;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::{Document, Permit, Place, What, Withdrawals, Withdrawn};
use lichphat_playlists::wire::sign::Envelope;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;

pub(super) const ROOM: &str = "approval";
/// Counts what changes what may be shown, so that plans are made anew for that and not for every word on a proposal.
pub(super) const PERMITTED: &str = "permitted";

/// What a stored document says; it was signed here.
fn opened(bytes: Vec<u8>) -> Result<Document, StoreError> {
    let unreadable = |e: &dyn std::fmt::Display| StoreError::unreadable("approval", e);
    let envelope = Envelope::from_bytes(bytes).map_err(|e| unreadable(&e))?;
    Document::unverified(&envelope).map_err(|e| unreadable(&e))
}

/// All documents of a kind in their order, of places the newest of each screen.
fn documents(conn: &Connection, kind: &str) -> Result<Vec<(Sha256Hash, Document)>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT hash, document, max(version) FROM approval_document WHERE kind = ?1
         GROUP BY CASE kind WHEN 'permit' THEN version ELSE screen END ORDER BY version",
    )?;
    let found = query.query_and_then([kind], |row| {
        Ok::<_, StoreError>((hash_of(&row.get::<_, Vec<u8>>(0)?)?, opened(row.get(1)?)?))
    })?;
    found.collect()
}

fn permissions(conn: &Connection) -> Result<Permissions, StoreError> {
    let withdrawals = match documents(conn, "withdrawals")?.pop() {
        Some((_, Document::Withdrawals(list))) => list,
        _ => Withdrawals::default(),
    };
    let mut permissions = Permissions::new(revision(conn, ROOM)?, withdrawals);
    for (name, document) in documents(conn, "permit")?.into_iter().chain(documents(conn, "place")?) {
        match document {
            Document::Permit(permit) => permissions.permit(name, permit),
            Document::Place(place) => permissions.place(name, place),
            Document::Withdrawals(_) => {}
        }
    }
    let mut query = conn.prepare_cached("SELECT number, state, draft FROM proposal ORDER BY number")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let draft: Draft = json(row, 2, "proposal")?;
        permissions.proposal(row.get(0)?, state(row, 1)?, &draft.permit);
    }
    Ok(permissions)
}

fn state(row: &Row<'_>, column: usize) -> Result<State, StoreError> {
    let text: String = row.get(column)?;
    let known = State::ALL.into_iter().find(|s| s.word() == text);
    known.ok_or_else(|| StoreError::unreadable("proposal", format!("state {text:?}")))
}

fn proposals(conn: &Connection) -> Result<Vec<Proposal>, StoreError> {
    let mut said: BTreeMap<u32, Vec<Said>> = BTreeMap::new();
    let mut query =
        conn.prepare_cached("SELECT proposal, account, yes, words, at_ms FROM proposal_said ORDER BY proposal, at_ms")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let one = Said { by: row.get(1)?, yes: row.get(2)?, words: row.get(3)?, at_ms: UtcMillis(row.get(4)?) };
        said.entry(row.get(0)?).or_default().push(one);
    }
    let mut query = conn.prepare_cached(
        "SELECT number, draft, brought_by, brought_ms, state, permit, kept_by FROM proposal ORDER BY number",
    )?;
    let all = query.query_and_then([], |row| {
        let number = row.get(0)?;
        Ok(Proposal {
            number,
            draft: json(row, 1, "proposal")?,
            brought_by: row.get(2)?,
            kept_by: row.get(6)?,
            brought_ms: UtcMillis(row.get(3)?),
            state: state(row, 4)?,
            said: said.remove(&number).unwrap_or_default(),
            permit: row.get::<_, Option<Vec<u8>>>(5)?.map(|hash| hash_of(&hash)).transpose()?,
        })
    })?;
    all.collect()
}

fn keep(
    tx: &Connection,
    (kind, screen, version): (&str, Option<&str>, u64),
    sealed: (Sha256Hash, &[u8]),
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO approval_document (hash, kind, screen, version, document) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![sealed.0.0, kind, screen, version as i64, sealed.1])?;
    Ok(())
}

/// States in the log what was said: whoever takes a permit's names for true holds them against this.
fn state_word(tx: &Connection, number: u32, said: &Said) -> Result<(), StoreError> {
    let Said { by, yes, words, at_ms } = said.clone();
    let statement = if yes {
        let mut query = tx.prepare_cached("SELECT draft FROM proposal WHERE number = ?1")?;
        let draft: Draft = query.query_row([number], |row| Ok(json(row, 0, "proposal")))??;
        let (campaign, content) = (draft.permit.campaign.clone(), draft.permit.content());
        Statement::Yes { number, campaign, content, by, decision: words, at_ms }
    } else {
        Statement::Act { at_ms, account: by, act: "refuse".into(), on: format!("proposal {number}"), detail: words }
    };
    append_statement(tx, statement)?;
    Ok(())
}

fn say(
    tx: &Connection,
    number: u32,
    said: &Said,
    state: State,
    permit: Option<&Sealed<Permit>>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO proposal_said VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET yes = ?3, words = ?4, at_ms = ?5",
    )?
    .execute(params![number, said.by, said.yes, said.words, said.at_ms.0])?;
    tx.prepare_cached("UPDATE proposal SET state = ?2, permit = ?3 WHERE number = ?1 AND state = 'open'")?
        .execute(params![number, state.word(), permit.map(|p| p.name.0)])?;
    state_word(tx, number, said)?;
    if let Some(Sealed { name, bytes, says }) = permit {
        keep(tx, ("permit", None, number.into()), (*name, bytes))?;
        let campaign = says.campaign.clone();
        append_statement(tx, Statement::Permit { permit: *name, number, campaign, at_ms: said.at_ms })?;
    }
    raise_revision(tx, PERMITTED, permit.is_some())?;
    raise_revision(tx, ROOM, true)
}

/// The newest list of what was taken back.
pub(super) fn newest_withdrawals(conn: &Connection) -> Result<Option<(Sha256Hash, Withdrawals)>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT hash, document FROM approval_document WHERE kind = 'withdrawals' ORDER BY version DESC LIMIT 1",
    )?;
    let found = query.query_row([], |r| Ok((r.get::<_, Vec<u8>>(0)?, r.get::<_, Vec<u8>>(1)?))).optional()?;
    let Some((hash, bytes)) = found else { return Ok(None) };
    match opened(bytes)? {
        Document::Withdrawals(list) => Ok(Some((hash_of(&hash)?, list))),
        _ => Err(StoreError::unreadable("withdrawals", "they are another document")),
    }
}

/// Its name.
pub(super) fn newest_list(conn: &Connection) -> Result<Option<Sha256Hash>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT hash FROM approval_document WHERE kind = 'withdrawals' ORDER BY version DESC LIMIT 1",
    )?;
    let hash: Option<Vec<u8>> = query.query_row([], |r| r.get(0)).optional()?;
    hash.map(|hash| hash_of(&hash)).transpose()
}

/// A signed document by its name.
pub(super) fn document(conn: &Connection, name: Sha256Hash) -> Result<Option<Vec<u8>>, StoreError> {
    let mut query = conn.prepare_cached("SELECT document FROM approval_document WHERE hash = ?1")?;
    Ok(query.query_row([name.0], |r| r.get(0)).optional()?)
}

/// What a document of this name says.
pub(super) fn document_of(conn: &Connection, name: Sha256Hash) -> Result<Option<Document>, StoreError> {
    document(conn, name)?.map(opened).transpose()
}

#[async_trait::async_trait]
impl ApprovalStore for Store {
    async fn approval_revision(&self) -> Result<u64, StoreError> {
        self.read(|conn| revision(conn, ROOM)).await
    }

    async fn permissions(&self) -> Result<Permissions, StoreError> {
        self.read(permissions).await
    }

    async fn proposals(&self) -> Result<(u64, Vec<Proposal>), StoreError> {
        self.read(|conn| Ok((revision(conn, ROOM)?, proposals(conn)?))).await
    }

    async fn files_brought_by(&self, account: &str) -> Result<Vec<MediaHash>, StoreError> {
        let account = account.to_owned();
        self.read(move |conn| super::library::brought_by(conn, &account)).await
    }

    async fn propose(
        &self,
        new: Vec<Draft>,
        lapsed: Vec<u32>,
        (by, at_ms): (String, UtcMillis),
        at: u64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            check_revision(tx, ROOM, at)?;
            let mut lapse = tx.prepare_cached("UPDATE proposal SET state = 'lapsed' WHERE number = ?1")?;
            lapsed.iter().try_for_each(|number| lapse.execute([number]).map(drop))?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO proposal (campaign, draft, brought_by, brought_ms, state) VALUES (?1, ?2, ?3, ?4, 'open')",
            )?;
            for draft in &new {
                let body = serde_json::to_string(draft).map_err(|e| StoreError::unreadable("proposal", e))?;
                insert.execute(params![draft.permit.campaign.as_str(), body, by, at_ms.0])?;
                let number =
                    u32::try_from(tx.last_insert_rowid()).map_err(|e| StoreError::unreadable("proposal", e))?;
                let (campaign, content) = (draft.permit.campaign.clone(), draft.permit.content());
                let (people, by) = (draft.needs.people() as u32, by.clone());
                append_statement(tx, Statement::Proposal { number, campaign, content, people, by, at_ms })?;
            }
            raise_revision(tx, ROOM, true)
        })
        .await
    }

    async fn say(
        &self,
        number: u32,
        said: Said,
        state: State,
        permit: Option<Sealed<Permit>>,
        at: u64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            check_revision(tx, ROOM, at)?;
            say(tx, number, &said, state, permit.as_ref())
        })
        .await
    }

    async fn withdraw(
        &self,
        list: Sealed<Withdrawals>,
        what: Vec<Withdrawn>,
        (by, reason): (String, String),
        at: u64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            check_revision(tx, ROOM, at)?;
            keep(tx, ("withdrawals", None, list.says.version), (list.name, &list.bytes))?;
            for withdrawn in what {
                if let What::Permit(permit) = withdrawn.what {
                    let mut end = tx.prepare_cached("UPDATE proposal SET state = 'withdrawn' WHERE permit = ?1")?;
                    end.execute([permit.0])?;
                }
                let (by, reason) = (by.clone(), reason.clone());
                append_statement(tx, Statement::Withdrawal { withdrawn, by, reason })?;
            }
            raise_revision(tx, PERMITTED, true)?;
            raise_revision(tx, ROOM, true)
        })
        .await
    }

    async fn keep_places(&self, places: Vec<Sealed<Place>>, at: u64) -> Result<(), StoreError> {
        self.write(move |tx| {
            check_revision(tx, ROOM, at)?;
            for Sealed { name, bytes, says } in &places {
                keep(tx, ("place", Some(says.screen.as_str()), says.version), (*name, bytes))?;
            }
            raise_revision(tx, PERMITTED, !places.is_empty())?;
            raise_revision(tx, ROOM, !places.is_empty())
        })
        .await
    }

    async fn approval_document(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |conn| document(conn, name)).await
    }
}
