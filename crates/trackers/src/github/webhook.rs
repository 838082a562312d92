//! GitHub's webhooks: told genuine by `X-Hub-Signature-256`, read as far as they say which issue is dirty.

use super::address::{Address, Repo};
use crate::connector::time;
use crate::error::WebhookRejected;
use crate::tracker::{Notice, NoticeKind, Webhook};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Reads GitHub's webhooks.
pub(super) struct GitHubWebhook;

/// What a genuine delivery is to us.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// An item is dirty.
    Notice(Notice),
    /// It is about something that is no item: why.
    Ignored(&'static str),
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    #[serde(deserialize_with = "time")]
    updated_at: Timestamp,
    #[serde(default)]
    pull_request: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

#[derive(Deserialize)]
struct Transfer {
    new_issue: Numbered,
    new_repository: Repository,
}

#[derive(Deserialize)]
struct IssueEvent {
    action: String,
    issue: Issue,
    repository: Repository,
    #[serde(default)]
    changes: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(deserialize_with = "time")]
    updated_at: Timestamp,
}

#[derive(Deserialize)]
struct CommentEvent {
    issue: Issue,
    comment: Comment,
    repository: Repository,
}

#[derive(Deserialize)]
struct Child {
    repository_url: String,
    #[serde(flatten)]
    issue: Issue,
}

#[derive(Deserialize)]
struct FamilyEvent {
    sub_issue: Child,
}

impl Webhook for GitHubWebhook {
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-hub-signature-256")
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), WebhookRejected> {
        let signature = headers
            .get("x-hub-signature-256")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("sha256="))
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or(WebhookRejected::Signature)?;
        let genuine = secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .any(|secret| {
                let mut mac =
                    Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
                mac.update(body);
                // In constant time.
                mac.verify_slice(&signature).is_ok()
            });
        if genuine {
            Ok(())
        } else {
            Err(WebhookRejected::Signature)
        }
    }

    fn delivery_id(&self, headers: &HeaderMap, _: &[u8]) -> Option<String> {
        let id = headers.get("x-github-delivery")?.to_str().ok()?;
        Some(id.to_owned())
    }

    fn decode(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let event = headers
            .get("x-github-event")
            .and_then(|value| value.to_str().ok())
            .ok_or_else(|| WebhookRejected::Malformed("no X-GitHub-Event header".to_owned()))?;
        Ok(match read(event, body)? {
            Read::Notice(notice) => vec![notice],
            Read::Ignored(_) => Vec::new(),
        })
    }
}

/// Reads a delivery. An action that is not known is a change: what the item is gets fetched anyway.
pub(super) fn read(event: &str, body: &[u8]) -> Result<Read, WebhookRejected> {
    match event {
        "issues" => issue(&parse::<IssueEvent>(event, body)?),
        "issue_comment" => comment(&parse::<CommentEvent>(event, body)?),
        "sub_issues" => family(&parse::<FamilyEvent>(event, body)?),
        "ping" => Ok(Read::Ignored(
            "a ping says only that the webhook was set up",
        )),
        _ => Ok(Read::Ignored("the event is not about issues")),
    }
}

fn issue(event: &IssueEvent) -> Result<Read, WebhookRejected> {
    if event.issue.pull_request.is_some() {
        return Ok(Read::Ignored("a pull request is no item"));
    }
    let kind = match event.action.as_str() {
        "deleted" => NoticeKind::Deleted,
        "transferred" => NoticeKind::Moved(moved_to(event)),
        _ => NoticeKind::Changed,
    };
    notice(
        &event.repository,
        &event.issue,
        event.issue.updated_at,
        kind,
    )
}

/// An issue was put below another one, or taken away from there: that is a change of its own and none of the one above, whichever
/// of the two repositories tells.
fn family(event: &FamilyEvent) -> Result<Read, WebhookRejected> {
    let child = &event.sub_issue;
    if child.issue.pull_request.is_some() {
        return Ok(Read::Ignored("a pull request is no item"));
    }
    let repo = Repo::of_api_url(&child.repository_url)
        .ok_or_else(|| WebhookRejected::Malformed("its repository has no name".to_owned()))?;
    let repository = Repository {
        full_name: repo.to_string(),
    };
    let at = child.issue.updated_at;
    notice(&repository, &child.issue, at, NoticeKind::Changed).map(unversioned)
}

/// Whether a change of the issue above moves an issue's time is not said: then its version tells nothing.
fn unversioned(read: Read) -> Read {
    match read {
        Read::Notice(notice) => Read::Notice(Notice {
            version: None,
            ..notice
        }),
        ignored @ Read::Ignored(_) => ignored,
    }
}

fn comment(event: &CommentEvent) -> Result<Read, WebhookRejected> {
    if event.issue.pull_request.is_some() {
        return Ok(Read::Ignored("a pull request is no item"));
    }
    let at = event.issue.updated_at.max(event.comment.updated_at);
    notice(&event.repository, &event.issue, at, NoticeKind::Commented)
}

fn notice(
    repository: &Repository,
    issue: &Issue,
    at: Timestamp,
    kind: NoticeKind,
) -> Result<Read, WebhookRejected> {
    // A deleted comment leaves the issue's version as it was.
    let version = (kind == NoticeKind::Changed).then(|| super::decode::version(issue.updated_at));
    let address = address(repository, issue.number)
        .ok_or_else(|| WebhookRejected::Malformed("its repository has no name".to_owned()))?;
    Ok(Read::Notice(Notice {
        item: address.id(),
        kind,
        scope: BTreeMap::from([("repo".to_owned(), repository.full_name.clone())]),
        at: Some(at),
        version,
    }))
}

fn moved_to(event: &IssueEvent) -> Option<String> {
    let changes = event.changes.clone()?;
    let transfer: Transfer = serde_json::from_value(changes).ok()?;
    Some(address(&transfer.new_repository, transfer.new_issue.number)?.id())
}

fn address(repository: &Repository, number: u64) -> Option<Address> {
    Some(Address {
        repo: Repo::parse(&repository.full_name)?,
        number,
    })
}

fn parse<T: DeserializeOwned>(event: &str, body: &[u8]) -> Result<T, WebhookRejected> {
    serde_json::from_slice(body)
        .map_err(|error| WebhookRejected::Malformed(format!("event {event}: {error}")))
}

#[cfg(test)]
mod tests;
