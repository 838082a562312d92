//! Time and randomness of a simulated run: the wall clock follows tokio's paused clock, all numbers follow the seed.

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;
use twinline_core::handles::{Clock, Entropy};
use twinline_core::time::Timestamp;
use twinline_engine::Env;

/// 2026-01-31T09:30:00Z.
pub(super) const START_MS: i64 = 1_769_851_800_000;

/// A fixed start plus the time that tokio's clock has run.
pub(super) struct SimClock(Instant);

impl SimClock {
    /// Starts now.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MS).plus(self.0.elapsed())
    }
}

/// A generator of its own for each part of the world, so that one part's use of numbers does not move another's.
pub(super) fn stream(seed: u64, part: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(part.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// Time and randomness of one part of the world.
pub(super) fn env(seed: u64, part: &str, clock: &Arc<dyn Clock>) -> Env {
    Env {
        clock: Arc::clone(clock),
        entropy: Arc::new(SimEntropy::new(stream(seed, part))),
    }
}

pub(super) struct SimEntropy(Mutex<ChaCha8Rng>);

impl SimEntropy {
    pub(super) fn new(random: ChaCha8Rng) -> Self {
        Self(Mutex::new(random))
    }
}

impl Entropy for SimEntropy {
    fn next_u64(&self) -> u64 {
        let mut rng = self.0.lock().expect("no code panics with this lock");
        rng.next_u64()
    }
}
