//! What a limit has to spare for work that can wait: as much as leaves an even share of the limit for the rest of its
//! window, so that what people do finds room at any moment, and a long job goes at one pace instead of in bursts.

use super::super::rate_headers::{RateSignal, WAIT_MAX};
use super::{Charges, Window};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// This share of a limit is left to work that cannot wait, whatever the time.
const KEPT: f64 = 0.1;
/// This share of a limit may be used as soon as its window begins: what a small installation does in an hour is not paced.
const AT_ONCE: f64 = 0.2;
/// Windows that are longer are gone through at an even pace; of a shorter one nobody has to wait for long.
const LONG: Duration = Duration::from_secs(300);
/// The parts of a long window that are paced.
const PARTS: u32 = 12;
/// A limit that no answer has told of for so long is none any more.
const FORGET_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Limits of one tracker that are kept apart.
const LIMITS_MAX: usize = 8;

/// The limits that the tracker's answers have told of, each by its size: a tracker may have several, and its headers name
/// that of the answer.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<u64, Left>);

/// What is left of one.
#[derive(Clone, Copy, Debug)]
struct Left {
    remaining: u64,
    resets_at: Timestamp,
    window: Duration,
}

impl Told {
    pub(super) fn learn(&mut self, signal: &RateSignal, now: Timestamp) {
        let (Some(limit), Some(remaining), Some(resets_in)) =
            (signal.limit, signal.remaining, signal.resets_in)
        else {
            return;
        };
        self.0
            .retain(|_, left| now.since(left.resets_at) < FORGET_AFTER);
        // How long such a window is cannot be told.
        if limit == 0
            || resets_in >= WAIT_MAX
            || (self.0.len() >= LIMITS_MAX && !self.0.contains_key(&limit))
        {
            return;
        }
        // Near its end an hour looks like a minute.
        let known = self.0.get(&limit).map(|left| left.window);
        let left = Left {
            remaining,
            resets_at: now.plus(resets_in),
            window: window_of(resets_in).max(known.unwrap_or_default()),
        };
        self.0.insert(limit, left);
    }

    /// How long work that can wait should wait.
    pub(super) fn spare(&self, now: Timestamp) -> Duration {
        let waits = self.0.iter().map(|(limit, left)| {
            let until = left.resets_at.since(now);
            wait(share(left.remaining, *limit), until, left.window)
        });
        waits.max().unwrap_or_default()
    }

    /// A wall clock may step back: what is told next is right again.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// Headers tell when a window ends and not how long it is: a minute or an hour at every tracker that tells.
fn window_of(resets_in: Duration) -> Duration {
    if resets_in <= Duration::from_secs(60) {
        Duration::from_secs(60)
    } else {
        resets_in.max(Duration::from_secs(3600))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of a limit, far below 2^52"
)]
fn share(of: u64, all: u64) -> f64 {
    of as f64 / all as f64
}

/// How long until `left` of a limit is more than what an even pace leaves until its window ends: a line from all but
/// [`AT_ONCE`] at the window's beginning to [`KEPT`] at its end.
fn wait(left: f64, until: Duration, window: Duration) -> Duration {
    let (until_s, window_s) = (until.as_secs_f64(), window.as_secs_f64());
    let paced = 1.0 - AT_ONCE - KEPT;
    if until.is_zero() || left >= KEPT + paced * until_s / window_s {
        return Duration::ZERO;
    }
    let fits_at_s = (left - KEPT) / paced * window_s;
    until - Duration::from_secs_f64(fits_at_s.clamp(0.0, until_s))
}

/// The same of a limit that we count: a part of its window holds no more than its share of what may be used.
pub(super) fn wait_for(window: &Window, charges: &Charges, now: Timestamp) -> Duration {
    let (per, parts) = match window.per > LONG {
        true => (window.per / PARTS, PARTS),
        false => (window.per, 1),
    };
    let max = f64::from(window.points_max) * (1.0 - KEPT) / f64::from(parts);
    let mut used = 0.0;
    for (at, points) in charges.made.iter().rev() {
        if now.since(*at) >= per {
            break;
        }
        used += f64::from(*points);
        if used >= max.max(1.0) {
            return at.plus(per).since(now);
        }
    }
    Duration::ZERO
}

#[cfg(test)]
#[path = "spare_tests.rs"]
mod tests;
