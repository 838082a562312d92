//! Answers that cannot be used: each is warned of once, and again while it lasts.

use super::web::NoWord;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What is wrong for so long is warned of again.
const AGAIN: Duration = Duration::from_secs(900);

/// What was warned of last of one that is asked; nothing from when it has answered well.
#[derive(Default)]
pub(super) struct Said(Mutex<Option<(String, Instant)>>);

impl Said {
    /// What was told, if anything was. That nobody answers other probes tell; of a wrong answer none does, so it is warned
    /// of, once in a while, until there is a good one or another wrong one. `what` is not seen meanwhile.
    pub(super) fn heard<T>(&self, asked: Result<T, NoWord>, what: &str) -> Option<T> {
        match asked {
            Ok(told) => {
                self.is_well();
                return Some(told);
            }
            Err(NoWord::Silent(why)) => tracing::debug!(why, "{what} is not seen"),
            Err(NoWord::Wrong(why)) => {
                if self.is_news(&why) {
                    tracing::warn!(why, "{what} is not seen, since the answer is wrong");
                }
            }
        }
        None
    }

    /// Whether this was not said last, or is wrong for long.
    fn is_news(&self, why: &str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_said = |(before, at): &(String, Instant)| before == why && at.elapsed() < AGAIN;
        let is_news = !said.as_ref().is_some_and(is_said);
        if is_news {
            *said = Some((why.to_owned(), Instant::now()));
        }
        is_news
    }

    fn is_well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
#[path = "said_tests.rs"]
mod tests;
