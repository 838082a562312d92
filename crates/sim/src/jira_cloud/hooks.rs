//! Admin webhooks: what they say, how they are signed, when they are tried again.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/webhooks/>.

use super::JiraCloud;
use super::bean::Wanted;
use super::edit::By;
use super::model::{Change, Comment};
use crate::call::hmac_sha256_hex;
use crate::simulator::{Delivered, Webhook};
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How often Jira tries again.
const MOST_RETRIES: u32 = 5;

/// Registered webhooks and those on their way.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    targets: Vec<Target>,
    outbox: Vec<Webhook>,
    newest: u64,
    /// The failed attempts of deliveries that will be tried again, by delivery.
    retries: BTreeMap<u64, u32>,
}

#[derive(Debug)]
struct Target {
    url: http::Uri,
    secret: Option<String>,
}

/// What happened to an issue.
pub(super) enum Event<'a> {
    Created,
    Updated {
        kind: &'static str,
        change: &'a Change,
    },
    Deleted,
}

/// What happened to a comment.
#[derive(Clone, Copy)]
pub(super) enum CommentEvent {
    Created,
    Updated,
    Deleted,
}

impl Hooks {
    pub(super) fn register(&mut self, url: http::Uri, secret: Option<String>) {
        self.targets.push(Target { url, secret });
    }

    pub(super) fn take(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.outbox)
    }

    /// After how long a delivery is tried again: within 5 to 15 minutes, at most five times, and only for answers
    /// that promise something.
    pub(super) fn delivered(&mut self, delivery: u64, how: &Delivered) -> Option<Duration> {
        let again = match how {
            Delivered::Failed { .. } => true,
            Delivered::Answered { status, .. } => {
                matches!(status, 408 | 409 | 425 | 429 | 500..=599)
            }
        };
        let retries = self.retries.remove(&delivery).unwrap_or(0);
        if !again || retries >= MOST_RETRIES {
            return None;
        }
        self.retries.insert(delivery, retries + 1);
        // Spread over the ten minutes without randomness, so that a run can be repeated exactly.
        let spread = (delivery * 7919 + u64::from(retries) * 104_729) % 600;
        Some(Duration::from_secs(300 + spread))
    }

    fn send(&mut self, at: Timestamp, body: &Value) {
        let body = body.to_string();
        for target in &self.targets {
            self.newest += 1;
            let mut request = Request::post(target.url.clone())
                .header(header::CONTENT_TYPE, "application/json; charset=UTF-8")
                .header(header::USER_AGENT, "Atlassian Webhook HTTP Client")
                .header(
                    "x-atlassian-webhook-identifier",
                    identifier(self.newest, &body),
                );
            if let Some(secret) = &target.secret {
                let signature = hmac_sha256_hex(secret, body.as_bytes());
                request = request.header("x-hub-signature", format!("sha256={signature}"));
            }
            let request = request
                .body(Bytes::from(body.clone()))
                .expect("the target's URL was checked");
            self.outbox.push(Webhook {
                delivery: self.newest,
                request,
                at,
            });
        }
    }
}

/// An identifier in the form of a UUID, the same on every attempt.
fn identifier(delivery: u64, body: &str) -> String {
    let hex = hmac_sha256_hex(&delivery.to_string(), body.as_bytes());
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[0..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &hex[18..30]
    )
}

impl JiraCloud {
    /// Tells the webhooks about an issue. Webhooks carry issues in the form of the API's version 2: plain text.
    pub(super) fn tell_issue(&mut self, by: By<'_>, id: u64, event: Event<'_>) {
        if self.hooks.targets.is_empty() {
            return;
        }
        let wanted = Wanted {
            fields: vec!["*all".to_owned(), "-comment".to_owned()],
            wiki: true,
            ..Wanted::default()
        };
        let mut issue = self.bean(self.issue(id), &wanted);
        strip_expand(&mut issue);
        let mut body = json!({"timestamp": by.now.as_millis(), "user": self.show().account(by.who, ""), "issue": issue});
        let (name, kind) = match event {
            Event::Created => ("jira:issue_created", Some("issue_created")),
            Event::Updated { kind, .. } => ("jira:issue_updated", Some(kind)),
            Event::Deleted => ("jira:issue_deleted", None),
        };
        body["webhookEvent"] = json!(name);
        if let Some(kind) = kind {
            body["issue_event_type_name"] = json!(kind);
        }
        if let Event::Updated { change, .. } = event {
            let items: Vec<Value> = change
                .items
                .iter()
                .map(|item| self.show().change_item(item))
                .collect();
            body["changelog"] = json!({"id": change.id.to_string(), "items": items});
        }
        self.hooks.send(by.now, &body);
    }

    /// Tells the webhooks about a comment. The issue in it has only a few fields.
    pub(super) fn tell_comment(
        &mut self,
        by: By<'_>,
        id: u64,
        comment: &Comment,
        event: CommentEvent,
    ) {
        if self.hooks.targets.is_empty() {
            return;
        }
        let fields = [
            "summary",
            "issuetype",
            "project",
            "assignee",
            "priority",
            "status",
        ];
        let wanted = Wanted {
            fields: fields.map(str::to_owned).to_vec(),
            wiki: true,
            ..Wanted::default()
        };
        let issue = self.issue(id);
        let mut shown = self.bean(issue, &wanted);
        strip_expand(&mut shown);
        let name = match event {
            CommentEvent::Created => "comment_created",
            CommentEvent::Updated => "comment_updated",
            CommentEvent::Deleted => "comment_deleted",
        };
        let body = json!({"timestamp": by.now.as_millis(), "webhookEvent": name, "eventType": "primaryAction",
            "comment": self.show().comment(issue, comment, "", true), "issue": shown});
        self.hooks.send(by.now, &body);
    }
}

fn strip_expand(issue: &mut Value) {
    if let Some(issue) = issue.as_object_mut() {
        issue.remove("expand");
    }
}
