//! From our words to Azure DevOps'.

use super::decode::{self, PARENT, TAGS, theirs};
use super::{SUMMARY_MAX_CHARS, TAG_MAX_CHARS, text, wire};
use crate::connector::Impossible;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value, field};
use twinline_core::names::FieldName;
use twinline_core::richtext::Dialect;

/// A write of fields, ready to be made a document of.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Writes {
    /// By reference name; null empties.
    pub(super) fields: BTreeMap<String, Json>,
    /// Those of them that name somebody.
    pub(super) people: BTreeSet<String>,
    /// Those of them that are in Markdown.
    markdown: BTreeSet<String>,
    /// The item above: another one, or none.
    pub(super) parent: Option<Option<u64>>,
    /// The state to reach.
    pub(super) status: Option<String>,
    /// Fields that Azure DevOps cannot take, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Writes {
    /// Sorts a write's fields. `before` is the item that they are written to, if there is one.
    pub(super) fn of(
        fields: &BTreeMap<FieldName, FieldWrite>,
        before: Option<&wire::WorkItem>,
    ) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, write) in fields {
            match write {
                FieldWrite::Replace(value) => writes.replace(name, value, before)?,
                FieldWrite::Elements { add, remove } => {
                    writes.elements(name, (add, remove), before)?;
                }
            }
        }
        Ok(writes)
    }

    fn replace(
        &mut self,
        name: &FieldName,
        value: &Value,
        before: Option<&wire::WorkItem>,
    ) -> Result<(), Impossible> {
        let theirs = theirs(name.as_str());
        match (name.as_str(), normalise(name, value)) {
            (field::SUMMARY, Value::Empty) => {
                return Err(Impossible::value(name, "Azure DevOps needs a title"));
            }
            (field::STATUS, Value::Choice(status)) => self.status = Some(status.id),
            (field::STATUS, _) => return Err(Impossible::value(name, "is no state")),
            (field::CREATED | field::UPDATED | field::REPORTER, _) => {
                let why = format!("{name} cannot be written at Azure DevOps");
                self.waived.insert(name.clone(), why);
            }
            (field::PARENT, Value::Empty) => self.parent = Some(None),
            (field::PARENT, Value::Text(key)) => {
                let id = key.trim().trim_start_matches('#').parse();
                let id = id.map_err(|_| {
                    Impossible::value(name, format!("'{key}' is no work item: write #12"))
                })?;
                self.parent = Some(Some(id));
            }
            (_, Value::Rich(document)) => {
                let is_markdown = before.is_some_and(|item| item.is_markdown(theirs));
                if is_markdown {
                    self.markdown.insert(theirs.to_owned());
                }
                let text = text::write(&document, is_markdown);
                self.fields.insert(theirs.to_owned(), json!(text));
            }
            (_, value) => {
                if matches!(value, Value::User(_)) {
                    self.people.insert(theirs.to_owned());
                }
                let json = plain(theirs, &value).ok_or_else(|| {
                    Impossible::value(name, "has a value of a kind that Azure DevOps cannot hold")
                })?;
                self.fields.insert(theirs.to_owned(), json);
            }
        }
        Ok(())
    }

    /// Tags are written as a whole; the revision that they were read at is the condition.
    fn elements(
        &mut self,
        name: &FieldName,
        (add, remove): (&BTreeSet<String>, &BTreeSet<String>),
        before: Option<&wire::WorkItem>,
    ) -> Result<(), Impossible> {
        if name.as_str() != field::LABELS {
            return Err(Impossible::value(name, "is no set of tags"));
        }
        let held = before.and_then(|item| item.text(TAGS)).unwrap_or_default();
        let mut tags = decode::tags(held);
        let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        let gone: Vec<String> = remove.iter().map(|text| tag(text)).collect();
        tags.retain(|tag| !gone.iter().any(|gone| same(gone, tag)));
        for new in add.iter().map(|text| tag(text)) {
            if !tags.iter().any(|tag| same(tag, &new)) {
                tags.insert(new);
            }
        }
        self.fields.insert(TAGS.to_owned(), joined(&tags));
        Ok(())
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.parent.is_none()
    }

    /// The operations, with those that are needed to get from `before` to there.
    pub(super) fn operations(&self, before: Option<&wire::WorkItem>, base: &str) -> Vec<Json> {
        let mut operations = Vec::new();
        for (name, value) in &self.fields {
            let path = format!("/fields/{name}");
            if !value.is_null() {
                operations.push(json!({ "op": "add", "path": path, "value": value }));
            } else if before.is_some_and(|item| item.fields.contains_key(name)) {
                operations.push(json!({ "op": "remove", "path": path }));
            }
        }
        for name in &self.markdown {
            let path = format!("/multilineFieldsFormat/{name}");
            operations.push(json!({ "op": "add", "path": path, "value": "Markdown" }));
        }
        if let Some(wanted) = self.parent {
            let links = before.map_or(&[][..], |item| &item.relations);
            let held = links.iter().position(|link| link.rel == PARENT);
            let same = before.and_then(decode::parent) == wanted;
            if let Some(place) = held.filter(|_| !same) {
                operations.push(json!({ "op": "remove", "path": format!("/relations/{place}") }));
            }
            if let Some(id) = wanted.filter(|_| !same) {
                let url = format!("{base}/_apis/wit/workItems/{id}");
                operations.push(link(PARENT, &url));
            }
        }
        operations
    }
}

/// The operation that adds a link.
pub(super) fn link(rel: &str, url: &str) -> Json {
    json!({ "op": "add", "path": "/relations/-", "value": { "rel": rel, "url": url } })
}

/// The value that Azure DevOps would give back.
pub(super) fn normalise(name: &FieldName, value: &Value) -> Value {
    match (name.as_str(), value) {
        // An item without tags has an empty set of them.
        (field::LABELS, value) if value.is_empty() => Value::Set(BTreeSet::new()),
        (_, value) if value.is_empty() => Value::Empty,
        (field::SUMMARY, Value::Text(summary)) => {
            let line = summary.split_whitespace().collect::<Vec<_>>().join(" ");
            let cut: String = line.chars().take(SUMMARY_MAX_CHARS).collect();
            text_or_empty(cut.trim_end())
        }
        (field::LABELS, Value::Set(labels)) => Value::Set(unlike(labels)),
        (field::STATUS | field::TYPE | field::PRIORITY, Value::Text(text)) => {
            Value::Choice(decode::named(text.trim()))
        }
        (field::ASSIGNEE, Value::Text(text)) => Value::User(User {
            name: Some(text.trim().to_owned()),
            ..User::default()
        }),
        (_, Value::Rich(document)) => {
            let document = Dialect::Html.project(document).0;
            match document.is_empty() {
                true => Value::Empty,
                false => Value::Rich(document),
            }
        }
        (_, Value::Text(text)) => text_or_empty(text.trim()),
        (_, Value::Number(number)) => Value::number(number.clone()),
        (_, value) => value.clone(),
    }
}

fn text_or_empty(text: &str) -> Value {
    match text {
        "" => Value::Empty,
        text => Value::text(text),
    }
}

/// Tags, each once whatever its letter case.
fn unlike(labels: &BTreeSet<String>) -> BTreeSet<String> {
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for label in labels
        .iter()
        .map(|label| tag(label))
        .filter(|label| !label.is_empty())
    {
        let small = label.to_lowercase();
        if !kept.iter().any(|known| known.to_lowercase() == small) {
            kept.insert(label);
        }
    }
    kept
}

/// A tag: without what parts tags, and no longer than one may be.
fn tag(text: &str) -> String {
    let words = text.replace([';', ','], " ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(TAG_MAX_CHARS).collect();
    cut.trim_end().to_owned()
}

fn joined(tags: &BTreeSet<String>) -> Json {
    match tags.is_empty() {
        true => Json::Null,
        false => json!(tags.iter().cloned().collect::<Vec<_>>().join("; ")),
    }
}

/// A value as a field of a document.
fn plain(theirs: &str, value: &Value) -> Option<Json> {
    Some(match value {
        Value::Empty => Json::Null,
        Value::Text(text) => json!(text),
        Value::Date(day) => json!(format!("{day}T00:00:00Z")),
        Value::Bool(yes) => json!(yes),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Time(at) => json!(at.to_string()),
        Value::User(user) => json!(who(user)),
        // Priorities are whole numbers.
        Value::Choice(choice) if theirs.ends_with(".Priority") => choice
            .id
            .parse::<i64>()
            .map_or_else(|_| json!(choice.id), |number| json!(number)),
        Value::Choice(choice) => json!(choice.id),
        Value::Set(tags) if theirs == TAGS => joined(tags),
        _ => return None,
    })
}

/// How a person is written: by the unique name, or what is known of it.
fn who(user: &User) -> &str {
    match user.id.as_str() {
        "" => user
            .email
            .as_deref()
            .or(user.login.as_deref())
            .unwrap_or_else(|| user.label()),
        id => id,
    }
}
