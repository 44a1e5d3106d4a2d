//! What a day is asked for before an order is signed: its own share, whatever the ledger would ask to run ahead or to
//! catch up, and whether or not there is room for it. Pure.

use super::Question;
use crate::campaigns::Period;
use crate::planning::compose::{DayInput, Wanted};
use crate::planning::horizon::left_packing;
use crate::planning::world::{Inputs, World};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::quota::{Ratio, Sharer, ceil, share};
use lichphat_playlists::time::LocalDay;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Plays asked of a screen on a day, where the number is its unit's.
pub(super) type Parts = BTreeMap<(ScreenCode, LocalDay), u32>;

impl Question<'_> {
    /// The days on duty, each asked for its own share of the order instead of the run-ahead.
    pub(super) fn own_shares(&self, inputs: &Inputs, parts: &Parts) -> Vec<DayInput> {
        let campaign = self.directive.campaign();
        let screens: BTreeSet<&ScreenCode> = inputs.days.iter().map(|i| &i.screen).collect();
        let own: BTreeMap<&ScreenCode, BTreeMap<LocalDay, Ratio>> =
            screens.into_par_iter().map(|screen| (screen, self.own_share(screen))).collect();
        let asked = |input: &DayInput| {
            let mut input = input.clone();
            let own = own.get(&input.screen).and_then(|days| days.get(&input.day));
            let part = parts.get(&(input.screen.clone(), input.day));
            for wanted in input.wanted.iter_mut().filter(|w| w.asset.code == campaign) {
                wanted.target = match (part, own) {
                    (Some(part), _) => *part,
                    (None, Some(own)) => asked_of(wanted, *own),
                    (None, None) => wanted.target,
                };
                wanted.behind_since = None;
            }
            input
        };
        inputs.days.iter().filter(|i| !i.duty.is_empty()).map(asked).collect()
    }

    /// What each of the days owes by itself; nothing where the number is a unit's ([`Question::parts`]).
    fn own_share(&self, screen: &ScreenCode) -> BTreeMap<LocalDay, Ratio> {
        let World { directory, campaigns, .. } = self.world;
        let (Some(screen), false) = (directory.screen(screen), self.directive.is_of_units()) else {
            return BTreeMap::new();
        };
        let owed = self.periods().into_iter();
        let owed = owed.flat_map(|(first, _)| campaigns.days_owed(directory, self.directive, screen, first));
        owed.filter(|d| self.days.contains(&d.day)).map(|d| (d.day, d.owed)).collect()
    }

    fn periods(&self) -> BTreeSet<Period> {
        self.days.iter().filter_map(|d| self.directive.period(*d)).collect()
    }

    /// Of a unit's number: each screen's part of what its days owe, shared by what the screens can carry. What all of
    /// them cannot carry is asked of the first that can carry most, so that the lack of room is seen.
    pub(super) fn parts(&self) -> Parts {
        let World { directory, campaigns, .. } = self.world;
        let mut parts = Parts::new();
        if !self.directive.is_of_units() {
            return parts;
        }
        for period in self.periods() {
            for (unit, screens) in self.directive.quota_units(directory, period) {
                let members = self.world.members(self.directive, (unit, &screens), self.days, |_| BTreeMap::new());
                let owed = campaigns.unit_days_owed(directory, self.directive, (unit, &screens), period.0);
                for d in owed.iter().filter(|d| d.operating && self.days.contains(&d.day)) {
                    let able: Vec<(&ScreenCode, u32)> =
                        members.iter().filter_map(|(code, m)| Some((code, *m.capacity.get(&d.day)?))).collect();
                    let sharers: Vec<Sharer> = able.iter().map(|(_, k)| Sharer { capacity: *k, had: 0 }).collect();
                    let mut plays = share(ceil(d.owed), &sharers);
                    let rest = ceil(d.owed).saturating_sub(plays.iter().sum());
                    let most = (0..able.len()).max_by_key(|i| (able[*i].1, std::cmp::Reverse(*i)));
                    if let Some(most) = most {
                        plays[most] += rest;
                    }
                    parts.extend(able.iter().zip(plays).map(|((code, _), n)| (((*code).clone(), d.day), n)));
                }
            }
        }
        parts
    }
}

/// Plays to ask for on a day that owes `own`: the ledger asks for no more than there is room for, and here the lack of
/// room is the question. Of two a month each is asked for on the day that the ledger chose, if any day can carry it.
fn asked_of(wanted: &Wanted, own: Ratio) -> u32 {
    let room = left_packing(&wanted.windows, wanted.asset.media.duration_s, wanted.min_gap_s);
    if own >= Ratio::from_integer(1) || (room == 0 && own > Ratio::from_integer(0)) {
        ceil(own)
    } else {
        wanted.target.min(ceil(own))
    }
}
