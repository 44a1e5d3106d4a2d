//! Two boxes under one identity: a disk that was copied.
//!
//! An epoch is leased to one run of the player at a time, and runs take turns: the next one takes the lease over with its first
//! heartbeat, and the one before is never heard again. One that is shows that two are running at once. Their records are
//! not mixed up by it (the chain takes one story and sets the other apart); people have to find the second box. Boots are no
//! names for runs: they are counted, and two copies of a disk count alike.

/// Runs that are remembered.
const REMEMBERED: usize = 8;

/// A heartbeat came from `run`; `runs` are those heard before, newest last. True when two are running at once.
pub fn hear(runs: &mut Vec<String>, run: String) -> bool {
    if runs.last() == Some(&run) {
        return false;
    }
    let before = runs.len();
    runs.retain(|known| *known != run);
    let doubled = runs.len() < before;
    runs.push(run);
    runs.drain(..runs.len().saturating_sub(REMEMBERED));
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heard(runs: &[u32]) -> Vec<bool> {
        let mut known = Vec::new();
        runs.iter().map(|run| hear(&mut known, run.to_string())).collect()
    }

    proptest! {
        #[test]
        fn a_box_that_restarts_as_often_as_it_likes_is_one(beats in prop::collection::vec(1..4usize, 1..30)) {
            let runs: Vec<u32> = (0u32..).zip(&beats).flat_map(|(run, n)| vec![run; *n]).collect();
            prop_assert!(heard(&runs).iter().all(|doubled| !doubled));
        }

        #[test]
        fn up_to_eight_copies_are_noticed_when_the_first_is_heard_again(copies in 2..=8u32) {
            let runs: Vec<u32> = (0..copies).chain([0]).collect();
            prop_assert_eq!(heard(&runs).iter().position(|doubled| *doubled), Some(copies as usize));
        }
    }
}
