//! A simulated fleet: the real player core, hundreds of times, with told time, a stage that only
//! keeps time, files in memory, and the server's own service called without a socket. Keys,
//! signatures, ingest and counting are the real ones; everything it makes is marked as simulated.

pub mod city;
pub mod fleet;
pub mod pacing;
mod transport;

pub use fleet::{Fate, SimError, SimFleet, SimOptions};
pub use transport::InProcess;
