//! The real clock. Wall time and its trust come from the kernel, monotonic time is time since boot,
//! and the boot's number is counted in a file.
//!
//! Trust: the kernel knows whether a time service (systemd-timesyncd, chrony, ntpd) disciplines its
//! clock (`adjtimex`, STA_UNSYNC); then the state is *synced* with the kernel's estimated error. If
//! not, a year of 2024 or later, not before the last known instant, is *holdover* where the time can
//! have gone on while the machine was off: a battery-backed clock agrees, or a time service vouched for
//! it earlier in this boot. Anything else is *unset*: many boxes without such a clock begin a boot at
//! the time they saved when they went off (systemd-timesyncd, fake-hwclock), which looks right and may
//! be a night or a week behind.
//!
//! Where no time service vouches for it, a box goes by its scheduler's clock as soon as it hears of it ([`Advised`]).

use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::{Clock, ClockState, Rng};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::health::CLOCK_OFF_MS;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// 2024-01-01T00:00:00Z: an earlier clock was never set.
const OLDEST: UtcMillis = UtcMillis(1_704_067_200_000);
/// How far before the last known instant, or from a battery-backed clock, a clock may be and still be believed, ms.
const BACK_MS: i64 = 120_000;
/// Where the kernel shows its battery-backed clocks.
pub const RTC: &str = "/sys/class/rtc";
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
    /// Something kept the time while the machine was off, or has given it since.
    believed: AtomicBool,
    /// Says that for a player that is started again in the same boot: holds the kernel's name of the boot.
    believed_path: PathBuf,
    kernel: String,
}

impl SystemClock {
    /// Counts the boot in `dir`, once for each start of the operating system. `last_known` is the end of
    /// the last record, when there is one.
    pub fn start(dir: &Path, last_known: Option<UtcMillis>) -> io::Result<Self> {
        Self::start_beside(Path::new(RTC), dir, last_known)
    }

    fn start_beside(rtc: &Path, dir: &Path, last_known: Option<UtcMillis>) -> io::Result<Self> {
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
        let believed_path = dir.join("boot.believed");
        let told = std::fs::read_to_string(&believed_path).is_ok_and(|kernel| kernel == boot.kernel);
        // At the first boot somebody stands beside the box and sets it up.
        let set_up = boot.number == 1 && last_known.is_none();
        let believed = told || set_up || kept(rtc, wall()) == Some(true);
        let (floor, floor_mono_ms) = (last_known.unwrap_or(OLDEST), boot_time_ms());
        let (number, kernel) = (BootId(boot.number), boot.kernel);
        let clock = Self { boot: number, floor, floor_mono_ms, believed: AtomicBool::new(told), believed_path, kernel };
        if believed {
            clock.believe();
        }
        Ok(clock)
    }

    fn believe(&self) {
        if !self.believed.swap(true, Relaxed)
            && let Err(error) = std::fs::write(&self.believed_path, &self.kernel)
        {
            tracing::warn!(
                "{}: {error}; started again without a network, the player will not know the time",
                self.believed_path.display()
            );
        }
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
    let (state, error_ms) = disciplined().map_or_else(|| trust(!is_unset(wall, OLDEST)), synced);
    (wall, state, error_ms)
}

fn trust(believed: bool) -> (ClockState, u32) {
    if believed { (ClockState::Holdover, HOLDOVER_ERROR_MS) } else { (ClockState::Unset, u32::MAX) }
}

/// Does a battery-backed clock below `rtc` agree with `wall`? None where there is no such clock.
pub fn kept(rtc: &Path, wall: UtcMillis) -> Option<bool> {
    let told = std::fs::read_dir(rtc).ok()?.flatten().map(|clock| {
        let text = std::fs::read_to_string(clock.path().join("since_epoch")).ok()?;
        text.trim().parse().ok().map(|seconds: i64| UtcMillis(seconds.saturating_mul(1000)))
    });
    told.map(|rtc| rtc.is_some_and(|at| at.since_ms(wall).abs() <= BACK_MS)).reduce(|a, b| a || b)
}

fn synced(error_ms: u32) -> (ClockState, u32) {
    (ClockState::Synced, error_ms)
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
        let Some(error_ms) = disciplined() else {
            return trust(self.believed.load(Relaxed) && !self.is_unset(wall()));
        };
        self.believe();
        synced(error_ms)
    }
}

/// A clock that goes by the scheduler's, which tells its own with each answer, where no time service vouches for it: a firewall that
/// lets no time through lets the scheduler through. Against a time service it says nothing; people are told that the two differ.
pub struct Advised {
    clock: Arc<dyn Clock>,
    word: Mutex<Word>,
}

/// What the scheduler has said: how far its clock is ahead of this boot's monotonic one, ms.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    newest_ms: Option<i64>,
    /// What is gone by. A network's jitter is no reason to set a clock.
    followed_ms: Option<i64>,
}

impl Advised {
    /// Nobody has told the time yet.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, word: Mutex::default() })
    }

    fn word(&self) -> MutexGuard<'_, Word> {
        self.word.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the machine's clock is ahead of the monotonic one, ms.
    fn own_ms(&self) -> i64 {
        self.clock.now().0 - self.clock.mono_ms() as i64
    }

    /// The scheduler's clock showed `theirs` in the middle between `asked_mono_ms` and now.
    pub fn told(&self, theirs: UtcMillis, asked_mono_ms: u64) {
        let newest_ms = theirs.0 - asked_mono_ms.midpoint(self.clock.mono_ms()) as i64;
        let mut word = self.word();
        word.newest_ms = Some(newest_ms);
        if (word.followed_ms.unwrap_or(self.own_ms()) - newest_ms).unsigned_abs() > CLOCK_OFF_MS {
            word.followed_ms = Some(newest_ms);
        }
    }

    /// How far the machine's clock is ahead of the scheduler's, ms; none before it was told.
    pub fn ahead_ms(&self) -> Option<i64> {
        Some(self.own_ms() - self.word().newest_ms?)
    }
}

impl Clock for Advised {
    fn now(&self) -> UtcMillis {
        match self.word().followed_ms {
            Some(ahead_ms) if self.clock.state().0 != ClockState::Synced => {
                UtcMillis(self.clock.mono_ms() as i64 + ahead_ms)
            }
            _ => self.clock.now(),
        }
    }
    fn mono_ms(&self) -> u64 {
        self.clock.mono_ms()
    }
    fn boot_id(&self) -> BootId {
        self.clock.boot_id()
    }
    fn state(&self) -> (ClockState, u32) {
        let (state, error_ms) = self.clock.state();
        match (state, *self.word()) {
            (ClockState::Unset, Word { newest_ms: Some(_), .. })
            | (ClockState::Holdover, Word { followed_ms: Some(_), .. }) => (ClockState::Holdover, CLOCK_OFF_MS as u32),
            _ => (state, error_ms),
        }
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
    use crate::sim_support::SimClock;

    #[test]
    fn a_restart_of_the_player_is_the_same_boot() {
        let dir = tempfile::tempdir().unwrap();
        let first = SystemClock::start(dir.path(), None).unwrap().boot_id();
        assert_eq!(SystemClock::start(dir.path(), None).unwrap().boot_id(), first);
        std::fs::write(dir.path().join("boot.toml"), "number = 41\nkernel = \"another\"\n").unwrap();
        assert_eq!(SystemClock::start(dir.path(), None).unwrap().boot_id(), BootId(42));
    }

    #[test]
    fn the_file_that_counts_boots_is_lost_and_the_saved_time_is_not_believed_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let clock =
            SystemClock::start_beside(Path::new("none"), dir.path(), Some(wall().plus_ms(-86_400_000))).unwrap();
        assert!(clock.boot_id() == BootId(1) && !clock.believed.load(Relaxed));
    }

    /// A box whose battery-backed clock shows `rtc_ms` from now, started anew after it was off; none without such a clock.
    fn after_a_power_cut(dir: &Path, rtc_ms: Option<i64>) -> SystemClock {
        let rtc = dir.join("rtc");
        let _ = std::fs::remove_dir_all(&rtc);
        if let Some(ms) = rtc_ms {
            std::fs::create_dir_all(rtc.join("rtc0")).unwrap();
            std::fs::write(rtc.join("rtc0/since_epoch"), format!("{}\n", wall().plus_ms(ms).0 / 1000)).unwrap();
        }
        std::fs::write(dir.join("boot.toml"), "number = 41\nkernel = \"another\"\n").unwrap();
        SystemClock::start_beside(&rtc, dir, None).unwrap()
    }

    #[test]
    fn a_time_that_was_saved_when_the_box_went_off_is_not_believed_until_somebody_gives_it() {
        let dir = tempfile::tempdir().unwrap();
        let believed = |clock: &SystemClock| clock.believed.load(Relaxed);
        assert!(believed(&SystemClock::start_beside(Path::new("none"), dir.path(), None).unwrap()), "set up by people");
        assert!(believed(&after_a_power_cut(dir.path(), Some(1_000))), "a battery kept it");
        let again = SystemClock::start_beside(Path::new("none"), dir.path(), Some(OLDEST)).unwrap();
        assert!(believed(&again), "and so it stays in that boot");
        std::fs::write(dir.path().join("boot.believed"), "another").unwrap();
        assert!(!believed(&after_a_power_cut(dir.path(), Some(-86_400_000))), "an empty battery");
        let clock = after_a_power_cut(dir.path(), None);
        assert!(!believed(&clock), "no battery");
        assert!(disciplined().is_some() || clock.state().0 == ClockState::Unset);
        // A time service vouches for it, and the player is started again in that boot; then the power goes once more.
        clock.believe();
        assert!(believed(&SystemClock::start_beside(Path::new("none"), dir.path(), None).unwrap()));
        std::fs::write(dir.path().join("boot.believed"), "another").unwrap();
        assert!(!believed(&after_a_power_cut(dir.path(), None)));
    }

    #[test]
    fn without_a_time_service_a_box_goes_by_its_schedulers_clock() {
        const HOUR_MS: i64 = 3_600_000;
        let noon = UtcMillis(1_795_147_200_000);
        let own = Arc::new(SimClock::new(noon));
        let clock = Advised::new(own.clone());
        let hears = |ahead_ms: i64| clock.told(own.now().plus_ms(ahead_ms), own.mono_ms());
        // It went off in the evening and takes up there in the morning.
        own.set_state(ClockState::Unset);
        assert!(clock.state().0 == ClockState::Unset && clock.ahead_ms().is_none());
        hears(9 * HOUR_MS);
        assert_eq!((clock.now(), clock.ahead_ms()), (noon.plus_ms(9 * HOUR_MS), Some(-9 * HOUR_MS)));
        assert_eq!(clock.state(), (ClockState::Holdover, CLOCK_OFF_MS as u32));
        // The line is slow now and then; and somebody sets the machine's own clock.
        hears(9 * HOUR_MS + 1_900);
        own.step_ms(-HOUR_MS);
        own.advance_to(own.now().plus_ms(60_000));
        assert_eq!(clock.now(), noon.plus_ms(9 * HOUR_MS + 60_000));
        // A battery kept the time, an hour off.
        own.set_state(ClockState::Holdover);
        assert_eq!(clock.state(), (ClockState::Holdover, CLOCK_OFF_MS as u32));
        // A time service says something else.
        own.set_state(ClockState::Synced);
        assert_eq!((clock.now(), clock.state().0), (own.now(), ClockState::Synced));
        assert_eq!(clock.ahead_ms(), Some(-10 * HOUR_MS - 1_900), "people are told");
    }

    #[test]
    fn of_two_clocks_that_agree_the_own_one_is_kept() {
        let own = Arc::new(SimClock::new(UtcMillis(1_795_147_200_000)));
        own.set_state(ClockState::Holdover);
        let clock = Advised::new(own.clone());
        clock.told(own.now().plus_ms(300), own.mono_ms());
        assert_eq!((clock.now(), clock.state()), (own.now(), own.state()));
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
