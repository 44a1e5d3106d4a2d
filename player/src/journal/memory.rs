//! A journal in memory: for the simulated fleet and for tests. Clones share what they hold, so that
//! a "power cut" can drop the device and keep its disk.

use super::{Journal, JournalError, KEEP_MS, Run, Sealed, Sealer, check_receipt};
use lichphat_playlists::ids::{Seq, Sha256Hash};
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::health::LogFault;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Kept {
    sealed: Sealed,
    sealed_at: UtcMillis,
    records: Vec<PlayRecord>,
    proven: bool,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    acked: u64,
    open: Vec<PlayRecord>,
    head: Option<Sha256Hash>,
    segments: VecDeque<Kept>,
    anchor: String,
    run_anchor: String,
    log_fault: Option<LogFault>,
    full: bool,
}

/// Shared, like a disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<State>>);

impl MemoryJournal {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }
    /// From now on every write finds a full disk, or room again.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }
    /// Every record still held, by number.
    pub fn records(&self) -> Vec<(Seq, PlayRecord)> {
        self.state().records()
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at(&mut self, first: Seq) -> Option<&mut Kept> {
        let at = self.segments.binary_search_by_key(&first, |kept| kept.sealed.first).ok()?;
        self.segments.get_mut(at)
    }
    fn room(&self) -> Result<(), JournalError> {
        if self.full { Err(JournalError::DiskFull) } else { Ok(()) }
    }
    fn records(&self) -> Vec<(Seq, PlayRecord)> {
        let kept = self.segments.iter().flat_map(|s| numbered(s.sealed.first, &s.records));
        let open_first = Seq(self.last + 1 - self.open.len() as u64);
        kept.chain(numbered(open_first, &self.open)).collect()
    }
}

fn numbered(first: Seq, records: &[PlayRecord]) -> impl Iterator<Item = (Seq, PlayRecord)> {
    records.iter().enumerate().map(move |(i, r)| (Seq(first.0 + i as u64), *r))
}

impl Journal for MemoryJournal {
    fn append(&mut self, record: &PlayRecord) -> Result<Seq, JournalError> {
        let mut state = self.state();
        state.room()?;
        state.open.push(*record);
        state.last += 1;
        Ok(Seq(state.last))
    }
    fn last_seq(&self) -> Seq {
        Seq(self.state().last)
    }
    fn acked(&self) -> Seq {
        Seq(self.state().acked)
    }
    fn open_run(&self) -> (usize, Option<UtcMillis>) {
        let state = self.state();
        (state.open.len(), state.open.first().map(|r| r.start))
    }
    fn cut(&mut self, sealer: &Sealer, now: UtcMillis) -> Result<Option<Seq>, JournalError> {
        let mut state = self.state();
        if state.open.is_empty() {
            return Ok(None);
        }
        state.room()?;
        let (records, newest) = (std::mem::take(&mut state.open), state.anchor.clone());
        let (first, last) = (Seq(state.last + 1 - records.len() as u64), Seq(state.last));
        let previous = state.head.unwrap_or(Sha256Hash([0; 32]));
        let anchor = std::mem::replace(&mut state.run_anchor, newest);
        for Run { sealed, hash, records } in sealer.seal(first, previous, &anchor, records) {
            state.head = Some(hash);
            state.segments.push_back(Kept { sealed, sealed_at: now, records, proven: false });
        }
        Ok(Some(last))
    }
    fn sealed(&self) -> Result<(Seq, Option<Sha256Hash>), JournalError> {
        let state = self.state();
        Ok((Seq(state.last - state.open.len() as u64), state.head))
    }
    fn sealed_after(&self, seq: Seq) -> Result<Option<Sealed>, JournalError> {
        let state = self.state();
        let at = state.segments.partition_point(|s| s.sealed.last <= seq);
        Ok(state.segments.get(at).map(|s| s.sealed.clone()))
    }
    fn obey(&mut self, receipt: &Receipt) -> Result<(), JournalError> {
        let mut state = self.state();
        check_receipt(receipt, Seq(state.last))?;
        if receipt.acked.0 < state.acked {
            let lost = state.segments.iter_mut().filter(|s| s.sealed.last > receipt.acked);
            lost.for_each(|kept| kept.proven = false);
        }
        state.acked = receipt.acked.0;
        Ok(())
    }
    fn anchor(&self) -> Result<String, JournalError> {
        Ok(self.state().anchor.clone())
    }
    fn first_unproven(&self) -> Result<Option<(Seq, UtcMillis)>, JournalError> {
        let state = self.state();
        let mut held = state.segments.iter().take_while(|s| s.sealed.last.0 <= state.acked);
        Ok(held.find(|s| !s.proven).map(|s| (s.sealed.first, s.sealed_at)))
    }
    fn sealed_at(&self, first: Seq) -> Result<Option<Sealed>, JournalError> {
        Ok(self.state().at(first).map(|kept| kept.sealed.clone()))
    }
    fn keep_proofs(&mut self, anchor: &str, proven: &[Seq]) -> Result<usize, JournalError> {
        let mut state = self.state();
        state.room()?;
        anchor.clone_into(&mut state.anchor);
        state.log_fault = None;
        if state.open.is_empty() {
            anchor.clone_into(&mut state.run_anchor);
        }
        let marked = proven
            .iter()
            .filter(|&&first| state.at(first).is_some_and(|kept| !std::mem::replace(&mut kept.proven, true)));
        Ok(marked.count())
    }
    fn log_fault(&self) -> Result<Option<LogFault>, JournalError> {
        Ok(self.state().log_fault)
    }
    fn note_log_fault(&mut self, fault: LogFault) -> Result<(), JournalError> {
        self.state().log_fault = Some(fault);
        Ok(())
    }
    fn forget_log(&mut self) -> Result<(), JournalError> {
        let mut state = self.state();
        (state.anchor, state.log_fault) = (String::new(), None);
        if state.open.is_empty() {
            state.run_anchor = String::new();
        }
        state.segments.iter_mut().for_each(|kept| kept.proven = false);
        Ok(())
    }
    fn prune(&mut self, now: UtcMillis) -> Result<usize, JournalError> {
        let mut state = self.state();
        let (before, acked) = (state.segments.len(), state.acked);
        state.segments.retain(|s| s.sealed.last.0 > acked || !s.proven || now.since_ms(s.sealed_at) <= KEEP_MS);
        Ok(before - state.segments.len())
    }
    fn records_since(&self, since: UtcMillis) -> Result<Vec<(Seq, PlayRecord)>, JournalError> {
        let state = self.state();
        let mut records = state.records();
        records.retain(|(_, r)| r.end >= since);
        Ok(records)
    }
}
