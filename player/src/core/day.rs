//! One verified day: the playlist, the table it points into, and where in it the screen stands.

use lichphat_playlists::ids::PlanHash;
use lichphat_playlists::stand_in;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::permit::{Grounds, Unapproved};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, Terms, Tier, WireError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A playlist whose signature was verified, checked against its asset table.
#[derive(Debug, Clone)]
pub struct DayPlan {
    /// The plan's name: hash of its signed bytes.
    pub hash: PlanHash,
    /// What to play when.
    pub playlist: Playlist,
    /// What there is to play.
    pub table: Arc<AssetTable>,
    /// What its assets rest on.
    grounds: Grounds,
    /// Index into the playlist's terms for each asset; none when the asset has no quota.
    terms_of_asset: Vec<Option<u16>>,
}

impl DayPlan {
    /// Checks the playlist against its table; what it rests on is looked at when it is to be shown.
    pub fn new(
        hash: PlanHash,
        playlist: Playlist,
        table: Arc<AssetTable>,
        grounds: Grounds,
    ) -> Result<Self, WireError> {
        playlist.check(&table)?;
        let terms_of = |asset: &Asset| playlist.terms.iter().position(|t| t.campaign == asset.code);
        let terms_of_asset = table.assets.iter().map(|a| terms_of(a).map(|i| i as u16)).collect();
        Ok(Self { hash, playlist, table, grounds, terms_of_asset })
    }

    /// The same plan on other grounds: more of them came.
    #[must_use]
    pub fn on(&self, grounds: Grounds) -> Self {
        Self { grounds, ..self.clone() }
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
    /// May asset `item` be shown on `day`, as far as it was approved?
    pub fn allow(&self, item: u16, day: LocalDay) -> Result<(), Unapproved> {
        self.asset(item).map_or(Err(Unapproved::NoPermit), |asset| self.grounds.allow(asset, day))
    }
    /// What may always be shown.
    pub fn built_in(&self) -> Option<u16> {
        self.table.assets.iter().position(stand_in::is).map(|index| index as u16)
    }
    /// The quota terms of asset `item`.
    pub fn terms(&self, item: u16) -> Option<&Terms> {
        let index = (*self.terms_of_asset.get(usize::from(item))?)?;
        self.playlist.terms.get(usize::from(index))
    }
    /// Of plans by day, one a day, the one that goes on with its safe loop when nothing is known of a later day: the
    /// last that has hours of duty. A closed day says nothing of the day after it.
    pub fn stand_by<'a>(mut plans: impl DoubleEndedIterator<Item = &'a Arc<Self>>) -> Option<&'a Arc<Self>> {
        plans.rfind(|plan| !plan.playlist.duty.is_empty())
    }
    /// Assets that may stand in when nothing else can be shown: the safe loop first, then the screen's own, then what is built in.
    pub(super) fn stand_ins(&self) -> impl Iterator<Item = u16> + '_ {
        let built_in = self.built_in();
        let rank = |tier: Tier| self.table.assets.iter().enumerate().filter(move |(_, a)| a.tier == tier);
        std::iter::once(self.playlist.fallback)
            .chain(rank(Tier::Fallback).chain(rank(Tier::Local)).map(|(index, _)| index as u16))
            .filter(move |item| Some(*item) != built_in || *item == self.playlist.fallback)
            .chain(built_in)
    }
}

/// Why a slot is not to be shown at its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Away {
    /// It has another second.
    Moved,
    /// It is with the stage, at another second.
    Held,
    /// The play it stands for was shown before its plan came in.
    GivenUp,
    /// It was shown or tried.
    Tried,
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
    /// Quota slots, and others that could not begin, that have their record; true when it says that they were shown or
    /// tried.
    pub(super) recorded: BTreeMap<(PlanHash, u32), bool>,
    /// Slots of the plan in force that are not to be shown at their second.
    pub(super) away: BTreeMap<u32, Away>,
    /// Of them, those that the cursor has passed and that are still to be shown.
    pub(super) late: BTreeSet<u32>,
}

impl Day {
    /// Puts the cursor on the first slot that may still be shown.
    pub(super) fn rewind(&mut self) {
        self.cursor = self.plan.as_ref().map_or(0, |plan| plan.first_from(self.played_ms));
        self.late.retain(|slot| (*slot as usize) < self.cursor);
    }
    /// A new version takes the place of the one in force.
    pub(super) fn take_up(&mut self, plan: Arc<DayPlan>) {
        self.plan = Some(plan);
        self.away.clear();
        self.late.clear();
        self.rewind();
    }
    /// The slot to decide on next, and its start in milliseconds after midnight.
    pub(super) fn next_slot(&self) -> Option<(usize, u32)> {
        Some((self.cursor, self.plan.as_ref()?.start_ms(self.cursor)?))
    }
    /// Why slot `index` of the plan in force is not to be shown at its second, if so.
    pub(super) fn away(&self, index: usize) -> Option<Away> {
        let tried = || (self.record_of(index) == Some(true)).then_some(Away::Tried);
        self.away.get(&(index as u32)).copied().or_else(tried)
    }
    /// Does a record say that slot `index` of the plan in force was shown or tried? None when it has no record.
    pub(super) fn record_of(&self, index: usize) -> Option<bool> {
        self.recorded.get(&(self.plan.as_ref()?.hash, index as u32)).copied()
    }
    /// Is slot `index` still to be shown and not with the stage?
    pub(super) fn is_pending(&self, index: usize) -> bool {
        let to_come = index >= self.cursor || self.late.contains(&(index as u32));
        to_come && !matches!(self.away(index), Some(Away::Held | Away::Tried))
    }
}
