//! Taking a backup, beside whatever runs.

use super::manifest::{self, Manifest, Saved};
use super::{
    BackupError, CHECKPOINT, FORM, GROWING, KEYS, MANIFEST, SETTINGS, UNFINISHED, at, copy, create, hash, names, settle,
};
use crate::store::{Store, sqlite};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is backed up.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The data directory.
    pub data: &'a Path,
    /// The settings that its server runs with, as TOML.
    pub settings: &'a str,
    /// Its private keys, too?
    pub keys: bool,
}

/// A backup that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// Bytes of files that it shares with the one before.
    pub shared_bytes: u64,
    /// Media whose bytes are not those of their name: `lichphat check` says more.
    pub changed_media: Vec<String>,
    /// The backups that were forgotten for it.
    pub forgotten: usize,
}

/// Backs up into the directory of backups `out`, which is made when it is missing, and forgets all but the newest `keep` when
/// that is given. One at a time in one directory. Blocks: it copies files.
pub fn take(
    store: &Store,
    clock: &dyn Clock,
    what: Wanted<'_>,
    out: &Path,
    keep: Option<usize>,
) -> Result<Taken, BackupError> {
    fs::create_dir_all(out).map_err(at(out))?;
    let _alone = alone(out)?;
    for left in names(out)?.iter().filter(|name| name.starts_with(UNFINISHED)) {
        let left = out.join(left); // of a backup that was killed: nobody is at it, the lock is ours
        fs::remove_dir_all(&left).map_err(at(&left))?;
    }
    let before = manifest::list(out)?.pop();
    // dropped, it disappears
    let (mut made, owner) = (tempfile::Builder::new(), fs::Permissions::from_mode(0o700));
    let work = made.prefix(UNFINISHED).permissions(owner).tempdir_in(out).map_err(at(out))?;
    let mut taking =
        Taking { what, to: work.path(), before, files: BTreeMap::new(), shared_bytes: 0, changed_media: Vec::new() };

    // The checkpoint first: the database then holds at least what it says. Tiles and media last: they hold at least what the
    // database speaks of, and what they hold beyond that is written again or belongs to nothing.
    taking.checkpoint()?;
    let now = clock.now();
    store.copy_to(&work.path().join(sqlite::FILE_NAME))?;
    taking.database()?;
    for part in GROWING {
        taking.below(part)?;
    }
    if what.keys {
        taking.below(KEYS)?;
        let dir = work.path().join(KEYS);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(at(&dir))?;
    }
    taking.text(SETTINGS, what.settings)?;
    let Taking { files, shared_bytes, changed_media, .. } = taking;
    let manifest = Manifest { form: FORM.to_owned(), program: env!("CARGO_PKG_VERSION").to_owned(), at: now, files };
    settle(out)?;
    write_manifest(work.path(), &manifest)?;
    let path = out.join(manifest::name(now));
    fs::rename(work.path(), &path).map_err(at(&path))?;
    drop(work.keep()); // it has another name now
    File::open(out).and_then(|dir| dir.sync_all()).map_err(at(out))?;
    let forgotten = keep.map_or(Ok(0), |keep| forget(out, keep))?;
    Ok(Taken { path, manifest, shared_bytes, changed_media, forgotten })
}

/// Held until it is dropped.
fn alone(out: &Path) -> Result<File, BackupError> {
    let path = out.join(".lock");
    let lock = File::create(&path).map_err(at(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(BackupError::Busy(out.to_owned())),
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}

fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = dir.join(MANIFEST);
    let json = serde_json::to_vec_pretty(manifest).map_err(|error| at(&path)(error.into()))?;
    let mut file = create(&path)?;
    file.write_all(&json).and_then(|()| file.sync_all()).map_err(at(&path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(at(dir))
}

/// Removes all but the newest `keep` backups; how many that were. The manifest goes first: what is half removed is no backup.
pub fn forget(out: &Path, keep: usize) -> Result<usize, BackupError> {
    let mut old = manifest::list(out)?;
    old.truncate(old.len().saturating_sub(keep));
    for (path, _) in &old {
        let manifest = path.join(MANIFEST);
        fs::remove_file(&manifest).map_err(at(&manifest))?;
        fs::remove_dir_all(path).map_err(at(path))?;
    }
    Ok(old.len())
}

struct Taking<'a> {
    what: Wanted<'a>,
    to: &'a Path,
    before: Option<(PathBuf, Manifest)>,
    files: BTreeMap<String, Saved>,
    shared_bytes: u64,
    changed_media: Vec<String>,
}

impl Taking<'_> {
    fn checkpoint(&mut self) -> Result<(), BackupError> {
        let path = self.what.data.join(CHECKPOINT);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            note => self.text(CHECKPOINT, &note.map_err(at(&path))?),
        }
    }

    fn text(&mut self, name: &str, text: &str) -> Result<(), BackupError> {
        let path = self.to.join(name);
        create(&path)?.write_all(text.as_bytes()).map_err(at(&path))?;
        let saved = Saved { hash: Sha256Hash::of(text.as_bytes()), bytes: text.len() as u64 };
        self.files.insert(name.to_owned(), saved);
        Ok(())
    }

    /// The copy that the engine made: hashed as it lies there.
    fn database(&mut self) -> Result<(), BackupError> {
        let path = self.to.join(sqlite::FILE_NAME);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(at(&path))?;
        let (hash, bytes) = hash(&path)?;
        self.files.insert(sqlite::FILE_NAME.to_owned(), Saved { hash, bytes });
        Ok(())
    }

    /// Every file below a directory of the data directory.
    fn below(&mut self, part: &str) -> Result<(), BackupError> {
        for name in names(&self.what.data.join(part))?.into_iter().filter(|name| !name.starts_with('.')) {
            let part = format!("{part}/{name}");
            let path = self.what.data.join(&part);
            let about = fs::metadata(&path).map_err(at(&path))?;
            if about.is_dir() {
                self.below(&part)?;
            } else {
                self.file(part, about.len())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, bytes: u64) -> Result<(), BackupError> {
        let (from, to) = (self.what.data.join(&name), self.to.join(&name));
        let is_media = name.starts_with("media/");
        let before =
            self.before.as_ref().and_then(|(dir, manifest)| Some((dir.join(&name), *manifest.files.get(&name)?)));
        if let Some((old, saved)) = before.filter(|(_, saved)| saved.bytes == bytes) {
            // media are named by their hash and never change; of anything else one has to look
            let same = if is_media { named(&name) == Some(saved.hash) } else { hash(&from)?.0 == saved.hash };
            if same && link(&old, &to, bytes)? {
                self.shared_bytes += bytes;
                self.files.insert(name, saved);
                return Ok(());
            }
        }
        let (hash, bytes) = copy(&from, &to)?;
        if is_media && named(&name) != Some(hash) {
            self.changed_media.push(name.clone());
        }
        self.files.insert(name, Saved { hash, bytes });
        Ok(())
    }
}

/// The hash that a media file's name is.
fn named(name: &str) -> Option<Sha256Hash> {
    name.rsplit('/').next()?.parse().ok()
}

/// Shares a file of an earlier backup; false where that is not there any more or the file system knows no links.
fn link(old: &Path, new: &Path, bytes: u64) -> Result<bool, BackupError> {
    if let Some(dir) = new.parent() {
        fs::create_dir_all(dir).map_err(at(dir))?;
    }
    let whole = fs::metadata(old).is_ok_and(|about| about.len() == bytes);
    Ok(whole && fs::hard_link(old, new).is_ok())
}
