//! Files that come over the network: written to the disk as they come and never held in memory, so many at once and one of each sender,
//! as long as the settings allow, and only while room is left beside them. Once its bytes are whole a file makes room for the next one and
//! waits, with a few others, to be measured and cut; when as many wait as may, it keeps its place until it was looked at. What is cut off leaves nothing; what a killed process left is swept
//! out when the server starts ([`MediaFiles::sweep`]).

use super::files::{Copy, Writing};
use super::{LibraryError, MediaFiles};
use bytes::Bytes;
use lichphat_playlists::ids::MediaHash;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Files that come at once.
const AT_ONCE: usize = 4;
/// Files that have come and wait to be measured and cut, one of each sender.
const WAITING: usize = 8;

/// Why a file may not come now.
#[derive(Debug, thiserror::Error)]
pub enum NoUpload {
    /// It does not say how long it is.
    #[error("the length is missing")]
    NoLength,
    /// It is longer than the settings allow.
    #[error("more than {most_bytes} bytes")]
    TooLarge {
        /// What they allow, bytes.
        most_bytes: u64,
    },
    /// The disk would have too little room left.
    #[error("the disk has no room for it")]
    NoRoom,
    /// Others are coming.
    #[error("{AT_ONCE} files are coming already")]
    TooMany,
    /// One of the same sender is: nobody takes every place.
    #[error("one of the same sender is coming already")]
    Another,
    /// The disk said no.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// What comes now.
#[derive(Debug, Default)]
struct Coming {
    /// Whose: one of each account.
    senders: BTreeSet<String>,
    /// As announced, bytes.
    bytes: u64,
    /// Of those that have come and are not looked at yet: whose.
    waiting: BTreeSet<String>,
}

/// The way in for files.
#[derive(Debug)]
pub struct Uploads {
    files: MediaFiles,
    /// Longest file, bytes.
    most_bytes: u64,
    /// Room that has to be left on the disk, bytes.
    least_free_bytes: u64,
    coming: Arc<Mutex<Coming>>,
}

/// A place among those that come at once, until it is dropped.
#[derive(Debug)]
struct Place {
    coming: Arc<Mutex<Coming>>,
    sender: String,
    bytes: u64,
    /// It is among those that wait.
    waits: bool,
}

impl Place {
    /// The file is there: it makes room for the next one, when not too many wait already.
    fn whole(mut self) -> Self {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if coming.waiting.len() < WAITING && coming.waiting.insert(self.sender.clone()) {
            coming.senders.remove(&self.sender);
            coming.bytes -= self.bytes; // it is on the disk: its room is taken
            self.waits = true;
        }
        drop(coming);
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if self.waits {
            coming.waiting.remove(&self.sender);
        } else {
            coming.senders.remove(&self.sender);
            coming.bytes -= self.bytes;
        }
    }
}

impl Uploads {
    /// Into `files`: of at most `most_bytes` each, with `least_free_bytes` left on their disk.
    pub fn new(files: MediaFiles, most_bytes: u64, least_free_bytes: u64) -> Self {
        Self { files, most_bytes, least_free_bytes, coming: Arc::default() }
    }

    /// Lets a file of this length begin; `sender` is the account that sends it.
    ///
    /// # Errors
    /// Why not, or not now.
    pub async fn begin(&self, length: Option<u64>, sender: &str) -> Result<Upload, NoUpload> {
        let bytes = length.ok_or(NoUpload::NoLength)?;
        let most_bytes = self.most_bytes;
        if bytes > most_bytes {
            return Err(NoUpload::TooLarge { most_bytes });
        }
        let place = self.place(bytes, sender)?;
        Ok(Upload { writing: self.files.begin().await?, place })
    }

    fn place(&self, bytes: u64, sender: &str) -> Result<Place, NoUpload> {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if coming.senders.contains(sender) {
            return Err(NoUpload::Another);
        }
        if coming.senders.len() >= AT_ONCE {
            return Err(NoUpload::TooMany);
        }
        let needed = self.least_free_bytes.saturating_add(coming.bytes).saturating_add(bytes);
        if self.files.free_bytes()? < needed {
            return Err(NoUpload::NoRoom);
        }
        coming.senders.insert(sender.to_owned());
        coming.bytes += bytes;
        Ok(Place { coming: Arc::clone(&self.coming), sender: sender.to_owned(), bytes, waits: false })
    }
}

/// A file that is coming; dropped, it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    writing: Writing,
    place: Place,
}

impl Upload {
    /// Writes the next piece down.
    pub async fn write(self, piece: Bytes) -> Result<Self, LibraryError> {
        Ok(Self { writing: self.writing.write(piece).await?, ..self })
    }

    /// Its end has come.
    pub fn finish(self) -> Uploaded {
        let copy = self.writing.finish();
        Uploaded(Arc::new(Inner { hash: copy.hash(), copy: Mutex::new(Some(copy)), _place: self.place.whole() }))
    }
}

/// A file that has come and is not in the library yet; dropped, it leaves nothing. Clones are one file.
#[derive(Debug, Clone)]
pub struct Uploaded(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hash: MediaHash,
    /// Until somebody takes it.
    copy: Mutex<Option<Copy>>,
    /// It counts until it was looked at, among those that come or among those that wait: that, too, takes room and time.
    _place: Place,
}

impl Uploaded {
    /// SHA-256 of what has come.
    pub fn hash(&self) -> MediaHash {
        self.0.hash
    }
    /// The same, as bytes.
    pub fn hash_bytes(&self) -> &[u8] {
        &self.0.hash.0
    }
    pub(super) fn take(&self) -> Option<Copy> {
        self.0.copy.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_come_makes_room_and_only_so_many_wait_to_be_cut() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(MediaFiles::new(dir.path()), 1 << 20, 0);
        let begin = |sender: &str| {
            let (uploads, sender) = (&uploads, sender.to_owned());
            async move { uploads.begin(Some(9), &sender).await }
        };
        let mut waiting = Vec::new();
        for n in 0..WAITING {
            waiting.push(begin(&format!("w{n}")).await.unwrap().finish());
        }
        // as many as may wait do: the places of those that come are all free
        let mut coming = Vec::new();
        for n in 0..AT_ONCE {
            coming.push(begin(&format!("c{n}")).await.unwrap());
        }
        assert!(matches!(begin("late").await, Err(NoUpload::TooMany)));
        assert!(matches!(begin("c0").await, Err(NoUpload::Another)));
        // what comes now keeps its place, until one of those that wait was looked at
        let held = coming.pop().unwrap().finish();
        assert!(matches!(begin("late").await, Err(NoUpload::TooMany)), "the queue has an end");
        drop(waiting.pop());
        let next = coming.pop().unwrap().finish();
        assert!(begin("late").await.is_ok(), "that one waits now, and its place is free");
        drop((held, next, coming, waiting));
        let none = uploads.coming.lock().unwrap();
        assert!(none.senders.is_empty() && none.waiting.is_empty() && none.bytes == 0, "{none:?}");
    }

    #[tokio::test]
    async fn one_sender_has_one_that_comes_and_one_that_waits() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(MediaFiles::new(dir.path()), 1 << 20, 0);
        let first = uploads.begin(Some(9), "lan").await.unwrap().finish();
        let second = uploads.begin(Some(9), "lan").await.unwrap().finish();
        assert!(matches!(uploads.begin(Some(9), "lan").await, Err(NoUpload::Another)));
        drop((first, second));
        assert!(uploads.begin(Some(9), "lan").await.is_ok());
    }
}
