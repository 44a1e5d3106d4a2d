//! Which version of the player starts: one small file, replaced whole, and the rule that reads it.
//!
//! A version on trial gets a few starts; then the last good one comes back by itself. What the package installed is always
//! there to fall back on, and a package that somebody installs later puts all of it aside.

use crate::ports::MediaFs;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::wire::release::{Failed, Standing};
use serde::{Deserialize, Serialize};
use std::io::{self, Read as _};

/// Directory of versions, each named by the SHA-256 of its bytes.
pub const DIR: &str = "versions";
const FILE: &str = "versions/state.json";
/// Starts of a version on trial: a power cut or two are not its fault.
pub const MOST_STARTS: u8 = 3;
const LIMIT_BYTES: u64 = 64 * 1024;

/// Where a version's program lies.
pub fn path_of(file: Sha256Hash) -> String {
    format!("{DIR}/{}", file.hex())
}

/// A release on this disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The release's serial.
    pub serial: u32,
    /// SHA-256 of its program.
    pub file: Sha256Hash,
}

/// A release that has not been found good yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Which.
    pub version: Version,
    /// How often it was started.
    pub starts: u8,
    /// It came where no scheduler need be heard: on a stick.
    pub alone: bool,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The package under which the rest came to be; another one starts with a clean slate.
    pub package: String,
    /// No release up to this serial is taken any more.
    pub floor: u32,
    /// The release that was found good; none: the package's own version.
    pub good: Option<Version>,
    /// The release on trial.
    pub trial: Option<Trial>,
    /// The last release that did not do.
    pub failed: Option<Failed>,
}

/// What is to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// What the package installed.
    Package,
    /// The program of this name.
    Version(Sha256Hash),
}

impl State {
    /// Reads it. A file that is missing or makes no sense is that of a new box.
    pub fn read(fs: &dyn MediaFs, package: &str) -> Self {
        let mut json = Vec::new();
        let read = fs.open(FILE).and_then(|file| file.take(LIMIT_BYTES).read_to_end(&mut json));
        let state: Self = match read {
            Ok(_) => serde_json::from_slice(&json).unwrap_or_else(|error| {
                tracing::error!(%error, "{FILE} makes no sense: the package's own version goes on");
                Self::default()
            }),
            Err(_) => Self::default(),
        };
        match state.package == package {
            true => state,
            false => Self { package: package.to_owned(), floor: state.floor, ..Self::default() },
        }
    }

    /// Writes it so that a power cut leaves the old one or the new one.
    pub fn write(&self, fs: &dyn MediaFs) -> io::Result<()> {
        fs.write_whole(FILE, &serde_json::to_vec(self)?)
    }

    /// What to start, counted as a start. `whole` says that a version's bytes are those of its name.
    pub fn start(&mut self, whole: impl Fn(Sha256Hash) -> bool) -> Start {
        if let Some(trial) = &mut self.trial {
            let cause = match trial.starts {
                MOST_STARTS.. => "crashed",
                _ if !whole(trial.version.file) => "corrupt",
                _ => {
                    trial.starts += 1;
                    return Start::Version(trial.version.file);
                }
            };
            self.fail(cause);
        }
        match self.good {
            Some(good) if whole(good.file) => Start::Version(good.file),
            Some(good) => {
                self.good = None;
                self.failed = Some(Failed { serial: good.serial, cause: "corrupt".to_owned() });
                Start::Package
            }
            None => Start::Package,
        }
    }

    /// A release begins its trial; `alone` where no scheduler need be heard.
    pub fn try_out(&mut self, version: Version, alone: bool) {
        self.floor = self.floor.max(version.serial);
        self.trial = Some(Trial { version, starts: 0, alone });
    }

    /// The release on trial is good.
    pub fn settle(&mut self) {
        if let Some(trial) = self.trial.take() {
            self.good = Some(trial.version);
            self.failed = None;
        }
    }

    /// The release on trial did not do.
    pub fn fail(&mut self, cause: &str) {
        if let Some(trial) = self.trial.take() {
            self.failed = Some(Failed { serial: trial.version.serial, cause: cause.to_owned() });
        }
    }

    /// How this device stands to releases.
    pub fn standing(&self) -> Standing {
        Standing {
            arch: std::env::consts::ARCH.to_owned(),
            serial: self.good.map_or(0, |good| good.serial),
            trial: self.trial.map(|trial| trial.version.serial),
            failed: self.failed.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim_support::MemoryMediaFs;

    fn version(serial: u32) -> Version {
        Version { serial, file: Sha256Hash::of(&serial.to_le_bytes()) }
    }

    #[test]
    fn a_trial_gets_its_starts_and_then_the_last_good_version_comes_back() {
        let fs = MemoryMediaFs::new();
        let mut state = State::read(&fs, "0.1.0");
        assert_eq!(state.start(|_| true), Start::Package);
        state.try_out(version(4), false);
        state.settle();
        state.try_out(version(5), false);
        for _ in 0..MOST_STARTS {
            assert_eq!(state.start(|_| true), Start::Version(version(5).file));
            state.write(&fs).unwrap();
            state = State::read(&fs, "0.1.0"); // as the next start finds it
        }
        assert_eq!(state.start(|_| true), Start::Version(version(4).file));
        assert_eq!(state.standing().failed, Some(Failed { serial: 5, cause: "crashed".into() }));
        assert_eq!((state.standing().serial, state.floor), (4, 5));
    }

    #[test]
    fn bytes_that_are_not_their_name_are_never_started() {
        let mut state = State::default();
        state.try_out(version(4), false);
        state.settle();
        state.try_out(version(5), false);
        assert_eq!(state.start(|file| file != version(5).file), Start::Version(version(4).file));
        assert_eq!(state.start(|_| false), Start::Package, "the good one rotted as well");
        assert_eq!((state.good, state.standing().failed.map(|f| f.serial)), (None, Some(4)));
    }

    #[test]
    fn a_new_package_begins_anew_but_takes_no_old_release_and_rubbish_is_a_new_box() {
        let fs = MemoryMediaFs::new();
        let mut state = State::read(&fs, "0.1.0");
        state.try_out(version(9), false);
        state.settle();
        state.write(&fs).unwrap();
        let mut after = State::read(&fs, "0.2.0");
        assert_eq!((after.start(|_| true), after.floor), (Start::Package, 9));
        fs.plant(FILE, b"{\"package\":\"0.1.0\"".to_vec());
        assert_eq!(State::read(&fs, "0.1.0").start(|_| true), Start::Package);
    }
}
