//! What pages say of now and of what comes: how each screen stands, how each order will end, and the map of the last days.
//!
//! Made behind the pages, with the figures: a page only looks things up and adds a few numbers.

use super::data::City;
use super::figures::CampaignNow;
use crate::attention::{self, Account, BoxFacts, Cell, Due, Fates, HEAT_DAYS, Standing, State, Subject, fates};
use crate::compliance::{Basis, DayFacts, DeviceFacts};
use crate::directory::{Link, Screen};
use crate::fleet::DeviceState;
use crate::notify::Case;
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How every screen of the city stands by its hours and its box.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    pub(super) of: BTreeMap<ScreenCode, Standing>,
    /// Screens at which two boxes with one identity were heard.
    pub(super) doubled: Vec<ScreenCode>,
    /// Dark and offline sites that somebody has taken.
    pub(super) taken: Vec<Case>,
    /// When that was looked at.
    pub(super) made: UtcMillis,
}

impl Boxes {
    /// Of the present devices and the newest records that are held.
    pub(super) fn of(
        city: &City,
        states: &[DeviceState],
        devices: &BTreeMap<ScreenCode, DeviceFacts>,
        (now, offset): (UtcMillis, UtcOffset),
    ) -> Self {
        let boxes: BTreeMap<&ScreenCode, BoxFacts> = states
            .iter()
            .map(|s| (&s.screen, BoxFacts::of(s, devices.get(&s.screen).and_then(|d| d.reported_until))))
            .collect();
        let day = now.day(offset);
        let standing = city.directory.screens().filter(|s| s.in_service.contains(day));
        let of = standing
            .map(|s| (s.code.clone(), attention::present(&city.directory, s, boxes.get(&s.code), (now, offset))))
            .collect();
        let doubled = states.iter().filter(|s| s.is_doubled()).map(|s| s.screen.clone()).collect();
        Self { of, doubled, taken: Vec::new(), made: now }
    }

    pub(super) fn state(&self, screen: &ScreenCode) -> State {
        self.of.get(screen).map_or(State::Unmanaged, |standing| standing.state)
    }
}

/// What one order's coming days look like, as things stand.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Of each screen today.
    pub(super) due: BTreeMap<ScreenCode, Due>,
    /// Of each screen since the order's first day and to its last.
    pub(super) accounts: BTreeMap<ScreenCode, Account>,
    /// Of each screen: today, this week, to the end.
    pub(super) screens: BTreeMap<ScreenCode, Fates>,
    /// The same of units, where the number is a unit's.
    pub(super) units: BTreeMap<UnitCode, Fates>,
    /// The days of the map, today the last.
    pub(super) days: Vec<LocalDay>,
    /// Of each screen on those days.
    pub(super) cells: BTreeMap<ScreenCode, Vec<Cell>>,
    /// Of each unit along each link.
    pub(super) heat: BTreeMap<(Link, UnitCode), Vec<Cell>>,
}

impl Outlook {
    /// Of an order's basis up to `today`, with the days to come of its plans.
    pub(super) fn of(
        city: &City,
        basis: &mut Basis,
        ahead: BTreeMap<ScreenCode, BTreeMap<LocalDay, DayFacts>>,
        boxes: &Boxes,
        today: LocalDay,
    ) -> Self {
        let Some(quota) = basis.quota else { return Self::default() };
        let mut ahead = ahead;
        for facts in &mut basis.screens {
            facts
                .days
                .extend(ahead.remove(&facts.screen).unwrap_or_default().into_iter().filter(|(day, _)| *day > today));
        }
        let first = (1..HEAT_DAYS).fold(today, |day, _| day.previous()).max(basis.period.from);
        let mut out = Self { days: first.through(today).collect(), ..Self::default() };
        for facts in &basis.screens {
            let subject = Subject { owed: &facts.owed, screens: vec![(boxes.state(&facts.screen), &facts.days)] };
            out.screens.insert(facts.screen.clone(), fates(&quota, &subject, today));
            out.accounts.insert(facts.screen.clone(), Account::of(&quota, &facts.owed, &facts.days, today));
            if let Some(owed) = facts.owed.iter().find(|d| d.day == today) {
                out.due.insert(facts.screen.clone(), Due::of(owed, facts.days.get(&today)));
            }
            let cells = attention::cells(&out.days, &facts.owed, &facts.days);
            if let Some(screen) = city.directory.screen(&facts.screen) {
                for link in Link::ALL {
                    for unit in city.directory.units_of(screen, *link, today) {
                        let sum = out
                            .heat
                            .entry((*link, unit.code.clone()))
                            .or_insert_with(|| vec![Cell::default(); cells.len()]);
                        sum.iter_mut().zip(&cells).for_each(|(sum, cell)| sum.add(*cell));
                    }
                }
            }
            out.cells.insert(facts.screen.clone(), cells);
        }
        for unit in &basis.quota_units {
            let screens = unit.screens.iter().filter_map(|&i| basis.screens.get(i as usize));
            let screens = screens.map(|f| (boxes.state(&f.screen), &f.days)).collect();
            out.units.insert(unit.unit.clone(), fates(&quota, &Subject { owed: &unit.owed, screens }, today));
        }
        out
    }
}

/// Everything a page needs to say how a screen stands.
pub(super) struct Look<'a> {
    pub(super) boxes: &'a Boxes,
    pub(super) now: &'a [Arc<CampaignNow>],
}

impl Look<'_> {
    /// How the screen stands, with what today still brings.
    pub(super) fn standing(&self, screen: &Screen) -> Standing {
        let present = self.boxes.of.get(&screen.code).copied().unwrap_or(Standing::plain(State::OffDuty));
        attention::with_plays(present, self.now.iter().filter_map(|c| c.outlook.due.get(&screen.code)).copied())
    }
}
