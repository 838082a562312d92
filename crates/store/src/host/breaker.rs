//! The blast-radius breaker's memory: writes per connection, held connections, confirmed budgets.

use super::access::Upsert;
use super::{HostRead, HostTx, replica};
use crate::StoreError;
use crate::row::{count, time_or_none, to_count};
use rusqlite::Row;
use twinline_core::names::ConnectionName;
use twinline_core::time::Timestamp;

/// Writes are counted in slices of this length, in milliseconds.
const SLICE_MS: i64 = 10_000;

/// What stands between a connection and its writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionHold {
    /// The connection.
    pub connection: ConnectionName,
    /// Since when and why it is held; `None`: it is not.
    pub held: Option<(Timestamp, String)>,
    /// Writes that a person has confirmed and that are not spent.
    pub budget_writes: u64,
}

const SELECT: &str = "SELECT connection, held_since, reason, budget FROM holds";

fn read(row: &Row<'_>) -> Result<ConnectionHold, StoreError> {
    Ok(ConnectionHold {
        connection: ConnectionName::new(row.get::<_, String>(0)?),
        held: time_or_none(row, 1)?.zip(row.get(2)?),
        budget_writes: count(row, 3)?,
    })
}

static HOLDS: Upsert = Upsert::new(
    "holds",
    &["connection"],
    &["held_since", "reason", "budget"],
);

impl HostRead<'_> {
    /// One connection's hold; `None`: it was never held and has no budget.
    pub fn connection_hold(
        &self,
        connection: &ConnectionName,
    ) -> Result<Option<ConnectionHold>, StoreError> {
        self.one(
            &format!("{SELECT} WHERE connection = ?1"),
            [connection.as_str()],
            read,
        )
    }

    /// All connections that were ever held or have a budget, ordered by name.
    pub fn connection_holds(&self) -> Result<Vec<ConnectionHold>, StoreError> {
        self.many(&format!("{SELECT} ORDER BY connection"), [], read)
    }

    /// How many writes a connection made since `since`, in whole slices of ten seconds: the slice that `since` lies in
    /// counts whole.
    pub fn writes_since(
        &self,
        connection: &ConnectionName,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(writes), 0) FROM write_slices WHERE connection = ?1 AND slice >= ?2";
        let found = self.one(sql, (connection.as_str(), slice(since)), |row| {
            Ok(count(row, 0)?)
        })?;
        Ok(found.unwrap_or(0))
    }
}

impl HostTx<'_> {
    /// Counts writes that are about to be made.
    pub fn count_writes(
        &self,
        connection: &ConnectionName,
        at: Timestamp,
        writes: u64,
    ) -> Result<(), StoreError> {
        self.stamped(
            "INSERT INTO write_slices (grp, epoch, rev, connection, slice, writes) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (connection, slice) DO UPDATE SET grp = ?1, epoch = ?2, rev = ?3, writes = writes + ?6",
            &[&connection.as_str(), &slice(at), &to_count(writes)],
        )
        .map(drop)
    }

    /// Stores a connection's hold and budget.
    pub fn put_connection_hold(&self, hold: &ConnectionHold) -> Result<(), StoreError> {
        let (since, reason) = match &hold.held {
            Some((since, reason)) => (Some(since.as_millis()), Some(reason)),
            None => (None, None),
        };
        self.upsert(
            &HOLDS,
            &[
                &hold.connection.as_str(),
                &since,
                &reason,
                &to_count(hold.budget_writes),
            ],
        )
    }

    /// Forgets what a connection has written: a person released it.
    pub fn forgive_writes(&self, connection: &ConnectionName) -> Result<(), StoreError> {
        self.delete(
            replica::WRITE_SLICES,
            "connection = ?1",
            [connection.as_str()],
        )
        .map(drop)
    }

    /// Forgets slices that ended before `before`.
    pub fn drop_write_slices(&self, before: Timestamp) -> Result<(), StoreError> {
        self.delete(replica::WRITE_SLICES, "slice < ?1", [slice(before)])
            .map(drop)
    }
}

fn slice(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(SLICE_MS)
}
