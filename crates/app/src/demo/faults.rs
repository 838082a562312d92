//! Which faults really happened: a demonstration that met none would prove nothing.

use super::world::Place;
use serde::Serialize;
use std::collections::BTreeMap;
use twinline_sim::{FaultCounts, What, Write};

/// How often each kind of fault happened, at both trackers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Happened {
    pub(super) webhooks_lost: u64,
    pub(super) webhooks_doubled: u64,
    pub(super) webhooks_reordered: u64,
    /// 429, or what the tracker answers to a caller who is too fast.
    pub(super) throttled: u64,
    /// 5xx.
    pub(super) server_errors: u64,
    /// The request took effect, and nobody heard.
    pub(super) answers_lost: u64,
    /// Requests that took effect after their timeout.
    pub(super) late_writes: u64,
    /// Those of them that made an item.
    pub(super) late_creates: u64,
    pub(super) host_kills: u64,
    pub(super) edge_kills: u64,
}

impl Happened {
    /// Counts them.
    pub(super) fn of(noted: &BTreeMap<Place, (Vec<Write>, FaultCounts)>, kills: Kills) -> Self {
        let mut all = Self {
            host_kills: kills.host,
            edge_kills: kills.edge,
            ..Self::default()
        };
        for (writes, counts) in noted.values() {
            all.webhooks_lost += counts.webhooks_lost;
            all.webhooks_doubled += counts.webhooks_doubled;
            all.webhooks_reordered += counts.webhooks_reordered;
            all.throttled += counts.throttled;
            all.server_errors += counts.server_errors;
            all.answers_lost += counts.timeouts_after_effect;
            all.late_writes += counts.late_writes;
            let makes = |write: &&Write| {
                let mut changes = write.changes.iter();
                write.late && changes.any(|(_, what)| *what == What::Created)
            };
            all.late_creates += writes.iter().filter(makes).count() as u64;
        }
        all
    }

    /// The kinds that must happen and did not.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let wanted = [
            ("a lost webhook", self.webhooks_lost),
            ("a doubled webhook", self.webhooks_doubled),
            ("a reordered webhook", self.webhooks_reordered),
            ("a refusal as too fast", self.throttled),
            ("an answer of 5xx", self.server_errors),
            ("a create that lands after its timeout", self.late_creates),
            ("a kill of the host", self.host_kills),
            ("a kill of the edge", self.edge_kills),
        ];
        let missing = wanted.into_iter().filter(|(_, times)| *times == 0);
        missing.map(|(what, _)| what).collect()
    }
}

/// The processes that were killed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kills {
    pub(super) host: u64,
    pub(super) edge: u64,
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
