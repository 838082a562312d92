//! How often a twin is looked at again because a tracker's list leaves out comments that are there.
//!
//! A list that lags shows them when it has had its time. One that never does must not have the twin looked at for ever: after
//! some looks the next sign of a change, or the next audit, is what looks again. Kept in memory only.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use twinline_core::names::LinkId;
use twinline_core::time::Timestamp;

#[cfg(test)]
#[path = "lags_tests.rs"]
mod tests;

/// So many looks follow one that found comments left out.
const LOOKS_MAX: u32 = 5;
/// Twins that are counted; of one more no look follows.
const TWINS_MAX: usize = 10_000;
/// A look that was to follow and has not for so long does not come: the twin has ended meanwhile, or is asleep.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(3_600);

/// The looks that have been asked for, by twin.
#[derive(Default)]
pub(crate) struct Lags(Mutex<BTreeMap<LinkId, Looks>>);

/// One twin's.
#[derive(Clone, Copy)]
struct Looks {
    asked: u32,
    /// When the last one was asked for.
    at: Timestamp,
}

impl Lags {
    /// A look at a twin has found comments left out, or none: whether another is to follow.
    pub(super) fn follow(&self, link: &LinkId, left_out: bool, now: Timestamp) -> bool {
        let mut looks = self.lock();
        let asked = looks.remove(link).map_or(0, |looks| looks.asked);
        if !left_out || asked >= LOOKS_MAX {
            return false;
        }
        if looks.len() >= TWINS_MAX {
            looks.retain(|_, looks| now.since(looks.at) < FOLLOWS_WITHIN);
        }
        let fits = looks.len() < TWINS_MAX;
        if fits {
            let asked = asked + 1;
            looks.insert(link.clone(), Looks { asked, at: now });
        }
        fits
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LinkId, Looks>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
