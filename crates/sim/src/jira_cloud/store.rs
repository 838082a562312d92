//! The issues and how they are found.

use super::model::{Issue, Link};
use std::collections::BTreeMap;

/// All issues, deleted ones included.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// By id, which grows with creation.
    pub(super) issues: BTreeMap<u64, Issue>,
    /// Issue ids by key in capitals: the keys of now, and those from before a move.
    pub(super) keys: BTreeMap<String, u64>,
    pub(super) links: Vec<Link>,
    /// The number of the newest issue of each project, by project id. Numbers are never used again.
    numbers: BTreeMap<String, u64>,
}

impl Store {
    /// A living issue by id or by key, of now or from before a move.
    pub(super) fn find(&self, id_or_key: &str) -> Option<&Issue> {
        let id = match id_or_key.parse() {
            Ok(id) => id,
            Err(_) => *self.keys.get(&id_or_key.to_ascii_uppercase())?,
        };
        self.issues.get(&id).filter(|issue| !issue.deleted)
    }

    /// The next key of a project.
    pub(super) fn new_key(&mut self, project_id: &str, project_key: &str) -> String {
        let number = self.numbers.entry(project_id.to_owned()).or_default();
        *number += 1;
        format!("{project_key}-{number}")
    }

    /// The living issues below one.
    pub(super) fn children(&self, parent: u64) -> impl Iterator<Item = &Issue> {
        self.issues.values().filter(move |issue| {
            !issue.deleted
                && issue.values.get("parent") == Some(&super::model::FieldValue::Issue(parent))
        })
    }
}
