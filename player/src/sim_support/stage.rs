//! A stage that shows nothing and keeps perfect time.

use super::SimClock;
use crate::stage::{Stage, StageEvent, StageItem, StageReport, StageResult};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::UtcMillis;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Act {
    item: StageItem,
    /// On the monotonic scale, ms.
    start_ms: u64,
    started: bool,
    breaks_after_ms: Option<u32>,
    /// Its sound was lowered for an announcement.
    ducked: bool,
}

#[derive(Debug)]
struct State {
    fps: u32,
    acts: VecDeque<Act>,
    pending: VecDeque<StageEvent>,
    /// Names of files, and after how many ms of a play they break off.
    broken: BTreeMap<String, u32>,
    free_at_ms: u64,
    /// Sound is lowered.
    ducked: bool,
}

/// Clones share one stage: keep one to pop its events, give another to the agent.
#[derive(Debug, Clone)]
pub struct SimStage {
    clock: Arc<SimClock>,
    state: Arc<Mutex<State>>,
}

impl SimStage {
    /// A stage with so many output frames per second, on a told clock.
    pub fn new(clock: Arc<SimClock>, fps: u32) -> Self {
        let state = State {
            fps,
            acts: VecDeque::new(),
            pending: VecDeque::new(),
            broken: BTreeMap::new(),
            free_at_ms: 0,
            ducked: false,
        };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }
    /// When its next event is due.
    pub fn next_event_at(&self) -> Option<UtcMillis> {
        let state = self.state();
        if !state.pending.is_empty() {
            return Some(self.clock.now());
        }
        let act = state.acts.front()?;
        let at_ms = if act.started { act.end_ms() } else { act.start_ms };
        Some(UtcMillis(at_ms as i64 + self.clock.offset_ms()))
    }
    /// Everything that has happened until now, in order.
    pub fn pop_events(&self) -> Vec<StageEvent> {
        let mut state = self.state();
        self.play_until_now(&mut state);
        state.pending.drain(..).collect()
    }
    /// The power is cut: nothing is reported.
    pub fn cut_power(&self) {
        let mut state = self.state();
        state.acts.clear();
        state.pending.clear();
    }
    /// From now on this file cannot be decoded beyond its first `after_ms`, wherever it lies; 0: it cannot even begin.
    pub fn break_media(&self, hash: MediaHash, after_ms: u32) {
        self.state().broken.insert(hash.hex(), after_ms);
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports the running act, if there is one, as broken off.
    fn break_off(&self, state: &mut State, cause: &str) -> bool {
        let Some(act) = state.acts.front().filter(|act| act.started) else { return false };
        let result = StageResult::Partial(cause.to_owned());
        let report = act.report(state.fps, self.clock.mono_ms(), self.clock.now(), result);
        state.pending.push_back(StageEvent::Ended(report));
        true
    }

    fn play_until_now(&self, state: &mut State) {
        let now_ms = self.clock.mono_ms();
        let wall = |mono_ms: u64| UtcMillis(mono_ms as i64 + self.clock.offset_ms());
        while let Some(act) = state.acts.front_mut() {
            if !act.started {
                if act.start_ms > now_ms {
                    return;
                }
                (act.started, act.ducked) = (true, state.ducked);
                let started = StageEvent::Started { ticket: act.item.ticket, at: wall(act.start_ms) };
                state.pending.push_back(started);
                continue;
            }
            let end_ms = act.end_ms();
            if end_ms > now_ms {
                return;
            }
            // What was spoken over is not heard, be it (unlike on the real stage) ever so short.
            let spoken_over = act.ducked && act.item.kind == MediaKind::Audio;
            let result = match act.breaks_after_ms {
                Some(_) => StageResult::Partial("decode-error".to_owned()),
                None if spoken_over => StageResult::Partial("interrupted".to_owned()),
                None => StageResult::Complete,
            };
            let report = act.report(state.fps, end_ms, wall(end_ms), result);
            if act.breaks_after_ms.is_some() {
                state.pending.push_back(StageEvent::BrokenOff { ticket: report.ticket });
            }
            state.pending.push_back(StageEvent::Ended(report));
            state.acts.pop_front();
        }
    }
}

impl Act {
    fn end_ms(&self) -> u64 {
        self.start_ms + u64::from(self.breaks_after_ms.unwrap_or(u32::MAX).min(self.item.duration_ms))
    }
    fn report(&self, fps: u32, end_ms: u64, end: UtcMillis, result: StageResult) -> StageReport {
        let length_ms = end_ms - self.start_ms;
        StageReport {
            ticket: self.item.ticket,
            start: end.plus_ms(-(length_ms as i64)),
            end,
            mono_start_ms: self.start_ms,
            frames_rendered: (length_ms * u64::from(fps) / 1000) as u32,
            frames_dropped: 0,
            result,
        }
    }
}

impl Stage for SimStage {
    fn enqueue(&mut self, item: StageItem) {
        let (now, now_ms) = (self.clock.now(), self.clock.mono_ms());
        let mut state = self.state();
        self.play_until_now(&mut state);
        let breaks_after_ms = item.path.file_name().and_then(|n| state.broken.get(&*n.to_string_lossy()).copied());
        if breaks_after_ms == Some(0) {
            let act = Act { start_ms: now_ms, item, started: false, breaks_after_ms, ducked: false };
            let fps = state.fps;
            let report = act.report(fps, now_ms, now, StageResult::Failed("decode-error".to_owned()));
            state.pending.push_back(StageEvent::Ended(report));
            return;
        }
        let wished_ms = item.start_at.map_or(now_ms, |at| {
            let in_ms = at.since_ms(now).max(0);
            now_ms + in_ms as u64
        });
        let free_ms = state.acts.back().map_or(state.free_at_ms, Act::end_ms);
        let start_ms = wished_ms.max(free_ms).max(now_ms);
        let act = Act { item, start_ms, started: false, breaks_after_ms, ducked: false };
        state.free_at_ms = act.end_ms();
        state.acts.push_back(act);
    }

    fn clear_queue(&mut self) -> Vec<u64> {
        let mut state = self.state();
        self.play_until_now(&mut state);
        let keep = state.acts.iter().take_while(|act| act.started).count();
        let cleared = state.acts.drain(keep..).map(|act| act.item.ticket).collect();
        state.free_at_ms = state.acts.back().map_or(0, Act::end_ms);
        cleared
    }

    fn duck(&mut self, percent: u8) {
        let mut state = self.state();
        self.play_until_now(&mut state);
        state.ducked = percent < 100;
        if state.ducked
            && let Some(act) = state.acts.front_mut().filter(|act| act.started)
        {
            act.ducked = true;
        }
    }

    fn interrupt(&mut self) {
        let mut state = self.state();
        self.play_until_now(&mut state);
        if self.break_off(&mut state, "interrupted") {
            state.acts.pop_front();
            state.free_at_ms = state.acts.back().map_or(0, Act::end_ms);
        }
    }

    fn stop(&mut self) {
        let mut state = self.state();
        self.play_until_now(&mut state);
        self.break_off(&mut state, "stopped");
        state.acts.clear();
    }
}
