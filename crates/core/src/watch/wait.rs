//! A wait that a stepped clock cannot make longer than itself.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A wait that began at an instant and lasts so long.
///
/// A clock that leaps forwards ends it early. One that leaps backwards to before its beginning makes it begin anew
/// (`rebase`), so that from any instant it ends within its own length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    since: Timestamp,
    millis: u64,
}

impl Wait {
    /// Begins one.
    pub fn new(now: Timestamp, length: Duration) -> Self {
        Self {
            since: now,
            millis: u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// When it ends.
    pub fn due(&self) -> Timestamp {
        self.since.plus(Duration::from_millis(self.millis))
    }

    /// Whether it has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.due()
    }

    /// Takes note of the time: before its own beginning it begins now.
    pub fn rebase(&mut self, now: Timestamp) {
        self.since = self.since.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stepped_to: i64, expected_due: i64) {
        let mut wait = Wait::new(Timestamp::from_millis(1_000_000), Duration::from_secs(10));
        wait.rebase(Timestamp::from_millis(stepped_to));
        assert_eq!(wait.due().as_millis(), expected_due);
    }

    #[test]
    fn a_stepped_clock_never_stretches_a_wait() {
        check(1_000_000, 1_010_000);
        check(5_000_000, 1_010_000);
        check(999_000, 1_009_000);
        check(0, 10_000);
    }
}
