//! What is known of the central database's health: reads and commits apart.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::time::Timestamp;

/// The pools, which never share a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolName {
    /// Writes.
    Replicate,
    /// Reads.
    Read,
    /// The commit canary.
    Probe,
}

/// Whether one kind of work succeeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    /// Not tried yet.
    #[default]
    Unknown,
    /// The last try succeeded.
    Ok,
    /// It does not succeed.
    Failing {
        /// Since when.
        since: Timestamp,
        /// Why, for a person.
        why: String,
    },
}

impl PoolName {
    /// All pools.
    pub const ALL: [Self; 3] = [Self::Replicate, Self::Read, Self::Probe];

    /// Its word in configuration, metrics and elements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replicate => "replicate",
            Self::Read => "read",
            Self::Probe => "probe",
        }
    }
}

impl Standing {
    /// Whether the last try succeeded.
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Whether the last try failed.
    pub const fn is_failing(&self) -> bool {
        matches!(self, Self::Failing { .. })
    }

    /// A failure at `now`; one that lasts keeps its beginning.
    pub(super) fn fail(&mut self, now: Timestamp, why: String) {
        let since = match self {
            Self::Failing { since, .. } => *since,
            _ => now,
        };
        *self = Self::Failing { since, why };
    }
}

/// The central database as this process finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CentralHealth {
    /// Whether reads succeed.
    pub reads: Standing,
    /// Whether commits succeed, by the canary: a row in a logged table, committed under a deadline of ours.
    pub commits: Standing,
    /// When the last commit of each pool was begun that the server confirmed; of the pool that reads, the last transaction.
    /// By the wall clock, which may be put: the age is [`Self::proof_ages`].
    pub proven: BTreeMap<PoolName, Timestamp>,
    /// The same by a clock that only goes forward.
    #[serde(skip)]
    pub proofs: BTreeMap<PoolName, Instant>,
    /// Writes that were given up and that the server may still be at.
    pub abandoned_writes: u32,
    /// Whether writes are refused until a single one succeeds.
    pub breaker_open: bool,
    /// Rises whenever all pooled connections are retired: another server became the writer, or showed that it is none.
    pub generation: u64,
    /// The writer that was last seen: `host:port, timeline N`.
    pub writer: Option<String>,
    /// All that it said of itself. Not for those who ask how this process does.
    #[serde(skip)]
    pub server: Option<WriterFacts>,
}

impl CentralHealth {
    /// How old the proof of each pool is that has one, whatever becomes of the wall clock.
    pub fn proof_ages(&self) -> BTreeMap<PoolName, Duration> {
        let proofs = self.proofs.iter();
        proofs.map(|(pool, at)| (*pool, at.elapsed())).collect()
    }
}

/// What a server that takes writes says of itself. A restart, a failover, an upgrade or another database in its place
/// changes some of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterFacts {
    /// `host:port` as connected to.
    pub at: String,
    /// Of the cluster, given at its making.
    pub system_identifier: u64,
    /// Counted up by each promotion.
    pub timeline: u32,
    /// As a number: 170002.
    pub server_version: u32,
    /// When its postmaster was started, in milliseconds since the epoch.
    pub started_ms: i64,
}
