//! Who may write, put, decide and raise: pure. It takes two people, of whom one at most has written the draft.

use super::error::OrderError;
use super::model::{Draft, Said, State};
use crate::directory::Directory;
use crate::people::{Act, Caller, Denied, On};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::LocalDay;

/// People that it takes.
pub const PEOPLE: usize = 2;

/// What comes of a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// He has said so before.
    Known,
    /// Somebody else has to say so as well.
    Waits,
    /// It is published.
    Published,
}

/// May he write orders, and put them to people?
///
/// # Errors
/// Why not.
pub fn may_write(caller: &Caller, directory: &Directory, today: LocalDay) -> Result<(), Denied> {
    caller.may(Act::Direct, On::City, directory, today)
}

/// May he decide on them? Who makes the city's orders may, and who approves for the whole city.
///
/// # Errors
/// Why not.
pub fn may_decide(caller: &Caller, directory: &Directory, today: LocalDay) -> Result<(), Denied> {
    let approves = caller.may(Act::Approve, On::City, directory, today);
    may_write(caller, directory, today)
        .or_else(|no| approves.map_err(|also| if also == Denied::Weak { also } else { no }))
}

/// May he know of drafts? Who may decide on them once he has shown a second factor.
pub fn sees(caller: &Caller, directory: &Directory, today: LocalDay) -> bool {
    matches!(may_decide(caller, directory, today), Ok(()) | Err(Denied::Weak))
}

/// What comes of his yes to a revision as this document; `holds` says whether somebody who said yes before may still decide. Who said
/// yes to another document has said nothing of this one: what an amendment amends may have changed since.
///
/// # Errors
/// Why his word is not taken.
pub fn approve(
    draft: &Draft,
    (revision, document): (u32, Sha256Hash),
    caller: &Caller,
    holds: impl Fn(&str) -> bool,
) -> Result<Outcome, OrderError> {
    open(draft, revision)?;
    let me = caller.account.as_str();
    let yes = |s: &&Said| s.yes && s.document == Some(document);
    let others = draft.said.iter().filter(yes).filter(|s| s.by != me && holds(&s.by));
    let others: Vec<&str> = others.map(|s| s.by.as_str()).collect();
    let wrote = |who: &str| draft.writers.contains(who);
    if wrote(me) && !others.is_empty() && others.iter().all(|who| wrote(who)) {
        return Err(OrderError::Writers(draft.number));
    }
    let again = draft.said.iter().filter(yes).any(|said| said.by == me);
    Ok(match others.len() + 1 {
        PEOPLE.. => Outcome::Published,
        _ if again => Outcome::Known,
        _ => Outcome::Waits,
    })
}

/// It waits for a word, and says what he has looked at.
///
/// # Errors
/// When it was decided, or changed meanwhile.
pub fn open(draft: &Draft, revision: u32) -> Result<(), OrderError> {
    let (number, state) = (draft.number, draft.state);
    if state != State::Put {
        return Err(OrderError::Closed { number, state });
    }
    if draft.revision != revision { Err(OrderError::Changed(number)) } else { Ok(()) }
}
