//! From what counted on each screen to the figures of all.

use super::day::Lived;
use lichphat_playlists::quota::Ledger;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;

/// Plays lost for good, by what they were lost to, over all screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Causes {
    /// The screen was dark for a day and the days left could not catch up.
    pub outage: u64,
    /// The windows cannot hold what the order asks: proven.
    pub no_room: u64,
    /// The planner found no place, without a proof that there is none.
    pub not_found: u64,
    /// Planned, and not counted.
    pub not_counted: u64,
}

/// What the simulated period came to.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Counted plays per operating day: the screen with the fewest.
    pub min: f64,
    /// The same: one screen in twenty has as few or fewer.
    pub p5: f64,
    /// The same: the mean over all screens.
    pub mean: f64,
    /// Days of screens on which no play counted.
    pub zero_days: u64,
    /// Plays short of the period's total, mean over all screens.
    pub lost_mean: f64,
    /// What the lost plays were lost to; together they are `lost_mean` times the screens.
    pub causes: Causes,
}

/// Why a day carried less than its own share.
#[derive(Debug, Clone, Copy)]
enum Why {
    Outage,
    NoRoom,
    NotFound,
    NotCounted,
}

/// One screen's period.
#[derive(Debug, Clone, Default)]
pub(super) struct ScreenMonth {
    pub(super) counted: u32,
    zero_days: u32,
    lost: u32,
    causes: Causes,
    /// Plays that each day could carry, and what held it back if anything did.
    carried: Vec<(u32, Why)>,
}

impl ScreenMonth {
    pub(super) fn dark_day(&mut self) {
        self.zero_days += 1;
        self.carried.push((0, Why::Outage));
    }

    /// A day that was asked for `asked` plays and could hold `capacity` of them.
    pub(super) fn lit_day(&mut self, asked: u32, capacity: u32, lived: Lived) {
        self.counted += lived.counted;
        self.zero_days += u32::from(lived.counted == 0);
        let why = match lived {
            Lived { planned, proven, .. } if planned < asked => {
                if proven {
                    Why::NoRoom
                } else {
                    Why::NotFound
                }
            }
            Lived { planned, counted, .. } if counted < planned => Why::NotCounted,
            _ => Why::NoRoom,
        };
        // a day that did all it was asked for might have carried what its windows hold
        self.carried.push((if lived.counted < asked { lived.counted } else { capacity }, why));
    }

    /// Sums up and finds out to which days the plays were lost: the closed form of [`Ledger::lost`] names them.
    pub(super) fn close(&mut self, ledger: &Ledger) {
        let Some(last) = ledger.days().last().map(|d| d.day) else { return };
        self.lost = ledger.status(last, self.counted).short;
        let carried: Vec<u32> = self.carried.iter().map(|(plays, _)| *plays).collect();
        let guilty: Vec<LocalDay> = ledger.lost(&carried).into_iter().flat_map(|loss| loss.guilty).collect();
        let mut left = self.lost;
        for (index, day) in ledger.days().iter().enumerate().rev().filter(|(_, d)| guilty.contains(&d.day)) {
            let (plays, why) = self.carried[index];
            let missing = lichphat_playlists::quota::ceil(day.owed).saturating_sub(plays).min(left);
            left -= missing;
            *self.causes.of(why) += u64::from(missing);
        }
        self.carried = Vec::new();
    }
}

impl Causes {
    fn of(&mut self, why: Why) -> &mut u64 {
        match why {
            Why::Outage => &mut self.outage,
            Why::NoRoom => &mut self.no_room,
            Why::NotFound => &mut self.not_found,
            Why::NotCounted => &mut self.not_counted,
        }
    }
    fn add(&mut self, other: &Self) {
        self.outage += other.outage;
        self.no_room += other.no_room;
        self.not_found += other.not_found;
        self.not_counted += other.not_counted;
    }
}

impl Figures {
    pub(super) fn of(screens: &[ScreenMonth], days: u32) -> Self {
        let mut counted: Vec<u32> = screens.iter().map(|s| s.counted).collect();
        counted.sort_unstable();
        let per_day = |plays: u64, screens: usize| six_digits(plays as f64 / (screens as f64 * f64::from(days)));
        let fifth = counted.len().div_ceil(20).saturating_sub(1); // nearest rank
        let at = |rank: usize| counted.get(rank).map_or(0.0, |&plays| per_day(u64::from(plays), 1));
        let mut causes = Causes::default();
        screens.iter().for_each(|s| causes.add(&s.causes));
        let lost: u64 = screens.iter().map(|s| u64::from(s.lost)).sum();
        Self {
            min: at(0),
            p5: at(fifth),
            mean: per_day(counted.iter().map(|&c| u64::from(c)).sum(), screens.len()),
            zero_days: screens.iter().map(|s| u64::from(s.zero_days)).sum(),
            lost_mean: six_digits(lost as f64 / screens.len() as f64),
            causes,
        }
    }
}

fn six_digits(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
