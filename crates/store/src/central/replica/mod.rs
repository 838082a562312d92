//! The replica of every group's running state: shipped as states, in order; what is shipped twice or late changes nothing.
//!
//! `docs/specs/replication.md` is the protocol, and says what it does not promise.

mod apply;
mod db;
mod hydrate;
mod join;
mod plan;
mod round;
mod ship;
mod takeover;

pub use db::{Author, GroupRow, ReplicaTx, Replicas, RowKey, ShippedState};
pub use hydrate::{Hydrated, hydrate, rebuild};
pub use join::{TakeIn, close_group, forget_joined, is_closed, take_in};
pub use ship::{Marks, Replication, ReplicationStatus};
pub use takeover::{Origin, begin_new, take_over};

/// Stores rows without the lock of their group: what a batch that comes late, or twice, amounts to.
#[cfg(test)]
pub(super) async fn put_rows_for_test(
    client: &super::CentralClient,
    group: &crate::GroupId,
    epoch: crate::Epoch,
    rows: &[crate::host::replica::Change],
) -> Result<(), super::CentralError> {
    let mut tx = Replicas::write(client).await?;
    tx.put_rows(group, epoch, 1, rows).await?;
    tx.commit().await
}
