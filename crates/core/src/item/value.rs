//! A field's value, native or in the replica's vocabulary.

use super::user::User;
use crate::richtext::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

pub use serde_json::Number;

/// A value. One type for both vocabularies: a native field holds what its tracker has, a replica field what the value
/// tables make of it (mostly [`Value::Text`], [`Value::Set`], [`Value::Rich`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", content = "of", rename_all = "snake_case")]
pub enum Value {
    /// Known to be empty.
    Empty,
    /// Yes or no.
    Bool(bool),
    /// A number: make it with [`Value::number`].
    Number(Number),
    /// A short text.
    Text(String),
    /// A rich text.
    Rich(Document),
    /// A calendar day, `2026-01-31`.
    Date(String),
    /// An instant.
    Time(Timestamp),
    /// A person.
    User(User),
    /// Several people.
    Users(BTreeSet<User>),
    /// One option out of a list.
    Choice(Choice),
    /// Several options.
    Choices(BTreeSet<Choice>),
    /// A set of plain texts: labels.
    Set(BTreeSet<String>),
    /// An option and its children, outermost first.
    Cascade(Vec<Choice>),
    /// Anything else, verbatim.
    Json(serde_json::Value),
}

impl Value {
    /// Whether it is empty: [`Value::Empty`], an empty text, set, list or document.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.is_empty(),
            Self::Rich(document) => document.is_empty(),
            Self::Users(users) => users.is_empty(),
            Self::Choices(choices) => choices.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::Cascade(path) => path.is_empty(),
            Self::Json(json) => json.is_null(),
            Self::Bool(_)
            | Self::Number(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::User(_)
            | Self::Choice(_) => false,
        }
    }

    /// A number, as [`canonical`].
    pub fn number(number: impl Into<Number>) -> Self {
        Self::Number(canonical(number.into()))
    }

    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A set of texts.
    pub fn set<T: Into<String>>(elements: impl IntoIterator<Item = T>) -> Self {
        Self::Set(elements.into_iter().map(Into::into).collect())
    }
}

/// The one form of a number: trackers that keep numbers as floating point answer `3.0` where `3` was written.
pub fn canonical(number: Number) -> Number {
    // Up to here every integer has a floating point number of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is an integer within 2^53"
            )]
            let integer = float as i64;
            integer.into()
        }
        _ => number,
    }
}

/// An option of a list. Equality is by id: a renamed option is the same option.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// The tracker's id of the option.
    pub id: String,
    /// Its display name.
    pub name: String,
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl Eq for Choice {}
impl Hash for Choice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}
impl PartialOrd for Choice {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Choice {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}
