//! Time that is told, and chance that repeats.

use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::{Clock, ClockState, Rng};
use lichphat_playlists::time::UtcMillis;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A clock that stands still until it is told.
#[derive(Debug)]
pub struct SimClock {
    mono_ms: AtomicU64,
    /// Wall minus monotonic.
    offset_ms: AtomicI64,
    boot: AtomicU32,
    state: AtomicU8,
}

const STATES: [ClockState; 3] = [ClockState::Synced, ClockState::Holdover, ClockState::Unset];

impl SimClock {
    /// Wall clock at `now`, monotonic clock at 1,000 ms, first boot, synced.
    pub fn new(now: UtcMillis) -> Self {
        Self {
            mono_ms: AtomicU64::new(1_000),
            offset_ms: AtomicI64::new(now.0 - 1_000),
            boot: AtomicU32::new(1),
            state: AtomicU8::new(0),
        }
    }
    /// Lets time pass until the wall clock shows `to`; never goes back.
    pub fn advance_to(&self, to: UtcMillis) {
        let mono_ms = to.0 - self.offset_ms.load(Relaxed);
        self.mono_ms.fetch_max(u64::try_from(mono_ms).unwrap_or(0), Relaxed);
    }
    /// Sets the wall clock `ms` forward or back; the monotonic clock does not notice.
    pub fn step_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Relaxed);
    }
    /// A new boot: its monotonic clock begins again, the wall clock goes on.
    pub fn reboot(&self) {
        let now = self.now();
        self.boot.fetch_add(1, Relaxed);
        self.mono_ms.store(1_000, Relaxed);
        self.offset_ms.store(now.0 - 1_000, Relaxed);
    }
    /// Says how far the wall clock can be trusted.
    pub fn set_state(&self, state: ClockState) {
        self.state.store(STATES.iter().position(|s| *s == state).unwrap_or(0) as u8, Relaxed);
    }
    /// Wall minus monotonic clock, ms.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Relaxed)
    }
}

impl Clock for SimClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.mono_ms.load(Relaxed) as i64 + self.offset_ms.load(Relaxed))
    }
    fn mono_ms(&self) -> u64 {
        self.mono_ms.load(Relaxed)
    }
    fn boot_id(&self) -> BootId {
        BootId(self.boot.load(Relaxed))
    }
    fn state(&self) -> (ClockState, u32) {
        (STATES[usize::from(self.state.load(Relaxed)) % 3], 1)
    }
}

/// The same numbers for the same seed. Never for keys of real devices.
#[derive(Debug)]
pub struct SeededRng(AtomicU64);

impl SeededRng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // splitmix64 (Steele, Lea, Flood 2014)
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
