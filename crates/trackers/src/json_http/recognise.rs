//! Whether a write whose answer was lost is there.
//!
//! The description says how long lists lag behind items; a write is asked for no earlier than that.

use super::JsonHttp;
use super::client::Slots;
use super::decode::native_comment;
use super::encode;
use super::item::{Asked, codes};
use super::paging::{Listing, Page};
use super::text;
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::Scope;
use http::StatusCode;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{Comment, Item, ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// The measured skew is exact to a second on each side, and stamps may be whole seconds.
const MARGIN: Duration = Duration::from_secs(5);

/// Pages of changed items that are searched for a marker.
const PAGES_MAX: usize = 40;

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

    /// Of several items with the marker the oldest is the one: a copy takes the marker over. Where the marker lies in a text
    /// that a person may have written anew, an item of ours without one may be it.
    async fn created(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let Some(place) = &self.model().marker else {
            return Ok(Recognised::Unclear {
                reason: format!("{} keeps no marker, by its description", self.name()),
            });
        };
        let found = match place.query.is_empty() {
            true => self.made_since(scope, since).await?,
            false => Some(self.with_marker(scope, marker).await?),
        };
        let Some(found) = found else {
            return Ok(Recognised::Unclear {
                reason: format!(
                    "more than {PAGES_MAX} pages of items were changed in the scope since"
                ),
            });
        };
        let reader = self.reader();
        let marked = found
            .iter()
            .filter(|raw| reader.marker(raw).as_ref() == Some(marker));
        let oldest = marked.min_by_key(|raw| {
            (
                reader.created(raw),
                age(&reader.id(raw).unwrap_or_default()),
            )
        });
        if let Some(raw) = oldest {
            return Ok(there(Some(self.made_of(raw)?)));
        }
        match place.in_text {
            true => self.alike(&found, fields, since).await,
            false => Ok(Recognised::NotThere),
        }
    }

    fn made_of(&self, raw: &Json) -> Result<Applied, TrackerError> {
        let candidate = self.candidate(raw)?;
        Ok(Applied {
            created: Some(candidate.reference),
            ..at(candidate.version)
        })
    }

    /// Items without a marker that our account has made since. One with the title that was to be written may be it; where
    /// there are others only, a person may have written the title anew too.
    async fn alike(
        &self,
        found: &[Json],
        fields: &BTreeMap<FieldName, Value>,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let reader = self.reader();
        let new = |raw: &&Json| reader.created(raw).is_none_or(|created| created >= since);
        let bare: Vec<&Json> = found
            .iter()
            .filter(|raw| reader.marker(raw).is_none())
            .filter(new)
            .collect();
        if bare.is_empty() {
            return Ok(Recognised::NotThere);
        }
        let us = self.account().await?;
        let summary = FieldName::from(field::SUMMARY);
        let title = fields
            .get(&summary)
            .map(|title| encode::normalise(&self.description, &summary, title));
        let (mut alike, mut others) = (Vec::new(), 0);
        for raw in bare {
            let read = reader.fields(raw);
            let by_us = match (read.get(field::REPORTER), &us) {
                (Some(Value::User(reporter)), Some(us)) => {
                    reporter.id == us.id || reporter.answers(us)
                }
                // Who made it is not told.
                _ => true,
            };
            match by_us {
                true if read.get(&summary) == title.as_ref() => alike.push(self.made_of(raw)?),
                true => others += 1,
                false => {}
            }
        }
        if !alike.is_empty() {
            return Ok(Recognised::Alike(alike));
        }
        match others {
            0 => Ok(Recognised::NotThere),
            _ => Ok(Recognised::Unclear {
                reason: format!(
                    "{others} items without a marker were made since, perhaps by our account: a person may have written \
                     title and text anew"
                ),
            }),
        }
    }

    /// What the description's own query for a marker lists.
    async fn with_marker(&self, scope: &Scope, marker: &Marker) -> Result<Vec<Json>, TrackerError> {
        let list = &self.model().list;
        let Some(place) = &self.model().marker else {
            return Ok(Vec::new());
        };
        let slots = self.scope_slots(scope)?.with("marker", marker.to_string());
        let listing = Listing {
            path: &list.path,
            queries: &[&list.query, &place.query],
            items: &list.items,
            total: list.total.as_ref(),
            paging: &list.paging,
        };
        Ok(self.page(listing, &slots, &[], None).await?.all().collect())
    }

    /// The items that were changed since, and so those that were made; `None`: there are too many.
    async fn made_since(
        &self,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Option<Vec<Json>>, TrackerError> {
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let page: Page = self.changed(scope, since, token.as_deref()).await?;
            token = page.next.clone();
            found.extend(page.all());
            if token.is_none() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Ids in the order in which most APIs give them: numbers by their size.
fn age(id: &str) -> (usize, String) {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    (if is_number { id.len() } else { 0 }, id.to_owned())
}

fn at(version: Version) -> Applied {
    Applied {
        version: Some(version),
        ..Applied::default()
    }
}

fn there(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
