//! Whose turn it is to send files to a node.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Those who come back for their turn come so long after each other: at the pace at which turns end, within these bounds.
const SPACING_MIN: Duration = Duration::from_millis(250);
const SPACING_MAX: Duration = Duration::from_secs(5);
/// Nobody is told to stay away for longer.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// The turns of one node. Nobody waits in line for one, since a file takes its time and who waits holds a job: who gets none
/// is told when to come back.
pub(crate) struct FileTurns {
    free: Semaphore,
    count: u32,
    pace: Mutex<Pace>,
}

#[derive(Debug, Default)]
struct Pace {
    /// How long turns take, the last ones counting most.
    mean: Duration,
    /// When the one comes back who was told last.
    last: Option<Instant>,
}

/// A turn, until it is dropped.
pub(crate) struct FileTurn<'a> {
    turns: &'a FileTurns,
    began: Instant,
    _permit: SemaphorePermit<'a>,
}

impl FileTurns {
    /// So many turns at once.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            free: Semaphore::new(count),
            count: u32::try_from(count.max(1)).unwrap_or(u32::MAX),
            pace: Mutex::default(),
        }
    }

    /// A turn, if one is free.
    pub(crate) fn take(&self) -> Option<FileTurn<'_>> {
        Some(FileTurn {
            _permit: self.free.try_acquire().ok()?,
            turns: self,
            began: Instant::now(),
        })
    }

    /// When somebody who got none is to come back: one after the other.
    pub(crate) fn come_back(&self) -> Duration {
        let now = Instant::now();
        let mut pace = self.pace();
        let spacing = (pace.mean / self.count).clamp(SPACING_MIN, SPACING_MAX);
        let at = pace.last.map_or(now, |last| last.max(now)) + spacing;
        let at = at.min(now + WAIT_MAX);
        pace.last = Some(at);
        at - now
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FileTurn<'_> {
    fn drop(&mut self) {
        let mut pace = self.turns.pace();
        pace.mean = (pace.mean * 3 + self.began.elapsed()) / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_turn_comes_back_one_after_the_other() {
        let turns = FileTurns::new(2);
        let (first, second) = (turns.take(), turns.take());
        assert!(first.is_some() && second.is_some() && turns.take().is_none());
        assert_eq!(turns.come_back(), SPACING_MIN);
        assert_eq!(turns.come_back(), 2 * SPACING_MIN);
        advance(SPACING_MIN).await;
        assert_eq!(turns.come_back(), 2 * SPACING_MIN);
        drop(first);
        assert!(turns.take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_is_that_of_the_turns_and_bounded() {
        let turns = FileTurns::new(1);
        let turn = turns.take();
        advance(Duration::from_secs(8)).await;
        drop(turn);
        assert_eq!(turns.come_back(), Duration::from_secs(2));
        let turn = turns.take();
        advance(Duration::from_secs(3600)).await;
        drop(turn);
        assert_eq!(turns.come_back(), SPACING_MAX);
        let last = (0..1000).map(|_| turns.come_back()).last();
        assert_eq!(last, Some(WAIT_MAX));
    }
}
