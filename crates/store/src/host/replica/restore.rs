//! Rows put back from a replica.

use super::tables::TABLES;
use crate::StoreError;
use crate::host::{Gap, HostTx, newest_time};
use crate::stamp::{Epoch, GroupId};
use twinline_core::time::Timestamp;

/// A row of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaRow {
    /// Its table.
    pub table: String,
    /// Its stamp.
    pub epoch: Epoch,
    /// Its stamp.
    pub rev: i64,
    /// Its columns as a JSON object.
    pub payload: String,
}

impl HostTx<'_> {
    /// Removes every row of a group: what an earlier try has put back.
    pub(crate) fn clear_group(&self, group: &GroupId) -> Result<(), StoreError> {
        for table in TABLES.iter().map(|table| table.name).chain(["tombstones"]) {
            self.conn().execute(
                &format!("DELETE FROM {table} WHERE grp = ?1"),
                [group.as_str()],
            )?;
        }
        Ok(())
    }

    /// Whether no group has a row here.
    pub(crate) fn is_without_rows(&self) -> Result<bool, StoreError> {
        for table in TABLES {
            let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            if self.one(&sql, [], |_| Ok(()))?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts rows back as they were, stamps included. Columns that this version does not have are left out, and those that
    /// the row does not have take their default.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for a table that this version does not know.
    pub(crate) fn put_back(&self, group: &GroupId, rows: &[ReplicaRow]) -> Result<(), StoreError> {
        for row in rows {
            let table = TABLES.iter().find(|table| table.name == row.table);
            let table = table.ok_or_else(|| StoreError::Unreadable {
                what: "a replica's table",
                reason: format!("'{}' is not known to this version", row.table),
            })?;
            let given = self.many("SELECT key FROM json_each(?1)", [&row.payload], |row| {
                Ok(row.get::<_, String>(0)?)
            })?;
            let columns: Vec<String> = self
                .columns(*table)?
                .into_iter()
                .filter(|column| given.contains(column))
                .collect();
            let values: Vec<String> = columns
                .iter()
                .map(|column| format!("json_extract(?4, '$.{column}')"))
                .collect();
            let sql = format!(
                "INSERT OR REPLACE INTO {} (grp, epoch, rev, {}) VALUES (?1, ?2, ?3, {})",
                table.name,
                columns.join(", "),
                values.join(", ")
            );
            self.conn().prepare_cached(&sql)?.execute((
                group.as_str(),
                row.epoch.to_stored(),
                row.rev,
                &row.payload,
            ))?;
        }
        Ok(())
    }

    /// The file is this group's, under a new epoch. `base_epoch`: what was shipped last is what this file shipped under it.
    pub(crate) fn own_group(
        &self,
        group: &GroupId,
        epoch: Epoch,
        base_epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        self.conn().execute(
            "UPDATE meta SET grp = ?1, epoch = ?2",
            (group.as_str(), epoch.to_stored()),
        )?;
        self.conn().execute(
            "UPDATE replication SET base_epoch = coalesce(?1, base_epoch) WHERE grp = ?2",
            (base_epoch.map(Epoch::to_stored), group.as_str()),
        )?;
        Ok(())
    }

    /// As [`Self::own_group`], where others may have worked on the group since the file's newest time: of what they did
    /// there nobody knows.
    pub(crate) fn go_on_with_group(
        &self,
        group: &GroupId,
        epoch: Epoch,
        base_epoch: Option<Epoch>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.own_group(group, epoch, base_epoch)?;
        let from = newest_time(self.conn())?;
        self.put_gap(group, epoch, Gap { from, to: now })
    }

    /// The rows are all there: the file goes on from `rev`, the greatest that a row has, and is known to be made from the
    /// replica as it was when it had everything up to `pruned`.
    /// `first`: it is the file's only group, and becomes the file's own.
    pub(crate) fn end_put_back(
        &self,
        group: &GroupId,
        epoch: Epoch,
        base_epoch: Epoch,
        (rev, pruned): (i64, i64),
        first: bool,
    ) -> Result<(), StoreError> {
        self.conn()
            .execute("UPDATE meta SET rev = max(rev, ?1)", [rev])?;
        if first {
            self.conn().execute(
                "UPDATE meta SET grp = ?1, epoch = ?2",
                (group.as_str(), epoch.to_stored()),
            )?;
        }
        self.conn().execute(
            "UPDATE replication SET base_epoch = ?1, pruned = ?2 WHERE grp = ?3",
            (base_epoch.to_stored(), pruned, group.as_str()),
        )?;
        Ok(())
    }
}
