//! When a probe runs: from start to start, with a jitter of its own.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A probe's period. Run number k starts at `anchor + k × period`, plus less than `jitter`, however long runs take: a
/// slow run neither delays nor bunches the later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    period_ms: u64,
    jitter_ms: u64,
    deadline_ms: u64,
    /// Tells this probe's jitter from another's.
    seed: u64,
}

/// A period that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongSchedule {
    /// Nothing can run all the time.
    #[error("a probe's period and deadline must be at least a millisecond")]
    Zero,
    /// Two runs could change places.
    #[error("a probe's jitter must be less than its period")]
    Jitter,
}

impl Schedule {
    /// A tenth of the period is jitter.
    pub fn new(period: Duration, deadline: Duration, seed: u64) -> Result<Self, WrongSchedule> {
        Self::with_jitter(period, deadline, period / 10, seed)
    }

    /// With a jitter of one's own.
    pub fn with_jitter(
        period: Duration,
        deadline: Duration,
        jitter: Duration,
        seed: u64,
    ) -> Result<Self, WrongSchedule> {
        let millis = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
        let made = Self {
            period_ms: millis(period),
            jitter_ms: millis(jitter),
            deadline_ms: millis(deadline),
            seed,
        };
        if made.period_ms == 0 || made.deadline_ms == 0 {
            return Err(WrongSchedule::Zero);
        }
        if made.jitter_ms >= made.period_ms {
            return Err(WrongSchedule::Jitter);
        }
        Ok(made)
    }

    /// How long a run may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// No result for longer than this means that the probe is not running: the longest time from one start to the next,
    /// the deadline, and a period of grace.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(
            self.period_ms
                .saturating_mul(2)
                .saturating_add(self.jitter_ms)
                .saturating_add(self.deadline_ms),
        )
    }

    /// When run number `run` starts.
    pub fn start(&self, anchor: Timestamp, run: u64) -> Timestamp {
        let jitter = match self.jitter_ms {
            0 => 0,
            most => mix(self.seed ^ mix(run)) % most,
        };
        anchor.plus(Duration::from_millis(
            self.period_ms.saturating_mul(run).saturating_add(jitter),
        ))
    }

    /// The first run that starts after `now`; runs that were missed are not made up for.
    pub fn next(&self, anchor: Timestamp, now: Timestamp) -> (u64, Timestamp) {
        let passed = u64::try_from(now.since(anchor).as_millis()).unwrap_or(u64::MAX);
        let mut run = passed / self.period_ms;
        if self.start(anchor, run) <= now {
            run = run.saturating_add(1);
        }
        (run, self.start(anchor, run))
    }
}

/// SplitMix64's finaliser (Steele, Lea and Flood, 2014): every bit of the input reaches every bit of the output.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
