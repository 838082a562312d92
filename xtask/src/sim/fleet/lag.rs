//! What the protocol admits of edits (docs/specs/replication.md, *What is not promised*): what an owner wrote after the
//! newest state in the replica, its successor takes for the tracker's own change. Where a person has edited the same field
//! on the side that it came from meanwhile, both sides have changed, and the connection's policy decides.
//!
//! Such a word stands rightly though a later one was said, exactly where all of this is so:
//! 1. an earlier owner carried it from the place where it was said to another one, after the state that a takeover found;
//! 2. an owner since that takeover wrote it back to the place where it was said;
//! 3. the last word there was said before that.

use super::attempts::Carried;
use crate::sim::deeds::{Deed, Deeds, What};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;
use twinline_store::Epoch;

#[cfg(test)]
#[path = "lag_tests.rs"]
mod tests;

/// A field whose words are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Title,
    Body,
}

impl Field {
    fn word(self, what: &What) -> Option<&str> {
        match (self, what) {
            (Self::Title, What::Title(text) | What::Created { title: text, .. })
            | (Self::Body, What::Body(text) | What::Created { body: text, .. }) => Some(text),
            _ => None,
        }
    }

    /// What a request has of a word, and of no other: a title whole, of a body its first sentence, which has its number.
    fn mark(self, word: &str) -> String {
        match self {
            Self::Title => format!("{word}\""),
            Self::Body => word.split_inclusive('.').next().unwrap_or(word).to_owned(),
        }
    }
}

/// The words that may stand though later ones were said. `found`: of when the replica was that each ownership began with.
pub(super) fn overruling(
    deeds: &Deeds,
    carried: &[Carried],
    found: &BTreeMap<Epoch, Timestamp>,
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for deed in &deeds.0 {
        for field in [Field::Title, Field::Body] {
            let Some(word) = field.word(&deed.what) else {
                continue;
            };
            let mark = field.mark(word);
            let carried: Vec<&Carried> = carried
                .iter()
                .filter(|one| one.body.contains(&mark))
                .collect();
            if is_admitted(deed, last_said(deeds, deed, field), &carried, found) {
                all.insert(word.to_owned());
            }
        }
    }
    all
}

/// When the last word was said in this deed's place.
fn last_said(deeds: &Deeds, deed: &Deed, field: Field) -> Timestamp {
    let same = deeds
        .0
        .iter()
        .filter(|other| (other.item, other.place) == (deed.item, deed.place));
    let said = same.filter(|other| field.word(&other.what).is_some());
    said.map(|other| other.at).max().unwrap_or(deed.at)
}

/// `carried`: the writes that had this deed's word.
fn is_admitted(
    deed: &Deed,
    last: Timestamp,
    carried: &[&Carried],
    found: &BTreeMap<Epoch, Timestamp>,
) -> bool {
    let here = |one: &Carried| deed.place.origin().ends_with(&format!("//{}", one.to));
    let back = carried.iter().filter(|one| here(one) && one.at > last);
    back.into_iter().any(|back| {
        let takeovers = found.range(..=back.epoch);
        takeovers.into_iter().any(|(taken_over, state_at)| {
            carried.iter().any(|away| {
                !here(away) && away.epoch < *taken_over && away.at >= *state_at && away.at < back.at
            })
        })
    })
}
