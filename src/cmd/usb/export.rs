//! What the device API would answer, as files.

use super::{Stick, proofs};
use crate::cmd::rooms::Rooms;
use crate::error::AppError;
use crate::fleet::Device;
use crate::library::{LibraryError, Range};
use lichphat_playlists::ids::{DeviceId, MediaHash, ScreenCode, Sha256Hash};
use lichphat_playlists::stand_in;
use lichphat_playlists::wire::permit::named;
use lichphat_playlists::wire::sign::{Envelope, VerifyingKey};
use lichphat_playlists::wire::stick;
use lichphat_playlists::wire::v1::{AssetTable, Playlist, PlaylistIndex};
use serde::Serialize;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

/// One screen on the stick.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// The screen.
    pub screen: ScreenCode,
    /// Its device.
    pub device: DeviceId,
    /// Days from today on.
    pub days: usize,
    /// Media of these days.
    pub media: usize,
    /// Bytes of these media.
    pub media_bytes: u64,
    /// Media the library does not hold any more.
    pub missing: usize,
}
pub(super) const COLUMNS: &[&str] = &["screen", "device", "days", "media", "media_bytes", "missing"];

/// Writes what the devices of `screens` should hold for `days` days; without screens, those of all. What is on the stick
/// already stays, so an export that was cut short is gone on with.
pub async fn export(
    rooms: &Rooms,
    to: &Stick,
    screens: &[ScreenCode],
    days: Option<u16>,
) -> Result<Vec<Exported>, AppError> {
    let devices = rooms.fleet.present(screens).await?;
    let bare = |screen: &&ScreenCode| !devices.iter().any(|d| d.screen == **screen);
    if let Some(screen) = screens.iter().find(bare) {
        return Err(AppError::mistake(
            format!("--screen {screen}: chưa có thiết bị; `lichphat device add` tạo tệp để đăng ký một thiết bị"),
            format!("--screen {screen}: has no device yet; `lichphat device add` makes the file that registers one"),
        ));
    }
    let mut written = BTreeSet::new();
    let mut rows = Vec::new();
    for device in &devices {
        rows.push(one(rooms, to, device, days, &mut written).await?);
    }
    Ok(rows)
}

async fn one(
    rooms: &Rooms,
    to: &Stick,
    device: &Device,
    days: Option<u16>,
    written: &mut BTreeSet<Sha256Hash>,
) -> Result<Exported, AppError> {
    let (mut index, _) = rooms.fleet.index(device).await?;
    if let Some(days) = days {
        let end = rooms.today().plus(u32::from(days));
        index.days.retain(|entry| entry.day < end);
    }
    let (mut media, mut missing, mut media_bytes) = (BTreeSet::new(), 0, 0);
    let (mut tables, mut approvals) = (BTreeMap::new(), BTreeSet::from_iter(index.withdrawals));
    for hash in index.days.iter().map(|entry| entry.assets).collect::<BTreeSet<_>>() {
        let bytes = rooms.fleet.assets(hash).await?;
        let table =
            AssetTable::decode(&bytes, hash).map_err(|e| AppError::Failed(format!("asset table {hash}: {e}")))?;
        for asset in &table.assets {
            // what is built in every player has
            if !stand_in::is(asset) && media.insert(asset.media.hash) {
                media_bytes += asset.media.size_bytes;
                missing += usize::from(!file(rooms, to, asset.media.hash, written).await?);
            }
        }
        to.put(&format!("assets/{hash}"), &bytes)?;
        tables.insert(hash, table);
    }
    let unreadable = |e: &dyn std::fmt::Display| AppError::Failed(format!("playlist: {e}"));
    let key = VerifyingKey::from_base64(&rooms.public_keys.plan_key).map_err(|e| unreadable(&e))?;
    for entry in &index.days {
        let bytes = rooms.fleet.plan(device, entry.plan).await?;
        let envelope = Envelope::from_bytes(bytes.clone()).map_err(|e| unreadable(&e))?;
        let playlist = Playlist::open(&envelope, &key).map_err(|e| unreadable(&e))?;
        approvals.extend(tables.get(&entry.assets).map_or(Vec::new(), |table| named(playlist.place, &table.assets)));
        to.put(&format!("plans/{}", entry.plan), &bytes)?;
    }
    for name in approvals {
        to.put(&format!("approvals/{name}"), &rooms.fleet.approval(name).await?)?;
    }
    to.put(&stick::receipt(&device.screen), &rooms.proof.receipt(device.device).await?.into_bytes())?;
    proofs(rooms, to, device).await?;
    // A release that was stopped since the stick was last here is not to be found on it.
    for name in to.list(&stick::screen(&device.screen))?.iter().filter(|name| name.starts_with("release-")) {
        to.remove(&format!("{}/{name}", stick::screen(&device.screen)))?;
    }
    for staged in rooms.fleet.releases_for(device.device).await? {
        if file(rooms, to, staged.release.file, written).await? {
            to.put(&stick::release(&device.screen, &staged.release.arch), &staged.manifest)?;
        }
    }
    // Last: a player looks for the index, and finds everything it names.
    to.put(&stick::index(&device.screen), &json(&index))?;
    Ok(Exported {
        screen: device.screen.clone(),
        device: device.device,
        days: index.days.len(),
        media: media.len(),
        media_bytes,
        missing,
    })
}

fn json(index: &PlaylistIndex) -> Vec<u8> {
    serde_json::to_vec(index).expect("plain data always encodes")
}

/// Copies a file unless the stick has it; false when the library has none.
async fn file(
    rooms: &Rooms,
    to: &Stick,
    hash: MediaHash,
    written: &mut BTreeSet<Sha256Hash>,
) -> Result<bool, AppError> {
    if written.contains(&hash) {
        return Ok(true);
    }
    let path = format!("media/{hash}");
    if !holds(to, &path, hash) {
        let mut source = match rooms.library.open(hash, Range::Whole).await {
            Ok(reader) => reader.into_std().await,
            Err(LibraryError::Unknown(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        to.write(&path, |file| std::io::copy(&mut source, file).map(drop))?;
    }
    written.insert(hash);
    Ok(true)
}

/// A stick may have rotted since: what is on it is believed by its hash.
fn holds(to: &Stick, path: &str, hash: MediaHash) -> bool {
    let Some(mut file) = to.file(path) else { return false };
    let mut hasher = sha2::Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Sha256Hash(hasher.finalize().into()) == hash,
            Ok(n) => hasher.update(&piece[..n]),
            Err(_) => return false,
        }
    }
}
