//! One round: everything that has changed, in one transaction where it fits.

use super::db::{Author, GroupRow, ReplicaTx, Replicas};
use super::plan::{self, Start};
use super::ship::Marks;
use crate::central::error::CentralError;
use crate::host::HostStore;
use crate::host::replica::{Changes, Line};
use crate::inbox::InboxId;
use crate::stamp::Stamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::mutant::{self, Mutant};
use twinline_core::time::Timestamp;

/// More than that is shipped in several transactions; until the last of them the replica is marked as incomplete.
pub(super) const ROUND_MAX_ROWS: usize = 20_000;
/// Revisions for which tombstones are kept, here and there: a failover that loses the last seconds costs no full copy, and
/// nothing that was given up can come later.
pub(super) const TOMBSTONE_REVS: i64 = 100_000;

/// Ships one store's rows of one group.
pub(super) struct Shipper {
    pub(super) store: HostStore,
    pub(super) replicas: Arc<dyn Replicas>,
    pub(super) writer: String,
    pub(super) marks: Marks,
    /// About so many rows are read at once.
    pub(super) batch_max_rows: u32,
    /// About so many are shipped in one transaction.
    pub(super) round_max_rows: usize,
}

/// What the central database has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shipped {
    /// Everything up to this revision.
    pub(super) rev: i64,
    /// Whether that was all.
    pub(super) complete: bool,
    /// When that state was read.
    pub(super) state_at: Timestamp,
    /// What was processed of each inbox before that state was read.
    pub(super) marks: BTreeMap<InboxId, u64>,
}

impl Shipper {
    /// Ships what has changed. Proven when it answers `Ok`.
    ///
    /// The group's row is locked first: whoever holds it knows where the replica is, and whoever comes late finds that
    /// it went on, or that it has another owner.
    pub(super) async fn round(&self) -> Result<Shipped, CentralError> {
        let stamp = self.store.stamp().clone();
        let line = self.begin().await?;
        if mutant::is(Mutant::CursorFirst) {
            self.ship_cursors(&stamp, &line).await?;
        }
        let mut tx = self.replicas.write().await?;
        let found = tx.lock_group(&stamp.group).await?;
        let start = plan::start(found.as_ref(), &stamp, &line)?;
        let mut known = GroupRow {
            epoch: stamp.epoch,
            writer: line.writer,
            shipped_epoch: stamp.epoch,
            shipped_rev: 0,
            vouched_rev: 0,
            copy: 0,
            copy_pruned: found.map_or(line.pruned, |found| found.copy_pruned),
            complete: false,
        };
        let sweeps = match start {
            Start::GoOn {
                after,
                vouched,
                copy,
                sweeps,
            } => {
                (known.shipped_rev, known.vouched_rev, known.copy) = (after, vouched, copy);
                sweeps
            }
            Start::Copy(copy) => {
                (known.copy, known.copy_pruned) = (copy, line.pruned);
                true
            }
        };
        let (state_at, marks) = self.send(&mut *tx, &mut known).await?;
        if known.complete {
            if sweeps {
                tx.sweep(&stamp.group, known.copy).await?;
            }
            let before = known.shipped_rev - TOMBSTONE_REVS;
            tx.forget_tombstones(&stamp.group, stamp.epoch, before)
                .await?;
        }
        let author = Author {
            machine: self.replicas.machine(),
            format: self.replicas.formats().replica,
            state_at,
            age: self.replicas.now().since(state_at),
        };
        tx.put_group(&stamp.group, &known, &author).await?;
        tx.commit().await?;
        Ok(Shipped {
            rev: known.shipped_rev,
            complete: known.complete,
            state_at,
            marks,
        })
    }

    /// The mutant that ships what vouches before what it vouches for.
    async fn ship_cursors(&self, stamp: &Stamp, line: &Line) -> Result<(), CentralError> {
        let mut tx = self.replicas.write().await?;
        let known = tx.lock_group(&stamp.group).await?;
        let ours = |known: &GroupRow| known.epoch == stamp.epoch && known.writer == line.writer;
        let Some(known) = known.filter(ours) else {
            return tx.rollback().await;
        };
        let changes = self.changes(line.rev, known.vouched_rev).await?;
        tx.put_rows(&stamp.group, stamp.epoch, known.copy, &changes.vouching)
            .await?;
        tx.commit().await
    }

    /// Sends piece by piece what has changed since what is known, and notes it there; with the last piece it is complete.
    /// Answers when the last state that was sent was read, and what was processed before.
    async fn send(
        &self,
        tx: &mut dyn ReplicaTx,
        known: &mut GroupRow,
    ) -> Result<(Timestamp, BTreeMap<InboxId, u64>), CentralError> {
        let group = &self.store.stamp().group;
        let mut rows = 0;
        loop {
            // Before the state is read: what was processed by now is in it.
            let marks = (self.marks)();
            let state_at = self.replicas.now();
            let changes = self.changes(known.shipped_rev, known.vouched_rev).await?;
            rows += changes.rows.len();
            let (epoch, copy) = (known.epoch, known.copy);
            tx.put_rows(group, epoch, copy, &changes.rows).await?;
            // What vouches comes after all that it vouches for.
            tx.put_rows(group, epoch, copy, &changes.vouching).await?;
            known.shipped_rev = changes.upto;
            if changes.is_last {
                known.vouched_rev = changes.upto;
                known.complete = true;
            }
            if changes.is_last || (rows >= self.round_max_rows && changes.may_end) {
                return Ok((state_at, marks));
            }
        }
    }

    /// What the file knows of its replication, which begins where it has not.
    async fn begin(&self) -> Result<Line, CentralError> {
        let group = self.store.stamp().group.clone();
        let known = self
            .store
            .read(move |read| Ok((read.line(&group)?, read.has_revisions()?)));
        if let (Some(line), true) = known.await? {
            return Ok(line);
        }
        self.store.index_revisions().await?;
        let (group, writer) = (self.store.stamp().group.clone(), self.writer.clone());
        let begun = self
            .store
            .write(move |tx| tx.begin_replication(&group, &writer));
        Ok(begun.await?)
    }

    async fn changes(&self, after: i64, vouched: i64) -> Result<Changes, CentralError> {
        let (group, max) = (self.store.stamp().group.clone(), self.batch_max_rows);
        let read = self
            .store
            .read(move |read| read.changes(&group, after, vouched, max));
        Ok(read.await?)
    }
}
