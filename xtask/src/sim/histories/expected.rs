//! What people have made of each item, by which the trackers are judged at the end.

use super::snapshot::CommentName;
use crate::sim::place::Place;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;

/// A text, as its author's tracker stores it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    /// Written on GitHub.
    Markdown(String),
    /// Written in Jira.
    Adf(Value),
}

/// A comment that a person wrote.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) at: Place,
    /// The tracker's id.
    pub(super) id: String,
    pub(super) author: String,
    pub(super) text: Text,
    pub(super) deleted: bool,
}

/// One item with its twin.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) origin: Place,
    /// The key at its origin, and at the other place once it is known.
    pub(super) keys: BTreeMap<Place, String>,
    pub(super) title: String,
    pub(super) body: Text,
    pub(super) done: bool,
    /// As GitHub has them.
    pub(super) labels: BTreeSet<String>,
    pub(super) assignees: BTreeSet<String>,
    pub(super) comments: Vec<Said>,
    /// Those from the snapshots: their place in `comments`.
    pub(super) named: BTreeMap<CommentName, usize>,
    /// Where a person deleted it.
    pub(super) deleted: Option<Place>,
    /// When a person last did there what the tracker counts as a change of the item.
    pub(super) touched: BTreeMap<Place, Timestamp>,
}

impl Thing {
    /// A new item without anything else.
    pub(super) fn new(origin: Place, key: String, title: &str, body: Text) -> Self {
        Self {
            origin,
            keys: BTreeMap::from([(origin, key)]),
            title: title.to_owned(),
            body,
            done: false,
            labels: BTreeSet::new(),
            assignees: BTreeSet::new(),
            comments: Vec::new(),
            named: BTreeMap::new(),
            deleted: None,
            touched: BTreeMap::new(),
        }
    }

    /// Its labels as Jira shows them: without white space.
    pub(super) fn jira_labels(&self) -> BTreeSet<String> {
        let joined = |label: &String| label.split_whitespace().collect::<Vec<_>>().join("_");
        self.labels.iter().map(joined).collect()
    }
}
