//! Disk faults, injected at the only instant that matters: the commit.

/// Decides what happens at each commit. Simulation only; the default plan is [`NoFaults`].
pub trait FaultPlan: Send {
    /// What to do at this commit, counted from 1 since the file was opened.
    fn at_commit(&mut self, commit: u64) -> CommitFault;
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

/// Every commit succeeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl FaultPlan for NoFaults {
    fn at_commit(&mut self, _commit: u64) -> CommitFault {
        CommitFault::None
    }
}
