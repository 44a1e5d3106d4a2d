//! What may be shown where and when, as people approved it; and where a screen stands. The shape is that of Uptane: who makes
//! plans chooses among what is permitted for a screen and a day, and can permit nothing.
//!
//! Three small documents, each in an [`Envelope`] under the key of approvals, each named by the hash of its signed bytes:
//!
//! * a [`Permit`] is one decision: these files, of this campaign, in these places, on these days;
//! * a [`Place`] says which units stand above a screen, so that a permit for a unit needs no list of its screens and nobody
//!   who makes plans can move a screen;
//! * [`Withdrawals`] are all that was taken back in the whole city; they only grow.
//!
//! Versions of places and withdrawals only go up, by at least the clock's milliseconds, so also after a restored backup. Of places
//! the newest holds, wherever it came from; of withdrawals all hold that were ever seen, so no clock that ran away bars a later one.

use super::sign::{Approving, Envelope, SignError, SigningKey, VerifyingKey};
use super::v1::Asset;
use crate::ids::{CampaignCode, MediaHash, PermitHash, PlaceHash, ScreenCode, Sha256Hash, UnitCode, VenueType};
use crate::media::Media;
use crate::stand_in;
use crate::time::{LocalDay, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most bytes a document may unpack to: withdrawals of ten thousand decisions.
pub const LIMIT_BYTES: usize = 2 << 20;

/// Anything that the key of approvals signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "schema")]
pub enum Document {
    /// A decision.
    #[serde(rename = "lichphat-permit/1")]
    Permit(Permit),
    /// Where a screen stands.
    #[serde(rename = "lichphat-place/1")]
    Place(Place),
    /// What was taken back.
    #[serde(rename = "lichphat-withdrawals/1")]
    Withdrawals(Withdrawals),
}

/// One decision: what may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permit {
    /// Number of the proposal that was decided on.
    pub number: u32,
    /// The campaign, or the local item's own code.
    pub campaign: CampaignCode,
    /// The files, by hash.
    pub media: Vec<Permitted>,
    /// Where: in any of these; everywhere when empty.
    pub places: Vec<Where>,
    /// First day; none: since ever.
    pub from: Option<LocalDay>,
    /// Last day, included; none: until it is withdrawn.
    pub until: Option<LocalDay>,
    /// Who approved.
    pub approved: Vec<Approved>,
}

/// One file of a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permitted {
    /// SHA-256 of its bytes.
    pub hash: MediaHash,
    /// Its length, bytes.
    pub size_bytes: u64,
    /// Its booked length, seconds.
    pub duration_s: u32,
}

impl From<&Media> for Permitted {
    fn from(media: &Media) -> Self {
        Self { hash: media.hash, size_bytes: media.size_bytes, duration_s: media.duration_s }
    }
}

/// How a unit stands above a screen. What is for a ward's own screens is not for those of others that stand on its ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// It owns the screen.
    Owner,
    /// The screen stands on its ground.
    Territory,
    /// It looks after the screen's trade.
    Sector,
    /// It runs the screen.
    Operator,
}

/// A unit, and how it stands above a screen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tied {
    /// How.
    pub by: Tie,
    /// Which.
    pub unit: UnitCode,
}

/// Screens that have all of this; what is not said fits every screen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// It or a unit below it stands above the screen, in that way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Tied>,
    /// One of these kinds of place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub venue_types: Vec<VenueType>,
    /// One of these screens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screens: Vec<ScreenCode>,
}

/// Who approved, when, and on which decision he rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// An account, or `shell` for whoever has the server's own.
    pub by: String,
    /// Number of the written decision, as he gave it; may be empty.
    pub decision: String,
    /// When.
    pub at_ms: UtcMillis,
}

/// Where a screen stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The screen.
    pub screen: ScreenCode,
    /// Only goes up.
    pub version: u64,
    /// Kind of place.
    pub venue_type: VenueType,
    /// The units above it over time, by first day; before that there are none.
    pub above: Vec<Above>,
}

/// The units that stand above a screen from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Above {
    /// First day; none: since ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocalDay>,
    /// By each tie the unit at its end and those above it, in order, each once.
    pub units: Vec<Tied>,
}

/// All that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawals {
    /// Goes up with the lists of one server; a reader takes them together, whichever came first.
    pub version: u64,
    /// What, in order, each once.
    pub withdrawn: Vec<Withdrawn>,
}

/// One thing that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    /// What.
    pub what: What,
    /// When; nothing of it is shown from then on.
    pub at_ms: UtcMillis,
}

/// What can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A decision.
    Permit(PermitHash),
    /// A file, whoever permits it.
    Media(MediaHash),
}

/// Why bytes are no document of approvals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    /// The envelope or its signature.
    #[error("approval: {0}")]
    Sign(#[from] SignError),
    /// Not this form.
    #[error("approval: {0}")]
    Form(String),
    /// A value that makes no sense.
    #[error("approval: {field} = {value}: {mend}")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What to write.
        mend: &'static str,
    },
    /// More than a document may unpack to: nobody could read it.
    #[error(
        "approval: the document has {bytes} bytes, more than {LIMIT_BYTES}: nobody could read it. To stop what is shown, import its document again with an earlier end"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// Why something may not be shown. The text is for people who look after boxes; `code` is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unapproved {
    /// The plan names no permit for it, or one that is not there or not signed with the key of approvals.
    #[error("it names no permit")]
    NoPermit,
    /// The permit is of another campaign.
    #[error("its permit is of another campaign")]
    Campaign,
    /// The permit does not name these bytes, or says another length of them.
    #[error("its permit names other bytes")]
    Media,
    /// Not at this screen.
    #[error("its permit is not for this screen")]
    Place,
    /// Not on this day.
    #[error("its permit is not for this day")]
    Day,
    /// It was taken back.
    #[error("it was withdrawn")]
    Withdrawn,
}

impl Document {
    /// Signs it; one that makes no sense is refused.
    pub fn seal(&self, key: &SigningKey<Approving>) -> Result<Envelope, PermitError> {
        self.check()?;
        let json = serde_json::to_vec(self).map_err(|e| PermitError::Form(e.to_string()))?;
        if json.len() > LIMIT_BYTES {
            return Err(PermitError::TooLong { bytes: json.len() });
        }
        Ok(Envelope::seal(&json, 3, key))
    }
    /// Opens what was signed with `key`.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Approving>) -> Result<Self, PermitError> {
        Self::read(&envelope.open(key, LIMIT_BYTES)?)
    }
    /// What a document says, whoever signed it: for who has signed it himself.
    pub fn unverified(envelope: &Envelope) -> Result<Self, PermitError> {
        Self::read(&envelope.content_unverified(LIMIT_BYTES)?)
    }
    fn read(json: &[u8]) -> Result<Self, PermitError> {
        let document: Self = serde_json::from_slice(json).map_err(|e| PermitError::Form(e.to_string()))?;
        document.check()?;
        Ok(document)
    }

    fn check(&self) -> Result<(), PermitError> {
        let value = |field, value: String, mend| Err(PermitError::Value { field, value, mend });
        match self {
            Self::Permit(p) if p.media.is_empty() || !rises(&p.media, |m| m.hash) => {
                value("media", format!("{} files", p.media.len()), "name at least one, by hash, each once")
            }
            Self::Permit(p) if p.until.is_some() && p.until < p.from => {
                value("until", p.until.map(|day| day.to_string()).unwrap_or_default(), "not before from")
            }
            Self::Permit(p) if p.approved.is_empty() => value("approved", "[]".into(), "say who"),
            Self::Place(p) if !rises(&p.above, |a| a.from) => {
                value("above", format!("{} days", p.above.len()), "by first day, each once")
            }
            Self::Withdrawals(w) if !rises(&w.withdrawn, |x| x.what) => {
                value("withdrawn", format!("{} things", w.withdrawn.len()), "in order, each once")
            }
            _ => Ok(()),
        }
    }
}

fn rises<T, K: Ord>(list: &[T], key: impl Fn(&T) -> K) -> bool {
    list.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]))
}

impl Where {
    /// Is a screen that stands at `place` among them on `day`?
    pub fn holds(&self, place: &Place, day: LocalDay) -> bool {
        self.unit.as_ref().is_none_or(|unit| place.units_on(day).contains(unit))
            && (self.venue_types.is_empty() || self.venue_types.contains(&place.venue_type))
            && (self.screens.is_empty() || self.screens.contains(&place.screen))
    }
    /// Are all screens of `other` among its own, whatever the tree looks like?
    fn covers(&self, other: &Self) -> bool {
        fn within<T: PartialEq>(mine: &[T], theirs: &[T]) -> bool {
            mine.is_empty() || !theirs.is_empty() && theirs.iter().all(|x| mine.contains(x))
        }
        (self.unit.is_none() || self.unit == other.unit)
            && within(&self.venue_types, &other.venue_types)
            && within(&self.screens, &other.screens)
    }
}

impl Permit {
    /// May these bytes be shown as `campaign` at a screen that stands at `place`, on `day`?
    pub fn allows(
        &self,
        (campaign, media): (&CampaignCode, &Media),
        place: &Place,
        day: LocalDay,
    ) -> Result<(), Unapproved> {
        if self.campaign != *campaign {
            return Err(Unapproved::Campaign);
        }
        if !self.media.contains(&media.into()) {
            return Err(Unapproved::Media);
        }
        if Some(day) < self.from || self.until.is_some_and(|until| until < day) {
            return Err(Unapproved::Day);
        }
        let here = self.places.is_empty() || self.places.iter().any(|at| at.holds(place, day));
        if here { Ok(()) } else { Err(Unapproved::Place) }
    }

    /// Names what people look at: files, places and days, whoever says yes to it and under whichever number.
    pub fn content(&self) -> Sha256Hash {
        let bare = Self { number: 0, approved: Vec::new(), ..self.clone() };
        Sha256Hash::of(&serde_json::to_vec(&bare).expect("plain data always encodes"))
    }

    /// How many people it takes at least, by what it says itself: what is not for units' own screens alone is the city's matter.
    pub fn people(&self) -> u32 {
        let own = |at: &Where| at.unit.as_ref().is_some_and(|tied| matches!(tied.by, Tie::Owner | Tie::Operator));
        if !self.places.is_empty() && self.places.iter().all(own) { 1 } else { 2 }
    }

    /// Does it allow everything that `other` would?
    pub fn covers(&self, other: &Self) -> bool {
        let until = self.until.is_none_or(|mine| other.until.is_some_and(|theirs| theirs <= mine));
        let everywhere = self.places.is_empty();
        self.campaign == other.campaign
            && self.from.is_none_or(|mine| other.from.is_some_and(|theirs| mine <= theirs))
            && until
            && other.media.iter().all(|m| self.media.contains(m))
            && (everywhere
                || !other.places.is_empty()
                    && other.places.iter().all(|theirs| self.places.iter().any(|mine| mine.covers(theirs))))
    }
}

impl Place {
    /// The units above the screen on a day.
    pub fn units_on(&self, day: LocalDay) -> &[Tied] {
        self.above.iter().rfind(|above| above.from <= Some(day)).map_or(&[], |above| &above.units)
    }
}

impl Withdrawals {
    /// When it was taken back; none when it was not.
    pub fn since(&self, what: What) -> Option<UtcMillis> {
        let at = self.withdrawn.binary_search_by_key(&what, |w| w.what).ok()?;
        Some(self.withdrawn[at].at_ms)
    }
    /// When an asset was taken back, itself or its permit; none when neither was.
    pub fn of(&self, asset: &Asset) -> Option<UtcMillis> {
        let permit = asset.permit.and_then(|permit| self.since(What::Permit(permit)));
        let media = self.since(What::Media(asset.media.hash));
        [permit, media].into_iter().flatten().min()
    }
    /// With one more; false when it was there.
    pub fn add(&mut self, withdrawn: Withdrawn) -> bool {
        match self.withdrawn.binary_search_by_key(&withdrawn.what, |w| w.what) {
            Ok(_) => false,
            Err(at) => {
                self.withdrawn.insert(at, withdrawn);
                true
            }
        }
    }
    /// How much of the room for them is taken, per cent: beyond 100 nothing more can be taken back. What is over is not dropped:
    /// a play of before its permit's end may be handed in long after it.
    pub fn full_percent(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |json| json.len() * 100 / LIMIT_BYTES)
    }
    /// With all that another list says: what was taken back once stays so, whatever a later list leaves out.
    pub fn join(&mut self, other: &Self) {
        self.version = self.version.max(other.version);
        for withdrawn in &other.withdrawn {
            match self.withdrawn.binary_search_by_key(&withdrawn.what, |w| w.what) {
                Ok(at) => self.withdrawn[at].at_ms = self.withdrawn[at].at_ms.min(withdrawn.at_ms),
                Err(at) => self.withdrawn.insert(at, *withdrawn),
            }
        }
    }
}

/// What the assets of a plan rest on: its screen's place and the permits it names, as far as they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    place: Option<Arc<Place>>,
    permits: BTreeMap<PermitHash, Arc<Permit>>,
}

impl Grounds {
    /// At this place.
    pub fn at(place: Arc<Place>) -> Self {
        Self { place: Some(place), permits: BTreeMap::new() }
    }
    /// With one more permit.
    pub fn permit(&mut self, name: PermitHash, permit: Arc<Permit>) {
        self.permits.insert(name, permit);
    }
    /// Sorts a document of this name in; one that is neither place nor permit is left out.
    pub fn take(&mut self, name: PermitHash, document: Document) {
        match document {
            Document::Permit(permit) => self.permit(name, Arc::new(permit)),
            Document::Place(place) => self.place = Some(Arc::new(place)),
            Document::Withdrawals(_) => {}
        }
    }
    /// May an asset of the plan be shown on `day`? What was withdrawn is asked of [`Withdrawals::of`].
    pub fn allow(&self, asset: &Asset, day: LocalDay) -> Result<(), Unapproved> {
        if stand_in::is(asset) {
            return Ok(());
        }
        let permit = asset.permit.and_then(|name| self.permits.get(&name)).ok_or(Unapproved::NoPermit)?;
        let place = self.place.as_ref().ok_or(Unapproved::Place)?;
        permit.allows((&asset.code, &asset.media), place, day)
    }
}

/// Names of all that a plan's assets rest on, its place first.
pub fn named<'a>(place: PlaceHash, assets: impl IntoIterator<Item = &'a Asset>) -> Vec<PermitHash> {
    let mut permits: Vec<PermitHash> = assets.into_iter().filter_map(|asset| asset.permit).collect();
    permits.sort_unstable();
    permits.dedup();
    permits.insert(0, place);
    permits
}

#[cfg(test)]
#[path = "permit_tests.rs"]
mod tests;
