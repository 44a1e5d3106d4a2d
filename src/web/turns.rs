//! Work of seconds, in turn: figures over a large fleet hold a thread and a reader of the store, so few are made at once.

use tokio::sync::Semaphore;

/// Reports that are made at once. Who comes later waits.
pub(super) static TURNS: Semaphore = Semaphore::const_new(2);

/// Never on a thread that answers, and when it is its turn.
///
/// # Errors
/// In words: the work panicked, or the program ends.
pub(super) async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let turn = TURNS.acquire().await.map_err(|error| error.to_string())?;
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn; // kept by the work itself: who hangs up meanwhile makes no room
        work()
    });
    done.await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn two_reports_are_made_at_once_and_who_hangs_up_makes_no_room() {
        let (begun, begins) = channel();
        let report = |n: u32| {
            let (begun, (end, ends)) = (begun.clone(), channel::<()>());
            let work = move || {
                let _ = begun.send(n);
                let _ = ends.recv();
            };
            (Box::pin(in_turn(work)), end)
        };
        let ((mut one, first), (mut two, second), (mut three, third)) = (report(1), report(2), report(3));
        assert!([&mut one, &mut two, &mut three].into_iter().all(|report| report.now_or_never().is_none()));
        drop((one, two));
        let mut both = [begins.recv().unwrap(), begins.recv().unwrap()];
        both.sort_unstable();
        assert_eq!((both, TURNS.available_permits()), ([1, 2], 0));
        assert!((&mut three).now_or_never().is_none() && begins.try_recv().is_err());
        drop((first, third));
        three.await.unwrap();
        assert_eq!(begins.recv().unwrap(), 3);
        drop(second);
    }
}
