//! Whether a write whose answer was lost is there. Single tickets, their comments and the list by external id come from the
//! database and do not lag.

use super::{TRACKER, Zendesk, client, decode, encode, wire, write};
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{Comment, ItemId, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;

/// Times are whole seconds on their side.
const MARGIN: Duration = Duration::from_secs(5);

impl Zendesk {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        match effect {
            Effect::Create { marker, .. } => self.created(marker).await,
            Effect::Update { item, fields, .. } => self.updated(item, fields).await,
            Effect::Mark { item, marker } => {
                let ticket = client::ticket_here(&self.client, &item.id).await?;
                let present = decode::marker(ticket.external_id.as_ref());
                Ok(found(
                    (present.as_ref() == Some(marker)).then(|| at_version(&ticket)),
                ))
            }
            Effect::AddComment {
                item,
                channel,
                marker,
                ..
            } => {
                // Nor is it an older one, or one that was to be internal and is not.
                let since = since.minus(MARGIN);
                let is_it = |comment: &Comment| {
                    comment.marker.as_ref() == Some(marker)
                        && comment.channel == *channel
                        && comment.created >= since
                };
                let written = self.comments_of(item).await?.into_iter().find(is_it);
                Ok(found(written.map(|comment| Applied {
                    comment: Some(Box::new(comment)),
                    ..Applied::default()
                })))
            }
            // Such a write is never sent.
            Effect::EditComment { .. } => Ok(Recognised::NotThere),
            Effect::DeleteComment { item, comment } => self.comment_deleted(item, comment).await,
            Effect::AddAttachment { item, marker, .. } => self.attached(item, marker).await,
            Effect::DeleteAttachment { item, attachment } => self.detached(item, attachment).await,
            Effect::Delete { item } => self.deleted(item).await,
        }
    }

    /// External ids need not be unique: a copy has its original's, which is the older one.
    async fn created(&self, marker: &Marker) -> Result<Recognised, TrackerError> {
        let call = Call::get("/api/v2/tickets")
            .query("external_id", marker.to_string())
            .query("page[size]", client::PAGE_SIZE);
        let listed: wire::Tickets = self.client.send(call).await?.json()?;
        let marked = listed
            .tickets
            .iter()
            .filter(|ticket| decode::marker(ticket.external_id.as_ref()).as_ref() == Some(marker));
        let oldest = marked.min_by_key(|ticket| ticket.id);
        Ok(found(oldest.map(|ticket| Applied {
            created: Some(self.reference(ticket.id)),
            ..at_version(ticket)
        })))
    }

    async fn updated(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Recognised, TrackerError> {
        let ticket = client::ticket_here(&self.client, &item.id).await?;
        let account = self.account_that(|known| known.knows(&ticket)).await?;
        let held = decode::fields(&ticket, &account, &BTreeMap::new());
        let there = fields.iter().all(|(name, write)| {
            // The description is never written.
            let own = name.as_str() == field::DESCRIPTION;
            let wanted = write::after(write, held.get(name));
            let wanted = encode::normalise(name, &wanted, Some(&account));
            own || held.get(name).is_none_or(|held| *held == wanted)
        });
        Ok(found(there.then(|| at_version(&ticket))))
    }

    /// All comments of a ticket but for the first, which is its description.
    async fn comments_of(&self, item: &ItemId) -> Result<Vec<Comment>, TrackerError> {
        let (comments, users) = client::comments(&self.client, &item.id).await?;
        let people = decode::people(&users);
        let comments = comments.iter().skip(1);
        Ok(comments
            .map(|comment| decode::comment(comment, &people, Timestamp::EPOCH))
            .collect())
    }

    /// Zendesk deletes no comment: one that is not listed is out of our account's sight.
    async fn comment_deleted(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Recognised, TrackerError> {
        let comments = self.comments_of(item).await?;
        if comments.iter().any(|listed| listed.id == comment) {
            return Ok(Recognised::NotThere);
        }
        Ok(Recognised::Unclear {
            reason: format!("{TRACKER} deletes no comments, and no longer lists this one"),
        })
    }

    async fn deleted(&self, item: &ItemId) -> Result<Recognised, TrackerError> {
        match client::ticket(&self.client, &item.id).await? {
            Ok(_) => Ok(Recognised::NotThere),
            Err((StatusCode::NOT_FOUND, _)) if self.in_bin(&item.id).await? => {
                Ok(found(Some(Applied::default())))
            }
            Err((_, reason)) => Ok(Recognised::Unclear { reason }),
        }
    }
}

fn at_version(ticket: &wire::Ticket) -> Applied {
    Applied {
        version: Some(decode::version(ticket.updated_at)),
        ..Applied::default()
    }
}

pub(super) fn found(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
