//! Noticing that the disk stands still: since when the writer has been at its present batch.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// Set by the writer, read by everyone.
#[derive(Debug)]
pub(super) struct Pulse {
    limit: Duration,
    busy_since: Mutex<Option<Instant>>,
}

impl Pulse {
    pub(super) const fn new(limit: Duration) -> Self {
        Self {
            limit,
            busy_since: Mutex::new(None),
        }
    }

    /// A batch begins.
    pub(super) fn begin(&self) {
        self.set(Some(Instant::now()));
    }

    /// Its commit has ended, one way or the other.
    pub(super) fn end(&self) {
        self.set(None);
    }

    fn set(&self, since: Option<Instant>) {
        *self
            .busy_since
            .lock()
            .expect("no code panics with this lock") = since;
    }

    /// For how long the writer has been at one batch, when that is longer than a write may take.
    pub(super) fn stands_still(&self) -> Option<Duration> {
        let since = *self
            .busy_since
            .lock()
            .expect("no code panics with this lock");
        since
            .map(|since| since.elapsed())
            .filter(|busy| *busy > self.limit)
    }
}
