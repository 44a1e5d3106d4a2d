//! One verified day: the playlist, the table it points into, and where in it the screen stands.

use lichphat_playlists::ids::PlanHash;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, Terms, Tier, WireError};
use std::sync::Arc;

/// A playlist whose signature was verified, checked against its asset table.
#[derive(Debug)]
pub struct DayPlan {
    /// The plan's name: hash of its signed bytes.
    pub hash: PlanHash,
    /// What to play when.
    pub playlist: Playlist,
    /// What there is to play.
    pub table: Arc<AssetTable>,
    /// Index into the playlist's terms for each asset; none when the asset has no quota.
    terms_of_asset: Vec<Option<u16>>,
}

impl DayPlan {
    /// Checks the playlist against its table.
    pub fn new(hash: PlanHash, playlist: Playlist, table: Arc<AssetTable>) -> Result<Self, WireError> {
        playlist.check(&table)?;
        let terms_of = |asset: &Asset| playlist.terms.iter().position(|t| t.campaign == asset.code);
        let terms_of_asset = table.assets.iter().map(|a| terms_of(a).map(|i| i as u16)).collect();
        Ok(Self { hash, playlist, table, terms_of_asset })
    }

    /// The local day.
    pub fn day(&self) -> LocalDay {
        self.playlist.day
    }
    /// The instant `ms` milliseconds after local midnight.
    pub fn at_ms(&self, ms: u32) -> UtcMillis {
        self.playlist.day.start(self.playlist.offset_min).plus_ms(i64::from(ms))
    }
    /// Start of slot `index`, milliseconds after local midnight.
    pub fn start_ms(&self, index: usize) -> Option<u32> {
        self.playlist.slots.get(index).map(|s| s.start_s * 1000)
    }
    /// First slot that starts at `ms` after midnight or later.
    pub fn first_from(&self, ms: u32) -> usize {
        self.playlist.slots.partition_point(|s| s.start_s * 1000 < ms)
    }
    /// Asset `item`; the table was checked, so every slot has one.
    pub fn asset(&self, item: u16) -> Option<&Asset> {
        self.table.assets.get(usize::from(item))
    }
    /// The quota terms of asset `item`.
    pub fn terms(&self, item: u16) -> Option<&Terms> {
        let index = (*self.terms_of_asset.get(usize::from(item))?)?;
        self.playlist.terms.get(usize::from(index))
    }
    /// Assets that may stand in when nothing else can be shown: the safe loop first, then the screen's own.
    pub(super) fn stand_ins(&self) -> impl Iterator<Item = u16> + '_ {
        let rank = |tier: Tier| self.table.assets.iter().enumerate().filter(move |(_, a)| a.tier == tier);
        std::iter::once(self.playlist.fallback)
            .chain(rank(Tier::Fallback).chain(rank(Tier::Local)).map(|(index, _)| index as u16))
    }
}

/// Where the screen stands in a day. Marks are milliseconds after local midnight; they outlive the
/// plan's version, so that a new version never replays what an older one showed.
#[derive(Debug, Default)]
pub(super) struct Day {
    /// The newest version.
    pub(super) plan: Option<Arc<DayPlan>>,
    /// Next slot to decide on.
    pub(super) cursor: usize,
    /// Slots that start earlier were shown or tried: they are never shown again.
    pub(super) played_ms: u32,
    /// Slots that start earlier have been accounted for: no second "was not shown" is written.
    pub(super) noted_ms: u32,
}

impl Day {
    /// Puts the cursor on the first slot that may still be shown.
    pub(super) fn rewind(&mut self) {
        self.cursor = self.plan.as_ref().map_or(0, |plan| plan.first_from(self.played_ms));
    }
    /// The slot to decide on next, and its start in milliseconds after midnight.
    pub(super) fn next_slot(&self) -> Option<(usize, u32)> {
        Some((self.cursor, self.plan.as_ref()?.start_ms(self.cursor)?))
    }
}
