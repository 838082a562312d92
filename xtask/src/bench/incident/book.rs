//! Which edits were made, and when each arrived on the other side.

use crate::bench::trackers::number_after;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use twinline_sim::Sees;

/// What the number of an edit stands behind in its text.
const MARK: &[u8] = b"edit-";

/// The title that carries an edit across.
pub(super) fn title(edit: usize) -> String {
    format!("[{edit}] edit-{edit} of this title")
}

/// One edit: of the item with its number, which no other edit touches.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    /// Where it was made.
    pub(super) side: usize,
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
    last_request: Instant,
}

impl Book {
    pub(super) fn new() -> Self {
        let state = State {
            edits: Vec::new(),
            last_request: Instant::now(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics with this lock")
    }

    /// The next edit is made now.
    pub(super) fn begin(&self, side: usize) {
        self.lock().edits.push(Edit {
            side,
            at: Instant::now(),
            arrived: None,
        });
    }

    /// How many edits have not arrived.
    pub(super) fn open(&self) -> usize {
        let state = self.lock();
        let open = state.edits.iter().filter(|edit| edit.arrived.is_none());
        open.count()
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

    fn written(&self, side: usize, body: &[u8]) {
        let number = number_after(MARK, body).and_then(|number| usize::try_from(number).ok());
        let mut state = self.lock();
        let Some(edit) = number.and_then(|number| state.edits.get_mut(number)) else {
            return;
        };
        if edit.side != side && edit.arrived.is_none() {
            edit.arrived = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes an edit on each of these sides, then lets texts be written on sides.
    fn check(made: &[usize], written: &[(&str, usize)], arrived: &[bool]) {
        let book = Book::new();
        for side in made {
            book.begin(*side);
        }
        for (text, side) in written {
            book.written(*side, format!(r#"{{"title": "{text}"}}"#).as_bytes());
        }
        let edits = book.edits();
        let found: Vec<bool> = edits.iter().map(|edit| edit.arrived.is_some()).collect();
        assert_eq!(found, arrived, "{made:?} {written:?}");
        assert_eq!(book.open(), arrived.iter().filter(|one| !**one).count());
    }

    #[test]
    fn an_edit_arrives_when_its_title_is_written_on_the_other_side() {
        let [first, second] = [title(0), title(1)];
        check(&[0, 1], &[(&first, 1)], &[true, false]);
        check(&[0, 1], &[(&second, 0), (&first, 1)], &[true, true]);
        // Its own side says nothing.
        check(&[0, 1], &[(&first, 0), (&second, 1)], &[false, false]);
    }

    #[test]
    fn what_is_no_edit_is_none() {
        let others = ["", "edit-", "edit-7 of this title", "[0] as it was made"];
        check(&[0], &others.map(|text| (text, 1)), &[false]);
    }
}
