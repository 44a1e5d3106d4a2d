//! What a media file is to a plan: bytes by hash, a booked length in whole seconds, a kind.

use crate::ids::MediaHash;
use serde::{Deserialize, Serialize};

/// What the bytes show or sound like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaKind {
    /// Moving pictures, with or without sound.
    Video,
    /// One picture, shown for its booked length.
    Still,
    /// Sound alone: loudspeakers.
    Audio,
}

/// How the sound of a play comes and goes: linear ramps up to its volume and down from it, never louder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fades {
    /// From silence at the beginning, milliseconds.
    pub in_ms: u32,
    /// To silence at the end, milliseconds.
    pub out_ms: u32,
}

impl Fades {
    /// At once, both ways?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// One approved file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Media {
    /// SHA-256 of the bytes that are played.
    pub hash: MediaHash,
    /// Length of the file, bytes.
    pub size_bytes: u64,
    /// What it is.
    pub kind: MediaKind,
    /// Booked length, whole seconds.
    pub duration_s: u32,
}
