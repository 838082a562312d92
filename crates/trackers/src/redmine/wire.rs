//! What Redmine sends, as far as it is read. Source: Redmine's REST API pages, and the answers of a real 5.0.

use crate::connector::{maybe_time, time};
use serde::Deserialize;
use serde_json::Value as Json;
use twinline_core::time::Timestamp;

/// `GET /issues/{id}.json`
#[derive(Debug, Deserialize)]
pub(super) struct One {
    pub(super) issue: Issue,
}

/// `GET /issues.json`
#[derive(Debug, Deserialize)]
pub(super) struct Many {
    pub(super) issues: Vec<Issue>,
    pub(super) total_count: u64,
}

/// An issue.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) project: Named,
    pub(super) tracker: Named,
    pub(super) status: Named,
    pub(super) priority: Named,
    pub(super) author: Named,
    #[serde(default)]
    pub(super) assigned_to: Option<Named>,
    #[serde(default)]
    pub(super) category: Option<Named>,
    #[serde(default)]
    pub(super) fixed_version: Option<Named>,
    #[serde(default)]
    pub(super) parent: Option<Numbered>,
    pub(super) subject: String,
    /// `null` where there is none.
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) start_date: Option<String>,
    #[serde(default)]
    pub(super) due_date: Option<String>,
    #[serde(default)]
    pub(super) done_ratio: Option<serde_json::Number>,
    #[serde(default)]
    pub(super) estimated_hours: Option<serde_json::Number>,
    #[serde(default)]
    pub(super) is_private: Option<bool>,
    #[serde(default)]
    pub(super) custom_fields: Vec<CustomField>,
    #[serde(deserialize_with = "time")]
    pub(super) created_on: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) updated_on: Timestamp,
    /// Only with `include=journals`.
    #[serde(default)]
    pub(super) journals: Option<Vec<Journal>>,
    /// Only with `include=attachments`.
    #[serde(default)]
    pub(super) attachments: Option<Vec<Attachment>>,
}

/// Something with an id and a name.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: u64,
    /// Missing for some authors of imported issues.
    #[serde(default)]
    pub(super) name: String,
}

/// Something with an id alone.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Numbered {
    pub(super) id: u64,
}

/// A custom field's value: a text, or a list of texts where `multiple` is set.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CustomField {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: Json,
}

impl CustomField {
    /// Without its value.
    pub(super) fn named(&self) -> Named {
        Named {
            id: self.id,
            name: self.name.clone(),
        }
    }
}

/// One entry of an issue's history: notes, changes, or both.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Journal {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) user: Option<Named>,
    #[serde(default)]
    pub(super) notes: Option<String>,
    #[serde(default)]
    pub(super) private_notes: bool,
    #[serde(deserialize_with = "time")]
    pub(super) created_on: Timestamp,
    /// Since 5.1.
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_on: Option<Timestamp>,
    #[serde(default)]
    pub(super) details: Vec<Detail>,
}

/// One change of one field.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Detail {
    /// `attr`, `cf`, `attachment`, `relation`.
    pub(super) property: String,
    /// The attribute, or the custom field's id.
    pub(super) name: String,
    /// As it was before; `null` where there was nothing. A list for some custom fields of Redmine's extensions.
    #[serde(default)]
    pub(super) old_value: Json,
}

/// An attached file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) filename: String,
    pub(super) filesize: u64,
    #[serde(default)]
    pub(super) content_type: Option<String>,
    /// Holds our marker.
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) author: Option<Named>,
    #[serde(deserialize_with = "time")]
    pub(super) created_on: Timestamp,
}

/// `GET /users/current.json`
#[derive(Debug, Deserialize)]
pub(super) struct CurrentUser {
    pub(super) user: Account,
}

/// A user's account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) login: String,
    #[serde(default)]
    pub(super) firstname: String,
    #[serde(default)]
    pub(super) lastname: String,
    /// Hidden from some accounts.
    #[serde(default)]
    pub(super) mail: Option<String>,
    /// Shown to administrators, and of oneself.
    #[serde(default)]
    pub(super) admin: Option<bool>,
    /// Only with `include=memberships`.
    #[serde(default)]
    pub(super) memberships: Vec<OwnMembership>,
}

/// What an account is in one project.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct OwnMembership {
    pub(super) project: Numbered,
    #[serde(default)]
    pub(super) roles: Vec<Numbered>,
}

/// `GET /roles/{id}.json`
#[derive(Debug, Deserialize)]
pub(super) struct OneRole {
    pub(super) role: Role,
}

/// A role.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Role {
    #[serde(default)]
    pub(super) permissions: Vec<String>,
}

/// `GET /trackers.json`
#[derive(Debug, Deserialize)]
pub(super) struct Trackers {
    pub(super) trackers: Vec<Named>,
}

/// `GET /issue_statuses.json`
#[derive(Debug, Deserialize)]
pub(super) struct Statuses {
    pub(super) issue_statuses: Vec<Status>,
}

/// A status.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) is_closed: bool,
}

/// `GET /enumerations/issue_priorities.json`
#[derive(Debug, Deserialize)]
pub(super) struct Priorities {
    pub(super) issue_priorities: Vec<Named>,
}

/// `GET /projects/{id}.json`
#[derive(Debug, Deserialize)]
pub(super) struct OneProject {
    pub(super) project: Project,
}

/// A project.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub(super) id: u64,
    pub(super) identifier: String,
    /// Only with `include=trackers`.
    #[serde(default)]
    pub(super) trackers: Vec<Named>,
    /// Only with `include=issue_custom_fields`, since 4.2; without the fields that are for all projects.
    #[serde(default)]
    pub(super) issue_custom_fields: Vec<Named>,
    /// Only with `include=issue_categories`.
    #[serde(default)]
    pub(super) issue_categories: Vec<Named>,
}

/// `GET /custom_fields.json`: administrators only.
#[derive(Debug, Deserialize)]
pub(super) struct CustomFields {
    pub(super) custom_fields: Vec<CustomFieldDefinition>,
}

/// A custom field's definition.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CustomFieldDefinition {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) customized_type: String,
    #[serde(default)]
    pub(super) is_required: bool,
    #[serde(default)]
    pub(super) multiple: bool,
    #[serde(default)]
    pub(super) max_length: Option<usize>,
    #[serde(default)]
    pub(super) possible_values: Vec<PossibleValue>,
    /// The trackers whose issues have it.
    #[serde(default)]
    pub(super) trackers: Vec<Named>,
}

/// One option of a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PossibleValue {
    pub(super) value: String,
    #[serde(default)]
    pub(super) label: Option<String>,
}

/// `GET /projects/{id}/memberships.json`
#[derive(Debug, Deserialize)]
pub(super) struct Memberships {
    pub(super) memberships: Vec<Membership>,
    pub(super) total_count: usize,
}

/// A member: a user or a group.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Membership {
    #[serde(default)]
    pub(super) user: Option<Named>,
}

/// `POST /uploads.json`
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub(super) upload: Token,
}

/// What a file that was sent is attached by.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
}
