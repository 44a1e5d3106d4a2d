//! What the world offers both crates: time and chance, injected so that a test and a simulated
//! fleet can bring their own.

use crate::ids::BootId;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// How far the wall clock can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockState {
    /// Set by NTP, GPS or a trusted RTC since boot.
    Synced,
    /// Was synced in this boot, has lost its source since.
    Holdover,
    /// Never set since boot: the time is a guess.
    Unset,
}

/// Time. Decisions take instants as arguments; only the edge holds a clock.
pub trait Clock: Send + Sync {
    /// Wall clock.
    fn now(&self) -> UtcMillis;
    /// Milliseconds since some point before this boot's first reading; never goes back.
    fn mono_ms(&self) -> u64;
    /// This boot's number.
    fn boot_id(&self) -> BootId;
    /// Trust in [`Clock::now`], and its estimated error in milliseconds.
    fn state(&self) -> (ClockState, u32);
}

/// Chance, for keys and tokens. Never for plans.
pub trait Rng: Send + Sync {
    /// Fills `bytes` from a cryptographically strong source.
    fn fill(&self, bytes: &mut [u8]);
}
