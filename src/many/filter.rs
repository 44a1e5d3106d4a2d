//! A filter over screens: what a form, an address or a saved group says, and which screens it holds for.

use crate::attention::State as Now;
use crate::campaigns::Directive;
use crate::directory::problem::{Say, say};
use crate::directory::table::Field;
use crate::directory::{Directory, Link, Screen, ScreenKind};
use lichphat_playlists::ids::{DirectiveCode, UnitCode, VenueType};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeSet;

/// How a screen is: the states of the attention room, of which one holds at a time, and what else may be so beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It stands so.
    Stands(Now),
    /// It lacks plays of an order that is running.
    Short,
    /// It is to have a player of ours, and has none.
    NoDevice,
    /// It is closed today, for some hours at least.
    Closed,
}

impl State {
    /// Every one of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let stands = Now::ALL.iter().copied().map(Self::Stands);
        stands.chain([Self::Short, Self::NoDevice, Self::Closed])
    }
    /// The word in files and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stands(state) => state.as_str(),
            Self::Short => "short",
            Self::NoDevice => "no-device",
            Self::Closed => "closed",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Field for State {
    fn read(text: &str) -> Result<Self, Say> {
        Self::all().find(|state| state.as_str() == text).ok_or_else(|| {
            let all = Self::all().map(Self::as_str).collect::<Vec<_>>().join(" | ");
            say(format!("phải là một trong: {all}"), format!("must be one of: {all}"))
        })
    }
}

/// What is known of a screen at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// How it stands now; none: nobody has looked.
    pub now: Option<Now>,
    /// Does it lack plays?
    pub is_short: bool,
    /// When something of its device was last heard.
    pub heard: Option<UtcMillis>,
    /// Was a device of ours ever let in there?
    pub has_device: bool,
    /// Is there a closure today?
    pub closed: bool,
}

impl State {
    /// Is the screen so?
    pub fn holds(self, screen: &Screen, facts: &Facts) -> bool {
        match self {
            Self::Stands(state) => facts.now == Some(state),
            Self::Short => facts.is_short,
            Self::NoDevice => screen.kind == ScreenKind::Managed && !facts.has_device,
            Self::Closed => facts.closed,
        }
    }
}

/// What is wrong in a filter, and the mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// Which of its words.
    pub field: &'static str,
    /// As given.
    pub value: String,
    /// What to write in its place.
    pub mend: Say,
}

/// Which screens are meant; what is left out says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this unit, or of one below it.
    pub unit: Option<UnitCode>,
    /// By this link; by any when it is left out.
    pub link: Option<Link>,
    /// At this kind of place.
    pub venue: Option<VenueType>,
    /// On which these play.
    pub kind: Option<ScreenKind>,
    /// That are so now.
    pub state: Option<State>,
    /// That this order is aimed at.
    pub order: Option<DirectiveCode>,
    /// Whose name, code or address has these words.
    pub text: String,
}

impl Filter {
    /// The names of its words, in an address as in a saved group.
    pub const FIELDS: [&'static str; 7] = ["q", "unit", "link", "venue", "kind", "state", "order"];

    /// Reads it; a unit is a code or a name, of those that the reader sees.
    ///
    /// # Errors
    /// The first word that makes no sense.
    pub fn read<'a>(
        value: impl Fn(&str) -> Option<&'a str>,
        directory: &Directory,
        today: LocalDay,
        seen: impl Fn(&UnitCode) -> bool,
    ) -> Result<Self, FilterError> {
        let wrong = |field: &'static str, text: &str, mend| FilterError { field, value: text.to_owned(), mend };
        let unit = value("unit").map(|text| {
            let unit = directory.find_unit_among(text, today, &seen);
            let unit = unit.map_err(|error| wrong("unit", text, error.say()))?;
            Ok(unit.code.clone())
        });
        Ok(Self {
            unit: unit.transpose()?,
            link: read("link", &value)?,
            venue: read("venue", &value)?,
            kind: read("kind", &value)?,
            state: read("state", &value)?,
            order: read("order", &value)?,
            text: value("q").unwrap_or_default().to_owned(),
        })
    }

    /// Its words, for an address or a form.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("q", Some(self.text.clone()).filter(|text| !text.is_empty())),
            ("unit", self.unit.as_ref().map(ToString::to_string)),
            ("link", self.link.map(|link| link.to_string())),
            ("venue", self.venue.as_ref().map(ToString::to_string)),
            ("kind", self.kind.map(|kind| kind.to_string())),
            ("state", self.state.map(|state| state.to_string())),
            ("order", self.order.as_ref().map(ToString::to_string)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Does it say anything?
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// All but its state and its words, made ready for many screens on a day. `order`: the one it names.
    pub fn places<'a>(
        &'a self,
        directory: &'a Directory,
        order: Option<&'a Directive>,
        today: LocalDay,
    ) -> impl Fn(&Screen) -> bool + 'a {
        let units: Option<BTreeSet<UnitCode>> = self.unit.as_ref().map(|unit| directory.subtree(unit));
        // an order that is over, or still to come, is asked on the nearest of its days
        let day = order.map_or(today, |order| {
            let periods = order.periods();
            let (first, last) = periods.first().zip(periods.last()).map_or((today, today), |(a, b)| (a.0, b.1));
            today.clamp(first, last.max(first))
        });
        move |screen| {
            let links = self.link.as_ref().map_or(Link::ALL, std::slice::from_ref);
            let tied = |units: &BTreeSet<UnitCode>| {
                links.iter().any(|link| screen.unit(*link, today).is_some_and(|unit| units.contains(unit)))
            };
            self.kind.is_none_or(|kind| screen.kind == kind)
                && self.venue.as_ref().is_none_or(|venue| screen.venue_type == *venue)
                && units.as_ref().is_none_or(tied)
                && (self.order.is_none() || order.is_some_and(|o| o.binds(directory, screen, day).is_some()))
        }
    }
}

fn read<'a, T: Field>(field: &'static str, value: impl Fn(&str) -> Option<&'a str>) -> Result<Option<T>, FilterError> {
    let Some(text) = value(field) else { return Ok(None) };
    let value = text.to_owned();
    T::read(text).map(Some).map_err(|mend| FilterError { field, value, mend })
}
