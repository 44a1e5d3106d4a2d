//! Which box stood at a screen: a screen shows what one player puts out, so of two that claim the same hour one counts.

use super::count::Reason;
use crate::ids::DeviceId;
use crate::time::UtcMillis;

/// A box was registered at a screen: from then on the screen is its own, until the next one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    /// Entry of the log that states it.
    pub log_index: u64,
    /// The box.
    pub device: DeviceId,
    /// When, by the scheduler's clock.
    pub at: UtcMillis,
}

/// Those of a screen, in order of the log, that were stated before entry `log_index`: what is judged as it came is judged
/// by what was known when it came.
pub fn known(tenures: &[Tenure], log_index: u64) -> &[Tenure] {
    &tenures[..tenures.partition_point(|tenure| tenure.log_index < log_index)]
}

/// How much earlier than its registration a play of the first box of a screen may begin, by clocks that are apart, ms.
pub const CLOCKS_APART_MS: i64 = 60_000;

/// Why what `device` played at that moment is not the screen's; none when the screen was its own. A box that came back has it
/// again from then on. The time before it was first registered is never its own, or two could claim one hour by turns.
pub fn not_its_own(tenures: &[Tenure], device: DeviceId, at: UtcMillis) -> Option<Reason> {
    let own = |tenure: &Tenure| tenure.device == device;
    let first = tenures.iter().position(own)?;
    let early = match first {
        0 => at < tenures[0].at.plus_ms(-CLOCKS_APART_MS),
        _ => at < tenures[first].at,
    };
    if early {
        return Some(Reason::Unregistered);
    }
    let since = tenures.iter().rposition(|t| own(t) && t.at <= at).unwrap_or(first);
    tenures[since..].iter().any(|t| !own(t) && t.at <= at).then_some(Reason::Replaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tenures(stated: &[(u32, i64)]) -> Vec<Tenure> {
        let of = |(log_index, (device, at)): (u64, &(u32, i64))| Tenure {
            log_index,
            device: DeviceId(*device),
            at: UtcMillis(*at),
        };
        (0u64..).zip(stated).map(of).collect()
    }

    #[test]
    fn a_screen_is_of_the_box_that_was_registered_last() {
        let tenures = tenures(&[(3, 100), (5, 200), (3, 300)]);
        let gone = |device, at| not_its_own(&tenures, DeviceId(device), UtcMillis(at));
        let (mine, replaced, early) = (None, Some(Reason::Replaced), Some(Reason::Unregistered));
        let of_first = [90, 150, 199, 200, 299, 300, 400].map(|at| gone(3, at));
        assert_eq!(of_first, [mine, mine, mine, replaced, replaced, mine, mine]);
        assert_eq!([150, 199, 200, 299, 300].map(|at| gone(5, at)), [early, early, mine, mine, replaced]);
        assert_eq!(gone(3, 99 - CLOCKS_APART_MS), early);
        assert_eq!(known(&tenures, 2).len(), 2);
        let then = not_its_own(known(&tenures, 2), DeviceId(5), UtcMillis(400));
        assert_eq!(then, mine, "what was stated later was not known");
    }

    proptest! {
        #[test]
        fn no_moment_is_of_two_boxes(stated in prop::collection::vec((1u32..5, 100_000i64..200_000), 1..8), at in 0i64..300_000) {
            let mut stated = stated;
            stated.sort_by_key(|(_, at)| *at); // the scheduler's clock goes on
            let tenures = tenures(&stated);
            let own = (1..5).filter(|device| stated.iter().any(|(d, _)| d == device));
            let own = own.filter(|device| not_its_own(&tenures, DeviceId(*device), UtcMillis(at)).is_none());
            prop_assert!(own.count() <= 1);
        }
    }
}
