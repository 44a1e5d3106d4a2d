//! What the documentation shows can be typed: every `lichphat-player` command of it exists with its switches.
#![cfg(feature = "stage-gstreamer")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "../../tests/common/shown.rs"]
mod shown;

use std::path::Path;

#[test]
fn every_command_shown_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    shown::hold_against(&root, "lichphat-player", env!("CARGO_BIN_EXE_lichphat-player"));
}
