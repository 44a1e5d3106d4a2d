//! The library's port on SQLite.

use super::Store;
use super::log::append_statement;
use super::rows::hash_of;
use crate::error::StoreError;
use crate::library::{LibraryStore, MediaItem};
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::proof::entry::Statement;
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension, Row, params};

const COLUMNS: &str = "hash, size_bytes, kind, duration_s, duration_ms, name, added_ms";

fn kind_text(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Video => "video",
        MediaKind::Still => "still",
        MediaKind::Audio => "audio",
    }
}

fn item(row: &Row<'_>) -> rusqlite::Result<MediaItem> {
    let kind = match row.get_ref(2)?.as_str()? {
        "video" => MediaKind::Video,
        "still" => MediaKind::Still,
        _ => MediaKind::Audio, // the table's CHECK leaves nothing else
    };
    let hash = Sha256Hash(row.get(0)?);
    Ok(MediaItem {
        media: Media { hash, size_bytes: row.get(1)?, kind, duration_s: row.get(3)? },
        duration_ms: row.get(4)?,
        name: row.get(5)?,
        added_ms: UtcMillis(row.get(6)?),
    })
}

fn find(conn: &Connection, hash: MediaHash) -> Result<Option<MediaItem>, StoreError> {
    let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM media WHERE hash = ?1"))?;
    Ok(query.query_row([hash.0], item).optional()?)
}

#[async_trait::async_trait]
impl LibraryStore for Store {
    async fn keep_media(
        &self,
        new: MediaItem,
        brought: Option<(String, UtcMillis)>,
    ) -> Result<Option<MediaItem>, StoreError> {
        self.write(move |tx| {
            let hash = new.media.hash;
            let known = find(tx, hash)?;
            if known.is_none() {
                let Media { hash, size_bytes, kind, duration_s } = new.media;
                tx.execute(
                    &format!("INSERT INTO media ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
                    params![hash.0, size_bytes, kind_text(kind), duration_s, new.duration_ms, new.name, new.added_ms.0],
                )?;
            }
            if let Some((by, at)) = brought {
                keep_brought(tx, hash, by, at)?;
            }
            Ok(known)
        })
        .await
    }

    async fn media(&self, hash: MediaHash) -> Result<Option<MediaItem>, StoreError> {
        self.read(move |conn| find(conn, hash)).await
    }

    async fn media_list(&self) -> Result<Vec<MediaItem>, StoreError> {
        self.read(|conn| {
            let mut query = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM media ORDER BY name, hash"))?;
            let rows = query.query_map([], item)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn brought_by(&self, account: &str) -> Result<Vec<MediaHash>, StoreError> {
        let account = account.to_owned();
        self.read(move |conn| brought_by(conn, &account)).await
    }
}

fn keep_brought(tx: &Connection, hash: MediaHash, account: String, at_ms: UtcMillis) -> Result<(), StoreError> {
    let new = tx
        .prepare_cached("INSERT INTO media_brought (account, hash, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![account, hash.0, at_ms.0])?;
    if new > 0 {
        let (act, on, detail) = ("upload".to_owned(), format!("media {hash}"), String::new());
        append_statement(tx, Statement::Act { at_ms, account, act, on, detail })?;
    }
    Ok(())
}

/// What an account has brought.
pub(super) fn brought_by(conn: &Connection, account: &str) -> Result<Vec<MediaHash>, StoreError> {
    let mut query = conn.prepare_cached("SELECT hash FROM media_brought WHERE account = ?1 ORDER BY hash")?;
    let found = query.query_and_then([account], |row| hash_of(&row.get::<_, Vec<u8>>(0)?))?;
    found.collect()
}
