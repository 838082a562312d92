//! Giving deliveries out, and learning how far they have come.

use super::records::{Backlog, Batch, Cursors, Delivery, InboxId, InboxPlace, Page, Pulled};
use crate::StoreError;
use crate::row::{count, from_json, time, to_count};
use crate::stamp::{Epoch, GroupId};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};
use twinline_core::names::NodeName;

/// A group's row.
struct Group {
    id: i64,
    cursors: Cursors,
}

pub(super) fn claim(
    conn: &Connection,
    group: &GroupId,
    epoch: Epoch,
) -> Result<Cursors, StoreError> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO groups (grp, epoch, taken, safe) VALUES (?1, ?2, 0, 0)",
    )?
    .execute((group.as_str(), epoch.to_stored()))?;
    let (row, known) = find(conn, group)?;
    if epoch < known {
        return Err(stale(group, epoch, known));
    }
    if epoch == known {
        return Ok(row.cursors);
    }
    conn.prepare_cached("UPDATE groups SET epoch = ?2, taken = safe WHERE id = ?1")?
        .execute((row.id, epoch.to_stored()))?;
    Ok(Cursors {
        taken: row.cursors.safe,
        safe: row.cursors.safe,
    })
}

pub(super) fn page(
    conn: &Connection,
    group: &GroupId,
    epoch: Epoch,
    id: &InboxId,
    page: &Page,
) -> Result<Batch, StoreError> {
    let row = claimed(conn, group, epoch)?;
    // Who has come further than this inbox reaches has seen more of it: an older copy was put in its place.
    let is_ours = page.from.inbox == *id && page.from.seq <= last(conn)?;
    let from = InboxPlace {
        inbox: id.clone(),
        seq: if is_ours { page.from.seq } else { 0 },
    };
    let mut statement = conn.prepare_cached(
        "SELECT d.seq, n.node, d.delivery_id, d.received_at, d.headers, d.body, d.bytes \
         FROM deliveries d JOIN nodes n ON n.id = d.node_id \
         WHERE d.group_id = ?1 AND d.seq > ?2 ORDER BY d.seq LIMIT ?3",
    )?;
    let mut rows = statement.query((row.id, to_count(from.seq), page.max_rows))?;
    let (mut deliveries, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        bytes += count(row, 6)?;
        if bytes > page.max_bytes && !deliveries.is_empty() {
            break;
        }
        deliveries.push(read(row)?);
    }
    Ok(Batch { from, deliveries })
}

fn read(row: &Row<'_>) -> Result<Pulled, StoreError> {
    Ok(Pulled {
        seq: count(row, 0)?,
        delivery: Delivery {
            node: NodeName::new(row.get::<_, String>(1)?),
            delivery_id: row.get(2)?,
            received_at: time(row, 3)?,
            headers: from_json("deliveries.headers", &row.get::<_, String>(4)?)?,
            body: Bytes::from(row.get::<_, Vec<u8>>(5)?),
        },
    })
}

pub(super) fn nodes_of(
    conn: &Connection,
    group: &GroupId,
    epoch: Epoch,
) -> Result<Vec<NodeName>, StoreError> {
    let row = claimed(conn, group, epoch)?;
    let mut statement = conn.prepare_cached(
        "SELECT node FROM nodes WHERE group_id = ?1 AND routed = 1 ORDER BY node",
    )?;
    let nodes = statement.query_map([row.id], |row| row.get::<_, String>(0))?;
    Ok(nodes
        .map(|node| node.map(NodeName::new))
        .collect::<Result<_, _>>()?)
}

pub(super) fn ack(
    conn: &Connection,
    group: &GroupId,
    epoch: Epoch,
    taken: u64,
    safe: Option<u64>,
) -> Result<Cursors, StoreError> {
    let row = claimed(conn, group, epoch)?;
    // Nobody can have taken what was not there yet.
    let last = last(conn)?;
    let cursors = Cursors {
        taken: row.cursors.taken.max(taken.min(last)),
        safe: row.cursors.safe.max(safe.unwrap_or(0).min(last)),
    };
    conn.prepare_cached("UPDATE groups SET taken = ?2, safe = ?3 WHERE id = ?1")?
        .execute((row.id, to_count(cursors.taken), to_count(cursors.safe)))?;
    Ok(cursors)
}

/// The greatest number that a delivery ever had.
fn last(conn: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'deliveries'";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([], |row| count(row, 0))?)
}

/// So many are counted: of more it is only known that they are more.
const COUNTED_MAX: u64 = 200_000;

pub(super) fn backlog(conn: &Connection) -> Result<Backlog, StoreError> {
    // A canary's is nobody's change: whether it is taken, its own probe tells, and a machine that is gone leaves its last.
    let mut statement =
        conn.prepare_cached("SELECT id, taken FROM groups WHERE instr(grp, ?1) <> 1")?;
    let groups = statement.query_map([GroupId::CANARY], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut backlog = Backlog::default();
    for group in groups {
        let (id, taken): (i64, i64) = group?;
        let first = conn
            .prepare_cached(
                "SELECT n.node, d.received_at FROM deliveries d JOIN nodes n ON n.id = d.node_id \
                 WHERE d.group_id = ?1 AND d.seq > ?2 ORDER BY d.seq LIMIT 1",
            )?
            .query_row((id, taken), |row| {
                Ok((NodeName::new(row.get::<_, String>(0)?), time(row, 1)?))
            })
            .optional()?;
        if first.is_none() {
            continue;
        }
        backlog.oldest = match (backlog.oldest, first) {
            (Some(known), Some(found)) if known.1 <= found.1 => Some(known),
            (known, found) => found.or(known),
        };
        let left = COUNTED_MAX - backlog.deliveries;
        backlog.deliveries += conn
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE group_id = ?1 AND seq > ?2 LIMIT ?3)",
            )?
            .query_row((id, taken, to_count(left)), |row| count(row, 0))?;
    }
    Ok(backlog)
}

/// The group's row, when `epoch` is the one that claimed it.
fn claimed(conn: &Connection, group: &GroupId, epoch: Epoch) -> Result<Group, StoreError> {
    let (row, known) = find(conn, group)?;
    if epoch < known {
        return Err(stale(group, epoch, known));
    }
    if epoch > known {
        return Err(StoreError::Missing(format!(
            "a claim of group {group} at epoch {epoch}"
        )));
    }
    Ok(row)
}

fn find(conn: &Connection, group: &GroupId) -> Result<(Group, Epoch), StoreError> {
    let found = conn
        .prepare_cached("SELECT id, epoch, taken, safe FROM groups WHERE grp = ?1")?
        .query_row([group.as_str()], |row| {
            let cursors = Cursors {
                taken: count(row, 2)?,
                safe: count(row, 3)?,
            };
            Ok((
                Group {
                    id: row.get(0)?,
                    cursors,
                },
                Epoch::from_stored(row.get(1)?),
            ))
        })
        .optional()?;
    found.ok_or_else(|| StoreError::Missing(format!("group {group}")))
}

fn stale(group: &GroupId, given: Epoch, known: Epoch) -> StoreError {
    StoreError::StaleEpoch {
        group: group.clone(),
        given,
        known,
    }
}
