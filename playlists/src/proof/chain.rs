//! What becomes of a segment: a pure decision on the device's mark.

use super::book::PlanBook;
use super::rollup::RollupDelta;
use crate::ids::{CampaignCode, Seq, Sha256Hash};
use crate::ports::ClockState;
use crate::proof::count::{CountTerms, Reason, Standing, Tally, judge};
use crate::proof::record::{Origin, PlayRecord};
use crate::proof::segment::Segment;
use crate::proof::tenure::{Tenure, not_its_own};
use crate::time::{LocalDay, UtcMillis};

/// Up to where the records of (device, epoch) are held, and what judging the next one needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceMark {
    /// Last record held; 0 before the first.
    pub acked: Seq,
    /// Newest segment held.
    pub head: Option<Sha256Hash>,
    /// What earlier records leave for judging.
    pub tally: Tally,
}

/// What became of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All its records are new.
    Accepted {
        /// What it adds to the rollups.
        delta: RollupDelta,
        /// The mark afterwards.
        mark: DeviceMark,
    },
    /// Every record was held already; nothing changes.
    Duplicate,
    /// It begins after the next record; the device resumes at the receipt's mark.
    Hole {
        /// The record that is missing.
        expected: Seq,
    },
    /// It does not continue the segment held before it: a cloned or rewritten device.
    Fork {
        /// Where the two part.
        at: Seq,
    },
}

/// Code under which records are rolled up whose plan is not held.
pub fn unknown_plan() -> CampaignCode {
    CampaignCode::new("unknown-plan").expect("a valid code")
}

/// Decides on `segment` (whose signature holds) and judges its new records. `tenures`: of the screen, as known when it came.
pub fn decide(
    mark: &DeviceMark,
    segment: &Segment,
    hash: Sha256Hash,
    received: UtcMillis,
    plans: &PlanBook,
    tenures: &[Tenure],
) -> Outcome {
    let expected = Seq(mark.acked.0 + 1);
    if segment.first_seq > expected {
        return Outcome::Hole { expected };
    }
    if segment.last_seq() < expected {
        return Outcome::Duplicate;
    }
    // A device sends again the very segments it sealed, so an honest one never begins in the middle of
    // what is held: whatever overlaps is another story of the same records.
    if segment.first_seq < expected || segment.previous != mark.head.unwrap_or(Sha256Hash([0; 32])) {
        return Outcome::Fork { at: segment.first_seq };
    }
    let mut tally = mark.tally.clone();
    let mut delta = RollupDelta::new();
    for record in &segment.records {
        let (key, standing) = stand(record, segment, received, (plans, tenures), &mut tally);
        delta.entry(key).or_default().add(record, standing);
    }
    let mark = DeviceMark { acked: segment.last_seq(), head: Some(hash), tally };
    Outcome::Accepted { delta, mark }
}

/// Day and campaign under which a record is rolled up, and how it stands. A planned slot belongs
/// to its plan's day; anything else to the day it was played on. What a box plays while the screen is another's is not
/// the screen's, and leaves nothing for judging what is.
pub fn stand(
    record: &PlayRecord,
    segment: &Segment,
    received: UtcMillis,
    (plans, tenures): (&PlanBook, &[Tenure]),
    tally: &mut Tally,
) -> ((LocalDay, CampaignCode), Standing) {
    let plan = plans.get(&record.plan);
    let offset = plan.map_or(segment.offset, |p| p.offset);
    let played = record.start.day(offset);
    let clocked = record.clock != ClockState::Unset;
    let foreign = if clocked { not_its_own(tenures, segment.device, record.start) } else { None };
    let mut judged = |terms: Option<&CountTerms<'_>>| match foreign {
        Some(reason) => Standing::NotCounted(reason),
        None => judge(record, terms, received, offset, tally),
    };
    let Some(plan) = plan else { return ((played, unknown_plan()), judged(None)) };
    let stranger = plan.screen != segment.screen || plan.day.days_since(played).abs() > 1;
    match plan.count_terms(record, received, plans.withdrawals()).filter(|_| !stranger) {
        Some(terms) => {
            let standing = judged(Some(&terms));
            let day = if matches!(record.origin, Origin::Planned { .. }) { plan.day } else { played };
            ((day, terms.campaign.clone()), standing)
        }
        None => ((played, unknown_plan()), Standing::NotCounted(Reason::NotInPlan)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DeviceId, Epoch, PlanHash, PlanVersion, ScreenCode, VenueType};
    use crate::media::{Fades, Media, MediaKind};
    use crate::proof::book::PlanDocument;
    use crate::proof::record::DisplayLevel;
    use crate::time::{HANOI, IntervalSet};
    use crate::wire::permit::{Grounds, Permit, Place, What, Withdrawals, Withdrawn};
    use crate::wire::v1::{Asset, AssetTable, Playlist, Schema, Slot, Tier};
    use std::sync::Arc;

    const EVENING: &str = "2026-11-20";

    const PERMIT: Sha256Hash = Sha256Hash([3; 32]);

    fn permit(asset: &Asset) -> Permit {
        Permit {
            number: 1,
            campaign: asset.code.clone(),
            media: vec![(&asset.media).into()],
            places: Vec::new(),
            from: None,
            until: None,
            approved: Vec::new(),
        }
    }

    /// A bar's plan of one day: its loop is also what plays where nothing is planned, past midnight too.
    fn plan() -> PlanDocument {
        let media = Media { hash: Sha256Hash([1; 32]), size_bytes: 1, kind: MediaKind::Video, duration_s: 10 };
        let code = CampaignCode::new("loop-1").unwrap();
        let asset = Asset {
            code,
            variant: "vi".into(),
            tier: Tier::Fallback,
            media,
            volume_percent: 0,
            fades: Fades::default(),
            permit: Some(PERMIT),
        };
        let assets = Arc::new(AssetTable { assets: vec![asset] });
        let playlist = Playlist {
            schema: Schema::V1,
            screen: ScreenCode::new("C-01").unwrap(),
            day: EVENING.parse().unwrap(),
            offset_min: HANOI,
            version: PlanVersion(1),
            cause: "first plan".into(),
            made_ms: UtcMillis(0),
            ledger_through: None,
            not_approved: Default::default(),
            assets: assets.encode().1,
            place: Sha256Hash::of(b"place"),
            duty: IntervalSet::parse("18:00-24:00").unwrap(),
            terms: Vec::new(),
            fallback: 0,
            slots: vec![Slot { start_s: 86_390, item: 0 }],
        };
        let mut grounds = Grounds::at(Arc::new(Place {
            screen: playlist.screen.clone(),
            version: 1,
            venue_type: VenueType::new("bar").unwrap(),
            above: Vec::new(),
        }));
        grounds.permit(PERMIT, Arc::new(permit(&assets.assets[0])));
        PlanDocument { hash: PlanHash::of(b"evening"), playlist, assets, grounds }
    }

    #[test]
    fn what_was_taken_back_before_it_was_shown_does_not_count_and_a_later_word_changes_nothing() {
        let plan = plan();
        let (evening, hash) = (plan.playlist.day, plan.hash);
        let start = evening.at(86_390, HANOI);
        let record = PlayRecord {
            plan: hash,
            origin: Origin::Planned { slot: 0 },
            display: DisplayLevel::D1,
            ..PlayRecord::whole(start, start.plus_ms(10_000))
        };
        let book: PlanBook = std::iter::once(plan).collect();
        let stand = |taken_back: Option<i64>| {
            let mut list = Withdrawals::default();
            let at_ms = start.plus_ms(taken_back.unwrap_or_default());
            if taken_back.is_some() {
                list.add(Withdrawn { what: What::Permit(PERMIT), at_ms });
            }
            let book = book.clone().with(Arc::new(list));
            let terms = book.get(&hash).unwrap().count_terms(&record, record.end, book.withdrawals()).unwrap();
            terms.barred
        };
        let gone = Some(Reason::Withdrawn);
        assert_eq!([None, Some(1), Some(0), Some(-86_400_000)].map(stand), [None, None, gone, gone]);
    }

    #[test]
    fn a_filler_after_midnight_is_of_the_day_it_was_played_on_and_a_late_slot_of_its_plans() {
        let plan = plan();
        let evening = plan.playlist.day;
        let midnight = evening.next().start(HANOI);
        let played = |after_ms: i64, origin: Origin| PlayRecord {
            plan: plan.hash,
            origin,
            display: DisplayLevel::D1,
            ..PlayRecord::whole(midnight.plus_ms(after_ms), midnight.plus_ms(after_ms + 10_000))
        };
        // the slot of the last ten seconds began twelve seconds late
        let records = vec![
            played(-20_000, Origin::Fallback),
            played(2_000, Origin::Planned { slot: 0 }),
            played(12_000, Origin::Fallback),
        ];
        let segment = Segment {
            device: DeviceId(1),
            epoch: Epoch(1),
            first_seq: Seq(1),
            screen: plan.playlist.screen.clone(),
            offset: HANOI,
            simulated: false,
            previous: Sha256Hash([0; 32]),
            anchor: String::new(),
            records,
        };
        let book: PlanBook = std::iter::once(plan).collect();
        let hash = Sha256Hash([2; 32]);
        let outcome = decide(&DeviceMark::default(), &segment, hash, midnight.plus_ms(60_000), &book, &[]);
        let Outcome::Accepted { delta, .. } = outcome else { panic!("{outcome:?}") };
        let days: Vec<_> = delta.iter().map(|((day, _), sum)| (*day, sum.counted, sum.slots_seen)).collect();
        assert_eq!(days, [(evening, 2, 1), (evening.next(), 1, 0)]);
    }
}
