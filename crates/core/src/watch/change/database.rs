//! What a database says of itself, by which a change of it is noticed.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One look at a database: `pg_control_system()`, `pg_control_checkpoint()`, `server_version_num`,
/// `pg_postmaster_start_time()`, and where it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Of the cluster, given at its making.
    pub system_identifier: u64,
    /// Counted up by each promotion.
    pub timeline: u32,
    /// As a number: 170002.
    pub server_version: u32,
    /// When the server started, in milliseconds since the epoch.
    pub started_ms: i64,
    /// Which member leads.
    pub leader: String,
}

/// What is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It is another database altogether.
    SystemIdentifier,
    /// It was promoted.
    Timeline,
    /// It was upgraded, or downgraded.
    ServerVersion,
    /// It was restarted.
    Started,
    /// Another member leads.
    Leader,
}

impl Fingerprint {
    /// All that differs.
    pub fn differences(&self, before: &Self) -> BTreeSet<Difference> {
        let pairs = [
            (
                Difference::SystemIdentifier,
                self.system_identifier != before.system_identifier,
            ),
            (Difference::Timeline, self.timeline != before.timeline),
            (
                Difference::ServerVersion,
                self.server_version != before.server_version,
            ),
            (Difference::Started, self.started_ms != before.started_ms),
            (Difference::Leader, self.leader != before.leader),
        ];
        let differing = pairs.into_iter().filter(|(_, differs)| *differs);
        differing.map(|(difference, _)| difference).collect()
    }
}
