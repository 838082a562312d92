//! When the host said that the backfill would be finished, held against when it was.
//!
//! Each look is judged by itself: what was named may be wrong by a tenth of what was left then. Not judged are the looks at
//! which a twentieth of the whole or less was left, or five minutes: of so little the host's own look at its jobs is a part.
//! A host may name no time while it knows too little, and says why: for a twentieth of the whole or five minutes, and for as
//! long after it was killed. Later silence counts as broken.

use serde::Serialize;

/// What was named is judged while at least so much was left.
const LEFT_MIN_S: f64 = 300.0;
/// And at least this part of the whole.
const LEFT_MIN: f64 = 0.05;
/// So long a host that has just begun may be silent: a part of the whole, or seconds, whichever is more.
const SILENT_MAX: f64 = 0.05;
const SILENT_MAX_S: f64 = 300.0;

/// One look at the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// When, in seconds of one clock.
    pub(super) at_s: f64,
    /// How many seconds the host has known the job for.
    pub(super) known_s: f64,
    /// The time of the end that it named.
    pub(super) named_s: Option<f64>,
}

/// How good the named times were.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Promises {
    /// Looks that were judged.
    pub looks: usize,
    /// Looks at which no time was named while a host was young.
    pub young: usize,
    /// Looks at which no time was named later.
    pub silent: usize,
    /// After how many seconds a time was named first.
    pub first_s: Option<f64>,
    /// The greatest error, as a share of the time that was left.
    pub worst: f64,
    /// How much was left then, in seconds.
    pub worst_left_s: f64,
    /// The greatest error in each tenth of the way, as a share of the time that was left; `None`: no look was judged.
    pub tenths: [Option<f64>; 10],
}

/// Judges the looks by when it began and was finished.
pub(super) fn judge(looks: &[Look], began_s: f64, finished_s: f64) -> Promises {
    let mut judged = Promises::default();
    let whole = finished_s - began_s;
    for look in looks {
        let left = finished_s - look.at_s;
        let Some(named) = look.named_s else {
            if look.known_s <= SILENT_MAX_S.max(SILENT_MAX * whole) {
                judged.young += 1;
            } else if left >= LEFT_MIN_S.max(LEFT_MIN * whole) {
                judged.silent += 1;
            }
            continue;
        };
        judged.first_s = judged.first_s.or(Some(look.at_s - began_s));
        if left < LEFT_MIN_S.max(LEFT_MIN * whole) {
            continue;
        }
        judged.looks += 1;
        let wrong = (named - finished_s).abs() / left;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 10"
        )]
        let tenth = ((look.at_s - began_s) / whole * 10.0) as usize;
        if let Some(worst) = judged.tenths.get_mut(tenth) {
            *worst = Some(worst.map_or(wrong, |worst| worst.max(wrong)));
        }
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
