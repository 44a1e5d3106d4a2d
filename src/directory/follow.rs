//! Peak windows that follow counts: each week a profile is derived from the last complete weeks, proposed,
//! shown, and it applies only from the day on for which somebody accepted it. Pure.
//!
//! A screen, or a kind of place, follows its counts by somebody's word. From then on its counts change nothing by
//! themselves; what was accepted never changes a day before its own.

use super::DirectoryStore;
use super::footfall::{FootfallDay, FootfallSubject, filled};
use super::snapshot::Directory;
use super::venue::{BINS, Hours};
use super::words::words;
use crate::error::StoreError;
use lichphat_playlists::peak::{Counts, DayClass, Share};
use lichphat_playlists::time::{IntervalSet, LocalDay, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody's word that a subject follows its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    /// Whose windows.
    pub subject: FootfallSubject,
    /// First day.
    pub from: LocalDay,
    /// Last day, included; open when absent. After it the hours of its venue hold again.
    pub until: Option<LocalDay>,
    /// Complete weeks that a proposal rests on.
    pub weeks: u32,
    /// Share of the people that the windows hold, thousandths.
    pub share_permille: u32,
    /// Who said so last.
    pub by: String,
}

/// Peaks of one class of day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPeaks {
    /// The windows, not yet cut to anybody's duty.
    pub windows: Hours,
    /// People per 15 minutes, 96 of them.
    pub weights: Vec<u32>,
}

/// What was accepted for one subject, by first day and number of the proposal.
pub(super) type Accepted = BTreeMap<(LocalDay, u32), BTreeMap<DayClass, ClassPeaks>>;

/// What a proposal says of one class of day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivedClass {
    /// Days that were counted.
    pub days: u32,
    /// The windows that held when it was derived.
    pub before: Hours,
    /// What it proposes.
    #[serde(flatten)]
    pub peaks: ClassPeaks,
}

/// A profile derived from counts, with what it rests on. A class that nobody counted keeps what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// First day of the counts.
    pub first: LocalDay,
    /// Last day of the counts.
    pub last: LocalDay,
    /// Share of the people that the windows hold, thousandths.
    pub share_permille: u32,
    /// By class of day.
    pub classes: BTreeMap<DayClass, DerivedClass>,
}

words! {
    /// What became of a proposal.
    ProposalState {
        /// Nobody has decided yet.
        Proposed = "proposed",
        /// It applies, from its day on.
        Accepted = "accepted",
        /// It does not.
        Refused = "refused",
        /// Newer counts took its place before anybody decided.
        Lapsed = "lapsed",
    }
}

/// A profile to be put to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose.
    pub subject: FootfallSubject,
    /// The Monday it is for.
    pub valid_from: LocalDay,
    /// What it says.
    pub derived: Derived,
}

/// A profile that was put to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its number.
    pub id: u32,
    /// Whose, for when, and what it says.
    pub draft: Draft,
    /// When it was derived last.
    pub made: UtcMillis,
    /// What became of it.
    pub state: ProposalState,
    /// Who decided, when it was decided.
    pub decision: Option<Decision>,
}

/// What somebody decided on a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Accepted or refused.
    pub accepted: bool,
    /// Who.
    pub by: String,
    /// When.
    pub at: UtcMillis,
    /// First day it applies, when it was accepted.
    pub from: Option<LocalDay>,
}

/// Why a proposal cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("proposal {id} is {state} already; only one that waits can be decided: `lichphat peaks list` shows them")]
pub struct Decided {
    /// The proposal.
    pub id: u32,
    /// What became of it.
    pub state: ProposalState,
}

impl Proposal {
    /// Decides it. It never applies to a day that has begun: one accepted late begins on the next day.
    pub fn decide(&self, accepted: bool, by: &str, at: UtcMillis, today: LocalDay) -> Result<Decision, Decided> {
        if self.state != ProposalState::Proposed {
            return Err(Decided { id: self.id, state: self.state });
        }
        let from = accepted.then(|| self.draft.valid_from.max(today.next()));
        Ok(Decision { accepted, by: by.to_owned(), at, from })
    }
}

/// Why a proposal is not decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// There is none of that number.
    #[error("there is no proposal {0}")]
    Unknown(u32),
    /// It does not wait any more.
    #[error(transparent)]
    Decided(#[from] Decided),
    /// The screen or venue does not follow its counts any more.
    #[error("{0} does not follow its counts any more")]
    NotFollowing(FootfallSubject),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Accepts or refuses a proposal; answers with the first day it applies, when it was accepted.
pub async fn decide(
    store: &dyn DirectoryStore,
    id: u32,
    accepted: bool,
    by: &str,
    (now, today): (UtcMillis, LocalDay),
) -> Result<(Proposal, Option<LocalDay>), DecideError> {
    let proposal = store.peak_proposal(id).await?.ok_or(DecideError::Unknown(id))?;
    let decision = proposal.decide(accepted, by, now, today)?;
    let from = decision.from;
    let subject = &proposal.draft.subject;
    if let Some(from) = from
        && store.directory().await?.following(subject, from).is_none()
    {
        return Err(DecideError::NotFollowing(subject.clone()));
    }
    if !store.decide_peaks(id, decision).await? {
        // somebody was faster: say what he decided
        let proposal = store.peak_proposal(id).await?.ok_or(DecideError::Unknown(id))?;
        proposal.decide(accepted, by, now, today)?;
    }
    Ok((proposal, from))
}

/// The days that a proposal rests on, and the Monday it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// A Monday.
    pub first: LocalDay,
    /// The last Sunday that is over.
    pub last: LocalDay,
    /// The next Monday.
    pub valid_from: LocalDay,
}

impl Basis {
    /// The last `weeks` complete weeks before `today`.
    pub fn of(today: LocalDay, weeks: u32) -> Self {
        let monday = LocalDay(today.0.week(chrono::Weekday::Mon).first_day());
        let first = monday.0.checked_sub_days(chrono::Days::new(7 * u64::from(weeks.max(1))));
        Self { first: first.map_or(monday, LocalDay), last: monday.previous(), valid_from: monday.plus(7) }
    }
}

impl Directory {
    /// The word by which a subject follows its counts on a day.
    pub fn following(&self, subject: &FootfallSubject, day: LocalDay) -> Option<&Following> {
        let (_, following) = self.following.get(subject)?.range(..=day).next_back()?;
        following.until.is_none_or(|until| day <= until).then_some(following)
    }

    /// Everyone who follows counts on a day.
    pub fn followers(&self, day: LocalDay) -> impl Iterator<Item = &Following> {
        self.following.keys().filter_map(move |subject| self.following(subject, day))
    }

    /// Is there such a screen or kind of place?
    pub fn knows_subject(&self, subject: &FootfallSubject) -> bool {
        match subject {
            FootfallSubject::Screen(screen) => self.screen(screen).is_some(),
            FootfallSubject::Venue(venue) => self.has_venue(venue),
        }
    }

    /// Notes what was accepted; the store tells it while it loads.
    pub(crate) fn accept(&mut self, id: u32, from: LocalDay, draft: Draft) {
        let peaks = draft.derived.classes.into_iter().map(|(class, derived)| (class, derived.peaks)).collect();
        self.accepted.entry(draft.subject).or_default().insert((from, id), peaks);
    }

    /// The peaks that were accepted for a subject and hold on a day.
    pub(super) fn accepted_peaks(&self, subject: &FootfallSubject, day: LocalDay) -> Option<&ClassPeaks> {
        let since = self.following(subject, day)?.from;
        let class = self.day_class(day);
        let all = self.accepted.get(subject)?.range((since, 0)..=(day, u32::MAX));
        // a class that the newest does not name keeps what it had
        all.rev().find_map(|(_, classes)| classes.get(&class))
    }

    /// Seconds in which a subject is on, and its windows as they are now.
    fn subject_day(&self, subject: &FootfallSubject, day: LocalDay) -> (IntervalSet, IntervalSet) {
        match subject {
            FootfallSubject::Screen(code) => self
                .screen(code)
                .map_or_else(Default::default, |screen| (self.duty(screen, day), self.peak_windows(screen, day))),
            FootfallSubject::Venue(venue) => {
                let hours = self.venue_hours(venue, day).map(|(_, hours)| hours);
                let accepted = self.accepted_peaks(subject, day).map(|peaks| &peaks.windows);
                let peaks = accepted.or(hours.map(|h| &h.peaks)).map(|h| h.0.clone());
                (hours.map(super::DayHours::on).unwrap_or_default(), peaks.unwrap_or_default())
            }
        }
    }

    /// The first day of a class from a day on; none when the calendar has none for a month.
    fn next_of(&self, class: DayClass, from: LocalDay) -> Option<LocalDay> {
        from.through(from.plus(31)).find(|day| self.day_class(*day) == class)
    }

    /// What counts of `basis` say of a follower; none when nothing was counted, or when it says what holds
    /// already.
    pub fn derive(&self, following: &Following, days: &[FootfallDay], basis: Basis) -> Option<Draft> {
        let mut counts = Counts::default();
        for day in days.iter().filter(|d| basis.first <= d.day && d.day <= basis.last) {
            for &(from_s, length_s, people) in &day.counts {
                counts.add(day.day, from_s, length_s, people.into());
            }
        }
        let share = Share::permille(following.share_permille)?;
        let (subject, mut classes) = (&following.subject, BTreeMap::new());
        for class in DayClass::ALL {
            let counted: Vec<LocalDay> = counts.days().into_iter().filter(|d| self.day_class(*d) == class).collect();
            // hours differ from day to day (a roster, a repair): the class is open when any of its days is
            let open = counted.iter().fold(IntervalSet::empty(), |all, d| all.union(&self.subject_day(subject, *d).0));
            let of_class = |day: LocalDay| self.day_class(day) == class;
            let windows = counts.windows(of_class, &open, share);
            let Some(weights) = filled(&counts.means(of_class)).filter(|_| !windows.is_empty()) else { continue };
            let peaks = ClassPeaks { windows: Hours(windows), weights: weights.to_vec() };
            let before = self.next_of(class, basis.valid_from).map(|day| self.subject_day(subject, day).1);
            let before = before.unwrap_or_default();
            classes.insert(class, DerivedClass { days: counted.len() as u32, before: Hours(before), peaks });
        }
        let holds = |(class, derived): (&DayClass, &DerivedClass)| {
            let next = self.next_of(*class, basis.valid_from);
            next.and_then(|day| self.accepted_peaks(subject, day)) == Some(&derived.peaks)
        };
        if classes.iter().all(holds) {
            return None;
        }
        let Basis { first, last, valid_from } = basis;
        let derived = Derived { first, last, share_permille: following.share_permille, classes };
        Some(Draft { subject: subject.clone(), valid_from, derived })
    }
}

/// People per bin as the rest of the directory counts them.
pub(super) fn weights(peaks: &ClassPeaks) -> [u32; BINS] {
    std::array::from_fn(|bin| peaks.weights.get(bin).copied().unwrap_or(0))
}
