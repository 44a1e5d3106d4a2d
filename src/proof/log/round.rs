//! One round: the tree follows the entries, and what it has come to is signed, witnessed and published.

use super::{Head, Log, LogError, LogFiles, StoredEntry, on_disk};
use crate::proof::ProofError;
use crate::proof::witnesses::{Standing, Witness};
use async_trait::async_trait;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::{Note, NoteSignature};
use lichphat_playlists::proof::tile::{ShortTile, TILE_WIDTH, Tiled, grow, hashes_at};
use lichphat_playlists::proof::tree::{self, EMPTY_ROOT, leaf_hash};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// The published checkpoint is of so many entries.
    Published(u64),
    /// Another process was first; the next round follows it.
    Raced,
}

/// Gives the consistency proof from an older size to the checkpoint's.
pub type ConsistencyFrom<'a> = &'a (dyn Fn(u64) -> Result<Vec<Sha256Hash>, LogError> + Send + Sync);

/// Whoever vouches that the log only grows.
#[async_trait]
pub trait Witnesses: Send + Sync {
    /// Cosignatures of the checkpoint by those whose line the note does not bear yet, as far as they answer in good time:
    /// a missing witness never stops the log. They may hold any older size.
    async fn cosign(&self, checkpoint: &Checkpoint, note: &Note, from: ConsistencyFrom<'_>) -> Vec<NoteSignature>;
    /// Who they are, and how it went with each of them for the log of that name.
    async fn standings(&self, origin: &str) -> Result<Vec<(Witness, Standing)>, ProofError>;
}

/// No witnesses.
pub struct Unwitnessed;

#[async_trait]
impl Witnesses for Unwitnessed {
    async fn cosign(&self, _: &Checkpoint, _: &Note, _: ConsistencyFrom<'_>) -> Vec<NoteSignature> {
        Vec::new()
    }
    async fn standings(&self, _: &str) -> Result<Vec<(Witness, Standing)>, ProofError> {
        Ok(Vec::new())
    }
}

/// Entries hashed at a time; a multiple of a tile's width.
const AT_ONCE: u64 = 4_096;

impl Log {
    /// Lets tree and checkpoint follow the entries. Called every `[log] every_s`, and safe to call at any time, by any
    /// number of processes: whatever a round that died left behind is done again or found done.
    pub async fn round(&self) -> Result<Round, LogError> {
        let done = self.one_round().await?;
        self.rounded.store(self.clock.now().0, Ordering::Relaxed);
        Ok(done)
    }

    /// May a round begin at all? The answer: the newest checkpoint.
    pub async fn may_go_on(&self) -> Result<Option<Head>, LogError> {
        if self.store.is_over(self.name.name()).await? {
            return Err(LogError::Over(self.name.name().to_owned()));
        }
        if self.waits().await? {
            return Err(LogError::Waits);
        }
        self.nothing_was_lost().await
    }

    async fn one_round(&self) -> Result<Round, LogError> {
        let head = self.may_go_on().await?;
        self.state().await?;
        let size = self.store.log_size().await?;
        self.tiles_are_whole(head.as_ref()).await?;
        let old = head.as_ref().map(|h| h.size);
        let head = match head {
            Some(head) if head.size == size => self.ask_again(head).await?,
            _ => {
                // a log that begins over another's entries has the tiles of those that are dropped
                let from = match old {
                    Some(old) => old,
                    None => self.minimum_index().await?,
                };
                self.persist(from, size).await?;
                let head = self.sign(size).await?;
                if !self.store.swap_head(self.name.name(), old, head.clone()).await? {
                    return Ok(Round::Raced);
                }
                head
            }
        };
        self.publish(head.note).await?;
        Ok(Round::Published(size))
    }

    /// What the log itself has to say: under which keys plans and receipts are signed, once a run, and who promised records
    /// that did not come.
    async fn state(&self) -> Result<(), LogError> {
        let now = self.clock.now();
        if !self.stated.load(Ordering::Relaxed) {
            self.store.state_keys(self.signs.clone(), now).await?;
            self.stated.store(true, Ordering::Relaxed);
        }
        Ok(self.store.state_overdue(now).await?)
    }

    /// The published checkpoint was in the store before it was published. If it is not there now, history is lost, and
    /// going on would publish a second one; so it would under another name or key, unless the log of that one has ended.
    /// The answer: the newest checkpoint in the store. It is read after the published one, since another process may
    /// publish meanwhile.
    pub(super) async fn nothing_was_lost(&self) -> Result<Option<Head>, LogError> {
        let files = Arc::clone(&self.files);
        let published = on_disk(move || Ok(files.published()?)).await?;
        let published = published.and_then(|text| Note::parse(&text).ok());
        let of = published.as_ref().and_then(|note| Checkpoint::parse(&note.text).ok());
        let published = published.and_then(|note| Checkpoint::open(&note, &self.name).ok());
        if let (Some(other), None) = (of, &published)
            && !self.store.is_over(&other.origin).await?
        {
            return Err(LogError::Renamed(other.origin));
        }
        let head = self.store.head(self.name.name()).await?;
        let size = self.store.log_size().await?;
        let (held, root) = head.as_ref().map_or((0, EMPTY_ROOT), |h| (h.size, h.root));
        match published {
            Some(p) if p.size > held || (p.size == held && p.root != root) => {
                Err(LogError::RolledBack { published: p.size, held })
            }
            _ if size < held => Err(LogError::RolledBack { published: held, held: size }),
            _ => Ok(head),
        }
    }

    /// Do the tiles lead to the signed root? If not, they are written anew from the entries, as far as those are held.
    /// Once after a start all of them are looked for, later those that the root needs.
    pub(super) async fn tiles_are_whole(&self, head: Option<&Head>) -> Result<(), LogError> {
        let Some(head) = head else { return Ok(()) };
        let all = !self.looked.load(Ordering::Relaxed);
        let (size, root) = (head.size, head.root);
        let whole = |files: Arc<dyn LogFiles>| {
            on_disk(move || {
                Ok((!all || short(&*files, size)?.is_none()) && matches!(root_of(&*files, size), Ok(r) if r == root))
            })
        };
        if !whole(Arc::clone(&self.files)).await? {
            tracing::warn!(size, "tiles of the log are damaged: they are written anew from the entries");
            self.persist(self.minimum_index().await?, size).await?;
            if !whole(Arc::clone(&self.files)).await? {
                let files = Arc::clone(&self.files);
                let short = on_disk(move || short(&*files, size)).await?;
                return Err(short.map_or(LogError::Rewritten(size), LogError::Short));
            }
        }
        self.looked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Writes the hashes of the entries `from..to`, and returns when they are on the disk to stay.
    async fn persist(&self, mut from: u64, to: u64) -> Result<(), LogError> {
        while from < to {
            let end = to.min((from / AT_ONCE + 1) * AT_ONCE);
            let entries = self.store.entries(from..end).await?;
            let files = Arc::clone(&self.files);
            on_disk(move || write(&*files, from, end, &entries)).await?;
            from = end;
        }
        Ok(())
    }

    async fn sign(&self, size: u64) -> Result<Head, LogError> {
        let files = Arc::clone(&self.files);
        let root = on_disk(move || root_of(&*files, size)).await?;
        let checkpoint = Checkpoint { origin: self.name.name().to_owned(), size, root, extensions: Vec::new() };
        let mut note = checkpoint.sign(&self.name, &self.key);
        self.cosign(&checkpoint, &mut note).await;
        Ok(Head { size, root, note: note.to_string(), at: self.clock.now() })
    }

    /// Adds what witnesses say; true when somebody said something.
    async fn cosign(&self, checkpoint: &Checkpoint, note: &mut Note) -> bool {
        let size = checkpoint.size;
        let from = |old: u64| consistency(&*self.files, old.min(size), size);
        let lines = self.witnesses.cosign(checkpoint, note, &from).await;
        let said = !lines.is_empty();
        note.signatures.extend(lines);
        said
    }

    /// Nothing is new: witnesses that were missing may answer now.
    async fn ask_again(&self, mut head: Head) -> Result<Head, LogError> {
        let unreadable = |error: &dyn std::fmt::Display| LogError::Lost(format!("the stored checkpoint: {error}"));
        let mut note = Note::parse(&head.note).map_err(|e| unreadable(&e))?;
        let checkpoint = Checkpoint::open(&note, &self.name).map_err(|e| unreadable(&e))?;
        if self.cosign(&checkpoint, &mut note).await {
            head.note = note.to_string();
            self.store.cosigned(self.name.name(), head.clone()).await?;
        }
        Ok(head)
    }

    async fn publish(&self, note: String) -> Result<(), LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || {
            if files.published()?.as_deref() != Some(&*note) {
                files.publish(&note)?;
            }
            Ok(())
        })
        .await
    }
}

fn write(files: &dyn LogFiles, from: u64, to: u64, entries: &[StoredEntry]) -> Result<(), LogError> {
    let dense = (from..to).zip(entries.iter().map(StoredEntry::log_index).chain([to]));
    if let Some((missing, _)) = dense.into_iter().find(|(expected, found)| expected != found) {
        return Err(LogError::Missing(missing));
    }
    let leaves: Vec<Sha256Hash> = entries.iter().map(|entry| leaf_hash(&entry.leaf())).collect();
    let touched = grow(from, &leaves, |level, index| filled(files, (level, index), from))?;
    for (&(level, index), hashes) in &touched {
        let held = width((level, index), from);
        files.write((level, index), held, hashes.get(held..).unwrap_or_default())?;
    }
    Ok(files.sync(&touched.into_keys().collect::<BTreeSet<_>>())?)
}

/// Hashes in a tile of a tree of `size` leaves.
pub(super) fn width((level, index): (u8, u64), size: u64) -> usize {
    hashes_at(level, size).saturating_sub(index * TILE_WIDTH).min(TILE_WIDTH) as usize
}

/// A tile as far as a tree of `size` leaves fills it.
pub(super) fn filled(files: &dyn LogFiles, tile: (u8, u64), size: u64) -> Result<Vec<Sha256Hash>, LogError> {
    let mut hashes = files.read(tile)?;
    let wanted = width(tile, size);
    if hashes.len() < wanted {
        return Err(ShortTile { level: tile.0, index: tile.1, width: hashes.len() }.into());
    }
    hashes.truncate(wanted);
    Ok(hashes)
}

/// The tiles of a tree of `size` leaves, each read once.
pub(super) fn nodes(files: &dyn LogFiles, size: u64) -> Tiled<impl Fn(u8, u64) -> Result<Vec<Sha256Hash>, LogError>> {
    let read: RefCell<BTreeMap<(u8, u64), Vec<Sha256Hash>>> = RefCell::default();
    Tiled(move |level, index| {
        if let Some(hashes) = read.borrow().get(&(level, index)) {
            return Ok(hashes.clone());
        }
        let hashes = filled(files, (level, index), size)?;
        read.borrow_mut().insert((level, index), hashes.clone());
        Ok(hashes)
    })
}

pub(super) fn root_of(files: &dyn LogFiles, size: u64) -> Result<Sha256Hash, LogError> {
    tree::root(&nodes(files, size), size)
}

pub(super) fn consistency(files: &dyn LogFiles, old: u64, size: u64) -> Result<Vec<Sha256Hash>, LogError> {
    tree::consistency(&nodes(files, size), old, size)
}

/// The first tile that is shorter than a tree of `size` leaves fills it.
fn short(files: &dyn LogFiles, size: u64) -> Result<Option<ShortTile>, LogError> {
    for level in (0..).take_while(|level| hashes_at(*level, size) > 0) {
        for index in 0..hashes_at(level, size).div_ceil(TILE_WIDTH) {
            match filled(files, (level, index), size) {
                Err(LogError::Short(tile)) => return Ok(Some(tile)),
                other => drop(other?),
            }
        }
    }
    Ok(None)
}
