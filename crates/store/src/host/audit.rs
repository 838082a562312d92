//! Who did what: publishes, releases, links, pauses.

use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{count, time, to_count};
use twinline_core::time::Timestamp;

/// One deed of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What: `publish`, `rollback`, `release`, `link`.
    pub action: String,
    /// To what: a connection, a twin, a node.
    pub subject: String,
    /// The particulars as JSON.
    pub detail: String,
}

/// An entry with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Rises with every entry.
    pub seq: u64,
    /// The entry.
    pub entry: AuditEntry,
}

impl HostRead<'_> {
    /// The audit trail, newest first, before `before` (`None`: from the newest), at most `max`.
    pub fn audit(&self, before: Option<u64>, max: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql = "SELECT seq, at, who, action, subject, detail FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
        self.many(sql, (before.map_or(i64::MAX, to_count), max), |row| {
            Ok(AuditRow {
                seq: count(row, 0)?,
                entry: AuditEntry {
                    at: time(row, 1)?,
                    who: row.get(2)?,
                    action: row.get(3)?,
                    subject: row.get(4)?,
                    detail: row.get(5)?,
                },
            })
        })
    }
}

impl HostTx<'_> {
    /// Appends an entry, in the same step as the deed.
    pub fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.stamped(
            "INSERT INTO audit (grp, epoch, rev, at, who, action, subject, detail) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                &entry.at.as_millis(),
                &entry.who,
                &entry.action,
                &entry.subject,
                &entry.detail,
            ],
        )
        .map(drop)
    }
}
