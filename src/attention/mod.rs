//! The attention room: how each screen is right now, whether its orders will be met, and what to do first about it.
//!
//! Invariants: it decides from facts that others gathered and touches nothing; a screen has one state at a time; nothing
//! is called dark or offline outside the hours in which the screen should be on; what cannot be told is told as open,
//! never as good or bad; what one cause did to one site is one thing, however many screens stand there.

mod account;
mod fate;
mod heat;
mod model;
mod standing;
mod things;

pub use account::Account;
pub use fate::{Due, Fate, Fates, Prospect, Subject, fates};
pub use heat::{Cell, HEAT_DAYS, cells};
pub use model::{BoxFacts, Cause, Mend, Standing, State, Thing};
pub use standing::{LOST_MS, QUIET_MS, SILENT_DAYS, present, with_plays};
pub use things::{Here, Site, site_of, things};

#[cfg(test)]
mod tests;
