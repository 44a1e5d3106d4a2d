//! Is the panel really on? Reported, never overstated.

use lichphat_playlists::proof::record::DisplayLevel;
use std::sync::Mutex;

pub mod cec;
pub mod ddc;
pub mod drm;
pub mod hours;
pub mod line;
pub mod watch;

/// What is known of the panel now.
pub trait Display: Send + Sync {
    /// [`DisplayLevel::Dark`] when the panel is known to be off, [`DisplayLevel::D1`] when nothing is
    /// known beyond the frames the sink rendered, higher when the panel or its connector says so.
    fn level(&self) -> DisplayLevel;
    /// Where it is plugged in (`card0-HDMI-A-1`) and what it calls itself, as far as anything tells.
    fn plug(&self) -> Option<(String, Option<String>)> {
        None
    }
}

/// A panel that says what it is told to: tests, the simulated fleet, and sinks without a panel.
#[derive(Debug)]
pub struct FixedDisplay(Mutex<DisplayLevel>);

impl FixedDisplay {
    /// With a level to begin with.
    pub fn new(level: DisplayLevel) -> Self {
        Self(Mutex::new(level))
    }
    /// From now on.
    pub fn set(&self, level: DisplayLevel) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = level;
    }
}

impl Display for FixedDisplay {
    fn level(&self) -> DisplayLevel {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a play of so many rendered frames may claim: without a rendered frame nothing but the log
/// says so, and a dark panel is dark whatever was rendered.
pub fn claim(panel: DisplayLevel, frames_rendered: u32) -> DisplayLevel {
    match panel {
        DisplayLevel::Dark => DisplayLevel::Dark,
        _ if frames_rendered == 0 => DisplayLevel::D0,
        level => level.max(DisplayLevel::D1),
    }
}
