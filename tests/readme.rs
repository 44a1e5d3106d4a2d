//! What the documentation shows can be typed: every `lichphat` command of it exists with its switches, and so
//! do the Makefile's targets and the files that links point at.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "common/shown.rs"]
mod shown;

use std::path::Path;

const DOCUMENTS: &[&str] = &["README.md", "README.vi.md", "CHANGELOG.md", "docs/ARCHITECTURE.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_command_shown_exists() {
    shown::hold_against(root(), "lichphat", env!("CARGO_BIN_EXE_lichphat"));
}

#[test]
fn every_link_leads_to_a_file_and_every_target_to_a_recipe() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let here = root().join(document);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            let lost = !link.starts_with("http") && !here.parent().unwrap().join(file).exists();
            assert!(!lost, "{document}: there is no {link}");
        }
    }
    for (document, words) in shown::shown(root(), "make") {
        for target in words[1..].iter().filter(|word| !word.contains('=')) {
            assert!(makefile.contains(&format!("\n{target}:")), "{document}: make {target}: no such target");
        }
    }
}
