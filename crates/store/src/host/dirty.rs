//! The dirty queue: which items may have changed, and when to look.
//!
//! One row per item. Marks coalesce: the earlier due time and the livelier lane win, and every mark gives the row a new
//! [`MarkId`]. Who works on an item remembers the id that it began with; [`HostTx::clear_dirty`] removes the row only
//! when it still has that id, so a mark that arrives in between is kept.
//!
//! A row stands for the item's work with all its connections, until [`HostTx::leave_to`] says which of it is left.

use super::{HostRead, HostTx, replica};
use crate::StoreError;
use crate::row::{count, from_json, from_word, time, to_count, to_json, to_word};
use rusqlite::{Row, ToSql};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, NodeName};
pub use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;

/// The cause of a mark by positive evidence that the item was deleted. It outlives what else an item is marked for, since
/// a later 404 is a deletion only with it.
pub const DELETED: &str = "deleted";

/// The cause of a mark by an audit, which has no sign of a change. Any other sign takes its place, so that what an audit
/// alone has found can be told.
pub const AUDIT: &str = "audit";

/// The cause that is left when what an item was marked for is done, and other connections' work with it is not.
const OTHERS: &str = "others";

/// How the cause of a mark by a tracker's word of a transfer begins; the item's new id follows. Until its twin has
/// followed, the item under its new id is no new one.
const MOVED_TO: &str = "moved to ";

/// How the causes of marks by work that a person has confirmed begin; the connection follows. They take the place of mere
/// signs of a change: such work is counted, and paid from its own budget, also where a sweep has come first.
const CONFIRMED: [&str; 4] = ["publish ", "retry ", "backfill ", "parent "];

/// The cause of a mark by a tracker's word that the item has this id now.
pub fn moved_to(id: &str) -> String {
    format!("{MOVED_TO}{id}")
}

/// Whether a later mark's cause takes the place of the one that an item is marked for: what [`HostTx::mark_dirty`] does in
/// the store, for whoever brings marks together before.
pub fn takes_place(later: &str, known: &str) -> bool {
    if later == DELETED || known == AUDIT {
        return true;
    }
    let tells_more = |cause: &str| cause == DELETED || cause.starts_with(MOVED_TO);
    let is_confirmed = |cause: &str| CONFIRMED.iter().any(|begins| cause.starts_with(begins));
    (later.starts_with(MOVED_TO) && known != DELETED)
        || (is_confirmed(later) && !is_confirmed(known) && !tells_more(known))
}

/// One state of a dirty row: changes with every mark, and is never used twice in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarkId(i64);

/// What to mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The item.
    pub item: ItemId,
    /// In which lane.
    pub lane: Lane,
    /// What made it dirty, in the caller's words: `delivery`, `sweep`, `retry`.
    pub cause: String,
    /// When to look at it.
    pub due: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// One row of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirty {
    /// Its place: rises with every new row, stays while marks coalesce.
    pub seq: u64,
    /// The item.
    pub item: ItemId,
    /// In which lane.
    pub lane: Lane,
    /// What made it dirty: the first cause, unless a later one has taken its place (see [`takes_place`]) or it is done and
    /// the item waits for other connections only.
    pub cause: String,
    /// When to look at it.
    pub due: Timestamp,
    /// When it was marked first.
    pub since: Timestamp,
    /// Its state: for [`HostTx::clear_dirty`].
    pub mark: MarkId,
    /// For which connections it is still to be looked at, where the work with others is done; `None` among them: whether it
    /// enters any.
    pub left_to: Option<Connections>,
}

/// Connections of an item, and as `None` those that it may enter.
pub type Connections = BTreeSet<Option<ConnectionName>>;

/// How much waits for a node in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirtyCount {
    /// The node.
    pub node: NodeName,
    /// The lane.
    pub lane: Lane,
    /// How many items.
    pub items: u64,
    /// When the oldest was marked.
    pub oldest: Timestamp,
}

/// The condition of the index by cause: most causes are asked for by nobody, and have no entry.
const NAMES: &str = "instr(cause, ' ') > 0";

const SELECT: &str = "SELECT seq, node, id, lane, cause, due, since, mark, left_to FROM dirty";

fn read(row: &Row<'_>) -> Result<Dirty, StoreError> {
    Ok(Dirty {
        seq: count(row, 0)?,
        item: ItemId {
            node: NodeName::new(row.get::<_, String>(1)?),
            id: row.get(2)?,
        },
        lane: from_word("dirty.lane", row.get(3)?)?,
        cause: row.get(4)?,
        due: time(row, 5)?,
        since: time(row, 6)?,
        mark: MarkId(row.get(7)?),
        left_to: row
            .get::<_, Option<String>>(8)?
            .map(|text| from_json("dirty.left_to", &text))
            .transpose()?,
    })
}

impl HostRead<'_> {
    /// One item's row.
    pub fn dirty(&self, item: &ItemId) -> Result<Option<Dirty>, StoreError> {
        self.one(
            &format!("{SELECT} WHERE node = ?1 AND id = ?2"),
            (item.node.as_str(), &item.id),
            read,
        )
    }

    /// The queue in order of first marking, after `after` (0: from the start), at most `max`.
    pub fn dirty_page(&self, after: u64, max: u32) -> Result<Vec<Dirty>, StoreError> {
        self.many(
            &format!("{SELECT} WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
            (to_count(after), max),
            read,
        )
    }

    /// One node's queue in one lane, like [`HostRead::dirty_page`].
    pub fn dirty_page_of(
        &self,
        lane: Lane,
        node: &NodeName,
        after: u64,
        max: u32,
    ) -> Result<Vec<Dirty>, StoreError> {
        self.many(
            &format!("{SELECT} WHERE lane = ?1 AND node = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4"),
            (to_word(&lane), node.as_str(), to_count(after), max),
            read,
        )
    }

    /// The lanes and nodes in which something waits.
    pub fn dirty_lines(&self) -> Result<Vec<(Lane, NodeName)>, StoreError> {
        let sql = "SELECT DISTINCT lane, node FROM dirty ORDER BY lane, node";
        self.many(sql, [], |row| {
            let node = NodeName::new(row.get::<_, String>(1)?);
            Ok((from_word("dirty.lane", row.get(0)?)?, node))
        })
    }

    /// The first and the last place in the queue; `None`: nothing is dirty.
    pub fn dirty_ends(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let end = |order: &str| {
            let sql = format!("SELECT seq FROM dirty ORDER BY seq {order} LIMIT 1");
            self.one(&sql, [], |row| Ok(count(row, 0)?))
        };
        Ok(end("ASC")?.zip(end("DESC")?))
    }

    /// How much waits, by node and lane.
    pub fn dirty_counts(&self) -> Result<Vec<DirtyCount>, StoreError> {
        let sql = "SELECT node, lane, count(*), min(since) FROM dirty GROUP BY node, lane ORDER BY node, lane";
        self.many(sql, [], |row| {
            Ok(DirtyCount {
                node: NodeName::new(row.get::<_, String>(0)?),
                lane: from_word("dirty.lane", row.get(1)?)?,
                items: count(row, 2)?,
                oldest: time(row, 3)?,
            })
        })
    }

    /// How many items wait, by node and lane: as [`HostRead::dirty_counts`], without a look at the rows.
    pub fn dirty_numbers(&self) -> Result<BTreeMap<(NodeName, Lane), u64>, StoreError> {
        let sql =
            "SELECT node, lane, count(*) FROM dirty INDEXED BY dirty_by_line GROUP BY lane, node";
        let found = self.many(sql, [], |row| {
            let node = NodeName::new(row.get::<_, String>(0)?);
            let lane = from_word("dirty.lane", row.get(1)?)?;
            Ok(((node, lane), count(row, 2)?))
        });
        Ok(found?.into_iter().collect())
    }

    /// Whether an item of a node waits that was marked first at or before `at`.
    pub fn is_dirty_since(&self, node: &NodeName, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM dirty WHERE node = ?1 AND since <= ?2 LIMIT 1";
        let found = self.one(sql, (node.as_str(), at.as_millis()), |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// What items are dirty for, each cause once, of those causes that name what they belong to: what is in a cause after a
    /// space is such a name.
    pub fn dirty_causes(&self) -> Result<Vec<String>, StoreError> {
        let sql = format!("SELECT DISTINCT cause FROM dirty WHERE {NAMES} ORDER BY cause");
        self.many(&sql, [], |row| Ok(row.get(0)?))
    }

    /// The items that wait since their tracker has said that each was moved, and is this one now.
    pub fn moved_here(&self, item: &ItemId) -> Result<Vec<ItemId>, StoreError> {
        let cause = moved_to(&item.id);
        let sql =
            format!("SELECT id FROM dirty WHERE cause = ?1 AND {NAMES} AND node = ?2 ORDER BY id");
        self.many(&sql, (cause, item.node.as_str()), |row| {
            Ok(ItemId {
                node: item.node.clone(),
                id: row.get(0)?,
            })
        })
    }

    /// How many items are dirty for one cause, which names what it belongs to.
    pub fn dirty_of_cause(&self, cause: &str) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM dirty WHERE cause = ?1 AND {NAMES}");
        Ok(self
            .one(&sql, [cause], |row| Ok(count(row, 0)?))?
            .unwrap_or(0))
    }
}

impl HostTx<'_> {
    /// Marks an item, for all its connections; answers with the row as it is now.
    pub fn mark_dirty(&self, mark: &Mark) -> Result<Dirty, StoreError> {
        let known = self.dirty(&mark.item)?;
        if let Some(known) = &known
            && !takes_place(&mark.cause, &known.cause)
            && known.lane <= mark.lane
        {
            // Lane and cause stay, so that no index has to be written.
            self.stamped(
                "UPDATE dirty SET grp = ?1, epoch = ?2, rev = ?3, mark = ?3, due = min(due, ?5), left_to = NULL WHERE seq = ?4",
                &[&to_count(known.seq), &mark.due.as_millis()],
            )?;
            return Ok(self.dirty(&mark.item)?.expect("the row was just read"));
        }
        let cause = known
            .map(|known| known.cause)
            .filter(|known| !takes_place(&mark.cause, known));
        self.stamped(
            "INSERT INTO dirty (grp, epoch, rev, node, id, lane, cause, due, since, mark) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?3) \
             ON CONFLICT (node, id) DO UPDATE SET grp = ?1, epoch = ?2, rev = ?3, mark = ?3, due = min(due, ?8), \
             lane = CASE WHEN ?6 = 'live' THEN 'live' ELSE lane END, cause = ?7, left_to = NULL",
            &[
                &mark.item.node.as_str(),
                &mark.item.id,
                &to_word(&mark.lane),
                cause.as_ref().unwrap_or(&mark.cause),
                &mark.due.as_millis(),
                &mark.at.as_millis(),
            ],
        )?;
        Ok(self.dirty(&mark.item)?.expect("the row was just written"))
    }

    /// What an item was marked for is done, and it stays dirty for other connections' work. Nothing changes when something
    /// was marked since `mark`.
    pub fn leave_to_others(&self, item: &ItemId, mark: MarkId) -> Result<(), StoreError> {
        let sql = "UPDATE dirty SET grp = ?1, epoch = ?2, rev = ?3, cause = ?4 WHERE node = ?5 AND id = ?6 AND mark = ?7";
        let row: [&dyn ToSql; 4] = [&OTHERS, &item.node.as_str(), &item.id, &mark.0];
        self.stamped(sql, &row).map(drop)
    }

    /// The work with all other connections is done. Nothing changes when something was marked since `mark`.
    pub fn leave_to(
        &self,
        item: &ItemId,
        mark: MarkId,
        left: &Connections,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE dirty SET grp = ?1, epoch = ?2, rev = ?3, left_to = ?4 WHERE node = ?5 AND id = ?6 AND mark = ?7";
        let row: [&dyn ToSql; 4] = [&to_json(left), &item.node.as_str(), &item.id, &mark.0];
        self.stamped(sql, &row).map(drop)
    }

    /// Removes an item's row when nothing was marked since `mark`; answers whether it was removed.
    pub fn clear_dirty(&self, item: &ItemId, mark: MarkId) -> Result<bool, StoreError> {
        let row = (item.node.as_str(), &item.id, mark.0);
        let gone = self.delete(replica::DIRTY, "node = ?1 AND id = ?2 AND mark = ?3", row)?;
        Ok(gone > 0)
    }
}
