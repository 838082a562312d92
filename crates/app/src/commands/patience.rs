//! Asking again for what a host answers it cannot look at now: since a tracker's limits have no room for it, or fails.

use serde::Deserialize;
use std::time::Duration;

/// How often in a row it may fail.
const FAILURES_MAX: u32 = 12;
/// The longest wait of our own between two tries of what fails.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What is to be asked for again, as the API says it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Later {
    after_ms: u64,
    pub(super) why: String,
    pub(super) failed: bool,
}

/// How long is waited for one thing. What only has to wait its turn is waited for without end.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: u32,
}

impl Patience {
    /// When to ask again; `None`: it has failed too often in a row.
    pub(super) fn wait(&mut self, later: &Later) -> Option<Duration> {
        let wait = Duration::from_millis(later.after_ms);
        if !later.failed {
            self.failures = 0;
            return Some(wait);
        }
        self.failures += 1;
        let doubled = Duration::from_millis(250 << self.failures.min(10));
        (self.failures < FAILURES_MAX).then_some(wait.max(doubled.min(WAIT_MAX)))
    }

    /// How often in a row it has failed.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
#[path = "patience_tests.rs"]
mod tests;
