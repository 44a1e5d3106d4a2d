//! A draft, and what people said of it.

use super::sheet::Sheet;
use crate::directory::words::words;
use lichphat_playlists::ids::{DirectiveCode, Sha256Hash};
use lichphat_playlists::time::UtcMillis;
use std::collections::BTreeSet;

words! {
    /// How a draft stands.
    State {
        /// Somebody works on it.
        Writing = "writing",
        /// It was put to people and waits for their word.
        Put = "put",
        /// It is in force as an order; nothing changes it any more.
        Published = "published",
        /// Nobody wants it.
        Dropped = "dropped",
    }
}

/// What somebody said of a draft's present revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// An account.
    pub by: String,
    /// Yes or no.
    pub yes: bool,
    /// Number of the written decision he rests on, or why not.
    pub words: String,
    /// To which document he said yes: an amendment's is another once its order has changed. None: a no.
    pub document: Option<Sha256Hash>,
    /// When.
    pub at: UtcMillis,
}

/// An order that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its number, from 1.
    pub number: u32,
    /// How often it was written, from 1.
    pub revision: u32,
    /// How it stands.
    pub state: State,
    /// What it says.
    pub sheet: Sheet,
    /// Everybody who has written a revision of it.
    pub writers: BTreeSet<String>,
    /// Who has written the present one, and when.
    pub by: String,
    /// When.
    pub at: UtcMillis,
    /// What was said of the present revision, in order.
    pub said: Vec<Said>,
    /// The order that it became.
    pub code: Option<DirectiveCode>,
}

impl Draft {
    /// What it is called; empty when nobody has written that.
    pub fn title(&self) -> &str {
        self.sheet.get("title")
    }
}
