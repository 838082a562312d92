//! Which frozen fields persons have released, until a plan uses it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use twinline_core::names::{LinkId, ReplicaField, Side};

/// Released fields by twin.
#[derive(Debug, Default)]
pub(crate) struct Releases(Mutex<BTreeMap<LinkId, BTreeMap<ReplicaField, Side>>>);

impl Releases {
    pub(crate) fn put(&self, link: &LinkId, fields: BTreeMap<ReplicaField, Side>) {
        let mut all = self.0.lock().expect("no code panics with this lock");
        all.entry(link.clone()).or_default().extend(fields);
    }

    pub(crate) fn of(&self, link: &LinkId) -> BTreeMap<ReplicaField, Side> {
        let all = self.0.lock().expect("no code panics with this lock");
        all.get(link).cloned().unwrap_or_default()
    }

    /// A settled plan has used them.
    pub(crate) fn used(&self, link: &LinkId, used: &BTreeMap<ReplicaField, Side>) {
        let mut all = self.0.lock().expect("no code panics with this lock");
        if let Some(fields) = all.get_mut(link) {
            fields.retain(|field, side| used.get(field) != Some(side));
            if fields.is_empty() {
                all.remove(link);
            }
        }
    }
}
