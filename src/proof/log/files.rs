//! The log's files: one growing file of hashes per tile, and the published checkpoint.
//!
//! A tile's bytes never change once they are written, so a file is only ever written at its end, and what a round that
//! died left there is what the next one writes. Nothing is truncated: a second process that is behind harms nothing.

use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::tile::Resource;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a round needs of the disk; tiles are named by (level, index).
pub trait LogFiles: Send + Sync {
    /// The whole hashes in a tile; none when there is no file.
    fn read(&self, tile: (u8, u64)) -> io::Result<Vec<Sha256Hash>>;
    /// Writes hashes into a tile from place `from` on; those before are there.
    fn write(&self, tile: (u8, u64), from: usize, hashes: &[Sha256Hash]) -> io::Result<()>;
    /// Returns when these tiles are on the disk to stay.
    fn sync(&self, tiles: &BTreeSet<(u8, u64)>) -> io::Result<()>;
    /// The published checkpoint.
    fn published(&self) -> io::Result<Option<String>>;
    /// Publishes a checkpoint: the whole note or the one before, never a part.
    fn publish(&self, note: &str) -> io::Result<()>;
    /// Must the log wait, because its data were restored?
    fn held(&self) -> io::Result<bool>;
    /// It need not wait any longer.
    fn release(&self) -> io::Result<()>;
}

/// A directory.
pub struct DiskFiles(PathBuf);

const CHECKPOINT: &str = "checkpoint";
/// The file of a data directory whose log must wait: whoever restores a backup writes it.
pub const HELD: &str = "log/restored";

impl DiskFiles {
    /// Files below `<data>/log`.
    pub fn new(data: &Path) -> Self {
        Self(data.join("log"))
    }

    fn path(&self, (level, index): (u8, u64)) -> PathBuf {
        self.0.join(Resource::Hashes { level, index, width: 256 }.path())
    }
}

impl LogFiles for DiskFiles {
    fn read(&self, tile: (u8, u64)) -> io::Result<Vec<Sha256Hash>> {
        match fs::read(self.path(tile)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            bytes => Ok(bytes?.as_chunks::<32>().0.iter().copied().map(Sha256Hash).collect()),
        }
    }

    fn write(&self, tile: (u8, u64), from: usize, hashes: &[Sha256Hash]) -> io::Result<()> {
        let path = self.path(tile);
        fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        file.write_all_at(&bytes, from as u64 * 32)
    }

    fn sync(&self, tiles: &BTreeSet<(u8, u64)>) -> io::Result<()> {
        let paths: Vec<PathBuf> = tiles.iter().map(|tile| self.path(*tile)).collect();
        for path in &paths {
            File::open(path)?.sync_all()?;
        }
        // a new file is there to stay when the directories that name it are
        let above = |path: &PathBuf| path.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
        let directories: BTreeSet<PathBuf> =
            paths.iter().flat_map(above).filter(|dir| dir.starts_with(&self.0)).collect();
        directories.into_iter().try_for_each(|dir| File::open(dir)?.sync_all())
    }

    fn published(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.0.join(CHECKPOINT)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            note => note.map(Some),
        }
    }

    fn publish(&self, note: &str) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let mut beside = tempfile::NamedTempFile::new_in(&self.0)?;
        beside.write_all(note.as_bytes())?;
        beside.as_file().sync_all()?;
        beside.persist(self.0.join(CHECKPOINT)).map_err(|error| error.error)?;
        File::open(&self.0)?.sync_all()
    }

    fn held(&self) -> io::Result<bool> {
        self.0.with_file_name(HELD).try_exists()
    }

    fn release(&self) -> io::Result<()> {
        match fs::remove_file(self.0.with_file_name(HELD)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}
