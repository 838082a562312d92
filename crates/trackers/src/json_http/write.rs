//! Making and changing items.
//!
//! A change begins with a look: lists are replaced as a whole, a whole item is sent back with what it had, and where the API
//! has compare-and-swap the look gives what the write is made conditional on.

use super::JsonHttp;
use super::change::{Changes, dropped, unseen, within};
use super::client::{self, Slots};
use super::description::{MarkerPlace, Path};
use super::item::{Raw, codes, unreadable};
use super::text;
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{Call, Cost, Reply};
use crate::tracker::{Scope, Tracker as _};
use http::StatusCode;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;

impl JsonHttp {
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
            } => self.add_comment(item, channel, body, marker).await,
            Effect::EditComment {
                item,
                comment,
                body,
                marker,
            } => self.edit_comment(item, comment, body, marker).await,
            Effect::DeleteComment { item, comment } => self.delete_comment(item, comment).await,
            Effect::AddAttachment { file, .. } => Err(self.has_no_files(&file.name)),
            Effect::DeleteAttachment { attachment, .. } => Err(self.has_no_files(attachment)),
            Effect::Delete { item } => self.delete(item).await,
        }
    }

    async fn create(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let slots = self.scope_slots(scope)?;
        let create = &self.model().create;
        let wanted = fields.iter();
        let wanted = wanted.map(|(name, value)| (name.clone(), FieldWrite::Replace(value.clone())));
        let resolved = self.resolve(scope, &wanted.collect()).await?;
        let writes = self.sorted(resolved, &BTreeMap::new())?;
        let mut fixed: Changes = create
            .set
            .iter()
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect();
        for (name, key) in &self.model().scope {
            if let Some(path) = &key.write {
                fixed.push((path.clone(), json!(slots.get(name))));
            }
        }
        let call = |changes: Changes| {
            let mut item = json!({});
            for (path, value) in fixed.iter().cloned().chain(changes) {
                path.put(&mut item, value);
            }
            let call = client::write(create.method, slots.path(&create.path)).cost(Cost::Create);
            Ok(call.json(&within(&create.body, item)))
        };
        let (reply, unassigned) = self
            .send_fields(&writes, Some(marker), true, &[], call)
            .await?;
        let made = self.made(reply, &create.item).await?;
        let item = self.read(&made)?;
        let mut waived = writes.waived;
        waived.extend(dropped(
            self.name(),
            &writes.wanted,
            &BTreeMap::new(),
            &item.fields,
        ));
        waived.extend(unassigned);
        Ok(Applied {
            created: Some(item.reference),
            version: Some(item.version),
            waived,
            ..Applied::default()
        })
    }

    /// What a create made, of which the answer shows at least the id.
    async fn made(&self, reply: Reply, path: &Path) -> Result<Raw, TrackerError> {
        let body = client::body(&reply)?;
        let item = client::at(&reply, &body, path)?.clone();
        if self.reader().item(&item).is_ok() {
            return Ok(Raw { reply, item });
        }
        let id = self
            .reader()
            .id(&item)
            .map_err(|missing| unreadable(&reply, &missing))?;
        self.here(&id, None).await.map_err(unseen)
    }

    async fn update(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
        planned_from: &Version,
    ) -> Result<Applied, TrackerError> {
        let permit = self
            .client
            .reserve(&[Cost::Read, Cost::Write], None)
            .await?;
        let raw = self.here(&item.id, Some(&permit)).await?;
        let before = self.read(&raw)?;
        let swaps = self.capabilities.compare_and_swap;
        let as_planned = before.version.order(planned_from).is_eq();
        if swaps && !as_planned {
            return Err(TrackerError::Changed);
        }
        let resolved = self.resolve(&before.scope, fields).await?;
        let writes = self.sorted(resolved, &before.fields)?;
        if writes.values.is_empty() {
            return Ok(Applied {
                waived: writes.waived,
                ..Applied::default()
            });
        }
        let update = &self.model().update;
        let changed = codes(&update.changed_status);
        let call = |changes: Changes| Ok(self.change(&raw, &item.id, changes)?.prepaid(&permit));
        let marker = before.marker.as_ref();
        let (reply, unassigned) = self
            .send_fields(&writes, marker, false, &changed, call)
            .await?;
        let after = self.after(reply, &item.id).await?;
        let mut waived = writes.waived;
        waived.extend(dropped(
            self.name(),
            &writes.wanted,
            &before.fields,
            &after.fields,
        ));
        waived.extend(unassigned);
        Ok(Applied {
            // Another change within the unit of the stamp could hide before the look, and after the write in a second look.
            adjacent: swaps && as_planned && after.version.is_exact() && update.item.is_some(),
            version: Some(after.version),
            waived,
            ..Applied::default()
        })
    }

    async fn mark(&self, item: &ItemId, marker: &Marker) -> Result<Applied, TrackerError> {
        let refused = |why: String| client::refused(&self.description, Impossible::request(why));
        let Some(place) = &self.model().marker else {
            return Err(refused(format!(
                "{} keeps no marker, by its description",
                self.name()
            )));
        };
        let permit = self
            .client
            .reserve(&[Cost::Read, Cost::Write], None)
            .await?;
        let raw = self.here(&item.id, Some(&permit)).await?;
        let present = self.reader().marker(&raw.item);
        if let Some(path) = &place.path
            && present.is_none()
            && let Some(other) = path.text(&raw.item)
        {
            return Err(refused(format!(
                "{path} holds '{other}', which somebody else has put there: empty it, or leave the item alone"
            )));
        }
        let changes = self.marked(place, &raw.item, marker);
        let call = self.change(&raw, &item.id, changes)?.prepaid(&permit);
        let changed = codes(&self.model().update.changed_status);
        let reply = self.client.send(call.accept(&changed)).await?;
        if changed.contains(&reply.status) {
            return Err(TrackerError::Changed);
        }
        let after = self.after(reply, &item.id).await?;
        if after.marker.as_ref() != Some(marker) {
            return Err(refused(format!(
                "{} did not keep the marker: let this account write it",
                self.name()
            )));
        }
        Ok(Applied {
            version: Some(after.version),
            ..Applied::default()
        })
    }

    /// An item with a marker.
    pub(super) fn marked(&self, place: &MarkerPlace, item: &Json, marker: &Marker) -> Changes {
        if let Some(path) = &place.path {
            return vec![(path.clone(), json!(marker.to_string()))];
        }
        let Some(description) = self.model().fields.get(field::DESCRIPTION) else {
            return Vec::new();
        };
        let texts = self.model().texts;
        let held = description
            .path
            .of(item)
            .and_then(Json::as_str)
            .unwrap_or_default();
        let (text, _) = text::split(texts, held);
        let path = description.write.as_ref().unwrap_or(&description.path);
        vec![(path.clone(), json!(text::join(texts, &text, Some(marker))))]
    }

    async fn delete(&self, item: &ItemId) -> Result<Applied, TrackerError> {
        let Some(delete) = &self.model().delete else {
            let why = format!("{} deletes no items, by its description", self.name());
            return Err(client::refused(&self.description, Impossible::request(why)));
        };
        let slots = Slots::default().with("id", item.id.as_str());
        let call = Call::delete(slots.path(&delete.path));
        let gone = [StatusCode::NOT_FOUND, StatusCode::GONE];
        self.client
            .send(call.accept(&gone))
            .await
            .map(|_| Applied::default())
    }
}
