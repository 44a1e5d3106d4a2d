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

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan names what is built in by its hash, and a player that is a version behind has only what was built into it.
    #[test]
    fn what_is_built_in_stays_so_for_players_of_every_version() {
        for (built_in, name, size_bytes) in [
            (&*PICTURE, "6c9e44c02765eaa9a147ee5ec31405996a863979b32087b4cfb01ff1bfd17f14", 10_182),
            (&*SILENCE, "87ff36d209c2b5d624d896be01fe32054cf1a16619a6d47554f92c8f426d787c", 316),
        ] {
            let Asset { code, variant, tier, media, volume_percent, fades, permit } = &built_in.asset;
            let why = "another picture or another length leaves older players nothing to show when nothing else may be: \
                       add a third to `of`, and let plans name the first for as long as players know no other";
            assert_eq!(media.hash.hex(), name, "{why}");
            assert_eq!((media.size_bytes, media.duration_s), (size_bytes, 10), "{why}");
            assert_eq!((code.as_str(), variant.as_str(), *tier), ("lichphat-stand-in", "", Tier::Fallback), "{why}");
            assert_eq!((*volume_percent, *fades, *permit), (0, Fades::default(), None), "{why}");
            assert!(is(&built_in.asset) && of(media.hash).is_some());
        }
    }
}
