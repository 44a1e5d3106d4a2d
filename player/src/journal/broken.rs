//! Stands in for a journal that cannot be opened: the screen goes on, people are told, records wait
//! in memory. A broken journal is never begun anew under the same epoch: numbers would be used twice.

use super::{Journal, JournalError, Sealed, Sealer};
use lichphat_playlists::ids::{Seq, Sha256Hash};
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::health::LogFault;

/// Why it is broken.
#[derive(Debug, Clone)]
pub struct BrokenJournal(pub String);

impl BrokenJournal {
    fn refuse<T>(&self) -> Result<T, JournalError> {
        Err(JournalError::Store(self.0.clone()))
    }
}

impl Journal for BrokenJournal {
    fn append(&mut self, _: &PlayRecord) -> Result<Seq, JournalError> {
        self.refuse()
    }
    fn last_seq(&self) -> Seq {
        Seq(0)
    }
    fn acked(&self) -> Seq {
        Seq(0)
    }
    fn open_run(&self) -> (usize, Option<UtcMillis>) {
        (0, None)
    }
    fn cut(&mut self, _: &Sealer, _: UtcMillis) -> Result<Option<Seq>, JournalError> {
        self.refuse()
    }
    fn sealed_after(&self, _: Seq) -> Result<Option<Sealed>, JournalError> {
        self.refuse()
    }
    fn obey(&mut self, _: &Receipt) -> Result<(), JournalError> {
        self.refuse()
    }
    fn sealed(&self) -> Result<(Seq, Option<Sha256Hash>), JournalError> {
        self.refuse()
    }
    fn anchor(&self) -> Result<String, JournalError> {
        self.refuse()
    }
    fn first_unproven(&self) -> Result<Option<(Seq, UtcMillis)>, JournalError> {
        self.refuse()
    }
    fn sealed_at(&self, _: Seq) -> Result<Option<Sealed>, JournalError> {
        self.refuse()
    }
    fn keep_proofs(&mut self, _: &str, _: &[Seq]) -> Result<usize, JournalError> {
        self.refuse()
    }
    fn log_fault(&self) -> Result<Option<LogFault>, JournalError> {
        self.refuse()
    }
    fn note_log_fault(&mut self, _: LogFault) -> Result<(), JournalError> {
        self.refuse()
    }
    fn forget_log(&mut self) -> Result<(), JournalError> {
        self.refuse()
    }
    fn prune(&mut self, _: UtcMillis) -> Result<usize, JournalError> {
        self.refuse()
    }
    fn records_since(&self, _: UtcMillis) -> Result<Vec<(Seq, PlayRecord)>, JournalError> {
        self.refuse()
    }
}
