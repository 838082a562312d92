//! How a file is run: threads or inline, limits, faults.

use super::fault::{FaultPlan, NoFaults};
use crate::formats::Formats;

/// How to run a file.
pub struct DbOptions {
    /// Where closures run.
    pub executor: Executor,
    /// The limits.
    pub limits: Limits,
    /// What happens at commits; for simulation.
    pub faults: Box<dyn FaultPlan>,
    /// Of which form a host's file is.
    pub formats: Formats,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            executor: Executor::Thread,
            limits: Limits::default(),
            faults: Box::new(NoFaults),
            formats: Formats::CURRENT,
        }
    }
}

impl DbOptions {
    /// For a deterministic simulation: no threads, one commit a closure with all that waits along, commits are not synced (a
    /// simulated crash drops the connection and what waits along, and what was committed stays in the files), and `faults`
    /// at each commit.
    pub fn inline(faults: impl FaultPlan + 'static) -> Self {
        Self {
            executor: Executor::Inline,
            limits: Limits::default(),
            faults: Box::new(faults),
            formats: Formats::CURRENT,
        }
    }
}

/// Where closures run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// Writes on one thread with group commit, reads on the runtime's blocking threads.
    Thread,
    /// Writes and reads on the caller, at once: nothing runs beside it. For simulation.
    Inline,
}

/// The limits of one file.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many writes may wait or run.
    pub queue_max_writes: usize,
    /// How many writes share one commit.
    pub batch_max_writes: usize,
    /// How long a batch is filled, in microseconds; it never waits for writes that are not there.
    pub batch_max_us: u64,
    /// How long a write that need not be a commit of its own waits for another, in milliseconds.
    pub along_max_ms: u64,
    /// How long a write may take from its queueing to its commit, in milliseconds. While one batch takes longer than
    /// that, writes are refused at once.
    pub write_max_ms: u64,
    /// How long a read may take, the wait for a reader included, in milliseconds.
    pub read_max_ms: u64,
    /// How many reads run at once.
    pub readers_max: usize,
    /// How many pages of write-ahead log start a checkpoint.
    pub checkpoint_after_pages: u32,
    /// How long the check at start may take, in milliseconds; a file too big for it is checked in part.
    pub start_check_max_ms: u64,
    /// How long to wait for another process (a backup, `sqlite3`), in milliseconds.
    pub lock_wait_max_ms: u64,
    /// The greatest size of the file in pages of 4 KiB; `None`: as large as the disk.
    pub file_max_pages: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_max_writes: 4096,
            batch_max_writes: 512,
            batch_max_us: 2000,
            along_max_ms: 200,
            write_max_ms: 20_000,
            read_max_ms: 30_000,
            readers_max: 4,
            checkpoint_after_pages: 4000,
            start_check_max_ms: 3000,
            lock_wait_max_ms: 2000,
            file_max_pages: None,
        }
    }
}
