//! One queued closure: run inside a batch, released after its commit.

use crate::error::StoreError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// What the writer sees of a closure.
pub(super) trait Job: Send {
    /// Runs the closure once. An error means that its part of the transaction is to be rolled back.
    fn run(&mut self, conn: &Connection) -> Result<(), Failed>;

    /// Tells the waiter how it ended. `committed` is the outcome of the batch.
    fn release(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Why a closure's part is to be rolled back.
pub(super) enum Failed {
    /// It returned an error.
    Error(StoreError),
    /// It panicked; the panic goes on in the waiter.
    Panic,
}

/// How a closure ended, panics included: they go on in the one who asked, not in the writer.
pub(super) type Ended<T> = thread::Result<Result<T, StoreError>>;

/// A closure with the place to send its outcome.
pub(super) struct Closure<T, F, S> {
    work: Option<F>,
    outcome: Option<Ended<T>>,
    send: S,
}

impl<T, F, S> Closure<T, F, S> {
    pub(super) const fn new(work: F, send: S) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            send,
        }
    }
}

impl<T, F, S> Job for Closure<T, F, S>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
    S: FnOnce(Ended<T>) + Send,
{
    fn run(&mut self, conn: &Connection) -> Result<(), Failed> {
        let work = self.work.take().expect("a job runs once");
        let outcome = catch_unwind(AssertUnwindSafe(|| work(conn)));
        let failed = match &outcome {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failed::Error(error.clone())),
            Err(_) => Err(Failed::Panic),
        };
        self.outcome = Some(outcome);
        failed
    }

    fn release(self: Box<Self>, committed: Result<(), StoreError>) {
        // A closure's own failure is more telling than its batch's.
        let ended = match (self.outcome, committed) {
            (Some(Ok(Ok(value))), Ok(())) => Ok(Ok(value)),
            (Some(Ok(Ok(_))) | None, Err(error)) => Ok(Err(error)),
            (Some(failed), _) => failed,
            (None, Ok(())) => unreachable!("a batch that committed has run all its jobs"),
        };
        (self.send)(ended);
    }
}
