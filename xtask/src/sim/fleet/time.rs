//! The one time of a simulated fleet: the driver moves it, and every process, paused or not, reads the same.

use crate::sim::handles::START_MS;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use twinline_core::handles::{BootClock, Clock};
use twinline_core::ownership::BootTime;
use twinline_core::time::Timestamp;

/// How long a machine has run before anything begins.
const BOOTED_MS: u64 = 60_000;

/// Milliseconds since the beginning.
#[derive(Debug, Default)]
pub(super) struct Time(AtomicU64);

impl Time {
    pub(super) fn millis(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::Relaxed);
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MS).plus(Duration::from_millis(self.millis()))
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A machine's boot-time clock, which runs a little faster or slower than the others.
pub(super) struct Drifting {
    pub(super) time: Arc<Time>,
    /// By how many thousandths it runs fast.
    pub(super) fast: i64,
}

impl BootClock for Drifting {
    fn now(&self) -> BootTime {
        let millis = self.time.millis();
        let by = millis * self.fast.unsigned_abs() / 1000;
        BootTime::from_millis(
            BOOTED_MS
                + if self.fast < 0 {
                    millis - by
                } else {
                    millis + by
                },
        )
    }
}
