//! Whether a write whose answer was lost is there. Single items, their comments and queries are read from one database.
//!
//! A comment is known by its marker, and where an editor or the service has taken that away by author, text and time.

use super::query::quoted;
use super::{Azure, client, decode, encode, text, wire};
use crate::error::TrackerError;
use serde_json::json;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{Comment, ItemId, Value};
use twinline_core::marker::Marker;
use twinline_core::richtext::{Dialect, Document};
use twinline_core::time::Timestamp;

/// Clocks are known to the second.
const MARGIN: Duration = Duration::from_secs(5);
/// Pages of new items that are looked through.
const PAGES_MAX: usize = 20;

impl Azure {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let since = since.minus(MARGIN);
        match effect {
            Effect::Create { marker, .. } => self.created(marker, since).await,
            Effect::Update { item, fields, .. } => {
                let found = client::item_here(&self.client, &item.id).await?;
                let shape = self.shape_of(&found).await?;
                let held = decode::fields(&found, &shape);
                let there = fields.iter().all(|(name, write)| match write {
                    FieldWrite::Replace(value) => held
                        .get(name)
                        .is_none_or(|held| holds(held, &encode::normalise(name, value))),
                    FieldWrite::Elements { add, remove } => match held.get(name) {
                        Some(Value::Set(set)) => {
                            let small = |text: &String| text.to_lowercase();
                            let set: Vec<String> = set.iter().map(small).collect();
                            add.iter().all(|tag| set.contains(&small(tag)))
                                && !remove.iter().any(|tag| set.contains(&small(tag)))
                        }
                        _ => add.is_empty(),
                    },
                });
                Ok(found_if(there.then(|| at_version(&found))))
            }
            Effect::Mark { item, marker } => {
                let found = client::item_here(&self.client, &item.id).await?;
                let there = text::marker(&found).as_ref() == Some(marker);
                Ok(found_if(there.then(|| at_version(&found))))
            }
            Effect::AddComment {
                item, body, marker, ..
            } => self.said(item, body, marker, since).await,
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => {
                client::item_here(&self.client, &item.id).await?;
                let there = self.one_comment(item, comment).await?;
                let there = there.filter(|there| !there.is_deleted);
                let there = there.map(|there| decode::comment(&item.id, &there));
                let wanted = Dialect::Html.project(body).0;
                Ok(found_if(
                    there.filter(|there| there.body == wanted).map(with_comment),
                ))
            }
            Effect::DeleteComment { item, comment } => {
                client::item_here(&self.client, &item.id).await?;
                let there = self.one_comment(item, comment).await?;
                let gone = there.is_none_or(|there| there.is_deleted);
                Ok(found_if(gone.then(Applied::default)))
            }
            Effect::AddAttachment { item, marker, .. } => self.attached(item, marker).await,
            Effect::DeleteAttachment { item, attachment } => self.detached(item, attachment).await,
            Effect::Delete { item } => {
                let gone = client::item(&self.client, &item.id).await?.is_err();
                Ok(found_if(gone.then(Applied::default)))
            }
        }
    }

    async fn said(
        &self,
        item: &ItemId,
        body: &Document,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        // The item may have moved since: then its comments lie elsewhere.
        self.forget_project(&item.id);
        let project = self.project_of(&item.id).await?;
        let listed = client::comments(&self.client, &project, &item.id).await?;
        let read: Vec<Comment> = listed
            .iter()
            .map(|one| decode::comment(&item.id, one))
            .collect();
        if let Some(marked) = read
            .iter()
            .find(|comment| comment.marker.as_ref() == Some(marker))
        {
            return Ok(found_if(Some(with_comment(marked.clone()))));
        }
        let wanted = Dialect::Html.project(body).0;
        let alike = |comment: &&Comment| {
            comment.marker.is_none() && comment.created >= since && comment.body == wanted
        };
        if !read.iter().any(|comment| alike(&comment)) {
            return Ok(Recognised::NotThere);
        }
        let us = self.us().await?;
        let ours = read
            .iter()
            .filter(alike)
            .find(|comment| comment.author.id == us.id);
        Ok(found_if(ours.cloned().map(with_comment)))
    }

    /// An item that we have made since and that carries a marker: of several the oldest, since a copy takes the link over.
    async fn created(&self, marker: &Marker, since: Timestamp) -> Result<Recognised, TrackerError> {
        let mut after = 0;
        for _ in 0..PAGES_MAX {
            let wiql = format!(
                "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedBy] = @Me AND [System.CreatedDate] >= {} AND \
                 [System.Id] > {after} ORDER BY [System.Id]",
                quoted(&since.to_string())
            );
            let ids = client::query(&self.client, &wiql).await?;
            let links = json!({ "$expand": "relations" });
            let (mut items, _) = client::items(&self.client, &ids, links).await?;
            items.sort_by_key(|item| item.id);
            let made = items
                .iter()
                .find(|item| text::marker(item).as_ref() == Some(marker));
            if let Some(made) = made {
                return Ok(found_if(Some(Applied {
                    created: Some(self.reference(made.id)),
                    ..at_version(made)
                })));
            }
            match ids.last().filter(|_| ids.len() >= client::PAGE_ITEMS) {
                Some(last) => after = *last,
                None => return Ok(Recognised::NotThere),
            }
        }
        let searched = PAGES_MAX * client::PAGE_ITEMS;
        Ok(Recognised::Unclear {
            reason: format!("this account has made more than {searched} work items since"),
        })
    }
}

/// Whether a field holds what was written: a person may have been named otherwise than they are shown.
fn holds(held: &Value, wanted: &Value) -> bool {
    match (held, wanted) {
        (Value::User(held), Value::User(wanted)) => held.may_answer(wanted),
        (held, wanted) => held == wanted,
    }
}

fn with_comment(comment: Comment) -> Applied {
    Applied {
        comment: Some(Box::new(comment)),
        ..Applied::default()
    }
}

pub(super) fn at_version(item: &wire::WorkItem) -> Applied {
    Applied {
        version: decode::version(item),
        ..Applied::default()
    }
}

pub(super) fn found_if(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
