//! How often a twin is looked at again because a tracker's list leaves out comments that are there.
//!
//! A list that lags shows them when it has had its time. One that never does must not have the twin looked at for ever: after
//! some looks the next sign of a change, or the next audit, is what looks again. Kept in memory only.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use twinline_core::names::LinkId;

/// So many looks follow one that found comments left out.
const LOOKS_MAX: u32 = 5;
/// Twins that are counted; of one more no look follows.
const TWINS_MAX: usize = 10_000;

/// The looks that have been asked for, by twin.
#[derive(Default)]
pub(crate) struct Lags(Mutex<BTreeMap<LinkId, u32>>);

impl Lags {
    /// A look at a twin has found comments left out, or none: whether another is to follow.
    pub(super) fn follow(&self, link: &LinkId, left_out: bool) -> bool {
        let mut looks = self.lock();
        let so_far = looks.remove(link).unwrap_or(0);
        let follows = left_out && so_far < LOOKS_MAX && looks.len() < TWINS_MAX;
        if follows {
            looks.insert(link.clone(), so_far + 1);
        }
        follows
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LinkId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lags: &Lags, link: &str, left_out: &[bool], follows: &[bool]) {
        let told: Vec<bool> = left_out
            .iter()
            .map(|left_out| lags.follow(&link.into(), *left_out))
            .collect();
        assert_eq!(told, follows, "{left_out:?}");
    }

    #[test]
    fn looks_follow_until_there_were_enough_or_nothing_is_left_out() {
        let lags = Lags::default();
        check(
            &lags,
            "a",
            &[true; 6],
            &[true, true, true, true, true, false],
        );
        // A later sign begins anew.
        check(&lags, "a", &[true, false, true], &[true, false, true]);
        check(&lags, "b", &[false; 2], &[false; 2]);
    }
}
