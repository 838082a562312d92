//! One round: everything that has changed, in one transaction where it fits.

use super::apply::{self, Author};
use super::plan::{self, Known, Start};
use super::ship::Marks;
use crate::central::client::CentralClient;
use crate::central::error::CentralError;
use crate::host::HostStore;
use crate::host::replica::Changes;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// More than that is shipped in several transactions; until the last of them the replica is marked as incomplete.
const ROUND_MAX_ROWS: usize = 20_000;
/// Revisions for which tombstones are kept, here and there: a failover that loses the last seconds costs no full copy, and
/// nothing that was given up can come later.
pub(super) const TOMBSTONE_REVS: i64 = 100_000;

/// Ships one store's rows of one group.
pub(super) struct Shipper {
    pub(super) store: HostStore,
    pub(super) client: CentralClient,
    pub(super) writer: String,
    pub(super) marks: Marks,
    /// About so many rows are read at once.
    pub(super) batch_max_rows: u32,
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
    /// What was processed at each edge before that state was read.
    pub(super) marks: BTreeMap<String, u64>,
}

impl Shipper {
    /// Ships what has changed. Proven when it answers `Ok`.
    ///
    /// The group's row is locked first: whoever holds it knows where the replica is, and whoever comes late finds that
    /// it went on, or that it has another owner.
    pub(super) async fn round(&self) -> Result<Shipped, CentralError> {
        let stamp = self.store.stamp().clone();
        let line = {
            let (group, writer) = (stamp.group.clone(), self.writer.clone());
            let write = self
                .store
                .write(move |tx| tx.begin_replication(&group, &writer));
            let known = self.line().await?;
            match known {
                Some(line) => line,
                None => write.await?,
            }
        };
        let mut tx = self.client.shared.write().await?;
        let found = apply::lock_group(&mut tx, &stamp.group).await?;
        let begin = plan::start(found.as_ref(), &stamp, &line)?;
        let (mut after, vouched, copy, sweeps) = match begin {
            Start::GoOn {
                after,
                vouched,
                copy,
                sweeps,
            } => (after, vouched, copy, sweeps),
            Start::Copy(copy) => (0, 0, copy, true),
        };
        let copy_pruned = match (&begin, &found) {
            (Start::GoOn { .. }, Some(found)) => found.copy_pruned,
            _ => line.pruned,
        };
        let mut rows = 0;
        let (state_at, marks, is_last) = loop {
            // Before the state is read: what was processed by now is in it.
            let marks = (self.marks)();
            let state_at = self.client.shared.state.clock.now();
            let changes = self.changes(after, vouched).await?;
            rows += changes.rows.len();
            let epoch = stamp.epoch;
            apply::put_rows(&mut tx, &stamp.group, epoch, copy, &changes.rows).await?;
            // What vouches comes after all that it vouches for.
            apply::put_rows(&mut tx, &stamp.group, epoch, copy, &changes.vouching).await?;
            after = changes.upto;
            if changes.is_last || rows >= ROUND_MAX_ROWS {
                break (state_at, marks, changes.is_last);
            }
        };
        if is_last && sweeps {
            apply::sweep(&mut tx, &stamp.group, copy).await?;
        }
        if is_last {
            let before = after - TOMBSTONE_REVS;
            apply::forget_tombstones(&mut tx, &stamp.group, stamp.epoch, before).await?;
        }
        let known = Known {
            epoch: stamp.epoch,
            writer: line.writer,
            shipped_epoch: stamp.epoch,
            shipped_rev: after,
            vouched_rev: if is_last { after } else { vouched },
            copy,
            copy_pruned,
            complete: is_last,
        };
        let author = Author {
            machine: &self.client.settings().machine,
            schema: crate::host::schema_version(),
            state_at,
        };
        apply::put_group(&mut tx, &stamp.group, &known, &author).await?;
        tx.commit().await?;
        Ok(Shipped {
            rev: after,
            complete: is_last,
            state_at,
            marks,
        })
    }

    async fn line(&self) -> Result<Option<crate::host::replica::Line>, CentralError> {
        let group = self.store.stamp().group.clone();
        Ok(self.store.read(move |read| read.line(&group)).await?)
    }

    async fn changes(&self, after: i64, vouched: i64) -> Result<Changes, CentralError> {
        let (group, max) = (self.store.stamp().group.clone(), self.batch_max_rows);
        let read = self
            .store
            .read(move |read| read.changes(&group, after, vouched, max));
        Ok(read.await?)
    }
}
