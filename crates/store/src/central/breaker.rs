//! Abandoned writes are capped: pure arithmetic, the caller brings the time.

use super::error::CentralError;
use std::time::Duration;
use tokio::time::Instant;

/// Between two single tries of an open breaker; doubled after each that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Counts writes that were given up while the server may still be at them. From `max` on it is open: one write at a time
/// is tried, and one that succeeds closes it.
#[derive(Debug)]
pub(super) struct Breaker {
    max: u32,
    abandoned: u32,
    trial_under_way: bool,
    next_trial: Option<Instant>,
    pause: Duration,
}

/// The right to begin a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The breaker is closed.
    Free,
    /// The one try of an open breaker.
    Trial,
}

impl Breaker {
    pub(super) const fn new(max: u32) -> Self {
        Self {
            max,
            abandoned: 0,
            trial_under_way: false,
            next_trial: None,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) const fn abandoned(&self) -> u32 {
        self.abandoned
    }

    pub(super) const fn is_open(&self) -> bool {
        self.abandoned >= self.max
    }

    /// Asks for the right to begin a write. `commits_fail`: the canary says that commits do not succeed, so that a try
    /// would only leave another one hanging.
    pub(super) fn enter(&mut self, now: Instant, commits_fail: bool) -> Result<Pass, CentralError> {
        if !self.is_open() {
            return Ok(Pass::Free);
        }
        let due = self.next_trial.is_none_or(|at| now >= at);
        if commits_fail || self.trial_under_way || !due {
            return Err(CentralError::Stuck {
                abandoned: self.abandoned,
            });
        }
        self.trial_under_way = true;
        Ok(Pass::Trial)
    }

    /// A write was given up while the server may still be at it.
    pub(super) const fn abandon(&mut self) {
        self.abandoned = self.abandoned.saturating_add(1);
    }

    /// A write has ended. `proven`: the server confirmed its commit.
    pub(super) fn leave(&mut self, now: Instant, pass: Pass, proven: bool) {
        if pass == Pass::Trial {
            self.trial_under_way = false;
        }
        if proven {
            self.abandoned = 0;
            self.pause = FIRST_PAUSE;
            self.next_trial = None;
        } else if pass == Pass::Trial {
            self.next_trial = Some(now + self.pause);
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
    }
}

#[cfg(test)]
mod tests;
