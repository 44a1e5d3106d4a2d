//! A sheet as PDF, set by a child process: `lichphat-paper` beside this program. A typesetter takes minutes to build and megabytes to run;
//! so the scheduler is built without it, and what it does with a report it does in a process of its own, with no environment.

use super::sheet::Sheet;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The program that sets paper.
const PROGRAM: &str = "lichphat-paper";
/// Most bytes of a PDF, and of what the program says when it fails.
const MOST: (u64, u64) = (64 << 20, 4_096);

/// Beside this program, else wherever programs are found; its whole path, for it is started without the environment that says where.
fn program() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_owned()));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    beside.into_iter().chain(std::env::split_paths(&paths)).map(|dir| dir.join(PROGRAM)).find(|path| path.is_file())
}

/// Is the program there at all?
pub(super) fn is_there() -> bool {
    program().is_some()
}

/// The PDF; the same sheet is the same bytes.
///
/// # Errors
/// In words: the program is not there, or says no.
pub(super) fn pdf(sheet: &Sheet, ident: &str) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec(sheet).map_err(|error| error.to_string())?;
    let program = program().unwrap_or_else(|| PathBuf::from(PROGRAM));
    let mut child = Command::new(&program)
        .arg(ident)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}; install it beside lichphat, or take DOCX", program.display()))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // it reads all before it writes, and says little: no pipe fills up while the other waits
    let written = stdin.map_or(Ok(()), |mut stdin| stdin.write_all(&json));
    let (mut bytes, mut words) = (Vec::new(), String::new());
    let read = stdout.map_or(Ok(0), |stdout| stdout.take(MOST.0).read_to_end(&mut bytes));
    let _ = stderr.map(|stderr| stderr.take(MOST.1).read_to_string(&mut words));
    let status = child.wait().map_err(|error| error.to_string())?;
    match (status.success(), written.and(read.map(drop))) {
        (true, Ok(())) if bytes.starts_with(b"%PDF-") => Ok(bytes),
        (_, Err(error)) if words.is_empty() => Err(error.to_string()),
        _ => Err(format!("{}: {}", program.display(), words.trim())),
    }
}
