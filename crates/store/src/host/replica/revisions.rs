//! Which rows have which revision: one index over all replicated tables.
//!
//! A step writes rows of many tables under one revision. With an index of revisions for each of them, a page of each would be
//! written; here all entries of a step lie on one page, behind those of the step before. Triggers keep it, so that no
//! statement can forget it.
//!
//! A row is found by its rowid, which stays what it is while the file does, but for `VACUUM`: that gives a file another
//! number of its schema, and so does whatever changes its tables. A file with another number than the one that the index was
//! made for has it made anew.
//!
//! It is made in steps, so that a file of many rows takes other writes meanwhile: first the triggers, which from then on
//! keep the entries of whatever changes, then the rows that were there, table by table. How far that is, is stored with it.

use super::tables::{Keyed, TABLES};
use crate::StoreError;
use crate::host::{HostRead, HostStore, HostTx};
use std::collections::BTreeSet;

/// So many rows are entered in one step, which keeps other writes waiting for some tens of milliseconds at most.
const STEP_MAX_ROWS: u32 = 2_000;

impl HostStore {
    /// Makes the index, where it is not there or is not right any more. Where this is cut off it goes on the next time from
    /// where it was.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) async fn index_revisions(&self) -> Result<(), StoreError> {
        while !self.read(|read| read.has_revisions()).await? {
            self.write(|tx| tx.index_more_revisions(STEP_MAX_ROWS))
                .await?;
        }
        Ok(())
    }
}

impl HostRead<'_> {
    /// Whether the index is there and says what the tables do.
    pub(crate) fn has_revisions(&self) -> Result<bool, StoreError> {
        if !self.has_table("revisions_made")? {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM revisions_made m, pragma_schema_version s WHERE m.schema = s.schema_version";
        Ok(self.one(sql, [], |_| Ok(()))?.is_some())
    }

    /// Up to which table, by its place, and row of it the index that is being made has everything; `None`: none is, or it is
    /// not right any more.
    fn indexed_to(&self) -> Result<Option<(usize, i64)>, StoreError> {
        if !self.has_table("revisions_begun")? {
            return Ok(None);
        }
        let sql = "SELECT b.tbl, b.row FROM revisions_begun b, pragma_schema_version s WHERE b.schema = s.schema_version";
        let begun: Option<(i64, i64)> = self.one(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(begun.and_then(|(number, row)| {
            let place = TABLES.iter().position(|table| table.number == number)?;
            Some((place, row))
        }))
    }

    fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        Ok(self.one(sql, [name], |_| Ok(()))?.is_some())
    }

    /// The numbers of the tables that have rows of these revisions, or had.
    pub(super) fn revised(&self, after: i64, upto: i64) -> Result<BTreeSet<i64>, StoreError> {
        let sql = "SELECT DISTINCT tbl FROM revisions WHERE rev > ?1 AND rev <= ?2";
        let found = self.many(sql, (after, upto), |row| Ok(row.get(0)?))?;
        Ok(found.into_iter().collect())
    }
}

impl HostTx<'_> {
    /// One step towards the index: enters about `max` rows, or begins it. Whether it is whole now.
    pub(super) fn index_more_revisions(&self, max: u32) -> Result<bool, StoreError> {
        if self.has_revisions()? {
            return Ok(true);
        }
        let Some((first, after)) = self.indexed_to()? else {
            self.begin_revisions()?;
            return Ok(false);
        };
        let (mut after, mut left) = (after, max);
        for table in &TABLES[first..] {
            let (rows, last) = self.enter(*table, after, left)?;
            if rows == left {
                self.conn().execute(
                    "UPDATE revisions_begun SET tbl = ?1, row = ?2",
                    (table.number, last),
                )?;
                return Ok(false);
            }
            left -= rows;
            after = i64::MIN;
        }
        self.conn().execute("DELETE FROM revisions_begun", [])?;
        self.conn().execute(
            "INSERT INTO revisions_made (schema) SELECT schema_version FROM pragma_schema_version",
            [],
        )?;
        Ok(true)
    }

    /// From now on triggers enter what changes; of what was there before nothing is entered yet.
    fn begin_revisions(&self) -> Result<(), StoreError> {
        self.forget_revisions()?;
        self.conn().execute_batch(
            "CREATE TABLE revisions (
                rev INTEGER NOT NULL, tbl INTEGER NOT NULL, row INTEGER NOT NULL,
                PRIMARY KEY (rev, tbl, row)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE revisions_made (schema INTEGER NOT NULL) STRICT;
            CREATE TABLE revisions_begun (schema INTEGER NOT NULL, tbl INTEGER NOT NULL, row INTEGER NOT NULL) STRICT;",
        )?;
        for table in TABLES {
            self.conn().execute_batch(&triggers(*table))?;
        }
        self.conn().execute(
            "INSERT INTO revisions_begun (schema, tbl, row) SELECT schema_version, ?1, ?2 FROM pragma_schema_version",
            (TABLES[0].number, i64::MIN),
        )?;
        Ok(())
    }

    /// Enters the next rows of a table: how many, and the last of them. What a trigger has entered already stays.
    fn enter(&self, table: Keyed, after: i64, max: u32) -> Result<(u32, i64), StoreError> {
        let Keyed { name, number, .. } = table;
        let next = format!(
            "SELECT count(*), coalesce(max(rowid), ?1) FROM \
             (SELECT rowid FROM {name} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
        );
        let next = self.one(&next, (after, max), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (rows, last) = next.expect("a count has a row");
        self.conn().execute(
            &format!(
                "INSERT OR IGNORE INTO revisions (rev, tbl, row) \
                 SELECT rev, {number}, rowid FROM {name} WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rev"
            ),
            (after, last),
        )?;
        Ok((rows, last))
    }

    /// Lets the index go.
    pub(super) fn forget_revisions(&self) -> Result<(), StoreError> {
        for Keyed { name, .. } in TABLES {
            self.conn().execute_batch(&format!(
                "DROP TRIGGER IF EXISTS {name}_comes; DROP TRIGGER IF EXISTS {name}_changes; \
                 DROP TRIGGER IF EXISTS {name}_goes"
            ))?;
        }
        self.conn().execute_batch(
            "DROP TABLE IF EXISTS revisions; DROP TABLE IF EXISTS revisions_made; \
                 DROP TABLE IF EXISTS revisions_begun",
        )?;
        Ok(())
    }
}

/// What keeps the entries of a table's rows.
fn triggers(table: Keyed) -> String {
    let Keyed { name, number, .. } = table;
    let enter = format!(
        "INSERT OR IGNORE INTO revisions (rev, tbl, row) VALUES (new.rev, {number}, new.rowid);"
    );
    let strike = format!(
        "DELETE FROM revisions WHERE rev = old.rev AND tbl = {number} AND row = old.rowid;"
    );
    format!(
        "CREATE TRIGGER {name}_comes AFTER INSERT ON {name} BEGIN {enter} END;
        CREATE TRIGGER {name}_changes AFTER UPDATE OF rev ON {name} BEGIN {strike} {enter} END;
        CREATE TRIGGER {name}_goes AFTER DELETE ON {name} BEGIN {strike} END;"
    )
}
