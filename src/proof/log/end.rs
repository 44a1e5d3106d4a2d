//! A log that cannot go on: what is left of it becomes the beginning of another.
//!
//! The entries stay where they are, so the new tree begins with the old one as far as that is held: whoever keeps a
//! checkpoint of that part proves its entries as before. The first entry after them says which log ended, with its last
//! checkpoint, how many entries were kept of it, and why. Devices do not follow by themselves: whoever could make them could make them forget.

use super::{Log, LogError, on_disk};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::Begun;
use lichphat_playlists::proof::note::Note;
use std::sync::Arc;

/// What is left of a log that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Entries of its last checkpoint that is known.
    pub published: u64,
    /// Entries of it that another log goes on from.
    pub kept: u64,
}

impl Log {
    /// Ends this log: nothing is ever published under its name again. What is left must be what it had signed. Done twice
    /// it changes nothing.
    pub async fn end(&self, by: String, reason: String) -> Result<Ended, LogError> {
        let head = self.store.head(self.name.name()).await?;
        let held = self.store.log_size().await?;
        // what came in after its newest checkpoint that is held may be something else than what it published later
        let kept = head.as_ref().map_or(0, |head| head.size);
        if held < kept {
            return Err(LogError::RolledBack { published: kept, held });
        }
        self.tiles_are_whole(head.as_ref()).await?;
        let files = Arc::clone(&self.files);
        let file = on_disk(move || Ok(files.published()?)).await?;
        let notes = [head.map(|head| head.note), file].into_iter().flatten();
        let mine = notes.filter_map(|text| {
            let size = Checkpoint::open(&Note::parse(&text).ok()?, &self.name).ok()?.size;
            Some((size, text))
        });
        let (published, last) = mine.max_by_key(|(size, _)| *size).unwrap_or_default();
        let (ended, at_ms) = (self.name.clone(), self.clock.now());
        let begun = Begun { ended, last, kept: Some(kept), reason, at_ms, by };
        self.store.end(self.name.name(), begun).await?;
        Ok(Ended { published, kept })
    }
}
