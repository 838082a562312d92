//! Matching people of one tracker with people of the other.

use super::Map;
use super::outgoing::is_ignored;
use crate::catalogue::is_person;
use crate::model::{Fallback, FieldRules, PeopleMatch, PeopleTable};
use twinline_core::item::field::REPORTER;
use twinline_core::item::{User, Value};
use twinline_core::names::{FieldName, Sides};

/// What becomes of a person field on the target.
pub(super) enum Person {
    /// Write this value; unknown people are named for the trace.
    Is(Value, Vec<String>),
    /// Nothing is written; the reason.
    Waived(String),
}

/// The people of a replica value; `None` when it is not about people.
pub(super) fn people_of(value: &Value) -> Option<Vec<User>> {
    match value {
        Value::Empty => Some(Vec::new()),
        Value::User(user) => Some(vec![user.clone()]),
        Value::Users(users) => Some(users.iter().cloned().collect()),
        _ => None,
    }
}

/// Brings the source's people to a field of the target, whose present value is `current`.
pub(super) fn bring(
    map: Map<'_>,
    field: &FieldRules,
    native: &FieldName,
    people: &[User],
    current: Option<&Value>,
    several: bool,
) -> Person {
    let plain = PeopleTable {
        spot: field.spot,
        matching: vec![PeopleMatch::Email, PeopleMatch::Login],
        table: Vec::new(),
        fallback: Sides {
            left: Fallback::Keep,
            right: Fallback::Keep,
        },
    };
    let named = field.people.as_ref();
    let table = named
        .and_then(|name| map.rules.people.get(&name.value))
        .unwrap_or(&plain);
    let present = current.and_then(people_of).unwrap_or_default();
    let ignored = |user: &User| is_ignored(field, &Value::User(user.clone()));
    let fallback = table.fallback.get(map.side);
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for person in people.iter().filter(|person| !ignored(person)) {
        let person = &completed(map, person);
        let asked = || unlisted(table, native, person, fallback);
        match find(map, table, person, &present).or_else(asked) {
            Some(user) => found.push(user),
            None => unknown.push(person.label().to_owned()),
        }
    }
    if found.is_empty() && !unknown.is_empty() {
        let reason = format!("the {} does not know {}", map.side, unknown.join(", "));
        match fallback {
            Fallback::Keep | Fallback::Create => return Person::Waived(reason),
            Fallback::Nobody => {}
            Fallback::Person(text) => {
                let user = map.catalogue().person(text).cloned();
                found.push(user.unwrap_or_else(|| by_text(text)));
            }
        }
    }
    // The target's ignored people are not the source's to remove.
    let kept = present.iter().filter(|user| ignored(user)).cloned();
    let value = if several {
        Value::Users(found.into_iter().chain(kept).collect())
    } else {
        // One of the source's people who is there already is left alone; an ignored one gives way to any of them.
        let there = found.iter().position(|user| present.contains(user));
        let one = found.into_iter().nth(there.unwrap_or(0));
        one.or_else(|| kept.into_iter().next())
            .map_or(Value::Empty, Value::User)
    };
    Person::Is(value, unknown)
}

/// A person of the source with the e-mail address and the login of their account: items of some trackers show no more
/// than an id and a name.
fn completed(map: Map<'_>, person: &User) -> User {
    let accounts = map.catalogues.get(map.side.other()).users();
    let account = accounts
        .iter()
        .find(|account| !account.id.is_empty() && account.id == person.id);
    let mut person = person.clone();
    if let Some(account) = account {
        person.email = person.email.or_else(|| account.email.clone());
        person.login = person.login.or_else(|| account.login.clone());
    }
    person
}

/// The target's person for a person of the source: whoever is there already comes first, so that a match is left alone.
fn find(map: Map<'_>, table: &PeopleTable, person: &User, present: &[User]) -> Option<User> {
    let candidates = || present.iter().chain(map.catalogue().users());
    let same = |mine: &Option<String>, theirs: &Option<String>| match (mine, theirs) {
        (Some(mine), Some(theirs)) => mine.to_lowercase() == theirs.to_lowercase(),
        _ => false,
    };
    table.matching.iter().find_map(|way| match way {
        PeopleMatch::Table => {
            let mut pairs = table.table.iter();
            let pair = pairs.find(|pair| is_person(person, pair.get(map.side.other())))?;
            let wanted = pair.get(map.side);
            let known = candidates().find(|user| is_person(user, wanted));
            Some(known.cloned().unwrap_or_else(|| by_text(wanted)))
        }
        PeopleMatch::Email => candidates()
            .find(|user| same(&user.email, &person.email))
            .cloned(),
        PeopleMatch::Login => candidates()
            .find(|user| same(&user.login, &person.login))
            .cloned(),
    })
}

/// Somebody who is not among those who can be assigned. Who reports an item seldom is: a helpdesk's customers are not
/// listed. So the tracker itself is asked at the write, by the e-mail address, and where it knows nobody it keeps who is
/// there, or makes the person, for which it needs the name. Not where something else is to be written for an unknown person.
fn unlisted(
    table: &PeopleTable,
    native: &FieldName,
    person: &User,
    fallback: &Fallback,
) -> Option<User> {
    let by_email = table.matching.contains(&PeopleMatch::Email);
    let email = person.email.clone();
    let email = email.filter(|_| by_email && native.as_str() == REPORTER)?;
    let name = match fallback {
        Fallback::Keep => None,
        Fallback::Create => Some(person.label().to_owned()),
        Fallback::Nobody | Fallback::Person(_) => return None,
    };
    Some(User {
        name,
        email: Some(email),
        ..User::default()
    })
}

/// A person known by one text only; the connector resolves them at the write.
pub(crate) fn by_text(text: &str) -> User {
    let text = text.to_owned();
    if text.contains('@') {
        return User {
            email: Some(text),
            ..User::default()
        };
    }
    User {
        login: Some(text),
        ..User::default()
    }
}
