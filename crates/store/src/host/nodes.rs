//! What is known about each node's standing.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::time_or_none;
use rusqlite::Row;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// A node as the host last found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// The node.
    pub node: NodeName,
    /// Why it is paused and since when; `None`: it is not.
    pub paused: Option<(String, Timestamp)>,
    /// The tracker's clock minus ours, in milliseconds.
    pub skew_ms: i64,
    /// The last probe's result as JSON, and when it was made.
    pub probe: Option<(String, Timestamp)>,
}

const SELECT: &str = "SELECT node, paused, paused_since, skew_ms, probe, probed_at FROM nodes";

fn read(row: &Row<'_>) -> Result<NodeRow, StoreError> {
    let paused: Option<String> = row.get(1)?;
    let probe: Option<String> = row.get(4)?;
    Ok(NodeRow {
        node: NodeName::new(row.get::<_, String>(0)?),
        paused: paused.zip(time_or_none(row, 2)?),
        skew_ms: row.get(3)?,
        probe: probe.zip(time_or_none(row, 5)?),
    })
}

static NODES: Upsert = Upsert::new("nodes", &["node"], &["skew_ms", "probe", "probed_at"]);

impl HostRead<'_> {
    /// One node; `None` when nothing is known about it yet.
    pub fn node(&self, node: &NodeName) -> Result<Option<NodeRow>, StoreError> {
        self.one(&format!("{SELECT} WHERE node = ?1"), [node.as_str()], read)
    }

    /// All nodes of which something is known, ordered by name.
    pub fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        self.many(&format!("{SELECT} ORDER BY node"), [], read)
    }
}

impl HostTx<'_> {
    /// Pauses a node: `reason` is shown to its owner.
    pub fn pause_node(
        &self,
        node: &NodeName,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.stamped(
            "INSERT INTO nodes (grp, epoch, rev, node, paused, paused_since, skew_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) \
             ON CONFLICT (node) DO UPDATE SET grp = ?1, epoch = ?2, rev = ?3, paused = ?5, paused_since = ?6",
            &[&node.as_str(), &reason, &at.as_millis()],
        )
        .map(drop)
    }

    /// Ends a pause.
    pub fn resume_node(&self, node: &NodeName) -> Result<(), StoreError> {
        self.stamped(
            "UPDATE nodes SET grp = ?1, epoch = ?2, rev = ?3, paused = NULL, paused_since = NULL WHERE node = ?4",
            &[&node.as_str()],
        )
        .map(drop)
    }

    /// Stores a probe's result (as JSON) and the skew that it measured.
    pub fn put_probe(
        &self,
        node: &NodeName,
        at: Timestamp,
        skew_ms: i64,
        probe: &str,
    ) -> Result<(), StoreError> {
        self.upsert(&NODES, &[&node.as_str(), &skew_ms, &probe, &at.as_millis()])
    }
}
