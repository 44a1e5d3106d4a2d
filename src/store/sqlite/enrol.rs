//! How boxes become devices, on SQLite: tokens, codes, lists, registration, revocation.

use super::log::append_statement;
use super::rows::{self, hash_of};
use crate::error::StoreError;
use crate::fleet::list::{Clash, LIST_LIFE_MS, Listed, NewList};
use crate::fleet::pairing::{CODE_LIFE_MS, Confirmation, MISSES, MOST_OPEN, NewPairing, Opened, TRIES, Which};
use crate::fleet::{Approved, Device, FleetError, NewDevice};
use crate::people::AccountCode;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::entry::{Approval, DeviceEnd, Introduction, LISTING, Statement, UNLISTING};
use lichphat_playlists::time::UtcMillis;
use rusqlite::{Connection, OptionalExtension, params};

/// A one-time token that is about to be.
pub(super) struct Token {
    pub(super) hash: Sha256Hash,
    pub(super) screen: ScreenCode,
    /// The only key it is good for; none: whoever brings it.
    pub(super) fingerprint: Option<Sha256Hash>,
    pub(super) life_ms: i64,
    pub(super) approved: Approved,
}

pub(super) fn add_token(tx: &Connection, token: &Token) -> Result<(), StoreError> {
    let Token { hash, screen, fingerprint, life_ms, approved } = token;
    let way = serde_json::to_string(&approved.introduction).map_err(|e| StoreError::unreadable("introduction", e))?;
    tx.prepare_cached(
        "INSERT INTO provisioning (token_hash, screen, fingerprint, created_ms, expires_ms, approved_by, introduction)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        hash.0,
        screen.as_str(),
        fingerprint.map(|f| f.0),
        approved.at.0,
        approved.at.0 + life_ms,
        approved.by.as_str(),
        way
    ])?;
    Ok(())
}

/// A token as it is kept.
struct Used {
    screen: String,
    expires_ms: i64,
    used_ms: Option<i64>,
    fingerprint: Option<Sha256Hash>,
    approval: Approval,
}

fn token(tx: &Connection, hash: Sha256Hash) -> Result<Option<Used>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT screen, expires_ms, used_ms, fingerprint, approved_by, created_ms, introduction FROM provisioning
         WHERE token_hash = ?1",
    )?;
    let mut found = query.query([hash.0])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let (fingerprint, introduction): (Option<Vec<u8>>, String) = (row.get(3)?, row.get(6)?);
    Ok(Some(Used {
        screen: row.get(0)?,
        expires_ms: row.get(1)?,
        used_ms: row.get(2)?,
        fingerprint: fingerprint.map(|bytes| hash_of(&bytes)).transpose()?,
        approval: Approval {
            by: row.get(4)?,
            at_ms: UtcMillis(row.get(5)?),
            introduction: serde_json::from_str(&introduction).map_err(|e| StoreError::unreadable("introduction", e))?,
        },
    }))
}

/// Takes the token, retires the screen's earlier device, makes the new one. The inner answer is
/// the room's: a refused token is no failure of the store.
pub(super) fn register(tx: &Connection, new: &NewDevice) -> Result<Result<Device, FleetError>, StoreError> {
    let Some(Used { screen, expires_ms, used_ms, fingerprint, approval }) = token(tx, new.token_hash)? else {
        return Ok(Err(FleetError::TokenUnknown));
    };
    if fingerprint.is_some_and(|bound| bound != new.fingerprint) {
        return Ok(Err(FleetError::TokenUnknown)); // another box's: whoever has it learned it on the way
    }
    let known: Option<(u32, bool)> = tx
        .prepare_cached("SELECT id, fingerprint = ?2 FROM device WHERE public_key = ?1")?
        .query_row(params![new.key.to_bytes(), new.fingerprint.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (known, both) = match known {
        Some((id, both)) => (device(tx, DeviceId(id))?, both),
        None => (None, false),
    };
    // The same two keys at the same screen are the same device.
    let same = known.clone().filter(|device| both && device.screen.as_str() == screen);
    match used_ms {
        _ if known.as_ref().is_some_and(|device| device.revoked) => return Ok(Err(FleetError::RevokedKey)),
        // Its first answer was lost on the way; once another box stands there, a used token brings none back.
        Some(_) => {
            let again = same.filter(|device| !device.retired && new.at.0 <= expires_ms);
            return Ok(again.ok_or(FleetError::TokenUsed));
        }
        None if expires_ms < new.at.0 => return Ok(Err(FleetError::TokenExpired)),
        None if known.is_some() && same.is_none() => return Ok(Err(FleetError::BadKey)),
        None => {}
    }
    tx.prepare_cached("UPDATE listed_box SET came_ms = coalesce(came_ms, ?2) WHERE fingerprint = ?1")?
        .execute(params![new.fingerprint.0, new.at.0])?;
    tx.execute(
        "UPDATE provisioning SET used_ms = ?2, fingerprint = ?3 WHERE token_hash = ?1",
        params![new.token_hash.0, new.at.0, new.fingerprint.0],
    )?;
    // Its place among the open codes is the next box's: a workshop sits behind one address.
    tx.prepare_cached("DELETE FROM pairing WHERE claim_hash = ?1")?.execute([new.token_hash.0])?;
    retire_others(tx, &screen, same.as_ref().map(|device| device.device.0), &approval.by, new.at)?;
    let id = match &same {
        Some(device) => device.device.0,
        None => insert(tx, &screen, new)?,
    };
    if same.is_none_or(|device| device.retired) {
        tx.execute("UPDATE device SET retired_ms = NULL WHERE id = ?1", [id])?;
        takes_screen(tx, id, &screen, new, approval)?;
    }
    Ok(device(tx, DeviceId(id))?.ok_or(FleetError::NotFound))
}

/// From now on the screen is another device's: what its earlier one played before still counts, and the log says so.
fn retire_others(tx: &Connection, screen: &str, same: Option<u32>, by: &str, at: UtcMillis) -> Result<(), StoreError> {
    let mut retire = tx.prepare_cached(
        "UPDATE device SET retired_ms = ?3 WHERE screen = ?1 AND retired_ms IS NULL AND revoked_ms IS NULL AND id IS NOT ?2 RETURNING id",
    )?;
    let retired: Vec<u32> = retire.query_map(params![screen, same, at.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for id in retired {
        let (device, why, by) = (DeviceId(id), DeviceEnd::Retired, by.to_owned());
        let reason = "another device was registered at its screen".to_owned();
        append_statement(tx, Statement::DeviceEnd { device, why, reason, at_ms: at, by })?;
    }
    Ok(())
}

/// From now on the screen is this device's.
fn takes_screen(
    tx: &Connection,
    device: u32,
    screen: &str,
    new: &NewDevice,
    approval: Approval,
) -> Result<(), StoreError> {
    let stated = Statement::Device {
        device: DeviceId(device),
        epoch: Epoch(1),
        screen: rows::screen(screen.to_owned())?,
        key: Box::new(new.key),
        at_ms: new.at,
        approval,
        simulated: new.simulated,
    };
    let log_index = append_statement(tx, stated)?;
    tx.prepare_cached("INSERT INTO tenure (screen, log_index, device, from_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![screen, log_index, device, new.at.0])?;
    Ok(())
}

fn insert(tx: &Connection, screen: &str, new: &NewDevice) -> Result<u32, StoreError> {
    tx.prepare_cached(
        "INSERT INTO device (screen, epoch, public_key, fingerprint, registered_ms, simulated) VALUES (?1, 1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![screen, new.key.to_bytes(), new.fingerprint.0, new.at.0, new.simulated])?;
    u32::try_from(tx.last_insert_rowid()).map_err(|e| StoreError::unreadable("device number", e))
}

/// The device.
pub(super) fn device(conn: &Connection, device: DeviceId) -> Result<Option<Device>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT screen, epoch, simulated, retired_ms IS NOT NULL, revoked_ms IS NOT NULL, registered_ms, public_key, fingerprint
         FROM device WHERE id = ?1",
    )?;
    let mut found = query.query([device.0])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(Some(Device {
        device,
        screen: rows::screen(row.get(0)?)?,
        epoch: Epoch(row.get(1)?),
        simulated: row.get(2)?,
        retired: row.get(3)?,
        revoked: row.get(4)?,
        registered: UtcMillis(row.get(5)?),
        public_key: row.get(6)?,
        fingerprint: hash_of(&row.get::<_, Vec<u8>>(7)?)?,
    }))
}

/// Keeps a code. A box that asks again takes the place it had.
pub(super) fn open_pairing(tx: &Connection, new: &NewPairing) -> Result<Opened, StoreError> {
    tx.execute("DELETE FROM pairing WHERE expires_ms < ?1 OR fingerprint = ?2", params![new.at.0, new.fingerprint.0])?;
    let network = new.network.map(|network| network.to_string());
    let (all, here): (u32, u32) = tx
        .prepare_cached("SELECT count(*), count(*) FILTER (WHERE network = ?1) FROM pairing")?
        .query_row([&network], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if all >= MOST_OPEN[0] || here >= MOST_OPEN[1] {
        return Ok(Opened::Full);
    }
    let opened = tx
        .prepare_cached(
            "INSERT INTO pairing (first_half, code_hash, claim_hash, fingerprint, network, expires_ms, tries_left)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (first_half) DO NOTHING",
        )?
        .execute(params![
            new.first_half,
            new.code_hash.0,
            new.claim_hash.0,
            new.fingerprint.0,
            network,
            new.at.0 + CODE_LIFE_MS,
            TRIES
        ])?;
    if opened == 0 {
        return Ok(Opened::Taken);
    }
    if let Some((screen, approved)) = listed(tx, new.fingerprint, new.at)? {
        let at = Approved { at: new.at, ..approved };
        let_in(tx, &new.first_half, new.claim_hash, new.fingerprint, &screen, at)?;
    }
    Ok(Opened::Shown)
}

/// Where a listed box may go that has not come yet, and who said so.
fn listed(
    tx: &Connection,
    fingerprint: Sha256Hash,
    now: UtcMillis,
) -> Result<Option<(ScreenCode, Approved)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT screen, list, approved_by, approved_ms FROM listed_box
         WHERE fingerprint = ?1 AND came_ms IS NULL AND approved_ms >= ?2",
    )?;
    let mut found = query.query(params![fingerprint.0, now.0 - LIST_LIFE_MS])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let (list, by): (Vec<u8>, String) = (row.get(1)?, row.get(2)?);
    let introduction = Introduction::List { sha256: hash_of(&list)? };
    let by = AccountCode::new(&by).map_err(|e| StoreError::unreadable("account", e))?;
    Ok(Some((rows::screen(row.get(0)?)?, Approved { by, at: UtcMillis(row.get(3)?), introduction })))
}

/// From now on the box of this claim may register at the screen, with its own key.
fn let_in(
    tx: &Connection,
    first_half: &str,
    claim: Sha256Hash,
    fingerprint: Sha256Hash,
    screen: &ScreenCode,
    approved: Approved,
) -> Result<(), StoreError> {
    let until = approved.at.0 + CODE_LIFE_MS;
    tx.prepare_cached("UPDATE pairing SET screen = ?2, expires_ms = ?3 WHERE first_half = ?1")?.execute(params![
        first_half,
        screen.as_str(),
        until
    ])?;
    let fingerprint = Some(fingerprint);
    add_token(tx, &Token { hash: claim, screen: screen.clone(), fingerprint, life_ms: CODE_LIFE_MS, approved })
}

pub(super) fn pairing(
    conn: &Connection,
    claim: Sha256Hash,
    now: UtcMillis,
) -> Result<Option<Option<ScreenCode>>, StoreError> {
    let found: Option<Option<String>> = conn
        .prepare_cached("SELECT screen FROM pairing WHERE claim_hash = ?1 AND expires_ms >= ?2")?
        .query_row(params![claim.0, now.0], |r| r.get(0))
        .optional()?;
    found.map(|screen| screen.map(rows::screen).transpose()).transpose()
}

/// Lets the box in that shows a code. The inner answer is the room's; a wrong code is written down with it.
pub(super) fn confirm(tx: &Connection, confirmation: &Confirmation) -> Result<Result<(), FleetError>, StoreError> {
    let Confirmation { code, screen, approved } = confirmation;
    let (by, now) = (approved.by.as_str(), approved.at.0);
    tx.execute("DELETE FROM pairing_miss WHERE at_ms < ?1", [now - CODE_LIFE_MS])?;
    let misses: u32 =
        tx.prepare_cached("SELECT count(*) FROM pairing_miss WHERE account = ?1")?.query_row([by], |r| r.get(0))?;
    if misses >= MISSES {
        return Ok(Err(FleetError::TooManyTries));
    }
    let found: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = tx
        .prepare_cached(
            "SELECT code_hash, claim_hash, fingerprint FROM pairing
             WHERE first_half = ?1 AND expires_ms >= ?2 AND screen IS NULL",
        )?
        .query_row(params![code.first_half(), now], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    if let Some((kept, claim, fingerprint)) = found
        && code.is(hash_of(&kept)?)
    {
        let (claim, fingerprint) = (hash_of(&claim)?, hash_of(&fingerprint)?);
        let_in(tx, code.first_half(), claim, fingerprint, screen, approved.clone())?;
        return Ok(Ok(()));
    }
    tx.execute("INSERT INTO pairing_miss (account, at_ms) VALUES (?1, ?2)", params![by, now])?;
    tx.execute("UPDATE pairing SET tries_left = tries_left - 1 WHERE first_half = ?1", [code.first_half()])?;
    tx.execute("DELETE FROM pairing WHERE tries_left <= 0 AND screen IS NULL", [])?;
    Ok(Err(FleetError::NoCode))
}

/// Revokes a device; one that is revoked already stays as it is.
pub(super) fn revoke(
    tx: &Connection,
    which: &Which,
    reason: String,
    by: &AccountCode,
    at: UtcMillis,
) -> Result<Result<Device, FleetError>, StoreError> {
    let (number, none) = match which {
        Which::Device(number) => (Some(number.0), FleetError::NotFound),
        Which::At(screen) => {
            let present = "SELECT id FROM device WHERE screen = ?1 AND retired_ms IS NULL AND revoked_ms IS NULL";
            let found = tx.prepare_cached(present)?.query_row([screen.as_str()], |r| r.get(0)).optional()?;
            (found, FleetError::NoDevice(screen.clone()))
        }
    };
    let Some(found) = number.map(|n| device(tx, DeviceId(n))).transpose()?.flatten() else { return Ok(Err(none)) };
    if !found.revoked {
        tx.execute("UPDATE device SET revoked_ms = ?2 WHERE id = ?1", params![found.device.0, at.0])?;
        let (device, why, by) = (found.device, DeviceEnd::Revoked, by.as_str().to_owned());
        append_statement(tx, Statement::DeviceEnd { device, why, reason, at_ms: at, by })?;
    }
    Ok(Ok(Device { revoked: true, ..found }))
}

/// Keeps a list, or none of it. What is in it already as it is changes nothing, and a list that changes nothing is not stated.
pub(super) fn add_list(tx: &Connection, list: &NewList) -> Result<Result<u32, Vec<Clash>>, StoreError> {
    let Approved { by, at, .. } = &list.approved;
    let (mut new, mut clashes) = (Vec::new(), Vec::new());
    for listed in &list.boxes {
        let held: Option<String> = tx
            .prepare_cached(
                "SELECT screen FROM listed_box WHERE fingerprint = ?1 AND (came_ms IS NOT NULL OR approved_ms >= ?2)",
            )?
            .query_row(params![listed.fingerprint.0, at.0 - LIST_LIFE_MS], |r| r.get(0))
            .optional()?;
        match held {
            None => new.push(listed),
            Some(screen) if screen == listed.screen.as_str() => {}
            Some(screen) => clashes.push(Clash { line: listed.line, screen: rows::screen(screen)? }),
        }
    }
    if !clashes.is_empty() {
        return Ok(Err(clashes));
    }
    for Listed { serial, fingerprint, screen, .. } in &new {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO listed_box (fingerprint, serial, screen, list, approved_by, approved_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![fingerprint.0, serial, screen.as_str(), list.sha256.0, by.as_str(), at.0])?;
    }
    let n = new.len() as u32;
    state_list(tx, list, LISTING, n)?;
    Ok(Ok(n))
}

/// Takes those boxes of a list off that have not come, and the leave that they may have got to register just now.
pub(super) fn remove_list(tx: &Connection, list: &NewList) -> Result<u32, StoreError> {
    let mut n = 0;
    for Listed { fingerprint, screen, .. } in &list.boxes {
        // of its own screen alone: who may say so there has no word on another
        let gone = tx
            .prepare_cached("DELETE FROM listed_box WHERE fingerprint = ?1 AND screen = ?2 AND came_ms IS NULL")?
            .execute(params![fingerprint.0, screen.as_str()])?;
        if gone > 0 {
            n += 1;
            tx.prepare_cached("DELETE FROM provisioning WHERE fingerprint = ?1 AND used_ms IS NULL")?
                .execute([fingerprint.0])?;
            tx.prepare_cached("DELETE FROM pairing WHERE fingerprint = ?1")?.execute([fingerprint.0])?;
        }
    }
    state_list(tx, list, UNLISTING, n)?;
    Ok(n)
}

/// What was done to `n` boxes of a list; nothing is not stated.
fn state_list(tx: &Connection, list: &NewList, act: &str, n: u32) -> Result<(), StoreError> {
    if n > 0 {
        let Approved { by, at, .. } = &list.approved;
        let (account, on, detail) = (by.as_str().to_owned(), format!("list {}", list.sha256), format!("{n} boxes"));
        append_statement(tx, Statement::Act { at_ms: *at, account, act: act.into(), on, detail })?;
    }
    Ok(())
}
