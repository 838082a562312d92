//! Jira's webhooks with a secret: told genuine by `X-Hub-Signature`, read as far as they say which issue is dirty.

use crate::error::WebhookRejected;
use crate::tracker::{Notice, NoticeKind, Webhook};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde::Deserialize;
use sha2::Sha256;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Reads Jira's webhooks.
pub(super) struct JiraWebhook;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "webhookEvent")]
    event: String,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    issue_event_type_name: Option<String>,
    #[serde(default)]
    issue: Option<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    id: String,
    #[serde(default)]
    fields: Fields,
}

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    project: Option<Project>,
    #[serde(default)]
    issuetype: Option<IssueType>,
    #[serde(default)]
    updated: Option<String>,
}

#[derive(Deserialize)]
struct Project {
    key: String,
}

#[derive(Deserialize)]
struct IssueType {
    name: String,
}

impl Webhook for JiraWebhook {
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-hub-signature")
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), WebhookRejected> {
        let shown = headers
            .get("x-hub-signature")
            .and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("sha256="));
        let shown = shown
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or(WebhookRejected::Signature)?;
        let genuine = secrets.iter().any(|secret| {
            let mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key may have any length");
            // Compares in constant time.
            mac.chain_update(body).verify_slice(&shown).is_ok()
        });
        if genuine {
            Ok(())
        } else {
            Err(WebhookRejected::Signature)
        }
    }

    fn delivery_id(&self, headers: &HeaderMap, _: &[u8]) -> Option<String> {
        headers
            .get("x-atlassian-webhook-identifier")?
            .to_str()
            .ok()
            .map(str::to_owned)
    }

    fn decode(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let event: Event = serde_json::from_slice(body)
            .map_err(|error| WebhookRejected::Malformed(error.to_string()))?;
        let kind = match event.event.as_str() {
            "jira:issue_created" | "jira:issue_updated" => NoticeKind::Changed,
            "jira:issue_deleted" => NoticeKind::Deleted,
            "comment_created" | "comment_updated" | "comment_deleted" => NoticeKind::Commented,
            // Sprints, versions, users: nothing that an item is.
            _ => return Ok(Vec::new()),
        };
        let issue = event.issue.ok_or_else(|| {
            WebhookRejected::Malformed(format!("{} without an issue", event.event))
        })?;
        // What is said about a comment or a worklog need not have changed the issue's version.
        let about = event.issue_event_type_name.as_deref().unwrap_or_default();
        let changes_version = kind == NoticeKind::Changed
            && !["comment", "worklog"]
                .iter()
                .any(|word| about.contains(word));
        let updated = issue.fields.updated.as_deref().filter(|_| changes_version);
        let version = updated.and_then(super::decode::version_of);
        let project = issue
            .fields
            .project
            .map(|project| ("project".to_owned(), project.key));
        let kind_of = issue
            .fields
            .issuetype
            .map(|kind| ("type".to_owned(), kind.name));
        let scope: BTreeMap<String, String> = project.into_iter().chain(kind_of).collect();
        Ok(vec![Notice {
            item: issue.id,
            kind,
            scope,
            at: event.timestamp.map(Timestamp::from_millis),
            version,
        }])
    }
}
