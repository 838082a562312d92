//! People whom a rule names by e-mail address or login: Redmine's requests know people by id. And people whom Redmine does
//! not let be assigned.

use super::Redmine;
use super::encode::Writes;
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value, field};
use twinline_core::names::FieldName;

/// Redmine's name of the assignee in a request.
const ASSIGNEE: &str = "assigned_to_id";

/// Fields with every person known by id, and those that name somebody who is no member of the project.
pub(super) struct Resolved {
    pub(super) fields: BTreeMap<FieldName, FieldWrite>,
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Redmine {
    /// Looks for the people without an id among the project's members. An unknown person fails no write.
    pub(super) async fn resolve(
        &self,
        project: &str,
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
            if !person.id.is_empty() {
                continue;
            }
            let members = self.members(project).await?;
            match members.into_iter().find(|member| is_same(member, person)) {
                Some(member) => {
                    resolved
                        .fields
                        .insert(name.clone(), FieldWrite::Replace(Value::User(member)));
                }
                None => {
                    resolved.fields.remove(name);
                    let why = format!(
                        "'{}' is no member of the project, or their address is hidden",
                        person.label()
                    );
                    resolved.waived.insert(name.clone(), why);
                }
            }
        }
        Ok(resolved)
    }

    /// Sends a write of fields. Redmine refuses the whole of it for an assignee who is no member of the project, or whose
    /// role takes no issues, in a sentence of the account's language: so it is sent again without the assignee, and what is
    /// taken then was refused for the assignee, who is waived. Whoever is assigned by then stays.
    pub(super) async fn send_fields(
        &self,
        writes: &mut Writes,
        is_new: bool,
        call: impl Fn(&Json) -> Call,
    ) -> Result<(Reply, Option<(FieldName, String)>), TrackerError> {
        let refused = match self.client.send(call(&writes.body())).await {
            Ok(reply) => return Ok((reply, None)),
            Err(error) => error,
        };
        let TrackerError::Refused { sentence, .. } = &refused else {
            return Err(refused);
        };
        let wanted = writes.issue.get(ASSIGNEE).filter(|wanted| **wanted != "");
        let Some(wanted) = wanted.cloned() else {
            return Err(refused);
        };
        writes.issue.remove(ASSIGNEE);
        if is_new {
            // A new issue whose assignee is not told may get one by Redmine's own defaults.
            writes.issue.insert(ASSIGNEE.to_owned(), json!(""));
        } else if writes.is_empty() {
            // A write that says nothing: what Redmine finds wrong with the issue itself it says all the same.
            writes.issue.insert("notes".to_owned(), json!(""));
        }
        let reply = match self.client.send(call(&writes.body())).await {
            // The person was not the reason, or not the only one: the first sentence tells all.
            Err(TrackerError::Refused { .. }) => return Err(refused),
            other => other?,
        };
        let why = format!("Redmine does not assign person {wanted} here: {sentence}");
        Ok((reply, Some((FieldName::from(field::ASSIGNEE), why))))
    }
}

fn is_same(member: &User, wanted: &User) -> bool {
    let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    };
    same(&member.email, &wanted.email)
        || same(&member.login, &wanted.login)
        || same(&member.name, &wanted.name)
}
