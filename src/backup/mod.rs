//! A copy of a data directory as it was at one moment: whole, or not there.
//!
//! A backup is a plain directory, named by its moment, that holds database, media, the log's tiles and checkpoint, and
//! settings as they lie in a data directory, and a [`Manifest`] of their hashes that is written last. It is made beside a
//! running server under a name that nobody looks for ([`take()`]) and gets its own name when it is on the disk to stay. What an earlier
//! backup beside it holds in the same bytes is shared with it by a hard link. [`restore()`] believes nothing but hashes.
//!
//! Invariant: no step leaves anything that could be taken for a backup, or for a data directory, and is not a whole one.

mod manifest;
mod restore;
mod take;

pub use manifest::{FORM, Manifest, Saved};
pub use restore::{Restored, choose, is_unfinished, restore};
pub use take::{Taken, Wanted, forget, take};

use crate::error::StoreError;
use crate::lang::Lang;
use lichphat_playlists::ids::Sha256Hash;
use sha2::Digest as _;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Name of the manifest in a backup.
pub const MANIFEST: &str = "manifest.json";
/// Name of the settings as they were.
pub const SETTINGS: &str = "server.toml";
/// Directory of private keys, in a backup and in a data directory.
pub const KEYS: &str = "keys";
const CHECKPOINT: &str = "log/checkpoint";
/// What only grows, or is named by its hash: it may be read after the database without saying less than it.
const GROWING: [&str; 2] = ["log/tile", "media"];
/// Names that begin so are of work that is not finished.
const UNFINISHED: &str = ".unfinished-";

/// Why nothing was backed up or restored. Nothing of the step is left then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No room.
    #[error("{}: the disk is full; free some space or take another place, nothing was kept", .0.display())]
    Full(PathBuf),
    /// The file system said no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else is at it.
    #[error("{}: another backup is being written here; wait until it has ended", .0.display())]
    Busy(PathBuf),
    /// No manifest: it was never finished, or is something else.
    #[error("{}: is no whole backup, it has no {MANIFEST}; take another one", .0.display())]
    Unfinished(PathBuf),
    /// A manifest that says nothing.
    #[error("{}: {problem}; take another backup", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing to take.
    #[error("{}: holds no whole backup{}", .dir.display(), .before.as_ref().map(|at| format!(" that is not after {at}")).unwrap_or_default())]
    None {
        /// The directory of backups.
        dir: PathBuf,
        /// The moment it should not be after.
        before: Option<String>,
    },
    /// Bytes that are not those that were backed up.
    #[error("{}: {} of its files are missing or not what was backed up, first {first}; nothing was restored, take another backup", .backup.display(), .bad)]
    Damaged {
        /// The backup.
        backup: PathBuf,
        /// How many files.
        bad: usize,
        /// The first of them.
        first: String,
    },
    /// Something is there already.
    #[error("--data {}: is not empty ({found}); name a new directory, or move what is there away", .dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// A name in it.
        found: String,
    },
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// In Vietnamese; in English it is what it displays.
    pub fn vi(&self) -> String {
        match self {
            Self::Full(path) => {
                format!("{}: đĩa đầy; hãy dọn bớt chỗ hoặc chọn nơi khác, chưa giữ lại gì", path.display())
            }
            Self::Io { path, source } => format!("{}: không đọc hoặc ghi được: {source}", path.display()),
            Self::Busy(dir) => format!("{}: một bản sao lưu khác đang được ghi vào đây; chờ nó xong", dir.display()),
            Self::Unfinished(path) => {
                format!("{}: không phải bản sao lưu trọn vẹn, thiếu {MANIFEST}; hãy lấy bản khác", path.display())
            }
            Self::Manifest { path, problem } => {
                format!("{}: không đọc được ({problem}); hãy lấy bản sao lưu khác", path.display())
            }
            Self::None { dir, before: None } => format!("{}: không có bản sao lưu trọn vẹn nào", dir.display()),
            Self::None { dir, before: Some(at) } => {
                format!("{}: không có bản sao lưu trọn vẹn nào từ {at} trở về trước", dir.display())
            }
            Self::Damaged { backup, bad, first } => format!(
                "{}: {bad} tệp bị mất hoặc không còn đúng như lúc sao lưu, tệp đầu tiên {first}; chưa khôi phục gì, hãy lấy bản khác",
                backup.display()
            ),
            Self::NotEmpty { dir, found } => format!(
                "--data {}: không trống (có {found}); hãy chọn thư mục mới, hoặc chuyển những gì đang có đi nơi khác",
                dir.display()
            ),
            Self::Store(error) => error.words(Lang::Vi),
        }
    }
}

/// Ties a path to what the system said of it.
fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    |source| match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            BackupError::Full(path.to_owned())
        }
        _ => BackupError::Io { path: path.to_owned(), source },
    }
}

/// A new file for the owner alone: databases hold hashes of secrets.
fn create(path: &Path) -> Result<File, BackupError> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(at(dir))?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))
}

/// Copies a file, hashing on the way; the answer is its hash and length.
fn copy(from: &Path, to: &Path) -> Result<(Sha256Hash, u64), BackupError> {
    let mut target = create(to)?;
    pour(from, |piece| target.write_all(piece).map_err(at(to)))
}

/// Hash and length of a file as it lies there.
fn hash(path: &Path) -> Result<(Sha256Hash, u64), BackupError> {
    pour(path, |_| Ok(()))
}

fn pour(from: &Path, mut into: impl FnMut(&[u8]) -> Result<(), BackupError>) -> Result<(Sha256Hash, u64), BackupError> {
    let mut source = File::open(from).map_err(at(from))?;
    let (mut hasher, mut bytes, mut buffer) = (sha2::Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let n = source.read(&mut buffer).map_err(at(from))?;
        if n == 0 {
            return Ok((Sha256Hash(hasher.finalize().into()), bytes));
        }
        hasher.update(&buffer[..n]);
        into(&buffer[..n])?;
        bytes += n as u64;
    }
}

/// Everything below `dir` is on the disk to stay when this returns.
fn settle(dir: &Path) -> Result<(), BackupError> {
    let opened = File::open(dir).map_err(at(dir))?;
    rustix::fs::syncfs(&opened).map_err(|error| at(dir)(error.into()))
}

/// Names in a directory; none when there is no such directory.
fn names(dir: &Path) -> Result<Vec<String>, BackupError> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at(dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(at(dir))?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
