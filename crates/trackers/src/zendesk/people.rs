//! People whom a rule names by e-mail address or name: Zendesk's requests know people by id. And people to whom no ticket
//! can be assigned.

use super::{Zendesk, client, decode, wire};
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;
use std::collections::BTreeMap;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value, field};
use twinline_core::names::FieldName;

/// Fields with every person known by id, and those that name somebody whom Zendesk does not know or assign.
pub(super) struct Resolved {
    pub(super) fields: BTreeMap<FieldName, FieldWrite>,
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Zendesk {
    /// Asks for the people without an id, and whether an assignee is an agent. A person who is not known, or is a customer,
    /// fails no write: the field is waived. A requester whom nobody knows, and who has a name and an address, is left to the
    /// ticket, which makes them.
    pub(super) async fn resolve(
        &self,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Resolved, TrackerError> {
        let mut resolved = Resolved {
            fields: fields.clone(),
            waived: BTreeMap::new(),
        };
        for (name, write) in fields {
            let FieldWrite::Replace(Value::User(person)) = write else {
                continue;
            };
            let assigns = name.as_str() == field::ASSIGNEE;
            let requests = name.as_str() == field::REPORTER;
            if !person.id.is_empty() && !assigns {
                continue;
            }
            let found = match person.id.as_str() {
                "" => self.named(person).await?,
                id => self.user(id).await?,
            };
            let barred = found.as_ref().and_then(wire::User::barred);
            let why = match found {
                Some(found) if requests && barred.is_some() => {
                    let why = barred.unwrap_or_default();
                    format!("{} {why}", decode::user(&found).label())
                }
                None if requests && is_makeable(person) => continue,
                Some(found) if !assigns || found.works() => {
                    let known = Value::User(decode::user(&found));
                    resolved
                        .fields
                        .insert(name.clone(), FieldWrite::Replace(known));
                    continue;
                }
                Some(_) => format!("'{}' is no agent at Zendesk", person.label()),
                None => format!("no one person at Zendesk is called '{}'", person.label()),
            };
            resolved.fields.remove(name);
            resolved.waived.insert(name.clone(), why);
        }
        Ok(resolved)
    }

    /// A person by id; `None`: there is none.
    async fn user(&self, id: &str) -> Result<Option<wire::User>, TrackerError> {
        if !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let call = Call::get(format!("/api/v2/users/{id}")).accept(&[StatusCode::NOT_FOUND]);
        let reply = self.client.send(call).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(reply.json::<wire::OneUser>()?.user))
    }

    /// The one person of this address, or else of this name.
    async fn named(&self, person: &User) -> Result<Option<wire::User>, TrackerError> {
        let query = match &person.email {
            Some(email) => format!("email:{email}"),
            None => person.label().to_owned(),
        };
        if query.trim().is_empty() {
            return Ok(None);
        }
        let call = Call::get("/api/v2/users/search").query("query", query);
        let found: wire::Users = self.client.send(call).await?.json()?;
        let mut same = found.users.into_iter().filter(|user| is_same(user, person));
        match (same.next(), same.next()) {
            (Some(one), None) => Ok(Some(one)),
            _ => Ok(None),
        }
    }

    /// Who can be assigned: the agents of a group, or all.
    pub(super) async fn agents(&self, group: Option<u64>) -> Result<Vec<User>, TrackerError> {
        let (mut agents, mut after) = (Vec::new(), None);
        for _ in 0..client::PAGES_MAX {
            let call = match group {
                Some(group) => Call::get(format!("/api/v2/groups/{group}/users")),
                None => Call::get("/api/v2/users")
                    .query("role[]", "agent")
                    .query("role[]", "admin"),
            };
            let call = call.query("page[size]", client::PAGE_SIZE);
            let reply = self
                .client
                .send(client::paged(call, after.as_deref()))
                .await?;
            let page: wire::Users = reply.json()?;
            let active = page
                .users
                .iter()
                .filter(|user| user.suspended != Some(true));
            agents.extend(active.map(decode::user));
            after = page.meta.next();
            if after.is_none() {
                break;
            }
        }
        Ok(agents)
    }
}

/// Whether a ticket can make somebody as its requester: both an address and a name are there.
pub(super) fn is_makeable(person: &User) -> bool {
    let filled = |part: &Option<String>| part.as_ref().is_some_and(|text| !text.trim().is_empty());
    person.id.is_empty() && filled(&person.email) && filled(&person.name)
}

/// Whether somebody whom the search found is meant: it finds whose name only begins so.
fn is_same(found: &wire::User, wanted: &User) -> bool {
    let same = |one: &Option<String>, other: Option<&str>| match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    };
    match &wanted.email {
        Some(email) => same(&found.email, Some(email)),
        None => {
            let label = wanted.label();
            same(&found.name, Some(label)) || same(&found.email, Some(label))
        }
    }
}
