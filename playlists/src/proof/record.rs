//! One play on one screen, as the device saw it.

use crate::ids::{BootId, PlanHash, Sha256Hash};
use crate::ports::ClockState;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// How sure the device is that the panel showed it; reported, never overstated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DisplayLevel {
    /// The panel is known to be off. Never counts.
    #[serde(rename = "dark")]
    Dark,
    /// D0: the log says so, nothing else does.
    D0,
    /// D1: the sink rendered the frames.
    D1,
    /// D2: connector connected, DPMS on, EDID known; only on a direct link.
    D2,
    /// D3: the panel answers that it is on and shows us.
    D3,
}

impl DisplayLevel {
    /// Every level, lowest first; the order is the wire code.
    pub const ALL: [Self; 5] = [Self::Dark, Self::D0, Self::D1, Self::D2, Self::D3];
}

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal),* $(,)?) => {
        /// Why a play was not whole, or was not at all. The text is a stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Cause {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }
        impl Cause {
            /// Every cause; the order is the wire code, new ones go to the end.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// Stable code, `ended-early`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
            /// The cause of a code; an unknown code is [`Cause::Other`].
            pub fn from_code(code: &str) -> Self {
                match code { $($code => Self::$name,)* _ => Self::Other }
            }
        }
    };
}
causes! {
    /// Something this version has no word for.
    Other = "other",
    /// The source ended before 95 % of its booked length.
    EndedEarly = "ended-early",
    /// The file cannot be decoded.
    DecodeError = "decode-error",
    /// The file is not on the disk.
    NotFound = "not-found",
    /// The bytes on the disk are not the ones that were approved.
    Corrupt = "corrupt",
    /// The machine could not decode in time.
    TooSlow = "too-slow",
    /// The player was stopped in order.
    Stopped = "stopped",
    /// The device was off, or the player was not running.
    DeviceOff = "device-off",
    /// The panel was off.
    PanelOff = "panel-off",
    /// Something of a higher rank took its place.
    Displaced = "displaced",
    /// There was no clock to go by.
    ClockUnset = "clock-unset",
    /// A newer plan came in while it was due.
    Replanned = "replanned",
    /// The play it stands for had been shown already when its plan came in: showing it would be one too many.
    AlreadyShown = "already-shown",
    /// An announcement at the place (a stop, a gate) broke it off or was heard instead of it.
    Interrupted = "interrupted",
    /// Nobody had approved it for this screen and day.
    NotApproved = "not-approved",
    /// Its approval was taken back.
    Withdrawn = "withdrawn",
}

/// How a play ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result", content = "cause")]
pub enum PlayResult {
    /// Shown for its whole booked length.
    Complete,
    /// Began and was not whole.
    Partial(Cause),
    /// Could not begin.
    Failed(Cause),
    /// Was due and not tried.
    Skipped(Cause),
}

impl PlayResult {
    /// Did anything show?
    pub fn was_shown(self) -> bool {
        matches!(self, Self::Complete | Self::Partial(_))
    }
}

/// Why this was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Origin {
    /// A slot of the plan.
    Planned {
        /// Index of the slot.
        slot: u32,
    },
    /// In place of a slot that was missed.
    MakeGood {
        /// Plan of the missed slot.
        missed_plan: PlanHash,
        /// Index of the missed slot.
        missed_slot: u32,
    },
    /// Nothing was planned for this second, or what was planned could not be shown.
    Fallback,
}

/// One play. Its identity is (device, epoch, seq); the segment that carries it holds those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayRecord {
    /// The plan that was in force.
    pub plan: PlanHash,
    /// Index into that plan's asset table.
    pub item: u16,
    /// Why it was played.
    pub origin: Origin,
    /// Boot in which it was played.
    pub boot: BootId,
    /// First frame.
    pub start: UtcMillis,
    /// End of the last frame.
    pub end: UtcMillis,
    /// Monotonic time of the first frame, ms since the boot's first reading.
    pub mono_start_ms: u64,
    /// Trust in the wall clock.
    pub clock: ClockState,
    /// Estimated error of the wall clock, ms.
    pub clock_error_ms: u32,
    /// Frames the sink rendered; of sound alone, output slots in which it was heard.
    pub frames_rendered: u32,
    /// Frames pushed and not rendered.
    pub frames_dropped: u32,
    /// How sure the device is that the panel showed it.
    pub display: DisplayLevel,
    /// Share of the screen that the picture had, per cent, rounded down; the rest was left to another program.
    pub area_percent: u8,
    /// How it ended.
    pub result: PlayResult,
}

impl PlayRecord {
    /// The plans it names: the one in force, and that of the slot it makes good.
    pub fn plans_named(&self) -> impl Iterator<Item = PlanHash> + use<> {
        let missed = if let Origin::MakeGood { missed_plan, .. } = self.origin { Some(missed_plan) } else { None };
        std::iter::once(self.plan).chain(missed)
    }

    /// A whole, untroubled play by a good clock, of which nothing else is said: no plan, no slot, one frame, a panel nobody
    /// asked. What is known besides is written over it.
    pub fn whole(start: UtcMillis, end: UtcMillis) -> Self {
        Self {
            plan: Sha256Hash([0; 32]),
            item: 0,
            origin: Origin::Fallback,
            boot: BootId(0),
            start,
            end,
            mono_start_ms: 0,
            clock: ClockState::Synced,
            clock_error_ms: 0,
            frames_rendered: 1,
            frames_dropped: 0,
            display: DisplayLevel::D0,
            area_percent: 100,
            result: PlayResult::Complete,
        }
    }
}
