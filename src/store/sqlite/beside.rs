//! What a report reads beside its figures, on SQLite: reads only.

use super::Store;
use super::sampling;
use crate::error::StoreError;
use crate::report::BesideStore;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::proof::sample::{Draw, Finding};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// Deeds by which closures come in: of one screen, of many, in a file.
const ENTERING: [&str; 3] = ["close", "many", "import"];

fn entered_by(conn: &Connection, at: &BTreeSet<UtcMillis>) -> Result<BTreeMap<UtcMillis, Vec<String>>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT leaf FROM log_entry INDEXED BY log_statement WHERE substr(leaf, 1, 1) = x'02' ORDER BY log_index",
    )?;
    let mut rows = query.query([])?;
    let mut found: BTreeMap<UtcMillis, Vec<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(0)?;
        // what cannot be read any more is named by whoever audits the log
        let Ok(Entry::Statement(Statement::Act { at_ms, account, act, .. })) = Entry::decode(&leaf) else { continue };
        if at.contains(&at_ms) && ENTERING.contains(&act.as_str()) {
            found.entry(at_ms).or_default().push(account);
        }
    }
    Ok(found)
}

fn drawn(
    conn: &Connection,
    campaigns: &BTreeSet<CampaignCode>,
    (from, to): (LocalDay, LocalDay),
) -> Result<Vec<(Draw, Vec<Finding>)>, StoreError> {
    // what the log says of a draw is a line; the draw itself has every screen and day, and is opened only when it is meant
    let mut query = conn.prepare_cached(
        "SELECT e.leaf, d.packed FROM draw d JOIN log_entry e ON e.log_index = d.log_index ORDER BY d.log_index",
    )?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(0)?;
        let Ok(Entry::Statement(Statement::Draw(said))) = Entry::decode(&leaf) else { continue };
        if campaigns.contains(&said.campaign) && said.from <= to && from <= said.to {
            let draw = sampling::unpacked(&row.get::<_, Vec<u8>>(1)?)?;
            let findings = sampling::findings(conn, said.draw, None)?;
            found.push((draw, findings));
        }
    }
    Ok(found)
}

#[async_trait::async_trait]
impl BesideStore for Store {
    async fn entered_by(&self, at: BTreeSet<UtcMillis>) -> Result<BTreeMap<UtcMillis, Vec<String>>, StoreError> {
        self.read(move |conn| entered_by(conn, &at)).await
    }

    async fn drawn(
        &self,
        campaigns: BTreeSet<CampaignCode>,
        days: (LocalDay, LocalDay),
    ) -> Result<Vec<(Draw, Vec<Finding>)>, StoreError> {
        self.read(move |conn| drawn(conn, &campaigns, days)).await
    }
}
