//! How fast an order reached its screens: the hours until its first counted play on 95 % of them. Pure.

use lichphat_playlists::time::UtcMillis;

/// Of a hundred screens so many have to have played it before an order counts as delivered.
pub const SHARE_PERCENT: u32 = 95;

/// Marks of the steps, hours after the beginning.
const STEPS_H: [u32; 8] = [1, 2, 4, 8, 24, 48, 72, 168];

/// The moment by which a screen had its first counted play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct First {
    /// Then, or earlier when it is not exact.
    pub by: UtcMillis,
    /// It was just then: read from the record itself.
    pub exact: bool,
}

/// So many screens so long after the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Hours after the beginning.
    pub hours: u32,
    /// Screens that had a counted play by then.
    pub reached: u32,
}

/// How an order fares on its way to its screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Screens that it binds and on which we play.
    pub screens: u32,
    /// Those that had a counted play.
    pub reached: u32,
    /// As many as make 95 %, rounded up.
    pub needed: u32,
    /// How long it took until so many had one, ms; none: not yet.
    pub took_ms: Option<u64>,
    /// That length is of records; else it may have been shorter, and was no longer.
    pub exact: bool,
    /// How many by when, as far as the present goes; nothing after everything is reached.
    pub steps: Vec<Step>,
}

/// Worked out from the first counted play of each of `screens` that had one; `since` is when the order could begin.
pub fn delivery(screens: u32, firsts: &[First], since: UtcMillis, now: UtcMillis) -> Delivery {
    let mut firsts = firsts.to_vec();
    firsts.sort_unstable();
    let needed = u32::try_from((u64::from(screens) * u64::from(SHARE_PERCENT)).div_ceil(100)).unwrap_or(screens);
    let last = needed.checked_sub(1).and_then(|index| firsts.get(index as usize));
    let after = |at: UtcMillis| at.since_ms(since).max(0).unsigned_abs();
    let within = |hours: u32| firsts.iter().filter(|f| after(f.by) <= u64::from(hours) * 3_600_000).count() as u32;
    let mut steps: Vec<Step> = Vec::new();
    for hours in STEPS_H {
        let gone = u64::from(hours) * 3_600_000 <= after(now);
        if !gone || steps.last().is_some_and(|s| s.reached == screens) {
            break;
        }
        steps.push(Step { hours, reached: within(hours) });
    }
    let reached = firsts.len() as u32;
    let exact = last.is_none_or(|last| firsts.iter().take_while(|f| *f <= last).all(|f| f.exact));
    Delivery { screens, reached, needed, took_ms: last.map(|f| after(f.by)), exact, steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    fn at(hours: i64) -> First {
        First { by: UtcMillis(hours * HOUR), exact: true }
    }

    #[test]
    fn the_hours_are_those_until_the_nineteenth_of_twenty() {
        let mut firsts: Vec<First> = (1..=18).map(|_| at(2)).collect();
        let of = |firsts: &[First], now| delivery(20, firsts, UtcMillis(0), UtcMillis(now * HOUR));
        let so_far = of(&firsts, 5);
        assert_eq!((so_far.needed, so_far.reached, so_far.took_ms), (19, 18, None), "one is missing");
        assert_eq!(so_far.steps, [(1, 0), (2, 18), (4, 18)].map(|(hours, reached)| Step { hours, reached }));
        firsts.push(at(7));
        assert_eq!(of(&firsts, 8).took_ms, Some(7 * HOUR as u64));
        firsts.push(First { by: UtcMillis(20 * HOUR), exact: false });
        let all = of(&firsts, 400);
        assert_eq!((all.took_ms, all.exact), (Some(7 * HOUR as u64), true), "a later one changes nothing");
        assert_eq!(all.steps.last(), Some(&Step { hours: 24, reached: 20 }), "nothing is told after everything");
        firsts[0] = First { by: UtcMillis(3 * HOUR), exact: false };
        assert!(!of(&firsts, 400).exact, "one of those that make the length is not known to the minute");
    }

    #[test]
    fn an_order_for_no_screen_is_never_delivered() {
        let none = delivery(0, &[], UtcMillis(0), UtcMillis(9 * HOUR));
        assert_eq!((none.needed, none.took_ms, none.reached), (0, None, 0));
        assert_eq!(delivery(1, &[], UtcMillis(0), UtcMillis(0)).needed, 1);
    }

    proptest! {
        #[test]
        fn no_order_of_records_changes_it_and_steps_only_rise(
            mut hours in proptest::collection::vec(0_i64..200, 0..40), more in 0_u32..10, now in 0_i64..300,
        ) {
            let screens = hours.len() as u32 + more;
            let work = |hours: &[i64]| {
                let firsts: Vec<First> = hours.iter().map(|h| at(*h)).collect();
                delivery(screens, &firsts, UtcMillis(0), UtcMillis(now * HOUR))
            };
            let before = work(&hours);
            hours.reverse();
            prop_assert_eq!(&before, &work(&hours));
            prop_assert!(before.steps.windows(2).all(|two| two[0].reached <= two[1].reached));
            prop_assert_eq!(before.took_ms.is_some(), screens > 0 && before.reached >= before.needed);
            prop_assert!(before.needed * 100 >= screens * SHARE_PERCENT && before.needed <= screens);
        }
    }
}
