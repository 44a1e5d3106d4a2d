//! The console in a real Chromium, on a telephone and on a desk, in light and dark, in both languages: every page is fit for everybody
//! (`pages`), and each role's story is walked from signing in to its result (`stories`). Pictures of every step of a story, of what is
//! unfit and, with `LOOKS=all`, of every page lie below `target/browser/`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod chrome;
#[path = "../common/mod.rs"]
mod common;
mod pages;
#[path = "../common/paper.rs"]
mod paper;
mod person;
mod place;
mod stories;
#[path = "../common/visitor.rs"]
#[allow(dead_code, reason = "the stories of people use more of it")]
mod visitor;
