//! Reports that make themselves: when a period's is due, and what became of it. Pure.

use super::model::{Span, SpanKind};
use crate::config::ReportSettings;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};

/// Reports of one rule that are made up at most after an outage, the newest; a rule of days that slept for a year floods nobody.
const MOST: usize = 31;

/// When a rule's reports are due: on the so-many-th day after each period has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Which periods.
    pub kind: SpanKind,
    /// Days after the last one: 5 of a month is the fifth of the next.
    pub day: u32,
    /// Hour of that day.
    pub hour: u32,
}

impl Timing {
    fn moment(self, span: Span, offset: UtcOffset) -> UtcMillis {
        span.to.plus(self.day).at(self.hour * 3_600, offset)
    }

    /// The periods whose report has come due since the rule was first seen, the oldest first. Of periods from before there is none: who
    /// writes a rule today is not sent the whole of last year.
    pub fn due(self, since: UtcMillis, now: UtcMillis, offset: UtcOffset) -> Vec<Span> {
        let mut due = Vec::new();
        let mut day = now.day(offset);
        while due.len() < MOST {
            let span = Span::of(self.kind, day);
            let at = self.moment(span, offset);
            if at < since {
                break;
            }
            if at <= now {
                due.push(span);
            }
            day = span.from.previous();
        }
        due.reverse();
        due
    }

    /// The next period whose report comes due, and when.
    pub fn next(self, now: UtcMillis, offset: UtcOffset) -> (Span, UtcMillis) {
        // the halves and three quarters of a year are due once a year, so a year and the days after it are enough
        let ahead = (0..=400).map(|days| Span::of(self.kind, now.day(offset).plus(days)));
        let today = Span::of(self.kind, now.day(offset));
        let back = std::iter::successors(Some(today), |span| Some(Span::of(self.kind, span.from.previous())));
        let open = back.take_while(|span| self.moment(*span, offset) > now);
        let first = open.chain(ahead).filter(|span| self.moment(*span, offset) > now).min_by_key(|span| span.to);
        let span = first.unwrap_or(today);
        (span, self.moment(span, offset))
    }
}

/// A report that a rule has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDue {
    /// Its name.
    pub rule: String,
    /// First and last day.
    pub days: (LocalDay, LocalDay),
    /// SHA-256 of the data.
    pub hash: Sha256Hash,
    /// The data.
    pub data: Vec<u8>,
    /// Where it goes: `folder`, or an address.
    pub ways: Vec<String>,
    /// When.
    pub at: UtcMillis,
}

/// One way that a report has not gone yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The report's number.
    pub due: u64,
    /// Of which rule.
    pub rule: String,
    /// First and last day.
    pub days: (LocalDay, LocalDay),
    /// `folder`, or an address.
    pub way: String,
    /// How often it was tried.
    pub tries: u32,
}

/// That a rule's report is not made, or not gone where it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The rule.
    pub rule: String,
    /// First and last day.
    pub days: (LocalDay, LocalDay),
    /// `folder`, or an address; empty: it is not even made.
    pub way: String,
    /// Why, as the system said it.
    pub problem: String,
    /// How often it was tried in vain so far.
    pub tries: u32,
    /// When it went all the same; none: it has not.
    pub mended: Option<UtcMillis>,
}

/// The newest report that a rule has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastDue {
    /// First and last day.
    pub days: (LocalDay, LocalDay),
    /// When it was made.
    pub at: UtcMillis,
    /// To how many places it goes.
    pub ways: u32,
    /// Of them, those where it is not yet.
    pub open: u32,
}

/// A rule as the server has it, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleState {
    /// As it stands in the settings.
    pub settings: ReportSettings,
    /// Its newest report.
    pub last: Option<LastDue>,
    /// What went wrong last.
    pub trouble: Option<Trouble>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::time::HANOI;

    fn at(day: &str, hour: u32) -> UtcMillis {
        day.parse::<LocalDay>().unwrap().at(hour * 3_600, HANOI)
    }

    fn due(kind: SpanKind, day: u32, since: UtcMillis, now: UtcMillis) -> Vec<String> {
        let spans = Timing { kind, day, hour: 7 }.due(since, now, HANOI);
        spans.iter().map(|span| format!("{} {}", span.from, span.to)).collect()
    }

    #[test]
    fn on_the_fifth_the_month_before_is_due_and_what_an_outage_missed_is_made_up() {
        let since = at("2026-10-20", 12);
        assert!(due(SpanKind::Month, 5, since, at("2026-11-05", 6)).is_empty(), "an hour too early");
        assert_eq!(due(SpanKind::Month, 5, since, at("2026-11-05", 7)), ["2026-10-01 2026-10-31"]);
        let later = ["2026-10-01 2026-10-31", "2026-11-01 2026-11-30", "2026-12-01 2026-12-31"];
        assert_eq!(due(SpanKind::Month, 5, since, at("2027-01-09", 0)), later);
        assert!(
            due(SpanKind::Month, 5, at("2026-11-05", 8), at("2026-12-04", 0)).is_empty(),
            "nothing from before the rule"
        );
    }

    #[test]
    fn the_next_report_is_the_first_that_is_not_yet_due() {
        let next = |kind, day, now| {
            let (span, at) = Timing { kind, day, hour: 7 }.next(now, HANOI);
            (format!("{} {}", span.from, span.to), at)
        };
        let on = |day: &str, of: &str| (of.to_owned(), at(day, 7));
        let october = on("2026-11-05", "2026-10-01 2026-10-31");
        assert_eq!(next(SpanKind::Month, 5, at("2026-11-05", 6)), october, "an hour before");
        assert_eq!(next(SpanKind::Month, 5, at("2026-11-05", 7)), on("2026-12-05", "2026-11-01 2026-11-30"));
        assert_eq!(next(SpanKind::Day, 2, at("2026-11-05", 7)), on("2026-11-06", "2026-11-04 2026-11-04"));
        assert_eq!(next(SpanKind::HalfYear, 5, at("2026-07-01", 0)), on("2026-07-05", "2026-01-01 2026-06-30"));
        assert_eq!(next(SpanKind::HalfYear, 5, at("2026-08-01", 0)), on("2027-07-05", "2027-01-01 2027-06-30"));
        assert_eq!(next(SpanKind::NineMonths, 1, at("2026-11-01", 0)), on("2027-10-01", "2027-01-01 2027-09-30"));
        assert_eq!(next(SpanKind::Year, 5, at("2027-01-03", 8)), on("2027-01-05", "2026-01-01 2026-12-31"));
    }

    #[test]
    fn every_kind_of_period_comes_due_after_its_end() {
        let since = at("2026-01-01", 0);
        for (kind, now, newest) in [
            (SpanKind::Day, at("2026-11-27", 8), "2026-11-26 2026-11-26"),
            (SpanKind::Week, at("2026-11-24", 8), "2026-11-16 2026-11-22"),
            (SpanKind::Quarter, at("2026-10-05", 8), "2026-07-01 2026-09-30"),
            (SpanKind::HalfYear, at("2026-07-03", 8), "2026-01-01 2026-06-30"),
            (SpanKind::NineMonths, at("2027-02-01", 8), "2026-01-01 2026-09-30"),
            (SpanKind::Year, at("2027-01-03", 8), "2026-01-01 2026-12-31"),
        ] {
            let day = if kind == SpanKind::Quarter { 5 } else { 1 };
            let all = due(kind, day, since, now);
            assert_eq!(all.last().unwrap(), newest, "{kind}");
            assert!(all.len() <= MOST && all.is_sorted(), "{kind}: {all:?}");
        }
    }
}
