//! Twins that are known to be at rest, and with which observations: a sign that tells nothing newer need not be followed
//! by a whole look, and mostly by none.
//!
//! Only in memory. What is not known here is looked at in full, so forgetting costs a look and never a change.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use twinline_core::digest::Digest;
use twinline_core::item::{Item, ItemId, Version};
use twinline_core::names::{LinkId, Side, Sides};
use twinline_core::queue::Key;
use twinline_core::time::Timestamp;

/// Twins remembered in each of two generations: the older one goes when the newer is full. About 500 bytes a twin.
const GENERATION_MAX: usize = 50_000;
/// How far a tracker's clock, as it was measured, may be off. By it, an observation must have come after the time that
/// its coarse version stands for, to be certain that it shows every change with that version.
const SKEW_ERROR: Duration = Duration::from_secs(2);

/// What one side's item was when its twin came to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    item: ItemId,
    version: Version,
    digest: Digest,
    /// Whether no later change can carry the same version.
    certain: bool,
}

impl Look {
    /// `theirs`: when it was seen, by the tracker's clock.
    pub(crate) fn of(item: &Item, digest: Digest, theirs: Timestamp) -> Self {
        Self {
            item: item.reference.item.clone(),
            certain: item.version.is_exact()
                || !item.version.is_provisional(theirs.minus(SKEW_ERROR)),
            version: item.version.clone(),
            digest,
        }
    }

    /// The look made again, if the item is as it was.
    pub(crate) fn again(&self, item: &Item, theirs: Timestamp) -> Option<Self> {
        let same = self.item == item.reference.item && self.digest == Digest::of(item);
        same.then(|| Self::of(item, self.digest.clone(), theirs))
    }
}

/// What a sign tells that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum News {
    /// Nothing.
    Nothing,
    /// Perhaps something: the item must be fetched, and only when it differs the rest.
    Perhaps,
    /// Something, or nobody knows.
    Something,
}

/// The twins at rest.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    state: Mutex<State>,
}

/// Two generations: when the newer one is full, it becomes the older one.
#[derive(Debug, Default)]
struct State {
    newer: BTreeMap<LinkId, Sides<Look>>,
    older: BTreeMap<LinkId, Sides<Look>>,
}

impl Rests {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics with this lock")
    }

    /// A twin came to rest.
    pub(crate) fn put(&self, link: LinkId, looks: Sides<Look>) {
        let mut state = self.lock();
        if state.newer.len() >= GENERATION_MAX {
            state.older = take(&mut state.newer);
        }
        state.newer.insert(link, looks);
    }

    /// A job takes a twin up: whether it rests is known again when the job has ended.
    pub(crate) fn take(&self, link: &LinkId) -> Option<Sides<Look>> {
        let mut state = self.lock();
        let older = state.older.remove(link);
        state.newer.remove(link).or(older)
    }

    /// The rules or nodes have changed.
    pub(crate) fn forget(&self) {
        *self.lock() = State::default();
    }

    /// What a sign tells about an item that has `version`, to the work that stands for it.
    pub(crate) fn news(&self, key: &Key, item: &ItemId, version: &Version) -> News {
        let Key::Twin(link) = key else {
            return News::Something;
        };
        let state = self.lock();
        let looks = state.newer.get(link).or_else(|| state.older.get(link));
        let look = looks.and_then(|looks| {
            let mut both = Side::BOTH.into_iter().map(|side| looks.get(side));
            both.find(|look| look.item == *item)
        });
        let told = |look: &Look| {
            // A coarser version than the one that was seen may stand for a change after that.
            let is_coarser = version.resolution_ms > look.version.resolution_ms
                && (version.revision.is_none() || look.version.revision.is_none());
            let certain = look.certain && !is_coarser;
            (version.order(&look.version), certain)
        };
        match look.map(told) {
            Some((std::cmp::Ordering::Less, _) | (std::cmp::Ordering::Equal, true)) => {
                News::Nothing
            }
            Some((std::cmp::Ordering::Equal, false)) => News::Perhaps,
            _ => News::Something,
        }
    }
}
