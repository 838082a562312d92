//! A line of names: whoever was served goes to its end.

use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct Turns<T> {
    line: BTreeMap<u64, T>,
    places: BTreeMap<T, u64>,
    last: u64,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            line: BTreeMap::new(),
            places: BTreeMap::new(),
            last: 0,
        }
    }
}

impl<T: Ord + Clone> Turns<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub(super) fn has(&self, name: &T) -> bool {
        self.places.contains_key(name)
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.line.first_key_value().map(|(_, name)| name)
    }

    /// Stands at the end of the line, unless it stands in it already.
    pub(super) fn join(&mut self, name: &T) {
        if !self.has(name) {
            self.last += 1;
            self.line.insert(self.last, name.clone());
            self.places.insert(name.clone(), self.last);
        }
    }

    pub(super) fn leave(&mut self, name: &T) {
        if let Some(place) = self.places.remove(name) {
            self.line.remove(&place);
        }
    }

    /// Goes to the end of the line.
    pub(super) fn served(&mut self, name: &T) {
        self.leave(name);
        self.join(name);
    }
}
