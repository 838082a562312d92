//! Disk faults: commits that fail, and crashes on either side of one.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use twinline_store::db::{CommitFault, FaultPlan};

/// How often each fault happens, from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DiskFaults {
    /// No space, or read-only: the commit fails and nothing of it is kept.
    pub(super) refuse: f64,
    /// The process dies before the commit.
    pub(super) crash_before: f64,
    /// The process dies after the commit.
    pub(super) crash_after: f64,
}

/// The plan of one file. Clones share it, over all openings of the file.
#[derive(Clone)]
pub(super) struct Disk {
    inner: Arc<Mutex<Inner>>,
    /// Rung when the process has to die.
    pub(super) crashed: Arc<Notify>,
}

struct Inner {
    random: ChaCha8Rng,
    faults: DiskFaults,
}

impl Disk {
    /// A sound disk, until [`Disk::set`].
    pub(super) fn new(random: ChaCha8Rng) -> Self {
        let inner = Inner {
            random,
            faults: DiskFaults::default(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            crashed: Arc::default(),
        }
    }

    pub(super) fn set(&self, faults: DiskFaults) {
        let mut inner = self.inner.lock().expect("no code panics with this lock");
        inner.faults = faults;
    }
}

impl FaultPlan for Disk {
    fn at_commit(&mut self, _: u64) -> CommitFault {
        let mut inner = self.inner.lock().expect("no code panics with this lock");
        let faults = inner.faults;
        let mut drawn: f64 = inner.random.random();
        let mut falls = |share: f64| {
            drawn -= share;
            drawn < 0.0
        };
        if falls(faults.refuse / 2.0) {
            return CommitFault::DiskFull;
        }
        if falls(faults.refuse / 2.0) {
            return CommitFault::ReadOnly;
        }
        let crash = if falls(faults.crash_before) {
            CommitFault::CrashBefore
        } else if falls(faults.crash_after) {
            CommitFault::CrashAfter
        } else {
            return CommitFault::None;
        };
        self.crashed.notify_one();
        crash
    }
}
