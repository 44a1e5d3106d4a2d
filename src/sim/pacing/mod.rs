//! Pacing over many simulated screens: one order of so many plays a day inside peak hours, days on which nothing
//! plays, and the product itself in between: the period ledger asks each day for its plays, the planner places
//! them among contracts and a local loop, the checker looks, the player's own core shows the day, and the counting
//! rule judges what it wrote down. At night the ledger hears what counted; the days after a dark one catch up.

mod day;
mod figures;
mod place;
mod shelf;
#[cfg(test)]
mod tests;

pub use figures::{Causes, Figures};

use super::SimError;
use crate::planning::horizon::left_packing;
use figures::ScreenMonth;
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ports::Rng as _;
use lichphat_playlists::quota::{DayOwed, Ledger, LedgerOptions, Period, Ratio, Rule};
use lichphat_playlists::time::{IntervalSet, LocalDay};
use place::Place;
use rayon::prelude::*;
use shelf::Shelf;

/// What to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Screens, at least 1.
    pub screens: u32,
    /// Days, at least 1: all operate, together they are one period of the order.
    pub days: u32,
    /// Hours in which a play counts: 7 is 07:00 to 08:00. None twice, each from 0 to 23, at least one.
    pub peak_hours: Vec<u8>,
    /// Plays a day that the order asks for on average.
    pub quota: u32,
    /// Chance of a day on which nothing plays, 0 to 1, for every screen and day by itself.
    pub outage: f64,
    /// Seed of the outages, and of the places when they are distinct.
    pub seed: u64,
    /// Length of the order's clip, seconds; at most an hour.
    pub length_s: u32,
    /// Least seconds between counted starts.
    pub min_gap_s: u32,
    /// Every screen has people, contracts and a local loop of its own: nothing is shared.
    pub distinct: bool,
}

impl Setting {
    /// Seconds from start to start that a plan keeps.
    fn gap_s(&self) -> u32 {
        self.min_gap_s.max(self.length_s)
    }

    /// No date decides anything: all days operate.
    fn first_day(&self) -> LocalDay {
        LocalDay::from_ymd(2026, 1, 1).expect("a day that exists")
    }

    /// The order's ledger with its defaults: run-ahead `h` = a day's plays, daily cap `M` = one and a half.
    fn ledger(&self) -> Ledger {
        let owed = Ratio::from_integer(i128::from(self.quota));
        let days = (0..self.days).map(|t| DayOwed { day: self.first_day().plus(t), owed, operating: true });
        Ledger::new(Rule::Average, Period::Day, days.collect(), LedgerOptions::default())
    }

    /// When the windows of the order are open.
    pub fn windows(&self) -> IntervalSet {
        place::windows(self)
    }

    /// Is `screen` without power, day by day?
    fn outages(&self, screen: u32) -> impl Iterator<Item = bool> {
        // one generator per screen: more screens or more days change nobody's fate
        let rng = SeededRng::new(self.seed ^ u64::from(screen).wrapping_mul(0xd134_2543_de82_ef95));
        let outage = self.outage;
        (0..self.days).map(move |_| {
            let mut bytes = [0; 8];
            rng.fill(&mut bytes);
            // 53 bits are a float between 0 and 1 exactly
            ((u64::from_le_bytes(bytes) >> 11) as f64) < outage * (1u64 << 53) as f64
        })
    }
}

/// Lives all days of all screens. `progress` hears of every screen that is done.
pub fn run(setting: &Setting, progress: impl Fn() + Sync) -> Result<Figures, SimError> {
    let ledger = setting.ledger();
    let Some(last) = ledger.days().last().map(|d| d.day) else { return Ok(Figures::default()) };
    let place = || Place::new(setting, ledger.cap(last), last);
    let shared = Shelf::new(place());
    let months = (0..setting.screens).into_par_iter().map(|screen| {
        let own = setting.distinct.then(|| Shelf::new(place().distinct(setting.seed.wrapping_add(u64::from(screen)))));
        let month = live_month(setting, &ledger, own.as_ref().unwrap_or(&shared), screen);
        progress();
        month
    });
    Ok(Figures::of(&months.collect::<Result<Vec<_>, _>>()?, setting.days))
}

fn live_month(setting: &Setting, ledger: &Ledger, shelf: &Shelf, screen: u32) -> Result<ScreenMonth, SimError> {
    // K, what a day can carry: the left-packing bound, as planning reckons
    let capacity = left_packing(&setting.windows(), setting.length_s, setting.gap_s());
    let mut month = ScreenMonth::default();
    for (owed, dark) in ledger.days().iter().zip(setting.outages(screen)) {
        let asked = ledger.target(owed.day, month.counted, capacity);
        if dark {
            month.dark_day();
        } else {
            month.lit_day(asked, capacity, shelf.live(owed.day, asked)?);
        }
    }
    month.close(ledger);
    Ok(month)
}
