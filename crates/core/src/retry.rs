//! When to try again: exponential back-off with jitter, bounded, and never before a tracker's `Retry-After`.

use std::time::Duration;

/// How attempts are spaced and when they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first failure, before jitter.
    pub first: Duration,
    /// No delay is longer than this, `Retry-After` aside.
    pub max: Duration,
    /// A `Retry-After` is believed up to this.
    pub max_retry_after: Duration,
    /// After this many failures it is given up; the sweep or a person tries again later.
    pub max_attempts: u32,
}

impl Backoff {
    /// For writes to a tracker: 1 s, 2 s, 4 s … 5 min, twelve attempts, in all about half an hour.
    pub const TRACKER: Self = Self {
        first: Duration::from_secs(1),
        max: Duration::from_secs(300),
        max_retry_after: Duration::from_secs(3600),
        max_attempts: 12,
    };

    /// How long to wait after the `failures`-th failure (from 1); `None`: give up. `random` is 64 random bits: the delay
    /// lies between half and the whole of the exponential one, so that many twins that failed together do not return
    /// together. With `retry_after` it lies at or up to an eighth above that.
    pub fn delay(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        random: u64,
    ) -> Option<Duration> {
        if failures >= self.max_attempts {
            return None;
        }
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.max);
        let jittered = whole / 2 + fraction(whole / 2, random);
        let Some(asked) = retry_after else {
            return Some(jittered);
        };
        let asked = asked.min(self.max_retry_after);
        Some(jittered.max(asked + fraction(asked / 8, random)))
    }
}

/// `random / 2^64` of a duration, in whole milliseconds.
fn fraction(duration: Duration, random: u64) -> Duration {
    let millis = (duration.as_millis() * u128::from(random)) >> 64;
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
