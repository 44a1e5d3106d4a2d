//! The fleet's port on SQLite.

use super::Store;
use super::approval;
use super::enrol::{self, Token};
use super::log::append_statement;
use super::rows::{self, day_number, hash_of, local_day};
use crate::error::StoreError;
use crate::fleet::list::{Clash, NewList};
use crate::fleet::pairing::{Confirmation, NewPairing, Opened, Which};
use crate::fleet::release::{Staged, Taker};
use crate::fleet::{
    Approved, Asked, Device, DeviceState, FleetError, FleetStore, KEPT_MS, MOST_WAITING, NewCommand, NewDevice,
    TOKEN_LIFE_MS, hear,
};
use crate::people::AccountCode;
use lichphat_playlists::ids::{CommandId, DeviceId, Epoch, PlanHash, PlanVersion, ScreenCode, Sha256Hash};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::command::Ask;
use lichphat_playlists::wire::device::Heartbeat;
use lichphat_playlists::wire::release::{Release, ReleaseError};
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::v1::{IndexEntry, PlaylistIndex};
use rusqlite::{Connection, OptionalExtension, params};

impl From<StoreError> for FleetError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Numbers and keeps a command. The inner answer is the room's.
fn add_command(tx: &Connection, new: &NewCommand) -> Result<Result<CommandId, FleetError>, StoreError> {
    let added = keep_command(tx, new)?;
    if added.is_ok() {
        append_statement(tx, new.deed().into())?;
    }
    Ok(added)
}

/// The volume that was asked of the screen's present device last, per cent; none: it was never asked.
pub(super) fn volume_of(tx: &Connection, screen: &ScreenCode) -> Result<Option<u8>, StoreError> {
    let ask: Option<String> = tx
        .prepare_cached(
            "SELECT c.ask FROM command c JOIN device d ON d.id = c.device
             WHERE d.screen = ?1 AND d.retired_ms IS NULL AND c.word = 'volume' ORDER BY c.id DESC LIMIT 1",
        )?
        .query_row([screen.as_str()], |row| row.get(0))
        .optional()?;
    let ask = ask.map(|ask| serde_json::from_str(&ask).map_err(|e| StoreError::unreadable("command", e)));
    Ok(match ask.transpose()? {
        Some(Ask::Volume { percent }) => Some(percent),
        _ => None,
    })
}

/// The same without a word in the log: whoever asks many at once says it once.
pub(super) fn keep_command(tx: &Connection, new: &NewCommand) -> Result<Result<CommandId, FleetError>, StoreError> {
    let device: Option<(u32, u32)> = tx
        .prepare_cached("SELECT id, epoch FROM device WHERE screen = ?1 AND retired_ms IS NULL AND revoked_ms IS NULL")?
        .query_row([new.screen.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((device, epoch)) = device else { return Ok(Err(FleetError::NoDevice(new.screen.clone()))) };
    let waiting: u32 = tx
        .prepare_cached("SELECT count(*) FROM command WHERE device = ?1 AND answer IS NULL AND expires_ms >= ?2")?
        .query_row(params![device, new.at.0], |r| r.get(0))?;
    if waiting >= MOST_WAITING {
        return Ok(Err(FleetError::TooManyCommands(new.screen.clone())));
    }
    tx.prepare_cached("DELETE FROM command WHERE asked_ms < ?1 AND word <> 'challenge'")?
        .execute([new.at.0 - KEPT_MS])?;
    let id: u64 = tx
        .prepare_cached(
            "INSERT INTO command (id, device, epoch, word, ask, asked_by, asked_ms, expires_ms)
             VALUES (max(?1, (SELECT coalesce(max(id), 0) + 1 FROM command)), ?2, ?3, ?4, ?5, ?6, ?1, ?7) RETURNING id",
        )?
        .query_row(
            params![new.at.0, device, epoch, new.ask.word(), ask_text(&new.ask)?, new.by, new.expires.0],
            |r| r.get(0),
        )?;
    Ok(Ok(CommandId(id)))
}

fn ask_text(ask: &Ask) -> Result<String, StoreError> {
    serde_json::to_string(ask).map_err(|e| StoreError::unreadable("command", e))
}

/// Commands with their devices, by a condition on `c` (command) and `d` (device).
pub(super) fn asked(
    conn: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Asked>, StoreError> {
    let mut query = conn.prepare_cached(&format!(
        "SELECT c.id, c.device, c.epoch, d.screen, c.ask, c.asked_by, c.asked_ms, c.expires_ms, c.answered_ms, c.answer
         FROM command c JOIN device d ON d.id = c.device WHERE {condition}"
    ))?;
    let commands = query.query_and_then(values, |row| {
        let ask: String = row.get(4)?;
        Ok(Asked {
            id: CommandId(row.get(0)?),
            device: DeviceId(row.get(1)?),
            epoch: Epoch(row.get(2)?),
            screen: rows::screen(row.get(3)?)?,
            ask: serde_json::from_str(&ask).map_err(|e| StoreError::unreadable("command", e))?,
            by: row.get(5)?,
            asked: UtcMillis(row.get(6)?),
            expires: UtcMillis(row.get(7)?),
            answer: row.get::<_, Option<i64>>(8)?.map(UtcMillis).zip(row.get(9)?),
        })
    })?;
    commands.collect()
}

#[async_trait::async_trait]
impl FleetStore for Store {
    async fn add_token(
        &self,
        screen: ScreenCode,
        token_hash: Sha256Hash,
        approved: Approved,
    ) -> Result<(), FleetError> {
        let token = Token { hash: token_hash, screen, fingerprint: None, life_ms: TOKEN_LIFE_MS, approved };
        Ok(self.write(move |tx| enrol::add_token(tx, &token)).await?)
    }

    async fn register(&self, new: NewDevice) -> Result<Device, FleetError> {
        self.write(move |tx| enrol::register(tx, &new)).await?
    }

    async fn open_pairing(&self, new: NewPairing) -> Result<Opened, FleetError> {
        Ok(self.write(move |tx| enrol::open_pairing(tx, &new)).await?)
    }

    async fn pairing(&self, claim: Sha256Hash, now: UtcMillis) -> Result<Option<Option<ScreenCode>>, FleetError> {
        Ok(self.read(move |conn| enrol::pairing(conn, claim, now)).await?)
    }

    async fn confirm(&self, confirmation: Confirmation) -> Result<(), FleetError> {
        self.write(move |tx| enrol::confirm(tx, &confirmation)).await?
    }

    async fn revoke(&self, which: Which, why: String, by: AccountCode, at: UtcMillis) -> Result<Device, FleetError> {
        self.write(move |tx| enrol::revoke(tx, &which, why, &by, at)).await?
    }

    async fn add_list(&self, list: NewList) -> Result<Result<u32, Vec<Clash>>, FleetError> {
        Ok(self.write(move |tx| enrol::add_list(tx, &list)).await?)
    }

    async fn remove_list(&self, list: NewList) -> Result<u32, FleetError> {
        Ok(self.write(move |tx| enrol::remove_list(tx, &list)).await?)
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>, FleetError> {
        let found = self.read(move |conn| enrol::device(conn, device)).await?;
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
                let withdrawals = approval::newest_list(conn)?;
                Ok(PlaylistIndex { withdrawals, days })
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

    async fn approval(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, FleetError> {
        Ok(self.read(move |conn| approval::document(conn, name)).await?)
    }

    async fn withdrawals(&self) -> Result<Option<Sha256Hash>, FleetError> {
        Ok(self.read(approval::newest_list).await?)
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
                let screens = query.query_and_then([after], |row| rows::screen(row.get(0)?))?;
                Ok((last, screens.collect::<Result<_, _>>()?))
            })
            .await?;
        Ok(found)
    }

    async fn states(&self, screen: Option<&ScreenCode>) -> Result<Vec<DeviceState>, FleetError> {
        let screen = screen.map(|s| s.as_str().to_owned());
        let states = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT d.id, d.screen, d.simulated, h.at_ms, h.body, h.doubled_ms, d.registered_ms FROM device d
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
                        came: UtcMillis(row.get(6)?),
                        heard: said.and_then(|(at, body)| Some((UtcMillis(at), serde_json::from_str(&body).ok()?))),
                        doubled: row.get::<_, Option<i64>>(5)?.map(UtcMillis),
                    });
                }
                Ok(states)
            })
            .await?;
        Ok(states)
    }

    async fn add_command(&self, new: NewCommand) -> Result<CommandId, FleetError> {
        self.write(move |tx| add_command(tx, &new)).await?
    }

    async fn open_commands(&self, device: DeviceId, now: UtcMillis) -> Result<Vec<Asked>, FleetError> {
        let open = "c.device = ?1 AND c.answer IS NULL AND c.expires_ms >= ?2 ORDER BY c.id";
        Ok(self.read(move |conn| asked(conn, open, params![device.0, now.0])).await?)
    }

    async fn asked(&self, screen: &ScreenCode, most: u32) -> Result<Vec<Asked>, FleetError> {
        let screen = screen.as_str().to_owned();
        let newest = "d.screen = ?1 ORDER BY c.id DESC LIMIT ?2";
        Ok(self.read(move |conn| asked(conn, newest, params![screen, most])).await?)
    }

    async fn asked_after(&self, after: CommandId) -> Result<(CommandId, Vec<ScreenCode>), FleetError> {
        let found = self
            .read(move |conn| {
                let last: u64 =
                    conn.prepare_cached("SELECT coalesce(max(id), 0) FROM command")?.query_row([], |r| r.get(0))?;
                let mut query = conn.prepare_cached(
                    "SELECT DISTINCT d.screen FROM command c JOIN device d ON d.id = c.device WHERE c.id > ?1",
                )?;
                let screens = query.query_and_then([after.0], |row| rows::screen(row.get(0)?))?;
                Ok((CommandId(last), screens.collect::<Result<_, _>>()?))
            })
            .await?;
        Ok(found)
    }

    async fn keep_answer(
        &self,
        device: DeviceId,
        id: CommandId,
        at: UtcMillis,
        envelope: Vec<u8>,
    ) -> Result<(), FleetError> {
        self.write(move |tx| {
            let known = tx
                .prepare_cached("SELECT 1 FROM command WHERE id = ?1 AND device = ?2")?
                .exists(params![id.0, device.0])?;
            tx.prepare_cached(
                "UPDATE command SET answer = ?3, answered_ms = ?4 WHERE id = ?1 AND device = ?2 AND answer IS NULL",
            )?
            .execute(params![id.0, device.0, envelope, at.0])?;
            Ok(if known { Ok(()) } else { Err(FleetError::NotFound) })
        })
        .await?
    }

    async fn heartbeat(&self, device: DeviceId, at: UtcMillis, heartbeat: Heartbeat) -> Result<(), FleetError> {
        let body = serde_json::to_string(&heartbeat).map_err(|e| FleetError::Store(e.to_string()))?;
        self.write(move |tx| {
            let known: Option<String> = tx
                .prepare_cached("SELECT runs FROM heartbeat WHERE device = ?1")?
                .query_row([device.0], |r| r.get(0))
                .optional()?;
            let mut runs: Vec<String> = known.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
            let doubled = hear(&mut runs, heartbeat.run).then_some(at.0);
            let runs = serde_json::to_string(&runs).map_err(|e| StoreError::unreadable("runs", e))?;
            tx.prepare_cached(
                "INSERT INTO heartbeat (device, at_ms, body, runs) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (device) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body, runs = excluded.runs,
                   doubled_ms = coalesce(?5, doubled_ms)",
            )?
            .execute(params![device.0, at.0, body, runs, doubled])?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn releases(&self) -> Result<Vec<Staged>, FleetError> {
        Ok(self.read(releases).await?)
    }

    async fn add_release(&self, staged: Staged) -> Result<bool, FleetError> {
        let added = self
            .write(move |tx| {
                let mut query = tx.prepare_cached(
                    "INSERT INTO release (serial, manifest, below, added_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                )?;
                Ok(query.execute(params![staged.release.serial, staged.manifest, staged.below, staged.added.0])? > 0)
            })
            .await?;
        Ok(added)
    }

    async fn set_release(&self, serial: u32, below: u16, stopped: Option<String>) -> Result<(), FleetError> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE release SET below = ?2, stopped = coalesce(stopped, ?3) WHERE serial = ?1")?
                .execute(params![serial, below, stopped])?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn note_offer(&self, serial: u32, device: DeviceId, at: UtcMillis) -> Result<(), FleetError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO release_offer (serial, device, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![serial, device.0, at.0])?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn takers(&self, serial: u32) -> Result<Vec<Taker>, FleetError> {
        let takers = self
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT h.at_ms, h.body FROM release_offer o JOIN heartbeat h ON h.device = o.device WHERE o.serial = ?1",
                )?;
                let rows = query.query_map([serial], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?;
                rows.map(|row| {
                    let (at_ms, body) = row?;
                    // Words of another version say nothing; how long ago they came does.
                    let standing = serde_json::from_str::<Heartbeat>(&body).ok().and_then(|beat| beat.release);
                    Ok(Taker { heard: UtcMillis(at_ms), standing })
                })
                .collect::<Result<_, StoreError>>()
            })
            .await?;
        Ok(takers)
    }
}

fn releases(conn: &Connection) -> Result<Vec<Staged>, StoreError> {
    let mut query = conn.prepare_cached("SELECT manifest, below, stopped, added_ms FROM release ORDER BY serial")?;
    let rows = query.query_map([], |r| {
        Ok((r.get::<_, Vec<u8>>(0)?, r.get(1)?, r.get::<_, Option<String>>(2)?, r.get::<_, i64>(3)?))
    })?;
    rows.map(|row| {
        let (manifest, below, stopped, added_ms) = row?;
        let unreadable = |error: ReleaseError| StoreError::unreadable("release", error);
        let envelope = Envelope::from_bytes(manifest.clone()).map_err(|e| unreadable(e.into()))?;
        let release = Release::unverified(&envelope).map_err(unreadable)?;
        Ok(Staged { release, manifest, below, stopped, added: UtcMillis(added_ms) })
    })
    .collect()
}
