//! What a backup says it holds.

use super::{BackupError, MANIFEST, UNFINISHED, at, names};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The only form there is so far.
pub const FORM: &str = "lichphat-backup/1";

/// A file of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// SHA-256 of its bytes.
    pub hash: Sha256Hash,
    /// How many there are.
    pub bytes: u64,
}

/// The last file to be written into a backup: with it, the backup is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORM`].
    pub form: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// The moment of the database.
    pub at: UtcMillis,
    /// Every other file by its path below the backup, parts joined by `/`.
    pub files: BTreeMap<String, Saved>,
}

impl Manifest {
    /// From JSON. A path that leads out of the backup, or to the manifest, is refused: backups may lie on other people's machines.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if manifest.form != FORM {
            return Err(format!("form = {:?}: this program knows {FORM:?}", manifest.form));
        }
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
        match manifest.files.keys().find(|path| *path == MANIFEST || !path.split('/').all(plain)) {
            Some(path) => Err(format!("files: {path:?} is no path of a file below it")),
            None => Ok(manifest),
        }
    }

    /// Of one backup.
    pub(super) fn read(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(MANIFEST);
        let json = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(BackupError::Unfinished(backup.to_owned()));
            }
            json => json.map_err(at(&path))?,
        };
        Self::parse(&json).map_err(|problem| BackupError::Manifest { path, problem })
    }

    /// Were the private keys saved, too?
    pub fn has_keys(&self) -> bool {
        self.files.keys().any(|path| path.starts_with("keys/"))
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|saved| saved.bytes).sum()
    }
}

/// The name of a backup of that moment: `2026-11-26T02-00-00.000Z`, so that names sort by time and any file system takes them.
pub(super) fn name(at: UtcMillis) -> String {
    at.rfc3339(UtcOffset(0)).trim_end_matches("+00:00").replace(':', "-") + "Z"
}

/// The whole backups in a directory, oldest first. What has no manifest, or one that cannot be read, is none.
pub(super) fn list(dir: &Path) -> Result<Vec<(PathBuf, Manifest)>, BackupError> {
    let mut found = Vec::new();
    for name in names(dir)?.into_iter().filter(|name| !name.starts_with(UNFINISHED)) {
        let path = dir.join(name);
        if let Ok(manifest) = Manifest::read(&path) {
            found.push((path, manifest));
        }
    }
    found.sort_by_key(|(_, manifest)| manifest.at);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_of_the_backup_is_refused() {
        let with = |path: &str| {
            let hash = Sha256Hash([7; 32]);
            let json = serde_json::json!({
                "form": FORM, "program": "0.1.0", "at": 0, "files": { path: { "hash": hash, "bytes": 1 } }
            });
            Manifest::parse(json.to_string().as_bytes())
        };
        assert_eq!(with("media/ab/abc").unwrap().bytes(), 1);
        for bad in ["../keys/plan.key", "/etc/passwd", "media//x", "media/./x", "a\\..\\b", "", MANIFEST] {
            assert!(with(bad).unwrap_err().contains("is no path"), "{bad}");
        }
        let other = Manifest::parse(br#"{"form":"lichphat-backup/2","program":"9","at":0,"files":{}}"#);
        assert!(other.unwrap_err().contains("lichphat-backup/1"));
    }

    #[test]
    fn names_sort_by_time() {
        assert_eq!(name(UtcMillis(1_795_000_000_123)), "2026-11-18T11-06-40.123Z");
    }
}
