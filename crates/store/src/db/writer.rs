//! The writing thread.

use super::checkpoint::Checkpointer;
use super::health::{Health, HealthCell};
use super::job::{Closure, Job};
use super::open::FileName;
use super::options::Limits;
use super::pulse::Pulse;
use super::session::Session;
use crate::error::StoreError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::Instant;

/// How often a store that does not accept writes tries one of its own.
const TRIAL_PERIOD: Duration = Duration::from_millis(500);

/// A place in the queue, given back when the job is released.
pub(super) type Permit = OwnedSemaphorePermit;

/// What the thread is sent.
enum Message {
    /// To be committed now, with whatever else waits.
    Job(Box<dyn Job>),
    /// To be committed with the next one, at the latest some time later.
    Along(Box<dyn Job>),
    /// The log is to be copied into the file.
    CopyLog,
    Close,
}

/// The handle to the writing thread.
pub(super) struct Writer {
    queue: SyncSender<Message>,
    permits: Arc<Semaphore>,
    queue_max: usize,
    pulse: Arc<Pulse>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        session: Session,
        checkpointer: Checkpointer,
        file: &FileName,
        health: Arc<HealthCell>,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        // Two places beyond the permits for `CopyLog` and `Close`, so that sending never blocks.
        let (queue, messages) = sync_channel(limits.queue_max_writes + 2);
        let pulse = Arc::new(Pulse::new(Duration::from_millis(limits.write_max_ms)));
        let thread = Loop {
            session,
            pulse: Arc::clone(&pulse),
            messages,
            health,
            checkpointer,
            limits,
            along: Vec::new(),
            along_due: None,
            file: file.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(|e| StoreError::File {
                path: file.to_string(),
                reason: format!("no thread to write it: {e}"),
            })?;
        Ok(Self {
            queue,
            permits: Arc::new(Semaphore::new(limits.queue_max_writes)),
            queue_max: limits.queue_max_writes,
            pulse,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Waits for a place in the queue; `None` when closed.
    pub(super) async fn permit(&self) -> Option<Permit> {
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    /// A place in the queue at once; the error tells whether the writer is closed, else the queue is full.
    pub(super) fn try_permit(&self) -> Result<Permit, bool> {
        Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|e| e == TryAcquireError::Closed)
    }

    /// Queues a job whose permit is held; false when the thread has ended.
    pub(super) fn queue(&self, job: Box<dyn Job>) -> bool {
        self.queue.try_send(Message::Job(job)).is_ok()
    }

    /// As [`Writer::queue`], for a job that waits for another one's commit.
    pub(super) fn queue_along(&self, job: Box<dyn Job>) -> bool {
        self.queue.try_send(Message::Along(job)).is_ok()
    }

    /// Has the log copied into the file, beside what is written meanwhile.
    pub(super) fn copy_log(&self) {
        // Fails when the thread has ended, which copies it too, or when it has been asked already.
        drop(self.queue.try_send(Message::CopyLog));
    }

    /// For how long the thread has been at one batch, when that is longer than a write may take.
    pub(super) fn stands_still(&self) -> Option<Duration> {
        self.pulse.stands_still()
    }

    pub(super) fn queued(&self) -> usize {
        self.queue_max - self.permits.available_permits()
    }

    /// Lets the thread finish what is queued and waits for its end.
    pub(super) async fn close(&self) {
        self.permits.close();
        let thread = self
            .thread
            .lock()
            .expect("no code panics with this lock")
            .take();
        let Some(thread) = thread else { return };
        // Fails only when the thread has ended already.
        drop(self.queue.try_send(Message::Close));
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::error!("the writing thread ended in a panic");
        }
    }
}

/// What the thread owns.
struct Loop {
    session: Session,
    pulse: Arc<Pulse>,
    messages: Receiver<Message>,
    health: Arc<HealthCell>,
    checkpointer: Checkpointer,
    limits: Limits,
    /// Jobs that wait for another one's commit, in their order, before all that is queued.
    along: Vec<Box<dyn Job>>,
    /// When they are committed by themselves.
    along_due: Option<Instant>,
    file: FileName,
}

impl Loop {
    fn run(mut self) {
        loop {
            let goes_on = match self.next() {
                Ok(Message::Job(job)) => self.batch(Some(job)),
                Ok(Message::Along(job)) => {
                    self.put_along(job);
                    true
                }
                Ok(Message::CopyLog) => {
                    self.checkpointer.begin();
                    true
                }
                Err(RecvTimeoutError::Timeout) if self.along_is_due() => self.batch(None),
                Err(RecvTimeoutError::Timeout) => {
                    self.trial();
                    true
                }
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => false,
            };
            if !goes_on {
                break;
            }
        }
        if !self.along.is_empty() {
            self.batch(None);
        }
    }

    /// What is queued; a timeout when it is time for what waits along, or for a trial.
    fn next(&self) -> Result<Message, RecvTimeoutError> {
        if self.along_is_due() {
            return Err(RecvTimeoutError::Timeout);
        }
        let is_well = self.health.get() == Health::Ok || self.session.is_crashed();
        let trial = (!is_well).then_some(TRIAL_PERIOD);
        let along = self.along_due.map(|due| due - Instant::now());
        match trial.into_iter().chain(along).min() {
            Some(wait) => self.messages.recv_timeout(wait),
            None => self
                .messages
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn put_along(&mut self, job: Box<dyn Job>) {
        self.along.push(job);
        let now = Instant::now();
        let latest = now + Duration::from_millis(self.limits.along_max_ms);
        let due = self.along_due.get_or_insert(latest);
        if self.along.len() >= self.limits.batch_max_writes {
            *due = now;
        }
    }

    fn along_is_due(&self) -> bool {
        self.along_due.is_some_and(|due| due <= Instant::now())
    }

    /// Runs one batch: what waits along comes first, since it was queued first. False when the store is to be closed.
    fn batch(&mut self, first: Option<Box<dyn Job>>) -> bool {
        let until = Instant::now() + Duration::from_micros(self.limits.batch_max_us);
        let mut goes_on = true;
        self.pulse.begin();
        let mut batch = self.session.batch();
        self.along_due = None;
        for job in self.along.drain(..) {
            batch.add(job);
        }
        if let Some(first) = first {
            batch.add(first);
        }
        while batch.is_open()
            && batch.len() < self.limits.batch_max_writes
            && Instant::now() < until
        {
            match self.messages.try_recv() {
                Ok(Message::Job(job) | Message::Along(job)) => batch.add(job),
                Ok(Message::CopyLog) => self.checkpointer.begin(),
                Ok(Message::Close) => {
                    goes_on = false;
                    break;
                }
                Err(_) => break,
            }
        }
        batch.finish();
        if let Ok(conn) = self.session.conn() {
            self.checkpointer.after_commit(conn, &self.file);
        }
        self.pulse.end();
        goes_on
    }

    /// A write of our own that needs space: commits it, and so finds out whether the disk takes writes again.
    fn trial(&mut self) {
        self.pulse.begin();
        for bytes in [TRIAL_BYTES, 0] {
            let mut batch = self.session.batch();
            batch.add(Box::new(Closure::new(
                move |conn: &rusqlite::Connection| {
                    conn.prepare_cached(
                        "INSERT INTO trial (one, filler) VALUES (1, zeroblob(?1)) \
                         ON CONFLICT (one) DO UPDATE SET filler = excluded.filler",
                    )?
                    .execute([bytes])?;
                    Ok(())
                },
                // The outcome shows in the store's health, which the batch has set.
                drop,
            )));
            batch.finish();
        }
        self.pulse.end();
    }
}

/// How much a trial writes: a delivery of average size finds room where this found it.
const TRIAL_BYTES: i64 = 256 * 1024;
