//! What both APIs keep: items with comments, in two places.

use serde_json::Number;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;

/// Where items lie.
pub(super) const PLACES: [&str; 2] = ["app", "ops"];

/// A state: its id, its name, whether it ends an item.
pub(super) const STATES: [(&str, &str, bool); 4] = [
    ("todo", "To do", false),
    ("doing", "Doing", false),
    ("done", "Done", true),
    ("dropped", "Dropped", true),
];

/// Priorities by their numbers.
pub(super) const PRIORITIES: [(&str, &str); 3] = [("1", "Low"), ("2", "Normal"), ("3", "High")];

/// Parts of the product.
pub(super) const AREAS: [(&str, &str); 2] = [("web", "Web"), ("api", "API")];

/// One item.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) number: u64,
    pub(super) place: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) state: String,
    pub(super) priority: Option<String>,
    pub(super) labels: BTreeSet<String>,
    pub(super) areas: BTreeSet<String>,
    /// A login.
    pub(super) owner: Option<String>,
    /// A login.
    pub(super) author: String,
    pub(super) points: Option<Number>,
    pub(super) due: Option<String>,
    pub(super) remind: Option<Timestamp>,
    pub(super) urgent: bool,
    /// What another system puts there.
    pub(super) origin: String,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    /// Counts changes.
    pub(super) revision: u64,
    pub(super) comments: Vec<Comment>,
    pub(super) deleted: bool,
    /// The status with which the API denies it, while it does.
    pub(super) hidden: Option<u16>,
}

/// One comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) text: String,
    /// For the team only.
    pub(super) internal: bool,
    pub(super) origin: String,
    pub(super) created: Timestamp,
    pub(super) edited: Option<Timestamp>,
    pub(super) deleted: bool,
    /// Out of the sight of the API's account.
    pub(super) hidden: bool,
}

impl Item {
    /// An empty item, not yet in the store.
    pub(super) fn new(now: Timestamp, place: &str, author: &str) -> Self {
        Self {
            number: 0,
            place: place.to_owned(),
            title: String::new(),
            text: String::new(),
            state: STATES[0].0.to_owned(),
            priority: None,
            labels: BTreeSet::new(),
            areas: BTreeSet::new(),
            owner: None,
            author: author.to_owned(),
            points: None,
            due: None,
            remind: None,
            urgent: false,
            origin: String::new(),
            created: now,
            changed: now,
            revision: 1,
            comments: Vec::new(),
            deleted: false,
            hidden: None,
        }
    }

    /// Notes a change.
    pub(super) fn touch(&mut self, now: Timestamp) {
        self.changed = now;
        self.revision += 1;
    }

    pub(super) fn is_closed(&self) -> bool {
        STATES
            .iter()
            .any(|(id, _, closed)| *id == self.state && *closed)
    }

    /// Whether its state is one, or `open` or `closed`.
    pub(super) fn is_in(&self, state: &str) -> bool {
        match state {
            "open" => !self.is_closed(),
            "closed" => self.is_closed(),
            other => self.state == other,
        }
    }

    /// Comments that the API's account sees.
    pub(super) fn shown_comments(&self) -> impl Iterator<Item = &Comment> {
        self.comments
            .iter()
            .filter(|comment| !comment.deleted && !comment.hidden)
    }
}

/// All items, in the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) items: Vec<Item>,
    newest_comment: u64,
}

impl Store {
    /// Puts a whole item behind the others, with a number of its own.
    pub(super) fn push(&mut self, mut item: Item) -> u64 {
        item.number = self.items.len() as u64 + 1;
        let number = item.number;
        self.items.push(item);
        number
    }

    fn at(number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(1)?).ok()
    }

    /// An item, deleted ones included.
    pub(super) fn any(&self, number: u64) -> Option<&Item> {
        self.items.get(Self::at(number)?)
    }

    /// A living item.
    pub(super) fn get(&self, number: u64) -> Option<&Item> {
        self.any(number).filter(|item| !item.deleted)
    }

    /// A living item, to change it.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Item> {
        self.items
            .get_mut(Self::at(number)?)
            .filter(|item| !item.deleted)
    }

    /// Those that lists show.
    pub(super) fn listed(&self, place: &str) -> impl Iterator<Item = &Item> {
        let shown = |item: &&Item| !item.deleted && item.hidden.is_none();
        self.items
            .iter()
            .filter(shown)
            .filter(move |item| item.place == place)
    }

    /// Adds a comment to an item; its id.
    pub(super) fn comment(&mut self, number: u64, comment: Comment) -> Option<u64> {
        self.newest_comment += 1;
        let id = self.newest_comment;
        let item = self.get_mut(number)?;
        item.changed = item.changed.max(comment.created);
        item.revision += 1;
        item.comments.push(Comment { id, ..comment });
        Some(id)
    }

    /// The number of the item that a comment is on.
    pub(super) fn item_of(&self, comment: u64) -> Option<u64> {
        let has = |item: &&Item| item.comments.iter().any(|found| found.id == comment);
        self.items.iter().find(has).map(|item| item.number)
    }
}

impl Comment {
    pub(super) fn new(now: Timestamp, author: &str, text: String) -> Self {
        Self {
            id: 0,
            author: author.to_owned(),
            text,
            internal: false,
            origin: String::new(),
            created: now,
            edited: None,
            deleted: false,
            hidden: false,
        }
    }
}
