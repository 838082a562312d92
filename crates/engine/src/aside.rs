//! A node's turn for reading that nobody's change waits for: one page at a time, behind live work.

use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// While live work waits, one page is read in so much time all the same: a node whose people never rest starves nobody.
const SHARE: Duration = Duration::from_secs(5);
/// How long to stay away while another page is under way.
const SOON: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub(crate) struct Aside {
    turn: Semaphore,
    /// When the last page began.
    last: Mutex<Option<Instant>>,
}

impl Default for Aside {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            last: Mutex::new(None),
        }
    }
}

impl Aside {
    /// The turn, held while a page is read; else how long to stay away. `live`: whether live work waits.
    pub(crate) fn turn(&self, live: bool, now: Instant) -> Result<SemaphorePermit<'_>, Duration> {
        let Ok(turn) = self.turn.try_acquire() else {
            return Err(SOON);
        };
        let mut last = self.last.lock().expect("no code panics with this lock");
        let since = last.map(|last| now.saturating_duration_since(last));
        match since.map(|since| SHARE.saturating_sub(since)) {
            Some(rest) if live && !rest.is_zero() => Err(rest),
            _ => {
                *last = Some(now);
                Ok(turn)
            }
        }
    }
}
