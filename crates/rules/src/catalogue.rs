//! Names ⇒ stable ids for one side.

use crate::describe::{FieldInfo, NativeKind, SideDescription};
use std::collections::BTreeMap;
use twinline_core::item::{Choice, User, field};
use twinline_core::names::FieldName;

/// A side's description, indexed: fields and options by id or by the name that people use.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    description: SideDescription,
    by_name: BTreeMap<String, FieldName>,
    statuses: Vec<Choice>,
}

impl Catalogue {
    /// Indexes a description.
    pub fn new(description: SideDescription) -> Self {
        let mut by_name = BTreeMap::new();
        for (id, info) in &description.fields {
            by_name
                .entry(info.name.to_lowercase())
                .or_insert_with(|| id.clone());
        }
        let statuses = description
            .statuses
            .iter()
            .map(|info| info.status.clone())
            .collect();
        Self {
            description,
            by_name,
            statuses,
        }
    }

    /// The description that it was made from.
    pub const fn description(&self) -> &SideDescription {
        &self.description
    }

    /// Whether no field is known, so that any name passes.
    pub fn is_blank(&self) -> bool {
        self.description.fields.is_empty()
    }

    /// The id of a field given by id or by name (letter case aside).
    pub fn field(&self, name: &str) -> Option<&FieldName> {
        if let Some((id, _)) = self.description.fields.get_key_value(name) {
            return Some(id);
        }
        self.by_name.get(&name.to_lowercase())
    }

    /// The same; an unknown name is taken as an id.
    pub fn resolve(&self, name: &str) -> FieldName {
        self.field(name).cloned().unwrap_or_else(|| name.into())
    }

    /// What is known about a field.
    pub fn info(&self, id: &FieldName) -> Option<&FieldInfo> {
        self.description.fields.get(id)
    }

    /// What a field holds: from the description, else what every connector means by the name.
    pub fn kind(&self, id: &FieldName) -> Option<NativeKind> {
        self.info(id)
            .map(|info| info.kind)
            .or_else(|| familiar_kind(id.as_str()))
    }

    /// The options of a field; empty where none are known.
    pub fn options(&self, id: &FieldName) -> &[Choice] {
        match self.info(id) {
            Some(info) if !info.options.is_empty() => &info.options,
            _ if id.as_str() == field::STATUS => &self.statuses,
            _ => &[],
        }
    }

    /// The option given by id or by name (letter case aside).
    pub fn option(&self, id: &FieldName, text: &str) -> Option<&Choice> {
        let options = self.options(id);
        let by_name = |option: &&Choice| option.name.to_lowercase() == text.to_lowercase();
        options
            .iter()
            .find(|option| option.name == text)
            .or_else(|| options.iter().find(|option| option.id == text))
            .or_else(|| options.iter().find(by_name))
    }

    /// The person given by id, e-mail address or login.
    pub fn person(&self, text: &str) -> Option<&User> {
        self.description
            .users
            .iter()
            .find(|user| is_person(user, text))
    }

    /// The people that are known.
    pub fn users(&self) -> &[User] {
        &self.description.users
    }

    /// The first status that counts as done.
    pub fn closed_status(&self) -> Option<&Choice> {
        let closed = self.description.statuses.iter().find(|info| info.closed);
        closed.map(|info| &info.status)
    }

    /// Whether a status counts as done; false where it is not known.
    pub fn is_closed(&self, status: &Choice) -> bool {
        let known = &self.description.statuses;
        known
            .iter()
            .any(|info| info.closed && info.status == *status)
    }
}

/// Whether a text names this person: id, e-mail address or login, letter case aside.
pub fn is_person(user: &User, text: &str) -> bool {
    let same = |known: &Option<String>| {
        known
            .as_ref()
            .is_some_and(|known| known.to_lowercase() == text.to_lowercase())
    };
    (!user.id.is_empty() && user.id == text) || same(&user.email) || same(&user.login)
}

fn familiar_kind(id: &str) -> Option<NativeKind> {
    Some(match id {
        field::TYPE | field::STATUS | field::PRIORITY | field::RESOLUTION => NativeKind::Choice,
        field::SUMMARY | field::PARENT => NativeKind::Text,
        field::DESCRIPTION => NativeKind::Rich,
        field::LABELS => NativeKind::Set,
        field::ASSIGNEE | field::REPORTER => NativeKind::User,
        field::ASSIGNEES => NativeKind::Users,
        field::DUE => NativeKind::Date,
        field::CREATED | field::UPDATED => NativeKind::Time,
        _ => return None,
    })
}
