//! Whom a directive or a contract addresses: screens by one of their links, kind of place and output.

use super::directive::Directive;
use crate::directory::words::words;
use crate::directory::{Directory, Link, Output, Screen};
use lichphat_playlists::ids::{UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};

words! {
    /// How strongly an order binds, in its own words; the strongest first.
    Force {
        /// yêu cầu
        Required = "required",
        /// giao
        Assigned = "assigned",
        /// đề nghị
        Requested = "requested",
        /// khuyến khích
        Encouraged = "encouraged",
    }
}

impl Force {
    /// The word of the order.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::Required => "yêu cầu",
            Self::Assigned => "giao",
            Self::Requested => "đề nghị",
            Self::Encouraged => "khuyến khích",
        }
    }
}

fn owner() -> Link {
    Link::Owner
}
fn video() -> Output {
    Output::Video
}

/// Screens tied to a unit or those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// By which link.
    #[serde(default = "owner")]
    pub link: Link,
    /// The unit at the top.
    pub unit: UnitCode,
    /// Kinds of place; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub venue_types: Vec<VenueType>,
    /// Pictures or loudspeakers (`video = "none"`).
    #[serde(default = "video")]
    pub video: Output,
}

/// One line of an order: whom it addresses and how strongly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// By which link.
    #[serde(default = "owner")]
    pub link: Link,
    /// The unit at the top.
    pub unit: UnitCode,
    /// Kinds of place; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub venue_types: Vec<VenueType>,
    /// Pictures or loudspeakers (`video = "none"`).
    #[serde(default = "video")]
    pub video: Output,
    /// How strongly it binds.
    pub force: Force,
    /// The order names no number for these: falling short is never called a breach.
    #[serde(default)]
    pub inferred: bool,
    /// Only at screens of units that have asked for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opt_in: bool,
    /// The order's own words, or the place in it.
    pub reason: String,
}

/// Steps from the screen's unit up to `unit`; `None` when the screen is not among them.
fn steps(
    (link, unit, venue_types, video): (Link, &UnitCode, &[VenueType], Output),
    directory: &Directory,
    screen: &Screen,
    day: LocalDay,
) -> Option<usize> {
    let fits = screen.output == video && (venue_types.is_empty() || venue_types.contains(&screen.venue_type));
    if !fits || !screen.in_service.contains(day) {
        return None;
    }
    directory.line_of(screen.unit(link, day)?).position(|above| above.code == *unit)
}

impl Place {
    /// Is the screen among them on `day`?
    pub fn holds(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> bool {
        steps((self.link, &self.unit, &self.venue_types, self.video), directory, screen, day).is_some()
    }
}

/// Why a screen is bound by an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The screen.
    pub screen: &'a Screen,
    /// Which line of the order, from 0.
    pub line: usize,
    /// That line.
    pub target: &'a Target,
}

impl Directive {
    /// The line of the order that binds a screen on a day. When several do, the one that names the
    /// nearest unit (an order to an airport goes before one to its city), then the stronger, then the
    /// first.
    pub fn binds<'a>(&'a self, directory: &Directory, screen: &'a Screen, day: LocalDay) -> Option<Bound<'a>> {
        let lines = self.target.iter().enumerate().filter_map(|(line, t)| {
            if t.opt_in && !self.is_asked_for(directory, screen, day) {
                return None;
            }
            let steps = steps((t.link, &t.unit, &t.venue_types, t.video), directory, screen, day)?;
            Some(((steps, t.force, line), t))
        });
        lines.min_by_key(|(rank, _)| *rank).map(|((_, _, line), target)| Bound { screen, line, target })
    }

    /// Every screen the order binds on a day, with force and reason, in order of the screens' codes.
    /// Nothing outside the order's dates.
    pub fn targets<'a>(&'a self, directory: &'a Directory, day: LocalDay) -> Vec<Bound<'a>> {
        if self.period(day).is_none() {
            return Vec::new();
        }
        directory.screens().filter_map(|screen| self.binds(directory, screen, day)).collect()
    }
}
