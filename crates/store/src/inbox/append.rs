//! Taking a delivery in: the hot path of the edge.

use super::records::{Appended, Delivery, InboxLimits, Refusal};
use crate::StoreError;
use crate::row::{count, to_count, to_json};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn append(
    conn: &Connection,
    delivery: &Delivery,
    limits: InboxLimits,
) -> Result<Appended, StoreError> {
    let node = conn
        .prepare_cached("SELECT id, group_id, bytes FROM nodes WHERE node = ?1 AND routed = 1")?
        .query_row([delivery.node.as_str()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, count(row, 2)?))
        })
        .optional()?;
    let Some((node, group, used)) = node else {
        return Err(StoreError::Missing(format!("node {}", delivery.node)));
    };
    let weight = delivery.weight_bytes();
    // A duplicate is one whether or not there is room.
    if used + weight > limits.node_max_bytes {
        return refuse(conn, node, delivery, Refusal::NodeQuota);
    }
    let total: u64 = conn
        .prepare_cached("SELECT bytes FROM weight")?
        .query_row([], |row| count(row, 0))?;
    if total + weight > limits.total_max_bytes {
        return refuse(conn, node, delivery, Refusal::Full);
    }
    let weight = to_count(weight);
    let inserted = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO deliveries (group_id, node_id, delivery_id, received_at, bytes, headers, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            group,
            node,
            delivery.delivery_id,
            delivery.received_at.as_millis(),
            weight,
            to_json(&delivery.headers),
            &delivery.body[..],
        ])?;
    if inserted == 0 {
        return Ok(Appended::Duplicate);
    }
    let seq = conn.last_insert_rowid();
    conn.prepare_cached("UPDATE nodes SET bytes = bytes + ?2, rows = rows + 1 WHERE id = ?1")?
        .execute((node, weight))?;
    conn.prepare_cached("UPDATE weight SET bytes = bytes + ?1")?
        .execute([weight])?;
    Ok(Appended::New(u64::try_from(seq).unwrap_or(0)))
}

fn refuse(
    conn: &Connection,
    node: i64,
    delivery: &Delivery,
    refusal: Refusal,
) -> Result<Appended, StoreError> {
    let known = conn
        .prepare_cached("SELECT 1 FROM deliveries WHERE node_id = ?1 AND delivery_id = ?2")?
        .exists(params![node, delivery.delivery_id])?;
    Ok(if known {
        Appended::Duplicate
    } else {
        Appended::Refused(refusal)
    })
}
