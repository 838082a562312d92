//! Making a write.

use super::encode::{self, Writes};
use super::people::Place;
use super::transition::Reached;
use super::{CHANNEL_INTERNAL, Jira, PROPERTY, SERVICE_DESK, client, decode, wire};
use crate::connector::{Impossible, half_done};
use crate::error::TrackerError;
use crate::files;
use crate::http::{Call, Cost};
use crate::tracker::Scope;
use http::StatusCode;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

impl Jira {
    /// Makes one write.
    pub(super) async fn write(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => self.create(scope, fields, marker).await,
            Effect::Update { item, fields, .. } => self.update(item, fields).await,
            Effect::Mark { item, marker } => {
                let call = Call::put(client::path(&item.id, &format!("/properties/{PROPERTY}")));
                self.client
                    .send(call.key(&item.id).json(&property(marker)))
                    .await?;
                Ok(Applied::default())
            }
            Effect::AddComment {
                item,
                channel,
                body,
                marker,
            } => {
                self.capabilities
                    .check_channel(channel)
                    .map_err(|why| client::refused(Impossible::request(why)))?;
                let call = Call::post(client::path(&item.id, "/comment"));
                if channel == CHANNEL_INTERNAL {
                    return self.confide(item, call, comment(body, marker, true)).await;
                }
                let written = self.comment(item, call, comment(body, marker, false));
                written.await.map(|written| told(&written))
            }
            Effect::EditComment {
                item,
                comment: id,
                body,
                marker,
            } => {
                let call = Call::put(client::path(&item.id, &format!("/comment/{id}")));
                let edited = self.comment(item, call, comment(body, marker, false));
                let edited = edited.await.map(|written| told(&written));
                self.gone_meanwhile(item, id, edited).await
            }
            Effect::DeleteComment { item, comment } => {
                let call = Call::delete(client::path(&item.id, &format!("/comment/{comment}")));
                let deleted = self
                    .client
                    .send(call.key(&item.id))
                    .await
                    .map(|_| Applied::default());
                match self.gone_meanwhile(item, comment, deleted).await {
                    Err(TrackerError::Changed) => Ok(Applied::default()),
                    other => other,
                }
            }
            Effect::AddAttachment { .. } => Err(files::without_bytes(super::TRACKER)),
            Effect::DeleteAttachment { item, attachment } => self.detach(item, attachment).await,
            Effect::Delete { item } => {
                let call = Call::delete(client::path(&item.id, ""));
                self.client
                    .send(call.key(&item.id))
                    .await
                    .map(|_| Applied::default())
            }
        }
    }

    async fn create(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let replaced = fields
            .iter()
            .map(|(name, value)| (name.clone(), FieldWrite::Replace(value.clone())));
        let place = Place::Project(super::project(scope)?);
        let resolved = self.resolve(place, &replaced.collect()).await?;
        let mut writes = Writes::of(&resolved.fields).map_err(client::refused)?;
        writes.waived.extend(resolved.waived);
        writes.fields.insert(
            "project".to_owned(),
            json!({ "key": super::project(scope)? }),
        );
        if let Some(kind) = scope.get("type") {
            writes
                .fields
                .insert("issuetype".to_owned(), json!({ "name": kind }));
        }
        let status = writes.status.take();
        // No create screen has the resolution: it belongs to the screens of transitions.
        let mut on_the_way = Writes::default();
        on_the_way
            .fields
            .extend(writes.fields.remove_entry(field::RESOLUTION));
        let call = |writes: &Writes| {
            let mut body = writes.body();
            body.insert(
                "properties".to_owned(),
                json!([{ "key": PROPERTY, "value": property(marker) }]),
            );
            Call::post("/rest/api/3/issue").json(&body)
        };
        let (reply, refused) = self.send_fields(&mut writes, call).await?;
        let reply = reply.expect("a create names its project");
        let created: wire::Created = reply.json()?;
        let mut waived = writes.waived;
        waived.extend(refused);
        if let Some(status) = status {
            // The issue is there: a status that cannot be reached now is the next plan's concern.
            match self
                .reach(&created.id, &status, &mut on_the_way, &created.id)
                .await
            {
                Ok(Reached::Yes) => {}
                Ok(Reached::No(why)) => drop(waived.insert(FieldName::from(field::STATUS), why)),
                Err(error) => {
                    tracing::debug!(%error, key = created.key, "a new issue stays in its first status")
                }
            }
        }
        Ok(Applied {
            created: Some(self.reference(&created.id, &created.key)),
            waived,
            ..Applied::default()
        })
    }

    async fn update(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Applied, TrackerError> {
        let resolved = self.resolve(Place::Issue(&item.id), fields).await?;
        let mut writes = Writes::of(&resolved.fields).map_err(client::refused)?;
        let mut waived = std::mem::take(&mut writes.waived);
        waived.extend(resolved.waived);
        if writes.needs_put() {
            self.client.open(&Call::put(client::path(&item.id, "")))?;
        }
        let permit = self.client.reserve(&[Cost::Write], Some(&item.id)).await?;
        match writes.status.take() {
            None => {
                let put = self.put(&item.id, &mut writes, &item.id, Some(&permit));
                waived.extend(put.await?);
            }
            Some(status) => {
                if let Reached::No(why) =
                    self.reach(&item.id, &status, &mut writes, &item.id).await?
                {
                    waived.insert(FieldName::from(field::STATUS), why);
                }
                let put = self.put(&item.id, &mut writes, &item.id, Some(&permit));
                waived.extend(put.await.map_err(half_done)?);
            }
        }
        Ok(Applied {
            waived,
            ..Applied::default()
        })
    }

    async fn comment(
        &self,
        item: &ItemId,
        call: Call,
        body: Json,
    ) -> Result<wire::Comment, TrackerError> {
        let reply = self
            .client
            .send(call.query("expand", "properties").key(&item.id).json(&body))
            .await?;
        let mut written: wire::Comment = reply.json()?;
        if written.properties.is_empty() {
            let sent = body["properties"].as_array().into_iter().flatten();
            written.properties = sent
                .filter_map(|property| serde_json::from_value(property.clone()).ok())
                .collect();
        }
        Ok(written)
    }

    /// Writes a comment for the team of a service desk. Elsewhere the property that makes it internal has no effect, and
    /// everyone who sees the issue reads the comment: there nothing is written, and what Jira does not confirm to be
    /// internal does not stay.
    async fn confide(
        &self,
        item: &ItemId,
        call: Call,
        body: Json,
    ) -> Result<Applied, TrackerError> {
        let read = Call::get(client::path(&item.id, "")).query("fields", "project");
        let placed: wire::Placed = self.client.send(read).await?.json()?;
        let project = placed.fields.project;
        if project.kind != SERVICE_DESK {
            return Err(client::refused(Impossible::request(format!(
                "the project {} is no service desk, so that everyone would read an internal comment",
                project.key
            ))));
        }
        let written = self.comment(item, call, body).await?;
        if written.jsd_public == Some(false) {
            return Ok(told(&written));
        }
        let path = client::path(&item.id, &format!("/comment/{}", written.id));
        let done = match self.client.send(Call::delete(path).key(&item.id)).await {
            Ok(_) => "it was deleted again".to_owned(),
            Err(error) => format!(
                "it could not be deleted, please delete comment {}: {error}",
                written.id
            ),
        };
        Err(client::refused(Impossible::request(format!(
            "Jira did not keep an internal comment internal; {done}"
        ))))
    }

    /// A comment that was deleted while its edit was under way asks for a new plan.
    async fn gone_meanwhile(
        &self,
        item: &ItemId,
        comment: &str,
        written: Result<Applied, TrackerError>,
    ) -> Result<Applied, TrackerError> {
        let Err(TrackerError::Unreachable { reason }) = written else {
            return written;
        };
        client::issue_here(&self.client, &item.id).await?;
        match self.one_comment(item, comment).await? {
            None => Err(TrackerError::Changed),
            Some(_) => Err(TrackerError::Unreachable { reason }),
        }
    }

    /// One comment; `None` when there is none.
    pub(super) async fn one_comment(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Option<wire::Comment>, TrackerError> {
        let call = Call::get(client::path(&item.id, &format!("/comment/{comment}")))
            .query("expand", "properties")
            .accept(&[StatusCode::NOT_FOUND]);
        let reply = self.client.send(call).await?;
        if reply.status == StatusCode::NOT_FOUND {
            Ok(None)
        } else {
            reply.json().map(Some)
        }
    }
}

/// The value of our entity property.
fn property(marker: &Marker) -> Json {
    json!({ "marker": marker.to_string() })
}

/// A comment as it was written.
fn told(written: &wire::Comment) -> Applied {
    Applied {
        comment: Some(Box::new(decode::comment(written))),
        ..Applied::default()
    }
}

fn comment(body: &Document, marker: &Marker, internal: bool) -> Json {
    let mut properties = vec![json!({ "key": PROPERTY, "value": property(marker) })];
    if internal {
        properties.push(json!({ "key": "sd.public.comment", "value": { "internal": true } }));
    }
    json!({ "body": encode::document(body), "properties": properties })
}
