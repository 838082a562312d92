//! Making a write.

use super::encode::{self, Writes};
use super::{Azure, client, decode, text, wire};
use crate::connector::{self, Impossible, once_begun};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Permit, Reply};
use crate::tracker::Scope;
use http::StatusCode;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

impl Azure {
    /// Makes one write.
    pub(super) async fn write(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => self.create(scope, fields, marker).await,
            Effect::Update {
                item,
                fields,
                planned_from,
            } => self.update(item, fields, planned_from).await,
            Effect::Mark { item, marker } => self.mark(item, marker).await,
            Effect::AddComment {
                item,
                channel,
                body,
                marker,
            } => {
                self.capabilities
                    .check_channel(channel)
                    .map_err(|why| client::refused(Impossible::request(why)))?;
                let project = self.project_of(&item.id).await?;
                let call = Call::post(client::comments_path(&project, &item.id, ""));
                self.comment(item, call, body, marker).await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                marker,
            } => self.edit(item, comment, body, marker).await,
            Effect::DeleteComment { item, comment } => self.delete_comment(item, comment).await,
            Effect::AddAttachment { .. } => Err(crate::files::without_bytes(super::TRACKER)),
            Effect::DeleteAttachment { item, attachment } => self.detach(item, attachment).await,
            Effect::Delete { item } => {
                let path = client::path(&format!("wit/workitems/{}", item.id));
                let call = client::versioned(Call::delete(path));
                self.client.send(call).await.map(|_| Applied::default())
            }
        }
    }

    async fn create(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let project = super::project(scope)?;
        let kind = connector::named(scope, "type", super::TRACKER)?;
        let replaced = fields
            .iter()
            .map(|(name, value)| (name.clone(), FieldWrite::Replace(value.clone())));
        let resolved = self.resolve(project, kind, &replaced.collect()).await?;
        let mut writes = Writes::of(&resolved.fields, None).map_err(client::refused)?;
        let mut waived = resolved.waived;
        waived.extend(std::mem::take(&mut writes.waived));
        if let Some(area) = scope.get("area") {
            writes.fields.insert(decode::AREA.to_owned(), json!(area));
        }
        writes.fields.remove(decode::TYPE);
        let path = client::path_in(project, &format!("wit/workitems/${}", client::part(kind)));
        let call = |writes: &Writes| {
            let mut document = writes.operations(None, self.base());
            document.push(encode::link("Hyperlink", &text::address(marker)));
            client::patch(Call::post(path.clone()), &document).query("$expand", "relations")
        };
        let (reply, refused) = self.send_without_refused(&mut writes, call).await?;
        waived.extend(refused);
        let made: wire::WorkItem = reply.json()?;
        let mut version = decode::version(&made);
        if let Some(status) = writes.status.take() {
            // The item is there: a state that cannot be reached now is the next plan's concern.
            match self.reach(&made, &status).await {
                Ok(Ok(reached)) => version = reached.or(version),
                Ok(Err(why)) => drop(waived.insert(field::STATUS.into(), why)),
                Err(error) => {
                    tracing::debug!(%error, id = made.id, "a new work item stays in its first state");
                }
            }
        }
        Ok(Applied {
            created: Some(self.reference(made.id)),
            version,
            waived,
            ..Applied::default()
        })
    }

    /// Takes a new item to its state; the version there, or why it cannot be.
    async fn reach(
        &self,
        made: &wire::WorkItem,
        status: &str,
    ) -> Result<Result<Option<Version>, String>, TrackerError> {
        let shape = self.shape_of(made).await?;
        let from = made.text(decode::STATE).unwrap_or_default();
        let Some(way) = shape.way(from, status) else {
            return Ok(Err(no_way(from, status)));
        };
        let mut version = None;
        for state in way {
            let document = [set_state(&state)];
            let path = client::path(&format!("wit/workitems/{}", made.id));
            let reply = self
                .client
                .send(client::patch(Call::patch(path), &document))
                .await?;
            version = decode::version(&reply.json()?);
        }
        Ok(Ok(version))
    }

    /// Sends a write; where it is refused for a person or for its parent, once more without them.
    async fn send_without_refused(
        &self,
        writes: &mut Writes,
        call: impl Fn(&Writes) -> Call,
    ) -> Result<(Reply, BTreeMap<FieldName, String>), TrackerError> {
        let mut waived = BTreeMap::new();
        loop {
            let refused = match self.client.send(call(writes)).await {
                Ok(reply) => return Ok((reply, waived)),
                Err(refused) => refused,
            };
            let mut without = writes.without_unknown(&refused);
            if without.is_empty() {
                without = writes.without_parent(&refused);
            }
            // Each time there is less to send.
            if without.is_empty() {
                return Err(refused);
            }
            waived.extend(without);
        }
    }

    async fn update(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
        planned_from: &Version,
    ) -> Result<Applied, TrackerError> {
        let before = client::item_here(&self.client, &item.id).await?;
        if planned_from
            .revision
            .is_some_and(|revision| revision != before.rev)
        {
            return Err(TrackerError::Changed);
        }
        let text = |name: &str| before.text(name).unwrap_or_default().to_owned();
        let (project, kind) = (text(decode::PROJECT), text(decode::TYPE));
        let resolved = self.resolve(&project, &kind, fields).await?;
        let mut writes = Writes::of(&resolved.fields, Some(&before)).map_err(client::refused)?;
        let mut waived = resolved.waived;
        waived.extend(std::mem::take(&mut writes.waived));
        let mut way = Vec::new();
        if let Some(status) = writes.status.take() {
            let from = text(decode::STATE);
            match self.shape_of(&before).await?.way(&from, &status) {
                Some(found) => way = found,
                None => drop(waived.insert(field::STATUS.into(), no_way(&from, &status))),
            }
        }
        if let Some(last) = way.pop() {
            writes.fields.insert(decode::STATE.to_owned(), json!(last));
        }
        if writes.is_empty() {
            return Ok(Applied {
                version: decode::version(&before),
                waived,
                ..Applied::default()
            });
        }
        let costs = vec![Cost::Write; way.len() + 1];
        let permit = self.client.reserve(&costs, None).await?;
        let at = self.step_by_step(&before, &way, &permit).await?;
        let begun = !way.is_empty();
        let call = |writes: &Writes| {
            let mut document = vec![test_rev(at)];
            document.extend(writes.operations(Some(&before), self.base()));
            self.patching(before.id, &document, &permit)
        };
        let sent = self.send_without_refused(&mut writes, call).await;
        let (reply, refused) = sent.map_err(|error| once_begun(begun, error))?;
        if reply.status == StatusCode::PRECONDITION_FAILED {
            return Err(TrackerError::Changed);
        }
        waived.extend(refused);
        let after: wire::WorkItem = reply.json()?;
        Ok(Applied {
            version: decode::version(&after),
            adjacent: planned_from.revision.is_some() && !begun,
            waived,
            ..Applied::default()
        })
    }

    /// Goes through states on the way; the revision at which the last of them stands.
    async fn step_by_step(
        &self,
        before: &wire::WorkItem,
        states: &[String],
        permit: &Permit,
    ) -> Result<u64, TrackerError> {
        let mut at = before.rev;
        for (steps, state) in states.iter().enumerate() {
            let document = [test_rev(at), set_state(state)];
            let sent = self
                .client
                .send(self.patching(before.id, &document, permit))
                .await;
            let reply = sent.map_err(|error| once_begun(steps > 0, error))?;
            if reply.status == StatusCode::PRECONDITION_FAILED {
                return Err(TrackerError::Changed);
            }
            at = reply.json::<wire::WorkItem>()?.rev;
        }
        Ok(at)
    }

    /// A document for an item; the answer may be that it is at another revision.
    fn patching(&self, id: u64, document: &[Json], permit: &Permit) -> Call {
        let path = client::path(&format!("wit/workitems/{id}"));
        client::patch(Call::patch(path), document)
            .accept(&[StatusCode::PRECONDITION_FAILED])
            .prepaid(permit)
    }

    async fn mark(&self, item: &ItemId, marker: &Marker) -> Result<Applied, TrackerError> {
        let before = client::item_here(&self.client, &item.id).await?;
        if text::marker(&before).as_ref() == Some(marker) {
            return Ok(Applied {
                version: decode::version(&before),
                ..Applied::default()
            });
        }
        let mut document = vec![test_rev(before.rev)];
        // Places move up behind one that is taken away: the last one first.
        let places = before.relations.iter().enumerate().rev();
        for (place, link) in places {
            if link.rel == "Hyperlink" && text::marker_of(&link.url).is_some() {
                document.push(json!({ "op": "remove", "path": format!("/relations/{place}") }));
            }
        }
        document.push(encode::link("Hyperlink", &text::address(marker)));
        let path = client::path(&format!("wit/workitems/{}", item.id));
        let call = client::patch(Call::patch(path), &document);
        let call = call.accept(&[StatusCode::PRECONDITION_FAILED]);
        let reply = self.client.send(call).await?;
        if reply.status == StatusCode::PRECONDITION_FAILED {
            return Err(TrackerError::Changed);
        }
        Ok(Applied {
            version: decode::version(&reply.json()?),
            ..Applied::default()
        })
    }

    async fn comment(
        &self,
        item: &ItemId,
        call: Call,
        body: &Document,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let said = text::join(&text::write(body, false), marker);
        // Without a word the project's choice would be the format.
        let call = client::of_comments(call).query("format", "html");
        let call = call.json(&json!({ "text": said }));
        let sent = self.client.send(call).await;
        if matches!(sent, Err(TrackerError::Unreachable { .. })) {
            // The item may lie in another project now.
            self.forget_project(&item.id);
        }
        let written: wire::Comment = sent?.json()?;
        Ok(Applied {
            comment: Some(Box::new(decode::comment(&item.id, &written))),
            ..Applied::default()
        })
    }

    async fn edit(
        &self,
        item: &ItemId,
        comment: &str,
        body: &Document,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let project = self.project_of(&item.id).await?;
        let rest = format!("/{}", decode::number(comment));
        let call = Call::patch(client::comments_path(&project, &item.id, &rest));
        match self.comment(item, call, body, marker).await {
            Err(TrackerError::Unreachable { reason }) => {
                // One that was deleted while its edit was under way asks for a new plan.
                client::item_here(&self.client, &item.id).await?;
                match self.one_comment(item, comment).await? {
                    Some(there) if !there.is_deleted => Err(TrackerError::Unreachable { reason }),
                    _ => Err(TrackerError::Changed),
                }
            }
            written => written,
        }
    }

    async fn delete_comment(&self, item: &ItemId, comment: &str) -> Result<Applied, TrackerError> {
        let project = self.project_of(&item.id).await?;
        let rest = format!("/{}", decode::number(comment));
        let call = Call::delete(client::comments_path(&project, &item.id, &rest));
        let call = client::of_comments(call).accept(&[StatusCode::NOT_FOUND]);
        if self.client.send(call).await?.status == StatusCode::NOT_FOUND {
            self.forget_project(&item.id);
            client::item_here(&self.client, &item.id).await?;
            if let Some(there) = self.one_comment(item, comment).await?
                && !there.is_deleted
            {
                let reason = "Azure DevOps does not find the comment that it shows".to_owned();
                return Err(TrackerError::Unreachable { reason });
            }
        }
        Ok(Applied::default())
    }

    /// One comment, deleted or not; `None` when there is none.
    pub(super) async fn one_comment(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Option<wire::Comment>, TrackerError> {
        let project = self.project_of(&item.id).await?;
        let rest = format!("/{}", decode::number(comment));
        let call = Call::get(client::comments_path(&project, &item.id, &rest))
            .query("includeDeleted", "true")
            .accept(&[StatusCode::NOT_FOUND]);
        let reply = self.client.send(client::of_comments(call)).await?;
        match reply.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => reply.json().map(Some),
        }
    }
}

/// The condition that an item is at a revision.
fn test_rev(rev: u64) -> Json {
    json!({ "op": "test", "path": "/rev", "value": rev })
}

fn set_state(state: &str) -> Json {
    json!({ "op": "add", "path": format!("/fields/{}", decode::STATE), "value": state })
}

fn no_way(from: &str, to: &str) -> String {
    format!("no way leads from '{from}' to '{to}' by the rules of this type")
}
