//! What a limit has to spare for work that can wait: as much as leaves an even share of the limit for the rest of its
//! window, so that what people do finds room at any moment, and a long job goes at one pace instead of in bursts.

use super::super::rate_headers::{RateSignal, WAIT_MAX};
use super::{Charges, Window};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::progress::Allowance;
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
pub(super) struct Told {
    limits: BTreeMap<u64, Left>,
    /// Answers so far, whether they told of a limit or not.
    answers: u64,
}

/// What is left of one.
#[derive(Clone, Copy, Debug)]
struct Left {
    remaining: u64,
    resets_at: Timestamp,
    window: Duration,
    /// Answers that told of it.
    answers: u64,
}

impl Told {
    pub(super) fn learn(&mut self, signal: &RateSignal, now: Timestamp) {
        self.answers += 1;
        let (Some(limit), Some(remaining), Some(resets_in)) =
            (signal.limit, signal.remaining, signal.resets_in)
        else {
            return;
        };
        self.limits
            .retain(|_, left| now.since(left.resets_at) < FORGET_AFTER);
        // How long such a window is cannot be told.
        if limit == 0
            || resets_in >= WAIT_MAX
            || (self.limits.len() >= LIMITS_MAX && !self.limits.contains_key(&limit))
        {
            return;
        }
        // Near its end an hour looks like a minute.
        let known = self.limits.get(&limit);
        let left = Left {
            remaining,
            resets_at: now.plus(resets_in),
            window: window_of(resets_in).max(known.map_or(Duration::ZERO, |left| left.window)),
            answers: known.map_or(0, |left| left.answers) + 1,
        };
        self.limits.insert(limit, left);
    }

    /// How long work that can wait should wait.
    pub(super) fn spare(&self, now: Timestamp) -> Duration {
        let waits = self.limits.iter().map(|(limit, left)| {
            let until = left.resets_at.since(now);
            wait(share(left.remaining, *limit), until, left.window)
        });
        waits.max().unwrap_or_default()
    }

    /// What each limit leaves.
    pub(super) fn allowances(&self, now: Timestamp) -> impl Iterator<Item = Allowance> {
        self.limits.iter().map(move |(limit, left)| {
            // A request that no answer counts against this limit counts against another one.
            let points = share(left.answers, self.answers);
            left.allowance(*limit, points, now)
        })
    }

    /// A wall clock may step back: what is told next is right again.
    pub(super) fn forget(&mut self) {
        self.limits.clear();
        self.answers = 0;
    }
}

impl Left {
    /// What it leaves of a limit, where a request has so many points.
    fn allowance(&self, limit: u64, points: f64, now: Timestamp) -> Allowance {
        let until = self.resets_at.since(now);
        // A window that is over has begun anew with nothing used.
        let (left, until) = match until.is_zero() {
            true => (1.0, self.window),
            false => (share(self.remaining, limit), until),
        };
        let size = share(limit, 1);
        Allowance {
            points: [points; 3],
            now: (left - even(until, self.window)) * size,
            ends_in: until,
            by_then: (left - KEPT) * size,
            window: self.window,
            at_once: AT_ONCE * size,
            each: (1.0 - KEPT) * size,
        }
    }
}

/// What an even pace leaves of a limit so long before its window ends: a line from all but [`AT_ONCE`] at the window's
/// beginning to [`KEPT`] at its end.
fn even(until: Duration, window: Duration) -> f64 {
    KEPT + (1.0 - AT_ONCE - KEPT) * until.as_secs_f64() / window.as_secs_f64()
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

/// How long until `left` of a limit is more than what an even pace leaves until its window ends.
fn wait(left: f64, until: Duration, window: Duration) -> Duration {
    if until.is_zero() || left >= even(until, window) {
        return Duration::ZERO;
    }
    let (until_s, window_s) = (until.as_secs_f64(), window.as_secs_f64());
    let fits_at_s = (left - KEPT) / (1.0 - AT_ONCE - KEPT) * window_s;
    until - Duration::from_secs_f64(fits_at_s.clamp(0.0, until_s))
}

/// The same of a limit that we count: a part of its window holds no more than its share of what may be used.
pub(super) fn wait_for(window: &Window, charges: &Charges, now: Timestamp) -> Duration {
    let (per, max) = part(window);
    let mut used = 0.0;
    for (at, points) in charges.made.iter().rev() {
        if now.since(*at) >= per {
            break;
        }
        used += f64::from(*points);
        if used >= max {
            return at.plus(per).since(now);
        }
    }
    Duration::ZERO
}

/// What a limit that we count leaves.
pub(super) fn allowance(window: &Window, charges: &Charges, now: Timestamp) -> Allowance {
    let (per, max) = part(window);
    let recent = charges.made.iter().rev();
    let recent = recent.take_while(|(at, _)| now.since(*at) < per);
    let (used, oldest) = recent.fold((0.0, now), |(used, _), (at, points)| {
        (used + f64::from(*points), *at)
    });
    Allowance {
        points: window.points.map(f64::from),
        now: max - used,
        ends_in: oldest.plus(per).since(now),
        by_then: max - used,
        window: per,
        at_once: max,
        each: max,
    }
}

/// How long the parts of a limit's window are that are paced, and how many points fit into one.
fn part(window: &Window) -> (Duration, f64) {
    let (per, parts) = match window.per > LONG {
        true => (window.per / PARTS, PARTS),
        false => (window.per, 1),
    };
    let max = f64::from(window.points_max) * (1.0 - KEPT) / f64::from(parts);
    (per, max.max(1.0))
}

#[cfg(test)]
#[path = "spare_tests.rs"]
mod tests;
