//! Bringing a backup back: hashes first, names last.

use super::manifest::{self, Manifest};
use super::{BackupError, CHECKPOINT, KEYS, MANIFEST, UNFINISHED, at, copy, names, settle};
use crate::store::sqlite;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// Are there keys in the data directory now?
    pub keys: bool,
    /// Had the log published anything by then? It waits until somebody says what it published since.
    pub log_waits: bool,
}

/// The backup that `from` is, or the newest one in the directory `from`; with `before`, the newest that is not after it.
pub fn choose(from: &Path, before: Option<UtcMillis>, offset: UtcOffset) -> Result<PathBuf, BackupError> {
    let fits = |manifest: &Manifest| before.is_none_or(|before| manifest.at <= before);
    let none = || BackupError::None { dir: from.to_owned(), before: before.map(|at| at.rfc3339(offset)) };
    if from.join(MANIFEST).exists() {
        return if fits(&Manifest::read(from)?) { Ok(from.to_owned()) } else { Err(none()) };
    }
    if from.join(sqlite::FILE_NAME).exists() {
        return Err(BackupError::Unfinished(from.to_owned()));
    }
    let mut whole = manifest::list(from)?;
    whole.retain(|(_, manifest)| fits(manifest));
    whole.pop().map(|(path, _)| path).ok_or_else(none)
}

/// Copies a backup into the empty directory `data`, with the keys in `keys` when the backup has none. Every hash is checked
/// before anything gets its name; the database's name comes last, and with it the directory is one of data. Its log waits (`held`
/// is written into the file that says so), and its plans go on above what players may hold from after the backup. Blocks: it copies files.
pub fn restore(
    backup: &Path,
    data: &Path,
    keys: Option<&Path>,
    held: &str,
    now: UtcMillis,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(backup)?;
    fs::create_dir_all(data).map_err(at(data))?;
    is_empty_but_for(data, "")?;
    let work = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(data).map_err(at(data))?;
    let bad = copy_all(backup, &manifest, work.path())?;
    if let Some(first) = bad.first() {
        return Err(BackupError::Damaged { backup: backup.to_owned(), bad: bad.len(), first: first.clone() });
    }
    let dir = work.path().join(KEYS);
    if let Some(keys) = keys.filter(|_| !manifest.has_keys()) {
        for name in names(keys)? {
            copy(&keys.join(&name), &dir.join(&name))?;
        }
    }
    if dir.exists() {
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(at(&dir))?;
    }
    let log_waits = manifest.files.contains_key(CHECKPOINT);
    if log_waits {
        let path = work.path().join(crate::proof::log::HELD);
        fs::write(&path, held).map_err(at(&path))?;
    }
    sqlite::mark_restored(&work.path().join(sqlite::FILE_NAME), manifest.at, now)?;
    settle(work.path())?;
    is_empty_but_for(data, &work.path().file_name().unwrap_or_default().to_string_lossy())?; // a service manager may have started something meanwhile
    let mut parts = names(work.path())?;
    parts.sort_by_key(|name| name == sqlite::FILE_NAME);
    for part in &parts {
        let path = data.join(part);
        fs::rename(work.path().join(part), &path).map_err(at(&path))?;
    }
    File::open(data).and_then(|dir| dir.sync_all()).map_err(at(data))?;
    Ok(Restored { keys: data.join(KEYS).exists(), manifest, log_waits })
}

fn is_empty_but_for(data: &Path, work: &str) -> Result<(), BackupError> {
    match names(data)?.into_iter().find(|name| name != "lost+found" && name != work) {
        Some(found) => Err(BackupError::NotEmpty { dir: data.to_owned(), found }),
        None => Ok(()),
    }
}

/// Is a restore into this directory under way, or was one broken off?
pub fn is_unfinished(data: &Path) -> Result<bool, BackupError> {
    Ok(names(data)?.iter().any(|name| name.starts_with(UNFINISHED)))
}

/// Copies every file; the answer names those that are not what the manifest says.
fn copy_all(backup: &Path, manifest: &Manifest, to: &Path) -> Result<Vec<String>, BackupError> {
    let mut bad = Vec::new();
    for (name, saved) in &manifest.files {
        let from = backup.join(name);
        match copy(&from, &to.join(name)) {
            Ok(found) if found == (saved.hash, saved.bytes) => {}
            Err(BackupError::Io { path, .. }) if path == from => bad.push(name.clone()),
            Ok(_) => bad.push(name.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(bad)
}
