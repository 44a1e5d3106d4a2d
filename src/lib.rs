//! The central scheduler.
