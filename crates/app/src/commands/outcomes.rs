//! Many things that are asked of a host one after another: each has an outcome of its own, so that a failure half way
//! takes nothing away from what is said of those before it.

use super::progress;
use crate::exit::{FAILED, OK, UNREACHABLE, code_of};
use anyhow::{Error, Result};
use indicatif::ProgressBar;

/// Asks for one thing after another, with a bar on a terminal. A host that has gone is not asked for the rest.
pub(super) struct Outcomes {
    bar: ProgressBar,
    asked: usize,
    failed: usize,
    gone: Option<String>,
    last: Option<Error>,
}

impl Outcomes {
    /// Nothing is asked yet; `of` things will be, which people call `things`.
    pub(super) fn new(of: usize, things: &'static str) -> Self {
        Self {
            bar: progress::bar(of, things),
            asked: 0,
            failed: 0,
            gone: None,
            last: None,
        }
    }

    /// The bar, for who waits in between and says why.
    pub(super) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Asks for the next `count` things at once; a sentence when that fails. `asking` is not begun when the host has gone.
    pub(super) async fn ask<T>(
        &mut self,
        count: usize,
        asking: impl Future<Output = Result<T>>,
    ) -> Result<T, String> {
        self.asked += count;
        let answer = match &self.gone {
            Some(why) => Err(format!("not tried: {why}")),
            None => asking.await.map_err(|error| self.fails(error)),
        };
        if answer.is_err() {
            self.failed += count;
        }
        self.bar.inc(count as u64);
        answer
    }

    fn fails(&mut self, error: Error) -> String {
        let why = format!("{error:#}");
        if code_of(&error) == UNREACHABLE {
            self.gone = Some(why.clone());
        }
        self.last = Some(error);
        why
    }

    /// The exit code of all together, and how many failed.
    ///
    /// # Errors
    /// The one thing that was asked for failed: then its error says it all.
    pub(super) fn end(self) -> Result<(i32, usize)> {
        self.bar.finish_and_clear();
        match self.last {
            Some(error) if self.asked == 1 => Err(error),
            Some(_) if self.gone.is_some() => Ok((UNREACHABLE, self.failed)),
            Some(_) => Ok((FAILED, self.failed)),
            None => Ok((OK, 0)),
        }
    }
}

#[cfg(test)]
#[path = "outcomes_tests.rs"]
mod tests;
