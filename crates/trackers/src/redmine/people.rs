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
/// And of the parent.
const PARENT: &str = "parent_issue_id";

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
    /// role takes no issues, and for a parent that it does not take (a descendant, another project), in a sentence of the
    /// account's language: so it is sent again without the one, then without both, and what is taken then was refused for
    /// what is left out, which is waived. Whoever is assigned by then stays.
    pub(super) async fn send_fields(
        &self,
        writes: &mut Writes,
        is_new: bool,
        call: impl Fn(&Json) -> Call,
    ) -> Result<(Reply, BTreeMap<FieldName, String>), TrackerError> {
        let refused = match self.client.send(call(&writes.body())).await {
            Ok(reply) => return Ok((reply, BTreeMap::new())),
            Err(error) => error,
        };
        let TrackerError::Refused { sentence, .. } = &refused else {
            return Err(refused);
        };
        let whole = writes.issue.clone();
        let wanted = |name: &str| whole.get(name).filter(|wanted| **wanted != "");
        let (assignee, parent) = (wanted(ASSIGNEE), wanted(PARENT));
        for (person, child) in [(true, false), (false, true), (true, true)] {
            let (assignee, parent) = (assignee.filter(|_| person), parent.filter(|_| child));
            if person != assignee.is_some() || child != parent.is_some() {
                continue;
            }
            writes.issue.clone_from(&whole);
            let mut waived = BTreeMap::new();
            if let Some(wanted) = assignee {
                writes.issue.remove(ASSIGNEE);
                let why = format!("Redmine does not assign person {wanted} here: {sentence}");
                waived.insert(FieldName::from(field::ASSIGNEE), why);
                if is_new {
                    // A new issue whose assignee is not told may get one by Redmine's own defaults.
                    writes.issue.insert(ASSIGNEE.to_owned(), json!(""));
                }
            }
            if let Some(wanted) = parent {
                writes.issue.remove(PARENT);
                let why = format!("Redmine does not take #{wanted} as a parent here: {sentence}");
                waived.insert(FieldName::from(field::PARENT), why);
            }
            if writes.is_empty() {
                // A write that says nothing: what Redmine finds wrong with the issue itself it says all the same.
                writes.issue.insert("notes".to_owned(), json!(""));
            }
            match self.client.send(call(&writes.body())).await {
                Err(TrackerError::Refused { .. }) => {}
                sent => return Ok((sent?, waived)),
            }
        }
        // Neither was the reason, or not the only one: the first sentence tells all.
        Err(refused)
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
