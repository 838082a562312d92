//! What Azure DevOps sends, as far as it is read. Source: Microsoft's descriptions of the REST API, version 7.1.

use crate::connector::time;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// A list in its envelope.
#[derive(Debug, Deserialize)]
pub(super) struct Listed<T> {
    pub(super) value: Vec<T>,
}

/// A work item, or one of its revisions.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WorkItem {
    pub(super) id: u64,
    pub(super) rev: u64,
    /// By reference name; what is empty is left out.
    pub(super) fields: Map<String, Json>,
    /// Only where they were asked for, and left out where there are none.
    #[serde(default)]
    pub(super) relations: Vec<Relation>,
    /// The fields that are in Markdown, by reference name.
    #[serde(default, rename = "multilineFieldsFormat")]
    pub(super) formats: BTreeMap<String, String>,
}

impl WorkItem {
    /// A text field.
    pub(super) fn text(&self, reference: &str) -> Option<&str> {
        self.fields.get(reference)?.as_str()
    }

    /// Whether a field is in Markdown.
    pub(super) fn is_markdown(&self, reference: &str) -> bool {
        let format = self.formats.get(reference);
        format.is_some_and(|format| format.eq_ignore_ascii_case("markdown"))
    }
}

/// A link.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Relation {
    pub(super) rel: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) attributes: Json,
}

/// A person.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Identity {
    #[serde(default, rename = "displayName")]
    pub(super) display_name: Option<String>,
    #[serde(default, rename = "uniqueName")]
    pub(super) unique_name: Option<String>,
    #[serde(default)]
    pub(super) descriptor: Option<String>,
    #[serde(default)]
    pub(super) id: Option<String>,
}

/// `GET workItems/{id}/comments`
#[derive(Debug, Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Vec<Comment>,
    #[serde(default, rename = "continuationToken")]
    pub(super) next: Option<String>,
}

/// A comment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) version: u64,
    #[serde(default)]
    pub(super) text: String,
    /// `html` or `markdown`.
    #[serde(default)]
    pub(super) format: Option<String>,
    #[serde(default, rename = "createdBy")]
    pub(super) created_by: Option<Identity>,
    #[serde(rename = "createdDate", deserialize_with = "time")]
    pub(super) created: Timestamp,
    #[serde(rename = "modifiedDate", deserialize_with = "time")]
    pub(super) modified: Timestamp,
    #[serde(default, rename = "isDeleted")]
    pub(super) is_deleted: bool,
}

/// `GET reporting/workitemrevisions`
#[derive(Debug, Deserialize)]
pub(super) struct Revisions {
    pub(super) values: Vec<WorkItem>,
    #[serde(default, rename = "continuationToken")]
    pub(super) next: Option<String>,
    #[serde(rename = "isLastBatch")]
    pub(super) is_last: bool,
}

/// `GET workItems/{id}/updates`
#[derive(Debug, Deserialize)]
pub(super) struct Update {
    #[serde(default)]
    pub(super) rev: u64,
    #[serde(default, rename = "revisedBy")]
    pub(super) by: Option<Identity>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, FieldUpdate>,
    #[serde(default)]
    pub(super) relations: Option<RelationUpdates>,
}

/// What became of a field.
#[derive(Debug, Deserialize)]
pub(super) struct FieldUpdate {
    #[serde(default, rename = "newValue")]
    pub(super) new: Json,
}

/// What became of the links.
#[derive(Debug, Deserialize)]
pub(super) struct RelationUpdates {
    #[serde(default)]
    pub(super) added: Vec<Relation>,
    #[serde(default)]
    pub(super) removed: Vec<Relation>,
}

/// `POST wiql`
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    #[serde(default, rename = "workItems")]
    pub(super) items: Vec<Reference>,
}

/// A work item that a query found.
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) id: u64,
}

/// One field of `GET fields`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Field {
    #[serde(rename = "referenceName")]
    pub(super) reference: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default, rename = "isIdentity")]
    pub(super) is_identity: bool,
    #[serde(default, rename = "readOnly")]
    pub(super) read_only: bool,
}

/// A field of a type.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct TypeField {
    #[serde(rename = "referenceName")]
    pub(super) reference: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, rename = "alwaysRequired")]
    pub(super) required: bool,
    #[serde(default, rename = "defaultValue")]
    pub(super) default: Json,
    /// Texts, or people. Only where they were asked for.
    #[serde(default, rename = "allowedValues")]
    pub(super) allowed: Vec<Json>,
}

/// `GET workitemtypes/{type}`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Type {
    #[serde(default)]
    pub(super) fields: Vec<TypeField>,
    #[serde(default)]
    pub(super) states: Vec<State>,
    /// Which states may follow one, by its name; those of new items under no name.
    #[serde(default)]
    pub(super) transitions: BTreeMap<String, Vec<Transition>>,
}

/// A state.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct State {
    pub(super) name: String,
    /// `Proposed`, `InProgress`, `Resolved`, `Completed`, `Removed`.
    #[serde(default)]
    pub(super) category: String,
}

/// A way to a state.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Transition {
    pub(super) to: String,
}

/// An area or iteration, with those below it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    #[serde(default, rename = "structureType")]
    pub(super) structure: String,
    #[serde(default)]
    pub(super) children: Vec<Node>,
}

/// `GET recyclebin/{id}`
#[derive(Debug, Deserialize)]
pub(super) struct Deleted {
    #[serde(default, rename = "deletedDate")]
    pub(super) at: Option<String>,
    #[serde(default, rename = "deletedBy")]
    pub(super) by: Option<String>,
}

/// `GET projects/{name}`
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    pub(super) id: String,
}

/// `GET connectionData`
#[derive(Debug, Deserialize)]
pub(super) struct ConnectionData {
    #[serde(rename = "authenticatedUser")]
    pub(super) user: Caller,
}

/// Who the caller is.
#[derive(Debug, Deserialize)]
pub(super) struct Caller {
    #[serde(rename = "providerDisplayName")]
    pub(super) name: String,
    #[serde(default, rename = "subjectDescriptor")]
    pub(super) descriptor: Option<String>,
    #[serde(default)]
    pub(super) properties: Json,
}

/// A subscription of service hooks.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Subscription {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(rename = "eventType")]
    pub(super) event: String,
    #[serde(default, rename = "publisherInputs")]
    pub(super) publisher: BTreeMap<String, Json>,
    #[serde(default, rename = "consumerInputs")]
    pub(super) consumer: BTreeMap<String, Json>,
}

/// `POST wit/attachments`
#[derive(Debug, Deserialize)]
pub(super) struct FileReference {
    pub(super) id: String,
    pub(super) url: String,
}
