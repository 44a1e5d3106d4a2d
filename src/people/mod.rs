//! People: who they are, which roles they hold where in the tree of units, and what they may do.
//!
//! Invariants:
//! * nobody may do anything but by a role that he holds today over the very thing ([`Caller::may`]; the table is [`RULES`]);
//! * of secrets only hashes are kept; a code is good once;
//! * what changes who may do what is a statement of the log, written in the same transaction.
//!
//! No clock, file or store in here: the present and the tree are arguments.

mod may;
mod model;
#[cfg(test)]
mod tests;

pub use may::{Act, Denied, On, RULES, Rule, Sight};
pub use model::{AccountCode, AccountCodeError, Caller, Grant, Role, Scope, Via};
