//! The counting rule: one pure function says of each record whether it counts, and why not.
//!
//! A play counts when the plan it names was published for this screen; people had approved its file for this screen and
//! day, and had not taken that back; it is not in the future
//! and ends after it starts; it overlaps no earlier play of the screen by more than 1.5 s; at
//! least 95 % of the booked length was shown with at most 2 % of the frames dropped (of sound alone: of the
//! output's slots in which nobody could hear it); the display
//! level is at least what the campaign asks; and the campaign's minimum gap to the last counted
//! play is kept: ten plays in five minutes are one. Records are judged in the device's own order;
//! what a box plays while [the screen is not its own](super::tenure) does not count.

use super::record::{Cause, DisplayLevel, PlayRecord, PlayResult};
use crate::ids::CampaignCode;
use crate::ports::ClockState;
use crate::time::{IntervalSet, UtcMillis, UtcOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Overlap with the play before that is forgiven, ms.
pub const OVERLAP_TOLERANCE_MS: i64 = 1_500;
/// Plans are whole seconds and frames are not: how much earlier than the minimum gap a start may be, ms.
pub const GAP_TOLERANCE_MS: i64 = 1_000;
/// How far ahead of the server's clock a device's may be, ms, beside its own stated error.
pub const FUTURE_TOLERANCE_MS: i64 = 5_000;
/// The largest error that a clock may state and still be one to go by, ms: a device does not widen its own bounds.
pub const MOST_CLOCK_ERROR_MS: u32 = 600_000;
/// A record that arrives later than this after its end is marked late, ms.
pub const LATE_AFTER_MS: i64 = 24 * 3_600_000;
/// Records come in the order of time: once something is on record that ended this much after a slot's start, ms, the
/// slot has its record or will never have one. Scheduler and device draw the line at the same place.
pub const SETTLED_AFTER_MS: i64 = 2_000;

/// What a record is judged against: the terms of the campaign in the plan the record names.
#[derive(Debug, Clone, Copy)]
pub struct CountTerms<'a> {
    /// The campaign, or the code of the local item.
    pub campaign: &'a CampaignCode,
    /// Booked length, ms.
    pub booked_ms: u32,
    /// Least seconds between counted starts; 0 for the local loop.
    pub min_gap_s: u32,
    /// Least display level.
    pub min_display: DisplayLevel,
    /// Why its file was not to be shown: nobody had approved it for this screen and day, or that had been taken back. None when it
    /// was approved.
    pub barred: Option<Reason>,
    /// Seconds of the local day that count toward the quota; none means the whole day.
    pub windows: Option<&'a IntervalSet>,
}

/// What a record is, after judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It counts.
    Counted {
        /// Inside the campaign's windows: toward the quota.
        within: bool,
        /// Arrived long after it ended.
        late: bool,
    },
    /// It does not count.
    NotCounted(Reason),
    /// There is no telling.
    Unknown(Doubt),
}

/// Why a record does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was not whole.
    Partial(Cause),
    /// It could not begin.
    Failed(Cause),
    /// It was not tried.
    Skipped(Cause),
    /// Less than 95 % of the booked length.
    TooShort,
    /// More than 2 % of the frames were dropped, or none were rendered.
    FramesDropped,
    /// The panel is known to have been off.
    PanelDark,
    /// The display level is lower than the campaign asks.
    DisplayLevel,
    /// It overlaps the play before it.
    Overlap,
    /// Too soon after the last counted play of its campaign.
    MinGap,
    /// It lies in the future.
    Future,
    /// It ends before it starts.
    Backwards,
    /// The plan it names has no such slot or item, or was made for another screen or day.
    NotInPlan,
    /// Another box had taken the screen.
    Replaced,
    /// The box was not registered at the screen yet.
    Unregistered,
    /// Nobody had approved it for this screen and day.
    NotApproved,
    /// That had been taken back; a screen that is not connected does not hear of it at once.
    Withdrawn,
}

impl Reason {
    /// Stable code for rollups and reports: `min-gap`, `skipped:device-off`.
    pub fn code(self) -> String {
        let plain = |name: &str| name.to_owned();
        match self {
            Self::Partial(c) => format!("partial:{}", c.code()),
            Self::Failed(c) => format!("failed:{}", c.code()),
            Self::Skipped(c) => format!("skipped:{}", c.code()),
            Self::TooShort => plain("too-short"),
            Self::FramesDropped => plain("frames-dropped"),
            Self::PanelDark => plain("panel-dark"),
            Self::DisplayLevel => plain("display-level"),
            Self::Overlap => plain("overlap"),
            Self::MinGap => plain("min-gap"),
            Self::Future => plain("future"),
            Self::Backwards => plain("backwards"),
            Self::NotInPlan => plain("not-in-plan"),
            Self::Replaced => plain("replaced"),
            Self::Unregistered => plain("unregistered"),
            Self::NotApproved => plain("not-approved"),
            Self::Withdrawn => plain("withdrawn"),
        }
    }
}

/// Why there is no telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// The store does not hold the plan it names.
    PlanUnknown,
    /// The device had no clock to go by.
    ClockUnset,
}

impl Doubt {
    /// Stable code for rollups and reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PlanUnknown => "plan-unknown",
            Self::ClockUnset => "clock-unset",
        }
    }
}

/// What one screen's earlier records leave for judging the next one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// End of the last thing shown.
    pub last_end: Option<UtcMillis>,
    /// Start of the last counted play of each campaign that has a minimum gap.
    pub last_counted: BTreeMap<CampaignCode, UtcMillis>,
}

impl PlayRecord {
    /// Does it end after `at`, by more than clocks may be apart?
    pub fn is_future(&self, at: UtcMillis) -> bool {
        let unset = self.clock == ClockState::Unset;
        let error_ms = if unset { self.clock_error_ms } else { self.clock_error_ms.min(MOST_CLOCK_ERROR_MS) };
        self.end.since_ms(at) > FUTURE_TOLERANCE_MS + i64::from(error_ms)
    }
}

/// Judges one record and moves the tally on. `terms` is none when the plan is not known.
pub fn judge(
    record: &PlayRecord,
    terms: Option<&CountTerms<'_>>,
    received: UtcMillis,
    offset: UtcOffset,
    tally: &mut Tally,
) -> Standing {
    let standing = weigh(record, terms, received, offset, tally);
    if record.result.was_shown() && record.end >= record.start && standing != Standing::NotCounted(Reason::Future) {
        tally.last_end = tally.last_end.max(Some(record.end));
    }
    if let (Standing::Counted { .. }, Some(terms)) = (standing, terms)
        && terms.min_gap_s > 0
    {
        tally.last_counted.insert(terms.campaign.clone(), record.start);
    }
    standing
}

fn weigh(
    record: &PlayRecord,
    terms: Option<&CountTerms<'_>>,
    received: UtcMillis,
    offset: UtcOffset,
    tally: &Tally,
) -> Standing {
    let no = Standing::NotCounted;
    let length_ms = record.end.since_ms(record.start);
    if length_ms < 0 {
        return no(Reason::Backwards);
    }
    if record.is_future(received) {
        return no(Reason::Future);
    }
    match record.result {
        PlayResult::Complete => {}
        PlayResult::Partial(cause) => return no(Reason::Partial(cause)),
        PlayResult::Failed(cause) => return no(Reason::Failed(cause)),
        PlayResult::Skipped(cause) => return no(Reason::Skipped(cause)),
    }
    let Some(terms) = terms else {
        return Standing::Unknown(Doubt::PlanUnknown);
    };
    if let Some(why) = terms.barred {
        return no(why);
    }
    if record.clock == ClockState::Unset || record.clock_error_ms > MOST_CLOCK_ERROR_MS {
        return Standing::Unknown(Doubt::ClockUnset);
    }
    if length_ms * 100 < i64::from(terms.booked_ms) * 95 {
        return no(Reason::TooShort);
    }
    let pushed = u64::from(record.frames_rendered) + u64::from(record.frames_dropped);
    if pushed == 0 || u64::from(record.frames_dropped) * 50 > pushed {
        return no(Reason::FramesDropped);
    }
    if record.display == DisplayLevel::Dark {
        return no(Reason::PanelDark);
    }
    if record.display < terms.min_display {
        return no(Reason::DisplayLevel);
    }
    if tally.last_end.is_some_and(|end| end.since_ms(record.start) > OVERLAP_TOLERANCE_MS) {
        return no(Reason::Overlap);
    }
    let gap_ms = i64::from(terms.min_gap_s) * 1000;
    if gap_ms > 0
        && tally
            .last_counted
            .get(terms.campaign)
            .is_some_and(|&last| record.start.since_ms(last) < gap_ms - GAP_TOLERANCE_MS)
    {
        return no(Reason::MinGap);
    }
    let (_, of_day_ms) = record.start.local(offset);
    let within = terms.windows.is_none_or(|w| {
        // A start is on the frame grid, a window on whole seconds: half a second either way is the same second.
        w.contains(of_day_ms / 1000) || w.contains((of_day_ms + 500) / 1000)
    });
    Standing::Counted { within, late: received.since_ms(record.end) > LATE_AFTER_MS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HANOI;

    const NOON: UtcMillis = UtcMillis(1_763_614_800_000); // 2025-11-20 12:00 in Hanoi

    fn record(start: UtcMillis, length_ms: i64) -> PlayRecord {
        PlayRecord { display: DisplayLevel::D1, ..PlayRecord::whole(start, start.plus_ms(length_ms)) }
    }

    fn stand(record: &PlayRecord, tally: &mut Tally) -> Standing {
        let campaign = CampaignCode::new("ihanoi").unwrap();
        let windows = IntervalSet::parse("11:00-13:00").unwrap();
        let terms = CountTerms {
            campaign: &campaign,
            booked_ms: 15_000,
            min_gap_s: 300,
            min_display: DisplayLevel::D1,
            barred: None,
            windows: Some(&windows),
        };
        judge(record, Some(&terms), NOON.plus_ms(3_600_000), HANOI, tally)
    }

    #[test]
    fn a_whole_play_inside_the_window_counts_toward_the_quota() {
        let counted = |within| Standing::Counted { within, late: false };
        assert_eq!(stand(&record(NOON, 15_000), &mut Tally::default()), counted(true));
        assert_eq!(stand(&record(NOON.plus_ms(-2 * 3_600_000), 15_000), &mut Tally::default()), counted(false));
    }

    #[test]
    fn each_reason_is_named() {
        let cases: Vec<(Reason, PlayRecord)> = vec![
            (Reason::TooShort, record(NOON, 14_000)),
            (Reason::Backwards, record(NOON, -1)),
            (Reason::Future, record(NOON.plus_ms(3_600_000), 15_000)),
            (Reason::FramesDropped, PlayRecord { frames_dropped: 10, ..record(NOON, 15_000) }),
            (Reason::FramesDropped, PlayRecord { frames_rendered: 0, ..record(NOON, 15_000) }),
            (Reason::PanelDark, PlayRecord { display: DisplayLevel::Dark, ..record(NOON, 15_000) }),
            (Reason::DisplayLevel, PlayRecord { display: DisplayLevel::D0, ..record(NOON, 15_000) }),
            (
                Reason::Partial(Cause::EndedEarly),
                PlayRecord { result: PlayResult::Partial(Cause::EndedEarly), ..record(NOON, 15_000) },
            ),
        ];
        for (reason, record) in cases {
            assert_eq!(stand(&record, &mut Tally::default()), Standing::NotCounted(reason));
        }
    }

    #[test]
    fn what_nobody_approved_or_somebody_took_back_never_counts() {
        let campaign = CampaignCode::new("ihanoi").unwrap();
        let (min_display, booked_ms) = (DisplayLevel::D1, 15_000);
        for why in [Reason::NotApproved, Reason::Withdrawn] {
            let (barred, windows) = (Some(why), None);
            let terms = CountTerms { campaign: &campaign, booked_ms, min_gap_s: 0, min_display, barred, windows };
            let judged =
                |record: &PlayRecord| judge(record, Some(&terms), NOON.plus_ms(60_000), HANOI, &mut Tally::default());
            assert_eq!(judged(&record(NOON, 15_000)), Standing::NotCounted(why));
            let unset = PlayRecord { clock: ClockState::Unset, ..record(NOON, 15_000) };
            assert_eq!(judged(&unset), Standing::NotCounted(why), "no clock makes that a doubt");
        }
    }

    #[test]
    fn a_clock_does_not_widen_its_own_bounds() {
        let stating = |ms_ahead, clock_error_ms| {
            let record = PlayRecord { clock_error_ms, ..record(NOON.plus_ms(ms_ahead), 15_000) };
            stand(&record, &mut Tally::default())
        };
        assert_eq!(stating(0, MOST_CLOCK_ERROR_MS), Standing::Counted { within: true, late: false });
        assert_eq!(stating(0, MOST_CLOCK_ERROR_MS + 1), Standing::Unknown(Doubt::ClockUnset));
        assert_eq!(stating(86_400_000, u32::MAX), Standing::NotCounted(Reason::Future));
    }

    #[test]
    fn ten_plays_in_five_minutes_are_one_and_overlaps_are_none() {
        let mut tally = Tally::default();
        let standings: Vec<_> = (0..10).map(|i| stand(&record(NOON.plus_ms(i * 30_000), 15_000), &mut tally)).collect();
        assert_eq!(standings.iter().filter(|s| matches!(s, Standing::Counted { .. })).count(), 1);
        assert!(standings[1..].iter().all(|s| *s == Standing::NotCounted(Reason::MinGap)));

        let mut tally = Tally::default();
        stand(&record(NOON, 15_000), &mut tally);
        assert_eq!(stand(&record(NOON.plus_ms(13_000), 15_000), &mut tally), Standing::NotCounted(Reason::Overlap));
    }

    #[test]
    fn without_a_plan_or_a_clock_there_is_no_telling() {
        let unset = PlayRecord { clock: ClockState::Unset, ..record(NOON, 15_000) };
        assert_eq!(stand(&unset, &mut Tally::default()), Standing::Unknown(Doubt::ClockUnset));
        let standing = judge(&record(NOON, 15_000), None, NOON.plus_ms(60_000), HANOI, &mut Tally::default());
        assert_eq!(standing, Standing::Unknown(Doubt::PlanUnknown));
    }
}
