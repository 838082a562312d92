//! What nodes and the whole inbox weigh, as the writing thread knows it.
//!
//! The tables `nodes` and `weight` are right up to the delivery that `counted` names; what was appended since is added
//! up here and written once for many. Nothing is lost with the memory: the deliveries above `counted` are in the file,
//! and are added up when the accounts are read. Whoever changes the tables past this has the accounts settled first and
//! read anew afterwards ([`super::append::Appends::settle_accounts`]).

use crate::StoreError;
use crate::row::{count, to_count};
use crate::stamp::GroupId;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, HashMap};
use twinline_core::names::NodeName;

/// The tables are brought up to date after so many deliveries: few enough to be added up at once at a start.
const SETTLE_AFTER_ROWS: u64 = 4000;

/// A node that deliveries may be appended for.
pub(super) struct Routed {
    pub(super) id: i64,
    pub(super) group: i64,
    pub(super) group_name: GroupId,
    /// What its deliveries weigh, in bytes.
    pub(super) bytes: u64,
}

/// The accounts.
pub(super) struct Accounts {
    /// Looked up by name, never iterated.
    routed: HashMap<NodeName, Routed>,
    /// What all deliveries weigh, in bytes.
    pub(super) total_bytes: u64,
    /// What each node's deliveries above `counted` weigh, and how many they are.
    uncounted: BTreeMap<i64, (u64, u64)>,
    uncounted_rows: u64,
    last_seq: i64,
}

impl Accounts {
    /// Reads them, what is not counted yet included.
    pub(super) fn read(conn: &Connection) -> Result<Self, StoreError> {
        let (total, counted) = conn.query_row(
            "SELECT w.bytes, c.seq FROM weight w, counted c",
            [],
            |row| Ok((count(row, 0)?, row.get::<_, i64>(1)?)),
        )?;
        let mut accounts = Self {
            routed: HashMap::new(),
            total_bytes: total,
            uncounted: BTreeMap::new(),
            uncounted_rows: 0,
            last_seq: counted,
        };
        let mut rows = conn.prepare_cached(
            "SELECT node_id, sum(bytes), count(*), max(seq) FROM deliveries WHERE seq > ?1 GROUP BY node_id",
        )?;
        let mut rows = rows.query([counted])?;
        while let Some(row) = rows.next()? {
            let (bytes, added) = (count(row, 1)?, count(row, 2)?);
            accounts.uncounted.insert(row.get(0)?, (bytes, added));
            accounts.uncounted_rows += added;
            accounts.total_bytes += bytes;
            accounts.last_seq = accounts.last_seq.max(row.get(3)?);
        }
        let mut nodes =
            conn.prepare_cached(
                "SELECT n.node, n.id, n.group_id, n.bytes, g.grp FROM nodes n JOIN groups g ON g.id = n.group_id \
                 WHERE n.routed = 1",
            )?;
        let mut nodes = nodes.query([])?;
        while let Some(row) = nodes.next()? {
            let id = row.get(1)?;
            let uncounted = accounts.uncounted.get(&id).map_or(0, |(bytes, _)| *bytes);
            let routed = Routed {
                id,
                group: row.get(2)?,
                group_name: GroupId::new(row.get::<_, String>(4)?),
                bytes: count(row, 3)? + uncounted,
            };
            let name = NodeName::new(row.get::<_, String>(0)?);
            accounts.routed.insert(name, routed);
        }
        Ok(accounts)
    }

    pub(super) fn routed(&self, node: &NodeName) -> Option<&Routed> {
        self.routed.get(node)
    }

    /// A delivery was appended.
    pub(super) fn add(&mut self, node: &NodeName, seq: i64, weight_bytes: u64) {
        let Some(routed) = self.routed.get_mut(node) else {
            return;
        };
        routed.bytes += weight_bytes;
        let (bytes, rows) = self.uncounted.entry(routed.id).or_default();
        *bytes += weight_bytes;
        *rows += 1;
        self.total_bytes += weight_bytes;
        self.uncounted_rows += 1;
        self.last_seq = seq;
    }

    /// Deliveries of a node were removed, and the tables say so already.
    pub(super) fn removed(&mut self, node: &NodeName, weight_bytes: u64) {
        if let Some(routed) = self.routed.get_mut(node) {
            routed.bytes = routed.bytes.saturating_sub(weight_bytes);
        }
        self.total_bytes = self.total_bytes.saturating_sub(weight_bytes);
    }

    /// Whether it is time to bring the tables up to date.
    pub(super) const fn is_due(&self) -> bool {
        self.uncounted_rows >= SETTLE_AFTER_ROWS
    }

    /// Brings the tables up to date.
    pub(super) fn settle(&mut self, conn: &Connection) -> Result<(), StoreError> {
        if self.uncounted_rows == 0 {
            return Ok(());
        }
        let mut node = conn.prepare_cached(
            "UPDATE nodes SET bytes = bytes + ?2, rows = rows + ?3 WHERE id = ?1",
        )?;
        for (id, (bytes, rows)) in &self.uncounted {
            node.execute(params![id, to_count(*bytes), to_count(*rows)])?;
        }
        conn.prepare_cached("UPDATE weight SET bytes = ?1")?
            .execute([to_count(self.total_bytes)])?;
        conn.prepare_cached("UPDATE counted SET seq = ?1")?
            .execute([self.last_seq])?;
        self.uncounted.clear();
        self.uncounted_rows = 0;
        Ok(())
    }
}
