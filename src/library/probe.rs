//! Measuring a media file in a child process: a hostile file may crash that one, not the server. What the child may still do once
//! it looks is the player's business (`lichphat_player::confine`); here it gets a time limit, no words of ours, and little to say.

use lichphat_playlists::media::MediaKind;
use serde::Deserialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;

/// What `lichphat-player probe FILE` says, as one JSON object; keys that are not needed here are left aside.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Measured {
    /// What the file is.
    pub kind: MediaKind,
    /// Length, milliseconds; absent for stills.
    pub duration_ms: Option<u64>,
    /// Width of the picture, pixels.
    pub width: Option<u32>,
    /// Height of the picture, pixels.
    pub height: Option<u32>,
    /// Is there a sound track?
    #[serde(default)]
    pub has_audio: bool,
}

/// Why a file was not measured.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No decoder for it, damaged, or not media at all.
    #[error("cannot be played ({0}); export it again, for example as MP4 with H.264 and AAC, PNG or JPEG")]
    Unplayable(String),
    /// It took too long, and was stopped.
    #[error("measuring took longer than {limit_s} s and was stopped; raise probe.timeout_s or export it again")]
    Slow {
        /// Time limit, seconds.
        limit_s: u32,
    },
    /// The probe could not be run.
    #[error("cannot run {}: {source}; see probe.program in the settings", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Measures files.
#[async_trait::async_trait]
pub trait Probe: Send + Sync {
    /// Measures `path`; `None` when no probe is installed.
    async fn probe(&self, path: &Path) -> Result<Option<Measured>, ProbeError>;
    /// A small picture of `path`, JPEG; `None` when no probe is installed.
    async fn picture(&self, path: &Path) -> Result<Option<Vec<u8>>, ProbeError> {
        let _ = path;
        Ok(None)
    }
    /// Writes the first `whole_s` seconds of the film `path` to `out`, as every screen plays it; false when no probe is installed.
    async fn render(&self, path: &Path, whole_s: u32, out: std::fs::File) -> Result<bool, ProbeError> {
        let _ = (path, whole_s, out);
        Ok(false)
    }
}

/// The probe that ships: `lichphat-player probe FILE` with a time limit and next to no environment.
#[derive(Debug, Clone)]
pub struct PlayerProbe {
    program: PathBuf,
    limit_s: u32,
}

impl PlayerProbe {
    /// `program` is a path, or a name looked for beside the running program and then on PATH.
    pub fn new(program: &Path, limit_s: u32) -> Self {
        let is_name = program.components().count() == 1;
        let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(program)));
        let program = beside.filter(|p| is_name && p.is_file()).unwrap_or_else(|| program.to_owned());
        Self { program, limit_s }
    }
}

/// Longest answer that is read of each stream, bytes; who says more is cut off.
const ANSWER_BYTES: u64 = 16_384;
/// Longest picture, bytes: of 480 pixels a side it has a tenth of that.
const PICTURE_BYTES: u64 = 1 << 20;
/// Longest time for making a film anew, seconds: a page waits for it.
const RENDER_S: u32 = 600;

/// What it needs of the environment: where programs, libraries and GStreamer's own files lie. A secret is none of it.
fn is_needed(name: &OsStr) -> bool {
    let fixed = ["PATH", "HOME", "XDG_CACHE_HOME", "LD_LIBRARY_PATH"];
    name.to_str().is_some_and(|name| fixed.contains(&name) || name.starts_with("GST_"))
}

/// The child's two streams, as far as they are read, and how it ended.
async fn answer_of(mut child: Child, most_bytes: u64) -> std::io::Result<(Vec<u8>, Vec<u8>, ExitStatus)> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::try_join!(beginning(out, most_bytes), beginning(err, ANSWER_BYTES))?;
    Ok((out, err, child.wait().await?))
}

async fn beginning(stream: Option<impl AsyncRead + Unpin>, most_bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(most_bytes).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl PlayerProbe {
    /// What the program says of a file in answer to `words`; `None` when it is not installed.
    async fn ask(&self, words: &[&str], path: &Path, most_bytes: u64) -> Result<Option<Vec<u8>>, ProbeError> {
        self.run(words, path, (Stdio::piped(), most_bytes, self.limit_s)).await
    }

    async fn run(
        &self,
        words: &[&str],
        path: &Path,
        (out, most_bytes, limit_s): (Stdio, u64, u32),
    ) -> Result<Option<Vec<u8>>, ProbeError> {
        let cannot_run = |source| ProbeError::Run { program: self.program.clone(), source };
        let child = tokio::process::Command::new(&self.program)
            .args(words)
            .arg(path)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| is_needed(name)))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(cannot_run(source)),
        };
        let limit = Duration::from_secs(u64::from(limit_s));
        let (out, err, status) = tokio::time::timeout(limit, answer_of(child, most_bytes))
            .await
            .map_err(|_| ProbeError::Slow { limit_s })?
            .map_err(cannot_run)?;
        if status.code().is_none() {
            return Err(ProbeError::Unplayable(CRASHED.into())); // a signal: its own, or that of a limit
        }
        if !status.success() {
            let words = String::from_utf8_lossy(&err);
            let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(CRASHED);
            return Err(ProbeError::Unplayable(super::model::cleaned(last)));
        }
        Ok(Some(out))
    }
}

#[async_trait::async_trait]
impl Probe for PlayerProbe {
    async fn probe(&self, path: &Path) -> Result<Option<Measured>, ProbeError> {
        let Some(out) = self.ask(&["probe"], path, ANSWER_BYTES).await? else { return Ok(None) };
        serde_json::from_slice(&out)
            .map(Some)
            .map_err(|error| ProbeError::Unplayable(format!("the probe's answer: {error}")))
    }

    async fn picture(&self, path: &Path) -> Result<Option<Vec<u8>>, ProbeError> {
        let jpeg = self.ask(&["picture"], path, PICTURE_BYTES).await?;
        // it is shown in browsers, so it is what it says or nothing
        let is_jpeg = |bytes: &Vec<u8>| bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9]);
        match jpeg {
            Some(bytes) if !is_jpeg(&bytes) => Err(ProbeError::Unplayable("its picture is no JPEG".to_owned())),
            jpeg => Ok(jpeg),
        }
    }

    async fn render(&self, path: &Path, whole_s: u32, out: std::fs::File) -> Result<bool, ProbeError> {
        let whole_s = whole_s.to_string();
        let done = self.run(&["render", "--whole-s", &whole_s], path, (out.into(), 0, RENDER_S)).await?;
        Ok(done.is_some())
    }
}

const CRASHED: &str = "the probe crashed, or came to the end of its memory or time";
