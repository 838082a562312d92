//! The state in neutral form.

use super::store::{Item, Store};
use crate::dump::{Dump, DumpComment, DumpItem};
use serde_json::json;

/// Everything; `key` is what people call an item.
pub(super) fn dump(store: &Store, key: impl Fn(&Item) -> String) -> Dump {
    Dump {
        tracker: super::KIND.tracker.to_owned(),
        items: store
            .items
            .iter()
            .map(|item| one(item, key(item)))
            .collect(),
    }
}

fn one(item: &Item, key: String) -> DumpItem {
    let fields = [
        ("priority", json!(item.priority)),
        ("areas", json!(item.areas)),
        ("points", json!(item.points)),
        ("due", json!(item.due)),
        ("urgent", json!(item.urgent)),
        ("origin", json!(item.origin)),
    ];
    DumpItem {
        key,
        id: item.number.to_string(),
        container: item.place.clone(),
        title: item.title.clone(),
        body: item.text.clone(),
        status: item.state.clone(),
        labels: item.labels.iter().cloned().collect(),
        assignees: item.owner.iter().cloned().collect(),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        comments: item
            .comments
            .iter()
            .filter(|comment| !comment.deleted)
            .map(comment)
            .collect(),
        attachments: Vec::new(),
        created: item.created.to_string(),
        updated: item.changed.to_string(),
        deleted: item.deleted,
        hidden: item.hidden.is_some(),
    }
}

fn comment(comment: &super::store::Comment) -> DumpComment {
    DumpComment {
        id: comment.id.to_string(),
        author: comment.author.clone(),
        body: comment.text.clone(),
        channel: if comment.internal { "team" } else { "public" }.to_owned(),
        created: comment.created.to_string(),
    }
}
