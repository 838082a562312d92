//! Where the sweep of each scope of a node stands.

use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard};
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, SweepCursor};
use twinline_trackers::Cursor;

/// The word for a feed's sweep among a node's cursors.
pub(super) const KIND: &str = "feed";

/// Where one scope's sweep stands; kept as JSON in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    /// All covered changes before this instant of the tracker's clock were listed; `None`: no sweep has ended.
    pub(super) complete_to: Option<Timestamp>,
    /// The sweep under way: where its next page begins.
    pub(super) next: Option<Cursor>,
    /// From when on the sweep under way reads: where it begins again when its tracker has forgotten the page.
    #[serde(default)]
    pub(super) since: Option<Timestamp>,
    /// Whether the sweep under way is a wide one.
    #[serde(default)]
    pub(super) wide: bool,
}

impl Place {
    /// The place as the store keeps it, reached now.
    pub(super) fn cursor(&self, now: Timestamp) -> SweepCursor {
        SweepCursor {
            cursor: serde_json::to_string(self).expect("a place is JSON"),
            started_at: self.next.is_some().then_some(now),
            finished_at: self.next.is_none().then_some(now),
        }
    }
}

/// The place that the store has.
pub(super) fn stored(read: &HostRead<'_>, node: &NodeName, key: &str) -> Result<Place, StoreError> {
    let row = read.sweep_cursor(node, key, KIND)?;
    // A place that an older version wrote in another form is forgotten: the sweep begins again, from now.
    Ok(row
        .and_then(|row| serde_json::from_str(&row.cursor).ok())
        .unwrap_or_default())
}

/// The places of one node's scopes, by their keys, as far as they were read since the start. Most nodes have one.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<Vec<(String, Place)>>);

impl Places {
    pub(super) fn get(&self, key: &str) -> Option<Place> {
        let places = self.lock();
        let known = places.iter().find(|(known, _)| known == key);
        known.map(|(_, place)| place.clone())
    }

    pub(super) fn put(&self, key: &str, place: Place) {
        let mut places = self.lock();
        match places.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = place,
            None => places.push((key.to_owned(), place)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Place)>> {
        self.0.lock().expect("no code panics with this lock")
    }
}
