//! The room for many screens at once: which ones are meant.
//!
//! Invariants: a filter says the same thing whoever reads it, and holds for a screen by what is known of it and nothing else; it never
//! widens what its reader may see.

mod filter;

pub use filter::{Facts, Filter, FilterError, State};
