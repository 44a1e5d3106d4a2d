//! What is wrong, put together by who can mend it and why, and ranked by what is at stake.

use super::model::{Cause, Mend, Standing, State, Thing};
use crate::directory::{Link, Screen};
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;

/// Where screens hang on one cable: who answers for them, and the address when somebody has said it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// Who runs them, else whose they are, else where they stand.
    pub unit: Option<UnitCode>,
    /// The address; empty when nobody has said.
    pub address: String,
}

/// The site of a screen on a day.
pub fn site_of(screen: &Screen, day: LocalDay) -> Site {
    let links = [Link::Operator, Link::Owner, Link::Territory, Link::Sector];
    let unit = links.into_iter().find_map(|link| screen.unit(link, day)).cloned();
    Site { unit, address: screen.address.clone() }
}

/// A screen and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// The screen.
    pub screen: &'a Screen,
    /// How it stands.
    pub standing: Standing,
}

/// What lasts for weeks is one thing when it is spread over more units than this.
const FEW_UNITS: usize = 3;

/// Everything that is wrong, one thing for each unit and cause (one for all of them where a cause lasts and is spread over many
/// units); most screens first, then most plays, then the worst cause.
pub fn things<'a>(here: impl IntoIterator<Item = Here<'a>>, day: LocalDay) -> Vec<Thing> {
    let mut found: BTreeMap<(Option<UnitCode>, State, Cause), (Thing, &'a ScreenCode)> = BTreeMap::new();
    for Here { screen, standing } in here {
        let Some(cause) = standing.cause else { continue };
        let unit = site_of(screen, day).unit;
        let (thing, _) = found.entry((unit.clone(), standing.state, cause)).or_insert_with(|| {
            let mend = Mend::Screen(screen.code.clone());
            let thing = Thing { cause, state: standing.state, unit, units: 1, screens: 0, plays: 0, since: None, mend };
            (thing, &screen.code)
        });
        thing.screens += 1;
        thing.plays += standing.plays;
        thing.since = earlier(thing.since, standing.since);
    }
    let mut things: Vec<Thing> = found.into_values().map(|(thing, _)| thing).collect();
    for thing in &mut things {
        if let Some(unit) = thing.unit.as_ref().filter(|_| thing.screens > 1) {
            thing.mend = Mend::Unit(unit.clone(), thing.state);
        }
    }
    for cause in [Cause::NoDevice, Cause::NoRecords, Cause::Short, Cause::NotApproved] {
        let (of_it, mut others): (Vec<Thing>, Vec<Thing>) = things.into_iter().partition(|t| t.cause == cause);
        // one yes mends it at all of them
        let few = if cause == Cause::NotApproved { 1 } else { FEW_UNITS };
        match of_it.len() > few {
            true => others.extend(of_it.into_iter().reduce(|a, b| spread(a, &b))),
            false => others.extend(of_it),
        }
        things = others;
    }
    things.sort_by_key(|t| (std::cmp::Reverse((t.screens, t.plays)), t.state, t.cause, t.unit.clone()));
    things
}

fn earlier(a: Option<UtcMillis>, b: Option<UtcMillis>) -> Option<UtcMillis> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The same over the units of both.
fn spread(mut a: Thing, b: &Thing) -> Thing {
    a.since = earlier(a.since, b.since);
    (a.units, a.screens, a.plays) = (a.units + b.units, a.screens + b.screens, a.plays + b.plays);
    (a.unit, a.mend) = (None, Mend::All(a.state));
    a
}
