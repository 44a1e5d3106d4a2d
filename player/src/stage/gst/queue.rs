//! What is to come: shared by the stage's owner, the loader that opens files and the director that shows them.

use super::source::{Source, Wanted, prepare};
use super::stills::Stills;
use crate::stage::{StageEvent, StageItem, StageReport, StageResult};
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::ports::Clock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;

/// What is to come, shared by the stage's owner, the loader and the director.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug)]
struct QueueState {
    entries: VecDeque<Entry>,
    next_id: u64,
    stopped: bool,
    /// What is left of all sound, per cent.
    sound_percent: u8,
    interrupted: bool,
}

impl Default for QueueState {
    fn default() -> Self {
        Self { entries: VecDeque::new(), next_id: 0, stopped: false, sound_percent: 100, interrupted: false }
    }
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
    pub(super) fn duck(&self, percent: u8) {
        self.lock().sound_percent = percent.min(100);
    }
    pub(super) fn interrupt(&self) {
        self.lock().interrupted = true;
    }
    /// What is left of all sound, per cent; and once true after an interruption.
    pub(super) fn announcement(&self) -> (u8, bool) {
        let mut state = self.lock();
        (state.sound_percent, std::mem::take(&mut state.interrupted))
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
                }
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
    fn holds(&self, id: u64) -> bool {
        self.lock().entries.iter().any(|e| e.id == id)
    }
    /// False when nobody waits for it any more.
    fn loaded(&self, id: u64, source: Source) -> bool {
        let mut state = self.lock();
        let entry = state.entries.iter_mut().find(|e| e.id == id);
        entry.map(|entry| entry.state = Preparation::Ready(Box::new(source))).is_some()
    }
    /// Takes an item out that cannot begin; false when nobody waits for it any more.
    fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.entries.len();
        state.entries.retain(|e| e.id != id);
        state.entries.len() < before
    }
    /// The first item, when it is prepared and due.
    pub(super) fn take(&self, due: impl Fn(&StageItem) -> bool) -> Option<(StageItem, Box<Source>)> {
        let mut state = self.lock();
        state.entries.front().filter(|e| matches!(e.state, Preparation::Ready(_)) && due(&e.item))?;
        let entry = state.entries.pop_front()?;
        self.changed.notify_all(); // the loader may go on
        match entry.state {
            Preparation::Ready(source) => Some((entry.item, source)),
            _ => None,
        }
    }
}

/// The loader: opens what is next, and tells at once of what cannot be opened.
pub(super) struct Loader {
    pub(super) queue: Arc<Queue>,
    pub(super) want: Wanted,
    /// True while the sound that was asked for has no device.
    pub(super) deaf: Arc<AtomicBool>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: UnboundedSender<StageEvent>,
}

impl Loader {
    /// Its work, for a thread of its own, until the stage stops.
    pub(super) fn run(&self) {
        let mut stills = Stills::default();
        while let Some((id, item)) = self.queue.next_to_load() {
            let sound_only = item.kind == MediaKind::Audio || self.want.picture.is_none();
            let result = if sound_only && self.deaf.load(Ordering::Relaxed) {
                Err("no-sound-device")
            } else {
                prepare(&item, &self.want, &mut stills, &|| self.queue.holds(id))
            };
            match result {
                Ok(source) => self.queue.loaded(id, source),
                Err(cause) => self.queue.remove(id) && self.tell_failed(item.ticket, cause),
            };
        }
    }

    fn tell_failed(&self, ticket: u64, cause: &str) -> bool {
        let now = self.clock.now();
        let report = StageReport {
            ticket,
            start: now,
            end: now,
            mono_start_ms: self.clock.mono_ms(),
            frames_rendered: 0,
            frames_dropped: 0,
            result: StageResult::Failed(cause.into()),
        };
        self.events.send(StageEvent::Ended(report)).is_ok()
    }
}
