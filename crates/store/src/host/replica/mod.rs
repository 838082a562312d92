//! The host's rows as replication sees them: what has changed since a revision, and rows put back from a replica.
//!
//! Without a central database none of this costs anything: no deletion is remembered and nothing is indexed by revision
//! until [`HostTx::begin_replication`].

mod absorb;
mod changes;
mod format;
mod restore;
mod revisions;
mod tables;

#[cfg(test)]
mod absorb_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod revisions_tests;
#[cfg(test)]
mod tests;

pub(crate) use absorb::NOTES;
pub use changes::Change;
pub(crate) use changes::Changes;
pub(crate) use format::{REPLICA_FORMAT, REPLICA_FORMAT_READ};
pub use restore::ReplicaRow;
pub(super) use tables::Keyed;
pub(super) use tables::{
    ATTACHMENT_LINKS, AUDIT, BASES, COMMENT_LINKS, DIRTY, EFFECTS, HISTORY, ITEMS, JOBS,
    OBSERVATIONS, PARENT_WAITS, WRITE_SLICES,
};

use super::{HostRead, HostStore, HostTx};
use crate::StoreError;
use crate::stamp::{Epoch, GroupId};
use rusqlite::Params;

/// In place of the revision from which on deletions are remembered: they are not, since replication has ended.
const ENDED: i64 = i64::MAX;
/// In its place too: the group's rows are being put back from the replica, and are not whole.
const UNFINISHED: i64 = i64::MAX - 1;

impl HostStore {
    /// The host is not replicated any more: deletions are forgotten and no longer remembered. Should it be again, the
    /// replica is copied anew. Changes nothing in a file that never was.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn end_replication(&self) -> Result<(), StoreError> {
        if !self.read(|read| read.replicates()).await? {
            return Ok(());
        }
        self.write(|tx| tx.end_replication()).await
    }
}

/// What this file knows of its replication of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Tells this file from every other one that may hold the group.
    pub(crate) writer: String,
    /// The replica's epoch that the file was made from; `None`: it was not made from the replica.
    pub(crate) base_epoch: Option<Epoch>,
    /// Deletions after this revision are all kept.
    pub(crate) pruned: i64,
    /// The newest revision of the file.
    pub(crate) rev: i64,
}

impl HostRead<'_> {
    /// What the file knows of its replication of a group; `None`: it was never begun, or the group's rows are not whole.
    pub(crate) fn line(&self, group: &GroupId) -> Result<Option<Line>, StoreError> {
        let sql = "SELECT writer, base_epoch, pruned, (SELECT rev FROM meta) FROM replication \
                   WHERE grp = ?1 AND pruned < ?2";
        self.one(sql, (group.as_str(), UNFINISHED), |row| {
            Ok(Line {
                writer: row.get(0)?,
                base_epoch: row.get::<_, Option<i64>>(1)?.map(Epoch::from_stored),
                pruned: row.get(2)?,
                rev: row.get(3)?,
            })
        })
    }

    /// Whether putting a group's rows back was begun and not ended: what is here is not its state.
    pub(crate) fn is_unfinished(&self, group: &GroupId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM replication WHERE grp = ?1 AND pruned = ?2";
        let found = self.one(sql, (group.as_str(), UNFINISHED), |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Whether the file has a state of a group, as far as it knows: none that is being put back.
    pub fn is_whole(&self, group: &GroupId) -> Result<bool, StoreError> {
        Ok(!self.is_unfinished(group)?)
    }

    /// The newest revision of the file.
    pub fn newest_rev(&self) -> Result<i64, StoreError> {
        let found = self.one("SELECT rev FROM meta", [], |row| Ok(row.get(0)?))?;
        Ok(found.unwrap_or(0))
    }

    /// How many deletions are remembered up to a revision.
    pub(crate) fn tombstones_to(&self, group: &GroupId, rev: i64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM tombstones WHERE rev <= ?1 AND grp = ?2";
        let found = self.one(sql, (rev, group.as_str()), |row| {
            Ok(crate::row::count(row, 0)?)
        })?;
        Ok(found.unwrap_or(0))
    }

    /// Whether deletions are to be remembered.
    pub(super) fn replicates(&self) -> Result<bool, StoreError> {
        let found = self.one(
            "SELECT 1 FROM replication WHERE pruned < ?1 LIMIT 1",
            [ENDED],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }
}

impl HostTx<'_> {
    /// Begins the replication of a group: from now on deletions are remembered and changes are found quickly. `writer` is
    /// taken when none is known yet. Repeating it changes nothing.
    ///
    /// Who may have a file of many rows has made the index before ([`HostStore::index_revisions`]): what is still missing of it
    /// is made in this one step.
    pub(crate) fn begin_replication(
        &self,
        group: &GroupId,
        writer: &str,
    ) -> Result<Line, StoreError> {
        while !self.index_more_revisions(u32::MAX)? {}
        self.conn().execute(
            "INSERT INTO replication (grp, writer, base_epoch, pruned) \
             VALUES (?1, ?2, NULL, (SELECT rev FROM meta)) \
             ON CONFLICT (grp) DO UPDATE SET pruned = excluded.pruned WHERE pruned = ?3",
            (group.as_str(), writer, ENDED),
        )?;
        Ok(self.line(group)?.expect("the row was just written"))
    }

    /// Begins to put a group's rows back: until [`HostTx::end_put_back`] they are not taken for its state, whatever happens
    /// in between. Answers who writes the file. `writer` is taken when none is known yet. The index: as for
    /// [`HostTx::begin_replication`].
    pub(crate) fn begin_put_back(
        &self,
        group: &GroupId,
        writer: &str,
    ) -> Result<String, StoreError> {
        while !self.index_more_revisions(u32::MAX)? {}
        let sql = "INSERT INTO replication (grp, writer, base_epoch, pruned) VALUES (?1, ?2, NULL, ?3) \
                   ON CONFLICT (grp) DO UPDATE SET pruned = excluded.pruned RETURNING writer";
        let params = (group.as_str(), writer, UNFINISHED);
        let writer = self.one(sql, params, |row| Ok(row.get(0)?))?;
        Ok(writer.expect("the row was just written"))
    }

    /// The replica that a group's rows were to be put back from is not there any more: what was put back so far goes.
    /// Changes nothing where nothing was begun.
    pub(crate) fn give_up_put_back(&self, group: &GroupId) -> Result<(), StoreError> {
        if self.is_unfinished(group)? {
            self.clear_group(group)?;
            self.conn()
                .execute("DELETE FROM replication WHERE grp = ?1", [group.as_str()])?;
        }
        Ok(())
    }

    fn end_replication(&self) -> Result<(), StoreError> {
        self.forget_revisions()?;
        self.conn()
            .execute("UPDATE replication SET pruned = ?1", [ENDED])?;
        self.conn().execute("DELETE FROM tombstones", [])?;
        Ok(())
    }

    /// Forgets deletions up to a revision, oldest first, at most `max`; answers how many.
    pub(crate) fn forget_tombstones(
        &self,
        group: &GroupId,
        rev: i64,
        max: u32,
    ) -> Result<usize, StoreError> {
        let gone = self.conn().execute(
            "DELETE FROM tombstones WHERE rowid IN \
             (SELECT rowid FROM tombstones WHERE rev <= ?1 AND grp = ?2 ORDER BY rev LIMIT ?3)",
            (rev, group.as_str(), max),
        )?;
        self.conn().execute(
            "UPDATE replication SET pruned = max(pruned, ?1) WHERE grp = ?2",
            (rev, group.as_str()),
        )?;
        Ok(gone)
    }

    /// Deletes the rows of a table that a condition names; returns how many went. Where the file is replicated their
    /// deletion is remembered.
    pub(super) fn delete(
        &self,
        table: Keyed,
        condition: &str,
        params: impl Params,
    ) -> Result<usize, StoreError> {
        let name = table.name;
        let sql = format!("DELETE FROM {name} WHERE {condition}");
        if !self.replicates()? {
            return Ok(self.conn().prepare_cached(&sql)?.execute(params)?);
        }
        let gone = self.keys(&format!("{sql} RETURNING {}, grp", table.key_sql()), params)?;
        self.bury(table, &gone)?;
        Ok(gone.len())
    }

    /// Remembers that the keys of these rows are about to go: for a statement that changes keys.
    pub(super) fn bury_where(
        &self,
        table: Keyed,
        condition: &str,
        params: impl Params,
    ) -> Result<(), StoreError> {
        if !self.replicates()? {
            return Ok(());
        }
        let (name, key) = (table.name, table.key_sql());
        let going = self.keys(
            &format!("SELECT {key}, grp FROM {name} WHERE {condition}"),
            params,
        )?;
        self.bury(table, &going)
    }

    fn keys(&self, sql: &str, params: impl Params) -> Result<Vec<(String, String)>, StoreError> {
        self.many(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn bury(&self, table: Keyed, keys: &[(String, String)]) -> Result<(), StoreError> {
        for (key, group) in keys {
            self.stamped(
                "INSERT INTO tombstones (tbl, key, grp, epoch, rev) VALUES (?4, ?5, coalesce(?6, ?1), ?2, ?3) \
                 ON CONFLICT (tbl, key) DO UPDATE SET grp = excluded.grp, epoch = excluded.epoch, rev = excluded.rev",
                &[&table.name, key, group],
            )?;
        }
        Ok(())
    }
}
