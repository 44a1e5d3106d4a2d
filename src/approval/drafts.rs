//! From orders, contracts and local content to what people have to approve: pure.

use super::model::{Draft, Needs, Proposal, State};
use super::permissions::{Permissions, tie};
use crate::campaigns::{Campaigns, Directive, Place, Product};
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
    let draft = |needs, code: &CampaignCode, product: &Product, places, (from, until): Days| {
        let media = files(product, media);
        let permit = Permit { number: 0, campaign: code.clone(), media, places, from, until, approved: Vec::new() };
        (!permit.media.is_empty()).then(|| Draft { needs, title: product.title.clone(), permit })
    };
    let own = |code: &CampaignCode, product: &Product, places: &[Place], days: Days| {
        let units: BTreeSet<UnitCode> = places.iter().map(|p| p.unit.clone()).collect();
        // on screens that are others' a unit's own word is not enough
        let theirs = places.iter().all(|p| matches!(p.link, Link::Owner | Link::Operator));
        let needs = if theirs { Needs::Units(units.into_iter().collect()) } else { Needs::City };
        draft(needs, code, product, lines(places.iter().map(|p| (p.link, &p.unit, &p.venue_types[..]))), days)
    };
    let order = |d: &Directive| {
        let places = lines(d.target.iter().map(|t| (t.link, &t.unit, &t.venue_types[..])));
        let periods = d.periods();
        let days = (periods.iter().map(|p| p.0).min(), periods.iter().map(|p| p.1).max());
        draft(Needs::City, &d.campaign(), d.product.as_ref()?, places, days)
    };
    let orders = campaigns.directives().filter_map(order);
    let contracts =
        campaigns.contracts().filter_map(|c| own(&c.code, &c.product, &c.place, (Some(c.from), Some(c.to))));
    let items = campaigns.items().filter_map(|i| own(&i.code, &i.product, &i.place, (i.days.from, i.days.to)));
    let fixed = campaigns.fixed().filter_map(|f| own(&f.code, &f.product, &f.place, (f.days.from, f.days.to)));
    let safe = campaigns.fallbacks().filter_map(|f| draft(Needs::City, &f.code, &f.product, Vec::new(), (None, None)));
    orders.chain(contracts).chain(items).chain(fixed).chain(safe).collect()
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
