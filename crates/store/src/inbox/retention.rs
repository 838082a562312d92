//! What the inbox may drop: safe deliveries, and under pressure taken ones. Untaken ones never: what has no room is
//! refused before it is accepted, and the sweep finds what it meant.

use super::records::{InboxLimits, Pruned};
use crate::StoreError;
use crate::row::count;
use rusqlite::Connection;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Pruning under pressure goes on until this share of the limit is free, so that it does not start with every append.
const FREE_SHARE: u64 = 10;

/// Conditions on a delivery `d` and its group `g`. The greatest cursor of all groups ends the search early: what lies
/// beyond it is not looked at.
const SAFE: &str = "d.seq <= (SELECT max(safe) FROM groups) AND d.seq <= g.safe";
const TAKEN: &str = "d.seq <= (SELECT max(taken) FROM groups) AND d.seq <= g.taken";

/// A delivery that may go.
struct Victim {
    seq: i64,
    node: i64,
    bytes: i64,
}

pub(super) fn prune(
    conn: &Connection,
    limits: InboxLimits,
    now: Timestamp,
) -> Result<Pruned, StoreError> {
    let kept_since = now
        .minus(Duration::from_millis(limits.safe_keep_ms))
        .as_millis();
    let mut room = limits.prune_max_rows;
    let mut pruned = Pruned::default();
    let goal = limits.total_max_bytes - limits.total_max_bytes / FREE_SHARE;

    // Safe and old enough that no redelivery of it is expected.
    let old = victims(conn, SAFE, kept_since, room)?;
    pruned.safe += remove(conn, &old)?;
    room -= pruned.safe;
    for (which, removed) in [(SAFE, &mut pruned.safe), (TAKEN, &mut pruned.taken)] {
        let excess = weight(conn)?.saturating_sub(goal);
        if excess == 0 || room == 0 {
            break;
        }
        let gone = remove(conn, &enough(victims(conn, which, i64::MAX, room)?, excess))?;
        room -= gone;
        *removed += gone;
    }
    pruned.more = room == 0;
    Ok(pruned)
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
    let rows = statement.query_map((received_before, max), |row| {
        Ok(Victim {
            seq: row.get(0)?,
            node: row.get(1)?,
            bytes: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// As many of the oldest as weigh `excess` bytes.
fn enough(victims: Vec<Victim>, excess: u64) -> Vec<Victim> {
    let mut freed = 0;
    let is_needed = |victim: &Victim| {
        let needed = freed < excess;
        freed += u64::try_from(victim.bytes).unwrap_or(0);
        needed
    };
    victims.into_iter().take_while(is_needed).collect()
}

fn remove(conn: &Connection, victims: &[Victim]) -> Result<u32, StoreError> {
    for victim in victims {
        conn.prepare_cached("DELETE FROM deliveries WHERE seq = ?1")?
            .execute([victim.seq])?;
        conn.prepare_cached("UPDATE nodes SET bytes = bytes - ?2, rows = rows - 1 WHERE id = ?1")?
            .execute((victim.node, victim.bytes))?;
        conn.prepare_cached("UPDATE weight SET bytes = bytes - ?1")?
            .execute([victim.bytes])?;
    }
    Ok(u32::try_from(victims.len()).unwrap_or(u32::MAX))
}

/// What all deliveries weigh, in bytes.
fn weight(conn: &Connection) -> Result<u64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT bytes FROM weight")?
        .query_row([], |row| count(row, 0))?)
}
