//! Our directory on a stick that has been in other people's machines: no link on it leads out of it, nothing is read
//! beyond its limit, and a file has its name only once its bytes are on the stick.

use crate::error::AppError;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File};
use lichphat_playlists::wire::stick;
use std::io::{self, Read, Write};
use std::path::Path;

/// Where the stick is mounted, and our directory on it.
#[derive(Debug)]
pub struct Stick {
    name: String,
    dir: Dir,
}

impl Stick {
    /// The stick that is mounted at `mount`.
    pub fn open(mount: &Path) -> Result<Self, AppError> {
        let name = mount.join(stick::DIR).display().to_string();
        let open = || -> io::Result<Dir> {
            let mount = Dir::open_ambient_dir(mount, ambient_authority())?;
            mount.create_dir_all(stick::DIR)?;
            mount.open(".")?.sync_all()?;
            mount.open_dir(stick::DIR)
        };
        let dir = open().map_err(|e| {
            let dir = mount.display();
            AppError::mistake(
                format!("--dir {dir}: {e}; hãy ghi thư mục nơi USB được gắn"),
                format!("--dir {dir}: {e}; name the directory where the stick is mounted"),
            )
        })?;
        Ok(Self { name, dir })
    }

    fn failed(&self, path: &str, error: io::Error) -> AppError {
        let why = match error.kind() {
            io::ErrorKind::StorageFull => "the stick is full; make room on it, or name fewer --screen or --days",
            _ => "the stick does not work",
        };
        AppError::io(format!("{}/{path}: {why}", self.name), error)
    }

    /// A plain file's bytes, when there are at most `limit_bytes`; none when there is none.
    pub(super) fn read(&self, path: &str, limit_bytes: usize) -> Result<Option<Vec<u8>>, AppError> {
        let read = || -> io::Result<Option<Vec<u8>>> {
            // Whoever opens a pipe waits for its other end.
            if !self.dir.metadata(path)?.is_file() {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            self.dir.open(path)?.take(limit_bytes as u64 + 1).read_to_end(&mut bytes)?;
            Ok((bytes.len() <= limit_bytes).then_some(bytes))
        };
        match read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            result => result.map_err(|e| self.failed(path, e)),
        }
    }

    /// Names in a directory, sorted; none when there is no such directory.
    pub(super) fn list(&self, path: &str) -> Result<Vec<String>, AppError> {
        let list = || -> io::Result<Vec<String>> {
            let entries = self.dir.read_dir(path)?;
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        };
        let mut names = match list() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            names => names.map_err(|e| self.failed(path, e))?,
        };
        names.sort_unstable();
        Ok(names)
    }

    /// Writes a file from what `fill` writes, under a name that nobody looks for until it is whole.
    pub(super) fn write(&self, path: &str, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), AppError> {
        let part = format!("{path}.part");
        let write = || -> io::Result<()> {
            if let Some(dir) = Path::new(path).parent() {
                self.dir.create_dir_all(dir)?;
            }
            let mut file = self.dir.create(&part)?;
            fill(&mut file)?;
            file.sync_all()?;
            self.dir.rename(&part, &self.dir, path)?;
            for dir in Path::new(path).ancestors().skip(1) {
                let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
                self.dir.open(dir)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(|e| self.failed(path, e))
    }

    /// Writes these bytes, unless they are there.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> Result<(), AppError> {
        // What cannot be read is written anew; if that is not possible either, it says so.
        if self.read(path, bytes.len()).is_ok_and(|there| there.as_deref() == Some(bytes)) {
            return Ok(());
        }
        self.write(path, |file| file.write_all(bytes))
    }

    /// Removes a file.
    pub(super) fn remove(&self, path: &str) -> Result<(), AppError> {
        self.dir.remove_file(path).map_err(|e| self.failed(path, e))
    }

    /// A plain file for reading; none when there is none.
    pub(super) fn file(&self, path: &str) -> Option<File> {
        self.dir.metadata(path).ok().filter(|meta| meta.is_file()).and_then(|_| self.dir.open(path).ok())
    }
}
