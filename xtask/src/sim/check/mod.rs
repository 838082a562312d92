//! The checkers. They see the trackers' dumps and what people did, and nothing of the engine.
//!
//! Each answers with one sentence for each thing that does not hold; none: all is well.

mod comments;
mod fields;
mod twins;

use super::deeds::Deeds;
use super::place::Place;
use super::reading::{Shown, by_number};
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};
use twinline_sim::Dump;

/// What is judged.
pub(super) struct Evidence<'a> {
    world: &'a World,
    deeds: &'a Deeds,
    items: BTreeMap<u32, BTreeMap<Place, Vec<Shown>>>,
    /// The numbers of the items whose title is held on some connection.
    held: BTreeSet<u32>,
    /// Words that may stand although later ones were said.
    overruling: BTreeSet<String>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(
        world: &'a World,
        deeds: &'a Deeds,
        dumps: &BTreeMap<Place, Dump>,
        held: BTreeSet<u32>,
    ) -> Self {
        Self {
            world,
            deeds,
            items: by_number(dumps),
            held,
            overruling: BTreeSet::new(),
        }
    }

    /// These words may stand as well, of titles and bodies: what is admitted.
    pub(super) fn admitting(mut self, overruling: BTreeSet<String>) -> Self {
        self.overruling = overruling;
        self
    }

    /// The one item of a number at a place.
    fn one(&self, number: u32, place: Place) -> Option<&Shown> {
        self.items.get(&number)?.get(&place)?.first()
    }

    /// The places between which an item is kept in step: all that it reaches, while nobody has deleted it anywhere. An
    /// item that was deleted somewhere is unlinked there, and who is still in step with whom then depends on the
    /// instant of the deletion; [`twins`] judges what holds all the same.
    fn in_step(&self, number: u32, origin: Place) -> Vec<Place> {
        if self.deeds.deleted(number).is_empty() {
            self.world.reach(origin).into_iter().collect()
        } else {
            Vec::new()
        }
    }
}

/// Everything that does not hold.
pub(super) fn all(evidence: &Evidence<'_>) -> Vec<String> {
    let mut faults = twins::check(evidence);
    if faults.is_empty() {
        faults.extend(fields::check(evidence));
        faults.extend(comments::check(evidence));
    }
    faults
}

#[cfg(test)]
mod tests;
