//! Files on a real disk, or on a stick that somebody brought: whatever links and names lie there, nothing outside the
//! directory is read or written, and only plain files are opened.

use crate::ports::{MediaFs, MediaWrite, Pinned};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Files below one directory.
#[derive(Debug)]
pub struct StdMediaFs {
    root: PathBuf,
    dir: Dir,
}

impl StdMediaFs {
    /// Makes the directory when it is missing.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root: PathBuf = root.into();
        std::fs::create_dir_all(&root)?;
        let root = root.canonicalize()?;
        Ok(Self { dir: Dir::open_ambient_dir(&root, ambient_authority())?, root })
    }

    /// The file's name is on the disk, and so are those of the directories above it.
    fn sync_parents(&self, path: &str) -> io::Result<()> {
        for dir in Path::new(path).ancestors().skip(1) {
            let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
            self.dir.open(dir)?.sync_all()?;
        }
        Ok(())
    }
}

fn inside(path: &str) -> io::Result<&str> {
    match Path::new(path).components().all(|c| matches!(c, Component::Normal(_))) {
        true => Ok(path),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} leaves the directory"))),
    }
}

fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

struct Appending(File);

impl Write for Appending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl MediaWrite for Appending {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl MediaFs for StdMediaFs {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        let path = inside(path)?;
        // Whoever opens a pipe waits for its other end.
        if !self.dir.metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} is not a file")));
        }
        Ok(Box::new(self.dir.open(path)?))
    }
    fn append(&self, path: &str) -> io::Result<Box<dyn MediaWrite>> {
        let path = inside(path)?;
        if let Some(dir) = Path::new(path).parent() {
            self.dir.create_dir_all(dir)?;
        }
        Ok(Box::new(Appending(self.dir.open_with(path, OpenOptions::new().create(true).append(true))?)))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let rename = || self.dir.rename(inside(from)?, &self.dir, inside(to)?);
        match rename() {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                self.dir.remove_dir_all(inside(to)?)?; // a broken file system, or a stranger: never ours
                rename()?;
            }
            renamed => renamed?,
        }
        self.sync_parents(to)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        absent(self.dir.remove_file(inside(path)?)).map(drop)
    }
    fn size_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        Ok(absent(self.dir.metadata(inside(path)?))?.map(|meta| meta.len()))
    }
    fn list(&self, dir: &str) -> io::Result<Vec<(String, u64)>> {
        let Some(entries) = absent(self.dir.read_dir(inside(dir)?))? else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        for entry in entries {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_file() {
                out.push((entry.file_name().to_string_lossy().into_owned(), meta.len()));
            }
        }
        out.sort_unstable();
        Ok(out)
    }
    fn make_executable(&self, path: &str) -> io::Result<()> {
        let file = self.dir.open(inside(path)?)?;
        file.set_permissions(Permissions::from_std(std::os::unix::fs::PermissionsExt::from_mode(0o700)))?;
        file.sync_all()
    }
    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.dir)?;
        Ok(stat.f_bavail * stat.f_frsize)
    }
    fn pin(&self, path: &str) -> io::Result<Pinned> {
        let path = inside(path)?;
        if !self.dir.metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} is not a file")));
        }
        Ok(Pinned::of(self.dir.open(path)?.into_std()))
    }
    fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}
