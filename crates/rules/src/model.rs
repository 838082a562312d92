//! A rules file after reading: closed types, every name still as its author wrote it.

use crate::describe::NativeKind;
use crate::finding::Spot;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::contract::{Conflict, Deleted, Direction, Drift, First, Leave};
use twinline_core::names::{ConnectionName, NodeName, ReplicaField, Side, Sides};

/// A value with its place in the file. Equality is the value's.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub spot: Spot,
}

impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Placed<T> {}

/// One connection's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// The TOML file's name in the rules folder.
    pub file: String,
    /// The connection's name.
    pub name: Placed<ConnectionName>,
    /// `[left]` and `[right]`.
    pub sides: Sides<SideRules>,
    /// `[policy]`.
    pub policy: Policy,
    /// `[fields.NAME]`.
    pub fields: BTreeMap<ReplicaField, FieldRules>,
    /// `[values.NAME]`.
    pub values: BTreeMap<String, ValueTable>,
    /// `[people.NAME]`.
    pub people: BTreeMap<String, PeopleTable>,
    /// `[comments]`; `None`: no comment crosses.
    pub comments: Option<CommentRules>,
    /// `[attachments]`; `None`: no attachment crosses.
    pub attachments: Option<AttachmentRules>,
}

/// `[left]` or `[right]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideRules {
    /// The node.
    pub node: Placed<NodeName>,
    /// Where twins are created, in the tracker's scope keys.
    pub scope: BTreeMap<String, Placed<String>>,
    /// The native query that enumerates candidates; `None`: the side creates no twins.
    pub trigger: Option<Placed<String>>,
    /// The JavaScript expression that decides on the fetched item.
    pub when: Option<Placed<String>>,
    /// The script's file name.
    pub script: Option<Placed<String>>,
}

/// `[policy]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who wins when both sides changed a field.
    pub conflict: Placed<Conflict>,
    /// Who wins when `latest` cannot tell.
    pub tie: Side,
    /// Who wins while a field was never in step.
    pub first: First,
    /// What a value without a row means.
    pub unmapped: Placed<Unmapped>,
    /// What leaving the trigger means.
    pub leave: Leave,
    /// What a deletion means.
    pub deleted: Placed<Deleted>,
    /// More writes than this in ten minutes hold the connection.
    pub max_writes_per_10min: u32,
}

/// What a value without a row in the value table means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmapped {
    /// Freeze the field and ask.
    Hold,
    /// Leave the field out, visibly.
    Skip,
    /// Take the side's `default`.
    Default,
}

/// `[fields.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRules {
    /// Where the section starts.
    pub spot: Spot,
    /// `left = …`, `right = …`.
    pub sources: Sides<Option<Placed<NativeSource>>>,
    /// `left_via`, `right_via`: an export of that side's script.
    pub via: Sides<Option<Placed<String>>>,
    /// `max = { right = 160 }`: the counted cut, in characters.
    pub max_chars: Sides<Option<usize>>,
    /// The value table.
    pub values: Option<Placed<String>>,
    /// The people table.
    pub people: Option<Placed<String>>,
    /// Written on create, when empty.
    pub default: Sides<Option<Placed<NativeValue>>>,
    /// Which way it crosses.
    pub direction: Direction,
    /// Its own policy, else the connection's.
    pub conflict: Placed<Conflict>,
    /// Its own policy, else the connection's.
    pub tie: Side,
    /// Its own policy, else the connection's.
    pub first: First,
    /// Its own policy, else the connection's.
    pub unmapped: Unmapped,
    /// What an edit on the target of a one-way field means.
    pub drift: Drift,
    /// Elements that are neither read nor removed.
    pub ignore: BTreeSet<String>,
    /// `type = "bool"`: what the replica field holds, where no side tells.
    pub kind: Option<NativeKind>,
}

/// Where a side keeps a replica field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NativeSource {
    /// One native field, or several that make one replica value.
    Fields(Vec<Placed<String>>),
    /// `{ from = "key" }`: read from the item's reference; never written.
    Reference(ReferencePart),
}

/// A part of an item's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferencePart {
    /// The human key.
    Key,
    /// The page's address.
    Url,
    /// The tracker's id.
    Id,
}

/// A native value as the file writes it: options by name or id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NativeValue {
    /// The value of the one native field.
    One(Literal),
    /// The values of several native fields.
    Fields(BTreeMap<String, Placed<Literal>>),
}

/// A plain TOML value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Bool(bool),
}

impl Literal {
    /// The value as a text: what it is compared by.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bool(yes) => yes.to_string(),
        }
    }
}

/// `[values.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueTable {
    /// Where the section starts.
    pub spot: Spot,
    /// The rows in the order of the file.
    pub rows: Vec<ValueRow>,
}

/// One row: a replica value and what each side reads and writes for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// The replica value.
    pub value: Placed<String>,
    /// What each side reads; the first entry is what it writes.
    pub entries: Sides<Vec<Placed<NativeValue>>>,
    /// `left_set`, `right_set`: written along, only where empty.
    pub set: Sides<BTreeMap<String, Placed<Literal>>>,
    /// Which way this row crosses.
    pub direction: Direction,
}

/// `[people.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleTable {
    /// Where the section starts.
    pub spot: Spot,
    /// How people are matched, in order.
    pub matching: Vec<PeopleMatch>,
    /// Pairs: an e-mail address, login or id on each side.
    pub table: Vec<Sides<String>>,
    /// What is written for an unknown person.
    pub fallback: Sides<Fallback>,
}

/// One way to match people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeopleMatch {
    /// By the table.
    Table,
    /// By e-mail address.
    Email,
    /// By login.
    Login,
}

/// What is written for a person whom the side does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// `none`: nobody.
    Nobody,
    /// `keep`: whoever is there stays.
    Keep,
    /// `create`: a reporter is made, where the tracker makes people; elsewhere as `keep`.
    Create,
    /// Any other text: this person, by e-mail address, login or id.
    Person(String),
}

/// `[comments]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentRules {
    /// Where the section starts.
    pub spot: Spot,
    /// The pairs of channels that cross.
    pub channels: Vec<Placed<ChannelRule>>,
    /// The line above a mirrored comment.
    pub header: String,
    /// Whether the original's edits cross.
    pub edits: bool,
    /// Whether the original's deletions cross.
    pub deletes: bool,
    /// Whether a correction is appended where the target cannot edit.
    pub append_corrections: bool,
}

/// One pair of channels, by native names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRule {
    /// Each side's channel.
    pub names: Sides<String>,
    /// Which way.
    pub direction: Direction,
}

/// `[attachments]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRules {
    /// Where the section starts.
    pub spot: Spot,
    /// Which way.
    pub direction: Direction,
    /// The greatest size that is copied, in MiB.
    pub max_mib: u32,
    /// Media types that are not copied: `application/x-msdownload`, `video/*`.
    pub deny: BTreeSet<String>,
    /// Whether a link is written for what is not copied; else it is skipped.
    pub link_over: bool,
    /// Whether the original's deletions cross.
    pub deletes: bool,
}
