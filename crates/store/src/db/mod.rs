//! One SQLite file: one writer with group commit, a small pool of readers.
//!
//! Writers queue closures. The writing thread runs as many of them as wait, up to a count and a time, in one
//! transaction, commits with `synchronous=FULL`, and only then releases the waiters: one fsync for all of them. A closure
//! that fails rolls back its own savepoint and nobody else's.
//!
//! What this does not do: it never holds a transaction across an await (closures are synchronous), and it never retries
//! a closure, since it cannot know whether the closure is still wanted.

mod checkpoint;
mod fault;
mod health;
mod inline;
mod job;
mod open;
mod options;
mod pulse;
mod readers;
mod room;
mod session;
mod writer;
mod written;

#[cfg(test)]
mod tests;

pub use fault::{BeginFault, CommitFault, FaultPlan, NoFaults};
pub use health::Health;
pub use options::{DbOptions, Executor, Limits};
pub use written::Written;

pub(crate) use open::{FileName, Integrity, Schema, open_reader, quick_check, read_header};

use crate::error::StoreError;
use health::HealthCell;
use inline::Inline;
use job::{Closure, Ended, Job};
use rusqlite::Connection;
use session::Session;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use written::Counts;

/// A handle to one file. Cheap to clone; the file is closed when the last one is dropped.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    file: FileName,
    health: Arc<HealthCell>,
    written: Arc<Counts>,
    limits: Limits,
    runs: Runs,
}

/// Where closures run.
enum Runs {
    Thread {
        writer: writer::Writer,
        readers: readers::Readers,
    },
    Inline(Inline),
}

impl Db {
    /// Opens (or makes) the file, brings its schema up to date and checks it within the limits' time.
    ///
    /// # Errors
    /// The file is damaged, newer than this version, something else, or cannot be opened.
    pub(crate) fn open(
        path: &Path,
        options: DbOptions,
        schema: &'static Schema,
    ) -> Result<Self, StoreError> {
        let file = FileName::new(path, schema);
        let health = Arc::new(HealthCell::default());
        let mut conn = open::open_writer(path, &file, &options)?;
        let limits = options.limits;
        let written = Arc::<Counts>::default();
        let session = |conn| Session::new(conn, file.clone(), options.faults, Arc::clone(&health));
        let runs = match options.executor {
            Executor::Inline => {
                let along_max = Duration::from_millis(limits.along_max_ms);
                Runs::Inline(Inline::new(session(conn), along_max))
            }
            Executor::Thread => {
                let counts = Arc::clone(&written);
                let checkpointer =
                    checkpoint::Checkpointer::start(&mut conn, path, &file, limits, counts)
                        .map_err(|e| e.in_file(&file))?;
                let health = Arc::clone(&health);
                Runs::Thread {
                    writer: writer::Writer::start(
                        session(conn),
                        checkpointer,
                        &file,
                        health,
                        limits,
                    )?,
                    readers: readers::Readers::new(path, file.clone(), limits),
                }
            }
        };
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                file,
                health,
                written,
                limits,
                runs,
            }),
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// How many commits have written something since it was opened: what was read holds while there are no more. `None`:
    /// they are not counted (inline).
    pub(crate) fn commits(&self) -> Option<u64> {
        match &self.shared.runs {
            Runs::Thread { .. } => Some(self.shared.written.get().commits),
            Runs::Inline(_) => None,
        }
    }

    /// What was written to its log since it was opened.
    pub fn counts(&self) -> Written {
        self.shared.written.get()
    }

    /// The state that the last write found, or that the present one is in.
    pub fn health(&self) -> Health {
        match &self.shared.runs {
            Runs::Thread { writer, .. } if writer.stands_still().is_some() => Health::Stalled,
            _ => self.shared.health.get(),
        }
    }

    /// How many writes wait or run; zero when inline.
    #[cfg(test)]
    fn queued_writes(&self) -> usize {
        match &self.shared.runs {
            Runs::Thread { writer, .. } => writer.queued(),
            Runs::Inline(_) => 0,
        }
    }

    /// How many bytes the file can take yet: the disk's free space and the file's own free pages. `None` inline, where
    /// nothing may depend on the machine.
    pub(crate) async fn room(&self) -> Result<Option<u64>, StoreError> {
        if matches!(self.shared.runs, Runs::Inline(_)) {
            return Ok(None);
        }
        let (path, max_pages) = (self.shared.path.clone(), self.shared.limits.file_max_pages);
        let room = self
            .read(move |conn| room::of(conn, &path, max_pages))
            .await?;
        Ok(Some(room))
    }

    /// Begins to copy the write-ahead log into the file, beside what is written meanwhile: who is about to close the file
    /// leaves less to be copied then. Inline, whoever closes copies it all.
    pub fn copy_log(&self) {
        if let Runs::Thread { writer, .. } = &self.shared.runs {
            writer.copy_log();
        }
    }

    /// Finishes what is queued, then closes the file for all handles. Later calls answer [`StoreError::Closed`].
    pub async fn close(&self) {
        match &self.shared.runs {
            Runs::Thread { writer, readers } => {
                readers.close();
                writer.close().await;
            }
            Runs::Inline(inline) => inline.close(),
        }
        let closed = self.closed();
        self.shared.health.note(&self.shared.file, Err(&closed));
    }

    /// The process that has the file dies here, as a simulation has it: what waits for another's commit is lost, nobody is
    /// told, and no handle writes any more. Does nothing where closures run on threads.
    pub fn crash(&self) {
        if let Runs::Inline(inline) = &self.shared.runs {
            inline.crash();
        }
    }

    /// Runs a closure in the next batch; resolves after its commit. Waits while the queue is full, at most as long as a
    /// write may take, and answers [`StoreError::Busy`] at once while the disk stands still.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.shared.runs {
            Runs::Thread { writer, .. } => {
                self.refuse_if_still(writer)?;
                let written = async {
                    let permit = writer.permit().await.ok_or_else(|| self.closed())?;
                    self.queued(writer, permit, work).await
                };
                self.within(self.shared.limits.write_max_ms, Box::pin(written))
                    .await
            }
            Runs::Inline(inline) => self.inline(inline, work),
        }
    }

    /// Queues a closure for the next batch and returns. `done` is told how it ended after its commit, on the writing
    /// thread; inline, before this returns.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once when the queue is full, or the file is closed: then `done` is never told.
    pub(crate) fn post<T, F, D>(&self, work: F, done: D) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        self.posted(work, done, false)
    }

    /// `along`: it waits for the next write of others.
    fn posted<T, F, D>(&self, work: F, done: D, along: bool) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        let closed = self.closed();
        let file = self.shared.file.clone();
        let told = move |ended: Ended<T>| match ended {
            Ok(outcome) => done(outcome.map_err(|e| e.in_file(&file))),
            Err(_) => {
                tracing::error!(file = &*file, "a queued write panicked");
                done(Err(closed));
            }
        };
        match &self.shared.runs {
            Runs::Thread { writer, .. } => {
                let permit = writer.try_permit().map_err(|closed| {
                    if closed {
                        return self.closed();
                    }
                    StoreError::Busy {
                        file: self.shared.file.to_string(),
                        what: format!("{} writes wait already", writer.queued()),
                    }
                })?;
                let job = Closure::new(work, move |ended| {
                    told(ended);
                    drop(permit);
                });
                let is_queued = if along {
                    writer.queue_along(Box::new(job))
                } else {
                    writer.queue(Box::new(job))
                };
                is_queued.then_some(()).ok_or_else(|| self.closed())
            }
            Runs::Inline(inline) => {
                let job = Box::new(Closure::new(work, told));
                if along {
                    return inline.put_along(job);
                }
                inline.is_open()?;
                inline.run(job);
                Ok(())
            }
        }
    }

    /// As [`Db::write`], for what nobody waits for: it is committed with the next write of others, at the latest after
    /// [`Limits::along_max_ms`], and so costs no commit of its own where there are others. It keeps its place in the order
    /// of all writes.
    pub(crate) async fn write_along<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (send, outcome) = oneshot::channel();
        // A waiter that went away has no use for the outcome.
        self.post_along(work, move |ended| drop(send.send(ended)))?;
        self.written(async { outcome.await.unwrap_or_else(|_| Err(self.closed())) })
            .await
    }

    /// As [`Db::post`], for a closure that waits for the next write of others: see [`Db::write_along`].
    ///
    /// # Errors
    /// As [`Db::post`].
    pub(crate) fn post_along<T, F, D>(&self, work: F, done: D) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        self.posted(work, done, true)
    }

    /// Runs a closure on a read-only connection, in one snapshot of what is committed, within the limits' time.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let read = Box::pin(self.read_at_leisure(work));
        match &self.shared.runs {
            Runs::Thread { .. } => self.within(self.shared.limits.read_max_ms, read).await,
            Runs::Inline(_) => read.await,
        }
    }

    /// As [`Db::read`], however long it takes.
    pub(crate) async fn read_at_leisure<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let outcome = match &self.shared.runs {
            Runs::Thread { readers, .. } => readers.run(work).await,
            Runs::Inline(inline) => inline.read(work),
        };
        outcome.map_err(|e| {
            let error = e.in_file(&self.shared.file);
            if matches!(error, StoreError::Corrupt { .. }) {
                self.shared.health.note(&self.shared.file, Err(&error));
            }
            error
        })
    }

    /// The deadline of whatever waits for the disk.
    async fn within<T>(
        &self,
        max_ms: u64,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let ended = tokio::time::timeout(Duration::from_millis(max_ms), work).await;
        ended.unwrap_or_else(|_| {
            Err(StoreError::Stalled {
                file: self.shared.file.to_string(),
                max_ms,
            })
        })
    }

    /// Waits for what [`Db::post`] has queued, as long as a write may take.
    pub(crate) async fn written<T>(
        &self,
        outcome: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.within(self.shared.limits.write_max_ms, outcome).await
    }

    /// [`StoreError::Busy`] while the disk stands still.
    pub(crate) fn moves(&self) -> Result<(), StoreError> {
        match &self.shared.runs {
            Runs::Thread { writer, .. } => self.refuse_if_still(writer),
            Runs::Inline(_) => Ok(()),
        }
    }

    fn refuse_if_still(&self, writer: &writer::Writer) -> Result<(), StoreError> {
        match writer.stands_still() {
            None => Ok(()),
            Some(busy) => Err(StoreError::Busy {
                file: self.shared.file.to_string(),
                what: format!("the disk has been at one write for {} ms", busy.as_millis()),
            }),
        }
    }

    async fn queued<T, F>(
        &self,
        writer: &writer::Writer,
        permit: writer::Permit,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (send, ended) = oneshot::channel();
        let job = Closure::new(work, move |outcome| {
            // A waiter that went away has no use for the outcome.
            drop(send.send(outcome));
            drop(permit);
        });
        if !writer.queue(Box::new(job)) {
            return Err(self.closed());
        }
        match ended.await {
            Ok(ended) => self.finish(ended),
            Err(_) => Err(self.closed()),
        }
    }

    fn inline<T, F>(&self, inline: &Inline, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (send, mut ended) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Closure::new(work, move |outcome| {
            drop(send.send(outcome));
        }));
        inline.run(job);
        self.finish(
            ended
                .try_recv()
                .expect("a finished batch has released its jobs"),
        )
    }

    fn finish<T>(&self, ended: Ended<T>) -> Result<T, StoreError> {
        match ended {
            Ok(outcome) => outcome.map_err(|e| e.in_file(&self.shared.file)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn closed(&self) -> StoreError {
        StoreError::Closed {
            file: self.shared.file.to_string(),
        }
    }
}
