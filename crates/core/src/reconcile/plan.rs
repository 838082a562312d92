//! What a plan says.

use super::facts::{Base, Unsettled};
use crate::attachments::{AttachmentLink, AttachmentStep};
use crate::comments::{CommentLink, CommentStep};
use crate::digest::Digest;
use crate::effect::{Effect, FieldWrite};
use crate::item::{Item, Value};
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::richtext::LossKind;
use crate::rules::{Assigner, ScriptComment};
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What to do about one twin. Valid only for the facts that it was made from (R9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was made from: plan again when one of these differs.
    pub valid_for: ValidFor,
    /// Whether the twin could be planned at all.
    pub standing: Standing,
    /// The writes, in the order in which to make them. A write that fails does not stop the others, with one exception:
    /// after a comment's effect that did not succeed no later comment effect on that side is tried, so that threads keep
    /// their order and nothing is written anew before its predecessor is deleted.
    pub effects: Vec<Planned>,
    /// What was decided about each replica field that is not simply unchanged.
    pub fields: BTreeMap<ReplicaField, Decision>,
    /// Conflicts that were decided or that hold a field: both values, for the history.
    pub conflicts: Vec<ConflictRecord>,
    /// Characters lost by `max`, by the side that they are lost on.
    pub cut: Sides<BTreeMap<ReplicaField, usize>>,
    /// Fields that the outgoing rules knowingly left out (`unmapped = "skip"`), by side, with the reason.
    pub skipped: Sides<BTreeMap<ReplicaField, String>>,
    /// Comment links to store at once, without any write: adopted mirrors, mirrors found deleted by hand.
    pub comment_links: Vec<CommentLink>,
    /// Comments and files seen and knowingly not written, with the reason. A file's name begins with `file `.
    pub comments_waived: BTreeMap<String, String>,
    /// Comments that are not written yet because the outcome of a write of ours is not known, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub comments_waiting: BTreeMap<String, String>,
    /// Whether there are more comments to write than one plan takes: plan again when this one is settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_comments: bool,
    /// Attachment links to store at once, without any write: adopted copies, copies found deleted by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachment_links: Vec<AttachmentLink>,
    /// Whether there are more files to copy than one plan takes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_attachments: bool,
    /// The sides whose item was created by us, and whose history the plan depends on back to that: a field that is still
    /// owed to it shows something else, which may be a person's. Plan again with it ([`super::SideFacts::since_birth`]).
    #[serde(default)]
    pub asks_since_birth: Sides<bool>,
    /// What the scripts traced, by side.
    pub trace: Sides<Vec<String>>,
    /// What [`super::settle`] needs: internal to the policy, stored nowhere.
    pub working: Sides<Working>,
}

impl Plan {
    /// Whether there is nothing to write and nothing to settle. The frozen fields ([`Self::held`]) are stored either way.
    pub fn is_empty(&self) -> bool {
        let links = self.comment_links.is_empty() && self.attachment_links.is_empty();
        self.effects.is_empty() && !self.rebases() && links
    }

    /// Whether settling it changes a base even without a write.
    pub fn rebases(&self) -> bool {
        let refreshed = Side::BOTH
            .iter()
            .any(|side| self.working.get(*side).refreshed);
        refreshed || self.fields.values().any(Decision::advances)
    }

    /// The fields that stay frozen after this plan, with the reason: replaces the stored ones.
    pub fn held(&self) -> BTreeMap<ReplicaField, Hold> {
        let held = self
            .fields
            .iter()
            .filter_map(|(field, decision)| match decision {
                Decision::Held(hold) => Some((field.clone(), hold.clone())),
                Decision::InStep
                | Decision::Crosses { .. }
                | Decision::Merges
                | Decision::Waived { .. }
                | Decision::Rests => None,
            });
        held.collect()
    }
}

/// What a plan depends on that can change while it waits to be carried out (R9). Bases and links change by the cluster's
/// own jobs only, of which there is one at a time; frozen fields and releases stand in the twin's row, which is compared
/// whole (docs/adr/0015).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidFor {
    /// Digests of the two observations; `None` where there is no item.
    pub observations: Sides<Option<Digest>>,
    /// The rule version.
    pub rule_version: u32,
}

/// Whether a twin can be planned now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Both sides are there, or one is to be created.
    Active,
    /// The observation is older than the base: fetch again.
    Stale(Side),
    /// A side sleeps or cannot be reached: nothing is written until it wakes.
    Asleep {
        /// Which side.
        side: Side,
        /// Why.
        reason: String,
    },
    /// The item without a twin does not match `when`: nothing is created.
    NotAdmitted,
    /// A side was deleted: after the plan's effects (policy `deleted`) the twin ends.
    Ended {
        /// The side that was deleted.
        side: Side,
        /// What said so.
        evidence: String,
    },
}

/// What was decided about one replica field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Both sides show the same (R4), or our own write explains the difference: both rebase, nothing is written.
    InStep,
    /// One side's value crosses; there may be nothing left to write.
    Crosses {
        /// The side whose value it is.
        from: Side,
        /// Why.
        cause: Cause,
    },
    /// Both sides' changes cross, element by element or block by block.
    Merges,
    /// Seen and not applicable (R7): the source rebases, nothing is written.
    Waived {
        /// The side whose value does not cross.
        from: Side,
        /// Why.
        reason: String,
    },
    /// Frozen: nothing crosses until it is in step again or a person releases it.
    Held(Hold),
    /// The target of a one-way field was edited and `drift = "keep"`: it stays until the source changes.
    Rests,
}

impl Decision {
    /// Whether a base may advance by it.
    pub const fn advances(&self) -> bool {
        match self {
            Self::InStep | Self::Crosses { .. } | Self::Merges | Self::Waived { .. } => true,
            Self::Held(_) | Self::Rests => false,
        }
    }
}

/// Why a value crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It changed on that side.
    Changed,
    /// The field was never in step, and this side wins.
    First,
    /// It changed on both sides, and this side wins.
    Won,
    /// `drift = "restore"`: the target of a one-way field was edited.
    Restored,
    /// A person released it.
    Released,
    /// The twin is created.
    Created,
}

/// Why a field is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Both sides changed it and the policy asks (or could not merge).
    Conflict,
    /// It was never in step, both sides are filled and differ, and `first` asks.
    First,
    /// A block was edited on the side that cannot show all of it, and the policy asks: crossing would lose that.
    Lossy {
        /// What would be lost.
        what: BTreeSet<LossKind>,
    },
    /// The value is longer than the target takes.
    TooLong {
        /// How many characters it has.
        chars: usize,
        /// How many the target takes.
        limit: usize,
    },
    /// It was cut by `max` and then edited on the side where it is cut: crossing would lose the tail.
    Cut,
    /// A tracker's automation answers our writes.
    PingPong {
        /// What was seen.
        seen: String,
    },
    /// The rule froze it: `hold(field, why)`, or a value without a row.
    Rule {
        /// The rule's reason.
        reason: String,
    },
}

impl Hold {
    /// Whether it stays until the field is in step or released; else every plan judges anew.
    pub const fn is_sticky(&self) -> bool {
        match self {
            Self::Conflict | Self::First | Self::Cut | Self::PingPong { .. } => true,
            Self::Lossy { .. } | Self::TooLong { .. } | Self::Rule { .. } => false,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("both sides changed it"),
            Self::First => f.write_str("both sides are filled and differ, and were never in step"),
            Self::Lossy { what } => write!(
                f,
                "an edit where not all of the text is shown would lose: {}",
                listed(what)
            ),
            Self::TooLong { chars, limit } => {
                write!(f, "{chars} characters; the other side takes {limit}")
            }
            Self::Cut => f.write_str("it was edited where it is cut; crossing would lose the rest"),
            Self::PingPong { seen } => f.write_str(seen),
            Self::Rule { reason } => f.write_str(reason),
        }
    }
}

fn listed(losses: &BTreeSet<LossKind>) -> String {
    let losses: Vec<_> = losses.iter().map(LossKind::to_string).collect();
    losses.join(", ")
}

/// One write, with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The side that is written.
    pub side: Side,
    /// The write.
    pub effect: Effect,
    /// For `Create` and `Update`: each native field's provenance.
    pub fields: BTreeMap<FieldName, WriteNote>,
    /// For `Create` and `Update`: the other side's values that are sent with it.
    pub sent: BTreeMap<ReplicaField, Value>,
    /// For comment effects: what the links become when it succeeds.
    pub comment: Option<CommentStep>,
    /// For attachment effects: what the link becomes when it succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<AttachmentStep>,
}

impl Planned {
    /// For `Create` and `Update`: what to keep with the intent until it is settled, and to give back as
    /// [`super::SideFacts::unsettled`] when its attempt outlived a crash.
    pub fn unsettled(&self) -> Option<Unsettled> {
        let fields = match &self.effect {
            Effect::Update { fields, .. } => fields.clone(),
            Effect::Create { fields, .. } => {
                let replaced = fields
                    .iter()
                    .map(|(native, value)| (native.clone(), FieldWrite::Replace(value.clone())));
                replaced.collect()
            }
            _ => return None,
        };
        Some(Unsettled {
            fields,
            sent: self.sent.clone(),
        })
    }
}

/// Where the write of one native field comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteNote {
    /// The map entry or script line that assigned it.
    pub by: Assigner,
    /// The replica fields whose change caused it.
    pub caused_by: BTreeSet<ReplicaField>,
    /// The value before; `None` when it was absent.
    pub before: Option<Value>,
    /// The value that is expected after.
    pub after: Value,
    /// Whether it overwrites a change made on the target since the base (R5); the value is in `before`.
    pub overwrites: bool,
    /// How many writes of ours led to this one; 0 when a person's change did.
    pub hops: u32,
    /// What the write takes from the target's text because the other side, where its block was edited, cannot show it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lost: BTreeSet<LossKind>,
    /// What the target cannot show of the text that is written.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unshown: BTreeSet<LossKind>,
}

impl WriteNote {
    /// What the write loses of a text, in words for the history; `None` when nothing is lost.
    pub fn losses(&self) -> Option<String> {
        let lost = (!self.lost.is_empty()).then(|| {
            format!(
                "lost, since the other side cannot show it: {}",
                listed(&self.lost)
            )
        });
        let unshown = (!self.unshown.is_empty())
            .then(|| format!("not shown here: {}", listed(&self.unshown)));
        match (lost, unshown) {
            (Some(lost), Some(unshown)) => Some(format!("{lost}; {unshown}")),
            (one, other) => one.or(other),
        }
    }
}

/// A conflict, for the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictRecord {
    /// The replica field.
    pub field: ReplicaField,
    /// Both sides' values; for a hidden overwrite (R5) the target's is its native value.
    pub values: Sides<Option<Value>>,
    /// The native field, where no view shows the target's change (R5).
    pub native: Option<FieldName>,
    /// Who won; `None`: it is held or was merged.
    pub winner: Option<Side>,
}

/// What one side looked like when the plan was made, and what it is expected to look like after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Working {
    /// The observation.
    pub item: Option<Item>,
    /// Its view.
    pub view: View,
    /// The values of fields that its rule holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withheld: BTreeMap<ReplicaField, Value>,
    /// The base in this rule version's vocabulary (R2), with our unsettled writes accounted for.
    pub base: Option<Base>,
    /// Whether that base differs from the stored one.
    pub refreshed: bool,
    /// The item with the plan's writes, as its tracker will show it.
    pub draft: Option<Item>,
    /// The view of `draft`.
    pub predicted: View,
    /// The native fields written.
    pub writes: BTreeMap<FieldName, FieldWrite>,
    /// The native fields that each replica field assigned on this side.
    pub natives: BTreeMap<ReplicaField, BTreeSet<FieldName>>,
    /// Native fields that a script assigned and that no replica field declares.
    pub scripted: BTreeSet<FieldName>,
    /// Comments that the script asked for when the item was created, and that are not there yet.
    pub asked: Vec<ScriptComment>,
}
