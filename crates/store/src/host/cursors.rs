//! How far each source has been read: edges, change feeds, and what the ledger may claim.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::inbox::InboxId;
use crate::row::{count, from_word, time_or_none, to_count, to_word};
use twinline_core::capability::ChangeKind;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// How far one edge's inbox has been pulled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeCursor {
    /// The inbox that the numbers count in; the empty one: none was pulled yet.
    pub inbox: InboxId,
    /// Everything up to here is in this file.
    pub taken: u64,
    /// Everything up to here is processed.
    pub safe: u64,
}

/// How far a node's change feed has been read for one scope and kind of sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepCursor {
    /// The connector's cursor as JSON.
    pub cursor: String,
    /// When the sweep that is under way began; `None`: none is.
    pub started_at: Option<Timestamp>,
    /// When the last one reached the feed's end.
    pub finished_at: Option<Timestamp>,
}

/// What the ledger claims about one node and kind of change. `None`: nothing is known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The node.
    pub node: NodeName,
    /// The kind of change.
    pub kind: ChangeKind,
    /// All changes up to then are accounted for, by the tracker's clock.
    pub accounted_to: Option<Timestamp>,
    /// A wide resweep has compared everything up to then.
    pub audited_to: Option<Timestamp>,
}

static EDGE_CURSORS: Upsert = Upsert::new("edge_cursors", &["edge"], &["inbox", "taken", "safe"]);
static SWEEP_CURSORS: Upsert = Upsert::new(
    "sweep_cursors",
    &["node", "scope", "kind"],
    &["cursor", "started_at", "finished_at"],
);

impl HostRead<'_> {
    /// An edge's cursor; zero when it was never pulled.
    pub fn edge_cursor(&self, edge: &str) -> Result<EdgeCursor, StoreError> {
        let sql = "SELECT inbox, taken, safe FROM edge_cursors WHERE edge = ?1";
        let found = self.one(sql, [edge], |row| {
            Ok(EdgeCursor {
                inbox: InboxId::new(row.get::<_, String>(0)?),
                taken: count(row, 1)?,
                safe: count(row, 2)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// A sweep's cursor. `scope` is the scope's canonical text, `kind` the caller's word for the sweep
    /// (`feed`, `resweep`, `audit`).
    pub fn sweep_cursor(
        &self,
        node: &NodeName,
        scope: &str,
        kind: &str,
    ) -> Result<Option<SweepCursor>, StoreError> {
        let sql = "SELECT cursor, started_at, finished_at FROM sweep_cursors \
                   WHERE node = ?1 AND scope = ?2 AND kind = ?3";
        self.one(sql, [node.as_str(), scope, kind], |row| {
            Ok(SweepCursor {
                cursor: row.get(0)?,
                started_at: time_or_none(row, 1)?,
                finished_at: time_or_none(row, 2)?,
            })
        })
    }

    /// The ledger of all nodes, ordered by node and kind.
    pub fn ledger(&self) -> Result<Vec<LedgerRow>, StoreError> {
        let sql = "SELECT node, kind, accounted_to, audited_to FROM ledger ORDER BY node, kind";
        self.many(sql, [], |row| {
            Ok(LedgerRow {
                node: NodeName::new(row.get::<_, String>(0)?),
                kind: from_word("ledger.kind", row.get(1)?)?,
                accounted_to: time_or_none(row, 2)?,
                audited_to: time_or_none(row, 3)?,
            })
        })
    }
}

impl HostTx<'_> {
    /// Stores an edge's cursor: in the same step as the dirty marks of the deliveries that it passes.
    pub fn put_edge_cursor(&self, edge: &str, cursor: &EdgeCursor) -> Result<(), StoreError> {
        self.upsert(
            &EDGE_CURSORS,
            &[
                &edge,
                &cursor.inbox.as_str(),
                &to_count(cursor.taken),
                &to_count(cursor.safe),
            ],
        )
    }

    /// Stores a sweep's cursor: in the same step as the dirty marks of the page before it.
    pub fn put_sweep_cursor(
        &self,
        node: &NodeName,
        scope: &str,
        kind: &str,
        cursor: &SweepCursor,
    ) -> Result<(), StoreError> {
        self.upsert(
            &SWEEP_CURSORS,
            &[
                &node.as_str(),
                &scope,
                &kind,
                &cursor.cursor,
                &cursor.started_at.map(Timestamp::as_millis),
                &cursor.finished_at.map(Timestamp::as_millis),
            ],
        )
    }

    /// Everything of this kind up to `to` is accounted for. Never goes back.
    pub fn account_to(
        &self,
        node: &NodeName,
        kind: ChangeKind,
        to: Timestamp,
    ) -> Result<(), StoreError> {
        self.advance_ledger("accounted_to", node, kind, to)
    }

    /// Everything of this kind up to `to` has been compared by a wide resweep. Never goes back.
    pub fn audit_to(
        &self,
        node: &NodeName,
        kind: ChangeKind,
        to: Timestamp,
    ) -> Result<(), StoreError> {
        self.advance_ledger("audited_to", node, kind, to)
    }

    fn advance_ledger(
        &self,
        column: &str,
        node: &NodeName,
        kind: ChangeKind,
        to: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO ledger (grp, epoch, rev, node, kind, {column}) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (node, kind) DO UPDATE SET grp = ?1, epoch = ?2, rev = ?3, \
             {column} = max(coalesce({column}, ?6), ?6)"
        );
        self.stamped(&sql, &[&node.as_str(), &to_word(&kind), &to.as_millis()])
            .map(drop)
    }
}
