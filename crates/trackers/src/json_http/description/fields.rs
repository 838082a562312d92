//! The shape of a field, and of a marker's place.

use super::path::Path;
use super::shape::{Parts, Query};
use serde::Deserialize;
use twinline_core::item::Choice;

/// A field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct Field {
    pub(in crate::json_http) kind: Kind,
    /// Where an item has it.
    pub(in crate::json_http) path: Path,
    /// Where a write puts it, when that is another place; of a person or option the bare id goes there.
    #[serde(default)]
    pub(in crate::json_http) write: Option<Path>,
    /// What people call it.
    #[serde(default)]
    pub(in crate::json_http) label: Option<String>,
    #[serde(default)]
    pub(in crate::json_http) read_only: bool,
    /// Whether it must have a value.
    #[serde(default)]
    pub(in crate::json_http) required: bool,
    /// Whether an item that does not show it has none.
    #[serde(default)]
    pub(in crate::json_http) absent_is_empty: bool,
    #[serde(default)]
    pub(in crate::json_http) max_chars: Option<usize>,
    /// The options of a choice; the first is what an emptied one falls back to, where it is required.
    #[serde(default)]
    pub(in crate::json_http) options: Vec<OptionOf>,
    /// Where a person, an option or a label that is an object has its parts.
    #[serde(default)]
    pub(in crate::json_http) of: Option<Parts>,
    /// Whether ids are numbers in JSON.
    #[serde(default)]
    pub(in crate::json_http) numeric: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::json_http) enum Kind {
    Text,
    Rich,
    Number,
    Bool,
    Date,
    Time,
    User,
    Users,
    Choice,
    Choices,
    Set,
}

impl Kind {
    /// As descriptions of scopes call it.
    pub(in crate::json_http) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Rich => "rich",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "time",
            Self::User => "user",
            Self::Users => "users",
            Self::Choice => "choice",
            Self::Choices => "choices",
            Self::Set => "set",
        }
    }
}

/// An option of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct OptionOf {
    pub(in crate::json_http) id: String,
    #[serde(default)]
    pub(in crate::json_http) name: Option<String>,
    /// Of a status: whether it counts as done.
    #[serde(default)]
    pub(in crate::json_http) closed: bool,
}

impl OptionOf {
    pub(in crate::json_http) fn choice(&self) -> Choice {
        Choice {
            id: self.id.clone(),
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
        }
    }
}

/// Where our marker lies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::json_http) struct MarkerPlace {
    /// A text that nobody else writes.
    #[serde(default)]
    pub(in crate::json_http) path: Option<Path>,
    /// Below the text, in a form that does not show.
    #[serde(default)]
    pub(in crate::json_http) in_text: bool,
    /// Of an item: the query that lists the one with the marker, which is in `{marker}`.
    #[serde(default)]
    pub(in crate::json_http) query: Query,
}
