//! The log's tree: tiles against each other, entries against tiles, and every checkpoint against both. The checkpoints of
//! years are compared in one walk along the leaves.

use super::segments::not_its_bytes;
use super::{Finding, Matter, entry_place};
use crate::directory::problem::{Say, say, unreadable};
use crate::proof::log::{Head, Log, LogError};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::Note;
use lichphat_playlists::proof::tile::{Resource, TILE_WIDTH, hashes_at};
use lichphat_playlists::proof::tree::{Growing, leaf_hash, subtree};
use rayon::prelude::*;
use std::collections::BTreeSet;

type Tile = (u8, u64);

/// Checkpoints read at once.
const BATCH: u32 = 1_000;

/// Looks at the whole tree, as far as it was signed at the moment of `log`; what is published is held against `now`.
pub(super) async fn audit(log: &Log, now: &Log) -> Result<Vec<Finding>, LogError> {
    let Some(head) = log.head().await? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    if let Err(error) = now.published_is_held().await {
        let place = say("điểm chốt đã công bố", "published checkpoint");
        found.push(of(Matter::Checkpoint, place, say(format!("không còn khớp: {error}"), error.to_string())));
    }
    let mut bad = BTreeSet::new();
    if root(log, head.size).await? != Some(head.root) {
        edge(log, head.size, &mut bad, &mut found).await?;
    }
    tiles(log, head.size, &mut bad, &mut found).await?;
    entries(log, head.size, &bad, &mut found).await?;
    checkpoints(log, head.size, bad.is_empty(), &mut found).await?;
    Ok(found)
}

fn of(matter: Matter, place: Say, problem: Say) -> Finding {
    Finding { matter, place, problem }
}

fn file((level, index): Tile) -> String {
    format!("log/{}", Resource::Hashes { level, index, width: 256 }.path())
}

fn tile(of: Tile) -> Say {
    say(format!("tệp {}", file(of)), file(of))
}

fn levels(size: u64) -> impl DoubleEndedIterator<Item = u8> {
    let above = (0..).find(|level| hashes_at(*level, size) == 0).unwrap_or(0);
    0..above
}

/// The partial tiles at the tree's right edge do not lead to the signed root: which of them is not what lies below it?
async fn edge(log: &Log, size: u64, bad: &mut BTreeSet<Tile>, found: &mut Vec<Finding>) -> Result<(), LogError> {
    for level in levels(size) {
        let edge = (level, hashes_at(level, size) / TILE_WIDTH);
        let first = edge.1 * TILE_WIDTH;
        let mut below = Vec::new();
        for index in first..hashes_at(level, size) {
            below.push(match level {
                0 => log.entries(index..index + 1).await?.first().map(|entry| leaf_hash(&entry.leaf())),
                _ => log.tile((level - 1, index), size).await.ok().map(|hashes| subtree(&hashes)),
            });
        }
        let held = log.tile(edge, size).await.unwrap_or_default();
        if below.iter().any(Option::is_none) || held.into_iter().map(Some).ne(below) {
            let problem = say(
                "không dẫn tới gốc đã ký, và không khớp phần bên dưới",
                "does not lead to the signed root, and is not what lies below it",
            );
            found.push(of(Matter::Tile, tile(edge), problem));
            bad.insert(edge);
        }
    }
    Ok(())
}

/// From the root down: a full tile must lead to its hash in the tile above. Adds those that do not, or are too short.
async fn tiles(log: &Log, size: u64, bad: &mut BTreeSet<Tile>, found: &mut Vec<Finding>) -> Result<(), LogError> {
    for level in levels(size).rev() {
        for index in 0..hashes_at(level, size).div_ceil(TILE_WIDTH) {
            let above = (level + 1, index / TILE_WIDTH);
            if bad.contains(&(level, index)) {
                continue;
            }
            let problem = match log.tile((level, index), size).await {
                Err(LogError::Short(short)) => Some(unreadable(short)),
                Err(error) => return Err(error),
                Ok(hashes) if hashes.len() as u64 == TILE_WIDTH && !bad.contains(&above) => {
                    let expected = log.tile(above, size).await?;
                    let leads = expected.get((index % TILE_WIDTH) as usize) == Some(&subtree(&hashes));
                    let above = file(above);
                    (!leads).then(|| {
                        say(
                            format!("không dẫn tới mã băm của nó trong {above}"),
                            format!("does not lead to its hash in {above}"),
                        )
                    })
                }
                Ok(_) => None,
            };
            if let Some(problem) = problem {
                found.push(of(Matter::Tile, tile((level, index)), problem));
                bad.insert((level, index));
            } else if bad.contains(&above) {
                bad.insert((level, index)); // there is nothing whole to hold it against
            }
        }
    }
    Ok(())
}

/// Entries that are held, against the hashes that the tree has of them.
async fn entries(log: &Log, size: u64, bad: &BTreeSet<Tile>, found: &mut Vec<Finding>) -> Result<(), LogError> {
    let first = log.minimum_index().await? / TILE_WIDTH;
    for index in (first..size.div_ceil(TILE_WIDTH)).filter(|index| !bad.contains(&(0, *index))) {
        let hashes = log.tile((0, index), size).await?;
        for entry in log.entries(index * TILE_WIDTH..size.min((index + 1) * TILE_WIDTH)).await? {
            let at = entry.log_index();
            if hashes.get((at % TILE_WIDTH) as usize) != Some(&leaf_hash(&entry.leaf())) {
                let problem =
                    say("không phải mục mà sổ đã công bố", "is not what the published log holds at its place");
                found.push(of(Matter::Entry, entry_place(at), problem));
            }
        }
    }
    Ok(())
}

/// Every checkpoint ever published, against its note and, when all tiles are whole, against the tree as it was then.
async fn checkpoints(log: &Log, size: u64, whole: bool, found: &mut Vec<Finding>) -> Result<(), LogError> {
    let (mut after, mut leaves) = (None, Leaves { log, size, tree: Growing::default(), tile: Vec::new() });
    loop {
        let batch = log.checkpoints(after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.size);
        let open = |head: &Head| Note::parse(&head.note).and_then(|note| Checkpoint::open(&note, log.name()));
        let signed: Vec<_> = batch.par_iter().map(open).collect(); // half a million signatures a year
        for (head, signed) in batch.iter().zip(signed) {
            let mut tell = |problem| {
                let size = head.size;
                let place = say(format!("điểm chốt {size} mục"), format!("checkpoint of {size} entries"));
                found.push(of(Matter::Checkpoint, place, problem));
            };
            match signed {
                Err(error) => tell(unreadable(error)),
                Ok(signed) if (signed.size, signed.root) != (head.size, head.root) => tell(not_its_bytes()),
                Ok(_) => {}
            }
            if whole && leaves.root(head.size).await? != Some(head.root) {
                tell(say("cây đang lưu dẫn tới gốc khác", "the tree that is held leads to another root"));
            }
        }
    }
}

/// The leaves of the tree, read once from the left.
struct Leaves<'l> {
    log: &'l Log,
    /// Leaves that are signed.
    size: u64,
    tree: Growing,
    /// The tile that holds the next one.
    tile: Vec<Sha256Hash>,
}

impl Leaves<'_> {
    /// The root of the first `size` leaves; sizes are asked for in order. None where the tree does not reach.
    async fn root(&mut self, size: u64) -> Result<Option<Sha256Hash>, LogError> {
        if size > self.size {
            return Ok(None);
        }
        while self.tree.size() < size {
            let (index, at) = (self.tree.size() / TILE_WIDTH, self.tree.size() % TILE_WIDTH);
            if at == 0 {
                self.tile = self.log.tile((0, index), self.size).await?;
            }
            let rest = (size - self.tree.size()) as usize;
            self.tile.iter().skip(at as usize).take(rest).for_each(|leaf| self.tree.push(*leaf));
        }
        Ok(Some(self.tree.root()))
    }
}

async fn root(log: &Log, size: u64) -> Result<Option<Sha256Hash>, LogError> {
    match log.root(size).await {
        Err(LogError::Short(_)) => Ok(None),
        other => other.map(Some),
    }
}
