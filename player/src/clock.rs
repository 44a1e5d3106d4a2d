//! The real clock. Wall time and its trust come from the kernel, monotonic time is time since boot,
//! and the boot's number is counted in a file.
//!
//! Trust: the kernel knows whether a time service (systemd-timesyncd, chrony, ntpd) disciplines its
//! clock (`adjtimex`, STA_UNSYNC); then the state is *synced* with the kernel's estimated error. If
//! not, a year of 2024 or later, not before the last known instant, is *holdover*: an RTC or an
//! operator set it, nobody vouches for it now. Anything else is *unset*, and time goes on from the
//! last known instant.

use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::{Clock, ClockState, Rng};
use lichphat_playlists::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// 2024-01-01T00:00:00Z: an earlier clock was never set.
const OLDEST: UtcMillis = UtcMillis(1_704_067_200_000);
/// How far before the last known instant a clock may be and still be believed, ms.
const BACK_MS: i64 = 120_000;
/// Error assumed when nobody vouches for the clock, ms.
const HOLDOVER_ERROR_MS: u32 = 1_000;

/// `boot.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Boot {
    number: u32,
    kernel: String,
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    boot: BootId,
    /// Last instant known before this run, and the monotonic time when it was read back.
    floor: UtcMillis,
    floor_mono_ms: u64,
}

impl SystemClock {
    /// Counts the boot in `dir`, once for each start of the operating system. `last_known` is the end of
    /// the last record, when there is one.
    pub fn start(dir: &Path, last_known: Option<UtcMillis>) -> io::Result<Self> {
        let path = dir.join("boot.toml");
        let kernel = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let kernel = kernel.trim().to_owned();
        let last = std::fs::read_to_string(&path).ok().and_then(|text| toml::from_str::<Boot>(&text).ok());
        let boot = match last {
            Some(last) if last.kernel == kernel && !kernel.is_empty() => last,
            last => Boot { number: last.map_or(1, |b| b.number.saturating_add(1)), kernel },
        };
        let text = toml::to_string(&boot).map_err(io::Error::other)?;
        let part = dir.join("boot.part");
        std::fs::write(&part, text)?;
        std::fs::rename(&part, &path)?;
        Ok(Self { boot: BootId(boot.number), floor: last_known.unwrap_or(OLDEST), floor_mono_ms: boot_time_ms() })
    }

    fn is_unset(&self, wall: UtcMillis) -> bool {
        is_unset(wall, self.floor)
    }
}

fn is_unset(wall: UtcMillis, floor: UtcMillis) -> bool {
    wall < OLDEST || wall.plus_ms(BACK_MS) < floor
}

/// The kernel's clock as it is now, for somebody who only looks: wall time, trust, estimated error in ms.
pub fn look() -> (UtcMillis, ClockState, u32) {
    let wall = wall();
    let (state, error_ms) = trust(wall, OLDEST);
    (wall, state, error_ms)
}

fn trust(wall: UtcMillis, floor: UtcMillis) -> (ClockState, u32) {
    match disciplined() {
        Some(error_ms) => (ClockState::Synced, error_ms),
        None if is_unset(wall, floor) => (ClockState::Unset, u32::MAX),
        None => (ClockState::Holdover, HOLDOVER_ERROR_MS),
    }
}

fn boot_time_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

fn wall() -> UtcMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcMillis(since.as_millis() as i64)
}

/// Estimated error in ms when the kernel's clock is disciplined.
#[allow(unsafe_code, reason = "adjtimex has no safe wrapper; with modes = 0 it only reads")]
fn disciplined() -> Option<u32> {
    // SAFETY: `timex` is plain data for which all zeros is valid, and the kernel writes only into it.
    let (state, timex) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex)
    };
    (state >= 0 && timex.status & libc::STA_UNSYNC == 0).then(|| (timex.esterror.max(0) / 1000 + 1) as u32)
}

impl Clock for SystemClock {
    fn now(&self) -> UtcMillis {
        let wall = wall();
        if disciplined().is_none() && self.is_unset(wall) {
            return self.floor.plus_ms((boot_time_ms() - self.floor_mono_ms) as i64);
        }
        wall
    }
    fn mono_ms(&self) -> u64 {
        boot_time_ms()
    }
    fn boot_id(&self) -> BootId {
        self.boot
    }
    fn state(&self) -> (ClockState, u32) {
        trust(wall(), self.floor)
    }
}

/// Chance from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the kernel's random source is always there once the system is up");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_of_the_player_is_the_same_boot() {
        let dir = tempfile::tempdir().unwrap();
        let first = SystemClock::start(dir.path(), None).unwrap().boot_id();
        assert_eq!(SystemClock::start(dir.path(), None).unwrap().boot_id(), first);
        std::fs::write(dir.path().join("boot.toml"), "number = 41\nkernel = \"another\"\n").unwrap();
        assert_eq!(SystemClock::start(dir.path(), None).unwrap().boot_id(), BootId(42));
    }

    #[test]
    fn a_clock_before_the_last_record_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let clock = SystemClock::start(dir.path(), Some(wall().plus_ms(86_400_000))).unwrap();
        assert!(clock.is_unset(wall()), "time goes on from the last record");
        assert!(!clock.is_unset(wall().plus_ms(86_400_000)));
        assert!(clock.is_unset(UtcMillis(0)));
        let (a, b) = (clock.mono_ms(), clock.mono_ms());
        assert!(a > 0 && b >= a);
    }
}
