//! What somebody declares of a screen on which no device of ours plays. It is held to the same rule as far as it goes, and
//! never becomes more than a declaration: these figures stand beside those of [`rollup`](super::rollup), never in them.

use super::count::{CountTerms, Reason, Standing, Tally, judge};
use super::record::{DisplayLevel, PlayRecord};
use crate::ids::CampaignCode;
use crate::time::{IntervalSet, LocalDay, UtcMillis, UtcOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One play as it was declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredPlay {
    /// Its beginning.
    pub start: UtcMillis,
    /// What was played.
    pub campaign: CampaignCode,
    /// Its end.
    pub end: UtcMillis,
    /// When it was declared.
    pub received: UtcMillis,
}

/// What a campaign asks of a screen on one day, as far as a declaration can be held to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredTerms {
    /// Booked length, ms.
    pub booked_ms: u32,
    /// Least seconds between counted starts.
    pub min_gap_s: u32,
    /// Seconds of the day that count toward the quota.
    pub windows: IntervalSet,
}

/// Figures of one screen, day and campaign. Additive.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Would count inside the campaign's windows, if it were proven.
    pub plays: u32,
    /// Would count outside them.
    pub outside: u32,
    /// Would not count.
    pub not_counted: u32,
    /// Why not, by stable code.
    pub reasons: BTreeMap<String, u32>,
}

impl Declared {
    /// Was nothing declared?
    pub fn is_empty(&self) -> bool {
        self.plays + self.outside + self.not_counted == 0
    }

    /// Adds one judged play.
    pub fn add(&mut self, standing: Standing) {
        let reason = match standing {
            Standing::Counted { within, .. } => {
                *(if within { &mut self.plays } else { &mut self.outside }) += 1;
                return;
            }
            Standing::NotCounted(reason) => reason.code(),
            Standing::Unknown(doubt) => doubt.code().to_owned(),
        };
        self.not_counted += 1;
        *self.reasons.entry(reason).or_default() += 1;
    }

    /// Adds another's figures.
    pub fn merge(&mut self, other: &Self) {
        self.plays += other.plays;
        self.outside += other.outside;
        self.not_counted += other.not_counted;
        for (reason, n) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += n;
        }
    }
}

/// How the plays of one screen on `day` stand, in order of time: `plays` are those of the day and of the day before, to
/// which gaps and overlaps look back, so that the answer does not depend on the order in which files came in. A campaign
/// without terms does not play here on that day.
pub fn judge_day(
    plays: &[DeclaredPlay],
    day: LocalDay,
    offset: UtcOffset,
    terms: impl Fn(&CampaignCode, LocalDay) -> Option<DeclaredTerms>,
) -> Vec<(DeclaredPlay, Standing)> {
    let mut sorted: Vec<&DeclaredPlay> =
        plays.iter().filter(|p| [day.previous(), day].contains(&p.start.day(offset))).collect();
    sorted.sort();
    let mut tally = Tally::default();
    let mut judged = Vec::new();
    for play in sorted {
        let of = play.start.day(offset);
        let standing = match terms(&play.campaign, of) {
            None => Standing::NotCounted(Reason::NotInPlan),
            Some(terms) => {
                let terms = CountTerms {
                    barred: None, // others' logs say nothing of it
                    campaign: &play.campaign,
                    booked_ms: terms.booked_ms,
                    min_gap_s: terms.min_gap_s,
                    min_display: DisplayLevel::D0,
                    windows: Some(&terms.windows),
                };
                // what a log does not say is taken as good, for nobody can tell
                let record = PlayRecord::whole(play.start, play.end);
                judge(&record, Some(&terms), play.received, offset, &mut tally)
            }
        };
        if of == day {
            judged.push((play.clone(), standing));
        }
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HANOI;
    use proptest::prelude::*;

    fn day() -> LocalDay {
        "2026-11-20".parse().unwrap()
    }

    fn play(start_s: u32, length_s: u32, on: LocalDay) -> DeclaredPlay {
        let start = on.at(start_s, HANOI);
        DeclaredPlay {
            start,
            campaign: CampaignCode::new("news").unwrap(),
            end: start.plus_ms(i64::from(length_s) * 1000),
            received: day().plus(3).start(HANOI),
        }
    }

    fn terms(_: &CampaignCode, _: LocalDay) -> Option<DeclaredTerms> {
        Some(DeclaredTerms {
            booked_ms: 15_000,
            min_gap_s: 300,
            windows: IntervalSet::parse("08:00-09:00;00:00-00:30;23:00-24:00").unwrap(),
        })
    }

    fn sums(plays: &[DeclaredPlay]) -> Declared {
        let mut sums = Declared::default();
        for (_, standing) in judge_day(plays, day(), HANOI, terms) {
            sums.add(standing);
        }
        sums
    }

    #[test]
    fn a_declaration_is_held_to_length_gap_overlap_windows_and_the_present() {
        let eight = 8 * 3600;
        let mut future = play(eight + 3000, 15, day());
        future.received = day().at(eight + 3000, HANOI);
        let plays = [
            play(eight, 15, day()),
            play(eight + 10, 15, day()),
            play(eight + 60, 15, day()),
            play(eight + 400, 14, day()),
            play(eight + 800, 15, day()),
            play(7 * 3600, 15, day()),
            future,
        ];
        let found = sums(&plays);
        assert_eq!((found.plays, found.outside, found.not_counted), (2, 1, 4));
        let reasons = ["future", "min-gap", "overlap", "too-short"].map(|r| (r.to_owned(), 1));
        assert_eq!(found.reasons, BTreeMap::from(reasons));
        let judged = judge_day(&plays, day(), HANOI, |_, _| None);
        assert!(judged.iter().all(|(_, s)| *s == Standing::NotCounted(Reason::NotInPlan)));
    }

    #[test]
    fn midnight_makes_no_gap() {
        let evening = play(86_400 - 60, 15, day().previous());
        assert_eq!(sums(&[play(100, 15, day())]).plays, 1);
        let both = sums(&[evening, play(100, 15, day())]);
        assert_eq!((both.plays, both.not_counted), (0, 1), "too soon after yesterday's last");
    }

    proptest! {
        #[test]
        fn no_order_of_files_changes_the_figures(
            starts in prop::collection::vec((0u32..86_000, 10u32..20), 1..40),
            turn in 0usize..40,
        ) {
            let plays: Vec<DeclaredPlay> = starts.iter().map(|&(s, l)| play(s, l, day())).collect();
            let mut turned = plays.clone();
            turned.rotate_left(turn % plays.len());
            let found = sums(&plays);
            prop_assert_eq!(&sums(&turned), &found);
            prop_assert_eq!((found.plays + found.outside + found.not_counted) as usize, plays.len());
        }
    }
}
