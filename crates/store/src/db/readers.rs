//! A small pool of read-only connections.

use super::open::{FileName, open_reader};
use super::options::Limits;
use crate::error::StoreError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The pool. Connections are opened when first needed and kept.
pub(super) struct Readers {
    path: PathBuf,
    file: FileName,
    lock_wait: Duration,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: &Path, file: FileName, limits: Limits) -> Self {
        Self {
            path: path.to_owned(),
            file,
            lock_wait: Duration::from_millis(limits.lock_wait_max_ms),
            permits: Arc::new(Semaphore::new(limits.readers_max)),
            idle: Arc::default(),
        }
    }

    pub(super) fn close(&self) {
        self.permits.close();
        self.idle
            .lock()
            .expect("no code panics with this lock")
            .clear();
    }

    /// Runs a closure on a blocking thread of the runtime.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
            return Err(StoreError::Closed {
                file: self.file.to_string(),
            });
        };
        let (path, lock_wait, idle) = (self.path.clone(), self.lock_wait, Arc::clone(&self.idle));
        let reading = tokio::task::spawn_blocking(move || {
            let kept = idle.lock().expect("no code panics with this lock").pop();
            let conn = match kept {
                Some(conn) => conn,
                None => open_reader(&path, lock_wait)?,
            };
            let outcome = snapshot(&conn, work);
            // A connection that still holds a snapshot would keep the log from being reset: let it go.
            if conn.is_autocommit() && !permit.semaphore().is_closed() {
                idle.lock()
                    .expect("no code panics with this lock")
                    .push(conn);
            }
            outcome
        });
        match reading.await {
            Ok(outcome) => outcome,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Closed {
                    file: self.file.to_string(),
                }),
            },
        }
    }
}

/// All statements of one read see the same commit.
fn snapshot<T>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let outcome = work(conn);
    conn.prepare_cached("COMMIT")?.execute([])?;
    outcome
}
