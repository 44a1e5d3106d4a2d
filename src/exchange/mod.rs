//! The exchange room: plays go out in the forms that other people's systems read, and what others declare comes in.
//!
//! Invariants: what leaves is what proof says, judged by its one rule and nothing else; a form that cannot say how a
//! record stands carries only plays that count; every row has the play's own name, `device/epoch/seq`, so nothing is
//! there twice; rows are written one by one, never gathered. What comes in is a declaration and stays one: in tables of
//! its own, with the hash of its file and who brought it, once however often it is brought, and never in a figure that
//! is proven; an import that is withdrawn stays, with who withdrew it and why, and counts no more.

pub mod audit;
pub mod bring;
pub mod cell;
pub mod declare;
mod document;
pub mod log;
pub mod loops;
pub mod mapping;
pub mod out;
mod parquet_out;
pub mod play;
pub mod reconcile;
mod rows;

pub use declare::{Brought, DeclaredStore, Figures, HeldPlay, Import, Rule, Taken, Withdrawal};
pub use document::documentation;
