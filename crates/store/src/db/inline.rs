//! Closures that run on their caller, for simulation: one commit each, but for those that wait for another's.
//!
//! What waits is in memory only, as on the writing thread: a process that is killed or dies at a commit loses it.

use super::job::Job;
use super::session::Session;
use crate::error::StoreError;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::runtime::Handle;

/// See the module.
pub(super) struct Inline {
    inner: Arc<Mutex<Inner>>,
    /// How long a job waits for another's commit.
    along_max: Duration,
    /// The runtime that the file was opened in, whose time it is.
    runtime: Option<Handle>,
}

struct Inner {
    session: Session,
    /// Jobs that wait for another one's commit, in their order.
    along: Vec<Box<dyn Job>>,
    /// How many batches there were.
    batches: u64,
}

impl Inline {
    /// Outside of a runtime what waits is committed by another's commit or by closing alone.
    pub(super) fn new(session: Session, along_max: Duration) -> Self {
        let inner = Inner {
            session,
            along: Vec::new(),
            batches: 0,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            along_max,
            runtime: Handle::try_current().ok(),
        }
    }

    /// Runs a job, behind all that waits, and commits.
    pub(super) fn run(&self, job: Box<dyn Job>) {
        lock(&self.inner).batch(Some(job));
    }

    /// Keeps a job until the next commit, or until its time is over.
    ///
    /// # Errors
    /// The file is closed, or its process has died.
    pub(super) fn put_along(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut inner = lock(&self.inner);
        inner.session.conn().map(drop)?;
        inner.along.push(job);
        if let (1, Some(runtime)) = (inner.along.len(), &self.runtime) {
            let (batch, wait) = (inner.batches, self.along_max);
            let inner = Arc::downgrade(&self.inner);
            runtime.spawn(async move {
                tokio::time::sleep(wait).await;
                // All handles are dropped: its process was killed.
                let Some(inner) = inner.upgrade() else { return };
                let mut inner = lock(&inner);
                if inner.batches == batch {
                    inner.batch(None);
                }
            });
        }
        Ok(())
    }

    /// Reads what is committed.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        lock(&self.inner).session.conn().and_then(work)
    }

    /// Why nothing can be queued any more.
    pub(super) fn is_open(&self) -> Result<(), StoreError> {
        lock(&self.inner).session.conn().map(drop)
    }

    /// Commits what waits, and lets the file go.
    pub(super) fn close(&self) {
        let mut inner = lock(&self.inner);
        if !inner.along.is_empty() {
            inner.batch(None);
        }
        inner.session.close();
    }

    /// The process dies: what waits is lost, nobody is told, and nothing is written any more.
    pub(super) fn crash(&self) {
        let mut inner = lock(&self.inner);
        inner.along.clear();
        inner.session.die();
    }
}

impl Inner {
    fn batch(&mut self, job: Option<Box<dyn Job>>) {
        self.batches += 1;
        let mut batch = self.session.batch();
        for job in self.along.drain(..).chain(job) {
            batch.add(job);
        }
        batch.finish();
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().expect("jobs catch their panics")
}
