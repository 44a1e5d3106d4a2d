//! lichphat's pure core: from an order to the second at which a spot starts, and from a signed
//! record to a figure one can check.
//!
//! Nothing here reads a clock, a file, a socket or a random number: time and bytes are input,
//! and the same input gives the same bytes (invariant 1 of `docs/ARCHITECTURE.md`). The bans are
//! enforced by `playlists/clippy.toml`.

pub mod figures;
pub mod ids;
pub mod media;
pub mod peak;
pub mod plan;
pub mod ports;
pub mod proof;
pub mod quota;
pub mod stand_in;
pub mod text;
pub mod time;
pub mod wire;
