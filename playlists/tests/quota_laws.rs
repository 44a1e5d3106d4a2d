//! Laws of quotas, one property each.
//!
//! Held elsewhere: that nothing loses less, that no operating day is silent, the closed form of what is lost
//! (`quota/ledger.rs`), that every day's number is that of a plain simulation (`ledger.rs` beside this file), that
//! make-goods keep windows, gaps and orders (`quota/make_good.rs`), that a unit's number is shared fairly
//! (`quota/share.rs`). Laws of plans are in `laws.rs`, of proofs in `proofs.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use lichphat_playlists::quota::{
    DayOwed, Ledger, LedgerOptions, Of, Over, Period, Quota, Ratio, Rule, Within, ceil, floor,
};
use lichphat_playlists::time::LocalDay;
use proptest::prelude::*;

fn first() -> LocalDay {
    LocalDay::from_ymd(2026, 1, 1).unwrap()
}

/// Days with what they owe, whether they operate, and what they carry.
#[derive(Debug, Clone)]
struct Days {
    owed: Vec<DayOwed>,
    carries: Vec<u32>,
    rule: Rule,
    per: Period,
}

impl Days {
    fn ledger(&self) -> Ledger {
        self.ledger_of(self.owed.clone())
    }
    fn ledger_of(&self, owed: Vec<DayOwed>) -> Ledger {
        Ledger::new(self.rule, self.per, owed, LedgerOptions::default())
    }
}

fn days() -> impl Strategy<Value = Days> {
    let day = (0i128..14, 1i128..8, prop::bool::weighted(0.85), 0u32..25);
    let per = prop::sample::select(vec![Period::Day, Period::IsoWeek, Period::Month]);
    (prop::collection::vec(day, 1..60), prop::sample::select(vec![Rule::Average, Rule::AtLeast]), per).prop_map(
        |(days, rule, per)| {
            let owed = |(t, &(plays, among, operating, _)): (usize, &(i128, i128, bool, u32))| DayOwed {
                day: first().plus(t as u32),
                owed: Ratio::new(plays, among),
                operating,
            };
            let (owed, carries) = (days.iter().enumerate().map(owed).collect(), days.iter().map(|d| d.3).collect());
            Days { owed, carries, rule, per }
        },
    )
}

/// Plays of every day when each does what it is asked for but loses what `lost` says, span by span.
fn live(ledger: &Ledger, carries: &[u32], lost: &[u32]) -> Vec<u32> {
    let (mut counted, mut span, mut plays) = (0, None, Vec::new());
    for (t, d) in ledger.days().iter().enumerate() {
        if ledger.span(d.day) != span {
            (span, counted) = (ledger.span(d.day), 0);
        }
        let asked = ledger.target(d.day, counted, carries[t]);
        let played = asked.saturating_sub(lost[t % lost.len()]);
        counted += played;
        plays.push(played);
    }
    plays
}

proptest! {
    /// Whatever is lost on the way, nobody is asked for more than the envelope, the day's cap, and what it carries.
    #[test]
    fn no_day_is_asked_beyond_envelope_cap_and_room(case in days(), counted in 0u32..300, lost in prop::collection::vec(0u32..9, 1..9)) {
        let ledger = case.ledger();
        for (t, d) in case.owed.iter().enumerate() {
            let asked = ledger.target(d.day, counted, case.carries[t]);
            prop_assert!(asked <= case.carries[t].min(ledger.cap(d.day)));
            prop_assert!(d.operating || asked == 0, "a closed day is asked for nothing");
        }
        let plays = live(&ledger, &case.carries, &lost);
        let mut sum = 0;
        for (t, d) in case.owed.iter().enumerate() {
            let starts_anew = t == 0 || ledger.span(case.owed[t - 1].day) != ledger.span(d.day);
            sum = if starts_anew { plays[t] } else { sum + plays[t] };
            let largest = case.owed.iter().take(t + 1).map(|d| d.owed).max().unwrap();
            let ahead = if case.rule == Rule::Average { largest } else { Ratio::ZERO };
            let owed_so_far = ledger.status(d.day, sum).owed_so_far;
            prop_assert!(plays[t] == 0 || sum <= ceil(owed_so_far + ahead), "run-ahead of more than a day's plays");
        }
    }

    /// A play that is lost is asked for again on the next day that has room for it, once.
    #[test]
    fn a_lost_play_is_asked_for_again_once(case in days(), counted in 1u32..200) {
        let ledger = case.ledger();
        for (t, d) in case.owed.iter().enumerate() {
            let with = ledger.target(d.day, counted, case.carries[t]);
            let without = ledger.target(d.day, counted - 1, case.carries[t]);
            let full = if d.operating { case.carries[t].min(ledger.cap(d.day)) } else { 0 };
            prop_assert!(without == with + 1 || without == with && (with == full || with == 0));
        }
    }

    #[test]
    fn raising_a_number_never_changes_an_earlier_day(case in days(), from in any::<prop::sample::Index>(), more in 1i128..9, counted in 0u32..200) {
        let from = from.index(case.owed.len());
        let mut raised = case.owed.clone();
        raised[from..].iter_mut().for_each(|d| d.owed += Ratio::from_integer(more));
        let (before, after) = (case.ledger(), case.ledger_of(raised));
        for (t, d) in case.owed.iter().enumerate() {
            let asked = |ledger: &Ledger| ledger.target(d.day, counted, case.carries[t]);
            if t < from {
                prop_assert_eq!(asked(&before), asked(&after));
                let (old, new) = (before.status(d.day, counted), after.status(d.day, counted));
                prop_assert_eq!((old.owed_so_far, before.cap(d.day)), (new.owed_so_far, after.cap(d.day)));
            } else {
                prop_assert!(asked(&after) >= asked(&before), "a raise makes no day smaller");
            }
        }
    }

    #[test]
    fn a_screen_that_joins_later_owes_nothing_from_before(case in days(), from in any::<prop::sample::Index>()) {
        let from = from.index(case.owed.len());
        let late = case.ledger_of(case.owed[from..].to_vec());
        let joined = case.owed[from].day;
        for d in &case.owed[..from] {
            let status = late.status(d.day, 0);
            prop_assert!(status.met && status.owed_so_far == Ratio::ZERO && late.target(d.day, 0, 99) == 0);
        }
        prop_assert_eq!(late.status(joined, 0).owed_so_far, case.owed[from].owed);
    }

    /// Periods of `at_least` know nothing of each other.
    #[test]
    fn a_period_is_on_its_own(case in days(), counted in 0u32..60) {
        let whole = Days { rule: Rule::AtLeast, ..case };
        let ledger = whole.ledger();
        for d in &whole.owed {
            let (a, b) = ledger.span(d.day).unwrap();
            let alone: Vec<DayOwed> = whole.owed.iter().copied().filter(|o| (a..=b).contains(&o.day)).collect();
            let alone = whole.ledger_of(alone);
            prop_assert_eq!(ledger.target(d.day, counted, 40), alone.target(d.day, counted, 40));
            prop_assert_eq!(ledger.status(d.day, counted), alone.status(d.day, counted));
        }
    }

    #[test]
    fn met_means_that_no_whole_play_is_missing(case in days(), counted in 0u32..300) {
        let ledger = case.ledger();
        for d in &case.owed {
            let s = ledger.status(d.day, counted);
            let last = ledger.span(d.day).unwrap().1 == d.day;
            let whole = if case.rule == Rule::AtLeast && last { ceil(s.owed_so_far) } else { floor(s.owed_so_far) };
            prop_assert_eq!((s.met, s.short, s.surplus), (counted >= whole, whole.saturating_sub(counted), counted.saturating_sub(whole)));
        }
    }

    #[test]
    fn a_forecast_is_what_comes_when_nothing_more_is_lost(case in days(), today in any::<prop::sample::Index>()) {
        let ledger = case.ledger();
        let today = today.index(case.owed.len());
        let plays = live(&ledger, &case.carries, &[0]);
        let in_span = |t: &usize| ledger.span(case.owed[*t].day) == ledger.span(case.owed[today].day);
        let before: u32 = (0..today).filter(in_span).map(|t| plays[t]).sum();
        let all: u32 = (0..plays.len()).filter(in_span).map(|t| plays[t]).sum();
        let carries = |day: LocalDay| case.carries[usize::try_from(day.days_since(first())).unwrap()];
        let forecast = ledger.forecast(case.owed[today].day, before, carries);
        prop_assert_eq!(forecast.counted, all);
        prop_assert_eq!(forecast.short, forecast.owed.saturating_sub(all));
    }

    /// Nothing of a period's number is lost or won by sharing it among its days.
    #[test]
    fn the_days_of_a_period_share_its_number_exactly(plays in 1u32..500, start in 0u32..1_500, week in 0u8..128, calendar: bool, per in 0usize..5) {
        let per = [Period::Day, Period::IsoWeek, Period::Month, Period::Quarter, Period::Year][per];
        let over = if calendar { Over::CalendarDays } else { Over::OperatingDays };
        let quota = Quota { plays, per, rule: Rule::Average, over, within: Within::Peak, of: Of::Screen };
        let on_duty = |d: LocalDay| week >> d.weekday().num_days_from_monday() & 1 == 1;
        let day = LocalDay::from_ymd(2024, 1, 1).unwrap().plus(start);
        let (a, b) = per.span(day);
        let shares = a.through(b).filter(|d| calendar || on_duty(*d)).count();
        let sum: Ratio = a.through(b).map(|d| quota.owed_on(d, on_duty)).sum();
        prop_assert_eq!(sum, if shares == 0 { Ratio::ZERO } else { Ratio::from_integer(i128::from(plays)) });
    }
}
