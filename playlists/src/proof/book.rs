//! The plans that records name: what was asked of a screen when it played.

use crate::ids::{PlanHash, ScreenCode};
use crate::proof::count::{CountTerms, Reason};
use crate::proof::record::{DisplayLevel, Origin, PlayRecord};
use crate::time::{LocalDay, UtcMillis, UtcOffset};
use crate::wire::permit::{Grounds, Withdrawals};
use crate::wire::v1::{Asset, AssetTable, LEAD_S, Playlist, Slot, Terms};
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
    /// What its assets rest on.
    pub grounds: Grounds,
}

impl PlanDocument {
    /// Is there a play of such an asset that came with this version? A new version of a day that has begun keeps the slots
    /// from before: they say what was shown, and whoever made it could not take them back.
    pub fn asks_for(&self, such: impl Fn(&Asset) -> bool) -> bool {
        let Playlist { day, offset_min, made_ms, slots, .. } = &self.playlist;
        let kept_to = made_ms.plus_ms(i64::from(LEAD_S - 1) * 1000);
        let new = slots.iter().filter(|slot| day.at(slot.start_s, *offset_min) > kept_to);
        new.filter_map(|slot| self.assets.assets.get(usize::from(slot.item))).any(such)
    }
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
    grounds: Grounds,
    slots: Vec<Slot>,
    terms: Vec<Terms>,
}

impl From<PlanDocument> for PlanContext {
    fn from(document: PlanDocument) -> Self {
        let PlanDocument { playlist, assets, grounds, .. } = document;
        let Playlist { screen, day, offset_min: offset, slots, terms, .. } = playlist;
        Self { screen, day, offset, assets, grounds, slots, terms }
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

    /// Why an asset was not to be shown on the day of a record: it was not approved, or that was taken back before it was shown.
    /// What came in was judged by what had been taken back by then, so a list of later says the same.
    fn barred(
        &self,
        asset: &Asset,
        record: &PlayRecord,
        received: UtcMillis,
        withdrawals: &Withdrawals,
    ) -> Option<Reason> {
        let day = match record.origin {
            Origin::Planned { .. } => self.day,
            // a start is on the frame grid
            Origin::MakeGood { .. } | Origin::Fallback => record.start.plus_ms(500).day(self.offset),
        };
        if self.grounds.allow(asset, day).is_err() {
            return Some(Reason::NotApproved);
        }
        let shown = record.start.min(received);
        withdrawals.of(asset).is_some_and(|at| at <= shown).then_some(Reason::Withdrawn)
    }

    /// Terms for the counting rule, of a record that was `received` then.
    pub fn count_terms(
        &self,
        record: &PlayRecord,
        received: UtcMillis,
        withdrawals: &Withdrawals,
    ) -> Option<CountTerms<'_>> {
        let asset = self.asset(record)?;
        let terms = self.terms.iter().find(|t| t.campaign == asset.code);
        Some(CountTerms {
            campaign: &asset.code,
            booked_ms: asset.media.duration_s * 1000,
            min_gap_s: terms.map_or(0, |t| t.min_gap_s),
            min_display: terms.map_or(DisplayLevel::D1, |t| t.min_display),
            barred: self.barred(asset, record, received, withdrawals),
            windows: terms.map(|t| &t.windows),
        })
    }
}

/// The plans one segment names, as far as the store holds them, and all that was taken back.
#[derive(Debug, Clone, Default)]
pub struct PlanBook {
    plans: BTreeMap<PlanHash, Arc<PlanContext>>,
    withdrawals: Arc<Withdrawals>,
}

impl PlanBook {
    /// With all that was taken back.
    #[must_use]
    pub fn with(self, withdrawals: Arc<Withdrawals>) -> Self {
        Self { withdrawals, ..self }
    }
    /// All that was taken back.
    pub fn withdrawals(&self) -> &Withdrawals {
        &self.withdrawals
    }
    /// Adds a plan.
    pub fn insert(&mut self, plan: PlanHash, context: Arc<PlanContext>) {
        self.plans.insert(plan, context);
    }
    /// Takes over the plans of another book.
    pub fn extend(&mut self, other: Self) {
        self.plans.extend(other.plans);
    }
    /// Every plan, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&PlanHash, &Arc<PlanContext>)> {
        self.plans.iter()
    }
    /// The plan of that name.
    pub fn get(&self, plan: &PlanHash) -> Option<&Arc<PlanContext>> {
        self.plans.get(plan)
    }
}

impl FromIterator<PlanDocument> for PlanBook {
    fn from_iter<I: IntoIterator<Item = PlanDocument>>(documents: I) -> Self {
        let plans = documents.into_iter().map(|d| (d.hash, Arc::new(PlanContext::from(d)))).collect();
        Self { plans, withdrawals: Arc::default() }
    }
}
