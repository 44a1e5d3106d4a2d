//! Media bytes on disk: `<data>/media/<2 hex>/<64 hex>`, whole or not there at all.

use super::LibraryError;
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use sha2::Digest;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tokio::io::AsyncReadExt;

/// Which bytes of a file, end excluded; as HTTP's `Range: bytes=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// Everything.
    #[default]
    Whole,
    /// From the first number to before the second, or to the end.
    From(u64, Option<u64>),
    /// The last so many bytes.
    Last(u64),
}

/// Longest file that is taken in, bytes: a day of a loudspeaker's sound, hours of film, and no disk full of zeros.
pub(super) const LARGEST_BYTES: u64 = 4 << 30;

/// Begins the name of what has no name yet.
const INCOMING: &str = ".incoming-";

/// The directory that holds the bytes.
#[derive(Debug, Clone)]
pub struct MediaFiles {
    dir: PathBuf,
    pictures: PathBuf,
}

impl MediaFiles {
    /// Files under `<data>/media`.
    pub fn new(data: &Path) -> Self {
        Self { dir: data.join("media"), pictures: data.join("pictures") }
    }

    /// Where the bytes of `hash` stand, when they are there.
    pub fn path(&self, hash: MediaHash) -> PathBuf {
        let hex = hash.hex();
        self.dir.join(&hex[..2]).join(hex)
    }

    /// Where the small picture of `hash` stands, when it was made: beside the media, and no part of them, for it can be made anew.
    fn picture_path(&self, hash: MediaHash) -> PathBuf {
        let hex = hash.hex();
        self.pictures.join(&hex[..2]).join(format!("{hex}.jpg"))
    }

    /// The small picture of `hash`, when it was made; empty: there is none to be made.
    pub(super) async fn picture(&self, hash: MediaHash) -> Result<Option<Vec<u8>>, LibraryError> {
        let path = self.picture_path(hash);
        blocking(move || match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(&path, error)),
        })
        .await
    }

    /// Keeps the small picture of `hash`, whole or not at all.
    pub(super) async fn keep_picture(&self, hash: MediaHash, jpeg: Vec<u8>) -> Result<(), LibraryError> {
        let path = self.picture_path(hash);
        blocking(move || {
            let (dir, failed) = (path.parent().unwrap_or(Path::new(".")), |error| io(&path, error));
            std::fs::create_dir_all(dir).map_err(failed)?;
            let mut temp = tempfile::Builder::new().prefix(INCOMING).tempfile_in(dir).map_err(failed)?;
            temp.write_all(&jpeg).map_err(failed)?;
            temp.persist(&path).map(drop).map_err(|error| failed(error.error))
        })
        .await
    }

    /// Copies a file in under a name that nobody looks for, hashing on the way.
    pub(super) async fn take_in(&self, source: &Path) -> Result<Copy, LibraryError> {
        let (files, source) = (self.clone(), source.to_owned());
        blocking(move || files.take_in_now(&source)).await
    }

    fn take_in_now(&self, source: &Path) -> Result<Copy, LibraryError> {
        let reading = |error| io(source, error);
        // asked before it is opened, because opening a pipe waits for whoever writes into it
        let meta = std::fs::metadata(source).map_err(reading)?;
        if !meta.is_file() {
            return Err(LibraryError::NotAFile { name: super::model::display_name(source) });
        }
        let large = || LibraryError::TooLarge { name: super::model::display_name(source) };
        if meta.len() > LARGEST_BYTES {
            return Err(large());
        }
        let mut from = File::open(source).map_err(reading)?;
        let (mut writing, mut buffer) = (self.begin_now()?, vec![0; 256 * 1024]);
        loop {
            let n = from.read(&mut buffer).map_err(reading)?;
            if n == 0 {
                break;
            }
            writing.write_now(&buffer[..n])?;
            if writing.size_bytes > LARGEST_BYTES {
                return Err(large()); // it grows while it is read
            }
        }
        if writing.size_bytes == 0 {
            return Err(LibraryError::Empty { name: super::model::display_name(source) });
        }
        Ok(writing.finish())
    }

    /// A file of nobody's yet, for a program that writes one; dropped, it disappears.
    pub(super) async fn scratch(&self) -> Result<tempfile::NamedTempFile, LibraryError> {
        let files = self.clone();
        blocking(move || Ok(files.begin_now()?.temp)).await
    }

    /// Begins a file under a name that nobody looks for.
    pub(super) async fn begin(&self) -> Result<Writing, LibraryError> {
        let files = self.clone();
        blocking(move || files.begin_now()).await
    }

    fn begin_now(&self) -> Result<Writing, LibraryError> {
        let failed = |error| io(&self.dir, error);
        std::fs::create_dir_all(&self.dir).map_err(failed)?;
        let temp = tempfile::Builder::new().prefix(INCOMING).tempfile_in(&self.dir).map_err(failed)?;
        temp.as_file().lock().map_err(failed)?; // while it is held somebody is at work, and `sweep` leaves it alone
        Ok(Writing { files: self.clone(), temp, hasher: sha2::Sha256::new(), size_bytes: 0 })
    }

    /// Takes away what processes left that were killed while they took a file in; how many. What another is writing stays.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn sweep(&self) -> Result<u32, LibraryError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            entries => entries.map_err(|error| io(&self.dir, error))?,
        };
        let mut swept = 0;
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(INCOMING)) {
            let nobodys = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
            swept += u32::from(nobodys && std::fs::remove_file(entry.path()).is_ok());
        }
        Ok(swept)
    }

    /// Room on their disk, bytes.
    pub(super) fn free_bytes(&self) -> Result<u64, LibraryError> {
        std::fs::create_dir_all(&self.dir).map_err(|error| io(&self.dir, error))?;
        let stat = rustix::fs::statvfs(&self.dir).map_err(|error| io(&self.dir, error.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// SHA-256 of the bytes as they are now; none when the file is not there.
    pub(super) async fn hash_now(&self, hash: MediaHash) -> Result<Option<MediaHash>, LibraryError> {
        let path = self.path(hash);
        blocking(move || hash_file(&path).map_err(|e| io(&path, e))).await
    }

    /// Opens the bytes, whole or in part.
    pub async fn open(&self, hash: MediaHash, range: Range) -> Result<MediaReader, LibraryError> {
        let path = self.path(hash);
        blocking(move || {
            let mut file = File::open(&path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => LibraryError::Unknown(hash),
                _ => io(&path, error),
            })?;
            let size_bytes = file.metadata().map_err(|e| io(&path, e))?.len();
            let (start, end) = range.within(size_bytes).ok_or(LibraryError::Range { hash, size_bytes })?;
            file.seek(SeekFrom::Start(start)).map_err(|e| io(&path, e))?;
            Ok(MediaReader { file: tokio::fs::File::from_std(file), size_bytes, start, end })
        })
        .await
    }
}

impl Range {
    /// What the header asks for: `bytes=100-` and `bytes=100-199`; anything else is answered with the whole (RFC 9110, 14.2).
    pub fn asked(header: &str) -> Self {
        let read = || {
            let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
            let from = from.parse().ok()?;
            let end = if to.is_empty() { None } else { Some(to.parse::<u64>().ok()?.checked_add(1)?) };
            Some(Self::From(from, end))
        };
        read().unwrap_or(Self::Whole)
    }

    /// First byte and end (excluded) inside a file of `size_bytes`; `None` when no byte is in it.
    pub fn within(self, size_bytes: u64) -> Option<(u64, u64)> {
        let (start, end) = match self {
            Self::Whole => return Some((0, size_bytes)),
            Self::From(start, end) => (start, end.unwrap_or(size_bytes).min(size_bytes)),
            Self::Last(n) => (size_bytes.saturating_sub(n), size_bytes),
        };
        (start < end).then_some((start, end))
    }
}

/// Bytes of one file, opened, standing at the first one asked for.
#[derive(Debug)]
pub struct MediaReader {
    file: tokio::fs::File,
    /// Length of the whole file, bytes.
    pub size_bytes: u64,
    /// First byte that will be read.
    pub start: u64,
    /// The byte before which reading stops.
    pub end: u64,
}

impl MediaReader {
    /// Bytes that will be read.
    pub fn length(&self) -> u64 {
        self.end - self.start
    }
    /// The file, standing at the first byte: for whoever copies it as a whole.
    pub async fn into_std(self) -> std::fs::File {
        self.file.into_std().await
    }
    /// The bytes in pieces of at most 64 KiB.
    pub fn into_stream(self) -> impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Send + Sync {
        let left = self.length();
        futures_util::stream::try_unfold((self.file, left), |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; left.min(65_536) as usize];
            file.read_exact(&mut piece).await?;
            let left = left - piece.len() as u64;
            Ok(Some((bytes::Bytes::from(piece), (file, left))))
        })
    }
}

/// A file that is being written; dropped, it disappears.
#[derive(Debug)]
pub(super) struct Writing {
    files: MediaFiles,
    temp: tempfile::NamedTempFile,
    hasher: sha2::Sha256,
    size_bytes: u64,
}

impl Writing {
    fn write_now(&mut self, piece: &[u8]) -> Result<(), LibraryError> {
        self.hasher.update(piece);
        self.temp.write_all(piece).map_err(|error| io(&self.files.dir, error))?;
        self.size_bytes += piece.len() as u64;
        Ok(())
    }
    /// Writes the next piece.
    pub(super) async fn write(mut self, piece: bytes::Bytes) -> Result<Self, LibraryError> {
        blocking(move || self.write_now(&piece).map(|()| self)).await
    }
    /// It is whole.
    pub(super) fn finish(self) -> Copy {
        let hash = Sha256Hash(self.hasher.finalize().into());
        Copy { target: self.files.path(hash), temp: self.temp, hash, size_bytes: self.size_bytes }
    }
}

/// A copy that has no name yet; dropped, it disappears.
#[derive(Debug)]
pub(super) struct Copy {
    temp: tempfile::NamedTempFile,
    target: PathBuf,
    hash: MediaHash,
    size_bytes: u64,
}

impl Copy {
    pub(super) fn path(&self) -> &Path {
        self.temp.path()
    }
    pub(super) fn hash(&self) -> MediaHash {
        self.hash
    }
    /// The same bytes under one more name that nobody looks for, gone when it is dropped.
    pub(super) fn second_name(&self) -> Result<tempfile::TempPath, LibraryError> {
        let other = self.temp.path().with_extension("again");
        std::fs::hard_link(self.temp.path(), &other).map_err(|error| io(&other, error))?;
        tempfile::TempPath::try_from_path(&other).map_err(|error| io(&other, error))
    }
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
    /// Gives it its name: fsync, rename, fsync of the directory. A good file that is there stays.
    pub(super) async fn keep(self) -> Result<(), LibraryError> {
        blocking(move || {
            let Self { temp, target, hash, .. } = self;
            if hash_file(&target).is_ok_and(|found| found == Some(hash)) {
                return Ok(());
            }
            let dir = target.parent().unwrap_or(Path::new("."));
            let failed = |error| io(&target, error);
            std::fs::create_dir_all(dir).map_err(failed)?;
            temp.as_file().sync_all().map_err(failed)?;
            temp.persist(&target).map_err(|error| failed(error.error))?;
            File::open(dir).and_then(|d| d.sync_all()).map_err(failed)
        })
        .await
    }
}

fn hash_file(path: &Path) -> std::io::Result<Option<Sha256Hash>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let (mut hasher, mut buffer) = (sha2::Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(Sha256Hash(hasher.finalize().into()))),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn io(path: &Path, source: std::io::Error) -> LibraryError {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => LibraryError::Full(path.to_owned()),
        _ => LibraryError::Io { path: path.to_owned(), source },
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LibraryError> + Send + 'static,
) -> Result<T, LibraryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(LibraryError::Io { path: PathBuf::new(), source: std::io::Error::other(error) }),
    }
}
