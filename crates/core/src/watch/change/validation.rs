//! Proof: every check, run after the change, has passed.

use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// One thing to be proven: the commit canary on a pool, the canary sync on a host, a host by the edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Check {
    /// Which probe.
    pub probe: String,
    /// Of what.
    pub subject: Element,
}

/// One round of checks. Results of an earlier round are nothing: they may have begun before the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// Counted from 1.
    pub round: u32,
    /// What has not ended yet.
    pub open: BTreeSet<Check>,
    /// How many checks there were. None prove nothing.
    asked: usize,
    /// What failed.
    pub failed: BTreeSet<Check>,
    /// When what has not ended has failed; when all has ended and something failed, when the next round begins.
    pub(super) until: Wait,
}

impl Validation {
    pub(super) fn new(
        round: u32,
        checks: BTreeSet<Check>,
        now: Timestamp,
        deadline: Duration,
    ) -> Self {
        Self {
            round,
            asked: checks.len(),
            open: checks,
            failed: BTreeSet::new(),
            until: Wait::new(now, deadline),
        }
    }

    /// What has not passed.
    pub fn missing(&self) -> BTreeSet<Check> {
        self.open.union(&self.failed).cloned().collect()
    }

    /// Whether everything passed.
    pub fn is_proven(&self) -> bool {
        self.asked > 0 && self.open.is_empty() && self.failed.is_empty()
    }
}
