//! From the figures' basis to a report's data: pure.

use super::beside::TimeOff;
use super::model::{DividedUnit, Line, Name, Order, RaisedNumber, Selection, SuspendedBy, UnitNumber};
use crate::campaigns::{Campaigns, Directive, DirectiveKind, Force, Override};
use crate::directory::{Directory, Link, Screen};
use lichphat_playlists::figures::{Basis, QuotaUnit, Report, SUSPENDED, ScreenFacts, ScreenLine};
use lichphat_playlists::ids::{UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use std::collections::{BTreeMap, BTreeSet};

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
        let Report { lines, quota_units, .. } = basis.report();
        let (numbers, divided, of) = self.numbers(selection, basis, quota_units);
        let line = |(place, figures): (usize, ScreenLine)| {
            let screen = self.directory.screen(&figures.screen).filter(|screen| self.wants(selection, screen))?;
            let unit = screen.unit(selection.split(), selection.span.to).cloned();
            Some(Line {
                unit,
                venue: screen.venue_type.clone(),
                number_of: of.get(&place).cloned(),
                copied: false,
                figures,
            })
        };
        Some(Order {
            campaign: basis.campaign.clone(),
            title: Name { vi: directive.title.clone(), en: directive.title_en.clone() },
            number: directive.number.clone(),
            sample: directive.sample,
            quota: basis.quota?,
            lines: lines.into_iter().enumerate().filter_map(line).collect(),
            suspended: self.suspended(selection, basis),
            raised: self.raised(selection, directive, basis, &numbers),
            quota_units: numbers,
            divided,
        })
    }

    /// Units' own numbers: those whose screens the report holds all, those of which it holds a part, and whose each screen is. What a part
    /// of the screens has reached says nothing of a number that is for all of them.
    fn numbers(self, selection: &Selection, basis: &Basis, figures: Vec<QuotaUnit>) -> Numbers {
        let (mut whole, mut divided, mut of) = Numbers::default();
        let wanted = |facts: &ScreenFacts| {
            self.directory.screen(&facts.screen).is_some_and(|screen| self.wants(selection, screen))
        };
        let wanted: Vec<bool> = basis.screens.iter().map(wanted).collect();
        for (unit, figures) in basis.quota_units.iter().zip(figures) {
            let places: Vec<usize> = unit.screens.iter().map(|i| *i as usize).collect();
            let here = places.iter().filter(|i| wanted.get(**i) == Some(&true)).count();
            let asked = selection.unit.as_ref().is_none_or(|top| self.directory.lies_under(&unit.unit, top));
            if !asked || here == 0 {
                continue;
            }
            if here < places.len() {
                let (here, all) = (here as u32, places.len() as u32);
                divided.push(DividedUnit { unit: unit.unit.clone(), here, all });
                continue;
            }
            let word = |i: &usize| basis.screens.get(*i).map(|f| (f.force.parse::<Force>().ok(), f.inferred));
            // a word that is none does not outrank those that are
            let strongest =
                places.iter().filter_map(word).min_by_key(|(force, guessed)| (force.is_none(), *force, *guessed));
            let (force, inferred) = strongest.unwrap_or((None, false));
            let force = force.map_or_else(String::new, |force| force.to_string());
            of.extend(places.into_iter().map(|place| (place, unit.unit.clone())));
            whole.push(UnitNumber { force, inferred, figures });
        }
        (whole, divided, of)
    }

    /// The orders that kept it off screens of the report, each with its days there.
    fn suspended(self, selection: &Selection, basis: &Basis) -> Vec<SuspendedBy> {
        let mut all: BTreeMap<&str, SuspendedBy> = BTreeMap::new();
        let wanted = |facts: &&ScreenFacts| {
            self.directory.screen(&facts.screen).is_some_and(|screen| self.wants(selection, screen))
        };
        for facts in basis.screens.iter().filter(wanted) {
            let mut here = BTreeSet::new();
            for (day, why) in &facts.kept_off {
                let Some((SUSPENDED, code)) = why.split_once(':') else { continue };
                let order = self.campaigns.directives().find(|d| d.code.as_str() == code);
                let by = all.entry(code).or_insert_with(|| SuspendedBy {
                    code: code.to_owned(),
                    number: order.and_then(|d| d.number.clone()),
                    title: Name {
                        vi: order.map_or_else(|| code.to_owned(), |d| d.title.clone()),
                        en: order.and_then(|d| d.title_en.clone()),
                    },
                    days: (*day, *day),
                    screens: 0,
                });
                by.days = (by.days.0.min(*day), by.days.1.max(*day));
                by.screens += u32::from(here.insert(code));
            }
        }
        all.into_values().collect()
    }

    /// The numbers that were raised for screens of the report, each with what held to the city's number would have come of it.
    fn raised(
        self,
        selection: &Selection,
        directive: &Directive,
        basis: &Basis,
        numbers: &[UnitNumber],
    ) -> Vec<RaisedNumber> {
        let (from, to) = (selection.span.from, selection.span.to);
        let meant = |o: &&Override| o.from <= to && o.last().is_none_or(|last| from <= last && o.from <= last);
        let city = Directive { overrides: Vec::new(), ..directive.clone() };
        let raise = |o: &Override| self.raise(selection, (&city, o), basis, numbers);
        directive.overrides.iter().filter(meant).filter_map(raise).collect()
    }

    fn raise(
        self,
        selection: &Selection,
        (city, raise): (&Directive, &Override),
        basis: &Basis,
        numbers: &[UnitNumber],
    ) -> Option<RaisedNumber> {
        let day = raise.from.max(selection.span.from);
        let under = |screen: &Screen| self.directory.is_in(screen, &raise.unit, raise.link, day);
        let mut own = basis.clone();
        own.links.clear();
        if city.is_of_units() {
            let here = |unit: &UnitCode| numbers.iter().any(|number| number.figures.unit == *unit);
            own.quota_units.retain(|unit| here(&unit.unit) && self.directory.lies_under(&unit.unit, &raise.unit));
        } else {
            let meant = |screen: &Screen| self.wants(selection, screen) && under(screen);
            own.screens.retain(|facts| self.directory.screen(&facts.screen).is_some_and(meant));
        }
        let held_to_city = self.held_to(city, &own);
        // a raise that reaches nobody in here is another's, and no row of noughts
        let members = own.quota_units.iter().flat_map(|unit| &unit.screens).map(|i| *i as usize);
        let places: Vec<usize> = if city.is_of_units() { members.collect() } else { (0..own.screens.len()).collect() };
        let screens = places.into_iter().filter_map(|i| self.directory.screen(&own.screens.get(i)?.screen));
        let number = |screen: &Screen| city.quota_on(self.directory, screen, day).map(|(quota, _)| quota.plays);
        let city_plays = screens.filter(|screen| under(screen)).find_map(number)?;
        let (own, city) = (Came::of(&own.report()), Came::of(&held_to_city.report()));
        Some(RaisedNumber {
            unit: raise.unit.clone(),
            link: raise.link,
            decision: raise.number.clone(),
            from: raise.from,
            to: raise.last(),
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
    pub(super) fn unit_names(
        self,
        selection: &Selection,
        orders: &[Order],
        times_off: &[TimeOff],
    ) -> BTreeMap<UnitCode, Name> {
        let of_order = |order: &Order| {
            let lines = order.lines.iter().filter_map(|line| line.unit.clone());
            let numbers = order.quota_units.iter().map(|number| number.figures.unit.clone());
            let numbers = numbers.chain(order.divided.iter().map(|unit| unit.unit.clone()));
            let raised = order.raised.iter().map(|raised| raised.unit.clone());
            lines.chain(numbers).chain(raised).collect::<Vec<_>>()
        };
        let closed = times_off.iter().filter_map(|time| time.unit.as_ref().map(|(_, unit)| unit.clone()));
        let codes = orders.iter().flat_map(of_order).chain(closed).chain(selection.unit.clone());
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

/// Units' own numbers that are whole, those that are divided, and whose each place of [`Basis::screens`] is.
type Numbers = (Vec<UnitNumber>, Vec<DividedUnit>, BTreeMap<usize, UnitCode>);

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
