//! What the documentation says is there: every `lichphat` command it shows exists with its switches, and so do
//! the Makefile's targets, the files that links point at, and the tests it names as what holds a rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "common/shown.rs"]
mod shown;

use std::path::Path;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "README.vi.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/ARCHITECTURE.md",
    "docs/pilot.md",
    "docs/pilot.vi.md",
];

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

/// What somebody would do by it: parts, rows of tables, and commands with their switches.
fn outline(document: &str) -> (Vec<usize>, Vec<String>) {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let parts = text.split("\n#").map(|part| part.matches("\n|").count()).collect();
    let words = shown::shown(root(), "lichphat").into_iter().filter(|(of, _)| *of == document);
    let commands = words.map(|(_, words)| {
        let what = words.iter().enumerate().filter(|(i, word)| *i < 3 || word.starts_with("--"));
        what.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ")
    });
    (parts, commands.collect())
}

#[test]
fn the_pilot_says_the_same_in_both_languages() {
    let english = outline("docs/pilot.md");
    assert!(english.0.len() > 10 && english.1.len() > 20, "{english:?}");
    assert_eq!(english, outline("docs/pilot.vi.md"));
}

fn all_code(dir: &Path, code: &mut String) {
    for path in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            all_code(&path, code);
        } else if path.extension().is_some_and(|e| e == "rs") {
            code.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_named_as_holding_a_rule_is_there() {
    let mut code = String::new();
    for dir in ["src", "tests", "playlists/src", "playlists/tests", "player/src", "player/tests"] {
        all_code(&root().join(dir), &mut code);
    }
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let sentence =
        |span: &str| span.matches('_').count() > 3 && !span.contains(|c: char| !c.is_alphanumeric() && c != '_');
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|span| sentence(span)).collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "docs/ARCHITECTURE.md: there is no test {name}");
    }
}
