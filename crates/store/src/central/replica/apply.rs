//! The replica's statements: replication's operations on PostgreSQL.

use super::db::{Author, GroupRow, ReplicaTx, Replicas, RowKey, ShippedState};
use crate::central::client::CentralClient;
use crate::central::error::CentralError;
use crate::central::health::CentralHealth;
use crate::central::tx::Tx;
use crate::formats::Formats;
use crate::host::replica::{Change, ReplicaRow};
use crate::stamp::{Epoch, GroupId};
use async_trait::async_trait;
use std::time::Duration;
use tokio::sync::watch;
use tokio_postgres::types::Type;
use twinline_core::time::Timestamp;

/// As much goes in one statement; a row that is larger goes alone.
const STATEMENT_MAX_BYTES: usize = 1 << 20;
const STATEMENT_MAX_ROWS: usize = 500;
/// How many rows one statement removes.
const REMOVE_MAX_ROWS: i64 = 2000;
/// How many rows are read at once.
const PAGE_MAX_ROWS: i64 = 500;

#[async_trait]
impl Replicas for CentralClient {
    async fn write(&self) -> Result<Box<dyn ReplicaTx>, CentralError> {
        Ok(Box::new(self.shared.write_in_turn().await?))
    }

    async fn read_newest(&self) -> Result<Box<dyn ReplicaTx>, CentralError> {
        Ok(Box::new(self.shared.read_newest().await?))
    }

    fn now(&self) -> Timestamp {
        self.shared.state.clock.now()
    }

    fn machine(&self) -> &str {
        &self.settings().machine
    }

    fn formats(&self) -> &Formats {
        &self.settings().formats
    }

    fn health(&self) -> watch::Receiver<CentralHealth> {
        self.health()
    }
}

#[async_trait]
impl ReplicaTx for Tx {
    async fn lock_group(&mut self, group: &GroupId) -> Result<Option<GroupRow>, CentralError> {
        if let Some(known) = read_group(self, group, " FOR UPDATE").await? {
            return Ok(Some(known));
        }
        // A row that is not there cannot be locked. Who made it meanwhile, or is about to, is waited for, and read then.
        self.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('twinline.groups ' || $1, 0))",
            &[(&group.as_str(), Type::TEXT)],
        )
        .await?;
        read_group(self, group, " FOR UPDATE").await
    }

    async fn group(&mut self, group: &GroupId) -> Result<Option<GroupRow>, CentralError> {
        read_group(self, group, "").await
    }

    async fn put_group(
        &mut self,
        group: &GroupId,
        known: &GroupRow,
        author: &Author<'_>,
    ) -> Result<(), CentralError> {
        self.execute(
            "INSERT INTO twinline.groups (grp, epoch, writer, shipped_epoch, shipped_rev, vouched_rev, copy, copy_pruned, \
             complete, schema, machine, state_at, measured_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, to_timestamp($12::bigint / 1000.0), \
             clock_timestamp() - $13::bigint * interval '1 millisecond') \
             ON CONFLICT (grp) DO UPDATE SET epoch = excluded.epoch, writer = excluded.writer, \
             shipped_epoch = excluded.shipped_epoch, shipped_rev = excluded.shipped_rev, \
             vouched_rev = excluded.vouched_rev, copy = excluded.copy, copy_pruned = excluded.copy_pruned, \
             complete = excluded.complete, schema = excluded.schema, machine = excluded.machine, \
             state_at = excluded.state_at, measured_at = excluded.measured_at WHERE twinline.groups.epoch <= excluded.epoch",
            &[
                (&group.as_str(), Type::TEXT),
                (&known.epoch.to_stored(), Type::INT8),
                (&known.writer, Type::TEXT),
                (&known.shipped_epoch.to_stored(), Type::INT8),
                (&known.shipped_rev, Type::INT8),
                (&known.vouched_rev, Type::INT8),
                (&known.copy, Type::INT8),
                (&known.copy_pruned, Type::INT8),
                (&known.complete, Type::BOOL),
                (&author.format, Type::INT8),
                (&author.machine, Type::TEXT),
                (&author.state_at.as_millis(), Type::INT8),
                (
                    &i64::try_from(author.age.as_millis()).unwrap_or(i64::MAX),
                    Type::INT8,
                ),
            ],
        )
        .await
        .map(drop)
    }

    async fn put_rows(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        copy: i64,
        rows: &[Change],
    ) -> Result<(), CentralError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fit = rest.iter().take(STATEMENT_MAX_ROWS).take_while(|row| {
                bytes += row.key.len() + row.payload.as_ref().map_or(0, String::len);
                bytes <= STATEMENT_MAX_BYTES
            });
            let (now, later) = rest.split_at(fit.count().max(1));
            put_some(self, group, epoch, copy, now).await?;
            rest = later;
        }
        Ok(())
    }

    async fn sweep(&mut self, group: &GroupId, copy: i64) -> Result<(), CentralError> {
        let sql = "DELETE FROM twinline.replica WHERE ctid = ANY (ARRAY(SELECT ctid FROM twinline.replica \
                   WHERE grp = $1 AND copy < $2 LIMIT $3))";
        loop {
            let gone = self
                .execute(
                    sql,
                    &[
                        (&group.as_str(), Type::TEXT),
                        (&copy, Type::INT8),
                        (&REMOVE_MAX_ROWS, Type::INT8),
                    ],
                )
                .await?;
            if gone == 0 {
                return Ok(());
            }
        }
    }

    async fn forget_tombstones(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        before_rev: i64,
    ) -> Result<(), CentralError> {
        self.execute(
            "DELETE FROM twinline.replica WHERE ctid = ANY (ARRAY(SELECT ctid FROM twinline.replica \
             WHERE grp = $1 AND payload IS NULL AND (epoch, rev) < ($2, $3) LIMIT $4))",
            &[
                (&group.as_str(), Type::TEXT),
                (&epoch.to_stored(), Type::INT8),
                (&before_rev, Type::INT8),
                (&REMOVE_MAX_ROWS, Type::INT8),
            ],
        )
        .await
        .map(drop)
    }

    async fn claim(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        writer: &str,
    ) -> Result<(), CentralError> {
        self.execute(
            "UPDATE twinline.groups SET epoch = $2, writer = $3 WHERE grp = $1",
            &[
                (&group.as_str(), Type::TEXT),
                (&epoch.to_stored(), Type::INT8),
                (&writer, Type::TEXT),
            ],
        )
        .await
        .map(drop)
    }

    async fn state(&mut self, group: &GroupId) -> Result<Option<ShippedState>, CentralError> {
        let row = self
            .query_first(
                "SELECT (extract(epoch FROM state_at) * 1000)::bigint, \
                 (extract(epoch FROM clock_timestamp() - measured_at) * 1000)::bigint, schema \
                 FROM twinline.groups WHERE grp = $1",
                &[(&group.as_str(), Type::TEXT)],
            )
            .await?;
        Ok(row.map(|row| ShippedState {
            state_at: Timestamp::from_millis(row.get(0)),
            // Less than nothing where another server with another clock has measured: then it is just now.
            age: row
                .get::<_, Option<i64>>(1)
                .map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
            format: row.get(2),
        }))
    }

    async fn has_definitions(&mut self) -> Result<bool, CentralError> {
        let found = self
            .query_first("SELECT 1 FROM twinline.published LIMIT 1", &[])
            .await?;
        Ok(found.is_some())
    }

    async fn page(
        &mut self,
        group: &GroupId,
        after: &RowKey,
    ) -> Result<(Vec<ReplicaRow>, Option<RowKey>), CentralError> {
        let rows = self
            .query(
                "SELECT tbl, key, epoch, rev, payload::text FROM twinline.replica \
                 WHERE grp = $1 AND (tbl, key) > ($2, $3) ORDER BY tbl, key LIMIT $4",
                &[
                    (&group.as_str(), Type::TEXT),
                    (&after.0, Type::TEXT),
                    (&after.1, Type::TEXT),
                    (&PAGE_MAX_ROWS, Type::INT8),
                ],
            )
            .await?;
        let last = rows.last().map(|row| (row.get(0), row.get(1)));
        let living = rows.iter().filter_map(|row| {
            Some(ReplicaRow {
                table: row.get(0),
                epoch: Epoch::from_stored(row.get(2)),
                rev: row.get(3),
                payload: row.get::<_, Option<String>>(4)?,
            })
        });
        Ok((living.collect(), last))
    }

    async fn commit(self: Box<Self>) -> Result<(), CentralError> {
        Tx::commit(*self).await
    }

    async fn rollback(self: Box<Self>) -> Result<(), CentralError> {
        Tx::rollback(*self).await
    }
}

async fn read_group(
    tx: &mut Tx,
    group: &GroupId,
    lock: &str,
) -> Result<Option<GroupRow>, CentralError> {
    let sql = format!(
        "SELECT epoch, writer, shipped_epoch, shipped_rev, vouched_rev, copy, copy_pruned, complete \
         FROM twinline.groups WHERE grp = $1{lock}"
    );
    let row = tx
        .query_first(&sql, &[(&group.as_str(), Type::TEXT)])
        .await?;
    Ok(row.map(|row| GroupRow {
        epoch: Epoch::from_stored(row.get(0)),
        writer: row.get(1),
        shipped_epoch: Epoch::from_stored(row.get(2)),
        shipped_rev: row.get(3),
        vouched_rev: row.get(4),
        copy: row.get(5),
        copy_pruned: row.get(6),
        complete: row.get(7),
    }))
}

async fn put_some(
    tx: &mut Tx,
    group: &GroupId,
    epoch: Epoch,
    copy: i64,
    rows: &[Change],
) -> Result<(), CentralError> {
    let tables: Vec<&str> = rows.iter().map(|row| row.table.as_str()).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let revs: Vec<i64> = rows.iter().map(|row| row.rev).collect();
    let payloads: Vec<Option<&str>> = rows.iter().map(|row| row.payload.as_deref()).collect();
    tx.execute(
        "INSERT INTO twinline.replica AS r (grp, tbl, key, epoch, rev, copy, payload) \
         SELECT $1, t, k, $2, v, $3, p::json FROM unnest($4::text[], $5::text[], $6::int8[], $7::text[]) \
         AS u (t, k, v, p) \
         ON CONFLICT (grp, tbl, key) DO UPDATE \
         SET epoch = excluded.epoch, rev = excluded.rev, copy = excluded.copy, payload = excluded.payload \
         WHERE (excluded.epoch, excluded.rev, excluded.copy) > (r.epoch, r.rev, r.copy)",
        &[
            (&group.as_str(), Type::TEXT),
            (&epoch.to_stored(), Type::INT8),
            (&copy, Type::INT8),
            (&tables, Type::TEXT_ARRAY),
            (&keys, Type::TEXT_ARRAY),
            (&revs, Type::INT8_ARRAY),
            (&payloads, Type::TEXT_ARRAY),
        ],
    )
    .await
    .map(drop)
}
