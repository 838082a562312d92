//! What a plan is made from.

use super::plan::Hold;
use crate::attachments::AttachmentLink;
use crate::capability::Capabilities;
use crate::comments::CommentLink;
use crate::contract::Contract;
use crate::digest::Digest;
use crate::effect::{FieldChange, FieldWrite};
use crate::item::{Item, Value};
use crate::names::{FieldName, LinkId, NodeName, ReplicaField, RootId, Side, Sides};
use crate::richtext::Dialect;
use crate::rules::ScriptComment;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that one plan for one twin depends on.
pub struct Facts<'a> {
    /// The twin's id: `cluster::link_id`.
    pub link: LinkId,
    /// Its cluster.
    pub root: RootId,
    /// How many items the cluster has; a change that hopped more often is a ping-pong.
    pub cluster_size: u32,
    /// The side from which the other side's item was created by us; `None` when two existing items were linked. It wins
    /// unset fields while nothing was settled yet (a crash between creation and base).
    pub created_from: Option<Side>,
    /// When the twin was made.
    pub since: Timestamp,
    /// Now, by our clock. Used for ping-pong windows only.
    pub now: Timestamp,
    /// What is known about each side.
    pub sides: Sides<SideFacts<'a>>,
    /// Fields that earlier plans froze and nobody released. Holds by a rule ([`Hold::Rule`]) are judged anew and may be
    /// left out.
    pub held: BTreeMap<ReplicaField, Hold>,
    /// `twinline release … --field F --take SIDE`: the side's value crosses, whatever else holds it.
    pub release: BTreeMap<ReplicaField, Side>,
    /// All comment links of the cluster, those of other items too.
    pub comments: Vec<CommentLink>,
    /// All attachment links of the cluster, those of other items too.
    pub attachments: Vec<AttachmentLink>,
}

/// What is known about one side of a twin.
pub struct SideFacts<'a> {
    /// Its node.
    pub node: NodeName,
    /// What it was last seen to be.
    pub seen: Seen,
    /// The stored base; `None` while this side was never in step.
    pub base: Option<Base>,
    /// What its tracker can do.
    pub capabilities: &'a Capabilities,
    /// The value that its tracker gives back after a value was written to a field of this item (`Tracker::normalise`).
    pub normalise: &'a dyn Fn(&FieldName, &Value) -> Value,
    /// The native fields of this item whose texts are in another notation than [`Capabilities::dialect`]
    /// (`Tracker::dialects`).
    pub dialects: BTreeMap<FieldName, Dialect>,
    /// The tracker's ids of our own account there.
    pub accounts: BTreeSet<String>,
    /// The item's field history since the base, by the tracker's clock; empty where it was not read. Needed for fields
    /// with `conflict = "latest"`, and where a plan says [`super::Plan::asks_since_birth`].
    pub history: Vec<FieldChange>,
    /// Whether `history` goes back to the item's creation, and `own_attempts` too.
    pub since_birth: bool,
    /// The tracker's clock minus ours, in milliseconds.
    pub skew_ms: i64,
    /// When our own attempts on this item ran, by our clock: their rows in `history` are not a person's.
    pub own_attempts: Vec<OwnAttempt>,
    /// Field writes that were made, or may have been made, and that no base accounts for yet (their attempt outlived a
    /// crash). What they explain is not a person's edit.
    pub unsettled: Vec<Unsettled>,
    /// Our confirmed writes to this item within the ping-pong window (ten minutes), oldest first.
    pub recent: Vec<RecentWrite>,
    /// The originals ([`crate::comments::CommentOrigin::key`]) of which an `AddComment` with unknown outcome is open on
    /// this item, by whichever twin of the cluster: they are not written here again, and while there is one no unlinked
    /// comment by our account crosses from here or is taken back as a mirror.
    pub open_comments: BTreeSet<LinkId>,
    /// The comments that the list leaves out ([`crate::comments::left_out`]) and of which the tracker says, asked for
    /// each by itself, that they are gone. What is left out and not in here only was not shown.
    pub gone_comments: BTreeSet<String>,
    /// Those of which the tracker does not say whether they are gone or only out of our account's sight, with its reason:
    /// told, and left as they are.
    pub unseen_comments: BTreeMap<String, String>,
    /// The originals ([`crate::attachments::FileOrigin::key`]) of which an `AddAttachment` with unknown outcome is open on
    /// this item: as `open_comments`, for files.
    pub open_attachments: BTreeSet<LinkId>,
    /// The files that the list leaves out ([`crate::attachments::left_out`]) and of which the tracker says that they are
    /// gone.
    pub gone_attachments: BTreeSet<String>,
    /// As `unseen_comments`, for files.
    pub unseen_attachments: BTreeMap<String, String>,
}

impl SideFacts<'_> {
    /// The notation of a native field's texts.
    pub(super) fn dialect(&self, native: &FieldName) -> Dialect {
        let own = self.dialects.get(native).copied();
        own.unwrap_or(self.capabilities.dialect)
    }
}

/// What one side was last seen to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The item, whole.
    Item(Box<Item>),
    /// There is no item yet: the plan creates it when the other side is admitted.
    NotCreated,
    /// The twin sleeps, since the item left its trigger.
    Asleep,
    /// 404 or 403. Not evidence of deletion.
    Unreachable {
        /// The tracker's sentence.
        reason: String,
    },
    /// Positive evidence of deletion.
    Deleted {
        /// What said so.
        evidence: String,
    },
}

impl Seen {
    /// The item, when there is one to work with.
    pub const fn item(&self) -> Option<&Item> {
        match self {
            Self::Item(item) => Some(item),
            Self::NotCreated | Self::Asleep | Self::Unreachable { .. } | Self::Deleted { .. } => {
                None
            }
        }
    }
}

/// One side's state when the twins were last in step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The item then. A hybrid: a native field of a replica field that did not advance keeps its older value, so that a
    /// new rule version (R2) and the check for hidden overwrites (R5) see what the base values came from.
    pub observation: Item,
    /// The rule version that `fields` was made with.
    pub rule_version: u32,
    /// The view then. A missing field is *unset*: it was never in step, and `first` settles it.
    pub fields: BTreeMap<ReplicaField, Value>,
    /// Fields whose value was this side's to send when the twin was created and has not arrived (it was held, not shown,
    /// or could not be set), until both bases have them: this side wins them, whatever `first` says. Pending on both
    /// sides where the twin closes a ring ([`Base::carried`]): the side that is filled wins, and `first` decides only
    /// when both are.
    pub pending: BTreeSet<ReplicaField>,
    /// What is remembered of each field besides its value. Fields that never advanced and are not left out are missing.
    pub advanced: BTreeMap<ReplicaField, FieldState>,
    /// Comments that this side's script asked for when the item was created, and that were not there yet: they need the
    /// item's id, so they follow with the next plan.
    pub asked: Vec<ScriptComment>,
}

/// What a base remembers of a field besides its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredState", into = "StoredState")]
pub struct FieldState {
    /// A digest that is another after every advance: names the state that a change starts from, where values alone would
    /// repeat. `None`: it never advanced.
    pub state: Option<Digest>,
    /// Of the reason for which the outgoing rule knowingly leaves the field out (`unmapped = "skip"`), until it advances:
    /// so the same is not told again, and after a value that crossed it is.
    pub skipped: Option<Digest>,
}

/// As it is stored: the state alone, as long as nothing is left out.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredState {
    State(Digest),
    Both {
        state: Option<Digest>,
        skipped: Option<Digest>,
    },
}

impl From<StoredState> for FieldState {
    fn from(stored: StoredState) -> Self {
        match stored {
            StoredState::State(state) => Self {
                state: Some(state),
                skipped: None,
            },
            StoredState::Both { state, skipped } => Self { state, skipped },
        }
    }
}

impl From<FieldState> for StoredState {
    fn from(field: FieldState) -> Self {
        match field {
            FieldState {
                state: Some(state),
                skipped: None,
            } => Self::State(state),
            FieldState { state, skipped } => Self::Both { state, skipped },
        }
    }
}

impl Base {
    /// Whether it was told already that the rule skips a field for this reason.
    pub fn knows_skip(&self, field: &ReplicaField, reason: &str) -> bool {
        let known = self
            .advanced
            .get(field)
            .and_then(|field| field.skipped.as_ref());
        known == Some(&Digest::of_parts(&["skipped", reason]))
    }

    /// It is told by now that the rule skips a field for this reason.
    pub(super) fn note_skip(&mut self, field: &ReplicaField, reason: &str) {
        let stamp = Digest::of_parts(&["skipped", reason]);
        self.advanced.entry(field.clone()).or_default().skipped = Some(stamp);
    }

    /// The base of a twin that closes a ring, from the one that the same item has in another connection of the cluster.
    /// What crosses the ring at this moment is then no difference of unknown age but a change, from the side that has it
    /// already. Each contract comes with the side that the item is on.
    ///
    /// A field is carried over where the other connection keeps all its native fields in step; the values are made anew
    /// from the observation (R2), since no version of this connection has made them. Other fields are pending.
    #[must_use]
    pub fn carried(&self, own: (&Contract, Side), other: (&Contract, Side)) -> Self {
        let known = |field: &ReplicaField| {
            let theirs = other.0.fields.get(field);
            theirs.is_some_and(|_| self.fields.contains_key(field))
        };
        let theirs = other.0.fields.iter().filter(|(field, _)| known(field));
        let in_step: BTreeSet<&FieldName> = theirs
            .flat_map(|(_, field)| field.native.get(other.1))
            .collect();
        let mut fields = BTreeMap::new();
        let mut pending = BTreeSet::new();
        for (name, field) in &own.0.fields {
            let natives = field.native.get(own.1);
            if !natives.is_empty() && natives.iter().all(|native| in_step.contains(native)) {
                fields.insert(name.clone(), Value::Empty);
            } else {
                pending.insert(name.clone());
            }
        }
        Self {
            observation: self.observation.clone(),
            rule_version: NO_VERSION,
            fields,
            pending,
            advanced: BTreeMap::new(),
            asked: Vec::new(),
        }
    }
}

/// No rule version has this number.
const NO_VERSION: u32 = 0;

/// When one of our attempts ran and which native fields it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAttempt {
    /// Its start, by our clock.
    pub from: Timestamp,
    /// Its end, by our clock; for an unknown outcome the end of the tracker's settle time.
    pub to: Timestamp,
    /// The native fields that it wrote.
    pub fields: BTreeSet<FieldName>,
}

/// A field write that no base accounts for yet: what the engine keeps with its intent ([`super::Planned::unsettled`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// What was written, by native field.
    pub fields: BTreeMap<FieldName, FieldWrite>,
    /// The other side's values that were sent with it: its base, once the write is found there.
    pub sent: BTreeMap<ReplicaField, Value>,
}

/// One native field of a confirmed write of ours, for finding ping-pongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentWrite {
    /// The native field.
    pub field: FieldName,
    /// When, by our clock.
    pub at: Timestamp,
    /// [`crate::digest::Digest::of`] the [`FieldWrite`].
    pub write: Digest,
    /// How many writes of ours led to it: [`super::plan::WriteNote::hops`].
    pub hops: u32,
}
