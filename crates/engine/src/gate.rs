//! One node's gate: whether work on the node may start now.
//!
//! A gate closes when the node is paused by a person, when its credentials are refused, when its tracker said how long
//! to wait, or after several failures in a row. It opens by itself, but for a person's pause. It only ever concerns its
//! own node: work of other nodes does not ask it. While a failing node backs off, one job at a time goes through when
//! the wait is over: its success opens the gate for all.

use std::time::Duration;
use tokio::time::Instant;
use twinline_core::retry::Backoff;

#[cfg(test)]
mod tests;

/// Why a node's work does not start.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NodeState {
    /// It works.
    Open,
    /// A person paused it; a person resumes it.
    Paused {
        /// Why, in that person's words.
        reason: String,
    },
    /// Its credentials are refused: the sentence says what to do. Tried again by itself.
    Credentials {
        /// The tracker's sentence.
        sentence: String,
    },
    /// It fails or limits us; tried again by itself.
    BackingOff {
        /// The last failure.
        reason: String,
        /// How many failures in a row.
        failures: u32,
    },
}

/// How a gate backs off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GateLimits {
    pub(crate) backoff: Backoff,
    /// Failures in a row before the whole node waits.
    pub(crate) failures_max: u32,
    pub(crate) credentials_period: Duration,
}

/// The gate.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: GateLimits,
    /// Why a person paused it.
    paused: Option<String>,
    /// Consecutive failures, with the last reason; cleared by a success.
    failures: u32,
    reason: String,
    credentials: Option<String>,
    closed_until: Option<Instant>,
    /// Whether the one job that tries a closed gate is on its way.
    probing: bool,
}

impl Gate {
    pub(crate) fn new(limits: GateLimits) -> Self {
        Self {
            limits,
            paused: None,
            failures: 0,
            reason: String::new(),
            credentials: None,
            closed_until: None,
            probing: false,
        }
    }

    /// Whether a job may start.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        if self.paused.is_some() {
            return false;
        }
        match self.closed_until {
            None => true,
            Some(until) => until <= now && !self.probing,
        }
    }

    /// Why no request is to be made now, and for how long. A person's pause lets what is under way end.
    pub(crate) fn closed(&self, now: Instant) -> Option<(String, Duration)> {
        let until = self.closed_until.filter(|until| now < *until)?;
        let reason = self.credentials.as_ref().unwrap_or(&self.reason);
        Some((reason.clone(), until - now))
    }

    /// A job starts. Through a gate that was closed, it is the only one until it ends.
    pub(crate) fn enter(&mut self) {
        if self.closed_until.is_some() {
            self.probing = true;
        }
    }

    /// A job that entered has ended without telling anything about the node.
    pub(crate) fn leave(&mut self) {
        self.probing = false;
    }

    /// When a closed gate may be tried; `None` when it is open, or closed by a person.
    pub(crate) fn opens_at(&self) -> Option<Instant> {
        if self.paused.is_some() {
            None
        } else {
            self.closed_until
        }
    }

    /// A request was answered: the node works.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.credentials = None;
        self.closed_until = None;
        self.probing = false;
    }

    /// A request failed in a way that may pass. What was under way when the gate closed does not count: it is the same
    /// trouble. `jitter` spreads the wait.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        reason: &str,
        jitter: impl FnOnce(Duration) -> Duration,
    ) {
        self.probing = false;
        if self.closed_until.is_some_and(|until| now < until) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        reason.clone_into(&mut self.reason);
        if self.failures >= self.limits.failures_max {
            let over = self.failures - self.limits.failures_max + 1;
            self.closed_until = Some(now + jitter(self.limits.backoff.wait(over)));
        }
    }

    /// The tracker has said how long to stay away, which closes the gate at once and is no failure. It is kept to the
    /// letter; jitter is added, never taken away.
    pub(crate) fn limited(
        &mut self,
        now: Instant,
        reason: &str,
        after: Duration,
        jitter: impl FnOnce(Duration) -> Duration,
    ) {
        reason.clone_into(&mut self.reason);
        let until = now + after + jitter(self.limits.backoff.first.min(after));
        self.closed_until = Some(self.closed_until.map_or(until, |old| old.max(until)));
        self.probing = false;
    }

    /// The credentials were refused.
    pub(crate) fn refused(&mut self, now: Instant, sentence: &str) {
        self.credentials = Some(sentence.to_owned());
        self.closed_until = Some(now + self.limits.credentials_period);
        self.probing = false;
    }

    /// A person pauses the node, saying why, or resumes it. Resuming also ends any wait: the person wants it tried now.
    pub(crate) fn set_paused(&mut self, paused: Option<String>) {
        self.paused = paused;
        if self.paused.is_none() {
            self.closed_until = None;
            self.probing = false;
        }
    }

    /// What to show.
    pub(crate) fn state(&self) -> NodeState {
        if let Some(reason) = &self.paused {
            NodeState::Paused {
                reason: reason.clone(),
            }
        } else if let Some(sentence) = &self.credentials {
            NodeState::Credentials {
                sentence: sentence.clone(),
            }
        } else if self.closed_until.is_some() {
            NodeState::BackingOff {
                reason: self.reason.clone(),
                failures: self.failures,
            }
        } else {
            NodeState::Open
        }
    }
}
