//! What the inbox may drop: safe deliveries, and under pressure taken ones. Untaken ones never: what has no room is
//! refused before it is accepted, and the sweep finds what it meant.
//!
//! Safe ones are kept for a day without need, so that a redelivery is recognised; a canary's, which is never delivered again,
//! are not: a host's next process would pull them all. They go earlier, oldest first, where
//! the room is wanted: a node's own when its share is full, anybody's when the inbox or the disk is.

use super::accounts::Accounts;
use super::records::{InboxLimits, Pruned};
use crate::StoreError;
use crate::row::{count, to_count};
use crate::stamp::GroupId;
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// Pruning under pressure goes on until this share of the limit is free, so that it does not start with every append.
const FREE_SHARE: u64 = 10;

/// One append makes room by removing at most so many deliveries; the next one goes on.
const ROOM_MAX_ROWS: u32 = 5000;

/// What the file lies on, for a prune.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disk {
    /// How many bytes may be written yet, free pages of the file included; `None`: nobody knows.
    pub(super) room_bytes: Option<u64>,
    /// The last write found no space.
    pub(super) is_full: bool,
}

/// Conditions on a delivery `d` and its group `g`. The greatest cursor of all groups ends the search early: what lies
/// beyond it is not looked at.
const SAFE: &str = "d.seq <= (SELECT max(safe) FROM groups) AND d.seq <= g.safe";
const TAKEN: &str = "d.seq <= (SELECT max(taken) FROM groups) AND d.seq <= g.taken";

/// A delivery that may go.
struct Victim {
    seq: i64,
    node: i64,
    bytes: u64,
}

pub(super) fn prune(
    conn: &Connection,
    limits: InboxLimits,
    disk: Disk,
    now: Timestamp,
) -> Result<Pruned, StoreError> {
    let kept_since = now
        .minus(Duration::from_millis(limits.safe_keep_ms))
        .as_millis();
    let mut room = limits.prune_max_rows;
    let mut pruned = Pruned::default();

    // Safe, and no redelivery of it is expected: a canary's never, others' when they are old enough.
    let mut freed_bytes = 0;
    for canary in [true, false] {
        let idle = match canary {
            true => canaries(conn, room)?,
            false => victims(conn, SAFE, kept_since, room)?,
        };
        let freed = remove(conn, &idle)?;
        freed_bytes += freed.bytes;
        pruned.safe += freed.rows;
        room -= freed.rows;
    }
    let mut wanted = Wanted::of(weight(conn)?, limits, disk, freed_bytes);
    for (which, removed) in [(SAFE, &mut pruned.safe), (TAKEN, &mut pruned.taken)] {
        let excess = if which == SAFE {
            wanted.of_safe
        } else {
            wanted.of_taken
        };
        if excess == 0 || room == 0 {
            continue;
        }
        let gone = remove(conn, &enough(victims(conn, which, i64::MAX, room)?, excess))?;
        wanted.of_taken = wanted.of_taken.saturating_sub(gone.bytes);
        room -= gone.rows;
        *removed += gone.rows;
    }
    pruned.more = room == 0;
    Ok(pruned)
}

/// How many bytes are to be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    /// Of safe deliveries.
    of_safe: u64,
    /// Of taken ones, what safe ones free included.
    of_taken: u64,
}

impl Wanted {
    fn of(weight: u64, limits: InboxLimits, disk: Disk, freed: u64) -> Self {
        let goal = limits.total_max_bytes - limits.total_max_bytes / FREE_SHARE;
        let full = if disk.is_full { weight / FREE_SHARE } else { 0 };
        // A host has the taken ones, but nobody else has: they are spared until a write has really failed.
        let of_taken = weight.saturating_sub(goal).max(full.saturating_sub(freed));
        let short = disk.room_bytes.map_or(0, |room| {
            limits.disk_room_bytes.saturating_sub(room + freed)
        });
        Self {
            of_safe: of_taken.max(short),
            of_taken,
        }
    }
}

/// Frees at least `excess` bytes of a node's own deliveries, so that it can take further ones: safe ones first, then
/// taken ones. Answers how many bytes it has freed: fewer, where the node has no more that may go.
pub(super) fn make_room(
    conn: &Connection,
    accounts: &mut Accounts,
    node: &NodeName,
    excess: u64,
    limits: InboxLimits,
) -> Result<u64, StoreError> {
    // What is removed is in the tables' weights then.
    accounts.settle(conn)?;
    let sql = "SELECT n.id, g.safe, g.taken FROM nodes n JOIN groups g ON g.id = n.group_id WHERE n.node = ?1";
    let (id, safe, taken) = conn
        .prepare_cached(sql)?
        .query_row([node.as_str()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
        })?;
    let wanted = excess + limits.node_max_bytes / FREE_SHARE;
    let (mut freed, mut rows) = (0, ROOM_MAX_ROWS);
    for up_to in [safe, taken] {
        // Taken ones go for what is needed now, and no further.
        let wanted = if up_to == safe { wanted } else { excess };
        if freed >= wanted || rows == 0 {
            break;
        }
        let gone = remove(
            conn,
            &enough(oldest_of(conn, id, up_to, rows)?, wanted - freed),
        )?;
        freed += gone.bytes;
        rows -= gone.rows;
    }
    accounts.removed(node, freed);
    Ok(freed)
}

/// A node's oldest deliveries up to a number.
fn oldest_of(
    conn: &Connection,
    node: i64,
    up_to: i64,
    max: u32,
) -> Result<Vec<Victim>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, node_id, bytes FROM deliveries INDEXED BY deliveries_by_node \
         WHERE node_id = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
    )?;
    let rows = statement.query_map((node, up_to, max), victim)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The oldest deliveries that a condition names.
fn victims(
    conn: &Connection,
    which: &str,
    received_before: i64,
    max: u32,
) -> Result<Vec<Victim>, StoreError> {
    let sql = format!(
        "SELECT d.seq, d.node_id, d.bytes FROM deliveries d JOIN groups g ON g.id = d.group_id \
         WHERE {which} AND d.received_at < ?1 ORDER BY d.seq LIMIT ?2"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map((received_before, max), victim)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The oldest safe deliveries of canaries.
fn canaries(conn: &Connection, max: u32) -> Result<Vec<Victim>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT d.seq, d.node_id, d.bytes FROM groups g JOIN deliveries d ON d.group_id = g.id \
         WHERE instr(g.grp, ?1) = 1 AND d.seq <= g.safe ORDER BY d.seq LIMIT ?2",
    )?;
    let rows = statement.query_map((GroupId::CANARY, max), victim)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn victim(row: &Row<'_>) -> rusqlite::Result<Victim> {
    Ok(Victim {
        seq: row.get(0)?,
        node: row.get(1)?,
        bytes: count(row, 2)?,
    })
}

/// As many of the oldest as weigh `excess` bytes.
fn enough(victims: Vec<Victim>, excess: u64) -> Vec<Victim> {
    let mut freed = 0;
    let is_needed = |victim: &Victim| {
        let needed = freed < excess;
        freed += victim.bytes;
        needed
    };
    victims.into_iter().take_while(is_needed).collect()
}

/// What a removal freed.
#[derive(Clone, Copy, Debug, Default)]
struct Freed {
    rows: u32,
    bytes: u64,
}

fn remove(conn: &Connection, victims: &[Victim]) -> Result<Freed, StoreError> {
    let mut nodes: BTreeMap<i64, Freed> = BTreeMap::new();
    let mut all = Freed::default();
    let mut delete = conn.prepare_cached("DELETE FROM deliveries WHERE seq = ?1")?;
    for victim in victims {
        delete.execute([victim.seq])?;
        for freed in [&mut all, nodes.entry(victim.node).or_default()] {
            freed.rows += 1;
            freed.bytes += victim.bytes;
        }
    }
    for (node, freed) in nodes {
        conn.prepare_cached("UPDATE nodes SET bytes = bytes - ?2, rows = rows - ?3 WHERE id = ?1")?
            .execute((node, to_count(freed.bytes), freed.rows))?;
    }
    conn.prepare_cached("UPDATE weight SET bytes = bytes - ?1")?
        .execute([to_count(all.bytes)])?;
    Ok(all)
}

/// What all deliveries weigh, in bytes.
fn weight(conn: &Connection) -> Result<u64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT bytes FROM weight")?
        .query_row([], |row| count(row, 0))?)
}
