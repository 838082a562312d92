//! What Zendesk sends, as far as it is read. Source: Zendesk's API reference, "Ticketing" and "Webhooks".

use crate::connector::{maybe_time, time};
use serde::Deserialize;
use serde_json::Value as Json;
use twinline_core::time::Timestamp;

/// A ticket.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) status: String,
    #[serde(deserialize_with = "time")]
    pub(super) created_at: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) updated_at: Timestamp,
    #[serde(default)]
    pub(super) subject: Option<String>,
    /// The words of the first comment.
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) custom_status_id: Option<u64>,
    #[serde(default)]
    pub(super) priority: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) requester_id: Option<u64>,
    #[serde(default)]
    pub(super) assignee_id: Option<u64>,
    #[serde(default)]
    pub(super) group_id: Option<u64>,
    #[serde(default)]
    pub(super) brand_id: Option<u64>,
    #[serde(default)]
    pub(super) external_id: Option<String>,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) due_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) custom_fields: Vec<CustomValue>,
}

/// The value of a custom field.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CustomValue {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) value: Json,
}

/// A ticket as the export has it: of one that was scrubbed little is left.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) id: u64,
    #[serde(deserialize_with = "time")]
    pub(super) updated_at: Timestamp,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) external_id: Option<String>,
    #[serde(default)]
    pub(super) group_id: Option<u64>,
    #[serde(default)]
    pub(super) brand_id: Option<u64>,
}

/// `GET /tickets/{id}`, and the answer to a write.
#[derive(Debug, Deserialize)]
pub(super) struct OneTicket {
    pub(super) ticket: Ticket,
    /// Only after a write.
    #[serde(default)]
    pub(super) audit: Option<Audit>,
    /// Only with `include=users`.
    #[serde(default)]
    pub(super) users: Vec<User>,
}

/// `GET /tickets` and `GET /tickets/show_many`
#[derive(Debug, Deserialize)]
pub(super) struct Tickets {
    pub(super) tickets: Vec<Ticket>,
}

/// `GET /tickets` in the order of changes.
#[derive(Debug, Deserialize)]
pub(super) struct Recent {
    pub(super) tickets: Vec<Listed>,
    pub(super) meta: Meta,
}

/// `GET /incremental/tickets/cursor`
#[derive(Debug, Deserialize)]
pub(super) struct Export {
    pub(super) tickets: Vec<Listed>,
    #[serde(default)]
    pub(super) after_cursor: Option<String>,
    pub(super) end_of_stream: bool,
}

/// `GET /search/export`
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) results: Vec<Ticket>,
    pub(super) meta: Meta,
}

/// `GET /search/count`
#[derive(Debug, Deserialize)]
pub(super) struct Counted {
    pub(super) count: u64,
}

/// Where a list goes on.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) has_more: bool,
    #[serde(default)]
    pub(super) after_cursor: Option<String>,
}

impl Meta {
    /// The next page's cursor; `None` on the last.
    pub(super) fn next(self) -> Option<String> {
        self.after_cursor.filter(|_| self.has_more)
    }
}

/// `GET /tickets/{id}/comments`
#[derive(Debug, Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Vec<Comment>,
    #[serde(default)]
    pub(super) users: Vec<User>,
    #[serde(default)]
    pub(super) meta: Meta,
}

/// A comment, also as the event of an audit.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) author_id: Option<u64>,
    #[serde(default)]
    pub(super) html_body: Option<String>,
    #[serde(default)]
    pub(super) body: Option<String>,
    /// Whether the requester reads it.
    #[serde(default)]
    pub(super) public: Option<bool>,
    /// Not in the event of an audit.
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) attachments: Vec<Attachment>,
}

/// A file of a comment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) file_name: String,
    #[serde(default)]
    pub(super) content_type: Option<String>,
    #[serde(default)]
    pub(super) size: u64,
    /// Where it is, with a token that opens it.
    #[serde(default)]
    pub(super) content_url: String,
    #[serde(default)]
    pub(super) deleted: bool,
}

/// `GET /attachments/{id}`
#[derive(Debug, Deserialize)]
pub(super) struct OneAttachment {
    pub(super) attachment: Attachment,
}

/// `POST /uploads`
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub(super) upload: Token,
}

/// What a file that was sent is attached by.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
}

/// What an update was sent with.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) custom: Json,
}

/// `GET /tickets/{id}/audits`
#[derive(Debug, Deserialize)]
pub(super) struct Audits {
    pub(super) audits: Vec<Audit>,
    #[serde(default)]
    pub(super) meta: Meta,
}

/// One update of a ticket.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Audit {
    #[serde(deserialize_with = "time")]
    pub(super) created_at: Timestamp,
    #[serde(default)]
    pub(super) author_id: Option<i64>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    /// Of many kinds; those that are read are taken apart where they are.
    #[serde(default)]
    pub(super) events: Vec<Json>,
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    /// None of one who is not signed in.
    #[serde(default)]
    pub(super) id: Option<u64>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
    /// `end-user`, `agent` or `admin`.
    #[serde(default)]
    pub(super) role: Option<String>,
    #[serde(default)]
    pub(super) suspended: Option<bool>,
    /// False of one who was deleted.
    #[serde(default)]
    pub(super) active: Option<bool>,
}

impl User {
    /// Whether tickets can be assigned to them.
    pub(super) fn works(&self) -> bool {
        matches!(self.role.as_deref(), Some("agent" | "admin")) && self.active != Some(false)
    }

    /// Why they can request no ticket; `None`: they can.
    pub(super) fn barred(&self) -> Option<&'static str> {
        match (self.suspended, self.active) {
            (_, Some(false)) => Some("was deleted at Zendesk"),
            (Some(true), _) => Some("is suspended at Zendesk"),
            _ => None,
        }
    }
}

/// `GET /users/me` and `GET /users/{id}`
#[derive(Debug, Deserialize)]
pub(super) struct OneUser {
    pub(super) user: User,
}

/// `GET /users`, `GET /groups/{id}/users`, `GET /users/search`
#[derive(Debug, Deserialize)]
pub(super) struct Users {
    pub(super) users: Vec<User>,
    #[serde(default)]
    pub(super) meta: Meta,
}

/// A group or brand.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
}

/// A custom status. Its category is one of the system's statuses.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) status_category: String,
    #[serde(default)]
    pub(super) agent_label: String,
    #[serde(default)]
    pub(super) active: Option<bool>,
}

/// `GET /custom_statuses`
#[derive(Debug, Deserialize)]
pub(super) struct Statuses {
    pub(super) custom_statuses: Vec<Status>,
}

/// A ticket field.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Field {
    pub(super) id: u64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) active: Option<bool>,
    /// False for the fields that every account has.
    #[serde(default)]
    pub(super) removable: Option<bool>,
    #[serde(default)]
    pub(super) custom_field_options: Vec<FieldOption>,
    /// The tag of a ticket whose checkbox is set.
    #[serde(default)]
    pub(super) tag: Option<String>,
    /// What a lookup leads to: `zen:user`.
    #[serde(default)]
    pub(super) relationship_target_type: Option<String>,
}

/// An option of a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FieldOption {
    #[serde(default)]
    pub(super) name: String,
    pub(super) value: String,
}

/// `GET /deleted_tickets`
#[derive(Debug, Deserialize)]
pub(super) struct Deleted {
    pub(super) deleted_tickets: Vec<DeletedTicket>,
    #[serde(default)]
    pub(super) meta: Meta,
}

/// A ticket in the bin.
#[derive(Debug, Deserialize)]
pub(super) struct DeletedTicket {
    pub(super) id: u64,
}

/// `GET /webhooks`
#[derive(Debug, Deserialize)]
pub(super) struct Webhooks {
    pub(super) webhooks: Vec<Hook>,
    #[serde(default)]
    pub(super) meta: Meta,
}

/// The answer to the creation of a webhook.
#[derive(Debug, Deserialize)]
pub(super) struct OneWebhook {
    pub(super) webhook: Hook,
}

/// A webhook.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Hook {
    pub(super) id: String,
    #[serde(default)]
    pub(super) endpoint: String,
    /// `active` or `inactive`.
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) subscriptions: Vec<String>,
}

/// `GET /webhooks/{id}/signing_secret`
#[derive(Deserialize)]
pub(super) struct Signing {
    pub(super) signing_secret: SigningSecret,
}

/// What a webhook is signed with. Never shown: it has no `Debug`.
#[derive(Deserialize)]
pub(super) struct SigningSecret {
    pub(super) secret: String,
}

/// `GET /webhooks/{id}/invocations`
#[derive(Debug, Deserialize)]
pub(super) struct Invocations {
    #[serde(default)]
    pub(super) invocations: Vec<Invocation>,
}

/// One delivery.
#[derive(Debug, Deserialize)]
pub(super) struct Invocation {
    /// `success`, `failed` or `circuit broken`.
    #[serde(default)]
    pub(super) status: String,
}
