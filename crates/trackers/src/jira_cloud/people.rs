//! People whom a rule names by e-mail address or name: Jira's requests know people by account id.

use super::{Jira, wire};
use crate::error::TrackerError;
use crate::http::Call;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value, field};
use twinline_core::names::FieldName;

/// Fields with every person known by id, and those that name somebody whom Jira does not know.
pub(super) struct Resolved {
    pub(super) fields: BTreeMap<FieldName, FieldWrite>,
    pub(super) waived: BTreeMap<FieldName, String>,
}

/// Where somebody is to be assigned.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// To a new issue of a project, by its key.
    Project(&'a str),
    /// To an issue, by its id.
    Issue(&'a str),
}

impl Jira {
    /// Asks for the people without an id, and whether an assignee can be one. A person who is not known or cannot be
    /// assigned fails no write: the field is waived.
    pub(super) async fn resolve(
        &self,
        place: Place<'_>,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Resolved, TrackerError> {
        let mut resolved = self.named(fields).await?;
        if let Some(FieldWrite::Replace(Value::User(user))) = resolved.fields.get(field::ASSIGNEE) {
            let (name, value) = match place {
                Place::Project(key) => ("project", key),
                Place::Issue(id) => ("issueId", id),
            };
            let call = Call::get("/rest/api/3/user/assignable/search")
                .query(name, value)
                .query("accountId", &user.id);
            let found: Vec<wire::Account> = self.client.send(call).await?.json()?;
            if !found.iter().any(|account| account.account_id == user.id) {
                let why = format!("'{}' cannot be assigned to issues here", user.label());
                resolved.fields.remove(field::ASSIGNEE);
                resolved.waived.insert(field::ASSIGNEE.into(), why);
            }
        }
        Ok(resolved)
    }

    async fn named(
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
                    let why = format!(
                        "no one person at Jira is called '{label}', or their address is hidden"
                    );
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
            match the_one(&found, wanted) {
                Some(account) => drop(known.insert(super::decode::user(account))),
                None => return Ok(Err(wanted.to_owned())),
            }
        }
        Ok(Ok(known))
    }
}

/// The account that is meant, among those that the search found: it finds whose name or address only begins so.
fn the_one<'a>(found: &'a [wire::Account], wanted: &str) -> Option<&'a wire::Account> {
    let told = |account: &'a wire::Account| account.email_address.as_deref();
    let told = |account| told(account).filter(|address: &&str| !address.is_empty());
    let names = |account: &&'a wire::Account| {
        let names = [told(account), account.display_name.as_deref()];
        let mut names = names.into_iter().flatten();
        names.any(|name| name.eq_ignore_ascii_case(wanted))
    };
    let mut named = found.iter().filter(names);
    match (named.next(), named.next(), found) {
        (Some(one), None, _) => Some(one),
        // An address that is hidden still finds its account.
        (None, _, [one]) if wanted.contains('@') && told(one).is_none() => Some(one),
        _ => None,
    }
}
