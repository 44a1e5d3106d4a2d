//! The bundle an auditor takes home: a zip of everything that the report of one campaign and period rests on.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `manifest.json` | [`Manifest`]: what the bundle is of, and every other file with its size and hash |
//! | `manifest.sig` | the hash of that list in an envelope, [signed](crate::wire::sign::Packing) by the scheduler |
//! | `checkpoint` | the newest checkpoint of the log, a signed note |
//! | `checkpoints.json` | [`EarlierCheckpoint`]s with their consistency proofs: when things were in the log at the latest |
//! | `inclusion` | 32-byte hashes: the proof that all entries of the bundle are in that log ([`super::tree::inclusions`]) |
//! | `statements` | [entries](put_entry): what was stated of the players of these screens, of the scheduler's keys, of what may be shown, by who went to look, and of the samples that were drawn; and [how far](super::head) players said their records go |
//! | `screens/<code>/segments` | [entries](put_entry): what they sent, by place in the log, also what the scheduler took for no continuation of it |
//! | `screens/<code>/plans` | [playlists](put_document) that records name, and the newest of each day |
//! | `assets/<hash>` | asset tables that playlists name, JSON |
//! | `starts.json` | by screen, the [`Start`]s: where judging begins when a player is older than the period |
//! | `basis.json`, `report.json` | what the scheduler states, and the figures it claims |
//! | `approvals` | [signed documents](crate::wire::permit::Document), one after the other ([`put_document`]): the permits that playlists name for the campaign, and where the screens stand |
//! | `keys.json` | [`Keys`]: the log's public key by the scheduler's own word; a policy from elsewhere goes first |

use super::count::Tally;
use super::note::VerifierKey;
use crate::ids::{CampaignCode, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use crate::time::LocalDay;
use crate::wire::sign::LogSigning;
use serde::{Deserialize, Serialize};

/// The form this version writes and reads.
pub const FORMAT: &str = "lichphat-bundle/1";
/// Name of the list of files.
pub const MANIFEST: &str = "manifest.json";
/// Name of the scheduler's signature under the list, by the key of its receipts: what no log proves is its word, and nobody
/// else's.
pub const SIGNATURE: &str = "manifest.sig";
/// Name of the newest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// Name of the earlier ones.
pub const CHECKPOINTS: &str = "checkpoints.json";
/// Name of the proof that the entries are in the log.
pub const INCLUSION: &str = "inclusion";
/// Name of the statements.
pub const STATEMENTS: &str = "statements";
/// Name of the starts.
pub const STARTS: &str = "starts.json";
/// Name of what the scheduler states.
pub const BASIS: &str = "basis.json";
/// Name of the report.
pub const REPORT: &str = "report.json";
/// Name of the approvals.
pub const APPROVALS: &str = "approvals";
/// Name of the public keys.
pub const KEYS: &str = "keys.json";
/// Days before the period from which on segments are shown: gaps and overlaps look back at most one.
pub const LOOK_BACK_MS: i64 = 24 * 3_600_000;

/// Name of a screen's segments.
pub fn segments_of(screen: &ScreenCode) -> String {
    format!("screens/{screen}/segments")
}

/// Name of a screen's playlists.
pub fn plans_of(screen: &ScreenCode) -> String {
    format!("screens/{screen}/plans")
}

/// Name of an asset table.
pub fn assets(hash: Sha256Hash) -> String {
    format!("assets/{hash}")
}

/// What a bundle is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The campaign.
    pub campaign: CampaignCode,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Every other file, by name.
    pub files: Vec<FileLine>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLine {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub size_bytes: u64,
    /// Their hash.
    pub sha256: Sha256Hash,
}

/// A checkpoint that was published before the newest one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierCheckpoint {
    /// The signed note.
    pub note: String,
    /// The newest checkpoint's tree begins with this one's.
    pub consistency: Vec<Sha256Hash>,
}

/// Where judging begins for a player that is older than the bundle's first segment of it: the scheduler's word. The
/// segment at which it stood there comes first among the screen's segments, so that nothing is hidden between the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The player.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Last record before.
    pub acked: Seq,
    /// Segment before.
    pub head: Option<Sha256Hash>,
    /// What earlier records leave for judging.
    pub tally: Tally,
}

/// The key that everything else hangs on; the scheduler's other keys are stated in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The log's, under its origin.
    pub log: VerifierKey<LogSigning>,
    /// Those of logs that ended, over whose entries this one goes on; usually none.
    pub ended: Vec<VerifierKey<LogSigning>>,
}

/// Appends an entry of the log: its place in 8 bytes, its length in 2, both big-endian, and its bytes. False when it is
/// longer than a log can hold.
#[must_use]
pub fn put_entry(out: &mut Vec<u8>, index: u64, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else { return false };
    out.extend_from_slice(&index.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(entry);
    true
}

/// The entries of a file, or none when it is cut.
pub fn entries(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while let Some((index, rest)) = bytes.split_first_chunk::<8>() {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        found.push((u64::from_be_bytes(*index), entry));
        bytes = rest;
    }
    bytes.is_empty().then_some(found)
}

/// Appends a document: its length in 4 bytes, big-endian, and its bytes. False when it is longer than 4 GiB.
#[must_use]
pub fn put_document(out: &mut Vec<u8>, document: &[u8]) -> bool {
    let Ok(length) = u32::try_from(document.len()) else { return false };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(document);
    true
}

/// The documents of a file, or none when it is cut.
pub fn documents(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (document, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        found.push(document);
        bytes = rest;
    }
    bytes.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_found_again(all in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..30)), 0..10), cut in 1usize..8) {
            let (mut log, mut papers) = (Vec::new(), Vec::new());
            for (index, bytes) in &all {
                prop_assert!(put_entry(&mut log, *index, bytes) && put_document(&mut papers, bytes));
            }
            let read = entries(&log).unwrap();
            prop_assert_eq!(read.iter().map(|(i, b)| (*i, b.to_vec())).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(documents(&papers).unwrap(), all.iter().map(|(_, b)| b.as_slice()).collect::<Vec<_>>());
            if !all.is_empty() {
                let cut_one = entries(&log[..log.len() - cut]);
                prop_assert!(cut_one.is_none_or(|found| found.len() < all.len()));
            }
        }
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = (entries(&bytes), documents(&bytes));
        }
    }
}
