//! From orders, contracts and local content to what people have to approve: pure.

use super::model::{Draft, Needs, Proposal, State};
use super::permissions::{Permissions, tie};
use crate::campaigns::{Campaigns, Directive, LoopItem, Place, Product};
use crate::directory::Link;
use lichphat_playlists::ids::{CampaignCode, MediaHash, UnitCode, VenueType};
use lichphat_playlists::media::Media;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::permit::{Permit, Permitted, Tied, Where};
use std::collections::{BTreeMap, BTreeSet};

/// First and last day; none: open.
type Days = (Option<LocalDay>, Option<LocalDay>);

/// All that orders, contracts, loops and safe loops want to show, as far as its files are in the library. What the city
/// orders, what stands in everywhere, and what a unit would show on screens that it neither owns nor runs takes the city's word; the
/// rest that of the units at whose screens it is shown.
pub fn drafts(campaigns: &Campaigns, media: &BTreeMap<MediaHash, Media>) -> Vec<Draft> {
    let order = |d: &Directive| -> Vec<Draft> {
        let places = lines(d.target.iter().map(|t| (t.link, &t.unit, &t.venue_types[..])));
        let periods = d.periods();
        let days = (periods.iter().map(|p| p.0).min(), periods.iter().map(|p| p.1).max());
        // each episode is a decision of its own: a yes to one is none to the next
        let episode = |(from, product): (Option<LocalDay>, &Product)| {
            draft(Needs::City, &d.campaign(), (product, media), places.clone(), (from.or(days.0), days.1))
        };
        d.products().filter_map(episode).collect()
    };
    let orders = campaigns.directives().flat_map(order);
    let contracts =
        campaigns.contracts().filter_map(|c| own(&c.code, (&c.product, media), &c.place, (Some(c.from), Some(c.to))));
    let items = campaigns.items().filter(|i| !i.draft).filter_map(|i| of_item(i, media));
    let fixed = campaigns.fixed().filter_map(|f| own(&f.code, (&f.product, media), &f.place, (f.days.from, f.days.to)));
    let safe = campaigns
        .fallbacks()
        .filter_map(|f| draft(Needs::City, &f.code, (&f.product, media), Vec::new(), (None, None)));
    orders.chain(contracts).chain(items).chain(fixed).chain(safe).collect()
}

/// What an item of a loop wants to show; none where its file is not in the library.
pub fn of_item(item: &LoopItem, media: &BTreeMap<MediaHash, Media>) -> Option<Draft> {
    own(&item.code, (&item.product, media), &item.place, (item.days.from, item.days.to))
}

/// A product, and the library.
type Shown<'a> = (&'a Product, &'a BTreeMap<MediaHash, Media>);

fn draft(
    needs: Needs,
    code: &CampaignCode,
    (product, media): Shown<'_>,
    places: Vec<Where>,
    (from, until): Days,
) -> Option<Draft> {
    let media = files(product, media);
    let permit = Permit { number: 0, campaign: code.clone(), media, places, from, until, approved: Vec::new() };
    (!permit.media.is_empty()).then(|| Draft { needs, title: product.title.clone(), permit })
}

/// The same of what is a unit's; on screens that are others' its own word is not enough.
fn own(code: &CampaignCode, shown: Shown<'_>, places: &[Place], days: Days) -> Option<Draft> {
    let units: BTreeSet<UnitCode> = places.iter().map(|p| p.unit.clone()).collect();
    let theirs = places.iter().all(|p| matches!(p.link, Link::Owner | Link::Operator));
    let needs = if theirs { Needs::Units(units.into_iter().collect()) } else { Needs::City };
    draft(needs, code, shown, lines(places.iter().map(|p| (p.link, &p.unit, &p.venue_types[..]))), days)
}

fn lines<'a>(of: impl Iterator<Item = (Link, &'a UnitCode, &'a [VenueType])>) -> Vec<Where> {
    let line = |(link, unit, venue_types): (Link, &UnitCode, &[_])| Where {
        unit: Some(Tied { by: tie(link), unit: unit.clone() }),
        venue_types: venue_types.to_vec(),
        screens: Vec::new(),
    };
    let lines: BTreeSet<Where> = of.map(line).collect();
    lines.into_iter().collect()
}

/// The files of a product that are there and can be shown for as long as it says.
fn files(product: &Product, media: &BTreeMap<MediaHash, Media>) -> Vec<Permitted> {
    let known = product.variant.iter().filter_map(|v| media.get(&v.media?));
    let files: BTreeSet<Permitted> = known.filter_map(|m| Some(Permitted::from(&product.shows(m)?))).collect();
    files.into_iter().collect()
}

/// What has to be put to people, and which open proposals nobody wants any more. What a permit in force covers is not asked
/// again, nor what waits already or was refused.
pub fn compare(drafts: Vec<Draft>, permissions: &Permissions, proposals: &[Proposal]) -> (Vec<Draft>, Vec<u32>) {
    let wanted: BTreeSet<_> = drafts.iter().map(Draft::subject).collect();
    let open = proposals.iter().filter(|p| p.state == State::Open);
    let lapsed = open.filter(|p| !wanted.contains(&p.draft.subject())).map(|p| p.number).collect();
    let settled: BTreeSet<_> = proposals
        .iter()
        .filter(|p| matches!(p.state, State::Open | State::Refused))
        .map(|p| p.draft.subject())
        .collect();
    let new = drafts.into_iter().filter(|d| !settled.contains(&d.subject()) && !permissions.cover(&d.permit));
    (new.collect(), lapsed)
}

/// How something that is to be shown stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'p> {
    /// Nobody has been asked.
    Unasked,
    /// It waits for people.
    Waits(&'p Proposal),
    /// Somebody said no.
    Refused(&'p Proposal),
    /// It was approved, and taken back.
    Withdrawn(&'p Proposal),
    /// It may be shown.
    Approved,
}

impl<'p> Standing<'p> {
    /// Of a draft, among what is in force and what was put to people.
    pub fn of(draft: &Draft, permissions: &Permissions, proposals: &'p [Proposal]) -> Self {
        if permissions.cover(&draft.permit) {
            return Self::Approved;
        }
        let subject = draft.subject();
        let newest = proposals
            .iter()
            .rev()
            .find(|p| p.draft.permit.campaign == draft.permit.campaign && p.draft.subject() == subject);
        match newest {
            Some(p) if p.state == State::Open => Self::Waits(p),
            Some(p) if p.state == State::Refused => Self::Refused(p),
            Some(p) if p.state == State::Withdrawn => Self::Withdrawn(p),
            _ => Self::Unasked,
        }
    }
}
