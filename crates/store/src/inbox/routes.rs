//! The route snapshot, and what each node's deliveries weigh.

use super::records::{NodeUse, Route};
use crate::StoreError;
use crate::row::count;
use crate::stamp::{Epoch, GroupId};
use rusqlite::{Connection, OptionalExtension, params};
use twinline_core::names::NodeName;

pub(super) fn set(conn: &Connection, routes: &[Route]) -> Result<(), StoreError> {
    conn.execute("UPDATE nodes SET routed = 0", [])?;
    for route in routes {
        let group = group_id(conn, &route.group)?;
        let old: Option<(i64, i64)> = conn
            .prepare_cached("SELECT id, group_id FROM nodes WHERE node = ?1")?
            .query_row([route.node.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match old {
            Some((node, old_group)) => {
                if old_group != group {
                    change_group(conn, node, old_group, group)?;
                }
                conn.prepare_cached(
                    "UPDATE nodes SET group_id = ?2, routed = 1, tracker = ?3 WHERE id = ?1",
                )?
                .execute(params![node, group, route.tracker])?;
            }
            None => {
                conn.prepare_cached(
                    "INSERT INTO nodes (node, group_id, routed, tracker, bytes, rows) \
                     VALUES (?1, ?2, 1, ?3, 0, 0)",
                )?
                .execute(params![route.node.as_str(), group, route.tracker])?;
            }
        }
    }
    Ok(())
}

/// A group's row, made when it is new: nothing taken, claimed by nobody.
fn group_id(conn: &Connection, group: &GroupId) -> Result<i64, StoreError> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO groups (grp, epoch, taken, safe) VALUES (?1, ?2, 0, 0)",
    )?
    .execute(params![group.as_str(), Epoch::NONE.to_stored()])?;
    let id = conn
        .prepare_cached("SELECT id FROM groups WHERE grp = ?1")?
        .query_row([group.as_str()], |row| row.get(0))?;
    Ok(id)
}

/// Moves a node's deliveries. What the old group has not made safe is to be pulled by the new one, which may have come
/// further, and further than it has said: they come anew, after everything that there is, in their order. So nobody's cursor
/// has to go back, and a host that goes on from where it stands misses nothing.
fn change_group(conn: &Connection, node: i64, from: i64, to: i64) -> Result<(), StoreError> {
    conn.execute(
        "UPDATE deliveries SET group_id = ?2 WHERE node_id = ?1",
        (node, to),
    )?;
    let mut unsafe_ones = conn.prepare_cached(
        "SELECT seq FROM deliveries WHERE node_id = ?1 AND seq > (SELECT safe FROM groups WHERE id = ?2) ORDER BY seq",
    )?;
    let unsafe_ones = unsafe_ones.query_map((node, from), |row| row.get(0))?;
    let unsafe_ones: Vec<i64> = unsafe_ones.collect::<Result<_, _>>()?;
    for seq in unsafe_ones {
        conn.prepare_cached(
            "UPDATE deliveries SET seq = (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'deliveries') WHERE seq = ?1",
        )?
        .execute([seq])?;
        conn.prepare_cached("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'deliveries'")?
            .execute([])?;
    }
    // They weigh what they did: the accounts, which were settled before, know them already.
    conn.execute(
        "UPDATE counted SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM deliveries))",
        [],
    )?;
    Ok(())
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Route>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT n.node, g.grp, n.tracker FROM nodes n JOIN groups g ON g.id = n.group_id \
         WHERE n.routed = 1 ORDER BY n.node",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Route {
            node: NodeName::new(row.get::<_, String>(0)?),
            group: GroupId::new(row.get::<_, String>(1)?),
            tracker: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn usage(conn: &Connection) -> Result<Vec<NodeUse>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT node, bytes, rows FROM nodes ORDER BY node")?;
    let rows = statement.query_map([], |row| {
        Ok(NodeUse {
            node: NodeName::new(row.get::<_, String>(0)?),
            bytes: count(row, 1)?,
            rows: count(row, 2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
