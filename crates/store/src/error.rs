//! What can go wrong with a store, told apart by what the caller can do.

use crate::db::FileName;
use crate::stamp::{Epoch, GroupId};
use rusqlite::ErrorCode;
use std::sync::Arc;

/// A failed call on a store. Nothing of the failed closure was kept, unless the variant says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No space. Free some or raise the quota: the store goes on by itself.
    #[error("{file}: no space left on the disk; free some space, the store goes on by itself")]
    DiskFull {
        /// The file.
        file: String,
    },
    /// The file or its file system cannot be written.
    #[error("{file}: cannot be written (read-only file, folder or file system)")]
    ReadOnly {
        /// The file.
        file: String,
    },
    /// The file's content is damaged.
    #[error("{file}: damaged: {what}. {way_back}")]
    Corrupt {
        /// The file.
        file: String,
        /// What was found.
        what: String,
        /// What a person can do.
        way_back: String,
    },
    /// More calls wait than the limit allows, or another process holds the file. Try again later.
    #[error("{file}: busy: {what}")]
    Busy {
        /// The file.
        file: String,
        /// What is in the way.
        what: String,
    },
    /// The disk did not finish in time. A read has no answer; whether a write was kept is not known, and it is to be made
    /// again in a way that does no harm when it was.
    #[error(
        "{file}: the disk did not finish within {max_ms} ms; it goes on by itself when the disk does"
    )]
    Stalled {
        /// The file.
        file: String,
        /// How long was waited, in milliseconds.
        max_ms: u64,
    },
    /// The operating system failed to read or write.
    #[error("{file}: input or output failed")]
    Io {
        /// The file.
        file: String,
        /// What SQLite said.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// The file was written by a newer version.
    #[error(
        "{file}: was written by a newer version of Twinline (schema {found}, this version knows up to {known}); \
         run that version, or restore a backup that this version wrote"
    )]
    NewerSchema {
        /// The file.
        file: String,
        /// The schema that it has.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// The file is something else.
    #[error("{file}: is not {expected}")]
    WrongFile {
        /// The file.
        file: String,
        /// What was expected, with its article: `an edge's inbox`.
        expected: &'static str,
    },
    /// The caller's ownership of the group has been superseded: it must stop, another one owns the group.
    #[error("group {group}: epoch {given} is older than the known {known}")]
    StaleEpoch {
        /// The group.
        group: GroupId,
        /// The caller's epoch.
        given: Epoch,
        /// The newest epoch that was seen.
        known: Epoch,
    },
    /// Something that was asked for does not exist.
    #[error("{0} does not exist")]
    Missing(String),
    /// A stored text cannot be read back as what it should be.
    #[error("{what} cannot be read back: {reason}")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// What the parser said.
        reason: String,
    },
    /// A statement failed for none of the reasons above: a mistake in this crate.
    #[error("a statement failed")]
    Statement(#[source] Arc<rusqlite::Error>),
    /// A file beside the store (a backup, a folder) could not be used.
    #[error("{path}: {reason}")]
    File {
        /// Which one.
        path: String,
        /// What the operating system said.
        reason: String,
    },
    /// The simulated process has crashed. Whether the last write is durable is for the reopened store to tell.
    #[error("{file}: crashed (simulated)")]
    Crashed {
        /// The file.
        file: String,
    },
    /// The store was closed.
    #[error("{file}: closed")]
    Closed {
        /// The file.
        file: String,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Statement(Arc::new(source))
    }
}

impl StoreError {
    /// Names the file and tells the causes apart; closures inside do not know their file.
    pub(crate) fn in_file(self, name: &FileName) -> Self {
        let Self::Statement(source) = self else {
            return self;
        };
        let file = name.to_string();
        match source.sqlite_error().map(|e| (e.code, e.extended_code)) {
            Some((ErrorCode::DiskFull, _) | (_, rusqlite::ffi::SQLITE_IOERR_SHMSIZE)) => {
                Self::DiskFull { file }
            }
            Some((ErrorCode::ReadOnly | ErrorCode::PermissionDenied, _)) => Self::ReadOnly { file },
            Some((ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)) => {
                Self::corrupt(name, source.to_string())
            }
            Some((ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _)) => Self::Busy {
                file,
                what: "another process holds the file".to_owned(),
            },
            Some((ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, _)) => {
                Self::Io { file, source }
            }
            _ => Self::Statement(source),
        }
    }

    /// Damage, with the documented way back.
    pub(crate) fn corrupt(name: &FileName, what: String) -> Self {
        Self::Corrupt {
            file: name.to_string(),
            what,
            way_back: name.way_back().to_owned(),
        }
    }

    /// Whether the same call can succeed later without a person's doing.
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::DiskFull { .. }
                | Self::ReadOnly { .. }
                | Self::Busy { .. }
                | Self::Stalled { .. }
                | Self::Io { .. }
        )
    }
}
