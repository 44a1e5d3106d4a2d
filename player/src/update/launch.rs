//! The first step of a start: the installed program looks which version is to run, counts the start, and becomes it.

use super::state::{Start, State, path_of};
use super::{PACKAGE, RUNNING};
use crate::cache::StdMediaFs;
use crate::ports::MediaFs as _;
use lichphat_playlists::ids::Sha256Hash;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// The release whose program this process is; none for what the package installed.
pub fn running() -> Option<Sha256Hash> {
    std::env::var(RUNNING).ok()?.parse().ok()
}

/// Becomes the version that is to run, with the same arguments; comes back when that is this program itself. Call it before
/// any thread is started.
pub fn launch(state_dir: &Path) {
    if running().is_some() {
        return; // this is the version that was chosen
    }
    let fs = match StdMediaFs::new(state_dir) {
        Ok(fs) => fs,
        Err(error) => return tracing::error!(%error, "the package's own version goes on"),
    };
    loop {
        let before = State::read(&fs, PACKAGE);
        let mut state = before.clone();
        let start = state.start(|file| fs.sha256(&path_of(file)).is_ok_and(|found| found == file));
        let written = if state == before { Ok(()) } else { state.write(&fs) };
        if let Err(error) = &written {
            tracing::error!(%error, "starts cannot be counted");
        }
        let file = match start {
            Start::Package => return,
            // A trial whose starts nobody counts would never end.
            Start::Version(_) if written.is_err() && state.trial.is_some() => return,
            Start::Version(file) => file,
        };
        let program = fs.absolute(&path_of(file));
        let error = Command::new(&program).args(std::env::args_os().skip(1)).env(RUNNING, file.hex()).exec();
        tracing::error!(%error, program = %program.display(), "cannot be started");
        match state.trial {
            Some(_) => state.fail("not-started"),
            None => state.good = None,
        }
        if state.write(&fs).is_err() {
            return;
        }
    }
}
