//! How many results turn a probe's verdict.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The greatest `close_after`, and the most results that intermittence looks at.
const MOST_RESULTS: u32 = 64;

/// What turns a verdict. Made by `new`, so that closing is never easier than opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    open_after: u32,
    close_after: u32,
    /// Failures among successes that open all the same.
    pub intermittence: Intermittence,
    /// What makes closing harder after repeated openings.
    pub damping: Damping,
    /// No result for this long is a failed run: period, deadline and grace together.
    pub silence_ms: u64,
}

/// A probe that fails every other time has failed, though never twice in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intermittence {
    /// So many failures…
    pub failures: u32,
    /// …among so many last results open.
    pub of: u32,
}

/// Each opening beyond `openings` within `within_ms` doubles the successes that closing takes, up to `factor_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damping {
    /// Openings that are not yet flapping.
    pub openings: u32,
    /// The time in which they are counted.
    pub within_ms: u64,
    /// The most that `close_after` is multiplied by.
    pub factor_max: u32,
}

/// Thresholds that would flap, or never turn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongSettings {
    /// No failures would open.
    #[error("open_after must be at least 1")]
    OpensAlways,
    /// Closing would be as easy as opening.
    #[error(
        "close_after is {close_after}, and must be more than open_after ({open_after}) and at most {MOST_RESULTS}"
    )]
    ClosesEasily {
        /// As given.
        open_after: u32,
        /// As given.
        close_after: u32,
    },
}

impl Settings {
    /// Opens after so many failures in a row, closes after so many more successes in a row.
    pub fn new(open_after: u32, close_after: u32) -> Result<Self, WrongSettings> {
        if open_after == 0 {
            return Err(WrongSettings::OpensAlways);
        }
        if close_after <= open_after || close_after > MOST_RESULTS {
            return Err(WrongSettings::ClosesEasily {
                open_after,
                close_after,
            });
        }
        Ok(Self {
            open_after,
            close_after,
            intermittence: Intermittence {
                failures: (open_after * 3).clamp(6, MOST_RESULTS / 2),
                of: (open_after * 6).clamp(20, MOST_RESULTS),
            },
            damping: Damping::default(),
            silence_ms: 60_000,
        })
    }

    /// The same, with the silence that is a failure.
    #[must_use]
    pub fn with_silence(mut self, silence: Duration) -> Self {
        self.silence_ms = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// The same, opening at the first failure: while a change runs.
    #[must_use]
    pub fn tightened(mut self) -> Self {
        self.open_after = 1;
        self
    }

    /// Failures in a row that open.
    pub fn open_after(&self) -> u32 {
        self.open_after
    }

    /// Successes in a row that close, before damping.
    pub fn close_after(&self) -> u32 {
        self.close_after
    }
}

impl Default for Damping {
    fn default() -> Self {
        Self {
            openings: 3,
            within_ms: 3_600_000,
            factor_max: 8,
        }
    }
}
