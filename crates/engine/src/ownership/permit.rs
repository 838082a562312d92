//! Whether an attempt may begin, and when it must have ended.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use twinline_core::handles::BootClock;
use twinline_core::ownership::BootTime;
use twinline_trackers::TrackerError;

/// Until when attempts at trackers may begin. Cheap to clone; clones are one permit.
///
/// It is asked right before each attempt, and an attempt that has had its time does nothing more, also where its process
/// stood still meanwhile. A process that is paused between such a look and its send can still write once: no lease can
/// prevent that; compare-and-swap narrows it where the tracker has it.
#[derive(Clone)]
pub struct Permit {
    until: Arc<AtomicU64>,
    lease: Option<Lease>,
}

#[derive(Clone)]
struct Lease {
    clock: Arc<dyn BootClock>,
    /// Every attempt ends within this.
    attempt: Duration,
}

impl Permit {
    /// On one machine: nobody else could own anything.
    pub fn always() -> Self {
        Self {
            until: Arc::default(),
            lease: None,
        }
    }

    /// One that has not begun. Attempts under it are given up after `attempt`.
    pub fn leased(clock: Arc<dyn BootClock>, attempt: Duration) -> Self {
        Self {
            until: Arc::default(),
            lease: Some(Lease { clock, attempt }),
        }
    }

    /// Whether an attempt may begin now.
    pub fn allows(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        self.lease
            .as_ref()
            .is_none_or(|lease| lease.clock.now().as_millis() <= until && until > 0)
    }

    /// Makes an attempt, if it may begin now: right before it is sent. Under a lease it is given up when it has had its
    /// time; then its outcome is unknown.
    pub(crate) async fn attempt<T>(
        &self,
        attempt: impl Future<Output = Result<T, TrackerError>>,
    ) -> Result<T, TrackerError> {
        let Some(lease) = &self.lease else {
            return attempt.await;
        };
        if !self.allows() {
            return Err(TrackerError::Busy {
                reason: "whether this host still owns the node is not certain".to_owned(),
                after: lease.attempt,
                whole: false,
            });
        }
        let end = lease.clock.now().plus(lease.attempt);
        let mut attempt = pin!(attempt);
        // Whoever stood still in the middle of it goes on here, perhaps long after: then it must send nothing more, before
        // any timer is looked at.
        let in_time = poll_fn(|context| {
            if lease.clock.now() > end {
                Poll::Ready(None)
            } else {
                attempt.as_mut().poll(context).map(Some)
            }
        });
        let ended = tokio::time::timeout(lease.attempt, in_time).await;
        ended.ok().flatten().unwrap_or_else(|| {
            Err(TrackerError::Unknown {
                reason: format!(
                    "given up after {} ms (ownership.attempt_ms)",
                    lease.attempt.as_millis()
                ),
            })
        })
    }

    /// Attempts may begin up to and including `last`.
    pub(super) fn extend(&self, last: BootTime) {
        self.until.fetch_max(last.as_millis(), Ordering::AcqRel);
    }

    /// No attempt may begin any more, until it is extended.
    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.load(Ordering::Relaxed);
        f.debug_struct("Permit").field("until_ms", &until).finish()
    }
}

#[cfg(test)]
mod tests;
