//! The record of what people did: the only thing beside the dumps that the checkers know.

use super::place::Place;
use super::rules::PRIVATE_LABEL;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;

/// One thing that a person did.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) place: Place,
    /// The number of the item.
    pub(super) item: u32,
    /// What people call the item there.
    pub(super) key: String,
    /// When.
    pub(super) at: Timestamp,
    /// Whether the tracker took it for a change: setting what is set already is none.
    pub(super) changed: bool,
    pub(super) what: What,
}

/// What a person did.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Created the item (or cloned another one), with these values.
    Created {
        title: String,
        body: String,
        done: bool,
        labels: BTreeSet<String>,
    },
    Title(String),
    Body(String),
    Status {
        done: bool,
    },
    Label {
        name: String,
        on: bool,
    },
    /// Wrote a comment, or edited one of their own: its number, and its words now.
    Comment {
        number: u32,
        text: String,
        edited: bool,
    },
    /// Deleted a comment of their own.
    Uncomment {
        number: u32,
    },
    /// Deleted the item.
    Deleted,
}

/// All deeds, oldest first, and the items whose sight was ever taken from us, by what people call them there.
#[derive(Clone, Debug, Default)]
pub(super) struct Deeds(pub(super) Vec<Deed>, pub(super) BTreeSet<(Place, String)>);

impl Deeds {
    /// Whether an item was ever hidden from us: what happened to it meanwhile nobody could account for.
    pub(super) fn was_hidden(&self, place: Place, key: &str) -> bool {
        self.1.contains(&(place, key.to_owned()))
    }

    /// Where each item was created.
    pub(super) fn origins(&self) -> BTreeMap<u32, Place> {
        let created = self.0.iter().filter_map(|deed| match deed.what {
            What::Created { .. } => Some((deed.item, deed.place)),
            _ => None,
        });
        created.collect()
    }

    /// The places where an item was deleted.
    pub(super) fn deleted(&self, item: u32) -> BTreeSet<Place> {
        self.deletions(item).into_iter().collect()
    }

    /// Where an item was deleted, once for each time.
    pub(super) fn deletions(&self, item: u32) -> Vec<Place> {
        let of_item = self.0.iter().filter(|deed| deed.item == item);
        let deleted = of_item.filter(|deed| matches!(deed.what, What::Deleted));
        deleted.map(|deed| deed.place).collect()
    }

    /// The values that may stand in a field at last: the last one that people gave it at each place. Which of them
    /// wins is the conflict policy's word; anything else is a loss.
    pub(super) fn last_words<T>(
        &self,
        item: u32,
        read: impl Fn(&What) -> Option<T>,
    ) -> BTreeMap<Place, T> {
        let mut last = BTreeMap::new();
        for deed in self.0.iter().filter(|deed| deed.item == item) {
            if let Some(value) = read(&deed.what) {
                last.insert(deed.place, value);
            }
        }
        last
    }

    /// The comments that must stand under an item, with their words; those that were deleted are `None`.
    pub(super) fn comments(&self, item: u32) -> BTreeMap<u32, Option<String>> {
        let mut comments = BTreeMap::new();
        for deed in self.0.iter().filter(|deed| deed.item == item) {
            match &deed.what {
                What::Comment { number, text, .. } => {
                    comments.insert(*number, Some(text.clone()));
                }
                What::Uncomment { number } => {
                    comments.insert(*number, None);
                }
                _ => {}
            }
        }
        comments
    }

    /// Every label that people touched on an item, but for the one that a script keeps private.
    pub(super) fn labels(&self, item: u32) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        for deed in self.0.iter().filter(|deed| deed.item == item) {
            match &deed.what {
                What::Label { name, .. } => {
                    labels.insert(name.clone());
                }
                What::Created { labels: given, .. } => labels.extend(given.iter().cloned()),
                _ => {}
            }
        }
        labels.remove(PRIVATE_LABEL);
        labels
    }
}
