//! Where the driver leaves what is to be stored: the newest state only, and lines. Nobody waits here.

use super::journal::LINES_MAX;
use super::machines::Machines;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use twinline_store::watch::Line;

/// Lines that wait for the disk; older ones are lost from the disk, and stay in memory for a while.
const WAITING_MAX: usize = LINES_MAX;

/// What waits for the disk: the newest state, and lines.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) machines: Option<Machines>,
    pub(super) lines: VecDeque<Line>,
    pub(super) ends: bool,
}

/// Where the driver leaves what is to be stored. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<(Mutex<Waiting>, Notify)>);

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the newest state, and lines.
    pub(super) fn leave(&self, machines: Option<Machines>, lines: impl IntoIterator<Item = Line>) {
        let mut waiting = self.lock();
        waiting.machines = machines.or(waiting.machines.take());
        waiting.lines.extend(lines);
        let over = waiting.lines.len().saturating_sub(WAITING_MAX);
        waiting.lines.drain(..over);
        drop(waiting);
        self.0.1.notify_one();
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        self.lock().ends = true;
        self.0.1.notify_one();
    }

    /// Takes what is there.
    pub(super) fn take(&self) -> Waiting {
        let mut waiting = self.lock();
        Waiting {
            machines: waiting.machines.take(),
            lines: std::mem::take(&mut waiting.lines),
            ends: waiting.ends,
        }
    }

    /// Waits until something may be there.
    pub(super) async fn changed(&self) {
        self.0.1.notified().await;
    }

    /// Puts back lines that could not be written, before those that have come since.
    pub(super) fn put_back(&self, lines: VecDeque<Line>) {
        let mut waiting = self.lock();
        for line in lines.into_iter().rev() {
            if waiting.lines.len() < WAITING_MAX {
                waiting.lines.push_front(line);
            }
        }
    }
}
