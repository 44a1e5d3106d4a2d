//! Orders as people work with them: how fast one reached its screens.
//!
//! Invariants:
//! * no clock, file or store in here: bytes and the present are arguments or ports.

pub mod delivery;
