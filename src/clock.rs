//! The server's time and chance: real, or simulated and then handed over to the real ones.

use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::{Clock, ClockState, Rng};
use lichphat_playlists::time::UtcMillis;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

fn wall() -> UtcMillis {
    let ms = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    UtcMillis(ms)
}

fn os_boot() -> BootId {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    BootId(text.get(..8).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0))
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
    boot: BootId,
}

impl SystemClock {
    /// Starts counting its monotonic milliseconds now.
    pub fn new() -> Self {
        Self { origin: Instant::now(), boot: os_boot() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UtcMillis {
        wall()
    }
    fn mono_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
    fn boot_id(&self) -> BootId {
        self.boot
    }
    /// Synced when the system's time service says so; the server has no better witness.
    fn state(&self) -> (ClockState, u32) {
        if std::path::Path::new("/run/systemd/timesync/synchronized").exists() {
            (ClockState::Synced, 100)
        } else {
            (ClockState::Holdover, 1_000)
        }
    }
}

/// A clock that stands still until told to move, and can become the real one. It never goes back.
#[derive(Debug)]
pub struct SimClock {
    boot: BootId,
    state: Mutex<SimState>,
}

#[derive(Debug)]
struct SimState {
    now: UtcMillis,
    mono_ms: u64,
    /// Set at the hand-over: the real monotonic instant at which `mono_ms` was frozen.
    real_since: Option<Instant>,
}

impl SimClock {
    /// Stands at `start`.
    pub fn new(start: UtcMillis) -> Self {
        Self { boot: BootId(1), state: Mutex::new(SimState { now: start, mono_ms: 0, real_since: None }) }
    }

    /// Jumps forward to `instant`. Answers false, and does nothing, when that would go back or
    /// when the clock is already real.
    pub fn jump_to(&self, instant: UtcMillis) -> bool {
        let mut state = self.lock();
        let step_ms = instant.since_ms(state.now);
        if state.real_since.is_some() || step_ms < 0 {
            return false;
        }
        state.now = instant;
        state.mono_ms += step_ms.unsigned_abs();
        true
    }

    /// Jumps forward by `ms` milliseconds; the answer is as in [`SimClock::jump_to`].
    pub fn advance_ms(&self, ms: u64) -> bool {
        let now = self.now();
        self.jump_to(now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)))
    }

    /// Hands over to the machine's clock, for good. Should the simulated time be ahead of the real
    /// one, the clock stands until the real time has caught up: it never goes back.
    pub fn become_real(&self) {
        let mut state = self.lock();
        if state.real_since.is_none() {
            state.real_since = Some(Instant::now());
        }
    }

    /// Has it been handed over?
    pub fn is_real(&self) -> bool {
        self.lock().real_since.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, SimState> {
        // every change is one assignment: a panic elsewhere cannot leave it half-made
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimClock {
    fn now(&self) -> UtcMillis {
        let mut state = self.lock();
        if state.real_since.is_some() {
            state.now = state.now.max(wall());
        }
        state.now
    }
    fn mono_ms(&self) -> u64 {
        let state = self.lock();
        let since = state.real_since.map_or(0, |i| u64::try_from(i.elapsed().as_millis()).unwrap_or(u64::MAX));
        state.mono_ms.saturating_add(since)
    }
    fn boot_id(&self) -> BootId {
        self.boot
    }
    fn state(&self) -> (ClockState, u32) {
        (ClockState::Synced, 0)
    }
}

/// Chance from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("without the system's randomness no key and no token can be made");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_jumps_forward_never_back_and_then_becomes_real() {
        let clock = SimClock::new(UtcMillis(1_000));
        assert!(clock.jump_to(UtcMillis(5_000)) && clock.advance_ms(500));
        assert!(!clock.jump_to(UtcMillis(5_499)), "never back");
        assert_eq!((clock.now(), clock.mono_ms()), (UtcMillis(5_500), 4_500));
        clock.become_real();
        assert!(clock.now() >= wall().plus_ms(-1_000) && clock.mono_ms() >= 4_500);
        assert!(!clock.advance_ms(1), "the real clock cannot be moved");
    }

    #[test]
    fn a_simulated_clock_ahead_of_the_real_one_waits_for_it() {
        let ahead = wall().plus_ms(3_600_000);
        let clock = SimClock::new(ahead);
        clock.become_real();
        assert_eq!(clock.now(), ahead);
    }

    #[test]
    fn the_real_clock_knows_this_decade_and_chance_differs() {
        assert!(SystemClock::new().now() > UtcMillis(1_700_000_000_000));
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemRng.fill(&mut a);
        SystemRng.fill(&mut b);
        assert_ne!(a, b);
    }
}
