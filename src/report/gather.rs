//! From the figures' basis to a report's data: pure.

use super::model::{Line, Name, Order, RaisedNumber, Selection};
use crate::campaigns::{Campaigns, Directive, DirectiveKind, Override};
use crate::directory::{Directory, Link, Screen};
use lichphat_playlists::figures::{Basis, Report, ScreenLine};
use lichphat_playlists::ids::{UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// The city, as a report needs it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Units and screens.
    pub directory: &'a Directory,
    /// Orders.
    pub campaigns: &'a Campaigns,
}

impl<'a> Facts<'a> {
    /// The orders that a report is about: they ask for a number of plays and some of their days are in it.
    pub(super) fn orders(self, selection: &Selection) -> Vec<&'a Directive> {
        let meant = |d: &&Directive| selection.campaign.as_ref().is_none_or(|code| d.campaign() == *code);
        let asks = |d: &&Directive| d.kind == DirectiveKind::Play && d.quota.is_some();
        let touches = |d: &&Directive| overlaps(d, selection);
        let mut orders: Vec<&Directive> = self.campaigns.directives().filter(meant).filter(asks).collect();
        if selection.campaign.is_none() {
            orders.retain(touches);
        }
        orders
    }

    /// Is the screen one of those that are asked for?
    pub(super) fn wants(self, selection: &Selection, screen: &Screen) -> bool {
        let venue = selection.venue.as_ref().is_none_or(|venue| screen.venue_type == *venue);
        let tied = |unit: &UnitCode| {
            let links = selection.link.as_ref().map_or(Link::ALL, std::slice::from_ref);
            links.iter().any(|link| self.directory.is_in(screen, unit, *link, selection.span.to))
        };
        venue && selection.unit.as_ref().is_none_or(tied)
    }

    /// One order's part; none when it has no number.
    pub(super) fn order(self, selection: &Selection, directive: &Directive, basis: &Basis) -> Option<Order> {
        let Report { lines, mut quota_units, .. } = basis.report();
        let line = |figures: ScreenLine| {
            let screen = self.directory.screen(&figures.screen).filter(|screen| self.wants(selection, screen))?;
            let unit = screen.unit(selection.split(), selection.span.to).cloned();
            Some(Line { unit, venue: screen.venue_type.clone(), figures })
        };
        quota_units.retain(|line| selection.unit.as_ref().is_none_or(|top| self.directory.lies_under(&line.unit, top)));
        Some(Order {
            campaign: basis.campaign.clone(),
            title: Name { vi: directive.title.clone(), en: directive.title_en.clone() },
            number: directive.number.clone(),
            sample: directive.sample,
            quota: basis.quota?,
            lines: lines.into_iter().filter_map(line).collect(),
            quota_units,
            raised: self.raised(selection, directive, basis),
        })
    }

    /// The numbers that were raised for screens of the report, each with what held to the city's number would have come of it.
    fn raised(self, selection: &Selection, directive: &Directive, basis: &Basis) -> Vec<RaisedNumber> {
        let (from, to) = (selection.span.from, selection.span.to);
        let meant = |o: &&Override| o.from <= to && o.to.is_none_or(|last| from <= last);
        let city = Directive { overrides: Vec::new(), ..directive.clone() };
        directive.overrides.iter().filter(meant).filter_map(|o| self.raise(selection, (&city, o), basis)).collect()
    }

    fn raise(
        self,
        selection: &Selection,
        (city, raise): (&Directive, &Override),
        basis: &Basis,
    ) -> Option<RaisedNumber> {
        let day = raise.from.max(selection.span.from);
        let under = |screen: &Screen| self.directory.is_in(screen, &raise.unit, raise.link, day);
        let mut own = basis.clone();
        own.links.clear();
        if city.is_of_units() {
            own.quota_units.retain(|unit| self.directory.lies_under(&unit.unit, &raise.unit));
            own.quota_units
                .retain(|unit| selection.unit.as_ref().is_none_or(|top| self.directory.lies_under(&unit.unit, top)));
        } else {
            let meant = |screen: &Screen| self.wants(selection, screen) && under(screen);
            own.screens.retain(|facts| self.directory.screen(&facts.screen).is_some_and(meant));
        }
        let held_to_city = self.held_to(city, &own);
        let some = own.screens.iter().find_map(|facts| self.directory.screen(&facts.screen).filter(|s| under(s)));
        let city_plays = city.quota_on(self.directory, some?, day).map(|(quota, _)| quota.plays)?;
        let (own, city) = (Came::of(&own.report()), Came::of(&held_to_city.report()));
        Some(RaisedNumber {
            unit: raise.unit.clone(),
            link: raise.link,
            decision: raise.number.clone(),
            from: raise.from,
            to: raise.to,
            city_plays,
            own_plays: raise.plays,
            on_duty: own.on_duty,
            met_city: city.met,
            met_own: own.met,
            owed_city: city.owed,
            owed_own: own.owed,
            counted: own.counted,
        })
    }

    /// The same basis with what `order` makes its days owe.
    fn held_to(self, order: &Directive, basis: &Basis) -> Basis {
        let mut held = basis.clone();
        let inside = |(first, last): &(LocalDay, LocalDay)| *first <= held.period.to && held.period.from <= *last;
        let starts: Vec<LocalDay> =
            order.periods().iter().filter(|p| inside(p)).map(|(first, _)| (*first).max(held.period.from)).collect();
        for facts in held.screens.iter_mut().filter(|_| !order.is_of_units()) {
            let Some(screen) = self.directory.screen(&facts.screen) else { continue };
            let owed = starts.iter().flat_map(|day| self.campaigns.days_owed(self.directory, order, screen, *day));
            facts.owed = owed.collect();
        }
        for unit in &mut held.quota_units {
            let screens = unit.screens.iter().filter_map(|i| basis.screens.get(*i as usize));
            let screens: Vec<&Screen> = screens.filter_map(|facts| self.directory.screen(&facts.screen)).collect();
            let of = (&unit.unit, screens.as_slice());
            let owed = starts.iter().flat_map(|day| self.campaigns.unit_days_owed(self.directory, order, of, *day));
            unit.owed = owed.collect();
        }
        held
    }

    /// Names of the units that stand in these orders, and of the one that was asked for.
    pub(super) fn unit_names(self, selection: &Selection, orders: &[Order]) -> BTreeMap<UnitCode, Name> {
        let of_order = |order: &Order| {
            let lines = order.lines.iter().filter_map(|line| line.unit.clone());
            let numbers = order.quota_units.iter().map(|line| line.unit.clone());
            let raised = order.raised.iter().map(|raised| raised.unit.clone());
            lines.chain(numbers).chain(raised).collect::<Vec<_>>()
        };
        let codes = orders.iter().flat_map(of_order).chain(selection.unit.clone());
        let named = codes.filter_map(|code| {
            let unit = self.directory.unit(&code)?;
            Some((code, Name { vi: unit.name.clone(), en: unit.name_en.clone() }))
        });
        named.collect()
    }

    /// Names of the kinds of place that stand in these orders, and of the one that was asked for.
    pub(super) fn venue_names(self, selection: &Selection, orders: &[Order]) -> BTreeMap<VenueType, Name> {
        let kinds = orders.iter().flat_map(|order| order.lines.iter().map(|line| line.venue.clone()));
        let named = kinds.chain(selection.venue.clone()).filter_map(|kind| {
            let profile = self.directory.venue(&kind, selection.span.to)?;
            let name = Name { vi: profile.name.clone(), en: Some(profile.name_en.clone()) };
            Some((kind, name))
        });
        named.collect()
    }
}

fn overlaps(directive: &Directive, selection: &Selection) -> bool {
    directive.periods().iter().any(|(first, last)| *first <= selection.span.to && selection.span.from <= *last)
}

/// What a raised number came to.
struct Came {
    on_duty: u32,
    met: u32,
    owed: u64,
    counted: u64,
}

impl Came {
    fn of(report: &Report) -> Self {
        let mut came = Self { on_duty: 0, met: 0, owed: 0, counted: 0 };
        let mut add = |days: u32, met: bool, owed: u32, counted: u32| {
            came.on_duty += u32::from(days > 0);
            came.met += u32::from(days > 0 && met);
            came.owed += u64::from(owed);
            came.counted += u64::from(counted);
        };
        if report.of == lichphat_playlists::quota::Of::Unit {
            report.quota_units.iter().for_each(|u| add(u.operating_days, u.met, u.owed, u.counted));
        } else {
            report.lines.iter().for_each(|l| add(l.operating_days, l.met, l.owed, l.counted));
        }
        came
    }
}
