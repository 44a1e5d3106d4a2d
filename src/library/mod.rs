//! Media: bytes by SHA-256, a measured length, a booked length in whole seconds.
//!
//! Invariants: a file's name is the hash of its bytes, and it appears under that name only when
//! it is whole and on disk; adding the same bytes again changes nothing; nobody but the child
//! process of the probe opens a foreign file with a decoder.

mod files;
mod model;
mod probe;
#[cfg(test)]
mod tests;
mod uploads;

pub use files::{MediaFiles, MediaReader, Range};
pub use model::{Added, Given, LibraryError, MediaItem, book, display_name};
pub use probe::{Measured, PlayerProbe, Probe, ProbeError};
pub use uploads::{NoUpload, Upload, Uploaded, Uploads};

use crate::directory::problem::{Say, say, unreadable};
use crate::error::StoreError;
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::UtcMillis;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the library needs from storage; each operation is one transaction.
#[async_trait::async_trait]
pub trait LibraryStore: Send + Sync {
    /// Keeps a new item, and that an account has brought it, which the log says the first time. When the hash is known already, the item
    /// stays as it is and is the answer.
    async fn keep_media(
        &self,
        item: MediaItem,
        brought: Option<(String, UtcMillis)>,
    ) -> Result<Option<MediaItem>, StoreError>;
    /// The item with this hash.
    async fn media(&self, hash: MediaHash) -> Result<Option<MediaItem>, StoreError>;
    /// Every item, by name, then hash.
    async fn media_list(&self) -> Result<Vec<MediaItem>, StoreError>;
    /// What an account has brought.
    async fn brought_by(&self, account: &str) -> Result<Vec<MediaHash>, StoreError>;
}

/// Longest film that is cut, seconds.
const LONGEST_CUT_S: u32 = 300;

/// A file that may come in: copied, measured and booked, but not kept. Dropped, it leaves nothing.
#[must_use = "dropped, it leaves nothing: keep it"]
pub struct Examined {
    copy: files::Copy,
    item: MediaItem,
    new: bool,
    /// It is made from a film of this length, ms, whose end was left out.
    cut_from_ms: Option<u64>,
}

impl Examined {
    /// From how long a film it was cut to whole seconds, ms; none: it is as it came.
    pub fn cut_from_ms(&self) -> Option<u64> {
        self.cut_from_ms
    }
    /// Its name in the library.
    pub fn hash(&self) -> MediaHash {
        self.item.media.hash
    }
    /// What it would be in the library.
    pub fn media(&self) -> &Media {
        &self.item.media
    }
}

/// The library: storage, files and the probe behind one door.
#[derive(Clone)]
pub struct Library {
    store: Arc<dyn LibraryStore>,
    files: MediaFiles,
    probe: Arc<dyn Probe>,
    clock: Arc<dyn Clock>,
    /// One picture is made at a time: a page of fifty is no fifty decoders at once.
    painter: Arc<tokio::sync::Mutex<()>>,
    /// One film is cut at a time, for minutes: who waits for a picture does not wait for that.
    cutter: Arc<tokio::sync::Mutex<()>>,
    /// Films that are cut, or wait for it.
    cuts: Arc<AtomicUsize>,
}

/// One of the films that are cut, or wait for it, until it is dropped.
struct Cut(Arc<AtomicUsize>);

impl Cut {
    fn of(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A small picture of a file, for people who look at lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// JPEG.
    Jpeg(Vec<u8>),
    /// It has none, or none that can be decoded.
    Nothing,
    /// No probe is installed, which makes them.
    NoProbe,
}

impl Library {
    /// Wires the library.
    pub fn new(store: Arc<dyn LibraryStore>, files: MediaFiles, probe: Arc<dyn Probe>, clock: Arc<dyn Clock>) -> Self {
        Self { store, files, probe, clock, painter: Arc::default(), cutter: Arc::default(), cuts: Arc::default() }
    }

    /// Takes in one file: hashes while copying, measures the copy, books whole seconds, and only
    /// then gives the copy its name. Idempotent. On an error nothing is kept.
    pub async fn add(&self, path: &Path, given: Given) -> Result<Added, LibraryError> {
        self.keep(self.examine(path, given).await?).await
    }

    /// The first half of [`Library::add`]: nothing is kept yet, so that several files come in together or
    /// not at all.
    pub async fn examine(&self, path: &Path, given: Given) -> Result<Examined, LibraryError> {
        self.look_at(self.files.take_in(path).await?, path, given, false).await
    }

    /// The same of a file that has come over the network; `name` is what its sender calls it. It is measured, or it does not come in.
    pub async fn examine_upload(
        &self,
        uploaded: &Uploaded,
        name: &str,
        given: Given,
    ) -> Result<Examined, LibraryError> {
        let copy = uploaded.take().ok_or(LibraryError::Unknown(uploaded.hash()))?;
        if copy.size_bytes() == 0 {
            return Err(LibraryError::Empty { name: model::display_name(Path::new(name)) });
        }
        self.look_at(copy, Path::new(name), given, true).await
    }

    /// The same, and a film whose length is not whole seconds, as that of every telephone, is made anew with its end left out.
    ///
    /// # Errors
    /// As [`Library::examine_upload`]; where it cannot be made anew, what was wrong with it.
    pub async fn examine_cut(&self, uploaded: &Uploaded, name: &str, given: Given) -> Result<Examined, LibraryError> {
        let copy = uploaded.take().ok_or(LibraryError::Unknown(uploaded.hash()))?;
        if copy.size_bytes() == 0 {
            return Err(LibraryError::Empty { name: model::display_name(Path::new(name)) });
        }
        let original = copy.second_name()?; // what is dropped with an error is looked at once more
        let path = Path::new(name);
        let (error, measured_ms) = match self.look_at(copy, path, given, true).await {
            Err(error @ LibraryError::NotWhole { measured_ms, .. }) => (error, measured_ms),
            looked_at => return looked_at,
        };
        let whole_s = u32::try_from(measured_ms / 1000).unwrap_or(u32::MAX);
        if !(1..=LONGEST_CUT_S).contains(&whole_s) {
            return Err(error);
        }
        let _counted = Cut::of(&self.cuts);
        let _turn = self.cutter.lock().await;
        let scratch = self.files.scratch().await?;
        let out = scratch.reopen().map_err(|source| LibraryError::Io { path: scratch.path().to_owned(), source })?;
        match self.probe.render(&original, whole_s, out).await {
            Ok(true) => {}
            Ok(false) => return Err(error),
            Err(failed) => {
                tracing::warn!(%failed, "a film could not be cut to whole seconds");
                return Err(error);
            }
        }
        let made = self.files.take_in(scratch.path()).await.map_err(|_| error)?;
        let examined = self.look_at(made, path, given, true).await?;
        Ok(Examined { cut_from_ms: Some(measured_ms), ..examined })
    }

    /// Films that are cut now, or wait for it.
    pub fn cutting(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }

    async fn look_at(
        &self,
        copy: files::Copy,
        path: &Path,
        given: Given,
        foreign: bool,
    ) -> Result<Examined, LibraryError> {
        let name = model::display_name(path);
        if let Some(known) = self.store.media(copy.hash()).await? {
            given.agrees_with(&known)?;
            return Ok(Examined { copy, item: known, new: false, cut_from_ms: None });
        }
        let measured = self.probe.probe(copy.path()).await;
        let measured = measured.map_err(|source| LibraryError::Probe { name: name.clone(), source })?;
        if foreign && measured.is_none() {
            return Err(LibraryError::NoProbe);
        }
        let (kind, duration_s, duration_ms) = book(&name, measured.as_ref(), given)?;
        let media = Media { hash: copy.hash(), size_bytes: copy.size_bytes(), kind, duration_s };
        let item = MediaItem { media, duration_ms, name, added_ms: self.clock.now() };
        Ok(Examined { copy, item, new: true, cut_from_ms: None })
    }

    /// The second half.
    pub async fn keep(&self, examined: Examined) -> Result<Added, LibraryError> {
        self.keep_of(examined, None).await
    }

    /// The second half, of what an account has brought: from then on it sees the file, and does not approve it.
    pub async fn keep_of(
        &self,
        Examined { copy, item, new, .. }: Examined,
        by: Option<&str>,
    ) -> Result<Added, LibraryError> {
        copy.keep().await?; // bytes first: a row never names a file that is not there
        if !new && by.is_none() {
            return Ok(Added { item, new }); // its bytes may have been lost from the disk
        }
        let brought = by.map(|by| (by.to_owned(), self.clock.now()));
        let known = self.store.keep_media(item.clone(), brought).await?;
        Ok(Added { new: known.is_none(), item: known.unwrap_or(item) })
    }

    /// What an account has brought.
    pub async fn brought_by(&self, account: &str) -> Result<Vec<MediaHash>, LibraryError> {
        Ok(self.store.brought_by(account).await?)
    }

    /// Takes away what killed processes left ([`MediaFiles::sweep`]).
    pub fn sweep(&self) -> Result<u32, LibraryError> {
        self.files.sweep()
    }

    /// Every item, by name, then hash.
    pub async fn list(&self) -> Result<Vec<MediaItem>, LibraryError> {
        Ok(self.store.media_list().await?)
    }

    /// The item with this hash.
    pub async fn get(&self, hash: MediaHash) -> Result<Option<MediaItem>, LibraryError> {
        Ok(self.store.media(hash).await?)
    }

    /// `lichphat check`, the library's part: every item's bytes are there and are what their name says.
    /// Answers how many were looked at, and what was found: where, what.
    pub async fn audit(&self) -> Result<(usize, Vec<(Say, Say)>), LibraryError> {
        let items = self.list().await?;
        let mut findings = Vec::new();
        for MediaItem { media, name, .. } in &items {
            let path = self.files.path(media.hash);
            let path = path.display();
            let problem = match self.files.hash_now(media.hash).await {
                Ok(Some(found)) if found == media.hash => continue,
                Ok(Some(_)) => say(format!("tệp đã bị sửa ({path})"), format!("its bytes were changed ({path})")),
                Ok(None) => say(format!("mất tệp ({path})"), format!("its file is missing ({path})")),
                Err(error) => unreadable(error),
            };
            findings.push((say(format!("nội dung {name}"), format!("media {name}")), problem));
        }
        Ok((items.len(), findings))
    }

    /// Keeps a file that is no item of the library (a release of the player) where bytes are served by their hash.
    pub async fn keep_bytes(&self, path: &Path) -> Result<(Sha256Hash, u64), LibraryError> {
        let copy = self.files.take_in(path).await?;
        let kept = (copy.hash(), copy.size_bytes());
        copy.keep().await?;
        Ok(kept)
    }

    /// The small picture of a known item: made once, by the probe's confined process, and kept.
    ///
    /// # Errors
    /// The disk, or the program that should make it, says no.
    pub async fn picture(&self, hash: MediaHash) -> Result<Picture, LibraryError> {
        let of = |bytes: Vec<u8>| if bytes.is_empty() { Picture::Nothing } else { Picture::Jpeg(bytes) };
        if let Some(known) = self.files.picture(hash).await? {
            return Ok(of(known));
        }
        let _turn = self.painter.lock().await;
        if let Some(known) = self.files.picture(hash).await? {
            return Ok(of(known)); // somebody else asked for it meanwhile
        }
        let item = self.get(hash).await?.ok_or(LibraryError::Unknown(hash))?;
        let made = match item.media.kind {
            MediaKind::Audio => Some(Vec::new()),
            MediaKind::Video | MediaKind::Still => match self.probe.picture(&self.files.path(hash)).await {
                Ok(made) => made,
                // no word on the file: a busy machine tries again the next time
                Err(source @ (ProbeError::Run { .. } | ProbeError::Slow { .. })) => {
                    return Err(LibraryError::Probe { name: item.name, source });
                }
                Err(error) => {
                    tracing::debug!(%hash, %error, "there is no picture of it");
                    Some(Vec::new())
                }
            },
        };
        let Some(made) = made else { return Ok(Picture::NoProbe) };
        self.files.keep_picture(hash, made.clone()).await?;
        Ok(of(made))
    }

    /// Opens the bytes of a known item, whole or in part.
    pub async fn open(&self, hash: MediaHash, range: Range) -> Result<MediaReader, LibraryError> {
        self.files.open(hash, range).await
    }
}
