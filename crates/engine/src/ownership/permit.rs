//! Whether an attempt may begin, and when it must have ended.

use std::fmt;
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use twinline_core::handles::BootClock;
use twinline_core::ownership::BootTime;
use twinline_trackers::TrackerError;

/// Until when attempts at trackers may begin, under one lease and for one ownership of a group. Cheap to clone; clones are
/// one permit. Once the lease or the ownership is lost it never allows anything again: whoever owns the group anew has another
/// permit, so that work which was begun under the lost one, and has not been ended yet, does not go on under the new one.
///
/// It is asked right before each attempt, and an attempt that has had its time does nothing more, also where its process
/// stood still meanwhile. A process that is paused between such a look and its send can still write once: no lease can
/// prevent that; compare-and-swap narrows it where the tracker has it.
#[derive(Clone)]
pub struct Permit {
    /// Of the lease.
    until: Arc<AtomicU64>,
    /// Of the ownership.
    over: Arc<AtomicBool>,
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
            over: Arc::default(),
            lease: None,
        }
    }

    /// That of a lease, which has not begun. Attempts under it are given up after `attempt`.
    pub fn leased(clock: Arc<dyn BootClock>, attempt: Duration) -> Self {
        Self {
            until: Arc::default(),
            over: Arc::default(),
            lease: Some(Lease { clock, attempt }),
        }
    }

    /// One under the same lease, for one ownership.
    pub(super) fn of_ownership(&self) -> Self {
        Self {
            over: Arc::default(),
            ..self.clone()
        }
    }

    /// Whether an attempt may begin now.
    pub fn allows(&self) -> bool {
        if self.over.load(Ordering::Acquire) {
            return false;
        }
        let until = self.until.load(Ordering::Acquire);
        self.lease
            .as_ref()
            .is_none_or(|lease| lease.clock.now().as_millis() <= until && until > 0)
    }

    /// Whether the ownership is over: it allows nothing ever again.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Makes an attempt, if it may begin now: right before it is sent. Under a lease it is given up when it has had its
    /// time; then its outcome is unknown.
    pub(crate) async fn attempt<T>(
        &self,
        attempt: impl Future<Output = Result<T, TrackerError>>,
    ) -> Result<T, TrackerError> {
        let last = self.begin()?;
        self.attempt_begun_later(ready(()), || last, attempt).await
    }

    /// Begins an attempt now, if it may begin: when it must have ended. `None`: nobody else could own anything.
    pub(crate) fn begin(&self) -> Result<Option<BootTime>, TrackerError> {
        let Some(lease) = &self.lease else {
            return Ok(None);
        };
        if !self.allows() {
            return Err(TrackerError::Busy {
                reason: "whether this host still owns the node is not certain".to_owned(),
                after: lease.attempt,
                whole: false,
            });
        }
        Ok(Some(lease.clock.now().plus(lease.attempt)))
    }

    /// Makes an attempt that begins later, in [`Self::begin`]: `begun` ends then, and `last` gives what it gave. From then
    /// on it is given up when it has had its time.
    pub(crate) async fn attempt_begun_later<T>(
        &self,
        begun: impl Future<Output = ()>,
        last: impl Fn() -> Option<BootTime>,
        attempt: impl Future<Output = Result<T, TrackerError>>,
    ) -> Result<T, TrackerError> {
        let Some(lease) = &self.lease else {
            return attempt.await;
        };
        let mut attempt = pin!(attempt);
        // By the boot-time clock too, and before anything is sent: after a machine's sleep, or a pause of this process, the
        // timer has as much left as it had, and the attempt is asked before its timer is.
        let in_time = poll_fn(|context| {
            if last().is_some_and(|last| lease.clock.now() > last) {
                return Poll::Ready(None);
            }
            attempt.as_mut().poll(context).map(Some)
        });
        let late = async {
            begun.await;
            tokio::time::sleep(lease.attempt).await;
        };
        let ended = tokio::select! {
            biased;
            ended = in_time => ended,
            () = late => None,
        };
        ended.unwrap_or_else(|| {
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

    /// The ownership is over, for good.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// The lease is over, and with it all ownerships under it. For good: a lease that is lost is not extended.
    pub(super) fn end_lease(&self) {
        self.until.store(0, Ordering::Release);
        self.end();
    }
}

/// Two are equal when they are one.
impl PartialEq for Permit {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.over, &other.over)
    }
}

impl Eq for Permit {}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.load(Ordering::Relaxed);
        f.debug_struct("Permit").field("until_ms", &until).finish()
    }
}

#[cfg(test)]
mod tests;
