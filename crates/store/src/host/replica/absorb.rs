//! The state of a group that a connection has joined to this file's own.

use super::tables::{ABSORBED, EDGE_CURSORS, Keyed, RESTORES, TABLES};
use super::{AUDIT, DIRTY, HISTORY, OBSERVATIONS, ReplicaRow};
use crate::StoreError;
use crate::db::open_reader;
use crate::host::{HostRead, HostStore, HostTx, access};
use crate::stamp::GroupId;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How long the other file's lock is waited for: nobody writes it.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// So many rows are of one revision: the replica is sent whole revisions, and must not get all of them at once.
const REVISION_ROWS: usize = if cfg!(test) { 2 } else { 500 };

/// The table that says whose state was brought in.
pub(crate) const NOTES: &str = ABSORBED.name;

impl ReplicaRow {
    /// The group whose state was brought in, where the row says that of one.
    pub(crate) fn note(&self) -> Option<GroupId> {
        let columns: serde_json::Value = serde_json::from_str(&self.payload).ok()?;
        let was = columns.get("was").filter(|_| self.table == NOTES)?;
        was.as_str().map(GroupId::new)
    }
}

impl HostStore {
    /// Brings the state of another group, which lies in a file of its own, into this one, under this store's stamp: in one
    /// step, so that it is here as a whole or not at all. Whoever calls has ended all work on both. Repeating it changes
    /// nothing.
    ///
    /// Numbers that only count in one file (of history, audit and marks) are given anew, after those that are here. Where
    /// the edges are read is this group's own: what the other has not processed comes anew from its edges.
    ///
    /// # Errors
    /// The other file is another group's or another installation's; or either cannot be read or written.
    pub async fn absorb(&self, other: &Self, at: Timestamp) -> Result<(), StoreError> {
        let path = other.db().path().to_owned();
        let group = other.stamp().group.clone();
        self.write(move |tx| tx.absorb(&path, &group, at)).await
    }
}

impl HostRead<'_> {
    /// The groups whose state was brought into this file.
    pub fn absorbed(&self) -> Result<BTreeSet<GroupId>, StoreError> {
        let found = self.many("SELECT was FROM absorbed", [], |row| {
            Ok(GroupId::new(row.get::<_, String>(0)?))
        });
        Ok(found?.into_iter().collect())
    }
}

impl HostTx<'_> {
    fn absorb(&self, path: &Path, group: &GroupId, at: Timestamp) -> Result<(), StoreError> {
        if self.absorbed()?.contains(group) {
            return Ok(());
        }
        let other = open_reader(path, LOCK_WAIT)?;
        self.check_kin(&other, group)?;
        let since = self.rev()?;
        for table in TABLES {
            if ![RESTORES, EDGE_CURSORS].contains(table) {
                self.copy(&other, *table)?;
            }
        }
        self.stamped(
            "INSERT INTO absorbed (grp, epoch, rev, was, at, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[&group.as_str(), &at.as_millis(), &since],
        )?;
        let Some(gap) = HostRead::new(&other).gap(group)? else {
            return Ok(());
        };
        let own = self.meta()?;
        self.put_gap(&own.group, own.epoch, gap)
    }

    /// Whether the other file is the group's, and of the same installation.
    fn check_kin(&self, other: &Connection, group: &GroupId) -> Result<(), StoreError> {
        let (ours, theirs) = (self.meta()?, access::meta_or_none(other)?);
        let kin = theirs
            .as_ref()
            .is_some_and(|theirs| theirs.instance == ours.instance && theirs.group == *group);
        if kin {
            return Ok(());
        }
        Err(StoreError::Unreadable {
            what: "the state of a group that is to be joined",
            reason: format!(
                "the file is not that of group {group} of '{}'",
                ours.instance
            ),
        })
    }

    /// Copies a table's rows, in their order.
    fn copy(&self, other: &Connection, table: Keyed) -> Result<(), StoreError> {
        let renumbered = [DIRTY, HISTORY, AUDIT].contains(&table);
        let columns: Vec<String> = self
            .columns(table)?
            .into_iter()
            .filter(|column| !(renumbered && column == "seq"))
            .collect();
        let name = table.name;
        let order = if renumbered { " ORDER BY seq" } else { "" };
        let mut rows =
            other.prepare(&format!("SELECT {} FROM {name}{order}", columns.join(", ")))?;
        // A mark is told from a later one of the same item by its number, which is a revision of the file.
        let places: Vec<String> = (4..)
            .zip(&columns)
            .map(|(place, column)| match column.as_str() {
                "mark" if table == DIRTY => "?3".to_owned(),
                // It comes with this step, which says where that begins.
                "since" if table == ABSORBED => format!("coalesce(?3, ?{place})"),
                _ => format!("?{place}"),
            })
            .collect();
        // Equal observations are one.
        let or = if table == OBSERVATIONS {
            " OR IGNORE"
        } else {
            ""
        };
        let sql = format!(
            "INSERT{or} INTO {name} (grp, epoch, rev, {}) VALUES (?1, ?2, ?3, {})",
            columns.join(", "),
            places.join(", ")
        );
        let mut rows = rows.query([])?;
        let mut copied = 0;
        while let Some(row) = rows.next()? {
            if copied == REVISION_ROWS {
                copied = 0;
                self.next_rev()?;
            }
            copied += 1;
            let values: Vec<Value> = (0..columns.len())
                .map(|at| row.get(at))
                .collect::<Result<_, _>>()?;
            let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
            self.stamped(&sql, &values)?;
        }
        Ok(())
    }
}
