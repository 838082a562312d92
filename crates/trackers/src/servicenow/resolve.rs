//! What a write needs to know before it is made: who is meant by a person, which record by a name.

use super::client::{self, Wanted};
use super::encode::{self, Sent, Texts};
use super::meta::{Column, Meta};
use super::{ServiceNow, TRACKER, decode, is_sys_id, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Choice, User, Value, field};
use twinline_core::names::FieldName;

/// A write of fields, ready to be sent.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The request's body: texts by column.
    pub(super) body: BTreeMap<String, String>,
    /// What is read back if all is taken.
    pub(super) wanted: BTreeMap<FieldName, Value>,
    /// Fields that ServiceNow cannot take, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl ServiceNow {
    /// Prepares a write. `held` are the values now. Nobody who is unknown, and no record that is not there, fails the write:
    /// ServiceNow would take any text for a reference.
    pub(super) async fn resolve(
        &self,
        table: &str,
        meta: &Meta,
        fields: &BTreeMap<FieldName, FieldWrite>,
        held: &BTreeMap<FieldName, Value>,
    ) -> Result<Resolved, TrackerError> {
        let mut resolved = Resolved::default();
        for (name, write) in fields {
            let theirs = decode::theirs(name.as_str());
            let column = meta
                .columns
                .get(theirs)
                .filter(|column| decode::is_field(theirs, column));
            let Some(column) = column else {
                let why = format!("the table {table} has no such field '{theirs}' at {TRACKER}");
                resolved.waived.insert(name.clone(), why);
                continue;
            };
            let value = encode::after(write, held.get(name));
            let (value, text) = match self.referred(name, column, value).await? {
                Ok(found) => found,
                Err(why) => {
                    resolved.waived.insert(name.clone(), why);
                    continue;
                }
            };
            let text = match text {
                Some(id) => Sent::Text(id),
                None => encode::sent(name, column, &value).map_err(client::refused)?,
            };
            match text {
                Sent::Waived(why) => drop(resolved.waived.insert(name.clone(), why)),
                Sent::Text(text) => {
                    resolved.body.insert(theirs.to_owned(), text);
                    resolved.wanted.insert(
                        name.clone(),
                        encode::normalise(name, &value, Texts::of(column)),
                    );
                }
            }
        }
        Ok(resolved)
    }

    /// A value with everybody and everything in it known by id; the text to send where that is another; why it cannot be.
    async fn referred(
        &self,
        name: &FieldName,
        column: &Column,
        value: Value,
    ) -> Result<Result<(Value, Option<String>), String>, TrackerError> {
        if name.as_str() == field::PARENT && decode::is_task_parent(column) {
            return self.parent(value).await;
        }
        let people = decode::refers_to_people(column);
        let value = match value {
            Value::User(user) => self.person(&user).await?.map(Value::User),
            Value::Users(users) => self.everybody(&users).await?.map(Value::Users),
            Value::Text(text) if people && !text.is_empty() => {
                let wanted = User {
                    name: Some(text),
                    ..User::default()
                };
                self.person(&wanted).await?.map(Value::User)
            }
            Value::Text(text) if column.kind == "reference" && !text.is_empty() => {
                self.named(column, &text).await?.map(Value::Choice)
            }
            Value::Choice(choice) if column.kind == "reference" && !is_sys_id(&choice.id) => {
                self.named(column, &choice.name).await?.map(Value::Choice)
            }
            other => Ok(other),
        };
        Ok(value.map(|value| (value, None)))
    }

    async fn everybody(
        &self,
        users: &BTreeSet<User>,
    ) -> Result<Result<BTreeSet<User>, String>, TrackerError> {
        let mut known = BTreeSet::new();
        for user in users {
            match self.person(user).await? {
                Ok(person) => drop(known.insert(person)),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(known))
    }

    /// A parent by its key.
    async fn parent(
        &self,
        value: Value,
    ) -> Result<Result<(Value, Option<String>), String>, TrackerError> {
        let Value::Text(key) = &value else {
            return Ok(match value {
                Value::Empty => Ok((Value::Empty, Some(String::new()))),
                _ => Err(format!("a parent is told by its number at {TRACKER}")),
            });
        };
        let found = match self.look_up(key).await {
            Err(TrackerError::Refused { sentence, .. }) => return Ok(Err(sentence)),
            found => found?,
        };
        let Some(found) = found else {
            return Ok(Err(format!(
                "{TRACKER} shows no record '{key}' that could be the parent"
            )));
        };
        let id = super::place(&found.item)?.sys_id.to_owned();
        Ok(Ok((Value::text(found.key), Some(id))))
    }

    /// The one record that a column can refer to and that is shown by this name.
    async fn named(
        &self,
        column: &Column,
        name: &str,
    ) -> Result<Result<Choice, String>, TrackerError> {
        let table = column.reference.clone().unwrap_or_default();
        let meta = match self.meta(&table).await {
            Err(TrackerError::Refused { sentence, .. }) => return Ok(Err(sentence)),
            meta => meta?,
        };
        let Some(display) = &meta.display else {
            return Ok(Err(format!(
                "the records of {table} are known by their sys_id alone"
            )));
        };
        let query = format!("{display}={}^ORDERBYsys_id", client::quoted(name));
        let fields = format!("sys_id,{display}");
        let wanted = Wanted {
            table: &table,
            query: &query,
            fields: &fields,
            limit: 2,
            offset: 0,
        };
        let found = client::list(&self.client, wanted).await?.records;
        let choice = |record: &wire::Record| Choice {
            id: record.text("sys_id").to_owned(),
            name: record.text(display).to_owned(),
        };
        Ok(match found.as_slice() {
            [one] => Ok(choice(one)),
            [] => Err(format!(
                "{table} has no record '{name}' that this account sees"
            )),
            _ => Err(format!(
                "{table} has several records '{name}': name one by its sys_id"
            )),
        })
    }
}

/// Fields that ServiceNow left as they were: access rules and business rules do so without a word.
pub(super) fn dropped(
    wanted: &BTreeMap<FieldName, Value>,
    held: &BTreeMap<FieldName, Value>,
    shown: &BTreeMap<FieldName, Value>,
) -> BTreeMap<FieldName, String> {
    let left = wanted.iter().filter(|(name, value)| {
        // Texts are compared by the plan: a person may have changed them since.
        let compared = !matches!(name.as_str(), field::SUMMARY | field::DESCRIPTION);
        let kept = shown.get(*name).unwrap_or(&Value::Empty);
        let before = held.get(*name).unwrap_or(&Value::Empty);
        compared && kept != *value && kept == before
    });
    left.map(|(name, _)| {
        let why = format!(
            "{TRACKER} left {name} as it was: an access rule or a business rule of the instance does not let this account \
             change it"
        );
        (name.clone(), why)
    })
    .collect()
}

/// What a table without a column for our marker cannot have.
pub(super) fn unmarked(table: &str) -> Impossible {
    Impossible::part(
        "scope",
        format!(
            "the table {table} has no column {}, which holds Twinline's marker: add one, a string of 100 characters",
            super::CORRELATION
        ),
    )
}
