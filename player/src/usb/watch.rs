//! Looks for sticks: whatever is mounted at, below, or two levels below the watched directory (`/media/STICK`,
//! `/media/USER/STICK`) and carries something for this screen. A stick is told of once; pulled and put in again, it is
//! a new one.

use super::Stick;
use crate::cache::StdMediaFs;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::wire::stick;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How deep below the watched directory a stick may be mounted.
const DEPTH: u32 = 2;

/// Which mount of which device, so that another stick at the same place is seen as another.
type Place = (PathBuf, u64, u64);

/// Remembers which sticks are in.
#[derive(Debug)]
pub struct Sticks {
    root: PathBuf,
    screen: ScreenCode,
    known: BTreeSet<Place>,
}

impl Sticks {
    /// Sticks for `screen` that are mounted below `root`.
    pub fn new(root: PathBuf, screen: ScreenCode) -> Self {
        Self { root, screen, known: BTreeSet::new() }
    }

    /// Looks once: a stick that was not there at the last look, and whether one that was is gone.
    pub fn look(&mut self) -> (Option<Stick>, bool) {
        let mut here = BTreeSet::new();
        find(&self.root, DEPTH, &mut here);
        let before = self.known.len();
        self.known.retain(|place| here.contains(place));
        let pulled = self.known.len() < before;
        // One at a time: another one that came meanwhile has its turn at the next look.
        for place in here {
            if !self.known.contains(&place)
                && let Ok(fs) = StdMediaFs::new(&place.0)
                && let Some(stick) = Stick::open(Arc::new(fs), &self.screen)
            {
                self.known.insert(place);
                return (Some(stick), pulled);
            }
        }
        (None, pulled)
    }
}

/// Directories of ours at `dir` or below it; links are not followed.
fn find(dir: &Path, depth: u32, found: &mut BTreeSet<Place>) {
    let ours = dir.join(stick::DIR);
    if let Ok(meta) = std::fs::symlink_metadata(&ours)
        && meta.is_dir()
    {
        found.insert((ours, meta.dev(), meta.ino()));
        return;
    }
    let entries = if depth == 0 { None } else { std::fs::read_dir(dir).ok() };
    for entry in entries.into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find(&entry.path(), depth - 1, found);
        }
    }
}
