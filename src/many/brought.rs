//! What a file of screens would change, screen by screen and field by field. Pure.

use crate::directory::{Batch, Change, Directory, screen_fields};
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use serde::Serialize;

/// A field with what it was and what it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The column; a link with its history, `W1; 2026-12-01: W2`.
    pub field: &'static str,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
}

/// One screen of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// The screen.
    pub screen: ScreenCode,
    /// Its name, as the file has it.
    pub name: String,
    /// It was not there before.
    pub is_new: bool,
    /// What changes; empty of a new one, and of one that stays as it is.
    pub changed: Vec<Changed>,
}

impl Brought {
    /// Is it there already, just so?
    pub fn is_same(&self) -> bool {
        !self.is_new && self.changed.is_empty()
    }
}

/// What the batch of a file of screens would do.
pub fn brought(directory: &Directory, batch: &Batch) -> Vec<Brought> {
    let screens = batch.changes.iter().filter_map(|change| if let Change::Screen(s) = change { Some(s) } else { None });
    screens
        .map(|screen| {
            let before = directory.screen(&screen.code);
            let old = before.map(screen_fields).unwrap_or_default();
            let pairs = old.into_iter().zip(screen_fields(screen));
            let changed = pairs.filter(|(old, new)| old != new);
            Brought {
                screen: screen.code.clone(),
                name: screen.name.clone(),
                is_new: before.is_none(),
                changed: changed.map(|((field, old), (_, new))| Changed { field, old, new }).collect(),
            }
        })
        .collect()
}

/// The name of exactly this change.
pub fn brought_hash(all: &[Brought]) -> Sha256Hash {
    Sha256Hash::of(&serde_json::to_vec(all).unwrap_or_default())
}
