//! The port through which policy runs a connection's rules.
//!
//! `reconcile` needs the rules several times in one plan (outgoing on both sides, incoming twice, outgoing on the
//! draft), so they are a parameter of it. An implementation is a pure function of its arguments: map tables and
//! sandboxed scripts, no clock, no I/O that matters.

use crate::contract::Contract;
use crate::item::{Item, ItemRef, Value, field};
use crate::names::{ConnectionName, FieldName, LinkId, ReplicaField, Side};
use crate::richtext::Document;
use crate::time::Timestamp;
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One published version of a connection's rules, ready to run.
pub trait Rules {
    /// What crosses and how; derived from the map once.
    fn contract(&self) -> &Contract;

    /// Whether the item belongs into the connection, by the side's `when` expression; true where there is none.
    fn admits(&self, side: Side, item: &Item) -> Result<bool, RuleError>;

    /// Whether the outgoing rule of a side can give a field of the contract.
    fn shows(&self, _side: Side, _field: &ReplicaField) -> bool {
        true
    }

    /// The native values that close an item of a side, for `deleted = "close"`: the status, and what is written along with
    /// it. Empty where the item counts as done already; `None` where no status there is known to. `remote`: the item that
    /// was deleted.
    fn closing(
        &self,
        side: Side,
        _item: &Item,
        _remote: &ItemRef,
    ) -> Option<BTreeMap<FieldName, Value>> {
        let status = self.contract().closed_status.get(side).clone()?;
        Some(BTreeMap::from([(
            field::STATUS.into(),
            Value::Choice(status),
        )]))
    }

    /// The outgoing rule of one side: item ⇒ view. `link` is `None` before there is a twin; that counts as a first sync.
    fn outgoing(&self, side: Side, item: &Item, link: Option<&Link>)
    -> Result<Outgoing, RuleError>;

    /// The incoming rule of one side: replica ⇒ what to assign on the target.
    fn incoming(&self, side: Side, input: &Incoming<'_>) -> Result<Draft, RuleError>;
}

/// What an outgoing rule gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The view.
    pub view: View,
    /// Fields frozen by the rule or by `unmapped = "hold"`, with the reason. They are absent in the view.
    pub held: BTreeMap<ReplicaField, String>,
    /// The values of those that have one: what a person's release lets cross.
    pub withheld: BTreeMap<ReplicaField, Value>,
    /// Fields left out knowingly (`unmapped = "skip"`), with the reason. They are absent in the view.
    pub waived: BTreeMap<ReplicaField, String>,
    /// What the script traced.
    pub trace: Vec<String>,
}

/// What an incoming rule works on.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The target item as fetched; for a create, an item with no fields.
    pub target: &'a Item,
    /// The replica to bring in.
    pub replica: &'a View,
    /// The replica when the twins were last in step; `None` on the first sync.
    pub previous: Option<&'a View>,
    /// Whether the twin has never been in step.
    pub first_sync: bool,
    /// The twin.
    pub link: &'a Link,
}

/// The twin, as rules see it from one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// Its connection.
    pub connection: ConnectionName,
    /// The side that the running rule belongs to.
    pub side: Side,
    /// This side's item; `None` while it is being created.
    pub local: Option<ItemRef>,
    /// The other side's item.
    pub remote: ItemRef,
    /// When the twin was made.
    pub since: Timestamp,
    /// Whether this side was never in step: what an outgoing rule is told.
    #[serde(default)]
    pub first_sync: bool,
}

/// What an incoming rule assigned: only assigned fields are in it, whether or not they differ from the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The assigned native fields.
    pub fields: BTreeMap<FieldName, Assigned>,
    /// Comments that the script asks for; each is written once per link, key and causing change.
    pub comments: Vec<ScriptComment>,
    /// Fields frozen by the script or by `unmapped = "hold"`, with the reason.
    pub held: BTreeMap<ReplicaField, String>,
    /// Fields that cannot be applied (no row, `skip`; unknown person), with the reason.
    pub waived: BTreeMap<ReplicaField, String>,
    /// Fields whose value was cut for the target (`max`), with the count of characters lost.
    pub cut: BTreeMap<ReplicaField, usize>,
    /// What the script traced.
    pub trace: Vec<String>,
}

/// One assigned native field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The value to hold.
    pub value: Value,
    /// What assigned it.
    pub by: Assigner,
}

/// What assigned a native field: the start of every write's provenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assigner {
    /// The field map's entry of this replica field.
    Map(ReplicaField),
    /// The script's incoming function (or a `via` export of it).
    Script {
        /// The file's name in the rules folder.
        file: String,
        /// The line, where it is known.
        line: Option<u32>,
    },
    /// A policy of the connection: `deleted = "close"`.
    Policy,
}

/// A comment that a script asks for (`issue.addComment(key, …)`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptComment {
    /// The script's key: with link and causing change it makes the comment unique.
    pub key: String,
    /// The text.
    pub body: Document,
    /// The native channel.
    pub channel: String,
}

/// A rule that failed: quarantines one twin and says where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{reason}", self.place())]
pub struct RuleError {
    /// The file's name in the rules folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The column, counted from 1.
    pub column: Option<u32>,
    /// What happened, with the value that it happened to.
    pub reason: String,
    /// Whether the script said so itself (`reject(why)`), rather than failing.
    pub rejected: bool,
}

impl RuleError {
    fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}: ", self.file),
            (Some(line), None) => format!("{}:{line}: ", self.file),
            _ => format!("{}: ", self.file),
        }
    }
}
