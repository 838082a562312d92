//! Time and randomness for tests: the wall clock follows tokio's paused clock, the numbers follow a seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;
use twinline_core::handles::{Clock, Entropy};
use twinline_core::time::Timestamp;
use twinline_engine::Env;

/// 2026-01-01T00:00:00Z plus the time that tokio's clock has run.
pub(crate) struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000).plus(self.0.elapsed())
    }
}

struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn next_u64(&self) -> u64 {
        let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^ (x >> 27)
    }
}

pub(crate) fn env() -> Env {
    Env {
        clock: Arc::new(TokioClock(Instant::now())),
        entropy: Arc::new(Seeded(AtomicU64::new(7))),
    }
}
