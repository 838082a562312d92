//! Deliveries whose signature was refused, by node, since the last genuine one.
//!
//! A secret that was changed on one side only shows as this: all that comes is refused, and nothing genuine comes between.
//! What strangers send is refused as well, and tells nothing while the tracker's own deliveries are genuine; where none come,
//! it is forgotten. What has no signature at all is not counted. The genuine ones may come to another edge: when the last came
//! here is told too, and whoever asks all edges knows.

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::names::NodeName;

/// What was refused is forgotten when nothing else was for so long, and so is what was genuine.
const KEPT: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy)]
struct Refused {
    number: u64,
    first: Instant,
    last: Instant,
}

#[derive(Clone, Copy)]
struct Genuine {
    number: u64,
    last: Instant,
}

#[derive(Clone, Copy, Default)]
struct Signed {
    refused: Option<Refused>,
    genuine: Option<Genuine>,
}

/// What is known of all nodes. Bounded by the route table: only deliveries of known nodes are noted.
#[derive(Default)]
pub(crate) struct Forged(Mutex<BTreeMap<NodeName, Signed>>);

/// The signatures of one node's deliveries, as `GET /signatures` tells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    pub(crate) node: NodeName,
    /// How many were refused since the last genuine one.
    pub(crate) refused: u64,
    /// How long ago the first of them was.
    pub(crate) refused_since_ms: Option<u64>,
    /// How many were genuine since it was last forgotten.
    pub(crate) genuine: u64,
    /// How long ago the last of them was.
    pub(crate) genuine_ms_ago: Option<u64>,
}

impl Signed {
    /// Without what is too old to be told.
    fn lately(self, now: Instant) -> Self {
        let is_kept = |at: Instant| now.saturating_duration_since(at) <= KEPT;
        Self {
            refused: self.refused.filter(|it| is_kept(it.last)),
            genuine: self.genuine.filter(|it| is_kept(it.last)),
        }
    }

    fn is_nothing(&self) -> bool {
        self.refused.is_none() && self.genuine.is_none()
    }
}

impl Forged {
    /// A delivery of the node was refused for its signature.
    pub(crate) fn refused(&self, node: &NodeName, now: Instant) {
        self.note(node, |signed| {
            let before = signed.lately(now).refused;
            signed.refused = Some(Refused {
                number: before.map_or(0, |it| it.number).saturating_add(1),
                first: before.map_or(now, |it| it.first),
                last: now,
            });
        });
    }

    /// A delivery of the node was genuine.
    pub(crate) fn genuine(&self, node: &NodeName, now: Instant) {
        self.note(node, |signed| {
            let number = signed.genuine.map_or(0, |it| it.number).saturating_add(1);
            signed.refused = None;
            signed.genuine = Some(Genuine { number, last: now });
        });
    }

    /// By node, how many were refused since the last genuine one; 0 where one came lately and nothing was refused since, which
    /// says something of what other edges refuse.
    pub(crate) fn counts(&self, now: Instant) -> BTreeMap<NodeName, u64> {
        let told = self.told(now).into_iter();
        told.map(|it| (it.node, it.refused)).collect()
    }

    /// All that is known.
    pub(crate) fn told(&self, now: Instant) -> Vec<Told> {
        let mut known = self.lock();
        known.retain(|_, signed| {
            *signed = signed.lately(now);
            !signed.is_nothing()
        });
        let ago = |at: Instant| {
            let ago = now.saturating_duration_since(at).as_millis();
            u64::try_from(ago).unwrap_or(u64::MAX)
        };
        let told = known.iter().map(|(node, signed)| Told {
            node: node.clone(),
            refused: signed.refused.map_or(0, |it| it.number),
            refused_since_ms: signed.refused.map(|it| ago(it.first)),
            genuine: signed.genuine.map_or(0, |it| it.number),
            genuine_ms_ago: signed.genuine.map(|it| ago(it.last)),
        });
        told.collect()
    }

    fn note(&self, node: &NodeName, change: impl FnOnce(&mut Signed)) {
        let mut known = self.lock();
        if let Some(signed) = known.get_mut(node) {
            change(signed);
        } else {
            change(known.entry(node.clone()).or_default());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, Signed>> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

#[cfg(test)]
#[path = "forged_tests.rs"]
mod tests;
