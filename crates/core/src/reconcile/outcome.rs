//! What became of a plan, and what follows for the bases.

use super::facts::Base;
use super::plan::Hold;
use crate::attachments::AttachmentLink;
use crate::comments::CommentLink;
use crate::effect::Applied;
use crate::item::{Item, ItemRef};
use crate::names::{ReplicaField, Sides};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of one effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tracker took it, or `recognise` found it there.
    Done(Box<Applied>),
    /// It certainly did not happen: refused, or not there after the settle time, or never tried.
    NotDone,
    /// It may have happened. Its fields count as not written; the engine keeps the intent and gives it as
    /// [`super::SideFacts::unsettled`] (fields) or [`super::SideFacts::open_comments`] (comments) until it knows.
    Unknown,
}

/// What became of a whole plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// One for each of the plan's effects, in their order; missing ones count as [`Outcome::NotDone`].
    pub effects: Vec<Outcome>,
    /// Each written side's item after its field write: from the answer, or fetched after the write ended. Without it no
    /// written field of that side advances.
    pub after: Sides<Option<Item>>,
}

/// What to store, in one transaction, when a plan was executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The new bases; `None`: that side still has none.
    pub bases: Sides<Option<Base>>,
    /// Comment links to store; each replaces the one of the same origin and item.
    pub comments: Vec<CommentLink>,
    /// Attachment links to store, likewise.
    pub attachments: Vec<AttachmentLink>,
    /// The frozen fields: replaces the stored ones.
    pub held: BTreeMap<ReplicaField, Hold>,
    /// Fields that were seen and not applied (R7), with the rule's or the tracker's reason.
    pub waived: BTreeMap<ReplicaField, String>,
    /// Characters that `max` took from values that have arrived, by the side that they are lost on.
    pub cut: Sides<BTreeMap<ReplicaField, usize>>,
    /// Fields that an outgoing rule knowingly leaves out and had not left out before, by its side, with the reason.
    pub skipped: Sides<BTreeMap<ReplicaField, String>>,
    /// The item that was created.
    pub created: Option<ItemRef>,
    /// Whether planning again from these bases and the items as they are now would find nothing to do.
    pub at_rest: bool,
}
