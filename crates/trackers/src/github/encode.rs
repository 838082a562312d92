//! From our words to GitHub's.

use super::{MILESTONE, decode, status, text};
use crate::connector::Impossible;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;

/// A write of fields, sorted into requests.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Writes {
    /// The body of one `PATCH` (or `POST` for a create); empty: none is needed.
    pub(super) body: Map<String, Json>,
    /// The new text, to which the marker is added when the present one is known.
    pub(super) description: Option<String>,
    /// The milestone's title, whose number must be asked for; an empty title clears it.
    pub(super) milestone: Option<String>,
    /// Labels to add and to remove one by one.
    pub(super) labels: Elements,
    /// Logins to add and to remove one by one.
    pub(super) assignees: Elements,
    /// The key of the issue above: another one, or none.
    pub(super) parent: Option<Option<String>>,
    /// Fields that GitHub cannot take, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

/// Elements of a set to add and to remove.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Elements {
    pub(super) add: BTreeSet<String>,
    pub(super) remove: BTreeSet<String>,
}

impl Writes {
    /// Sorts an update's fields.
    pub(super) fn of(fields: &BTreeMap<FieldName, FieldWrite>) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, write) in fields {
            match write {
                FieldWrite::Replace(value) => writes.replace(name, value)?,
                FieldWrite::Elements { add, remove } => {
                    let target = match name.as_str() {
                        field::LABELS => &mut writes.labels,
                        field::ASSIGNEES => &mut writes.assignees,
                        _ => {
                            writes.waive(name, "is not a set");
                            continue;
                        }
                    };
                    target.add.clone_from(add);
                    target.remove.clone_from(remove);
                }
            }
        }
        Ok(writes)
    }

    /// Sorts a create's fields.
    pub(super) fn of_create(fields: &BTreeMap<FieldName, Value>) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, value) in fields {
            writes.replace(name, value)?;
        }
        Ok(writes)
    }

    fn waive(&mut self, name: &FieldName, why: &str) {
        self.waived
            .insert(name.clone(), format!("{name} {why} at GitHub"));
    }

    fn replace(&mut self, name: &FieldName, value: &Value) -> Result<(), Impossible> {
        let value = normalise(name, value);
        match (name.as_str(), value) {
            (field::SUMMARY, Value::Text(title)) if !title.is_empty() => {
                self.body.insert("title".into(), title.into());
            }
            (field::SUMMARY, _) => {
                return Err(Impossible::value(name, "GitHub needs a title"));
            }
            (field::DESCRIPTION, Value::Rich(document)) => {
                self.description = Some(text::write(&document));
            }
            (field::DESCRIPTION, _) => self.description = Some(String::new()),
            (field::STATUS, value) => self
                .status(&value)
                .map_err(|sentence| Impossible::value(name, sentence))?,
            (field::LABELS, Value::Set(labels)) => {
                self.body.insert("labels".into(), json!(labels));
            }
            (field::ASSIGNEES, Value::Users(users)) => self.assign(name, users),
            (field::ASSIGNEE, Value::User(user)) => self.assign(name, BTreeSet::from([user])),
            (field::ASSIGNEE, Value::Empty) => self.assign(name, BTreeSet::new()),
            (MILESTONE, Value::Choice(choice)) => self.milestone = Some(choice.id),
            (MILESTONE, Value::Empty) => self.milestone = Some(String::new()),
            (field::TYPE, Value::Choice(choice)) => {
                self.body.insert("type".into(), choice.id.into());
            }
            (field::TYPE, Value::Empty) => {
                self.body.insert("type".into(), Json::Null);
            }
            (field::PARENT, Value::Text(key)) => self.parent = Some(Some(key)),
            (field::PARENT, Value::Empty) => self.parent = Some(None),
            (field::REPORTER | field::CREATED | field::UPDATED, _) => {
                self.waive(name, "cannot be written")
            }
            (
                field::LABELS
                | field::ASSIGNEES
                | field::ASSIGNEE
                | MILESTONE
                | field::TYPE
                | field::PARENT,
                other,
            ) => return Err(Impossible::value(name, format!("cannot hold {other:?}"))),
            _ => self.waive(name, "does not exist"),
        }
        Ok(())
    }

    fn status(&mut self, value: &Value) -> Result<(), String> {
        let named = match value {
            Value::Choice(choice) => choice.id.as_str(),
            _ => "",
        };
        let (state, reason) = status::write(named).ok_or_else(|| {
            format!(
                "GitHub has no status '{named}'; it has {}",
                status::ALL.join(", ")
            )
        })?;
        self.body.insert("state".into(), state.into());
        if let Some(reason) = reason {
            self.body.insert("state_reason".into(), reason.into());
        }
        Ok(())
    }

    /// `assignee` and `assignees` are one thing at GitHub: where both are written, the longer list decides.
    fn assign(&mut self, name: &FieldName, users: BTreeSet<User>) {
        let mut logins = BTreeSet::new();
        for user in users {
            if user.id.is_empty() {
                self.waive(name, "needs a login");
                return;
            }
            logins.insert(user.login.unwrap_or(user.id));
        }
        let known = self.body.get("assignees").and_then(Json::as_array);
        if known.is_none_or(|known| known.len() < logins.len()) {
            self.body.insert("assignees".into(), json!(logins));
        }
    }

    /// Adds the text with the marker that the item has, or is to have.
    pub(super) fn mark(&mut self, marker: Option<&Marker>) {
        if let Some(text) = self.description.take() {
            self.body
                .insert("body".into(), text::join(&text, marker).into());
        }
    }
}

/// The value that GitHub gives back after `value` was written to `field`.
pub(super) fn normalise(name: &FieldName, value: &Value) -> Value {
    match (name.as_str(), value) {
        (field::SUMMARY, Value::Text(text)) => Value::Text(one_line(text)),
        (field::DESCRIPTION, Value::Rich(document)) => {
            let document = text::normalised(document);
            if document.is_empty() {
                Value::Empty
            } else {
                Value::Rich(document)
            }
        }
        (field::DESCRIPTION, Value::Text(text)) => normalise(name, &Value::Rich(text::read(text))),
        (field::STATUS, Value::Choice(choice)) => decode::choice(status_id(&choice.id)),
        (field::STATUS, Value::Text(text)) => decode::choice(status_id(text)),
        (MILESTONE | field::TYPE, Value::Text(text)) if text.is_empty() => Value::Empty,
        (MILESTONE | field::TYPE, Value::Text(text)) => decode::choice(text),
        (field::PARENT, Value::Text(key)) if key.trim().is_empty() => Value::Empty,
        (field::PARENT, Value::Text(key)) => Value::text(key.trim()),
        (field::LABELS, Value::Empty) => Value::Set(BTreeSet::new()),
        (field::LABELS, Value::Set(labels)) => Value::set(labels.iter().map(|label| label.trim())),
        (field::ASSIGNEES, Value::Empty) => Value::Users(BTreeSet::new()),
        (field::ASSIGNEES, Value::Users(users)) => {
            Value::Users(users.iter().map(by_login).collect())
        }
        (field::ASSIGNEES, Value::Set(logins)) => {
            Value::Users(logins.iter().map(|login| named(login)).collect())
        }
        (field::ASSIGNEE, Value::User(user)) => Value::User(by_login(user)),
        (field::ASSIGNEE, Value::Text(text)) if text.is_empty() => Value::Empty,
        (field::ASSIGNEE, Value::Text(text)) => Value::User(named(text)),
        _ => value.clone(),
    }
}

/// A title is one line without white space around it.
fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced.trim().to_owned()
}

fn status_id(text: &str) -> &str {
    if text == "closed" {
        status::COMPLETED
    } else {
        text
    }
}

fn by_login(user: &User) -> User {
    let login = user.login.as_deref().unwrap_or(&user.id);
    User {
        id: login.to_ascii_lowercase(),
        ..user.clone()
    }
}

fn named(login: &str) -> User {
    User {
        id: login.to_ascii_lowercase(),
        login: Some(login.to_owned()),
        ..User::default()
    }
}

#[cfg(test)]
mod tests;
