//! A twin as stored.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::{ConnectionName, LinkId, NodeName, ReplicaField, RootId, Side, Sides};
use twinline_core::reconcile::Hold;
use twinline_core::time::Timestamp;

/// Two linked items, or one and the intent to create the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Its id.
    pub link: LinkId,
    /// Its connection.
    pub connection: ConnectionName,
    /// Its cluster.
    pub root: RootId,
    /// The nodes.
    pub nodes: Sides<NodeName>,
    /// The trackers' ids of the items; `None` while one is to be created.
    pub ids: Sides<Option<String>>,
    /// The side from which the other was created by us; `None`: two existing items were linked.
    pub created_from: Option<Side>,
    /// How often this source has been twinned in this connection, from 0 on: part of the id.
    pub incarnation: u32,
    /// Its state.
    pub state: TwinState,
    /// Since when it is in this state.
    pub state_since: Timestamp,
    /// When each side's trigger was first found not to match; `None`: it matches.
    pub negatives: Sides<Option<Timestamp>>,
    /// Frozen fields.
    pub held: BTreeMap<ReplicaField, HeldField>,
    /// Comments that were seen and knowingly not written, by `node/comment id`, with the reason.
    pub comments_waived: BTreeMap<String, String>,
    /// When the twin was made.
    pub since: Timestamp,
    /// When it was last reconciled.
    pub reconciled: Option<Timestamp>,
}

impl Twin {
    /// One side's item; `None` while it is to be created.
    pub fn item(&self, side: Side) -> Option<ItemId> {
        self.ids.get(side).as_ref().map(|id| ItemId {
            node: self.nodes.get(side).clone(),
            id: id.clone(),
        })
    }
}

/// What a twin is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TwinState {
    /// One side is to be created.
    Creating,
    /// It is kept in step.
    Live,
    /// It rests: the item left its trigger or cannot be reached. Link and bases are kept.
    Asleep {
        /// Why, in words that equal cases share.
        why: String,
    },
    /// An error holds it back.
    Quarantined {
        /// What equal errors have in common; they are shown and released together.
        cause: String,
        /// What happened, for a person.
        sentence: String,
    },
    /// It has ended: the items are free.
    Unlinked {
        /// Whether its items may enter the connection anew by themselves. They may after they left it; after a deletion
        /// or a person's unlinking only a person brings them back: else a sweep would undo what was meant.
        returns: bool,
    },
}

/// The cause that is kept with a twin whose items may return.
const RETURNS: &str = "returns";

impl TwinState {
    /// Its name.
    pub const fn name(&self) -> TwinStateName {
        match self {
            Self::Creating => TwinStateName::Creating,
            Self::Live => TwinStateName::Live,
            Self::Asleep { .. } => TwinStateName::Asleep,
            Self::Quarantined { .. } => TwinStateName::Quarantined,
            Self::Unlinked { .. } => TwinStateName::Unlinked,
        }
    }

    /// Name, cause and sentence, as the columns hold them.
    pub(super) fn columns(&self) -> (TwinStateName, Option<&str>, Option<&str>) {
        match self {
            Self::Creating | Self::Live => (self.name(), None, None),
            Self::Unlinked { returns } => (self.name(), returns.then_some(RETURNS), None),
            Self::Asleep { why } => (self.name(), Some(why), None),
            Self::Quarantined { cause, sentence } => (self.name(), Some(cause), Some(sentence)),
        }
    }

    /// Takes the columns back.
    pub(super) fn from_columns(
        name: TwinStateName,
        cause: Option<String>,
        sentence: Option<String>,
    ) -> Self {
        match name {
            TwinStateName::Creating => Self::Creating,
            TwinStateName::Live => Self::Live,
            TwinStateName::Asleep => Self::Asleep {
                why: cause.unwrap_or_default(),
            },
            TwinStateName::Quarantined => Self::Quarantined {
                cause: cause.unwrap_or_default(),
                sentence: sentence.unwrap_or_default(),
            },
            TwinStateName::Unlinked => Self::Unlinked {
                returns: cause.as_deref() == Some(RETURNS),
            },
        }
    }
}

/// The name of a [`TwinState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwinStateName {
    /// [`TwinState::Creating`].
    Creating,
    /// [`TwinState::Live`].
    Live,
    /// [`TwinState::Asleep`].
    Asleep,
    /// [`TwinState::Quarantined`].
    Quarantined,
    /// [`TwinState::Unlinked`].
    Unlinked,
}

/// A frozen field of a twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldField {
    /// Why.
    pub hold: Hold,
    /// What each side had when it was frozen; `None` where it was absent.
    pub values: Sides<Option<Value>>,
    /// Since when.
    pub since: Timestamp,
    /// The side whose value is to cross, when a person has released it and no plan has been carried out since.
    #[serde(default)]
    pub take: Option<Side>,
}
