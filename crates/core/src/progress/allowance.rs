//! What a tracker's limit leaves to work that can wait, now and later.

use super::seconds;
use std::ops::AddAssign;
use std::time::Duration;

/// Requests by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// They change nothing.
    pub reads: u64,
    /// They change what is there.
    pub writes: u64,
    /// They make something new.
    pub creates: u64,
}

impl Requests {
    /// How many there are.
    pub const fn all(self) -> u64 {
        self.reads
            .saturating_add(self.writes)
            .saturating_add(self.creates)
    }
}

impl AddAssign for Requests {
    fn add_assign(&mut self, other: Self) {
        self.reads = self.reads.saturating_add(other.reads);
        self.writes = self.writes.saturating_add(other.writes);
        self.creates = self.creates.saturating_add(other.creates);
    }
}

/// One limit, as work that can wait may use it: the rest of its window, and then one window after the other. In each, some
/// points may be used at once and the others at an even pace.
#[derive(Clone, Debug, PartialEq)]
pub struct Allowance {
    /// The points of a read, a write and a creation.
    pub points: [f64; 3],
    /// What may be used now; below 0: so much more was used than an even pace allows.
    pub now: f64,
    /// How long the window goes on.
    pub ends_in: Duration,
    /// What may be used up to its end, with what may be used now.
    pub by_then: f64,
    /// How long the following windows are.
    pub window: Duration,
    /// What may be used at the beginning of each.
    pub at_once: f64,
    /// What may be used in each, with that.
    pub each: f64,
}

impl Allowance {
    /// The points of some requests.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of requests, far below 2^52"
    )]
    pub fn points_of(&self, requests: Requests) -> f64 {
        let Requests {
            reads,
            writes,
            creates,
        } = requests;
        let [read, write, create] = self.points;
        reads as f64 * read + writes as f64 * write + creates as f64 * create
    }

    /// How long until so many points were used, while live work uses `live` points a second of the same limit; `None`: that
    /// never comes.
    pub fn wait_for(&self, points: f64, live: f64) -> Option<Duration> {
        if points <= self.now.max(0.0) {
            return Some(Duration::ZERO);
        }
        let ends_s = self.ends_in.as_secs_f64();
        // Below 0 at first: what is ahead of an even pace is waited for.
        let by_then = self.by_then - live * ends_s;
        if points <= by_then {
            let part = (points - self.now) / (by_then - self.now);
            return Some(seconds(ends_s * part));
        }
        let left = points - by_then.max(self.now).max(0.0);
        self.in_windows(left, live)
            .map(|wait| self.ends_in.saturating_add(wait))
    }

    /// The same from the beginning of a window on.
    fn in_windows(&self, points: f64, live: f64) -> Option<Duration> {
        let window_s = self.window.as_secs_f64();
        let slope = (self.each - self.at_once) / window_s - live;
        // What was used at once before people's changes came is not taken back.
        let full = if slope < 0.0 && self.each > self.at_once {
            self.at_once
        } else {
            self.each - live * window_s
        };
        if !full.is_finite() || full <= 0.0 || !window_s.is_normal() {
            return None;
        }
        let before = ((points / full).ceil() - 1.0).max(0.0);
        let rest = points - before * full;
        let within = if rest <= self.at_once || slope <= 0.0 {
            0.0
        } else {
            (rest - self.at_once) / slope
        };
        Some(seconds(before * window_s + within))
    }
}
