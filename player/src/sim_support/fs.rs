//! Files in memory, with faults on demand. Media can be shared by a whole fleet: five hundred
//! screens need one copy of a clip, and one look at its hash.

use crate::ports::{MediaFs, MediaWrite, hash_reader};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Rng;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Bytes = Arc<Vec<u8>>;

#[derive(Debug, Clone, Default)]
struct File {
    bytes: Bytes,
    hash: Option<Sha256Hash>,
    /// Bytes that survive a power cut; none while not even the name does.
    synced_bytes: Option<usize>,
}

#[derive(Debug, Default)]
struct Files {
    files: BTreeMap<String, File>,
    room_bytes: Option<u64>,
    /// Changes that still reach the disk; none: any number.
    changes_left: Option<u64>,
}

impl Files {
    fn change(&mut self) -> io::Result<()> {
        match &mut self.changes_left {
            Some(0) => Err(io::Error::other("the power is out")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Files under `media/`, one copy for everyone who holds a clone.
#[derive(Debug, Clone, Default)]
pub struct SharedMedia(Arc<Mutex<Files>>);

/// Files of one device; clones share them, so that they outlive a power cut.
#[derive(Debug, Clone, Default)]
pub struct MemoryMediaFs {
    own: Arc<Mutex<Files>>,
    shared: Option<SharedMedia>,
}

fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_found(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.to_owned())
}

impl MemoryMediaFs {
    /// Everything of its own.
    pub fn new() -> Self {
        Self::default()
    }
    /// Documents of its own, media shared.
    pub fn with_shared_media(shared: SharedMedia) -> Self {
        Self { own: Arc::default(), shared: Some(shared) }
    }
    /// So many more bytes fit; none means no limit.
    pub fn set_room_bytes(&self, room_bytes: Option<u64>) {
        lock(&self.own).room_bytes = room_bytes;
    }
    /// After so many more changes the power is out, and every further one fails.
    pub fn power_for(&self, changes: u64) {
        lock(&self.own).changes_left = Some(changes);
    }
    /// The power is back. What was not synced is lost: of a file's tail a part that `rng` chooses is left, as written or
    /// as noise; a file that was never synced may be gone. A rename that returned is kept, as [`MediaFs`] promises.
    pub fn lose_unsynced(&self, rng: &dyn Rng) {
        let chance = |below: usize| {
            let mut bytes = [0; 8];
            rng.fill(&mut bytes);
            (u64::from_le_bytes(bytes) % (below as u64 + 1)) as usize
        };
        let mut files = lock(&self.own);
        files.changes_left = None;
        files.files.retain(|_, file| {
            let kept = file.synced_bytes.unwrap_or(0);
            let left = kept + chance(file.bytes.len() - kept);
            let bytes = Arc::make_mut(&mut file.bytes);
            bytes.truncate(left);
            if chance(1) == 1 {
                rng.fill(&mut bytes[kept..]);
            }
            file.hash = None;
            let named = file.synced_bytes.is_some() || chance(1) == 1;
            file.synced_bytes = Some(left);
            named
        });
    }
    /// Puts bytes behind the player's back: a rotten disk.
    pub fn plant(&self, path: &str, bytes: Vec<u8>) {
        lock(self.files(path))
            .files
            .insert(path.to_owned(), File { synced_bytes: Some(bytes.len()), bytes: Arc::new(bytes), hash: None });
    }
    fn files(&self, path: &str) -> &Mutex<Files> {
        match &self.shared {
            Some(shared) if path.starts_with("media/") => &shared.0,
            _ => &self.own,
        }
    }
    fn bytes(&self, path: &str) -> io::Result<Bytes> {
        lock(self.files(path)).files.get(path).map(|f| f.bytes.clone()).ok_or_else(|| not_found(path))
    }
}

struct Appending {
    fs: MemoryMediaFs,
    path: String,
}

impl Write for Appending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut files = lock(self.fs.files(&self.path));
        files.change()?;
        if let Some(room_bytes) = &mut files.room_bytes {
            if *room_bytes < bytes.len() as u64 {
                return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
            }
            *room_bytes -= bytes.len() as u64;
        }
        let file = files.files.entry(self.path.clone()).or_default();
        Arc::make_mut(&mut file.bytes).extend_from_slice(bytes);
        file.hash = None;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MediaWrite for Appending {
    fn sync(&mut self) -> io::Result<()> {
        let mut files = lock(self.fs.files(&self.path));
        files.change()?;
        if let Some(file) = files.files.get_mut(&self.path) {
            file.synced_bytes = Some(file.bytes.len());
        }
        Ok(())
    }
}

impl MediaFs for MemoryMediaFs {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        struct Shared(Bytes);
        impl AsRef<[u8]> for Shared {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        Ok(Box::new(Cursor::new(Shared(self.bytes(path)?))))
    }
    fn append(&self, path: &str) -> io::Result<Box<dyn MediaWrite>> {
        lock(self.files(path)).files.entry(path.to_owned()).or_default();
        Ok(Box::new(Appending { fs: self.clone(), path: path.to_owned() }))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = lock(self.files(from));
        files.change()?;
        let file = files.files.remove(from).ok_or_else(|| not_found(from))?;
        files.files.insert(to.to_owned(), file);
        Ok(())
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        let mut files = lock(self.files(path));
        files.change()?;
        if let Some(file) = files.files.remove(path)
            && let Some(room_bytes) = &mut files.room_bytes
        {
            *room_bytes += file.bytes.len() as u64;
        }
        Ok(())
    }
    fn size_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        Ok(lock(self.files(path)).files.get(path).map(|f| f.bytes.len() as u64))
    }
    fn list(&self, dir: &str) -> io::Result<Vec<(String, u64)>> {
        let prefix = format!("{dir}/");
        let files = lock(self.files(&prefix));
        let inside = files.files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        Ok(inside.map(|(path, file)| (path[prefix.len()..].to_owned(), file.bytes.len() as u64)).collect())
    }
    fn free_bytes(&self) -> io::Result<u64> {
        Ok(lock(&self.own).room_bytes.unwrap_or(1 << 40))
    }
    fn absolute(&self, path: &str) -> PathBuf {
        PathBuf::from("/sim").join(path)
    }
    fn sha256(&self, path: &str) -> io::Result<Sha256Hash> {
        let known = lock(self.files(path)).files.get(path).and_then(|f| f.hash);
        if let Some(hash) = known {
            return Ok(hash);
        }
        let hash = hash_reader(&mut *self.open(path)?)?;
        if let Some(file) = lock(self.files(path)).files.get_mut(path) {
            file.hash = Some(hash);
        }
        Ok(hash)
    }
}
