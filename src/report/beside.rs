//! What stands beside the figures and changes none of them: when screens were off for a reason that somebody answers for, and what people
//! saw who went to look.

use super::Facts;
use super::model::{Order, Selection};
use crate::directory::{Closure, ClosureSubject, Link, LocalTime, Screen};
use crate::error::StoreError;
use crate::people::AccountCode;
use lichphat_playlists::figures::{Basis, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash, UnitCode};
use lichphat_playlists::proof::sample::{Draw, Finding, Item, Kind, Seen};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What this room reads beside the figures, at the same moment.
#[async_trait::async_trait]
pub trait BesideStore: Send + Sync {
    /// Whose deeds the log states at these instants that may have changed the directory. What came in by the server's own command line
    /// is stated by nobody.
    async fn entered_by(&self, at: BTreeSet<UtcMillis>) -> Result<BTreeMap<UtcMillis, Vec<String>>, StoreError>;
    /// Draws of plays of these campaigns that have days from the first to the second, both included, each with what was found, in the
    /// order of the log.
    async fn drawn(
        &self,
        campaigns: BTreeSet<CampaignCode>,
        days: (LocalDay, LocalDay),
    ) -> Result<Vec<(Draw, Vec<Finding>)>, StoreError>;
}

/// A time in which screens of the report were off for a reason that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeOff {
    /// The unit whose screens are off, and by which link they are its; none: screens by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<(Link, UnitCode)>,
    /// The screens of the report that are off, by code.
    pub screens: Vec<ScreenCode>,
    /// Beginning.
    pub from: LocalTime,
    /// End, excluded.
    pub to: LocalTime,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub author: String,
    /// Under whose account it was entered; [`AccountCode::SHELL`] for the server's own command line.
    pub entered_by: String,
    /// When it was first entered.
    pub entered_at: UtcMillis,
    /// Days of those screens, in the report, on which it left no second of duty: nothing has to be played on them.
    pub days: u32,
}

impl TimeOff {
    /// How its entry stands to the time itself: it takes what was still to come.
    pub fn entry(&self) -> EntryTime {
        match (self.entered_at > self.from.instant(), self.entered_at >= self.to.instant()) {
            (_, true) => EntryTime::Afterwards,
            (true, false) => EntryTime::Meanwhile,
            (false, false) => EntryTime::Before,
        }
    }
}

/// When a time off was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryTime {
    /// When it was over: it excuses nothing.
    Afterwards,
    /// When it had begun: it excuses what was still to come.
    Meanwhile,
    /// Before it began.
    Before,
}

/// Screens that a closure touches, and their days that it takes whole.
#[derive(Debug, Default)]
pub(super) struct Touched {
    screens: BTreeSet<ScreenCode>,
    days: BTreeSet<(ScreenCode, LocalDay)>,
}

/// Closures by what is closed and when it begins, which names them.
pub(super) type Closures<'a> = BTreeMap<(&'a ClosureSubject, LocalTime), (&'a Closure, Touched)>;

impl<'a> Facts<'a> {
    /// Adds what closures took of the days of an order's screens.
    pub(super) fn close_off(self, selection: &Selection, basis: &Basis, all: &mut Closures<'a>) {
        let (from, to) = (selection.span.from, selection.span.to);
        let here = |closure: &&Closure| closure.from.day <= to && from <= closure.to.day;
        let mut closures = self.directory.closures().filter(here).peekable();
        if closures.peek().is_none() {
            return;
        }
        let wanted = |facts: &'_ ScreenFacts| self.directory.screen(&facts.screen).filter(|s| self.wants(selection, s));
        let screens: BTreeMap<&ScreenCode, (&Screen, &ScreenFacts)> =
            basis.screens.iter().filter_map(|facts| Some((&facts.screen, (wanted(facts)?, facts)))).collect();
        for closure in closures {
            let mut touched = Touched::default();
            match &closure.subject {
                ClosureSubject::Screen(code) => {
                    screens.get(code).into_iter().for_each(|of| self.touch(selection, closure, *of, &mut touched));
                }
                ClosureSubject::Unit(..) => {
                    screens.values().for_each(|of| self.touch(selection, closure, *of, &mut touched));
                }
            }
            if !touched.screens.is_empty() {
                let entry = all.entry((&closure.subject, closure.from)).or_insert((closure, Touched::default()));
                entry.1.screens.append(&mut touched.screens);
                entry.1.days.append(&mut touched.days);
            }
        }
    }

    fn touch(
        self,
        selection: &Selection,
        closure: &Closure,
        (screen, facts): (&Screen, &ScreenFacts),
        touched: &mut Touched,
    ) {
        let from = selection.span.from.max(closure.from.day);
        let to = selection.span.to.min(closure.to.day);
        let closes = |day: LocalDay| match &closure.subject {
            ClosureSubject::Screen(_) => true,
            ClosureSubject::Unit(link, unit) => self.directory.is_in(screen, unit, *link, day),
        };
        if !from.through(to).any(closes) {
            return;
        }
        let days = facts.owed.iter().map(|owed| owed.day).filter(|day| from <= *day && *day <= to);
        for day in days.filter(|day| !closure.on(*day).is_empty() && closes(*day)) {
            touched.screens.insert(screen.code.clone());
            if self.directory.closed_all_day(screen, day).contains(&closure) {
                touched.days.insert((screen.code.clone(), day));
            }
        }
    }
}

/// The rows of it: screens that were closed by themselves with the same words at the same moment are one, so that a depot is a line. What
/// was entered late stands first, then what takes most days.
pub(super) fn times_off(closures: Closures<'_>, entered_by: &BTreeMap<UtcMillis, Vec<String>>) -> Vec<TimeOff> {
    let mut rows: Vec<TimeOff> = Vec::new();
    let mut places = BTreeMap::new();
    for ((subject, _), (closure, Touched { screens, days })) in closures {
        let Closure { from, to, reason, author, entered_at, .. } = closure;
        let unit = match subject {
            ClosureSubject::Screen(_) => None,
            ClosureSubject::Unit(link, unit) => Some((*link, unit.clone())),
        };
        let alike = (unit.clone(), *from, *to, reason, author, *entered_at);
        let place = *places.entry(alike).or_insert(rows.len());
        if place == rows.len() {
            let accounts = entered_by.get(entered_at).map_or(&[][..], Vec::as_slice);
            let entered_by = accounts.iter().find(|account| *account == author).or(accounts.first());
            rows.push(TimeOff {
                unit,
                screens: Vec::new(),
                from: *from,
                to: *to,
                reason: reason.clone(),
                author: author.clone(),
                entered_by: entered_by.map_or_else(|| AccountCode::SHELL.to_owned(), Clone::clone),
                entered_at: *entered_at,
                days: 0,
            });
        }
        rows[place].screens.extend(screens);
        rows[place].days += days.len() as u32;
    }
    rows.sort_by(|a, b| {
        let key = |row: &TimeOff| (row.entry(), std::cmp::Reverse(row.days), row.from);
        key(a).cmp(&key(b)).then_with(|| a.screens.cmp(&b.screens))
    });
    rows
}

/// When these closures were entered.
pub(super) fn entered_at(closures: &Closures<'_>) -> BTreeSet<UtcMillis> {
    closures.values().map(|(closure, _)| closure.entered_at).collect()
}

/// A sample that somebody drew to look at plays: what of it is of the report's screens and days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The draw's hash, which names it.
    pub draw: Sha256Hash,
    /// The campaign whose plays were drawn.
    pub campaign: CampaignCode,
    /// From what: plays that were planned, or that were counted.
    pub kind: Kind,
    /// First and last day from which was drawn.
    pub days: (LocalDay, LocalDay),
    /// Plays drawn that are the report's.
    pub drawn: u32,
    /// What was found of them, the newest of each play: what was wrong stands first, then where nobody could look.
    pub seen: Vec<Sighting>,
}

impl Sample {
    /// Plays of which that was found.
    pub fn found(&self, which: impl Fn(Seen) -> bool) -> u64 {
        self.seen.iter().filter(|sighting| which(sighting.seen)).count() as u64
    }
}

/// What somebody saw who went to look at a play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// The screen.
    pub screen: ScreenCode,
    /// When the play starts.
    pub start: UtcMillis,
    /// What was seen.
    pub seen: Seen,
    /// Who looked.
    pub by: String,
    /// When he looked.
    pub at: UtcMillis,
    /// What he has to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// SHA-256 of the photograph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Sha256Hash>,
}

/// Was it another picture than expected, or none?
pub fn is_bad(seen: Seen) -> bool {
    matches!(seen, Seen::OtherPicture | Seen::Dark)
}

/// What of these draws is of screens and days of the report, in the order in which they were drawn. Where somebody is going to look is
/// told to nobody: of a play that is still to come, or of today and not looked at yet, nothing is said.
pub(super) fn samples(
    drawn: Vec<(Draw, Vec<Finding>)>,
    selection: &Selection,
    (orders, today): (&[Order], LocalDay),
) -> Vec<Sample> {
    let (from, to) = (selection.span.from, selection.span.to);
    let mut all = Vec::new();
    for (draw, findings) in drawn {
        let Some(order) = orders.iter().find(|order| order.campaign == draw.campaign) else { continue };
        let screens: BTreeSet<&ScreenCode> = order.lines.iter().map(|line| &line.figures.screen).collect();
        let newest: BTreeMap<u32, Finding> = findings.into_iter().map(|finding| (finding.n, finding)).collect();
        let here = |item: &&Item| screens.contains(&item.screen) && from <= item.day && item.day <= to;
        let told = |item: &&Item| item.day < today || newest.contains_key(&item.n);
        let items: BTreeSet<u32> = draw.items.iter().filter(here).filter(told).map(|item| item.n).collect();
        if items.is_empty() {
            continue;
        }
        let sighting = |(_, finding): (u32, Finding)| {
            let Finding { screen, start_ms: start, seen, by, at_ms: at, note, photo, .. } = finding;
            Sighting { screen, start, seen, by, at, note, photo }
        };
        let mut seen: Vec<Sighting> = newest.into_iter().filter(|(n, _)| items.contains(n)).map(sighting).collect();
        let rank = |seen: Seen| (!is_bad(seen), seen != Seen::CouldNotLook);
        seen.sort_by(|a, b| (rank(a.seen), &a.screen, a.start).cmp(&(rank(b.seen), &b.screen, b.start)));
        all.push(Sample {
            draw: draw.hash(),
            campaign: draw.campaign,
            kind: draw.kind,
            days: (draw.from, draw.to),
            drawn: items.len() as u32,
            seen,
        });
    }
    all
}

/// The names of a report's screens.
pub(super) fn screen_names(orders: &[Order]) -> BTreeMap<&ScreenCode, &str> {
    orders.iter().flat_map(|o| &o.lines).map(|line| (&line.figures.screen, line.figures.name.as_str())).collect()
}
