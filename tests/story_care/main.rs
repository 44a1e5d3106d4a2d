//! Care for a running scheduler, through its public doors: backups that bring everything back, and what it says of how it is.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests are tests")]

mod backup;
#[path = "../common/mod.rs"]
mod common;
mod exchanges;
mod health;
mod lines;

const DAY: &str = "2024-09-20";
