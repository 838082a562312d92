//! Whether a write whose answer was lost is there.
//!
//! The description says how long lists lag behind items; a write is asked for no earlier than that.

use super::JsonHttp;
use super::client::Slots;
use super::decode::native_comment;
use super::encode;
use super::item::{Asked, codes};
use super::text;
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{Comment, Item, ItemId, Value, Version};
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// The measured skew is exact to a second on each side, and stamps may be whole seconds.
const MARGIN: Duration = Duration::from_secs(5);

impl JsonHttp {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let since = since.minus(MARGIN);
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => self.created(scope, fields, marker, since).await,
            Effect::Update { item, fields, .. } => {
                let found = self.look(item).await?;
                Ok(there(self.holds(&found, fields).then(|| at(found.version))))
            }
            Effect::Mark { item, marker } => {
                let found = self.look(item).await?;
                Ok(there(
                    (found.marker.as_ref() == Some(marker)).then(|| at(found.version)),
                ))
            }
            Effect::AddComment {
                item,
                channel,
                body,
                marker,
            } => {
                let marked = self.capabilities.comment_marker;
                let body = self.as_read(body);
                let is_it = |comment: &Comment| {
                    let ours = match marked {
                        true => comment.marker.as_ref() == Some(marker),
                        false => comment.body == body,
                    };
                    ours && comment.channel == *channel && comment.created >= since
                };
                self.comment(item, is_it).await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => {
                let body = self.as_read(body);
                self.comment(item, |found| found.id == *comment && found.body == body)
                    .await
            }
            Effect::DeleteComment { item, comment } => self.comment_deleted(item, comment).await,
            // Such a write is refused, so it never was made.
            Effect::AddAttachment { .. } | Effect::DeleteAttachment { .. } => {
                Ok(Recognised::NotThere)
            }
            Effect::Delete { item } => Ok(match self.ask_item(&item.id, None).await? {
                Asked::Deleted(_) => there(Some(Applied::default())),
                Asked::Here(_) => Recognised::NotThere,
                // Where deleted and hidden look alike, what we were about to delete is taken for deleted.
                Asked::Unreachable(_) => there(Some(Applied::default())),
            }),
        }
    }

    async fn look(&self, item: &ItemId) -> Result<Item, TrackerError> {
        let raw = self.here(&item.id, None).await?;
        self.read(&raw)
    }

    fn holds(&self, item: &Item, fields: &BTreeMap<FieldName, FieldWrite>) -> bool {
        fields.iter().all(|(name, write)| {
            let held = item.fields.get(name);
            let wanted = encode::normalise(&self.description, name, &encode::after(write, held));
            let same = |held: &Value| match (held, &wanted) {
                (Value::User(held), Value::User(wanted)) => held.may_answer(wanted),
                _ => *held == wanted,
            };
            held.is_none_or(same)
        })
    }

    /// A comment's text as it would be read.
    fn as_read(&self, body: &Document) -> Document {
        let marker = self
            .model()
            .comments
            .as_ref()
            .and_then(|of| of.marker.as_ref());
        text::normalised(self.model().texts, text::holds_marker(marker), body)
    }

    async fn comment(
        &self,
        item: &ItemId,
        is_it: impl Fn(&Comment) -> bool,
    ) -> Result<Recognised, TrackerError> {
        let comments = self.comments(&item.id).await?;
        Ok(there(comments.into_iter().find(is_it).map(|comment| {
            Applied {
                comment: Some(Box::new(comment)),
                ..Applied::default()
            }
        })))
    }

    /// Whether a comment was deleted. One that the list leaves out may only be out of our account's sight.
    async fn comment_deleted(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Recognised, TrackerError> {
        let listed = self.comments(&item.id).await?;
        if listed.iter().any(|listed| listed.id == comment) {
            return Ok(Recognised::NotThere);
        }
        let unclear = |why: String| Ok(Recognised::Unclear { reason: why });
        let Some(of) = &self.model().comments else {
            return unclear("the description tells of no comments".to_owned());
        };
        let Some(get) = &of.get else {
            return match of.all_visible {
                true => Ok(there(Some(Applied::default()))),
                false => unclear(
                    "the description does not say how a deleted comment is told from a hidden one"
                        .to_owned(),
                ),
            };
        };
        let slots = Slots::default()
            .with("id", item.id.as_str())
            .with("comment", native_comment(of, comment));
        let deleted = codes(&get.deleted_status);
        let hidden = [
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
            StatusCode::GONE,
        ];
        let call = Call::get(slots.path(&get.path))
            .accept(&deleted)
            .accept(&hidden);
        let reply = self.client.send(call).await?;
        if deleted.contains(&reply.status) {
            return Ok(there(Some(Applied::default())));
        }
        if reply.status.is_success() {
            return Ok(Recognised::NotThere);
        }
        unclear(format!(
            "{} answered {} for the comment: it may only be hidden",
            self.name(),
            reply.status
        ))
    }
}

pub(super) fn at(version: Version) -> Applied {
    Applied {
        version: Some(version),
        ..Applied::default()
    }
}

pub(super) fn there(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
