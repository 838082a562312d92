//! When the host said that the backfill would be finished, held against when it was.

use serde::Serialize;

/// What was named is judged while at least so much was left: later, the host's own look at its jobs is a part of it.
const LEFT_MIN_S: f64 = 300.0;

/// One look at the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// When, in seconds of one clock.
    pub(super) at_s: f64,
    /// The time of the end that it named.
    pub(super) named_s: Option<f64>,
}

/// How good the named times were.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Promises {
    /// Looks that were judged.
    pub looks: usize,
    /// Looks at which no time was named, since nothing had been measured yet.
    pub silent: usize,
    /// The greatest error, as a share of the time that was left.
    pub worst: f64,
    /// How much was left then, in seconds.
    pub worst_left_s: f64,
}

/// Judges the looks by when it was finished.
pub(super) fn judge(looks: &[Look], finished_s: f64) -> Promises {
    let mut judged = Promises::default();
    for look in looks {
        let left = finished_s - look.at_s;
        if left < LEFT_MIN_S {
            continue;
        }
        let Some(named) = look.named_s else {
            judged.silent += 1;
            continue;
        };
        judged.looks += 1;
        let wrong = (named - finished_s).abs() / left;
        if wrong > judged.worst {
            judged.worst = wrong;
            judged.worst_left_s = left;
        }
    }
    judged
}

#[cfg(test)]
#[path = "promise_tests.rs"]
mod tests;
