//! Who owns a row, and which state of it this is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A group: the connected component of nodes over local connections; what one host owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(String);

impl GroupId {
    /// The one group of an installation on one machine.
    pub const LOCAL: &'static str = "local";

    /// Wraps a text that is already known to be a group's id.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The group of an installation on one machine.
    pub fn local() -> Self {
        Self(Self::LOCAL.to_owned())
    }

    /// What the groups of canaries begin with.
    pub const CANARY: &'static str = "canary/";

    /// The group of a host's built-in canary: of that machine alone, owned by nobody else, in no list of groups.
    pub fn canary(machine: &str) -> Self {
        Self(format!("{}{machine}", Self::CANARY))
    }

    /// Whether it is a canary's: its deliveries are nobody's changes.
    pub fn is_canary(&self) -> bool {
        self.0.starts_with(Self::CANARY)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One ownership of a group. A greater epoch always wins over a lesser one.
///
/// Made of the generation, which every restore raises, and the creation revision of the ownership key (zero on one
/// machine). Both lie in one integer, the generation above, so that SQL compares epochs as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(i64);

impl Epoch {
    /// Bits of the revision: 2^47 key revisions last for centuries at any rate that etcd reaches.
    const REVISION_BITS: u32 = 47;
    /// Before every ownership: what nobody has claimed.
    pub const NONE: Self = Self(0);
    /// After every ownership: the group was joined to another, and nobody owns it any more.
    pub const JOINED: Self = Self(i64::MAX);
    /// The epoch of a store that was just made on one machine.
    pub const FIRST: Self = Self::new(1, 0);

    /// From a generation and a key's creation revision.
    ///
    /// # Panics
    /// When the revision is 2^47 or more.
    pub const fn new(generation: u16, revision: u64) -> Self {
        assert!(
            revision < 1 << Self::REVISION_BITS,
            "a revision has at most 47 bits"
        );
        // The shifted generation needs 63 bits, so the sign bit stays clear.
        Self(((generation as i64) << Self::REVISION_BITS) | revision as i64)
    }

    /// How often this state was restored or rebuilt, from 1 on.
    pub const fn generation(self) -> u16 {
        (self.0 >> Self::REVISION_BITS) as u16
    }

    /// The creation revision of the ownership key; zero on one machine.
    pub const fn revision(self) -> u64 {
        (self.0 & ((1 << Self::REVISION_BITS) - 1)) as u64
    }

    /// The epoch after a restore: the next generation, without a key yet. `None` after 65,535 restores.
    pub const fn restored(self) -> Option<Self> {
        match self.generation().checked_add(1) {
            Some(next) => Some(Self::new(next, 0)),
            None => None,
        }
    }

    /// As stored.
    pub(crate) const fn to_stored(self) -> i64 {
        self.0
    }

    /// Takes back an epoch that was stored.
    pub(crate) const fn from_stored(stored: i64) -> Self {
        Self(stored)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation(), self.revision())
    }
}

/// Under whose ownership rows are written: stamped on every row, together with a revision that only rises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The group that the rows belong to.
    pub group: GroupId,
    /// The ownership under which they are written.
    pub epoch: Epoch,
}
