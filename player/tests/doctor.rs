//! `lichphat-player doctor` in front of a new box: what is wrong, in the technician's language, each with its mend.
#![cfg(feature = "stage-gstreamer")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn doctor(state: &Path, config: &str, arguments: &[&str]) -> Output {
    let file = state.join("player.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
    command.arg("doctor").arg("--config").arg(&file).arg("--state").arg(state).args(arguments);
    command.env_remove("WAYLAND_DISPLAY").env("DISPLAY", ":4711").output().unwrap()
}

#[test]
fn a_new_box_is_told_what_is_missing_and_how_to_mend_it() {
    let dir = tempfile::tempdir().unwrap();
    let output = doctor(dir.path(), "sink = \"x11\"\nsound = \"none\"\n", &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "it cannot play yet");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let health = |subject: &str| -> Vec<&str> {
        let of = findings.iter().filter(|f| f["subject"] == subject);
        of.map(|f| f["health"].as_str().unwrap()).collect()
    };
    assert_eq!((health("state"), health("sound")), (vec!["ok"], vec!["ok"]));
    assert_eq!((health("picture"), health("identity")), (vec!["fault"], vec!["fault"]), "no display, not registered");
    assert_eq!(health("decoder").len(), 9);
    for finding in findings {
        let mend = &finding["mend"];
        assert_eq!(mend.is_null(), finding["health"] == "ok", "{finding}");
        for said in [&finding["said"], mend].into_iter().filter(|said| !said.is_null()) {
            assert!(["vi", "en"].iter().all(|lang| said[lang].as_str().is_some_and(|s| !s.is_empty())), "{finding}");
        }
    }

    let output = doctor(dir.path(), "sink = \"x11\"\nsound = \"none\"\n", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("LỖI    identity  thiết bị chưa được đăng ký\n"), "{text}");
    assert!(text.contains("→ Trên máy chủ: lichphat device add --screen MÃ"), "{text}");
}

#[test]
fn settings_that_make_no_sense_are_named_first() {
    let dir = tempfile::tempdir().unwrap();
    let output = doctor(dir.path(), "fps = 0\n", &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("player.toml") && said.contains("fps = 0: use 1 to 120"), "{said}");
}
