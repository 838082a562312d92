//! How fast a backfill really goes, and when it will honestly end.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::time::Timestamp;

#[cfg(test)]
mod tests;

/// The rate is measured over this much of the recent past.
const WINDOW: Duration = Duration::from_secs(300);
const SLICE: Duration = Duration::from_secs(5);
/// Nothing is promised before this much was measured.
const EARLIEST: Duration = Duration::from_secs(10);

/// Measures a rate of completions.
#[derive(Debug)]
pub(crate) struct Pace {
    started: Instant,
    slices: VecDeque<(Instant, u64)>,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            started: now,
            slices: VecDeque::new(),
        }
    }

    /// Counts completions.
    pub(crate) fn done(&mut self, now: Instant, count: u64) {
        match self.slices.back_mut() {
            Some((start, sum)) if *start + SLICE > now => *sum += count,
            _ => self.slices.push_back((now, count)),
        }
        while self
            .slices
            .front()
            .is_some_and(|(start, _)| *start + WINDOW <= now)
        {
            self.slices.pop_front();
        }
    }

    /// Completions a second over the window; `None` while too little was measured to say.
    pub(crate) fn per_second(&self, now: Instant) -> Option<f64> {
        let measured = now.saturating_duration_since(self.started).min(WINDOW);
        if measured < EARLIEST {
            return None;
        }
        let since = now.checked_sub(WINDOW);
        let recent = self
            .slices
            .iter()
            .filter(|(start, _)| since.is_none_or(|since| *start > since));
        let done: u64 = recent.map(|(_, count)| count).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate for people, far below 2^52"
        )]
        let done = done as f64;
        Some(done / measured.as_secs_f64())
    }

    /// When `remaining` more will be done at the measured rate. `None`: nothing moves, or too little was measured; then
    /// no time is named.
    pub(crate) fn finish(
        &self,
        now: Instant,
        clock: Timestamp,
        remaining: u64,
    ) -> Option<Timestamp> {
        if remaining == 0 {
            return Some(clock);
        }
        let rate = self.per_second(now)?;
        if rate <= f64::EPSILON {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "an estimate for people, far below 2^52"
        )]
        let seconds = remaining as f64 / rate;
        let wait = Duration::try_from_secs_f64(seconds).ok()?;
        Some(clock.plus(wait))
    }
}
