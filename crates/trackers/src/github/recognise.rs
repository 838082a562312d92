//! Whether a write whose answer was lost is there. GitHub's lists and single answers are consistent; its search is not
//! and is not used.

use super::address::{Address, Repo};
use super::{GitHub, client, decode, encode, text, wire};
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use http::StatusCode;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// The measured skew is exact to a second on each side, and times are whole seconds.
const MARGIN: Duration = Duration::from_secs(5);

/// Pages of new issues that are searched for a marker.
const PAGES_MAX: usize = 20;

impl GitHub {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => {
                let title = encode::normalise(
                    &field::SUMMARY.into(),
                    fields.get(field::SUMMARY).unwrap_or(&Value::Empty),
                );
                let title = match &title {
                    Value::Text(title) => title.as_str(),
                    _ => "",
                };
                self.created(&super::repo(scope)?, (marker, title), since)
                    .await
            }
            Effect::Update { item, fields, .. } => {
                let issue = client::issue(&self.client, &super::address(item)?).await?;
                Ok(found_if(
                    holds(&decode::fields(&issue), fields),
                    at_version(&issue),
                ))
            }
            Effect::Mark { item, marker } => {
                let issue = client::issue(&self.client, &super::address(item)?).await?;
                let there = decode::marker(&issue).as_ref() == Some(marker);
                Ok(found_if(there, at_version(&issue)))
            }
            Effect::AddComment { item, marker, .. } => {
                self.commented(&super::address(item)?, marker, since).await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => self.edited(&super::address(item)?, comment, body).await,
            Effect::DeleteComment { item, comment } => {
                let there = self.comment(&super::address(item)?, comment).await?;
                Ok(found_if(there.is_none(), Applied::default()))
            }
            Effect::AddAttachment { .. } | Effect::DeleteAttachment { .. } => {
                Ok(Recognised::NotThere)
            }
            Effect::Delete { .. } => Ok(Recognised::NotThere),
        }
    }

    /// The issues created since, newest first: one that is made meanwhile only repeats an entry. The marker lies in the
    /// body, which a person may have rewritten by now, and GitHub's REST interface does not tell the body before: then
    /// the issues that our account has made with that title are all that can be told. Of several issues with the marker
    /// the oldest is the one: a copy takes over the body.
    async fn created(
        &self,
        repo: &Repo,
        (marker, title): (&Marker, &str),
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let since = since.minus(MARGIN);
        let mut call = Call::get(repo.path("/issues"))
            .query("state", "all")
            .query("sort", "created")
            .query("direction", "desc")
            .query("per_page", client::PAGE_ITEMS.to_string());
        let (mut bare, mut oldest) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let reply = self.client.send(call).await?;
            client::repo_here(&reply, repo)?;
            let issues: Vec<wire::Issue> = reply.json()?;
            let recent = issues
                .iter()
                .filter(|issue| !issue.is_pull_request() && issue.created_at >= since);
            for issue in recent {
                match decode::marker(issue) {
                    Some(found) if found == *marker => {
                        oldest = Some(self.created_as(issue, &reply)?);
                    }
                    Some(_) => {}
                    None => bare.push((issue.clone(), self.created_as(issue, &reply)?)),
                }
            }
            let older = issues.last().is_none_or(|last| last.created_at < since);
            match reply.link("next") {
                Some(next) if !older => call = Call::get(next),
                _ => {
                    return match oldest {
                        Some(oldest) => Ok(Recognised::There(Box::new(oldest))),
                        None => self.alike(repo, bare, title).await,
                    };
                }
            }
        }
        Ok(Recognised::Unclear {
            reason: format!(
                "more than {} issues were created in {repo} since",
                PAGES_MAX * client::PAGE_ITEMS
            ),
        })
    }

    /// Those issues without a marker that our account has made, and that have the title or once had it.
    async fn alike(
        &self,
        repo: &Repo,
        bare: Vec<(wire::Issue, Applied)>,
        title: &str,
    ) -> Result<Recognised, TrackerError> {
        if bare.is_empty() {
            return Ok(Recognised::NotThere);
        }
        let us = decode::user(&self.us().await?).id;
        let mut alike = Vec::new();
        for (issue, applied) in bare {
            let ours = issue
                .user
                .as_ref()
                .is_some_and(|user| decode::user(user).id == us);
            if ours && (issue.title == title || self.was_called(repo, &issue, title).await?) {
                alike.push(applied);
            }
        }
        Ok(match alike.is_empty() {
            true => Recognised::NotThere,
            false => Recognised::Alike(alike),
        })
    }

    /// Whether an issue had a title before it was renamed.
    async fn was_called(
        &self,
        repo: &Repo,
        issue: &wire::Issue,
        title: &str,
    ) -> Result<bool, TrackerError> {
        let call = Call::get(repo.path(&format!("/issues/{}/events", issue.number)));
        let events: Vec<wire::Event> = client::all_pages(&self.client, call).await?;
        let mut renames = events.iter().filter_map(|event| event.rename.as_ref());
        Ok(renames.any(|rename| rename.from == title))
    }

    /// What a create achieved.
    pub(super) fn created_as(
        &self,
        issue: &wire::Issue,
        reply: &Reply,
    ) -> Result<Applied, TrackerError> {
        Ok(Applied {
            created: Some(self.reference(issue, reply)?),
            ..at_version(issue)
        })
    }

    async fn commented(
        &self,
        address: &Address,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let call = Call::get(address.path("/comments"))
            .query("since", since.minus(MARGIN).floor_to_second().to_string());
        let comments: Vec<wire::Comment> = client::all_pages(&self.client, call).await?;
        let found = comments
            .iter()
            .map(decode::comment)
            .find(|comment| comment.marker.as_ref() == Some(marker));
        Ok(match found {
            Some(comment) => Recognised::There(Box::new(Applied {
                comment: Some(Box::new(comment)),
                ..Applied::default()
            })),
            None => Recognised::NotThere,
        })
    }

    async fn edited(
        &self,
        address: &Address,
        comment: &str,
        body: &Document,
    ) -> Result<Recognised, TrackerError> {
        let Some(found) = self.comment(address, comment).await? else {
            return Ok(Recognised::NotThere);
        };
        let found = decode::comment(&found);
        let same = found.body == text::normalised(body);
        let applied = Applied {
            comment: Some(Box::new(found)),
            ..Applied::default()
        };
        Ok(found_if(same, applied))
    }

    /// One comment; `None` when the issue is there and the comment is not.
    pub(super) async fn comment(
        &self,
        address: &Address,
        comment: &str,
    ) -> Result<Option<wire::Comment>, TrackerError> {
        let path = super::comment_path(address, comment)?;
        let call = Call::get(path).accept(&[StatusCode::NOT_FOUND]);
        let reply = self.client.send(call).await?;
        if reply.status == StatusCode::NOT_FOUND {
            client::issue(&self.client, address).await?;
            return Ok(None);
        }
        client::here(&reply)?;
        reply.json().map(Some)
    }
}

fn found_if(there: bool, applied: Applied) -> Recognised {
    if there {
        Recognised::There(Box::new(applied))
    } else {
        Recognised::NotThere
    }
}

/// What an answer that shows the issue achieved.
pub(super) fn at_version(issue: &wire::Issue) -> Applied {
    Applied {
        version: Some(decode::version(issue.updated_at)),
        ..Applied::default()
    }
}

/// Whether an issue holds all that was to be written. What GitHub cannot take is no part of it.
fn holds(fields: &BTreeMap<FieldName, Value>, writes: &BTreeMap<FieldName, FieldWrite>) -> bool {
    writes.iter().all(|(name, write)| match write {
        FieldWrite::Replace(value) => fields
            .get(name)
            .is_none_or(|held| *held == encode::normalise(name, value) || read_only(name)),
        FieldWrite::Elements { add, remove } => {
            let held = elements(fields.get(name));
            let lower = |text: &String| text.to_lowercase();
            add.iter().all(|element| held.contains(&lower(element)))
                && !remove.iter().any(|element| held.contains(&lower(element)))
        }
    })
}

fn read_only(name: &FieldName) -> bool {
    matches!(
        name.as_str(),
        field::REPORTER | field::CREATED | field::UPDATED
    )
}

/// The elements of a set in lower case: GitHub ignores case in labels and logins.
fn elements(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Set(set)) => set.iter().map(|element| element.to_lowercase()).collect(),
        Some(Value::Users(users)) => users.iter().map(|user| user.id.clone()).collect(),
        _ => Vec::new(),
    }
}
