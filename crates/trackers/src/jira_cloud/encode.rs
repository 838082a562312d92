//! From our words to Jira's.

use super::decode::RENAMED;
use super::{LABEL_MAX_CHARS, SUMMARY_MAX_CHARS};
use crate::connector::Impossible;
use crate::error::TrackerError;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Choice, Value, field};
use twinline_core::names::FieldName;
use twinline_core::richtext::{Dialect, Document, adf};
use twinline_core::time::Timestamp;

/// A write of fields, sorted into requests.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Writes {
    /// `fields` of the request.
    pub(super) fields: Map<String, Json>,
    /// `update` of the request: element-wise changes.
    pub(super) update: Map<String, Json>,
    /// The status to reach, through transitions.
    pub(super) status: Option<Choice>,
    /// Fields that Jira cannot take, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Writes {
    /// Sorts an update's fields.
    pub(super) fn of(fields: &BTreeMap<FieldName, FieldWrite>) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, write) in fields {
            match write {
                FieldWrite::Replace(value) => writes.replace(name, value)?,
                FieldWrite::Elements { add, remove } => writes.elements(name, add, remove),
            }
        }
        Ok(writes)
    }

    fn replace(&mut self, name: &FieldName, value: &Value) -> Result<(), Impossible> {
        match (name.as_str(), normalise(name, value)) {
            (field::SUMMARY, Value::Empty) => {
                return Err(Impossible::value(name, "Jira needs a summary"));
            }
            (field::STATUS, Value::Choice(status)) => self.status = Some(status),
            (field::STATUS, _) => return Err(Impossible::value(name, "is no status")),
            (field::CREATED | field::UPDATED | "creator" | "resolutiondate", _) => {
                self.waived
                    .insert(name.clone(), format!("{name} cannot be written at Jira"));
            }
            (field::PARENT, Value::Text(key)) => {
                self.fields
                    .insert("parent".to_owned(), json!({ "key": key }));
            }
            // The one field that is not emptied by null: see "Edit issue" in Jira's API description.
            (field::PARENT, Value::Empty) => {
                let none = json!([{ "set": { "none": true } }]);
                self.update.insert("parent".to_owned(), none);
            }
            (_, value) => {
                let json = plain(&value).ok_or_else(|| {
                    Impossible::value(name, "has a value of a kind that Jira cannot hold")
                })?;
                self.fields.insert(theirs(name.as_str()).to_owned(), json);
            }
        }
        Ok(())
    }

    fn elements(&mut self, name: &FieldName, add: &BTreeSet<String>, remove: &BTreeSet<String>) {
        let label = |text: &String| {
            if name.as_str() == field::LABELS {
                label(text)
            } else {
                text.clone()
            }
        };
        let adds = add.iter().map(|element| json!({ "add": label(element) }));
        let removes = remove
            .iter()
            .map(|element| json!({ "remove": label(element) }));
        let verbs: Vec<Json> = removes.chain(adds).collect();
        if !verbs.is_empty() {
            self.update
                .insert(theirs(name.as_str()).to_owned(), Json::Array(verbs));
        }
    }

    /// Takes out the fields of a transition's screen, to be sent with it.
    pub(super) fn split_off(&mut self, screen: &Map<String, Json>) -> Self {
        let on_screen = |name: &String| screen.contains_key(name);
        let take = |from: &mut Map<String, Json>| -> Map<String, Json> {
            let (taken, left) = std::mem::take(from)
                .into_iter()
                .partition(|(name, _)| on_screen(name));
            *from = left;
            taken
        };
        Self {
            fields: take(&mut self.fields),
            update: take(&mut self.update),
            ..Self::default()
        }
    }

    /// Takes the parent out of a write that was refused, if there is one in it, with what to tell of it.
    pub(super) fn without_parent(&mut self, refused: &TrackerError) -> Option<(FieldName, String)> {
        let TrackerError::Refused { sentence, .. } = refused else {
            return None;
        };
        let fields = self.fields.remove("parent");
        fields.or_else(|| self.update.remove("parent"))?;
        let why = format!("Jira does not take this parent here: {sentence}");
        Some((FieldName::from(field::PARENT), why))
    }

    /// Whether a `PUT` is needed.
    pub(super) fn needs_put(&self) -> bool {
        !self.fields.is_empty() || !self.update.is_empty()
    }

    /// The request's body, with empty parts left out.
    pub(super) fn body(&self) -> Map<String, Json> {
        let parts = [("fields", &self.fields), ("update", &self.update)];
        let filled = parts.into_iter().filter(|(_, part)| !part.is_empty());
        filled
            .map(|(name, part)| (name.to_owned(), Json::Object(part.clone())))
            .collect()
    }
}

/// Their name of a field of ours.
pub(super) fn theirs(ours: &str) -> &str {
    RENAMED
        .iter()
        .find(|(name, _)| *name == ours)
        .map_or(ours, |(_, jira)| jira)
}

/// The document to send. What the notation cannot show was reported by the plan, which projected it already.
pub(super) fn document(document: &Document) -> Json {
    adf::encode(document).0
}

/// The value that Jira would give back.
pub(super) fn normalise(name: &FieldName, value: &Value) -> Value {
    match (name.as_str(), value) {
        // An issue without labels has an empty set of them.
        (field::LABELS, value) if value.is_empty() => Value::Set(BTreeSet::new()),
        (_, value) if value.is_empty() => Value::Empty,
        (field::SUMMARY, Value::Text(summary)) => {
            let line = summary.split_whitespace().collect::<Vec<_>>().join(" ");
            let cut: String = line.chars().take(SUMMARY_MAX_CHARS).collect();
            Value::Text(cut.trim_end().to_owned())
        }
        (field::LABELS, Value::Set(labels)) => {
            Value::Set(labels.iter().map(|text| label(text)).collect())
        }
        (_, Value::Rich(document)) => {
            let document = Dialect::Adf.project(document).0;
            if document.is_empty() {
                Value::Empty
            } else {
                Value::Rich(document)
            }
        }
        (_, Value::Number(number)) => Value::number(number.clone()),
        // A cascade of which the first step alone is chosen is read like any other option.
        (_, Value::Cascade(path)) if path.len() == 1 => Value::Choice(path[0].clone()),
        (_, value) => value.clone(),
    }
}

/// Jira's labels have no white space, and a greatest length.
fn label(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join("_");
    joined.chars().take(LABEL_MAX_CHARS).collect()
}

/// An instant as Jira wants it: a fraction of three digits and an offset without a colon, or it is refused.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.trim_end_matches('Z');
    let fraction = if text.contains('.') { "" } else { ".000" };
    format!("{text}{fraction}+0000")
}

/// A value as a field of a request.
fn plain(value: &Value) -> Option<Json> {
    let id = |choice: &Choice| json!({ "id": choice.id });
    Some(match value {
        Value::Empty => Json::Null,
        Value::Text(text) | Value::Date(text) => json!(text),
        Value::Bool(yes) => json!(yes),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Time(at) => json!(instant(*at)),
        Value::Rich(rich) => document(rich),
        Value::User(user) => json!({ "accountId": user.id }),
        Value::Users(users) => users
            .iter()
            .map(|user| json!({ "accountId": user.id }))
            .collect(),
        Value::Choice(choice) => id(choice),
        Value::Choices(choices) => choices.iter().map(id).collect(),
        Value::Set(set) => json!(set),
        Value::Cascade(path) => match path.as_slice() {
            [outer, inner] => json!({ "id": outer.id, "child": { "id": inner.id } }),
            [outer] => id(outer),
            _ => return None,
        },
        Value::Json(json) => json.clone(),
    })
}
