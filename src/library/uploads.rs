//! Files that come over the network: written to the disk as they come and never held in memory, so many at once and one of each sender,
//! as long as the settings allow, and only while room is left beside them. What is cut off leaves nothing; what a killed process left is swept
//! out when the server starts ([`MediaFiles::sweep`]).

use super::files::{Copy, Writing};
use super::{LibraryError, MediaFiles};
use bytes::Bytes;
use lichphat_playlists::ids::MediaHash;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Files that come at once.
const AT_ONCE: usize = 4;

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
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        coming.senders.remove(&self.sender);
        coming.bytes -= self.bytes;
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
        Ok(Place { coming: Arc::clone(&self.coming), sender: sender.to_owned(), bytes })
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
        Uploaded(Arc::new(Inner { hash: copy.hash(), copy: Mutex::new(Some(copy)), _place: self.place }))
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
    /// It counts until it was looked at: that, too, takes room and time.
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
