//! Days, hashes and packed texts as the tables hold them.

use crate::error::StoreError;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};

const UTC: UtcOffset = UtcOffset(0);
const DAY_MS: i64 = 86_400_000;

/// Days since 1970-01-01.
pub(super) fn day_number(day: LocalDay) -> i64 {
    day.start(UTC).0.div_euclid(DAY_MS)
}

/// The day of that number.
pub(super) fn local_day(number: i64) -> LocalDay {
    UtcMillis(number.saturating_mul(DAY_MS)).day(UTC)
}

/// 32 stored bytes.
pub(super) fn hash_of(bytes: &[u8]) -> Result<Sha256Hash, StoreError> {
    Ok(Sha256Hash(bytes.try_into().map_err(|_| StoreError::unreadable("hash", "it is not 32 bytes"))?))
}

/// A stored campaign code.
pub(super) fn campaign(text: String) -> Result<CampaignCode, StoreError> {
    CampaignCode::new(text).map_err(|e| StoreError::unreadable("campaign code", e))
}

/// A stored screen code.
pub(super) fn screen(text: String) -> Result<ScreenCode, StoreError> {
    ScreenCode::new(text).map_err(|e| StoreError::unreadable("screen code", e))
}

/// Most bytes a packed text may unpack to.
const UNPACKED_LIMIT: usize = lichphat_playlists::wire::v1::LIMIT_BYTES;

/// One zstd frame: repetitive JSON shrinks to a fifth.
pub(super) fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(bytes, 3).map_err(|e| StoreError::Engine(format!("cannot pack: {e}")))
}

/// What [`pack`] packed.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::decompress(packed, UNPACKED_LIMIT).map_err(|e| StoreError::unreadable("packed text", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_numbers() {
        let day: LocalDay = "2026-11-22".parse().unwrap();
        assert_eq!(day_number(day), 20_779);
        assert_eq!(local_day(20_779), day);
    }
}
