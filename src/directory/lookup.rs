//! Questions about the tree: who is it, what lies below it, which screens are its.

use super::calendar::CalendarDay;
use super::name::{distance, matching_key, plain_key, without_kind};
use super::problem::{Say, say};
use super::screen::{Link, Screen};
use super::snapshot::Directory;
use super::unit::Unit;
use super::venue::VenueProfile;
use lichphat_playlists::ids::{ScreenCode, UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use std::collections::{BTreeMap, BTreeSet};

/// No chain of parents is longer; stops a cycle that an import let through.
const DEEPEST: usize = 16;

/// Why a text names no unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// Nothing has that name; the nearest names.
    Unknown(Vec<String>),
    /// More than one unit has it.
    Ambiguous(Vec<String>),
}

impl NameError {
    /// The message with the candidates.
    pub fn say(&self) -> Say {
        match self {
            Self::Unknown(near) if near.is_empty() => {
                say("không có đơn vị này; nhập danh sách đơn vị trước", "no such unit; import the units first")
            }
            Self::Unknown(near) => {
                let near = near.join("; ");
                say(format!("không có đơn vị này; gần giống: {near}"), format!("no such unit; nearest: {near}"))
            }
            Self::Ambiguous(all) => {
                let all = all.join("; ");
                say(
                    format!("nhiều đơn vị cùng tên, hãy ghi mã: {all}"),
                    format!("more than one unit has this name, write the code: {all}"),
                )
            }
        }
    }
}

impl Directory {
    /// The unit with this code.
    pub fn unit(&self, code: &UnitCode) -> Option<&Unit> {
        self.units.get(code)
    }
    /// The screen with this code.
    pub fn screen(&self, code: &ScreenCode) -> Option<&Screen> {
        self.screens.get(code)
    }
    /// All units, in order of their codes.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }
    /// All screens that ever stood, in order of their codes.
    pub fn screens(&self) -> impl Iterator<Item = &Screen> {
        self.screens.values()
    }
    /// All venue profiles, by type and first day.
    pub fn venue_profiles(&self) -> impl Iterator<Item = &VenueProfile> {
        self.venues.values().flat_map(BTreeMap::values)
    }
    /// What the calendar says of a day.
    pub fn calendar_day(&self, day: LocalDay) -> Option<&CalendarDay> {
        self.calendar.get(&day)
    }
    /// Is there any profile of this type?
    pub fn has_venue(&self, venue_type: &VenueType) -> bool {
        self.venues.contains_key(venue_type)
    }

    /// The unit a person means: by code, else by name in any spelling, with or without its kind, or,
    /// when typed without any mark, by the plain letters. A unit that exists on `day` goes before one
    /// that does not.
    pub fn find_unit(&self, text: &str, day: LocalDay) -> Result<&Unit, NameError> {
        self.find_unit_among(text, day, |_| true)
    }

    /// The same for a reader who sees some units only: the others are not there for him, and nothing names them.
    pub fn find_unit_among(
        &self,
        text: &str,
        day: LocalDay,
        seen: impl Fn(&UnitCode) -> bool,
    ) -> Result<&Unit, NameError> {
        let by_code = UnitCode::new(text.trim()).ok().and_then(|code| self.units.get(&code));
        let by_code = by_code.filter(|unit| seen(&unit.code));
        if let Some(unit) = by_code {
            return Ok(unit);
        }
        let key = matching_key(text);
        let no_codes = Vec::new();
        let full = self.names.exact.get(&key);
        let codes = full.or_else(|| self.names.exact.get(without_kind(&key))).or_else(|| {
            let plain = plain_key(text);
            let typed_plain = text.is_ascii();
            typed_plain
                .then(|| self.names.plain.get(&plain).or_else(|| self.names.plain.get(without_kind(&plain))))
                .flatten()
        });
        let codes = codes.unwrap_or(&no_codes).iter().filter(|code| seen(code));
        let all: Vec<&Unit> = codes.filter_map(|c| self.units.get(c)).collect();
        // the name in full goes before the same name without its kind, a living unit before a dead one
        let mut found: Vec<&Unit> = all.iter().copied().filter(|u| matching_key(&u.name) == key).collect();
        if found.is_empty() {
            found = all;
        }
        if found.len() > 1 && found.iter().any(|u| u.effective.contains(day)) {
            found.retain(|u| u.effective.contains(day));
        }
        match found.as_slice() {
            [unit] => Ok(unit),
            [] => Err(NameError::Unknown(self.nearest(text, seen))),
            many => Err(NameError::Ambiguous(many.iter().map(|u| label(u)).collect())),
        }
    }

    fn nearest(&self, text: &str, seen: impl Fn(&UnitCode) -> bool) -> Vec<String> {
        if text.chars().nth(super::find::LONGEST).is_some() {
            return Vec::new(); // no name, and long work
        }
        let plain = plain_key(text);
        let wanted = without_kind(&plain);
        let mut near: Vec<(usize, &Unit)> = self
            .units
            .values()
            .filter(|u| seen(&u.code))
            .map(|u| (distance(wanted, without_kind(&plain_key(&u.name))), u))
            .filter(|(d, _)| *d <= wanted.chars().count() / 3)
            .collect();
        near.sort_by_key(|(d, u)| (*d, u.code.clone()));
        near.into_iter().take(3).map(|(_, u)| label(u)).collect()
    }

    /// The unit and those above it, nearest first.
    pub fn line_of(&self, code: &UnitCode) -> impl Iterator<Item = &Unit> {
        let first = self.units.get(code);
        std::iter::successors(first, |u| u.parent.as_ref().and_then(|p| self.units.get(p))).take(DEEPEST)
    }
    /// Is `code` the unit `top` or below it?
    pub fn lies_under(&self, code: &UnitCode, top: &UnitCode) -> bool {
        code == top || self.line_of(code).any(|u| u.code == *top)
    }
    /// The unit and all below it, whatever day they exist.
    pub fn subtree(&self, top: &UnitCode) -> BTreeSet<UnitCode> {
        self.units.keys().filter(|code| self.lies_under(code, top)).cloned().collect()
    }
    /// The unit at the end of the screen's link on a day and those above it, nearest first.
    pub fn units_of(&self, screen: &Screen, link: Link, day: LocalDay) -> Vec<&Unit> {
        screen.unit(link, day).map(|code| self.line_of(code).collect()).unwrap_or_default()
    }
    /// Does the screen's link lead to `top` or below it on `day`?
    pub fn is_in(&self, screen: &Screen, top: &UnitCode, link: Link, day: LocalDay) -> bool {
        screen.unit(link, day).is_some_and(|code| self.lies_under(code, top))
    }
    /// The screens standing on `day` that are tied to `top` or a unit below it, by `link` or, without
    /// one, by any link; each once, in order of their codes.
    pub fn screens_in(&self, top: &UnitCode, link: Option<Link>, day: LocalDay) -> Vec<&Screen> {
        let below = self.subtree(top);
        let links = link.as_ref().map_or(Link::ALL, std::slice::from_ref);
        self.screens
            .values()
            .filter(|s| s.in_service.contains(day))
            .filter(|s| links.iter().any(|l| s.unit(*l, day).is_some_and(|u| below.contains(u))))
            .collect()
    }
}

/// How a unit is shown to a person who must choose.
fn label(unit: &Unit) -> String {
    format!("{} ({})", unit.name, unit.code)
}
