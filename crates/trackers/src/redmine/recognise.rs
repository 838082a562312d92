//! Whether a write whose answer was lost is there. Redmine's answers come from its database and do not lag.

use super::{Redmine, client, decode, encode, text};
use crate::error::TrackerError;
use crate::tracker::Scope;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Comment, ItemId};
use twinline_core::marker::Marker;
use twinline_core::time::Timestamp;

/// Times are whole seconds on each side.
const MARGIN: Duration = Duration::from_secs(5);

/// Pages of new issues that are searched for a marker.
const PAGES_MAX: usize = 20;

impl Redmine {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        match effect {
            Effect::Create { scope, marker, .. } => self.created(scope, marker, since).await,
            Effect::Update { item, fields, .. } => {
                let issue = client::issue_here(&self.client, &item.id).await?;
                let held = decode::fields(&issue);
                let there = fields.iter().all(|(name, write)| {
                    let wanted = encode::normalise(name, &encode::after(write, held.get(name)));
                    held.get(name).is_none_or(|held| *held == wanted)
                });
                Ok(found(there.then(|| at_version(&issue))))
            }
            Effect::Mark { item, marker } => {
                let issue = client::issue_here(&self.client, &item.id).await?;
                let (_, present) = text::split(issue.description.as_deref().unwrap_or_default());
                Ok(found(
                    (present.as_ref() == Some(marker)).then(|| at_version(&issue)),
                ))
            }
            Effect::AddComment { item, marker, .. } => {
                self.comment(item, |comment| comment.marker.as_ref() == Some(marker))
                    .await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => {
                let wanted = text::normalised(body);
                self.comment(item, |found| found.id == *comment && found.body == wanted)
                    .await
            }
            Effect::DeleteComment { item, comment } => {
                let still = self.comment(item, |found| found.id == *comment).await?;
                let gone = matches!(still, Recognised::NotThere);
                Ok(found(gone.then(Applied::default)))
            }
            Effect::Delete { item } => {
                let gone = client::issue(&self.client, &item.id).await?.is_err();
                Ok(found(gone.then(Applied::default)))
            }
        }
    }

    async fn comment(
        &self,
        item: &ItemId,
        is_it: impl Fn(&Comment) -> bool,
    ) -> Result<Recognised, TrackerError> {
        let issue = client::issue_here(&self.client, &item.id).await?;
        let written = issue
            .journals
            .iter()
            .flatten()
            .filter_map(decode::comment)
            .find(is_it);
        Ok(found(written.map(|comment| Applied {
            comment: Some(Box::new(comment)),
            ..at_version(&issue)
        })))
    }

    /// The issues made since, newest first: one that is made meanwhile only repeats an entry.
    async fn created(
        &self,
        scope: &Scope,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let since = since.minus(MARGIN);
        let mut offset = 0;
        for _ in 0..PAGES_MAX {
            let (page, _) = self.newest(scope, offset).await?;
            for issue in &page.issues {
                let (_, present) = text::split(issue.description.as_deref().unwrap_or_default());
                if present.as_ref() == Some(marker) && issue.created_on >= since {
                    let created = Some(self.reference(issue.id));
                    return Ok(found(Some(Applied {
                        created,
                        ..at_version(issue)
                    })));
                }
            }
            let older = page
                .issues
                .last()
                .is_none_or(|last| last.created_on < since);
            offset += page.issues.len();
            if older || offset as u64 >= page.total_count {
                return Ok(Recognised::NotThere);
            }
        }
        let searched = PAGES_MAX * client::PAGE_ISSUES;
        Ok(Recognised::Unclear {
            reason: format!("more than {searched} issues were made in the project since"),
        })
    }
}

fn at_version(issue: &super::wire::Issue) -> Applied {
    Applied {
        version: Some(decode::version(issue.updated_on)),
        ..Applied::default()
    }
}

fn found(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
