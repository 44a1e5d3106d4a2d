//! Which box stood at a screen: a screen shows what one player puts out, so of two that claim the same hour one counts.

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

/// Had another box taken the screen of `device` at that moment? A box that came back has it again from then on; before it
/// was first registered nobody can have taken it, whatever its clock says.
pub fn replaced(tenures: &[Tenure], device: DeviceId, at: UtcMillis) -> bool {
    let own = |tenure: &Tenure| tenure.device == device;
    let since = tenures.iter().rposition(|t| own(t) && t.at <= at).or_else(|| tenures.iter().position(own));
    let later = since.map_or(tenures, |since| &tenures[since..]);
    later.iter().any(|t| !own(t) && t.at <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_of_the_box_that_was_registered_last() {
        let tenures: Vec<Tenure> = (0u64..)
            .zip([(3, 100), (5, 200), (3, 300)])
            .map(|(log_index, (device, at))| Tenure { log_index, device: DeviceId(device), at: UtcMillis(at) })
            .collect();
        let gone = |device, at| replaced(&tenures, DeviceId(device), UtcMillis(at));
        assert_eq!(
            [90, 150, 199, 200, 299, 300, 400].map(|at| gone(3, at)),
            [false, false, false, true, true, false, false]
        );
        assert_eq!([150, 200, 299, 300].map(|at| gone(5, at)), [false, false, false, true]);
        assert_eq!(known(&tenures, 2).len(), 2);
        assert!(!replaced(known(&tenures, 2), DeviceId(5), UtcMillis(400)), "what was stated later was not known");
    }
}
