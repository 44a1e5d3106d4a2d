//! The campaigns' port on SQLite.

use super::Store;
use super::directory::{check_revision, raise_revision, revision};
use super::log::append_statement;
use crate::campaigns::{CampaignBatch, CampaignChange, CampaignStore, Campaigns, LoopChange};
use crate::directory::Summary;
use crate::error::StoreError;
use crate::people::Deed;
use rusqlite::{Connection, params};

pub(super) const ROOM: &str = "campaigns";

fn load(conn: &Connection) -> Result<Campaigns, StoreError> {
    let mut campaigns = Campaigns::default();
    let mut query = conn.prepare_cached("SELECT kind, code, body FROM campaign ORDER BY kind, code")?;
    let mut rows = query.query([])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, code, body): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let change = serde_json::from_str(&body).map_err(|e| StoreError::unreadable(format!("{kind} {code}"), e))?;
        changes.push(change);
    }
    campaigns.apply(CampaignBatch { changes });
    campaigns.revision = revision(conn, ROOM)?;
    Ok(campaigns)
}

fn put(tx: &Connection, changes: &[CampaignChange]) -> Result<(), StoreError> {
    let mut insert =
        tx.prepare_cached("INSERT INTO campaign VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET body = ?3")?;
    for change in changes {
        let body = serde_json::to_string(change).map_err(|e| StoreError::unreadable(change.code(), e))?;
        insert.execute(params![change.kind(), change.code(), body])?;
    }
    Ok(())
}

/// Puts a batch in that was read against the campaigns at revision `expected`.
pub(super) fn put_in(tx: &Connection, batch: CampaignBatch, expected: u64) -> Result<Summary, StoreError> {
    check_revision(tx, ROOM, expected)?;
    let (changes, summary) = load(tx)?.apply(batch);
    put(tx, &changes)?;
    raise_revision(tx, ROOM, !changes.is_empty())?;
    Ok(summary)
}

#[async_trait::async_trait]
impl CampaignStore for Store {
    async fn campaigns_revision(&self) -> Result<u64, StoreError> {
        self.read(|conn| revision(conn, ROOM)).await
    }

    async fn campaigns(&self) -> Result<Campaigns, StoreError> {
        self.read(load).await
    }

    async fn import_campaigns(&self, batch: CampaignBatch, expected: u64) -> Result<Summary, StoreError> {
        self.write(move |tx| put_in(tx, batch, expected)).await
    }

    async fn keep_loop(&self, change: LoopChange, expected: u64, deed: Deed) -> Result<(), StoreError> {
        self.write(move |tx| {
            check_revision(tx, ROOM, expected)?;
            let items: Vec<CampaignChange> = change.put.into_iter().map(CampaignChange::Item).collect();
            put(tx, &items)?;
            let mut drop = tx.prepare_cached("DELETE FROM campaign WHERE kind = 'item' AND code = ?1")?;
            change.dropped.iter().try_for_each(|code| drop.execute([code.as_str()]).map(|_| ()))?;
            append_statement(tx, deed.into())?;
            raise_revision(tx, ROOM, true)
        })
        .await
    }
}
