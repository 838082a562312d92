//! Which rows have which revision: one index over all replicated tables.
//!
//! A step writes rows of many tables under one revision. With an index of revisions for each of them, a page of each would be
//! written; here all entries of a step lie on one page, behind those of the step before. Triggers keep it, so that no
//! statement can forget it.
//!
//! A row is found by its rowid, which stays what it is while the file does, but for `VACUUM`: that gives a file another
//! number of its schema, and so does whatever changes its tables. A file with another number than the one that the index was
//! made for has it made anew.

use super::tables::{Keyed, TABLES};
use crate::StoreError;
use crate::host::{HostRead, HostTx};
use std::collections::BTreeSet;

impl HostRead<'_> {
    /// Whether the index is there and says what the tables do.
    pub(crate) fn has_revisions(&self) -> Result<bool, StoreError> {
        let made = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'revisions_made'";
        if self.one(made, [], |_| Ok(()))?.is_none() {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM revisions_made m, pragma_schema_version s WHERE m.schema = s.schema_version";
        Ok(self.one(sql, [], |_| Ok(()))?.is_some())
    }

    /// The numbers of the tables that have rows of these revisions, or had.
    pub(super) fn revised(&self, after: i64, upto: i64) -> Result<BTreeSet<i64>, StoreError> {
        let sql = "SELECT DISTINCT tbl FROM revisions WHERE rev > ?1 AND rev <= ?2";
        let found = self.many(sql, (after, upto), |row| Ok(row.get(0)?))?;
        Ok(found.into_iter().collect())
    }
}

impl HostTx<'_> {
    /// Makes the index, where it is not there or is not right any more.
    pub(super) fn index_revisions(&self) -> Result<(), StoreError> {
        if self.has_revisions()? {
            return Ok(());
        }
        self.forget_revisions()?;
        self.conn().execute_batch(
            "CREATE TABLE revisions (
                rev INTEGER NOT NULL, tbl INTEGER NOT NULL, row INTEGER NOT NULL,
                PRIMARY KEY (rev, tbl, row)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE revisions_made (schema INTEGER NOT NULL) STRICT;",
        )?;
        let all: Vec<String> = TABLES
            .iter()
            .map(|table| format!("SELECT rev, {}, rowid FROM {}", table.number, table.name))
            .collect();
        self.conn().execute(
            &format!(
                "INSERT INTO revisions (rev, tbl, row) SELECT * FROM ({}) ORDER BY 1, 2, 3",
                all.join(" UNION ALL ")
            ),
            [],
        )?;
        for table in TABLES {
            self.conn().execute_batch(&triggers(*table))?;
        }
        self.conn().execute(
            "INSERT INTO revisions_made (schema) SELECT schema_version FROM pragma_schema_version",
            [],
        )?;
        Ok(())
    }

    /// Lets the index go.
    pub(super) fn forget_revisions(&self) -> Result<(), StoreError> {
        for Keyed { name, .. } in TABLES {
            self.conn().execute_batch(&format!(
                "DROP TRIGGER IF EXISTS {name}_comes; DROP TRIGGER IF EXISTS {name}_changes; \
                 DROP TRIGGER IF EXISTS {name}_goes"
            ))?;
        }
        self.conn()
            .execute_batch("DROP TABLE IF EXISTS revisions; DROP TABLE IF EXISTS revisions_made")?;
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
