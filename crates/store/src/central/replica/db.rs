//! What replication asks of the central database: the handful of operations of its transactions.
//!
//! [`crate::central::CentralClient`] is PostgreSQL. The simulation has another one in memory; both are held to the same
//! table of operations (`xtask/src/sim/fleet/database/tests.rs`).

use crate::central::error::CentralError;
use crate::central::health::CentralHealth;
use crate::formats::Formats;
use crate::host::replica::{Change, ReplicaRow};
use crate::stamp::{Epoch, GroupId};
use async_trait::async_trait;
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::time::Timestamp;

/// The group's row in the central database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The newest ownership that has claimed the group.
    pub epoch: Epoch,
    /// The store that claimed it.
    pub writer: String,
    /// Under which epoch was shipped last.
    pub shipped_epoch: Epoch,
    /// Up to which revision of the store.
    pub shipped_rev: i64,
    /// The same for rows that vouch for others.
    pub vouched_rev: i64,
    /// The number of the last full copy.
    pub copy: i64,
    /// What the store had forgotten of its deletions when that copy began.
    pub copy_pruned: i64,
    /// Whether the replica is one state of the store.
    pub complete: bool,
}

impl GroupRow {
    /// Whether the group was joined to another: nobody owns it any more.
    pub fn is_closed(&self) -> bool {
        self.epoch == Epoch::JOINED
    }
}

/// Who ships, and the state that is shipped.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The machine's name.
    pub machine: &'a str,
    /// The form of the rows.
    pub format: i64,
    /// The owner's wall clock when the state was its newest.
    pub state_at: Timestamp,
    /// How long ago that is, by the same clock.
    pub age: Duration,
}

/// The state that a group's replica is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedState {
    /// Its owner's wall clock when the state was its newest.
    pub state_at: Timestamp,
    /// How long ago that is, as the database has measured it: whatever the owner's clock showed. `None`: it has not.
    pub age: Option<Duration>,
    /// The form of its rows.
    pub format: i64,
}

/// A row's place in a group's replica: its table and its key.
pub type RowKey = (String, String);

/// The central database as replication uses it.
#[async_trait]
pub trait Replicas: Send + Sync {
    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// The database does not answer, or takes no writes.
    async fn write(&self) -> Result<Box<dyn ReplicaTx>, CentralError>;

    /// Begins a transaction that sees one state of the writer's. A former writer that has not learned of its successor
    /// may answer: what is decided on what it says must be confirmed by a commit.
    ///
    /// # Errors
    /// The database does not answer, or takes no writes.
    async fn read_newest(&self) -> Result<Box<dyn ReplicaTx>, CentralError>;

    /// Now, by this machine's wall clock.
    fn now(&self) -> Timestamp;

    /// This machine's name.
    fn machine(&self) -> &str;

    /// In which form this machine ships rows, and up to which it reads them.
    fn formats(&self) -> &Formats {
        &Formats::CURRENT
    }

    /// The health, now and whenever it changes.
    fn health(&self) -> watch::Receiver<CentralHealth>;
}

/// One transaction. Dropped before its commit, nothing of it is kept.
///
/// Every step has a deadline. After a failed one nothing of the transaction is kept.
#[async_trait]
pub trait ReplicaTx: Send {
    /// Reads the group's row and keeps it for this transaction: nobody else ships, claims or takes over meanwhile, nor
    /// makes the row where there is none.
    async fn lock_group(&mut self, group: &GroupId) -> Result<Option<GroupRow>, CentralError>;

    /// Reads the group's row.
    async fn group(&mut self, group: &GroupId) -> Result<Option<GroupRow>, CentralError>;

    /// The state that the group's replica is of.
    async fn state(&mut self, group: &GroupId) -> Result<Option<ShippedState>, CentralError>;

    /// Whether definitions were ever published here. Not so in a new database that the machines have not put theirs back to
    /// yet: what it does not know may still be somewhere.
    async fn has_definitions(&mut self) -> Result<bool, CentralError>;

    /// Stores the group's row, where no greater epoch is there. The caller holds its lock, or has found that there is
    /// none.
    async fn put_group(
        &mut self,
        group: &GroupId,
        known: &GroupRow,
        author: &Author<'_>,
    ) -> Result<(), CentralError>;

    /// Changes the owner in the group's row, and nothing else. The caller holds its lock.
    async fn claim(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        writer: &str,
    ) -> Result<(), CentralError>;

    /// Stores states: of two versions of a row the one with the greater (epoch, revision) stands. Repeated, reordered
    /// and late calls change nothing.
    async fn put_rows(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        copy: i64,
        rows: &[Change],
    ) -> Result<(), CentralError>;

    /// Removes what no copy since `copy` has vouched for: the store has it no more.
    async fn sweep(&mut self, group: &GroupId, copy: i64) -> Result<(), CentralError>;

    /// Forgets some tombstones that are older than whatever may still be under way.
    async fn forget_tombstones(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        before_rev: i64,
    ) -> Result<(), CentralError>;

    /// The rows after a key, tombstones passed over; without a key: there is no further one.
    async fn page(
        &mut self,
        group: &GroupId,
        after: &RowKey,
    ) -> Result<(Vec<ReplicaRow>, Option<RowKey>), CentralError>;

    /// Commits. `Ok` only when it is certain.
    ///
    /// # Errors
    /// [`CentralError::Unknown`] when it may have been kept: repeat it idempotently.
    async fn commit(self: Box<Self>) -> Result<(), CentralError>;

    /// Ends a transaction that is to keep nothing.
    async fn rollback(self: Box<Self>) -> Result<(), CentralError>;
}
