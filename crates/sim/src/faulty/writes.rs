//! What callers' requests changed, field by field: by this a judge tells a write that has a cause from one that has none.

use super::Faulty;
use crate::dump::{DumpComment, DumpItem};
use bytes::Bytes;
use http::{Method, Request, Response};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Requests that are kept; more are a caller that never ends.
const WRITES_MAX: usize = 1_000_000;

/// One request that the tracker took, other than a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// When it took effect, by the network's clock.
    pub at: Timestamp,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// It took effect after its caller had given up.
    pub late: bool,
    /// What is different now, by the item's key. Empty: all stands as it stood.
    pub changes: Vec<(String, What)>,
}

/// One thing that a request changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// There is a new item.
    Created,
    /// The item is gone.
    Deleted,
    /// The item lies elsewhere.
    Moved,
    /// Its title.
    Title,
    /// Its long text.
    Body,
    /// Its status, and what it is now: a workflow takes several steps for one change.
    Status(String),
    /// One or more of its labels.
    Labels,
    /// One or more of its assignees.
    Assignees,
    /// Another field, by the tracker's own id.
    Field(String),
    /// A comment, by its id, was added.
    CommentAdded(String),
    /// A comment's text or channel.
    CommentEdited(String),
    /// A comment is gone.
    CommentDeleted(String),
}

impl Write {
    /// Whether it set an item or a comment to what it was already. What a tracker keeps beside its items (markers,
    /// webhooks) does not show in a dump, and counts as no idle write.
    pub fn is_idle(&self) -> bool {
        let sets = matches!(self.method, Method::PUT | Method::PATCH);
        let beside = ["/properties/", "/hooks", "/webhook"];
        self.changes.is_empty() && sets && !beside.iter().any(|part| self.path.contains(part))
    }
}

impl Faulty {
    /// From now on every request that the tracker takes is noted with what it changed. Each costs two dumps.
    pub fn note_writes(&mut self) {
        self.writes.get_or_insert_default();
    }

    /// What was noted, oldest first.
    pub fn writes(&self) -> &[Write] {
        self.writes.as_deref().unwrap_or_default()
    }

    /// What was noted since this was last asked, oldest first.
    pub fn take_writes(&mut self) -> Vec<Write> {
        self.writes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Lets the simulator handle a request, and notes what it changed.
    pub(super) fn handle(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
        late: bool,
    ) -> Response<Bytes> {
        let at = self.skewed(now);
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let Some(writes) = self.writes.as_mut().filter(|_| !reads) else {
            return self.simulator.handle(at, request);
        };
        let before = self.simulator.dump();
        let response = self.simulator.handle(at, request);
        if response.status().is_success() && writes.len() < WRITES_MAX {
            writes.push(Write {
                at: now,
                method: request.method().clone(),
                path: request.uri().path().to_owned(),
                late,
                changes: changes(&before.items, &self.simulator.dump().items),
            });
        }
        response
    }
}

fn changes(before: &[DumpItem], after: &[DumpItem]) -> Vec<(String, What)> {
    let old: BTreeMap<&str, &DumpItem> = before.iter().map(|item| (&*item.id, item)).collect();
    let mut found = Vec::new();
    for item in after {
        let what = match old.get(&*item.id) {
            None => vec![What::Created],
            Some(old) if *old == item => continue,
            Some(old) => differences(old, item),
        };
        found.extend(what.into_iter().map(|what| (item.key.clone(), what)));
    }
    found
}

fn differences(old: &DumpItem, new: &DumpItem) -> Vec<What> {
    let fields = [
        (What::Deleted, old.deleted != new.deleted),
        (What::Moved, old.container != new.container),
        (What::Title, old.title != new.title),
        (What::Body, old.body != new.body),
        (What::Status(new.status.clone()), old.status != new.status),
        (What::Labels, old.labels != new.labels),
        (What::Assignees, old.assignees != new.assignees),
    ];
    let fields = fields.into_iter().filter(|(_, differs)| *differs);
    let mut found: Vec<What> = fields.map(|(what, _)| what).collect();
    let names = old.fields.keys().chain(new.fields.keys());
    let mut others: Vec<&String> = names
        .filter(|name| old.fields.get(*name) != new.fields.get(*name))
        .collect();
    others.sort();
    others.dedup();
    found.extend(others.into_iter().cloned().map(What::Field));
    comments(&old.comments, &new.comments, &mut found);
    found
}

fn comments(old: &[DumpComment], new: &[DumpComment], found: &mut Vec<What>) {
    let known: BTreeMap<&str, &DumpComment> = old.iter().map(|one| (&*one.id, one)).collect();
    for comment in new {
        match known.get(&*comment.id) {
            None => found.push(What::CommentAdded(comment.id.clone())),
            Some(old) if *old == comment => {}
            Some(_) => found.push(What::CommentEdited(comment.id.clone())),
        }
    }
    let gone = old
        .iter()
        .filter(|old| new.iter().all(|new| new.id != old.id));
    found.extend(gone.map(|comment| What::CommentDeleted(comment.id.clone())));
}

#[cfg(test)]
#[path = "writes_tests.rs"]
mod tests;
