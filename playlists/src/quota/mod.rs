//! Quotas: what an order asks for, what each day owes of it, and whether it was met.
//!
//! Everything is exact: shares of a period are rationals, never floats, so that a server and a device
//! can never disagree over a rounding. Each day has its own share `a`: raising a quota never rewrites
//! the past, and a screen that joins later owes nothing from before.

mod ledger;
mod make_good;
pub(crate) mod relay;
mod share;

pub use ledger::{DayOwed, Forecast, Ledger, LedgerOptions, Loss, Status};
pub use make_good::{OtherSlot, Placed, QuotaSlot, Repair, SAME_PLAY_S, SlotState, Tier, make_good};
pub use share::{Sharer, share};

use crate::time::LocalDay;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// Plays as an exact fraction: 2 a month over 22 operating days owe 1/11 each.
pub type Ratio = num_rational::Ratio<i128>;

/// `ratio` rounded down to whole plays; never below 0.
pub fn floor(ratio: Ratio) -> u32 {
    u32::try_from(ratio.floor().to_integer().max(0)).unwrap_or(u32::MAX)
}

/// `ratio` rounded up to whole plays; never below 0.
pub fn ceil(ratio: Ratio) -> u32 {
    u32::try_from(ratio.ceil().to_integer().max(0)).unwrap_or(u32::MAX)
}

/// The span that `plays` belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// A local day.
    Day,
    /// Monday to Sunday.
    IsoWeek,
    /// A calendar month.
    Month,
    /// January to March and so on.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// First and last day of the period that holds `day`.
    pub fn span(self, day: LocalDay) -> (LocalDay, LocalDay) {
        let date = day.0;
        let first_of = |year, month| NaiveDate::from_ymd_opt(year, month, 1).map_or(day, LocalDay);
        let before = |year: i32, month: u32| {
            if month > 12 { first_of(year + 1, month - 12).previous() } else { first_of(year, month).previous() }
        };
        let (year, month) = (date.year(), date.month());
        match self {
            Self::Day => (day, day),
            Self::IsoWeek => {
                let from_monday = date.weekday().num_days_from_monday();
                let sunday = day.plus(6 - from_monday);
                let monday = date.checked_sub_days(chrono::Days::new(u64::from(from_monday))).map_or(day, LocalDay);
                (monday, sunday)
            }
            Self::Month => (first_of(year, month), before(year, month + 1)),
            Self::Quarter => {
                let first = (month - 1) / 3 * 3 + 1;
                (first_of(year, first), before(year, first + 3))
            }
            Self::Year => (first_of(year, 1), before(year + 1, 1)),
        }
    }
}

/// How the plays of a period are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// On average over the campaign: a day that falls short may be made good by another.
    Average,
    /// In every single period.
    AtLeast,
}

/// Which days share a period's plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Days on which the screen is on duty.
    #[default]
    OperatingDays,
    /// All days; what a closed day owes is played on the days around it.
    CalendarDays,
}

/// Where a play counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// Only inside the screen's peak windows.
    #[default]
    Peak,
    /// Anywhere inside duty.
    Duty,
}

/// Whose plays are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// Every screen reaches the number by itself.
    #[default]
    Screen,
    /// The screens of a unit reach it together: each day's number is shared among them, see [`share`].
    Unit,
}

/// What an order asks of one screen (or one unit), in TOML
/// `quota = { plays = 10, per = "day", rule = "average", over = "operating-days", within = "peak", of = "screen" }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Quota {
    /// Plays in one period.
    pub plays: u32,
    /// The period.
    pub per: Period,
    /// How it is meant.
    pub rule: Rule,
    /// Which days share it.
    #[serde(default)]
    pub over: Over,
    /// Where a play counts.
    #[serde(default)]
    pub within: Within,
    /// Whose plays are summed.
    #[serde(default)]
    pub of: Of,
}

impl Quota {
    /// What `day` owes by itself: the period's plays shared among its days. `operating` says whether
    /// the screen is on duty on a day; a day that does not share owes nothing.
    pub fn owed_on(&self, day: LocalDay, operating: impl Fn(LocalDay) -> bool) -> Ratio {
        let shares = |d: LocalDay| self.over == Over::CalendarDays || operating(d);
        if !shares(day) {
            return Ratio::ZERO;
        }
        let (first, last) = self.per.span(day);
        let days = first.through(last).filter(|&d| shares(d)).count();
        Ratio::new(i128::from(self.plays), days.max(1) as i128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LocalDay {
        text.parse().unwrap()
    }

    #[test]
    fn a_quota_reads_as_orders_write_it() {
        let quota: Quota = serde_json::from_str(
            r#"{"plays":10,"per":"day","rule":"average","over":"operating-days","within":"peak"}"#,
        )
        .unwrap();
        assert_eq!(
            quota,
            Quota {
                plays: 10,
                per: Period::Day,
                rule: Rule::Average,
                over: Over::OperatingDays,
                within: Within::Peak,
                of: Of::Screen
            }
        );
        let short: Quota = serde_json::from_str(r#"{"plays":2,"per":"iso-week","rule":"at-least"}"#).unwrap();
        assert_eq!((short.over, short.within), (Over::OperatingDays, Within::Peak));
        assert!(serde_json::from_str::<Quota>(r#"{"plays":2,"per":"day","rule":"average","each":1}"#).is_err());
    }

    #[test]
    fn periods_are_calendar_periods() {
        let span = |p: Period, d: &str| p.span(day(d));
        assert_eq!(span(Period::IsoWeek, "2026-01-01"), (day("2025-12-29"), day("2026-01-04")));
        assert_eq!(span(Period::Month, "2024-02-10"), (day("2024-02-01"), day("2024-02-29")));
        assert_eq!(span(Period::Quarter, "2026-11-22"), (day("2026-10-01"), day("2026-12-31")));
        assert_eq!(span(Period::Year, "2026-11-22"), (day("2026-01-01"), day("2026-12-31")));
        assert_eq!(span(Period::Day, "2026-11-22"), (day("2026-11-22"), day("2026-11-22")));
    }

    #[test]
    fn a_month_is_shared_by_its_operating_days() {
        let quota = Quota {
            plays: 2,
            per: Period::Month,
            rule: Rule::AtLeast,
            over: Over::OperatingDays,
            within: Within::Duty,
            of: Of::Screen,
        };
        let weekday = |d: LocalDay| d.weekday().num_days_from_monday() < 5;
        assert_eq!(quota.owed_on(day("2026-11-20"), weekday), Ratio::new(2, 21));
        assert_eq!(quota.owed_on(day("2026-11-22"), weekday), Ratio::ZERO, "a Sunday owes nothing");
        let calendar = Quota { over: Over::CalendarDays, ..quota };
        assert_eq!(calendar.owed_on(day("2026-11-22"), weekday), Ratio::new(2, 30));
    }
}
