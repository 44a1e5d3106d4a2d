//! A log whose data were restored from a backup waits: it does not know what it has published since, and would publish a second
//! history. It goes on when somebody brings the newest checkpoint there is, and that is one of its own past.

use super::{Log, LogError, on_disk};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::Note;
use std::sync::Arc;

impl Log {
    /// Is it waiting?
    pub async fn waits(&self) -> Result<bool, LogError> {
        let files = Arc::clone(&self.files);
        on_disk(move || Ok(files.held()?)).await
    }

    /// Takes `note` for the newest checkpoint that was ever published. Is it of what is held here, the log goes on; the answer is
    /// its size. Is it of more, it stays as the published one, so the everyday round stops as it does for any lost history
    /// ([`LogError::RolledBack`]). Is it of another history, the log goes on waiting.
    pub async fn resume(&self, note: &str) -> Result<u64, LogError> {
        let foreign = || LogError::Foreign(self.name.name().to_owned());
        let checkpoint =
            Note::parse(note).and_then(|note| Checkpoint::open(&note, &self.name)).map_err(|_| foreign())?;
        let head = self.store.head(self.name.name()).await?;
        let held = head.as_ref().map_or(0, |head| head.size);
        if checkpoint.size > held {
            let (files, note) = (Arc::clone(&self.files), note.to_owned());
            on_disk(move || Ok(files.publish(&note).and_then(|()| files.release())?)).await?;
            return Err(LogError::RolledBack { published: checkpoint.size, held });
        }
        self.tiles_are_whole(head.as_ref()).await?;
        if self.root(checkpoint.size).await? != checkpoint.root {
            return Err(LogError::Rewritten(checkpoint.size));
        }
        let files = Arc::clone(&self.files);
        on_disk(move || Ok(files.release()?)).await?;
        Ok(checkpoint.size)
    }
}
