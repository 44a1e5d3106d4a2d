//! The commands that the documentation shows, so that a test can hold them against the programs.

use std::path::Path;
use std::process::Command;

const DOCUMENTS: &[&str] = &["README.md", "README.vi.md", "docs/ARCHITECTURE.md", "docs/pilot.md", "docs/pilot.vi.md"];

/// Every command of `program` in a console block or a code span, in words, with the document that shows it.
pub(crate) fn shown(root: &Path, program: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut commands = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        let (mut spans, mut fence) = (Vec::new(), "");
        for line in text.lines() {
            match line.strip_prefix("```") {
                Some(kind) => fence = if fence.is_empty() && !kind.is_empty() { kind } else { "" },
                None if fence == "console" => spans.extend(line.strip_prefix("$ ")),
                None if fence.is_empty() => spans.extend(line.split('`').skip(1).step_by(2)),
                None => {}
            }
        }
        let words = spans.into_iter().map(|s| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        commands.extend(words.filter(|w| w.len() > 1 && w[0] == program).map(|w| (*document, w)));
    }
    commands
}

/// Runs each command's `--help`: the command must exist, know its switches, and name files that exist.
pub(crate) fn hold_against(root: &Path, program: &str, binary: &str) {
    let commands = shown(root, program);
    assert!(!commands.is_empty(), "the documentation shows no command of {program}");
    for (document, words) in commands {
        let help = |path: &[String]| {
            let output = Command::new(binary).args(path).arg("--help").output().unwrap();
            output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
        };
        let shown = words.join(" ");
        let path: Vec<String> = words[1..].iter().take_while(|w| !w.starts_with('-')).cloned().collect();
        let mut text =
            help(&path[..path.len().min(1)]).unwrap_or_else(|| panic!("{document}: {shown}: no such command"));
        if ["\nCommands:", "\nLệnh:"].iter().any(|heading| text.contains(heading)) && path.len() > 1 {
            text = help(&path[..2]).unwrap_or_else(|| panic!("{document}: {shown}: no such command"));
        }
        for switch in words.iter().filter(|w| w.starts_with("--")) {
            assert!(
                text.contains(&format!("{switch} ")) || text.contains(&format!("{switch}\n")),
                "{document}: {shown}: no {switch}"
            );
        }
        for file in words.iter().filter(|w| w.starts_with("config/") || w.starts_with("tests/")) {
            assert!(root.join(file).exists(), "{document}: {shown}: there is no {file}");
        }
    }
}
