//! What Jira Cloud sends, as far as it is read. Source: Atlassian's OpenAPI description of the REST API version 3.

use crate::connector::time;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// An issue, with the fields that were asked for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) fields: Map<String, Json>,
    /// Only those that were asked for; an object by key.
    #[serde(default)]
    pub(super) properties: Map<String, Json>,
}

impl Issue {
    /// Whether its answer says that it has no comments.
    pub(super) fn has_no_comments(&self) -> bool {
        let comments = self.fields.get("comment");
        comments.and_then(|comments| comments.get("total")?.as_u64()) == Some(0)
    }
}

/// `POST /issue`
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: String,
    pub(super) key: String,
}

/// `POST /search/jql`
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    #[serde(default)]
    pub(super) issues: Vec<Issue>,
    #[serde(default, rename = "nextPageToken")]
    pub(super) next_page_token: Option<String>,
}

/// `POST /search/approximate-count`
#[derive(Debug, Deserialize)]
pub(super) struct Counted {
    pub(super) count: u64,
}

/// `POST /issue/bulkfetch`
#[derive(Debug, Deserialize)]
pub(super) struct Bulk {
    #[serde(default)]
    pub(super) issues: Vec<Issue>,
}

/// `GET /issue/{id}/comment`
#[derive(Debug, Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Vec<Comment>,
    pub(super) total: usize,
}

/// A comment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: String,
    #[serde(default)]
    pub(super) author: Option<Account>,
    #[serde(default)]
    pub(super) body: Json,
    #[serde(deserialize_with = "time")]
    pub(super) created: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) updated: Timestamp,
    /// Whether customers of a service desk see it; true elsewhere.
    #[serde(default, rename = "jsdPublic")]
    pub(super) jsd_public: Option<bool>,
    /// The one group or project role that may read it; absent or `null` where everyone may who sees the issue.
    #[serde(default)]
    pub(super) visibility: Json,
    /// Only with `expand=properties`.
    #[serde(default)]
    pub(super) properties: Vec<Property>,
}

/// An entity property.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Property {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: Json,
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Account {
    #[serde(rename = "accountId")]
    pub(super) account_id: String,
    #[serde(default, rename = "displayName")]
    pub(super) display_name: Option<String>,
    /// Hidden by the person's privacy settings.
    #[serde(default, rename = "emailAddress")]
    pub(super) email_address: Option<String>,
    #[serde(default)]
    pub(super) active: Option<bool>,
}

/// `GET /issue/{id}/transitions`
#[derive(Debug, Deserialize)]
pub(super) struct Transitions {
    pub(super) transitions: Vec<Transition>,
}

/// A transition that an issue can make now.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Transition {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    pub(super) to: Status,
    /// The fields of its screen; only with `expand=transitions.fields`.
    #[serde(default)]
    pub(super) fields: Map<String, Json>,
}

/// Something with an id and a name.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
}

/// One type of `GET /project/{key}/statuses`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct TypeStatuses {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) statuses: Vec<Status>,
}

/// A status.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Status {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, rename = "statusCategory")]
    pub(super) category: Option<Category>,
}

impl Status {
    /// Whether it counts as finished.
    pub(super) fn is_done(&self) -> bool {
        self.category
            .as_ref()
            .is_some_and(|category| category.key == "done")
    }
}

/// `new`, `indeterminate`, `done`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Category {
    pub(super) key: String,
}

/// `GET /project/{key}`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub(super) id: String,
    #[serde(default, rename = "issueTypes")]
    pub(super) issue_types: Vec<Named>,
}

/// `POST /workflows`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Workflows {
    #[serde(default)]
    pub(super) statuses: Vec<WorkflowStatus>,
    #[serde(default)]
    pub(super) workflows: Vec<Workflow>,
}

/// A status, and what the workflows of the same answer call it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WorkflowStatus {
    pub(super) id: String,
    #[serde(rename = "statusReference")]
    pub(super) reference: String,
    /// `TODO`, `IN_PROGRESS`, `DONE`.
    #[serde(default, rename = "statusCategory")]
    pub(super) category: String,
}

/// One workflow.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Workflow {
    #[serde(default)]
    pub(super) statuses: Vec<StatusReference>,
    #[serde(default)]
    pub(super) transitions: Vec<WorkflowTransition>,
}

/// A status of a workflow.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StatusReference {
    #[serde(rename = "statusReference")]
    pub(super) reference: String,
}

/// A transition of a workflow.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WorkflowTransition {
    /// `INITIAL`, `GLOBAL`, `DIRECTED`.
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default, rename = "toStatusReference")]
    pub(super) to: Option<String>,
    /// Where a directed one begins.
    #[serde(default)]
    pub(super) links: Vec<TransitionLink>,
}

/// One beginning of a directed transition.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct TransitionLink {
    #[serde(default, rename = "fromStatusReference")]
    pub(super) from: Option<String>,
}

/// `GET /issue/createmeta/{project}/issuetypes/{type}`
#[derive(Debug, Deserialize)]
pub(super) struct CreateFields {
    #[serde(default, alias = "values")]
    pub(super) fields: Vec<CreateField>,
    pub(super) total: usize,
}

/// A field of a create screen.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CreateField {
    #[serde(rename = "fieldId")]
    pub(super) field_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default, rename = "hasDefaultValue")]
    pub(super) has_default_value: bool,
    #[serde(default)]
    pub(super) schema: Schema,
    #[serde(default, rename = "allowedValues")]
    pub(super) allowed_values: Vec<Json>,
}

/// A field's type.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Schema {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) items: Option<String>,
    #[serde(default)]
    pub(super) custom: Option<String>,
}

/// One field of `GET /field`
#[derive(Debug, Deserialize)]
pub(super) struct Field {
    pub(super) id: String,
    #[serde(default)]
    pub(super) schema: Schema,
}

/// `GET /mypermissions`
#[derive(Debug, Deserialize)]
pub(super) struct Permissions {
    pub(super) permissions: BTreeMap<String, Permission>,
}

/// One permission.
#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    #[serde(default, rename = "havePermission")]
    pub(super) have: bool,
}

/// `GET /issue/{id}?fields=project`
#[derive(Debug, Deserialize)]
pub(super) struct Placed {
    pub(super) fields: Place,
}

/// Where an issue lies.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub(super) project: PlaceProject,
}

/// A project, as its issues show it.
#[derive(Debug, Deserialize)]
pub(super) struct PlaceProject {
    pub(super) key: String,
    /// `software`, `business`, `service_desk`.
    #[serde(default, rename = "projectTypeKey")]
    pub(super) kind: String,
}

/// `GET /issue/{id}/changelog`
#[derive(Debug, Deserialize)]
pub(super) struct Changelog {
    pub(super) values: Vec<Change>,
    pub(super) total: usize,
}

/// One entry of a history.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    pub(super) author: Option<Account>,
    #[serde(deserialize_with = "time")]
    pub(super) created: Timestamp,
    pub(super) items: Vec<ChangedField>,
}

/// One field of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChangedField {
    #[serde(default)]
    pub(super) field: String,
    #[serde(default, rename = "fieldId")]
    pub(super) field_id: Option<String>,
}

/// `GET /attachment/meta`
#[derive(Debug, Deserialize)]
pub(super) struct FileSettings {
    #[serde(default)]
    pub(super) enabled: bool,
    /// The greatest file in bytes.
    #[serde(default, rename = "uploadLimit")]
    pub(super) upload_limit: Option<u64>,
}
