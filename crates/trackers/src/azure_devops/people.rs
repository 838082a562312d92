//! People whom a rule names: a field takes a unique name, an e-mail address mostly, and a name that only one person has.
//!
//! Azure DevOps says itself whom it does not know; then the write is made without them.

use super::encode::Writes;
use super::{Azure, client, decode, wire};
use crate::error::TrackerError;
use std::collections::BTreeMap;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value, field};
use twinline_core::names::FieldName;

/// What a refusal says of somebody who is not known or can no longer be named.
const UNKNOWN: &str = "unknown identity";

/// Fields with every person known by a name that is unique, and those that name nobody in particular.
pub(super) struct Resolved {
    pub(super) fields: BTreeMap<FieldName, FieldWrite>,
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Azure {
    /// Looks for the people who are only named by what they are called.
    pub(super) async fn resolve(
        &self,
        project: &str,
        kind: &str,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Resolved, TrackerError> {
        let mut resolved = Resolved {
            fields: BTreeMap::new(),
            waived: BTreeMap::new(),
        };
        for (name, write) in fields {
            let FieldWrite::Replace(Value::User(user)) = write else {
                resolved.fields.insert(name.clone(), write.clone());
                continue;
            };
            let is_unique = !user.id.is_empty() || user.email.is_some() || user.login.is_some();
            let known = match is_unique {
                true => Some(user.clone()),
                false => self.called(project, kind, user.label()).await?,
            };
            match known {
                Some(user) => {
                    let write = FieldWrite::Replace(Value::User(user));
                    resolved.fields.insert(name.clone(), write);
                }
                None => {
                    let why = format!("no one person at Azure DevOps is called '{}'", user.label());
                    resolved.waived.insert(name.clone(), why);
                }
            }
        }
        Ok(resolved)
    }

    /// The one person of a name.
    async fn called(
        &self,
        project: &str,
        kind: &str,
        wanted: &str,
    ) -> Result<Option<User>, TrackerError> {
        let people = self.people(project, kind).await?;
        let mut named = people.into_iter().filter(|user| {
            user.name
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        });
        Ok(named.next().filter(|_| named.next().is_none()))
    }

    /// Those who can be assigned to items of a type.
    pub(super) async fn people(
        &self,
        project: &str,
        kind: &str,
    ) -> Result<Vec<User>, TrackerError> {
        let assigned = decode::theirs(field::ASSIGNEE);
        let rest = format!("wit/workitemtypes/{}/fields/{assigned}", client::part(kind));
        let call = client::get(client::path_in(project, &rest)).query("$expand", "allowedValues");
        let field: wire::TypeField = self.client.send(call).await?.json()?;
        let people = field.allowed.into_iter();
        let people = people.filter_map(|one| serde_json::from_value::<wire::Identity>(one).ok());
        Ok(people.map(|one| decode::user(&one)).collect())
    }
}

impl Writes {
    /// Takes somebody out of a write that was refused for them, with what to tell of it.
    pub(super) fn without_unknown(
        &mut self,
        refused: &TrackerError,
    ) -> BTreeMap<FieldName, String> {
        let TrackerError::Refused {
            sentence, field, ..
        } = refused
        else {
            return BTreeMap::new();
        };
        if !sentence.contains(UNKNOWN) {
            return BTreeMap::new();
        }
        let named = field.as_deref().map(decode::theirs);
        let meant = |name: &&String| named.is_none_or(|named| named == name.as_str());
        let meant: Vec<String> = self.people.iter().filter(meant).cloned().collect();
        let mut waived = BTreeMap::new();
        for name in meant {
            self.fields.remove(&name);
            self.people.remove(&name);
            let why = format!("Azure DevOps does not take this person: {sentence}");
            waived.insert(FieldName::from(decode::ours(&name)), why);
        }
        waived
    }

    /// Takes the parent out of a write that was refused, if there is one in it.
    pub(super) fn without_parent(&mut self, refused: &TrackerError) -> BTreeMap<FieldName, String> {
        let said = match refused {
            TrackerError::Refused {
                sentence,
                field: None,
                ..
            } => sentence,
            TrackerError::Unreachable { reason } => reason,
            _ => return BTreeMap::new(),
        };
        if !matches!(self.parent, Some(Some(_))) {
            return BTreeMap::new();
        }
        self.parent = None;
        let why = format!("Azure DevOps does not take this parent: {said}");
        BTreeMap::from([(FieldName::from(field::PARENT), why)])
    }
}
