//! People.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A person as one tracker knows them. Equality is by id; people whose id is not known yet (a rule names them, and the
/// connector resolves them at the write) are told apart by e-mail address, else login, else name, letter case aside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct User {
    /// The tracker's id: a GitHub user id, a Jira accountId. Empty while it is not known.
    pub id: String,
    /// The display name.
    pub name: Option<String>,
    /// The e-mail address, where the tracker shows it.
    pub email: Option<String>,
    /// The login name, where the tracker has one.
    pub login: Option<String>,
}

impl User {
    /// The best name to show: display name, login, e-mail, id.
    pub fn label(&self) -> &str {
        self.name
            .as_deref()
            .or(self.login.as_deref())
            .or(self.email.as_deref())
            .unwrap_or(&self.id)
    }

    /// Whether this is the person that `wanted` names: the same one, or one whose id was not known when they were named.
    pub fn answers(&self, wanted: &Self) -> bool {
        if !wanted.id.is_empty() {
            return self.id == wanted.id;
        }
        self == wanted || self.names(wanted).contains(&Some(true))
    }

    /// Whether this can be the person that `wanted` names, as far as the tracker shows: many hide e-mail addresses.
    pub fn may_answer(&self, wanted: &Self) -> bool {
        self.answers(wanted) || (wanted.id.is_empty() && self.names(wanted) == [None, None])
    }

    /// Whether e-mail address and login are those of `wanted`; `None` where one of both is not known.
    fn names(&self, wanted: &Self) -> [Option<bool>; 2] {
        let same = |own: &Option<String>, wanted: &Option<String>| {
            let (own, wanted) = own.as_deref().zip(wanted.as_deref())?;
            Some(fold(own).eq(fold(wanted)))
        };
        [
            same(&self.email, &wanted.email),
            same(&self.login, &wanted.login),
        ]
    }

    fn key(&self) -> Key<'_> {
        if !self.id.is_empty() {
            return Key::Id(&self.id);
        }
        let filled = |text: &String| !text.is_empty();
        if let Some(email) = self.email.as_ref().filter(|text| filled(text)) {
            return Key::Email(email.to_lowercase());
        }
        if let Some(login) = self.login.as_ref().filter(|text| filled(text)) {
            return Key::Login(login.to_lowercase());
        }
        Key::Name(self.name.as_deref().unwrap_or_default().to_lowercase())
    }
}

fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// What tells people apart.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key<'a> {
    Id(&'a str),
    Email(String),
    Login(String),
    Name(String),
}

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for User {}
impl Hash for User {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
impl PartialOrd for User {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for User {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
