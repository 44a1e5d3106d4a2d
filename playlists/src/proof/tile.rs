//! Tiles: the tree as a finite set of small files, as C2SP tlog-tiles (c2sp.org/tlog-tiles) lays them out.
//!
//! A tile of level `l` holds up to 256 hashes, each of a complete subtree of 256^l leaves. A partial one is the beginning
//! of what it will be, so one file that grows serves every width. Entry bundles hold the leaves themselves.

use super::tree::{Nodes, subtree};
use crate::ids::Sha256Hash;
use std::collections::BTreeMap;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Most bytes of an entry: its length is written in 16 bits.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// What a path below the log's address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A tile of hashes.
    Hashes {
        /// Level, 0 to 63.
        level: u8,
        /// Number within the level.
        index: u64,
        /// Hashes in it, 1 to 256.
        width: u16,
    },
    /// A bundle of entries.
    Entries {
        /// Number of the bundle; its first entry is `index * 256`.
        index: u64,
        /// Entries in it, 1 to 256.
        width: u16,
    },
}

impl Resource {
    /// `tile/0/x001/234`, `tile/entries/005.p/17`.
    pub fn path(&self) -> String {
        let (kind, index, width) = match self {
            Self::Hashes { level, index, width } => (level.to_string(), *index, *width),
            Self::Entries { index, width } => ("entries".to_owned(), *index, *width),
        };
        let partial = if u64::from(width) == TILE_WIDTH { String::new() } else { format!(".p/{width}") };
        format!("tile/{kind}/{}{partial}", number(index))
    }

    /// Reads what [`Resource::path`] writes, and nothing else.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, width.parse().ok().filter(|w| (1..256).contains(w))?),
            None => (rest, 256),
        };
        let index = digits.split('/').try_fold(0u64, |n, part| {
            let part = part.strip_prefix('x').unwrap_or(part);
            n.checked_mul(1000)?.checked_add(part.parse().ok()?)
        })?;
        let found = match kind {
            "entries" => Self::Entries { index, width },
            level => Self::Hashes { level: level.parse().ok().filter(|l| *l < 64)?, index, width },
        };
        (found.path() == path).then_some(found) // one spelling only
    }
}

/// `x001/x234/067`: groups of three digits, all but the last behind an `x`.
fn number(index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

/// Hashes of level `level` in a tree of `size` leaves.
pub fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// Every tile that changes when `leaves` follow the first `old` ones, with its whole new content. `read` gives the
/// present content of a tile (level, index); it is asked only for tiles that hold something already.
pub fn grow<E>(
    old: u64,
    leaves: &[Sha256Hash],
    mut read: impl FnMut(u8, u64) -> Result<Vec<Sha256Hash>, E>,
) -> Result<BTreeMap<(u8, u64), Vec<Sha256Hash>>, E> {
    let mut touched: BTreeMap<(u8, u64), Vec<Sha256Hash>> = BTreeMap::new();
    let mut level = 0u8;
    let (mut first, mut new) = (old, leaves.to_vec());
    while !new.is_empty() {
        let mut above = Vec::new();
        for (at, hash) in (first..).zip(new) {
            let (index, place) = (at / TILE_WIDTH, (at % TILE_WIDTH) as usize);
            let tile = match touched.entry((level, index)) {
                std::collections::btree_map::Entry::Occupied(tile) => tile.into_mut(),
                std::collections::btree_map::Entry::Vacant(tile) => {
                    let mut held = if place > 0 { read(level, index)? } else { Vec::new() };
                    held.truncate(place); // what a round that died left behind is written anew
                    tile.insert(held)
                }
            };
            tile.push(hash);
            if tile.len() as u64 == TILE_WIDTH {
                above.push(subtree(tile));
            }
        }
        first = hashes_at(level + 1, old);
        (new, level) = (above, level + 1);
    }
    Ok(touched)
}

/// Nodes out of tiles; the function reads a tile (level, index) as far as it is filled.
pub struct Tiled<R>(pub R);

impl<E: From<ShortTile>, R: Fn(u8, u64) -> Result<Vec<Sha256Hash>, E>> Nodes for Tiled<R> {
    type Error = E;
    fn node(&self, level: u32, index: u64) -> Result<Sha256Hash, E> {
        let (tile_level, below) = ((level / 8) as u8, level % 8);
        let first = index << below;
        let (tile, place) = (first / TILE_WIDTH, (first % TILE_WIDTH) as usize);
        let hashes = (self.0)(tile_level, tile)?;
        let wanted = hashes.get(place..place + (1 << below));
        Ok(subtree(wanted.ok_or(ShortTile { level: tile_level, index: tile, width: hashes.len() })?))
    }
}

/// A tile holds fewer hashes than the tree needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tile {index} of level {level} holds {width} hashes, the tree needs more")]
pub struct ShortTile {
    /// Its level.
    pub level: u8,
    /// Its number.
    pub index: u64,
    /// Hashes in it.
    pub width: usize,
}

/// An entry bundle: each entry after its length in 16 bits, big-endian. None when an entry is too long.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::tree::{inclusion, leaf_hash, root};
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |level, index, width| Resource::Hashes { level, index, width }.path();
        assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile(2, 0, 1), "tile/2/000.p/1");
        assert_eq!(Resource::Entries { index: 273, width: 112 }.path(), "tile/entries/273.p/112");
        for wrong in ["tile/0/1", "tile/0/000.p/256", "tile/0/000.p/0", "tile/00/000", "tile/64/000", "tile/0/x000/001"]
        {
            assert_eq!(Resource::parse(wrong), None, "{wrong}");
        }
    }

    /// The entries of a bundle, or none when it is cut.
    fn unbundle(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
        let mut entries = Vec::new();
        while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
            let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            entries.push(entry);
            bytes = rest;
        }
        bytes.is_empty().then_some(entries)
    }

    proptest! {
        #[test]
        fn a_path_reads_back(level in 0u8..64, index in any::<u64>(), width in 1u16..=256, entries in any::<bool>()) {
            let resource = if entries { Resource::Entries { index, width } } else { Resource::Hashes { level, index, width } };
            prop_assert_eq!(Resource::parse(&resource.path()), Some(resource));
        }

        #[test]
        fn tiles_grown_in_any_steps_are_the_tree(steps in prop::collection::vec(1usize..400, 1..6)) {
            let size: usize = steps.iter().sum();
            let leaves: Vec<Sha256Hash> = (0..size as u64).map(|i| leaf_hash(&i.to_be_bytes())).collect();
            let mut tiles: BTreeMap<(u8, u64), Vec<Sha256Hash>> = BTreeMap::new();
            let mut old = 0;
            for step in steps {
                let Ok(touched) = grow(old as u64, &leaves[old..old + step], |l, i| Ok::<_, std::convert::Infallible>(tiles[&(l, i)].clone()));
                tiles.extend(touched);
                old += step;
            }
            for ((level, index), hashes) in &tiles {
                let expected = (hashes_at(*level, size as u64) - index * TILE_WIDTH).min(TILE_WIDTH);
                prop_assert_eq!(hashes.len() as u64, expected);
            }
            let nodes = Tiled(|l, i| tiles.get(&(l, i)).cloned().ok_or(ShortTile { level: l, index: i, width: 0 }));
            let Ok(expected) = root(&leaves[..], size as u64);
            prop_assert_eq!(root(&nodes, size as u64), Ok(expected));
            let Ok(proof) = inclusion(&leaves[..], 0, size as u64);
            prop_assert_eq!(inclusion(&nodes, 0, size as u64), Ok(proof));
        }

        #[test]
        fn a_bundle_reads_back_and_a_cut_one_does_not(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20), cut in any::<prop::sample::Index>()) {
            let bytes = bundle(entries.iter().map(Vec::as_slice)).unwrap();
            let read: Vec<Vec<u8>> = unbundle(&bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(&read, &entries);
            let cut = unbundle(&bytes[..cut.index(bytes.len())]).map(|e| e.len());
            prop_assert!(cut.is_none_or(|n| n < entries.len()));
        }
    }
}
