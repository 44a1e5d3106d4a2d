//! What the player needs of the world beside [`Clock`](lichphat_playlists::ports::Clock) and
//! [`Rng`](lichphat_playlists::ports::Rng): a transport and a place for files. A test brings its
//! own, and so does the simulated fleet.

pub mod http;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use lichphat_playlists::ids::Sha256Hash;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends.
    Post,
}

/// A request to the scheduler.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it does.
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// Body; empty when there is none.
    pub body: Bytes,
    /// Without the answer the screen has nothing to show: no rule of data holds it back.
    pub urgent: bool,
}

impl Request {
    /// A request that reads.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), headers: Vec::new(), body: Bytes::new(), urgent: false }
    }
    /// A request that sends.
    pub fn post(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method: Method::Post, path: path.into(), headers: Vec::new(), body: body.into(), urgent: false }
    }
    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("the scheduler cannot be reached: {0}")]
    Unreachable(String),
    /// Nobody can be asked that way.
    #[error("server {server:?}: {problem}")]
    Address {
        /// As given.
        server: String,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// A stick that somebody brought cannot be read or written, or was pulled.
    #[error("the USB stick does not work: {0}")]
    Stick(String),
    /// The line is spared; it is asked again later.
    #[error("media wait: {0}")]
    HeldBack(String),
    /// An answer larger than the caller will hold.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
}

/// A body as it arrives.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// An answer of the scheduler.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body as it arrives.
    pub body: ByteStream,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("headers", &self.headers).finish()
    }
}

impl Response {
    /// An answer whose body is at hand.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        let body: Bytes = body.into();
        Self { status, headers: Vec::new(), body: Box::pin(futures_util::stream::iter([Ok(body)])) }
    }
    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
    /// Value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// The whole body, when it has at most `limit_bytes`.
    pub async fn bytes(mut self, limit_bytes: usize) -> Result<Bytes, TransportError> {
        let mut out = BytesMut::new();
        while let Some(chunk) = self.body.next().await {
            let chunk = chunk?;
            if out.len() + chunk.len() > limit_bytes {
                return Err(TransportError::TooLarge { limit_bytes });
            }
            if out.is_empty() && chunk.len() > 4096 {
                out = BytesMut::from(chunk);
            } else {
                out.extend_from_slice(&chunk);
            }
        }
        Ok(out.freeze())
    }
}

/// The way to the scheduler.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request; any status is an answer.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Opens a stream that may stay silent for long (server-sent events).
    async fn events(&self, request: Request) -> Result<Response, TransportError> {
        self.send(request).await
    }

    /// Bytes that went over it this month, when they are counted.
    fn used_bytes(&self) -> Option<u64> {
        None
    }
}

/// A file being written.
pub trait MediaWrite: Write + Send {
    /// Returns once the bytes are on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that was opened to be hashed and then shown: whatever becomes of its name, it is this one.
#[derive(Debug)]
pub struct Pinned {
    /// Where the stage opens this very file.
    pub path: PathBuf,
    /// The open file; none where files are not on a disk.
    file: Option<File>,
}

/// Which file it is and when its bytes or its name were changed last: device, inode, length, seconds and nanoseconds. Nobody
/// sets the last two back without the system's own clock.
pub type Stamp = (u64, u64, u64, i64, i64);

impl Pinned {
    /// An open file.
    pub fn of(file: File) -> Self {
        Self { path: format!("/proc/self/fd/{}", file.as_raw_fd()).into(), file: Some(file) }
    }
    /// What its name leads to.
    pub fn by_name(path: PathBuf) -> Self {
        Self { path, file: None }
    }
    /// Its stamp now.
    pub fn stamp(&self) -> io::Result<Stamp> {
        let Some(file) = &self.file else { return Ok(Stamp::default()) };
        let m = file.metadata()?;
        Ok((m.dev(), m.ino(), m.len(), m.ctime(), m.ctime_nsec()))
    }
    /// SHA-256 of its bytes; none where only its name is known.
    pub fn sha256(&self) -> io::Result<Option<Sha256Hash>> {
        let Some(mut file) = self.file.as_ref() else { return Ok(None) };
        file.rewind()?;
        hash_reader(&mut file).map(Some)
    }
}

/// Where media and documents lie. Paths are relative to the player's state directory and use `/`.
pub trait MediaFs: Send + Sync {
    /// Opens for reading from the beginning.
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>>;
    /// Opens for writing at the end; makes the file and its directory when missing.
    fn append(&self, path: &str) -> io::Result<Box<dyn MediaWrite>>;
    /// Moves a file over another, or over whatever lies in its place, durably.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; one that is not there is fine.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Length of a file, bytes; none when it is not there.
    fn size_bytes(&self, path: &str) -> io::Result<Option<u64>>;
    /// Names and lengths of the files in a directory, by name; none when there is no such directory.
    fn list(&self, dir: &str) -> io::Result<Vec<(String, u64)>>;
    /// Bytes that can still be written.
    fn free_bytes(&self) -> io::Result<u64>;
    /// Opens a file that is to be hashed and then shown.
    fn pin(&self, path: &str) -> io::Result<Pinned> {
        self.open(path)?; // an error says that it is not there
        Ok(Pinned::by_name(self.absolute(path)))
    }
    /// The path as the stage can open it.
    fn absolute(&self, path: &str) -> PathBuf;

    /// The whole file, when it has at most `limit_bytes`.
    fn read(&self, path: &str, limit_bytes: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.open(path)?.take(limit_bytes as u64 + 1).read_to_end(&mut out)?;
        if out.len() > limit_bytes {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than it may be"));
        }
        Ok(out)
    }
    /// Lets the file be started as a program.
    fn make_executable(&self, _path: &str) -> io::Result<()> {
        Ok(())
    }
    /// Writes a whole file so that a power cut leaves the old one or the new one.
    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let part = format!("{path}.part");
        self.remove(&part)?;
        let mut file = self.append(&part)?;
        file.write_all(bytes)?;
        file.sync()?;
        drop(file);
        self.rename(&part, path)
    }
    /// SHA-256 of the file's bytes as they are now.
    fn sha256(&self, path: &str) -> io::Result<Sha256Hash> {
        hash_reader(&mut *self.open(path)?)
    }
}

/// SHA-256 of everything a reader gives.
pub fn hash_reader(reader: &mut dyn Read) -> io::Result<Sha256Hash> {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(Sha256Hash(hasher.finalize().into())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// True when writing failed because there is no room.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// File name of a path, for messages.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}
