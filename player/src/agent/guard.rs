//! The service manager's side of a run: it hears that the player is up, that it is well, and that it stops. Without a
//! service manager (`NOTIFY_SOCKET`, `WATCHDOG_USEC`: sd_notify(3)) nothing happens.

use sd_notify::NotifyState;
use std::time::{Duration, Instant};

/// See the file's header.
pub(super) struct Guard {
    /// A third of the watchdog's patience; none when nobody watches.
    every: Option<Duration>,
    fed: Instant,
}

impl Guard {
    /// The player is up.
    pub(super) fn ready() -> Self {
        tell(NotifyState::Ready);
        Self { every: sd_notify::watchdog_enabled().map(|patience| patience / 3), fed: Instant::now() }
    }

    /// When the watchdog wants to be fed next; never without one.
    pub(super) async fn due(&self) {
        match self.every {
            Some(every) => tokio::time::sleep_until((self.fed + every).into()).await,
            None => std::future::pending().await,
        }
    }

    /// All is well. A screen whose picture no longer answers is not fed: the service manager starts the player anew.
    pub(super) fn feed(&mut self, well: bool) {
        if self.every.is_some_and(|every| self.fed.elapsed() >= every) {
            self.fed = Instant::now();
            if well {
                tell(NotifyState::Watchdog);
            }
        }
    }

    /// The player stops in order.
    pub(super) fn stopping(&self) {
        tell(NotifyState::Stopping);
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager does not listen");
    }
}
