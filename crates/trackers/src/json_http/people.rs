//! People whom a rule names by address, login or name: writes know them by the id that items show.

use super::JsonHttp;
use super::client::Slots;
use super::decode;
use super::paging::Listing;
use crate::error::TrackerError;
use crate::tracker::Scope;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{User, Value};
use twinline_core::names::FieldName;

/// The most pages of people that are asked for.
const PAGES_MAX: usize = 500;

/// The most people that are looked through.
const PEOPLE_MAX: usize = 20_000;

/// Fields with every person known by id, and those that name somebody whom nobody knows.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) fields: BTreeMap<FieldName, FieldWrite>,
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl JsonHttp {
    /// Everybody who can be named; nobody where the description names no list.
    pub(super) async fn people(&self, scope: &Scope) -> Result<Vec<User>, TrackerError> {
        let Some(people) = &self.model().people else {
            return Ok(Vec::new());
        };
        let listing = Listing {
            path: &people.path,
            queries: &[&people.query],
            items: &people.items,
            total: people.total.as_ref(),
            paging: &people.paging,
        };
        let slots = scope.iter().fold(Slots::default(), |slots, (key, value)| {
            slots.with(key, value)
        });
        let mut found: BTreeMap<String, User> = BTreeMap::new();
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(listing, &slots, &[], token.as_deref()).await?;
            token = page.next.clone();
            let read = page
                .all()
                .filter_map(|raw| decode::person(Some(&people.of), &raw));
            found.extend(read.map(|person| (person.id.clone(), person)));
            if token.is_none() || found.len() >= PEOPLE_MAX {
                break;
            }
        }
        Ok(found.into_values().collect())
    }

    /// Looks for the people without an id. An unknown person fails no write.
    pub(super) async fn resolve(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Resolved, TrackerError> {
        let mut resolved = Resolved {
            fields: fields.clone(),
            waived: BTreeMap::new(),
        };
        let mut people = None;
        for (name, write) in fields {
            let FieldWrite::Replace(value) = write else {
                continue;
            };
            let wanted = self.normal(name, value);
            let wanted: Vec<&User> = match &wanted {
                Value::User(user) => vec![user],
                Value::Users(users) => users.iter().collect(),
                _ => continue,
            };
            if wanted.iter().all(|user| !user.id.is_empty()) {
                continue;
            }
            let known = match &people {
                Some(known) => known,
                None => people.insert(self.people(scope).await?),
            };
            let (found, unknown) = look_up(&wanted, known);
            if !unknown.is_empty() {
                let why = format!("{} does not know {}", self.name(), unknown.join(", "));
                resolved.waived.insert(name.clone(), why);
            }
            if found.is_empty() {
                resolved.fields.remove(name);
                continue;
            }
            let value = match value {
                Value::Users(_) => Value::Users(found),
                _ => found.into_iter().next().map_or(Value::Empty, Value::User),
            };
            resolved
                .fields
                .insert(name.clone(), FieldWrite::Replace(value));
        }
        Ok(resolved)
    }
}

/// Those who are known, with their ids, and the others by name.
fn look_up(wanted: &[&User], known: &[User]) -> (BTreeSet<User>, Vec<String>) {
    let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
    for user in wanted {
        let same =
            |known: &&User| known.answers(user) || (user.id.is_empty() && is_called(known, user));
        match known.iter().find(same) {
            _ if !user.id.is_empty() => drop(found.insert((*user).clone())),
            Some(known) => drop(found.insert(known.clone())),
            None => unknown.push(format!("'{}'", user.label())),
        }
    }
    (found, unknown)
}

/// Whether a person has the display name by which alone another is wanted.
fn is_called(known: &User, wanted: &User) -> bool {
    let by_name_alone = wanted.email.is_none() && wanted.login.is_none();
    let same = known.name.as_deref().zip(wanted.name.as_deref());
    by_name_alone && same.is_some_and(|(known, wanted)| known.eq_ignore_ascii_case(wanted))
}
