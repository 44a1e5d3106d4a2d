//! All that may be shown in the city at one moment, in memory: what planning asks for each file, screen and day. Pure.

use super::model::{Draft, State};
use crate::directory::{Directory, Link, Screen, ScreenKind};
use lichphat_playlists::ids::{CampaignCode, MediaHash, PermitHash, PlaceHash, ScreenCode, Sha256Hash};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::permit::{Above, Permit, Place, Tie, Tied, Unapproved, What, Withdrawals};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Permits, places and withdrawals, at one revision of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Goes up by one with every change.
    pub revision: u64,
    /// By campaign, those in force, the first given first.
    permits: BTreeMap<CampaignCode, Vec<(PermitHash, Arc<Permit>)>>,
    places: BTreeMap<ScreenCode, (PlaceHash, Arc<Place>)>,
    withdrawals: Withdrawals,
    /// By campaign, the first put to people first: how each stands, and the files that it is about.
    proposals: BTreeMap<CampaignCode, Vec<(u32, State, BTreeSet<MediaHash>)>>,
}

impl Permissions {
    /// Of what the store holds.
    pub fn new(revision: u64, withdrawals: Withdrawals) -> Self {
        Self { revision, withdrawals, ..Self::default() }
    }
    /// With one more permit; those come by number.
    pub fn permit(&mut self, name: PermitHash, permit: Permit) {
        if self.withdrawals.since(What::Permit(name)).is_none() {
            self.permits.entry(permit.campaign.clone()).or_default().push((name, Arc::new(permit)));
        }
    }
    /// With the newest word on where a screen stands.
    pub fn place(&mut self, name: PlaceHash, place: Place) {
        self.places.insert(place.screen.clone(), (name, Arc::new(place)));
    }
    /// With what became of a proposal; those come by number.
    pub fn proposal(&mut self, number: u32, state: State, draft: &Permit) {
        let files = draft.media.iter().map(|m| m.hash).collect();
        self.proposals.entry(draft.campaign.clone()).or_default().push((number, state, files));
    }

    /// As if everything in `drafts` were approved and every screen stood where the directory says: for looking ahead.
    #[must_use]
    pub fn granting(mut self, drafts: impl IntoIterator<Item = Draft>, directory: &Directory) -> Self {
        for draft in drafts.into_iter().filter(|d| !self.cover(&d.permit)).collect::<Vec<_>>() {
            self.permit(draft.subject(), draft.permit);
        }
        for place in stale(directory, &self) {
            self.place(Sha256Hash::of(place.screen.as_str().as_bytes()), place);
        }
        self
    }

    /// Does a permit in force allow all of it?
    pub fn cover(&self, wanted: &Permit) -> bool {
        let free = wanted.media.iter().all(|m| self.withdrawals.since(What::Media(m.hash)).is_none());
        free && self.permits.get(&wanted.campaign).is_some_and(|all| all.iter().any(|(_, p)| p.covers(wanted)))
    }

    /// The permits in force of its campaign that allow one of its files.
    pub fn sharing(&self, permit: &Permit) -> impl Iterator<Item = PermitHash> {
        let all = self.permits.get(&permit.campaign).into_iter().flatten();
        all.filter(|(_, other)| other.media.iter().any(|m| permit.media.contains(m))).map(|(name, _)| *name)
    }

    /// The permit under which a file may be shown as `campaign` at a screen on a day: the first one given.
    pub fn find(
        &self,
        (campaign, media): (&CampaignCode, &Media),
        screen: &ScreenCode,
        day: LocalDay,
    ) -> Result<PermitHash, Unapproved> {
        if self.withdrawals.since(What::Media(media.hash)).is_some() {
            return Err(Unapproved::Withdrawn);
        }
        let (_, place) = self.places.get(screen).ok_or(Unapproved::Place)?;
        let mut why = match self.newest_of(campaign, |file| file == media.hash) {
            Some((_, State::Withdrawn)) => Unapproved::Withdrawn,
            _ => Unapproved::NoPermit,
        };
        for (name, permit) in self.permits.get(campaign).into_iter().flatten() {
            match permit.allows((campaign, media), place, day) {
                Ok(()) => return Ok(*name),
                Err(no) => why = no,
            }
        }
        Err(why)
    }

    /// The same of a file of which only the name is known.
    pub fn find_file(
        &self,
        (campaign, hash): (&CampaignCode, MediaHash),
        screen: &ScreenCode,
        day: LocalDay,
    ) -> Result<PermitHash, Unapproved> {
        let permits = self.permits.get(campaign).into_iter().flatten();
        let known = permits.flat_map(|(_, permit)| &permit.media).find(|m| m.hash == hash);
        let (size_bytes, duration_s) = known.map_or((0, 0), |m| (m.size_bytes, m.duration_s));
        self.find((campaign, &Media { hash, size_bytes, kind: MediaKind::Video, duration_s }), screen, day)
    }

    /// The newest proposal of a campaign, and how it stands.
    pub fn newest(&self, campaign: &CampaignCode) -> Option<(u32, State)> {
        self.newest_of(campaign, |_| true)
    }
    /// The newest that is about one of these files: of a series each episode has one of its own.
    pub fn newest_of(&self, campaign: &CampaignCode, its: impl Fn(MediaHash) -> bool) -> Option<(u32, State)> {
        let all = self.proposals.get(campaign)?;
        let newest = all.iter().rev().find(|(_, _, files)| files.iter().any(|file| its(*file)));
        newest.map(|(number, state, _)| (*number, *state))
    }
    /// The name of the newest word on where a screen stands.
    pub fn place_of(&self, screen: &ScreenCode) -> Option<PlaceHash> {
        self.places.get(screen).map(|(name, _)| *name)
    }
    /// All that was taken back.
    pub fn withdrawals(&self) -> &Withdrawals {
        &self.withdrawals
    }
}

/// The managed screens that stand elsewhere than the newest word on them says, each as it stands now; its version is that of
/// the word before, 0 when there was none.
pub fn stale(directory: &Directory, permissions: &Permissions) -> Vec<Place> {
    let managed = directory.screens().filter(|s| s.kind == ScreenKind::Managed);
    let moved = managed.filter_map(|screen| {
        let known = permissions.places.get(&screen.code).map(|(_, place)| place);
        let (venue_type, above) = (screen.venue_type.clone(), above(directory, screen));
        let same = known.is_some_and(|k| k.venue_type == venue_type && k.above == above);
        let version = known.map_or(0, |k| k.version);
        (!same).then(|| Place { screen: screen.code.clone(), version, venue_type, above })
    });
    moved.collect()
}

/// A link as permits name it.
pub(super) fn tie(link: Link) -> Tie {
    match link {
        Link::Owner => Tie::Owner,
        Link::Territory => Tie::Territory,
        Link::Sector => Tie::Sector,
        Link::Operator => Tie::Operator,
    }
}

/// The units above a screen over time.
fn above(directory: &Directory, screen: &Screen) -> Vec<Above> {
    let days: BTreeSet<Option<LocalDay>> =
        Link::ALL.iter().flat_map(|link| screen.links.history(*link).iter().map(|(from, _)| from)).collect();
    let on = |from: Option<LocalDay>| {
        let of = |link: &Link| {
            let entry = screen.links.history(*link).iter().take_while(|(start, _)| *start <= from).last();
            entry.and_then(|(_, unit)| unit.clone())
        };
        let units = |link: &Link| -> Vec<Tied> {
            let by = tie(*link);
            let line =
                of(link).map(|unit| directory.line_of(&unit).map(|u| Tied { by, unit: u.code.clone() }).collect());
            line.unwrap_or_default()
        };
        let units: BTreeSet<Tied> = Link::ALL.iter().flat_map(units).collect();
        Above { from, units: units.into_iter().collect() }
    };
    days.into_iter().map(on).collect()
}
