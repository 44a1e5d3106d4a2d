//! What a device asks of the log, and what it is told: that its segments are in it, and that it only grew.
//!
//! Nothing here is believed for having been said: [`proof::anchor`](crate::proof::anchor) verifies it.

use crate::ids::{Epoch, Seq, Sha256Hash};
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// Most segments in one answer; whoever holds more asks again.
pub const MOST_SEGMENTS: usize = 64;
/// Most bytes of an answer as sent: 64 proofs of 40 hashes and a checkpoint stay far below.
pub const MAX_SENT_BYTES: usize = 256 * 1024;
/// Most bytes an answer may unpack to.
const MAX_OPEN_BYTES: usize = 1 << 20;

/// A device's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofsAsked {
    /// Its epoch.
    pub epoch: Epoch,
    /// What it has verified already: all its segments up to this record.
    pub after_seq: Seq,
    /// Size of the newest checkpoint it has verified; 0 before the first.
    pub size: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofs {
    /// The size that was asked about. An answer that comes late, on a stick, may be to an older question.
    pub from: u64,
    /// The newest published checkpoint, a signed note.
    pub checkpoint: String,
    /// Proof that the log of this checkpoint begins with the one of `from` entries; empty when it is smaller.
    pub consistency: Vec<Sha256Hash>,
    /// The device's segments after the record it named, as far as the checkpoint covers them; at most [`MOST_SEGMENTS`].
    pub segments: Vec<SegmentProof>,
}

/// Where one segment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentProof {
    /// Its first record.
    pub first_seq: Seq,
    /// Its place in the log.
    pub log_index: u64,
    /// When the scheduler says it came.
    pub received_ms: UtcMillis,
    /// Proof that it is there.
    pub proof: Vec<Sha256Hash>,
}

impl Proofs {
    /// As sent: JSON, compressed, because neighbours' proofs share most of their hashes.
    pub fn encode(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("plain data always encodes");
        zstd::bulk::compress(&json, 3).expect("compressing in memory cannot fail")
    }
    /// Reads what [`Proofs::encode`] writes; what is wrong in words.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let json = zstd::bulk::decompress(bytes, MAX_OPEN_BYTES)
            .map_err(|_| format!("the proofs are not compressed, or unpack to more than {MAX_OPEN_BYTES} bytes"))?;
        serde_json::from_slice(&json).map_err(|error| format!("the proofs are malformed: {error}"))
    }
}
