//! Retention: whole days of segments are dropped, the tree over them stays.

use super::{HeldDay, Log, LogError};
use lichphat_playlists::proof::tile::TILE_WIDTH;
use lichphat_playlists::time::LocalDay;

impl Log {
    /// Drops the oldest held days, as long as they are more than `keep_days` before `today` and published as a whole;
    /// 0 keeps everything. So many newer days stay in any case: a clock that jumps ahead by years drops nothing. The
    /// answer: the days that are gone.
    ///
    /// What is left of a day: the hashes of its entries, the statements made on it, its sums in the rollups, and those of
    /// its segments that share an entry bundle with later ones, so that every bundle from [`Log::minimum_index`] on is whole.
    pub async fn retain(&self, today: LocalDay, keep_days: u32) -> Result<Vec<LocalDay>, LogError> {
        let published = self.head().await?.map_or(0, |head| head.size);
        let mut gone = Vec::new();
        while let held = self.store.held_days().await?
            && let [oldest, next, ..] = held[..]
            && keep_days > 0
            && held.len() > keep_days as usize
            && oldest.day.plus(keep_days) < today
            && next.first_index <= published
        {
            self.store.drop_day(oldest, shared(oldest, next)).await?;
            gone.push(oldest.day);
        }
        Ok(gone)
    }
}

/// The entries of a day that share a bundle with the next one's.
fn shared(day: HeldDay, next: HeldDay) -> std::ops::Range<u64> {
    day.first_index.max(next.first_index / TILE_WIDTH * TILE_WIDTH)..next.first_index
}
