//! What a type of work items has: its fields, its states, the ways between them. Remembered for a while.
//!
//! An answer leaves out the fields that are empty, so only the type's own list tells *empty* from *not there*. A list is asked
//! for again after a minute, and at once when an item shows a field that is not in it: a process can be changed at any time.

use super::{Azure, client, wire};
use crate::error::TrackerError;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How long a type's list is taken for granted.
const FRESH_FOR: Duration = Duration::from_secs(60);
/// How long the organization's fields are: a field keeps its type for life.
const FIELDS_FRESH_FOR: Duration = Duration::from_secs(600);
/// Types that are remembered.
const SHAPES_MAX: usize = 1000;

/// What a field holds, as far as that is not told by the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Rich,
    Number,
    Bool,
    Time,
    User,
    /// Of areas and iterations.
    Path,
}

/// What is known of one type.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) kind: wire::Type,
    kinds: Arc<Fields>,
    asked: Timestamp,
}

/// The fields of an organization.
#[derive(Debug, Default)]
pub(super) struct Fields {
    kinds: BTreeMap<String, (Kind, bool)>,
    asked: Timestamp,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// By project and type.
    types: Mutex<BTreeMap<(String, String), Arc<Shape>>>,
    fields: Mutex<Arc<Fields>>,
}

impl Shape {
    /// The reference names of its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.kind
            .fields
            .iter()
            .map(|field| field.reference.as_str())
    }

    /// What a field holds; `None` for one that nobody knows.
    pub(super) fn kind(&self, reference: &str) -> Option<Kind> {
        self.kinds.kinds.get(reference).map(|(kind, _)| *kind)
    }

    /// Whether only the service writes a field.
    pub(super) fn is_read_only(&self, reference: &str) -> bool {
        self.kinds
            .kinds
            .get(reference)
            .is_some_and(|(_, read_only)| *read_only)
    }

    fn knows(&self, item: &wire::WorkItem) -> bool {
        let mut shown = item.fields.keys();
        shown.all(|name| !super::decode::is_own(name) || self.kinds.kinds.contains_key(name))
    }

    /// The states to go through to get from one to another, the last one included: none where they are the same, `None`
    /// where no way leads there. From a state whose ways are not told every state can be set.
    pub(super) fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let states = &self.kind.states;
        if !states.is_empty() && !states.iter().any(|state| state.name == to) {
            return None;
        }
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut open = VecDeque::from([(from.to_owned(), Vec::new())]);
        while let Some((at, way)) = open.pop_front() {
            if at == to {
                return Some(way);
            }
            let Some(next) = self.kind.transitions.get(&at) else {
                let mut way = way;
                way.push(to.to_owned());
                return Some(way);
            };
            for step in next {
                if seen.insert(step.to.clone()) {
                    let mut way = way.clone();
                    way.push(step.to.clone());
                    open.push_back((step.to.clone(), way));
                }
            }
        }
        None
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Azure {
    /// The shape of an item's type.
    pub(super) async fn shape_of(&self, item: &wire::WorkItem) -> Result<Arc<Shape>, TrackerError> {
        let project = item.text(super::decode::PROJECT).unwrap_or_default();
        let kind = item.text(super::decode::TYPE).unwrap_or_default();
        let shape = self.shape(project, kind).await?;
        if shape.knows(item) || shape.kinds.asked == self.client.now() {
            return Ok(shape);
        }
        *lock(&self.shapes.fields) = Arc::default();
        lock(&self.shapes.types).remove(&(project.to_owned(), kind.to_owned()));
        self.shape(project, kind).await
    }

    /// The shape of a project's type.
    pub(super) async fn shape(
        &self,
        project: &str,
        kind: &str,
    ) -> Result<Arc<Shape>, TrackerError> {
        let key = (project.to_owned(), kind.to_owned());
        let now = self.client.now();
        let known = lock(&self.shapes.types).get(&key).cloned();
        if let Some(known) = known.filter(|known| now.since(known.asked) < FRESH_FOR) {
            return Ok(known);
        }
        let path = client::path_in(
            project,
            &format!("wit/workitemtypes/{}", client::part(kind)),
        );
        let kind: wire::Type = self.client.send(client::get(path)).await?.json()?;
        let shape = Arc::new(Shape {
            kind,
            kinds: self.fields().await?,
            asked: now,
        });
        let mut types = lock(&self.shapes.types);
        if types.len() >= SHAPES_MAX {
            types.clear();
        }
        types.insert(key, Arc::clone(&shape));
        Ok(shape)
    }

    async fn fields(&self) -> Result<Arc<Fields>, TrackerError> {
        let now = self.client.now();
        let known = Arc::clone(&lock(&self.shapes.fields));
        if !known.kinds.is_empty() && now.since(known.asked) < FIELDS_FRESH_FOR {
            return Ok(known);
        }
        let call = client::get(client::path("wit/fields"));
        let all: wire::Listed<wire::Field> = self.client.send(call).await?.json()?;
        let one = |field: wire::Field| (field.reference.clone(), (kind(&field), field.read_only));
        let fields = Arc::new(Fields {
            kinds: all.value.into_iter().map(one).collect(),
            asked: now,
        });
        *lock(&self.shapes.fields) = Arc::clone(&fields);
        Ok(fields)
    }
}

fn kind(field: &wire::Field) -> Kind {
    match field.kind.as_str() {
        _ if field.is_identity => Kind::User,
        "identity" => Kind::User,
        "html" | "history" => Kind::Rich,
        "integer" | "double" | "picklistInteger" | "picklistDouble" => Kind::Number,
        "boolean" => Kind::Bool,
        "dateTime" => Kind::Time,
        "treePath" => Kind::Path,
        _ => Kind::Text,
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
