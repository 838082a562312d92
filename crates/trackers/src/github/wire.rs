//! What GitHub sends, as far as it is read. Source: GitHub's own OpenAPI description of its REST interface.

use crate::connector::time;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// An issue, or a pull request: those are issues too.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Issue {
    /// By which requests about sub-issues know it, and nothing else.
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) state: String,
    #[serde(default)]
    pub(super) state_reason: Option<String>,
    pub(super) html_url: String,
    pub(super) repository_url: String,
    /// `null` for a deleted account.
    pub(super) user: Option<Account>,
    pub(super) labels: Vec<Label>,
    #[serde(default)]
    pub(super) assignees: Option<Vec<Account>>,
    pub(super) milestone: Option<Milestone>,
    /// Missing where the owner has no issue types.
    #[serde(default, rename = "type", deserialize_with = "present")]
    pub(super) kind: Option<Option<IssueType>>,
    /// Missing where sub-issues are not offered.
    #[serde(default, deserialize_with = "present")]
    pub(super) parent_issue_url: Option<Option<String>>,
    #[serde(default)]
    pub(super) comments: u64,
    #[serde(deserialize_with = "time")]
    pub(super) created_at: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) updated_at: Timestamp,
    #[serde(default)]
    pub(super) pull_request: Option<serde_json::Value>,
}

impl Issue {
    pub(super) const fn is_pull_request(&self) -> bool {
        self.pull_request.is_some()
    }
}

/// A person, a bot or an organisation.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Account {
    pub(super) login: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
}

/// `GET /app`: an app that asks about itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct App {
    /// Its name in addresses, and that of its bot.
    pub(super) slug: String,
    pub(super) name: String,
}

/// `GET /app/installations/{installation_id}`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Installation {
    /// By GitHub's name of what is permitted: `read` or `write`.
    #[serde(default)]
    pub(super) permissions: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) suspended_at: Option<String>,
}

/// `GET /installation/repositories`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reachable {
    pub(super) total_count: u64,
}

/// A label: an object, or in old answers only its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Label {
    Name(String),
    Object { name: String },
}

impl Label {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Object { name } => name,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Milestone {
    pub(super) number: u64,
    pub(super) title: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct IssueType {
    pub(super) name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) body: Option<String>,
    pub(super) user: Option<Account>,
    pub(super) html_url: String,
    pub(super) issue_url: String,
    #[serde(deserialize_with = "time")]
    pub(super) created_at: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) updated_at: Timestamp,
}

/// One entry of an issue's history.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    pub(super) event: String,
    pub(super) actor: Option<Account>,
    #[serde(deserialize_with = "time")]
    pub(super) created_at: Timestamp,
    /// Of `renamed` only.
    #[serde(default)]
    pub(super) rename: Option<Rename>,
}

/// A change of a title.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rename {
    /// The title before.
    pub(super) from: String,
}

/// A repository's webhook.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Hook {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) config: HookConfig,
    #[serde(default)]
    pub(super) active: Option<bool>,
    /// `*` for all.
    #[serde(default)]
    pub(super) events: Vec<String>,
    #[serde(default)]
    pub(super) last_response: Option<LastResponse>,
}

/// What the webhook's receiver said last.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct LastResponse {
    /// None before the first delivery.
    #[serde(default)]
    pub(super) code: Option<i64>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

/// `GET /repos/{owner}/{repo}`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repository {
    #[serde(default)]
    pub(super) archived: bool,
    #[serde(default)]
    pub(super) has_issues: Option<bool>,
    /// What our account may do there.
    #[serde(default)]
    pub(super) permissions: Option<Permissions>,
}

/// A role in a repository includes the lesser ones.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub(super) push: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct HookConfig {
    #[serde(default)]
    pub(super) url: Option<String>,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Delivery {
    pub(super) id: u64,
    /// The delivery's id, the same for each attempt.
    pub(super) guid: String,
    /// The status of the answer; 0 where none came.
    pub(super) status_code: u16,
}

impl Delivery {
    /// Whether the receiver took it: what GitHub calls a success.
    pub(super) const fn is_taken(&self) -> bool {
        self.status_code >= 200 && self.status_code < 400
    }
}

/// Keeps a `null` apart from a missing key.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
