//! Making and changing items.
//!
//! A change begins with a look: lists are replaced as a whole, a whole item is sent back with what it had, and where the API
//! has compare-and-swap the look gives what the write is made conditional on.

use super::JsonHttp;
use super::client::{self, Slots};
use super::description::{MarkerPlace, Path};
use super::encode::Writes;
use super::item::{Raw, codes, unreadable};
use super::people::Resolved;
use super::text;
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Reply};
use crate::tracker::Scope;
use http::StatusCode;
use http::header::{HeaderValue, IF_MATCH};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{Item, ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;

/// What is to be put where in an item.
type Changes = Vec<(Path, Json)>;

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
        let call = |changes: Changes| self.change(&raw, &item.id, changes);
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
    fn marked(&self, place: &MarkerPlace, item: &Json, marker: &Marker) -> Changes {
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

    /// The request that changes an item that was looked at.
    fn change(&self, raw: &Raw, id: &str, changes: Changes) -> Result<Call, TrackerError> {
        let update = &self.model().update;
        let mut item = json!({});
        if update.whole {
            item.clone_from(&raw.item);
            for path in &update.omit {
                path.remove(&mut item);
            }
        }
        for (path, value) in changes {
            path.put(&mut item, value);
        }
        let mut body = within(&update.body, item);
        if let Some(path) = &update.stamp {
            let stamp = self.model().item.updated.of(&raw.item);
            path.put(&mut body, stamp.cloned().unwrap_or_default());
        }
        let slots = Slots::default().with("id", id);
        let call = client::write(update.method, slots.path(&update.path))
            .cost(Cost::Write)
            .json(&body);
        if !update.if_match {
            return Ok(call);
        }
        let etag = raw
            .reply
            .etag()
            .and_then(|etag| HeaderValue::from_str(etag).ok());
        let etag = etag.ok_or_else(|| {
            raw.reply
                .unreadable("", "it has no ETag, which the description promises")
        })?;
        Ok(call.header(IF_MATCH, etag))
    }

    /// An item as it is after a write. When it cannot be read the write's outcome is unknown: `recognise` looks again.
    async fn after(&self, reply: Reply, id: &str) -> Result<Item, TrackerError> {
        if let Some(path) = &self.model().update.item {
            let body = client::body(&reply)?;
            let item = client::at(&reply, &body, path)?.clone();
            return self.read(&Raw { reply, item });
        }
        let raw = self.here(id, None).await.map_err(unseen)?;
        self.read(&raw)
    }

    /// An effect's fields as they are written.
    fn sorted(
        &self,
        resolved: Resolved,
        held: &BTreeMap<FieldName, Value>,
    ) -> Result<Writes, TrackerError> {
        let writes = Writes::of(&self.description, &resolved.fields, held);
        let mut writes = writes.map_err(|why| client::refused(&self.description, why))?;
        writes.waived.extend(resolved.waived);
        Ok(writes)
    }

    /// Where fields' values are put, without those of people when they are left out. The marker goes along where it lies in
    /// the text that is written, and with a new item.
    fn changes(
        &self,
        writes: &Writes,
        marker: Option<&Marker>,
        is_new: bool,
        people: bool,
    ) -> Changes {
        let fields = &self.model().fields;
        let mut changes = Changes::new();
        for (name, value) in &writes.values {
            let Some(field) = fields.get(name.as_str()) else {
                continue;
            };
            if people || !is_person(writes.wanted.get(name)) {
                changes.push((
                    field.write.as_ref().unwrap_or(&field.path).clone(),
                    value.clone(),
                ));
            }
        }
        let Some((place, marker)) = self.model().marker.as_ref().zip(marker) else {
            return changes;
        };
        if !place.in_text {
            if is_new {
                changes.extend(self.marked(place, &Json::Null, marker));
            }
            return changes;
        }
        let Some(description) = fields.get(field::DESCRIPTION) else {
            return changes;
        };
        let texts = self.model().texts;
        let path = description.write.as_ref().unwrap_or(&description.path);
        let text = writes.values.get(field::DESCRIPTION).and_then(Json::as_str);
        if let Some(text) = text.or(is_new.then_some("")) {
            changes.push((path.clone(), json!(text::join(texts, text, Some(marker)))));
        }
        changes
    }

    /// Sends a write of fields. An API may refuse the whole of it for a person whom it does not let be named there: so it is
    /// sent again without people, and when it is taken then, they are waived with what the API said.
    async fn send_fields(
        &self,
        writes: &Writes,
        marker: Option<&Marker>,
        is_new: bool,
        changed: &[StatusCode],
        call: impl Fn(Changes) -> Result<Call, TrackerError>,
    ) -> Result<(Reply, BTreeMap<FieldName, String>), TrackerError> {
        let send = async |people: bool| {
            let call = call(self.changes(writes, marker, is_new, people))?;
            let reply = self.client.send(call.accept(changed)).await?;
            match changed.contains(&reply.status) {
                true => Err(TrackerError::Changed),
                false => Ok(reply),
            }
        };
        let refused = match send(true).await {
            Ok(reply) => return Ok((reply, BTreeMap::new())),
            Err(error) => error,
        };
        let people = writes
            .wanted
            .iter()
            .filter(|(_, value)| is_person(Some(value)));
        let people: Vec<&FieldName> = people.map(|(name, _)| name).collect();
        let TrackerError::Refused { sentence, .. } = &refused else {
            return Err(refused);
        };
        let others = writes.values.len() > people.len() || is_new;
        if people.is_empty() || !others {
            return Err(refused);
        }
        match send(false).await {
            Err(TrackerError::Refused { .. }) => Err(refused),
            sent => {
                let why = format!("{} does not take the person: {sentence}", self.name());
                Ok((
                    sent?,
                    people
                        .into_iter()
                        .map(|name| (name.clone(), why.clone()))
                        .collect(),
                ))
            }
        }
    }
}

/// Whether a field's value names people.
fn is_person(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::User(_) | Value::Users(_)))
}

/// An item within the body of a request.
fn within(path: &Path, item: Json) -> Json {
    let mut body = json!({});
    path.put(&mut body, item);
    body
}

/// What came after a write could not be seen.
pub(super) fn unseen(error: TrackerError) -> TrackerError {
    match connector::half_done(error) {
        TrackerError::Unreachable { reason } | TrackerError::Unreadable { reason, .. } => {
            TrackerError::Unknown {
                reason: format!("written, but not seen: {reason}"),
            }
        }
        other => other,
    }
}

/// Fields that were sent and are as they were: some APIs drop what they do not take without a word.
fn dropped(
    tracker: &str,
    wanted: &BTreeMap<FieldName, Value>,
    held: &BTreeMap<FieldName, Value>,
    shown: &BTreeMap<FieldName, Value>,
) -> BTreeMap<FieldName, String> {
    let is_dropped = |name: &FieldName, wanted: &Value| {
        let Some(shown) = shown.get(name) else {
            return false;
        };
        let as_before = match held.get(name) {
            Some(held) => held == shown,
            None => shown.is_empty(),
        };
        as_before && shown != wanted
    };
    let dropped = wanted
        .iter()
        .filter(|(name, wanted)| is_dropped(name, wanted));
    dropped
        .map(|(name, _)| {
            (
                name.clone(),
                format!("{tracker} took the write and left {name} as it was"),
            )
        })
        .collect()
}
