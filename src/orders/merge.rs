//! Two people wrote at the same time: what each changed is kept, and where both changed the same thing both are shown. Pure.

use super::sheet::{LISTS, SCALARS, Sheet};

/// One field, or one list, that both have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field, or the list's name.
    pub field: &'static str,
    /// What the other one has written there, in the words of the form; empty: nothing.
    pub theirs: String,
}

/// `mine` with what `theirs` has changed since `base`. Where both have changed something, mine stands and the other is told beside it.
/// The rows of a list are one thing: half of another's row would be nobody's.
pub fn merge(base: &Sheet, mine: &Sheet, theirs: &Sheet) -> (Sheet, Vec<Conflict>) {
    let (mut merged, mut conflicts) = (mine.clone(), Vec::new());
    for name in SCALARS.iter().copied().chain(LISTS.iter().map(|(name, ..)| *name)) {
        let (was, my, their) = (base.block(name), mine.block(name), theirs.block(name));
        if their == was || their == my {
            continue;
        }
        if my == was {
            merged.put_block(name, their);
        } else {
            let theirs = their.into_values().collect::<Vec<_>>().join("; ");
            conflicts.push(Conflict { field: name, theirs });
        }
    }
    (merged, conflicts)
}
