//! Which edits were made, and when each arrived on the other side.
//!
//! Every edit writes a mark with its number, `edit-12-`, into what it changes. It has arrived when a write of Twinline
//! brings that mark to the other side, or that of a later edit of the same field, which carries what it replaced.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use twinline_sim::Sees;

/// What the number of an edit stands behind.
const MARK: &[u8] = b"edit-";

/// The mark of an edit.
pub(super) fn mark(edit: usize) -> String {
    format!("edit-{edit}-")
}

/// What an edit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Title,
    Body,
    Comment,
    /// The item is new.
    Create,
}

impl Kind {
    /// Whether a later edit of the same item takes its place.
    const fn is_replaced(self) -> bool {
        matches!(self, Self::Title | Self::Body)
    }
}

/// One edit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    pub(super) item: usize,
    /// The node where it was made.
    pub(super) node: usize,
    pub(super) kind: Kind,
    pub(super) at: Instant,
    /// When the other side had it.
    pub(super) arrived: Option<Instant>,
}

/// All edits by number.
pub(super) struct Book {
    state: Mutex<State>,
}

struct State {
    edits: Vec<Edit>,
    /// Those that have not arrived, by what they change.
    open: BTreeMap<(usize, Kind), Vec<usize>>,
    last_request: Instant,
}

impl Book {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                edits: Vec::new(),
                open: BTreeMap::new(),
                last_request: Instant::now(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics with this lock")
    }

    /// The next edit is made now.
    pub(super) fn begin(&self, item: usize, node: usize, kind: Kind) {
        let mut state = self.lock();
        let number = state.edits.len();
        state.edits.push(Edit {
            item,
            node,
            kind,
            at: Instant::now(),
            arrived: None,
        });
        state.open.entry((item, kind)).or_default().push(number);
    }

    /// How many edits were made.
    pub(super) fn made(&self) -> usize {
        self.lock().edits.len()
    }

    /// How many edits have not arrived.
    pub(super) fn open(&self) -> usize {
        self.lock().open.values().map(Vec::len).sum()
    }

    /// How long no tracker was asked.
    pub(super) fn quiet_for(&self) -> Duration {
        self.lock().last_request.elapsed()
    }

    pub(super) fn edits(&self) -> Vec<Edit> {
        self.lock().edits.clone()
    }
}

impl Sees for Book {
    fn asked(&self) {
        self.lock().last_request = Instant::now();
    }

    fn written(&self, node: usize, body: &[u8]) {
        let numbers = marks(body);
        if numbers.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut state = self.lock();
        let State { edits, open, .. } = &mut *state;
        for number in numbers {
            let Some(edit) = edits.get(number).copied() else {
                continue;
            };
            let Some(waiting) = open.get_mut(&(edit.item, edit.kind)) else {
                continue;
            };
            if edit.node == node {
                continue;
            }
            waiting.retain(|one| {
                let arrives = *one == number || (edit.kind.is_replaced() && *one < number);
                if arrives {
                    edits[*one].arrived = Some(now);
                }
                !arrives
            });
        }
    }
}

/// The numbers of all marks in a text.
fn marks(text: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(MARK.len()).position(|part| part == MARK) {
        rest = &rest[at + MARK.len()..];
        let end = rest.iter().position(|byte| !byte.is_ascii_digit());
        let digits = &rest[..end.unwrap_or(rest.len())];
        if let Some(number) = std::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse().ok())
        {
            found.push(number);
        }
    }
    found
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
