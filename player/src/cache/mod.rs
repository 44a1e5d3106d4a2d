//! Media by hash on disk. A file gets its name only after its bytes were hashed and are on the
//! disk, and every file is hashed once more in each run of the player before it is shown. What is shown is the file that was
//! hashed, held open, and unchanged since ([`Cache::open`]): whoever swaps or edits it in between has it hashed again. Eviction
//! never touches what the horizon needs.

mod disk;

pub use disk::StdMediaFs;

use crate::ports::{MediaFs, Pinned, Request, Response, Stamp, Transport, TransportError, is_disk_full};
use futures_util::StreamExt as _;
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::media::Media;
use lichphat_playlists::stand_in;
use sha2::Digest as _;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const DIR: &str = "media";
/// Kept free for the journal and documents: media go first, bytes.
const RESERVE_BYTES: u64 = 64 << 20;

/// Why a file could not be brought.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// No answer, or it broke off; what came so far is kept and gone on with.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The scheduler has no such file, or refuses it.
    #[error("media {hash}: the scheduler answered {status}")]
    Status {
        /// The file.
        hash: MediaHash,
        /// HTTP status.
        status: u16,
    },
    /// What came is not what was approved.
    #[error("media {hash}: the bytes that came are not the approved ones; they were thrown away")]
    Corrupt {
        /// The file.
        hash: MediaHash,
    },
    /// No room, even after everything unneeded was removed.
    #[error("media {hash}: the disk is full, {size_bytes} bytes are needed and {free_bytes} are free")]
    DiskFull {
        /// The file.
        hash: MediaHash,
        /// Its size.
        size_bytes: u64,
        /// What is free.
        free_bytes: u64,
    },
    /// The disk does not work.
    #[error("media {hash}: {error}")]
    Disk {
        /// The file.
        hash: MediaHash,
        /// What the system says.
        error: io::Error,
    },
}

/// What a look at the disk says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// There, and its bytes were hashed in this run.
    Ready,
    /// Not there.
    Missing,
    /// There were other bytes; they were removed.
    Corrupt,
}

/// The files of one player; clones share what is known of them.
#[derive(Clone)]
pub struct Cache {
    fs: Arc<dyn MediaFs>,
    /// What was hashed in this run, and which file it was then.
    verified: Arc<Mutex<HashMap<MediaHash, Stamp>>>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("verified", &self.verified().len()).finish_non_exhaustive()
    }
}

fn path_of(hash: MediaHash) -> String {
    format!("{DIR}/{}", hash.hex())
}

impl Cache {
    /// On these files.
    pub fn new(fs: Arc<dyn MediaFs>) -> Self {
        Self { fs, verified: Arc::default() }
    }
    fn verified(&self) -> MutexGuard<'_, HashMap<MediaHash, Stamp>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Was it hashed in this run and found right?
    pub fn is_ready(&self, hash: MediaHash) -> bool {
        self.verified().contains_key(&hash)
    }
    /// Where the stage opens it.
    pub fn path(&self, hash: MediaHash) -> PathBuf {
        self.fs.absolute(&path_of(hash))
    }

    /// Looks at the file, hashing it the first time in this run; wrong bytes are removed.
    pub fn check(&self, media: &Media) -> Held {
        if self.is_ready(media.hash) {
            return Held::Ready;
        }
        match self.fs.size_bytes(&path_of(media.hash)) {
            Ok(Some(_)) => match self.recheck(media.hash) {
                Held::Corrupt => self.put_built_in(media.hash).unwrap_or(Held::Corrupt),
                held => held,
            },
            _ => self.put_built_in(media.hash).unwrap_or(Held::Missing),
        }
    }

    /// Hashes the file again, as when the stage could not decode it; wrong bytes are removed.
    pub fn recheck(&self, hash: MediaHash) -> Held {
        match self.fs.pin(&path_of(hash)).and_then(|file| self.look(hash, &file)) {
            Ok(true) => Held::Ready,
            Ok(false) => {
                if let Err(error) = self.fs.remove(&path_of(hash)) {
                    tracing::warn!(%hash, %error, "a corrupt file cannot be removed");
                }
                Held::Corrupt
            }
            Err(error) => {
                self.verified().remove(&hash);
                if error.kind() == io::ErrorKind::NotFound { Held::Missing } else { Held::Corrupt }
            }
        }
    }

    /// Hashes an open file; false when its bytes are others, or changed meanwhile.
    fn look(&self, hash: MediaHash, file: &Pinned) -> io::Result<bool> {
        let stamp = file.stamp()?;
        let found = match file.sha256()? {
            Some(found) => found,
            None => self.fs.sha256(&path_of(hash))?,
        };
        let right = found == hash && file.stamp()? == stamp;
        match right {
            true => self.verified().insert(hash, stamp),
            false => self.verified().remove(&hash),
        };
        Ok(right)
    }

    /// Opens a file to be shown: the one that was hashed, unchanged since; another one is hashed first.
    pub fn open(&self, hash: MediaHash) -> Result<Pinned, Held> {
        let pin = || self.fs.pin(&path_of(hash));
        let known = self.verified().get(&hash).copied();
        match pin() {
            Ok(file) if known.is_some() && file.stamp().ok() == known => Ok(file),
            Ok(file) if self.look(hash, &file).unwrap_or(false) => Ok(file),
            _ => match self.recheck(hash) {
                Held::Ready => Err(Held::Corrupt), // it changes while we look
                held => Err(held),
            },
        }
    }

    /// What is built in needs nobody to bring it.
    fn put_built_in(&self, hash: MediaHash) -> Option<Held> {
        let built_in = stand_in::of(hash)?;
        match self.fs.write_whole(&path_of(hash), built_in.bytes) {
            Ok(()) => Some(self.recheck(hash)),
            Err(error) => {
                tracing::warn!(%error, "what is built in cannot be put on the disk");
                None
            }
        }
    }

    /// Brings a file from the scheduler, going on where an earlier try broke off.
    /// `needed` is what eviction must not touch; `urgent` says that the screen has nothing else to show.
    pub async fn fetch(
        &self,
        media: &Media,
        transport: &dyn Transport,
        needed: &BTreeSet<MediaHash>,
        urgent: bool,
    ) -> Result<(), CacheError> {
        let hash = media.hash;
        let disk = |error| self.disk_error(media, error);
        let part = format!("{}.part", path_of(hash));
        self.make_room(media, needed)?;
        let mut hasher = sha2::Sha256::new();
        let mut have_bytes = self.hash_part(&part, media, &mut hasher).map_err(disk)?;
        if have_bytes < media.size_bytes {
            let mut request = Request::get(format!("/device/v1/media/{hash}"));
            request.urgent = urgent;
            if have_bytes > 0 {
                request = request.header("range", format!("bytes={have_bytes}-"));
            }
            let response = transport.send(request).await?;
            match response.status {
                206 if have_bytes > 0 => {}
                200 => {
                    self.fs.remove(&part).map_err(disk)?;
                    (have_bytes, hasher) = (0, sha2::Sha256::new());
                }
                status => {
                    if status == 416 {
                        self.fs.remove(&part).map_err(disk)?; // the part is no beginning of the file
                    }
                    return Err(CacheError::Status { hash, status });
                }
            }
            have_bytes = self.receive(response, &part, media, have_bytes, &mut hasher).await?;
        }
        if have_bytes != media.size_bytes || Sha256Hash(hasher.finalize().into()) != hash {
            self.fs.remove(&part).map_err(disk)?;
            return Err(CacheError::Corrupt { hash });
        }
        self.fs.append(&part).and_then(|mut file| file.sync()).map_err(disk)?;
        self.fs.rename(&part, &path_of(hash)).map_err(disk)?;
        match self.recheck(hash) {
            Held::Ready => Ok(()),
            Held::Missing | Held::Corrupt => Err(CacheError::Corrupt { hash }),
        }
    }

    /// Writes and hashes what comes; stops as soon as it is more than was approved.
    async fn receive(
        &self,
        mut response: Response,
        part: &str,
        media: &Media,
        have_bytes: u64,
        hasher: &mut sha2::Sha256,
    ) -> Result<u64, CacheError> {
        let mut have_bytes = have_bytes;
        let mut file = self.fs.append(part).map_err(|e| self.disk_error(media, e))?;
        while let Some(chunk) = response.body.next().await {
            let chunk = chunk?;
            have_bytes += chunk.len() as u64;
            if have_bytes > media.size_bytes {
                break;
            }
            hasher.update(&chunk);
            if let Err(error) = file.write_all(&chunk) {
                drop(file);
                self.fs.remove(part).map_err(|e| self.disk_error(media, e))?;
                return Err(self.disk_error(media, error));
            }
        }
        if have_bytes < media.size_bytes {
            return Err(TransportError::Unreachable("the file broke off".to_owned()).into());
        }
        Ok(have_bytes)
    }

    /// Hashes what an earlier try left; a part that is too long is thrown away.
    fn hash_part(&self, part: &str, media: &Media, hasher: &mut sha2::Sha256) -> io::Result<u64> {
        let Some(size_bytes) = self.fs.size_bytes(part)? else { return Ok(0) };
        if size_bytes > media.size_bytes {
            self.fs.remove(part)?;
            return Ok(0);
        }
        let mut reader = self.fs.open(part)?;
        let (mut buffer, mut read_bytes) = (vec![0u8; 64 * 1024], 0u64);
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(read_bytes),
                n => {
                    hasher.update(&buffer[..n]);
                    read_bytes += n as u64;
                }
            }
        }
    }

    fn disk_error(&self, media: &Media, error: io::Error) -> CacheError {
        if is_disk_full(&error) {
            let free_bytes = self.fs.free_bytes().unwrap_or(0);
            CacheError::DiskFull { hash: media.hash, size_bytes: media.size_bytes, free_bytes }
        } else {
            CacheError::Disk { hash: media.hash, error }
        }
    }

    /// Removes unneeded files, as many as it takes.
    fn make_room(&self, media: &Media, needed: &BTreeSet<MediaHash>) -> Result<(), CacheError> {
        let wanted_bytes = media.size_bytes.saturating_add(RESERVE_BYTES);
        let free_bytes = || self.fs.free_bytes().map_err(|e| self.disk_error(media, e));
        if free_bytes()? >= wanted_bytes {
            return Ok(());
        }
        for (name, _) in self.fs.list(DIR).map_err(|e| self.disk_error(media, e))? {
            let hash = name.strip_suffix(".part").unwrap_or(&name).parse::<MediaHash>().ok();
            if hash.is_some_and(|h| needed.contains(&h) || h == media.hash) {
                continue;
            }
            tracing::info!(%name, "removing media that no playlist needs");
            self.fs.remove(&format!("{DIR}/{name}")).map_err(|e| self.disk_error(media, e))?;
            if let Some(hash) = hash {
                self.verified().remove(&hash);
            }
            if free_bytes()? >= wanted_bytes {
                return Ok(());
            }
        }
        let free_bytes = free_bytes()?;
        if free_bytes >= media.size_bytes.saturating_add(RESERVE_BYTES / 4) {
            return Ok(()); // tight, but the journal keeps its room
        }
        Err(CacheError::DiskFull { hash: media.hash, size_bytes: media.size_bytes, free_bytes })
    }
}
