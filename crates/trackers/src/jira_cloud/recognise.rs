//! Whether a write whose answer was lost is there.
//!
//! Single issues, their comments and bulk fetches are consistent; the search is not. A created issue is therefore looked
//! for by its key: keys are given in order, so it lies above every key that was given before the attempt.

use super::{Jira, client, decode, encode, wire};
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{ItemId, Value, field};
use twinline_core::marker::Marker;
use twinline_core::time::Timestamp;

/// Keys that are looked at, at most.
const KEYS_MAX: usize = 10_000;
/// So many keys in a row without an issue end the search: deleted and hidden issues leave gaps, of thousands after a
/// clean-up or a change of permissions.
const GAP_MAX: usize = 5000;

impl Jira {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        match effect {
            Effect::Create { scope, marker, .. } => {
                self.created(super::project(scope)?, marker, since).await
            }
            Effect::Update { item, fields, .. } => {
                let issue = client::issue_here(&self.client, &item.id).await?;
                let kinds = self.kinds(&issue).await?;
                let held = decode::fields(&issue.fields, &kinds);
                let there = fields.iter().all(|(name, write)| match write {
                    FieldWrite::Replace(value) => held
                        .get(name)
                        .is_none_or(|held| *held == encode::normalise(name, value)),
                    FieldWrite::Elements { add, remove } => match held.get(name) {
                        Some(Value::Set(set)) => {
                            let add = encode::normalise(name, &Value::Set(add.clone()));
                            let remove = encode::normalise(name, &Value::Set(remove.clone()));
                            subset(&add, set) && disjoint(&remove, set)
                        }
                        _ => add.is_empty(),
                    },
                });
                Ok(found(there.then(|| at_version(&issue))))
            }
            Effect::Mark { item, marker } => {
                let issue = client::issue_here(&self.client, &item.id).await?;
                let there = decode::marker(&issue).as_ref() == Some(marker);
                Ok(found(there.then(|| at_version(&issue))))
            }
            Effect::AddComment { item, marker, .. } => {
                let comments = client::comments(&self.client, &item.id).await?;
                let mut read = comments.iter().map(decode::comment);
                Ok(found(
                    read.find(|comment| comment.marker.as_ref() == Some(marker))
                        .map(with_comment),
                ))
            }
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => {
                let wanted =
                    encode::normalise(&field::DESCRIPTION.into(), &Value::Rich(body.clone()));
                let there = self
                    .comment_there(item, comment)
                    .await?
                    .map(|comment| decode::comment(&comment));
                Ok(found(
                    there
                        .filter(|there| Value::Rich(there.body.clone()) == wanted)
                        .map(with_comment),
                ))
            }
            Effect::DeleteComment { item, comment } => self.comment_deleted(item, comment).await,
            Effect::AddAttachment { item, file, .. } => self.attached(item, file, since).await,
            Effect::DeleteAttachment { item, attachment } => self.detached(item, attachment).await,
            Effect::Delete { item } => {
                let gone = client::issue(&self.client, &item.id).await?.is_err();
                Ok(found(gone.then(Applied::default)))
            }
        }
    }

    /// A comment of an issue that must be there.
    async fn comment_there(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Option<wire::Comment>, TrackerError> {
        client::issue_here(&self.client, &item.id).await?;
        self.one_comment(item, comment).await
    }

    /// Whether a comment was deleted. Jira shows one that is restricted to others as it shows one that is not there,
    /// but for one operation: the keys of its properties are *not found* where there is no such comment, and *forbidden*
    /// where this account may not read it. Source: the API description of `GET /comment/{commentId}/properties`.
    async fn comment_deleted(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Recognised, TrackerError> {
        let call = Call::get(format!("/rest/api/3/comment/{comment}/properties"))
            .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        match self.client.send(call).await?.status {
            StatusCode::NOT_FOUND => {
                client::issue_here(&self.client, &item.id).await?;
                Ok(found(Some(Applied::default())))
            }
            StatusCode::FORBIDDEN => Ok(Recognised::Unclear {
                reason: "Jira no longer lets this account read it".to_owned(),
            }),
            _ => Ok(Recognised::NotThere),
        }
    }

    async fn created(
        &self,
        project: &str,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let first = self.key_before(project, since).await? + 1;
        let mut gap = 0;
        for start in (first..)
            .step_by(client::PAGE_ISSUES)
            .take(KEYS_MAX / client::PAGE_ISSUES)
        {
            let keys: Vec<String> = (start..start + client::PAGE_ISSUES as u64)
                .map(|number| format!("{project}-{number}"))
                .collect();
            let issues = client::bulk(&self.client, &keys).await?;
            // A clone takes over the properties; it has a greater id.
            let marked = issues
                .iter()
                .filter(|issue| decode::marker(issue).as_ref() == Some(marker));
            if let Some(issue) = marked.min_by_key(|issue| issue.id.parse::<u64>().ok()) {
                let created = Some(self.reference(&issue.id, &issue.key));
                return Ok(found(Some(Applied {
                    created,
                    ..at_version(issue)
                })));
            }
            gap = if issues.is_empty() {
                gap + client::PAGE_ISSUES
            } else {
                0
            };
            if gap >= GAP_MAX {
                return Ok(Recognised::NotThere);
            }
        }
        Ok(Recognised::Unclear {
            reason: format!(
                "more than {KEYS_MAX} issues lie above {project}-{}",
                first.saturating_sub(1)
            ),
        })
    }
}

fn subset(part: &Value, set: &std::collections::BTreeSet<String>) -> bool {
    matches!(part, Value::Set(part) if part.is_subset(set))
}

fn disjoint(part: &Value, set: &std::collections::BTreeSet<String>) -> bool {
    matches!(part, Value::Set(part) if part.is_disjoint(set))
}

fn with_comment(comment: twinline_core::item::Comment) -> Applied {
    Applied {
        comment: Some(Box::new(comment)),
        ..Applied::default()
    }
}

fn at_version(issue: &wire::Issue) -> Applied {
    Applied {
        version: decode::version(issue),
        ..Applied::default()
    }
}

pub(super) fn found(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
