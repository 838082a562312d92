//! Whether a write whose answer was lost is there. Redmine's answers come from its database and do not lag.

use super::text::Notation;
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
                let held = decode::fields(&issue, self.notation());
                let there = fields.iter().all(|(name, write)| {
                    let wanted = encode::normalise(
                        name,
                        &encode::after(write, held.get(name)),
                        self.notation(),
                    );
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
            Effect::AddComment {
                item,
                channel,
                marker,
                ..
            } => {
                // A note that is public and was to be private is not the one: another attempt takes it back. Nor is an older
                // one, into which a person copied the source of ours.
                let since = since.minus(MARGIN);
                let is_it = |comment: &Comment| {
                    comment.marker.as_ref() == Some(marker)
                        && comment.channel == *channel
                        && comment.created >= since
                };
                self.comment(item, is_it).await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => {
                let wanted = self.notation().normalised(body);
                self.comment(item, |found| found.id == *comment && found.body == wanted)
                    .await
            }
            Effect::DeleteComment { item, comment } => self.comment_deleted(item, comment).await,
            Effect::AddAttachment { item, marker, .. } => self.attached(item, marker).await,
            Effect::DeleteAttachment { item, attachment } => self.detached(item, attachment).await,
            Effect::Delete { item } => {
                let gone = client::issue(&self.client, &item.id).await?.is_err();
                Ok(found(gone.then(Applied::default)))
            }
        }
    }

    /// Whether a comment was deleted. Redmine leaves private notes out for those who may not see them, so that one that is
    /// not listed was deleted only if this account would see it.
    async fn comment_deleted(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Recognised, TrackerError> {
        let issue = client::issue_here(&self.client, &item.id).await?;
        if let Some(shown) = shown(&issue, comment, self.notation()) {
            // Of notes that were removed only the changes are left that were made with them.
            return Ok(found(shown.is_none().then(Applied::default)));
        }
        if !self.sees_private_notes(issue.project.id).await? {
            return Ok(Recognised::Unclear {
                reason: "Redmine does not let this account see private notes, and this may have become one"
                    .to_owned(),
            });
        }
        // Looked at again: the permission may have come back after the first look.
        let issue = client::issue_here(&self.client, &item.id).await?;
        let there = shown(&issue, comment, self.notation()).flatten().is_some();
        Ok(found((!there).then(Applied::default)))
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
            .filter_map(|journal| decode::comment(journal, self.notation()))
            .find(is_it);
        Ok(found(written.map(|comment| Applied {
            comment: Some(Box::new(comment)),
            ..at_version(&issue)
        })))
    }

    /// The marker that an issue carries, or was made with.
    async fn made_with(&self, issue: &super::wire::Issue) -> Result<Option<Marker>, TrackerError> {
        let (_, present) = text::split(issue.description.as_deref().unwrap_or_default());
        if present.is_some() {
            return Ok(present);
        }
        let whole = client::issue(&self.client, &issue.id.to_string()).await?;
        Ok(whole.ok().as_ref().and_then(first_marker))
    }

    /// The issues made since, newest first: one that is made meanwhile only repeats an entry. The marker lies in the
    /// description, which a person may have rewritten by now: then the issue's journal still has the text that it was made
    /// with. Of several issues the oldest is the one: a copy takes over the description with its marker.
    async fn created(
        &self,
        scope: &Scope,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let since = since.minus(MARGIN);
        let (mut offset, mut oldest) = (0, None);
        for _ in 0..PAGES_MAX {
            let (page, _) = self.newest(scope, offset).await?;
            let recent = page.issues.iter().filter(|issue| issue.created_on >= since);
            for issue in recent {
                if self.made_with(issue).await?.as_ref() == Some(marker) {
                    oldest = Some(Applied {
                        created: Some(self.reference(issue.id)),
                        ..at_version(issue)
                    });
                }
            }
            let older = page
                .issues
                .last()
                .is_none_or(|last| last.created_on < since);
            offset += page.issues.len();
            if older || offset as u64 >= page.total_count {
                return Ok(found(oldest));
            }
        }
        let searched = PAGES_MAX * client::PAGE_ISSUES;
        Ok(Recognised::Unclear {
            reason: format!("more than {searched} issues were made in the project since"),
        })
    }
}

/// What an issue shows of a comment: `Some(None)` where its notes were removed, `None` where it is not listed.
fn shown(issue: &super::wire::Issue, comment: &str, notation: Notation) -> Option<Option<Comment>> {
    let mut journals = issue.journals.iter().flatten();
    let journal = journals.find(|journal| journal.id.to_string() == comment)?;
    Some(decode::comment(journal, notation))
}

/// The marker of the description that an issue was made with, as the first change of the description recorded it.
fn first_marker(issue: &super::wire::Issue) -> Option<Marker> {
    let details = issue
        .journals
        .iter()
        .flatten()
        .flat_map(|journal| &journal.details);
    let mut described =
        details.filter(|detail| detail.property == "attr" && detail.name == "description");
    text::split(described.next()?.old_value.as_str()?).1
}

pub(super) fn at_version(issue: &super::wire::Issue) -> Applied {
    Applied {
        version: Some(decode::version(issue.updated_on)),
        ..Applied::default()
    }
}

pub(super) fn found(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
