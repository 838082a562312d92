//! All working state of a host: twins and bases, what is dirty, what is intended, what was written.
//!
//! Reads are methods of [`HostRead`], writes of [`HostTx`] (which reads too). Both are composed in a closure: one closure
//! is one atomic step, and what a settled reconcile touches is written in one.
//!
//! Every row carries (group, epoch, revision) of its last write. Nothing here decides: which state a twin takes, which
//! effect is due and what may be dropped is the caller's word.

mod access;
mod attachments;
mod audit;
mod bases;
mod breaker;
mod comments;
mod cursors;
mod dirty;
mod effects;
mod gap;
mod history;
mod items;
mod jobs;
mod links;
mod nodes;
mod parents;
pub(crate) mod replica;
mod retention;
mod rule_versions;
mod twin_record;
mod twins;

#[cfg(test)]
mod tests;

pub use access::{HostRead, HostTx};
pub use audit::{AuditEntry, AuditRow};
pub use breaker::ConnectionHold;
pub use cursors::{EdgeCursor, LedgerRow, SweepCursor};
pub use dirty::{
    AUDIT, Connections, DELETED, Dirty, DirtyCount, Lane, Mark, MarkId, moved_to, takes_place,
};
pub use effects::{EffectRow, EffectState};
pub use gap::Gap;
pub(crate) use gap::{newest_time, note_gap};
pub use history::{HistoryEntry, HistoryKind, HistoryRow};
pub use items::ItemRow;
pub use jobs::{Job, JobKind, JobState, JobsPage};
pub use nodes::NodeRow;
pub use parents::ParentWait;
pub use retention::{HostKeep, HostPruned, PruneCursor};
pub use rule_versions::{Publish, RuleVersion};
pub use twin_record::{HeldField, Twin, TwinState, TwinStateName};
pub use twins::{TwinCount, TwinFilter, TwinTally};

use crate::StoreError;
use crate::db::{Db, DbOptions, Health, Schema};
use crate::migrate::Migration;
use crate::stamp::{Epoch, GroupId, Stamp};
use std::path::Path;

/// The file's schema.
pub(crate) static SCHEMA: Schema = Schema {
    name: "a host's state",
    way_back: "Stop this role, move the file and its -wal and -shm files aside and keep them, put back a backup with \
               `twinline restore`, start again: sweeps find what the backup does not have",
    // "TwHo" in ASCII.
    application_id: 0x5477_486f,
    migrations: &[
        Migration {
            version: 1,
            sql: include_str!("migrations/001.sql"),
        },
        Migration {
            version: 2,
            sql: include_str!("migrations/002.sql"),
        },
        Migration {
            version: 3,
            sql: include_str!("migrations/003.sql"),
        },
        Migration {
            version: 4,
            sql: include_str!("migrations/004.sql"),
        },
        Migration {
            version: 5,
            sql: include_str!("migrations/005.sql"),
        },
        Migration {
            version: 6,
            sql: include_str!("migrations/006.sql"),
        },
        Migration {
            version: 7,
            sql: concat!(
                include_str!("migrations/007.sql"),
                include_str!("migrations/place_comments.sql")
            ),
        },
        Migration {
            version: 8,
            sql: include_str!("migrations/008.sql"),
        },
        Migration {
            version: 9,
            sql: include_str!("migrations/009.sql"),
        },
        Migration {
            version: 10,
            sql: include_str!("migrations/010.sql"),
        },
        Migration {
            version: 11,
            sql: include_str!("migrations/011.sql"),
        },
        Migration {
            version: 12,
            sql: include_str!("migrations/012.sql"),
        },
        Migration {
            version: 13,
            sql: include_str!("migrations/013.sql"),
        },
        Migration {
            version: 14,
            sql: include_str!("migrations/014.sql"),
        },
        Migration {
            version: 15,
            sql: include_str!("migrations/015.sql"),
        },
    ],
};

/// The state of one host, as the owner of one group. Cheap to clone.
#[derive(Clone)]
pub struct HostStore {
    db: Db,
    stamp: Stamp,
}

/// Who a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostMeta {
    /// The installation's id: tells two installations apart.
    pub instance: String,
    /// The group that the file was made for.
    pub group: GroupId,
    /// The ownership under which it is written; a restored file has a newer one than the file it was copied from.
    pub epoch: Epoch,
}

impl HostStore {
    /// Opens the file, or makes it for `instance` and the local group at [`Epoch::FIRST`]. An existing file keeps the
    /// instance and epoch that it has.
    ///
    /// # Errors
    /// See [`StoreError`]: damaged, newer, something else, no access.
    pub async fn open(path: &Path, options: DbOptions, instance: &str) -> Result<Self, StoreError> {
        let schema = options.formats.host;
        let db = Db::open(path, options, schema)?;
        let instance = instance.to_owned();
        let meta = match db.read(access::meta_or_none).await? {
            Some(meta) => meta,
            None => {
                db.write(move |conn| access::make_meta(conn, &instance))
                    .await?
            }
        };
        let stamp = Stamp {
            group: meta.group,
            epoch: meta.epoch,
        };
        Ok(Self { db, stamp })
    }

    /// Closes the file and gives it another name in the same folder.
    ///
    /// # Errors
    /// [`StoreError::File`]: it could not be renamed; it is closed all the same.
    pub async fn close_and_rename(self, to: &Path) -> Result<(), StoreError> {
        let file = self.db.path().to_owned();
        self.db.close().await;
        std::fs::rename(&file, to).map_err(|error| StoreError::File {
            path: file.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// The same file, written as the owner of another group or under another epoch.
    pub fn as_owner(&self, stamp: Stamp) -> Self {
        Self {
            db: self.db.clone(),
            stamp,
        }
    }

    /// Under whose ownership this handle writes.
    pub const fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// The file's handle: health, backup, closing.
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The state that the last write found.
    pub fn health(&self) -> Health {
        self.db.health()
    }

    /// One atomic step: resolves when all of it is durable, or fails with nothing of it kept. The closure must not
    /// block: all writes of the file wait for it.
    pub async fn write<T, F>(&self, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&HostTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let stamp = self.stamp.clone();
        self.db
            .write(move |conn| step(&HostTx::new(conn, &stamp)))
            .await
    }

    /// As [`Self::write`], for what nobody waits for: queued at once, in the order of all steps, and durable with the next
    /// one, at the latest after [`crate::db::Limits::along_max_ms`]. `done` is told how it ended, on the writing thread.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once when too many steps wait, or the file is closed: then `done` is never told.
    pub fn post_along<T, F, D>(&self, step: F, done: D) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&HostTx<'_>) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        let stamp = self.stamp.clone();
        self.db
            .post_along(move |conn| step(&HostTx::new(conn, &stamp)), done)
    }

    /// Reads in one snapshot of everything that was durable when it began.
    pub async fn read<T, F>(&self, look: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&HostRead<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.db.read(move |conn| look(&HostRead::new(conn))).await
    }
}
