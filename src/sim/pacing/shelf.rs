//! Days that are alike are planned once and lived once, however many screens have them.
//!
//! That is exact, not an estimate. Planner and checker are pure functions of the day's problem, and a lit day is a
//! pure function of its playlist ([`live`] takes nothing else): every box gets its power before the day begins,
//! knows no record that the plan's maker did not know, and stands still at night for longer than any minimum gap.
//! A test lives a month in one go, with one core and its records, and comes to the same figures.

use super::day::{Lived, live};
use super::place::Place;
use crate::planning::{Composed, compose};
use crate::sim::SimError;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::plan::Effort;
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Things by key, each made by whoever comes first while the others wait for him.
type Once<K, T> = Mutex<BTreeMap<K, Arc<Mutex<Option<T>>>>>;

fn once<K: Ord, T: Clone>(
    shelf: &Once<K, T>,
    key: K,
    make: impl FnOnce() -> Result<T, SimError>,
) -> Result<T, SimError> {
    let slot = Arc::clone(shelf.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match &*slot {
        Some(made) => Ok(made.clone()),
        None => Ok(slot.insert(make()?).clone()),
    }
}

/// One place with what its days came to.
#[derive(Debug)]
pub(super) struct Shelf {
    place: Place,
    plans: Once<Sha256Hash, Arc<Composed>>,
    days: Once<(LocalDay, u32), Lived>,
}

impl Shelf {
    pub(super) fn new(place: Place) -> Self {
        Self { place, plans: Mutex::default(), days: Mutex::default() }
    }

    /// What `day` comes to when the ledger asks it for `target` plays: the only things in which the days of one
    /// place differ.
    pub(super) fn live(&self, day: LocalDay, target: u32) -> Result<Lived, SimError> {
        once(&self.days, (day, target), || {
            let input = self.place.day(day, target);
            let plan = || Ok(Arc::new(compose(&input, None, Effort::Quick)?));
            let composed = once(&self.plans, input.shape_hash(), plan)?;
            live(&composed, &input)
        })
    }
}
