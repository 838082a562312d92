//! Moving the write-ahead log into the file, beside the writer.
//!
//! The thread copies the bulk on a connection of its own while writes go on. The log can begin anew only when every
//! page of it has been copied, and under steady writes it never quite has: so when little is left, the writer copies
//! the rest itself between two batches.

use super::open::FileName;
use super::options::Limits;
use super::written::Counts;
use crate::error::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Passes before the writer is asked to copy the rest, however much it is.
const PASSES_MAX: usize = 4;
/// A rest of so many pages is left to the writer.
const REST_MAX_PAGES: u32 = 400;

/// The writer's side. The thread has ended, and its connection is closed, when this is dropped: who has closed a file may
/// move it.
pub(super) struct Checkpointer {
    /// `None`: it is being dropped.
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Progress>,
    after_pages: u32,
}

struct Progress {
    /// Of the writer.
    written: Arc<Counts>,
    /// Set by the thread: the rest is the writer's.
    rest_is_small: AtomicBool,
}

impl Checkpointer {
    /// Starts the thread, and takes the automatic checkpoints off the writing connection.
    pub(super) fn start(
        writer: &mut Connection,
        path: &Path,
        file: &FileName,
        limits: Limits,
        written: Arc<Counts>,
    ) -> Result<Self, StoreError> {
        let conn = Connection::open(path)?;
        conn.busy_timeout(Duration::from_millis(limits.lock_wait_max_ms))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        let shared = Arc::new(Progress {
            written: Arc::clone(&written),
            rest_is_small: AtomicBool::new(false),
        });
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            written.committed(u32::try_from(pages).unwrap_or(0));
            Ok(())
        }))?;
        let (wake, woken) = sync_channel(1);
        let (progress, name) = (Arc::clone(&shared), file.clone());
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    copy_bulk(&conn, &progress, &name);
                }
            })
            .map_err(|e| StoreError::File {
                path: file.to_string(),
                reason: format!("no thread to checkpoint it: {e}"),
            })?;
        Ok(Self {
            wake: Some(wake),
            thread: Some(thread),
            shared,
            after_pages: limits.checkpoint_after_pages,
        })
    }

    /// Called between two batches, on the writer's thread.
    pub(super) fn after_commit(&self, writer: &Connection, file: &FileName) {
        if self.shared.rest_is_small.swap(false, Ordering::Relaxed) {
            if let Err(error) = copy(writer) {
                warn(file, error);
            }
        } else if self.shared.written.log_pages() >= self.after_pages {
            self.begin();
        }
    }

    /// Wakes the thread.
    pub(super) fn begin(&self) {
        // Full means that the thread is at it or about to be.
        let _full_is_fine = self.wake.as_ref().map(|wake| wake.try_send(()));
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.wake.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) {
            tracing::error!("the checkpointing thread ended in a panic");
        }
    }
}

/// Copies until little is left, on the thread's connection.
fn copy_bulk(conn: &Connection, progress: &Progress, file: &FileName) {
    for _ in 0..PASSES_MAX {
        match copy(conn) {
            Ok(copied) => {
                let rest = progress.written.log_pages().saturating_sub(copied);
                if rest <= REST_MAX_PAGES {
                    break;
                }
            }
            Err(error) => return warn(file, error),
        }
    }
    progress.rest_is_small.store(true, Ordering::Relaxed);
}

/// Copies what no reader still needs from the log; returns how many of the log's pages are in the file now.
fn copy(conn: &Connection) -> Result<u32, StoreError> {
    let copied: i64 = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))?;
    Ok(u32::try_from(copied).unwrap_or(0))
}

/// The log keeps everything; it grows until a later checkpoint succeeds.
fn warn(file: &FileName, error: StoreError) {
    let error = error.in_file(file);
    tracing::warn!(file = &**file, %error, "a checkpoint failed; the log grows until one succeeds");
}
