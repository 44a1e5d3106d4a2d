//! The fleet's port on SQLite.

use super::Store;
use super::rows::{self, day_number, hash_of, local_day};
use crate::error::StoreError;
use crate::fleet::{Device, DeviceState, FleetError, FleetStore, NewDevice};
use lichphat_playlists::ids::{DeviceId, Epoch, PlanHash, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::device::Heartbeat;
use lichphat_playlists::wire::v1::{IndexEntry, PlaylistIndex};
use rusqlite::{Connection, OptionalExtension, params};

impl From<StoreError> for FleetError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Takes the token, retires the screen's earlier device, makes the new one. The inner answer is
/// the room's: a refused token is no failure of the store.
fn register(tx: &Connection, new: &NewDevice) -> Result<Result<Device, FleetError>, StoreError> {
    let token: Option<(String, i64, Option<i64>)> = tx
        .prepare_cached("SELECT screen, expires_ms, used_ms FROM provisioning WHERE token_hash = ?1")?
        .query_row([new.token_hash.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    let Some((screen, expires_ms, used_ms)) = token else { return Ok(Err(FleetError::TokenUnknown)) };
    let known: Option<(u32, String)> = tx
        .prepare_cached("SELECT id, screen FROM device WHERE public_key = ?1 AND revoked_ms IS NULL")?
        .query_row([new.key.to_bytes()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    // The same key at the same screen is the same device: its first answer was lost on the way.
    let same = known.as_ref().filter(|(_, at)| *at == screen).map(|(id, _)| *id);
    match used_ms {
        Some(_) if same.is_none() => return Ok(Err(FleetError::TokenUsed)),
        _ if expires_ms < new.at.0 => return Ok(Err(FleetError::TokenExpired)),
        _ if known.is_some() && same.is_none() => return Ok(Err(FleetError::BadKey)),
        _ => {}
    }
    tx.execute("UPDATE provisioning SET used_ms = ?2 WHERE token_hash = ?1", params![new.token_hash.0, new.at.0])?;
    tx.execute(
        "UPDATE device SET retired_ms = ?2 WHERE screen = ?1 AND retired_ms IS NULL",
        params![screen, new.at.0],
    )?;
    let number = match same {
        Some(id) => {
            tx.execute(
                "UPDATE device SET token_hash = ?2, retired_ms = NULL WHERE id = ?1",
                params![id, new.secret_hash.0],
            )?;
            id
        }
        None => insert(tx, &screen, new)?,
    };
    Ok(Ok(Device {
        device: DeviceId(number),
        screen: rows::screen(screen)?,
        epoch: Epoch(1),
        secret_hash: new.secret_hash,
        simulated: new.simulated,
        retired: false,
    }))
}

fn insert(tx: &Connection, screen: &str, new: &NewDevice) -> Result<u32, StoreError> {
    tx.prepare_cached(
        "INSERT INTO device (screen, epoch, public_key, token_hash, registered_ms, simulated) VALUES (?1, 1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![screen, new.key.to_bytes(), new.secret_hash.0, new.at.0, new.simulated])?;
    u32::try_from(tx.last_insert_rowid()).map_err(|e| StoreError::unreadable("device number", e))
}

#[async_trait::async_trait]
impl FleetStore for Store {
    async fn add_token(
        &self,
        screen: ScreenCode,
        token_hash: Sha256Hash,
        expires: UtcMillis,
    ) -> Result<(), FleetError> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO provisioning (token_hash, screen, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4)",
                params![token_hash.0, screen.as_str(), expires.0 - crate::fleet::TOKEN_LIFE_MS, expires.0],
            )?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn register(&self, new: NewDevice) -> Result<Device, FleetError> {
        self.write(move |tx| register(tx, &new)).await?
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>, FleetError> {
        let found = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT screen, epoch, token_hash, simulated, retired_ms IS NOT NULL FROM device
                     WHERE id = ?1 AND revoked_ms IS NULL AND token_hash IS NOT NULL",
                )?;
                let row: Option<(String, u32, Vec<u8>, bool, bool)> = query
                    .query_row([device.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
                    .optional()?;
                row.map(|(screen, epoch, secret, simulated, retired)| {
                    Ok(Device {
                        device,
                        screen: rows::screen(screen)?,
                        epoch: Epoch(epoch),
                        secret_hash: hash_of(&secret)?,
                        simulated,
                        retired,
                    })
                })
                .transpose()
            })
            .await?;
        Ok(found)
    }

    async fn index(&self, screen: &ScreenCode, from: LocalDay) -> Result<PlaylistIndex, FleetError> {
        let screen = screen.clone();
        let index = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT day, max(version), hash, assets_hash FROM plan WHERE screen = ?1 AND day >= ?2 GROUP BY day ORDER BY day",
                )?;
                let rows = query.query_map(params![screen.as_str(), day_number(from)], |r| {
                    Ok((r.get::<_, i64>(0)?, r.get::<_, u32>(1)?, r.get::<_, Vec<u8>>(2)?, r.get::<_, Vec<u8>>(3)?))
                })?;
                let days = rows
                    .map(|row| {
                        let (day, version, plan, assets) = row?;
                        Ok(IndexEntry {
                            day: local_day(day),
                            version: PlanVersion(version),
                            plan: hash_of(&plan)?,
                            assets: hash_of(&assets)?,
                        })
                    })
                    .collect::<Result<_, StoreError>>()?;
                Ok(PlaylistIndex { days })
            })
            .await?;
        Ok(index)
    }

    async fn plan(&self, screen: &ScreenCode, plan: PlanHash) -> Result<Option<Vec<u8>>, FleetError> {
        let screen = screen.clone();
        let document = self
            .read(move |conn| {
                let mut query = conn.prepare_cached("SELECT document FROM plan WHERE hash = ?1 AND screen = ?2")?;
                Ok(query.query_row(params![plan.0, screen.as_str()], |r| r.get(0)).optional()?)
            })
            .await?;
        Ok(document)
    }

    async fn assets(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, FleetError> {
        let bytes = self
            .read(move |conn| {
                let mut query = conn.prepare_cached("SELECT packed FROM asset_table WHERE hash = ?1")?;
                let packed: Option<Vec<u8>> = query.query_row([hash.0], |r| r.get(0)).optional()?;
                packed.map(|packed| rows::unpack(&packed)).transpose()
            })
            .await?;
        Ok(bytes)
    }

    async fn published_after(&self, after: i64) -> Result<(i64, Vec<ScreenCode>), FleetError> {
        let found = self
            .read(move |conn| {
                let last = conn
                    .prepare_cached("SELECT coalesce(max(id), 0) FROM plan")?
                    .query_row([], |r| r.get::<_, i64>(0))?;
                let mut query = conn.prepare_cached("SELECT DISTINCT screen FROM plan WHERE id > ?1")?;
                let mut found = query.query([after])?;
                let mut screens = Vec::new();
                while let Some(row) = found.next()? {
                    screens.push(rows::screen(row.get(0)?)?);
                }
                Ok((last, screens))
            })
            .await?;
        Ok(found)
    }

    async fn states(&self, screen: Option<&ScreenCode>) -> Result<Vec<DeviceState>, FleetError> {
        let screen = screen.map(|s| s.as_str().to_owned());
        let states = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT d.id, d.screen, d.simulated, h.at_ms, h.body FROM device d
                     LEFT JOIN heartbeat h ON h.device = d.id
                     WHERE d.retired_ms IS NULL AND d.revoked_ms IS NULL AND d.screen = coalesce(?1, d.screen)
                     ORDER BY d.screen, d.id",
                )?;
                let mut found = query.query([screen])?;
                let mut states = Vec::new();
                while let Some(row) = found.next()? {
                    let said: Option<(i64, String)> = row.get::<_, Option<i64>>(3)?.zip(row.get(4)?);
                    states.push(DeviceState {
                        device: DeviceId(row.get(0)?),
                        screen: rows::screen(row.get(1)?)?,
                        simulated: row.get(2)?,
                        heard: said.and_then(|(at, body)| Some((UtcMillis(at), serde_json::from_str(&body).ok()?))),
                    });
                }
                Ok(states)
            })
            .await?;
        Ok(states)
    }

    async fn heartbeat(&self, device: DeviceId, at: UtcMillis, heartbeat: Heartbeat) -> Result<(), FleetError> {
        let body = serde_json::to_string(&heartbeat).map_err(|e| FleetError::Store(e.to_string()))?;
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO heartbeat (device, at_ms, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (device) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body",
            )?
            .execute(params![device.0, at.0, body])?;
            Ok(())
        })
        .await?;
        Ok(())
    }
}
