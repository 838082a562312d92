//! Assigning people. GitHub refuses a whole issue for one login that cannot be assigned where the logins stand in the issue's
//! own body, and leaves the login out without a word where people are added by themselves. A body with people is the common
//! case and one request; once it is refused for them, it is written without people and they are added one by one.

use super::address::{Address, Repo};
use super::encode::Elements;
use super::{GitHub, client, wire};
use crate::connector::once_begun;
use crate::error::TrackerError;
use crate::http::{Call, Cost, Permit, Reply};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use twinline_core::item::field;
use twinline_core::names::FieldName;

/// GitHub's name of the people in an issue's body.
const ASSIGNEES: &str = "assignees";

/// Our names of them.
pub(super) const PEOPLE: [&str; 2] = [field::ASSIGNEES, field::ASSIGNEE];

/// A body that was written.
pub(super) struct Patched {
    /// The issue after it.
    pub(super) issue: wire::Issue,
    /// What of the body was written.
    pub(super) sent: Map<String, Json>,
    /// The people that are still to be added and removed.
    pub(super) people: Elements,
}

impl GitHub {
    /// Creates an issue; answers with the people that are still to be added. `body` keeps what was sent.
    pub(super) async fn post(
        &self,
        repo: &Repo,
        body: &mut Map<String, Json>,
        costs: &[Cost],
        permit: &Permit,
    ) -> Result<(Reply, Elements), TrackerError> {
        let call = |body: &Map<String, Json>| Call::post(repo.path("/issues")).json(body);
        let refused = match self.client.send(call(body).prepaid(permit)).await {
            Ok(reply) => return Ok((reply, Elements::default())),
            Err(error) => error,
        };
        let Some(add) = take_people(&refused, body) else {
            return Err(refused);
        };
        // Nothing was made yet.
        let again = [costs, &[Cost::Write]].concat();
        let permit = self.client.reserve(&again, None).await?;
        let reply = self.client.send(call(body).prepaid(&permit)).await?;
        let people = Elements {
            add,
            remove: BTreeSet::new(),
        };
        Ok((reply, people))
    }

    /// Writes a body.
    pub(super) async fn patch_body(
        &self,
        address: &Address,
        body: &Map<String, Json>,
        permit: &Permit,
    ) -> Result<Patched, TrackerError> {
        let refused = match self.patch(address, body, permit).await {
            Ok(issue) => {
                return Ok(Patched {
                    issue,
                    sent: body.clone(),
                    people: Elements::default(),
                });
            }
            Err(error) => error,
        };
        let mut sent = body.clone();
        let Some(wanted) = take_people(&refused, &mut sent) else {
            return Err(refused);
        };
        let permit = self.client.reserve(&[Cost::Write; 3], None).await?;
        let issue = if sent.is_empty() {
            client::issue(&self.client, address).await?
        } else {
            self.patch(address, &sent, &permit).await?
        };
        let held = logins(&issue);
        let people = Elements {
            add: without(&wanted, &held),
            remove: without(&held, &wanted),
        };
        Ok(Patched {
            issue,
            sent,
            people,
        })
    }

    /// Adds and removes people one by one: the issue after that, or `None` when there was nobody.
    pub(super) async fn assign(
        &self,
        address: &Address,
        people: &Elements,
        permit: &Permit,
    ) -> Result<Option<wire::Issue>, TrackerError> {
        let mut last = None;
        for call in calls(address, people) {
            let done = self.client.send(call.prepaid(permit)).await;
            let issue = done.and_then(|reply| {
                client::here(&reply)?;
                reply.json::<wire::Issue>()
            });
            let begun = last.is_some();
            last = Some(issue.map_err(|error| once_begun(begun, error))?);
        }
        Ok(last)
    }
}

/// The people of a body, taken out of it, when GitHub refuses the body for one of them.
fn take_people(error: &TrackerError, body: &mut Map<String, Json>) -> Option<BTreeSet<String>> {
    let TrackerError::Refused { field, .. } = error else {
        return None;
    };
    if field.as_deref() != Some(ASSIGNEES) {
        return None;
    }
    let people = body.remove(ASSIGNEES)?;
    let logins = people.as_array()?.iter().filter_map(Json::as_str);
    Some(logins.map(str::to_owned).collect())
}

fn logins(issue: &wire::Issue) -> BTreeSet<String> {
    let held = issue.assignees.as_deref().unwrap_or_default();
    held.iter().map(|who| who.login.clone()).collect()
}

/// The logins that are not among the others. GitHub ignores their case.
fn without(logins: &BTreeSet<String>, others: &BTreeSet<String>) -> BTreeSet<String> {
    let is_other = |login: &&String| others.iter().any(|other| other.eq_ignore_ascii_case(login));
    let kept = logins.iter().filter(|login| !is_other(login));
    kept.cloned().collect()
}

fn calls(address: &Address, people: &Elements) -> Vec<Call> {
    let path = address.path("/assignees");
    let mut calls = Vec::new();
    if !people.remove.is_empty() {
        let body = json!({ ASSIGNEES: people.remove });
        calls.push(Call::delete(path.clone()).json(&body));
    }
    if !people.add.is_empty() {
        let body = json!({ ASSIGNEES: people.add });
        calls.push(Call::post(path).cost(Cost::Write).json(&body));
    }
    calls
}

/// The fields that GitHub did not write as asked, with the people whom it did not assign.
pub(super) fn not_assignable(people: &Elements, issue: &wire::Issue) -> Vec<(FieldName, String)> {
    let missing = without(&people.add, &logins(issue));
    if missing.is_empty() {
        return Vec::new();
    }
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    let why = format!(
        "GitHub did not assign {}: not allowed there",
        missing.join(", ")
    );
    PEOPLE
        .map(|name| (FieldName::from(name), why.clone()))
        .into()
}
