//! What a restored state does not tell.

use super::access::{HostRead, HostTx};
use crate::StoreError;
use crate::row::time;
use crate::stamp::{Epoch, GroupId};
use rusqlite::Connection;
use twinline_core::names::{LinkId, NodeName};
use twinline_core::time::Timestamp;

/// A time of which a group's state knows nothing, since it was restored from a copy, rebuilt or taken over. What Twinline
/// wrote in it stands in the trackers and in no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What happened until then is known.
    pub from: Timestamp,
    /// What happened from then on is known again.
    pub to: Timestamp,
}

/// Notes a gap, widening the one that is known, under the epoch of whoever knows of it.
pub(crate) fn note_gap(
    conn: &Connection,
    group: &GroupId,
    epoch: Epoch,
    gap: Gap,
) -> Result<(), StoreError> {
    // Greater than that of every row that is there, those included that were put back just now.
    let rev: i64 = conn.query_row("UPDATE meta SET rev = rev + 1 RETURNING rev", [], |row| {
        row.get(0)
    })?;
    conn.execute(
        "INSERT INTO restores (grp, epoch, rev, state_at, restored_at) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (grp) DO UPDATE SET epoch = excluded.epoch, rev = excluded.rev, \
         state_at = min(state_at, excluded.state_at), restored_at = max(restored_at, excluded.restored_at)",
        (
            group.as_str(),
            epoch.to_stored(),
            rev,
            gap.from.as_millis(),
            gap.to.as_millis(),
        ),
    )?;
    Ok(())
}

/// The newest time that a state tells of; the beginning of time for an empty one.
pub(crate) fn newest_time(conn: &Connection) -> Result<Timestamp, StoreError> {
    let sql = "SELECT max(at) FROM (SELECT 0 AS at UNION ALL SELECT max(seen_at) FROM items UNION ALL \
               SELECT max(intended_at) FROM effects UNION ALL SELECT max(at) FROM history UNION ALL \
               SELECT max(at) FROM audit)";
    Ok(conn.query_row(sql, [], |row| time(row, 0))?)
}

impl HostRead<'_> {
    /// What a group's state does not tell; `None`: it was never restored.
    pub fn gap(&self, group: &GroupId) -> Result<Option<Gap>, StoreError> {
        let sql = "SELECT state_at, restored_at FROM restores WHERE grp = ?1";
        self.one(sql, [group.as_str()], |row| {
            Ok(Gap {
                from: time(row, 0)?,
                to: time(row, 1)?,
            })
        })
    }

    /// Whether a twin's create was intended at a node since then. The cost is that of the creates intended there since.
    pub fn has_intended_create(
        &self,
        link: &LinkId,
        node: &NodeName,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM effects INDEXED BY effects_by_item WHERE node = ?1 AND item IS NULL AND \
                   intended_at >= ?2 AND link = ?3 AND is_create = 1 LIMIT 1";
        let params = (node.as_str(), since.as_millis(), link.as_str());
        Ok(self.one(sql, params, |_| Ok(()))?.is_some())
    }
}

impl HostTx<'_> {
    /// Notes what the group's state does not tell, as the group's owner at `epoch`. The last write of a step.
    pub fn put_gap(&self, group: &GroupId, epoch: Epoch, gap: Gap) -> Result<(), StoreError> {
        note_gap(self.conn(), group, epoch, gap)
    }
}
