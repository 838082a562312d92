//! People whom a rule names by e-mail address or name: Jira's requests know people by account id.

use super::{Jira, wire};
use crate::error::TrackerError;
use crate::http::Call;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value};
use twinline_core::names::FieldName;

/// Fields with every person known by id, and those that name somebody whom Jira does not know.
pub(super) struct Resolved {
    pub(super) fields: BTreeMap<FieldName, FieldWrite>,
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Jira {
    /// Asks for the people without an id. An unknown person fails no write: the field is waived.
    pub(super) async fn resolve(
        &self,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Resolved, TrackerError> {
        let mut resolved = Resolved {
            fields: BTreeMap::new(),
            waived: BTreeMap::new(),
        };
        for (name, write) in fields {
            let people = match write {
                FieldWrite::Replace(Value::User(user)) => BTreeSet::from([user.clone()]),
                FieldWrite::Replace(Value::Users(users)) => users.clone(),
                FieldWrite::Replace(_) | FieldWrite::Elements { .. } => BTreeSet::new(),
            };
            if people.iter().all(|person| !person.id.is_empty()) {
                resolved.fields.insert(name.clone(), write.clone());
                continue;
            }
            match self.known(&people).await? {
                Err(label) => {
                    let why =
                        format!("nobody at Jira is called '{label}', or their address is hidden");
                    resolved.waived.insert(name.clone(), why);
                }
                Ok(known) => {
                    let value = match (write, known.first()) {
                        (FieldWrite::Replace(Value::User(_)), Some(one)) => {
                            Value::User(one.clone())
                        }
                        _ => Value::Users(known),
                    };
                    resolved
                        .fields
                        .insert(name.clone(), FieldWrite::Replace(value));
                }
            }
        }
        Ok(resolved)
    }

    /// Everybody by id; the label of the first who is not known.
    async fn known(
        &self,
        people: &BTreeSet<User>,
    ) -> Result<Result<BTreeSet<User>, String>, TrackerError> {
        let mut known = BTreeSet::new();
        for person in people {
            if !person.id.is_empty() {
                known.insert(person.clone());
                continue;
            }
            let wanted = person
                .email
                .as_deref()
                .or(person.login.as_deref())
                .unwrap_or_else(|| person.label());
            let call = Call::get("/rest/api/3/user/search")
                .query("query", wanted)
                .query("maxResults", "50");
            let found: Vec<wire::Account> = self.client.send(call).await?.json()?;
            let is_it = |account: &wire::Account| {
                let told = account
                    .email_address
                    .as_deref()
                    .or(account.display_name.as_deref());
                told.is_some_and(|told| told.eq_ignore_ascii_case(wanted))
            };
            // An address that is hidden still finds its account: alone, it is the one.
            let account = match found.as_slice() {
                [one] => Some(one),
                several => several.iter().find(|account| is_it(account)),
            };
            match account {
                Some(account) => drop(known.insert(super::decode::user(account))),
                None => return Ok(Err(wanted.to_owned())),
            }
        }
        Ok(Ok(known))
    }
}
