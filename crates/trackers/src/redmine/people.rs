//! People whom a rule names by e-mail address or login: Redmine's requests know people by id.

use super::Redmine;
use crate::error::TrackerError;
use std::collections::BTreeMap;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value};
use twinline_core::names::FieldName;

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
