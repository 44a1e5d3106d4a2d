//! The plans that records name: what was asked of a screen when it played.

use crate::ids::{PlanHash, ScreenCode};
use crate::proof::count::CountTerms;
use crate::proof::record::{DisplayLevel, Origin, PlayRecord};
use crate::time::{LocalDay, UtcOffset};
use crate::wire::v1::{Asset, AssetTable, Playlist, Slot, Terms};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A published plan as the store holds it: already verified when it was published.
#[derive(Debug, Clone)]
pub struct PlanDocument {
    /// Its name.
    pub hash: PlanHash,
    /// The playlist.
    pub playlist: Playlist,
    /// The table it names.
    pub assets: Arc<AssetTable>,
}

/// What a record is judged against.
#[derive(Debug)]
pub struct PlanContext {
    /// Screen the plan was made for.
    pub screen: ScreenCode,
    /// Day it was made for.
    pub day: LocalDay,
    /// Offset of local time there: the plan's word, not the device's.
    pub offset: UtcOffset,
    /// Many plans name one table, which may be large: none has a copy of its own.
    assets: Arc<AssetTable>,
    slots: Vec<Slot>,
    terms: Vec<Terms>,
}

impl From<PlanDocument> for PlanContext {
    fn from(document: PlanDocument) -> Self {
        let PlanDocument { playlist, assets, .. } = document;
        let Playlist { screen, day, offset_min: offset, slots, terms, .. } = playlist;
        Self { screen, day, offset, assets, slots, terms }
    }
}

impl PlanContext {
    /// The asset a record played, when the plan has it and the record fits its slot.
    pub fn asset(&self, record: &PlayRecord) -> Option<&Asset> {
        if let Origin::Planned { slot } = record.origin
            && self.slots.get(slot as usize).is_none_or(|s| s.item != record.item)
        {
            return None;
        }
        self.assets.assets.get(usize::from(record.item))
    }

    /// Terms for the counting rule.
    pub fn count_terms(&self, record: &PlayRecord) -> Option<CountTerms<'_>> {
        let asset = self.asset(record)?;
        let terms = self.terms.iter().find(|t| t.campaign == asset.code);
        Some(CountTerms {
            campaign: &asset.code,
            booked_ms: asset.media.duration_s * 1000,
            min_gap_s: terms.map_or(0, |t| t.min_gap_s),
            min_display: terms.map_or(DisplayLevel::D1, |t| t.min_display),
            windows: terms.map(|t| &t.windows),
        })
    }
}

/// The plans one segment names, as far as the store holds them.
#[derive(Debug, Clone, Default)]
pub struct PlanBook(BTreeMap<PlanHash, Arc<PlanContext>>);

impl PlanBook {
    /// Adds a plan.
    pub fn insert(&mut self, plan: PlanHash, context: Arc<PlanContext>) {
        self.0.insert(plan, context);
    }
    /// Takes over the plans of another book.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    /// Every plan, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&PlanHash, &Arc<PlanContext>)> {
        self.0.iter()
    }
    /// The plan of that name.
    pub fn get(&self, plan: &PlanHash) -> Option<&Arc<PlanContext>> {
        self.0.get(plan)
    }
}

impl FromIterator<PlanDocument> for PlanBook {
    fn from_iter<I: IntoIterator<Item = PlanDocument>>(documents: I) -> Self {
        Self(documents.into_iter().map(|d| (d.hash, Arc::new(PlanContext::from(d)))).collect())
    }
}
