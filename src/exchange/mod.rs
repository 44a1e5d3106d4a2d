//! The exchange room: plays go out in the forms that other people's systems read.
//!
//! Invariants: what leaves is what proof says, judged by its one rule and nothing else; a form that cannot say how a
//! record stands carries only plays that count; every row has the play's own name, `device/epoch/seq`, so nothing is
//! there twice; rows are written one by one, never gathered.

pub mod cell;
pub mod out;
mod parquet_out;
pub mod play;

pub use out::{Form, Sink};
pub use play::{COLUMNS, Column, Play, Value};
