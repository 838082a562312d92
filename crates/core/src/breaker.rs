//! The blast-radius breaker: a connection that would write more than its limit in ten minutes is held, and a person is
//! asked.

use crate::time::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// The sliding window.
pub const WINDOW: Duration = Duration::from_secs(600);

/// The window is kept in this many equal slices, so that its memory does not grow with the writes.
const SLICES: usize = 60;

/// Whether a write may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and is counted.
    Pass,
    /// It may not: the connection is held until it is released.
    Hold {
        /// Writes counted within the window.
        writes: u64,
    },
}

/// One connection's counter. A confirmed backfill, publish or retry has its own budget and is not counted here.
#[derive(Clone, Debug)]
pub struct Breaker {
    max_writes: u32,
    /// (start of slice, writes), oldest first.
    slices: VecDeque<(Timestamp, u64)>,
    held: bool,
}

impl Breaker {
    /// A counter that holds above `max_writes` in ten minutes.
    pub fn new(max_writes: u32) -> Self {
        Self {
            max_writes,
            slices: VecDeque::with_capacity(SLICES + 1),
            held: false,
        }
    }

    /// Judges and counts `writes` more writes at `now`.
    pub fn admit(&mut self, now: Timestamp, writes: u32) -> Verdict {
        self.forget_before(now.minus(WINDOW));
        let counted = self.counted();
        if self.held || counted + u64::from(writes) > u64::from(self.max_writes) {
            self.held = true;
            return Verdict::Hold { writes: counted };
        }
        self.count(now, writes);
        Verdict::Pass
    }

    /// Whether it is held.
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// A person released it (`twinline release CONNECTION`): counting starts anew.
    pub fn release(&mut self) {
        self.held = false;
        self.slices.clear();
    }

    fn counted(&self) -> u64 {
        self.slices.iter().map(|(_, writes)| writes).sum()
    }

    /// A slice is forgotten when its end lies before the window: rather a few seconds too late than too early.
    fn forget_before(&mut self, start: Timestamp) {
        while let Some((slice, _)) = self.slices.front()
            && slice.plus(slice_length()) <= start
        {
            self.slices.pop_front();
        }
    }

    fn count(&mut self, now: Timestamp, writes: u32) {
        match self.slices.back_mut() {
            Some((start, counted)) if now.since(*start) < slice_length() => {
                *counted += u64::from(writes)
            }
            Some(_) | None => self.slices.push_back((now, u64::from(writes))),
        }
    }
}

fn slice_length() -> Duration {
    WINDOW / u32::try_from(SLICES).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
