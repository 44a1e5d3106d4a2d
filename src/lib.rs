//! The central scheduler.

pub mod fleet;
pub mod proof;
