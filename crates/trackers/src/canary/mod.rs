//! The built-in tracker of a host's canary synchronisation (docs/adr/0042): one item in memory, written and read by the
//! same contract as any other tracker's. It stands in no registry: nobody configures it.
//!
//! Its change feed lists nothing, on purpose: a change that is to be seen elsewhere must go by its delivery, through an
//! edge's inbox, so that no sweep hides an inbox that does not work.

mod contract;
mod webhook;

#[cfg(test)]
mod tests;

pub use webhook::{WEBHOOK, delivery, secret};

use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use twinline_core::capability::{AttachmentCapabilities, Capabilities, FieldSet};
use twinline_core::handles::Clock;
use twinline_core::item::{Item, ItemId, ItemRef, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::NodeName;
use twinline_core::richtext::Dialect;

/// Its name in front of people.
pub const TRACKER: &str = "canary";
/// The id of its one item.
pub const ITEM: &str = "1";
/// The one scope key.
pub const SCOPE: &str = "place";

/// One side of the canary. A clone is the same tracker.
#[derive(Clone)]
pub struct Canary {
    node: NodeName,
    clock: Arc<dyn Clock>,
    capabilities: Arc<Capabilities>,
    state: Arc<Mutex<Option<Held>>>,
    /// The number that the item shows now.
    shown: watch::Sender<Option<u64>>,
}

/// The item as it is kept.
#[derive(Clone)]
struct Held {
    summary: Value,
    place: String,
    marker: Option<Marker>,
    revision: u64,
    version: Version,
}

impl Canary {
    /// A tracker without an item.
    pub fn new(node: NodeName, clock: Arc<dyn Clock>) -> Self {
        Self {
            node,
            clock,
            capabilities: Arc::new(capabilities()),
            state: Arc::default(),
            shown: watch::Sender::default(),
        }
    }

    /// Makes the item, or changes it as a person would, to show this number.
    pub fn show(&self, number: u64) {
        self.put(Value::text(number.to_string()), None, None);
    }

    /// The number that the item shows, now and whenever it changes; none while there is no item.
    pub fn shown(&self) -> watch::Receiver<Option<u64>> {
        self.shown.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, Option<Held>> {
        self.state.lock().expect("no code panics with this lock")
    }

    /// Writes what is given and keeps the rest.
    fn put(&self, summary: Value, place: Option<&str>, marker: Option<Marker>) {
        let mut state = self.state();
        let revision = state.as_ref().map_or(1, |held| held.revision + 1);
        let old = state.take();
        let place_before = || old.as_ref().map(|held| held.place.clone());
        let place = place.map(str::to_owned).or_else(place_before);
        let held = Held {
            place: place.unwrap_or_else(|| self.node.to_string()),
            marker: marker.or_else(|| old.as_ref()?.marker.clone()),
            revision,
            version: Version {
                revision: Some(revision),
                updated: self.clock.now(),
                resolution_ms: 1,
                token: None,
            },
            summary,
        };
        let number = match &held.summary {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        *state = Some(held);
        drop(state);
        self.shown.send_replace(number);
    }

    fn reference(&self) -> ItemRef {
        ItemRef {
            item: ItemId {
                node: self.node.clone(),
                id: ITEM.to_owned(),
            },
            key: format!("{}#{ITEM}", self.node),
            url: String::new(),
        }
    }

    /// The item as the contract shows it.
    fn item(&self) -> Option<Item> {
        let held = self.state().clone()?;
        Some(Item {
            reference: self.reference(),
            fields: [(field::SUMMARY.into(), held.summary)].into(),
            comments: Some(Vec::new()),
            attachments: Some(Vec::new()),
            version: held.version,
            marker: held.marker,
            scope: [(SCOPE.to_owned(), held.place)].into(),
        })
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        tracker: TRACKER.to_owned(),
        scope_keys: vec![SCOPE.to_owned()],
        channels: Vec::new(),
        comment_edit: false,
        comment_delete: false,
        item_delete: false,
        attachments: AttachmentCapabilities::default(),
        compare_and_swap: false,
        create_marker: true,
        comment_marker: false,
        webhooks: true,
        field_history: FieldSet::None,
        feed_covers: [].into(),
        settle: std::time::Duration::ZERO,
        index_lag: std::time::Duration::ZERO,
        dialect: Dialect::Plain,
        description_max_chars: 0,
        comment_max_chars: 0,
        summary_max_chars: 64,
        workflow: false,
    }
}
