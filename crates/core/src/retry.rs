//! When to try again: exponential back-off with jitter, bounded.

use std::time::Duration;

/// How repeated failures are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure, before jitter.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
}

impl Backoff {
    /// The wait after the `failures`-th failure in a row (from 1), before jitter: doubling from `first` up to `max`.
    pub fn wait(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        self.first.saturating_mul(1 << doublings).min(self.max)
    }
}

/// A wait between half of `base` and `base`, in whole milliseconds: many that failed together do not return together, and
/// none waits longer than it would without jitter. `random`: 64 random bits.
pub fn jittered(base: Duration, random: u64) -> Duration {
    let half_ms = u64::try_from(base.as_millis() / 2).unwrap_or(u64::MAX);
    let spread_ms = random % half_ms.saturating_add(1);
    Duration::from_millis(half_ms.saturating_add(spread_ms))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
