//! What is to come: shared by the stage's owner, the loader that opens files and the director that shows them.

use super::source::{Source, Wanted, prepare};
use crate::stage::StageItem;
use lichphat_playlists::media::MediaKind;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What is to come, shared by the stage's owner, the loader and the director.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    entries: VecDeque<Entry>,
    next_id: u64,
    stopped: bool,
}

struct Entry {
    id: u64,
    item: StageItem,
    state: Preparation,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("id", &self.id).field("item", &self.item).finish_non_exhaustive()
    }
}

enum Preparation {
    Waiting,
    Loading,
    Ready(Box<Source>),
    Failed(&'static str),
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn push(&self, item: StageItem) {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        if !state.stopped {
            state.entries.push_back(Entry { id, item, state: Preparation::Waiting });
        }
        self.changed.notify_all();
    }
    pub(super) fn clear(&self) -> Vec<u64> {
        let entries = std::mem::take(&mut self.lock().entries);
        entries.into_iter().map(|e| e.item.ticket).collect()
    }
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.entries.clear();
        self.changed.notify_all();
    }
    /// Waits for `until`; true when the stage was stopped.
    pub(super) fn wait(&self, until: Instant) -> bool {
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.stopped || left.is_zero() {
                return state.stopped;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
    /// The next item to open: one moving picture ahead, and one more behind a still, which costs little.
    fn next_to_load(&self) -> Option<(u64, StageItem)> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let (mut moving, mut held) = (0, 0);
            for entry in &mut state.entries {
                match entry.state {
                    Preparation::Waiting if moving == 0 && held < 2 => {
                        entry.state = Preparation::Loading;
                        return Some((entry.id, entry.item.clone()));
                    }
                    Preparation::Waiting => break,
                    Preparation::Loading | Preparation::Ready(_) => {
                        held += 1;
                        moving += u32::from(entry.item.kind != MediaKind::Still);
                    }
                    Preparation::Failed(_) => {}
                }
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
    fn holds(&self, id: u64) -> bool {
        self.lock().entries.iter().any(|e| e.id == id)
    }
    fn loaded(&self, id: u64, result: Result<Source, &'static str>) {
        let mut state = self.lock();
        if let Some(entry) = state.entries.iter_mut().find(|e| e.id == id) {
            entry.state = match result {
                Ok(source) => Preparation::Ready(Box::new(source)),
                Err(cause) => Preparation::Failed(cause),
            };
        }
    }
    /// The first item, when it is prepared (or has failed) and `due` says so.
    pub(super) fn take(
        &self,
        due: impl Fn(&StageItem) -> bool,
    ) -> Option<(StageItem, Result<Box<Source>, &'static str>)> {
        let mut state = self.lock();
        let taken = match state.entries.front()? {
            Entry { state: Preparation::Failed(_), .. } => true,
            Entry { state: Preparation::Ready(_), item, .. } => due(item),
            _ => false,
        };
        let entry = if taken { state.entries.pop_front()? } else { return None };
        self.changed.notify_all(); // the loader may go on
        match entry.state {
            Preparation::Ready(source) => Some((entry.item, Ok(source))),
            Preparation::Failed(cause) => Some((entry.item, Err(cause))),
            _ => None,
        }
    }
}

/// The loader's work, for a thread of its own: opens what is next until the stage stops. `deaf` is true
/// while the sound that was asked for has no device.
pub(super) fn load(queue: &Queue, want: &Wanted, deaf: &Arc<AtomicBool>) {
    while let Some((id, item)) = queue.next_to_load() {
        let sound_only = item.kind == MediaKind::Audio || want.picture.is_none();
        let result = if sound_only && deaf.load(Ordering::Relaxed) {
            Err("no-sound-device")
        } else {
            prepare(&item, want, &|| queue.holds(id))
        };
        queue.loaded(id, result);
    }
}
