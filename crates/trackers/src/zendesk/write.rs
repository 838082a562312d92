//! Making a write.

use super::encode::{self, Tags, Writes};
use super::{CHANNEL_INTERNAL, METADATA, TRACKER, Zendesk, client, decode, text, wire};
use crate::connector::{Impossible, half_done};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Permit, Reply};
use crate::tracker::Scope;
use http::header::HeaderName;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

/// Zendesk's sentence about a ticket that is closed for good.
const CLOSED_FOR_GOOD: &str = "closed prevents ticket update";

/// What Zendesk refuses a whole write for, and is waived for itself: its names and ours.
const REFUSABLE: [Part; 3] = [
    (&["status", "custom_status_id"], field::STATUS),
    (&["assignee_id"], field::ASSIGNEE),
    (&["requester_id", "requester"], field::REPORTER),
];
/// The first of them are refused also by sentences that name something else, or nothing.
const REFUSED_UNNAMED: usize = 2;

/// What was refused on the way to a write that was made.
type Waived = BTreeMap<FieldName, String>;

impl Zendesk {
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
                self.add_comment(item, channel == CHANNEL_INTERNAL, body, marker)
                    .await
            }
            Effect::EditComment { .. } | Effect::DeleteComment { .. } => {
                Err(client::refused(Impossible::request(
                    "Zendesk keeps comments as they are: they can be neither edited nor deleted",
                )))
            }
            Effect::AddAttachment { .. } => Err(crate::files::without_bytes(TRACKER)),
            Effect::DeleteAttachment { .. } => Err(client::refused(Impossible::request(
                "Zendesk redacts files for good and never deletes them",
            ))),
            Effect::Delete { item } => {
                let call = Call::delete(client::path(&item.id, "")).key(&item.id);
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
        let place = self.place(scope).await?;
        let replaced = fields
            .iter()
            .map(|(name, value)| (name.clone(), FieldWrite::Replace(value.clone())));
        let resolved = self.resolve(&replaced.collect()).await?;
        let account = self.account().await?;
        let mut writes = Writes::of(&resolved.fields, &account).map_err(client::refused)?;
        let mut waived = std::mem::take(&mut writes.waived);
        waived.extend(resolved.waived);
        let put = |writes: &mut Writes, name: &str, value: Json| {
            writes.ticket.insert(name.to_owned(), value);
        };
        if let Some(brand) = place.brand {
            put(&mut writes, "brand_id", json!(brand));
        }
        if let Some(group) = place.group {
            put(&mut writes, "group_id", json!(group));
        }
        if let Some(Tags::All(tags)) = &writes.tags {
            let tags = json!(tags);
            put(&mut writes, "tags", tags);
        }
        // Zendesk takes no ticket without a first comment.
        let text = writes.description.take();
        let text = text.unwrap_or_else(|| text::write(&Document::from_plain(text::NO_TEXT)));
        let comment = json!({ "html_body": text, "public": true });
        put(&mut writes, "comment", comment);
        put(&mut writes, "external_id", json!(marker.to_string()));
        let call = |ticket: &Map<String, Json>| {
            let body = json!({ "ticket": ticket });
            // The same request made twice makes one ticket; another one is another request.
            let key = format!("{marker}:{}", hex::encode(Sha256::digest(body.to_string())));
            let key = HeaderValue::try_from(key).expect("a marker and a digest fit into a header");
            Call::post("/api/v2/tickets")
                .header(HeaderName::from_static("idempotency-key"), key)
                .json(&body)
        };
        let (reply, refused) = self.send_fields(&mut writes, call).await?;
        let made: wire::OneTicket = reply.json()?;
        waived.extend(refused);
        waived.extend(dropped(&writes, &made.ticket));
        Ok(Applied {
            created: Some(self.reference(made.ticket.id)),
            version: Some(decode::version(made.ticket.updated_at)),
            waived,
            ..Applied::default()
        })
    }

    async fn update(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
        planned_from: &Version,
    ) -> Result<Applied, TrackerError> {
        let resolved = self.resolve(fields).await?;
        let account = self.account().await?;
        let mut writes = Writes::of(&resolved.fields, &account).map_err(client::refused)?;
        let mut waived = std::mem::take(&mut writes.waived);
        waived.extend(resolved.waived);
        if fields.contains_key(field::DESCRIPTION) {
            let why = "the description is the ticket's first comment, which Zendesk keeps as it is";
            waived.insert(field::DESCRIPTION.into(), why.to_owned());
        }
        let (add, remove) = self.tags(item, writes.tags.take()).await?;
        let bare = writes.is_bare();
        let tagged = [(&remove, "DELETE"), (&add, "PUT")];
        let tagged = tagged.into_iter().filter(|(tags, _)| !tags.is_empty());
        let tagged: Vec<(&BTreeSet<String>, &str)> = tagged.collect();
        let requests = tagged.len() + usize::from(!bare);
        let mut applied = Applied::default();
        if requests > 0 {
            let costs = vec![Cost::Write; requests];
            let permit = self.client.reserve(&costs, Some(&item.id)).await?;
            if !bare {
                let put = self.put(item, &mut writes, planned_from, &permit).await;
                let (version, refused) = match put {
                    Err(error) => match self.closed(item, &error).await {
                        true => return Ok(closed_for_good(fields)),
                        false => return Err(error),
                    },
                    put => put?,
                };
                applied.adjacent = tagged.is_empty() && planned_from.token.is_some();
                applied.version = Some(version).filter(|_| tagged.is_empty());
                waived.extend(refused);
            }
            for (number, (tags, method)) in tagged.into_iter().enumerate() {
                let path = client::path(&item.id, "/tags");
                let call = match method {
                    "DELETE" => Call::delete(path),
                    _ => Call::put(path),
                };
                let call = call
                    .key(&item.id)
                    .prepaid(&permit)
                    .json(&json!({ "tags": tags }));
                let sent = self.client.send(call).await;
                match sent {
                    Err(error) if number == 0 && bare => {
                        return match self.closed(item, &error).await {
                            true => Ok(closed_for_good(fields)),
                            false => Err(error),
                        };
                    }
                    sent => drop(sent.map_err(half_done)?),
                }
            }
        }
        applied.waived = waived;
        Ok(applied)
    }

    /// The tags to add and to take away. Those that fields put there stay.
    async fn tags(
        &self,
        item: &ItemId,
        tags: Option<Tags>,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>), TrackerError> {
        match tags {
            None => Ok(Default::default()),
            Some(Tags::Elements { add, remove }) => Ok((add, remove)),
            Some(Tags::All(wanted)) => {
                let ticket = client::ticket_here(&self.client, &item.id).await?;
                let account = self.account_that(|known| known.knows(&ticket)).await?;
                let of_fields = account.field_tags(&ticket);
                let held = ticket.tags.into_iter();
                let held: BTreeSet<String> = held.filter(|tag| !of_fields.contains(tag)).collect();
                let add = wanted.difference(&held).cloned().collect();
                let remove = held.difference(&wanted).cloned().collect();
                Ok((add, remove))
            }
        }
    }

    /// Writes the ticket itself, on condition that nobody has since the version that was planned from.
    async fn put(
        &self,
        item: &ItemId,
        writes: &mut Writes,
        planned_from: &Version,
        permit: &Permit,
    ) -> Result<(Version, Waived), TrackerError> {
        let call = |ticket: &Map<String, Json>| {
            let mut ticket = ticket.clone();
            if let Some(stamp) = &planned_from.token {
                ticket.insert("safe_update".to_owned(), json!(true));
                ticket.insert("updated_stamp".to_owned(), json!(stamp));
            }
            put_ticket(item, &ticket).prepaid(permit)
        };
        let (reply, mut waived) = self.send_fields(writes, call).await?;
        check_conflict(&reply)?;
        let written: wire::OneTicket = reply.json()?;
        waived.extend(dropped(writes, &written.ticket));
        Ok((decode::version(written.ticket.updated_at), waived))
    }

    /// Sends a write of fields. Zendesk refuses the whole of it for a status that a ticket cannot have now (never back to
    /// new; a field that a solved one must have), for an assignee who is not in the group and for a requester who is
    /// suspended or deleted. What the refusal names is left out, and the rest is sent again; where it names nothing that
    /// could be, without the status, without the assignee, then without both. What is taken then was refused for what is left
    /// out, which is waived.
    async fn send_fields(
        &self,
        writes: &mut Writes,
        call: impl Fn(&Map<String, Json>) -> Call,
    ) -> Result<(Reply, Waived), TrackerError> {
        let mut waived = Waived::new();
        let refused = match self.client.send(call(&writes.body())).await {
            Err(refused @ TrackerError::Refused { .. }) => refused,
            sent => return Ok((sent?, waived)),
        };
        if refused.to_string().contains(CLOSED_FOR_GOOD) {
            return Err(refused);
        }
        let whole = writes.ticket.clone();
        let (mut part, mut sentence) = (named(&refused, &whole), refused.to_string());
        while let Some(refusable) = part {
            leave_out(writes, refusable, &sentence, &mut waived);
            match self.client.send(call(&writes.body())).await {
                Err(again @ TrackerError::Refused { .. }) => {
                    sentence = again.to_string();
                    part = named(&again, &writes.ticket);
                }
                sent => return Ok((sent?, waived)),
            }
        }
        let rest = writes.ticket.clone();
        for left_out in [0..1, 1..2, 0..REFUSED_UNNAMED].map(|parts| &REFUSABLE[parts]) {
            if !left_out.iter().all(|part| is_there(part, &rest)) {
                continue;
            }
            writes.ticket.clone_from(&rest);
            let mut waived = waived.clone();
            for part in left_out {
                leave_out(writes, part, &sentence, &mut waived);
            }
            match self.client.send(call(&writes.body())).await {
                Err(TrackerError::Refused { .. }) => {}
                sent => return Ok((sent?, waived)),
            }
        }
        // None was the reason, or not the only one: the first sentence tells all.
        writes.ticket = whole;
        Err(refused)
    }

    /// Whether an update was refused because its ticket is closed for good.
    async fn closed(&self, item: &ItemId, error: &TrackerError) -> bool {
        let said = matches!(error, TrackerError::Refused { sentence, .. } if sentence.contains(CLOSED_FOR_GOOD));
        if !said {
            return false;
        }
        let ticket = client::ticket_here(&self.client, &item.id).await;
        ticket.is_ok_and(|ticket| ticket.status == super::account::CLOSED)
    }

    /// Puts the marker into the external id. One that another program uses stays as it is.
    async fn mark(&self, item: &ItemId, marker: &Marker) -> Result<Applied, TrackerError> {
        let before = client::ticket_here(&self.client, &item.id).await?;
        let present = before.external_id.as_ref().filter(|id| !id.is_empty());
        if decode::marker(present).as_ref() == Some(marker) {
            return Ok(Applied::default());
        }
        if let Some(other) = present.filter(|id| Marker::parse(id).is_none()) {
            return Err(client::refused(Impossible::request(format!(
                "ticket #{} has the external id '{other}' of another program, which Twinline does not overwrite",
                item.id
            ))));
        }
        let ticket = json!({ "external_id": marker.to_string(), "safe_update": true,
            "updated_stamp": decode::version(before.updated_at).token });
        let ticket = ticket.as_object().cloned().unwrap_or_default();
        let reply = self.client.send(put_ticket(item, &ticket)).await?;
        check_conflict(&reply)?;
        let written: wire::OneTicket = reply.json()?;
        Ok(Applied {
            version: Some(decode::version(written.ticket.updated_at)),
            ..Applied::default()
        })
    }

    /// Writes a comment. The marker lies in the custom metadata of the update that makes it. What was to be internal and is
    /// not confirmed to be is made private, and refused.
    async fn add_comment(
        &self,
        item: &ItemId,
        internal: bool,
        body: &Document,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let comment = json!({ "html_body": text::write(body), "public": !internal });
        let ticket = json!({ "comment": comment, "metadata": { METADATA: marker.to_string() } });
        let ticket = ticket.as_object().cloned().unwrap_or_default();
        let reply = self.client.send(put_ticket(item, &ticket)).await?;
        check_conflict(&reply)?;
        let written: wire::OneTicket = reply.json()?;
        let audit = written.audit.as_ref();
        let events = audit.map_or(&[][..], |audit| audit.events.as_slice());
        let made = events.iter().find(|event| event["type"] == "Comment");
        let made =
            made.and_then(|event| serde_json::from_value::<wire::Comment>(event.clone()).ok());
        let (Some(audit), Some(mut made)) = (audit, made) else {
            return Err(reply.unreadable("audit.events", "it tells of no comment"));
        };
        made.metadata.clone_from(&audit.metadata);
        if internal && made.public != Some(false) {
            return Err(self.take_back(item, made.id).await);
        }
        let people = decode::people(&written.users);
        Ok(Applied {
            comment: Some(Box::new(decode::comment(&made, &people, audit.created_at))),
            version: Some(decode::version(written.ticket.updated_at)),
            ..Applied::default()
        })
    }

    /// Hides a comment from customers that was to be internal; the error that says so.
    pub(super) async fn take_back(&self, item: &ItemId, comment: u64) -> TrackerError {
        let path = client::path(&item.id, &format!("/comments/{comment}/make_private"));
        let done = match self.client.send(Call::put(path).key(&item.id)).await {
            Ok(_) => "it was made private".to_owned(),
            Err(error) => {
                format!(
                    "it could not be made private, please do so with comment {comment}: {error}"
                )
            }
        };
        client::refused(Impossible::request(format!(
            "Zendesk did not keep an internal comment internal; {done}"
        )))
    }
}

/// A part of a ticket that may be refused: Zendesk's names of it, and ours.
type Part = (&'static [&'static str], &'static str);

fn is_there((names, _): &Part, ticket: &Map<String, Json>) -> bool {
    names.iter().any(|name| ticket.contains_key(*name))
}

/// The part of a ticket that a refusal names.
fn named(refused: &TrackerError, ticket: &Map<String, Json>) -> Option<&'static Part> {
    let TrackerError::Refused { field, .. } = refused else {
        return None;
    };
    let mut parts = REFUSABLE.iter();
    parts.find(|part| field.as_deref() == Some(part.1) && is_there(part, ticket))
}

/// Takes a part out of a write, and waives it.
fn leave_out(writes: &mut Writes, (names, ours): &Part, sentence: &str, waived: &mut Waived) {
    for name in *names {
        writes.ticket.remove(*name);
    }
    let why = format!("Zendesk does not take this {ours} here: {sentence}");
    waived.insert(FieldName::from(*ours), why);
}

/// A write of a ticket. A conflict is the caller's to tell apart.
pub(super) fn put_ticket(item: &ItemId, ticket: &Map<String, Json>) -> Call {
    Call::put(client::path(&item.id, ""))
        .key(&item.id)
        .accept(&[StatusCode::CONFLICT])
        .json(&json!({ "ticket": ticket }))
}

/// A conflict is that of a safe update, or of two writes at once, of which ours was not made.
pub(super) fn check_conflict(reply: &Reply) -> Result<(), TrackerError> {
    if reply.status != StatusCode::CONFLICT {
        return Ok(());
    }
    let body: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
    if body["error"] == "UpdateConflict" {
        return Err(TrackerError::Changed);
    }
    Err(TrackerError::Retry {
        reason: format!("{TRACKER} answered {}", client::said(reply)),
        after: None,
    })
}

/// An update of a ticket that nobody can change any more.
fn closed_for_good(fields: &BTreeMap<FieldName, FieldWrite>) -> Applied {
    let why = "the ticket is closed, and Zendesk changes nothing about a closed ticket";
    let all = fields.keys().map(|name| (name.clone(), why.to_owned()));
    Applied {
        waived: all.collect(),
        ..Applied::default()
    }
}

/// Custom fields that were to have a value and have none: Zendesk drops an option that it does not know without a word.
fn dropped(writes: &Writes, shown: &wire::Ticket) -> Waived {
    let empty = |json: &Json| match json {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(values) => values.is_empty(),
        _ => false,
    };
    let lost = writes.custom.iter().filter(|(id, written)| {
        let held = shown.custom_fields.iter().find(|held| held.id == **id);
        !empty(written) && held.is_some_and(|held| empty(&held.value))
    });
    let why = |id: &u64| {
        format!("Zendesk left field {id} empty: its form or its options do not allow the value")
    };
    lost.map(|(id, _)| (FieldName::new(id.to_string()), why(id)))
        .collect()
}

/// The value that a write leads to.
pub(super) fn after(write: &FieldWrite, held: Option<&Value>) -> Value {
    match write {
        FieldWrite::Replace(value) => value.clone(),
        FieldWrite::Elements { add, remove } => {
            let mut set = match held {
                Some(Value::Set(set)) => set.clone(),
                _ => BTreeSet::new(),
            };
            let remove: BTreeSet<String> = remove.iter().map(|one| encode::tag(one)).collect();
            set.retain(|element| !remove.contains(element));
            set.extend(add.iter().map(|one| encode::tag(one)));
            Value::Set(set)
        }
    }
}
