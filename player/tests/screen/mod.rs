//! What the stage's tests share: clips that carry their own identity, a display, a witness, the player.

#![allow(dead_code, reason = "each story uses a part of it")]

pub(crate) mod clips;
pub(crate) mod display;
pub(crate) mod witness;

use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// One line of `--records`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) frames_rendered: u32,
    pub(crate) frames_dropped: u32,
    pub(crate) result: String,
    pub(crate) cause: Option<String>,
}

impl Record {
    pub(crate) fn frames(&self) -> u32 {
        self.frames_rendered + self.frames_dropped
    }
    /// `a complete`, `b failed not-found`
    pub(crate) fn short(&self) -> String {
        [Some(self.id.as_str()), Some(self.result.as_str()), self.cause.as_deref()]
            .iter()
            .flatten()
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// An item of a list, with the fields that may be absent left out.
pub(crate) fn item(id: &str, path: impl AsRef<Path>, duration_ms: u32) -> Value {
    json!({"id": id, "path": path.as_ref(), "duration_ms": duration_ms})
}

/// A folder with a list, and the player that shows it.
pub(crate) struct Show {
    pub(crate) folder: tempfile::TempDir,
    ids: Vec<String>,
}

impl Show {
    pub(crate) fn new(repeat: bool, items: &[Value]) -> Self {
        Self::of(&json!({"output": {"width": 1280, "height": 720, "fps": 30}, "loop": repeat, "items": items}))
    }
    pub(crate) fn of(list: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list.json"), list.to_string()).unwrap();
        let items = list["items"].as_array().into_iter().flatten();
        Self { folder, ids: items.filter_map(|item| item["id"].as_str()).map(str::to_owned).collect() }
    }
    fn records_path(&self) -> PathBuf {
        self.folder.path().join("records.jsonl")
    }
    pub(crate) fn start(&self, arguments: &[&str], display: Option<&str>) -> Child {
        self.start_with_alsa(arguments, display, Path::new("/dev/null"))
    }
    pub(crate) fn start_with_alsa(&self, arguments: &[&str], display: Option<&str>, alsa: &Path) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
        command.arg("play").arg(self.folder.path().join("list.json"));
        command.arg("--records").arg(self.records_path()).args(arguments);
        command.env_remove("WAYLAND_DISPLAY").env_remove("DISPLAY");
        // A machine without a sound card, whatever this one has.
        command.env("ALSA_CONFIG_PATH", alsa).env("PULSE_SERVER", "unix:/nowhere").env("XDG_RUNTIME_DIR", "/nowhere");
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }
    /// Plays to the end: exit code, what was said, the records in the order of the list (what cannot begin is recorded
    /// as soon as that is known).
    pub(crate) fn play(&self, arguments: &[&str]) -> (Option<i32>, String, Vec<Record>) {
        let output = self.start(arguments, None).wait_with_output().unwrap();
        let mut records = self.records();
        records.sort_by_key(|r| self.ids.iter().position(|id| *id == r.id));
        (output.status.code(), String::from_utf8(output.stderr).unwrap(), records)
    }
    pub(crate) fn records(&self) -> Vec<Record> {
        let text = std::fs::read_to_string(self.records_path()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
