//! How the scheduler itself is: can it really serve, and what has it done?
//!
//! Invariants: an answer rests on what was tried or read now, or two seconds ago, never on what a part says of itself; no figure
//! has a label whose values strangers or a growing city could multiply, and none holds a secret.

mod metrics;
mod ready;

pub use metrics::{CONTENT_TYPE, Metrics, RequestDone, Segment};
pub use ready::{Check, Limits, Readiness};

use crate::error::StoreError;
use crate::proof::log::{Log, LogError};
use async_trait::async_trait;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// A device of which nothing was heard for so long is silent, ms: fifteen of its heartbeats.
pub const SILENT_MS: i64 = 15 * 60_000;

/// Devices that may fetch plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Devices {
    /// All of them.
    pub present: u64,
    /// Of these: not heard since the moment asked for, or never.
    pub silent: u64,
}

/// Managed screens of a day that have no plan of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unplanned {
    /// How many.
    pub screens: u64,
    /// Some of them, by code.
    pub first: Vec<ScreenCode>,
}

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait CareStore: Send + Sync {
    /// Writes that it is alive; returns when that is on the disk.
    async fn pulse(&self, at: UtcMillis) -> Result<(), StoreError>;
    /// Which managed screens of that day have no plan of it.
    async fn unplanned(&self, day: LocalDay) -> Result<Unplanned, StoreError>;
    /// Who is there, and who was not heard since.
    async fn devices(&self, since: UtcMillis) -> Result<Devices, StoreError>;
    /// Writes that wait for their turn now.
    fn waiting(&self) -> u64;
}

/// The room's door.
pub struct Care {
    store: Arc<dyn CareStore>,
    log: Arc<Log>,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
    data: PathBuf,
    limits: Limits,
    started: UtcMillis,
    /// How the newest run of planning went: of which day it was, and what was wrong.
    planned: Mutex<Option<(LocalDay, Result<(), String>)>>,
    /// The newest answer and when it was given, by the monotonic clock.
    last: tokio::sync::Mutex<Option<(u64, Readiness)>>,
    /// What it has done.
    pub metrics: Metrics,
}

impl Care {
    /// Over the store, the log and the data directory.
    pub fn new(
        store: Arc<dyn CareStore>,
        log: Arc<Log>,
        clock: Arc<dyn Clock>,
        offset: UtcOffset,
        data: PathBuf,
        limits: Limits,
    ) -> Self {
        let (started, metrics) = (clock.now(), Metrics::new());
        let (planned, last) = (Mutex::new(None), tokio::sync::Mutex::new(None));
        Self { store, log, clock, offset, data, limits, started, planned, last, metrics }
    }

    /// A run of planning has ended: how long it took, and how many plans it published, or what was wrong.
    pub fn planned(&self, took_ms: u64, published: Result<u32, String>) {
        self.metrics.planned(took_ms, published.as_ref().ok().copied());
        let today = self.clock.now().day(self.offset);
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = Some((today, published.map(drop)));
    }

    /// Every figure, in the form that Prometheus reads; its kind is [`CONTENT_TYPE`].
    pub async fn figures(&self) -> Result<String, LogError> {
        let (readiness, now) = (self.ready().await, self.clock.now());
        let head = self.log.head().await?;
        let published = head.as_ref().map_or(0, |head| head.size);
        let since = |at: UtcMillis| now.since_ms(at).max(0) / 1000;
        let gauges = &self.metrics.gauges;
        gauges.log_entries.set(self.log.size().await?.cast_signed());
        gauges.log_published.set(published.cast_signed());
        gauges.log_round_age_s.set(since(self.log.last_round().unwrap_or(self.started)));
        gauges.checkpoint_age_s.set(head.map_or(-1, |head| since(head.at)));
        gauges.store_waiting.set(self.store.waiting().cast_signed());
        for check in &readiness.checks {
            self.metrics.ready(check.name, check.ok);
        }
        gauges.disk_free_bytes.set(readiness.free_bytes.map_or(-1, u64::cast_signed));
        // a store that cannot be read has said so above
        if let Ok(devices) = self.store.devices(now.plus_ms(-SILENT_MS)).await {
            self.metrics.devices(devices);
        }
        if let Ok(unplanned) = self.store.unplanned(now.day(self.offset)).await {
            gauges.unplanned.set(unplanned.screens.cast_signed());
        }
        Ok(self.metrics.text())
    }
}
