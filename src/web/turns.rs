//! Work of seconds, in turn: figures over a large fleet hold a thread and a reader of the store, so few are made at once, few wait for
//! their turn, and whoever comes then is told so at once. A hundred wards that ask in one minute cost no more than a few.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Reports that are made at once.
const TURNS: usize = 2;
/// And that wait for it.
const WAITING: usize = 16;
/// Seconds after which who had to go away may come again.
pub(super) const COME_AGAIN_S: u32 = 10;

/// Turns of one server.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    /// Of those that are made.
    making: Arc<Semaphore>,
    /// Of these and those that wait.
    places: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { making: Arc::new(Semaphore::new(TURNS)), places: Arc::new(Semaphore::new(TURNS + WAITING)) }
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// So many wait already.
    Busy,
    /// In words: the work panicked, or the program ends.
    Failed(String),
}

impl Turns {
    /// Never on a thread that answers, and when it is its turn.
    ///
    /// # Errors
    /// Too many wait, or the work was cut short.
    pub(super) async fn take<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NoTurn> {
        let failed = |error: &dyn std::fmt::Display| NoTurn::Failed(error.to_string());
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NoTurn::Busy)?;
        let turn = Arc::clone(&self.making).acquire_owned().await.map_err(|error| failed(&error))?;
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn); // kept by the work itself: who hangs up meanwhile makes no room
            work()
        });
        done.await.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn two_reports_are_made_at_once_few_wait_and_who_hangs_up_makes_no_room() {
        let (turns, (begun, begins)) = (Turns::default(), channel());
        let report = |n: usize| {
            let (begun, (end, ends)) = (begun.clone(), channel::<()>());
            let work = move || {
                let _ = begun.send(n);
                let _ = ends.recv();
            };
            let turns = turns.clone();
            (Box::pin(async move { turns.take(work).await }), end)
        };
        let ((mut one, first), (mut two, second)) = (report(1), report(2));
        let (mut waiting, ends): (Vec<_>, Vec<_>) = (3..3 + WAITING).map(report).unzip();
        assert!([&mut one, &mut two].into_iter().chain(&mut waiting).all(|report| report.now_or_never().is_none()));
        let (mut late, _) = report(99);
        assert_eq!((&mut late).now_or_never(), Some(Err(NoTurn::Busy)), "who comes then is told at once");
        drop((one, two));
        let mut both = [begins.recv().unwrap(), begins.recv().unwrap()];
        both.sort_unstable();
        assert_eq!((both, turns.making.available_permits()), ([1, 2], 0));
        assert!(waiting.iter_mut().all(|report| report.now_or_never().is_none()) && begins.try_recv().is_err());
        assert_eq!(report(98).0.now_or_never(), Some(Err(NoTurn::Busy)), "who hung up is still worked for");
        drop((first, second, ends));
        for report in waiting {
            report.await.unwrap();
        }
        let mut all: Vec<usize> = begins.try_iter().collect();
        all.sort_unstable();
        assert_eq!(all, (3..3 + WAITING).collect::<Vec<_>>(), "whoever waited had his turn");
        // those that nobody waited for any more end in their own time: this waits until every place is back
        drop(turns.places.acquire_many((TURNS + WAITING) as u32).await.unwrap());
    }
}
