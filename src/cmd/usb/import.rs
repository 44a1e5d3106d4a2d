//! Records that players left on a stick.

use super::{Stick, proofs};
use crate::cmd::rooms::Rooms;
use crate::error::AppError;
use crate::proof::{Outcome, ProofError};
use lichphat_playlists::ids::{DeviceId, ScreenCode};
use lichphat_playlists::proof::segment::{MAX_SEALED_BYTES, Segment, SegmentError};
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::stick;
use serde::Serialize;

/// What a screen's directory on the stick held.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// The screen.
    pub screen: ScreenCode,
    /// Segments whose records are new.
    pub taken: u32,
    /// Segments that were held already.
    pub known: u32,
    /// Segments before which another is missing: they stay on the stick.
    pub waiting: u32,
    /// Segments whose proof that the log holds them was left on the stick.
    pub proven: usize,
    /// Files that are no segment of a device of ours, or contradict one: they are told of, and stay.
    pub refused: u32,
}
pub(super) const COLUMNS: &[&str] = &["screen", "taken", "known", "waiting", "proven", "refused"];

/// Takes every segment on the stick as if its device had sent it, and leaves receipts, and the proofs that devices asked
/// for. What is held is removed from the stick; doing it again changes nothing.
pub async fn import(rooms: &Rooms, from: &Stick) -> Result<Vec<Imported>, AppError> {
    let mut rows = Vec::new();
    for name in from.list("screens")? {
        let Ok(screen) = ScreenCode::new(name) else { continue };
        rows.push(one(rooms, from, screen).await?);
    }
    // at once, so that the proofs go along on the next trip and not on the one after
    if let Err(error) = rooms.log.round().await {
        tracing::warn!("the stick brings no proofs of what was taken now: {error}");
    }
    for row in &mut rows {
        for device in rooms.fleet.present(std::slice::from_ref(&row.screen)).await? {
            from.put(&stick::receipt(&row.screen), &rooms.proof.receipt(device.device).await?.into_bytes())?;
            row.proven += proofs(rooms, from, &device).await?;
        }
    }
    Ok(rows)
}

async fn one(rooms: &Rooms, from: &Stick, screen: ScreenCode) -> Result<Imported, AppError> {
    let mut row = Imported { screen, taken: 0, known: 0, waiting: 0, proven: 0, refused: 0 };
    let dir = stick::segments(&row.screen);
    // One screen's directory that cannot be read keeps no other's records from coming in.
    let names = from.list(&dir).unwrap_or_else(|error| {
        tracing::warn!("refused: {error}");
        row.refused += 1;
        Vec::new()
    });
    for name in names.into_iter().filter(|name| !name.ends_with(".part")) {
        let path = format!("{dir}/{name}");
        let bytes = match from.read(&path, MAX_SEALED_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(path, "cannot be read from the stick: {error}");
                row.refused += 1;
                continue;
            }
        };
        let held = match take(rooms, bytes).await {
            Ok(Outcome::Accepted { .. }) => {
                row.taken += 1;
                true
            }
            Ok(Outcome::Duplicate) => {
                row.known += 1;
                true
            }
            Ok(Outcome::Hole { expected }) => {
                tracing::warn!(path, "waits for the segment with record {expected}");
                row.waiting += 1;
                false
            }
            Ok(Outcome::Fork { at }) => {
                tracing::warn!(path, "contradicts what is held from record {at} on; it was set apart");
                row.refused += 1;
                false
            }
            Err(error @ ProofError::TooMany { .. }) => {
                tracing::warn!(path, "waits: {error}");
                row.waiting += 1;
                false
            }
            Err(error @ ProofError::Store(_)) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(path, "refused: {error}");
                row.refused += 1;
                false
            }
        };
        if held {
            from.remove(&path)?;
        }
    }
    Ok(row)
}

/// None: not a file that can be read, or larger than any segment.
async fn take(rooms: &Rooms, bytes: Option<Vec<u8>>) -> Result<Outcome, ProofError> {
    let bytes = bytes.ok_or(SegmentError::TooLarge { size_bytes: MAX_SEALED_BYTES + 1 })?;
    let envelope = Envelope::from_bytes(bytes).map_err(SegmentError::from)?;
    // Who says to have made it must have signed it, which is all that the network's sender proves as well.
    let (claimed, _): (DeviceId, _) = Segment::claimed_device(&envelope)?;
    let sender = rooms.proof.identity(claimed).await?;
    Ok(rooms.proof.ingest(&sender, envelope.into_bytes()).await?.0)
}
