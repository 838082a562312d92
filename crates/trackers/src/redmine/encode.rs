//! From our words to Redmine's.

use super::SUMMARY_MAX_CHARS;
use super::text::Notation;
use crate::connector::Impossible;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Value, field};
use twinline_core::names::FieldName;

/// A write of fields as one request's `issue` object.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Writes {
    /// The object, without description and custom fields.
    pub(super) issue: Map<String, Json>,
    /// The new text, to which the marker is added.
    pub(super) description: Option<String>,
    /// Custom fields by id.
    pub(super) custom: BTreeMap<u64, Json>,
    /// Fields that Redmine cannot take, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

/// Redmine's name of a field that takes an option's id, a person's id, a date or a number as it is.
const PLAIN: &[(&str, &str)] = &[
    (field::TYPE, "tracker_id"),
    (field::STATUS, "status_id"),
    (field::PRIORITY, "priority_id"),
    (field::ASSIGNEE, "assigned_to_id"),
    (field::DUE, "due_date"),
    ("category", "category_id"),
    ("fixed_version", "fixed_version_id"),
    ("start_date", "start_date"),
    ("done_ratio", "done_ratio"),
    ("estimated_hours", "estimated_hours"),
    ("is_private", "is_private"),
];

impl Writes {
    /// Sorts an update's fields. `held` are the values now: Redmine replaces lists as a whole.
    pub(super) fn of(
        fields: &BTreeMap<FieldName, FieldWrite>,
        held: &BTreeMap<FieldName, Value>,
        notation: Notation,
    ) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, write) in fields {
            writes.replace(name, &after(write, held.get(name)), notation)?;
        }
        Ok(writes)
    }

    fn replace(
        &mut self,
        name: &FieldName,
        value: &Value,
        notation: Notation,
    ) -> Result<(), Impossible> {
        let value = normalise(name, value, notation);
        match (name.as_str(), value) {
            (field::SUMMARY, Value::Text(subject)) if !subject.is_empty() => {
                self.issue.insert("subject".into(), subject.into());
            }
            (field::SUMMARY, _) => return Err(Impossible::value(name, "Redmine needs a subject")),
            (field::DESCRIPTION, Value::Rich(document)) => {
                self.description = Some(notation.write(&document))
            }
            (field::DESCRIPTION, _) => self.description = Some(String::new()),
            (field::PARENT, value) => self.parent(name, &value)?,
            (field::REPORTER | field::CREATED | field::UPDATED, _) => {
                self.waive(name, "cannot be written")
            }
            (other, value) => {
                if let Some((_, theirs)) = PLAIN.iter().find(|(ours, _)| *ours == other) {
                    let plain = plain(&value)
                        .ok_or_else(|| Impossible::value(name, "has a value of another kind"))?;
                    self.issue.insert((*theirs).to_owned(), plain);
                } else if let Some(id) = other.strip_prefix("cf_").and_then(|id| id.parse().ok()) {
                    let plain = plain(&value)
                        .ok_or_else(|| Impossible::value(name, "has a value of another kind"))?;
                    self.custom.insert(id, plain);
                } else {
                    self.waive(name, "does not exist");
                }
            }
        }
        Ok(())
    }

    fn parent(&mut self, name: &FieldName, value: &Value) -> Result<(), Impossible> {
        let id = match value {
            Value::Text(key) => key
                .trim_start_matches('#')
                .parse::<u64>()
                .ok()
                .map(|id| json!(id)),
            Value::Empty => Some(json!("")),
            _ => None,
        };
        let id = id.ok_or_else(|| Impossible::value(name, "is no Redmine issue such as #12"))?;
        self.issue.insert("parent_issue_id".into(), id);
        Ok(())
    }

    fn waive(&mut self, name: &FieldName, why: &str) {
        self.waived
            .insert(name.clone(), format!("{name} {why} at Redmine"));
    }

    /// The request's body. `description` carries its marker by now.
    pub(super) fn body(&self) -> Json {
        let mut issue = self.issue.clone();
        if let Some(description) = &self.description {
            issue.insert("description".into(), description.as_str().into());
        }
        if !self.custom.is_empty() {
            let fields = self
                .custom
                .iter()
                .map(|(id, value)| json!({ "id": id, "value": value }));
            issue.insert("custom_fields".into(), fields.collect());
        }
        json!({ "issue": issue })
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.issue.is_empty() && self.description.is_none() && self.custom.is_empty()
    }
}

/// The value that a write leads to.
pub(super) fn after(write: &FieldWrite, held: Option<&Value>) -> Value {
    match write {
        FieldWrite::Replace(value) => value.clone(),
        FieldWrite::Elements { add, remove } => {
            let mut set = match held {
                Some(Value::Set(set)) => set.clone(),
                _ => std::collections::BTreeSet::new(),
            };
            set.retain(|element| !remove.contains(element));
            set.extend(add.iter().cloned());
            if set.is_empty() {
                Value::Empty
            } else {
                Value::Set(set)
            }
        }
    }
}

/// The value that Redmine would give back.
pub(super) fn normalise(name: &FieldName, value: &Value, notation: Notation) -> Value {
    match (name.as_str(), value) {
        // An issue is private or not.
        ("is_private", value) if value.is_empty() => Value::Bool(false),
        // What has no share done is not begun.
        ("done_ratio", value) if value.is_empty() => Value::Number(0.into()),
        (_, value) if value.is_empty() => Value::Empty,
        (field::SUMMARY, Value::Text(subject)) => {
            let line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
            Value::Text(
                line.chars()
                    .take(SUMMARY_MAX_CHARS)
                    .collect::<String>()
                    .trim_end()
                    .to_owned(),
            )
        }
        (field::DESCRIPTION, Value::Rich(document)) => {
            let document = notation.normalised(document);
            if document.is_empty() {
                Value::Empty
            } else {
                Value::Rich(document)
            }
        }
        (name, value) if name.starts_with("cf_") => match value {
            // Redmine keeps every custom value as a text.
            Value::Bool(yes) => Value::text(if *yes { "1" } else { "0" }),
            Value::Number(number) => Value::Text(number.to_string()),
            Value::Date(day) => Value::text(day),
            Value::Choice(choice) => Value::text(&choice.id),
            Value::User(user) => Value::text(&user.id),
            Value::Choices(choices) => Value::set(choices.iter().map(|choice| choice.id.as_str())),
            other => other.clone(),
        },
        (_, value) => value.clone(),
    }
}

/// A value as one JSON value of a request; an empty text clears.
fn plain(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Empty => json!(""),
        Value::Text(text) | Value::Date(text) => json!(text),
        Value::Bool(yes) => json!(yes),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Choice(choice) => json!(choice.id),
        Value::User(user) => json!(user.id),
        Value::Set(set) => json!(set),
        _ => return None,
    })
}
