//! Facts that hold from one day to another, so that a merger or a move never rewrites history.

use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Days from `from` to `to`, both included; an absent end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaySpan {
    /// First day; since ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocalDay>,
    /// Last day; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<LocalDay>,
}

impl DaySpan {
    /// From `from` to `to`, both included.
    pub const fn new(from: Option<LocalDay>, to: Option<LocalDay>) -> Self {
        Self { from, to }
    }
    /// A span with both ends.
    pub const fn closed(from: LocalDay, to: LocalDay) -> Self {
        Self { from: Some(from), to: Some(to) }
    }
    /// Is `day` inside?
    pub fn contains(&self, day: LocalDay) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
    /// False when the end comes before the beginning.
    pub fn in_order(&self) -> bool {
        !matches!((self.from, self.to), (Some(from), Some(to)) if to < from)
    }
}

impl fmt::Display for DaySpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |day: Option<LocalDay>| day.map_or("…".to_owned(), |d| d.to_string());
        write!(f, "{} – {}", text(self.from), text(self.to))
    }
}

/// A value that changes on given days: each entry holds from its day until the next entry. The first
/// may have no day: it has held since ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeline<T>(Vec<(Option<LocalDay>, T)>);

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Timeline<T> {
    /// What holds on `day`; nothing before the first entry.
    pub fn at(&self, day: LocalDay) -> Option<&T> {
        let i = self.0.partition_point(|(from, _)| *from <= Some(day));
        self.0[..i].last().map(|(_, value)| value)
    }
    /// What holds just at `from`, where `None` is the beginning of time.
    fn at_start(&self, from: Option<LocalDay>) -> Option<&T> {
        let i = self.0.partition_point(|(start, _)| *start <= from);
        self.0[..i].last().map(|(_, value)| value)
    }
    /// States that `value` holds from `from` on, until the next entry. Later entries stay; an entry
    /// of the same day is replaced; saying what already holds changes nothing.
    pub fn set(&mut self, from: Option<LocalDay>, value: T) {
        if self.at_start(from) == Some(&value) {
            return;
        }
        match self.0.binary_search_by_key(&from, |(start, _)| *start) {
            Ok(i) => self.0[i].1 = value,
            Err(i) => self.0.insert(i, (from, value)),
        }
    }
    /// Adds an entry as it was stored, however it stands to the one before it.
    pub(crate) fn restore(&mut self, from: Option<LocalDay>, value: T) {
        let at = self.0.partition_point(|(start, _)| *start <= from);
        self.0.insert(at, (from, value));
    }
    /// Entries in order of their days.
    pub fn iter(&self) -> impl Iterator<Item = (Option<LocalDay>, &T)> {
        self.0.iter().map(|(from, value)| (*from, value))
    }
    /// True when nothing was ever stated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LocalDay {
        text.parse().unwrap()
    }

    #[test]
    fn a_merger_does_not_rewrite_history() {
        let mut ward = Timeline::default();
        ward.set(None, "Quận Ba Đình");
        ward.set(Some(day("2025-07-01")), "Phường Ba Đình");
        assert_eq!(ward.at(day("2025-06-30")), Some(&"Quận Ba Đình"));
        assert_eq!(ward.at(day("2025-07-01")), Some(&"Phường Ba Đình"));
        let before = ward.clone();
        ward.set(None, "Quận Ba Đình");
        ward.set(Some(day("2026-01-01")), "Phường Ba Đình");
        assert_eq!(ward, before, "saying it again changes nothing");
    }

    #[test]
    fn a_span_holds_both_of_its_days() {
        let span = DaySpan::closed(day("2024-08-15"), day("2024-10-10"));
        assert!(span.contains(day("2024-08-15")) && span.contains(day("2024-10-10")));
        assert!(!span.contains(day("2024-10-11")));
        assert!(DaySpan::default().contains(day("1954-10-10")));
        assert!(!DaySpan::closed(day("2024-10-10"), day("2024-10-09")).in_order());
    }
}
