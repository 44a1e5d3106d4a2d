//! What a screen may show without anybody's approval, so that it never goes black for the want of one: a still picture with
//! two words on it, and for loudspeakers ten seconds of silence. Both are built into scheduler and player, so whoever signs
//! the player's releases has signed them.

use crate::ids::{CampaignCode, MediaHash, Sha256Hash};
use crate::media::{Fades, Media, MediaKind};
use crate::wire::v1::{Asset, Tier};
use std::sync::LazyLock;

/// Its code in asset tables and records.
pub const CODE: &str = "lichphat-stand-in";
/// Its booked length, seconds.
const LENGTH_S: u32 = 10;

/// One of the two: its bytes, and what a plan says of it.
#[derive(Debug)]
pub struct StandIn {
    /// The file.
    pub bytes: &'static [u8],
    /// What it is in an asset table.
    pub asset: Asset,
}

/// The picture.
pub static PICTURE: LazyLock<StandIn> =
    LazyLock::new(|| StandIn::of(include_bytes!("stand_in/picture.png"), MediaKind::Still));
/// The silence.
pub static SILENCE: LazyLock<StandIn> =
    LazyLock::new(|| StandIn::of(include_bytes!("stand_in/silence.flac"), MediaKind::Audio));

impl StandIn {
    fn of(bytes: &'static [u8], kind: MediaKind) -> Self {
        let media = Media { hash: Sha256Hash::of(bytes), size_bytes: bytes.len() as u64, kind, duration_s: LENGTH_S };
        let code = CampaignCode::new(CODE).expect("it is a code");
        let (variant, tier, fades) = (String::new(), Tier::Fallback, Fades::default());
        Self { bytes, asset: Asset { code, variant, tier, media, volume_percent: 0, fades, permit: None } }
    }
}

/// The built-in file of this name.
pub fn of(hash: MediaHash) -> Option<&'static StandIn> {
    [&*PICTURE, &*SILENCE].into_iter().find(|built_in| built_in.asset.media.hash == hash)
}

/// Is this asset one of the two, and nothing else that calls itself so?
pub fn is(asset: &Asset) -> bool {
    of(asset.media.hash).is_some_and(|built_in| built_in.asset == *asset)
}
