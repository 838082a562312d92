//! Making a write.

use super::client;
use super::meta::Meta;
use super::resolve::{self, Resolved};
use super::{CORRELATION, Place, ServiceNow, TRACKER, decode, text, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{Call, Cost, Permit, Reply};
use crate::tracker::Scope;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Value, Version};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

impl ServiceNow {
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
                ..
            } => self.add_comment(item, channel, body).await,
            Effect::EditComment { .. } | Effect::DeleteComment { .. } => {
                Err(client::refused(Impossible::request(
                    "the entries of ServiceNow's journals stay as they were written: the API neither edits nor deletes them",
                )))
            }
            Effect::AddAttachment { .. } => Err(crate::files::without_bytes(TRACKER)),
            Effect::DeleteAttachment { item, attachment } => self.detach(item, attachment).await,
            Effect::Delete { item } => {
                let call = Call::delete(client::path_of(super::place(item)?));
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
        let table = super::table(scope)?;
        let meta = self.meta(table).await?;
        if !meta.columns.contains_key(CORRELATION) {
            return Err(client::refused(resolve::unmarked(table)));
        }
        let writes = fields.iter();
        let writes = writes.map(|(name, value)| (name.clone(), FieldWrite::Replace(value.clone())));
        let resolved = self
            .resolve(table, &meta, &writes.collect(), &BTreeMap::new())
            .await?;
        let mut body = resolved.body;
        body.insert(CORRELATION.to_owned(), marker.to_string());
        let call = client::both(Call::post(client::path(table))).json(&body);
        let reply = self.client.send(call).await?;
        let record = wire::one(&reply)?;
        let shown = decode::fields(&meta, &record, &BTreeMap::new());
        let mut waived = resolved.waived;
        waived.extend(resolve::dropped(&resolved.wanted, &BTreeMap::new(), &shown));
        if decode::marker(&record).as_ref() != Some(marker) {
            let why = format!(
                "{TRACKER} did not keep {CORRELATION}: let this account write it, or a record whose making was in doubt cannot \
                 be found again"
            );
            waived.insert(FieldName::from(CORRELATION), why);
        }
        Ok(Applied {
            created: Some(self.reference(table, &record)),
            version: decode::version(&record),
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
        let place = super::place(item)?;
        let permit = self.turn(place).await?;
        let meta = self.meta(place.table).await?;
        let before = self.look(place, None).await?;
        let held = decode::fields(&meta, &before, &BTreeMap::new());
        let resolved = self.resolve(place.table, &meta, fields, &held).await?;
        let Resolved {
            body,
            wanted,
            mut waived,
        } = resolved;
        // Looked at as late as can be: nothing but our write comes behind it.
        let now = self.look(place, Some(&permit)).await?;
        let count = decode::version(&now).and_then(|version| version.revision);
        if planned_from.revision.is_some() && planned_from.revision != count {
            return Err(TrackerError::Changed);
        }
        if body.is_empty() {
            return Ok(Applied {
                waived,
                ..Applied::default()
            });
        }
        let (record, _) = self.patch(place, &body, &permit).await?;
        let shown = decode::fields(&meta, &record, &BTreeMap::new());
        waived.extend(resolve::dropped(&wanted, &held, &shown));
        let version = decode::version(&record);
        let after = version.as_ref().and_then(|version| version.revision);
        Ok(Applied {
            // By one: nobody wrote between the look and our write, and no rule of the instance after it.
            adjacent: planned_from.revision.is_some() && after == count.map(|count| count + 1),
            version,
            waived,
            ..Applied::default()
        })
    }

    async fn mark(&self, item: &ItemId, marker: &Marker) -> Result<Applied, TrackerError> {
        let place = super::place(item)?;
        let meta: Arc<Meta> = self.meta(place.table).await?;
        if !meta.columns.contains_key(CORRELATION) {
            return Err(client::refused(resolve::unmarked(place.table)));
        }
        let permit = self.turn(place).await?;
        let before = self.look(place, Some(&permit)).await?;
        let held = before.text(CORRELATION);
        if !held.is_empty() && decode::marker(&before).is_none() {
            return Err(client::refused(Impossible::request(format!(
                "{CORRELATION} holds '{held}', which another integration has put there: empty it, or leave the record alone"
            ))));
        }
        let body = BTreeMap::from([(CORRELATION.to_owned(), marker.to_string())]);
        let (record, _) = self.patch(place, &body, &permit).await?;
        if decode::marker(&record).as_ref() != Some(marker) {
            return Err(client::refused(Impossible::request(format!(
                "{TRACKER} did not keep {CORRELATION}: let this account write it"
            ))));
        }
        Ok(Applied {
            version: decode::version(&record),
            ..Applied::default()
        })
    }

    /// Adds an entry to a journal. ServiceNow answers with the record, which does not show it; it is looked for among those of
    /// our account that were not there before.
    async fn add_comment(
        &self,
        item: &ItemId,
        channel: &str,
        body: &Document,
    ) -> Result<Applied, TrackerError> {
        self.capabilities
            .check_channel(channel)
            .map_err(|why| client::refused(Impossible::request(why)))?;
        let place = super::place(item)?;
        let text = text::write(body);
        let permit = self.turn(place).await?;
        let before = self.own_entries(place, channel).await?;
        let sent = BTreeMap::from([(channel.to_owned(), text.clone())]);
        let (record, _) = self.patch(place, &sent, &permit).await?;
        let lost = |error: TrackerError| TrackerError::Unknown {
            reason: format!("written, but not seen: {error}"),
        };
        let entries = self.own_entries(place, channel).await.map_err(lost)?;
        let new =
            |entry: &&super::journal::Entry| !before.iter().any(|old| old.sys_id == entry.sys_id);
        let mut written = entries
            .iter()
            .filter(new)
            .filter(|entry| text::same(&entry.text, &text));
        let written = written.next().ok_or_else(|| TrackerError::Unknown {
            reason: format!("{TRACKER} took an entry of {channel} and does not show it"),
        })?;
        let logins = BTreeSet::from([written.by.clone()]);
        let people = self.known(&BTreeSet::new(), &logins).await.map_err(lost)?;
        Ok(Applied {
            comment: Some(Box::new(decode::comment(written, &people))),
            version: decode::version(&record),
            ..Applied::default()
        })
    }

    /// Waits for the turn of a look and a write, before anything is sent.
    async fn turn(&self, place: Place<'_>) -> Result<Permit, TrackerError> {
        self.client.open(&Call::patch(client::path_of(place)))?;
        self.client.reserve(&[Cost::Read, Cost::Write], None).await
    }

    /// A record that must be there.
    pub(super) async fn look(
        &self,
        place: Place<'_>,
        permit: Option<&Permit>,
    ) -> Result<wire::Record, TrackerError> {
        let mut call = client::both(Call::get(client::path_of(place)));
        if let Some(permit) = permit {
            call = call.prepaid(permit);
        }
        wire::one(&self.client.send(call).await?)
    }

    async fn patch(
        &self,
        place: Place<'_>,
        body: &BTreeMap<String, String>,
        permit: &Permit,
    ) -> Result<(wire::Record, Reply), TrackerError> {
        let call = client::both(Call::patch(client::path_of(place)));
        let reply = self
            .client
            .send(call.prepaid(permit).json(&json!(body)))
            .await?;
        Ok((wire::one(&reply)?, reply))
    }
}
