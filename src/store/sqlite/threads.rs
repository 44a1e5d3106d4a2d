//! The threads that hold connections, and the jobs they run.

use crate::error::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Jobs in one commit, at most.
const GROUP_JOBS: usize = 512;
/// A group that has run for so long takes no further job.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// Tells the caller, once it is known whether the commit reached the disk.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs the job, or answers that there was no transaction to run it in.
type Run = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Result<Answer, (StoreError, Answer)> + Send>;

/// One transaction's worth of work, with the way back to who asked.
pub(super) struct WriteJob(Run);

impl WriteJob {
    pub(super) fn new<T, F>(job: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (tell, answer) = oneshot::channel();
        // the receiver may be gone by the time of the answer: the job counts all the same
        let run = move |conn: Result<&Connection, StoreError>| match conn.and_then(|conn| guarded(job, conn)) {
            Ok(value) => Ok(Box::new(move |commit: Result<(), StoreError>| {
                let _ = tell.send(commit.map(|()| value));
            }) as Answer),
            Err(error) => {
                let told = error.clone();
                Err((error, Box::new(move |_| drop(tell.send(Err(told)))) as Answer))
            }
        };
        (Self(Box::new(run)), answer)
    }
}

/// One read, with the way back inside it.
pub(super) type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

pub(super) fn read_job<T, F>(job: F) -> (ReadJob, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
{
    let (tell, answer) = oneshot::channel();
    let run = move |conn: &Connection| {
        let result = match conn.is_autocommit() {
            true => step(conn, "BEGIN").and_then(|()| {
                let value = guarded(job, conn);
                step(conn, "ROLLBACK").and(value) // nothing was written
            }),
            false => guarded(job, conn), // in the transaction of a moment
        };
        let _ = tell.send(result);
    };
    (Box::new(run), answer)
}

/// A reader in one transaction, until every sender is gone: all of its jobs see the state that is there now.
pub(super) fn start_moment(conn: Connection, jobs: mpsc::Receiver<ReadJob>) -> Result<(), StoreError> {
    step(&conn, "BEGIN")?;
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?; // the first read fixes the moment
    spawn("store-moment", move || {
        // what the engine has undone by itself (a full disk) is a moment no more: nobody is answered from another one
        while let (false, Ok(job)) = (conn.is_autocommit(), jobs.recv()) {
            job(&conn);
        }
    })
}

/// A word of a transaction; thousands a second, so it is not parsed each time.
fn step(conn: &Connection, word: &str) -> Result<(), StoreError> {
    conn.prepare_cached(word)?.execute([])?;
    Ok(())
}

/// A panic in a job is that job's error; the thread and its connection live on.
fn guarded<T>(job: impl FnOnce(&Connection) -> Result<T, StoreError>, conn: &Connection) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(|| job(conn)))
        .unwrap_or_else(|_| Err(StoreError::Engine("a job of the program panicked; this is a defect".to_owned())))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| StoreError::Engine(format!("cannot start a thread: {error}")))
}

/// Ends when every sender is gone.
pub(super) fn start_readers(connections: Vec<Connection>, jobs: mpsc::Receiver<ReadJob>) -> Result<(), StoreError> {
    let jobs = Arc::new(Mutex::new(jobs));
    for conn in connections {
        let jobs = Arc::clone(&jobs);
        spawn("store-reader", move || {
            loop {
                // the guard is dropped before the job runs, so readers run side by side
                let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                match next {
                    Ok(job) => job(&conn),
                    Err(_) => return,
                }
            }
        })?;
    }
    Ok(())
}

/// Ends when every sender is gone and the last job is committed.
pub(super) fn start_writer(mut conn: Connection, jobs: mpsc::Receiver<WriteJob>) -> Result<(), StoreError> {
    spawn("store-writer", move || {
        while let Ok(first) = jobs.recv() {
            commit_group(&mut conn, first, &jobs);
        }
    })
}

fn commit_group(conn: &mut Connection, first: WriteJob, jobs: &mpsc::Receiver<WriteJob>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let outcome = match conn.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(tx) => {
            run_group(&tx, first, jobs, &mut done, &mut failed).and_then(|()| tx.commit().map_err(StoreError::from))
        }
        Err(error) => {
            let WriteJob(refuse) = first;
            failed.extend(refuse(Err(error.into())).err().map(|(_, answer)| answer));
            Ok(())
        }
    };
    for answer in failed {
        answer(Ok(()));
    }
    for answer in done {
        answer(outcome.clone());
    }
}

/// Runs `first` and what else waits, each in its savepoint. An error means that the whole
/// transaction is lost, and with it what is in `done`.
fn run_group(
    tx: &Connection,
    first: WriteJob,
    jobs: &mpsc::Receiver<WriteJob>,
    done: &mut Vec<Answer>,
    failed: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let began = Instant::now();
    let mut next = Some(first);
    while let Some(WriteJob(run)) = next.take() {
        let savepoint = step(tx, "SAVEPOINT job");
        match run(savepoint.map(|()| tx)) {
            Ok(answer) => {
                done.push(answer);
                step(tx, "RELEASE job")?;
            }
            Err((error, answer)) => {
                failed.push(answer);
                // a full disk makes SQLite undo the whole transaction, not this job alone
                if tx.is_autocommit() {
                    return Err(error);
                }
                tx.execute_batch("ROLLBACK TO job; RELEASE job")?;
            }
        }
        if done.len() + failed.len() < GROUP_JOBS && began.elapsed() < GROUP_TIME {
            next = jobs.try_recv().ok();
        }
    }
    Ok(())
}
