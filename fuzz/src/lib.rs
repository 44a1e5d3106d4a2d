//! One law for every parser of bytes from outside: it never panics; what it refuses it refuses with words; what it takes
//! it takes once, so that what was taken and is written again reads the same.
//!
//! Each [`Target`] is a function of bytes that says whether they were taken and panics when the law is broken, with whole
//! files to begin from.
//! libFuzzer runs them for as long as one likes (`make fuzz`); `tests/parsers.rs` takes this file in and runs a seeded
//! slice of each with every test.
#![allow(clippy::panic, clippy::expect_used, reason = "a broken law is a panic")]

mod bundle;
mod days;
mod files;
mod log;
mod web;
mod wire;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A parser, or a family of parsers that read one kind of bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Also the name of its program below `fuzz_targets/`.
    pub name: &'static str,
    /// Holds the law on these bytes, or panics; true when they were taken.
    pub hold: fn(&[u8]) -> bool,
    /// Whole, good inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "day_problem", hold: days::problem, seeds: days::problem_seeds },
    Target { name: "day_solution", hold: days::solution, seeds: days::solution_seeds },
    Target { name: "times", hold: days::times, seeds: days::time_seeds },
    Target { name: "playlist", hold: wire::playlist, seeds: wire::playlist_seeds },
    Target { name: "approval", hold: wire::approval, seeds: wire::approval_seeds },
    Target { name: "assets", hold: wire::assets, seeds: wire::asset_seeds },
    Target { name: "envelope", hold: wire::envelope, seeds: wire::envelope_seeds },
    Target { name: "segment", hold: wire::segment, seeds: wire::segment_seeds },
    Target { name: "receipt", hold: wire::receipt, seeds: wire::receipt_seeds },
    Target { name: "head", hold: wire::head, seeds: wire::head_seeds },
    Target { name: "release", hold: wire::release, seeds: wire::release_seeds },
    Target { name: "device_bodies", hold: wire::device_bodies, seeds: wire::device_body_seeds },
    Target { name: "events", hold: wire::events, seeds: wire::event_seeds },
    Target { name: "announcement", hold: wire::announcement, seeds: wire::announcement_seeds },
    Target { name: "notes", hold: log::notes, seeds: log::note_seeds },
    Target { name: "leaves", hold: log::leaves, seeds: log::leaf_seeds },
    Target { name: "draws", hold: log::draws, seeds: log::draw_seeds },
    Target { name: "backup_manifest", hold: files::manifest, seeds: files::manifest_seeds },
    Target { name: "settings", hold: files::settings, seeds: files::settings_seeds },
    Target { name: "directory_imports", hold: files::directory, seeds: files::directory_seeds },
    Target { name: "account_imports", hold: files::accounts, seeds: files::account_seeds },
    Target { name: "campaign_imports", hold: files::campaigns, seeds: files::campaign_seeds },
    Target { name: "counts", hold: files::counts, seeds: files::count_seeds },
    Target { name: "declared_plays", hold: files::declared_plays, seeds: files::declared_seeds },
    Target { name: "bundles", hold: bundle::bundles, seeds: bundle::bundle_seeds },
    Target { name: "certificates", hold: web::certificates, seeds: web::certificate_seeds },
    Target { name: "requests", hold: web::requests, seeds: web::request_seeds },
];

/// JSON that is taken is written again, and reads the same.
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(data).ok()?;
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(again, value, "reads differently");
    assert_eq!(serde_json::to_vec(&again).expect("writes"), written, "writes differently");
    Some(value)
}

/// Text that is taken is written again, and reads the same.
fn text<T: PartialEq + Debug, E: std::fmt::Display>(
    data: &str,
    read: impl Fn(&str) -> Result<T, E>,
    write: impl Fn(&T) -> String,
) -> bool {
    match read(data) {
        Ok(value) => match read(&write(&value)) {
            Ok(again) => assert_eq!(again, value, "reads differently"),
            Err(error) => panic!("{:?} was taken, {:?} is refused: {error}", data, write(&value)),
        },
        Err(error) => return refused(&error),
    }
    true
}

/// A refusal says something; false.
fn refused(error: &dyn std::fmt::Display) -> bool {
    assert!(error.to_string().len() > 5, "refused without words");
    false
}

/// The first byte chooses, the rest is the input.
fn chosen(data: &[u8], ways: usize) -> Option<(usize, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((usize::from(*first) % ways, rest))
}

/// A seed with the byte that chooses in front.
fn choosing(way: u8, seed: &[u8]) -> Vec<u8> {
    [&[way], seed].concat()
}

/// The program of one target: it plants the target's seeds in the corpus directory it is given, then runs.
#[macro_export]
macro_rules! program {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(init: $crate::plant($name), |data: &[u8]| {
            $crate::hold($name, data);
        });
    };
}

/// Holds the law of the target with this name.
pub fn hold(name: &str, data: &[u8]) {
    (target(name).hold)(data);
}

/// Writes the target's seeds into the first directory among the program's arguments.
pub fn plant(name: &str) {
    let Some(corpus) = std::env::args().skip(1).map(std::path::PathBuf::from).find(|arg| arg.is_dir()) else { return };
    for (n, seed) in (target(name).seeds)().into_iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{n}")), seed).expect("the corpus can be written");
    }
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|t| t.name == name).expect("a target with this name")
}
