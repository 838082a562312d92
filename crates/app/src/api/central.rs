//! How far the central database is behind, and what is wrong with it.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::time::Timestamp;
use twinline_store::central::{CentralHealth, PoolName, ReplicationStatus, Standing};

/// Where the central database's state is read.
pub struct CentralView {
    health: watch::Receiver<CentralHealth>,
    replication: watch::Receiver<ReplicationStatus>,
}

/// The central database as this host finds it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CentralStatus {
    health: CentralHealth,
    replication: ReplicationStatus,
    /// How old the replica's state is, in milliseconds; `None`: nothing was shipped since the start.
    lag_ms: Option<u64>,
    /// How old the proof is that commits succeed, in milliseconds, by pool.
    proof_age_ms: BTreeMap<PoolName, u64>,
}

impl CentralView {
    /// From the client's health and the replication's status.
    pub const fn new(
        health: watch::Receiver<CentralHealth>,
        replication: watch::Receiver<ReplicationStatus>,
    ) -> Self {
        Self {
            health,
            replication,
        }
    }

    /// How old the proof of each pool is that has one, in milliseconds.
    pub(super) fn proof_ages_ms(&self) -> BTreeMap<PoolName, u64> {
        proof_ages_ms(&self.health.borrow())
    }

    pub(super) fn status(&self, now: Timestamp) -> CentralStatus {
        let health = self.health.borrow().clone();
        let replication = self.replication.borrow().clone();
        CentralStatus {
            lag_ms: replication.lag_ms(now),
            proof_age_ms: proof_ages_ms(&health),
            health,
            replication,
        }
    }
}

impl CentralStatus {
    /// In OpenMetrics text form.
    pub(super) fn metrics(&self) -> String {
        let mut text = String::new();
        let up = |standing: &Standing| u64::from(standing.is_ok());
        let mut gauges = vec![
            ("reads_ok", "Whether reads succeed.", up(&self.health.reads)),
            (
                "commits_ok",
                "Whether commits succeed.",
                up(&self.health.commits),
            ),
            (
                "abandoned_writes",
                "Writes given up that the server may still be at.",
                self.health.abandoned_writes.into(),
            ),
            (
                "breaker_open",
                "Whether writes are refused until one succeeds.",
                self.health.breaker_open.into(),
            ),
            (
                "replica_ok",
                "Whether the replica is written.",
                up(&self.replication.standing),
            ),
            (
                "replica_complete",
                "Whether the replica is one state of the host.",
                self.replication.complete.into(),
            ),
            (
                "replica_behind_revisions",
                "Steps of the host that the replica does not have.",
                u64::try_from(self.replication.newest_rev - self.replication.shipped_rev)
                    .unwrap_or(0),
            ),
        ];
        if let Some(lag) = self.lag_ms {
            gauges.push((
                "replica_lag_milliseconds",
                "How old the replica's state is.",
                lag,
            ));
        }
        for (name, help, value) in gauges {
            // Writing to a string does not fail.
            let _fine = writeln!(
                text,
                "# TYPE twinline_central_{name} gauge\n# HELP twinline_central_{name} {help}\n\
                 twinline_central_{name} {value}"
            );
        }
        text.push_str(&proofs(&self.proof_age_ms));
        text
    }
}

/// How old the proof of each pool is that has one, in milliseconds.
pub(super) fn proof_ages_ms(health: &CentralHealth) -> BTreeMap<PoolName, u64> {
    let ms = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let ages = health.proof_ages().into_iter();
    ages.map(|(pool, age)| (pool, ms(age))).collect()
}

/// The same in OpenMetrics text form; of a pool that was never proven it is not a number.
pub(super) fn proofs(ages_ms: &BTreeMap<PoolName, u64>) -> String {
    let name = "twinline_central_proof_age_milliseconds";
    let mut text = format!(
        "# TYPE {name} gauge\n# HELP {name} How old the proof is that commits succeed, of the pool that reads that it does.\n"
    );
    for pool in PoolName::ALL {
        let age = ages_ms.get(&pool).map_or("NaN".to_owned(), u64::to_string);
        // Writing to a string does not fail.
        let _fine = writeln!(text, "{name}{{pool=\"{}\"}} {age}", pool.as_str());
    }
    text
}

#[cfg(test)]
#[path = "central_tests.rs"]
mod tests;
