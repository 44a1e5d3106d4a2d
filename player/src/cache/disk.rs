//! Files on a real disk.

use crate::ports::{MediaFs, MediaWrite};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Files below one directory.
#[derive(Debug, Clone)]
pub struct StdMediaFs {
    root: PathBuf,
}

impl StdMediaFs {
    /// Makes the directory when it is missing.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root: PathBuf = root.into();
        std::fs::create_dir_all(&root)?;
        Ok(Self { root: root.canonicalize()? })
    }
    fn join(&self, path: &str) -> io::Result<PathBuf> {
        let inside = Path::new(path).components().all(|c| matches!(c, std::path::Component::Normal(_)));
        if !inside {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} leaves the state directory")));
        }
        Ok(self.root.join(path))
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

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

impl MediaFs for StdMediaFs {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(self.join(path)?)?))
    }
    fn append(&self, path: &str) -> io::Result<Box<dyn MediaWrite>> {
        let path = self.join(path)?;
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        Ok(Box::new(Appending(OpenOptions::new().create(true).append(true).open(path)?)))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let to = self.join(to)?;
        std::fs::rename(self.join(from)?, &to)?;
        sync_parent(&to)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        match std::fs::remove_file(self.join(path)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
    fn size_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        match std::fs::metadata(self.join(path)?) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    fn list(&self, dir: &str) -> io::Result<Vec<(String, u64)>> {
        let entries = match std::fs::read_dir(self.join(dir)?) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
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
        let file = File::open(self.join(path)?)?;
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        file.sync_all()
    }
    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail * stat.f_frsize)
    }
    fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}
