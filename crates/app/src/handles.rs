//! The real clock and the system's randomness.

use rustix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};
use twinline_core::handles::{BootClock, Clock, Entropy};
use twinline_core::ownership::BootTime;
use twinline_core::time::Timestamp;

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock enters the product"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The time since the machine's start, its sleep included.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBootClock;

impl BootClock for SystemBootClock {
    fn now(&self) -> BootTime {
        let now = clock_gettime(ClockId::Boottime);
        let millis = now.tv_sec.saturating_mul(1000) + now.tv_nsec / 1_000_000;
        BootTime::from_millis(u64::try_from(millis).unwrap_or_default())
    }
}

/// The system's source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        getrandom::u64().expect("the system has a source of randomness")
    }
}
