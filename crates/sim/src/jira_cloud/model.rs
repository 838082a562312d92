//! What the simulator keeps of issues.

use super::site::User;
use crate::file::Content;
use serde_json::Value;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// An issue with everything that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) key: String,
    /// The project's id.
    pub(super) project: String,
    /// The issue type's id.
    pub(super) kind: String,
    /// The status's id.
    pub(super) status: String,
    /// An account id.
    pub(super) creator: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) status_changed: Timestamp,
    pub(super) resolved: Option<Timestamp>,
    /// By field id; empty fields are absent.
    pub(super) values: BTreeMap<String, FieldValue>,
    pub(super) comments: Vec<Comment>,
    pub(super) files: Vec<File>,
    /// Entity properties.
    pub(super) properties: BTreeMap<String, Value>,
    /// The changelog, oldest first.
    pub(super) history: Vec<Change>,
    pub(super) deleted: bool,
    /// The status with which the API denies it, while it does.
    pub(super) hidden: Option<u16>,
}

impl Issue {
    /// A text field's value, or the empty text.
    pub(super) fn text(&self, field: &str) -> &str {
        match self.values.get(field) {
            Some(FieldValue::Text(text)) => text,
            _ => "",
        }
    }

    /// The ids that a field with ids holds: options, accounts, components, labels.
    pub(super) fn ids(&self, field: &str) -> Vec<String> {
        match self.values.get(field) {
            Some(FieldValue::One(id)) => vec![id.clone()],
            Some(FieldValue::Many(ids)) => ids.clone(),
            Some(FieldValue::Cascade { parent, child }) => {
                std::iter::once(parent).chain(child).cloned().collect()
            }
            Some(FieldValue::Issue(id)) => vec![id.to_string()],
            _ => Vec::new(),
        }
    }
}

/// What a field holds; the field's kind says what the ids mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldValue {
    Text(String),
    /// An ADF document, as it was sent.
    Rich(Value),
    Number(f64),
    /// `2026-01-31`.
    Date(String),
    DateTime(Timestamp),
    One(String),
    Many(Vec<String>),
    Cascade {
        parent: String,
        child: Option<String>,
    },
    Issue(u64),
}

/// A comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    /// An account id.
    pub(super) author: String,
    pub(super) update_author: String,
    pub(super) body: Value,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// `{"type": "role", "value": …, "identifier": …}`.
    pub(super) visibility: Option<Value>,
    pub(super) properties: BTreeMap<String, Value>,
}

impl Comment {
    /// Whether a person may read it: one that is restricted is for one group or project role.
    pub(super) fn is_for(&self, reader: Option<&User>) -> bool {
        let Some(visibility) = &self.visibility else {
            return true;
        };
        let named = visibility
            .get("value")
            .or_else(|| visibility.get("identifier"));
        let named = named.and_then(Value::as_str).unwrap_or_default();
        reader.is_some_and(|reader| reader.groups.iter().any(|group| group == named))
    }

    /// Whether only agents see it in a service desk: the property `sd.public.comment` says `{"internal": true}`. In other
    /// projects the property has no effect.
    pub(super) fn internal(&self) -> bool {
        let property = self.properties.get(PUBLIC_COMMENT);
        property.and_then(|value| value.get("internal")) == Some(&Value::Bool(true))
    }
}

/// The comment property that makes a comment internal in Jira Service Management.
pub(super) const PUBLIC_COMMENT: &str = "sd.public.comment";

/// An attached file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) content: Content,
    /// An account id.
    pub(super) author: String,
    pub(super) created: Timestamp,
}

/// An entry of the changelog.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) at: Timestamp,
    pub(super) items: Vec<ChangeItem>,
}

/// One changed field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChangeItem {
    pub(super) field: String,
    pub(super) custom: bool,
    pub(super) field_id: String,
    pub(super) from: Shown,
    pub(super) to: Shown,
}

/// A value as the changelog shows it: its id and its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: Option<String>,
    pub(super) text: Option<String>,
}

/// A link between two issues.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) id: u64,
    /// The link type's id.
    pub(super) kind: String,
    pub(super) inward: u64,
    pub(super) outward: u64,
}
