//! What `check` and the field map know about a side: a description of its scope, recorded from the tracker.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, User};
use twinline_core::names::FieldName;

/// What one side's scope offers. Serialisable, so that it can be stored with a rule version and recorded as a fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideDescription {
    /// The fields by stable id. Empty: nothing is known, and names are taken as ids.
    #[serde(default)]
    pub fields: BTreeMap<FieldName, FieldInfo>,
    /// The statuses. Empty: nothing is known.
    #[serde(default)]
    pub statuses: Vec<StatusInfo>,
    /// People who can be assigned.
    #[serde(default)]
    pub users: Vec<User>,
}

/// One field of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldInfo {
    /// What people call it.
    pub name: String,
    /// What it holds.
    pub kind: NativeKind,
    /// Whether a create needs it.
    #[serde(default)]
    pub required: bool,
    /// Whether it can be written.
    #[serde(default = "yes")]
    pub writable: bool,
    /// The options of a list; empty where any text can be written.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// The greatest length in characters.
    #[serde(default)]
    pub max_chars: Option<usize>,
}

const fn yes() -> bool {
    true
}

/// One status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusInfo {
    /// The status.
    pub status: Choice,
    /// The ids of the statuses that a transition leads to from here; `None` where any status can be set.
    #[serde(default)]
    pub leads_to: Option<BTreeSet<String>>,
    /// Fields that every known way into it demands; empty where nothing is known. `check` asks for them anew each time, and
    /// nothing else needs them: so they are read and not written, and a stored version keeps the form that releases know
    /// which refuse a key that they do not.
    #[serde(default, skip_serializing)]
    pub demands: BTreeSet<FieldName>,
    /// Whether it counts as done.
    #[serde(default)]
    pub closed: bool,
}

/// What a native field holds: the variants of `twinline_core::item::Value` by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NativeKind {
    /// A short text.
    Text,
    /// A rich text.
    Rich,
    /// A number.
    Number,
    /// Yes or no.
    Bool,
    /// A calendar day.
    Date,
    /// An instant.
    Time,
    /// A person.
    User,
    /// Several people.
    Users,
    /// One option of a list.
    Choice,
    /// Several options of a list.
    Choices,
    /// A set of plain texts.
    Set,
    /// An option and its children.
    Cascade,
    /// Anything else.
    Json,
}

impl NativeKind {
    /// Every kind with its name, in the order of the declaration.
    pub const NAMES: [(&'static str, Self); 13] = [
        ("text", Self::Text),
        ("rich", Self::Rich),
        ("number", Self::Number),
        ("bool", Self::Bool),
        ("date", Self::Date),
        ("time", Self::Time),
        ("user", Self::User),
        ("users", Self::Users),
        ("choice", Self::Choice),
        ("choices", Self::Choices),
        ("set", Self::Set),
        ("cascade", Self::Cascade),
        ("json", Self::Json),
    ];

    /// The kind of that name, as connectors write it in a description.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}
