//! Which item, and which state of it.

use crate::names::NodeName;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// The identity of an item: its node and its tracker's id, which stays when a key or title changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemId {
    /// The node.
    pub node: NodeName,
    /// The tracker's id: a GitHub issue's database id, a Jira issue id, a Redmine issue id.
    pub id: String,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node, self.id)
    }
}

/// An item's identity with what a person calls it and where one sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRef {
    /// The identity.
    pub item: ItemId,
    /// The human key: `acme/app#12`, `PROJ-7`, `#31`.
    pub key: String,
    /// The page that a person opens.
    pub url: String,
}

/// A comparable version of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// A revision number where the tracker has one: it decides alone when both sides have it.
    pub revision: Option<u64>,
    /// The tracker's own time of the last change.
    pub updated: Timestamp,
    /// How coarse `updated` is, in milliseconds: 1000 for whole seconds, 1 for milliseconds.
    pub resolution_ms: u32,
    /// An opaque token for compare-and-swap (an ETag, an updated stamp), where the tracker has it.
    pub token: Option<String>,
}

impl Version {
    /// Older, newer, or not told apart. Times of different resolutions, as a delivery and an answer of one tracker may have
    /// them, are compared as the coarser one tells them.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self.revision, other.revision) {
            (Some(mine), Some(theirs)) => mine.cmp(&theirs),
            _ => {
                let coarser_ms = self.resolution_ms.max(other.resolution_ms);
                self.floor(coarser_ms).cmp(&other.floor(coarser_ms))
            }
        }
    }

    /// The time of the last change in whole units of so many milliseconds.
    fn floor(&self, unit_ms: u32) -> i64 {
        self.updated
            .as_millis()
            .div_euclid(i64::from(unit_ms.max(1)))
    }

    /// Whether two changes never carry the same version: it counts changes, or is as fine as a tracker's clock.
    pub const fn is_exact(&self) -> bool {
        self.revision.is_some() || self.resolution_ms <= 1
    }

    /// Whether a change made at `now` could carry this same version: then an observation with it is provisional and
    /// is fetched again after the version's resolution has passed.
    pub fn is_provisional(&self, now: Timestamp) -> bool {
        self.revision.is_none()
            && now.as_millis() < self.updated.as_millis() + i64::from(self.resolution_ms)
    }
}
