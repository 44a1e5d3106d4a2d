//! House rules that a compiler does not know: one-way streets between rooms, SQL only in the
//! store, a header in every file, no stubs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from left to right: each may import those of earlier rows. Rooms of one row do not know
/// each other.
const STREETS: &[&[&str]] = &[
    &["clock", "config", "error", "keys", "lang"],
    &["certs", "directory"],
    &["people"],
    &["campaigns", "library", "once"],
    &["approval"],
    &["planning"],
    &["fleet"],
    &["proof"],
    &["exchange"],
    &["compliance", "orders"],
    &["attention", "care", "report", "sampling"],
    &["many", "notify"],
    &["store", "web"],
    &["backup", "sim"],
    &["cmd"],
];
/// `error` says in one type what a command can tell a person, so it names the rooms' errors.
const NAMES_THE_ROOMS_ERRORS: &str = "error";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            out.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            out.push(entry);
        }
    }
    out.sort();
    out
}

/// The lines of code: no comments; the room's own tests may wire what they like.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn row(room: &str) -> Option<usize> {
    STREETS.iter().position(|row| row.contains(&room))
}

/// Names after `crate::` in the code: the rooms it imports or calls.
fn rooms_used(code: &str) -> Vec<String> {
    let names = |rest: &str| -> Vec<String> {
        let group = rest.strip_prefix('{').map_or(rest, |g| g.split("};").next().unwrap());
        let first = |part: &str| part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if rest.starts_with('{') { group.split([',', '{']).map(first).collect() } else { vec![first(group)] }
    };
    code.match_indices("crate::").flat_map(|(at, word)| names(&code[at + word.len()..])).collect()
}

#[test]
fn streets_between_rooms_run_one_way() {
    let mut breaches = Vec::new();
    for file in rust_files(&root().join("src")) {
        let path = file.strip_prefix(root().join("src")).unwrap();
        let room = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if ["main", "lib"].contains(&room) || path.ends_with("tests.rs") {
            continue;
        }
        let here = row(room).unwrap_or_else(|| panic!("src/{room} is no room that the streets know: add it"));
        for used in rooms_used(&code(&fs::read_to_string(&file).unwrap())) {
            let errors_only = room == NAMES_THE_ROOMS_ERRORS && row(&used) < row("cmd");
            match row(&used) {
                Some(there) if used == room || there < here || (here == 0 && there == 0) || errors_only => {}
                Some(_) => breaches.push(format!("src/{}: {room} must not import {used}", path.display())),
                None => {} // a macro or item at the crate's root
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn only_the_store_knows_sql_and_only_the_simulation_knows_the_player() {
    let mut breaches = Vec::new();
    for file in rust_files(&root().join("src")) {
        let path = file.strip_prefix(root().join("src")).unwrap();
        let text = code(&fs::read_to_string(&file).unwrap());
        for (word, room) in [("rusqlite", "store"), ("lichphat_player::", "sim")] {
            if text.contains(word) && !path.starts_with(room) {
                breaches.push(format!("src/{}: {word} belongs to src/{room}", path.display()));
            }
        }
    }
    for file in rust_files(&root().join("playlists/src")) {
        let text = code(&fs::read_to_string(&file).unwrap());
        for word in ["lichphat::", "lichphat_player", "tokio", "rusqlite", "warp::", "gstreamer"] {
            if text.contains(word) {
                breaches.push(format!("{}: the pure core must not know {word}", file.display()));
            }
        }
    }
    for file in rust_files(&root().join("player/src")) {
        if code(&fs::read_to_string(&file).unwrap()).contains("lichphat::") {
            breaches.push(format!("{}: the player never sees the scheduler's crate", file.display()));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_none_holds_a_stub() {
    let mut breaches = Vec::new();
    let stubs = [["to", "do!("].concat(), ["unimple", "mented!("].concat(), ["#[ig", "nore"].concat()];
    for dir in [
        "src",
        "playlists/src",
        "player/src",
        "tests",
        "player/tests",
        "playlists/tests",
        "fuzz/src",
        "fuzz/fuzz_targets",
    ] {
        for file in rust_files(&root().join(dir)) {
            let text = fs::read_to_string(&file).unwrap();
            let name = file.strip_prefix(root()).unwrap().display();
            if !text.starts_with("//!") {
                breaches.push(format!("{name}: begin with a //! header that says what the file is for"));
            }
            for stub in stubs.iter().filter(|stub| text.contains(stub.as_str())) {
                breaches.push(format!("{name}: holds {stub}"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_reader_of_imports_reads_them() {
    let code = "use crate::clock::X;\nuse crate::{error::A, web::{B, C}};\nlet a = crate::proof::f();";
    assert_eq!(rooms_used(code).join(" "), "clock error web B C proof");
}
