//! The requests of a write: what is put where, under which condition, and what is left of it when people are refused.

use super::JsonHttp;
use super::client::{self, Slots};
use super::description::Path;
use super::encode::Writes;
use super::item::Raw;
use super::people::Resolved;
use super::text;
use crate::connector;
use crate::error::TrackerError;
use crate::http::{Call, Cost, Reply};
use http::StatusCode;
use http::header::{HeaderValue, IF_MATCH};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::item::{Item, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;

/// What is to be put where in an item.
pub(super) type Changes = Vec<(Path, Json)>;

impl JsonHttp {
    /// The request that changes an item that was looked at.
    pub(super) fn change(
        &self,
        raw: &Raw,
        id: &str,
        changes: Changes,
    ) -> Result<Call, TrackerError> {
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
    pub(super) async fn after(&self, reply: Reply, id: &str) -> Result<Item, TrackerError> {
        if let Some(path) = &self.model().update.item {
            let body = client::body(&reply)?;
            let item = client::at(&reply, &body, path)?.clone();
            return self.read(&Raw { reply, item });
        }
        let raw = self.here(id, None).await.map_err(unseen)?;
        self.read(&raw)
    }

    /// An effect's fields as they are written.
    pub(super) fn sorted(
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
    pub(super) async fn send_fields(
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
pub(super) fn within(path: &Path, item: Json) -> Json {
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
pub(super) fn dropped(
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
