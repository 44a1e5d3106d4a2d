//! Where findings gather while the checks run.

use crate::verdict::{Check, Finding, Outcome, Words};
use lichphat_playlists::ids::ScreenCode;
use std::collections::{BTreeMap, BTreeSet};

/// A sentence in Vietnamese and, after the semicolon, in English.
macro_rules! words {
    ($vi:literal $(, $va:expr)* ; $en:literal $(, $ea:expr)* $(,)?) => {
        $crate::verdict::Words { vi: format!($vi $(, $va)*), en: format!($en $(, $ea)*) }
    };
}
pub(crate) use words;

/// Findings of one kind that are kept word for word; a bundle that is wrong throughout need not be told a million times.
const MOST_OF_A_CHECK: u32 = 1_000;

#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Finding>,
    pub(crate) remarks: Vec<Finding>,
    not_checked: BTreeSet<Check>,
    /// Checks that hold for what is left.
    lost: BTreeSet<Check>,
    count: BTreeMap<Check, u32>,
    /// Checks that fail for the whole bundle.
    whole: BTreeSet<Check>,
    /// Screens that do not hold.
    screens: BTreeSet<ScreenCode>,
}

impl Findings {
    /// Something does not hold that only whoever owns the scheduler, or altered the bundle, can have brought about.
    pub(crate) fn fault(&mut self, check: Check, place: &str, what: Words) {
        self.whole.insert(check);
        self.keep(check, None, place, what);
    }

    /// Something does not hold at one screen that its player alone can have brought about: the others stand.
    pub(crate) fn at_screen(&mut self, check: Check, screen: &ScreenCode, place: &str, what: Words) {
        self.screens.insert(screen.clone());
        self.keep(check, Some(screen.clone()), place, what);
    }

    fn keep(&mut self, check: Check, screen: Option<ScreenCode>, place: &str, what: Words) {
        let n = self.count.entry(check).or_default();
        *n += 1;
        if *n <= MOST_OF_A_CHECK {
            self.faults.push(Finding { check, screen, place: place.to_owned(), what });
        }
    }

    /// Is nothing wrong but at single screens?
    pub(crate) fn whole_stands(&self) -> bool {
        self.whole.is_empty()
    }

    /// Does the screen hold?
    pub(crate) fn holds(&self, screen: &ScreenCode) -> bool {
        !self.screens.contains(screen)
    }

    /// Something to know.
    pub(crate) fn remark(&mut self, check: Check, place: &str, what: Words) {
        self.remarks.push(Finding { check, screen: None, place: place.to_owned(), what });
    }

    /// Nobody gave what this check needs. True when that was not said before.
    pub(crate) fn not_checked(&mut self, check: Check) -> bool {
        self.not_checked.insert(check)
    }

    /// The check holds for what is left, and a part of what there was is lost.
    pub(crate) fn lost(&mut self, check: Check) {
        self.lost.insert(check);
    }

    /// Faults so far.
    pub(crate) fn faults(&self) -> u32 {
        self.count.values().sum()
    }

    /// What came of each check; `complete` is false when the checks had to end early.
    pub(crate) fn outcomes(&self, complete: bool) -> BTreeMap<Check, Outcome> {
        let outcome = |check| match (self.count.contains_key(&check), self.not_checked.contains(&check) || !complete) {
            (true, _) if self.whole.contains(&check) => Outcome::Fails,
            (true, _) => Outcome::FailsInPart,
            (false, true) => Outcome::NotChecked,
            (false, false) if self.lost.contains(&check) => Outcome::Lost,
            (false, false) => Outcome::Holds,
        };
        Check::ALL.into_iter().map(|check| (check, outcome(check))).collect()
    }
}
