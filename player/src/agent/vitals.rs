//! What a heartbeat says of the box, gathered from everybody who knows a part of it.

use crate::clock::Advised;
use crate::display::Display;
use crate::identity::SOFTWARE;
use crate::machine::Machine;
use crate::ports::Transport;
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::wire::health::{ClockHealth, DisplayHealth, Health, Versions};
use std::sync::Arc;

/// Reads a box's [`Health`].
pub(super) struct Vitals {
    machine: Option<Machine>,
    display: Arc<dyn Display>,
    clock: Arc<Advised>,
    transport: Arc<dyn Transport>,
    started_mono_ms: u64,
}

impl Vitals {
    pub(super) fn new(
        machine: Option<Machine>,
        display: Arc<dyn Display>,
        clock: Arc<Advised>,
        transport: Arc<dyn Transport>,
    ) -> Self {
        Self { machine, display, started_mono_ms: clock.mono_ms(), clock, transport }
    }

    pub(super) fn read(&self) -> Health {
        let machine = self.machine.as_ref();
        let (state, error_ms) = self.clock.state();
        let (connector, panel) = self.display.plug().unzip();
        Health {
            temperature_mc: machine.and_then(Machine::temperature_mc),
            disk: machine.and_then(Machine::disk),
            memory: machine.and_then(Machine::memory),
            player_memory_bytes: machine.and_then(Machine::player_memory_bytes),
            clock: ClockHealth {
                state,
                error_ms: (state != ClockState::Unset).then_some(error_ms),
                offset_ms: self.clock.ahead_ms(),
            },
            display: DisplayHealth { level: self.display.level(), connector, panel: panel.flatten() },
            versions: Versions {
                software: SOFTWARE.to_owned(),
                framework: machine.and_then(|_| gstreamer_version()),
                kernel: machine.and_then(Machine::kernel),
            },
            uptime_s: machine.and_then(Machine::uptime_s),
            running_s: (self.clock.mono_ms() - self.started_mono_ms) / 1000,
            data_used_bytes: self.transport.used_bytes(),
            log: None, // the journal knows this and the next
            unproven_s: None,
        }
    }
}

#[cfg(feature = "stage-gstreamer")]
fn gstreamer_version() -> Option<String> {
    Some(gstreamer::version_string().to_string())
}

#[cfg(not(feature = "stage-gstreamer"))]
fn gstreamer_version() -> Option<String> {
    None
}
