//! Web: filters, handlers, views. No SQL and no rules live here; nothing imports this room but
//! `cmd`, which wires it, and the simulated fleet, which calls it without a socket.
//!
//! Requests are dispatched by their first path segment ([`Router`]): a chain of forty `.or()`
//! routes doubles the cost of each request.

mod care;
pub mod console;
mod device_api;
mod log_api;
mod router;
mod server;
mod traced;

pub use router::{RequestBody, Response, Router, Service};
pub use server::{ListenError, Listener};

use crate::care::Care;
use crate::fleet::Fleet;
use crate::library::Library;
use crate::proof::Proof;
use crate::proof::log::Log;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::UtcOffset;
use std::sync::Arc;

/// What handlers may use: ports only. `cmd` (or a test, or the simulated fleet) fills it.
#[derive(Clone)]
pub struct App {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Offset of local time from UTC.
    pub utc_offset: UtcOffset,
    /// Media.
    pub library: Library,
    /// Devices, and what they should hold.
    pub fleet: Arc<Fleet>,
    /// Evidence.
    pub proof: Arc<Proof>,
    /// The log that outsiders verify.
    pub log: Arc<Log>,
    /// Pages for people.
    pub console: Arc<console::Console>,
    /// How the scheduler is.
    pub care: Arc<Care>,
    /// Longest request body, bytes.
    pub max_body_bytes: u32,
}

/// The whole service: every room's routes under their first path segment.
pub fn service(app: &App) -> Service {
    Router::new()
        .route("", console::routes(app))
        .route("device", device_api::routes(app))
        .route("healthz", care::routes(app))
        .route("log", log_api::routes(app))
        .route("metrics", care::routes(app))
        .route("peaks", console::routes(app))
        .route("preflight", console::routes(app))
        .route("readyz", care::routes(app))
        .route("screens", console::routes(app))
        .route("static", console::routes(app))
        .route("units", console::routes(app))
        .otherwise(console::routes(app))
        .into_service(app.max_body_bytes)
        .watched_by(Arc::clone(&app.care))
}
