//! How fast a backfill really goes while no limit holds it up.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::progress;

#[cfg(test)]
mod tests;

/// The rate is measured over this much of the recent past.
const WINDOW: Duration = Duration::from_secs(300);
const SLICE: Duration = Duration::from_secs(5);
/// Nothing is said before this much was measured.
const EARLIEST: Duration = Duration::from_secs(10);

/// What waited for room so lately is held up still: work that is let go on a little at a time goes at the limit's pace.
const HELD_FOR: Duration = Duration::from_secs(30);

/// Measures a rate of completions. What is done while work waits for room in a limit says nothing about how fast it goes
/// without, and is left out with its time.
#[derive(Debug)]
pub(crate) struct Pace {
    last: Instant,
    held_until: Instant,
    slices: VecDeque<Slice>,
}

/// A piece of the past.
#[derive(Debug)]
struct Slice {
    start: Instant,
    /// How much of it nothing was held up, and what was done then.
    free: Duration,
    done: u64,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            last: now,
            held_until: now,
            slices: VecDeque::new(),
        }
    }

    /// Work waits for room in a limit until then.
    pub(crate) fn held(&mut self, until: Instant) {
        self.held_until = self.held_until.max(until + HELD_FOR);
    }

    /// Counts completions since it was told last.
    pub(crate) fn done(&mut self, now: Instant, count: u64) {
        let last = std::mem::replace(&mut self.last, now);
        self.forget(now);
        if last < self.held_until {
            return;
        }
        let free = now.saturating_duration_since(last);
        match self.slices.back_mut() {
            Some(slice) if slice.start + SLICE > now => {
                slice.free += free;
                slice.done += count;
            }
            _ => self.slices.push_back(Slice {
                start: last,
                free,
                done: count,
            }),
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |slice: &Slice| slice.start + WINDOW <= now;
        while self.slices.front().is_some_and(is_old) {
            self.slices.pop_front();
        }
    }

    /// What was measured.
    pub(crate) fn measured(&self, now: Instant) -> progress::Pace {
        let recent = self
            .slices
            .iter()
            .filter(|slice| slice.start + WINDOW > now);
        let (free, done) = recent.fold((Duration::ZERO, 0), |(free, done), slice| {
            (free + slice.free, done + slice.done)
        });
        // What takes its time is not still.
        if done == 0 && free + SLICE * 2 >= WINDOW {
            return progress::Pace::Still;
        }
        if done == 0 || free < EARLIEST {
            return progress::Pace::NotMeasured;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate for people, far below 2^52"
        )]
        let done = done as f64;
        progress::Pace::PerSecond(done / free.as_secs_f64())
    }
}
