//! Disk faults, injected where they matter: where a batch begins, since nothing of it runs then, and at its commit.

use crate::error::StoreError;
use rusqlite::ffi;

/// Decides what happens at each batch. Simulation only; the default plan is [`NoFaults`].
pub trait FaultPlan: Send {
    /// What to do where this batch begins, counted from 1 since the file was opened.
    fn at_begin(&mut self, _batch: u64) -> BeginFault {
        BeginFault::None
    }

    /// What to do at this commit, counted from 1 since the file was opened.
    fn at_commit(&mut self, commit: u64) -> CommitFault;
}

/// What happens where a batch begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BeginFault {
    /// It begins.
    #[default]
    None,
    /// Another process holds the file: nothing of the batch runs.
    Locked,
    /// The operating system fails to read: nothing of the batch runs.
    Io,
}

impl BeginFault {
    /// As SQLite says it.
    pub(super) fn outcome(self) -> Result<(), StoreError> {
        let code = match self {
            Self::None => return Ok(()),
            Self::Locked => ffi::SQLITE_BUSY,
            Self::Io => ffi::SQLITE_IOERR,
        };
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into())
    }
}

/// What happens at one commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitFault {
    /// It succeeds.
    #[default]
    None,
    /// It fails, and nothing of the batch is kept: no space.
    DiskFull,
    /// It fails, and nothing of the batch is kept: read-only.
    ReadOnly,
    /// The process dies before the commit: nothing of the batch is kept, nobody is told.
    CrashBefore,
    /// The process dies after the commit and before anyone is told: everything is kept.
    CrashAfter,
}

/// Every batch succeeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl FaultPlan for NoFaults {
    fn at_commit(&mut self, _commit: u64) -> CommitFault {
        CommitFault::None
    }
}
