//! The handles through which time and randomness enter the engine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::{Clock, Entropy};
use twinline_core::retry;
use twinline_core::time::Timestamp;

/// Time and randomness. Durations are measured with `tokio::time`, which a simulation can pause; instants that are
/// stored or shown come from the clock.
#[derive(Clone)]
pub struct Env {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Jitter and ids; never policy.
    pub entropy: Arc<dyn Entropy>,
}

impl Env {
    /// Now, by the wall clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A duration between half of `base` and `base`: retries of many twins spread, and none waits longer than it would
    /// without jitter.
    pub fn jittered(&self, base: Duration) -> Duration {
        retry::jittered(base, self.entropy.next_u64())
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}
