//! What one probe's results mean over time.

use super::settings::{Damping, Settings};
use crate::time::Timestamp;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Openings that are remembered: enough for the greatest factor of any damping.
const OPENINGS_MAX: usize = 32;

/// How one run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should.
    Passed,
    /// Not.
    Failed(Failure),
    /// The run could not see how it is: that neither opens nor closes.
    Unseen,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Failure {
    /// It had not ended at its deadline.
    Deadline,
    /// It was refused, or answered wrongly.
    Answer {
        /// One line, without secrets.
        detail: String,
    },
    /// Nobody said how it ended: the probe itself is not running.
    Silent,
}

/// What a probe says of what it watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not enough is known yet.
    #[default]
    Unknown,
    /// It is well.
    Passing,
    /// It is not.
    Failing,
}

/// A verdict that turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub enum Turn {
    /// The first success: from now on silence is news.
    Proven,
    /// It fails.
    Opened {
        /// The last failure.
        failure: Failure,
        /// Whether it has opened so often that closing is made harder.
        flapping: bool,
    },
    /// It is well again.
    Closed {
        /// How long it had been open.
        after_ms: u64,
    },
}

/// A probe's verdict: results in, turns out.
///
/// Opens after `open_after` failures in a row, or when too many of the last results failed; closes after `close_after`
/// successes in a row, more when it has opened often. A result of a run that is not newer than the last one heard says
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    standing: Standing,
    run: Option<u64>,
    failures: u32,
    successes: u32,
    /// The last results since it last closed, newest in the lowest bit; a set bit is a failure.
    recent: u64,
    heard: Wait,
    turned: Timestamp,
    openings: VecDeque<Timestamp>,
    factor: u32,
}

impl Verdict {
    /// A probe of which nothing is known; silence counts from now.
    pub fn new(now: Timestamp, settings: &Settings) -> Self {
        Self {
            standing: Standing::Unknown,
            run: None,
            failures: 0,
            successes: 0,
            recent: 0,
            heard: Wait::new(now, Duration::from_millis(settings.silence_ms)),
            turned: now,
            openings: VecDeque::new(),
            factor: 1,
        }
    }

    /// What it says. A process that starts again signals this of each probe, since turns tell only what changes; a signal
    /// that repeats the last word changes nothing.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Since when.
    pub fn since(&self) -> Timestamp {
        self.turned
    }

    /// Whether it opens so often that closing is made harder.
    pub fn is_flapping(&self) -> bool {
        self.factor > 1
    }

    /// When `overdue` has something to say, unless a result comes.
    pub fn due(&self) -> Timestamp {
        self.heard.due()
    }

    /// Whoever runs the probe has started again and counts its runs anew; silence counts from now.
    pub fn restarted(&mut self, now: Timestamp, settings: &Settings) {
        self.run = None;
        self.heard = Wait::new(now, Duration::from_millis(settings.silence_ms));
    }

    /// Run number `run` ended so. Runs are counted up by whoever runs the probe, not by the clock.
    pub fn observe(
        &mut self,
        run: u64,
        outcome: Outcome,
        now: Timestamp,
        settings: &Settings,
    ) -> Option<Turn> {
        if self.run.is_some_and(|last| run <= last) {
            return None;
        }
        self.run = Some(run);
        self.count(outcome, now, settings)
    }

    /// No result for too long counts as a failed run, once for each such time.
    pub fn overdue(&mut self, now: Timestamp, settings: &Settings) -> Option<Turn> {
        self.heard.rebase(now);
        if self.heard.is_over(now) {
            self.count(Outcome::Failed(Failure::Silent), now, settings)
        } else {
            None
        }
    }

    fn count(&mut self, outcome: Outcome, now: Timestamp, settings: &Settings) -> Option<Turn> {
        self.heard = Wait::new(now, Duration::from_millis(settings.silence_ms));
        match outcome {
            Outcome::Passed => self.passed(now, settings),
            Outcome::Failed(failure) => self.failed(failure, now, settings),
            Outcome::Unseen => None,
        }
    }

    fn passed(&mut self, now: Timestamp, settings: &Settings) -> Option<Turn> {
        self.failures = 0;
        self.successes = self.successes.saturating_add(1);
        self.recent <<= 1;
        match self.standing {
            Standing::Passing => None,
            Standing::Unknown => {
                self.turn(Standing::Passing, now);
                Some(Turn::Proven)
            }
            Standing::Failing => {
                if self.successes < settings.close_after().saturating_mul(self.factor) {
                    return None;
                }
                let after = now.since(self.turned);
                self.turn(Standing::Passing, now);
                self.recent = 0;
                Some(Turn::Closed {
                    after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
                })
            }
        }
    }

    fn failed(&mut self, failure: Failure, now: Timestamp, settings: &Settings) -> Option<Turn> {
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        self.recent = (self.recent << 1) | 1;
        if self.standing == Standing::Failing
            || (self.failures < settings.open_after() && !self.is_intermittent(settings))
        {
            return None;
        }
        self.turn(Standing::Failing, now);
        self.note_opening(now, &settings.damping);
        Some(Turn::Opened {
            failure,
            flapping: self.is_flapping(),
        })
    }

    fn is_intermittent(&self, settings: &Settings) -> bool {
        let window = settings.intermittence;
        let mask = u64::MAX
            .checked_shr(64_u32.saturating_sub(window.of))
            .unwrap_or(0);
        (self.recent & mask).count_ones() >= window.failures.max(1)
    }

    fn turn(&mut self, standing: Standing, now: Timestamp) {
        self.standing = standing;
        self.turned = now;
    }

    fn note_opening(&mut self, now: Timestamp, damping: &Damping) {
        let within = Duration::from_millis(damping.within_ms);
        self.openings.push_back(now);
        // Openings of a time that has not come yet were noted by a clock that has been put back since.
        self.openings
            .retain(|at| *at <= now && now.since(*at) <= within);
        while self.openings.len() > OPENINGS_MAX {
            self.openings.pop_front();
        }
        let opened = u32::try_from(self.openings.len()).unwrap_or(u32::MAX);
        let beyond = opened.saturating_sub(damping.openings).min(31);
        self.factor = (1_u32 << beyond).min(damping.factor_max.max(1));
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
