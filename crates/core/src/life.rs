//! The life of a twin: awake, asleep, ended.
//!
//! A tracker's query index lags, and permissions come and go; so leaving takes two negatives further apart than the lag,
//! and "not found" is never a deletion. Sleeping keeps the link and both bases: re-entry wakes the twin where it was.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What was learned about one side of a twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The item is there, and matches its trigger and `when`, or its side has neither.
    Belongs,
    /// The item is there and does not match.
    Left,
    /// 404 or 403.
    Unreachable {
        /// The tracker's sentence.
        reason: String,
    },
    /// The tracker said that it was deleted.
    Deleted {
        /// What said so.
        evidence: String,
    },
}

/// One side's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// It belongs to the connection.
    #[default]
    Awake,
    /// One negative so far: it goes on as awake.
    Leaving {
        /// When the first negative was seen.
        since: Timestamp,
    },
    /// It left its trigger.
    Asleep {
        /// When.
        since: Timestamp,
    },
    /// It cannot be reached. Visible, and tried again by sweeps.
    Unreachable {
        /// When that began.
        since: Timestamp,
        /// The tracker's sentence.
        reason: String,
    },
    /// It was deleted.
    Deleted {
        /// What said so.
        evidence: String,
    },
}

impl Presence {
    /// The state after new evidence at `now`. `index_lag` is the tracker's: two negatives count when they are further
    /// apart. Deletion is final.
    #[must_use]
    pub fn after(&self, evidence: &Evidence, now: Timestamp, index_lag: Duration) -> Self {
        match (self, evidence) {
            (Self::Deleted { .. }, _) => self.clone(),
            (_, Evidence::Deleted { evidence }) => Self::Deleted {
                evidence: evidence.clone(),
            },
            (_, Evidence::Belongs) => Self::Awake,
            (Self::Unreachable { since, .. }, Evidence::Unreachable { reason }) => {
                Self::Unreachable {
                    since: *since,
                    reason: reason.clone(),
                }
            }
            (_, Evidence::Unreachable { reason }) => Self::Unreachable {
                since: now,
                reason: reason.clone(),
            },
            (Self::Leaving { since }, Evidence::Left) if now.since(*since) > index_lag => {
                Self::Asleep { since: now }
            }
            (Self::Leaving { .. } | Self::Asleep { .. }, Evidence::Left) => self.clone(),
            (Self::Awake | Self::Unreachable { .. }, Evidence::Left) => {
                Self::Leaving { since: now }
            }
        }
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
