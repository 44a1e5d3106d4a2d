//! Can it really serve? Each condition is tried, and says why not.

use super::{Care, Unplanned};
use serde::Serialize;
use std::sync::PoisonError;
use std::time::Duration;

/// Longest wait for the store to write.
const WRITE_TIME: Duration = Duration::from_secs(2);
/// An answer is good for so long, ms: whoever asks in a loop does not make the disk work.
const GOOD_FOR_MS: u64 = 2_000;
/// Rounds that may be missed before the log is late; a round may also take some time.
const LATE_ROUNDS: i64 = 2;
const LATE_GRACE_MS: i64 = 60_000;

/// From where on it cannot serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Least room on the disk of the data directory, bytes.
    pub least_free_bytes: u64,
    /// Milliseconds between two rounds of the log.
    pub log_every_ms: i64,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `store`, `log`, `plans` or `disk`.
    pub name: &'static str,
    /// Does it hold?
    pub ok: bool,
    /// Why not; empty when it does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Do all hold?
    pub ready: bool,
    /// Each one.
    pub checks: Vec<Check>,
    /// Room on the disk of the data directory; none when the system does not say.
    #[serde(skip)]
    pub free_bytes: Option<u64>,
}

fn check(name: &'static str, tried: Result<(), String>) -> Check {
    Check { name, ok: tried.is_ok(), why: tried.err().unwrap_or_default() }
}

impl Care {
    /// Tries everything, unless that was done a moment ago.
    pub async fn ready(&self) -> Readiness {
        let mut last = self.last.lock().await; // one at a time
        let now = self.clock.mono_ms();
        if let Some((_, answer)) = last.as_ref().filter(|(at, _)| now.saturating_sub(*at) < GOOD_FOR_MS) {
            return answer.clone();
        }
        let free_bytes = self.free_bytes();
        let checks = vec![
            check("store", self.store_writes().await),
            check("log", self.log_follows().await),
            check("plans", self.plans_are_there().await),
            check("disk", self.disk_has_room(free_bytes)),
        ];
        let answer = Readiness { ready: checks.iter().all(|check| check.ok), checks, free_bytes };
        *last = Some((now, answer.clone()));
        answer
    }

    async fn store_writes(&self) -> Result<(), String> {
        match tokio::time::timeout(WRITE_TIME, self.store.pulse(self.clock.now())).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err(format!("nothing could be written for {} s", WRITE_TIME.as_secs())),
        }
    }

    async fn log_follows(&self) -> Result<(), String> {
        let since = self.clock.now().since_ms(self.log.last_round().unwrap_or(self.started));
        if since <= LATE_ROUNDS * self.limits.log_every_ms + LATE_GRACE_MS {
            return Ok(());
        }
        let why = match self.log.may_go_on().await {
            Err(error) => error.to_string(),
            Ok(_) => "look for the reason in the server's own log".to_owned(),
        };
        Err(format!("no round of the log has ended well for {} s: {why}", since / 1000))
    }

    /// Every managed screen has its plan of today, or today's planning has ended well and said of those why not.
    async fn plans_are_there(&self) -> Result<(), String> {
        let today = self.clock.now().day(self.offset);
        let Unplanned { screens, first } = self.store.unplanned(today).await.map_err(|error| error.to_string())?;
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let why = match planned {
            _ if screens == 0 => return Ok(()),
            Some((day, Ok(()))) if day == today => return Ok(()),
            Some((_, Err(error))) => error,
            Some(_) | None => "today has not been planned yet".to_owned(),
        };
        let first: Vec<&str> = first.iter().map(|screen| screen.as_str()).collect();
        Err(format!("{screens} screens have no plan of {today} ({} …): {why}", first.join(", ")))
    }

    fn free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.data).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn disk_has_room(&self, free: Option<u64>) -> Result<(), String> {
        let (least, mib) = (self.limits.least_free_bytes, |bytes: u64| bytes >> 20);
        match free {
            None => Err(format!("the system does not say how much is free at {}", self.data.display())),
            Some(free) if free < least => Err(format!(
                "{} MiB are free at {}, less than store.least_free_mib = {}",
                mib(free),
                self.data.display(),
                mib(least)
            )),
            Some(_) => Ok(()),
        }
    }
}
