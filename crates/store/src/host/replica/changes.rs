//! What has changed since a revision.

use super::tables::{Keyed, TABLES};
use crate::StoreError;
use crate::host::HostRead;
use crate::stamp::GroupId;
use std::collections::BTreeMap;

/// A row as it is now, or its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its table.
    pub table: String,
    /// Its key, as a JSON array.
    pub key: String,
    /// The revision of its last write.
    pub rev: i64,
    /// Its columns as a JSON object; `None`: it was deleted.
    pub payload: Option<String>,
}

/// One piece of what has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Each key once, in the order of the revisions.
    pub(crate) rows: Vec<Change>,
    /// Rows that vouch for others, in the last piece alone: to be stored after all others.
    pub(crate) vouching: Vec<Change>,
    /// Everything up to this revision is in this piece or in one before it.
    pub(crate) upto: i64,
    /// Whether `upto` is the newest revision of the file.
    pub(crate) is_last: bool,
    /// Whether what comes after may be sent in another transaction: a group that was brought in is there whole, or not.
    pub(crate) may_end: bool,
}

impl HostRead<'_> {
    /// What of a group has changed after `after`, oldest revision first; about `max` rows, and always whole revisions.
    ///
    /// `vouched`: up to where rows that vouch were shipped, which may be less than `after`: they go in the last piece.
    pub(crate) fn changes(
        &self,
        group: &GroupId,
        after: i64,
        vouched: i64,
        max: u32,
    ) -> Result<Changes, StoreError> {
        let newest = self.newest_rev()?;
        let cut = self.cut(after, max)?.unwrap_or(newest);
        let mut found = BTreeMap::new();
        self.buried(group, after, cut, &mut found)?;
        let there = self.revised(after, cut)?;
        let is_there = |table: &&Keyed| there.contains(&table.number);
        for table in TABLES
            .iter()
            .filter(|table| !table.vouches)
            .filter(is_there)
        {
            self.living(*table, group, after, cut, &mut found)?;
        }
        let mut changes = Changes {
            rows: in_order(found),
            vouching: Vec::new(),
            upto: cut,
            is_last: cut >= newest,
            may_end: !self.is_within_absorbed(cut)?,
        };
        if changes.is_last {
            let mut cursors = BTreeMap::new();
            for table in TABLES.iter().filter(|table| table.vouches) {
                self.living(*table, group, vouched, cut, &mut cursors)?;
            }
            changes.vouching = in_order(cursors);
        }
        Ok(changes)
    }

    /// Whether a revision is one of those that brought a group in, and not the last of them.
    fn is_within_absorbed(&self, rev: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM absorbed WHERE since <= ?1 AND rev > ?1 LIMIT 1";
        Ok(self.one(sql, [rev], |_| Ok(()))?.is_some())
    }

    /// The revision of the `max`th row after `after`, or one a little before, since rows that are gone count as well; `None`
    /// when there are fewer. Only indexes are read.
    fn cut(&self, after: i64, max: u32) -> Result<Option<i64>, StoreError> {
        let vouching = TABLES.iter().filter(|table| table.vouches);
        let vouching: Vec<String> = vouching.map(|table| table.number.to_string()).collect();
        let sql = format!(
            "SELECT rev FROM (SELECT * FROM (SELECT rev FROM revisions WHERE rev > ?1 AND tbl NOT IN ({}) \
             ORDER BY rev LIMIT ?2) UNION ALL SELECT * FROM (SELECT rev FROM tombstones WHERE rev > ?1 \
             ORDER BY rev LIMIT ?2)) ORDER BY rev LIMIT 1 OFFSET ?2 - 1",
            vouching.join(", ")
        );
        self.one(&sql, (after, max.max(1)), |row| Ok(row.get(0)?))
    }

    fn living(
        &self,
        table: Keyed,
        group: &GroupId,
        after: i64,
        cut: i64,
        into: &mut BTreeMap<(String, String), Change>,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {}, t.rev, json_object({}) FROM revisions r CROSS JOIN {} t ON t.rowid = r.row \
             WHERE r.rev > ?1 AND r.rev <= ?2 AND r.tbl = {} AND t.rev = r.rev AND t.grp = ?3",
            table.key_sql(),
            self.columns_sql(table)?,
            table.name,
            table.number
        );
        let rows = self.many(&sql, (after, cut, group.as_str()), |row| {
            Ok(Change {
                table: table.name.to_owned(),
                key: row.get(0)?,
                rev: row.get(1)?,
                payload: Some(row.get(2)?),
            })
        })?;
        for row in rows {
            // A row that lives was written after its key's deletion, or in the same step.
            into.insert((row.table.clone(), row.key.clone()), row);
        }
        Ok(())
    }

    fn buried(
        &self,
        group: &GroupId,
        after: i64,
        cut: i64,
        into: &mut BTreeMap<(String, String), Change>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT tbl, key, rev FROM tombstones WHERE rev > ?1 AND rev <= ?2 AND grp = ?3";
        let rows = self.many(sql, (after, cut, group.as_str()), |row| {
            Ok(Change {
                table: row.get(0)?,
                key: row.get(1)?,
                rev: row.get(2)?,
                payload: None,
            })
        })?;
        for row in rows {
            into.insert((row.table.clone(), row.key.clone()), row);
        }
        Ok(())
    }

    /// `'column', column` for each column but the stamp's.
    pub(super) fn columns_sql(&self, table: Keyed) -> Result<String, StoreError> {
        let columns = self.columns(table)?;
        let pairs: Vec<String> = columns
            .iter()
            .map(|column| format!("'{column}', {column}"))
            .collect();
        Ok(pairs.join(", "))
    }

    /// The table's columns but the stamp's.
    pub(super) fn columns(&self, table: Keyed) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM pragma_table_info(?1) WHERE name NOT IN ('grp', 'epoch', 'rev') ORDER BY cid";
        self.many(sql, [table.name], |row| Ok(row.get(0)?))
    }
}

fn in_order(found: BTreeMap<(String, String), Change>) -> Vec<Change> {
    let mut rows: Vec<Change> = found.into_values().collect();
    rows.sort_by_key(|row| row.rev);
    rows
}
