//! What the scheduler asks of its store to know how it is.

use super::{Store, rows};
use crate::care::{CareStore, Devices, Unplanned};
use crate::error::StoreError;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rows::day_number;
use std::sync::atomic::Ordering;

/// Screens that are named.
const NAMED: usize = 5;

#[async_trait::async_trait]
impl CareStore for Store {
    async fn pulse(&self, at: UtcMillis) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("INSERT INTO pulse VALUES (1, ?1) ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms")?
                .execute([at.0])?;
            Ok(())
        })
        .await
    }

    async fn unplanned(&self, day: LocalDay) -> Result<Unplanned, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT code FROM screen WHERE kind = 'managed' AND ?1 BETWEEN coalesce(from_day, ?1) AND coalesce(to_day, ?1)
                 AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.day = ?1 AND plan.screen = screen.code) ORDER BY code",
            )?;
            let codes = query.query_and_then([day_number(day)], |row| rows::screen(row.get(0)?))?;
            let mut unplanned = Unplanned::default();
            for code in codes {
                unplanned.screens += 1;
                let code = code?;
                if unplanned.first.len() < NAMED {
                    unplanned.first.push(code);
                }
            }
            Ok(unplanned)
        })
        .await
    }

    async fn devices(&self, since: UtcMillis) -> Result<Devices, StoreError> {
        self.read(move |conn| {
            let mut query = conn.prepare_cached(
                "SELECT count(*), count(*) FILTER (WHERE h.at_ms IS NULL OR h.at_ms < ?1) FROM device d
                 LEFT JOIN heartbeat h ON h.device = d.id WHERE d.retired_ms IS NULL AND d.revoked_ms IS NULL",
            )?;
            Ok(query.query_row([since.0], |row| Ok(Devices { present: row.get(0)?, silent: row.get(1)? }))?)
        })
        .await
    }

    fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}
