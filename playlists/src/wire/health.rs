//! How a player's box is, as it tells with each heartbeat, and which of it somebody should mend.
//!
//! What a machine does not tell is absent, never a made-up number.

use crate::ports::ClockState;
use crate::proof::record::DisplayLevel;
use serde::{Deserialize, Serialize};

/// From here on cheap boxes slow their processors down, thousandths of a degree Celsius.
pub const HOT_MC: i32 = 80_000;
/// Below this the player begins to forget media, bytes.
pub const LITTLE_DISK_BYTES: u64 = 2 << 30;
/// Below this even records may find no room, bytes.
pub const FULL_DISK_BYTES: u64 = 64 << 20;
/// Below this the kernel begins to end programs, bytes.
pub const LITTLE_MEMORY_BYTES: u64 = 64 << 20;
/// A clock further off the scheduler's than this starts plays at the wrong second, ms.
pub const CLOCK_OFF_MS: u64 = 2_000;

/// The log is asked for proofs several times a day; what waits longer than this is not proven for a reason, s.
pub const LATE_PROOF_S: u64 = 2 * 86_400;

/// How a box is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The hottest sensor, thousandths of a degree Celsius.
    pub temperature_mc: Option<i32>,
    /// The disk where media and journal lie.
    pub disk: Option<Room>,
    /// Working memory of the machine.
    pub memory: Option<Room>,
    /// Working memory the player takes (resident set), bytes.
    pub player_memory_bytes: Option<u64>,
    /// Its clock.
    pub clock: ClockHealth,
    /// Its panel.
    pub display: DisplayHealth,
    /// What runs on it.
    pub versions: Versions,
    /// Seconds since the machine was switched on.
    pub uptime_s: Option<u64>,
    /// Seconds since the player was started.
    pub running_s: u64,
    /// Bytes that went over the network this month, where it is metered.
    pub data_used_bytes: Option<u64>,
    /// What it found when it last verified the scheduler's log; none: nothing wrong, or nothing to verify yet.
    pub log: Option<LogFault>,
    /// Age of the oldest segment that the scheduler says it holds and that is not yet proven to be in its log, seconds;
    /// none: every one is.
    pub unproven_s: Option<u64>,
}

/// What a device found wrong with the scheduler's log. It keeps its newest good checkpoint and all its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFault {
    /// The checkpoint is not signed by the key that was pinned at registration.
    Foreign,
    /// The log is smaller than one that was signed before: it forgot, as after a restored backup.
    RolledBack,
    /// The log is not shown to begin with one that was signed before: it was rewritten, or shows two faces.
    Rewritten,
    /// A segment that is receipted is not where the log says it is.
    NotHeld,
}

impl LogFault {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Foreign, Self::RolledBack, Self::Rewritten, Self::NotHeld];
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::RolledBack => "rolled-back",
            Self::Rewritten => "rewritten",
            Self::NotHeld => "not-held",
        }
    }
}

/// A room and what is free of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// Free, bytes.
    pub free_bytes: u64,
    /// All of it, bytes.
    pub total_bytes: u64,
}

/// What a device knows of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockHealth {
    /// Trust in it.
    pub state: ClockState,
    /// Estimated error, ms.
    pub error_ms: Option<u32>,
    /// How far it was ahead of the scheduler's when it last heard from it, ms; half the way there and back is unknown.
    pub offset_ms: Option<i64>,
}

/// What a device knows of its panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplayHealth {
    /// How sure it is that it is on.
    pub level: DisplayLevel,
    /// `card0-HDMI-A-1`
    pub connector: Option<String>,
    /// The panel's own name.
    pub panel: Option<String>,
}

/// What runs on a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// Name and version of the player.
    pub software: String,
    /// What decodes and shows: `GStreamer 1.22.0`
    pub framework: Option<String>,
    /// Release of the kernel.
    pub kernel: Option<String>,
}

/// Something somebody should mend. The text is a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The processor slows down.
    TooHot,
    /// Records may find no room.
    DiskFull,
    /// Media are forgotten sooner than they need be.
    DiskNearlyFull,
    /// The kernel will soon end programs.
    MemoryShort,
    /// Plays cannot be dated.
    ClockUnset,
    /// No time service vouches for the clock.
    ClockAlone,
    /// Clock and scheduler disagree.
    ClockOff,
    /// The panel is off or gone: plays do not count.
    PanelDark,
    /// [`LogFault::Foreign`].
    LogForeign,
    /// [`LogFault::RolledBack`].
    LogRolledBack,
    /// [`LogFault::Rewritten`].
    LogRewritten,
    /// [`LogFault::NotHeld`].
    LogNotHeld,
    /// Records wait too long for their proof: they are kept, and fill the disk.
    ProofLate,
}

impl Trouble {
    /// Every one, worst first.
    pub const ALL: [Self; 13] = [
        Self::LogRewritten,
        Self::LogForeign,
        Self::LogNotHeld,
        Self::LogRolledBack,
        Self::PanelDark,
        Self::DiskFull,
        Self::ClockUnset,
        Self::TooHot,
        Self::MemoryShort,
        Self::ClockOff,
        Self::DiskNearlyFull,
        Self::ClockAlone,
        Self::ProofLate,
    ];
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooHot => "too-hot",
            Self::DiskFull => "disk-full",
            Self::DiskNearlyFull => "disk-nearly-full",
            Self::MemoryShort => "memory-short",
            Self::ClockUnset => "clock-unset",
            Self::ClockAlone => "clock-alone",
            Self::ClockOff => "clock-off",
            Self::PanelDark => "panel-dark",
            Self::LogForeign => "log-foreign",
            Self::LogRolledBack => "log-rolled-back",
            Self::LogRewritten => "log-rewritten",
            Self::LogNotHeld => "log-not-held",
            Self::ProofLate => "proof-late",
        }
    }
}

impl Health {
    /// What somebody should mend, worst first.
    pub fn troubles(&self) -> Vec<Trouble> {
        Trouble::ALL.into_iter().filter(|trouble| self.has(*trouble)).collect()
    }

    fn has(&self, trouble: Trouble) -> bool {
        let disk_below = |bytes| self.disk.is_some_and(|disk| disk.free_bytes < bytes);
        match trouble {
            Trouble::TooHot => self.temperature_mc.is_some_and(|mc| mc >= HOT_MC),
            Trouble::DiskFull => disk_below(FULL_DISK_BYTES),
            Trouble::DiskNearlyFull => disk_below(LITTLE_DISK_BYTES) && !disk_below(FULL_DISK_BYTES),
            Trouble::MemoryShort => self.memory.is_some_and(|memory| memory.free_bytes < LITTLE_MEMORY_BYTES),
            Trouble::ClockUnset => self.clock.state == ClockState::Unset,
            Trouble::ClockAlone => self.clock.state == ClockState::Holdover,
            Trouble::ClockOff => self.clock.offset_ms.is_some_and(|off| off.unsigned_abs() > CLOCK_OFF_MS),
            Trouble::LogForeign => self.log == Some(LogFault::Foreign),
            Trouble::LogRolledBack => self.log == Some(LogFault::RolledBack),
            Trouble::LogRewritten => self.log == Some(LogFault::Rewritten),
            Trouble::LogNotHeld => self.log == Some(LogFault::NotHeld),
            // a fault of the log says more
            Trouble::ProofLate => self.log.is_none() && self.unproven_s.is_some_and(|s| s >= LATE_PROOF_S),
            Trouble::PanelDark => self.display.level == DisplayLevel::Dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Health {
        Health {
            temperature_mc: Some(61_000),
            disk: Some(Room { free_bytes: 20 << 30, total_bytes: 32 << 30 }),
            memory: Some(Room { free_bytes: 900 << 20, total_bytes: 2 << 30 }),
            player_memory_bytes: Some(120 << 20),
            clock: ClockHealth { state: ClockState::Synced, error_ms: Some(4), offset_ms: Some(-30) },
            display: DisplayHealth { level: DisplayLevel::D2, connector: None, panel: None },
            versions: Versions { software: "lichphat-player 0.1.0".into(), framework: None, kernel: None },
            uptime_s: None,
            running_s: 5,
            data_used_bytes: None,
            log: None,
            unproven_s: Some(3_600),
        }
    }

    #[test]
    fn what_is_unknown_is_no_trouble_and_each_trouble_is_seen_alone() {
        let unknown = Health { temperature_mc: None, disk: None, memory: None, ..well() };
        assert_eq!((well().troubles(), unknown.troubles()), (vec![], vec![]));
        let disk = |free_bytes| Some(Room { free_bytes, total_bytes: 32 << 30 });
        let clock = |state, offset_ms| ClockHealth { state, error_ms: None, offset_ms };
        let display = |level| DisplayHealth { level, connector: None, panel: None };
        for (health, trouble) in [
            (Health { temperature_mc: Some(80_000), ..well() }, Trouble::TooHot),
            (Health { disk: disk(0), ..well() }, Trouble::DiskFull),
            (Health { disk: disk(1 << 30), ..well() }, Trouble::DiskNearlyFull),
            (Health { memory: disk(1 << 20), ..well() }, Trouble::MemoryShort),
            (Health { clock: clock(ClockState::Unset, None), ..well() }, Trouble::ClockUnset),
            (Health { clock: clock(ClockState::Holdover, None), ..well() }, Trouble::ClockAlone),
            (Health { clock: clock(ClockState::Synced, Some(-2_001)), ..well() }, Trouble::ClockOff),
            (Health { display: display(DisplayLevel::Dark), ..well() }, Trouble::PanelDark),
            (Health { log: Some(LogFault::Foreign), ..well() }, Trouble::LogForeign),
            (Health { log: Some(LogFault::RolledBack), ..well() }, Trouble::LogRolledBack),
            (Health { log: Some(LogFault::Rewritten), ..well() }, Trouble::LogRewritten),
            (Health { log: Some(LogFault::NotHeld), unproven_s: Some(LATE_PROOF_S), ..well() }, Trouble::LogNotHeld),
            (Health { unproven_s: Some(LATE_PROOF_S), ..well() }, Trouble::ProofLate),
        ] {
            assert_eq!(health.troubles(), [trouble]);
            assert_eq!(serde_json::to_value(trouble).unwrap(), trouble.code());
        }
        for fault in LogFault::ALL {
            assert_eq!(serde_json::to_value(fault).unwrap(), fault.code());
        }
    }
}
