//! The central scheduler.

pub mod directory;
pub mod fleet;
pub mod proof;
