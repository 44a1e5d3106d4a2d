//! Web: filters, handlers, views. No SQL and no rules live here; nothing imports this room but
//! `cmd`, which wires it, and the simulated fleet, which calls it without a socket.
//!
//! Requests are dispatched by their first path segment ([`Router`]): a chain of forty `.or()`
//! routes doubles the cost of each request.

mod api;
mod care;
pub mod console;
mod device_api;
mod filled;
mod gate;
mod linger;
mod log_api;
mod problem;
mod router;
pub mod routes;
mod server;
mod tls;
mod traced;
mod turns;

pub use router::{Admitted, RequestBody, Response, Router, Service};
pub use server::{Limits, ListenError, Listener};
pub use tls::{Certificate, CertificateError};

use crate::care::Care;
use crate::fleet::Fleet;
use crate::fleet::pairing::Welcome;
use crate::library::{Library, Uploads};
use crate::once::OnceStore;
use crate::people::People;
use crate::proof::Proof;
use crate::proof::log::Log;
use crate::sampling::Sampling;
use device_api::Door;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::UtcOffset;
use std::sync::Arc;
use std::time::Duration;

/// How often it is said on an open event stream that it is alive, and looked who listens.
pub const EVENTS_ALIVE: Duration = Duration::from_secs(15);

/// What handlers may use: ports only. `cmd` (or a test, or the simulated fleet) fills it.
#[derive(Clone)]
pub struct App {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Offset of local time from UTC.
    pub utc_offset: UtcOffset,
    /// Media.
    pub library: Library,
    /// Media that come over the network.
    pub uploads: Arc<Uploads>,
    /// Devices, and what they should hold.
    pub fleet: Arc<Fleet>,
    /// Evidence.
    pub proof: Arc<Proof>,
    /// The log that outsiders verify.
    pub log: Arc<Log>,
    /// Who may come in.
    pub people: Arc<People>,
    /// What was answered under which key.
    pub once: Arc<dyn OnceStore>,
    /// Requests to the API that one account may send a second.
    pub api_requests_per_s: u32,
    /// Plays that somebody goes to look at.
    pub sampling: Arc<Sampling>,
    /// Pages for people.
    pub console: Arc<console::Console>,
    /// How the scheduler is.
    pub care: Arc<Care>,
    /// What a box is told that is let in.
    pub welcome: Arc<Welcome>,
    /// Longest request body, bytes.
    pub max_body_bytes: u32,
    /// Time between two comment lines of an event stream, and between two looks at who listens.
    pub events_alive: Duration,
}

/// Everything behind one door: for simulated players and tests, which need no socket, or only one.
pub fn service(app: &App) -> Service {
    finish(app, people_routes(app).guarded("device", device_api::gate(app, Door::Both), device_api::routes(app)))
}

fn finish(app: &App, router: Router) -> Service {
    router.into_service(app.max_body_bytes).watched_by(Arc::clone(&app.care))
}

/// The door for people: console and log.
pub fn people(app: &App) -> Service {
    finish(app, people_routes(app))
}

/// The door for players that are registered.
pub fn players(app: &App) -> Service {
    device_door(app, Door::Players)
}

/// The door for boxes that are not.
pub fn pairing(app: &App) -> Service {
    device_door(app, Door::Pairing)
}

fn device_door(app: &App, door: Door) -> Service {
    let router = Router::new().guarded("device", device_api::gate(app, door), device_api::routes(app));
    finish(app, router.route("healthz", care::routes(app)))
}

/// Every room's routes under their first path segment, behind the gate that holds them against the table of [`routes`].
fn people_routes(app: &App) -> Router {
    let limits = Arc::new(api::Limits::new(app.api_requests_per_s, &app.clock));
    Router::new()
        .route("account", console::routes(app))
        .route("first", console::routes(app))
        .route("login", console::routes(app))
        .route("logout", console::routes(app))
        .route("", console::routes(app))
        .route("api", api::routes(app, &limits))
        .route("content", console::routes(app))
        .route("audit", console::routes(app))
        .route("healthz", care::routes(app))
        .route("live", console::routes(app))
        .route("log", log_api::routes(app))
        .route("many", console::routes(app))
        .route("metrics", care::routes(app))
        .route("peaks", console::routes(app))
        .route("pairing", console::routes(app))
        .route("people", console::routes(app))
        .route("preflight", console::routes(app))
        .route("readyz", care::routes(app))
        .route("screens", console::routes(app))
        .route("search", console::routes(app))
        .route("static", console::routes(app))
        .route("units", console::routes(app))
        .otherwise(console::routes(app))
        .behind(gate::gate(app, &limits))
}
