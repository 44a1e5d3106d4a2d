//! A world for players without a screen: time that is told, a stage that only keeps time, files in
//! memory. For tests, and for the scheduler's simulated fleet, which runs the real core on it.

pub mod approve;
mod clock;
mod device;
mod fs;
mod stage;

pub use crate::journal::memory::MemoryJournal;
pub use clock::{SeededRng, SimClock};
pub use device::SimDevice;
pub use fs::{MemoryMediaFs, SharedMedia};
pub use stage::SimStage;
