//! Work of seconds, in turn: figures over a large fleet hold a thread and a reader of the store, so few are made at once, few wait for
//! their turn, and whoever comes then is told so at once. A hundred wards that ask in one minute cost no more than a few.

use crate::people::AccountCode;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Reports that are made at once.
const TURNS: usize = 2;
/// And that wait for it.
const WAITING: usize = 16;
/// Of all these, one account has so many at most.
const PER_ACCOUNT: usize = 3;
/// Seconds after which who had to go away may come again.
pub(super) const COME_AGAIN_S: u32 = 10;

/// Turns of one server.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    /// Of those that are made.
    making: Arc<Semaphore>,
    /// Of these and those that wait.
    places: Arc<Semaphore>,
    /// Places by account.
    own: Arc<Mutex<BTreeMap<AccountCode, usize>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(TURNS)
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// So many wait already.
    Busy,
    /// So many of his own wait already.
    Own,
    /// In words: the work panicked, or the program ends.
    Failed(String),
}

/// One of an account's places, until it is dropped.
struct Own {
    of: AccountCode,
    all: Arc<Mutex<BTreeMap<AccountCode, usize>>>,
}

impl Drop for Own {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = all.get_mut(&self.of) {
            *mine -= 1;
            if *mine == 0 {
                all.remove(&self.of);
            }
        }
    }
}

impl Turns {
    /// So many at once.
    pub(super) fn new(at_once: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once + WAITING));
        Self { making: Arc::new(Semaphore::new(at_once)), places, own: Arc::default() }
    }

    fn own(&self, account: &AccountCode) -> Option<Own> {
        let mut all = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(account).is_some_and(|mine| *mine >= PER_ACCOUNT) {
            return None;
        }
        *all.entry(account.clone()).or_default() += 1;
        Some(Own { of: account.clone(), all: Arc::clone(&self.own) })
    }

    /// Never on a thread that answers, and when it is its turn; `account` is who wants it.
    ///
    /// # Errors
    /// Too many wait, of all or of his own, or the work was cut short.
    pub(super) async fn take<T: Send + 'static>(
        &self,
        account: &AccountCode,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoTurn> {
        let failed = |error: &dyn std::fmt::Display| NoTurn::Failed(error.to_string());
        let own = self.own(account).ok_or(NoTurn::Own)?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NoTurn::Busy)?;
        let turn = Arc::clone(&self.making).acquire_owned().await.map_err(|error| failed(&error))?;
        let done = tokio::task::spawn_blocking(move || {
            let _held = (own, place, turn); // kept by the work itself: who hangs up meanwhile makes no room
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
            let (turns, account) = (turns.clone(), AccountCode::new(&format!("ward-{n}")).unwrap());
            (Box::pin(async move { turns.take(&account, work).await }), end)
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

    #[tokio::test]
    async fn one_account_has_three_places_and_leaves_the_others_theirs() {
        let (turns, one, other) =
            (Turns::default(), AccountCode::new("one").unwrap(), AccountCode::new("other").unwrap());
        let ends: Vec<_> = (0..PER_ACCOUNT)
            .map(|_| {
                let ((end, ends), turns, one) = (channel::<()>(), turns.clone(), one.clone());
                let work = move || {
                    let _ = ends.recv();
                };
                let mut taken = Box::pin(async move { turns.take(&one, work).await });
                assert!((&mut taken).now_or_never().is_none());
                (taken, end)
            })
            .collect();
        assert_eq!(turns.take(&one, || ()).now_or_never(), Some(Err(NoTurn::Own)));
        let his = turns.take(&other, || 7);
        for (taken, end) in ends {
            drop(end);
            taken.await.unwrap();
        }
        assert_eq!(his.await, Ok(7));
        assert_eq!(turns.take(&one, || 8).await, Ok(8), "and has them again");
        assert!(turns.own.lock().unwrap().is_empty());
    }
}
