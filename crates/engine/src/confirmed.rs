//! Work that a person has confirmed: a publish, a retried group, a backfill. It is paid from a budget of its own, and
//! the budget ends with it.
//!
//! Whether a job belongs to such work is told by the cause of its marks, which names the connection: neither an audit nor
//! what another connection confirmed is paid from it.

use std::collections::BTreeSet;
use std::sync::Arc;
use twinline_core::names::ConnectionName;
use twinline_store::StoreError;
use twinline_store::host::{ConnectionHold, HostRead, HostTx};

const PUBLISH: &str = "publish";
const RETRY: &str = "retry";
const BACKFILL: &str = "backfill";
const PARENT: &str = "parent";

/// Writes that a confirmation allows for each item, beyond the connection's limit: its fields and comments.
const WRITES_PER_ITEM: u64 = 50;

/// The cause of the marks of a publish.
pub(crate) fn publish(connection: &ConnectionName) -> String {
    format!("{PUBLISH} {connection}")
}

/// The cause of the marks of a retried group.
pub(crate) fn retry(connection: &ConnectionName) -> String {
    format!("{RETRY} {connection}")
}

/// The cause of the marks of a backfill; `job`: its id.
pub(crate) fn backfill(connection: &ConnectionName, job: &str) -> String {
    format!("{BACKFILL} {connection} {job}")
}

/// The cause of the marks of twins whose parents were left out by such work and can cross now.
pub(crate) fn parent(connection: &ConnectionName) -> String {
    format!("{PARENT} {connection}")
}

/// The connection whose confirmed work a mark of this cause belongs to.
pub(crate) fn of_cause(cause: &str) -> Option<ConnectionName> {
    let (kind, rest) = cause.split_once(' ')?;
    match kind {
        PUBLISH | RETRY | PARENT => Some(rest.into()),
        BACKFILL => rest
            .rsplit_once(' ')
            .map(|(connection, _)| connection.into()),
        _ => None,
    }
}

/// The backfill that a mark of this cause belongs to.
pub(crate) fn backfill_of_cause(cause: &str) -> Option<Arc<str>> {
    let (kind, rest) = cause.split_once(' ')?;
    let (_, job) = rest.rsplit_once(' ').filter(|_| kind == BACKFILL)?;
    Some(job.into())
}

/// The connections whose confirmed work is not done.
pub(crate) fn under_way(read: &HostRead<'_>) -> Result<BTreeSet<ConnectionName>, StoreError> {
    let causes = read.dirty_causes()?;
    let marked = causes.iter().filter_map(|cause| of_cause(cause));
    Ok(marked.chain(read.connections_with_open_jobs()?).collect())
}

/// Gives a connection the budget of work that is about to begin. What earlier work left is added only while that work
/// is under way.
pub(crate) fn grant(
    tx: &HostTx<'_>,
    connection: &ConnectionName,
    items: u64,
) -> Result<(), StoreError> {
    grant_writes(tx, connection, items.saturating_mul(WRITES_PER_ITEM))
}

/// As [`grant`], for so many writes.
pub(crate) fn grant_writes(
    tx: &HostTx<'_>,
    connection: &ConnectionName,
    writes: u64,
) -> Result<(), StoreError> {
    let old = tx.connection_hold(connection)?;
    let (held, budget) = old.map_or((None, 0), |old| (old.held, old.budget_writes));
    let left = if budget > 0 && under_way(tx)?.contains(connection) {
        budget
    } else {
        0
    };
    tx.put_connection_hold(&ConnectionHold {
        connection: connection.clone(),
        held,
        budget_writes: left.saturating_add(writes),
    })
}
