//! Screens: places where people look, whether or not a device of ours plays there.

use super::timeline::{DaySpan, Timeline};
use super::words::words;
use lichphat_playlists::ids::{ScreenCode, UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

words! {
    /// Who plays on a screen.
    ScreenKind {
        /// Our device.
        Managed = "managed",
        /// Someone else's player.
        ThirdParty = "third-party",
        /// Nobody yet.
        None = "none",
    }
}

words! {
    /// How the device reaches the panels. Behind a splitter or an LED processor the connector says
    /// nothing about the panel.
    Connection {
        /// Cable to one panel.
        Direct = "direct",
        /// One output to several panels.
        Splitter = "splitter",
        /// LED wall behind a processor.
        LedProcessor = "led-processor",
    }
}

words! {
    /// Does the screen have a picture?
    Output {
        /// Picture, with or without sound.
        Video = "video",
        /// Sound alone: a loudspeaker.
        None = "none",
    }
}

words! {
    /// The four ties between a screen and units. Figures roll up along each.
    Link {
        /// Whose it is.
        Owner = "owner",
        /// The ward or commune it stands in.
        Territory = "territory",
        /// The department that answers for the field.
        Sector = "sector",
        /// Who runs it.
        Operator = "operator",
    }
}

words! {
    /// Shape of the picture.
    Shape {
        /// Wider than high.
        Landscape = "landscape",
        /// Higher than wide.
        Portrait = "portrait",
        /// Square, or without a picture.
        Any = "any",
    }
}

/// A screen's unit over time along one link; `None` is "no unit from that day on".
pub type LinkHistory = Timeline<Option<UnitCode>>;

/// The four links, each effective-dated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Links {
    /// Whose it is.
    pub owner: LinkHistory,
    /// The ward or commune it stands in.
    pub territory: LinkHistory,
    /// The department that answers for the field.
    pub sector: LinkHistory,
    /// Who runs it.
    pub operator: LinkHistory,
}

impl Links {
    /// The history along `link`.
    pub fn history(&self, link: Link) -> &LinkHistory {
        match link {
            Link::Owner => &self.owner,
            Link::Territory => &self.territory,
            Link::Sector => &self.sector,
            Link::Operator => &self.operator,
        }
    }
    /// The history along `link`, to be written.
    pub fn history_mut(&mut self, link: Link) -> &mut LinkHistory {
        match link {
            Link::Owner => &mut self.owner,
            Link::Territory => &mut self.territory,
            Link::Sector => &mut self.sector,
            Link::Operator => &mut self.operator,
        }
    }
}

/// A place where people look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Its code, for life: a replaced box keeps it.
    pub code: ScreenCode,
    /// What people call it.
    pub name: String,
    /// Where somebody who wants to see it goes; empty when nobody has said.
    #[serde(default)]
    pub address: String,
    /// The kind of place it stands in.
    pub venue_type: VenueType,
    /// Who plays on it.
    pub kind: ScreenKind,
    /// How the device reaches the panels.
    pub connection: Connection,
    /// Panels behind the output, at least 1.
    pub panels: u16,
    /// Width of the picture, pixels; 0 for a loudspeaker.
    pub width_px: u16,
    /// Height of the picture, pixels; 0 for a loudspeaker.
    pub height_px: u16,
    /// Picture or sound alone.
    pub output: Output,
    /// Its four ties to units.
    pub links: Links,
    /// The days on which it stands there.
    pub in_service: DaySpan,
}

impl Screen {
    /// Shape of its picture.
    pub fn shape(&self) -> Shape {
        match self.width_px.cmp(&self.height_px) {
            std::cmp::Ordering::Greater => Shape::Landscape,
            std::cmp::Ordering::Less => Shape::Portrait,
            std::cmp::Ordering::Equal => Shape::Any,
        }
    }
    /// The first of some days, and those of them on which one of its links or its service begins or ends: up to the next of
    /// them it stays where it is and whose it is.
    pub fn turning_days(&self, (from, to): (LocalDay, LocalDay)) -> BTreeSet<LocalDay> {
        let links = Link::ALL.iter().flat_map(|link| self.links.history(*link).iter().filter_map(|(day, _)| day));
        let service = self.in_service.from.into_iter().chain(self.in_service.to.map(LocalDay::next));
        links.chain(service).filter(|day| from < *day && *day <= to).chain([from]).collect()
    }
    /// The unit at the end of `link` on `day`.
    pub fn unit(&self, link: Link, day: LocalDay) -> Option<&UnitCode> {
        self.links.history(link).at(day)?.as_ref()
    }
}
