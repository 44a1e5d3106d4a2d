//! Sticks on a real screen: whenever one comes, records until now are left on it, what it brings is taken, and the
//! screen says when it may be pulled.

use super::AgentError;
use crate::stage::Front;
use crate::stage::notice::{Notice, Place};
use crate::usb::Stick;
use crate::usb::watch::Sticks;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// Between two looks for sticks.
const LOOK: Duration = Duration::from_secs(2);
/// Longest time for which the screen says that a stick may be pulled, ms.
const SAID_MS: u32 = 300_000;

/// A stick for one half of the player.
#[derive(Debug)]
pub(super) struct Visit {
    /// The stick.
    pub(super) stick: Stick,
    done: oneshot::Sender<Result<usize, String>>,
}

impl Visit {
    /// The half is through with it.
    pub(super) fn done(self, result: Result<usize, AgentError>) {
        drop(self.stick);
        let _ = self.done.send(result.map_err(|e| e.to_string())); // the run may be over
    }
}

/// How a half hears of sticks.
pub(super) type Visits = Receiver<Visit>;
/// How the playing half hears that it should seal what was shown until now.
pub(super) type ToCut = Receiver<oneshot::Sender<()>>;

/// Who waits at the socket.
pub(super) struct Tend {
    sticks: Sticks,
    front: Arc<dyn Front>,
    cut: Sender<oneshot::Sender<()>>,
    halves: [Sender<Visit>; 2],
}

impl Tend {
    /// For sticks seen by `sticks`; returns what the playing half and the two others listen to.
    pub(super) fn new(sticks: Sticks, front: Arc<dyn Front>) -> (Self, ToCut, [Visits; 2]) {
        let (cut, to_cut) = channel(1);
        let ((fetch, to_fetch), (report, to_report)) = (channel(1), channel(1));
        (Self { sticks, front, cut, halves: [fetch, report] }, to_cut, [to_fetch, to_report])
    }

    /// Until the run is over.
    pub(super) async fn run(mut self) {
        loop {
            // A stick that hangs must hold nobody up but whoever waits for it.
            let mut sticks = self.sticks;
            let Ok((back, (new, pulled))) = tokio::task::spawn_blocking(move || {
                let seen = sticks.look();
                (sticks, seen)
            })
            .await
            else {
                return;
            };
            self.sticks = back;
            if pulled {
                self.front.notice(None);
            }
            if let Some(stick) = new {
                self.say("USB: đang chép, chưa được rút", "Copying: do not pull the stick yet", None);
                match self.serve(&stick).await {
                    Ok(left) => {
                        tracing::info!(segments = left, "a stick was served");
                        self.say("USB: đã chép xong, rút được rồi", "Done: the stick may be pulled", None);
                    }
                    Err(error) => {
                        tracing::warn!("a stick was not served to the end: {error}");
                        let mend = "Not all was copied: pull the stick and put it in again";
                        self.say("USB: chưa chép hết, hãy rút ra rồi cắm lại", mend, Some(error));
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Returns how many segments were left on the stick.
    async fn serve(&self, stick: &Stick) -> Result<usize, String> {
        let over = |_| "the player stops".to_owned();
        let (done, cut) = oneshot::channel();
        self.cut.send(done).await.map_err(|_| "the player stops".to_owned())?;
        cut.await.map_err(over)?;
        let mut results = Vec::new();
        for half in &self.halves {
            let (done, result) = oneshot::channel();
            half.send(Visit { stick: stick.clone(), done }).await.map_err(|_| "the player stops".to_owned())?;
            results.push(result);
        }
        let mut left = 0;
        for result in results {
            left += result.await.map_err(over)??;
        }
        Ok(left)
    }

    fn say(&self, title: &str, line: &str, more: Option<String>) {
        self.front.notice(Some(&Notice {
            title: title.to_owned(),
            lines: std::iter::once(line.to_owned()).chain(more).collect(),
            qr: None,
            place: Place::Band,
            for_ms: Some(SAID_MS),
        }));
    }
}
