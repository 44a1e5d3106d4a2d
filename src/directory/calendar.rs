//! The calendar: days off and the working Saturdays that make up for them.

use super::words::words;
use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};

words! {
    /// What a marked day is.
    DayKind {
        /// Nobody it applies to works.
        DayOff = "day-off",
        /// A day of rest that is worked, in exchange for another.
        Workday = "workday",
    }
}

words! {
    /// Whom a marked day concerns.
    AppliesTo {
        /// Everybody.
        All = "all",
        /// State offices only: swapped days.
        Offices = "offices",
    }
}

words! {
    /// How sure a marked day is.
    CalendarStatus {
        /// Decided.
        Official = "official",
        /// Computed from the lunar calendar; the decision is not out.
        Estimated = "estimated",
        /// Announced, the legal text was not seen.
        NeedsConfirmation = "needs-confirmation",
    }
}

/// A day that differs from its day of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    /// The day.
    pub date: LocalDay,
    /// Vietnamese name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Off or worked.
    pub kind: DayKind,
    /// Whom it concerns.
    pub applies_to: AppliesTo,
    /// How sure it is.
    pub status: CalendarStatus,
    /// The decision it comes from.
    pub source: Option<String>,
}
