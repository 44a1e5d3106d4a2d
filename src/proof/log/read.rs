//! What the log answers: its files as C2SP tlog-tiles lays them out, and proofs for a device.

use super::round::{consistency, filled, nodes, root_of, width};
use super::{Head, Log, LogError, StoredEntry, on_disk};
use crate::proof::witnesses::{Standing, Witness};
use lichphat_playlists::ids::{DeviceId, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::anchor;
use lichphat_playlists::proof::entry::Statement;
use lichphat_playlists::proof::note::{Note, sign};
use lichphat_playlists::proof::tile::{Resource, TILE_WIDTH, bundle};
use lichphat_playlists::proof::tree;
use lichphat_playlists::wire::proofs::{MOST_SEGMENTS, Proofs, ProofsAsked, SegmentProof};
use std::ops::Range;
use std::sync::Arc;

impl Log {
    /// The newest checkpoint; none before the first round.
    pub async fn head(&self) -> Result<Option<Head>, LogError> {
        Ok(self.store.head(self.name.name()).await?)
    }

    /// What was done about a screen before entry `before`, newest first, at most `limit`.
    pub async fn about(
        &self,
        screen: &ScreenCode,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Statement)>, LogError> {
        Ok(self.store.about(screen, before, limit).await?)
    }

    /// Who is asked to vouch for the log, and how it went with each of them.
    pub async fn standings(&self) -> Result<Vec<(Witness, Standing)>, LogError> {
        Ok(self.witnesses.standings(self.name.name()).await?)
    }

    /// The published checkpoint's note; none before the first round.
    pub async fn checkpoint(&self) -> Result<Option<String>, LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || Ok(files.published()?)).await
    }

    /// What a device asked, answered from the newest checkpoint. None before the first round.
    pub async fn proofs(&self, device: DeviceId, asked: ProofsAsked) -> Result<Option<Proofs>, LogError> {
        let Some(head) = self.head().await? else { return Ok(None) };
        let (after, from) = (asked.after_seq, asked.size);
        let places = self.store.places(device, asked.epoch, after, head.size, MOST_SEGMENTS as u32).await?;
        let files = Arc::clone(&self.files);
        on_disk(move || {
            let consistency = consistency(&*files, from.min(head.size), head.size)?;
            let nodes = nodes(&*files, head.size);
            let segments = places.into_iter().map(|place| {
                let proof = tree::inclusion(&nodes, place.log_index, head.size)?;
                let (first_seq, log_index, received_ms) = (place.first_seq, place.log_index, place.received);
                Ok(SegmentProof { first_seq, log_index, received_ms, proof })
            });
            let segments = segments.collect::<Result<_, LogError>>()?;
            Ok(Some(Proofs { from, checkpoint: head.note, consistency, segments }))
        })
        .await
    }

    /// All that can be answered to it, one answer after the other, each as if the one before had been believed.
    pub async fn all_proofs(&self, device: DeviceId, mut asked: ProofsAsked) -> Result<Vec<Proofs>, LogError> {
        let mut answers = Vec::new();
        while let Some(answer) = self.proofs(device, asked).await? {
            let (size, last) = (anchor::size(&answer.checkpoint), answer.segments.last());
            let more = last.filter(|_| answer.segments.len() == MOST_SEGMENTS).map(|last| last.first_seq);
            answers.push(answer);
            let Some(after_seq) = more else { break };
            asked = ProofsAsked { after_seq, size, ..asked };
        }
        Ok(answers)
    }

    /// A tile or an entry bundle of the newest checkpoint's tree, of any width that it fills; none when it does not, and
    /// of bundles that retention has dropped.
    pub async fn resource(&self, resource: Resource) -> Result<Option<Vec<u8>>, LogError> {
        let Some(head) = self.head().await? else { return Ok(None) };
        let (tile, wanted) = match resource {
            Resource::Hashes { level, index, width } => ((level, index), usize::from(width)),
            Resource::Entries { index, width } => ((0, index), usize::from(width)),
        };
        if tile.1 > head.size || width(tile, head.size) < wanted {
            return Ok(None);
        }
        if let Resource::Entries { index, .. } = resource {
            return self.bundle(index * TILE_WIDTH, wanted).await;
        }
        let files = Arc::clone(&self.files);
        on_disk(move || {
            let hashes = filled(&*files, tile, head.size)?;
            Ok(Some(hashes.iter().take(wanted).flat_map(|hash| hash.0).collect()))
        })
        .await
    }

    async fn bundle(&self, first: u64, width: usize) -> Result<Option<Vec<u8>>, LogError> {
        if first < self.minimum_index().await? {
            return Ok(None);
        }
        let end = first + width as u64;
        let entries = self.store.entries(first..end).await?;
        let missing = (first..end).zip(entries.iter().map(|e| Some(e.log_index())).chain(std::iter::repeat(None)));
        if let Some((missing, _)) = missing.into_iter().find(|(expected, found)| *found != Some(*expected)) {
            return Err(LogError::Missing(missing));
        }
        let leaves: Vec<Vec<u8>> = entries.iter().map(StoredEntry::leaf).collect();
        let bytes = bundle(leaves.iter().map(Vec::as_slice));
        bytes.map(Some).ok_or_else(|| LogError::Lost(format!("an entry from {first} on is too long for a bundle")))
    }

    /// Entries so far, published or not.
    pub async fn size(&self) -> Result<u64, LogError> {
        Ok(self.store.log_size().await?)
    }

    /// The published checkpoint, and with it all of history, is in the store.
    pub async fn published_is_held(&self) -> Result<(), LogError> {
        self.nothing_was_lost().await.map(drop)
    }

    /// A tile as a tree of `size` entries fills it.
    pub(in crate::proof) async fn tile(&self, tile: (u8, u64), size: u64) -> Result<Vec<Sha256Hash>, LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || filled(&*files, tile, size)).await
    }

    /// The root to which the tiles lead.
    pub(in crate::proof) async fn root(&self, size: u64) -> Result<Sha256Hash, LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || root_of(&*files, size)).await
    }

    /// Entries as they are stored.
    pub(in crate::proof) async fn entries(&self, range: Range<u64>) -> Result<Vec<StoredEntry>, LogError> {
        Ok(self.store.entries(range).await?)
    }

    /// The checkpoints of more than `after` entries, in order, at most `limit`.
    pub async fn checkpoints(&self, after: Option<u64>, limit: u32) -> Result<Vec<Head>, LogError> {
        Ok(self.store.checkpoints(self.name.name(), after, limit).await?)
    }

    /// Entries before this one may be gone; a multiple of a bundle's width, so that every bundle from it on is whole.
    pub async fn minimum_index(&self) -> Result<u64, LogError> {
        let first = self.store.held_days().await?.first().map_or(0, |day| day.first_index);
        Ok(first / TILE_WIDTH * TILE_WIDTH)
    }

    /// Proof that the leaves at `indexes`, ascending, are in the tree of `size` leaves ([`tree::inclusions`]).
    pub async fn inclusions(&self, indexes: Vec<u64>, size: u64) -> Result<Vec<Sha256Hash>, LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || tree::inclusions(&nodes(&*files, size), &indexes, size)).await
    }

    /// For each of the sizes, proof that the tree of `size` leaves begins with the one of so many.
    pub async fn consistencies(&self, sizes: Vec<u64>, size: u64) -> Result<Vec<Vec<Sha256Hash>>, LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || {
            let nodes = nodes(&*files, size);
            sizes.into_iter().map(|old| tree::consistency(&nodes, old, size)).collect()
        })
        .await
    }

    /// The same as a note that the log signs: `<origin>/minimum-index`, and the number.
    pub async fn minimum_index_note(&self) -> Result<String, LogError> {
        let text = format!("{}/minimum-index\n{}\n", self.name.name(), self.minimum_index().await?);
        Ok(Note { signatures: vec![sign(&text, &self.name, &self.key)], text }.to_string())
    }
}
