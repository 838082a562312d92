//! Whether a write whose answer was lost is there. Answers come from the instance's database and do not lag.

use super::client::{self, Wanted};
use super::{CORRELATION, Place, ServiceNow, decode, encode, text, wire};
use crate::error::TrackerError;
use crate::tracker::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::item::{Fetched, ItemId, User, Value};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// Times are whole seconds on each side.
const MARGIN: Duration = Duration::from_secs(2);
/// Copies of one record that are looked at.
const COPIES_MAX: usize = 100;

impl ServiceNow {
    /// Looks for the write that `effect` asks for.
    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        match effect {
            Effect::Create { scope, marker, .. } => self.created(scope, marker).await,
            Effect::Update { item, fields, .. } => self.updated(item, fields).await,
            Effect::Mark { item, marker } => {
                let record = self.look(super::place(item)?, None).await?;
                let there = decode::marker(&record).as_ref() == Some(marker);
                Ok(found(there.then(|| at_version(&record))))
            }
            Effect::AddComment {
                item,
                channel,
                body,
                ..
            } => {
                self.commented(super::place(item)?, channel, body, since)
                    .await
            }
            // Refused before anything was sent: it never happened.
            Effect::EditComment { .. } => Ok(Recognised::NotThere),
            Effect::DeleteComment { item, comment } => self.entry_deleted(item, comment).await,
            Effect::AddAttachment { item, file, .. } => self.attached(item, file, since).await,
            Effect::DeleteAttachment { item, attachment } => self.detached(item, attachment).await,
            Effect::Delete { item } => self.removed(item).await,
        }
    }

    /// The record whose `correlation_id` is the marker. A copy takes it over ("Insert and Stay"): the oldest is meant, and of
    /// one second the one whose number was given first.
    async fn created(&self, scope: &Scope, marker: &Marker) -> Result<Recognised, TrackerError> {
        let table = super::table(scope)?;
        let query = format!("{CORRELATION}={marker}^ORDERBYsys_created_on^ORDERBYsys_id");
        let wanted = Wanted {
            table,
            query: &query,
            fields: "sys_id,number,sys_class_name,sys_created_on,sys_mod_count,sys_updated_on,correlation_id",
            limit: COPIES_MAX,
            offset: 0,
        };
        let listed = client::list(&self.client, wanted).await?;
        let marked = listed
            .records
            .iter()
            .filter(|record| decode::marker(record).as_ref() == Some(marker));
        let age = |record: &&wire::Record| {
            let number = record.text("number");
            (
                record.text("sys_created_on").to_owned(),
                number.len(),
                number.to_owned(),
            )
        };
        Ok(found(marked.min_by_key(age).map(|record| {
            let class = record.text("sys_class_name");
            let class = if class.is_empty() { table } else { class };
            Applied {
                created: Some(self.reference(class, record)),
                ..at_version(record)
            }
        })))
    }

    async fn updated(
        &self,
        item: &ItemId,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Recognised, TrackerError> {
        let place = super::place(item)?;
        let meta = self.meta(place.table).await?;
        let record = self.look(place, None).await?;
        let people = decode::people(&meta, std::slice::from_ref(&record));
        let people = self.known(&people, &BTreeSet::new()).await?;
        let held = decode::fields(&meta, &record, &people);
        let there = fields.iter().all(|(name, write)| {
            let wanted = encode::after(write, held.get(name));
            let wanted = encode::normalise(name, &wanted, meta.texts(name));
            held.get(name).is_none_or(|held| is_it(held, &wanted))
        });
        Ok(found(there.then(|| at_version(&record))))
    }

    /// An entry of our account with this text, no older than the attempt. Of several nobody can say which it is.
    async fn commented(
        &self,
        place: Place<'_>,
        channel: &str,
        body: &Document,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let (text, since) = (text::write(body), since.minus(MARGIN).floor_to_second());
        // That the record is there is asked for by itself: the journal of one that is hidden is empty.
        self.look(place, None).await?;
        let entries = self.own_entries(place, channel).await?;
        let alike = entries
            .iter()
            .filter(|entry| entry.created >= since && text::same(&entry.text, &text));
        let alike: Vec<_> = alike.collect();
        let [entry] = alike.as_slice() else {
            return Ok(match alike.len() {
                0 => Recognised::NotThere,
                several => Recognised::Unclear {
                    reason: format!("{several} entries of this account have that text"),
                },
            });
        };
        let people = self
            .known(&BTreeSet::new(), &BTreeSet::from([entry.by.clone()]))
            .await?;
        Ok(found(Some(Applied {
            comment: Some(Box::new(decode::comment(entry, &people))),
            ..Applied::default()
        })))
    }

    async fn removed(&self, item: &ItemId) -> Result<Recognised, TrackerError> {
        use crate::tracker::Tracker as _;
        Ok(match self.fetch_bare(item).await? {
            Fetched::Deleted { .. } => found(Some(Applied::default())),
            Fetched::Found(_) | Fetched::Moved(_) => Recognised::NotThere,
            Fetched::Unreachable { reason } => Recognised::Unclear { reason },
        })
    }
}

/// Whether a field holds what was written. People whom a rule names are told by any of their names.
fn is_it(held: &Value, wanted: &Value) -> bool {
    match (held, wanted) {
        (Value::User(held), Value::User(wanted)) => held.may_answer(wanted),
        (Value::Users(held), Value::Users(wanted)) => {
            let answered = |wanted: &User| held.iter().any(|held| held.may_answer(wanted));
            held.len() == wanted.len() && wanted.iter().all(answered)
        }
        // A rule may have named a record, which was looked up.
        (Value::Choice(held), Value::Text(name)) => held.name == *name || held.id == *name,
        (held, wanted) => held == wanted,
    }
}

fn at_version(record: &wire::Record) -> Applied {
    Applied {
        version: decode::version(record),
        ..Applied::default()
    }
}

fn found(applied: Option<Applied>) -> Recognised {
    applied.map_or(Recognised::NotThere, |applied| {
        Recognised::There(Box::new(applied))
    })
}
